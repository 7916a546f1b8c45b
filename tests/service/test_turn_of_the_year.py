"""Letters around the turn of the year: the data are of one year, the letter of the next."""

from tests.documents.pdf_text import pages_of
from tests.service.test_printing import document, paper


def invitation(office, instance):
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    return "".join(pages_of(paper(office, document(office, instance, "undangan"))[2]))


def test_an_invitation_of_april_and_one_of_january_for_the_same_year_of_data_have_two_numbers(office):
    april = invitation(office, office.start(period="I"))
    assert "Nomor:000.1.5/1/DPMPTSP/2025" in april
    office.later(days=276)  # 12 January 2026: the fourth quarter of 2025
    january = invitation(office, office.start(period="IV"))
    assert "Nomor:000.1.5/1/DPMPTSP/2026" in january
    assert "nomoragenda1/2026" in january, "of the register of the year in which the order was given"
    assert "TriwulanIVTahun2025" in january
