"""An instance that waits says for what, since when and until when; one that can never go on says that."""

import pytest

from tests.pages.conftest import known
from tests.pages.test_grid import text_of
from tests.service.drawing import gateway, user
from tests.service.procedures import PEOPLE, deploy, form, number, start, text
from tests.service.test_who_waits import NODES, WAYS_BESIDE, begun, done

WAITING = "event_gateway_takes_what_comes_first"


@pytest.fixture
def staffed(office):
    """The office, whose lanes Staf and Atasan have people as well."""
    for role, account in PEOPLE.items():
        office.hire(account, role)
    return known(office)


def test_who_looks_reads_which_branch_is_missing_and_the_operator_what_is_left_to_do(staffed, browse, monkeypatch):
    instance = begun(staffed, monkeypatch)
    done(staffed, instance, "uji_hukum")
    reader, operator = browse("ann"), browse("operator")
    said = text_of(reader.get(f"/instans/{instance}"))
    assert "yang ditunggu kumpulkan tidak dapat datang lagi" in said
    assert "Menunggu cabang lain di kumpulkan yang tidak akan pernah datang: keuangan sejak" in said
    assert "uji_" not in said, "what has a name is not told by its id"
    said = text_of(operator.get("/insiden"))
    assert "“kumpulkan” menunggu cabang" in said
    assert "uji_" not in said, "the list names the element as the diagram does"
    [told], _ = staffed.services.incidents.list(staffed.actor("operator"))
    said = text_of(operator.get(f"/insiden/{told.id}"))
    assert "Hentikan pelaksanaan ini, perbaiki diagramnya, lalu mulai lagi." in said
    assert "Jejak teknis" not in said, "nothing raised"
    page = browse("auditor").get("/audit/jejak?jenis=incident:read&pelaku=operator").text
    assert "1 baris" in page, "that the operator looked is a line"
    assert f'<a href="/instans/{instance}">' in page
    reader.post("/bahasa", {"bahasa": "en"})
    said = text_of(reader.get(f"/instans/{instance}"))
    assert "This instance cannot go on: what kumpulkan waits for can no longer come." in said
    assert "Waiting for other branches at kumpulkan never to come: keuangan since" in said


def test_while_others_work_the_page_says_what_never_comes_and_not_that_all_is_over(staffed, browse, monkeypatch):
    nodes = NODES | {"pisah": gateway("parallel"), "umum": user()}
    instance = begun(staffed, monkeypatch, nodes=nodes, ways=WAYS_BESIDE)
    done(staffed, instance, "uji_hukum")
    said = text_of(browse("ann").get(f"/instans/{instance}"))
    assert "Yang ditunggu kumpulkan tidak akan pernah datang." in said
    assert "tidak dapat dilanjutkan" not in said


def test_time_and_messages_are_told_with_their_instants(staffed, browse):
    deploy(staffed, WAITING, {"baca": form(), "ingatkan": form()})
    instance = start(staffed, WAITING)
    reader = browse("ann")
    said = text_of(reader.get(f"/instans/{instance}"))
    assert "Menunggu pesan jawaban di Dijawab sejak" in said
    assert "Menunggu waktu: Tiga hari berlalu sejak" in said
    assert "sampai 14 Apr 2025 10.15" in said
    reader.post("/bahasa", {"bahasa": "en"})
    assert "Waiting for the message jawaban at Dijawab" in text_of(reader.get(f"/instans/{instance}"))


def test_the_list_names_the_events_that_are_waited_for(staffed, browse):
    deploy(staffed, "receive_task_waits_for_its_message", {"catat": form()})
    start(staffed, "receive_task_waits_for_its_message")
    assert "Menunggu Menerima surat" in text_of(browse("ann").get("/instans"))


def test_the_operator_sees_since_when_a_message_waits_for_somebody_to_receive_it(staffed, browse):
    asks = "message_asks_and_waits_for_the_answer"
    deploy(staffed, asks, {"mulai": form(nomor=number("Nomor"), perihal=text("Perihal")), "baca": form()})
    operator = browse("operator")
    assert "Pesan yang belum diterima" not in text_of(operator.get("/operasi"))
    start(staffed, asks, nomor="7", perihal="Data SPM")
    assert "Pesan yang belum diterima permintaan sejak 11 Apr 2025" in text_of(operator.get("/operasi"))
