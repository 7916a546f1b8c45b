"""The search page: reached from every page, with what matched marked, and words for whatever cannot be sought."""

from tests.office import kept_for_search
from tests.pages.test_grid import text_of


def test_the_box_above_every_page_leads_to_what_was_sought(office, browse):
    instance = office.start()
    office.until_data(instance)
    kept_for_search(office)
    secretary = browse("sekretaris")
    assert 'action="/cari"' in secretary.get("/tugas").text
    page = secretary.get("/cari?q=000.1.5/1/DPMPTSP")
    assert "Undangan v1 · 000.1.5/1/DPMPTSP/2025" in text_of(page)
    assert "<mark>000.1.5/1/DPMPTSP</mark>" in page.text
    assert f'href="/instans/{instance}"' in secretary.get("/cari?q=triwulan+i+2025&jenis=instance").text
    assert "Tidak ada yang cocok" in text_of(secretary.get("/cari?q=tidakadakatanya"))


def test_what_cannot_be_sought_is_answered_in_words(browse):
    reader = browse("auditor")
    assert "Tulis kata atau nomor" in text_of(reader.get("/cari"))
    assert "Tidak ada kata atau nomor di dalamnya" in text_of(reader.get("/cari?q=%22%27%28*"))
    long = reader.get("/cari?q=" + "x" * 10_000)
    assert (long.status_code, "terlalu panjang" in text_of(long)) == (422, True)
    assert "Halaman 9 tidak ada" in text_of(reader.get("/cari?q=x&jenis=task&halaman=9"))
