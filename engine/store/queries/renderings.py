"""Renderings of documents: due ones, and made ones by document, code or hash."""

from collections.abc import Sequence

from sqlalchemy import insert, select, update

from engine.model.renderings import Rendering, RenderingStatus
from engine.store.driver_statements import Prepared
from engine.store.queries import Rows, Transaction, changed, jobs
from engine.store.tables import rendering

ROWS = Rows(Rendering, rendering)
IN_ORDER = (rendering.c.document_id, rendering.c.format, rendering.c.part)
INSERT = Prepared(insert(rendering))


def add(tx: Transaction, renderings: Sequence[Rendering]) -> None:
    """Write new renderings, and jobs for the due ones."""
    if renderings:
        INSERT.run(tx.connection, [ROWS.written(each) for each in renderings])
    jobs.due(tx, jobs.PAPER, (each.document_id for each in renderings if each.status is RenderingStatus.DUE))


def due(tx: Transaction, limit: int) -> tuple[str, ...]:
    """Return the ids of documents with due renderings, longest due first."""
    query = select(rendering.c.document_id).where(rendering.c.status == RenderingStatus.DUE.value)
    return tuple(dict.fromkeys(tx.connection.scalars(query.order_by(rendering.c.due_at).limit(limit))))


def of_document(tx: Transaction, document_id: str) -> tuple[Rendering, ...]:
    """Return the renderings of a version, the whole document before its parts."""
    return ROWS.every(tx, ROWS.query.where(rendering.c.document_id == document_id).order_by(*IN_ORDER))


def of_instance(tx: Transaction, instance_id: str) -> tuple[Rendering, ...]:
    """Return the renderings of an instance's documents."""
    return ROWS.every(tx, ROWS.query.where(rendering.c.instance_id == instance_id).order_by(*IN_ORDER))


def change(tx: Transaction, made: Rendering) -> bool:
    """Write the new state of a rendering; return False if another worker has made it."""
    its, values = {column.name for column in rendering.primary_key}, ROWS.written(made)
    same = [rendering.c[name] == values.pop(name) for name in sorted(its)]
    unmade = update(rendering).where(*same, rendering.c.status != RenderingStatus.MADE.value)
    return changed(tx, unmade.values(values)) == 1


def by_code(tx: Transaction, code: str) -> Rendering | None:
    """Return the rendering with *code*."""
    return ROWS.one(tx, ROWS.query.where(rendering.c.code == code))


def by_sha256(tx: Transaction, sha256: Sequence[str]) -> tuple[Rendering, ...]:
    """Return the renderings whose file has one of these hashes."""
    return ROWS.every(tx, ROWS.query.where(rendering.c.sha256.in_(sha256)))
