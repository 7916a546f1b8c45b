"""Every chain is walked: whoever changes, removes or inserts a line of history is found out.

What a walk finds is the first fault of each stream. It may rest anywhere and go on later, which the worker's nightly
check does; its memory does not grow with the history. Whether rows follow from lines: ``engine.store.proof``.
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
    """The first thing in a stream that does not fit.

    *kind* is ``gap`` (another number than the next), ``link`` (not the hash of the line before), ``content`` (not the
    hash of what the line says), ``unreadable`` (*field* holds what is none of its type, in a line or in another row),
    ``format`` (an earlier one than the line before, or than lines had when it is dated), ``early`` (dated before the
    line in front of it, which does not say that the clock was set back; of format 1, and of small steps that add up, a
    remark), ``tail`` (the instance's row knows another last line) or ``orphan`` (a stream whose owner does not
    exist). ``number`` breaks no chain and is a remark (of a series of letters' numbers in a year:
    ``nomor:<series>:<year>``). ``unfinished`` is of no stream: the check itself came to no end, and *found* says why.
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

    def __post_init__(self) -> None:
        """Keep of odd values as much as a line of history, which stays, can hold."""
        for name in ("stream", "expected", "found", "key", "field"):
            object.__setattr__(self, name, shown(getattr(self, name)))

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

    @property
    def unfinished(self) -> bool:
        """Whether the check came to no end."""
        return any(fault.kind == "unfinished" for fault in self.faults)


def verify(reader: Transaction, stream: str | None = None) -> HistoryReport:
    """Walk the chain of *stream*, or of all, and compare instances' heads; memory does not grow with the history."""
    walk = Walk.begun(reader.connection)
    for part in rows(reader.connection, stream):
        walk.pass_lines(part)
    walk.note_heads(head_faults(reader.connection, stream))
    if stream is None:
        walk.remark(missing_numbers(reader))
    return walk.report


@dataclass
class Walk:
    """A check of every chain, which may rest anywhere: what it found, and where it goes on."""

    installation: str | None = None
    founded: str = ""  # when it was, or shortly after; later lines are all of today's format
    streams: int = 0
    lines: int = 0
    fault_count: int = 0
    faults: list[HistoryFault] = field(default_factory=list)
    remarks: list[HistoryFault] = field(default_factory=list)
    stream: str = ""
    seq: int = 0  # of the last line that was passed; -1 if it has none, and the rest of its stream is passed over
    head: StreamHead = field(default_factory=StreamHead)
    at: str = ""  # when that line was written
    latest: str = ""  # when the latest one was, since the clock was last said to be set back
    format: int = 1  # of that line
    skipping: bool = False
    walked: bool = False  # all lines are passed; heads of instances behind *compared* remain
    compared: str = ""
    chained: bool = False  # rows of streams behind *proved* remain
    proved: str = ""
    heads: Sequence[Any] = ()

    @classmethod
    def begun(cls, connection: Connection) -> "Walk":
        """Return a check of an office, whose id and founding it needs."""
        walk = cls()
        walk.find_founding(connection)
        return walk

    def find_founding(self, connection: Connection) -> None:
        """Look up which office this is; a row that cannot be read says nothing, and is told when it is compared."""
        for row in chain.from_iterable(FOUNDING.fetched(connection, select(installation))):
            self.installation = str(row[0])
            with suppress(Unreadable):
                _, (made_at,) = FOUNDING.read([row])
                self.founded = plain(datetime.fromisoformat(made_at) + CLOCKS_DIFFER)

    @property
    def report(self) -> HistoryReport:
        """What was found so far."""
        lists = (tuple(self.faults), tuple(self.remarks))
        return HistoryReport(self.streams, self.lines, self.fault_count, *lists, tuple(self.heads))

    def advance(self, reader: Transaction, most: int) -> bool:
        """Pass up to *most* lines, or compare as many heads; whether no chain remains."""
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

    def pass_lines(self, rows: Sequence[Values]) -> list[Line]:
        """Look at the next lines of one stream and give them; nothing if one of them or before them does not fit."""
        stream = STREAM(rows[0])
        if type(stream) is not str:  # comes last: the walk rests before it
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
        """Whether lines of one stream fit all at once, as nearly always; if not, they are looked at one by one."""
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
        """Look at the next line of the stream, and note what does not fit."""
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
            self.skipping = True  # what follows in this stream cannot fit either
        elif line:
            self.head, self.at, self.format = StreamHead(line.seq, hashed), line.at, line.format

    def unreadable(self, row: Any, error: Exception) -> HistoryFault:
        """Return the fault of a line that *error* was raised about."""
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
        if form == 1 and (line.name, line.capacity) != (None, None):  # it knew neither, so no hash is over them
            return HistoryFault(stream, seq, "content", "", f"{line.name} {line.capacity}")
        expected = sha256_of(hashed_text(**facts_of(line)))
        return HistoryFault(stream, seq, "content", expected, hashed) if hashed != expected else None

    def _early(self, line: Line) -> HistoryFault | None:
        """Return the fault of a line that goes back in time unmarked.

        Under format 1 none was marked, and small steps that add up never were: these are remarks.
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


def rows(
    connection: Connection, stream: str | None, behind: tuple[str, int] = ("", 0), most: int | None = None
) -> Iterator[Sequence[Values]]:
    """Give the lines of *stream*, or of all, or up to *most* behind one: some of one stream at once."""
    query = select(history).order_by(history.c.stream, history.c.seq).limit(most)
    if behind[0]:
        line = tuple_(history.c.stream, history.c.seq)
        query = query.where(line > behind if behind[1] >= 0 else history.c.stream > behind[0])
    if stream is not None:
        query = query.where(history.c.stream == stream)
    for part in LINE.fetched(connection, query):
        for its_stream, lines in groupby(part, STREAM):
            if type(its_stream) is not str:  # bytes, which SQLite sorts behind every text: the first of them says it
                yield [next(lines)]
                return
            yield list(lines)


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
