"""History's lines in the database: appended in one insert, verified by walking every chain.

The head of an instance's stream (number and hash of its last line) stands on the instance's row, so that appending
needs no query and a missing tail shows. Other streams are asked for their last line; a tail missing there shows where
rows know more than the lines that are left (``engine.store.proof``), else only against what has left the machine.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    exists,
    func,
    insert,
    or_,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.engine import Row

from engine.model.history import (
    CLOCKS_DIFFER,
    FORMAT,
    GENESIS,
    Action,
    HistoryEvent,
    HistoryLine,
    canonical,
    genesis,
    hashed_text,
    plain,
    sha256_of,
)
from engine.model.people import SYSTEM, Actor
from engine.store.driver_statements import Prepared
from engine.store.queries import Transaction
from engine.store.tables import UtcDateTime, history, installation, instance, number

INSTANCE, OFFICE = "instance:", "office"
MOST_FAULTS = 100
"""A report names this many faults and counts the others."""
AT_ONCE = 500
ACTIONS = frozenset(Action)
INSERT = Prepared(insert(history))
MEANINGS = tomllib.loads(Path(__file__).with_name("faults.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class StreamHead:
    """Where a stream ends: the number, hash and instant of its last line."""

    seq: int = 0
    hash: str = GENESIS
    at: datetime | None = None


class KeepsHead(Protocol):
    """Whatever knows where an instance's stream ends: its row, its record, an :class:`InstanceHead`."""

    @property
    def id(self) -> str:
        """The instance."""

    @property
    def history_seq(self) -> int:
        """The number of its last line."""

    @property
    def history_hash(self) -> str:
        """The hash of its last line."""

    @property
    def history_at(self) -> datetime | None:
        """When its last line was written."""


@dataclass(frozen=True, slots=True)
class InstanceHead:
    """The head of an instance's stream; without numbers, of an instance that is about to start."""

    id: str
    history_seq: int = 0
    history_hash: str = GENESIS
    history_at: datetime | None = None


def installation_of(connection: Connection) -> str | None:
    """Return which installation this database is of; None before its first line under format 2."""
    return connection.scalar(select(installation.c.id))


def start_of(connection: Connection, stream: str, form: int) -> str:
    """Return the hash before a stream's first line, which is of the format *form*."""
    return GENESIS if form == 1 else genesis(installation_of(connection) or "", stream)


def lines_after(
    head: StreamHead, stream: str, deeds: Sequence[HistoryEvent], actor: Actor, now: datetime, instance_id: str | None
) -> list[HistoryLine]:
    """Return *deeds* as the lines that follow *head*; the one place where a line is numbered and hashed.

    If the clock was set back since, a line before them says so.
    """
    lines: list[HistoryLine] = []
    at = plain(now)
    if head.at is not None and now < head.at - CLOCKS_DIFFER:
        marked = HistoryEvent(Action.CLOCK_SET_BACK, change={"before": head.at}, actor=SYSTEM.person_id)
        deeds = [marked, *deeds]
    for deed in deeds:
        by = (actor.person_id, actor.name_commitment) if deed.actor in (None, actor.person_id) else (deed.actor, None)
        where = (deed.action.value, deed.element_id, deed.task_id, instance_id, canonical(deed.change or {}))
        facts = (*by, deed.capacity, deed.on_behalf_of, deed.decree, *where, FORMAT, head.hash)
        hashed = sha256_of(hashed_text(stream, head.seq + 1, at, *facts))
        lines.append(HistoryLine(stream, head.seq + 1, now, *facts, hashed))
        head = StreamHead(head.seq + 1, hashed, now)
    return lines


def append(connection: Connection, lines: Sequence[HistoryLine]) -> None:
    """Insert *lines* in one statement."""
    if lines:
        INSERT.run(connection, [_row(line) for line in lines])


def head_of(connection: Connection, stream: str) -> StreamHead:
    """Return where *stream* ends; writers of one stream on PostgreSQL wait here for each other until they commit."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("alur.history"), func.hashtext(stream))))
    last = select(history.c.seq, history.c.hash, history.c.at).where(history.c.stream == stream)
    row = connection.execute(last.order_by(history.c.seq.desc()).limit(1)).first()
    return StreamHead(*row) if row else StreamHead()


def heads_of(connection: Connection) -> tuple[int, int, str]:
    """Return how many lines and streams there are, and a hash over where each stream ends, by which a print knows them.

    The hash is SHA-256 over ``<stream> <seq> <hash>`` and a line feed for each stream, by the bytes of its name.
    """
    ends = select(history.c.stream, func.max(history.c.seq).label("seq")).group_by(history.c.stream).subquery()
    order = ends.c.stream.collate("C" if connection.dialect.name == "postgresql" else "BINARY")
    query = select(ends, history.c.hash).join(history, tuple_(history.c.stream, history.c.seq) == tuple_(*ends.c))
    lines, streams, digest = 0, 0, hashlib.sha256()
    for stream, seq, hashed in connection.execute(query.order_by(order), execution_options={"yield_per": AT_ONCE}):
        digest.update(f"{stream} {seq} {hashed}\n".encode())
        lines, streams = lines + seq, streams + 1
    return lines, streams, digest.hexdigest()


# ── verification ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class HistoryFault:
    """The first thing in a stream that does not fit.

    *kind* is ``gap`` (another number than the next), ``link`` (not the hash of the line before), ``content`` (not the
    hash of what the line says), ``unreadable``, ``format`` (an earlier one than the line before), ``early`` (dated
    before the line in front of it, which does not say that the clock was set back; of format 1 a remark), ``tail`` (the
    instance's row knows another last line) or ``orphan`` (a stream of an instance that does not exist). ``number``
    breaks no chain and is a remark (of a series of letters' numbers in a year: ``nomor:<series>:<year>``).
    The others are of what ``engine.store.proof`` holds to the lines: *table*, *key* and *field* say where, and *seq* is
    the last line that speaks of it, else 0.
    """

    stream: str
    seq: int
    kind: str
    expected: str
    found: str
    table: str = ""
    key: str = ""
    field: str = ""

    def __str__(self) -> str:
        """Say to the auditor what does not fit."""
        return str(MEANINGS[self.kind]).format(table=self.table, key=self.key, field=self.field)


@dataclass(frozen=True, slots=True)
class HistoryReport:
    """What walking the chains found; *faults* are the first ones, *fault_count* counts all streams with one."""

    streams: int
    lines: int
    fault_count: int
    faults: tuple[HistoryFault, ...]
    remarks: tuple[HistoryFault, ...] = ()  # the first ones; what breaks no chain and ought to be looked at
    heads: Sequence[Any] = ()  # of all streams: :func:`heads_of`

    @property
    def sound(self) -> bool:
        """Whether every chain fits."""
        return self.fault_count == 0


def verify(reader: Transaction, stream: str | None = None) -> HistoryReport:
    """Walk the chain of *stream*, or of all, and compare instances' heads; memory does not grow with the history."""
    walk = Walk(installation_of(reader.connection))
    for row in rows(reader.connection, stream):
        walk.pass_line(row)
    walk.note_heads(head_faults(reader.connection, stream))
    if stream is None:
        walk.remark(missing_numbers(reader))
    return walk.report


@dataclass
class Walk:
    """A check of every chain, which may rest anywhere: what it found, and where it goes on."""

    installation: str | None = None
    streams: int = 0
    lines: int = 0
    fault_count: int = 0
    faults: list[HistoryFault] = field(default_factory=list)
    remarks: list[HistoryFault] = field(default_factory=list)
    stream: str = ""
    seq: int = 0  # of the last line that was passed
    head: StreamHead = StreamHead()
    at: str = ""  # when that line was written
    format: int = 1  # of that line
    skipping: bool = False
    walked: bool = False  # all lines are passed; heads of instances behind *compared* remain
    compared: str = ""
    chained: bool = False  # rows of streams behind *proved* remain
    proved: str = ""
    heads: Sequence[Any] = ()

    @property
    def report(self) -> HistoryReport:
        """What was found so far."""
        lists = (tuple(self.faults), tuple(self.remarks))
        return HistoryReport(self.streams, self.lines, self.fault_count, *lists, tuple(self.heads))

    def advance(self, reader: Transaction, most: int) -> bool:
        """Pass up to *most* lines, or compare as many heads; whether no chain remains."""
        connection = reader.connection
        self.installation = installation_of(connection)
        if not self.walked:
            before = self.lines
            for row in rows(connection, None, (self.stream, self.seq), most):
                self.pass_line(row)
            self.walked = self.lines - before < most
            return False
        behind = select(instance.c.id).where(instance.c.id > self.compared).order_by(instance.c.id).limit(most)
        ids = list(connection.scalars(behind))
        until = ids[-1] if len(ids) == most else None
        self.note_heads(head_faults(connection, None, self.compared, until))
        self.compared = until or self.compared
        if until is None:
            self.remark(missing_numbers(reader))
        self.chained = until is None
        return self.chained

    def note(self, fault: HistoryFault) -> None:
        """Count a fault, and keep it if it is one of the first."""
        self.fault_count += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(fault)

    def note_heads(self, found: Iterable[HistoryFault]) -> None:
        """Count the faults of streams that have none yet."""
        faulty = {fault.stream for fault in self.faults}
        for fault in found:
            if fault.stream not in faulty:
                self.note(fault)

    def remark(self, found: Iterable[HistoryFault]) -> None:
        """Keep remarks, the first ones."""
        self.remarks += islice(found, MOST_FAULTS - len(self.remarks))

    def pass_line(self, row: Row[Any]) -> str | None:
        """Look at the next line; when it was written, if it fits."""
        stream, seq, at, *_, form, _, hashed = tuple(row)
        self.lines += 1
        if stream != self.stream:
            self.streams += 1
            self.stream, self.head, self.at, self.skipping = stream, StreamHead(), "", False
        self.seq = seq
        if self.skipping:
            return None
        if seq == 1:
            self.format = form
            self.head = StreamHead(0, GENESIS if form == 1 else genesis(self.installation or "", stream))
        try:
            at = instant(at)
            fault = _fault(row, at, self.head, self.format) or self._early(row, at)
            if fault is None and (form > FORMAT or row.action not in ACTIONS):
                raise ValueError(f"{row.action}, {form}")
        except (TypeError, ValueError) as error:
            at, fault = "", HistoryFault(stream, seq, "unreadable", "", str(error))
        if fault:
            self.note(fault)
            self.skipping = True  # what follows in this stream cannot fit either
            return None
        self.head, self.at, self.format = StreamHead(seq, hashed), at, form
        return str(at)

    def _early(self, row: Row[Any], at: str) -> HistoryFault | None:
        """Return the fault of a line that goes back in time unmarked; under format 1 none was marked."""
        if at >= self.at or datetime.fromisoformat(self.at) - datetime.fromisoformat(at) <= CLOCKS_DIFFER:
            return None
        early = HistoryFault(row.stream, row.seq, "early", self.at, at)
        if row.format == 1:
            self.remark([early])
            return None
        marked = row.action == Action.CLOCK_SET_BACK and json.loads(row.change) == {"before": self.at}
        return None if marked else early

    def written(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        return asdict(self)

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> "Walk":
        """Return what was written."""
        found = {name: [HistoryFault(**fault) for fault in written[name]] for name in ("faults", "remarks")}
        return cls(**{**written, **found, "head": StreamHead(**written["head"])})


def missing_numbers(reader: Transaction) -> Iterator[HistoryFault]:
    """Yield the first gap of each series of letters' numbers and year; void numbers are there, with their reason."""
    kept = (number.c.series, number.c.year)
    before = func.lag(number.c.ordinal, 1, 0).over(partition_by=kept, order_by=number.c.ordinal)
    beside = select(*kept, number.c.ordinal, before.label("before")).subquery()
    gaps = select(beside).where(beside.c.ordinal != beside.c.before + 1, beside.c.before > 0)
    for row in reader.connection.execute(gaps.order_by(beside.c.series, beside.c.year, beside.c.ordinal)):
        first, last = row.before + 1, row.ordinal - 1
        said = str(first) if first == last else f"{first}-{last}"
        yield HistoryFault(f"nomor:{row.series}:{row.year}", first, "number", said, str(row.ordinal))


def _fault(row: Row[Any], at: str, head: StreamHead, before: int) -> HistoryFault | None:
    of: Sequence[Any] = row
    (stream, seq), (format_, previous, hashed) = of[:2], of[-3:]
    if format_ < before:
        return HistoryFault(stream, seq, "format", str(before), str(format_))
    if seq != head.seq + 1:
        return HistoryFault(stream, head.seq + 1, "gap", str(head.seq + 1), str(seq))
    if previous != head.hash:
        return HistoryFault(stream, seq, "link", head.hash, str(previous))
    if format_ == 1 and (of[4], of[5]) != (None, None):  # it knew neither name nor capacity, so no hash is over them
        return HistoryFault(stream, seq, "content", "", f"{of[4]} {of[5]}")
    expected = sha256_of(hashed_text(*(*of[:2], at, *of[3:-1])))
    return HistoryFault(stream, seq, "content", expected, str(hashed)) if hashed != expected else None


def instant(at: Any) -> str:
    """Return an instant, which SQLite keeps as text, in the way that it was hashed; ValueError if it is none."""
    if isinstance(at, datetime):
        return at.isoformat(timespec="microseconds")[:-6] + "Z"
    datetime.fromisoformat(at)
    return f"{at[:10]}T{at[11:]}Z"


def rows(
    connection: Connection, stream: str | None, behind: tuple[str, int] = ("", 0), most: int | None = None
) -> Iterator[Row[Any]]:
    """Give the lines of *stream*, or of all, or up to *most* behind one."""
    columns = (as_kept(connection, column) for column in history.c)
    query: Select[Any] = select(*columns).order_by(history.c.stream, history.c.seq).limit(most)
    if behind[0]:
        query = query.where(tuple_(history.c.stream, history.c.seq) > behind)
    if stream is not None:
        query = query.where(history.c.stream == stream)
    result = connection.execute(query, execution_options={"yield_per": AT_ONCE})
    for part in result.partitions():
        yield from part


def as_kept(connection: Connection, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column as it is read: SQLite keeps what it was given, and an instant in it may not be one."""
    raw = connection.dialect.name == "sqlite" and isinstance(column.type, UtcDateTime)
    return type_coerce(column, String).label(column.key) if raw else column


def head_faults(
    connection: Connection, stream: str | None, after: str = "", until: str | None = None
) -> Iterator[HistoryFault]:
    """Give what does not fit between instances' rows and the ends of their streams."""
    named = INSTANCE + instance.c.id
    lines = history.alias("lines")
    last = select(func.max(lines.c.seq)).where(lines.c.stream == named).correlate(instance).scalar_subquery()
    kept = select(
        named.label("stream"),
        instance.c.history_seq,
        instance.c.history_hash,
        func.coalesce(last, 0).label("last_seq"),
        history.c.hash,
    ).outerjoin(history, and_(history.c.stream == named, history.c.seq == instance.c.history_seq))
    wrong = kept.where(
        or_(instance.c.history_seq != func.coalesce(last, 0), history.c.hash.is_distinct_from(instance.c.history_hash))
    )
    streams = select(history.c.stream).where(history.c.stream.startswith(INSTANCE)).distinct()
    if stream is not None:
        wrong = wrong.where(instance.c.id == stream.removeprefix(INSTANCE), named == stream)
        streams = streams.where(history.c.stream == stream)
    if after:
        wrong, streams = wrong.where(instance.c.id > after), streams.where(history.c.stream > INSTANCE + after)
    if until is not None:
        wrong, streams = wrong.where(instance.c.id <= until), streams.where(history.c.stream <= INSTANCE + until)
    told = streams.subquery()
    its_instance = func.substr(told.c.stream, len(INSTANCE) + 1)  # found by its key, among however many there are
    orphans = select(told.c.stream).where(~exists(select(instance.c.id).where(instance.c.id == its_instance)))
    for row in connection.execute(wrong, execution_options={"yield_per": AT_ONCE}):
        seq = min(row.history_seq, row.last_seq) + 1
        yield HistoryFault(
            row.stream, seq, "tail", f"{row.history_seq} {row.history_hash}", f"{row.last_seq} {row.hash or ''}".strip()
        )
    for orphan in connection.scalars(orphans, execution_options={"yield_per": AT_ONCE}):
        yield HistoryFault(orphan, 1, "orphan", "", "")


def _row(line: HistoryLine) -> dict[str, Any]:
    return {column.name: getattr(line, column.name) for column in history.c}
