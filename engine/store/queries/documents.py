"""Documents of instances: versions, parts, attachments, comments."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, func, insert, or_, select, union, update

from engine.model.history import Action
from engine.model.lists import Page, Place
from engine.model.work import Attachment, DocumentPart, DocumentStatus, DocumentVersion
from engine.store.driver_statements import Prepared
from engine.store.queries import Rows, Transaction, drafts, histories, paging
from engine.store.tables import (
    archive,
    attachment,
    comment,
    document,
    document_part,
    history,
    instance,
    number,
    rendering,
    signature,
)

ROWS, FILE = Rows(DocumentVersion, document, but=("parts", "last")), Rows(Attachment, attachment)
PARTS = (document_part.c.document_id, *(document_part.c[name] for name in DocumentPart.__dataclass_fields__))


STANDS = document.c.status != DocumentStatus.VOID.value


def _versions(rows: Sequence[Any]) -> tuple[DocumentVersion, ...]:
    """Return versions from rows joined with their parts, in the order of the rows."""
    facts: dict[str, dict[str, Any]] = {}
    parts: dict[str, list[DocumentPart]] = {}
    width = len(ROWS.columns)
    for row in rows:
        own = ROWS.facts(row)
        facts.setdefault(own["id"], own)
        if row[width] is not None:
            parts.setdefault(own["id"], []).append(DocumentPart(*row[width + 1 : width + len(PARTS)]))
    return tuple(DocumentVersion(**own, parts=tuple(parts.get(id_, ()))) for id_, own in facts.items())


_newest = (
    select(
        document.c.data_object_id,
        func.max(document.c.version).label("last"),
        func.coalesce(func.max(document.c.version).filter(STANDS), func.max(document.c.version)).label("version"),
    )
    .where(document.c.instance_id == bindparam("its_instance"))
    .group_by(document.c.data_object_id)
    .subquery()
)
WHOLE = select(*ROWS.columns, *(column.label(f"p_{column.name}") for column in PARTS)).outerjoin(
    document_part, document_part.c.document_id == document.c.id
)
INSERT, INSERT_PART = Prepared(insert(document)), Prepared(insert(document_part))
CURRENT = Prepared(
    WHOLE.add_columns(_newest.c.last)
    .join(_newest, and_(_newest.c.data_object_id == document.c.data_object_id, _newest.c.version == document.c.version))
    .where(document.c.instance_id == bindparam("its_instance"))
    .order_by(document.c.created_at, document.c.data_object_id, document_part.c.item)
)


def current(tx: Transaction, instance_id: str) -> dict[str, DocumentVersion]:
    """Return the newest version of each document of an instance by data object id; a void one if there is no other."""
    rows = CURRENT.rows(tx.connection, {"its_instance": instance_id})
    last = {row.data_object_id: row.last for row in rows}
    return {its.data_object_id: replace(its, last=last[its.data_object_id]) for its in _versions(rows)}


def of_instance(tx: Transaction, instance_id: str) -> tuple[DocumentVersion, ...]:
    """Return every version of every document of an instance, oldest first."""
    order = (document.c.created_at, document.c.data_object_id, document.c.version, document_part.c.item)
    return _versions(tx.connection.execute(WHOLE.where(document.c.instance_id == instance_id).order_by(*order)).all())


def by_id(tx: Transaction, document_id: str) -> DocumentVersion | None:
    """Return one version with its parts."""
    query = WHOLE.where(document.c.id == document_id).order_by(document_part.c.item)
    found = _versions(tx.connection.execute(query).all())
    return found[0] if found else None


OF_NUMBER = and_(
    number.c.instance_id == document.c.instance_id, number.c.place.startswith(document.c.data_object_id + ".")
)
NUMBER = func.coalesce(func.min(number.c.text).filter(number.c.void_reason.is_(None)), func.max(number.c.text))
LISTED: dict[str, Any] = {
    "title": instance.c.title,
    "number": select(NUMBER).where(OF_NUMBER).scalar_subquery().label("number"),
    "called": histories.name_then(document.c.created_by, document.c.created_at).label("called"),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A version of a document in a list, without its content."""

    id: str
    instance_id: str
    title: str  # of its instance
    data_object_id: str
    name: str
    version: int
    status: DocumentStatus
    created_at: datetime
    created_by: str
    issued_at: datetime | None
    number: str | None
    called: str | None  # name of the maker at the time


LIST = Rows(Listed, document, **LISTED)
SORTS = {
    name: [(column, falls), (document.c.id, False)]
    for name, column, falls in (
        ("new", document.c.created_at, True),
        ("old", document.c.created_at, False),
        ("name", document.c.name, False),
    )
}


def search(
    tx: Transaction, seen: ColumnElement[bool] | None, narrowed: Mapping[str, str], *, place: Place | None, limit: int
) -> Page[Listed]:
    """Return one page of the versions of documents in the instances that *seen* selects.

    *narrowed* may have ``text`` (in the instance's title or a letter number), ``name``, ``status``, ``process_id`` and
    ``sort``: "new", "old" or "name".
    """
    query = LIST.query.join(instance, instance.c.id == document.c.instance_id)
    query = query if seen is None else query.where(seen)
    if text := narrowed.get("text"):
        of_number = exists().where(OF_NUMBER, number.c.text.icontains(text, autoescape=True))
        query = query.where(or_(instance.c.title.icontains(text, autoescape=True), of_number))
    asked = {name: narrowed.get(name) for name in ("name", "status")}
    query = query.where(*(document.c[name] == wanted for name, wanted in asked.items() if wanted))
    if process_id := narrowed.get("process_id"):
        query = query.where(instance.c.process_id == process_id)
    return paging.page(tx, query, SORTS[narrowed.get("sort") or "new"], LIST.read, place, limit)


def kinds(tx: Transaction) -> tuple[str, ...]:
    """Return the distinct names of documents."""
    return tuple(tx.connection.scalars(select(document.c.name).distinct().order_by(document.c.name)))


def add(tx: Transaction, versions: Sequence[DocumentVersion]) -> None:
    """Write new versions and their parts."""
    if not versions:
        return
    INSERT.run(tx.connection, [ROWS.written(version) for version in versions])
    add_parts(tx, [(v, part) for v in versions for part in v.parts])


def add_parts(tx: Transaction, parts: Sequence[tuple[DocumentVersion, DocumentPart]]) -> None:
    """Write parts of versions."""
    if parts:
        of = [{"document_id": version.id, "instance_id": version.instance_id} for version, _ in parts]
        INSERT_PART.run(tx.connection, [its | asdict(part) for its, (_, part) in zip(of, parts, strict=True)])


def drop_part(tx: Transaction, document_id: str, item: str) -> None:
    """Delete an item's part from a draft, before its new part is written."""
    its = (document_part.c.document_id == document_id, document_part.c.item == item)
    tx.connection.execute(delete(document_part).where(*its))


def change(tx: Transaction, ids: Sequence[str], **values: Any) -> None:
    """Change the rows of versions."""
    if ids:
        tx.connection.execute(update(document).where(document.c.id.in_(ids)).values(**values))


def void(tx: Transaction, instance_id: str) -> None:
    """Void all versions of an instance's documents, including replaced ones."""
    void = {"status": DocumentStatus.VOID.value}
    tx.connection.execute(update(document).where(document.c.instance_id == instance_id).values(void))


# ── attachments ─────────────────────────────────────────────────────────────────────────────────────────────────────


def stage(tx: Transaction, staged: Attachment) -> None:
    """Write the row of an uploaded file; it belongs to no instance until its form is accepted."""
    tx.connection.execute(insert(attachment), FILE.written(staged))


def staged_by(tx: Transaction, person_id: str) -> tuple[int, int]:
    """Return the number and the total bytes of a person's uploads that belong to no instance yet."""
    query = select(func.count(), func.coalesce(func.sum(attachment.c.size), 0))
    query = query.where(attachment.c.uploaded_by == person_id, attachment.c.instance_id.is_(None))
    count, size = tx.connection.execute(query).one()
    return count, int(size)


def attachments(tx: Transaction, ids: Collection[str]) -> dict[str, Attachment]:
    """Return files by id."""
    if not ids:
        return {}
    return {file.id: file for file in FILE.every(tx, FILE.query.where(attachment.c.id.in_(ids)))}


def attachments_of(tx: Transaction, instance_id: str) -> tuple[Attachment, ...]:
    """Return the files of an instance."""
    query = FILE.query.where(attachment.c.instance_id == instance_id)
    return FILE.every(tx, query.order_by(attachment.c.uploaded_at, attachment.c.id))


def loose(tx: Transaction, instance_id: str) -> tuple[Attachment, ...]:
    """Return the files of an instance that no form and no signature holds."""
    signed = exists().where(signature.c.instance_id == instance_id, signature.c.attachment_id == attachment.c.id)
    query = FILE.query.where(attachment.c.instance_id == instance_id, attachment.c.task_id.is_(None), ~signed)
    return FILE.every(tx, query.order_by(attachment.c.uploaded_at, attachment.c.id))


def attach(tx: Transaction, ids: Collection[str], instance_id: str) -> None:
    """Assign uploads to an instance."""
    if ids:
        staged = (attachment.c.id.in_(ids), attachment.c.instance_id.is_(None))
        tx.connection.execute(update(attachment).where(*staged).values(instance_id=instance_id))


def give_staged(tx: Transaction, ids: Collection[str], giver: str, receiver: str) -> None:
    """Give uploads of *giver* to *receiver*, who takes over the draft with them."""
    theirs = and_(attachment.c.id.in_(ids), attachment.c.instance_id.is_(None), attachment.c.uploaded_by == giver)
    tx.connection.execute(update(attachment).where(theirs).values(uploaded_by=receiver))


def forget_staged(tx: Transaction, before: datetime) -> None:
    """Delete rows of unused uploads from *before* that instant, unless there is a draft of their task."""
    unused = and_(attachment.c.instance_id.is_(None), attachment.c.uploaded_at < before)
    drafted = drafts.is_there(attachment.c.task_id, attachment.c.uploaded_by)
    tx.connection.execute(delete(attachment).where(unused, ~drafted))


def hashes_held(tx: Transaction, hashes: Collection[str]) -> set[str]:
    """Return those of *hashes* that occur in a row."""
    held = union(
        select(attachment.c.sha256).where(attachment.c.sha256.in_(hashes)),
        select(rendering.c.sha256).where(rendering.c.sha256.in_(hashes)),
        select(archive.c.sha256).where(archive.c.sha256.in_(hashes)),
    )
    return set(tx.connection.scalars(held))


# ── comments ────────────────────────────────────────────────────────────────────────────────────────────────────────


def add_comment(tx: Transaction, id_: str, instance_id: str, text: str, by: str, now: datetime) -> None:
    """Write a comment."""
    facts = {"id": id_, "instance_id": instance_id, "text": text, "written_at": now, "written_by": by}
    tx.connection.execute(insert(comment), facts)


def comments(tx: Transaction, instance_id: str) -> tuple[tuple[str, datetime, str, str | None], ...]:
    """Return the comments of an instance as (who, when, text, element that it is about), oldest first."""
    its = (history.c.stream == f"instance:{instance_id}", history.c.action == Action.COMMENT_ADDED.value)
    same = (history.c.at == comment.c.written_at, history.c.actor == comment.c.written_by)
    about = select(history.c.element_id).where(*its, *same).limit(1).scalar_subquery()
    query = select(comment.c.written_by, comment.c.written_at, comment.c.text, about)
    query = query.where(comment.c.instance_id == instance_id).order_by(comment.c.written_at, comment.c.id)
    return tuple((row[0], row[1], row[2], row[3]) for row in tx.connection.execute(query))
