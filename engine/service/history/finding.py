"""Searches in everything that a person may see; the worker writes the entries, which derive from instances.

Entries contain no names of people. A name in a search stands for the accounts that have it now, so an erased name finds
nothing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import structlog

from engine.forms.shown import Shown
from engine.model.people import SYSTEM, Actor, OfficeRole
from engine.model.words import Asked, asked, excerpt, has_all, joined, mark, words_of
from engine.model.work import Attachment, DocumentVersion, InstanceRecord, TaskRecord
from engine.service.office.business_calendar import Office
from engine.service.papers.documents import part_readers
from engine.service.papers.letter_numbers import dated, said_of
from engine.service.procedures.procedure import Procedure, Procedures
from engine.store.database import Database
from engine.store.queries import Transaction, documents, instances, numbers, people, search, tasks
from engine.store.queries.search import DOCUMENT, INSTANCE, NUMBER, TASK, Entry, Hit, TooSlow

log = structlog.get_logger(__name__)
KINDS = (INSTANCE, TASK, DOCUMENT)
FEW, PAGE = 5, 25
AT_ONCE = 100  # instances whose entries are written in one sweep
OVERLAP, WHOLE_EVERY = timedelta(minutes=2), timedelta(hours=1)
CODE = re.compile("[a-z0-9]+(_[a-z0-9]+)+|[0-9a-f]{16}|[0-9a-f]{64}")  # an inner value, which nobody reads as a word
LONGEST, SHOWN = 50_000, 20_000  # characters of a document: searched, and kept for excerpts


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a search: the first few hits of each kind, or a page of one kind."""

    words: tuple[Asked, ...]
    hits: dict[str, tuple[tuple[Hit, tuple[tuple[str, bool], ...]], ...]]  # by kind, each with its excerpt
    more: frozenset[str]  # kinds with more hits
    slow: bool = False
    people: tuple[tuple[str, str], ...] = ()  # accounts with names, for readers who may see them


@dataclass
class Finding:
    """Searches, and writes the entries."""

    database: Database
    procedures: Procedures
    office: Office
    _whole_at: datetime | None = field(default=None)  # when all instances were last checked

    def find(self, actor: Actor, text: str, kind: str = "", page: int = 1) -> Found:
        """Return the hits that contain all words of *text* and that the actor may see."""
        words, limit = asked(text), PAGE if kind in KINDS else FEW
        signed = [each for each in text.split() if any(map(str.isdecimal, each)) and not each.isalnum()]  # numbers
        hits, more = {}, set()
        try:
            with self.database.read() as reader:
                names = people.names(reader)
                for each in () if not words else (kind,) if kind in KINDS else KINDS:
                    found = search.find(reader, actor, words, each, limit + 1, (page - 1) * limit, signed)
                    hits[each] = tuple((hit, excerpt(_named(hit.text, names), words)) for hit in found[:limit])
                    more |= {each} if len(found) > limit else set()
        except TooSlow:
            return Found(words, {}, frozenset(), slow=True)
        sees = bool(words) and kind not in KINDS and bool(actor.roles & {OfficeRole.OPERATOR, OfficeRole.AUDITOR})
        called = [one for one in sorted(names.items()) if sees and has_all(" ".join(one), words)]
        return Found(words, hits, frozenset(more), people=tuple(called[:PAGE]))

    # ── entries ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def sweep(self, now: datetime) -> int:
        """Write the entries of instances that changed, and every hour of all that are behind; return how many."""
        whole = self._whole_at is None or now - self._whole_at > WHOLE_EVERY
        with self.database.read() as reader:
            ids = search.due(reader, now - OVERLAP, AT_ONCE, whole=whole)
            entries = [entry for record in instances.by_ids(reader, ids) for entry in self._searchable(reader, record)]
        if ids:
            with self.database.write(SYSTEM, now) as work:
                search.keep(work, ids, entries)
        if whole and len(ids) < AT_ONCE:
            self._whole_at = now
        return len(ids)

    def _searchable(self, reader: Transaction, record: InstanceRecord) -> list[Entry]:
        try:
            return list(self._entries(reader, record))
        except Exception as error:  # an unreadable instance must not stop the others
            log.error("not searchable", instance=record.id, cause=str(error), exc_info=error)
            return [_entry(record, (), INSTANCE, record.id, record.title, "")]

    def _entries(self, reader: Transaction, record: InstanceRecord) -> Iterator[Entry]:
        procedure, every = self.procedures.of(reader, record.definition_id), tasks.of_instance(reader, record.id)
        outline, start = procedure.outline, procedure.form_of(procedure.outline.start_event)
        seen = {f"@{record.started_by}", *(who for each in every for who in _may_see(each))}
        files = {file.id: file for file in documents.attachments_of(reader, record.id)}
        notes = [text for _, _, text, _ in documents.comments(reader, record.id)]
        shown = start.show(start.decode(record.values), "id", {}, files)
        said = " · ".join([outline.name, *_texts(shown), self._day(record.started_at), *notes])
        yield _entry(record, seen, INSTANCE, record.id, record.title, said, record.started_by)
        for each in every:
            who = [id_ for id_ in (each.item, each.performer, each.assignee, each.completed_by) if id_]
            lane = outline.lane_of_role(each.role).name
            when = [self._day(at) for at in (each.due_at, each.completed_at) if at]
            name = outline.names.get(each.element_id, each.element_id)
            read = {f"task:@{id_}" for id_ in (each.performer, each.completed_by) if id_}  # as ``tasks.readable``
            read |= set() if each.performer else {f"task:{each.role}"}
            yield _entry(record, seen | read, TASK, each.id, name, " · ".join([lane, *when]), *who)
        held, newest = numbers.of_instance(reader, record.id), documents.current(reader, record.id)
        for letter in newest.values():
            own = [each.text for each in held if each.place.partition(".")[0] == letter.data_object_id]
            yield from self._document(record, procedure, letter, own, seen, files)
        for number in held:
            if its := newest.get(number.place.partition(".")[0]):
                day, (about, whom) = dated(procedure, its, number.place), said_of(procedure, its, number.place)
                key = f"{number.series} {number.year} {number.ordinal}"
                yield _entry(record, seen, NUMBER, key, about or number.subject, whom, of=its.id, day=day)

    def _document(
        self,
        record: InstanceRecord,
        procedure: Procedure,
        letter: DocumentVersion,
        own: Sequence[str],
        seen: set[str],
        files: dict[str, Attachment],
    ) -> Iterator[Entry]:
        """Yield the entry of a version, without its parts, and one entry for each part."""
        form, content = procedure.form_of(letter.element_id), procedure.content_of(letter)
        title = " · ".join([f"{letter.name} v{letter.version}", *own])
        when = self._day(letter.issued_at or letter.created_at)
        shown = form.show_part(letter.data_object_id, content, "id", {}, files)
        for section in shown if letter.parts else ():
            item = section.label  # the account of the part, as ``show_part`` gets no names
            read = {f"part:{each}" for each in (f"@{item}", *part_readers(procedure.outline))}
            text = " · ".join([when, *_texts(section.fields)])
            yield _entry(record, seen | read, DOCUMENT, letter.id, title, text, item, of=item)
        text = " · ".join([when, *(() if letter.parts else _texts(shown))])
        yield _entry(record, seen | {"whole"}, DOCUMENT, letter.id, title, text, letter.created_by)

    def _day(self, at: datetime) -> str:
        return f"{at.astimezone(self.office.zone()):%-d/%-m/%Y}"


def _named(text: str, names: Mapping[str, str]) -> str:
    """Return the text of an entry with today's names of people in place of their accounts."""
    parts = ("; ".join(names.get(one, one) for one in part.split("; ")) for part in text.split(" · "))
    return " · ".join(parts)


def _texts(shown: Sequence[Shown]) -> Iterator[str]:
    for each in shown:
        said = (each.text, *each.lines, *(file.name for file in each.files))
        yield from (text for text in said if text and not CODE.fullmatch(text))
        yield from _texts(each.fields)
        for row in each.rows:
            yield from _texts(row)


def _may_see(task: TaskRecord) -> Iterator[str]:
    """Yield the role and people of a task who may see the instance, as in ``instances.takes_part``."""
    yield task.role
    yield from (f"@{who}" for who in (task.performer, task.assignee, task.completed_by) if who)


def _entry(
    record: InstanceRecord, seen: set[str] | tuple[()], kind: str, subject: str, title: str, text: str, *who: str,
    of: str | None = None, day: date | None = None,
) -> Entry:  # fmt: skip
    text = text[:LONGEST]
    said = words_of(f"{record.title} {title} {text}") | {joined(id_) for id_ in who}
    said |= {mark(kind), *(mark(each) for each in seen)}
    about = (record.id, kind, subject, title, text[:SHOWN], " ".join(sorted(said - {""})), record.history_seq)
    return Entry(*about, of, day)
