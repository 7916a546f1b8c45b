"""Saved filters of lists. They change no instance, so history does not record them."""

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update

from engine.model.lists import SavedFilter
from engine.model.people import Actor
from engine.store.queries import Rows, Transaction
from engine.store.tables import saved_filter

ROWS = Rows(SavedFilter, saved_filter)


def of(tx: Transaction, actor: Actor, list_: str) -> tuple[SavedFilter, ...]:
    """Return the filters of a list that *actor* made for themselves or that their lanes share, by name."""
    query = ROWS.query.where(saved_filter.c.list == list_, _seen(actor))
    return ROWS.every(tx, query.order_by(func.lower(saved_filter.c.name), saved_filter.c.id))


def by_id(tx: Transaction, actor: Actor, id_: str) -> SavedFilter | None:
    """Return the filter with this id if *actor* sees it."""
    return ROWS.one(tx, ROWS.query.where(saved_filter.c.id == id_, _seen(actor)))


def count(tx: Transaction, actor: Actor) -> int:
    """Return the number of filters that *actor* made."""
    query = select(func.count()).select_from(saved_filter).where(saved_filter.c.owner == actor.person_id)
    return tx.connection.scalar(query) or 0


def add(tx: Transaction, made: SavedFilter) -> None:
    """Write a new filter."""
    tx.connection.execute(insert(saved_filter), ROWS.written(made))


def change(tx: Transaction, id_: str, name: str | None) -> None:
    """Rename a filter; None deletes it."""
    its = saved_filter.c.id == id_
    tx.connection.execute(
        delete(saved_filter).where(its) if name is None else update(saved_filter).where(its).values(name=name)
    )


def _seen(actor: Actor) -> ColumnElement[bool]:
    own = and_(saved_filter.c.role.is_(None), saved_filter.c.owner == actor.person_id)
    return or_(own, saved_filter.c.role.in_(sorted(actor.roles)))
