"""Renderings: which are due, and which file is which version of which document."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, insert, select, update

from engine.model.renderings import Rendering, RenderingStatus
from engine.store.driver_statements import Prepared
from engine.store.queries import Transaction, one
from engine.store.tables import rendering

COLUMNS = tuple(rendering.c[name] for name in Rendering.__dataclass_fields__)
INSERT = Prepared(insert(rendering))


def _rendering(row: Sequence[Any]) -> Rendering:
    values = dict(zip(Rendering.__dataclass_fields__, row, strict=True))
    return Rendering(**{**values, "status": RenderingStatus(values["status"])})


def _values(found: Rendering) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Rendering.__dataclass_fields__} | {"status": found.status.value}


def add(tx: Transaction, renderings: Sequence[Rendering]) -> None:
    """Write new renderings in one statement."""
    if renderings:
        INSERT.run(tx.connection, [_values(each) for each in renderings])


def due(tx: Transaction, limit: int) -> tuple[str, ...]:
    """Return the documents that have renderings to be made, longest due first."""
    query = (
        select(rendering.c.document_id)
        .where(rendering.c.status == RenderingStatus.DUE.value)
        .order_by(rendering.c.due_at)
        .limit(limit)
    )
    return tuple(dict.fromkeys(tx.connection.scalars(query)))


def of_document(tx: Transaction, document_id: str) -> tuple[Rendering, ...]:
    """Return the renderings of a version, the whole before its parts."""
    query = (
        select(*COLUMNS).where(rendering.c.document_id == document_id).order_by(rendering.c.format, rendering.c.part)
    )
    return tuple(_rendering(row) for row in tx.connection.execute(query))


def of_instance(tx: Transaction, instance_id: str) -> tuple[Rendering, ...]:
    """Return the renderings of every version of an instance."""
    query = (
        select(*COLUMNS)
        .where(rendering.c.instance_id == instance_id)
        .order_by(rendering.c.document_id, rendering.c.format, rendering.c.part)
    )
    return tuple(_rendering(row) for row in tx.connection.execute(query))


def change(tx: Transaction, made: Rendering) -> bool:
    """Write what became of a rendering that was not made yet; False if somebody else made it meanwhile."""
    its = {column.name for column in rendering.primary_key}
    changed = tx.connection.execute(
        update(rendering)
        .where(
            and_(*(rendering.c[name] == getattr(made, name) for name in sorted(its))),
            rendering.c.status != RenderingStatus.MADE.value,
        )
        .values(**{name: value for name, value in _values(made).items() if name not in its})
    )
    return changed.rowcount == 1


def by_code(tx: Transaction, code: str) -> Rendering | None:
    """Return the rendering that carries *code*."""
    return one(tx, select(*COLUMNS).where(rendering.c.code == code), _rendering)


def by_sha256(tx: Transaction, sha256: Sequence[str]) -> tuple[Rendering, ...]:
    """Return the made renderings whose file is one of these."""
    return tuple(map(_rendering, tx.connection.execute(select(*COLUMNS).where(rendering.c.sha256.in_(sha256)))))


def failed(tx: Transaction, limit: int) -> tuple[Rendering, ...]:
    """Return renderings that could not be made, newest first."""
    query = (
        select(*COLUMNS)
        .where(rendering.c.status == RenderingStatus.FAILED.value)
        .order_by(rendering.c.due_at.desc())
        .limit(limit)
    )
    return tuple(_rendering(row) for row in tx.connection.execute(query))
