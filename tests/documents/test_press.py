"""The press: papers come out the same each time, and a template cannot hurt the machine it is printed on."""

import io
import json
import re
import zipfile
from contextlib import closing

import pytest

from engine.documents.typst_renderer import PRESS, Order, Press, RenderLimits
from engine.model.errors import NotPrinted


def order(source, files=None, **data):
    masuk = {
        "data": data,
        "dokumen": {},
        "instansi": {},
        "pelaksanaan": {},
        "dokumen_lain": {},
        "nilai": {},
        "orang": {},
    }
    opening = '#set document(title: "Uji", date: datetime(year: 2025, month: 1, day: 2))\n#set text(font: "Arimo")\n'
    template = (opening + source).encode()
    return Order("surat.typ", {"surat.typ": template, **(files or {})}, json.dumps(masuk).encode())


def refused(source, press=PRESS, files=None):
    with pytest.raises(NotPrinted) as fault:
        press.print(order(source, files))
    return fault.value


def test_the_same_order_gives_the_same_bytes_an_archive_s_pdf_in_one_of_its_own_fonts():
    one, other = (PRESS.print(order('Halo #json("data.json").data.nama', nama="Sekretaris")) for _ in range(2))
    assert one.content == other.content
    assert one.content.startswith(b"%PDF-")
    assert one.pages == 1
    assert b"pdfaid" in one.content
    assert b"Arimo" in one.content


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('#read("/etc/passwd")', "not found"),
        ('#read("../../../../etc/passwd")', "would escape the project root"),
        ('#import "@preview/cetz:0.3.4": canvas', "package"),
        ('#set text(font: "Bookman Old Style"); halo', "unknown font family"),
        ("#tidak-ada", "unknown variable"),
    ],
)
def test_a_template_that_reaches_beyond_its_root_or_names_what_is_not_there_is_told_with_its_line(source, said):
    fault = refused("\n\n" + source)
    assert said in str(fault).lower()
    assert (fault.template, fault.line) == ("surat.typ", 5)


@pytest.mark.parametrize(
    "source",
    [
        "#range(200000000).map(n => str(n) * 100).join()",
        '#let teks = "a"; #for n in range(40) { teks = teks + teks }; #teks.len()',
        "#let n = 0; #while n < 1000000000 { n += 1 }",
        "#while true {}",
    ],
    ids=["memory", "doubling", "time", "loop"],
)
def test_a_template_that_exhausts_memory_or_time_ends_its_child_and_nothing_else(source):
    with closing(Press(RenderLimits(cpu=2, seconds=6.0, memory=300_000_000))) as press:
        fault = refused(source, press)
        assert fault.template == "surat.typ"
        assert press.print(order("Sesudahnya tetap tercetak.")).pages == 1


def test_a_sign_that_no_font_has_is_printed_as_its_number():
    paper = PRESS.print(order('#json("data.json").data.nama', nama="Terima kasih 😀"))
    assert paper.pages == 1


def word(text):
    """A Word file with one paragraph."""
    from docx import Document

    document, kept = Document(), io.BytesIO()
    document.add_paragraph(text)
    document.save(kept)
    return kept.getvalue()


def printed_word(template, **data):
    masuk = json.dumps({"data": data, "orang": {}}).encode()
    return PRESS.print(Order("surat.docx", {"surat.docx": template}, masuk, format="docx")).content


def test_a_word_template_is_filled_in_the_indonesian_way():
    content = printed_word(
        word("{{ data.nama }}, {{ data.hari|tanggal }}, {{ data.nilai|angka }}"),
        nama="A & B",
        hari="2025-04-15",
        nilai="1234.5",
    )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = re.sub(r"<[^>]+>", "", archive.read("word/document.xml").decode())
    assert "A &amp; B, 15 April 2025, 1.234,5" in text


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{% for a in data.nama.__class__.__mro__ %}{{ a }}{% endfor %}",
    ],
)
def test_a_word_template_that_reaches_for_code_is_refused(text):
    with pytest.raises(NotPrinted) as fault:
        printed_word(word(text), nama="x")
    assert fault.value.template == "surat.docx"


def test_what_is_no_word_file_or_holds_macros_is_refused():
    for content in (b"bukan zip", _with_macro(word("x"))):
        with pytest.raises(NotPrinted):
            printed_word(content, nama="x")


def _with_macro(content):
    kept = io.BytesIO(content)
    with zipfile.ZipFile(kept, "a") as archive:
        archive.writestr("word/vbaProject.bin", b"x")
    return kept.getvalue()
