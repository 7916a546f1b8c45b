"""The page of a document that was approved after it was issued shows the paper with the approval first."""

from engine.service.people.accounts import Retyped
from tests.pages.conftest import PASSWORD
from tests.pages.test_grid import text_of
from tests.service.test_printing import document
from tests.swept import swept


def test_its_picture_and_its_first_file_are_the_signed_ones(office, browse):
    instance = office.start()
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis")
    office.do("sekretaris", instance, "minta_persetujuan")
    office.later(hours=1)
    sheet, reader = document(office, instance, "lembar_persetujuan"), browse("auditor")
    swept(office.services.printing, office.now)
    before = reader.get(f"/dokumen/{sheet.id}")
    assert f'src="/dokumen/{sheet.id}.png"' in before.text
    task = office.task(instance, "tandatangani_persetujuan")
    entries = office.filled("kepala.dinas", task, tanda_tangan__mode="internal")
    retyped = Retyped(PASSWORD, "10.0.0.7")
    office.services.tasks.complete(office.actor("kepala.dinas"), task, entries, office.now, retyped=retyped)
    swept(office.services.printing, office.now)
    after = reader.get(f"/dokumen/{sheet.id}")
    assert f'src="/dokumen/{sheet.id}.png?bagian=%231"' in after.text
    with reader.get(f"/dokumen/{sheet.id}.png?bagian=%231") as picture:
        assert picture.data.startswith(b"\x89PNG")
    said = text_of(after)
    assert said.index("PDF · ditandatangani") < said.index("PDF · sebelum ditandatangani")
