"""An office at work, and backups of it."""

import hashlib
import subprocess
from datetime import date
from io import BytesIO

import pytest
from sqlalchemy import insert

from engine.store import tables
from engine.store.backup import backup
from engine.store.database import open_database
from tests.store.office import LETTER, PASSPHRASE, define, files_in, secret, start


@pytest.fixture
def postgresql(postgresql_server, data_dir):
    """An open, migrated PostgreSQL database that loses patience quickly."""
    with postgresql_server.migrated() as url:
        database = open_database(url, data_dir, busy_timeout=0.2, pool_timeout=0.2, pool_size=2)
        yield database
        database.close()


@pytest.fixture
def office(database, data_dir, actor, now):
    """An office at work: every kind of column holds something."""
    stored = files_in(data_dir).put(BytesIO(LETTER), limit=1 << 20)
    function = b"def lama(mulai, selesai): ...\n"
    (data_dir / "functions").mkdir()
    (data_dir / "functions" / f"{hashlib.sha256(function).hexdigest()}.py").write_bytes(function)
    secret(data_dir)
    with database.write(actor, now) as work:
        head = start(work, define(work), key="2026")
        run = work.connection.execute
        run(insert(tables.source), {"sha256": "a" * 64, "content": bytes(range(256))})
        person = {"id": "ani", "name": "Ani 'Ñ' \"“”\" \\ \n 🌸", "must_change_password": False, "active": True}
        run(insert(tables.person), person | {"created_at": now})
        membership = {"id": "m", "person_id": "ani", "role": "staf", "capacity": "plt", "since": date(2026, 1, 1)}
        run(insert(tables.membership), membership)
        facts = {"sha256": stored.sha256, "name": "surat.txt", "media_type": "text/plain", "size": stored.size}
        run(
            insert(tables.attachment),
            facts | {"id": "f", "uploaded_by": "ani", "uploaded_at": now, "instance_id": head.id},
        )
        attempt = {"account": "ani", "address": "::1", "at": now, "succeeded": True}
        run(insert(tables.sign_in_attempt), [attempt] * 3)
        run(
            insert(tables.setting),
            {
                "section": "kalender",
                "value": {"libur": [None, True, 1, "dua"], "angka": "1.50"},
                "revision": 1,
                "changed_at": now,
                "changed_by": "ani",
            },
        )
    return database


@pytest.fixture
def made(office, data_dir, tmp_path, now):
    """A backup of the office."""
    target = tmp_path / "cadangan.tar.gz"
    backup(office, files_in(data_dir), target, PASSPHRASE, now)
    return target


@pytest.fixture
def new_dir(tmp_path):
    """A data folder that does not exist yet."""
    return tmp_path / "baru"


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 2 MB that fills up."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "alur-test", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
