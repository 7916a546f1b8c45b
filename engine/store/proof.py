"""Compares the rows of all tables with history, after checking the chains.

Lines are read stream by stream (``engine.model.testimony``). After some hundred streams, their rows are read with one
statement for each table and compared, so that memory grows neither with the office nor with its history. Only the first
fault of a stream is reported. Columns that lines do not record are not compared (``docs/riwayat.md`` lists them).
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

from msgspec.json import Decoder
from sqlalchemy import ColumnElement, Connection, exc, exists, func, literal, select, union

from engine.model.errors import SetupError
from engine.model.hearing import hear
from engine.model.history import Action
from engine.model.testimony import PASSED_OVER, OneOf, Testimony, Told, alike, unfit
from engine.store import tables as t
from engine.store.chains import MOST_FAULTS, STREAM, HistoryFault, HistoryReport, Walk, missing_numbers, rows
from engine.store.files import FileStore
from engine.store.history import INSTANCE, OFFICE, StreamHead, heads_of
from engine.store.kept_tables import OWNERS, TABLES, Beside, Kept
from engine.store.queries import Transaction
from engine.store.triggers import verify_triggers
from engine.store.untyped import AT_ONCE, Columns, Unreadable, Values, among, bytes_for_no_text, shown, those, undecoded

STREAMS_AT_ONCE, LINES_AT_ONCE = 600, 30_000
"""Most streams and lines in memory before their rows are read."""
CHANGE = Decoder(Any)


def prove(reader: Transaction, stream: str | None = None, files: FileStore | None = None) -> HistoryReport:
    """Check the chain of *stream*, or of all, and compare the rows with the lines.

    With *files*, stored files are hashed as well. A check of all also covers the history triggers, the series of
    numbers and the sources of procedures. Any fault becomes part of the report; only database errors are raised.
    """
    try:
        return _proved(reader, stream, files)
    except (sqlite3.OperationalError, exc.OperationalError) as error:
        if not undecoded(error):
            raise
    with bytes_for_no_text(reader.connection):
        return _proved(reader, stream, files)


def _proved(reader: Transaction, stream: str | None, files: FileStore | None) -> HistoryReport:
    connection, found = reader.connection, Walk()
    try:
        if files and connection.dialect.name == "postgresql":  # hashing a large file takes long
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        found.find_founding(connection)
        batch = _Batch(connection, found, files)
        for part in rows(connection, stream):
            batch.pass_lines(part)
        batch.compare()
        if stream is None:
            _end(reader, found)
            found.remark(missing_numbers(reader))
    except (sqlite3.Error, exc.SQLAlchemyError):
        raise
    except Exception as error:
        found.note(unfinished(error))
    return found.report


def advance(reader: Transaction, walk: Walk, lines: int, streams: int = 50) -> bool:
    """Check up to *lines* more, and after all chains the rows of some *streams*; return whether all is done.

    One stream is compared in one go, however many lines it has.
    """
    with bytes_for_no_text(reader.connection):
        if not walk.chained:
            walk.advance(reader, lines)
            return False
        behind = select(t.history.c.stream).where(t.history.c.stream > walk.proved, t.history.c.seq == 1)
        found = reader.connection.scalars(behind.order_by(t.history.c.stream).limit(streams))
        here = [stream for stream in found if type(stream) is str]  # others are bytes, and reported before
        batch = _Batch(reader.connection, again := Walk(walk.installation, walk.founded), None)
        for stream in here:
            for part in rows(reader.connection, stream):
                batch.pass_lines(part)
            walk.proved = stream
            if again.lines > lines:
                break
        batch.compare()
        walk.note_heads(again.faults)
        if len(here) == streams or again.lines > lines:
            return False
        _end(reader, walk)
        return True


def unfinished(error: Exception) -> HistoryFault:
    """Return the fault that a check ended early because of *error*."""
    return HistoryFault("", 0, "unfinished", "", f"{type(error).__name__}: {error}")


def _end(reader: Transaction, walk: Walk) -> None:
    walk.note_heads(_beyond_streams(reader.connection))
    walk.heads = heads_of(reader.connection)


class _Batch:
    """Streams whose lines are read and whose rows are not compared yet."""

    def __init__(self, connection: Connection, walk: Walk, files: FileStore | None) -> None:
        self._connection, self._walk, self._files = connection, walk, files
        self._begin()

    def _begin(self) -> None:
        self._beside = Beside()
        self._heads: dict[str, StreamHead] = {}
        self._told: dict[str, Testimony] = {}
        self._lines = 0

    def pass_lines(self, rows: Sequence[Values]) -> None:
        """Check lines of a stream and read their testimony; rows of a broken chain are not compared."""
        stream, walk = STREAM(rows[0]), self._walk
        if stream != walk.stream and (len(self._told) >= STREAMS_AT_ONCE or self._lines >= LINES_AT_ONCE):
            self.compare()
        lines = walk.pass_lines(rows)
        told = self._told.pop(stream, None)
        if lines and lines[0].seq == 1:
            told = Testimony(stream)
        if told is None or not lines:
            return
        for line in lines:
            try:
                hear(told, line, CHANGE.decode(line.change))
            except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
                walk.note(walk.unreadable(line, error))
                return
            if told.contradiction:
                walk.note(HistoryFault(stream, line.seq, "head", *told.contradiction))
                return
        self._told[stream], self._heads[stream] = told, walk.head
        self._lines += len(lines)

    def compare(self) -> None:
        """Compare the rows of the streams so far, and note the first fault of each stream."""
        kinds: dict[str, dict[str, Testimony]] = {}
        for stream, told in self._told.items():
            kinds.setdefault(stream.partition(":")[0], {})[told.id] = told
        faults: dict[str, HistoryFault] = {}
        for kind, by_owner in kinds.items():
            for kept in TABLES[kind]:
                for fault in self._of_table(kept, by_owner):
                    faults.setdefault(fault.stream, fault)
            for id_ in self._not_in(OWNERS[kind], by_owner) if kind in OWNERS else ():
                orphan = HistoryFault(by_owner[id_].stream, 1, "orphan", "", "")
                faults[orphan.stream] = orphan if kind == "instance" else faults.get(orphan.stream, orphan)
        naming = {id_: stream for stream, told in self._told.items() for id_ in told.named}
        for id_ in self._not_in(t.instance.c.id, naming):
            faults.setdefault(INSTANCE + id_, HistoryFault(INSTANCE + id_, 0, "absent", "", "", "history", naming[id_]))
        called = {of: (told.stream, who) for told in self._told.values() for of, who in told.called.items()}
        value, dialect = t.personal_value.c, self._connection.dialect.name
        kept_of = select(value.commitment, value.person_id).where(among(value.commitment, dialect))
        owners = dict(self._connection.execute(kept_of, those(called, dialect)).all())
        for of, (stream, who) in sorted(called.items()):
            owner = owners.get(of)
            if owner is None:
                faults.setdefault(stream, HistoryFault(stream, 0, "lacking", "", "", "personal_value", of))
            elif owner != who:  # the line has another person's name
                fault = HistoryFault(stream, 0, "row", who, shown(owner), "personal_value", of, "person_id")
                faults.setdefault(stream, fault)
        self._walk.note_heads(faults.values())
        self._begin()

    def _not_in(self, column: ColumnElement[str], values: Mapping[str, Any]) -> list[str]:
        dialect = self._connection.dialect.name
        here = self._connection.scalars(select(column).where(among(column, dialect)), those(values, dialect))
        return sorted(values.keys() - set(here))

    def _of_table(self, kept: Kept, by_owner: Mapping[str, Testimony]) -> Iterator[HistoryFault]:
        lines = {owner: (told, told.of(kept.name), told.otherwise(kept.name)) for owner, told in by_owner.items()}
        by_itself = kept.check or kept.name == "instance" or (self._files and kept.filed)
        for read in chain.from_iterable(map(kept.each, kept.of(by_owner, self._connection))):
            if isinstance(read, Unreadable):
                yield _unreadable(kept, read.row, lines[read.row[0]][0], read)
                continue
            key, values = read
            told, known, otherwise = lines[values[0]]
            fault: HistoryFault | None = None
            try:
                of_row, facts = known.get(key), otherwise
                if of_row is None and kept.name == "membership":
                    key = told.key_of(key)
                    of_row = known.get(key)
                if of_row:
                    facts = of_row.facts
                    if otherwise and not otherwise.keys() <= facts.keys():
                        facts = {**otherwise, **facts}
                    if of_row.met and "?" not in key:  # a second row for the same lines
                        facts = None
                    of_row.met = True
                if facts is None:
                    fault = HistoryFault(told.stream, of_row.seq if of_row else 0, "untold", "", "", kept.name, key)
                elif wrong := kept.columns.differs(facts, values):
                    fault = _wrong(kept, told, key, of_row, wrong)
                elif by_itself:
                    fault = self._by_itself(kept, kept.columns.named(values), told, key, of_row)
            except (ValueError, TypeError, LookupError, RecursionError) as error:
                fault = _unreadable(kept, values, told, error)
            if fault:
                yield fault
        for told, known, _ in lines.values() if not kept.forgets else ():
            for key in sorted(key for key, of_row in known.items() if not of_row.met):
                yield HistoryFault(told.stream, known[key].seq, "lacking", "", "", kept.name, key)

    def _by_itself(self, kept: Kept, row: Any, told: Testimony, key: str, of_row: Told | None) -> HistoryFault | None:
        """Return the fault of a row that agrees with the lines: its own check, the head, or the stored file."""
        wrong = unfit(kept.check(row, told, self._beside)) if kept.check else None
        if wrong:
            return _wrong(kept, told, key, of_row, wrong)
        if kept.name == "instance":
            return _tail(told.stream, row.history_seq, row.history_hash, self._heads[told.stream])
        if self._files and kept.filed and row.sha256 and not self._files.verify(row.sha256):
            seq = of_row.seq if of_row else 0
            return HistoryFault(told.stream, seq, "file", row.sha256, "", kept.name, row.sha256, "sha256")
        return None


def _wrong(kept: Kept, told: Testimony, key: str, of_row: Told | None, wrong: tuple[str, Any, Any]) -> HistoryFault:
    """Return the fault of a row with a wrong column, *wrong* being (column, expected, found)."""
    name, expected, found = wrong[0], *_apart(*wrong[1:])
    fixed = of_row.fixed(name) if of_row else 0
    return HistoryFault(told.stream, fixed, "row", said(expected), said(found), kept.name, key, name)


def _unreadable(kept: Kept, values: Values, told: Testimony, error: Exception) -> HistoryFault:
    """Return the fault of a row that cannot be read."""
    row = kept.columns.named(values)
    key = " ".join(shown(getattr(row, name)) for name in kept.key)
    known = told.of(kept.name).get(key)
    if known:
        known.met = True
    column = error.column if isinstance(error, Unreadable) else ""
    at = (told.stream, known.seq if known else 0)
    return HistoryFault(*at, "unreadable", "", str(error), kept.name, key, column)


def _apart(expected: Any, found: Any) -> tuple[Any, Any]:
    """Return the differing members of two mappings; other values whole."""
    if not isinstance(expected, Mapping) or not isinstance(found, Mapping):
        return expected, found
    names = [name for name in {**expected, **found} if not alike(expected.get(name), found.get(name))]
    parts = {name: _apart(expected.get(name), found.get(name)) for name in names}
    return {name: part[0] for name, part in parts.items()}, {name: part[1] for name, part in parts.items()}


def said(value: Any) -> str:
    """Return a value as text for people; of several allowed values, the first three."""
    if isinstance(value, OneOf):
        return " | ".join(sorted(map(str, value))[:3])
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _tail(stream: str, seq: int, hashed: str, head: StreamHead) -> HistoryFault | None:
    if (seq, hashed) == (head.seq, head.hash):
        return None
    found = str(head.seq) if head.seq < seq else f"{head.seq} {head.hash}"
    return HistoryFault(stream, min(seq, head.seq) + 1, "tail", f"{seq} {hashed}", found)


# ── what no stream tells by itself ──────────────────────────────────────────────────────────────────────────────────


def _beyond_streams(connection: Connection) -> Iterator[HistoryFault]:
    try:
        verify_triggers(connection)
    except SetupError as problem:
        yield HistoryFault("history", 0, "guard", "", str(problem), "history")
    yield from _without_stream(connection)
    yield from _miscounted(connection)
    yield from _passed_over(connection)
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
    """Yield one row for each stream that has rows and no lines."""
    seen: set[str] = set()
    for kind, owners, kept in ((of, lost, kept) for of, lost in _lost(connection) for kept in TABLES[of]):
        columns = Columns([kept.owner.label("owner"), *(t.metadata.tables[kept.name].c[name] for name in kept.key)])
        query = kept.rows().where(kept.owner.in_(owners))
        for owner, *key in chain.from_iterable(columns.fetched(connection, query.limit(MOST_FAULTS))):
            named = f"{kind}:{shown(owner)}".removesuffix(":")
            if named in seen:
                continue
            seen.add(named)
            about = " ".join(map(shown, key))
            missed = "absent" if kind == "instance" and kept.name != "instance" else "untold"
            yield HistoryFault(named, 0, missed, "", "", kept.name, about)
    part = t.document_part.c
    alone = select(part.instance_id, part.document_id).where(~exists().where(t.document.c.id == part.document_id))
    for id_, document in connection.execute(alone.limit(MOST_FAULTS)):
        yield HistoryFault(INSTANCE + id_, 0, "untold", "", "", "document_part", document)
    for column in (t.message.c.to_instance, t.message.c.delivered_to):
        lost = select(column, t.message.c.id).where(column.is_not(None))
        lost = lost.where(~exists().where(t.instance.c.id == column)).limit(MOST_FAULTS)
        for id_, message in connection.execute(lost):
            if INSTANCE + id_ not in seen:
                seen.add(INSTANCE + id_)
                yield HistoryFault(INSTANCE + id_, 0, "absent", "", "", "message", message)


def _lost(connection: Connection) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield by kind of stream the first owners that have rows and no lines."""
    for kind, kepts in TABLES.items():
        every = (kept.rows().with_only_columns(kept.owner.label("owner")) for kept in kepts)
        owner = union(*every).subquery().c.owner
        stream = literal(OFFICE) if kind == OFFICE else literal(f"{kind}:") + owner
        lost = select(owner).where(owner.is_not(None), ~exists().where(t.history.c.stream == stream))
        if found := connection.scalars(lost.limit(MOST_FAULTS)).all():
            yield kind, found


def _passed_over(connection: Connection) -> Iterator[HistoryFault]:
    """Yield the first number that is marked as skipped by an instance although no line records that."""
    its = ("series", "year", "ordinal")
    nobodys = select(*(t.number.c[name] for name in its)).where(t.number.c.instance_id.is_(None))
    lost = {tuple(each) for each in connection.execute(nobodys.where(t.number.c.void_reason == PASSED_OVER))}
    voided = select(t.history.c.change).where(t.history.c.action == Action.NUMBER_VOIDED.value)
    for change in connection.scalars(voided, execution_options={"yield_per": AT_ONCE}) if lost else ():
        with suppress(ValueError, TypeError, AttributeError, RecursionError):  # reported with its stream
            said_ = json.loads(change)
            lost.discard(tuple(said_.get(name) for name in its))
            if "first" in said_:
                first, last = (tuple(said_[name] for name in ("series", "year", end)) for end in ("first", "last"))
                lost -= {each for each in lost if first <= each <= last}
    for key in sorted(lost, key=str)[:1]:
        yield HistoryFault(OFFICE, 0, "untold", "", "", "number", " ".join(map(str, key)))


def _miscounted(connection: Connection) -> Iterator[HistoryFault]:
    """Yield the series whose rows do not agree with their counter."""
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
