"""Timers: find the instances in which one is due, and fire it.

A sweep finds every due row, so a lost wake-up loses nothing; firing is a move under the revision check, so a doubled
wake-up fires nothing twice.
"""

from dataclasses import dataclass
from datetime import datetime

from engine.model.history import Action, HistoryEvent
from engine.model.people import SYSTEM
from engine.model.process import InstanceStatus
from engine.service.work import transitions
from engine.service.work.transitions import MOVING, Moves
from engine.store.queries import instances
from engine.store.retrying import retried


@dataclass(frozen=True)
class Timers(Moves):
    """What happens because time passed."""

    def due(self, now: datetime) -> tuple[str, ...]:
        """Return ids of the running instances in which a timer is due."""
        return self.database.ask(instances.due_timers, now)

    def unmoved(self) -> tuple[str, ...]:
        """Return ids of instances that wait for nothing that can come, since before moves reported that."""
        return self.database.ask(instances.unmoved)

    @retried
    def tell(self, instance_id: str, now: datetime) -> bool:
        """Open an incident for an instance that can never go on; whether there was one."""
        its = self.database.ask(self.standing, instance_id)
        step = self.executor.unmoved(its.procedure.definition, its.snapshot)
        if its.record.status is not InstanceStatus.WAITING or not step.stuck:
            return False
        with self.database.write(SYSTEM, now) as work:
            self.write(work, its, step, [])
        self.executor.forget(instance_id)
        return True

    @retried
    def fire(self, instance_id: str, now: datetime) -> bool:
        """Fire every timer of an instance that is due at *now*; whether any was."""
        its = self.database.ask(self.standing, instance_id)
        due = [timer for timer in its.timers if timer.due_at <= now]
        if its.record.status not in MOVING or not due:
            return False
        functions = self.functions(its, now)
        step = self.executor.fire_timers(its.procedure.definition, its.snapshot, now, functions=functions)
        passed = transitions.passed_change(step)
        changes = ({"due_at": timer.due_at, "passed": passed if timer is due[0] else []} for timer in due)
        deeds = [
            HistoryEvent(Action.TIMER_FIRED, timer.element_id, timer.task_id, change)
            for timer, change in zip(due, changes, strict=True)
        ]
        with self.database.write(SYSTEM, now) as work:
            self.write(work, its, step, deeds)
        self.executor.keep(step, its.record.revision + 1)
        return True
