"""Forms under a person's hands: rows and people without reloading, figures by the keyboard, rows accepted at sight."""

import pytest
from playwright.sync_api import expect

from tests.chromium import MARKS
from tests.pages.conftest import known
from tests.pages.test_grid_in_the_browser import arrived
from tests.pages.test_in_the_browser import DESKTOP, PDF, PHONE, chromium, desk, site  # noqa: F401 - fixtures
from tests.year import HOLDERS, Year

pytestmark = [*MARKS, pytest.mark.xdist_group("studio")]  # beside the others on another core
HOLDER = HOLDERS[0]
KEYSTROKE = 0.28
"""Seconds that a stroke takes an average typist, thinking not counted (Card, Moran and Newell, 1980)."""


@pytest.fixture
def office(database, data_dir):
    """The office in its sample year, whose people all know their password."""
    return known(Year(database, data_dir).open())


def until(office, step, **assigned):
    """An instance that stands before a step; *assigned*: what the letter of assignment says otherwise."""
    instance = office.begin(1)
    for account, done in (
        ("kepala.dinas", "perintahkan_pengumpulan_data"),
        ("sekretaris", "siapkan_kertas_kerja"),
        ("tim.sakip", "susun_jadwal"),
        *((holder, "siapkan_data") for holder in HOLDERS),
    ):
        if done == step:
            break
        office.do(
            account,
            instance,
            done,
            account if done == "siapkan_data" else None,
            **(assigned if done == "susun_jadwal" else {}),
        )
    return instance


def test_five_people_are_listed_by_typing_and_the_page_is_never_loaded_again(desk, office):  # noqa: F811
    task = office.task(until(office, "susun_jadwal"), "susun_jadwal")
    office.services.assignments.claim(office.actor("tim.sakip"), task, office.now)
    team = desk("tim.sakip")
    page = team.open(f"/tugas/{task}#bagian-daftar_hadir")
    page.evaluate("window.stays = true")
    names = page.locator('[name^="daftar_hadir.baris."][name$=".nama"]')
    for n in range(5):
        if n:
            page.locator('[name="_tambah"][value="daftar_hadir.baris"]').click()
        expect(names.nth(n)).to_be_focused() if n else names.first.focus()
        page.keyboard.type("contoh")
        page.locator(".options:visible [role=option]").first.wait_for()
        for _ in range(n + 1):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
    assert names.count() == 5
    jobs = page.locator('[name^="daftar_hadir.baris."][name$=".jabatan_unit"]').evaluate_all("a => a.map(e => e.value)")
    assert all(jobs), "position and number come with the name"
    assert not team.faults()
    page.get_by_role("button", name="Baris 2: Hapus").click()
    assert names.count() == 4
    page.get_by_role("button", name="Urungkan").click()
    assert names.count() == 5
    page.get_by_role("button", name="Baris 5: Naik").click()
    page.get_by_role("link", name="Notula: rapat").click()
    chair = page.get_by_role("combobox", name="Pimpinan rapat")
    chair.fill("kepala")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator('select[name="notula.pimpinan"]').input_value() == "kepala.dinas"
    page.get_by_role("link", name="Periksa jawaban").click()
    page.locator("[data-answers] summary", has_text="5 baris").wait_for()
    assert page.evaluate("window.stays")
    page.reload()
    expect(page.locator('[name^="daftar_hadir.baris."][name$=".nama"]')).to_have_count(5)
    page.locator("[data-answers] summary", has_text="5 baris").wait_for()


def test_a_holder_of_five_indicators_fills_them_in_by_the_keyboard_in_under_three_minutes(desk, office):  # noqa: F811
    mine = {f"surat_tugas__penugasan__{n}__pemegang_data": HOLDER for n in (0, 1, 2, 3, 4)}
    others = {f"surat_tugas__penugasan__{n}__pemegang_data": HOLDERS[1] for n in range(5, 22)}
    instance = until(office, "siapkan_data", **mine, **others)
    task = office.task(instance, "siapkan_data", HOLDER)
    page = desk(HOLDER).open(f"/tugas/{task}/tabel/draft_laporan.baris")
    strokes = 0

    def press(key):
        nonlocal strokes
        strokes += 1
        page.keyboard.press(key)

    def say(text):
        nonlocal strokes
        strokes += len(text)
        page.keyboard.type(text)

    cells = "document.activeElement.closest('td')?.id.replace('f-draft_laporan-baris-', '') ?? ''"
    rows = page.locator(".grid tbody tr")
    codes = [rows.nth(n).locator(".pin-1").inner_text().split()[0] for n in range(rows.count())]
    assert len(codes) == 5
    while "locked" in page.evaluate("document.activeElement.className"):
        press("ArrowRight")
    press("F2")
    while at := page.evaluate(cells):
        n, _, column = at.partition("-")
        say(office.row(codes[int(n)]).get(column, ""))
        press("Tab")  # what is computed meanwhile is passed over
    for key in ("Shift+Tab", "Control+Home", "End"):
        press(key)
    for n in range(5):
        press("Enter")
        page.set_input_files("#panel-bukti", {"name": f"bukti{n}.pdf", "mimeType": "application/pdf", "buffer": PDF})
        page.get_by_role("link", name=f"bukti{n}.pdf").wait_for()
        press("Escape")
        press("ArrowDown")
    arrived(page)
    assert "5 dari 5 baris lengkap" in page.inner_text(".grid-count")
    page.get_by_role("link", name="Kembali ke tugas").click()
    page.get_by_label("Saya menyatakan").check()
    page.locator("[data-complete]").click()
    page.wait_for_url("**/hasil")
    print(f"{strokes} strokes, {strokes * KEYSTROKE:.0f} s")
    assert strokes * KEYSTROKE < 180


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_the_team_sees_ten_rows_with_their_evidence_and_decides_where_the_figures_are(desk, office, viewport):  # noqa: F811
    instance = until(office, "susun_analisis")
    task = office.task(instance, "susun_analisis")
    office.services.assignments.claim(office.actor("tim.sakip"), task, office.now)
    team = desk("tim.sakip", viewport=viewport)
    page = team.open(f"/tugas/{task}/tabel/notula_analisis.analisis")
    if viewport == PHONE:
        mark, search = (page.locator(f".top {part}").bounding_box() for part in (".brand-mark", ".top-search"))
        assert mark["x"] + mark["width"] <= search["x"], "nothing in the head of the page covers another"
        row = page.get_by_role("button", name="3 · IKP-02")
        assert row.evaluate("(button) => getComputedStyle(button).borderTopWidth") == "0px", "a link, not a bare button"
        row.click()
        expect(page.get_by_role("heading", name="Baris 3 dari 22")).to_be_focused()
        page.locator('[name$=".2.status_verifikasi"]').select_option("sesuai")
        page.get_by_role("button", name="Daftar baris").click()
        page.locator(".row-cards > li").nth(2).locator(".row-accepted, .row-incomplete").wait_for()
        assert team.fits()
        assert not team.faults()
        return
    seen = page.locator(".grid tbody tr").evaluate_all(
        "(all, below) => all.filter((row) => row.getBoundingClientRect().bottom <= below).length",
        page.locator(".grid-bar").bounding_box()["y"],
    )
    assert seen >= 10
    assert page.locator(".grid-scroll").bounding_box()["y"] <= 200
    page.get_by_role("button", name="Bukti: IKP-08").click()
    page.locator(".grid-proofs iframe[src^='/lampiran/']").first.wait_for()
    assert not team.faults()
    page.keyboard.press("Escape")
    expect(page.locator(".grid-proofs")).to_be_hidden()
    for pinned in ("IKP-08", "Kembalikan…: IKP-08"):
        cell = page.get_by_role("button", name=pinned).first if "…" in pinned else page.get_by_text(pinned).first
        box = cell.bounding_box()
        assert 0 <= box["x"] <= 1366 - box["width"], "in sight, however far the figures are scrolled"
    state, verify = (page.locator(f".grid tbody tr:first-child .grid-{part}") for part in ("state", "verify"))
    state, verify = state.bounding_box(), verify.bounding_box()
    assert state["x"] + state["width"] <= verify["x"] + 1, "neither of the pinned columns covers the other"
    page.get_by_role("button", name="Kembalikan…: IKP-08").click()
    asked = page.locator("dialog[open]").bounding_box()
    assert abs(asked["x"] + asked["width"] / 2 - 1366 / 2) < 10, "in the middle"
    assert "ikut dikembalikan" not in page.inner_text("dialog[open]"), "no other row is marked"
    assert not team.faults()
    page.keyboard.press("Enter")
    page.get_by_text("Tulis alasannya").wait_for()
    page.keyboard.type("Lampirkan rekap LKPM.")
    page.keyboard.press("Enter")
    page.wait_for_url("**/hasil")
    again = office.task(instance, "siapkan_data", "pemegang.data.5")
    again = office.services.tasks.open(office.actor("pemegang.data.5"), again, office.now)
    assert again.item.task.returned_reason == "IKP-08: Lampirkan rekap LKPM.", "one click, one reason"


def test_the_calendar_knows_the_days_off_and_is_worked_by_the_keyboard(desk, office):  # noqa: F811
    task = office.task(office.begin(1), "perintahkan_pengumpulan_data")
    head = desk("kepala.dinas")
    page = head.open(f"/tugas/{task}#bagian-disposisi")
    day = page.locator('[name="disposisi.batas_waktu"]')
    page.locator(".date-input", has=day).get_by_role("button", name="Pilih tanggal").press("Enter")
    calendar = page.get_by_role("dialog", name="Pilih tanggal")
    expect(calendar.get_by_role("button", name="Rabu, 23 April 2025")).to_be_focused()
    calendar.get_by_role("button", name="Sabtu, 19 April 2025, kantor tutup").wait_for()
    assert not head.faults()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    expect(calendar.get_by_role("status")).to_contain_text("Wafat")
    page.keyboard.press("Escape")
    expect(day).to_have_value("23/4/2025")
    page.keyboard.press("Enter")
    page.keyboard.press("PageDown")
    page.keyboard.press("Enter")
    expect(day).to_have_value("23/5/2025")
    expect(page.locator("#f-disposisi-batas_waktu-reading")).to_contain_text("Jumat, 23 Mei 2025")
    assert page.request.get(f"{head.site}/tugas/libur?bulan=lusa").status == 404
