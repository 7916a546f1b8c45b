"""Backup and restore: the whole office in one file, from either database into either.

A backup is a gzipped tar: ``tables/*.jsonl`` (all as of one moment), ``files/…`` and ``functions/…`` as they lie under
the data folder, ``manifest.json`` (schema version, columns, SHA-256 of every member) and last ``keys.json``, sealed
under a passphrase and bound to the manifest, so that a changed member shows. The database is read before the files:
every file that a row names is then already there.
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
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection, exc, func, insert, inspect, select, union

from engine import __version__
from engine.model.errors import SetupError
from engine.model.history import Action, HistoryEvent
from engine.model.people import SYSTEM
from engine.store.backup_format import columns_of, read_rows, seal, table_of, unseal, write_rows
from engine.store.database import QUEUE_FILE, Database, open_database
from engine.store.files import CHUNK, FILES, disk_problem, disk_problems, flush_folder
from engine.store.history import HistoryReport, append, head_of, lines_after, verify
from engine.store.keys import keys_dir
from engine.store.schema import check_schema, latest_version, upgrade, versions
from engine.store.tables import archive, attachment, metadata, rendering
from engine.store.triggers import create_triggers
from engine.store.unit_of_work import Reader

FORMAT = "alur-backup-1"
MANIFEST, SEALED_KEYS, RESTORED = "manifest.json", "keys.json", "restored"
FOLDERS = (FILES, "functions")
"""Folders of the data folder that go along as they are."""
MEMBER = re.compile(
    r"tables/[a-z_]+\.jsonl|files/[0-9a-f]{2}/[0-9a-f]{64}|functions/[0-9a-f]{64}\.py|manifest\.json|keys\.json"
)
LEAST_PASSPHRASE = 8
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup holds.

    *damaged* names kept files that are no longer what their name says, *missing* those that an instance refers to and
    that are not kept.
    """

    file: Path
    rows: Mapping[str, int]
    files: int
    damaged: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What was restored, of when, and whether the history chains fit."""

    made_at: str
    rows: Mapping[str, int]
    files: int
    history: HistoryReport


# ── backup ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def backup(database: Database, data_dir: Path, target: Path, passphrase: str, now: datetime) -> BackupReport:
    """Write everything into *target*, which must not exist; work goes on meanwhile. It is whole or absent."""
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
                kept, damaged = _write_archive(file, spool, data_dir, passphrase, now, rows)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(target)
            flush_folder(target.parent)
    except OSError as error:
        raise disk_problem(target, error) from error
    return BackupReport(target, rows, len(kept), damaged, tuple(sorted(referred - kept)))


def _spool_tables(database: Database, spool: Path) -> tuple[dict[str, int], set[str]]:
    """Write every table as of one moment; how many rows each has, and the files that instances refer to."""
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
        referred = {f"{FILES}/{sha256[:2]}/{sha256}" for sha256 in reader.connection.scalars(used)}
    return rows, referred


def _write_archive(
    file: BinaryIO, spool: Path, data_dir: Path, passphrase: str, now: datetime, rows: Mapping[str, int]
) -> tuple[set[str], tuple[str, ...]]:
    """Write the whole backup; the names of the kept files, and those of them that are damaged."""
    hashes: dict[str, str] = {}
    kept: set[str] = set()
    damaged: list[str] = []
    with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:

        def add(name: str, content: BinaryIO, size: int) -> str:
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = size, 0o600, int(now.timestamp())
            reading = _Hashing(content)
            archive.addfile(member, reading)
            return reading.digest.hexdigest()

        for declared in metadata.sorted_tables:
            hashes[f"tables/{declared.name}.jsonl"] = _add_path(
                add, f"tables/{declared.name}.jsonl", spool / declared.name
            )
        for name, path in _kept_files(data_dir):
            hashes[name] = _add_path(add, name, path)
            kept.add(name)
            if hashes[name] != path.stem:
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
        add(MANIFEST, BytesIO(manifest), len(manifest))
        keys = {path.name: path.read_bytes() for path in sorted(keys_dir(data_dir).glob("*.key"))}
        sealed = seal(keys, passphrase, manifest)
        add(SEALED_KEYS, BytesIO(sealed), len(sealed))
    return kept, tuple(damaged)


def _add_path(add: Callable[[str, BinaryIO, int], str], name: str, path: Path) -> str:
    with path.open("rb") as file:
        return add(name, file, os.fstat(file.fileno()).st_size)


def _kept_files(data_dir: Path) -> Iterator[tuple[str, Path]]:
    for folder in FOLDERS:
        for path in sorted((data_dir / folder).rglob("*")):
            name = path.relative_to(data_dir).as_posix()
            if MEMBER.fullmatch(name) and path.is_file():
                yield name, path


class _Hashing:
    """Reads a file and hashes what passes."""

    def __init__(self, file: BinaryIO) -> None:
        self.digest = hashlib.sha256()
        self._file = file

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self.digest.update(chunk)
        return chunk


# ── restore ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def restore(file: Path, database_url: str | None, data_dir: Path, passphrase: str, now: datetime) -> RestoreReport:
    """Bring back a backup into an empty database and an empty *data_dir*: all of it, or nothing.

    Jobs stay off until :func:`confirm_restore`, since mails and timers of a copy would run twice. A history chain that
    did not fit when the backup was made is restored as it was, and the report says so.
    """
    _refuse_occupied(data_dir)
    with ExitStack() as undo:
        undo.callback(_empty, data_dir)
        with disk_problems(data_dir):
            keys_dir(data_dir)
            staging = data_dir / ".pulih"
            staging.mkdir(mode=0o700)
        hashes = _unpack(file, staging)
        manifest, keys = _opened(staging, hashes, passphrase)
        database = _fresh_database(database_url, data_dir, undo)
        try:
            with database.unguarded(foreign_keys=False) as connection:
                report = _fill(connection, database, staging, manifest, now)
                with disk_problems(data_dir):
                    _place(staging, data_dir, keys, manifest)
            undo.pop_all()  # committed
        finally:
            database.close()
    rows = {table["name"]: table["rows"] for table in manifest["tables"]}
    return RestoreReport(manifest["made_at"], rows, len(manifest["members"]) - len(rows), report)


def is_restored(data_dir: Path) -> bool:
    """Whether *data_dir* is a restored copy that nobody has confirmed yet: no job may run."""
    return (data_dir / RESTORED).exists()


def confirm_restore(data_dir: Path) -> bool:
    """Let jobs run on a restored copy; False if there is nothing to confirm."""
    try:
        (data_dir / RESTORED).unlink()
    except FileNotFoundError:
        return False
    return True


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
    except OSError as error:  # gzip's own errors are of this kind too
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
    keys = unseal((staging / SEALED_KEYS).read_bytes(), passphrase, text)  # from here on the manifest is genuine
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
                except exc.DataError as error:  # PostgreSQL takes no NUL in text and keeps lengths; SQLite does not
                    facts = {"table": written["name"], "place": database.place, "reason": str(error.orig).strip()}
                    raise SetupError("row_unfit", **facts) from error
    upgrade(connection, "head")
    create_triggers(connection)
    _advance_counters(connection)
    made = HistoryEvent(Action.OFFICE_RESTORED, change={"made_at": manifest["made_at"], "alur": manifest["alur"]})
    append(connection, lines_after(head_of(connection, "office"), "office", [made], SYSTEM, now, None))
    return verify(Reader(connection))


def _advance_counters(connection: Connection) -> None:
    if connection.dialect.name != "postgresql":
        return
    for declared in metadata.sorted_tables:
        column = declared.autoincrement_column
        if column is not None:
            last = connection.scalar(select(func.max(column)))
            if last is not None:
                sequence = func.pg_get_serial_sequence(declared.name, column.name)
                connection.execute(select(func.setval(sequence, last)))


def _place(staging: Path, data_dir: Path, keys: Mapping[str, bytes], manifest: Mapping[str, Any]) -> None:
    (data_dir / RESTORED).write_text(json.dumps({"made_at": manifest["made_at"]}))
    folder = keys_dir(data_dir)
    for name, content in keys.items():
        path = folder / Path(name).name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    for name in FOLDERS:
        if (staging / name).exists():
            (staging / name).rename(data_dir / name)
    shutil.rmtree(staging)
    os.sync()  # every folder that was made, before the database says that all of it is there


def _refuse_occupied(data_dir: Path) -> None:
    with disk_problems(data_dir):
        occupied = data_dir.exists() and any(entry.name != QUEUE_FILE for entry in data_dir.iterdir())
    if occupied:
        raise SetupError("folder_occupied", data_dir=data_dir)


def _empty(data_dir: Path) -> None:
    for entry in data_dir.iterdir() if data_dir.exists() else ():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
