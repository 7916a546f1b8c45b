"""Backup and restore of the whole office in one file, between any two databases.

A backup is a gzipped tar: ``tables/*.jsonl`` (all of one moment), ``files/…`` and ``functions/…`` as in the data
folder, ``manifest.json`` (schema version, columns, SHA-256 of every member), and last ``keys.json``, which is encrypted
with a passphrase and authenticates the manifest. The database is read before the files, so that every file of a row
exists.
"""

import hashlib
import json
import os
import re
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection, exc, func, insert, inspect, select, union

from engine import __version__
from engine.model.errors import NotFound, SetupError
from engine.model.history import Action, HistoryEvent
from engine.model.people import SYSTEM
from engine.store import places
from engine.store.backup_format import columns_of, read_rows, seal, table_of, unseal, write_rows
from engine.store.chains import HistoryReport, verify
from engine.store.database import QUEUE_FILE, Database, open_database
from engine.store.files import CHUNK, FileStore, named
from engine.store.history import append, head_of, lines_after
from engine.store.places import Place, disk_problem, disk_problems, flush_folder
from engine.store.queries import office
from engine.store.schema import check_schema, latest_version, upgrade, versions
from engine.store.tables import archive, attachment, metadata, rendering
from engine.store.triggers import create_triggers
from engine.store.unit_of_work import Reader

FORMAT = "alur-backup-1"
MANIFEST, SEALED_KEYS = "manifest.json", "keys.json"
MEMBER = re.compile(
    r"tables/[a-z_]+\.jsonl|files/[0-9a-f]{2}/[0-9a-f]{64}|functions/[0-9a-f]{64}\.py|manifest\.json|keys\.json"
)
LEAST_PASSPHRASE = 8
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class BackupReport:
    """The contents of a backup."""

    file: Path
    rows: Mapping[str, int]
    files: int
    damaged: tuple[str, ...]  # stored files whose content does not have the hash in their name
    missing: tuple[str, ...]  # files of instances that are not stored


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What was restored, when the backup was made, and the check of history."""

    made_at: str
    rows: Mapping[str, int]
    files: int
    history: HistoryReport


# ── backup ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def backup(database: Database, files: FileStore, target: Path, passphrase: str, now: datetime) -> BackupReport:
    """Write the whole office into *target*, which must not exist, while work continues; on errors leave no file."""
    if len(passphrase) < LEAST_PASSPHRASE:
        raise SetupError("passphrase_short", least=LEAST_PASSPHRASE)
    check_schema(database)
    if target.exists():
        raise SetupError("backup_exists", target=target)
    draft = target.with_name(f".{target.name}-{os.getpid()}")
    try:
        with ExitStack() as stack:
            spool = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=".cadangan-", dir=target.parent)))
            rows, referred = _spool_tables(database, spool)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            stack.callback(draft.unlink, missing_ok=True)
            with os.fdopen(descriptor, "wb") as file:
                kept, damaged = _write_archive(file, spool, files, referred, passphrase, now, rows)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(target)
            flush_folder(target.parent)
    except OSError as error:
        raise disk_problem(target, error) from error
    return BackupReport(target, rows, len(kept), damaged, tuple(sorted({*map(named, referred)} - kept)))


def _spool_tables(database: Database, spool: Path) -> tuple[dict[str, int], set[str]]:
    """Write all tables of one moment; return their numbers of rows, and the files of instances."""
    rows: dict[str, int] = {}
    with database.read() as reader:
        for declared in metadata.sorted_tables:
            query = select(declared).order_by(*declared.primary_key.columns)
            with (spool / declared.name).open("wb") as file:
                found = reader.connection.execute(query, execution_options={"yield_per": AT_ONCE})
                rows[declared.name] = write_rows(found, columns_of(declared), file)
        used = union(
            select(attachment.c.sha256).where(attachment.c.instance_id.is_not(None)),
            *(select(kept.c.sha256).where(kept.c.sha256.is_not(None)) for kept in (rendering, archive)),
        )
        referred = set(reader.connection.scalars(used))
    return rows, referred


def _write_archive(
    file: BinaryIO,
    spool: Path,
    files: FileStore,
    referred: set[str],
    passphrase: str,
    now: datetime,
    rows: Mapping[str, int],
) -> tuple[set[str], tuple[str, ...]]:
    """Write the whole backup; return the names of all files, and of the damaged ones."""
    hashes: dict[str, str] = {}
    kept: set[str] = set()
    damaged: list[str] = []
    with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:

        def add(name: str, content: BinaryIO) -> None:
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = content.seek(0, os.SEEK_END), 0o600, int(now.timestamp())
            content.seek(0)
            reading = _Hashing(content)
            archive.addfile(member, reading)
            hashes[name] = reading.digest.hexdigest()

        for declared in metadata.sorted_tables:
            with (spool / declared.name).open("rb") as table:
                add(f"tables/{declared.name}.jsonl", table)
        for name, opened in _kept(files, referred):
            with suppress(NotFound), opened() as content:
                add(name, content)
                kept.add(name)
                if hashes[name] != Path(name).stem:
                    damaged.append(name)
        manifest = json.dumps(
            {
                "format": FORMAT,
                "alur": __version__,
                "schema": latest_version(),
                "made_at": now.isoformat(),
                "tables": [
                    {"name": t.name, "columns": columns_of(t), "rows": rows[t.name]} for t in metadata.sorted_tables
                ],
                "members": hashes,
            }
        ).encode()
        add(MANIFEST, BytesIO(manifest))
        secret = sorted(name for name, _ in files.place.names(places.KEYS) if name.endswith(".key"))
        keys = {Path(name).name: places.read(files.place, name) for name in secret}
        add(SEALED_KEYS, BytesIO(seal(keys, passphrase, manifest)))
    return kept, tuple(damaged)


def _kept(files: FileStore, referred: set[str]) -> Iterator[tuple[str, Callable[[], BinaryIO]]]:
    for sha256 in sorted({*files.names(), *referred}):
        yield named(sha256), partial(files.open, sha256)
    for name in sorted(name for name, _ in files.place.names(places.FUNCTIONS) if MEMBER.fullmatch(name)):
        yield name, partial(files.place.open, name)


class _Hashing:
    def __init__(self, file: BinaryIO) -> None:
        self.digest = hashlib.sha256()
        self._file = file

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self.digest.update(chunk)
        return chunk


# ── restore ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def restore(
    file: Path, database_url: str | None, data_dir: Path, place: Place, passphrase: str, now: datetime
) -> RestoreReport:
    """Restore a backup into an empty database, *data_dir* and place: all of it, or nothing.

    Jobs stay off until ``Monitoring.confirm_restore``, since timers and messages of a copy would run twice. A broken
    chain of history is restored as it is and reported.
    """
    _refuse_occupied(data_dir, place)
    with ExitStack() as undo:
        undo.callback(_empty, data_dir)
        with disk_problems(data_dir):
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            data_dir.chmod(0o700)
            staging = data_dir / ".pulih"
            staging.mkdir(mode=0o700)
        hashes = _unpack(file, staging)
        manifest, keys = _opened(staging, hashes, passphrase)
        database = _fresh_database(database_url, data_dir, undo)
        try:
            with database.unguarded(foreign_keys=False) as connection:
                report = _fill(connection, database, staging, manifest, now)
                with disk_problems(data_dir):
                    undo.callback(_clear, place)
                    _place(staging, place, keys, hashes)
            undo.pop_all()  # committed
        finally:
            database.close()
    rows = {table["name"]: table["rows"] for table in manifest["tables"]}
    return RestoreReport(manifest["made_at"], rows, len(manifest["members"]) - len(rows), report)


def _unpack(file: Path, staging: Path) -> dict[str, str]:
    hashes: dict[str, str] = {}
    try:
        with tarfile.open(file, "r|gz") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() and MEMBER.fullmatch(member.name) else None
                if content is None or member.name in hashes:
                    raise SetupError(
                        "backup_damaged", file=file, reason=f"isi yang tidak dikenal: {member.name[:100]!r}"
                    )
                hashes[member.name] = _extract(content, staging / member.name)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise SetupError("backup_damaged", file=file, reason=str(error)) from error
    except OSError as error:  # also raised by gzip
        if error.errno is None or str(error.filename) == str(file):
            raise SetupError("backup_damaged", file=file, reason=error.strerror or str(error)) from error
        raise disk_problem(staging, error) from error
    if not {MANIFEST, SEALED_KEYS} <= hashes.keys():
        raise SetupError("backup_damaged", file=file, reason="tidak lengkap")
    return hashes


def _extract(content: Any, path: Path) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    reading = _Hashing(content)
    with path.open("xb") as target:
        shutil.copyfileobj(reading, target, CHUNK)
        target.flush()
        os.fsync(target.fileno())
    return reading.digest.hexdigest()


def _opened(staging: Path, hashes: Mapping[str, str], passphrase: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    text = (staging / MANIFEST).read_bytes()
    keys = unseal((staging / SEALED_KEYS).read_bytes(), passphrase, text)  # which authenticates the manifest
    manifest: dict[str, Any] = json.loads(text)
    if manifest["format"] != FORMAT or manifest["schema"] not in versions():
        raise SetupError("backup_newer", version=manifest["alur"])
    unlike = sorted(
        name
        for name in (manifest["members"].keys() | hashes.keys()) - {MANIFEST, SEALED_KEYS}
        if manifest["members"].get(name) != hashes.get(name)
    )
    if unlike:
        raise SetupError("backup_damaged", file=Path(unlike[0]), reason="tidak seperti ketika dicadangkan")
    return manifest, keys


def _fresh_database(url: str | None, data_dir: Path, undo: ExitStack) -> Database:
    database = open_database(url, data_dir)
    with database.read() as reader:
        occupied = inspect(reader.connection).get_table_names()
    if occupied:
        database.close()
        raise SetupError("database_occupied", place=database.place)
    if database.path:
        for suffix in ("", "-wal", "-shm"):
            undo.callback(Path(f"{database.path}{suffix}").unlink, missing_ok=True)
    return database


def _fill(
    connection: Connection, database: Database, staging: Path, manifest: Mapping[str, Any], now: datetime
) -> HistoryReport:
    upgrade(connection, manifest["schema"])
    for written in manifest["tables"]:
        with (staging / "tables" / f"{written['name']}.jsonl").open("rb") as lines:
            rows = read_rows(lines, written["columns"])
            statement = insert(table_of(written["name"], written["columns"]))
            while some := list(islice(rows, AT_ONCE)):
                try:
                    connection.execute(statement, some)
                except exc.DataError as error:  # unlike SQLite, PostgreSQL refuses NUL and too long texts
                    facts = {"table": written["name"], "place": database.place, "reason": str(error.orig).strip()}
                    raise SetupError("row_unfit", **facts) from error
    upgrade(connection, "head")
    create_triggers(connection)
    _advance_counters(connection)
    office.beat(Reader(connection), office.RESTORED, now, {})
    made = HistoryEvent(Action.OFFICE_RESTORED, change={"made_at": manifest["made_at"], "alur": manifest["alur"]})
    append(connection, lines_after(head_of(connection, "office"), "office", [made], SYSTEM, now, None))
    return verify(Reader(connection))


def _advance_counters(connection: Connection) -> None:
    if connection.dialect.name != "postgresql":
        return
    for declared in metadata.sorted_tables:
        column = declared.autoincrement_column
        if column is not None:  # max is NULL for an empty table, and setval(NULL) does nothing
            sequence, last = func.pg_get_serial_sequence(declared.name, column.name), select(func.max(column))
            connection.execute(select(func.setval(sequence, last.scalar_subquery())))


def _place(staging: Path, place: Place, keys: Mapping[str, bytes], hashes: Mapping[str, str]) -> None:
    for name, content in keys.items():
        places.create(place, f"{places.KEYS}/{Path(name).name}", content)
    for name in hashes:
        if name.startswith((f"{places.FILES}/", f"{places.FUNCTIONS}/")):
            with (staging / name).open("rb") as file:
                place.put(name, file)
    shutil.rmtree(staging)
    os.sync()  # all new folders, before the database commits


def _refuse_occupied(data_dir: Path, place: Place) -> None:
    with disk_problems(data_dir):
        occupied = data_dir.exists() and any(entry.name != QUEUE_FILE for entry in data_dir.iterdir())
    if occupied:
        raise SetupError("folder_occupied", data_dir=data_dir)
    if any(any(place.names(folder)) for folder in places.KEPT):
        raise SetupError("store_occupied", place=place)


def _clear(place: Place) -> None:
    for folder in places.KEPT:
        for name, _ in list(place.names(folder)):
            place.delete(name)


def _empty(data_dir: Path) -> None:
    for entry in data_dir.iterdir() if data_dir.exists() else ():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
