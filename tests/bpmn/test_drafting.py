"""Tables of steps become diagrams and sheets, and come back as the same tables; what is drawn can be read."""

from itertools import combinations, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from engine.bpmn import rules
from engine.bpmn.definition import load
from engine.bpmn.drafting import plan
from engine.bpmn.drawing.scene import Bounds, scene
from engine.bpmn.drawing.sheet_pages import PAPERS, lay_out
from engine.bpmn.drawing.sheet_picture import draw_sheet
from engine.bpmn.drawing.text import width, wrap
from engine.bpmn.sop_sheet import sheet_of, table_of
from engine.model.sop_sheet import END, SymbolKind, TableStep
from engine.service.authoring.starter_diagram import procedure_of_table
from engine.service.procedures import step_spreadsheet

ID = "uji_tabel"
LANES = ["Petugas", "Kepala Seksi", "Kepala Bidang", "Petugas Arsip"]
DOCUMENTS = ["Permohonan", "Tanda terima", "surat, dengan lampiran", "Berita Acara", "Class", "=Rekap", "1. Daftar"]
TIMES = ["15 menit", "2 jam", "1 hari", "1 hari 2 jam", "1 minggu"]
ACTIVITIES = [
    "Menerima berkas",
    "Memeriksa kelengkapan berkas permohonan",
    "Menandatangani",
    "Mencatat “hasil”",
    "+ Uji",
]
documents = st.lists(st.sampled_from(DOCUMENTS), unique=True, max_size=4).map(tuple)


@st.composite
def tables(draw):
    """Any table of steps: each leads to the next, decisions back, ahead, or to the end."""
    count = draw(st.integers(1, 9))
    steps = []
    for number in range(1, count + 1):
        follows = END if number == count else number + 1
        elsewhere = st.integers(0, count).filter(lambda target, follows=follows: target != follows)
        otherwise = tuple(draw(st.lists(elsewhere, unique=True, max_size=draw(st.sampled_from([0, 0, 1, 2])))))
        steps.append(
            TableStep(
                number,
                draw(st.sampled_from(ACTIVITIES)),
                draw(st.sampled_from(LANES)),
                draw(documents),
                draw(st.sampled_from(TIMES)),
                draw(documents),
                draw(st.sampled_from(["", "-", "Paling lambat hari berikutnya"])),
                follows,
                otherwise,
            )
        )
    return tuple(steps)


def long_table(count, lanes):
    """An SOP as long as they come: work goes to and fro between everybody, and now and then back."""
    return tuple(
        TableStep(
            n,
            f"Memeriksa dan meneruskan berkas permohonan izin bagian {n}",
            f"Petugas {(n * n + n // 3) % lanes + 1}",
            ("Permohonan",),
            "1 jam",
            (f"Catatan {n}",),
            "",
            END if n == count else n + 1,
            (max(1, n - n % 11),) if n % 8 == 0 else (),
        )
        for n in range(1, count + 1)
    )


def drawn(table):
    files = procedure_of_table(ID, "Uji Tabel", table)
    return files, load(files, ID)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(table=tables())
def test_a_table_a_diagram_of_it_and_the_diagram_s_sheet_say_the_same(table):
    read = step_spreadsheet.read(step_spreadsheet.written(table, "Uji", "csv"))
    assert (read.faults, read.steps) == ((), table)
    files, definition = drawn(table)
    assert table_of(sheet_of(definition)) == table
    diagram = {name: content for name, content in files.items() if name.endswith(".bpmn")}
    assert [found for found in rules.check(diagram, ID, None) if found.severity == "error"] == []
    check_drawing(files[f"processes/{ID}/{ID}.bpmn"])
    check_pages(lay_out(sheet_of(definition)))


def test_a_workbook_comes_back_as_it_went():
    table = long_table(12, 4)
    assert step_spreadsheet.read(step_spreadsheet.written(table, "Uji", "xlsx")) == step_spreadsheet.StepTable(
        table, ()
    )


def meet(one, other):
    return one.x < other.right and other.x < one.right and one.y < other.bottom and other.y < one.bottom


def along(first, last):
    return Bounds(min(first[0], last[0]), min(first[1], last[1]), abs(first[0] - last[0]), abs(first[1] - last[1]))


def inside(segment, box):
    """Whether a line runs through a rectangle, not only along its edge."""
    shrunk = Bounds(box.x + 0.2, box.y + 0.2, box.width - 0.4, box.height - 0.4)
    line = Bounds(segment.x - 0.05, segment.y - 0.05, segment.width + 0.1, segment.height + 0.1)
    return meet(line, shrunk)


def check_drawing(xml):
    """Lines in right angles through no shape, no shape over another or over a name, names with room for them."""
    found = scene(xml)
    solid = [shape for shape in found.shapes if shape.kind not in ("participant", "lane")]
    assert not [(a.id, b.id) for a, b in combinations(solid, 2) if meet(a.bounds, b.bounds)]
    for edge in found.edges:
        assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(edge.points)), edge.id
        through = [s.id for s in solid for a, b in pairwise(edge.points) if inside(along(a, b), s.bounds)]
        assert not through, edge.id
    for item in (*solid, *found.edges):
        if item.label is not None:
            assert len(wrap(item.name, item.label.width + 2, 11.0)) * 11.0 <= item.label.height, item.id
            assert not [s.id for s in solid if meet(item.label, s.bounds)], f"{item.id}: its name lies on a shape"
    names = [(item.id, item.label) for item in (*solid, *found.edges) if item.label is not None and item.name]
    assert not [(a, b) for (a, one), (b, other) in combinations(names, 2) if meet(one, other)]
    lines = [along(a, b) for edge in found.edges for a, b in pairwise(edge.points)]
    assert not [id_ for id_, label in names if any(inside(line, label) for line in lines)], "a line runs through a name"
    lanes = sorted((shape.bounds for shape in found.shapes if shape.kind == "lane"), key=lambda box: box.y)
    assert all(above.bottom == below.y for above, below in pairwise(lanes))
    for shape in solid:
        assert any(lane.y < shape.bounds.y and shape.bounds.bottom < lane.bottom for lane in lanes), shape.id


def check_pages(pages):
    """Rows follow one another without a gap, arrows run in right angles through no symbol, letters come in pairs."""
    letters = []
    for page in pages.pages:
        assert page.bottom <= pages.height
        assert all(abs(a.y + a.height - b.y) < 0.01 for a, b in pairwise(page.rows))
        boxes = [symbol.box for symbol in page.symbols]
        assert not [1 for a, b in combinations(boxes, 2) if meet(a, b)]
        for arrow in page.arrows:
            assert all(abs(a[0] - b[0]) < 0.01 or abs(a[1] - b[1]) < 0.01 for a, b in pairwise(arrow.points))
            between = arrow.points if len(arrow.points) > 2 else ()
            crossed = [box for box in boxes for a, b in pairwise(between) if inside(along(a, b), box)]
            ends = {place for place, box in enumerate(boxes) if _at(box, arrow.points[0]) or _at(box, arrow.points[-1])}
            assert not [box for box in crossed if boxes.index(box) not in ends]
            for end in (arrow.points[0], arrow.points[-1]):
                assert any(_on_outline(symbol, end) for symbol in page.symbols)
        letters += [symbol.lines[0] for symbol in page.symbols if symbol.kind is SymbolKind.CONNECTOR]
    assert all(letters.count(letter) == 2 for letter in letters)


def _on_outline(symbol, point):
    (x, y), box = symbol.box.centre, symbol.box
    far = abs(point[0] - x) / (box.width / 2), abs(point[1] - y) / (box.height / 2)
    return abs((sum(far) if symbol.kind is SymbolKind.DECISION else max(far)) - 1) < 0.01


def _at(box, point):
    return box.x - 0.1 <= point[0] <= box.right + 0.1 and box.y - 0.1 <= point[1] <= box.bottom + 0.1


@pytest.mark.parametrize("paper", PAPERS)
def test_sixty_steps_of_nine_performers_go_over_pages_and_every_arrow_over_a_break_has_its_two_connectors(paper):
    _, definition = drawn(long_table(60, 9))
    sheet = sheet_of(definition)
    pages = lay_out(sheet, paper)
    check_pages(pages)
    assert [row.number for page in pages.pages for row in page.rows] == list(range(1, 61))
    assert 3 <= len(pages.pages) <= 6
    page_of = {row.number: n for n, page in enumerate(pages.pages) for row in page.rows}
    number = {symbol.element_id: row.number for row in sheet.rows for symbol in row.symbols}
    crossing = [a for a in sheet.arrows if page_of[number[a.source]] != page_of[number[a.target]]]
    connectors = [s for page in pages.pages for s in page.symbols if s.kind is SymbolKind.CONNECTOR]
    assert len(connectors) == 2 * len(crossing) >= 2 * (len(pages.pages) - 1)
    drawn_arrows = sum(len(page.arrows) for page in pages.pages)
    assert drawn_arrows == len(sheet.arrows) + len(crossing)


def test_several_ways_of_one_step_over_a_break_bend_to_connectors_side_by_side():
    ahead = (3, 7)
    table = tuple(
        TableStep(n, f"Langkah {n}", "Petugas", ("Permohonan",), "1 jam", (), "", n + 1, others)
        for n in range(1, 24)
        for others in [tuple(n + further for further in ahead if n + further <= 24) if n % 2 == 0 else ()]
    )
    pages = lay_out(sheet_of(drawn((*table, TableStep(24, "Selesai", "Petugas", time="1 jam")))[1]))
    check_pages(pages)
    bent = [a for page in pages.pages for a in page.arrows if len(a.points) == 4 and a.points[0][0] != a.points[-1][0]]
    assert any(arrow.points[1][0] == arrow.points[0][0] for arrow in bent)
    assert draw_sheet(pages, "Uji", 0).startswith("<svg ")


def test_connectors_are_drawn_as_pages_with_a_point_and_their_letter():
    _, definition = drawn(long_table(60, 9))
    sheet = sheet_of(definition)
    pages = lay_out(sheet)
    for number, page in enumerate(pages.pages):
        svg = etree.fromstring(draw_sheet(pages, sheet.name, number))
        pointed = [each for each in svg.iter("{*}polygon") if len(each.get("points").split()) == 5]
        letters = [symbol.lines[0] for symbol in page.symbols if symbol.kind is SymbolKind.CONNECTOR]
        assert len(pointed) == len(letters) > 0
        written = {"".join(text.itertext()): text for text in svg.iter("{*}text")}
        assert {*letters} <= written.keys()
        for letter, outline in zip(letters, pointed, strict=True):
            heights = sorted(float(point.partition(",")[2]) for point in outline.get("points").split())
            assert heights[0] < float(written[letter].get("y")) < heights[2], "above where the page narrows"


def test_an_arrow_alone_at_the_side_of_a_symbol_leaves_it_in_the_middle():
    table = (
        TableStep(1, "Menerima", "Petugas", time="1 jam", next=2),
        TableStep(2, "Mencatat", "Petugas", time="1 jam", next=3),
        TableStep(3, "Memeriksa", "Atasan", time="1 jam"),
    )
    [page] = lay_out(sheet_of(drawn(table)[1])).pages
    [noting] = [symbol.box for symbol in page.symbols if symbol.row == 2]
    assert (noting.right, noting.centre[1]) in {arrow.points[0] for arrow in page.arrows}


def test_a_diagram_of_a_table_is_a_file_that_other_editors_read_and_no_reconstruction():
    table = (
        TableStep(1, "Menerima", "Petugas", time="1 jam", next=2),
        TableStep(2, "Memeriksa", "Atasan", time="1 jam", otherwise=(1,)),
    )
    files, definition = drawn(table)
    xml = files[f"processes/{ID}/{ID}.bpmn"]
    assert xml.startswith(b"<?xml ")
    conditions = list(etree.fromstring(xml).iter("{*}conditionExpression"))
    kind = "{http://www.w3.org/2001/XMLSchema-instance}type"
    assert {condition.get(kind) for condition in conditions} == {"bpmn:tFormalExpression"}
    assert not definition.outline.reconstruction


def test_a_lane_is_as_high_as_its_name_is_long():
    name = "Kepala Bidang Perencanaan, Evaluasi dan Pelaporan Kinerja Perangkat Daerah"
    files, _ = drawn((TableStep(1, "Menerima", name, time="1 jam"),))
    [lane] = [shape for shape in scene(files[f"processes/{ID}/{ID}.bpmn"]).shapes if shape.kind == "lane"]
    assert (lane.name, lane.bounds.height >= width(name, 12)) == (name, True)


def test_steps_may_be_passed_over_and_come_back_to_and_need_no_time():
    table = (
        TableStep(1, "Menerima", "Petugas", next=3),
        TableStep(2, "Menyerahkan", "Petugas", time="1 jam"),
        TableStep(3, "Memeriksa", "Petugas", next=2),
    )
    files, definition = drawn(table)
    assert table_of(sheet_of(definition)) != table, "steps are numbered as the work comes by"
    assert [(row.activity, row.time) for row in sheet_of(definition).rows] == [
        ("Menerima", ""),
        ("Memeriksa", ""),
        ("Menyerahkan", "1 jam"),
    ]
    check_drawing(files[f"processes/{ID}/{ID}.bpmn"])


def test_a_decision_of_the_office_is_its_step_s_symbol_with_yes_and_no_at_its_arrows():
    table = (
        TableStep(1, "Menerima", "Petugas", time="1 jam", next=2),
        TableStep(2, "Memeriksa", "Atasan", time="1 jam", next=3, otherwise=(1,)),
        TableStep(3, "Menyerahkan", "Petugas", time="1 jam"),
    )
    sheet = sheet_of(drawn(table)[1])
    assert [[symbol.kind for symbol in row.symbols] for row in sheet.rows] == [
        [SymbolKind.TERMINATOR, SymbolKind.PROCESS],
        [SymbolKind.DECISION],
        [SymbolKind.PROCESS, SymbolKind.TERMINATOR],
    ]
    assert {(a.text, a.target) for a in sheet.arrows if a.source == "memeriksa"} == {
        ("Ya", "menyerahkan"),
        ("Tidak", "menerima"),
    }
    [page] = lay_out(sheet).pages
    assert {arrow.text for arrow in page.arrows} == {"", "Ya", "Tidak"}


def test_one_performer_however_written_is_one_lane_and_one_document_one_object():
    table = (
        TableStep(1, "Mulai", "Kepala Seksi", time="1 jam", outputs=("Nota Dinas",), next=2),
        TableStep(2, "Mulai", "kepala  seksi".title(), ("nota dinas",), "1 jam"),
    )
    planned = plan(ID, "Uji", table)
    assert [lane.id for lane in planned.lanes] == ["kepala_seksi"]
    assert planned.documents == {"nota_dinas": "Nota Dinas"}
    assert [step.id for step in planned.steps] == ["mulai_2", "mulai_3"], (
        "an id that something has is given to no other"
    )
