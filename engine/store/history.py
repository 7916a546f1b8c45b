"""History's lines in the database: numbered, hashed and appended in one insert.

An instance's row has the head of its stream (number and hash of the last line), so that appending needs no query and a
missing tail is noticed. The head of other streams is queried. If their last lines are deleted, rows without a line
reveal it (``engine.store.proof``); otherwise only a comparison with copies outside of the machine does.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, func, insert, select, tuple_

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
from engine.store.tables import history, installation

INSTANCE, OFFICE = "instance:", "office"
AT_ONCE = 500
INSERT = Prepared(insert(history))


@dataclass(frozen=True, slots=True)
class StreamHead:
    """Where a stream ends: the number, hash and instant of its last line."""

    seq: int = 0
    hash: str = GENESIS
    at: datetime | None = None


class KeepsHead(Protocol):
    """An object with the head of an instance's stream: its row, its record, an :class:`InstanceHead`."""

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
    """The head of an instance's stream; the defaults are those of an instance about to start."""

    id: str
    history_seq: int = 0
    history_hash: str = GENESIS
    history_at: datetime | None = None


def installation_of(connection: Connection) -> str | None:
    """Return the id of the installation; None before its first line of format 2."""
    return connection.scalar(select(installation.c.id))


def start_of(connection: Connection, stream: str, form: int) -> str:
    """Return the hash before a stream's first line, which has the format *form*."""
    return GENESIS if form == 1 else genesis(installation_of(connection) or "", stream)


def lines_after(
    head: StreamHead, stream: str, deeds: Sequence[HistoryEvent], actor: Actor, now: datetime, instance_id: str | None
) -> list[HistoryLine]:
    """Return *deeds* as the lines after *head*, numbered and hashed; nothing else does this.

    If the clock was set back since *head*, another line before them marks it.
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
    INSERT.run(connection, [_row(line) for line in lines])


def head_of(connection: Connection, stream: str) -> StreamHead:
    """Return the head of *stream*. On PostgreSQL, its writers wait here until the one before has committed."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("alur.history"), func.hashtext(stream))))
    last = select(history.c.seq, history.c.hash, history.c.at).where(history.c.stream == stream)
    row = connection.execute(last.order_by(history.c.seq.desc()).limit(1)).first()
    return StreamHead(*row) if row else StreamHead()


def heads_of(connection: Connection) -> tuple[int, int, str]:
    """Return the number of lines and of streams, and one hash over all heads, to be printed.

    It is the SHA-256 of ``<stream> <seq> <hash>`` and a line feed for each stream, in byte order of the names.
    """
    last, count = func.max(history.c.seq).label("seq"), func.count().label("lines")
    ends = select(history.c.stream, last, count).group_by(history.c.stream).subquery()
    order = ends.c.stream.collate("C" if connection.dialect.name == "postgresql" else "BINARY")
    its = tuple_(history.c.stream, history.c.seq) == tuple_(ends.c.stream, ends.c.seq)
    query = select(ends, history.c.hash).join(history, its)
    lines, streams, digest = 0, 0, hashlib.sha256()
    for stream, seq, its_lines, hashed in connection.execute(
        query.order_by(order), execution_options={"yield_per": AT_ONCE}
    ):
        digest.update(f"{stream} {seq} {hashed}\n".encode())
        lines, streams = lines + its_lines, streams + 1
    return lines, streams, digest.hexdigest()


def _row(line: HistoryLine) -> dict[str, Any]:
    return {column.name: getattr(line, column.name) for column in history.c}
