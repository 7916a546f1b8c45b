"""The pages of registers: looking a row up, correcting it, importing a file."""

import io
import re

import pytest

from engine.service.procedures.procedure import INDONESIAN
from tests.registers import SINCE


@pytest.fixture
def code(office):
    """The address of a row."""
    page = office.services.registers.page(office.actor("auditor"), "kode_surat", SINCE, INDONESIAN, "undangan")
    return f"/register/kode_surat/baris/{page.rows[0].entry.id}"


ROW = {"jenis": "undangan", "kode": "005", "pola": "{kode}/{urut}/{tahun}", "unit": "DPMPTSP", "keterangan": ""}


def test_everybody_reads_the_registers_and_sees_what_is_an_illustration(browse):
    reader = browse("pemegang.data.1")
    assert "Kode dan nomor surat" in reader.get("/register").text
    shown = reader.get("/register/kode_surat?cari=undangan").text
    assert "000.1.5" in shown
    assert "Ilustrasi" in shown
    assert "Baris baru" not in shown
    assert "Tidak ada baris yang berlaku" in reader.get("/register/kode_surat?pada=2020-01-01").text


def test_the_secretary_corrects_a_code_and_the_page_says_what_it_was(browse, code):
    secretary = browse("sekretaris")
    saved = secretary.post(code, ROW | {"_mulai": SINCE.isoformat(), "_versi": "1"})
    assert saved.status_code == 303
    page = secretary.get(saved.headers["Location"]).text
    assert "005" in page
    assert "000.1.5" in page, "in its history"
    late = secretary.post(code, ROW | {"kode": "006", "_mulai": SINCE.isoformat(), "_versi": "1"})
    assert late.status_code == 409
    assert 'value="006"' in late.text, "what was typed comes back"


def test_what_does_not_fit_comes_back_with_its_reason(browse, code):
    secretary = browse("sekretaris")
    wrong = secretary.post(code, ROW | {"kode": "lima", "_mulai": SINCE.isoformat(), "_versi": "1"})
    assert wrong.status_code == 422
    assert 'value="lima"' in wrong.text
    assert "Kode klasifikasi:" in wrong.text
    assert secretary.post(code, ROW | {"_mulai": "kapan", "_versi": "1"}).status_code == 422
    other = secretary.post(code, ROW | {"jenis": "nota", "_mulai": SINCE.isoformat(), "_versi": "1"})
    assert "tidak dapat diubah" in other.text
    ended = secretary.post(code, {"_akhiri": "1", "_sampai": "2024-01-01", "_alasan": "Salah", "_versi": "1"})
    assert ended.status_code == 422
    assert "tidak boleh sebelum" in ended.text


def test_a_row_that_ends_is_not_in_force_afterwards(browse, code):
    secretary = browse("sekretaris")
    end = {"_akhiri": "1", "_sampai": "2025-06-30", "_alasan": "Diganti", "_versi": "1"}
    assert secretary.post(code, end).status_code == 303
    assert "undangan" in secretary.get("/register/kode_surat?pada=2025-06-30").text
    assert ">undangan<" not in secretary.get("/register/kode_surat?pada=2025-07-01").text


def test_a_file_is_looked_at_before_it_is_imported(browse, office):
    secretary = browse("sekretaris")
    content = secretary.post("/register/kode_surat/berkas.csv").data.replace(b"800.1.11.1", b"800.1.11.2")
    token = secretary.token("/akun")

    def send(data):
        return secretary.http.post(
            "/register/kode_surat/impor",
            data={"csrf_token": token, "_mulai": "2025-07-01", **data},
            content_type="multipart/form-data",
        )

    looked = send({"berkas": (io.BytesIO(content), "kode.csv")})
    assert "0 baris baru, 1 berubah, 3 tetap." in looked.text
    kept = re.search(r'name="_berkas" value="([^"]+)"', looked.text)[1]
    assert "800.1.11.2" not in secretary.get("/register/kode_surat?pada=2025-07-01").text, "nothing is changed yet"
    done = send({"_berkas": kept})
    assert done.status_code == 303
    assert "800.1.11.2" in secretary.get("/register/kode_surat?pada=2025-07-01").text
    broken = send({"berkas": (io.BytesIO(content.replace(b"{urut}", b"urut")), "kode.csv")})
    assert broken.status_code == 422
    assert "<td>C2</td>" in broken.text
    assert send({}).status_code == 422
    assert send({"_berkas": "0" * 64}).status_code == 422, "a hash alone is no file that one was shown"


def test_only_those_whose_register_it_is_come_to_its_form(browse, code):
    for account in ("auditor", "pemegang.data.1"):
        reader = browse(account)
        assert reader.get("/register/kode_surat/baru").status_code == 403
        assert reader.post(code, ROW | {"_mulai": SINCE.isoformat(), "_versi": "1"}).status_code == 403
        assert "Simpan" not in reader.get(code).text
