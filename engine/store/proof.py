"""Do rows follow from history? Every chain is walked, and what its lines say is held against what stands in the tables.

Lines are heard stream by stream (``engine.model.testimony``); when some hundred streams are over, their rows are read,
one statement a table, and compared. So memory grows neither with the office nor with its history. What is found is the
first fault of a stream; what lines do not say is not compared (``docs/riwayat.md`` lists it).
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    Select,
    String,
    exists,
    func,
    literal,
    select,
)
from sqlalchemy.engine import Row

from engine.model.errors import SetupError
from engine.model.history import canonical, commitment, plain, sha256_of
from engine.model.testimony import Line, OneOf, Testimony, fits, keyed
from engine.store import tables as t
from engine.store.files import FileStore
from engine.store.history import (
    INSTANCE,
    MOST_FAULTS,
    OFFICE,
    HistoryFault,
    HistoryReport,
    StreamHead,
    Walk,
    as_kept,
    heads_of,
    installation_of,
    instant,
    missing_numbers,
    rows,
)
from engine.store.queries import Transaction
from engine.store.tables import UtcDateTime
from engine.store.triggers import verify_triggers

STREAMS_AT_ONCE, LINES_AT_ONCE = 200, 10_000
"""How many streams, and lines, are kept in memory until their rows are read."""
ROWS_AT_ONCE, NAMES_AT_ONCE = 200, 5_000
UNREAD = frozenset({"state", "trace", "data", "password_hash"})
Check = Callable[[Mapping[str, Any], Testimony, "_Batch"], Iterator[tuple[str, Any, Any]]]


@dataclass(frozen=True)
class Kept:
    """A table whose rows belong to streams of one kind."""

    name: str
    owner: ColumnElement[Any]  # whose stream tells of a row
    key: tuple[str, ...] = ("id",)
    also: tuple[ColumnElement[Any], ...] = ()  # beside the table's own columns
    joined: tuple[tuple[Any, ColumnElement[bool]], ...] = ()
    where: ColumnElement[bool] | None = None
    check: Check | None = None  # gives (field, expected, found) of what one row must be by itself
    forgets: bool = False  # rows that history tells of may be gone
    everybody: bool = False  # all rows belong to the one stream there is
    filed: bool = False  # a row names a kept file by its hash

    @cached_property
    def columns(self) -> tuple[ColumnElement[Any], ...]:
        """What is read of a row: ``owner``, its own columns, and what stands beside them."""
        own = (column for column in t.metadata.tables[self.name].c if column.name not in UNREAD)
        return (self.owner.label("owner"), *own, *self.also)

    def read(self, connection: Connection, query: Select[Any]) -> Iterator[dict[str, Any]]:
        """Give the rows that a query of :meth:`rows` finds, their values as ``plain`` leaves them."""
        names = [str(column.key) for column in self.columns]
        into = [(at, said) for at, column in enumerate(self.columns) if (said := _plain_of(column, connection))]
        columns = [as_kept(connection, column) for column in self.columns]
        found = connection.execute(query.with_only_columns(*columns), execution_options={"yield_per": ROWS_AT_ONCE})
        for row in found:
            values = list(row)
            for at, said in into:
                if values[at] is not None:
                    values[at] = said(values[at])
            yield dict(zip(names, values, strict=True))

    def rows(self) -> Select[Any]:
        """Ask for the rows."""
        query = select(*self.columns).select_from(t.metadata.tables[self.name])
        for other, on in self.joined:
            query = query.outerjoin(other, on)
        return query if self.where is None else query.where(self.where)


def _plain_of(column: ColumnElement[Any], connection: Connection) -> Callable[[Any], Any] | None:
    if isinstance(column.type, UtcDateTime):
        return instant if connection.dialect.name == "sqlite" else plain
    return None if isinstance(column.type, (String, Integer, Boolean, LargeBinary)) else plain


def _content(row: Mapping[str, Any], told: Testimony, batch: "_Batch") -> Iterator[tuple[str, Any, Any]]:
    parts = batch.parts.get(row.get("id", ""))
    yield "content", row["sha256"], sha256_of(canonical(parts) if parts else row["content"])


def _part(row: Mapping[str, Any], told: Testimony, batch: "_Batch") -> Iterator[tuple[str, Any, Any]]:
    batch.parts.setdefault(row["document_id"], {})[row["item"]] = row["sha256"]
    yield from _content({**row, "id": ""}, told, batch)
    by = told.parts.get(f"{row['data_object_id']} {row['item']} {row['sha256']}")
    if by:
        yield "created_by", OneOf(by), f"{row['created_at']} {row['created_by']}"


def _schema(row: Mapping[str, Any], told: Testimony, batch: "_Batch") -> Iterator[tuple[str, Any, Any]]:
    yield "schema", row["sha256"], sha256_of(row["schema"])


def _file_of_definition(row: Mapping[str, Any], told: Testimony, batch: "_Batch") -> Iterator[tuple[str, Any, Any]]:
    batch.listed.setdefault(row["definition_id"], {})[row["path"]] = row["sha256"]
    yield from ()


def _definition(row: Mapping[str, Any], told: Testimony, batch: "_Batch") -> Iterator[tuple[str, Any, Any]]:
    files = batch.listed.get(row["id"], {})
    listed = "".join(f"{files[path]}  {path}\n" for path in sorted(files))
    yield "content_hash", row["content_hash"], sha256_of(listed)


def _returned(row: Mapping[str, Any], told: Testimony, batch: "_Batch") -> Iterator[tuple[str, Any, Any]]:
    of = told.of("task")[row["id"]].facts if told.tells_tasks else told.otherwise("task") or {}
    found = row["returned_by"] and f"{row['returned_at']} {row['returned_by']}"
    yield "returned_by", of["returned"], found


def _committed(row: Mapping[str, Any], told: Testimony, batch: "_Batch") -> Iterator[tuple[str, Any, Any]]:
    """A value is what the commitment is over; one without must have been erased by a line, which then says so."""
    of_value = told.of("personal_value").get(row["commitment"])
    if row["value"] is None and (of_value is None or "value" not in of_value.facts):
        yield "value", row["commitment"], None
    elif row["value"] is not None:
        yield "value", row["commitment"], commitment(row["salt"] or "", row["value"])


def _called(row: Mapping[str, Any], told: Testimony, batch: "_Batch") -> Iterator[tuple[str, Any, Any]]:
    yield "name", row["name"] if row["committed"] is None else row["committed"], row["name"]


def _instance(row: Mapping[str, Any], told: Testimony, batch: "_Batch") -> Iterator[tuple[str, Any, Any]]:
    yield "process_id", row["its_process_id"], row["process_id"]
    yield "history_at", told.last and told.last.at, row["history_at"]


def _of_instance(name: str, *key: str, **more: Any) -> Kept:
    return Kept(name, t.metadata.tables[name].c.instance_id, key or ("id",), **more)


_DEFINED = ((t.definition, t.definition.c.id == t.instance.c.definition_id),)
_ATTACHED = ((t.attachment, t.attachment.c.id == t.signature.c.attachment_id),)
_OF_DOCUMENT = ((t.document, t.document.c.id == t.document_part.c.document_id),)
_OF_DEFINITION = ((t.definition, t.definition.c.id == t.definition_file.c.definition_id),)
_NUMBER, _MEMBERSHIP = ("series", "year", "ordinal"), ("role", "capacity", "since", "until", "decree")
TABLES: dict[str, tuple[Kept, ...]] = {  # by the kind of stream that tells of them
    "instance": (
        Kept(
            "instance",
            t.instance.c.id,
            also=(
                t.definition.c.version,
                t.definition.c.content_hash,
                t.definition.c.process_id.label("its_process_id"),
            ),
            joined=_DEFINED,
            check=_instance,
        ),
        _of_instance("task", check=_returned),
        _of_instance(
            "document_part",
            *("document_id", "item"),
            also=(t.document.c.data_object_id,),
            joined=_OF_DOCUMENT,
            check=_part,
        ),
        _of_instance("document", check=_content),
        _of_instance("rendering", "document_id", "format", "part", filed=True),
        _of_instance(
            "attachment",
            also=(exists().where(t.signature.c.attachment_id == t.attachment.c.id).label("signed"),),
            filed=True,
        ),
        _of_instance("signature", also=(t.attachment.c.sha256.label("attachment_sha256"),), joined=_ATTACHED),
        _of_instance("archive", "instance_id", filed=True),
        _of_instance("comment", "written_at", "written_by", "text"),
        _of_instance("number", *_NUMBER),
        _of_instance("incident"),
        Kept("message", t.message.c.from_instance, forgets=True),
    ),
    "definition": (
        Kept(
            "definition_file",
            t.definition.c.process_id,
            ("definition_id", "path"),
            joined=_OF_DEFINITION,
            check=_file_of_definition,
        ),
        Kept("definition", t.definition.c.process_id, check=_definition),
        Kept("role_override", t.role_override.c.process_id, ("element_id",)),
    ),
    "register": (
        Kept("register", t.register.c.id, check=_schema),
        Kept("register_entry", t.register_entry.c.register_id, check=_content),
    ),
    "person": (
        Kept("personal_value", t.personal_value.c.person_id, ("commitment",), check=_committed),
        Kept(
            "person",
            t.person.c.id,
            also=(
                exists().where(t.second_factor.c.person_id == t.person.c.id).label("second_factor"),
                t.personal_value.c.value.label("committed"),
            ),
            joined=((t.personal_value, t.personal_value.c.commitment == t.person.c.name_commitment),),
            check=_called,
        ),
        Kept("membership", t.membership.c.person_id, _MEMBERSHIP),
        Kept(
            "proposal",
            t.proposal.c.person_id,
            (*_MEMBERSHIP, "proposed_by", "proposed_at", "reason"),
            forgets=True,
        ),
        Kept("api_token", t.api_token.c.person_id),
    ),
    OFFICE: (
        Kept("installation", literal(""), everybody=True),
        Kept("setting", literal(""), ("section",), everybody=True),
        Kept("number", literal(""), _NUMBER, where=t.number.c.instance_id.is_(None), everybody=True),
        Kept("message", literal(""), where=t.message.c.from_instance.is_(None), forgets=True, everybody=True),
    ),
}


def prove(reader: Transaction, stream: str | None = None, files: FileStore | None = None) -> HistoryReport:
    """Walk the chain of *stream*, or of all, and hold the rows to what the lines say.

    With *files* every kept file that a row names is read and hashed as well. Of all, the database's own guard of
    history, the series of numbers and the sources of procedures are looked at too.
    """
    connection, found = reader.connection, Walk(installation_of(reader.connection))
    if files and connection.dialect.name == "postgresql":  # hashing a large file is no idleness
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    batch = _Batch(connection, found, files)
    for row in rows(connection, stream):
        batch.pass_line(row)
    batch.compare()
    if stream is None:
        found.heads = heads_of(connection)
        found.note_heads(_beyond_streams(connection))
        found.remark(missing_numbers(reader))
    return found.report


def advance(reader: Transaction, walk: Walk, most: int = STREAMS_AT_ONCE // 4) -> bool:
    """Hold the rows of some more streams to what *walk*, whose chains are walked, passed; whether none remains."""
    behind = select(t.history.c.stream).where(t.history.c.stream > walk.proved, t.history.c.seq == 1)
    streams = list(reader.connection.scalars(behind.order_by(t.history.c.stream).limit(most)))
    batch = _Batch(reader.connection, again := Walk(walk.installation), None)
    for stream in streams:
        for row in rows(reader.connection, stream):
            batch.pass_line(row)
    batch.compare()
    walk.note_heads(again.faults)
    if len(streams) < most:
        walk.heads = heads_of(reader.connection)
        walk.note_heads(_beyond_streams(reader.connection))
        return True
    walk.proved = streams[-1]
    return False


class _Batch:
    """Streams that are over, and whose rows are not compared yet."""

    def __init__(self, connection: Connection, walk: Walk, files: FileStore | None) -> None:
        self.parts: dict[str, dict[str, str]] = {}  # by document, hashes by item
        self.listed: dict[str, dict[str, str]] = {}  # by version of a procedure, hashes by path
        self.heads: dict[str, StreamHead] = {}
        self._connection, self._walk, self._files = connection, walk, files
        self._told: dict[str, Testimony] = {}
        self._lines = 0

    def pass_line(self, row: Row[Any]) -> None:
        """Take a line and hear it, if it fits its chain; a stream whose chain is broken says nothing of rows."""
        of_line: Sequence[Any] = row
        (stream, seq, _, actor, name, capacity, called, decree, action, element, task) = of_line[:11]
        change, form, before = of_line[12:15]
        enough = len(self._told) >= STREAMS_AT_ONCE or self._lines >= LINES_AT_ONCE
        if enough and stream != self._walk.stream:
            self.compare()
        at = self._walk.pass_line(row)
        if at is None:
            self._told.pop(stream, None)
            return
        told = self._told.setdefault(stream, Testimony(stream)) if seq == 1 else self._told.get(stream)
        if told is None:
            return
        fault = None
        try:
            of = (seq, at, actor, called, decree, action, element, task)
            told.hear(Line(*of, json.loads(change), before, form, capacity, name))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            fault = HistoryFault(stream, seq, "unreadable", "", str(error))
        if told.contradiction:
            fault = HistoryFault(stream, seq, "head", *told.contradiction)
        if fault:
            self._walk.note(fault)
            del self._told[stream]
            return
        self.heads[stream] = self._walk.head
        self._lines += 1

    def compare(self) -> None:
        """Read the rows of which the streams that are over tell, and note the first fault of each."""
        kinds: dict[str, dict[str, Testimony]] = {}
        for stream, told in self._told.items():
            kinds.setdefault(stream.partition(":")[0], {})[told.id] = told
        faults: dict[str, HistoryFault] = {}
        for kind, by_owner in kinds.items():
            for kept in TABLES.get(kind, ()):
                for fault in self._of_table(kept, by_owner):
                    faults.setdefault(fault.stream, fault)
        naming = {id_: stream for stream, told in self._told.items() for id_ in told.named}
        for id_ in self._not_in(t.instance.c.id, naming):
            faults.setdefault(INSTANCE + id_, HistoryFault(INSTANCE + id_, 0, "absent", "", "", "history", naming[id_]))
        called = {of: (told.stream, who) for told in self._told.values() for of, who in told.called.items()}
        for of, owner in self._kept_of(called):
            stream, who = called[of]
            if owner is None:
                faults.setdefault(stream, HistoryFault(stream, 0, "lacking", "", "", "personal_value", of))
            elif owner != who:  # a deed of one under the name of another
                faults.setdefault(stream, HistoryFault(stream, 0, "row", who, owner, "personal_value", of, "person_id"))
        self._walk.note_heads(faults.values())
        self._told, self.heads, self.parts, self.listed, self._lines = {}, {}, {}, {}, 0

    def _kept_of(self, commitments: Iterable[str]) -> Iterator[tuple[str, str | None]]:
        every, value = sorted(commitments), t.personal_value.c
        for at in range(0, len(every), NAMES_AT_ONCE):
            asked = select(value.commitment, value.person_id).where(
                value.commitment.in_(every[at : at + NAMES_AT_ONCE])
            )
            owners = dict(self._connection.execute(asked).all())
            yield from ((of, owners.get(of)) for of in every[at : at + NAMES_AT_ONCE])

    def _not_in(self, column: ColumnElement[str], values: Iterable[str]) -> Iterator[str]:
        every = sorted(values)
        for at in range(0, len(every), NAMES_AT_ONCE):
            asked = every[at : at + NAMES_AT_ONCE]
            here = set(self._connection.scalars(select(column).where(column.in_(asked))))
            yield from (each for each in asked if each not in here)

    def _of_table(self, kept: Kept, by_owner: Mapping[str, Testimony]) -> Iterator[HistoryFault]:
        query = kept.rows() if kept.everybody else kept.rows().where(kept.owner.in_(by_owner))
        seen: set[tuple[str, str]] = set()
        missing = {owner: set(told.of(kept.name)) for owner, told in by_owner.items()}
        for row in kept.read(self._connection, query):
            told = by_owner[row["owner"]]
            if len(kept.key) == 1:
                key = row[kept.key[0]]
            else:
                parts = " ".join(keyed(row[name]) for name in kept.key)
                key = told.key_of(kept.name, parts if kept.name == "membership" else parts.strip())
            of_row = told.of(kept.name).get(key)
            missing[row["owner"]].discard(key)
            at = (told.stream, of_row.seq if of_row else 0)
            if (told.stream, key) in seen and "?" not in key:  # lines tell of it once
                yield HistoryFault(*at, "untold", "", "", kept.name, key)
                continue
            seen.add((told.stream, key))
            try:
                differs = told.differs(kept.name, key, row)
            except LookupError:
                yield HistoryFault(*at, "untold", "", "", kept.name, key)
                continue
            for name, expected, found in kept.check(row, told, self) if kept.check and not differs else ():
                if not fits(expected, found):
                    differs = (name, expected, found)
                    break
            if differs:
                name, expected, found = differs[0], *_apart(*differs[1:])
                fixed = of_row.fixed.get(name, of_row.seq) if of_row else 0
                yield HistoryFault(told.stream, fixed, "row", said(expected), said(found), kept.name, key, name)
            elif kept.name == "instance":
                yield from _tail(told.stream, row["history_seq"], row["history_hash"], self.heads[told.stream])
            elif self._files and kept.filed and row["sha256"] and not self._files.verify(row["sha256"]):
                yield HistoryFault(*at, "file", row["sha256"], "", kept.name, row["sha256"], "sha256")
        for owner, lacking in missing.items() if not kept.forgets else ():
            for key in sorted(lacking):
                kind, seq = "orphan" if kept.name == "instance" else "lacking", by_owner[owner].of(kept.name)[key].seq
                yield HistoryFault(by_owner[owner].stream, seq, kind, "", "", kept.name, key)


def _apart(expected: Any, found: Any) -> tuple[Any, Any]:
    """Return the parts of two values that differ; of others than mappings they are the values."""
    if not isinstance(expected, Mapping) or not isinstance(found, Mapping):
        return expected, found
    names = [name for name in {**expected, **found} if expected.get(name) != found.get(name)]
    parts = {name: _apart(expected.get(name), found.get(name)) for name in names}
    return {name: part[0] for name, part in parts.items()}, {name: part[1] for name, part in parts.items()}


def said(value: Any) -> str:
    """Return a value for a person; of several that would do, the first ones."""
    if isinstance(value, OneOf):
        return " | ".join(sorted(map(str, value))[:3])
    return value if isinstance(value, str) else canonical(value)


def _tail(stream: str, seq: int, hashed: str, head: StreamHead) -> Iterator[HistoryFault]:
    if (seq, hashed) != (head.seq, head.hash):
        found = str(head.seq) if head.seq < seq else f"{head.seq} {head.hash}"
        yield HistoryFault(stream, min(seq, head.seq) + 1, "tail", f"{seq} {hashed}", found)


# ── what no stream tells by itself ──────────────────────────────────────────────────────────────────────────────────


def _beyond_streams(connection: Connection) -> Iterator[HistoryFault]:
    try:
        verify_triggers(connection)
    except SetupError as problem:
        yield HistoryFault("history", 0, "guard", "", str(problem), "history")
    yield from _without_stream(connection)
    yield from _miscounted(connection)
    lacking = select(t.definition.c.process_id, t.definition_file.c.path).select_from(t.definition_file)
    lacking = lacking.join(t.definition).where(~exists().where(t.source.c.sha256 == t.definition_file.c.sha256))
    for process_id, path in connection.execute(lacking):
        yield HistoryFault(f"definition:{process_id}", 0, "lacking", "", "", "source", path)
    sources = select(t.source.c.sha256, t.source.c.content)
    for sha256, content in connection.execute(sources, execution_options={"yield_per": 20}):
        found = hashlib.sha256(content).hexdigest()
        if found != sha256:
            of = select(t.definition.c.process_id, t.definition_file.c.path).join(t.definition_file)
            where = connection.execute(of.where(t.definition_file.c.sha256 == sha256)).first() or ("?", sha256)
            yield HistoryFault(f"definition:{where[0]}", 0, "row", sha256, found, "source", where[1], "content")


def _without_stream(connection: Connection) -> Iterator[HistoryFault]:
    """Give rows that belong to a stream of which there is no line, one for each stream."""
    seen: set[str] = set()
    for kind, kept in ((kind, kept) for kind, those in TABLES.items() for kept in those):
        stream = literal(OFFICE) if kind == OFFICE else literal(f"{kind}:") + kept.owner
        columns = [t.metadata.tables[kept.name].c[name] for name in kept.key]
        query = kept.rows().with_only_columns(kept.owner.label("owner"), *columns).limit(MOST_FAULTS)
        query = query.where(kept.owner.is_not(None), ~exists().where(t.history.c.stream == stream))
        for owner, *key in connection.execute(query).all():
            named = f"{kind}:{owner}".removesuffix(":")
            if named in seen:
                continue
            seen.add(named)
            about = " ".join(str(plain(each)) for each in key)
            missed = "absent" if kind == "instance" and kept.name != "instance" else "untold"
            yield HistoryFault(named, 0, missed, "", "", kept.name, about)
    for column in (t.message.c.to_instance, t.message.c.delivered_to):
        query = select(column, t.message.c.id).where(column.is_not(None))
        query = query.where(~exists().where(t.instance.c.id == column)).limit(MOST_FAULTS)
        for id_, message in connection.execute(query):
            if INSTANCE + id_ not in seen:
                seen.add(INSTANCE + id_)
                yield HistoryFault(INSTANCE + id_, 0, "absent", "", "", "message", message)


def _miscounted(connection: Connection) -> Iterator[HistoryFault]:
    """Give series of numbers in which one is missing: each was counted when it was given out."""
    its, counter = ("series", "year"), t.number_counter
    taken = select(t.number.c.series, t.number.c.year, func.count().label("count"), func.max(t.number.c.ordinal))
    held = {
        (s, y): (count, last) for s, y, count, last in connection.execute(taken.group_by(*(t.number.c[n] for n in its)))
    }
    counted = {(s, y): last for s, y, last in connection.execute(select(*(counter.c[n] for n in (*its, "last"))))}
    for series, year in sorted(held.keys() | counted.keys()):
        last, found = counted.get((series, year), 0), held.get((series, year), (0, 0))
        if found != (last, last):
            name, expected, held_ = ("last", found[1], last) if found[1] != last else ("count", last, found[0])
            said_ = (str(expected), str(held_), "number_counter", f"{series} {year}", name)
            yield HistoryFault(OFFICE, 0, "row", *said_)
