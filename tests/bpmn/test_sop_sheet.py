"""Sheets of diagrams of every shape: each has one, its steps numbered as the work comes by, and it can be drawn."""

from pathlib import Path

import pytest

from engine.bpmn.definition import load
from engine.bpmn.drawing.sheet_pages import lay_out
from engine.bpmn.drawing.sheet_picture import draw_sheet
from engine.bpmn.safe_xml import BPMN
from engine.bpmn.sop_sheet import sheet_of
from engine.model import standard_time
from engine.model.sop_sheet import END, SymbolKind
from tests.bpmn.test_drafting import check_pages

DIAGRAMS = Path(__file__).parent / "diagrams"
NAMES = sorted(path.stem for path in DIAGRAMS.glob("*.bpmn"))


def sheet(name):
    files = {f"processes/{name}/{path.name}": path.read_bytes() for path in DIAGRAMS.glob(f"{name}*")}
    return sheet_of(load(files, name))


def test_every_diagram_has_a_sheet_that_can_be_drawn():
    for name in NAMES:
        found = sheet(name)
        pages = lay_out(found, "A4", plain=True)
        check_pages(pages)
        assert [row.number for page in pages.pages for row in page.rows] == [row.number for row in found.rows], name
        assert draw_sheet(pages, found.name, 0).startswith("<svg "), name
        numbers = {row.number for row in found.rows} | {END}
        assert {n for row in found.rows for n in (*row.next, *row.otherwise)} <= numbers, name


def test_branches_that_are_gone_at_once_come_before_what_waits_for_both():
    found = sheet("inclusive_branches_join_when_all_that_were_taken_are_done")
    assert [row.next for row in found.rows] == [(2,), (5,), (5,), (5,), (END,)]
    assert found.rows[0].otherwise == (3, 4)


def test_what_only_a_timer_calls_for_is_numbered_behind_the_work_itself():
    assert [row.element_id for row in sheet("error_in_a_sub_process_is_caught_at_its_edge").rows] == [
        "periksa",
        "simpan",
        "laporkan",
    ]


def test_a_start_in_another_lane_stands_in_the_row_of_the_step_it_leads_to(tmp_path):
    from engine.service.authoring.starter_diagram import new_procedure

    [row] = sheet_of(load(new_procedure("baru", "Baru"), "baru")).rows
    assert [(symbol.kind, symbol.column) for symbol in row.symbols] == [
        (SymbolKind.TERMINATOR, 0),
        (SymbolKind.PROCESS, 1),
        (SymbolKind.TERMINATOR, 0),
    ]


def small(flows, elements):
    """A process of one lane; *flows* are (source, target)."""
    body = "".join(f'<sequenceFlow id="f{n}" sourceRef="{a}" targetRef="{b}"/>' for n, (a, b) in enumerate(flows))
    process = f'<process id="p" name="P" isExecutable="true">{elements}{body}</process>'
    xml = f'<definitions xmlns="{BPMN}">{process}</definitions>'
    return sheet_of(load({"processes/p/p.bpmn": xml.encode()}, "p"))


def test_an_end_right_behind_the_start_stands_in_the_row_of_the_first_step():
    found = small(
        [("a", "g"), ("g", "t"), ("g", "batal"), ("t", "selesai")],
        '<startEvent id="a"/><parallelGateway id="g"/><userTask id="t"/><endEvent id="batal"/><endEvent id="selesai"/>',
    )
    assert [[s.element_id for s in row.symbols] for row in found.rows] == [["a", "t", "selesai", "batal"]]
    assert {(arrow.source, arrow.target) for arrow in found.arrows} >= {("a", "batal"), ("a", "t")}


def test_gateways_that_lead_to_one_another_are_followed_once():
    found = small(
        [("a", "t"), ("t", "g"), ("g", "h"), ("h", "g"), ("h", "b")],
        '<startEvent id="a"/><userTask id="t"/><parallelGateway id="g"/><parallelGateway id="h"/><endEvent id="b"/>',
    )
    assert {(arrow.source, arrow.target) for arrow in found.arrows} == {("a", "t"), ("t", "b")}


def test_a_process_without_a_step_has_a_sheet_without_a_row():
    found = small([("a", "b")], '<startEvent id="a"/><endEvent id="b"/>')
    assert (found.rows, found.arrows) == ((), ())


def test_the_name_of_a_start_goes_on_over_two_lines_where_it_fits_on_none():
    name = "Permohonan perizinan berusaha diterima"
    found = small([("a", "t"), ("t", "b")], f'<startEvent id="a" name="{name}"/><userTask id="t"/><endEvent id="b"/>')
    [page] = lay_out(found).pages
    [start] = [symbol for symbol in page.symbols if symbol.kind is SymbolKind.TERMINATOR and symbol.row == 1][:1]
    assert len(start.lines) == 2
    assert name.startswith(" ".join(start.lines).rstrip("…"))


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("15 menit", "PT15M"),
        ("30 mnt", "PT30M"),
        ("1 Hari Kerja", "P1D"),
        ("1 hari dan 2 jam", "P1DT2H"),
        ("2 jam, 30 menit", "PT2H30M"),
        ("1 minggu", "P1W"),
        ("PT45M", "PT45M"),
    ],
)
def test_a_standard_time_is_read_as_an_office_says_it(said, means):
    assert standard_time.read(said) == means
    assert standard_time.read(standard_time.say(means)) == means


@pytest.mark.parametrize(
    "said", ["", "sehari", "1 bulan", "2 tahun", "0 menit", "1 jam 1 jam", "1,5 jam", "-1 hari", "99999 hari"]
)
def test_what_says_no_standard_time_is_not_guessed_at(said):
    with pytest.raises(ValueError):  # noqa: PT011 - it carries what was said
        standard_time.read(said)
