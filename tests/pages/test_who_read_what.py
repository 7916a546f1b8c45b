"""Who read what: a line in the reader's stream, once the answer went out; exports, sign-ins and refusals beside it."""

import hashlib
import json
import re

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from engine.model.errors import Busy
from engine.service.office import reading_log
from engine.store.database import Database
from engine.store.queries import documents
from engine.store.tables import history
from tests.api.conftest import Program
from tests.office import SOP
from tests.pages.test_every_route_says_who import address, ids, routes

__all__ = ["ids"]
READINGS = ("document:read", "file:read", "person:read", "incident:read")
SHOW = {"documents.show", "documents.compare", "people.index", "people.show"}
NO_RECORDS = {  # files that are an SOP, an empty form, one's own due dates, or what somebody is only typing
    *("instances.bpmn", "processes.bpmn", "studio.diagram", "sheets.pdf", "sheets.table", "step_tables.example"),
    *("grids.download", "tasks.entries_text", "notices.feed", "people_import.blank"),
}


@pytest.fixture
def instance(office):
    """An instance whose data were handed in with evidence."""
    instance = office.start()
    office.until_analysis(instance)
    return instance


@pytest.fixture
def letter(office, instance):
    """The letter of an instance, printed."""
    letter = next(each for each in office.page(instance).documents if each.data_object_id == "undangan")
    office.services.printing.make(letter.id, office.now)
    return letter


@pytest.fixture
def evidence(office, instance):
    """A file that was handed in."""
    return evidence_of(office, instance)


def evidence_of(office, instance):
    with office.database.read() as reader:
        return documents.attachments_of(reader, instance)[0]


def lines(office, stream, *actions):
    """The lines of a stream, as (action, change)."""
    query = select(history.c.action, history.c.change).where(history.c.stream == stream).order_by(history.c.seq)
    with office.database.read() as reader:
        found = [(action, json.loads(change)) for action, change in reader.connection.execute(query)]
    return [(action, change) for action, change in found if not actions or action in actions]


def read_by(office, account):
    return lines(office, f"person:{account}", *READINGS)


def test_every_page_that_hands_out_a_document_a_file_or_a_person_leaves_a_line(app, browse, office, ids):
    reader, told, given = browse("operator"), set(), set()
    office.do("pemegang.data.1", ids["instance_id"], "siapkan_data", "pemegang.data.1")
    ids["attachment_id"] = evidence_of(office, ids["instance_id"]).id
    for rule in routes(app, "GET"):
        office.later(hours=1)
        reader.sign_in("operator")
        before = len(read_by(office, "operator"))
        path = address(app, rule, ids)
        answer = reader.get(path, query_string={"dengan": ids["document_id"]} if path.endswith("/banding") else {})
        if answer.status_code == 200 and len(read_by(office, "operator")) > before:
            told.add(rule.endpoint)
        if answer.status_code == 200 and answer.mimetype not in ("text/html", "application/json", "text/plain"):
            given.add(rule.endpoint)
    assert given - NO_RECORDS == {"documents.file", "attachments.download"}
    assert told == SHOW | {"documents.file", "attachments.download"}


def test_a_reading_says_what_by_id_hash_and_instance(browse, office, instance, letter, evidence):
    reader = browse("sekretaris")
    reader.get(f"/dokumen/{letter.id}")
    printed = reader.get(f"/dokumen/{letter.id}.pdf")
    reader.get(f"/lampiran/{evidence.id}")
    named = {"document": letter.id, "data_object": "undangan", "version": 1, "sha256": letter.sha256}
    sha256 = hashlib.sha256(printed.data).hexdigest()
    assert read_by(office, "sekretaris") == [
        ("document:read", {**named, "instance": instance}),
        ("file:read", {**named, "instance": instance, "format": "pdf", "part": "", "file_sha256": sha256}),
        ("file:read", {"file": evidence.id, "file_sha256": evidence.sha256, "instance": instance}),
    ]
    assert [line for line in lines(office, f"instance:{instance}") if line[0] in READINGS] == []


def test_the_same_within_an_hour_is_one_reading_and_pictures_are_the_document(browse, office, letter):
    first, second = browse("sekretaris"), browse("sekretaris")
    for reader in (first, second, first):
        assert reader.get(f"/dokumen/{letter.id}").status_code == 200
        assert reader.get(f"/dokumen/{letter.id}.png").mimetype == "image/png"
    assert [action for action, _ in read_by(office, "sekretaris")] == ["document:read"]
    office.later(minutes=59)
    first.sign_in("sekretaris")
    first.get(f"/dokumen/{letter.id}")
    assert len(read_by(office, "sekretaris")) == 1
    office.later(minutes=2)
    first.get(f"/dokumen/{letter.id}")
    assert len(read_by(office, "sekretaris")) == 2


def test_what_hands_out_nothing_is_no_reading(browse, office, letter, evidence):
    reader = browse("sekretaris")
    reader.http.head(f"/dokumen/{letter.id}.pdf", buffered=True)
    reader.http.head(f"/dokumen/{letter.id}", buffered=True)
    stranger = browse("perancang")
    assert stranger.get("/lampiran/00000000-0000-0000-0000-000000000000").status_code == 404
    for path in ("/dokumen", "/audit/jejak", f"/instans/{evidence.instance_id}/riwayat"):
        assert browse("auditor").get(path).status_code == 200
    assert [read_by(office, account) for account in ("sekretaris", "perancang", "auditor")] == [[], [], []]


def test_one_s_own_page_and_one_s_own_file_not_handed_in_yet_are_no_reading(browse, office):
    office.start()
    operator = browse("operator")
    assert operator.get("/orang/operator").status_code == 200
    assert read_by(office, "operator") == []
    operator.get("/orang/sekretaris")
    assert read_by(office, "operator") == [("person:read", {"person": "sekretaris"})]


def test_a_download_that_breaks_off_counts_and_nothing_is_written_before(browse, office, letter):
    reader = browse("sekretaris")
    answer = reader.http.get(f"/dokumen/{letter.id}.pdf")
    assert read_by(office, "sekretaris") == []
    answer.close()
    assert [action for action, _ in read_by(office, "sekretaris")] == ["file:read"]


def test_a_database_that_is_busy_spoils_no_download_and_the_log_names_what_is_lost(browse, office, letter, monkeypatch):
    reader = browse("sekretaris")
    monkeypatch.setattr(reading_log, "PAUSE", 0)

    def busy(self, actor, now):
        raise Busy("queue")

    monkeypatch.setattr(Database, "write", busy)
    with capture_logs() as told:
        assert reader.get(f"/dokumen/{letter.id}.pdf").data.startswith(b"%PDF-")
    monkeypatch.undo()
    [lost] = [entry for entry in told if entry["event"] == "not recorded"]
    assert (lost["person"], lost["action"]) == ("sekretaris", "file:read")
    assert lost["change"]["document"] == letter.id
    assert read_by(office, "sekretaris") == []


def test_a_database_that_is_busy_for_a_moment_is_asked_again(browse, office, letter, monkeypatch):
    reader, write, left = browse("sekretaris"), Database.write, [1, 1]
    monkeypatch.setattr(reading_log, "PAUSE", 0)

    def busy_twice(self, actor, now):
        if left:
            left.pop()
            raise Busy("queue")
        return write(self, actor, now)

    monkeypatch.setattr(Database, "write", busy_twice)
    reader.get(f"/dokumen/{letter.id}.pdf")
    assert len(read_by(office, "sekretaris")) == 1


def test_a_program_reads_in_its_person_s_name_and_its_token_is_named(app, office, letter):
    program = Program(app, office, "sekretaris")
    assert program.get(f"/documents/{letter.id}", buffered=True).status_code == 200
    [(action, change)] = read_by(office, "sekretaris")
    assert (action, change["document"], change["token"]) == ("document:read", letter.id, program.token.id)


# ── exports ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def exports(instance):
    """Every export: where it is, what is filled in beside its button, and the page of that."""
    history_ = f"/instans/{instance}/riwayat"
    return [
        (f"{history_}.csv?jenis=task:completed", {}, history_),
        (f"/instans/{instance}/berkas.zip", {}, f"/instans/{instance}"),
        ("/register/kode_surat/berkas.xlsx?pada=2025-04-11", {}, "/register/kode_surat"),
        ("/register/kode_surat/berkas.csv?pada=2025-04-11", {}, "/register/kode_surat"),
        (f"/sop/{SOP}/laporan/pemantauan.xlsx", {"tahun": "2025"}, f"/sop/{SOP}/laporan"),
        (f"/sop/{SOP}/laporan/pemantauan.pdf", {"tahun": "2025"}, f"/sop/{SOP}/laporan"),
    ]


def test_every_export_is_a_button_and_its_line_has_the_hash_of_what_was_sent(browse, office, instance):
    auditor = browse("auditor")
    for path, filled, page in exports(instance):
        shown = auditor.get(page + ("?jenis=task:completed" if page.endswith("riwayat") else "")).text
        form = next(f for f in re.findall(r"<form.*?</form>", shown, re.S) if path.partition("?")[0] in f)
        assert 'method="post"' in form, path
        assert "csrf_token" in form, path
        assert 'type="submit"' in form, path
        sent = auditor.post(path, filled)
        assert sent.status_code == 200, path
        _, change = lines(office, "office", "export:made")[-1]
        assert (change["sha256"], change["size"]) == (hashlib.sha256(sent.data).hexdigest(), len(sent.data)), path
    made = [change for _, change in lines(office, "office", "export:made")]
    assert made[0]["filter"] == {"action": "task:completed"}
    assert (made[3]["kind"], made[3]["on"], made[4]["chosen"]) == ("csv", "2025-04-11", {"tahun": "2025"})


def test_the_address_of_an_export_alone_hands_out_nothing_and_shows_the_way_to_the_button(browse, office, instance):
    auditor = browse("auditor")
    for path, _, page in exports(instance):
        opened = auditor.get(path)
        assert opened.status_code == 405, path
        assert "POST" in opened.headers["Allow"]
        assert f'href="{page}"' in opened.text
        assert "Berkas ini diminta dengan tombolnya" in opened.text
        assert auditor.http.head(path).status_code == 405
        forged = auditor.http.post(path)
        assert "Halaman terlalu lama terbuka" in forged.text, "without the token nothing is handed out"
    assert lines(office, "office", "export:made") == []
    assert "Halaman tidak ditemukan" in auditor.get("/keluar").text, "what is no export has no such button"


def test_nobody_takes_more_than_so_many_exports_in_an_hour(browse, office, instance, monkeypatch):
    monkeypatch.setattr(reading_log, "MOST_EXPORTS", 2)
    auditor, path = browse("auditor"), f"/instans/{instance}/riwayat.csv"
    assert [auditor.post(path).status_code for _ in range(2)] == [200, 200]
    for other, _, _ in exports(instance):
        refused = auditor.post(other, {"tahun": "2025"})
        assert refused.status_code == 429, other
        assert "Terlalu banyak ekspor dalam satu jam. Berikutnya dapat pukul" in refused.text
    assert len(lines(office, "office", "export:made")) == 2
    assert browse("operator").post(path).status_code == 200, "nobody else waits for that"
    office.later(hours=1)
    auditor.sign_in("auditor")
    assert auditor.post(path).status_code == 200


def test_an_export_that_comes_at_once_with_the_last_one_hands_out_nothing(browse, office, instance, monkeypatch):
    monkeypatch.setattr(reading_log, "MOST_EXPORTS", 1)
    auditor = browse("auditor")
    monkeypatch.setattr(reading_log.Readings, "admit_export", lambda self, actor, now: None)  # asked before the first
    path = "/register/kode_surat/berkas.csv?pada=2025-04-11"
    assert [auditor.post(path).status_code for _ in range(2)] == [200, 429]


def test_a_filter_that_is_too_long_is_refused_by_its_name(browse, instance):
    auditor = browse("auditor")
    for name in ("cari", "pelaku", "unsur", "jenis", "tentang"):
        for page in ("/audit/jejak", f"/instans/{instance}/riwayat"):
            assert auditor.get(f"{page}?{name}={'x' * 200}").status_code == 200
            refused = auditor.get(f"{page}?{name}={'x' * 201}")
            assert (refused.status_code, f"Saringan “{name}” terlalu panjang" in refused.text) == (422, True), name
        assert auditor.post(f"/instans/{instance}/riwayat.csv?{name}={'x' * 201}").status_code == 422
    for page in ("/instans", "/dokumen", "/tugas"):
        assert auditor.get(f"{page}?cari={'x' * 200}").status_code == 200
        refused = auditor.get(f"{page}?cari={'x' * 201}")
        assert (refused.status_code, "Saringan “cari” terlalu panjang" in refused.text) == (422, True), page


# ── sign-ins ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_sign_in_says_how_and_after_how_many_wrong_ones(browse, office):
    browser = browse()
    for _ in range(3):
        assert browser.sign_in("sekretaris", "salah-sekali").status_code == 401
    browser.sign_in("sekretaris")
    browse("sekretaris")
    signed = lines(office, "person:sekretaris", "session:opened")
    assert signed == [
        ("session:opened", {"how": "password", "refused": 3}),
        ("session:opened", {"how": "password", "refused": 0}),
    ]
    shown = browse("sekretaris").get("/akun").text
    assert "percobaan salah sebelumnya: 3" in shown
    assert "percobaan salah sebelumnya: 3" in browse("auditor").get("/orang/sekretaris").text


def test_the_one_time_code_of_the_operator_is_named_as_such(browse, office):
    code = office.services.accounts.issue_reset_code(office.actor("operator"), "sekretaris", "Lupa sandi", office.now)
    browse().sign_in("sekretaris", code)
    assert lines(office, "person:sekretaris", "session:opened") == [
        ("session:opened", {"how": "one_time_code", "refused": 0})
    ]


def test_when_tries_at_an_account_have_to_wait_that_is_one_line_and_none_of_a_name_that_is_no_account(browse, office):
    for name in ("sekretaris", "bukan.siapa.siapa", "x" * 5000):
        answers = [browse().sign_in(name, "salah-sekali").status_code for _ in range(9)]
        assert answers[-1] == 429
    locked = select(history.c.stream, history.c.actor).where(history.c.action == "session:locked")
    with office.database.read() as reader:
        assert reader.connection.execute(locked).all() == [("person:sekretaris", "sistem")]
        assert not reader.connection.scalar(select(history.c.seq).where(history.c.stream.contains("bukan.siapa")))
    office.later(hours=2)
    browse("sekretaris")
    assert "Percobaan masuk dibatasi" in browse("auditor").get("/orang/sekretaris").text


# ── refusals ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_command_that_is_refused_is_a_line_of_who_gave_it(app, browse, office, instance):
    holder = browse("pemegang.data.1")
    for _ in range(3):
        assert holder.post(f"/instans/{instance}/arsip/coba-lagi").status_code == 403
    assert holder.post("/orang/sekretaris/aktifkan").status_code == 403
    program = Program(app, office, "pemegang.data.1")
    assert program.post(f"/instances/{instance}/suspension", {"reason": "Coba"}, buffered=True).status_code == 403
    assert lines(office, "person:pemegang.data.1", "attempt:refused") == [
        ("attempt:refused", {"address": "POST /instans/<instance_id>/arsip/coba-lagi", "object": instance}),
        (
            "attempt:refused",
            {"address": "POST /orang/<person_id>/<any(aktifkan, nonaktifkan):deed>", "object": "sekretaris aktifkan"},
        ),
        ("attempt:refused", {"address": "POST /api/v1/instances/<instance_id>/suspension", "object": instance}),
    ]
    page = browse("auditor").get("/audit/jejak?jenis=attempt:refused").text
    assert "POST" not in page.partition("<tbody>")[2].partition("</tbody>")[0], "what was refused is said in words"
    assert "Pelaksanaan · Arsip · coba lagi" in page
    assert f'<a href="/instans/{instance}">' in page, "and of which instance"


def test_a_page_that_was_open_too_long_and_a_page_that_may_not_be_seen_are_no_refused_commands(browse, office):
    holder = browse("pemegang.data.1")
    assert holder.http.post("/register/kode_surat/baru", buffered=True).status_code == 403
    assert holder.get("/orang").status_code == 403
    assert browse().http.post("/orang/sekretaris/aktifkan", buffered=True).status_code in (302, 303, 403)
    assert lines(office, "person:pemegang.data.1", "attempt:refused") == []


def test_nobody_fills_history_with_addresses(browse, office, monkeypatch):
    monkeypatch.setattr(reading_log, "MOST_REFUSED", 5)
    holder = browse("pemegang.data.1")
    token = holder.token("/akun")
    for n in range(9):
        refused = holder.http.post(f"/orang/{n}{'x' * 500}/nama", data={"csrf_token": token}, buffered=True)
        assert refused.status_code == 403
    found = lines(office, "person:pemegang.data.1", "attempt:refused")
    assert len(found) == 5
    assert {len(change["object"]) for _, change in found} == {200}


def test_the_auditor_reads_it_in_words_in_both_languages(browse, office, instance, letter, evidence):
    reader = browse("operator")
    for path in (f"/dokumen/{letter.id}", f"/lampiran/{evidence.id}", "/orang/sekretaris"):
        reader.get(path)
    auditor = browse("auditor")
    for action, words in (
        ("document:read", ("Baca dokumen", "Undangan v1", f'<a href="/instans/{instance}">Triwulan I 2025</a>')),
        ("file:read", ("Buka berkas", evidence.sha256, f'<a href="/lampiran/{evidence.id}">{evidence.name}</a>')),
        ("person:read", ("Lihat data orang", "(sekretaris)")),
        ("session:opened", ("Masuk", "dengan: sandi")),
    ):
        page = auditor.get(f"/audit/jejak?jenis={action}&pelaku=operator").text
        assert "1 baris" in page, action
        assert all(word in page for word in words), action
    auditor.post("/bahasa", {"bahasa": "en", "lanjut": "/"})
    assert "Read document" in auditor.get("/audit/jejak?jenis=document:read").text
    assert "Dokumen yang dibaca" not in auditor.get("/orang/operator").text
