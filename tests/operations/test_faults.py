"""What keeps Alur from serving is told in words: what is wrong and what to do, never a traceback."""

import re
import resource
import shutil
import socket
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg
import pytest
from sqlalchemy import func, make_url, select, update

from engine.serving import self_signed
from engine.store.tables import history, instance, person, task
from tests.operations.harness import AS_PEOPLE_DO, PATIENCE, Browser, free_port, message_of, until


@pytest.mark.parametrize("command", ["serve", "run"])
def test_a_taken_port_is_named_with_the_setting_that_chooses_another(install, command):
    office = install()
    with socket.create_server(("127.0.0.1", office.port)):
        message = message_of(office.command(command))
    assert f"127.0.0.1:{office.port}" in message
    assert "ALUR_PORT" in message
    assert not office.data.exists(), "nothing is made for a server that cannot serve"


def test_a_data_folder_that_is_a_file_is_named(install):
    office = install()
    office.data.write_text("bukan folder")
    message = message_of(office.command("serve"))
    assert str(office.data) in message
    assert "ALUR_DATA" in message
    assert office.data.read_text() == "bukan folder"


@pytest.mark.parametrize("command", [("serve",), ("serve", "--tls-self-signed")])
def test_a_data_folder_that_nobody_can_write_is_named(install, command):
    message = message_of(install().command(*command, ALUR_DATA="/proc/alur"))
    assert "/proc/alur" in message
    assert "hak menulis" in message


def test_a_postgresql_server_that_is_away_is_named_without_its_password(install):
    office = install(url=f"postgresql://alur:rahasia-sekali@127.0.0.1:{free_port()}/kantor")
    done = office.command("serve")
    message = message_of(done)
    assert "Pastikan server PostgreSQL berjalan" in message
    assert "rahasia-sekali" not in done.stdout + done.stderr


def test_a_postgresql_database_that_was_never_made_is_named(install, postgresql_url):
    url = make_url(postgresql_url).set(database="tiada").render_as_string(hide_password=False)
    message = message_of(install(url=url).command("serve"))
    assert "tiada" in message
    assert "ALUR_DATABASE_URL" in message


@pytest.mark.parametrize("url", ["bukan alamat", "mysql://kantor/alur"])
def test_a_database_address_that_alur_does_not_know_is_refused_with_an_example(install, url):
    message = message_of(install(url=url).command("serve"))
    assert "ALUR_DATABASE_URL" in message
    assert "sqlite:////folder/alur.db" in message


def test_a_file_that_is_no_database_is_left_as_it_is(install):
    office = install()
    office.data.mkdir(mode=0o700)
    (office.data / "alur.db").write_bytes(b"daftar belanja\n" * 500)
    message = message_of(office.command("serve"))
    assert "rusak atau bukan basis data Alur" in message
    assert (office.data / "alur.db").read_bytes() == b"daftar belanja\n" * 500


def test_a_database_that_was_never_prepared_is_named_with_the_command_that_prepares_it(install):
    assert "alur migrate" in message_of(install().command("verify"))


@pytest.mark.parametrize("port", ["delapan ribu", "0"])
def test_a_port_that_is_none_is_refused(install, port):
    message = message_of(install().command("serve", ALUR_PORT=port))
    assert "ALUR_PORT" in message
    assert "65535" in message


def test_an_address_of_another_machine_is_refused(install):
    message = message_of(install().command("serve", "--tls-self-signed", ALUR_HOST="192.0.2.1"))
    assert "192.0.2.1" in message


def test_an_office_is_never_served_without_encryption(install):
    message = message_of(install().command("serve", ALUR_HOST="0.0.0.0"))
    assert "--tls-self-signed" in message
    assert "--behind-proxy" in message


def test_sample_people_are_never_served_to_others(install):
    message = message_of(install().command("run", ALUR_HOST="0.0.0.0"))
    assert "alur serve" in message

    office = install()
    office.prepare({"ani": "staf"}, deploy=())
    with office.database() as database, database.unguarded() as connection:
        connection.execute(update(person).values(sample=True))
    done = office.command("serve", "--tls-self-signed", ALUR_HOST="0.0.0.0")
    assert "Akun contoh masih aktif" in message_of(done)
    assert "Sidik sertifikat (SHA-256): " in done.stdout


def test_a_certificate_that_belongs_to_another_key_is_named(install, tmp_path):
    certificate, _, _ = self_signed(tmp_path / "kantor", ["kantor"])
    _, other_key, _ = self_signed(tmp_path / "lain", ["lain"])
    message = message_of(install().command("serve", "--tls-cert", str(certificate), "--tls-key", str(other_key)))
    assert str(certificate) in message
    assert str(other_key) in message


def test_a_folder_without_procedures_is_named(install, tmp_path):
    message = message_of(install(processes=tmp_path / "tiada").command("run"))
    assert str(tmp_path / "tiada") in message
    assert "ALUR_PROCESSES" in message


# ── while it runs ───────────────────────────────────────────────────────────────────────────────────────────────────


def content_of(office):
    """What an instance is: its row, its tasks, its history."""
    with office.database() as database, database.read() as reader:
        return {
            table.name: sorted(map(str, reader.connection.execute(select(table))))
            for table in (instance, task, history)
        }


def ready_to_write(office):
    """Return Ani's browser and the task in her hands."""
    ani = office.sign_in("ani")
    assert ani.start("surat", nomor="001").status == 303
    found = ani.find_task("001")
    assert found
    return ani, found


def test_a_person_reads_that_the_database_is_busy_and_loses_nothing(installation):
    installation.serve()
    ani, written = ready_to_write(installation)
    before = content_of(installation)
    with closing(sqlite3.connect(installation.data / "alur.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        refused = ani.complete(written, isi="Kepada Yth.")
        assert refused.status == 503
        assert "Basis data sedang sibuk" in refused.text
        assert "belum tersimpan" in refused.text
        assert ani.get("/tugas").status == 200, "reading goes on"
        other.execute("ROLLBACK")
    assert content_of(installation) == before
    assert ani.complete(written, isi="Kepada Yth.").status == 303


def test_an_operator_who_starts_alur_beside_a_locked_database_is_told_to_try_again(installation):
    with closing(sqlite3.connect(installation.data / "alur.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        message = message_of(installation.command("serve"))
    assert "sibuk" in message
    installation.serve()


def limit_files(office, most):
    """Let no process of the office write beyond *most* bytes of any file, as on a disk that is full."""
    for process in office.running():
        _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (hard if most is None else most, hard))


def test_a_full_disk_is_told_in_words_and_work_goes_on_when_there_is_room_again(installation):
    server = installation.serve()
    until(lambda: installation.child("worker"), "the worker child runs")
    ani, written = ready_to_write(installation)
    before = content_of(installation)
    limit_files(installation, 0)
    refused = ani.complete(written, isi="Kepada Yth.")
    assert refused.status == 503
    assert "belum dapat menyimpan" in refused.text
    assert not re.search(r"\bG-[A-Z0-9]{4}\b", refused.text)
    assert ani.get(f"/tugas/{written}").status == 200, "reading goes on"
    assert content_of(installation) == before
    limit_files(installation, None)
    assert ani.complete(written, isi="Kepada Yth.").status == 303
    assert server.process.poll() is None
    assert installation.command("verify").returncode == 0


@contextmanager
def away(url):
    """Take a PostgreSQL database away from whoever uses it, and give it back."""
    name = make_url(url).database
    server = make_url(url).set(database="postgres", drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as administrator:
        administrator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        administrator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        yield
        administrator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def test_people_read_that_postgresql_is_away_and_work_goes_on_when_it_is_back(install, postgresql_url):
    office = install(url=postgresql_url)
    office.prepare()
    server = office.serve()
    with away(postgresql_url):  # before anybody has seen a page
        refused = Browser(office.port).get("/sehat")
        assert (refused.status, "belum dapat menyimpan" in refused.text) == (503, True), refused
    ani, written = ready_to_write(office)
    before = content_of(office)
    with away(postgresql_url):
        for page in (f"/tugas/{written}", "/sehat"):
            refused = ani.get(page)
            assert (refused.status, "belum dapat menyimpan" in refused.text) == (503, True), refused
    assert content_of(office) == before
    assert ani.complete(written, isi="Kepada Yth.").status == 303
    assert server.process.poll() is None


def test_two_commands_that_prepare_a_database_at_one_moment_prepare_it_once(install):
    office = install()
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(office.command, ["migrate", "migrate"]))
    assert [one.returncode for one in done] == [0, 0], done
    with office.database() as database, database.read() as reader:
        assert reader.connection.scalar(select(func.count()).select_from(history)) == 2, (
            "the office was founded and one calendar seeded"
        )


# ── a database that is gone ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("command", ["serve", "worker", "verify", "reset-code"])
def test_nobody_begins_an_empty_office_by_accident(install, command):
    office = install()
    message = message_of(office.command(command, *(["ani"] if command == "reset-code" else [])))
    assert str(office.data / "alur.db") in message
    assert "alur restore" in message
    assert "alur migrate" in message
    assert not (office.data / "alur.db").exists()


def test_nobody_begins_an_empty_office_in_an_empty_postgresql_database(install, postgresql_url):
    message = message_of(install(url=postgresql_url).command("serve"))
    assert "kosong" in message
    assert "ALUR_DATABASE_URL" in message
    with psycopg.connect(make_url(postgresql_url).set(drivername="postgresql").render_as_string(False)) as connection:
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert found == (0,)


def test_a_database_that_is_moved_away_ends_the_server_in_words_and_is_whole_when_it_is_put_back(installation):
    server = installation.serve(program=AS_PEOPLE_DO)
    worker = until(lambda: installation.child("worker"), "the worker child runs")
    away_to = installation.data.with_name("dibawa")
    installation.data.rename(away_to)
    installation.data.mkdir()
    for process in installation.running():
        if process.pid not in (server.process.pid, worker.pid):
            process.kill()
    assert server.process.wait(PATIENCE) != 0
    assert f"Berkas basis data {installation.data / 'alur.db'} tidak ada." in server.said
    assert "Traceback" not in server.said
    assert not (installation.data / "alur.db").exists()
    shutil.rmtree(installation.data)
    away_to.rename(installation.data)
    installation.serve()
    assert installation.sign_in("ani").get("/tugas").status == 200
