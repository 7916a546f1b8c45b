"""History's lines in the database: appended in one insert, verified by walking every chain.

The head of an instance's stream (number and hash of its last line) stands on the instance's row, so that appending
needs no query and a missing tail shows. Other streams are asked for their last line; a tail missing there shows only
against what has left the machine.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import Connection, Select, String, and_, exists, func, insert, or_, select, type_coerce
from sqlalchemy.engine import Row

from engine.model.history import GENESIS, Deed, HistoryLine, canonical, line_hash
from engine.model.people import Actor
from engine.store.prepared import Prepared
from engine.store.queries import Transaction
from engine.store.tables import UtcDateTime, history, instance

INSTANCE = "instance:"
MOST_FAULTS = 100
"""A report names this many faults and counts the others."""
AT_ONCE = 500
INSERT = Prepared(insert(history))
MEANINGS = {
    "gap": "baris bernomor ini tidak ada",
    "link": "baris ini tidak menyambung ke baris sebelumnya",
    "content": "isi baris ini bukan yang ditulis semula",
    "unreadable": "baris ini tidak dapat dibaca",
    "tail": "baris terakhir bukan yang tercatat pada pelaksanaannya",
    "orphan": "pelaksanaan dari riwayat ini tidak ada",
}


@dataclass(frozen=True, slots=True)
class Head:
    """Where a stream ends: the number and hash of its last line."""

    seq: int = 0
    hash: str = GENESIS


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


@dataclass(frozen=True, slots=True)
class InstanceHead:
    """The head of an instance's stream; without numbers, of an instance that is about to start."""

    id: str
    history_seq: int = 0
    history_hash: str = GENESIS


def lines_after(
    head: Head, stream: str, deeds: Sequence[Deed], actor: Actor, now: datetime, instance_id: str | None
) -> list[HistoryLine]:
    """Return *deeds* as the lines that follow *head*; the one place where a line is numbered and hashed."""
    lines: list[HistoryLine] = []
    for deed in deeds:
        facts: dict[str, Any] = {
            "stream": stream,
            "seq": head.seq + 1,
            "at": now,
            "actor": deed.actor or actor.person_id,
            "on_behalf_of": deed.on_behalf_of,
            "decree": deed.decree,
            "action": deed.action.value,
            "element_id": deed.element_id,
            "task_id": deed.task_id,
            "instance_id": instance_id,
            "change": canonical(deed.change or {}),
        }
        line = HistoryLine(**facts, previous_hash=head.hash, hash=line_hash(head.hash, **facts))
        lines.append(line)
        head = Head(line.seq, line.hash)
    return lines


def append(connection: Connection, lines: Sequence[HistoryLine]) -> None:
    """Insert *lines* in one statement."""
    if lines:
        INSERT.run(connection, [_row(line) for line in lines])


def head_of(connection: Connection, stream: str) -> Head:
    """Return where *stream* ends; writers of one stream on PostgreSQL wait here for each other until they commit."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("alur.history"), func.hashtext(stream))))
    last = select(history.c.seq, history.c.hash).where(history.c.stream == stream).order_by(history.c.seq.desc())
    row = connection.execute(last.limit(1)).first()
    return Head(row.seq, row.hash) if row else Head()


# ── verification ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing in a stream that does not fit.

    *kind* is ``gap`` (another number than the next), ``link`` (not the hash of the line before), ``content`` (not the
    hash of what the line says), ``unreadable``, ``tail`` (the instance's row knows another last line) or ``orphan`` (a
    stream of an instance that does not exist).
    """

    stream: str
    seq: int
    kind: str
    expected: str
    found: str

    def __str__(self) -> str:
        """Say to the auditor what does not fit."""
        return MEANINGS[self.kind]


@dataclass(frozen=True, slots=True)
class Report:
    """What walking the chains found; *faults* are the first ones, *fault_count* counts all streams with one."""

    streams: int
    lines: int
    fault_count: int
    faults: tuple[Fault, ...]

    @property
    def sound(self) -> bool:
        """Whether every chain fits."""
        return self.fault_count == 0


def verify(reader: Transaction, stream: str | None = None) -> Report:
    """Walk the chain of *stream*, or of all, and compare instances' heads; memory does not grow with the history."""
    walk = _Walk()
    for row in _rows(reader.connection, stream):
        walk.pass_line(row)
    faulty = walk.faulty_streams
    for fault in _head_faults(reader.connection, stream):
        if fault.stream not in faulty:
            walk.note(fault)
    return Report(walk.streams, walk.lines, walk.fault_count, tuple(walk.faults))


class _Walk:
    def __init__(self) -> None:
        self.streams = self.lines = self.fault_count = 0
        self.faults: list[Fault] = []
        self._stream: str | None = None
        self._head = Head()
        self._skipping = False

    @property
    def faulty_streams(self) -> set[str]:
        return {fault.stream for fault in self.faults}

    def note(self, fault: Fault) -> None:
        self.fault_count += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(fault)

    def pass_line(self, row: Row[Any]) -> None:
        self.lines += 1
        if row.stream != self._stream:
            self.streams += 1
            self._stream, self._head, self._skipping = row.stream, Head(), False
        if self._skipping:
            return
        fault = _fault(row, self._head)
        if fault:
            self.note(fault)
            self._skipping = True  # what follows in this stream cannot fit either
        else:
            self._head = Head(row.seq, row.hash)


def _fault(row: Row[Any], head: Head) -> Fault | None:
    stream, seq = str(row.stream), row.seq
    if seq != head.seq + 1:
        return Fault(stream, head.seq + 1, "gap", str(head.seq + 1), str(seq))
    if row.previous_hash != head.hash:
        return Fault(stream, seq, "link", head.hash, str(row.previous_hash))
    try:
        expected = _line(row).computed_hash()
    except (TypeError, ValueError) as error:
        return Fault(stream, seq, "unreadable", "", str(error))
    if row.hash != expected:
        return Fault(stream, seq, "content", expected, str(row.hash))
    return None


def _rows(connection: Connection, stream: str | None) -> Iterator[Row[Any]]:
    query: Select[Any] = select(*_columns(connection)).order_by(history.c.stream, history.c.seq)
    if stream is not None:
        query = query.where(history.c.stream == stream)
    result = connection.execute(query, execution_options={"yield_per": AT_ONCE})
    for part in result.partitions():
        yield from part


def _columns(connection: Connection) -> list[Any]:
    # SQLite keeps what it was given: an instant that was tampered with may not be one, and is read as text here.
    raw = connection.dialect.name == "sqlite"
    return [
        type_coerce(column, String).label("at") if raw and isinstance(column.type, UtcDateTime) else column
        for column in history.c
    ]


def _line(row: Row[Any]) -> HistoryLine:
    facts = dict(row._mapping)
    if isinstance(facts["at"], str):
        facts["at"] = datetime.fromisoformat(facts["at"]).replace(tzinfo=UTC)
    return HistoryLine(**facts)


def _head_faults(connection: Connection, stream: str | None) -> Iterator[Fault]:
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
    told = streams.subquery()
    its_instance = func.substr(told.c.stream, len(INSTANCE) + 1)  # found by its key, among however many there are
    orphans = select(told.c.stream).where(~exists(select(instance.c.id).where(instance.c.id == its_instance)))
    for row in connection.execute(wrong, execution_options={"yield_per": AT_ONCE}):
        seq = min(row.history_seq, row.last_seq) + 1
        yield Fault(
            row.stream, seq, "tail", f"{row.history_seq} {row.history_hash}", f"{row.last_seq} {row.hash or ''}".strip()
        )
    for orphan in connection.scalars(orphans, execution_options={"yield_per": AT_ONCE}):
        yield Fault(orphan, 1, "orphan", "", "")


def _row(line: HistoryLine) -> dict[str, Any]:
    return {column.name: getattr(line, column.name) for column in history.c}
