"""Every form is a page that a keyboard, a screen reader and a browser without scripts can use."""

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from lxml import html

from engine.model.errors import InvalidForm
from engine.web import formatting
from engine.web.application import DATES, FORMATS
from tests.forms.office import FILES, FORMS, PEOPLE, STEPS, TYPED, desk, people, walk_to

TEMPLATES = __file__.rsplit("/tests/", 1)[0] + "/engine/web/templates"


@pytest.fixture(scope="module")
def pages() -> Environment:
    found = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, extensions=["jinja2.ext.i18n"], undefined=StrictUndefined
    )
    found.filters |= {name: getattr(formatting, name) for name in FORMATS} | dict.fromkeys(DATES, str)
    found.globals |= {"N_": str, "url_for": lambda page, **at: f"/{page}/{'/'.join(map(str, at.values()))}"}
    found.install_gettext_callables(str, lambda one, many, n: one, newstyle=True)  # type: ignore[attr-defined]
    return found


def rendered(pages, view, errors=()):
    text = pages.from_string(
        '{% import "forms/fields.html" as forms with context %}'
        "<main>{{ forms.summary(errors) }}<form>{{ forms.render(view) }}</form></main>"
    ).render(view=view, errors=errors)
    return html.fromstring(text)


def shown(pages, values):
    template = pages.from_string('{% from "forms/show.html" import shown %}<main>{{ shown(values, link) }}</main>')
    return html.fromstring(template.render(values=values, link=lambda id_: f"/lampiran/{id_}"))


def inputs(page):
    return [each for each in page.iter("input", "select", "textarea") if each.get("type") != "hidden"]


@pytest.fixture(params=STEPS)
def page(request, pages):
    at = desk(request.param, walk_to(request.param))
    return rendered(pages, at.view(at.prefilled(TYPED[request.param])))


def test_every_input_has_a_visible_or_spoken_label(page):
    named = {label.get("for"): " ".join(label.text_content().split()) for label in page.iter("label")}
    for each in inputs(page):
        assert named.get(each.get("id")), html.tostring(each)


def test_no_id_stands_twice_and_every_description_exists(page):
    ids = [each.get("id") for each in page.iter() if each.get("id")]
    assert len(ids) == len(set(ids))
    for each in page.iter():
        for described in (each.get("aria-describedby") or "").split():
            assert described in ids


def test_groups_have_legends_and_tables_have_captions_and_headings(page):
    assert all(group.find(".//legend") is not None for group in page.iter("fieldset"))
    for table in page.iter("table"):
        assert table.find("caption") is not None
        assert all(cell.get("scope") == "col" for cell in table.find("thead").iter("th"))
        assert all(row.find("th").get("scope") == "row" for row in table.find("tbody") if row.find("th") is not None)


def test_nothing_acts_by_inline_script_or_style(page):
    for each in page.iter():
        assert each.tag not in ("script", "style")
        assert not [name for name in each.attrib if name == "style" or name.startswith("on")]


@pytest.mark.parametrize("step", STEPS)
def test_what_the_page_posts_is_what_the_form_accepts(pages, step):
    """A browser without scripts sends exactly the successful controls of the page."""
    at = desk(step, walk_to(step))
    page = rendered(pages, at.view(at.prefilled(TYPED[step])))
    posted: dict[str, list[str]] = {}
    for each in page.iter("input", "select", "textarea"):
        name, kind = each.get("name"), each.get("type")
        if kind == "file" or name.startswith("_") or (kind in ("radio", "checkbox") and each.get("checked") is None):
            continue
        if each.tag == "select":
            chosen = each.xpath("option[@selected]") or each.xpath("option")[:1]
            posted.setdefault(name, []).extend(option.get("value") for option in chosen)
        else:
            text = each.text or "" if each.tag == "textarea" else each.get("value", "")
            posted.setdefault(name, []).append(text.removeprefix("\n"))
    assert at.accept(posted) == at.accept(at.prefilled(TYPED[step]))


@pytest.mark.parametrize("step", STEPS)
def test_each_line_of_the_summary_leads_to_an_element_and_its_words_stand_beside_it(pages, step):
    at = desk(step, walk_to(step))
    with pytest.raises(InvalidForm) as refused:
        at.accept({})
    errors = refused.value.errors
    page = rendered(pages, at.view(refused.value.entries, errors), errors)
    ids = {each.get("id"): each for each in page.iter() if each.get("id")}
    lines = page.xpath('//section[@id="ringkasan"]//a')
    assert len(lines) == len(errors)
    for line in lines:
        target = line.get("href").removeprefix("#")
        assert target in ids
        assert " ".join(line.text_content().split()) in " ".join(ids[f"{target}-error"].text_content().split())
    for each in page.xpath("//form//*[@aria-invalid='true']"):
        assert each.tag in ("input", "select", "textarea", "fieldset")


def test_a_doubtful_number_offers_both_readings(pages):
    at = desk("siapkan_data", walk_to("siapkan_data"))
    entries = at.prefilled({**TYPED["siapkan_data"], "draft_laporan.baris.0.realisasi": "1.234"})
    with pytest.raises(InvalidForm) as refused:
        at.accept(entries)
    page = rendered(pages, at.view(refused.value.entries, refused.value.errors))
    buttons = page.xpath("//button[@data-fill='f-draft_laporan-baris-0-realisasi']")
    assert [(b.get("data-value"), b.text) for b in buttons] == [("1234", "1.234"), ("1,234", "1,234")]
    assert page.xpath("//input[@id='f-draft_laporan-baris-0-realisasi']/@value") == ["1.234"]


def test_conditional_fields_say_when_they_count(pages):
    at = desk("tandatangani_persetujuan", walk_to("tandatangani_persetujuan"))
    page = rendered(pages, at.view(at.prefilled()))
    [wrapper] = page.xpath("//div[@data-shown-when='keputusan'][.//*[@data-field='catatan_keputusan']]")
    assert wrapper.get("data-shown-values") == '["kembalikan"]'
    assert wrapper.find("p").text == "Isi bila Keputusan Kepala Dinas: Dikembalikan untuk perbaikan"
    [inner] = page.xpath("//div[@data-shown-when='kembali_ke'][.//*[@data-field='pemegang_diminta']]")
    assert inner.getparent().get("data-shown-when") == "keputusan"


def test_the_decision_names_the_completing_button(pages):
    at = desk("tandatangani_persetujuan", walk_to("tandatangani_persetujuan"))
    page = rendered(pages, at.view(at.prefilled()))
    assert page.xpath("//input[@data-decision]/@data-verb") == ["setujui", "kembalikan"]


def test_a_file_says_what_it_may_be_and_a_kept_file_can_be_let_go(pages):
    at = desk("siapkan_data", walk_to("siapkan_data"))
    page = rendered(pages, at.view(at.prefilled(TYPED["siapkan_data"])))
    [kept] = page.xpath("//input[@value='berkas-1'][@name='draft_laporan.baris.0.bukti']")
    assert kept.get("type") == "checkbox"
    [chooser] = page.xpath("//input[@type='file'][@name='draft_laporan.baris.0.bukti']")
    assert chooser.get("accept") == ".pdf,.xlsx,.jpg,.jpeg,.png"
    assert chooser.get("data-max-size") == "10485760"


def test_enter_never_moves_or_deletes_a_row(page):
    assert page.xpath("//form//button[@type='submit']")[0].get("name") is None


def test_fixed_rows_have_no_buttons_and_other_rows_have_them(pages):
    at = desk("susun_jadwal", walk_to("susun_jadwal"))
    page = rendered(pages, at.view(at.prefilled()))
    added = set(page.xpath("//button[@name='_tambah']/@value"))
    assert "daftar_hadir.baris" in added
    assert "surat_tugas.penugasan" not in added
    assert page.xpath("//input[@type='hidden'][@name='surat_tugas.penugasan.0.kode']/@value") == ["IKU-01"]


@pytest.mark.parametrize("locale", ["id", "en"])
@pytest.mark.parametrize("step", STEPS)
def test_what_was_filled_in_can_be_read_again(pages, step, locale):
    at = desk(step, walk_to(step))
    values = at.accept(at.prefilled(TYPED[step]))
    page = shown(pages, FORMS[step].show(values, locale, people(None), FILES))
    text = " ".join(page.text_content().split())
    for path, field in FORMS[step].every_field():
        if not field.conditional and "[]" not in path:
            assert field.wording.of(locale) in text
    assert not any(id_ in text for held in PEOPLE.values() for id_ in held if "." in id_)


def test_files_are_links_when_a_document_is_read(pages):
    known = walk_to("susun_analisis")
    parts = FORMS["siapkan_data"].show_part("draft_laporan", known["draft_laporan"], "id", people(None), FILES)
    page = shown(pages, parts)
    assert set(page.xpath("//a/@href")) == {"/lampiran/berkas-1"}
    assert page.findtext(".//h3") == "Pemegang Data 1"


def test_markup_that_somebody_typed_is_shown_as_text(pages):
    at = desk("siapkan_kertas_kerja", walk_to("siapkan_kertas_kerja"))
    typed = {**TYPED["siapkan_kertas_kerja"], "undangan.hal": '"><script>alert(1)</script>'}
    entries = at.prefilled(typed)
    assert rendered(pages, at.view(entries)).find(".//script") is None
    values = at.accept(entries)
    assert shown(pages, FORMS["siapkan_kertas_kerja"].show(values, "id", {}, {})).find(".//script") is None
