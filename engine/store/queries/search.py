"""The index of the search: entries made from the rows of instances, outside of the record and of backups.

The worker rewrites the entries of an instance when its history has grown. SQLite finds words by FTS5, PostgreSQL by a
``tsvector``; both get the same words (``engine.model.words``). Marks of roles and people narrow a search to the entries
that a person may see; the conditions of the pages decide.
"""

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    and_,
    case,
    cast,
    delete,
    exc,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from engine.model.errors import AlurError
from engine.model.people import Actor
from engine.model.words import Asked, joined, mark
from engine.store.queries import Rows, Transaction
from engine.store.queries.instances import takes_part
from engine.store.queries.tasks import readable
from engine.store.tables import document, history, instance, person, task

INSTANCE, TASK, DOCUMENT, NUMBER = "instance", "task", "document", "number"
ENTRY = Table(
    "search_entry",
    MetaData(),  # not that of the office
    Column("id", BigInteger, primary_key=True),
    Column("instance_id", String(36)),
    Column("kind", String(10)),
    Column("subject", String(150)),  # id of the instance, task or document; series, year and ordinal of a number
    Column("of", String(200)),  # of a document: the part's owner; of a number: its document
    Column("day", Date),  # of a letter
    Column("title", Text),
    Column("text", Text),
    Column("said", Text),  # its words
    Column("seq", Integer),  # the instance's last history line at the time of writing
)
FTS = Table("search_words", ENTRY.metadata, *(Column(name) for name in ("rowid", "search_words", "said")))
ITS = task.alias("its_task")
MOST_NAMED, SECONDS = 20, 2.0


class TooSlow(AlurError):
    """A search took too long."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry about an instance."""

    instance_id: str
    kind: str
    subject: str
    title: str
    text: str
    said: str
    seq: int
    of: str | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A found entry, with present facts."""

    kind: str
    subject: str
    instance_id: str
    title: str
    text: str
    instance: str
    instance_status: str
    status: str | None  # of a document or task


HIT = Rows(
    Hit,
    ENTRY,
    instance=instance.c.title.label("called"),
    instance_status=instance.c.status.label("stands"),
    status=func.coalesce(document.c.status, ITS.c.status).label("status"),
)
FOUND = (
    HIT.query.select_from(ENTRY)
    .join(instance, instance.c.id == ENTRY.c.instance_id)
    .outerjoin(document, and_(ENTRY.c.kind == DOCUMENT, document.c.id == ENTRY.c.subject))
    .outerjoin(ITS, and_(ENTRY.c.kind == TASK, ITS.c.id == ENTRY.c.subject))
)


def find(
    tx: Transaction,
    actor: Actor,
    sought: Sequence[Asked],
    kind: str,
    limit: int,
    offset: int,
    numbers: Sequence[str] = (),
) -> tuple[Hit, ...]:
    """Return entries of a *kind* that a person may see, those with all *numbers* in the title first, then last moved.

    Longer words that begin with those sought are tried only if whole words find too little, since the database must
    then read all matches before it returns the newest.
    """
    whole = [replace(each, begins=False) for each in sought]
    found = _find(tx, actor, whole, kind, limit, offset, numbers)
    return found if len(found) == limit else _find(tx, actor, sought, kind, limit, offset, numbers)


def _find(
    tx: Transaction, actor: Actor, sought: Sequence[Asked], kind: str, limit: int, offset: int, numbers: Sequence[str]
) -> tuple[Hit, ...]:
    """Return the entries of a *kind* that a person may see.

    For parts of documents their marks decide, since the version of the procedure says who reads others' parts.
    """
    query, who = FOUND, (f"@{actor.person_id}", *sorted(actor.roles))
    words = [[each, *_named(tx, each)] for each in sought] + [_marks(kind)]
    if not actor.reads_everything:
        query = query.where(takes_part(actor))
        words.append(_marks(*who))
    if kind == TASK:
        query = query.where(readable(actor, ITS))
        words.append(_marks(*(f"task:{each}" for each in who)))
    elif kind == DOCUMENT and not actor.reads_everything:
        words.append(_marks("whole", *(f"part:{each}" for each in who)))
    if numbers:  # a letter with the number comes before texts that quote it
        query = query.order_by(
            case((and_(*(ENTRY.c.title.icontains(e, autoescape=True) for e in numbers)), 0), else_=1)
        )
    if tx.connection.dialect.name == "sqlite":
        asked = " AND ".join(f"({' OR '.join(_quoted(each, chr(34), '*') for each in group)})" for group in words)
        query = query.join(FTS, FTS.c.rowid == ENTRY.c.id).where(literal_column("search_words").op("MATCH")(asked))
        query = query.order_by(FTS.c.rowid.desc())
    else:
        asked = " & ".join(f"({' | '.join(_quoted(each, chr(39), ':*') for each in group)})" for group in words)
        query = query.where(literal_column("search_entry.words").op("@@")(cast(asked, TSQUERY)))
        query = query.order_by(ENTRY.c.id.desc())
    with _limited(tx):
        return HIT.every(tx, query.limit(limit).offset(offset))


def _marks(*names: str) -> list[Asked]:
    return [Asked(mark(each), begins=False) for each in names]


def _quoted(word: Asked, quote: str, begins: str) -> str:
    return f"{quote}{word.text}{quote}{begins if word.begins else ''}"


def _named(tx: Transaction, word: Asked) -> Iterator[Asked]:
    """Yield the accounts of people with this name today, since entries have no names."""
    if word.begins:
        query = select(person.c.id).where(person.c.name.icontains(word.text, autoescape=True)).limit(MOST_NAMED)
        yield from (Asked(joined(id_), begins=False) for id_ in tx.connection.scalars(query))


@contextmanager
def _limited(tx: Transaction) -> Iterator[None]:
    """Raise TooSlow after SECONDS."""
    driver: Any = tx.connection.connection.driver_connection
    sqlite = tx.connection.dialect.name == "sqlite"
    end = time.monotonic() + SECONDS
    try:
        if sqlite:
            driver.set_progress_handler(lambda: time.monotonic() > end, 10_000)
        else:
            tx.connection.exec_driver_sql(f"SET LOCAL statement_timeout = {SECONDS * 1000:.0f}")
        yield
    except exc.OperationalError as error:
        raise TooSlow from error
    finally:
        if sqlite:
            driver.set_progress_handler(None, 0)


def due(tx: Transaction, since: datetime, limit: int, *, whole: bool) -> list[str]:
    """Return instances with outdated entries: of those that moved *since* that instant, or with *whole* of all."""
    own = and_(ENTRY.c.instance_id == instance.c.id, ENTRY.c.kind == INSTANCE)
    behind = or_(ENTRY.c.seq.is_(None), ENTRY.c.seq != instance.c.history_seq)
    query = select(instance.c.id).outerjoin(ENTRY, own).where(behind)
    moved = select(history.c.instance_id).where(history.c.at >= since, history.c.instance_id.is_not(None))
    found = list(tx.connection.scalars(query.where(instance.c.id.in_(moved)).limit(limit)))
    if whole and len(found) < limit:
        rest = query.where(instance.c.id.not_in(found)).order_by(instance.c.changed_at)
        found += tx.connection.scalars(rest.limit(limit - len(found)))
    return found


def keep(tx: Transaction, instance_ids: Collection[str], entries: Sequence[Entry]) -> None:
    """Replace the entries of instances; SQLite's triggers may not write to FTS5, so its words are written here."""
    theirs = ENTRY.c.instance_id.in_(instance_ids)
    words = select(literal("delete"), ENTRY.c.id, ENTRY.c.said).where(theirs)
    sqlite = tx.connection.dialect.name == "sqlite"
    if sqlite:
        tx.connection.execute(insert(FTS).from_select(["search_words", "rowid", "said"], words))
    tx.connection.execute(delete(ENTRY).where(theirs))
    tx.connection.execute(insert(ENTRY), [asdict(each) for each in entries])
    if sqlite:
        new = select(ENTRY.c.id, ENTRY.c.said).where(theirs)
        tx.connection.execute(insert(FTS).from_select(["rowid", "said"], new))
