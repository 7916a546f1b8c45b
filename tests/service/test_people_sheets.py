"""People from CSV and XLSX: looked at first, every fault by its cell, all of it or nothing."""

import io
from datetime import date

import openpyxl
import pytest

from engine.model.errors import NotPermitted
from engine.model.people import Capacity
from engine.service.people.attempts import Source
from engine.service.people.people_sheets import PeopleSheet
from engine.service.procedures.procedure import INDONESIAN
from engine.store.queries import people
from engine.web.application import create_app
from tests.pages.conftest import Browser, known

HEAD = "Akun;Nama;Alamat surel;Jalur atau peran;Kapasitas;Mulai;Sampai;Nomor SK"
TWO = f"""{HEAD}
pengelola.data.1;Pengelola Data 1;pengelola.data.1@contoh.go.id;pemegang_data;;1/5/2025;;
pengelola.data.1;Pengelola Data 1;;tim_sakip;Plt.;1/5/2025;30/6/2025;SK 800/7
pengelola.data.2;Pengelola Data 2;;;;;;
sekretaris;Sekretaris;;kepala_dinas;Plh;1/5/2025;31/5/2025;SK 800/9
pengelola.data.2;Pengelola Data 2;;Auditor;;;;
"""


@pytest.fixture
def office(people_only):
    return people_only


@pytest.fixture
def sheets(office):
    return office.services.people_sheets


def of(text, by_mail=False, reason="Mutasi Mei 2025"):
    return PeopleSheet(text if isinstance(text, bytes) else text.encode(), reason, by_mail, INDONESIAN)


def everyone(office):
    with office.database.read() as reader:
        return {each.id: each for each in people.everyone(reader)}


def test_a_file_is_looked_at_without_a_change_and_then_done_as_a_whole(office, sheets):
    operator, before = office.actor("operator"), everyone(office)
    seen = sheets.look_at(operator, of(TWO), office.now)
    assert [(r.person_id, r.account, r.held and r.held.role, r.becomes) for r in seen.rows] == [
        ("pengelola.data.1", "new", "pemegang_data", "given"),
        ("pengelola.data.1", "known", "tim_sakip", "given"),
        ("pengelola.data.2", "new", None, ""),
        ("sekretaris", "known", "kepala_dinas", "given"),
        ("pengelola.data.2", "known", "auditor", "proposed"),
    ]
    assert (seen.faults, seen.passwords, everyone(office)) == ([], {}, before)
    done = sheets.take(operator, of(TWO), office.now)
    assert [(row.account, row.becomes) for row in done.rows] == [(row.account, row.becomes) for row in seen.rows]
    assert sorted(done.passwords) == ["pengelola.data.1", "pengelola.data.2"]
    now = everyone(office)
    [as_deputy] = [m for m in now["pengelola.data.1"].memberships if m.role == "tim_sakip"]
    facts = (as_deputy.capacity, as_deputy.since, as_deputy.until, as_deputy.decree)
    assert facts == (Capacity.ACTING_PLT, date(2025, 5, 1), date(2025, 6, 30), "SK 800/7")
    assert now["pengelola.data.2"].memberships == (), "an auditor waits for a second person"
    assert office.services.reaching.of(operator, "pengelola.data.1").email == "pengelola.data.1@contoh.go.id"
    for account, password in done.passwords.items():
        assert office.services.accounts.sign_in(account, password, Source("10.0.0.1"), office.now)
        assert now[account].must_change_password
    again = sheets.take(operator, of(TWO), office.now)
    assert [(row.account, row.becomes) for row in again.rows] == [
        ("known", "there"),
        ("known", "there"),
        ("known", ""),
        ("known", "there"),
        ("known", "proposed"),
    ]
    assert (again.passwords, everyone(office)) == ({}, {**now, **everyone(office)})


@pytest.mark.parametrize(
    ("row", "cell", "keyword"),
    [
        ("Pengelola;Pengelola Data;;;;;;", "A2", ""),
        ("sistem;Sistem;;;;;;", "A2", "account"),
        ("pengelola.data;;;;;;;", "B2", ""),
        ("pengelola.data;Pengelola Data;bukan alamat;;;;;", "C2", "email"),
        ("pengelola.data;Pengelola Data;;pemegang_dana;;;;", "D2", "unknown"),
        ("operator;Operator;;tim_sakip;;;;", "D2", "own_role"),
        ("pengelola.data;Pengelola Data;;tim_sakip;Kepala;;;", "E2", ""),
        ("pengelola.data;Pengelola Data;;tim_sakip;;31/2/2025;;", "F2", ""),
        ("pengelola.data;Pengelola Data;;tim_sakip;;1/5/2025;1/4/2025;", "G2", "period"),
        ("pengelola.data;Pengelola Data;;tim_sakip;Plh.;1/5/2025;;", "H2", "required"),
        ("sekretaris;Orang Lain;;tim_sakip;;;;", "B2", "other"),
        ("sekretaris;Sekretaris;;sekretaris;;1/5/2025;31/5/2025;", "D2", "overlap"),
        ("tim.sakip.2;Tim Sakip 2;;sekretaris;;;;", "A2", "left"),
    ],
)
def test_a_fault_is_told_by_its_cell_and_nothing_of_the_file_is_done(office, sheets, row, cell, keyword):
    operator = office.actor("operator")
    office.services.people.set_active(operator, "tim.sakip.2", False, "Pindah", office.now)
    before = everyone(office)
    text = f"{HEAD}\n{row}\nlain.1;Orang Lain Satu;;pemegang_data;;;;\n"
    done = sheets.take(operator, of(text), office.now)
    assert [(at, error.keyword if error.path else "") for at, error in done.faults] == [(cell, keyword)]
    assert (done.passwords, everyone(office)) == ({}, before)


def test_a_lane_is_understood_by_its_english_name_too(open_office):
    named = "Akun;Nama;Jalur atau peran\nstaf.baru;Staf Baru;sakip team\n"
    office = open_office
    seen = office.services.people_sheets.look_at(office.actor("operator"), of(named), office.now)
    assert ([row.held.role for row in seen.rows], seen.faults) == (["tim_sakip"], [])


def test_every_fault_of_a_file_is_told_in_one_round(office, sheets):
    row = "sekretaris;Orang Lain;bukan alamat;pemegang_dana;Kepala;1/1/0001;;"
    told = sheets.take(office.actor("operator"), of(f"{HEAD}\n{row}\n", reason=""), office.now).faults
    assert sorted(at for at, _ in told) == ["", "B2", "C2", "D2", "E2", "F2"]


def test_the_empty_workbook_has_the_columns_and_comes_back_filled_in(office, sheets):
    operator = office.actor("operator")
    book = openpyxl.load_workbook(io.BytesIO(sheets.blank(operator, office.now)))
    page = book.active
    assert [cell.value for cell in page[1]] == HEAD.split(";")
    for column, value in enumerate(["pengelola.data", "Pengelola Data", None, "pemegang_data", None, date(2025, 5, 1)]):
        page.cell(2, column + 1).value = value
    kept = io.BytesIO()
    book.save(kept)
    done = sheets.take(operator, of(kept.getvalue()), office.now)
    assert [row.becomes for row in done.rows] == ["given"]
    assert everyone(office)["pengelola.data"].memberships[0].since == date(2025, 5, 1)


def test_only_operators_take_people_in_and_with_a_reason(office, sheets):
    with pytest.raises(NotPermitted):
        sheets.take(office.actor("auditor"), of(TWO), office.now)
    refused = sheets.take(office.actor("operator"), of(TWO, reason=" "), office.now)
    assert [(at, error.path) for at, error in refused.faults] == [("", "alasan")]
    assert "pengelola.data.1" not in everyone(office)


@pytest.fixture
def desk(office):
    known(office)
    app = create_app(office.services, secret_key=b"k" * 32, office_name="Dinas", clock=lambda: office.now)
    browser = Browser(app)
    assert browser.sign_in("operator").status_code == 303
    return browser


def sent(desk, text, **more):
    data = {"berkas": (io.BytesIO(text.encode()), "orang.csv"), "alasan": "Mutasi", **more}
    return desk.post("/orang/impor", data, page="/orang/impor", content_type="multipart/form-data")


def test_the_page_shows_what_will_be_done_and_after_that_the_passwords_once(office, desk):
    looked = sent(desk, TWO)
    assert looked.status_code == 200
    assert "Belum ada yang berubah" in looked.text
    assert "menunggu orang kedua" in looked.text
    assert looked.text.count("pengelola.data.1@contoh.go.id") == 1
    assert "pengelola.data.1" not in everyone(office)
    kept = looked.text.split('name="_berkas" value="')[1].split('"')[0]
    done = desk.post("/orang/impor", {"_berkas": kept, "alasan": "Mutasi"}, page="/orang/impor")
    assert "sandi-pertama" in done.text
    assert done.text.count('class="facts slip"') == 2
    assert "pengelola.data.1" in everyone(office)
    again = desk.post("/orang/impor", {"_berkas": kept, "alasan": "Mutasi"}, page="/orang/impor")
    assert "sandi-pertama" not in again.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Pilih berkas"),
        ("Akun;Umur\nx;3\n", "Kolom “Umur” tidak dikenal"),
        ("sekretaris\n", "tidak dikenal"),
        (f"{HEAD}\nsekretaris;Orang Lain;;;;;;\n", "sudah ada dengan nama Sekretaris"),
        (f"{HEAD}\noperator;Operator;;tim_sakip;;;;\n", "kepada diri sendiri"),
    ],
)
def test_what_cannot_be_taken_is_told_in_words(desk, text, said):
    answer = sent(desk, text)
    assert (answer.status_code, said in answer.text) == (422, True)


def test_a_file_that_nobody_was_shown_and_a_file_without_rows_lead_on(desk):
    gone = desk.post("/orang/impor", {"_berkas": "0" * 64, "alasan": "Mutasi"}, page="/orang/impor")
    assert gone.status_code == 422
    assert "tidak berisi baris" in sent(desk, HEAD + "\n").text
