"""Where a scanner is set, no file is kept that the real ClamAV daemon did not find clean."""

import io
import shutil
import socket
import subprocess
import threading
import time

import pytest

from engine.channels import clamd
from engine.channels.faults import Away
from engine.model.history import Action
from engine.service.history.timelines import HistoryFilter
from engine.service.papers.uploads import UploadRefused
from tests.databases import KINDS
from tests.patience import PATIENCE

DAEMON = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin")
CLEAN = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
MARK = b"tanda uji kantor"


@pytest.fixture
def database_kind():
    """A file is scanned before any database is asked."""
    return KINDS[0]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """A daemon that knows one signature, the office's own."""
    if DAEMON is None:
        pytest.skip("no clamd on this machine; `apt install clamav-daemon`")
    folder = tmp_path_factory.mktemp("clamd")
    (folder / "kantor.ndb").write_text(f"Kantor.Uji:0:*:{MARK.hex()}\n")
    address = str(folder / "clamd.ctl")
    settings = {"DatabaseDirectory": folder, "LocalSocket": address, "Foreground": "yes", "StreamMaxLength": "1M"}
    (folder / "clamd.conf").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    running = subprocess.Popen([DAEMON, "-c", str(folder / "clamd.conf")], stdout=subprocess.DEVNULL)
    end = time.monotonic() + PATIENCE
    while not _answers(address):
        assert running.poll() is None and time.monotonic() < end  # noqa: PT018
        time.sleep(0.1)
    yield address
    running.terminate()
    running.wait()


def _answers(address):
    try:
        return clamd.scan(address, io.BytesIO(CLEAN)) is None
    except Away:
        return False


def add(office, address, content, name="notulen.pdf"):
    """Add a file to a new instance, past a scanner."""
    documents = office.services.documents
    object.__setattr__(documents.gate, "clamd", address)
    return documents.add(office.actor("kepala.dinas"), office.start(), name, io.BytesIO(content), office.now)


def test_a_clean_file_is_kept_and_an_infected_one_is_refused_by_name_in_a_line(office, daemon):
    assert add(office, daemon, CLEAN).size == len(CLEAN)
    office.later(minutes=1)
    with pytest.raises(UploadRefused) as refused:
        office.services.documents.add(
            office.actor("kepala.dinas"), _newest(office), "jahat.pdf", io.BytesIO(CLEAN + MARK), office.now
        )
    assert (refused.value.reason, refused.value.facts) == ("infected", {"found": "Kantor.Uji.UNOFFICIAL"})
    told = HistoryFilter(actor="kepala.dinas", action=Action.ATTEMPT_REFUSED)
    [line] = office.services.histories.everything(office.actor("auditor"), told).lines
    assert "jahat.pdf" in line.change
    assert "Kantor.Uji" in line.change


def _newest(office):
    return office.services.instances.list(office.actor("kepala.dinas"), office.now).items[0].record.id


def test_what_the_daemon_does_not_take_is_not_kept(office, daemon):
    with pytest.raises(UploadRefused) as refused:
        add(office, daemon, CLEAN + b" " * 2_000_000)
    assert refused.value.reason == "unscanned"


def test_a_daemon_that_is_down_or_hangs_keeps_every_file_out(office, tmp_path):
    with pytest.raises(UploadRefused) as refused:
        add(office, str(tmp_path / "tidak-ada.ctl"), CLEAN)
    assert refused.value.reason == "unscanned"
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        held = []
        accepting = threading.Thread(target=lambda: held.append(deaf.accept()[0]))
        accepting.start()
        with pytest.raises(Away):
            clamd.scan(f"127.0.0.1:{deaf.getsockname()[1]}", io.BytesIO(CLEAN), longest=0.5)
        accepting.join()
        held[0].close()
