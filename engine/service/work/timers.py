"""Timers: find the instances in which one is due, and let it fire.

The row is the truth: a sweep finds every due row, so a lost wake-up loses nothing, and because firing is a move under
the revision check, a doubled one fires nothing twice.
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
        """Return ids of instances that wait for nothing that can come: they began to before moves told of it."""
        return self.database.ask(instances.unmoved)

    @retried
    def tell(self, instance_id: str, now: datetime) -> bool:
        """Make an incident of an instance that can never go on; whether it is one."""
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
            self.write(work, its, step, deeds)
        self.executor.keep(step, its.record.revision + 1)
        return True
