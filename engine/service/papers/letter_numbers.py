"""Letter numbers, taken from their series in the transaction that issues the letter, without gaps.

A field with ``x-number`` names its series, an expression for the number's pattern, and one for the letter's date. In
the pattern, ``{urut}`` (or ``{urut:3}``, with leading zeros) is the ordinal and ``{tahun}`` the year of that date,
which is also the year of the counter. Both expressions are evaluated before the lock; ordinal and year are inserted
inside it. A series never prints a text twice: if a pattern does not show the year, ordinals whose text was used before
are skipped. A letter that is issued again after a return keeps its number. If an instance is terminated, its numbers
become void, with the reason; they are never reused.

If an office adopts Alur in mid-year, the operator moves the series on, and each skipped number is registered as issued
outside Alur.
"""

import io
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from engine.documents import spreadsheets
from engine.documents.spreadsheets import Column
from engine.forms.defaults import Names
from engine.forms.form import Form
from engine.forms.shown import Shown
from engine.model.errors import FieldError, InvalidForm, NotFound, stated, there
from engine.model.history import Action, HistoryEvent
from engine.model.people import Actor, OfficeRole
from engine.model.testimony import PASSED_OVER
from engine.model.work import DocumentVersion, TaskRecord
from engine.service.office.business_calendar import Office
from engine.service.office.reading_log import record_export
from engine.service.papers.corrections import standing
from engine.service.procedures.procedure import Language, Procedure, Procedures, evaluator
from engine.store.database import Database
from engine.store.queries import Transaction, definitions, documents, instances, numbers, people
from engine.store.queries.numbers import AgendaFilter, AgendaLine, TakenNumber
from engine.store.unit_of_work import Work

__all__ = ["AgendaFilter", "Numbers"]

ORDINAL = re.compile(r"\{urut(?::([1-9]))?\}")
YEAR = "{tahun}"
LONGEST = 200
PAGE = 100
MOST_SKIPPED, MOST_EXPORTED = 5_000, 20_000
HEADINGS = {"number": "Nomor", "day": "Tanggal surat", "about": "Perihal", "to": "Kepada"}
HEADINGS |= {"title": "Pelaksanaan", "series": "Deret", "status": "Status", "void": "Alasan"}
STATUSES = {"waiting": "Menunggu persetujuan", "returned": "Dikembalikan", "issued": "Diterbitkan", "void": "Dicabut"}
STATUSES |= {"draft": "Draf", "signed": "Ditandatangani", "replaced": "Digantikan"}
"""Titles of the agenda's file, the same as on the page."""


@dataclass(frozen=True, slots=True)
class NumberedPlace:
    """A field whose number is taken when its step is completed."""

    path: tuple[str, ...]  # of the field: data object, then names
    series: str
    year: int  # of the letter's date
    pattern: str
    subject: str

    @property
    def place(self) -> str:
        """The path as text, for the register."""
        return ".".join(self.path)


def places(
    form: Form,
    values: Mapping[str, Any],
    entries: Mapping[str, Sequence[str]],
    evaluate: Callable[[str], Any],
    today: date,
) -> tuple[NumberedPlace, ...]:
    """Return the fields of *form* that take a number; letters without a date count as of *today*. InvalidForm."""
    found = []
    for path, field in form.every_field():
        if field.number is None or not isinstance(values.get(path.partition(".")[0]), Mapping):
            continue
        dated = today
        try:
            pattern = evaluate(field.number.pattern)
            dated = (field.number.date and evaluate(field.number.date)) or today
        except ValueError as error:
            pattern = error
        if not isinstance(dated, date):
            pattern = dated
        if not isinstance(pattern, str) or len(ORDINAL.findall(pattern)) != 1 or len(pattern) > LONGEST - 20:
            raise InvalidForm([FieldError(path, field.wording.id, str(pattern), "number_pattern")], entries)
        section = next(each for each in form.tree if each.name == path.partition(".")[0])
        at, series = tuple(path.split(".")), field.number.series
        found.append(NumberedPlace(at, series, dated.year, pattern, section.wording.id))
    return tuple(found)


def take(
    work: Work, wanted: Sequence[NumberedPlace], task: TaskRecord
) -> tuple[dict[tuple[str, ...], str], list[HistoryEvent]]:
    """Return the number of each place, newly taken unless the instance has one, and the history lines."""
    held = numbers.held_by(work, task.instance_id, void=False)
    given: dict[tuple[str, ...], str] = {}
    deeds: list[HistoryEvent] = []
    in_one_order = sorted(wanted, key=lambda place: (place.series, place.year, place.path))  # of locks
    for each in in_one_order:
        text = held.get(each.place)
        if text is None:
            counted = tuple(_counted(work, each, task.instance_id))
            numbers.add(work, counted)
            text = counted[-1].text
            for one in counted:
                action, why = Action.NUMBER_TAKEN, {}
                if one.void_reason:
                    action, why = Action.NUMBER_VOIDED, {"reason": one.void_reason}
                deeds.append(_deed(action, one, task.element_id, task.id, **why))
        given[each.path] = text
    return given, deeds


def _counted(work: Work, wanted: NumberedPlace, instance_id: str) -> Iterator[TakenNumber]:
    """Yield the next numbers of a series up to the first whose text was never printed; the others are void."""
    series, year, now, by = wanted.series, wanted.year, work.now, work.actor.person_id
    while True:
        ordinal = numbers.next_ordinal(work, series, year)
        text = written(wanted.pattern, ordinal, year)
        if not numbers.printed(work, series, text):
            at, subject = wanted.place, wanted.subject
            yield TakenNumber(series, year, ordinal, text, instance_id, at, subject, now, by, void_reason=None)
            return
        yield _nobodys(series, year, ordinal, now, by, PASSED_OVER)


def _nobodys(series: str, year: int, ordinal: int, now: datetime, by: str, reason: str) -> TakenNumber:
    return TakenNumber(series, year, ordinal, str(ordinal), None, "", "", now, by, void_reason=reason)


def of_documents(tx: Transaction, instance_id: str) -> dict[str, str]:
    """Return the numbers of an instance's letters, by data object."""
    return {place.partition(".")[0]: text for place, text in numbers.held_by(tx, instance_id).items()}


def written(pattern: str, ordinal: int, year: int) -> str:
    """Return the text of a number."""
    return ORDINAL.sub(lambda found: str(ordinal).zfill(int(found[1] or 1)), pattern.replace(YEAR, str(year)))


def put_in(encoded: Mapping[str, Any], given: Mapping[tuple[str, ...], str]) -> dict[str, Any]:
    """Return a form's encoded values with numbers inserted."""
    filled = dict(encoded)
    for path, text in given.items():
        at: dict[str, Any] = filled
        for name in path[:-1]:
            at[name] = dict(at[name])
            at = at[name]
        at[path[-1]] = text
    return filled


def void(work: Work, instance_id: str, reason: str, only: Collection[str] | None = None) -> list[HistoryEvent]:
    """Make an instance's numbers void, or *only* those with these texts; return the history lines."""
    lost = [each for each in numbers.in_use(work, instance_id) if only is None or each.text in only]
    numbers.void(work, lost, reason)
    return [_deed(Action.NUMBER_VOIDED, each, None, None, reason=reason) for each in lost]


@dataclass(frozen=True, slots=True)
class Series:
    """One series in one year, and its last ordinal."""

    series: str
    year: int
    last: int


@dataclass(frozen=True, slots=True)
class SeriesPage:
    """The numbers of one series in one year, highest first."""

    series: Series
    taken: tuple[TakenNumber, ...]
    titles: Mapping[str, str]  # instance id -> title
    letters: Mapping[tuple[str, str], tuple[DocumentVersion, date | None]]  # the newest version, and its letter's date
    successors: Mapping[tuple[str, str], tuple[str, str]]  # of a corrected letter: document and number
    doubles: tuple[TakenNumber, ...]  # of all years: numbers that earlier versions of Alur used twice
    page: int
    more: bool


@dataclass(frozen=True)
class Numbers:
    """The register of numbers, for people who read everything or take numbers; operators move a series on."""

    database: Database
    office: Office
    procedures: Procedures

    def readable(self, actor: Actor) -> bool:
        """Whether the actor reads everything or is in a lane with a step that takes numbers."""
        with self.database.read() as reader:
            every = [self.procedures.as_recorded(reader, each) for each in definitions.all_latest(reader)]
        steps = (
            (procedure.form_of(step.element_id), step.role) for procedure in every for step in procedure.outline.tasks
        )
        return actor.reads_everything or any(form.numbered and actor.has(role) for form, role in steps)

    def series(self, actor: Actor) -> tuple[Series, ...]:
        """Return every series with its last ordinal."""
        actor.need(*(() if self.readable(actor) else OfficeRole))
        return tuple(Series(*row) for row in self.database.ask(numbers.counters))

    def page(self, actor: Actor, series: str, year: int, page: int = 1) -> SeriesPage:
        """Return one page of a series; NotFound if it has no number in that year."""
        actor.need(*(() if self.readable(actor) else OfficeRole))
        with self.database.read() as reader:
            last = there(next((n for s, y, n in numbers.counters(reader) if (s, y) == (series, year)), None), series)
            found = numbers.of_series(reader, series, year, limit=PAGE + 1, offset=(page - 1) * PAGE)
            doubles = numbers.doubles(reader, series)
            ids = {each.instance_id for each in (*found, *doubles) if each.instance_id is not None}
            records = {record.id: record for record in instances.by_ids(reader, sorted(ids))}
            successors, letters = {}, {}
            for each in found:
                corrected, object_id = records.get(each.instance_id or ""), each.place.partition(".")[0]
                if corrected and (letter := documents.current(reader, corrected.id).get(object_id)):
                    procedure = self.procedures.of(reader, corrected.definition_id)
                    letters[corrected.id, each.place] = letter, dated(procedure, letter, each.place)
                if corrected and (new := standing(reader, self.procedures, corrected, object_id).successor):
                    number = of_documents(reader, new.instance_id).get(object_id, new.name)
                    successors[corrected.id, each.place] = (new.id, number)
        titles = {id_: record.title for id_, record in records.items()}
        at = Series(series, year, last)
        return SeriesPage(at, found[:PAGE], titles, letters, successors, doubles, page, len(found) > PAGE)

    def agenda(self, actor: Actor, narrowed: AgendaFilter, page: int) -> tuple[tuple[AgendaLine, ...], bool]:
        """Return one page of the agenda of letters, and whether more follow."""
        return self._agenda(actor, narrowed, PAGE, (page - 1) * PAGE)

    def _agenda(
        self, actor: Actor, narrowed: AgendaFilter, limit: int, offset: int = 0
    ) -> tuple[tuple[AgendaLine, ...], bool]:
        actor.need(*(() if self.readable(actor) else OfficeRole))
        with self.database.read() as reader:
            lines, more = numbers.agenda(reader, narrowed, limit=limit, offset=offset)
            names = people.names(reader)  # recipients may be account names
        called = ("; ".join(names.get(who, who) for who in (each.whom or "").split("; ")) for each in lines)
        return tuple(replace(each, whom=whom) for each, whom in zip(lines, called, strict=True)), more

    def agenda_file(
        self, actor: Actor, narrowed: AgendaFilter, kind: str, told: Mapping[str, str], words: Language, now: datetime
    ) -> bytes:
        """Return the agenda as "xlsx" or "csv"; history records the export with its filter *told*."""
        lines, _ = self._agenda(actor, narrowed, MOST_EXPORTED)
        columns = [Column(name, words.gettext(heading), width=30) for name, heading in HEADINGS.items()]
        rows = [
            {"number": each.text, "day": each.day, "about": each.about or each.subject, "to": each.whom}
            | {"title": each.title, "series": each.series, "void": each.void_reason}
            | {"status": words.gettext(_status(each))}
            for each in lines
        ]
        title = words.gettext("Agenda surat")
        about = {"daftar": "agenda"}
        content = (
            spreadsheets.write_csv(columns, rows) if kind == "csv" else spreadsheets.write(title, columns, rows, about)
        )
        change = {"agenda": dict(told), "rows": len(rows), "kind": kind}
        record_export(self.database, actor, io.BytesIO(content), change, now)
        return content

    def move_on(self, actor: Actor, series: str, year: int, last: int, reason: str, now: datetime) -> None:
        """Record numbers up to *last* as issued outside Alur; InvalidForm if that is behind, or too far ahead."""
        actor.need(OfficeRole.OPERATOR)
        reason = stated(reason)
        with self.database.write(actor, now) as work:
            if all(s != series for s, _, _ in numbers.counters(work)):
                raise NotFound(series)
            first = numbers.next_ordinal(work, series, year)
            if not first <= last < first + MOST_SKIPPED:
                raise InvalidForm([FieldError("terakhir", "last", str(last), "number_behind")], {})
            for _ in range(first, last):
                numbers.next_ordinal(work, series, year)
            skipped = [
                _nobodys(series, year, ordinal, now, actor.person_id, reason) for ordinal in range(first, last + 1)
            ]
            numbers.add(work, skipped)
            change = {"series": series, "year": year, "first": first, "last": last, "reason": reason}
            work.record("office", HistoryEvent(Action.NUMBER_VOIDED, change=change))


def dated(procedure: Procedure, letter: DocumentVersion, place: str) -> date | None:
    """Return a letter's date; None if its form has none or it is empty."""
    field = dict(procedure.form_of(letter.element_id).every_field()).get(place)
    text = field.number.date if field and field.number else None
    try:
        said = Names({letter.data_object_id: procedure.content_of(letter)})
        found = evaluator({})(text, said) if text else None
    except ValueError:
        found = None
    return found if isinstance(found, date) else None


def said_of(procedure: Procedure, letter: DocumentVersion, place: str) -> tuple[str, str]:
    """Return subject and recipient of a letter from its form; empty if the form names no such fields."""
    form = procedure.form_of(letter.element_id)
    field = dict(form.every_field()).get(place)
    if field is None or field.number is None:
        return "", ""
    shown = form.show_part(letter.data_object_id, procedure.content_of(letter), "id", {}, {})
    about, to = field.number.about, field.number.to
    return "; ".join(_said(shown, about, letter.data_object_id)), "; ".join(_said(shown, to, letter.data_object_id))


def _said(shown: Sequence[Shown], path: str | None, above: str) -> dict[str, None]:
    """Return the texts of the field at *path*, in all rows of a table."""
    said: dict[str, None] = {}
    for each in shown:
        if path == ".".join((above, *(part for part in each.path.split(".") if not part.isdecimal()))):
            said |= dict.fromkeys(text for text in (each.text, *each.lines) if text)
        for below in (each.fields, *each.rows):
            said |= _said(below, path, above)
    return said


def _deed(action: Action, taken: TakenNumber, element_id: str | None, task_id: str | None, **more: str) -> HistoryEvent:
    told = {name: getattr(taken, name) for name in ("series", "year", "ordinal", "text", "place", "subject")}
    return HistoryEvent(action, element_id, task_id, told | more)


def _status(line: AgendaLine) -> str:
    """Return the status of a letter in the words of the page."""
    if line.void_reason:
        return "Nomor batal" if line.instance_id else "Dilewati"
    return STATUSES[line.status] if line.status else "Dipakai"
