"""Signatures of documents, and the signed copies that are still to be filed."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, insert, literal_column, update

from engine.model.signatures import Mode, Signature
from engine.model.work import DocumentStatus
from engine.store.queries import Rows, Transaction, changed
from engine.store.tables import document, signature

ROWS = Rows(Signature, signature)
IN_ORDER = (signature.c.signed_at, signature.c.id)


def add(tx: Transaction, signatures: Sequence[Signature]) -> None:
    """Write new signatures."""
    tx.connection.execute(insert(signature), [ROWS.written(each) for each in signatures])


def file(tx: Transaction, filed: Signature) -> bool:
    """Write the file of a signature; return False if it has one already."""
    unfiled = update(signature).where(signature.c.id == filed.id, signature.c.file_sha256.is_(None))
    file = {"attachment_id": filed.attachment_id, "file_sha256": filed.file_sha256, "detail": filed.detail}
    return changed(tx, unfiled.values(file)) == 1


def by_id(tx: Transaction, id_: str) -> Signature | None:
    """Return the signature with this id."""
    return ROWS.one(tx, ROWS.query.where(signature.c.id == id_))


def of_document(tx: Transaction, document_id: str) -> tuple[Signature, ...]:
    """Return the signatures of a version, in the order of signing."""
    return ROWS.every(tx, ROWS.query.where(signature.c.document_id == document_id).order_by(*IN_ORDER))


def of_instance(tx: Transaction, instance_id: str) -> tuple[Signature, ...]:
    """Return the signatures of all documents of an instance, in the order of signing."""
    return ROWS.every(tx, ROWS.query.where(signature.c.instance_id == instance_id).order_by(*IN_ORDER))


def unfiled() -> ColumnElement[bool]:
    """Return the condition that a signature, joined with its document, lacks its file and the document is valid."""
    over = (DocumentStatus.REPLACED.value, DocumentStatus.VOID.value)
    # a literal, because the partial index does not match a parameter
    internal: ColumnElement[str] = literal_column(f"'{Mode.INTERNAL}'")
    by_file = and_(signature.c.mode != internal, signature.c.file_sha256.is_(None))
    return and_(by_file, document.c.status.not_in(over))


def by_file(tx: Transaction, sha256: Sequence[str]) -> tuple[Signature, ...]:
    """Return the signatures whose file has one of these hashes; a scan may have signatures of several documents."""
    return ROWS.every(tx, ROWS.query.where(signature.c.file_sha256.in_(sha256)).order_by(*IN_ORDER))
