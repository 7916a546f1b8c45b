"""Ralat on the pages: a button, a form that says what happens, and ways that lead from the old to the new and back."""

import pytest

from tests.pages.test_grid import text_of
from tests.service.test_corrections import WHY, old, to_the_end
from tests.service.test_printing import document, paper, rendering

__all__ = ["old"]


def ask(head, old, *chosen, reason=WHY, **more):
    return head.post(f"/instans/{old}/ralat", {"_dokumen": list(chosen), "_alasan": reason, **more})


@pytest.fixture
def head(old, browse):
    """Who may start the procedure, at a browser, once a quarter is completed."""
    return browse("kepala.dinas")


def test_the_button_leads_to_a_form_that_keeps_what_was_typed_and_starts_once(office, old, head, browse):
    assert "Ralat…" in text_of(head.get(f"/instans/{old}"))
    assert "Ralat…" not in text_of(browse("pemegang.data.1").get(f"/instans/{old}"))
    assert browse("pemegang.data.1").get(f"/instans/{old}/ralat").status_code == 403
    asked = head.get(f"/instans/{old}/ralat")
    assert "Tahun 2025" in text_of(asked)
    refused = ask(head, old, reason="Angka keliru")
    assert (refused.status_code, "Centang paling sedikit satu" in refused.text) == (422, True)
    assert "Angka keliru</textarea>" in refused.text
    refused = ask(head, old, "undangan", reason="")
    assert refused.status_code == 422
    assert 'value="undangan" checked' in refused.text
    started = ask(head, old, "undangan", tahun="1999")
    assert started.status_code == 303
    new = started.location.rpartition("/")[2]
    assert office.page(new).record.values["tahun"] == "2025", "start values are shown, not changed"
    again = ask(head, old, "undangan")
    assert (again.status_code, "sudah diralat sejak" in again.text) == (409, True)
    assert "Hanya pelaksanaan yang sudah selesai dapat diralat." in head.get(f"/instans/{new}/ralat").text
    for page, other in ((old, new), (new, old)):
        assert f'href="/instans/{other}"' in head.get(f"/instans/{page}").text
    assert "Sedang diralat" in text_of(head.get(f"/instans/{old}/arsip"))


def test_strangers_and_people_are_led_from_the_old_paper_to_the_new(office, old, head, browse):
    letter = document(office, old, "undangan")
    paper(office, letter)
    code, stranger = rendering(office, letter).code, browse()
    new = ask(head, old, "undangan").location.rpartition("/")[2]
    said = text_of(stranger.get(f"/v/{code}"))
    assert "Tercatat dan berlaku" in said
    assert "Sedang diralat" in said
    assert WHY not in said
    to_the_end(office, new)
    head = browse("kepala.dinas")
    again = document(office, new, "undangan")
    paper(office, again)
    found = stranger.get(f"/v/{code}")
    assert "Diralat: digantikan oleh dokumen lain" in text_of(found)
    assert "Tercatat dan berlaku" not in text_of(found)
    leads = found.text.partition('href="/v/')[2].partition('"')[0]
    assert "Tercatat dan berlaku" in text_of(stranger.get(f"/v/{leads}"))
    assert f'href="/dokumen/{again.id}"' in head.get(f"/dokumen/{letter.id}").text
    assert f'href="/dokumen/{letter.id}"' in head.get(f"/dokumen/{again.id}").text
    assert "diralat, digantikan" in text_of(browse("auditor").get("/nomor/surat_keluar/2025"))
    assert "Sudah diralat" in text_of(head.get(f"/instans/{old}/arsip"))
    history = text_of(browse("auditor").get(f"/instans/{old}/riwayat"))
    assert "Diralat" in history


def test_a_terminated_correction_says_that_the_old_stays_valid(office, old, head):
    new = ask(head, old, "undangan").location.rpartition("/")[2]
    office.services.control.terminate(office.actor("operator"), new, "Ternyata benar", office.now)
    assert "Ralat ini dihentikan: yang lama tetap berlaku" in text_of(head.get(f"/instans/{new}"))
    assert "diralat" not in text_of(head.get(f"/instans/{old}"))
    assert "Ralat…" in text_of(head.get(f"/instans/{old}"))


def test_it_reads_in_english_too(office, old, head):
    head.post("/bahasa", {"bahasa": "en"})
    said = text_of(head.get(f"/instans/{old}/ralat"))
    assert "Documents that are wrong" in said
