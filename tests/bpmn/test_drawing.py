"""The diagram as people without scripts, on paper and in mail see it."""

import re
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import etree

from engine.bpmn.drawing import Mark, NoDrawing, State, draw, drawing_words, legend
from engine.bpmn.drawing.text import width, wrap
from tests.chromium import started

ROOT = Path(__file__).parents[2]
SOP = (ROOT / "processes/pengumpulan_data_kinerja/pengumpulan_data_kinerja.bpmn").read_bytes()
WORDS = drawing_words()
SVG = "{http://www.w3.org/2000/svg}"

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"'
    ' xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:sop="urn:alur:sop:1" targetNamespace="t">'
)
LOOP = "<bpmn:multiInstanceLoopCharacteristics isSequential='true'/>"
# Every kind of element that people draw: BPMN, size, attributes of its shape.
KINDS = {
    "task": ('<bpmn:task id="e" name="Langkah"/>', 100, 80, ""),
    "user_task": ('<bpmn:userTask id="e" name="Menulis"/>', 100, 80, ""),
    "manual_task": ('<bpmn:manualTask id="e" name="Mengetuk pintu"/>', 100, 80, ""),
    "script_task": ('<bpmn:scriptTask id="e" name="Menghitung"/>', 100, 80, ""),
    "service_task": ('<bpmn:serviceTask id="e" name="Mencari"/>', 100, 80, ""),
    "send_task": ('<bpmn:sendTask id="e" name="Mengirim"/>', 100, 80, ""),
    "receive_task": ('<bpmn:receiveTask id="e" name="Menerima" instantiate="true"/>', 100, 80, ""),
    "rule_task": ('<bpmn:businessRuleTask id="e" name="Menilai"/>', 100, 80, ""),
    "sequential_task": (f'<bpmn:userTask id="e" name="Satu per satu">{LOOP}</bpmn:userTask>', 100, 80, ""),
    "parallel_task": (
        '<bpmn:userTask id="e" name="Serentak"><bpmn:multiInstanceLoopCharacteristics/></bpmn:userTask>',
        100,
        80,
        "",
    ),
    "loop_task": (
        '<bpmn:task id="e" name="Berulang" isForCompensation="true"><bpmn:standardLoopCharacteristics/></bpmn:task>',
        100,
        80,
        "",
    ),
    "call": ('<bpmn:callActivity id="e" name="Memanggil"/>', 100, 80, ""),
    "collapsed": ('<bpmn:subProcess id="e" name="Rapat"/>', 100, 80, ""),
    "expanded": ('<bpmn:subProcess id="e" name="Rapat"/>', 160, 100, 'isExpanded="true"'),
    "event_sub_process": (
        '<bpmn:subProcess id="e" name="Bila batal" triggeredByEvent="true"/>',
        160,
        100,
        'isExpanded="true"',
    ),
    "transaction": ('<bpmn:transaction id="e" name="Transaksi"/>', 160, 100, 'isExpanded="true"'),
    "ad_hoc": ('<bpmn:adHocSubProcess id="e" name="Bebas"/>', 100, 80, ""),
    "exclusive": ('<bpmn:exclusiveGateway id="e" name="Baik?"/>', 50, 50, 'isMarkerVisible="true"'),
    "exclusive_plain": ('<bpmn:exclusiveGateway id="e" name="Baik?"/>', 50, 50, ""),
    "parallel": ('<bpmn:parallelGateway id="e"/>', 50, 50, ""),
    "inclusive": ('<bpmn:inclusiveGateway id="e"/>', 50, 50, ""),
    "complex": ('<bpmn:complexGateway id="e"/>', 50, 50, ""),
    "event_gateway": ('<bpmn:eventBasedGateway id="e"/>', 50, 50, ""),
    "document": ('<bpmn:dataObjectReference id="e" name="Surat" dataObjectRef="d"/>', 36, 50, ""),
    "input": ('<bpmn:dataInput id="e" name="Masukan"/>', 36, 50, ""),
    "output": ('<bpmn:dataOutput id="e" name="Keluaran"/>', 36, 50, ""),
    "store": ('<bpmn:dataStoreReference id="e" name="Arsip"/>', 50, 50, ""),
    "note": ('<bpmn:textAnnotation id="e"><bpmn:text>Catatan</bpmn:text></bpmn:textAnnotation>', 120, 40, ""),
    "group": ('<bpmn:group id="e" categoryValueRef="g"/>', 120, 80, ""),
    "envelope": ('<bpmn:message id="e" name="Pesan"/>', 36, 25, ""),
    "newcomer": ('<bpmn:choreographyTask id="e" name="Unsur baru"/>', 100, 80, ""),
}
CAUGHT = ("message", "timer", "signal", "error", "escalation", "conditional")
THROWN = ("message", "signal", "escalation", "compensate")
DEFINITIONS = {
    "startEvent": CAUGHT,
    "intermediateCatchEvent": (*CAUGHT, "link"),
    "boundaryEvent": (*CAUGHT, "compensate", "cancel"),
    "intermediateThrowEvent": (*THROWN, "link"),
    "endEvent": (*THROWN, "error", "cancel", "terminate"),
}
for _kind, _definitions in DEFINITIONS.items():
    for _definition in _definitions:
        KINDS[f"{_kind}_{_definition}"] = (
            f'<bpmn:{_kind} id="e" name="{_definition}"><bpmn:{_definition}EventDefinition/></bpmn:{_kind}>',
            36,
            36,
            "",
        )
KINDS["event_multiple"] = (
    '<bpmn:startEvent id="e"><bpmn:messageEventDefinition/><bpmn:timerEventDefinition/></bpmn:startEvent>',
    36,
    36,
    "",
)
KINDS["event_not_interrupting"] = ('<bpmn:boundaryEvent id="e" cancelActivity="false"/>', 36, 36, "")


def diagram(*elements: tuple[str, int, int, str], edges: str = "", flows: str = "") -> bytes:
    """Lay elements out in rows, each with an id of its own."""
    inside, shapes = [], []
    for index, (element, wide, high, attributes) in enumerate(elements):
        x, y = 40 + index % 10 * 190, 40 + index // 10 * 150
        inside.append(element.replace('id="e"', f'id="e{index}"'))
        shapes.append(
            f'<bpmndi:BPMNShape bpmnElement="e{index}" {attributes}>'
            f'<dc:Bounds x="{x}" y="{y}" width="{wide}" height="{high}"/></bpmndi:BPMNShape>'
        )
    return (
        f'{HEAD}<bpmn:process id="p" name="Galeri">{"".join(inside)}{flows}'
        '<bpmn:dataObject id="d" isCollection="true"/></bpmn:process>'
        '<bpmn:category><bpmn:categoryValue id="g" value="Kelompok"/></bpmn:category>'
        f"<bpmndi:BPMNDiagram><bpmndi:BPMNPlane>{''.join(shapes)}{edges}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>"
        "</bpmn:definitions>"
    ).encode()


def parsed(svg: str) -> etree._Element:
    return etree.fromstring(svg.encode())


def part(svg: str, element_id: str) -> etree._Element:
    """Return the group that draws one element."""
    (group,) = parsed(svg).findall(f".//{SVG}g[@data-element='{element_id}']")
    return group


def said(svg: str, element_id: str) -> str:
    return part(svg, element_id).findtext(f"{SVG}title") or ""


def texts(node: etree._Element) -> str:
    return " ".join("".join(text.itertext()) for text in node.iter(f"{SVG}text"))


# What is drawn


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_element_has_a_picture_of_its_own(kind: str) -> None:
    twins = {name for name in KINDS if name != kind and picture(name) == picture(kind)}
    # By BPMN's own rule a boundary event looks like an event that is waited for; a kind still unknown is a plain task.
    alike = {kind.replace("boundaryEvent", "intermediateCatchEvent"), kind.replace("intermediateCatch", "boundary")}
    assert twins <= (alike if kind not in {"task", "newcomer"} else {"task", "newcomer"})


@cache
def picture(kind: str) -> str:
    """Return how a kind is drawn, without its name."""
    group = part(draw(diagram(KINDS[kind]), words=WORDS), "e0")
    return re.sub(r"<title>.*?</title>|<text.*?</text>", "", etree.tostring(group).decode())


def test_every_element_of_the_sop_says_its_name_and_the_whole_says_what_it_is() -> None:
    svg = draw(SOP, words=WORDS)
    root = parsed(svg)
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == "Diagram Pengumpulan Data Kinerja"
    assert root.get("aria-labelledby") == root.find(f"{SVG}title").get("id")
    assert said(svg, "siapkan_data") == "Mempersiapkan data laporan kinerja"
    unnamed = [g.get("data-element") for g in root.iter(f"{SVG}g") if g.get("data-element") and not g[0].text]
    assert unnamed == []


def test_the_words_of_a_step_stand_in_its_box_in_full() -> None:
    svg = draw(SOP, words=WORDS)
    assert "…" not in svg
    for element in ("susun_jadwal", "perintahkan_pengumpulan_data"):
        assert " ".join(texts(part(svg, element)).split()).startswith("Men")


def test_who_reads_english_sees_the_english_names() -> None:
    svg = draw(SOP, words=replace(WORDS, title="Diagram of {name}", proposal="proposal", english=True))
    assert said(svg, "tandatangani_persetujuan") == "Sign the approval sheet"
    assert said(svg, "disetujui_ke_susun_analisis") == "not approved (proposal)"
    assert "usulan" not in svg
    assert parsed(svg).findtext(f"{SVG}title") == "Diagram of Performance Data Collection"


def test_a_proposal_is_dashed_and_says_that_it_is_one_even_if_its_name_does_not() -> None:
    flow = '<bpmn:sequenceFlow id="f" name="kembali" sourceRef="e0" targetRef="e1" sop:usulan="true"/>'
    edge = (
        '<bpmndi:BPMNEdge bpmnElement="f"><di:waypoint x="140" y="80"/><di:waypoint x="230" y="80"/></bpmndi:BPMNEdge>'
    )
    svg = draw(diagram(KINDS["task"], KINDS["task"], flows=flow, edges=edge), words=WORDS)
    assert said(svg, "f") == "kembali (usulan)"
    assert part(svg, "f").find(f"{SVG}path").get("stroke-dasharray") == "7 5"
    solid = draw(SOP, words=WORDS)
    assert part(solid, "siapkan_data_ke_susun_analisis").find(f"{SVG}path").get("stroke-dasharray") is None
    assert said(solid, "disetujui_ke_susun_analisis").count("usulan") == 1


def test_a_way_that_was_taken_is_thick_and_says_how_often_if_not_once() -> None:
    taken = {"mulai_ke_perintahkan_pengumpulan_data": 1, "siapkan_data_ke_susun_analisis": 3}
    svg = draw(SOP, flows_taken=taken, words=WORDS)
    widths = {id_: part(svg, id_).find(f"{SVG}path").get("stroke-width") for id_ in (*taken, "disetujui_ke_selesai")}
    assert widths == {**dict.fromkeys(taken, "3.5"), "disetujui_ke_selesai": "1.2"}
    assert "3×" in svg
    assert "1×" not in svg
    assert part(svg, "siapkan_data_ke_susun_analisis").find(f"{SVG}title").text.endswith("Jalur yang ditempuh, 3 kali")


def test_the_legend_explains_arrows_too_where_there_are_some() -> None:
    assert "Jalur yang ditempuh" not in legend([State.DONE], WORDS)
    explained = legend([State.DONE], WORDS, lines_too=True)
    assert all(word in explained for word in ("Jalur yang ditempuh", "usulan", "Dilalui 2 kali", "2×"))


# States


@pytest.mark.parametrize("state", State)
def test_a_state_shows_by_word_and_shape_as_well_as_by_colour(state: State) -> None:
    svg = draw(SOP, {"siapkan_data": Mark(state)}, words=WORDS)
    assert said(svg, "siapkan_data").endswith(WORDS.states[state])
    looks = {
        each: colourless(part(draw(SOP, {"siapkan_data": Mark(each)}, words=WORDS), "siapkan_data")) for each in State
    }
    assert [each for each in State if looks[each] == looks[state]] == [state]


def colourless(node: etree._Element) -> str:
    written = re.sub(r"<title>.*?</title>", "", etree.tostring(node).decode())
    return re.sub(r"#[0-9a-f]{6}", "#", written)


def test_the_badge_tells_the_holder_s_progress_or_how_often_a_step_was_passed() -> None:
    marks = {
        "siapkan_data": Mark(State.ACTIVE, badge="4/6", returned=True, overdue="terlambat 2 hari kerja"),
        "siapkan_kertas_kerja": Mark(State.DONE, passes=2),
        "perintahkan_pengumpulan_data": Mark(State.DONE, passes=1),
    }
    svg = draw(SOP, marks, words=WORDS)
    assert said(svg, "siapkan_data") == (
        "Mempersiapkan data laporan kinerja, Sedang dikerjakan, 4/6, Dikembalikan, terlambat 2 hari kerja"
    )
    assert "4/6" in texts(part(svg, "siapkan_data"))
    assert "terlambat 2 hari kerja" in texts(part(svg, "siapkan_data"))
    assert said(svg, "siapkan_kertas_kerja").endswith("Selesai, 2 kali")
    assert "2×" in texts(part(svg, "siapkan_kertas_kerja"))
    assert "×" not in texts(part(svg, "perintahkan_pengumpulan_data"))


def test_a_document_s_version_stands_on_every_sheet_that_means_it() -> None:
    svg = draw(SOP, {"kertas_kerja": Mark(State.DONE, badge="v2")}, words=WORDS)
    sheets = [g.get("data-element") for g in parsed(svg).iter(f"{SVG}g") if texts(g).endswith("v2 kertas kerja")]
    assert sheets == [
        f"kertas_kerja_untuk_{step}" for step in ("siapkan_kertas_kerja", "susun_jadwal", "susun_analisis")
    ]
    assert said(svg, "kertas_kerja_dari_siapkan_kertas_kerja") == "Kertas Kerja, v2"


def test_a_sheet_is_drawn_within_its_place_with_its_corner_folded_inwards() -> None:
    sheet = part(draw(diagram(KINDS["document"]), words=WORDS), "e0")
    outline = next(sheet.iter(f"{SVG}path"))
    numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", outline.get("d"))]
    assert all(40 <= number <= 40 + 50 for number in numbers), outline.get("d")


def test_the_bar_under_an_active_step_grows_with_the_standard_time_and_turns_red() -> None:
    bars = []
    for used in (0.2, 0.7, 1.5):
        svg = draw(SOP, {"siapkan_data": Mark(State.ACTIVE, time_used=used)}, words=WORDS)
        bars.append([rect for rect in parsed(svg).iter(f"{SVG}rect") if rect.get("height") == "4"][-1])
    assert all(float(a.get("width")) < float(b.get("width")) for a, b in pairwise(bars))
    assert [bar.get("fill") for bar in bars] == ["#0b5cad", "#0b5cad", "#a01f1f"]


def test_the_legend_explains_only_the_states_that_it_is_given() -> None:
    svg = legend([State.DONE, State.ACTIVE], WORDS)
    assert texts(parsed(svg)) == "Sedang dikerjakan Selesai"
    assert float(parsed(legend(list(State), WORDS)).get("height")) > float(parsed(svg).get("height"))


# Where it stands


def test_it_needs_no_style_attribute_no_script_and_nothing_from_elsewhere() -> None:
    marks = {"siapkan_data": Mark(State.INCIDENT), "susun_jadwal": Mark(State.CANCELLED)}
    for svg in (draw(SOP, marks, words=WORDS), legend(list(State), WORDS)):
        for node in parsed(svg).iter():
            assert etree.QName(node).localname not in {"style", "script", "image", "use", "foreignObject"}
            assert {"style", "class", "onclick"}.isdisjoint(node.attrib)
        assert re.findall(r"url\((?!#)", svg) == []


def test_a_drawing_and_its_legend_on_one_page_do_not_share_an_id() -> None:
    first = set(re.findall(r' id="([^"]+)"', draw(SOP, words=WORDS)))
    second = set(re.findall(r' id="([^"]+)"', legend(list(State), WORDS)))
    assert first
    assert first.isdisjoint(second)


def test_with_links_each_step_leads_to_its_page_and_can_be_walked_to() -> None:
    svg = draw(SOP, words=WORDS, href=lambda name: f"/langkah/{name}?a=1&b=2" if name.startswith("susun") else None)
    root = parsed(svg)
    assert root.get("role") == "group", "what lies inside a picture is hidden from screen readers, links too"
    assert [a.get("href") for a in root.iter(f"{SVG}a")] == [
        "/langkah/susun_jadwal?a=1&b=2",
        "/langkah/susun_analisis?a=1&b=2",
    ]


def test_a_document_leads_to_its_own_page_from_every_sheet_that_means_it() -> None:
    svg = draw(SOP, words=WORDS, href=lambda name: "/dokumen/7" if name == "notula" else None)
    (link,) = parsed(svg).iter(f"{SVG}a")
    assert link[0].get("data-element") == "notula_dari_susun_jadwal"


def test_a_name_that_looks_like_markup_stays_a_name() -> None:
    nasty = diagram(('<bpmn:userTask id="e" name="&lt;script&gt;&quot;&amp;amp;"/>', 100, 80, ""))
    svg = draw(nasty, {"e0": Mark(State.ACTIVE, badge="<b>", overdue="&")}, words=WORDS)
    assert said(svg, "e0") == '<script>"&amp;, Sedang dikerjakan, <b>, &'


def test_what_has_a_place_is_drawn_and_what_has_none_is_named() -> None:
    lacking = b'<bpmn:task id="tanpa_tempat" name="Periksa &lt;berkas&gt;"/><bpmn:endEvent id="akhir"/></bpmn:process>'
    svg = draw(diagram(KINDS["task"]).replace(b"</bpmn:process>", lacking), words=WORDS)
    assert 'data-element="e0"' in svg
    named = "Tidak tergambar: Periksa <berkas>, akhir"
    assert etree.fromstring(svg).find(f"{SVG}title").text.endswith(f". {named}"), "who listens hears it"
    [foot] = [each for each in etree.fromstring(svg) if each.get("data-undrawn") is not None]
    assert texts(foot) == named
    bare = re.sub(rb"<bpmndi:BPMNDiagram>.*</bpmndi:BPMNDiagram>", b"", diagram(KINDS["task"]))
    assert "Tidak tergambar: " in draw(bare, words=WORDS)


def connected(flow: str, points: str = "140,80 230,80") -> etree._Element:
    """Return how a line between two tasks is drawn."""
    ways = "".join(f'<di:waypoint x="{x}" y="{y}"/>' for x, y in (point.split(",") for point in points.split()))
    edge = f'<bpmndi:BPMNEdge bpmnElement="f">{ways}</bpmndi:BPMNEdge>'
    return part(draw(diagram(KINDS["task"], KINDS["task"], flows=flow, edges=edge), words=WORDS), "f")


@pytest.mark.parametrize(
    ("kind", "dash", "begins", "ends"),
    [
        ('sequenceFlow id="f"', None, "", "flow"),
        ('messageFlow id="f"', "9 5", "ring", "message"),
        ('association id="f"', "1.5 3.5", "", ""),
        ('association id="f" associationDirection="One"', "1.5 3.5", "", "open"),
        ('dataOutputAssociation id="f"', "1.5 3.5", "", "open"),
        ('conversationLink id="f"', None, "", ""),
    ],
)
def test_every_kind_of_line_has_its_own_dashes_and_ends(kind: str, dash: str | None, begins: str, ends: str) -> None:
    line = connected(f"<bpmn:{kind}/>").find(f"{SVG}path")
    assert line.get("stroke-dasharray") == dash
    for end, name in (("marker-start", begins), ("marker-end", ends)):
        assert (line.get(end) or "").removesuffix(")").endswith(name)
        assert bool(line.get(end)) is bool(name)


def test_a_way_that_leaves_a_step_under_a_condition_begins_with_a_diamond() -> None:
    condition = "<bpmn:conditionExpression>x</bpmn:conditionExpression>"
    flow = f'<bpmn:sequenceFlow id="f" sourceRef="e0" targetRef="e1">{condition}</bpmn:sequenceFlow>'
    assert connected(flow).find(f"{SVG}polygon") is not None
    assert connected(flow.replace(condition, "")).find(f"{SVG}polygon") is None


def test_the_paper_is_wide_enough_for_a_name_beside_a_line() -> None:
    label = '<bpmndi:BPMNLabel><dc:Bounds x="900" y="700" width="60" height="14"/></bpmndi:BPMNLabel>'
    edge = f'<bpmndi:BPMNEdge bpmnElement="f"><di:waypoint x="140" y="80"/><di:waypoint x="230" y="80"/>{label}'
    flow = '<bpmn:sequenceFlow id="f" name="Lengkap"/>'
    svg = parsed(draw(diagram(KINDS["task"], flows=flow, edges=f"{edge}</bpmndi:BPMNEdge>"), words=WORDS))
    left, top, across, down = (float(each) for each in svg.get("viewBox").split())
    assert (left + across >= 960, top + down >= 714) == (True, True)


def test_a_line_that_stands_still_for_a_point_is_drawn_all_the_same() -> None:
    line = connected('<bpmn:sequenceFlow id="f"/>', "140,80 180,80 180,80 230,120").find(f"{SVG}path")
    assert "nan" not in line.get("d").casefold()
    assert line.get("d").endswith("230 120")


def test_a_pool_shows_its_name_at_its_left_at_its_top_or_in_its_middle() -> None:
    pools = {
        "kiri": ('<bpmn:participant id="e" name="Dinas" processRef="p"/>', 160, 100, ""),
        "atas": ('<bpmn:participant id="e" name="Dinas" processRef="p"/>', 160, 100, 'isHorizontal="false"'),
        "tengah": ('<bpmn:participant id="e" name="Dinas"/>', 160, 100, ""),
    }
    found = {}
    for place, pool in pools.items():
        text = part(draw(diagram(pool), words=WORDS), "e0").find(f"{SVG}text")
        assert "".join(text.itertext()) == "Dinas"
        found[place] = (text.get("transform") is not None, float(text.get("y")) < 70)
    assert found == {"kiri": (True, False), "atas": (False, True), "tengah": (False, False)}


@pytest.mark.parametrize("kind", ["startEvent_timer", "exclusive", "task"])
def test_trouble_is_drawn_with_a_double_line_wherever_it_stands(kind: str) -> None:
    def lines_of(state: State) -> int:
        svg = part(draw(diagram(KINDS[kind]), {"e0": Mark(state)}, words=WORDS), "e0")
        return sum(each.get("fill") == "none" for each in svg.iter())

    assert lines_of(State.INCIDENT) > lines_of(State.ACTIVE)


def test_names_too_long_for_their_boxes_are_written_as_small_as_there_is() -> None:
    long = ('<bpmn:task id="e" name="{}"/>'.format("Menyusun dan memeriksa laporan " * 6), 100, 80, "")
    sizes = {
        float(part(draw(diagram(KINDS["task"], *more), words=WORDS), "e0").find(f"{SVG}text").get("font-size"))
        for more in ([], [long])
    }
    assert len(sizes) == 2, "all steps of a drawing are written in one size"


def test_what_is_no_diagram_is_not_drawn() -> None:
    with pytest.raises(NoDrawing, match="bukan BPMN"):
        draw(b"<svg/>", words=WORDS)
    with pytest.raises(NoDrawing, match="tidak dapat dibaca"):
        draw(b"<svg", words=WORDS)


def test_wild_places_do_not_break_it() -> None:
    wild = diagram(KINDS["task"], KINDS["task"])
    for before, after in ((b'x="40"', b'x="banyak"'), (b'width="100"', b'width="-5"'), (b'height="80"', b"")):
        assert 'data-element="e1"' in draw(wild.replace(before, after, 1), words=WORDS)


# Text


def test_lines_break_between_words_and_only_a_word_that_is_too_wide_is_cut() -> None:
    assert wrap("Menyusun jadwal rapat", 100, 12) == ["Menyusun jadwal", "rapat"]
    assert wrap("satu\ndua", 100, 12) == ["satu", "dua"]
    pieces = wrap("pertanggungjawaban", 40, 12)
    assert "".join(pieces) == "pertanggungjawaban"
    assert all(width(piece, 12) <= 40 for piece in pieces)
    assert wrap("satu dua tiga empat", 40, 12, most=2)[-1].endswith("…")
    (cut,) = wrap("pertanggungjawaban", 40, 12, most=1)
    assert cut.endswith("…")
    assert width(cut, 12) <= 40


@pytest.mark.browser
def test_text_is_as_wide_as_the_browser_draws_it() -> None:
    names = ["Menyusun jadwal dan penentuan penanggung jawab data", "DPMPTSP Kota Pematangsiantar", "4/6 (usulan) 95%"]
    page = started().new_page()
    measured = page.evaluate(
        """names => names.map(name => {
            const pen = document.createElement('canvas').getContext('2d');
            pen.font = "12px 'Liberation Sans', Arial";
            return pen.measureText(name).width;
        })""",
        names,
    )
    page.close()
    assert [width(name, 12) for name in names] == pytest.approx(measured, rel=0.01)
