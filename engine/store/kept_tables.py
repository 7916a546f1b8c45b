"""The tables whose rows are compared with history: the stream and key of a row, and checks of the row itself."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, literal, select

from engine.model.history import canonical, commitment, sha256_of
from engine.model.testimony import OneOf, Testimony, keyed
from engine.store import tables as t
from engine.store.history import OFFICE
from engine.store.untyped import Columns, Unreadable, Values, among, fetched, those

UNREAD = frozenset({"state", "state_before", "trace", "data", "password_hash"})


@dataclass
class Beside:
    """Facts from rows of tables read earlier, for rows of later ones."""

    parts: dict[str, dict[str, str]] = field(default_factory=dict)  # by document, hashes by item
    listed: dict[str, dict[str, str]] = field(default_factory=dict)  # by version of a procedure, hashes by path


Check = Callable[[Any, Testimony, Beside], Iterator[tuple[str, Any, Any]]]


@dataclass(frozen=True)
class Kept:
    """A table whose rows belong to streams of one kind."""

    name: str
    owner: Any  # the column with the owner of the row's stream
    key: tuple[str, ...] = ("id",)
    also: tuple[ColumnElement[Any], ...] = ()  # columns of other tables
    joined: tuple[tuple[Any, ColumnElement[bool]], ...] = ()
    where: ColumnElement[bool] | None = None
    joins: tuple[str, ...] = ()  # two columns that lines record as one, under the name of the second
    check: Check | None = None  # yields (field, expected, found) for a row itself
    forgets: bool = False  # rows may be deleted
    everybody: bool = False  # all rows belong to the office's stream
    filed: bool = False  # a row has the hash of a stored file
    _asked: dict[str, Select[Any]] = field(default_factory=dict)  # by kind of database

    @cached_property
    def columns(self) -> Columns:
        """The columns that are read: the owner, the table's own, and *also*."""
        own = t.metadata.tables[self.name].c
        owner = self.owner if self.owner in set(own) else self.owner.label("owner")
        read = (column for column in own if column.name not in UNREAD and column is not owner)
        return Columns((owner, *read, *self.also))

    def rows(self) -> Select[Any]:
        """Return the query for all rows, which selects the owner."""
        table = t.metadata.tables[self.name]
        query = select(self.owner).select_from(table)
        for other, on in self.joined:
            query = query.join(other, on, isouter=self.owner.table is not other)
        return query if self.where is None else query.where(self.where)

    def of(self, owners: Iterable[str], connection: Connection) -> Iterator[Sequence[Values]]:
        """Yield the unread rows of some owners, in parts."""
        dialect = connection.dialect.name
        if dialect not in self._asked:
            query = self.rows() if self.everybody else self.rows().where(among(self.owner, dialect))
            self._asked[dialect] = self.columns.asked(query, dialect)
        return fetched(connection, self._asked[dialect], {} if self.everybody else those(owners, dialect))

    def each(self, part: Sequence[Values]) -> Iterator[tuple[str, Values] | Unreadable]:
        """Yield (key in lines, values) of each row; for an unreadable row its error."""
        try:
            columns = self.columns.read(part)
        except Unreadable as odd:
            if len(part) > 1:
                yield from chain.from_iterable(self.each([row]) for row in part)
            else:
                odd.row = part[0]
                yield odd
            return
        if self.joins:
            first, last = map(self.columns.names.index, self.joins)
            pairs = zip(columns[first], columns[last], strict=True)
            columns[last] = [None if one is None is other else f"{one} {other}" for one, other in pairs]
        yield from zip(self._keys(columns), zip(*columns, strict=True), strict=True)

    def _keys(self, columns: Sequence[Values]) -> Iterable[str]:
        parts = [columns[self.columns.names.index(name)] for name in self.key]
        if len(parts) == 1:
            return map(str, parts[0])
        with suppress(TypeError):  # a number, or nothing
            keys = [*map(" ".join, zip(*parts, strict=True))]
            if "∅" not in "".join(keys):
                return keys
        return [" ".join(map(keyed, each)) for each in zip(*parts, strict=True)]


def _content(row: Any, told: Testimony, beside: Beside) -> Iterator[tuple[str, Any, Any]]:
    parts = beside.parts.get(row.id)
    if parts:
        yield "content", "{}", row.content
    yield "content", row.sha256, sha256_of(canonical(parts) if parts else row.content)


def _part(row: Any, told: Testimony, beside: Beside) -> Iterator[tuple[str, Any, Any]]:
    beside.parts.setdefault(row.document_id, {})[row.item] = row.sha256
    yield "content", row.sha256, sha256_of(row.content)
    yield "instance_id", row.owner, row.instance_id
    by = told.parts.get(f"{row.data_object_id} {row.item} {row.sha256}")
    if by:
        yield "created_by", OneOf(by), f"{row.created_at} {row.created_by}"


def _message(row: Any, told: Testimony, beside: Beside) -> Iterator[tuple[str, Any, Any]]:
    said = told.of("message")[row.id].facts
    if "payload" in said:
        yield "content", said["payload"], hashlib.sha256(row.content).hexdigest()


def _schema(row: Any, told: Testimony, beside: Beside) -> Iterator[tuple[str, Any, Any]]:
    yield "schema", row.sha256, sha256_of(row.schema)


def _file_of_definition(row: Any, told: Testimony, beside: Beside) -> Iterator[tuple[str, Any, Any]]:
    beside.listed.setdefault(row.definition_id, {})[row.path] = row.sha256
    yield from ()


def _definition(row: Any, told: Testimony, beside: Beside) -> Iterator[tuple[str, Any, Any]]:
    files = beside.listed.get(row.id, {})
    listed = "".join(f"{files[path]}  {path}\n" for path in sorted(files))
    yield "content_hash", row.content_hash, sha256_of(listed)


def _committed(row: Any, told: Testimony, beside: Beside) -> Iterator[tuple[str, Any, Any]]:
    """Check that a value matches its commitment; without a value, a line must say that it was erased."""
    of_value = told.of("personal_value").get(row.commitment)
    if row.value is None and (of_value is None or "value" not in of_value.facts):
        yield "value", row.commitment, None
    elif row.value is not None:
        yield "value", row.commitment, commitment(row.salt or "", row.value)


def _called(row: Any, told: Testimony, beside: Beside) -> Iterator[tuple[str, Any, Any]]:
    yield "name", row.name if row.committed is None else row.committed, row.name


def _instance(row: Any, told: Testimony, beside: Beside) -> Iterator[tuple[str, Any, Any]]:
    yield "process_id", row.its_process_id, row.process_id
    yield "history_at", told.last and told.last.at, row.history_at


def _of_instance(name: str, *key: str, **more: Any) -> Kept:
    return Kept(name, t.metadata.tables[name].c.instance_id, key or ("id",), **more)


_DEFINED = ((t.definition, t.definition.c.id == t.instance.c.definition_id),)
_ATTACHED = ((t.attachment, t.attachment.c.id == t.signature.c.attachment_id),)
_SIGNED = and_(  # found by an index
    t.signature.c.instance_id == t.attachment.c.instance_id, t.signature.c.attachment_id == t.attachment.c.id
)
_OF_DOCUMENT = ((t.document, t.document.c.id == t.document_part.c.document_id),)
_OF_DEFINITION = ((t.definition, t.definition.c.id == t.definition_file.c.definition_id),)
OWNERS = {
    "instance": t.instance.c.id,
    "definition": t.definition.c.process_id,
    "register": t.register.c.id,
    "person": t.person.c.id,
}
_NUMBER, _MEMBERSHIP = ("series", "year", "ordinal"), ("role", "capacity", "since", "until", "decree")
TABLES: dict[str, tuple[Kept, ...]] = {  # by kind of stream
    "instance": (
        Kept(
            "instance",
            t.instance.c.id,
            also=(
                t.definition.c.version,
                t.definition.c.content_hash,
                t.definition.c.process_id.label("its_process_id"),
            ),
            joined=_DEFINED,
            check=_instance,
        ),
        _of_instance("task", joins=("returned_at", "returned_by")),
        Kept(  # joined, since no index of its own finds the parts of an instance
            "document_part",
            t.document.c.instance_id,
            ("document_id", "item"),
            also=(t.document.c.data_object_id,),
            joined=_OF_DOCUMENT,
            check=_part,
        ),
        _of_instance("document", check=_content),
        _of_instance("rendering", "document_id", "format", "part", filed=True),
        _of_instance(
            "attachment",
            also=(exists().where(_SIGNED).label("signed"),),
            filed=True,
        ),
        _of_instance("signature", also=(t.attachment.c.sha256.label("attachment_sha256"),), joined=_ATTACHED),
        _of_instance("archive", "instance_id", filed=True),
        _of_instance("comment", "written_at", "written_by", "text"),
        _of_instance("number", *_NUMBER),
        _of_instance("incident"),
        Kept("message", t.message.c.from_instance, check=_message, forgets=True),
    ),
    "definition": (
        Kept(
            "definition_file",
            t.definition.c.process_id,
            ("definition_id", "path"),
            joined=_OF_DEFINITION,
            check=_file_of_definition,
        ),
        Kept("definition", t.definition.c.process_id, check=_definition),
        Kept("role_override", t.role_override.c.process_id, ("element_id",)),
    ),
    "register": (
        Kept("register", t.register.c.id, check=_schema),
        Kept("register_entry", t.register_entry.c.register_id, check=_content),
    ),
    "person": (
        Kept("personal_value", t.personal_value.c.person_id, ("commitment",), check=_committed),
        Kept(
            "person",
            t.person.c.id,
            also=(
                exists().where(t.second_factor.c.person_id == t.person.c.id).label("second_factor"),
                t.personal_value.c.value.label("committed"),
            ),
            joined=((t.personal_value, t.personal_value.c.commitment == t.person.c.name_commitment),),
            check=_called,
        ),
        Kept("membership", t.membership.c.person_id, _MEMBERSHIP),
        Kept("absence", t.absence.c.person_id),
        Kept("proposal", t.proposal.c.person_id, (*_MEMBERSHIP, "proposed_by", "proposed_at", "reason")),
        Kept("api_token", t.api_token.c.person_id),
    ),
    OFFICE: (
        Kept("installation", literal(""), everybody=True),
        Kept("setting", literal(""), ("section",), everybody=True),
        Kept("number", literal(""), _NUMBER, where=t.number.c.instance_id.is_(None), everybody=True),
        Kept(
            "message",
            literal(""),
            where=t.message.c.from_instance.is_(None),
            check=_message,
            forgets=True,
            everybody=True,
        ),
    ),
}
