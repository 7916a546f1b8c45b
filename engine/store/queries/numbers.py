"""Numbers of letters: the counters that give them out, and the register that accounts for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.store.driver_statements import Prepared
from engine.store.queries import Transaction
from engine.store.tables import number, number_counter


@dataclass(frozen=True, slots=True)
class TakenNumber:
    """One number that was given out: for which field of which instance, or why nobody may use it."""

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


COLUMNS = tuple(number.c[name] for name in TakenNumber.__dataclass_fields__)
OF_INSTANCE = Prepared(select(number.c.place, number.c.text).where(number.c.instance_id == bindparam("its_instance")))

PRINTED = Prepared(
    select(number.c.ordinal).where(
        number.c.series == bindparam("its_series"),
        number.c.text == bindparam("its_text"),
        number.c.instance_id.is_not(None),
    )
)


def held_by(tx: Transaction, instance_id: str) -> dict[str, str]:
    """Return the numbers of an instance by the place that holds each: a new version of a letter keeps its number."""
    return {row.place: row.text for row in OF_INSTANCE.rows(tx.connection, {"its_instance": instance_id})}


def next_ordinal(tx: Transaction, series: str, year: int) -> int:
    """Count *series* on by one and return where it stands.

    The counter's row stays locked until the transaction ends, so that a number is never given twice, and one that was
    not committed is given to the next who asks: there are no gaps.
    """
    dialect = postgresql if tx.connection.dialect.name == "postgresql" else sqlite
    counted = dialect.insert(number_counter).values(series=series, year=year, last=1)
    counted = counted.on_conflict_do_update(
        index_elements=[number_counter.c.series, number_counter.c.year], set_={"last": number_counter.c.last + 1}
    )
    return int(tx.connection.execute(counted.returning(number_counter.c.last)).scalar_one())


def printed(tx: Transaction, series: str, text: str) -> bool:
    """Whether a letter of a series has this text as its number; those given outside are known by ordinal only."""
    return bool(PRINTED.rows(tx.connection, {"its_series": series, "its_text": text}))


def doubles(tx: Transaction, series: str) -> tuple[TakenNumber, ...]:
    """Return the numbers of a series whose text stands on more than one letter, oldest first."""
    its = (number.c.series == series, number.c.instance_id.is_not(None))
    twice = select(number.c.text).where(*its).group_by(number.c.text).having(func.count() > 1)
    query = select(*COLUMNS).where(*its, number.c.text.in_(twice)).order_by(number.c.text, number.c.taken_at)
    return tuple(TakenNumber(*row) for row in tx.connection.execute(query))


def add(tx: Transaction, taken: Sequence[TakenNumber]) -> None:
    """Enter numbers that were given out."""
    tx.connection.execute(insert(number), [{column.name: getattr(n, column.name) for column in COLUMNS} for n in taken])


def in_use(tx: Transaction, instance_id: str) -> tuple[TakenNumber, ...]:
    """Return the numbers of an instance that are not void."""
    query = select(*COLUMNS).where(number.c.instance_id == instance_id, number.c.void_reason.is_(None))
    return tuple(TakenNumber(*row) for row in tx.connection.execute(query))


def void(tx: Transaction, instance_id: str, reason: str) -> None:
    """Declare the numbers of an instance void. They stay in the register: gapless means accounted for."""
    tx.connection.execute(
        update(number)
        .where(number.c.instance_id == instance_id, number.c.void_reason.is_(None))
        .values(void_reason=reason)
    )


def counters(tx: Transaction) -> tuple[tuple[str, int, int], ...]:
    """Return (series, year, last ordinal), newest year first."""
    query = select(number_counter.c.series, number_counter.c.year, number_counter.c.last).order_by(
        number_counter.c.year.desc(), number_counter.c.series
    )
    return tuple((row[0], row[1], row[2]) for row in tx.connection.execute(query))


def of_series(tx: Transaction, series: str, year: int, *, limit: int, offset: int = 0) -> tuple[TakenNumber, ...]:
    """Return the numbers of a series in a year, highest first."""
    query = (
        select(*COLUMNS)
        .where(number.c.series == series, number.c.year == year)
        .order_by(number.c.ordinal.desc())
        .limit(limit)
        .offset(offset)
    )
    return tuple(TakenNumber(*row) for row in tx.connection.execute(query))
