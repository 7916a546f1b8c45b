"""Taking back over HTTP: where it is offered, what it says, and that a look at the next step ends it."""

import pytest

from engine.model.history import Action
from tests.pages.test_grid import text_of
from tests.service.test_taking_back import ORDER, WHY, lines


@pytest.fixture
def ordered(office):
    office.instance = office.start()
    office.order = office.do("kepala.dinas", office.instance, ORDER)
    return office


def test_the_receipt_and_the_list_of_what_i_did_offer_it_and_the_form_is_open_again(ordered, browse):
    head, receipt = browse("kepala.dinas"), f"/tugas/{ordered.order}/hasil"
    assert f'href="{receipt}#tarik"' in head.get("/tugas?tampil=selesai").text
    assert "Tarik kembali" in text_of(head.get(receipt))
    refused = head.post(f"/tugas/{ordered.order}/tarik", data={"alasan": ""})
    assert (refused.status_code, "Tulis alasan" in text_of(refused)) == (422, True)
    back = head.post(f"/tugas/{ordered.order}/tarik", data={"alasan": WHY}, follow_redirects=True)
    assert "Ditarik kembali. Isian Anda ada di bawah ini." in text_of(back)
    assert "Draf Anda dari" in text_of(back)
    again = head.post(f"/tugas/{ordered.order}/tarik", data={"alasan": WHY})
    assert (again.status_code, "sudah terbuka lagi" in text_of(again)) == (409, True)
    void = next(v for v in ordered.page(ordered.instance).all_documents if v.void)
    assert WHY in text_of(head.get(f"/dokumen/{void.id}"))
    assert WHY in text_of(head.get(f"/instans/{ordered.instance}/riwayat"))


@pytest.mark.parametrize("way", ["/periksa", "/serahkan", "/diagram"])
def test_whichever_page_somebody_sees_the_next_step_on_ends_it(ordered, browse, way):
    following = ordered.task(ordered.instance, "siapkan_kertas_kerja")
    assert browse("sekretaris").get(f"/tugas/{following}{way}").status_code == 200
    assert len(lines(ordered, ordered.instance, Action.TASK_VIEWED)) == 1
    assert browse("kepala.dinas").post(f"/tugas/{ordered.order}/tarik", data={"alasan": WHY}).status_code == 409


def test_a_draft_that_a_page_sends_without_having_been_asked_for_ends_it_too(ordered, browse):
    following, clerk = ordered.task(ordered.instance, "siapkan_kertas_kerja"), browse("sekretaris")
    for _ in range(2):
        assert clerk.post(f"/tugas/{following}/draf", {"catatan": "x"}).status_code == 303
    assert len(lines(ordered, ordered.instance, Action.TASK_VIEWED)) == 1
    assert browse("kepala.dinas").post(f"/tugas/{ordered.order}/tarik", data={"alasan": WHY}).status_code == 409


def test_who_opens_the_next_step_ends_it(ordered, browse):
    following = ordered.task(ordered.instance, "siapkan_kertas_kerja")
    clerk, head = browse("sekretaris"), browse("kepala.dinas")
    clerk.get(f"/tugas/{following}")
    clerk.get(f"/tugas/{following}")
    assert len(lines(ordered, ordered.instance, Action.TASK_VIEWED)) == 1
    assert "Tarik kembali" not in text_of(head.get(f"/tugas/{ordered.order}/hasil"))
    refused = head.post(f"/tugas/{ordered.order}/tarik", data={"alasan": WHY})
    assert refused.status_code == 409
    assert "sudah membuka langkah berikutnya" in text_of(refused)
    assert "dikembalikan lewat alurnya" in text_of(refused)
