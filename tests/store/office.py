"""What the store's tests put into a database: a procedure, an instance of it, a person."""

from datetime import datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import insert

from engine.model.history import Action, HistoryEvent
from engine.model.people import Actor
from engine.store import tables
from engine.store.database import Database
from engine.store.files import FileStore
from engine.store.history import InstanceHead
from engine.store.keys import key
from engine.store.places import Folder
from engine.store.unit_of_work import Work

PROCESS = "cuti_tahunan"
PASSPHRASE = "rahasia kantor kami"
LETTER = b"Surat permohonan cuti\n" * 1000


def secret(data_dir: Path) -> bytes:
    """Return the key that signs cookies, of an office that keeps everything in one folder."""
    return key(Folder(data_dir), "secret")


def files_in(data_dir: Path) -> FileStore:
    """Return the files of such an office."""
    return FileStore(Folder(data_dir))


def define(work: Work) -> str:
    """Write one version of a procedure and return its id."""
    id_ = str(uuid4())
    facts = {"id": id_, "process_id": PROCESS, "version": 1, "content_hash": "0" * 64, "name": "Cuti tahunan"}
    work.connection.execute(
        insert(tables.definition),
        facts | {"deployed_at": work.now, "deployed_by": work.actor.person_id, "note": "", "confirmed": False},
    )
    work.record(f"definition:{PROCESS}", HistoryEvent(Action.DEFINITION_DEPLOYED, change={"version": 1}))
    return id_


def start(work: Work, definition_id: str, *, key: str | None = None) -> InstanceHead:
    """Start an instance as services do: the line first, then the row with its head."""
    head = work.record_instance(
        InstanceHead(str(uuid4())), [HistoryEvent(Action.INSTANCE_STARTED, change={"judul": "Cuti"})]
    )
    work.connection.execute(
        insert(tables.instance),
        {
            "id": head.id,
            "definition_id": definition_id,
            "process_id": PROCESS,
            "title": "Cuti",
            "instance_key": key,
            "values": {"lama": "3", "mulai": "2026-01-05"},
            "status": "running",
            "revision": 1,
            "state": b"\x00\xffstate",
            "history_seq": head.history_seq,
            "history_hash": head.history_hash,
            "started_at": work.now,
            "started_by": work.actor.person_id,
            "changed_at": work.now,
        },
    )
    return head


def started(database: Database, actor: Actor, now: datetime) -> InstanceHead:
    """Deploy and start in one unit of work; return the instance's head."""
    with database.write(actor, now) as work:
        return start(work, define(work))
