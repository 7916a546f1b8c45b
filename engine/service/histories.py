"""Reading history, and proving that nobody changed it since."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from engine.model.errors import NotFound, there
from engine.model.history import Action, Deed, HistoryLine
from engine.model.people import Actor, OfficeRole
from engine.service.procedures import Procedure, Procedures
from engine.store.database import Database
from engine.store.history import Report
from engine.store.proof import prove
from engine.store.queries import histories, instances
from engine.store.queries.histories import RETURNED, SEARCHED, Filter
from engine.store.unit_of_work import Reader

__all__ = ["RETURNED", "SEARCHED", "Filter", "Histories", "Timeline"]

PAGE = 100
MOST_EXPORTED = 100_000


@dataclass(frozen=True, slots=True)
class Timeline:
    """One page of history lines and what they can be narrowed to."""

    lines: tuple[HistoryLine, ...]
    total: int
    page: int
    pages: int
    actors: tuple[str, ...]
    elements: tuple[str, ...]
    actions: tuple[str, ...]
    returns: frozenset[tuple[str, int]]  # stream and number of the lines that sent work back
    titles: Mapping[str, str]  # of the instances that the lines are of
    procedures: Mapping[str, Procedure]  # by which they run
    searched: int = SEARCHED  # in how many lines, the newest, a text was sought


@dataclass(frozen=True)
class Histories:
    """Who did what, when, on whose behalf, with which change."""

    database: Database
    procedures: Procedures

    def of_instance(self, actor: Actor, instance_id: str, narrowed: Filter, page: int = 1) -> Timeline:
        """Return one page of an instance's lines, for those who may see the instance."""
        with self.database.read() as reader:
            stream = _stream(reader, actor, instance_id)
            return self._timeline(reader, stream, narrowed, page, *histories.actions_of(reader, stream))

    def lines(self, actor: Actor, instance_id: str, after: int, limit: int) -> tuple[tuple[HistoryLine, ...], bool]:
        """Return an instance's lines behind number *after*, oldest first, and whether more follow."""
        with self.database.read() as reader:
            there(instances.by_id(reader, instance_id), instance_id)
            return histories.after(reader, _stream(reader, actor, instance_id), after, limit)

    def everything(self, actor: Actor, narrowed: Filter, page: int = 1) -> Timeline:
        """Return one page over all streams, newest first; for auditors and operators."""
        actor.need(OfficeRole.AUDITOR, OfficeRole.OPERATOR)
        with self.database.read() as reader:
            return self._timeline(reader, None, narrowed, page)

    def of_person(self, actor: Actor, person_id: str) -> tuple[HistoryLine, ...]:
        """Return what was changed about a person; for operators and auditors, and for oneself."""
        if person_id != actor.person_id:
            actor.need(OfficeRole.AUDITOR, OfficeRole.OPERATOR)
        return self._newest(f"person:{person_id}")

    def of_process(self, process_id: str) -> tuple[HistoryLine, ...]:
        """Return what was deployed and reassigned of a procedure."""
        return self._newest(f"definition:{process_id}")

    def _timeline(
        self,
        reader: Reader,
        stream: str | None,
        narrowed: Filter,
        page: int,
        actors: tuple[str, ...] = (),
        elements: tuple[str, ...] = (),
        actions: tuple[str, ...] = (),
    ) -> Timeline:
        lines, total = histories.timeline(reader, stream, narrowed, limit=PAGE, offset=(page - 1) * PAGE)
        records = instances.by_ids(reader, sorted({line.instance_id for line in lines if line.instance_id}))
        return Timeline(
            lines=lines,
            total=total,
            page=page,
            pages=max(1, -(-total // PAGE)),
            actors=actors,
            elements=elements,
            actions=actions,
            returns=histories.returns(reader, lines),
            titles={record.id: record.title for record in records},
            procedures={record.id: self.procedures.of(reader, record.definition_id) for record in records},
        )

    def _newest(self, stream: str) -> tuple[HistoryLine, ...]:
        return self.database.ask(histories.timeline, stream, Filter(), limit=PAGE, newest_first=True)[0]

    def line(self, actor: Actor, instance_id: str, seq: int) -> HistoryLine:
        """Return one line of an instance."""
        with self.database.read() as reader:
            found = histories.line(reader, _stream(reader, actor, instance_id), seq)
            return there(found, f"{instance_id}#{seq}")

    def export(self, actor: Actor, instance_id: str, narrowed: Filter, now: datetime) -> Iterator[HistoryLine]:
        """Return the lines of an instance for a file; that they were exported is recorded."""
        with self.database.read() as reader:
            stream = _stream(reader, actor, instance_id)
            lines, total = histories.timeline(reader, stream, narrowed, limit=MOST_EXPORTED)
        with self.database.write(actor, now) as work:
            change = {"instance": instance_id, "lines": total, "filter": _said(narrowed)}
            work.record("office", Deed(Action.EXPORT_MADE, change=change))
        return iter(lines)

    def verify(self, actor: Actor, instance_id: str | None = None) -> Report:
        """Compute every hash again and hold the rows to it, of one instance or of everything (auditors, operators)."""
        with self.database.read() as reader:
            if instance_id is None:
                actor.need(OfficeRole.AUDITOR, OfficeRole.OPERATOR)
                return prove(reader)
            return prove(reader, _stream(reader, actor, instance_id))


def _stream(reader: Reader, actor: Actor, instance_id: str) -> str:
    """Return the stream of an instance; NotFound also for whoever may not know of it."""
    if not instances.may_see(reader, actor, instance_id):
        raise NotFound(instance_id)
    return f"instance:{instance_id}"


def _said(narrowed: Filter) -> dict[str, object]:
    said = asdict(narrowed)
    said["element"] = said.pop("element_id")
    return {key: value for key, value in said.items() if value}
