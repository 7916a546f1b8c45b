"""Signatures: who signed which version, and which files of them are still to come."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, insert, literal_column, select, update

from engine.model.signatures import Mode, Signature
from engine.model.work import DocumentStatus
from engine.store.queries import Transaction, one
from engine.store.tables import document, signature

COLUMNS = tuple(signature.c[name] for name in Signature.__dataclass_fields__)
IN_ORDER = (signature.c.signed_at, signature.c.id)


def _signature(row: Sequence[Any]) -> Signature:
    values = dict(zip(Signature.__dataclass_fields__, row, strict=True))
    return Signature(**{**values, "mode": Mode(values["mode"])})


def add(tx: Transaction, signatures: Sequence[Signature]) -> None:
    """Write new signatures."""
    if signatures:
        values = [{name: getattr(each, name) for name in Signature.__dataclass_fields__} for each in signatures]
        tx.connection.execute(insert(signature), [{**row, "mode": row["mode"].value} for row in values])


def file(tx: Transaction, filed: Signature) -> bool:
    """Write the file of a signature that had none; False if somebody else filed one meanwhile."""
    changed = tx.connection.execute(
        update(signature)
        .where(signature.c.id == filed.id, signature.c.file_sha256.is_(None))
        .values(attachment_id=filed.attachment_id, file_sha256=filed.file_sha256, detail=filed.detail)
    )
    return changed.rowcount == 1


def by_id(tx: Transaction, id_: str) -> Signature | None:
    """Return one signature."""
    return one(tx, select(*COLUMNS).where(signature.c.id == id_), _signature)


def of_document(tx: Transaction, document_id: str) -> tuple[Signature, ...]:
    """Return the signatures of a version, in the order of signing."""
    query = select(*COLUMNS).where(signature.c.document_id == document_id).order_by(*IN_ORDER)
    return tuple(_signature(row) for row in tx.connection.execute(query))


def of_instance(tx: Transaction, instance_id: str) -> tuple[Signature, ...]:
    """Return the signatures of all documents of an instance, in the order of signing."""
    query = select(*COLUMNS).where(signature.c.instance_id == instance_id).order_by(*IN_ORDER)
    return tuple(_signature(row) for row in tx.connection.execute(query))


def unfiled() -> ColumnElement[bool]:
    """Return the condition on a signature, joined with its document, that its file is to come: on paper that counts."""
    over = (DocumentStatus.REPLACED.value, DocumentStatus.VOID.value)
    internal: ColumnElement[str] = literal_column(
        f"'{Mode.INTERNAL}'"
    )  # as the index says it: a parameter would not find that
    by_file = and_(signature.c.mode != internal, signature.c.file_sha256.is_(None))
    return and_(by_file, document.c.status.not_in(over))


def by_file(tx: Transaction, sha256: Sequence[str]) -> tuple[Signature, ...]:
    """Return the signatures whose filed file is one of these: one scan may carry those of several documents."""
    query = select(*COLUMNS).where(signature.c.file_sha256.in_(sha256)).order_by(*IN_ORDER)
    return tuple(_signature(row) for row in tx.connection.execute(query))
