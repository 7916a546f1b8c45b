"""The format of a backup: rows as lines of JSON, and keys encrypted with a passphrase.

The manifest has the kind of each column, so that later releases can read rows without the tables of this release.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from sqlalchemy import JSON, Boolean, Column, Date, Integer, LargeBinary, String, Table, TableClause, column, table

from engine.model.errors import SetupError
from engine.store.tables import UtcDateTime

KINDS: Mapping[str, Any] = {
    "instant": UtcDateTime(),
    "date": Date(),
    "json": JSON(none_as_null=True),
    "bytes": LargeBinary(),
    "boolean": Boolean(),
    "integer": Integer(),
    "text": String(),
}
SCRYPT = {"n": 2**16, "r": 8, "p": 1}  # 64 MB and about 0.2 s: one guess of the passphrase


def kind_of(declared: Column[Any]) -> str:
    """Return the kind of a column."""
    return next(kind for kind, type_ in KINDS.items() if isinstance(declared.type, type(type_)))


def columns_of(declared: Table) -> dict[str, str]:
    """Return the kinds of a table's columns by name, in order."""
    return {c.name: kind_of(c) for c in declared.columns}


def table_of(name: str, kinds: Mapping[str, str]) -> TableClause:
    """Return a table, for inserts, with the columns that it had in the backup."""
    return table(name, *(column(name, KINDS[kind]) for name, kind in kinds.items()))


def write_rows(rows: Iterable[Any], kinds: Mapping[str, str], file: BinaryIO) -> int:
    """Write *rows* to *file*, a JSON list per line, and return their number."""
    encoders = [ENCODE.get(kind) for kind in kinds.values()]
    count = 0
    for row in rows:
        values = [
            encode(value) if encode and value is not None else value
            for encode, value in zip(encoders, row, strict=True)
        ]
        file.write(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        count += 1
    return count


def read_rows(lines: Iterable[bytes], kinds: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the rows that :func:`write_rows` wrote."""
    decoders = [(name, DECODE.get(kind)) for name, kind in kinds.items()]
    for line in lines:
        yield {
            name: decode(value) if decode and value is not None else value
            for (name, decode), value in zip(decoders, json.loads(line), strict=True)
        }


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


ENCODE: Mapping[str, Any] = {"instant": _instant, "date": date.isoformat, "bytes": _base64}
DECODE: Mapping[str, Any] = {"instant": datetime.fromisoformat, "date": date.fromisoformat, "bytes": base64.b64decode}


def seal(keys: Mapping[str, bytes], passphrase: str, manifest: bytes) -> bytes:
    """Return *keys* encrypted with *passphrase* (scrypt, AES-GCM); *manifest* is authenticated with them."""
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    content = json.dumps({name: _base64(value) for name, value in keys.items()}).encode()
    sealed = AESGCM(_derived(passphrase, salt, SCRYPT)).encrypt(nonce, content, hashlib.sha256(manifest).digest())
    envelope = {"scrypt": SCRYPT, "salt": _base64(salt), "nonce": _base64(nonce), "sealed": _base64(sealed)}
    return json.dumps(envelope).encode()


def unseal(envelope: bytes, passphrase: str, manifest: bytes) -> dict[str, bytes]:
    """Return the keys from :func:`seal`; SetupError if passphrase, envelope or manifest differs."""
    try:
        found = json.loads(envelope)
        if found["scrypt"] != SCRYPT:  # an untrusted file must not choose the memory to use
            raise ValueError("other scrypt parameters")
        salt, nonce, sealed = (base64.b64decode(found[name], validate=True) for name in ("salt", "nonce", "sealed"))
        content = AESGCM(_derived(passphrase, salt, SCRYPT)).decrypt(nonce, sealed, hashlib.sha256(manifest).digest())
        return {name: base64.b64decode(value, validate=True) for name, value in json.loads(content).items()}
    except (InvalidTag, ValueError, KeyError, TypeError) as error:
        raise SetupError("backup_not_opened") from error


def _derived(passphrase: str, salt: bytes, costs: Mapping[str, int]) -> bytes:
    return Scrypt(salt=salt, length=32, n=costs["n"], r=costs["r"], p=costs["p"]).derive(passphrase.encode())
