"""Diagrams of SpiffArena's and Camunda's modellers, through the host: as they came, or mended as they were told."""

from pathlib import Path

import pytest

from engine.model.errors import InvalidProcedure
from engine.model.process import InstanceStatus, MessageKind
from engine.service.procedures.procedure import Values
from tests.places import placed
from tests.service.procedures import Case, form, number, text

FOREIGN = Path(__file__).parents[1] / "bpmn" / "foreign"
LEAVE = "Process_permohonan_cuti_x7k2m9"
YES = {"type": "boolean", "title": "Ya?"}


def written(name):
    return (FOREIGN / name).read_bytes()


def deploy(office, process_id, xml, more):
    files = {f"processes/{process_id}/{process_id}.bpmn": placed(xml), **more}
    return office.services.deployments.deploy(office.actor("perancang"), process_id, files, "dari luar", office.now)


def start(office, process_id, account):
    case = Case.__new__(Case)
    case.office, case.name = office, process_id
    case.id = office.services.starts.start(office.actor(account), process_id, Values({}), office.now)
    return case


@pytest.fixture
def leave(office):
    """SpiffArena's diagram with its forms beside it, as its folder holds them, and a start form of the office's own."""
    office.hire("ann", "Lane_1pegawai")
    office.hire("sam", "Lane_2atasan")
    forms = ("permohonan-schema.json", "permohonan-uischema.json", "persetujuan-schema.json")
    more = {f"processes/{LEAVE}/{name}": written(name) for name in forms}
    more[f"forms/{LEAVE}/StartEvent_1.schema.json"] = form()
    deploy(office, LEAVE, written(f"{LEAVE}.bpmn"), more)
    return office


def test_a_diagram_of_spiffarena_runs_with_its_own_forms_to_its_end(leave):
    case = start(leave, LEAVE, "ann")
    task = leave.task(case.id, "Activity_0isi")
    page = leave.services.tasks.open(leave.actor("ann"), task, leave.now)
    assert [field.name for field in page.form.tree] == ["jumlah_hari", "alasan"]
    case.does("Activity_0isi", account="ann", jumlah_hari=5, alasan="Keluarga")
    assert case.open == ["Activity_2setuju"]
    assert case.waits(hours=8).open == ["Activity_2setuju", "Activity_5tegur"]
    case.does("Activity_5tegur", account="sam").does("Activity_2setuju", account="sam", catatan="Baik")
    assert (case.open, case.status) == ([], InstanceStatus.WAITING)
    [sent] = leave.services.messages.undelivered(leave.actor("operator"))
    assert sent.name == "kabar_cuti"
    publish = leave.services.messages.publish
    key = {"percakapan": {"nomor_cuti": "C-5"}}
    for other in ("C-4", "C-5"):
        key = {"percakapan": {"nomor_cuti": other}}
        publish(leave.actor("operator"), "balasan_cuti", MessageKind.MESSAGE, {"nomor": other}, key, leave.now)
    assert case.sweep() == 1
    assert case.does("Activity_3ambil", account="ann").ended()


def test_what_another_tool_wrote_is_kept_and_served_byte_for_byte(leave):
    restarted = start(leave, LEAVE, "ann").restart()
    process = restarted.deployments.process(LEAVE, leave.now)
    assert process.procedure.xml == written(f"{LEAVE}.bpmn")
    assert b"ruang:catatan" in process.procedure.xml
    assert restarted.studio.open(LEAVE).files[f"processes/{LEAVE}/{LEAVE}.bpmn"] == written(f"{LEAVE}.bpmn")


@pytest.mark.parametrize(
    ("name", "process_id", "rules"),
    [
        ("spiffarena_memanggil_layanan", "Process_cuaca_abc123", {"unsupported_service", "script", "lane_missing"}),
        ("camunda7_izin", "izin", {"foreign_code", "foreign_mapping", "foreign_expression", "camunda_collection"}),
        ("camunda8_keluhan", "keluhan", {"foreign_expression", "unsupported_service", "foreign_mapping"}),
    ],
)
def test_what_cannot_run_is_refused_with_every_reason_and_nothing_is_stored(office, name, process_id, rules):
    with pytest.raises(InvalidProcedure) as refused:
        deploy(office, process_id, written(f"{name}.bpmn"), {})
    assert rules <= {finding.rule for finding in refused.value.findings}
    assert all(finding.element_id and finding.mend for finding in refused.value.findings if finding.line)
    assert process_id not in {p.outline.process_id for p in office.services.deployments.all()}


def mended(name, *changes):
    xml = written(name).decode()
    for old, new in changes:
        assert old in xml
        before, _, rest = xml.partition(old)
        xml = before + new + rest
    return xml.encode()


def cut(name, start_, end):
    """What stands from *start_* to *end* in a file, to be taken out or replaced."""
    xml = written(name).decode()
    begin = xml.index(start_)
    return xml[begin : xml.index(end, begin) + len(end)]


def test_camunda_7_s_diagram_runs_once_it_is_mended_as_the_findings_say(office):
    office.hire("ann", "loket")
    name = "camunda7_izin.bpmn"
    xml = mended(
        name,
        (cut(name, ' camunda:formRef="terima_berkas"', "</bpmn:extensionElements>"), ">"),
        ("${nrOfCompletedInstances == 2}", "nilai &lt; 50"),
        (
            ' camunda:collection="para_penilai" camunda:elementVariable="penilai">',
            '><bpmn:loopDataInputRef>para_penilai</bpmn:loopDataInputRef><bpmn:inputDataItem id="penilai"/>',
        ),
        ("${layak &amp;&amp; nilai &gt;= 70}", "layak and nilai &gt;= 70"),
        ('<bpmn:serviceTask id="Activity_kirim"', '<bpmn:manualTask id="Activity_kirim"'),
        ("</bpmn:serviceTask>", "</bpmn:manualTask>"),
    )
    people = {"type": "array", "title": "Penilai", "items": {"type": "string"}}
    forms = {
        "StartEvent_1": form(),
        "Activity_terima": form(para_penilai=people),
        "Activity_nilai": form(layak=YES, nilai=number("Nilai")),
    }
    deploy(office, "izin", xml, {f"forms/izin/{task}.schema.json": content for task, content in forms.items()})
    case = start(office, "izin", "ann").does("Activity_terima", account="ann", para_penilai=["a", "b"])
    case.does("Activity_nilai", "a", "ann", layak=True, nilai=80).does(
        "Activity_nilai", "b", "ann", layak=True, nilai=75
    )
    assert case.open == ["Activity_kirim"]
    assert case.does("Activity_kirim", account="ann").ended()


def test_camunda_8_s_diagram_runs_once_it_is_mended_as_the_findings_say(office):
    office.hire("ann", "pengaduan")
    name = "camunda8_keluhan.bpmn"
    xml = mended(
        name,
        ("=berat = true and jumlah &gt; 5", "berat == True and jumlah &gt; 5"),
        ('=duration("PT2H")', "PT2H"),
        (cut(name, "<zeebe:taskDefinition", "</zeebe:ioMapping>"), ""),
        ('<bpmn:serviceTask id="Activity_jawab"', '<bpmn:userTask id="Activity_jawab"'),
        ("</bpmn:serviceTask>", "</bpmn:userTask>"),
    )
    forms = {
        "StartEvent_1": form(),
        "Activity_catat": form(berat=YES, jumlah=number("Jumlah")),
        "Activity_jawab": form(jawaban=text("Jawaban")),
    }
    deploy(office, "keluhan", xml, {f"forms/keluhan/{task}.schema.json": content for task, content in forms.items()})
    case = start(office, "keluhan", "ann").does("Activity_catat", account="ann", berat=True, jumlah=2)
    assert (case.open, case.status) == ([], InstanceStatus.WAITING)
    assert case.waits(hours=2).open == ["Activity_jawab"]
    assert case.does("Activity_jawab", account="ann", jawaban="Ditangani").ended()
