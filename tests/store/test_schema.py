"""Migrating a database to this release's schema, and refusing one that stands elsewhere."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from runpy import run_path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from procrastinate.schema import SchemaManager, migrations_path
from sqlalchemy import column, insert, table

from engine.model.errors import SetupError
from engine.model.history import sha256_of
from engine.store.database import open_database
from engine.store.queries import tokens
from engine.store.schema import (
    MIGRATIONS,
    check_schema,
    comparison,
    latest_version,
    migrate,
    schema_version,
    upgrade,
    version_of,
    versions,
)
from engine.store.tables import api_token, metadata, person
from engine.store.triggers import create_triggers
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]


@pytest.fixture
def empty_database(empty_database_url, data_dir):
    """A database without tables."""
    database = open_database(empty_database_url, data_dir)
    yield database
    database.close()


def test_migrating_makes_exactly_the_tables_that_the_code_knows(empty_database):
    assert schema_version(empty_database) is None
    assert migrate(empty_database) == latest_version() == schema_version(empty_database)
    with empty_database.unguarded() as connection:
        context = MigrationContext.configure(connection, opts={**comparison(), "include_name": None})
        assert compare_metadata(context, metadata) == []
    check_schema(empty_database)


def test_a_name_that_is_no_text_is_named_and_nothing_is_half_migrated(empty_database):
    if empty_database.dialect != "sqlite":
        pytest.skip("PostgreSQL keeps no text that is none")
    with empty_database.unguarded() as connection:
        upgrade(connection, "0012")
        create_triggers(connection)
        connection.exec_driver_sql(
            "INSERT INTO person (id, name, must_change_password, active, created_at, sample) VALUES "
            "('ani', 'Ani', 0, 1, '2025-01-01', 0), ('budi', CAST(x'42756469FF' AS TEXT), 0, 1, '2025-01-01', 0)"
        )
    with pytest.raises(SetupError, match=r"tabel person, baris 2 \(budi Budi�\)"):
        migrate(empty_database)
    with empty_database.unguarded() as connection:
        assert version_of(connection) == "0012"
        tables = connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars().all()
        assert "personal_value" not in tables
        assert "capacity" not in {row[1] for row in connection.exec_driver_sql("PRAGMA table_info(history)")}
        connection.exec_driver_sql("UPDATE person SET name = 'Budi' WHERE id = 'budi'")
    assert migrate(empty_database) == latest_version()


def test_the_tables_of_jobs_are_those_that_the_installed_release_works_with():
    """Where this fails after an upgrade, a revision runs what came under ``procrastinate/sql/migrations``."""
    made = run_path(str(MIGRATIONS / "versions" / "0017_jobs.py"))["SCHEMA"]
    assert made == sha256_of(SchemaManager.get_schema())
    assert max(path.name for path in migrations_path.glob("*.sql")).startswith("03.04.00_50_")


def test_tokens_from_before_there_were_scopes_keep_all_and_end_in_a_month(empty_database):
    now = datetime.now(UTC).replace(microsecond=0)
    old = [each for each in api_token.c if each.name != "scopes"]
    issued = table("api_token", *(column(each.name, each.type) for each in old))
    with empty_database.unguarded() as connection:
        upgrade(connection, "0007")
        create_triggers(connection)
        ani = {"id": "ani", "name": "Ani", "must_change_password": False, "active": True, "created_at": now}
        connection.execute(insert(person), ani | {"sample": False})
        for id_, days in (("long", 365), ("short", 3)):
            facts = {"id": id_, "person_id": "ani", "name": "rekap", "sha256": id_, "created_at": now}
            connection.execute(insert(issued), facts | {"expires_at": now + timedelta(days=days)})
    migrate(empty_database)
    with empty_database.read() as reader:
        held = {token.id: token for token in tokens.of_person(reader, "ani")}
    assert {token.scopes for token in held.values()} == {"read work start deploy administer"}
    assert held["short"].expires_at == now + timedelta(days=3)
    assert timedelta(days=29) < held["long"].expires_at - now < timedelta(days=31)


def test_migrating_twice_changes_nothing(empty_database):
    migrate(empty_database)
    migrate(empty_database)
    check_schema(empty_database)


def test_a_database_that_nobody_prepared_is_refused(empty_database):
    with pytest.raises(SetupError, match=r"kosong\..*jalankan `alur migrate`"):
        check_schema(empty_database)


def test_a_database_of_a_newer_release_is_refused_and_left_alone(database):
    with database.unguarded() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for refuses in (check_schema, migrate):
        with pytest.raises(SetupError, match=r"versi Alur yang lebih baru \(skema 9999\)"):
            refuses(database)
    assert schema_version(database) == "9999"


def test_a_database_of_an_older_release_is_refused_until_it_is_migrated(database, monkeypatch):
    monkeypatch.setattr("engine.store.schema.latest_version", lambda: "later")
    with pytest.raises(SetupError, match="versi Alur yang lebih lama"):
        check_schema(database)


def test_a_migration_that_fails_leaves_nothing(empty_database, monkeypatch):
    def fail(connection):
        raise RuntimeError("no triggers today")

    monkeypatch.setattr("engine.store.schema.create_triggers", fail)
    with pytest.raises(RuntimeError):
        migrate(empty_database)
    assert schema_version(empty_database) is None


def test_two_processes_that_migrate_at_once_wait_for_each_other(empty_database, empty_database_url, data_dir):
    script = (
        "import sys; from pathlib import Path; from engine.store.database import open_database; "
        "from engine.store.schema import migrate; sys.stdin.read(1); "
        "print(migrate(open_database(sys.argv[1], Path(sys.argv[2]))))"
    )
    command = [sys.executable, "-c", script, empty_database_url, str(data_dir)]
    both = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for process in both:
        process.stdin.write(b"x")
        process.stdin.flush()
    outcomes = [process.communicate(timeout=PATIENCE) for process in both]
    assert [out.decode().strip() for out, _ in outcomes] == [latest_version()] * 2, outcomes
    check_schema(empty_database)


def test_the_name_of_a_revision_s_file_begins_with_its_version_and_they_follow_in_order():
    follow = tuple(ScriptDirectory(str(MIGRATIONS)).walk_revisions())[::-1]
    assert versions() == tuple(revision.revision for revision in follow)
