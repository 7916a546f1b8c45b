"""Documents of instances: versions, parts, attachments, comments."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, func, insert, or_, select, union, update

from engine.model.work import Attachment, DocumentPart, DocumentStatus, DocumentVersion
from engine.store.driver_statements import Prepared
from engine.store.queries import Transaction, drafts, histories, some
from engine.store.tables import archive, attachment, comment, document, document_part, instance, number, rendering

COLUMNS = tuple(document.c[name] for name in DocumentVersion.__dataclass_fields__ if name != "parts")
PARTS = (document_part.c.document_id, *(document_part.c[name] for name in DocumentPart.__dataclass_fields__))
FILES = tuple(attachment.c[name] for name in Attachment.__dataclass_fields__)


def _versions(rows: Sequence[Any]) -> tuple[DocumentVersion, ...]:
    """Return versions from rows joined with their parts, in the rows' order."""
    facts: dict[str, dict[str, Any]] = {}
    parts: dict[str, list[DocumentPart]] = {}
    width = len(COLUMNS)
    for row in rows:
        own = {column.name: value for column, value in zip(COLUMNS, row, strict=False)}
        own["status"] = DocumentStatus(own["status"])
        facts.setdefault(own["id"], own)
        if row[width] is not None:
            parts.setdefault(own["id"], []).append(DocumentPart(*row[width + 1 : width + len(PARTS)]))
    return tuple(DocumentVersion(**own, parts=tuple(parts.get(id_, ()))) for id_, own in facts.items())


_newest = (
    select(document.c.data_object_id, func.max(document.c.version).label("version"))
    .where(document.c.instance_id == bindparam("its_instance"))
    .group_by(document.c.data_object_id)
    .subquery()
)
WHOLE = select(*COLUMNS, *(column.label(f"p_{column.name}") for column in PARTS)).outerjoin(
    document_part, document_part.c.document_id == document.c.id
)
INSERT, INSERT_PART = Prepared(insert(document)), Prepared(insert(document_part))
CURRENT = Prepared(
    WHOLE.join(
        _newest, and_(_newest.c.data_object_id == document.c.data_object_id, _newest.c.version == document.c.version)
    )
    .where(document.c.instance_id == bindparam("its_instance"))
    .order_by(document.c.created_at, document.c.data_object_id, document_part.c.item)
)


def current(tx: Transaction, instance_id: str) -> dict[str, DocumentVersion]:
    """Return the newest version of each document of an instance, by data object id."""
    rows = CURRENT.rows(tx.connection, {"its_instance": instance_id})
    return {version.data_object_id: version for version in _versions(rows)}


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
LISTED = {
    "title": instance.c.title,
    "number": select(func.min(number.c.text)).where(OF_NUMBER).scalar_subquery().label("number"),
    "called": histories.name_then(document.c.created_by, document.c.created_at).label("called"),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A version as lists show it, without its content."""

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
    called: str | None  # who made it, as named then


def search(
    tx: Transaction, seen: ColumnElement[bool] | None, narrowed: Mapping[str, str], *, limit: int, offset: int
) -> tuple[tuple[Listed, ...], bool]:
    """Return versions of the instances that *seen* selects, newest first, and whether more follow.

    *narrowed* may hold ``text`` (of an instance's title, or a number in the content), ``name`` and ``status``.
    """
    query = (
        select(*(LISTED[name] if name in LISTED else document.c[name] for name in Listed.__dataclass_fields__))
        .join(instance, instance.c.id == document.c.instance_id)
        .order_by(document.c.created_at.desc(), document.c.id)
    )
    if seen is not None:
        query = query.where(seen)
    if text := narrowed.get("text"):
        of_number = exists().where(OF_NUMBER, number.c.text.icontains(text, autoescape=True))
        query = query.where(or_(instance.c.title.icontains(text, autoescape=True), of_number))
    if name := narrowed.get("name"):
        query = query.where(document.c.name == name)
    if status := narrowed.get("status"):
        query = query.where(document.c.status == status)
    return some(tx, query, lambda row: Listed(**{**row._mapping, "status": DocumentStatus(row.status)}), limit, offset)


def kinds(tx: Transaction) -> tuple[str, ...]:
    """Return the names of documents that there are."""
    return tuple(tx.connection.scalars(select(document.c.name).distinct().order_by(document.c.name)))


def add(tx: Transaction, versions: Sequence[DocumentVersion]) -> None:
    """Write new versions and their parts."""
    if not versions:
        return
    INSERT.run(tx.connection, [{column.name: getattr(v, column.name) for column in COLUMNS} for v in versions])
    add_parts(tx, [(v, part) for v in versions for part in v.parts])


def add_parts(tx: Transaction, parts: Sequence[tuple[DocumentVersion, DocumentPart]]) -> None:
    """Write parts of versions."""
    if parts:
        INSERT_PART.run(
            tx.connection,
            [
                {"document_id": version.id, "instance_id": version.instance_id, **asdict(part)}
                for version, part in parts
            ],
        )


def drop_part(tx: Transaction, document_id: str, item: str) -> None:
    """Remove the copy of an item's part from a version that is still a draft, before the new part is written."""
    tx.connection.execute(
        delete(document_part).where(document_part.c.document_id == document_id, document_part.c.item == item)
    )


def change(tx: Transaction, ids: Sequence[str], **values: Any) -> None:
    """Change versions' rows: status, hash, when issued."""
    if ids:
        tx.connection.execute(update(document).where(document.c.id.in_(ids)).values(**values))


def void(tx: Transaction, instance_id: str) -> None:
    """Void every version of an instance, replaced ones too: none of its papers counts any more."""
    tx.connection.execute(
        update(document).where(document.c.instance_id == instance_id).values(status=DocumentStatus.VOID.value)
    )


# ── attachments ─────────────────────────────────────────────────────────────────────────────────────────────────────


def stage(tx: Transaction, staged: Attachment) -> None:
    """Write a file's row; it belongs to nobody's instance until a form with it is accepted."""
    tx.connection.execute(insert(attachment), {column.name: getattr(staged, column.name) for column in FILES})


def staged_by(tx: Transaction, person_id: str) -> tuple[int, int]:
    """Return how many files somebody staged that no form was accepted with yet, and their bytes."""
    query = select(func.count(), func.coalesce(func.sum(attachment.c.size), 0))
    query = query.where(attachment.c.uploaded_by == person_id, attachment.c.instance_id.is_(None))
    count, size = tx.connection.execute(query).one()
    return count, int(size)


def attachments(tx: Transaction, ids: Collection[str]) -> dict[str, Attachment]:
    """Return files' rows by id."""
    if not ids:
        return {}
    query = select(*FILES).where(attachment.c.id.in_(ids))
    return {row.id: Attachment(*row) for row in tx.connection.execute(query)}


def attachments_of(tx: Transaction, instance_id: str) -> tuple[Attachment, ...]:
    """Return the files that an instance's documents hold."""
    query = select(*FILES).where(attachment.c.instance_id == instance_id)
    query = query.order_by(attachment.c.uploaded_at, attachment.c.id)
    return tuple(Attachment(*row) for row in tx.connection.execute(query))


def attach(tx: Transaction, ids: Collection[str], instance_id: str) -> None:
    """Make staged files part of an instance."""
    if ids:
        tx.connection.execute(
            update(attachment)
            .where(attachment.c.id.in_(ids), attachment.c.instance_id.is_(None))
            .values(instance_id=instance_id)
        )


def give_staged(tx: Transaction, ids: Collection[str], giver: str, receiver: str) -> None:
    """Make files that *giver* staged those of *receiver*, who takes over the draft that holds them."""
    theirs = and_(attachment.c.id.in_(ids), attachment.c.instance_id.is_(None), attachment.c.uploaded_by == giver)
    tx.connection.execute(update(attachment).where(theirs).values(uploaded_by=receiver))


def forget_staged(tx: Transaction, before: datetime) -> None:
    """Delete rows of files staged *before* that instant and never used, unless a draft of their task may hold them."""
    unused = and_(attachment.c.instance_id.is_(None), attachment.c.uploaded_at < before)
    drafted = drafts.is_there(attachment.c.task_id, attachment.c.uploaded_by)
    tx.connection.execute(delete(attachment).where(unused, ~drafted))


def hashes_held(tx: Transaction, hashes: Collection[str]) -> set[str]:
    """Return which of *hashes* some row holds."""
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


def comments(tx: Transaction, instance_id: str) -> tuple[tuple[str, datetime, str], ...]:
    """Return (who, when, text) of an instance's comments, oldest first."""
    query = (
        select(comment.c.written_by, comment.c.written_at, comment.c.text)
        .where(comment.c.instance_id == instance_id)
        .order_by(comment.c.written_at, comment.c.id)
    )
    return tuple((who, at, text) for who, at, text in tx.connection.execute(query))
