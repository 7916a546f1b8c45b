"""The page of people: what the operator proposes there, and what a second person says to it."""

import re

from engine.model.history import Action, HistoryEvent
from engine.service.history import timelines
from engine.web import people as pages

ROLE = {"jalur": "kepala_dinas", "kapasitas": "plh", "mulai": "11/4/2025", "sampai": "30/4/2025", "sk": "SK 1/2025"}
PAGE = "/orang/sekretaris"


def settle(browser, deed, **typed):
    [address] = re.findall(rf'action="(/orang/usulan/[^"]+/{deed})"', browser.get("/orang").text)
    return browser.post(address, typed, follow_redirects=True)


def test_the_head_s_deputy_is_proposed_by_the_operator_and_confirmed_by_the_auditor(browse, office):
    operator, auditor = browse("operator"), browse("auditor")
    nothing = operator.post(f"{PAGE}/keanggotaan", ROLE)
    assert nothing.status_code == 422
    assert "Tulis alasan" in nothing.text
    assert 'value="SK 1/2025"' in nothing.text, "what was typed comes back"
    done = operator.post(f"{PAGE}/keanggotaan", ROLE | {"alasan": "Kepala cuti."}, follow_redirects=True)
    assert "menunggu orang kedua" in done.text
    assert "/setujui" not in operator.get("/orang").text, "who proposed it is not offered to confirm it"
    assert not office.actor("sekretaris").has("kepala_dinas")
    assert "Kepala cuti." in auditor.get(PAGE).text
    assert "Usulan berlaku sekarang" in settle(auditor, "setujui").text
    assert office.actor("sekretaris").has("kepala_dinas")
    assert "diusulkan Operator (operator)" in auditor.get(PAGE).text


def test_a_proposal_is_refused_with_a_reason(browse, office):
    operator, auditor = browse("operator"), browse("auditor")
    operator.post(f"{PAGE}/keanggotaan", ROLE | {"alasan": "Kepala cuti."})
    assert "Tulis alasan" in settle(auditor, "tolak").text
    assert "Usulan ditutup" in settle(auditor, "tolak", alasan="Ia sendiri cuti.").text
    assert "Ia sendiri cuti." in operator.get(PAGE).text
    assert "/setujui" not in auditor.get("/orang").text


def test_a_new_colleague_s_guarded_role_waits_and_the_operator_s_own_is_refused(browse, office):
    operator = browse("operator")
    typed = {"akun": "anggota.baru", "nama": "Orang Baru", "peran": ["tim_sakip", "auditor"], "alasan": "Mutasi masuk."}
    assert "Sandi pertama" in operator.post("/orang/baru", typed).text
    assert "Menunggu orang kedua" in operator.get("/orang/anggota.baru").text
    assert office.actor("anggota.baru").roles == {"tim_sakip"}
    own = operator.post("/orang/operator/keanggotaan", {**ROLE, "kapasitas": "definitif", "alasan": "Saya mau."})
    assert own.status_code == 403
    assert "dirinya sendiri" in own.text


def test_days_are_typed_as_the_office_writes_them(browse):
    page = browse("operator").get("/orang/sekretaris").text
    assert 'type="date"' not in page, "a browser's own field writes month first where its language does"
    assert 'name="mulai" value="11/4/2025"' in page
    assert page.count("data-date") == 3


def test_an_open_browser_of_an_operator_is_not_enough_for_their_own_password_and_address(browse, office):
    operator = browse("operator")
    page = operator.get("/orang/operator").text
    for deed, typed in (("sandi", {}), ("surel", {"surel": "lain@contoh.go.id"})):
        assert f'action="/orang/operator/{deed}"' not in page
        assert f'action="/orang/sekretaris/{deed}"' in operator.get(PAGE).text
        refused = operator.post(f"/orang/operator/{deed}", {**typed, "alasan": "Saya mau."})
        assert (refused.status_code, "Akun saya, dengan sandi" in refused.text) == (403, True)
    assert operator.get("/orang/operator").status_code == 200, "the session stays"
    assert not office.services.reaching.confirmed(office.actor("operator"))


def test_what_somebody_has_to_do_is_named_as_its_step(browse, office):
    instance = office.start()
    office.services.assignments.claim(
        office.actor("kepala.dinas"), office.task(instance, "perintahkan_pengumpulan_data"), office.now
    )
    page = browse("operator").get("/orang/kepala.dinas").text
    assert "Langkah 1 · Menerintahkan untuk melakukan pengumpulan data" in page
    assert "perintahkan_pengumpulan_data" not in page


def test_what_is_typed_of_a_person_whom_nobody_knows_is_not_found(browse):
    operator = browse("operator")
    for deed in ("nama", "lupakan", "aktifkan", "nonaktifkan", "sandi", "kode-masuk", "keanggotaan"):
        for typed in ({}, {"nama": "Nama Lain", "alasan": "Coba"}, {**ROLE, "sk": ""}):
            assert operator.post(f"/orang/tidak.ada/{deed}", typed).status_code == 404, deed


def test_a_long_life_in_the_office_is_turned_page_by_page(browse, office, monkeypatch):
    monkeypatch.setattr(timelines, "PAGE", 2)
    monkeypatch.setattr(pages, "PAGE", 2)
    for n in range(5):
        office.services.people.rename(office.actor("operator"), "sekretaris", f"Nama {n}", f"Alasan {n}", office.now)
        office.services.readings.put_off("sekretaris", HistoryEvent(Action.PERSON_READ, change={"rows": n}))(office.now)
    auditor = browse("auditor")
    shown = [auditor.get(f"{PAGE}?halaman={n}").text for n in (1, 2, 3)]
    said = [re.findall(r"“(Alasan \d)”", page) for page in shown]
    assert said == [["Alasan 4", "Alasan 3"], ["Alasan 2", "Alasan 1"], ["Alasan 0"]]
    assert ["Berikutnya" in page for page in shown[:1]] == [True]
    assert "Lihat data orang" not in "".join(shown), "what somebody read is on another page"


def test_names_are_erased_only_once_the_account_was_typed_and_not_offered_again(browse, office):
    operator, people = browse("operator"), office.services.people
    people.rename(office.actor("operator"), "tim.sakip", "Anggota Lama", "Penulisan.", office.now)
    people.set_active(office.actor("operator"), "tim.sakip", False, "Pindah tugas.", office.now)
    page = operator.get("/orang/tim.sakip").text
    assert "Ketik akun tim.sakip untuk menegaskan" in page
    assert re.search(r'btn-danger" type="submit">Hapus nama dari riwayat', page)
    for typed in ("", "tim.sakip.2"):
        answer = operator.post("/orang/tim.sakip/lupakan", {"alasan": "Diminta orangnya.", "akun": typed})
        assert answer.status_code == 422
        assert "Tidak ada yang dihapus." in answer.text
    assert "Anggota Lama" in operator.get("/orang/tim.sakip").text
    sent = {"alasan": "Diminta orangnya.", "akun": "tim.sakip"}
    assert operator.post("/orang/tim.sakip/lupakan", sent).status_code == 303
    after = operator.get("/orang/tim.sakip").text
    assert "Anggota Lama" not in after
    assert "/orang/tim.sakip/lupakan" not in after


def test_an_english_reader_reads_of_capacities_in_english(browse):
    operator = browse("operator")
    assert ">Definitif<" in operator.get("/orang/sekretaris").text
    operator.post("/bahasa", {"bahasa": "en"})
    page = operator.get("/orang/sekretaris").text
    assert ">Definitif<" not in page
    assert page.count(">Definitive<") >= 2
