"""`alur run`: the sample office on one's own machine, started, stopped and started again."""

import os
import re
import shutil
import signal
import socket
import sqlite3
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select

from engine.store.files import FileStore
from engine.store.places import Folder
from engine.store.tables import attachment, instance
from tests.office import ROOT
from tests.operations.harness import AS_PEOPLE_DO, until
from tests.patience import PATIENCE

SAMPLE = re.compile(r"^  ([a-z.0-9]+) +(\S{5}-\S{5}-\S{5}) +(\w+)$", re.MULTILINE)


@pytest.fixture
def sample(install):
    """The sample office as a newcomer has it after `make run`: nothing but the checkout."""
    return install(processes=ROOT / "processes", forms=ROOT / "forms")


def test_a_newcomer_finds_the_sop_deployed_sees_the_passwords_once_and_keeps_what_is_deployed_over_it(sample, tmp_path):
    first = sample.serve("run", program=AS_PEOPLE_DO)
    passwords = {account: password for account, password, _ in SAMPLE.findall(first.said)}
    assert "Prosedur pengumpulan_data_kinerja versi 1 dipasang." in first.said
    assert {"kepala.dinas", "sekretaris", "pemegang.data.6", "perancang", "auditor", "operator"} <= passwords.keys()
    assert f"http://127.0.0.1:{sample.port}\n" in first.said

    head = sample.sign_in("kepala.dinas", passwords["kepala.dinas"])
    assert head.get("/tugas").location.startswith("/sandi"), "the first password is changed before anything else"
    new = {"baru": "kuda-baterai-staples", "ulang": "kuda-baterai-staples"}
    assert head.post("/sandi", new, page="/sandi").status == 303
    started = head.start("pengumpulan_data_kinerja", tahun="2025", periode="I")
    assert started.status == 303
    assert first.stop() == 0

    second = sample.serve("run")
    assert SAMPLE.findall(second.said) == []
    assert "dipasang" not in second.said, "what did not change is not deployed again"
    assert "Akun contoh sudah ada." in second.said
    assert "Triwulan I 2025" in head.get(started.location).text, "the session and the instance outlive the restart"
    assert passwords.keys() == {account for account in passwords if account in people_of(sample)}
    assert second.stop() == 0

    changed = shutil.copytree(ROOT / "processes" / "pengumpulan_data_kinerja", tmp_path / "pengumpulan_data_kinerja")
    diagram = changed / "pengumpulan_data_kinerja.bpmn"
    diagram.write_text(diagram.read_text().replace('name="Sekretaris"', 'name="Sekretariat"'))
    assert "versi 2" in sample.command("deploy", str(changed), "--note", "oleh perancang").stdout
    assert "dipasang" not in sample.serve("run").said


def people_of(sample):
    from engine.store.tables import person

    with sample.database() as database, database.read() as reader:
        return set(reader.connection.scalars(select(person.c.id)))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["told to stop", "Ctrl-C"])
def test_an_operator_who_stops_alur_finds_nothing_running_and_the_port_free(installation, number):
    server = installation.serve(program=AS_PEOPLE_DO)
    worker = until(lambda: '"worker started"' in server.said and installation.child("worker"), "the worker runs")
    os.killpg(server.process.pid, number)
    assert server.process.wait(PATIENCE) == 0
    assert not worker.is_running()
    assert installation.running() == []
    assert installation.port_is_free()
    assert '"worker finished"' in server.said, "the worker ended its round instead of being cut off"
    assert "Traceback" not in server.said


def read_of(installation):
    from sqlalchemy import func

    from engine.store.tables import history

    with installation.database() as database, database.read() as reader:
        return reader.connection.scalar(select(func.count()).where(history.c.action == "person:read"))


def test_what_was_read_is_written_before_alur_stops(installation):
    server = installation.serve()
    operator = installation.sign_in("operator")
    for account in ("ani", "budi", "sinta", "toba"):
        assert operator.get(f"/orang/{account}").status == 200
    assert server.stop() == 0
    assert read_of(installation) == 4
    assert "not recorded" not in server.said


def test_what_was_read_and_cannot_be_written_before_alur_stops_is_named(installation):
    server = installation.serve()
    operator = installation.sign_in("operator")
    with sqlite3.connect(installation.data / "alur.db", isolation_level=None) as elsewhere:
        elsewhere.execute("BEGIN IMMEDIATE")
        assert operator.get("/orang/ani").status == 200
        server.stop()
        elsewhere.execute("ROLLBACK")
    elsewhere.close()
    [told] = [line for line in server.said.splitlines() if "not recorded" in line]
    assert '"person": "ani"' in told
    assert '"cause": "stopped"' in told
    assert read_of(installation) == 0


def test_a_download_that_a_stop_breaks_off_is_named(installation):
    server, size = installation.serve(), 24 << 20
    ani = installation.sign_in("ani")
    assert ani.start("surat", nomor="001").status == 303
    stored = FileStore(Folder(installation.data)).put_bytes(os.urandom(size), size)
    its = {"id": "00000000-0000-0000-0000-000000000001", "sha256": stored.sha256, "size": size, "name": "besar.pdf"}
    its |= {"media_type": "application/pdf", "uploaded_by": "ani", "uploaded_at": datetime.now(UTC)}
    with installation.database() as database, database.unguarded() as connection:
        its |= {"instance_id": connection.scalar(select(instance.c.id)), "task_id": None}
        connection.execute(insert(attachment), its)
    cookies = "; ".join(f"{name}={value}" for name, value in ani.cookies.items())
    asked = f"GET /lampiran/{its['id']} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookies}\r\nConnection: close\r\n\r\n"
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        slow.settimeout(PATIENCE)
        slow.connect(("127.0.0.1", installation.port))
        slow.sendall(asked.encode())
        with slow.makefile("rb") as answer:
            assert len(answer.read(18 << 20)) == 18 << 20
        server.stop()
    [told] = [line for line in server.said.splitlines() if "not recorded" in line]
    assert stored.sha256 in told
    assert '"cause": "stopped"' in told
