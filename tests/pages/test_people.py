"""The page of people: what the operator proposes there, and what a second person says to it."""

import re

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
