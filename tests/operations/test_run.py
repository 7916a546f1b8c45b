"""`alur run`: the sample office on one's own machine, started, stopped and started again."""

import os
import re
import shutil
import signal

import pytest

from tests.office import ROOT
from tests.operations.harness import until
from tests.patience import PATIENCE

SAMPLE = re.compile(r"^  ([a-z.0-9]+) +(\S{5}-\S{5}-\S{5}) +(\w+)$", re.MULTILINE)


@pytest.fixture
def sample(install):
    """The sample office as a newcomer has it after `make run`: nothing but the checkout."""
    return install(processes=ROOT / "processes", forms=ROOT / "forms")


def test_a_newcomer_finds_the_sop_deployed_and_sees_the_passwords_only_once(sample):
    first = sample.serve("run")
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


def test_what_a_designer_deployed_over_the_sample_stays_when_it_is_started_again(sample, tmp_path):
    assert sample.serve("run").stop() == 0
    changed = shutil.copytree(ROOT / "processes" / "pengumpulan_data_kinerja", tmp_path / "pengumpulan_data_kinerja")
    diagram = changed / "pengumpulan_data_kinerja.bpmn"
    diagram.write_text(diagram.read_text().replace('name="Sekretaris"', 'name="Sekretariat"'))
    assert "versi 2" in sample.command("deploy", str(changed), "--note", "oleh perancang").stdout
    assert "dipasang" not in sample.serve("run").said


def people_of(sample):
    from sqlalchemy import select

    from engine.store.tables import person

    with sample.database() as database, database.read() as reader:
        return set(reader.connection.scalars(select(person.c.id)))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["told to stop", "Ctrl-C"])
def test_an_operator_who_stops_alur_finds_nothing_running_and_the_port_free(installation, number):
    server = installation.serve()
    worker = until(lambda: '"worker started"' in server.said and installation.child("worker"), "the worker runs")
    os.killpg(server.process.pid, number)
    assert server.process.wait(PATIENCE) == 0
    assert not worker.is_running()
    assert installation.running() == []
    assert installation.port_is_free()
    assert '"worker finished"' in server.said, "the worker ended its round instead of being cut off"
    assert "Traceback" not in server.said
