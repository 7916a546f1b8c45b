"""Letter numbers: the counters, and the record of every number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import String, and_, bindparam, cast, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.store.driver_statements import Prepared
from engine.store.queries import Rows, Transaction, some
from engine.store.queries.search import ENTRY, NUMBER
from engine.store.tables import document, instance, number, number_counter


@dataclass(frozen=True, slots=True)
class TakenNumber:
    """A letter number: the field of an instance that has it, or why it is void."""

    series: str
    year: int
    ordinal: int
    text: str
    instance_id: str | None
    place: str
    subject: str
    taken_at: datetime
    taken_by: str
    void_reason: str | None


ROWS = Rows(TakenNumber, number)
OF_INSTANCE = Prepared(
    select(number.c.place, number.c.text, number.c.void_reason)
    .where(number.c.instance_id == bindparam("its_instance"))
    .order_by(number.c.void_reason.is_(None), number.c.year, number.c.ordinal)
)

PRINTED = Prepared(
    select(number.c.ordinal).where(
        number.c.series == bindparam("its_series"),
        number.c.text == bindparam("its_text"),
        number.c.instance_id.is_not(None),
    )
)


def held_by(tx: Transaction, instance_id: str, *, void: bool = True) -> dict[str, str]:
    """Return the numbers of an instance by path of the field; a void one (with *void*) only if no other is in use.

    A new version of a letter keeps its number.
    """
    rows = OF_INSTANCE.rows(tx.connection, {"its_instance": instance_id})
    return {row.place: row.text for row in rows if void or row.void_reason is None}


def next_ordinal(tx: Transaction, series: str, year: int) -> int:
    """Increment the counter of *series* and return it.

    Its row is locked until the transaction ends, so that there are neither duplicates nor gaps.
    """
    dialect = postgresql if tx.connection.dialect.name == "postgresql" else sqlite
    counted = dialect.insert(number_counter).values(series=series, year=year, last=1)
    counted = counted.on_conflict_do_update(
        index_elements=[number_counter.c.series, number_counter.c.year], set_={"last": number_counter.c.last + 1}
    )
    return int(tx.connection.execute(counted.returning(number_counter.c.last)).scalar_one())


def printed(tx: Transaction, series: str, text: str) -> bool:
    """Whether a letter of a series has this number. Of numbers from before Alur, only ordinals are known."""
    return bool(PRINTED.rows(tx.connection, {"its_series": series, "its_text": text}))


def doubles(tx: Transaction, series: str) -> tuple[TakenNumber, ...]:
    """Return the numbers of a series that are on more than one letter, oldest first."""
    its = (number.c.series == series, number.c.instance_id.is_not(None))
    twice = select(number.c.text).where(*its).group_by(number.c.text).having(func.count() > 1)
    query = ROWS.query.where(*its, number.c.text.in_(twice)).order_by(number.c.text, number.c.taken_at)
    return ROWS.every(tx, query)


def add(tx: Transaction, taken: Sequence[TakenNumber]) -> None:
    """Write the rows of taken numbers."""
    tx.connection.execute(insert(number), [ROWS.written(each) for each in taken])


def of_instance(tx: Transaction, instance_id: str) -> tuple[TakenNumber, ...]:
    """Return the numbers of an instance, void ones too."""
    return ROWS.every(tx, ROWS.query.where(number.c.instance_id == instance_id))


def in_use(tx: Transaction, instance_id: str) -> tuple[TakenNumber, ...]:
    """Return the numbers of an instance that are not void."""
    return ROWS.every(tx, ROWS.query.where(number.c.instance_id == instance_id, number.c.void_reason.is_(None)))


def void(tx: Transaction, taken: Sequence[TakenNumber], reason: str) -> None:
    """Mark numbers as void; their rows stay, so that there are no gaps."""
    for each in taken:
        its = (number.c.series == each.series, number.c.year == each.year, number.c.ordinal == each.ordinal)
        tx.connection.execute(update(number).where(*its).values(void_reason=reason))


def counters(tx: Transaction) -> tuple[tuple[str, int, int], ...]:
    """Return (series, year, last ordinal), newest year first."""
    its = number_counter.c
    query = select(its.series, its.year, its.last).order_by(its.year.desc(), its.series)
    return tuple((row[0], row[1], row[2]) for row in tx.connection.execute(query))


def of_series(tx: Transaction, series: str, year: int, *, limit: int, offset: int = 0) -> tuple[TakenNumber, ...]:
    """Return the numbers of a series in a year, highest first."""
    query = ROWS.query.where(number.c.series == series, number.c.year == year)
    return ROWS.every(tx, query.order_by(number.c.ordinal.desc()).limit(limit).offset(offset))


@dataclass(frozen=True, slots=True)
class AgendaFilter:
    """A filter for the agenda of letters."""

    series: str | None = None
    year: int | None = None
    text: str | None = None  # in number, subject, addressee or the instance's title
    first: date | None = None  # of the letters' days
    last: date | None = None
    since: datetime | None = None  # when the number was taken, for letters without a day
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AgendaLine:
    """A number with subject, day and recipient of its letter."""

    series: str
    year: int
    ordinal: int
    text: str
    subject: str
    about: str | None
    day: date | None
    whom: str | None
    instance_id: str | None
    title: str | None
    document_id: str | None
    status: str | None  # of the document
    taken_at: datetime
    void_reason: str | None


LINE = Rows(
    AgendaLine,
    number,
    about=ENTRY.c.title.label("about"),
    day=ENTRY.c.day,
    whom=ENTRY.c.text.label("whom"),
    title=instance.c.title,
    document_id=ENTRY.c.of.label("document_id"),
    status=document.c.status,
)
_KEY = number.c.series + " " + cast(number.c.year, String) + " " + cast(number.c.ordinal, String)
_ITS = and_(ENTRY.c.instance_id == number.c.instance_id, ENTRY.c.kind == NUMBER, ENTRY.c.subject == _KEY)


def agenda(
    tx: Transaction, narrowed: AgendaFilter, *, limit: int, offset: int = 0
) -> tuple[tuple[AgendaLine, ...], bool]:
    """Return numbers of all series with their letters, last taken first, and whether more follow."""
    query = (
        LINE.query.select_from(number).outerjoin(ENTRY, _ITS).outerjoin(instance, instance.c.id == number.c.instance_id)
    )
    query = query.outerjoin(document, document.c.id == ENTRY.c.of)
    asked = {number.c.series: narrowed.series, number.c.year: narrowed.year}
    query = query.where(*(column == wanted for column, wanted in asked.items() if wanted))
    if narrowed.text:
        said = (number.c.text, number.c.subject, number.c.void_reason, ENTRY.c.title, ENTRY.c.text, instance.c.title)
        query = query.where(or_(*(each.icontains(narrowed.text, autoescape=True) for each in said)))
    if narrowed.first and narrowed.since:
        undated = and_(ENTRY.c.day.is_(None), number.c.taken_at >= narrowed.since)
        query = query.where(or_(ENTRY.c.day >= narrowed.first, undated))
    if narrowed.last and narrowed.until:
        undated = and_(ENTRY.c.day.is_(None), number.c.taken_at < narrowed.until)
        query = query.where(or_(ENTRY.c.day <= narrowed.last, undated))
    query = query.order_by(number.c.taken_at.desc(), number.c.series, number.c.year.desc(), number.c.ordinal.desc())
    return some(tx, query, LINE.read, limit, offset)
