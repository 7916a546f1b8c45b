"""A procedure's own calculations: who brings them, who runs them, and what happens when they are not there."""

import hashlib

import pytest

from engine.model.errors import FunctionFailed, InvalidForm, InvalidProcedure
from engine.service.history.timelines import HistoryFilter
from engine.service.procedures.functions import Functions
from engine.service.procedures.procedure import Values
from engine.store.places import Folder
from tests.service.procedures import Case, deploy, files, form, number, text

PROCESS = "data_objects_hold_versions"
PATH = f"processes/{PROCESS}/functions.py"
SOURCE = b'''"""Hitungan surat."""

from decimal import Decimal


def dua_kali(nilai):
    """Return twice the value."""
    return nilai * 2


def baris_surat(jumlah):
    """Return so many rows."""
    return [{"no": Decimal(n)} for n in range(1, int(jumlah) + 1)]


def _rahasia():
    return 1
'''
FORMS = {
    "mulai": form(jumlah=number("Jumlah")),
    "tulis": form(
        surat={
            "type": "object",
            "title": "Surat",
            "properties": {
                "isi": text("Isi"),
                "ganda": {"type": "number", "title": "Ganda", "x-computed": "dua_kali(jumlah)"},
                "baris": {
                    "type": "array",
                    "title": "Baris",
                    "x-default": "baris_surat(jumlah)",
                    "items": {"type": "object", "properties": {"no": number("No")}, "required": []},
                },
            },
        }
    ),
    "periksa": form(baik_sekali={"type": "boolean", "title": "Baik"}),
}


def with_functions(source=SOURCE, forms=FORMS):
    return files(PROCESS, forms) | {PATH: source}


def by_the_operator(office, source=SOURCE, forms=FORMS):
    return office.services.deployments.deploy(
        office.actor("perancang"), PROCESS, with_functions(source, forms), "uji", office.now, at_console=True
    )


def begin(office, amount=3):
    return office.services.starts.start(office.actor("ann"), PROCESS, Values({"jumlah": amount}), office.now)


def test_forms_begin_with_and_compute_what_the_procedure_s_functions_give(staffed):
    by_the_operator(staffed)
    instance = begin(staffed)
    page = staffed.services.tasks.open(staffed.actor("ann"), staffed.task(instance, "tulis"), staffed.now)
    rows = staffed.services.tasks.begins_with(page)["surat"]["baris"]
    assert [row["no"] for row in rows] == ["1", "2", "3"]
    task = staffed.task(instance, "tulis")
    staffed.services.tasks.complete(staffed.actor("ann"), task, Values({"surat": {"isi": "Surat"}}), staffed.now)
    [document] = staffed.page(instance).documents
    assert staffed.services.documents.view(staffed.actor("auditor"), document.id).content["ganda"] == 6


def test_whoever_edits_diagrams_cannot_bring_code_onto_the_machine(staffed):
    with pytest.raises(InvalidProcedure) as refused:
        staffed.services.deployments.deploy(
            staffed.actor("perancang"), PROCESS, with_functions(), "dari peramban", staffed.now
        )
    [fault] = refused.value.findings
    assert fault.file == PATH
    assert "konsol" in fault.mend
    assert not (staffed.data_dir / "functions" / f"{hashlib.sha256(SOURCE).hexdigest()}.py").exists()


def test_a_designer_keeps_the_functions_that_the_operator_deployed(staffed):
    by_the_operator(staffed)
    other = FORMS | {"periksa": form(baik_sekali={"type": "boolean", "title": "Baik sekali?"})}
    again = staffed.services.deployments.deploy(
        staffed.actor("perancang"), PROCESS, with_functions(forms=other), "judul lain", staffed.now
    )
    assert again.version == 2
    changed = with_functions(SOURCE.replace(b"* 2", b"* 3"), other)
    with pytest.raises(InvalidProcedure):
        staffed.services.deployments.deploy(staffed.actor("perancang"), PROCESS, changed, "tiga kali", staffed.now)


def test_other_functions_are_another_version_and_running_instances_keep_theirs(staffed):
    by_the_operator(staffed)
    old = begin(staffed)
    by_the_operator(staffed, SOURCE.replace(b"* 2", b"* 3"))
    new = begin(staffed)
    for instance, doubled in ((old, 6), (new, 9)):
        task = staffed.task(instance, "tulis")
        staffed.services.tasks.complete(staffed.actor("ann"), task, Values({"surat": {"isi": "x"}}), staffed.now)
        [document] = staffed.page(instance).documents
        assert staffed.services.documents.view(staffed.actor("auditor"), document.id).content["ganda"] == doubled


def test_what_a_function_raises_stands_at_the_field_that_calls_it(staffed):
    by_the_operator(staffed, SOURCE.replace(b"return nilai * 2", b"return nilai / 0"))
    instance = begin(staffed)
    with pytest.raises(InvalidForm) as refused:
        staffed.services.tasks.complete(
            staffed.actor("ann"), staffed.task(instance, "tulis"), {"surat.isi": ["Surat"]}, staffed.now
        )
    assert [error.path for error in refused.value.errors] == ["surat.ganda"]
    assert refused.value.entries["surat.isi"] == ["Surat"]


def test_a_missing_file_stops_an_instance_with_an_incident_that_names_it_and_nothing_is_lost(staffed):
    def counting(xml):
        return xml.replace("baik_sekali and surat.versi >= 2", "dua_kali(2) == 4")

    content = files(PROCESS, FORMS, counting) | {PATH: SOURCE}
    staffed.services.deployments.deploy(
        staffed.actor("perancang"), PROCESS, content, "uji", staffed.now, at_console=True
    )
    instance = begin(staffed)
    task = staffed.task(instance, "tulis")
    staffed.services.tasks.complete(staffed.actor("ann"), task, Values({"surat": {"isi": "Surat"}}), staffed.now)
    sha256 = hashlib.sha256(SOURCE).hexdigest()
    kept = staffed.data_dir / "functions" / f"{sha256}.py"
    kept.rename(kept.with_suffix(".hilang"))
    case = Case.__new__(Case)
    case.office, case.name, case.id = staffed, PROCESS, instance
    case.does("periksa", baik_sekali=True)
    [incident] = staffed.page(instance).incidents
    assert sha256 in incident.cause
    assert [d.data_object_id for d in staffed.page(instance).documents] == ["surat"], "what was completed is kept"
    kept.with_suffix(".hilang").rename(kept)
    case.restart()
    assert staffed.services.incidents.retry(staffed.actor("operator"), incident.id, staffed.now)
    assert case.status.value == "completed"


def test_a_file_that_somebody_changed_on_disk_is_not_run(staffed):
    by_the_operator(staffed)
    kept = staffed.data_dir / "functions" / f"{hashlib.sha256(SOURCE).hexdigest()}.py"
    kept.write_bytes(SOURCE.replace(b"* 2", b"* 1000"))
    case = Case.__new__(Case)
    case.office, case.name = staffed, PROCESS
    case.restart()
    case.id = begin(staffed)
    with pytest.raises(InvalidForm):
        staffed.services.tasks.complete(
            staffed.actor("ann"), staffed.task(case.id, "tulis"), {"surat.isi": ["Surat"]}, staffed.now
        )


def test_expressions_ask_the_procedure_s_decision_tables(staffed):
    name = "decision_chooses_the_way"
    rated = {"type": "string", "title": "P", "x-computed": 'putusan("predikat_kinerja", {"capaian": nilai}).predikat'}
    unknown = {"type": "string", "title": "P", "x-computed": 'putusan("tabel_lain", {"capaian": nilai})'}
    deploy(
        staffed,
        name,
        {
            "isi_capaian": form(nilai=number("Nilai"), predikat=rated, capaian=number("Capaian")),
            "tindak_lanjuti": form(),
        },
    )
    instance = staffed.services.starts.start(staffed.actor("ann"), name, {}, staffed.now)
    task = staffed.task(instance, "isi_capaian")
    staffed.services.tasks.complete(staffed.actor("ann"), task, {"nilai": ["80"], "capaian": ["95"]}, staffed.now)
    [done] = staffed.services.histories.of_instance(
        staffed.actor("auditor"), instance, HistoryFilter(action="task:completed")
    ).lines
    assert '"predikat":"Tinggi"' in done.change
    with pytest.raises(InvalidProcedure) as refused:
        deploy(staffed, name, {"isi_capaian": form(nilai=number("N"), capaian=unknown), "tindak_lanjuti": form()})
    [fault] = refused.value.findings
    assert fault.element_id == "isi_capaian"
    assert "tabel_lain" in fault.message


def test_what_the_operator_installed_on_one_machine_runs_on_all_that_share_its_files(tmp_path):
    one, other = (Functions(tmp_path / name, Folder(tmp_path / "bersama")) for name in ("satu", "dua"))
    (tmp_path / "bersama" / "files").mkdir(parents=True)
    files_ = {PATH: SOURCE}
    assert not other.has(SOURCE)
    with pytest.raises(FunctionFailed, match="tidak ada di mesin ini"):
        other.of(PROCESS, files_)["dua_kali"](3)
    one.keep(SOURCE)
    assert other.has(SOURCE)
    assert other.of(PROCESS, files_)["dua_kali"](3) == 6
    assert [path.read_bytes() for path in (tmp_path / "dua").glob("*.py")] == [SOURCE]
