"""The drill: what was backed up from either database comes back in either."""

import base64
import gzip
import hashlib
from contextlib import ExitStack

import pytest
from sqlalchemy import insert, select, update

from engine.model.errors import SetupError, StoreAway
from engine.model.history import Action, HistoryEvent
from engine.service.office.monitoring import Monitoring
from engine.store import tables
from engine.store.backup import backup, restore
from engine.store.chains import verify
from engine.store.database import open_database
from engine.store.files import FileStore, named
from engine.store.keys import key
from engine.store.places import Folder, place_of
from engine.store.schema import check_schema
from engine.store.triggers import create_triggers
from tests.conftest import MAKERS
from tests.databases import KINDS, ON_ONE_KIND
from tests.store.office import LETTER, PASSPHRASE, files_in, secret


@pytest.fixture(params=KINDS)
def target_url(request):
    """An empty database of each kind to restore into."""
    with request.getfixturevalue(MAKERS[request.param]).empty() as url:
        yield url


def _content(database):
    with database.read() as reader:
        return {
            table.name: [
                tuple(row)
                for row in reader.connection.execute(select(table).order_by(*table.primary_key.columns))
                if not (table is tables.history and row.stream == "office") and table is not tables.heartbeat
            ]
            for table in tables.metadata.sorted_tables
        }


def test_everything_comes_back_in_either_database(office, made, data_dir, target_url, new_dir, clock, actor):
    report = restore(made, target_url, new_dir, Folder(new_dir), PASSPHRASE, clock.advance(days=1))
    assert report.history.sound
    assert report.rows["sign_in_attempt"] == 3
    assert report.files == 2
    with ExitStack() as stack:
        restored = open_database(target_url, new_dir)
        stack.callback(restored.close)
        check_schema(restored)
        assert _content(restored) == _content(office)
        assert secret(new_dir) == secret(data_dir)
        for folder in ("files", "functions"):
            kept = {p.relative_to(data_dir): p.read_bytes() for p in (data_dir / folder).rglob("*") if p.stem != ".lock"
                    and p.is_file()}  # fmt: skip
            assert {
                p.relative_to(new_dir): p.read_bytes() for p in (new_dir / folder).rglob("*") if p.is_file()
            } == kept
        assert new_dir.stat().st_mode & 0o777 == 0o700
        with restored.read() as reader:
            last = reader.connection.execute(select(tables.history).where(tables.history.c.stream == "office")).all()[
                -1
            ]
            assert (last.action, last.at) == ("office:restored", clock.now)
        with restored.write(actor, clock.now) as work:  # and work goes on
            work.connection.execute(
                insert(tables.sign_in_attempt),
                {"account": "ani", "address": "::1", "at": clock.now, "succeeded": False},
            )
            work.record("office", HistoryEvent(Action.EXPORT_MADE))
        with restored.read() as reader:
            assert verify(reader).sound


def test_jobs_stay_off_until_the_operator_confirms(made, sqlite_files, new_dir, now):
    with sqlite_files.empty() as url:
        restore(made, url, new_dir, Folder(new_dir), PASSPHRASE, now)
        restored = open_database(url, new_dir)
        operations = Monitoring(restored, files_in(new_dir), new_dir)
        assert operations.jobs_off()
        assert operations.confirm_restore(now)
        assert not operations.jobs_off()
        assert not operations.confirm_restore(now)
        restored.close()


@ON_ONE_KIND
@pytest.mark.xdist_group("s3")
def test_it_comes_back_where_machines_share_their_files_and_from_there(
    office, made, data_dir, new_dir, tmp_path, s3, now
):
    shared = place_of(s3.prefix(), tmp_path)
    report = restore(made, None, new_dir, shared, PASSPHRASE, now)
    assert report.files == 2
    assert not (new_dir / "files").exists()
    assert key(shared, "secret") == secret(data_dir)
    assert FileStore(shared).content(hashlib.sha256(LETTER).hexdigest()) == LETTER
    with pytest.raises(SetupError, match="tidak kosong"):
        restore(made, None, tmp_path / "lain", shared, PASSPHRASE, now)

    restored = open_database(None, new_dir)
    again, here = tmp_path / "lagi.tar.gz", tmp_path / "sini"
    assert backup(restored, FileStore(shared), again, PASSPHRASE, now).missing == ()
    restored.close()
    assert restore(again, None, here, Folder(here), PASSPHRASE, now).files == 2
    for folder in ("files", "functions"):
        assert {p.name: p.read_bytes() for p in (here / folder).rglob("*") if p.is_file()} == {
            p.name: p.read_bytes() for p in (data_dir / folder).rglob("*") if p.is_file()
        }


@ON_ONE_KIND
@pytest.mark.xdist_group("s3")
def test_a_restore_that_fails_half_way_leaves_nothing_where_machines_share_their_files(
    made, new_dir, tmp_path, s3, monkeypatch, now
):
    shared = place_of(s3.prefix(), tmp_path)
    put = []

    def break_off(self, name, draft, *, once=False):
        put.append(name)
        if len(put) == 3:
            raise StoreAway(str(self), "terputus")
        whole(self, name, draft, once=once)

    whole = type(shared).put
    monkeypatch.setattr(type(shared), "put", break_off)
    with pytest.raises(StoreAway):
        restore(made, None, new_dir, shared, PASSPHRASE, now)
    assert [name.partition("/")[0] for name in put] == ["keys", "files", "functions"]
    assert [name for folder in ("files", "functions", "keys") for name in shared.names(folder)] == []
    assert list(new_dir.iterdir()) == []


def test_by_default_it_comes_back_as_sqlite_in_the_data_folder(office, made, new_dir, now):
    restore(made, None, new_dir, Folder(new_dir), PASSPHRASE, now)
    restored = open_database(None, new_dir)
    assert _content(restored) == _content(office)
    restored.close()
    assert not [path for path in new_dir.iterdir() if path.name.startswith(".")]


def test_a_backup_is_for_its_owner_alone_and_does_not_show_the_keys(made, data_dir, tmp_path):
    assert made.stat().st_mode & 0o777 == 0o600
    content = gzip.decompress(made.read_bytes())
    assert LETTER in content
    assert secret(data_dir) not in content
    assert base64.b64encode(secret(data_dir)) not in content
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("data", made.name)] == []


def test_a_backup_does_not_overwrite_another(office, made, data_dir, now):
    before = made.read_bytes()
    with pytest.raises(SetupError, match="sudah ada"):
        backup(office, files_in(data_dir), made, PASSPHRASE, now)
    assert made.read_bytes() == before


def test_a_backup_into_a_folder_that_is_not_there_says_so(office, data_dir, tmp_path, now):
    with pytest.raises(SetupError, match="No such file"):
        backup(office, files_in(data_dir), tmp_path / "tiada" / "x.tar.gz", PASSPHRASE, now)


def test_a_short_passphrase_is_refused(office, data_dir, tmp_path, now):
    with pytest.raises(SetupError, match="terlalu pendek"):
        backup(office, files_in(data_dir), tmp_path / "x.tar.gz", "1234567", now)


def test_a_damaged_file_is_reported_and_the_rest_is_kept(office, data_dir, tmp_path, now):
    sha256 = hashlib.sha256(LETTER).hexdigest()
    files_in(data_dir).place.path(named(sha256)).write_bytes(b"rusak")
    report = backup(office, files_in(data_dir), tmp_path / "x.tar.gz", PASSPHRASE, now)
    assert report.damaged == (f"files/{sha256[:2]}/{sha256}",)
    assert (report.files, report.rows["person"]) == (2, 1)


def test_a_broken_chain_comes_back_as_it_was_and_is_reported(office, data_dir, tmp_path, target_url, new_dir, now):
    with office.unguarded() as connection:
        for name in ("history_no_update",) if office.dialect == "sqlite" else ("history_no_change ON history",):
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.execute(
            update(tables.history).where(tables.history.c.stream.like("instance:%")).values(actor="budi")
        )
        create_triggers(connection)
    backup(office, files_in(data_dir), tmp_path / "x.tar.gz", PASSPHRASE, now)
    report = restore(tmp_path / "x.tar.gz", target_url, new_dir, Folder(new_dir), PASSPHRASE, now)
    assert [fault.kind for fault in report.history.faults] == ["content"]


def test_a_database_that_is_not_empty_is_left_alone(office, made, new_dir, now):
    before = _content(office)
    with pytest.raises(SetupError, match="tidak kosong"):
        restore(made, office.url.render_as_string(hide_password=False), new_dir, Folder(new_dir), PASSPHRASE, now)
    assert _content(office) == before
    assert list(new_dir.iterdir()) == []
