"""Reads history lines, exports them, and verifies them."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from engine.model.errors import NotFound, there
from engine.model.history import Action, HistoryLine
from engine.model.people import Actor, OfficeRole
from engine.service.office.reading_log import record_export
from engine.service.procedures.procedure import Procedure, Procedures
from engine.store.chains import HistoryFault, HistoryReport
from engine.store.database import Database
from engine.store.proof import prove
from engine.store.queries import definitions, documents, histories, instances, people
from engine.store.queries.histories import READ, SEARCHED, HistoryFilter
from engine.store.unit_of_work import Reader

__all__ = ["READ", "SEARCHED", "Histories", "HistoryFilter", "Timeline"]

PAGE = 100
MOST_EXPORTED = 100_000
HEADINGS = ("no", "waktu_utc", "pelaku", "nama", "kapasitas", "atas_nama", "dasar", "tindakan", "unsur", "perubahan")
HASHES = ("bentuk", "sidik_nama", "sidik_sebelumnya", "sidik")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Timeline:
    """One page of history lines, and the values that they can be filtered by."""

    lines: tuple[HistoryLine, ...]
    total: int
    page: int
    pages: int
    actors: tuple[str, ...]
    elements: tuple[str, ...]
    actions: tuple[str, ...]
    returns: frozenset[tuple[str, int]]  # stream and number of lines that returned work
    titles: Mapping[str, str]  # of instances and files in the lines, by id
    procedures: Mapping[str, Procedure]  # by id of the instance
    searched: int = SEARCHED  # number of newest lines in which a text is searched


@dataclass(frozen=True)
class Histories:
    """Reads, exports and verifies history."""

    database: Database
    procedures: Procedures

    def of_instance(self, actor: Actor, instance_id: str, narrowed: HistoryFilter, page: int = 1) -> Timeline:
        """Return one page of an instance's lines, for people who may see the instance."""
        with self.database.read() as reader:
            stream = _stream(reader, actor, instance_id)
            return self._timeline(reader, stream, narrowed, page, *histories.actions_of(reader, stream))

    def names_then(self, instance_id: str) -> Mapping[tuple[str, datetime], str]:
        """Return the names that people had when they acted in an instance."""
        return self.database.ask(histories.called, instance_id)

    def lines(self, actor: Actor, instance_id: str, after: int, limit: int) -> tuple[tuple[HistoryLine, ...], bool]:
        """Return an instance's lines after number *after*, oldest first, and whether more follow."""
        with self.database.read() as reader:
            there(instances.by_id(reader, instance_id), instance_id)
            return histories.after(reader, _stream(reader, actor, instance_id), after, limit)

    def everything(self, actor: Actor, narrowed: HistoryFilter, page: int = 1) -> Timeline:
        """Return one page over all streams, newest first; for auditors and operators."""
        actor.need(OfficeRole.AUDITOR, OfficeRole.OPERATOR)
        with self.database.read() as reader:
            return self._timeline(reader, None, narrowed, page)

    def blamed(self, faults: Sequence[HistoryFault]) -> Mapping[tuple[str, int], tuple[str, Procedure, str | None]]:
        """Return title, procedure and element of the lines with faults, by stream and number."""
        with self.database.read() as reader:
            readable = [fault for fault in faults if fault.kind != "unreadable"]
            lines = histories.at(reader, [(fault.stream, fault.seq) for fault in readable])
            ids = [line.instance_id for line in lines if line.instance_id]
            named = {record.id: record for record in instances.by_ids(reader, ids)}
            return {
                (line.stream, line.seq): (its.title, self.procedures.of(reader, its.definition_id), line.element_id)
                for line in lines
                if (its := named.get(line.instance_id or ""))
            }

    def codes(self, text: str, words: Mapping[str, str], locale: str) -> frozenset[str]:
        """Return the codes whose texts contain *text*, from *words* and from names in procedures."""
        with self.database.read() as reader:
            models = [self.procedures.as_recorded(reader, each).outline for each in definitions.all_latest(reader)]
        named = [words, *({lane.role: lane.name for lane in model.lanes} for model in models)]
        named += [each for model in models for each in (model.names, model.names_en if locale == "en" else {})]
        names = [pair for each in named for pair in each.items()]
        return frozenset(code.rpartition("=")[2] for code, word in names if text.casefold() in word.casefold())

    def of_person(
        self, actor: Actor, person_id: str, page: int = 1, *, sign_ins: bool = False
    ) -> tuple[HistoryLine, ...]:
        """Return a page of a person's lines, or their sign-ins; for operators, auditors and the person."""
        if person_id != actor.person_id:
            actor.need(OfficeRole.AUDITOR, OfficeRole.OPERATOR)
        which = (10, histories.SIGN_INS) if sign_ins else (PAGE, histories.DEEDS, (), (page - 1) * PAGE)
        return self.database.ask(histories.newest, f"person:{person_id}", *which)

    def of_process(self, process_id: str) -> tuple[HistoryLine, ...]:
        """Return the deployments and reassignments of a procedure."""
        return self.database.ask(histories.newest, f"definition:{process_id}", PAGE)

    def _timeline(
        self,
        reader: Reader,
        stream: str | None,
        narrowed: HistoryFilter,
        page: int,
        actors: tuple[str, ...] = (),
        elements: tuple[str, ...] = (),
        actions: tuple[str, ...] = (),
    ) -> Timeline:
        lines, total = histories.timeline(reader, stream, narrowed, limit=PAGE, offset=(page - 1) * PAGE)
        records = instances.by_ids(reader, sorted({line.concerns for line in lines if line.concerns}))
        read = [json.loads(line.change) for line in lines if line.action == Action.FILE_READ]
        files = documents.attachments(reader, [change["file"] for change in read if "file" in change]).values()
        return Timeline(
            lines=lines,
            total=total,
            page=page,
            pages=max(1, -(-total // PAGE)),
            actors=actors,
            elements=elements,
            actions=actions,
            returns=histories.returns(reader, lines),
            titles={r.id: r.title for r in records} | {f.id: f.name for f in files},
            procedures={record.id: self.procedures.of(reader, record.definition_id) for record in records},
        )

    def called(self, commitment: str) -> str | None:
        """Return the personal value of a commitment; None if it was erased."""
        return next((each.value for each in self.database.ask(people.values_of, [commitment])), None)

    def export(self, actor: Actor, instance_id: str, narrowed: HistoryFilter, now: datetime) -> bytes:
        """Return the lines of an instance as a CSV file for spreadsheets, and record the export."""
        with self.database.read() as reader:
            stream = _stream(reader, actor, instance_id)
            lines, total = histories.timeline(reader, stream, narrowed, limit=MOST_EXPORTED)
        content = _sheet(lines)
        change = {"instance": instance_id, "lines": total, "filter": _as_stated(narrowed)}
        record_export(self.database, actor, io.BytesIO(content), change, now)
        return content

    def verify(self, actor: Actor, instance_id: str) -> HistoryReport:
        """Recompute all hashes of an instance's lines, and compare its rows with them."""
        with self.database.read() as reader:
            return prove(reader, _stream(reader, actor, instance_id))


def _stream(reader: Reader, actor: Actor, instance_id: str) -> str:
    """Return the stream of an instance; NotFound too if the actor may not see it."""
    if not instances.may_see(reader, actor, instance_id):
        raise NotFound(instance_id)
    return f"instance:{instance_id}"


def _sheet(lines: Sequence[HistoryLine]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADINGS + HASHES)
    for line in lines:
        at = line.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        who = (line.actor, line.called, line.capacity, line.on_behalf_of, line.decree)
        what = (line.action, line.element_id, line.change)
        hashes = (line.format, line.name, line.previous_hash, line.hash)
        cells = [str(cell or "") for cell in (line.seq, at, *who, *what, *hashes)]
        writer.writerow([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells])
    return text.getvalue().encode("utf-8-sig")


def _as_stated(narrowed: HistoryFilter) -> dict[str, object]:
    said = asdict(narrowed) | {"codes": None}
    said["element"] = said.pop("element_id")
    return {key: value for key, value in said.items() if value}
