"""Sheets of diagrams of every shape: each has one, its steps numbered as the work comes by, and it can be drawn."""

from pathlib import Path

import pytest

from engine.bpmn.definition import load
from engine.bpmn.drawing.sheet_pages import lay_out
from engine.bpmn.drawing.sheet_picture import draw_sheet
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
