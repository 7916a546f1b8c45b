"""What a designer hears before a diagram is deployed.

Beside each diagram in ``broken/`` lies a text with everything that must be said of it: severity, rule, element and
line, then why, then how to mend it.
"""

import ast
import random
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeGuard

import pytest
from lxml import etree

from engine.bpmn.definition import Definition, load
from engine.bpmn.drawing import NoDrawing, draw, drawing_words
from engine.bpmn.drawing.scene import scene
from engine.bpmn.executor import Executor
from engine.bpmn.rules import FormExpression, Forms, check
from engine.bpmn.rules.diagram import HERE
from engine.bpmn.rules.unsupported_elements import service_of
from engine.bpmn.safe_xml import BPMN, CAMUNDA, SPIFF, ZEEBE, renamed
from engine.model.errors import Finding, sayings
from engine.model.process import InstanceStatus, Snapshot
from tests.bpmn.office import wiring
from tests.places import placed

BROKEN = Path(__file__).parent / "broken"
DIAGRAMS = Path(__file__).parent / "diagrams"
ROOT = Path(__file__).parents[2]
SAMPLE = "pengumpulan_data_kinerja"
# The forms of the broken diagrams: each form's top properties.
FORMS = {
    "awal": frozenset({"judul_surat"}),
    "tulis": frozenset({"hasil", "orang"}),
    "terlarang": frozenset({"typename"}),
    **{name: frozenset[str]() for name in ("u", "v", "hapus", "sendiri", "Activity_0x3f")},
}
KINDS = {  # of the fields of one form that is asked for answers
    "keputusan": {"choice"},
    "lanjut": {"boolean"},
    "jumlah": {"number"},
    "bagian": {"choices"},
    "catatan": {"text"},
    "tanggal_surat": {"date"},
}
FORMS["jawab"] = frozenset(KINDS)
ASKED = Forms(
    FORMS,
    kinds={name: frozenset(kinds) for name, kinds in KINDS.items()},
    answers={"keputusan": frozenset({"setuju", "kembalikan"}), "bagian": frozenset({"hukum", "keuangan"})},
)
SAMPLE_FORMS = {
    "mulai": {"periode", "tahun"},
    "perintahkan_pengumpulan_data": {"perjanjian_kinerja", "rencana_aksi", "disposisi"},
    "siapkan_kertas_kerja": {"undangan", "kertas_kerja"},
    "susun_jadwal": {"daftar_hadir", "notula", "surat_tugas", "pemegang_diminta"},
    "siapkan_data": {"draft_laporan"},
    "susun_analisis": {"daftar_hadir_analisis", "notula_analisis", "hasil_verifikasi"},
    "minta_persetujuan": {"hasil_pemeriksaan", "lembar_persetujuan"},
    "tandatangani_persetujuan": {"laporan", "keputusan", "kembali_ke"},
    "arsip": {"lokasi_simpan"},
}


def sample_forms() -> dict[str, frozenset[str]]:
    return {form: frozenset(fields) for form, fields in SAMPLE_FORMS.items()}


def sample() -> bytes:
    return (ROOT / f"processes/{SAMPLE}/{SAMPLE}.bpmn").read_bytes()


def written(finding: Finding) -> str:
    head = f"{finding.severity} {finding.rule} {finding.element_id or '-'} {finding.line}"
    return f"{head}\n    {finding.message}\n    {finding.mend}\n"


@pytest.mark.parametrize("diagram", sorted(BROKEN.glob("*.bpmn")), ids=lambda path: path.stem)
def test_the_designer_hears_every_fault_with_its_place_and_its_mending(diagram: Path) -> None:
    found = check({diagram.name: placed(diagram.read_bytes())}, "contoh", ASKED)
    assert "".join(written(each) for each in found) == diagram.with_suffix(".txt").read_text()


def test_every_rule_has_a_diagram_that_breaks_it() -> None:
    rules = {told.get("rule", name) for name, told in sayings(HERE).items()} - {"{kind}_missing"}
    rules |= {f"{kind}_missing" for kind in ("message", "signal", "error", "escalation")}
    heard = {
        line.split()[1] for text in BROKEN.glob("*.txt") for line in text.read_text().splitlines() if line[0] != " "
    }
    below = {"no_diagram", "decision_unreadable", "functions", "function_unknown", "message_unheard"}
    below |= {"foreign_people", "foreign_form", "foreign_mapping", "foreign_code"}
    assert rules - heard == below, "which are tested elsewhere, being no faults of a diagram"
    assert len(rules) > 40


def test_nothing_is_kept_to_be_said_that_no_rule_says() -> None:
    modules = [*(ROOT / "engine/bpmn/rules").glob("*.py"), ROOT / "engine/bpmn/functions.py"]
    written = {node.value for each in modules for node in ast.walk(ast.parse(each.read_text())) if is_text(node)}
    assert sayings(HERE).keys() <= written


def is_text(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_the_office_s_own_sop_has_no_fault_and_no_warning() -> None:
    assert check({f"{SAMPLE}.bpmn": sample()}, SAMPLE, Forms(sample_forms())) == []
    assert check({f"{SAMPLE}.bpmn": sample()}, SAMPLE, None) == []


def test_what_an_editor_notes_in_extensions_or_by_habit_is_no_fault_of_the_diagram() -> None:
    noted = b'<bpmn:extensionElements><x:catatan xmlns:x="urn:x" id="mulai" /></bpmn:extensionElements>'
    diagram = sample().replace(b"<bpmn:extensionElements>", noted.replace(b"</bpmn:extensionElements>", b""), 1)
    assert b"urn:x" in diagram
    assert check({f"{SAMPLE}.bpmn": diagram}, SAMPLE, Forms(sample_forms())) == []
    habit = b'expressionLanguage="http://www.w3.org/1999/XPath" targetNamespace'
    plain = placed((BROKEN / "tanpa_formulir.bpmn").read_bytes()).replace(b"targetNamespace", habit)
    assert {each.rule for each in check({"contoh.bpmn": plain}, "contoh", Forms(FORMS))} == {"form_missing"}


def test_a_single_equals_sign_in_a_condition_is_told_with_how_to_compare() -> None:
    text = b'keputusan == "setuju"'
    assert text in sample()
    found = check({f"{SAMPLE}.bpmn": sample().replace(text, b'keputusan = "setuju"')}, SAMPLE, Forms(sample_forms()))
    [told] = [each for each in found if each.rule == "expression"]
    assert told.mend == 'Tanda = tunggal tidak membandingkan. Tulis: keputusan == "setuju"'
    assert "dari “" in told.message, "an arrow is told with where it comes from"


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("not jumlah", ["jumlah bukan ya atau tidak"]),
        ("jumlah + 1", ["jumlah + 1 bukan ya atau tidak"]),
        ("[lanjut]", ["[lanjut] bukan ya atau tidak"]),
        ("jumlah if keputusan else lanjut", ["jumlah bukan ya atau tidak", "keputusan bukan ya atau tidak"]),
        ('keputusan in "setuju, kembalikan"', []),
        ('keputusan in bagian and "setuju" == keputusan', []),
        ('"tolak" == keputusan', ['keputusan dengan "tolak", yang tidak ditawarkan']),
    ],
)
def test_what_a_condition_decides_by_is_yes_or_no_and_an_answer_that_is_offered(condition, said) -> None:
    diagram = placed((BROKEN / "jawaban.bpmn").read_bytes()).replace(b'"hukun" in bagian', condition.encode())
    found = [each.message for each in check({"contoh.bpmn": diagram}, "contoh", ASKED) if each.element_id == "ke_6"]
    assert len(found) == len(said)
    assert all(part in message for part, message in zip(said, found, strict=True))


def test_an_error_that_a_process_without_end_throws_is_caught_by_nobody() -> None:
    diagram = (BROKEN / "memanggil_diri.bpmn").read_bytes()
    thrown = diagram.replace(
        b'<bpmn:endEvent id="akhir" />',
        b'<bpmn:endEvent id="akhir"><bpmn:errorEventDefinition errorRef="gagal" /></bpmn:endEvent>',
    ).replace(b"  <bpmn:process", b'  <bpmn:error id="gagal" name="Gagal" errorCode="1" />\n  <bpmn:process')
    rules = [(each.rule, each.element_id) for each in check({"contoh.bpmn": placed(thrown)}, "contoh", Forms(FORMS))]
    assert ("error_uncaught", "akhir") in rules


def test_a_process_that_is_called_can_be_executed() -> None:
    diagram = placed((BROKEN / "memanggil_diri.bpmn").read_bytes())
    other = diagram.replace(b'id="contoh"', b'id="entah"').replace(b'"true"', b'"false"')
    found = check({"contoh.bpmn": diagram, "entah.bpmn": other}, "contoh", Forms(FORMS))
    [told] = [each for each in found if each.rule == "call_missing" and each.file == "contoh.bpmn"]
    assert told.message == "“Memanggil” memanggil proses entah, yang ditandai tidak dapat dijalankan."


def test_a_service_is_named_as_the_tool_that_drew_it_names_it() -> None:
    named = [
        service_of(
            etree.fromstring(
                f'<b:serviceTask xmlns:b="{BPMN}" xmlns:s="{SPIFF}" xmlns:z="{ZEEBE}" xmlns:c="{CAMUNDA}" {attribute}>'
                f"<b:extensionElements>{inner}</b:extensionElements></b:serviceTask>"
            )
        )
        for attribute, inner in (
            ("", '<s:serviceTaskOperator/><z:taskDefinition type="kirim"/>'),
            ("", '<s:serviceTaskOperator id="http/get"/>'),
            ('c:topic="surat"', ""),
            ("", ""),
        )
    ]
    assert named == ["kirim", "http/get", "camunda:topic surat", ""]


def test_the_items_of_another_engine_are_told_as_its_own() -> None:
    diagram = (BROKEN / "jawaban.bpmn").read_bytes()
    loop = (
        f'<bpmn:extensionElements xmlns:zeebe="{ZEEBE}"><zeebe:loopCharacteristics inputCollection="=orang" />'
        "<zeebe:loopCharacteristics /></bpmn:extensionElements><bpmn:loopCardinality>"
    )
    foreign = diagram.replace(b"<bpmn:loopCardinality>", loop.encode())
    found = check({"contoh.bpmn": placed(foreign)}, "contoh", ASKED)
    assert [each.element_id for each in found if "zeebe:loopCharacteristics" in each.message] == ["jawab"]


def test_what_a_message_is_recognised_by_is_read_as_every_expression() -> None:
    diagram = placed((DIAGRAMS / "message_asks_and_waits_for_the_answer.bpmn").read_bytes())
    key = (
        f'<spiffworkflow:processVariableCorrelation xmlns:spiffworkflow="{SPIFF}"><spiffworkflow:propertyId>nomor'
        "</spiffworkflow:propertyId><spiffworkflow:expression>surat nomor</spiffworkflow:expression>"
        "</spiffworkflow:processVariableCorrelation></bpmn:extensionElements>"
    )
    asked = diagram.replace(b"</bpmn:extensionElements>", key.encode(), 1)
    assert asked != diagram
    found = check({"a.bpmn": asked}, "message_asks_and_waits_for_the_answer", None)
    assert [each.rule for each in found if "Kunci percakapan" in each.message] == ["expression"]


@pytest.mark.parametrize(("other", "rules"), [("tulis", set()), ("tanpa_isian", {"other_performer"})])
def test_a_step_is_done_by_another_than_a_step_that_is_not_itself(other: str, rules: set[str]) -> None:
    diagram = (BROKEN / "tanpa_formulir.bpmn").read_bytes()
    attribute = f'<bpmn:userTask id="tanpa_isian" sop:bukanPelaksana="{other}"'
    named = diagram.replace(b'<bpmn:userTask id="tanpa_isian"', attribute.encode())
    found = check({"contoh.bpmn": placed(named)}, "contoh", None)
    assert {each.rule for each in found} == rules


def test_what_a_message_brings_may_be_read_by_the_steps_behind_it() -> None:
    id_ = "message_asks_and_waits_for_the_answer"
    forms = Forms({"mulai": frozenset({"nomor", "perihal"}), "baca": frozenset()})
    assert check({f"{id_}.bpmn": placed((DIAGRAMS / f"{id_}.bpmn").read_bytes())}, id_, forms) == []


def test_two_files_that_name_a_process_alike_are_told_where_the_other_is() -> None:
    diagram = placed((BROKEN / "tanpa_formulir.bpmn").read_bytes())
    found = check({"contoh.bpmn": diagram, "lain.bpmn": diagram}, "contoh", None)
    [twice] = [each for each in found if each.rule == "id_twice"]
    assert (twice.file, twice.element_id) == ("lain.bpmn", "contoh")
    assert "contoh.bpmn" in twice.message


def referenced(xml: bytes) -> bytes:
    """Return *xml* with every event definition beside its process, where events refer to it."""
    root = etree.fromstring(xml)
    inside = [each for each in root.iter(etree.Element) if each.tag.endswith("EventDefinition")]
    for number, each in enumerate(inside):
        reference = etree.Element(each.tag.rpartition("}")[0] + "}eventDefinitionRef")
        reference.text = f"bersama_{number}"
        each.getparent().replace(each, reference)
        each.set("id", reference.text)
        root.append(each)
    return bytes(etree.tostring(root))


@pytest.mark.parametrize("diagram", sorted(DIAGRAMS.glob("*.bpmn")), ids=lambda path: path.stem)
def test_an_event_that_refers_to_its_definition_is_the_same_event(diagram: Path) -> None:
    xml = placed(diagram.read_bytes())
    apart = referenced(xml)
    assert (b"eventDefinitionRef" in apart) is (b"EventDefinition" in xml)
    assert scene(xml) == scene(apart)
    id_ = diagram.stem
    beside = {f"processes/{id_}/{path.name}": path.read_bytes() for path in DIAGRAMS.glob(f"{id_}.dmn")}
    first, second = (beside | {f"processes/{id_}/{id_}.bpmn": each} for each in (xml, apart))
    said = [[(found.rule, found.element_id) for found in check(files, id_, None)] for files in (first, second)]
    assert said[0] == said[1]
    assert wiring(load(first, id_)) == wiring(load(second, id_))
    assert events_of(load(first, id_)) == events_of(load(second, id_))


def events_of(definition: Definition) -> dict[str, str]:
    """Return what every event of *definition* waits for or throws."""
    specs = [definition.spec, *definition.subprocess_specs.values()]
    return {
        f"{spec.name}/{name}": f"{type(found).__name__} {getattr(found, 'name', '')} {getattr(found, 'code', '')}"
        for spec in specs
        for name, task in spec.task_specs.items()
        if (found := getattr(task, "event_definition", None)) is not None
    }


def test_an_instance_that_comes_to_a_terminate_by_reference_ends() -> None:
    name = "terminate_end_cancels_the_rest"
    files = {f"processes/{name}/{name}.bpmn": referenced((DIAGRAMS / f"{name}.bpmn").read_bytes())}
    executor, definition, now = Executor(), load(files, name), datetime.now(UTC)
    step = executor.start(definition, "i", {}, now)
    [task] = [each for each in step.open_tasks if each.element_id == "batalkan"]
    step = executor.complete(definition, Snapshot("i", 1, step.state), task.id, {}, {}, now)
    assert (step.status, step.open_tasks) == (InstanceStatus.COMPLETED, ())


def test_without_the_forms_nothing_is_said_about_them() -> None:
    diagram = BROKEN / "tanpa_formulir.bpmn"
    assert check({diagram.name: placed(diagram.read_bytes())}, "contoh", None) == []


def test_a_form_that_no_longer_asks_for_what_a_gateway_reads_is_named_at_the_gateway_s_flow() -> None:
    forms = sample_forms() | {"tandatangani_persetujuan": frozenset({"laporan", "keputusan"})}
    (found,) = check({f"{SAMPLE}.bpmn": sample()}, SAMPLE, Forms(forms))
    assert (found.rule, found.element_id) == ("name_unknown", "disetujui_ke_siapkan_data")
    assert "kembali_ke" in found.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"Nomor " + str(tahunn)', "tahunn, yang tidak diisi"),
        ("disposisi.nomer", "disposisi tidak mempunyai isian itu"),
        ('disposisi["nomer"]', "disposisi tidak mempunyai isian itu"),
    ],
)
def test_a_form_whose_expression_reads_what_nobody_gives_is_named_with_its_field(text: str, said: str) -> None:
    sections = {"disposisi": frozenset({"nomor", "catatan"})}
    expressions = [FormExpression("forms/x.schema.json", "undangan.hal", text)]
    forms = Forms(sample_forms(), sections, expressions, frozenset({"hari_ini"}))
    (found,) = check({f"{SAMPLE}.bpmn": sample()}, SAMPLE, forms)
    assert (found.rule, found.file, found.severity) == ("name_unknown", "forms/x.schema.json", "error")
    assert "undangan.hal" in found.message
    assert said in found.message


def test_a_form_whose_expression_reads_a_part_that_a_document_has_is_no_fault() -> None:
    sections = {"disposisi": frozenset({"nomor", "catatan"})}
    expressions = [FormExpression("forms/x.schema.json", "undangan.hal", "disposisi.nomor")]
    forms = Forms(sample_forms(), sections, expressions, frozenset({"hari_ini"}))
    assert check({f"{SAMPLE}.bpmn": sample()}, SAMPLE, forms) == []


def test_a_procedure_under_another_name_is_called_so_wherever_it_is_named() -> None:
    diagram = b"""<d xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="lama" name="lama"/>
      <participant processRef="lama"/><flowNodeRef>lama</flowNodeRef><documentation>lama</documentation></d>"""
    found = renamed(diagram, "lama", "baru").decode()
    assert '<process id="baru" name="lama" isExecutable="true"/>' in found
    assert '<participant processRef="baru"/><flowNodeRef>baru</flowNodeRef><documentation>lama' in found


def test_a_start_that_asks_nothing_needs_a_form_that_says_so() -> None:
    forms = sample_forms()
    del forms["mulai"]
    (found,) = [f for f in check({f"{SAMPLE}.bpmn": sample()}, SAMPLE, Forms(forms)) if f.rule == "form_missing"]
    assert (found.element_id, found.severity) == ("mulai", "error")
    assert "mulai.schema.json" in found.mend


def test_a_step_may_use_a_form_under_another_name() -> None:
    diagram = (BROKEN / "tanpa_formulir.bpmn").read_bytes()
    named = diagram.replace(
        b'<bpmn:userTask id="tanpa_isian" name="Membaca" />',
        b'<bpmn:userTask id="tanpa_isian"><bpmn:extensionElements><spiffworkflow:properties>'
        b'<spiffworkflow:property name="warna" value="biru" />'
        b'<spiffworkflow:property name="formJsonSchemaFilename" value="tulis.schema.json" />'
        b"</spiffworkflow:properties></bpmn:extensionElements></bpmn:userTask>",
    )
    assert named != diagram
    assert check({"contoh.bpmn": placed(named)}, "contoh", Forms(FORMS)) == []


def test_a_folder_without_a_diagram_is_told_which_file_it_lacks() -> None:
    (found,) = check({}, "contoh", None)
    assert (found.rule, found.file) == ("no_diagram", "processes/contoh/contoh.bpmn")


def test_a_decision_of_the_procedure_s_own_table_is_found() -> None:
    diagram = (BROKEN / "layanan_dan_keputusan.bpmn").read_bytes()
    named = diagram.replace(
        b'<bpmn:businessRuleTask id="nilai" name="Menilai" />',
        b'<bpmn:businessRuleTask id="nilai"><bpmn:extensionElements><spiffworkflow:calledDecisionId>skala'
        b"</spiffworkflow:calledDecisionId></bpmn:extensionElements></bpmn:businessRuleTask>",
    )
    table = b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"><decision id="skala" /></definitions>'
    rules = {each.rule for each in check({"contoh.bpmn": named, "skala.dmn": table}, "contoh", Forms(FORMS))}
    assert "decision_missing" not in rules
    rules = {each.rule for each in check({"contoh.bpmn": named, "skala.dmn": b"<"}, "contoh", Forms(FORMS))}
    assert {"decision_missing", "not_xml"} <= rules


def test_a_decision_table_that_cannot_be_read_is_named_with_its_line_and_what_it_reads_is_checked() -> None:
    table = (DIAGRAMS / "decision_chooses_the_way.dmn").read_bytes()
    files = {f"{SAMPLE}.bpmn": sample(), "skala.dmn": table.replace(b"[75..90]", b"[75..")}
    (found,) = check(files, SAMPLE, Forms(sample_forms()))
    assert (found.rule, found.file) == ("decision_unreadable", "skala.dmn")
    assert "baris 2" in found.message
    files["skala.dmn"] = table
    assert check(files, SAMPLE, Forms(sample_forms())) == [], "a table that no task asks is given its inputs by putusan"
    asking = (DIAGRAMS / "decision_chooses_the_way.bpmn").read_bytes()
    forms = Forms({"mulai": frozenset(), "nilai": frozenset()})
    found = check({"decision_chooses_the_way.bpmn": asking, "skala.dmn": table}, "decision_chooses_the_way", forms)
    assert [(f.rule, f.file) for f in found if "Tabel keputusan" in f.message] == [("name_unknown", "skala.dmn")]


def test_a_function_that_nobody_gives_is_named_where_it_is_called() -> None:
    diagram = sample().replace(b'keputusan == "setuju"</bpmn:cond', b"setujuh(keputusan)</bpmn:cond")
    assert diagram != sample()
    expressions = [FormExpression("forms/x.schema.json", "undangan.hal", "nama(tahun)")]
    forms = Forms(sample_forms(), {}, expressions, frozenset())
    found = check({f"{SAMPLE}.bpmn": diagram}, SAMPLE, forms)
    assert [(f.rule, f.element_id or f.file) for f in found] == [
        ("function_unknown", "forms/x.schema.json"),
        ("function_unknown", "disetujui_ke_selesai"),
    ]
    source = b'def setujuh(keputusan):\n    """Ya."""\n\n\ndef nama(tahun):\n    """Nama."""\n'
    files = {f"{SAMPLE}.bpmn": diagram, f"processes/{SAMPLE}/functions.py": source}
    assert check(files, SAMPLE, forms) == []
    table = (DIAGRAMS / "decision_chooses_the_way.dmn").read_bytes().replace(b"[75..90]", b"angka(?) > 3")
    (found,) = check({**files, "skala.dmn": table}, SAMPLE, forms)
    assert (found.rule, found.file) == ("function_unknown", "skala.dmn")


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        ("def hitung(:\n", 1, "Tata tulisnya salah"),
        ("\x00", None, "Tata tulisnya salah"),
        ("import os\n", 1, "Modul os tidak boleh diimpor"),
        ("from . import lain\n", 1, "Modul . tidak boleh"),
        ('def baca(x):\n    """Isi."""\n    return open(x)\n', 3, "open tidak menghitung"),
        ("def hitung(x):\n    return x\n", 1, "tidak menjelaskan"),
        ('def saring(x):\n    """Saring."""\n', 1, "sudah ada dalam bahasa ungkapan"),
        ('def register(x):\n    """Register."""\n', 1, "sudah ada dalam bahasa ungkapan"),
        ('def Hitung(x):\n    """Hitung."""\n', 1, "tidak dapat dipanggil"),
        ('def hitung(*, x):\n    """Hitung."""\n', 1, "argumen bernama"),
        ('async def hitung(x):\n    """Hitung."""\n', 1, "hanya memuat fungsi"),
    ],
)
def test_functions_that_cannot_be_called_or_do_more_than_compute_are_named_with_their_line(
    source: str, line: int | None, said: str
) -> None:
    files = {f"{SAMPLE}.bpmn": sample(), f"processes/{SAMPLE}/functions.py": source.encode()}
    found = check(files, SAMPLE, Forms(sample_forms()))
    assert [(f.rule, f.line) for f in found] == [("functions", line)]
    assert said in found[0].message


def test_every_fault_of_two_files_is_heard_at_once_in_the_order_of_files_and_lines() -> None:
    files = {name: placed((BROKEN / name).read_bytes()) for name in ("syarat_rusak.bpmn", "tautan.bpmn")}
    found = check(files, "contoh", Forms(FORMS))
    assert [(each.file, each.rule) for each in found if each.rule not in {"several_executable", "id_twice"}] == [
        ("syarat_rusak.bpmn", "expression"),
        ("tautan.bpmn", "unsupported_link"),
    ]


def test_a_diagram_that_is_too_big_is_refused_before_it_is_read() -> None:
    (found,) = check({"contoh.bpmn": b"<a>" + b" " * 2_000_000 + b"</a>"}, "contoh", None)
    assert found.rule == "not_xml"
    assert "2.000.000" in found.message


@pytest.mark.parametrize("seed", range(40))
def test_however_a_file_is_damaged_the_designer_gets_an_answer(seed: int) -> None:
    chance = random.Random(seed)
    files = [sample(), *(path.read_bytes() for path in sorted(BROKEN.glob("*.bpmn")) if path.stat().st_size < 20_000)]
    for original in chance.sample(files, 8):
        try:
            root = etree.fromstring(original, etree.XMLParser(resolve_entities=False))
        except etree.XMLSyntaxError:
            continue
        for element in chance.sample(list(root.iter()), min(12, len(list(root.iter())))):
            damage = chance.choice(("drop", "attribute", "text", "swap", "kind"))
            if damage == "drop" and element.getparent() is not None:
                element.getparent().remove(element)
            elif damage == "attribute" and element.attrib:
                del element.attrib[chance.choice(list(element.attrib))]
            elif damage == "text":
                element.text = chance.choice(("", "((", "siapa.pun", "9" * 400, "\n\n"))
            elif damage == "swap" and element.attrib:
                element.set(chance.choice(list(element.attrib)), chance.choice(("", "tulis", "1", "awal")))
            elif damage == "kind" and isinstance(element.tag, str):
                element.tag = chance.choice([other.tag for other in root.iter() if isinstance(other.tag, str)])
        xml = etree.tostring(root)
        assert all(isinstance(each, Finding) for each in check({"contoh.bpmn": xml}, "contoh", Forms(FORMS)))
        with suppress(NoDrawing):
            draw(xml, words=drawing_words())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "tidak utuh"),
        (b"<a><b></a>", "tidak utuh"),
        (b"<a>&rahasia;</a>", "tidak utuh"),
        (b"<a>" * 300, "terlalu dalam"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "DOCTYPE tidak diterima"),
        (b'<!DOCTYPE a [<!ENTITY x "x"><!ENTITY y "&x;&x;">]><a b="&y;"/>', "DOCTYPE tidak diterima"),
    ],
)
def test_what_is_wrong_with_a_file_as_xml_is_said_in_the_office_s_language(content, said):
    [found] = check({"processes/contoh/contoh.bpmn": content}, "contoh", None)
    assert said in found.message
    assert not re.search(r"\b(line|tag|entity|element|not|document|column)\b", found.message, re.IGNORECASE)
