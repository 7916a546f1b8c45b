"""The office's reference data: in force from a day to a day, every change on record, in and out as XLSX and CSV."""

import io
import json
from datetime import date
from decimal import Decimal

import pytest
from openpyxl import Workbook, load_workbook

from engine.cli import CONSOLE
from engine.model.errors import Conflict, InvalidForm, InvalidProcedure, NotFound, NotPermitted
from engine.service.procedures.procedure import INDONESIAN
from tests import registers as known
from tests.databases import ON_ONE_KIND

NEW_YEAR, JULY = date(2025, 1, 1), date(2025, 7, 1)
CODE = {"jenis": ["nota"], "kode": ["000.1"], "pola": ["{urut}/{tahun}"], "unit": ["DPMPTSP"]}


@pytest.fixture
def at(office):
    """The registers of an office that is at work."""
    return office.services.registers


def rows(office, register_id, on=NEW_YEAR):
    return office.services.registers.as_of(on)(register_id)


def page(office, register_id, on=NEW_YEAR, account="auditor", **more):
    return office.services.registers.page(office.actor(account), register_id, on, INDONESIAN, **more)


def entry_of(office, register_id, text, on=NEW_YEAR):
    [row] = page(office, register_id, on, text=text).rows
    return row.entry


def lines(office, register_id):
    entry = page(office, register_id).rows[0].entry
    return office.services.registers.row(office.actor("auditor"), register_id, entry.id, NEW_YEAR, INDONESIAN).lines


def test_forms_read_the_rows_in_force_on_the_day_that_the_figures_are_of(office, at):
    target = entry_of(office, "pk_sasaran", "IKU-01")
    entries = at.row(office.actor("operator"), "pk_sasaran", target.id, NEW_YEAR, INDONESIAN).entries
    at.save(office.actor("operator"), "pk_sasaran", target.id, {**entries, "target": ["360"]}, JULY, 1, office.now)
    value = {row["kode"]: row["target"] for row in rows(office, "pk_sasaran", date(2025, 6, 30))}
    assert value["IKU-01"] == Decimal(350)
    value = {row["kode"]: row["target"] for row in rows(office, "pk_sasaran", JULY)}
    assert value["IKU-01"] == Decimal(360)
    assert rows(office, "pk_sasaran", date(2024, 12, 31)) == []
    assert rows(office, "tidak_ada") == []


def test_a_correction_changes_the_row_and_keeps_what_it_was_on_record(office, at):
    code = entry_of(office, "kode_surat", "undangan")
    entries = at.row(office.actor("operator"), "kode_surat", code.id, NEW_YEAR, INDONESIAN).entries
    at.save(office.actor("operator"), "kode_surat", code.id, {**entries, "kode": ["005"]}, code.since, 1, office.now)
    [row] = [row for row in rows(office, "kode_surat") if row["jenis"] == "undangan"]
    assert row["kode"] == "005"
    found = at.row(office.actor("auditor"), "kode_surat", code.id, NEW_YEAR, INDONESIAN)
    assert [line.action for line in found.lines] == ["register:changed", "register:imported"]
    change = json.loads(found.lines[0].change)
    assert (change["old"]["kode"], change["new"]["kode"], found.lines[0].actor) == ("000.1.5", "005", "operator")
    assert not found.row.entry.illustration, "the office made it its own"


def test_two_who_correct_one_row_do_not_overwrite_each_other(office, at):
    code = entry_of(office, "kode_surat", "undangan")
    entries = at.row(office.actor("operator"), "kode_surat", code.id, NEW_YEAR, INDONESIAN).entries
    at.save(office.actor("operator"), "kode_surat", code.id, {**entries, "kode": ["005"]}, code.since, 1, office.now)
    with pytest.raises(Conflict) as late:
        at.save(office.actor("perancang"), "kode_surat", code.id, entries, code.since, 1, office.now)
    assert late.value.who == "operator"


def test_a_row_ends_and_another_of_its_key_may_begin_afterwards(office, at):
    operator = office.actor("operator")
    first = at.add(operator, "kode_surat", CODE, NEW_YEAR, office.now)
    with pytest.raises(Conflict):
        at.add(operator, "kode_surat", CODE, JULY, office.now)
    at.end(operator, "kode_surat", first, date(2025, 6, 30), 1, "Diganti", office.now)
    at.add(operator, "kode_surat", CODE | {"kode": ["000.2"]}, JULY, office.now)
    of = {day: [r["kode"] for r in rows(office, "kode_surat", day) if r["jenis"] == "nota"] for day in (NEW_YEAR, JULY)}
    assert of == {NEW_YEAR: ["000.1"], JULY: ["000.2"]}
    assert len(at.row(operator, "kode_surat", first, NEW_YEAR, INDONESIAN).periods) == 2


@pytest.mark.parametrize("since", [date(2024, 12, 31), JULY])
def test_a_row_succeeds_another_only_while_that_is_in_force(office, at, since):
    operator = office.actor("operator")
    first = at.add(operator, "kode_surat", CODE, NEW_YEAR, office.now)
    at.end(operator, "kode_surat", first, date(2025, 6, 30), 1, "Diganti", office.now)
    with pytest.raises(InvalidForm) as refused:
        at.save(operator, "kode_surat", first, CODE | {"kode": ["000.2"]}, since, 2, office.now)
    assert [(error.path, error.keyword) for error in refused.value.errors] == [("_mulai", "register_since")]
    assert len(at.row(operator, "kode_surat", first, NEW_YEAR, INDONESIAN).periods) == 1


@pytest.mark.parametrize("reason", ["", " x ", "x" * 501])
def test_whoever_ends_a_row_says_why(office, at, reason):
    code = entry_of(office, "kode_surat", "undangan")
    with pytest.raises(InvalidForm) as refused:
        at.end(office.actor("operator"), "kode_surat", code.id, JULY, 1, reason, office.now)
    assert [error.path for error in refused.value.errors] == ["_alasan"]
    assert entry_of(office, "kode_surat", "undangan").until is None


def test_a_row_is_not_found_in_another_register(office, at):
    code = entry_of(office, "kode_surat", "undangan")
    with pytest.raises(NotFound):
        at.row(office.actor("operator"), "pegawai", code.id, NEW_YEAR, INDONESIAN)
    with pytest.raises(NotFound):
        at.save(office.actor("operator"), "pegawai", code.id, CODE, NEW_YEAR, 1, office.now)


def test_figures_of_many_days_are_remembered_for_the_last_of_them_only(office, at, monkeypatch):
    monkeypatch.setattr("engine.service.office.registers.MOST_KEPT", 3)
    for day in [*range(1, 8), 1]:
        assert len(rows(office, "kode_surat", date(2025, 3, day))) == 4
    assert len(at._kept) <= 4


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ({"kode": ["abc"]}, "kode"),
        ({"pola": ["tanpa urut"]}, "pola"),
        ({"jenis": [""]}, "jenis"),
    ],
)
def test_a_row_that_does_not_fit_is_told_at_its_column(office, at, typed, path):
    with pytest.raises(InvalidForm) as refused:
        at.add(office.actor("operator"), "kode_surat", CODE | typed, NEW_YEAR, office.now)
    assert [error.path for error in refused.value.errors] == [path]
    assert len(rows(office, "kode_surat")) == 4


def test_an_action_plan_whose_quarters_do_not_add_up_is_refused(office, at):
    plan = entry_of(office, "rencana_aksi", "IKU-01")
    entries = at.row(office.actor("tim.sakip"), "rencana_aksi", plan.id, NEW_YEAR, INDONESIAN).entries
    with pytest.raises(InvalidForm) as refused:
        at.save(
            office.actor("tim.sakip"),
            "rencana_aksi",
            plan.id,
            {**entries, "target_tw4": ["99"]},
            NEW_YEAR,
            1,
            office.now,
        )
    assert "jumlah target triwulan" in refused.value.errors[0].message


def test_only_those_whose_register_it_is_edit_it(office, at):
    for account in ("auditor", "pemegang.data.1", "tim.sakip"):
        with pytest.raises(NotPermitted):
            at.add(office.actor(account), "kode_surat", CODE, NEW_YEAR, office.now)
    at.add(office.actor("sekretaris"), "kode_surat", CODE, NEW_YEAR, office.now)
    assert {s.register.id: s.may_edit for s in at.all(office.actor("tim.sakip"), NEW_YEAR)}["rencana_aksi"]


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def workbook(*lines):
    book = Workbook()
    for line in lines:
        book.active.append(line)
    return book


def saved(book):
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


HEAD = ["Jenis naskah", "Kode klasifikasi", "Pola nomor", "Unit pengolah", "Keterangan"]
ROW = ["nota", "000.1", "{urut}/{tahun}", "DPMPTSP", None]


def look(office, content, register_id="kode_surat"):
    return office.services.registers.look_at(office.actor("operator"), register_id, content, JULY, INDONESIAN)


@ON_ONE_KIND
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_what_goes_out_comes_in_again_and_changes_nothing(office, at, kind):
    for register_id in known.NEEDED:
        name, content = at.export(office.actor("operator"), register_id, NEW_YEAR, kind, office.now)
        assert name == f"{register_id}-2025-01-01.{kind}"
        found = look(office, content, register_id)
        assert (found.faults, found.new, found.changed) == ((), 0, 0), register_id
        assert found.unchanged == len(rows(office, register_id))


def test_numbers_go_out_as_numbers(office, at):
    _, content = at.export(office.actor("operator"), "pk_program", NEW_YEAR, "xlsx", office.now)
    sheet = load_workbook(io.BytesIO(content)).active
    assert sheet.cell(row=2, column=4).value == 3_420_000_000


def test_columns_are_found_wherever_they_stand(office):
    book = workbook([HEAD[2], HEAD[0], HEAD[4], HEAD[3], HEAD[1]], [ROW[2], ROW[0], ROW[4], ROW[3], ROW[1]])
    assert look(office, saved(book)).new == 1


def test_a_file_with_faults_is_refused_whole_and_each_is_named_by_its_cell(office, at):
    book = workbook(
        [*HEAD, "Warna"], ROW, ["surat", "salah", "tanpa", "X", None], ["nota", "000.1", "{urut}", "X", None]
    )
    book.active["B2"] = "=1+1"
    book.active.merge_cells("D3:E3")
    found = look(office, saved(book))
    told = {fault.at: fault.message for fault in found.faults}
    assert "tidak dikenal" in told["F1"]
    assert "rumus" in told["B2"]
    assert "digabung" in told["D3:E3"]
    assert {"B3", "C3"} <= told.keys()
    done = at.take_in(office.actor("operator"), "kode_surat", saved(book), JULY, office.now)
    assert done.faults
    assert len(rows(office, "kode_surat", JULY)) == 4


def test_one_key_twice_in_a_file_and_a_missing_column_are_told(office):
    assert "sudah ada di baris 2" in look(office, saved(workbook(HEAD, ROW, ROW))).faults[0].message
    found = look(office, saved(workbook(HEAD[:3], ROW[:3])))
    assert any("Unit pengolah" in fault.message for fault in found.faults)


def test_a_choice_in_a_file_may_be_written_as_it_is_called(office, at):
    _, content = at.export(office.actor("operator"), "indikator", NEW_YEAR, "csv", office.now)
    called = content.replace(b";maksimal;", b";semakin tinggi semakin baik;")
    assert called != content
    found = look(office, called, "indikator")
    assert (found.faults, found.new, found.changed) == ((), 0, 0)


def test_a_file_of_another_register_is_told(office, at):
    _, content = at.export(office.actor("operator"), "pegawai", NEW_YEAR, "xlsx", office.now)
    assert any("register lain" in fault.message for fault in look(office, content).faults)


def test_an_ambiguous_number_in_a_csv_is_asked_about_at_its_cell(office):
    content = "Tahun;No;Kode indikator;Sasaran strategis;Satuan;Target;Target akhir Renstra\n2025;1.1;X;S;u;1.234;\n"
    [fault] = look(office, content.encode(), "pk_sasaran").faults
    assert fault.at == "F2"
    assert "1.234" in fault.message


def test_a_changed_row_of_a_file_succeeds_from_the_day_it_is_imported_for(office, at):
    _, content = at.export(office.actor("operator"), "pk_program", NEW_YEAR, "csv", office.now)
    changed = content.replace(b"95000000", b"99000000")
    done = at.take_in(office.actor("operator"), "pk_program", changed, JULY, office.now)
    assert (done.new, done.changed, done.unchanged) == (0, 1, 5)
    budget = {day: sum(row["anggaran"] for row in rows(office, "pk_program", day)) for day in (NEW_YEAR, JULY)}
    assert budget[JULY] - budget[NEW_YEAR] == 4_000_000


def test_a_row_of_a_file_corrects_follows_or_is_told_by_when_the_one_of_its_key_began(office, at):
    operator = office.actor("operator")

    def taken_in(since, unit):
        return at.take_in(operator, "kode_surat", saved(workbook(HEAD, [*ROW[:3], unit, None])), since, office.now)

    taken_in(NEW_YEAR, "Sekretariat")
    corrected = taken_in(NEW_YEAR, "Bidang I")
    assert (corrected.new, corrected.changed) == (0, 1)
    found = entry_of(office, "kode_surat", "nota")
    assert (found.since, found.version, found.until) == (NEW_YEAR, 2, None), "corrected in its place"
    [fault] = taken_in(date(2024, 7, 1), "Bidang II").faults
    assert (fault.at, fault.message) == ("A2", "nota sudah berlaku mulai 2025-01-01, sesudahnya.")
    at.end(operator, "kode_surat", found.id, date(2025, 3, 31), 2, "Tidak dipakai lagi", office.now)
    again = taken_in(JULY, "Bidang III")
    assert (again.new, again.changed) == (1, 0), "the one that ended is another"
    assert len(at.row(operator, "kode_surat", found.id, NEW_YEAR, INDONESIAN).periods) == 2


# ── schemas ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_schema_that_rows_do_not_fit_any_more_is_refused_with_each_row(office, at):
    files = known.files("kode_surat")
    stricter = files["schema.json"].replace(b'"required": ["jenis"', b'"required": ["keterangan", "jenis"')
    assert stricter != files["schema.json"]
    at.add(office.actor("operator"), "kode_surat", CODE, NEW_YEAR, office.now)
    with pytest.raises(InvalidProcedure) as refused:
        at.define(CONSOLE, "kode_surat", files | {"schema.json": stricter}, office.now)
    assert ["nota" in finding.message for finding in refused.value.findings] == [True]
    assert not at.define(CONSOLE, "kode_surat", files, office.now), "what did not change is not defined again"


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (b"{", "bukan JSON"),
        (b'{"type": "object", "properties": {"a": {"type": "string", "title": "A"}}}', "tanpa x-key"),
        (
            b'{"type": "object", "x-key": ["b"], "required": ["a"], "properties": {"a": {"type": "string"}}}',
            "Kolom kunci b",
        ),
        (
            b'{"type": "object", "x-key": ["a"], "required": ["a"], "properties": {"a": {"type": "string"}, '
            b'"b": {"type": "object", "properties": {}}}}',
            "datar",
        ),
    ],
)
def test_a_schema_that_is_no_register_says_why(office, at, schema, said):
    with pytest.raises(InvalidProcedure) as refused:
        at.define(CONSOLE, "uji", {"schema.json": schema}, office.now)
    assert any(said in finding.message for finding in refused.value.findings)
