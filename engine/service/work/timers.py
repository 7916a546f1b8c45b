"""Timers: find the instances in which one is due, and let it fire.

The row is the truth: a sweep finds every due row, so a lost wake-up loses nothing, and because firing is a move under
the revision check, a doubled one fires nothing twice.
"""

from dataclasses import dataclass
from datetime import datetime

from engine.bpmn.executor import Executor
from engine.model.errors import there
from engine.model.history import Action, HistoryEvent
from engine.model.people import SYSTEM
from engine.model.process import InstanceStatus
from engine.service.office.business_calendar import Office
from engine.service.procedures.procedure import Procedures
from engine.service.work import transitions
from engine.store.database import Database
from engine.store.queries import instances
from engine.store.retrying import retried

MOVING = (InstanceStatus.RUNNING, InstanceStatus.WAITING, InstanceStatus.INCIDENT)


@dataclass(frozen=True)
class Timers:
    """What happens because time passed."""

    database: Database
    executor: Executor
    procedures: Procedures
    office: Office

    def due(self, now: datetime) -> tuple[str, ...]:
        """Return ids of the running instances in which a timer is due."""
        return self.database.ask(instances.due_timers, now)

    def unmoved(self) -> tuple[str, ...]:
        """Return ids of instances that wait for nothing that can come: they began to before moves told of it."""
        with self.database.read() as reader:
            return instances.unmoved(reader)

    @retried
    def tell(self, instance_id: str, now: datetime) -> bool:
        """Make an incident of an instance that can never go on; whether it is one."""
        with self.database.read() as reader:
            record, state = there(instances.state(reader, instance_id), instance_id)
            procedure = self.procedures.of(reader, record.definition_id)
        head = transitions.ExpectedRevision.of(record, has_timers=False)
        step = self.executor.unmoved(procedure.definition, transitions.snapshot_of(head, state))
        if record.status is not InstanceStatus.WAITING or not step.stuck:
            return False
        with self.database.write(SYSTEM, now) as work:
            transitions.write_step(work, procedure, head, step, [], calendar=self.office.calendar(), now=now)
        self.executor.forget(instance_id)
        return True

    @retried
    def fire(self, instance_id: str, now: datetime) -> bool:
        """Fire every timer of an instance that is due at *now*; whether any was."""
        with self.database.read() as reader:
            record, state = there(instances.state(reader, instance_id), instance_id)
            timers = instances.waiting_timers(reader, instance_id)
            due = [timer for timer in timers if timer.due_at <= now]
            if record.status not in MOVING or not due:
                return False
            procedure = self.procedures.of(reader, record.definition_id)
        head = transitions.ExpectedRevision.of(record, has_timers=True)
        functions = self.office.functions(procedure, now, record.reference_date)
        step = self.executor.fire_timers(
            procedure.definition, transitions.snapshot_of(head, state), now, functions=functions
        )
        passed = transitions.passed_change(step)
        deeds = [
            HistoryEvent(
                Action.TIMER_FIRED,
                timer.element_id,
                timer.task_id,
                {"due_at": timer.due_at, "passed": passed if n == 0 else []},
            )
            for n, timer in enumerate(due)
        ]
        with self.database.write(SYSTEM, now) as work:
            transitions.write_step(work, procedure, head, step, deeds, calendar=self.office.calendar(), now=now)
        self.executor.keep(step, head.revision + 1)
        return True
