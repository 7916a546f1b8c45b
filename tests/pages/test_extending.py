"""Putting off a due date over HTTP."""

from tests.pages.test_grid import text_of
from tests.service.test_extending import WHY, ordered  # noqa: F401 - a fixture


def test_the_instance_offers_it_and_the_new_date_is_told(ordered, browse):  # noqa: F811
    head, address = browse("kepala.dinas"), f"/tugas/{ordered.following}/tenggat"
    assert address in head.get(f"/instans/{ordered.instance}").text
    assert address not in browse("sekretaris").get(f"/instans/{ordered.instance}").text
    assert "Jatuh tempo sekarang" in text_of(head.get(address))
    refused = head.post(address, data={"sampai": "27/4/2025", "alasan": WHY})
    assert (refused.status_code, "Pilih hari kerja" in text_of(refused)) == (422, True)
    done = head.post(address, data={"sampai": "25/4/2025", "alasan": WHY}, follow_redirects=True)
    assert "Tenggat diperpanjang." in text_of(done)
    assert WHY in text_of(head.get(f"/instans/{ordered.instance}/riwayat"))
    clerk = browse("sekretaris")
    assert f"Diperpanjang Kepala Dinas (kepala.dinas): “{WHY}”" in text_of(clerk.get(f"/tugas/{ordered.following}"))
    assert browse("sekretaris").get(address).status_code == 403
