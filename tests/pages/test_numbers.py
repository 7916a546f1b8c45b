"""What the register of numbers says of numbers that stand on two letters."""

from sqlalchemy import text

from tests.pages.test_grid import text_of


def test_a_number_that_an_earlier_version_gave_twice_is_told_above_all_others(office, browse):
    first, second = office.start(period="I"), office.start(period="II")
    office.until_data(first)
    reader = browse("auditor")
    assert "lebih dari satu surat" not in text_of(reader.get("/nomor/surat_keluar/2025"))
    office.tampered = True  # as the version before, which counted by another year
    with office.database.unguarded() as connection:
        row = "'surat_keluar', 2024, 1, text, :other, place, subject, taken_at, taken_by, true"
        columns = "series, year, ordinal, text, instance_id, place, subject, taken_at, taken_by, doubled"
        its = "FROM number WHERE series = 'surat_keluar' AND ordinal = 1"
        connection.execute(text(f"INSERT INTO number ({columns}) SELECT {row} {its}"), {"other": second})
    said = text_of(reader.get("/nomor/surat_keluar/2025"))
    assert "Nomor yang tercetak pada lebih dari satu surat" in said
    assert said.count("000.1.5/1/DPMPTSP/2025: Surat Undangan") == 2
    assert "Triwulan II 2025" in said
