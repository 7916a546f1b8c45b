"""Checks the hash chain of every stream, which reveals changed, removed and inserted lines of history.

A walk reports the first fault of each stream. It can stop after any line and continue later, as the worker's nightly
check does, and its memory does not grow with the history. ``engine.store.proof`` compares rows with lines.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import chain, groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from msgspec.json import encode
from msgspec.structs import asdict as facts_of
from sqlalchemy import Connection, and_, exists, func, or_, select, tuple_

from engine.model.history import (
    ACTIONS,
    CLOCKS_DIFFER,
    FORMAT,
    GENESIS,
    Action,
    genesis,
    goes_back,
    hashed_text,
    misplaced,
    plain,
    sha256_of,
)
from engine.model.testimony import Line
from engine.store.history import INSTANCE, OFFICE, StreamHead
from engine.store.queries import Transaction
from engine.store.tables import history, installation, instance, number
from engine.store.untyped import AT_ONCE, Columns, Unreadable, Values, shown

SET_BACK = Action.CLOCK_SET_BACK.value
MOST_FAULTS = 100
"""A report names this many faults and counts the others."""
MEANINGS = tomllib.loads(Path(__file__).with_name("faults.toml").read_text(encoding="utf-8"))
LINE = Columns([*(history.c[name] for name in Line.__struct_fields__), history.c.hash])
STREAM = itemgetter(LINE.names.index("stream"))
FOUNDING = Columns((installation.c.id, installation.c.made_at))


@dataclass(frozen=True, slots=True)
class HistoryFault:
    """The first fault of a stream.

    *kind* is ``gap`` (a number is missing or repeated), ``link`` (the hash of the line before is wrong), ``content``
    (the hash of the line itself is wrong), ``unreadable`` (*field* of a line or row has a value of a wrong type),
    ``format`` (an earlier format than that of the line before or of the line's time), ``early`` (dated before an
    earlier line without a mark that the clock was set back; a remark under format 1 and for small steps that add up),
    ``tail`` (the instance's row has another last line) or ``orphan`` (the stream's owner does not exist). ``number`` is
    a remark about a gap in the letter numbers ``nomor:<series>:<year>``. ``unfinished`` belongs to no stream: the check
    failed, and *found* says why. Other kinds come from ``engine.store.proof``: *table*, *key* and *field* name the
    place, and *seq* is the last line about it, or 0.
    """

    stream: str
    seq: int
    kind: str
    expected: str
    found: str
    table: str = ""
    key: str = ""
    field: str = ""

    def __post_init__(self) -> None:
        """Make wrong values printable and short enough for a line of history, which stays for ever."""
        for name in ("stream", "expected", "found", "key", "field"):
            object.__setattr__(self, name, shown(getattr(self, name)))

    def __str__(self) -> str:
        """Return the fault in words, for the auditor."""
        return str(MEANINGS[self.kind]).format(table=self.table, key=self.key, field=self.field)


@dataclass(frozen=True, slots=True)
class HistoryReport:
    """The result of a check; *faults* has the first faults, *fault_count* counts all faulty streams."""

    streams: int
    lines: int
    fault_count: int
    faults: tuple[HistoryFault, ...]
    remarks: tuple[HistoryFault, ...] = ()  # the first ones: odd, but no chain is broken
    heads: Sequence[Any] = ()  # of all streams: :func:`heads_of`

    @property
    def sound(self) -> bool:
        """Whether there is no fault."""
        return self.fault_count == 0

    @property
    def unfinished(self) -> bool:
        """Whether the check failed before its end."""
        return any(fault.kind == "unfinished" for fault in self.faults)


def verify(reader: Transaction, stream: str | None = None) -> HistoryReport:
    """Check the chain of *stream*, or of all, and the heads that instances' rows have."""
    walk = Walk.begun(reader.connection)
    for part in rows(reader.connection, stream):
        walk.pass_lines(part)
    walk.note_heads(head_faults(reader.connection, stream))
    if stream is None:
        walk.remark(missing_numbers(reader))
    return walk.report


@dataclass
class Walk:
    """A check of every chain that can be interrupted: its findings, and where it continues."""

    installation: str | None = None
    founded: str = ""  # when the installation got its id, and a little; later lines have today's format
    streams: int = 0
    lines: int = 0
    fault_count: int = 0
    faults: list[HistoryFault] = field(default_factory=list)
    remarks: list[HistoryFault] = field(default_factory=list)
    stream: str = ""
    seq: int = 0  # of the last checked line; -1 if it has no number: the rest of its stream is skipped
    head: StreamHead = field(default_factory=StreamHead)
    at: str = ""  # of the last checked line
    latest: str = ""  # the latest instant since the last mark of a clock set back
    format: int = 1  # of the last checked line
    skipping: bool = False
    walked: bool = False  # all lines are checked; the heads of instances after *compared* are not
    compared: str = ""
    chained: bool = False  # all heads are checked; the rows of streams after *proved* are not
    proved: str = ""
    heads: Sequence[Any] = ()

    @classmethod
    def begun(cls, connection: Connection) -> "Walk":
        """Return a new check of this office."""
        walk = cls()
        walk.find_founding(connection)
        return walk

    def find_founding(self, connection: Connection) -> None:
        """Read id and time of the installation; an unreadable row is reported later, when rows are compared."""
        for row in chain.from_iterable(FOUNDING.fetched(connection, select(installation))):
            self.installation = str(row[0])
            with suppress(Unreadable):
                _, (made_at,) = FOUNDING.read([row])
                self.founded = plain(datetime.fromisoformat(made_at) + CLOCKS_DIFFER)

    @property
    def report(self) -> HistoryReport:
        """The findings so far."""
        lists = (tuple(self.faults), tuple(self.remarks))
        return HistoryReport(self.streams, self.lines, self.fault_count, *lists, tuple(self.heads))

    def advance(self, reader: Transaction, most: int) -> bool:
        """Check up to *most* lines or heads; return whether all chains are checked."""
        connection = reader.connection
        self.find_founding(connection)
        if not self.walked:
            before = self.lines
            for part in rows(connection, None, (self.stream, self.seq), most):
                self.pass_lines(part)
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
        """Count a fault, and keep the first ones."""
        self.fault_count += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(fault)

    def note_heads(self, found: Iterable[HistoryFault]) -> None:
        """Note those faults whose stream has none yet."""
        faulty = {fault.stream for fault in self.faults}
        for fault in found:
            if fault.stream not in faulty:
                self.note(fault)

    def remark(self, found: Iterable[HistoryFault]) -> None:
        """Keep the first remarks."""
        self.remarks += islice(found, MOST_FAULTS - len(self.remarks))

    def pass_lines(self, rows: Sequence[Values]) -> list[Line]:
        """Check the next lines of one stream and return them; nothing once a line of the stream is faulty."""
        stream = STREAM(rows[0])
        if type(stream) is not str:  # sorted last: the walk stops before it
            self.lines += len(rows)
            self.note_heads([self.unreadable(LINE.named(rows[0]), Unreadable("stream", stream))])
            return []
        if stream != self.stream:
            self.streams += 1
            self.stream, self.seq, self.head, self.skipping = stream, 0, StreamHead(), False
            self.at = self.latest = ""
        lines: list[Line] = []
        with suppress(ValueError):
            *facts, hashes = LINE.read(rows)
            lines = [*map(Line, *facts)]
            if self._fit(lines, facts, hashes):
                last = lines[-1]
                self.lines, self.seq, self.format = self.lines + len(lines), last.seq, FORMAT
                self.head, self.at, self.latest = StreamHead(last.seq, hashes[-1]), last.at, last.at
                return lines
        for row in rows:
            self.pass_line(LINE.named(row))
        return [] if self.skipping else lines

    def _fit(self, lines: Sequence[Line], facts: Sequence[Sequence[Any]], hashes: Sequence[str]) -> bool:
        """Whether all these lines of one stream are right: a fast check. If not, each line is checked by itself."""
        actions, actors, ats, _, changes, *_, forms, its, _, _, previous, seqs, _, _ = facts
        if self.skipping or forms.count(FORMAT) < len(forms) or None in (*actors, *ats, *changes):
            return False
        if self.seq == 0:
            self._begin(self.stream, FORMAT)
        kind, _, of = self.stream.partition(":")
        head = self.head
        return (
            seqs == tuple(range(head.seq + 1, head.seq + 1 + len(lines)))
            and previous == (head.hash, *hashes[:-1])
            and ACTIONS[kind].issuperset(actions)
            and SET_BACK not in actions
            and its.count(of if kind == "instance" else None) == len(its)
            and self.latest <= ats[0]
            and sorted(ats) == list(ats)
            and hashes == tuple([sha256(text).hexdigest() for text in map(encode, lines)])
        )

    def pass_line(self, row: Any) -> None:
        """Check the next line of the stream, and note its fault."""
        self.lines += 1
        first, self.seq = self.seq == 0, row.seq if type(row.seq) is int and row.seq >= 0 else -1
        if self.skipping:
            return
        line, fault = None, None
        try:
            if self.seq < 0:
                raise Unreadable("seq", row.seq)
            if first:
                self._begin(row.stream, row.format)
            *facts, (hashed,) = LINE.read([row])
            (line,) = map(Line, *facts)
            fault = self._fault(line, hashed) or self._early(line)
            if fault is None and (column := misplaced(line.stream, line.format, line.action, line.instance_id)):
                raise Unreadable(column, getattr(line, column))
        except (TypeError, ValueError, RecursionError) as error:
            fault = self.unreadable(row, error)
        if fault:
            self.note(fault)
            self.skipping = True  # later lines of the stream would be faulty too
        elif line:
            self.head, self.at, self.format = StreamHead(line.seq, hashed), line.at, line.format

    def unreadable(self, row: Any, error: Exception) -> HistoryFault:
        """Return the fault of a line whose reading raised *error*."""
        seq = row.seq if isinstance(row.seq, int) else self.head.seq + 1
        column = error.column if isinstance(error, Unreadable) else "change"
        return HistoryFault(row.stream, seq, "unreadable", "", str(error), "history", str(seq), column)

    def _begin(self, stream: str, form: int) -> None:
        kind, _, of = stream.partition(":")
        if kind not in ACTIONS or (not of) != (stream == OFFICE):
            raise Unreadable("stream", stream)
        self.format = form
        self.head = StreamHead(0, GENESIS if form == 1 else genesis(self.installation or "", stream))

    def _fault(self, line: Line, hashed: str) -> HistoryFault | None:
        stream, seq, form, head = line.stream, line.seq, line.format, self.head
        if form < self.format or (form < FORMAT and self.founded and line.at > self.founded):
            return HistoryFault(stream, seq, "format", str(FORMAT), str(form))
        if seq != head.seq + 1:
            return HistoryFault(stream, head.seq + 1, "gap", str(head.seq + 1), str(seq))
        if line.previous_hash != head.hash:
            return HistoryFault(stream, seq, "link", head.hash, line.previous_hash)
        if form == 1 and (line.name, line.capacity) != (None, None):  # format 1 does not hash them
            return HistoryFault(stream, seq, "content", "", f"{line.name} {line.capacity}")
        expected = sha256_of(hashed_text(**facts_of(line)))
        return HistoryFault(stream, seq, "content", expected, hashed) if hashed != expected else None

    def _early(self, line: Line) -> HistoryFault | None:
        """Return the fault of a line that goes back in time without a mark.

        Format 1 had no marks, and small steps that add up are never marked: these are only remarks.
        """
        mark = line.change if line.action == SET_BACK else None
        behind = goes_back(line.at, self.at, self.latest, mark)
        self.latest = max(self.latest, line.at) if mark is None and behind is None else line.at
        if behind is None:
            return None
        early = HistoryFault(line.stream, line.seq, "early", behind, line.at)
        if line.format > 1 and behind == self.at:
            return early
        self.remark([early])
        return None

    def written(self) -> dict[str, Any]:
        """Return the walk as JSON."""
        return asdict(self)

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> "Walk":
        """Return the walk from JSON."""
        found = {name: [HistoryFault(**fault) for fault in written[name]] for name in ("faults", "remarks")}
        return cls(**{**written, **found, "head": StreamHead(**written["head"])})


def missing_numbers(reader: Transaction) -> Iterator[HistoryFault]:
    """Yield every gap in a series of letter numbers and year; void numbers have rows and are no gaps."""
    kept = (number.c.series, number.c.year)
    before = func.lag(number.c.ordinal, 1, 0).over(partition_by=kept, order_by=number.c.ordinal)
    beside = select(*kept, number.c.ordinal, before.label("before")).subquery()
    gaps = select(beside).where(beside.c.ordinal != beside.c.before + 1, beside.c.before > 0)
    for row in reader.connection.execute(gaps.order_by(beside.c.series, beside.c.year, beside.c.ordinal)):
        first, last = row.before + 1, row.ordinal - 1
        said = str(first) if first == last else f"{first}-{last}"
        yield HistoryFault(f"nomor:{row.series}:{row.year}", first, "number", said, str(row.ordinal))


def rows(
    connection: Connection, stream: str | None, behind: tuple[str, int] = ("", 0), most: int | None = None
) -> Iterator[Sequence[Values]]:
    """Yield the lines of *stream*, or of all, or up to *most* after the line *behind*, in parts of one stream each."""
    query = select(history).order_by(history.c.stream, history.c.seq).limit(most)
    if behind[0]:
        line = tuple_(history.c.stream, history.c.seq)
        query = query.where(line > behind if behind[1] >= 0 else history.c.stream > behind[0])
    if stream is not None:
        query = query.where(history.c.stream == stream)
    for part in LINE.fetched(connection, query):
        for its_stream, lines in groupby(part, STREAM):
            if type(its_stream) is not str:  # bytes, which SQLite sorts after all texts: one is enough
                yield [next(lines)]
                return
            yield list(lines)


def head_faults(
    connection: Connection, stream: str | None, after: str = "", until: str | None = None
) -> Iterator[HistoryFault]:
    """Yield the differences between the heads in instances' rows and the last lines of their streams."""
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
    its_instance = func.substr(told.c.stream, len(INSTANCE) + 1)  # so that the primary key is used
    orphans = select(told.c.stream).where(~exists(select(instance.c.id).where(instance.c.id == its_instance)))
    for row in connection.execute(wrong, execution_options={"yield_per": AT_ONCE}):
        if not type(row.history_seq) is type(row.last_seq) is int:
            found = ("", row.history_seq, "instance", row.stream.removeprefix(INSTANCE), "history_seq")
            yield HistoryFault(row.stream, 0, "unreadable", *found)
            continue
        seq = min(row.history_seq, row.last_seq) + 1
        yield HistoryFault(
            row.stream, seq, "tail", f"{row.history_seq} {row.history_hash}", f"{row.last_seq} {row.hash or ''}".strip()
        )
    for orphan in connection.scalars(orphans, execution_options={"yield_per": AT_ONCE}):
        yield HistoryFault(orphan, 1, "orphan", "", "")
