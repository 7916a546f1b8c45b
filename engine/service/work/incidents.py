"""Incidents: elements that raised an error. The rest of their instance goes on, and they can be retried."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.model.errors import Conflict, NotFound, there
from engine.model.history import Action, HistoryEvent
from engine.model.people import Actor, OfficeRole
from engine.model.work import IncidentRecord
from engine.service.procedures.procedure import Procedure
from engine.service.work import transitions
from engine.service.work.instance_control import refusal
from engine.service.work.transitions import Moves
from engine.store.queries import instances, office
from engine.store.retrying import retried

PAGE = 50


@dataclass(frozen=True, slots=True)
class IncidentView:
    """An incident with the procedure it happened in."""

    record: IncidentRecord
    procedure: Procedure


@dataclass(frozen=True)
class Incidents(Moves):
    """What operators do about elements that raised."""

    def count_open(self) -> int:
        """Return how many incidents are open, capped."""
        return len(self.database.ask(office.incidents, "open", 100, 0)[0])

    def list(self, actor: Actor, status: str | None = "open", page: int = 1) -> tuple[tuple[IncidentRecord, ...], bool]:
        """Return one page of incidents, newest first, and whether more follow."""
        actor.need(OfficeRole.OPERATOR, OfficeRole.AUDITOR)
        return self.database.ask(office.incidents, status, PAGE, (page - 1) * PAGE)

    def names(self, found: Sequence[IncidentRecord]) -> dict[str, str]:
        """Return the names of the elements by incident, as in the version that each happened in."""
        with self.database.read() as reader:
            owners = {each.id: each for each in instances.by_ids(reader, [one.instance_id for one in found])}
            outlines = {id_: self.procedures.of(reader, each.definition_id).outline for id_, each in owners.items()}
        return {one.id: outlines[one.instance_id].names.get(one.element_id, one.element_id) for one in found}

    def search(
        self, actor: Actor, status: str | None, instance_id: str | None, after: tuple[datetime, str] | None, limit: int
    ) -> tuple[tuple[IncidentRecord, ...], bool]:
        """Return incidents behind (created at, id), newest first, and whether more follow."""
        actor.need(OfficeRole.OPERATOR, OfficeRole.AUDITOR)
        return self.database.ask(office.incidents, status, limit, 0, instance_id=instance_id, after=after)

    def view(self, actor: Actor, incident_id: str) -> IncidentView:
        """Return one incident."""
        actor.need(OfficeRole.OPERATOR, OfficeRole.AUDITOR)
        with self.database.read() as reader:
            record = there(office.incident_by_id(reader, incident_id), incident_id)
            owner = there(instances.by_id(reader, record.instance_id), incident_id)
            return IncidentView(record, self.procedures.of(reader, owner.definition_id))

    @retried
    def retry(self, actor: Actor, incident_id: str, now: datetime, reason: str | None = None) -> bool:
        """Run the element again, recorded with *reason*; whether it succeeded this time."""
        actor.need(OfficeRole.OPERATOR)
        with self.database.read() as reader:
            raised = there(office.incident_by_id(reader, incident_id), incident_id)
            if raised.status != "open":
                raise Conflict("resolved", who=raised.resolved_by, at=raised.resolved_at)
            its = self.standing(reader, raised.instance_id)
            if its.record.status not in transitions.MOVING:
                raise refusal(its.record)
        definition, functions = its.procedure.definition, self.functions(its, now)
        try:
            step = self.executor.retry(definition, its.snapshot, raised.task_id, now, functions=functions)
        except NotFound:  # nothing raised there, and others still go on: look again
            step = self.executor.fire_timers(definition, its.snapshot, now, functions=functions)
        change = {"incident": incident_id, "attempt": raised.attempts + 1, "passed": transitions.passed_change(step)}
        change |= {"reason": reason} if reason else {}
        deed = HistoryEvent(Action.INCIDENT_RETRIED, raised.element_id, raised.task_id, change)
        with self.database.write(actor, now) as work:
            office.change_incident(work, incident_id, attempts=raised.attempts + 1)
            self.write(work, its, step, [deed])
        self.executor.keep(step, its.record.revision + 1)
        return raised.task_id not in {still.task_id for still in transitions.troubles(its.procedure, step)[0]}
