"""A step that asks nothing: its lane finds it in the inbox, opens a page without fields, and confirms."""

from tests.service.procedures import deploy

NAME = "people_confirm_what_needs_no_form"


def test_what_needs_no_form_is_confirmed_on_its_page(office, browse):
    def lanes(xml):
        return xml.replace('id="staf"', 'id="staf" sop:peran="sekretaris"').replace(
            'id="atasan"', 'id="atasan" sop:peran="kepala_dinas"'
        )

    deploy(office, NAME, {}, lanes)
    instance = office.services.starts.start(office.actor("sekretaris"), NAME, {}, office.now)
    task = office.task(instance, "antar")
    staff = browse("sekretaris")
    assert f"/tugas/{task}" in staff.get("/tugas").text
    page = staff.get(f"/tugas/{task}")
    assert page.status_code == 200
    assert "Antar" in page.text
    assert browse("kepala.dinas").get(f"/tugas/{task}").status_code == 403
    answer = staff.post(f"/tugas/{task}/selesai", {})
    assert answer.status_code == 303
    assert "Sesuatu" in staff.get(answer.headers["Location"]).text
    assert office.open_steps(instance) == ["sesuatu"]
