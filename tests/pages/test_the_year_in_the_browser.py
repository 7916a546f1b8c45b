"""A year of the office, four cycles: its people at their pages, and every printed figure reckoned a second time.

Each kind of page is used once in the browser, in the first quarter; what would only repeat goes through the services.
"""

import io
import re
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from tests import papers, year
from tests.pages import test_in_the_browser as browser
from tests.pages.conftest import known
from tests.pages.test_grid_in_the_browser import arrived, paste
from tests.pages.test_in_the_browser import chromium, complete, desk, do, fill, site  # noqa: F401 - fixtures
from tests.year import HOLDERS, Year

pytestmark = browser.pytestmark
DATA, ANALYSIS = "draft_laporan.baris", "notula_analisis.analisis"
CODES = {"pemegang.data.5": ("IKP-08", "IKK-03"), "pemegang.data.6": ("IKK-04", "IKK-05")}
PASTED = ("pembilang", "penyebut", "realisasi", "", "alasan_belum_tersedia", "faktor_pendukung")
"""Columns of a block from a spreadsheet; the computed one between them is skipped."""
AS_PUBLISHED = {
    **{"IKU-01": ("358.65", "102.47"), "IKU-02": ("88.92", "100.47"), "IKU-03": ("95.95", "99.95")},
    **{"IKU-04": ("4.11", "97.25"), "IKU-05": ("65.85", "99.02"), "IKP-01": ("87", "102.35")},
    **{"IKP-02": ("55.63", "85.58"), "IKP-03": ("2416", "100.67"), "IKP-04": ("1850", "100.00")},
    **{
        "IKP-05": ("93.94", "93.94"),
        "IKP-06": ("33", "62.50"),
        "IKP-07": ("87.50", "97.22"),
        "IKP-08": ("450", "72.58"),
    },
    **{"IKK-01": ("153", "102.00"), "IKK-02": ("101", "84.17"), "IKK-03": ("2", "100.00")},
    **{"IKS-01": ("92.70", "97.58"), "IKS-02": ("0", "100.00"), "IKS-03": (None, None), "IKS-04": ("91.25", "91.25")},
}
"""The year's realisation and achievement in the table that the sample figures came with: a third witness."""


@pytest.fixture
def office(database, data_dir):
    """The office in its sample year, whose people all know their password."""
    return known(Year(database, data_dir).open())


def begun(head, office):
    """Start the first quarter at the page; the instance's id."""
    office.now = year.BEGINS[0]
    page = head.open("/instans/mulai?sop=pengumpulan_data_kinerja")
    page.fill('[name="tahun"]', "2025")
    page.locator('[name="periode"][value="I"]').check()
    page.click("main form .btn-primary")
    page.wait_for_url("**/instans/*")
    return page.url.rsplit("/", 1)[-1]


def pastes_figures(holder, office, account, task):
    """Open the table from the form and paste the quarter's figures from a spreadsheet; evidence goes with the form."""
    page = holder.open(f"/tugas/{task}")
    page.get_by_role("button", name="Buka tabel").click()
    page.wait_for_url("**/tabel/**")
    page.locator(f'[id="f-{DATA.replace(".", "-")}-0-pembilang"]').click()
    rows = [office.row(code) for code in CODES[account]]
    paste(page, "\n".join("\t".join(row.get(name, "x") for name in PASTED) for row in rows))
    arrived(page)
    assert "125,00" in page.locator(f'[id="f-{DATA.replace(".", "-")}-0-capaian"]').inner_text(), "variant B, at once"
    page.get_by_role("link", name="Kembali ke tugas").click()
    fill(page, office, account, task)
    complete(page)


def uploads_figures(holder, office, account, task):
    """Take the table home as XLSX, fill it in and bring it back."""
    sheet = f"/tugas/{task}/tabel/{DATA}"
    book = load_workbook(io.BytesIO(holder.context.request.get(f"{holder.site}{sheet}/berkas.xlsx").body()))
    [heads, *lines] = book.worksheets[0].iter_rows()
    columns = {str(head.value).rstrip(" *"): place for place, head in enumerate(heads)}
    for line, code in zip(lines, CODES[account], strict=False):
        assert line[columns["Kode"]].value == code
        entry = office.realised[code][office.quarter - 1]
        line[columns["Realisasi"]].value = float(entry.value)
        line[columns["Realisasi anggaran"]].value = float(entry.spent)
    kept = io.BytesIO()
    book.save(kept)
    page = holder.open(f"{sheet}/unggah")
    xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    page.set_input_files("#berkas", {"name": "data.xlsx", "mimeType": xlsx, "buffer": kept.getvalue()})
    page.get_by_role("button", name="Periksa berkas").click()
    page.get_by_role("button", name=re.compile("Terapkan|Pakai yang benar")).click()
    page.wait_for_url(re.compile(r"/tabel/[^/]+$"))
    assert "73,85" in page.inner_text("main"), "96 of 130"
    page = holder.open(f"/tugas/{task}")
    fill(page, office, account, task)
    complete(page)


def returns_one_row(team, office, instance):
    """Take the analysis from the shared inbox, send one row back with a reason; the others are accepted in one go."""
    task = office.task(instance, "susun_analisis")
    page = team.open("/tugas?tampil=bersama")
    page.locator(f'button[formaction="/tugas/{task}/ambil"]').click()
    page = team.open(f"/tugas/{task}/tabel/{ANALYSIS}")
    page.get_by_role("button", name="Kembalikan…: IKP-08").click()
    page.keyboard.type("Lampirkan rekap LKPM.")
    page.get_by_role("button", name="Tandai dahulu").click()
    arrived(page)
    page.get_by_role("button", name=re.compile("Terima semua yang lengkap")).click()
    page.wait_for_selector(".row-accepted")
    actor = office.actor("tim.sakip")
    decided = office.services.tasks.draft(actor, task).entries
    rows = {path: list(texts) for path, texts in decided.items() if path.startswith(ANALYSIS) and any(texts)}
    said = {"hasil_verifikasi": ["kembalikan"], "catatan_pengembalian": ["Rekap bukan dari periode ini."]}
    office.services.tasks.complete(actor, task, {**office.filled("tim.sakip", task), **rows, **said}, office.now)


def test_a_year_of_four_quarters_prints_what_its_rules_give(desk, office):  # noqa: F811
    head, team = desk("kepala.dinas"), desk("tim.sakip")
    first = begun(head, office)
    do(head, office, first, "kepala.dinas", "perintahkan_pengumpulan_data")
    office.do("sekretaris", first, "siapkan_kertas_kerja")
    office.do("tim.sakip", first, "susun_jadwal")
    for holder in HOLDERS:
        task = office.task(first, "siapkan_data", holder)
        match holder:
            case "pemegang.data.5":
                fifth = desk(holder)
                uploads_figures(fifth, office, holder, task)
            case "pemegang.data.6":
                pastes_figures(desk(holder), office, holder, task)
            case _:
                office.do(holder, first, "siapkan_data", holder)
    returns_one_row(team, office, first)
    assert office.open_steps(first) == ["siapkan_data/pemegang.data.5"]
    assert "Rekap bukan dari periode ini." in fifth.open("/tugas").inner_text("main")
    office.do("pemegang.data.5", first, "siapkan_data", "pemegang.data.5")
    office.do("tim.sakip", first, "susun_analisis")
    office.do("sekretaris", first, "minta_persetujuan")
    do(head, office, first, "kepala.dinas", "tandatangani_persetujuan")
    for quarter, instance in enumerate([first, *(office.cycle(number) for number in (2, 3, 4))], start=1):
        figures_are_right(office, quarter, instance)
    the_year_is_right(desk("kepala.dinas"), year.budgets(office, 4))
    the_report_is_read_and_checked(desk, office, instance)


def the_year_is_right(head, budgets):
    """Ask for the year's recapitulation at the page of the SOP, and hold it to the table the figures came with."""
    page = head.open("/sop/pengumpulan_data_kinerja/laporan")
    with page.expect_download() as waited:
        page.locator('[formaction$="/rekap_tahunan.xlsx"]').click()
    book = load_workbook(io.BytesIO(waited.value.path().read_bytes()))
    [heads, *rows] = book["Capaian setahun"].iter_rows(values_only=True)
    said = [dict(zip(heads, row, strict=True)) for row in rows]
    found = {
        row["Kode"]: (exact(row["Realisasi"]), exact(row["Capaian (%)"])) for row in said if row["Kode"] in AS_PUBLISHED
    }
    assert found == {code: (exact(value), exact(achieved)) for code, (value, achieved) in AS_PUBLISHED.items()}
    [_, *rows] = book["Anggaran"].iter_rows(values_only=True)
    found = {code: tuple(exact(value) for value in figures[:2]) for code, _, _, *figures in rows}
    assert found == {code: tuple(exact(value) for value in figures[:2]) for code, figures in budgets}, "spent, absorbed"


def report_of(office, instance):
    return next(d for d in office.page(instance).documents if d.data_object_id == "laporan")


def paper(office, instance, kind):
    _, _, stream, _ = office.services.printing.file(
        office.actor("auditor"), report_of(office, instance).id, kind, "", office.now
    )
    with stream:
        return stream.read()


def exact(value):
    """A figure as a cell or an exact calculation has it, to compare."""
    if value is None or value == "":
        return None
    return Decimal(value.numerator) / Decimal(value.denominator) if hasattr(value, "numerator") else Decimal(str(value))


def figures_are_right(office, quarter, instance):
    """Hold every figure of a quarter's report, in its workbook and on its pages, to the independent calculation."""
    book = load_workbook(io.BytesIO(paper(office, instance, "xlsx")))
    [heads, *rows] = book["Capaian"].iter_rows(values_only=True)
    said = [dict(zip(heads, row, strict=True)) for row in rows]
    table = year.table(office, quarter)
    for row, (about, own, rated, so_far) in zip(said, table, strict=True):
        assert (row["Kode"], row["Predikat"]) == (about.code, rated), (quarter, row)
        found = [row[name] for name in ("Target", "Realisasi", "Capaian (%)")]
        assert [exact(v) for v in found] == [exact(v) for v in (own.target, own.value, own.achieved)], (quarter, row)
        found = [row[name] for name in ("Target s.d.", "Realisasi s.d.", "Capaian s.d. (%)")]
        assert [exact(v) for v in found] == [exact(v) for v in (so_far.target, so_far.value, so_far.achieved)], row
    means, whole = year.objectives(office, quarter)
    [_, *rows] = book["Sasaran"].iter_rows(values_only=True)
    assert [(name, exact(value), *counts) for name, value, *counts in rows] == [(n, *mean) for n, mean in means]
    [_, *rows] = book["Anggaran"].iter_rows(values_only=True)
    found = [(code, *(exact(v) for v in figures)) for code, _, _, *figures in rows]
    assert found == [(code, *(exact(v) for v in figures)) for code, figures in year.budgets(office, quarter)], quarter
    on_paper = papers.text(paper(office, instance, "pdf"))
    squeezed = re.sub(r"[\s-]", "", on_paper)  # words are parted at the end of narrow lines
    for each in table:
        assert re.sub(r"[\s-]", "", printed(*each)) in squeezed, (quarter, printed(*each))
    left_out = sum(1 for _, own, _, _ in table if own.achieved is None)
    assert f"Rata-rata capaian dinas: {id_(whole[0], 2)}% dari {whole[1]} sasaran; {left_out} indikator" in on_paper
    if quarter == 4:
        published = {a.code: (s.value, s.achieved) for a, _, _, s in table if a.code in AS_PUBLISHED}
        assert published == {code: (exact(v), exact(a)) for code, (v, a) in AS_PUBLISHED.items()}


def id_(value, places=None):
    """A figure as the report prints it."""
    if value is None:
        return "belum tersedia"
    text = f"{exact(value):,f}" if places is None else f"{exact(value):,.{places}f}"
    if places is None and "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.translate(str.maketrans(",.", ".,"))


def printed(about, own, rated, so_far):
    """A row of the report's table, cell after cell."""
    cells = [f"{about.code} {about.name} {about.unit}"]
    for line in (own, so_far):
        places = about.decimals
        goal = "tidak ada target" if line.target is None else id_(line.target, places)
        cells.append(f"{id_(line.bounds[0], places)} s.d. {id_(line.bounds[1], places)}" if line.bounds else goal)
        high = line.achieved is not None and line.achieved > 120
        aimless = "tidak ada target" if line.target is None else "target nol"
        none = "belum tersedia" if line.value is None else aimless
        cells += [
            id_(line.value, places),
            none if line.achieved is None else id_(line.achieved, 2) + ("*" if high else ""),
        ]
        cells += [rated] if line is own else []
    return " ".join(cells)


def the_report_is_read_and_checked(desk, office, instance):  # noqa: F811
    """An auditor reads the last report on its page; a stranger checks its paper by code and by file."""
    content = paper(office, instance, "pdf")
    auditor = desk("auditor")
    page = auditor.open(f"/dokumen/{report_of(office, instance).id}")
    assert "800.1.5.1/1/DPMPTSP/2026" in page.inner_text("main"), "the fourth quarter is reported in January"
    assert auditor.fits(), "the picture of its first page is no wider than its column"
    assert not auditor.faults()
    stranger = desk()
    page = stranger.open("/periksa")
    page.fill("#kode", re.findall(r"keaslian: kode (\S+)", papers.text(content))[0])
    page.get_by_role("button", name="Periksa", exact=True).click()
    assert "Tercatat dan berlaku" in page.inner_text("main")
    page.set_input_files("#berkas", {"name": "laporan.pdf", "mimeType": "application/pdf", "buffer": content})
    page.get_by_role("button", name="Cocokkan berkas").click()
    assert "sama persis" in page.inner_text("main")
