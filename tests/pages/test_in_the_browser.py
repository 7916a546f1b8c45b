"""The SOP in a real browser: its four roles do it, an auditor watches, axe looks at every page."""

import os
import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from werkzeug.serving import make_server

from engine.service.procedures.procedure import INDONESIAN
from engine.service.work.grids import GridRequest
from engine.web.application import create_app
from tests.chromium import MARKS, started
from tests.office import returned
from tests.pages.conftest import PASSWORD
from tests.patience import PATIENCE
from tests.service import archiving
from tests.service.procedures import PEOPLE

pytestmark = [*MARKS, pytest.mark.xdist_group("browser")]
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
VIOLATIONS = {"resultTypes": ["violations"]}  # what is well need not be told in full
SLOW = float(os.environ.get("ALUR_TEST_SLOW", "0"))
"""Seconds that each answer waits, so that a story that looks at a page too early always fails, not now and then."""
DESKTOP, PHONE = {"width": 1366, "height": 768}, {"width": 360, "height": 740}


@pytest.fixture
def chromium():
    """The system's browser, started once for all stories in a row."""
    return started()


@pytest.fixture
def site(office):
    """The office on a port of its own, with a clock that walks a second with every request."""

    def clock():
        office.now += timedelta(seconds=1)
        return office.now

    app = create_app(office.services, secret_key=b"k" * 32, office_name="DPMPTSP Kota Pematangsiantar", clock=clock)
    with served(app) as site:
        yield site


@contextmanager
def served(app):
    """Serve an application on a port of its own; its address."""
    server = make_server("127.0.0.1", 0, _whole(app), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _whole(app):
    """Answer in one piece: a browser that leaves early must not keep a file open, as werkzeug's server would."""

    def answer(environ, start_response):
        time.sleep(SLOW)
        said = app(environ, start_response)
        try:
            return [b"".join(said)]
        finally:
            if hasattr(said, "close"):
                said.close()

    return answer


class Desk:
    """One person at one browser; what the browser complains about is collected."""

    def __init__(self, chromium, site, account=None, viewport=DESKTOP, **options):
        self.context = chromium.new_context(viewport=viewport, locale="id-ID", **options)
        self.context.set_default_timeout(PATIENCE * 1000)
        self.page, self.site, self.complaints = self.context.new_page(), site, []
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        if account:
            self.open("/masuk")
            self.page.fill("#akun", account)
            self.page.fill("#sandi", PASSWORD)
            self.page.click("main .btn-primary")

    def _listen(self, message):
        over = "401" in message.text and "/pemberitahuan" in message.location["url"]  # the bell, once a session is over
        told = over or "422" in message.text or "409" in message.text
        told = told or "ERR_INTERNET_DISCONNECTED" in message.text  # a story took the network away
        expected = told and "Failed to load resource" in message.text
        if message.type in ("error", "warning") and not expected:
            self.complaints.append(message.text)

    def open(self, path):
        self.page.goto(self.site + path)
        return self.page

    def fits(self):
        self.page.wait_for_load_state("domcontentloaded")  # a link may just have been followed
        return self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    def faults(self):
        """What axe finds serious on the page; in English the same markup stands with other words."""
        if self.page.locator("html").get_attribute("lang") == "en":
            return []
        found = Axe().run(self.page, options=VIOLATIONS).response["violations"]
        return [
            f"{self.page.url} {fault['id']}: {node['html'][:120]}"
            for fault in found
            if fault["impact"] in ("serious", "critical")
            for node in fault["nodes"]
        ]

    def close(self):
        self.context.close()
        assert not self.complaints, self.complaints


@pytest.fixture
def desk(chromium, site):
    """Sit somebody down at a browser."""
    desks = []

    def sit(account=None, **options):
        desks.append(Desk(chromium, site, account, **options))
        return desks[-1]

    yield sit
    for one in desks:
        one.close()


HOLDS = """() => {
  const found = {};
  for (const form of document.forms)
    for (const [name, value] of new FormData(form))
      if (typeof value === "string") (found[name] ??= []).push(value.replace(/\\r?\\n/g, "\\r\\n"));
  return found;
}"""


def fill_tables(office, account, task, tables, more):
    """Put into the draft what the tables of a form hold, as their pages do."""
    for table in tables:
        asked = GridRequest(office.actor(account), task, table, INDONESIAN, office.now)
        cells = {path: texts for path, texts in office.filled(account, task, **more).items() if path.startswith(table)}
        revision = office.services.grids.open(asked).revision
        office.services.grids.save(asked, cells, (revision, None))


def fill(page, office, account, task, **more):
    """Type what the form does not know by itself; what is filled in on a page of its own is in the draft already."""
    tables = page.locator('input[value="dari_draf"]').evaluate_all("all => all.map((each) => each.name)")
    if tables:
        fill_tables(office, account, task, tables, more)
        page.reload()
    page.evaluate("location.hash = '#semua'")  # nothing of it is folded away
    known = page.evaluate(HOLDS)
    for path, texts in office.filled(account, task, **more).items():
        for text in (t for t in texts if t and t.replace("\n", "\r\n") not in known.get(path, ())):
            value = text.replace("\n", "\\a ")  # as CSS writes the end of a line
            box = page.locator(f'input[name="{path}"][value="{value}"]:is([type=checkbox], [type=radio])')
            field = page.locator(f'[name="{path}"]:not([type=hidden], [type=file], [type=checkbox], [type=radio])')
            if box.count():
                box.check()
            elif (chooser := page.locator(f'input[type=file][name="{path}"]')).count() and len(text) == 36:
                chooser.set_input_files({"name": "bukti.pdf", "mimeType": "application/pdf", "buffer": PDF})
            elif field.count() and field.first.evaluate("e => e.tagName") == "SELECT":
                field.first.select_option(text)
            elif field.count() and field.first.input_value() != text:
                field.first.fill(text)


def approve(head):
    """Give the head's word for the letter that waits for it."""
    page = head.open("/tugas")
    page.get_by_role("link", name="Baca dan setujui").click()
    page.get_by_label("Persetujuan internal").check()
    page.get_by_label("Ketik ulang sandi Anda").fill(PASSWORD)
    page.get_by_role("button", name="Setujui dan terbitkan").click()
    page.get_by_text("Dokumen disetujui dan diterbitkan.").wait_for()


def complete(page):
    """Complete the open step; its form is sent once a draft that is being saved is."""
    with page.expect_navigation():
        page.locator("[data-complete]").click()
    assert page.url.endswith("/hasil"), page.locator("main").inner_text()[:1500]


def do(desk, office, instance, account, element, item=None, **more):
    """Find the task in the inbox, open it, fill it in, complete it; the receipt's heading."""
    task = office.task(instance, element, item)
    page = desk.open("/tugas")
    if (take := page.locator(f'button[formaction="/tugas/{task}/ambil"]')).count():
        take.first.click()
    else:
        page.locator(f'a[href="/tugas/{task}"]').first.click()
    page.wait_for_url(f"**/tugas/{task}*")  # filling in looks at the page at once and would find the list
    fill(page, office, account, task, **more)
    complete(page)
    return page.locator("h1").inner_text()


def test_the_sop_from_mulai_to_selesai_by_its_four_roles_watched_by_an_auditor(desk, office):
    head, secretary, team = desk("kepala.dinas"), desk("sekretaris"), desk("tim.sakip")
    holders = {h: desk(h) for h in ("pemegang.data.1", "pemegang.data.2")}
    auditor = desk("auditor")

    page = head.open("/instans/mulai?sop=pengumpulan_data_kinerja")
    page.fill('[name="tahun"]', "2025")
    page.locator('[name="periode"][value="I"]').check()
    page.click("main form .btn-primary")
    page.wait_for_url("**/instans/*")
    instance = page.url.rsplit("/", 1)[-1]

    assert "Langkah 1 selesai" in do(head, office, instance, "kepala.dinas", "perintahkan_pengumpulan_data")
    do(secretary, office, instance, "sekretaris", "siapkan_kertas_kerja")
    approve(head)
    do(team, office, instance, "tim.sakip", "susun_jadwal")
    approve(head)
    for holder, own in holders.items():
        do(own, office, instance, holder, "siapkan_data", holder)
    do(
        team,
        office,
        instance,
        "tim.sakip",
        "susun_analisis",
        **returned("pemegang.data.2"),
    )
    page = holders["pemegang.data.2"].open("/tugas")
    assert "Dikembalikan oleh Tim Sakip (tim.sakip)" in page.inner_text("main")
    assert "Rekap bukan dari periode ini." in page.inner_text("main")
    do(holders["pemegang.data.2"], office, instance, "pemegang.data.2", "siapkan_data", "pemegang.data.2")
    do(team, office, instance, "tim.sakip", "susun_analisis", hasil_verifikasi="lengkap")
    do(secretary, office, instance, "sekretaris", "minta_persetujuan")
    do(head, office, instance, "kepala.dinas", "tandatangani_persetujuan")

    page = auditor.open(f"/instans/{instance}")
    assert "Selesai" in page.inner_text(".page-facts")
    assert page.locator(".step-done").count() == 7
    page = auditor.open(f"/instans/{instance}/riwayat")
    assert "Rekap bukan dari periode ini." in page.content()
    assert not page.locator("main form[method=post]:not([data-download])").count(), (
        "an auditor's page carries no writing control"
    )
    page = auditor.open(f"/instans/{instance}/keutuhan")
    assert "Utuh" in page.inner_text("main")
    page = auditor.open(f"/instans/{instance}/diagram")
    page.wait_for_selector(".djs-container")
    assert page.locator(".mark-done").count() >= 7
    look = "e => [parseFloat(getComputedStyle(e).strokeWidth), getComputedStyle(e).strokeDasharray.startsWith('7')]"
    drawn = '[data-element-id="{}"] .djs-visual > path'
    assert page.locator(drawn.format("siapkan_data_ke_susun_analisis")).first.evaluate(look) == [3.5, False]
    width, dashed = page.locator(drawn.format("disetujui_ke_susun_analisis")).first.evaluate(look)
    assert (width < 3, dashed) == (True, True), "a proposal that nobody took"
    assert page.locator(".badge-times").count() == 2, "two arrows were taken twice"
    page.emulate_media(media="print")
    assert page.locator(".diagram-print > svg").is_visible(), "paper shows the whole, which no viewport clips"
    assert not page.locator(".diagram-canvas").is_visible()


@pytest.mark.parametrize("language", ["id", "en"])
def test_axe_finds_nothing_serious_and_nothing_scrolls_sideways_on_a_phone(desk, office, site, language):
    instance = office.start()
    office.until_data(instance)
    office.start("sekretaris", "2025", "II")
    task = office.task(instance, "siapkan_data", "pemegang.data.1")
    visits = {
        None: ["/masuk"],
        "pemegang.data.1": ["/tugas", f"/tugas/{task}", f"/tugas/{task}/diagram"],
        "sekretaris": ["/instans/mulai?sop=pengumpulan_data_kinerja", "/akun"],
        "auditor": [
            "/audit",
            "/instans",
            *(
                f"/instans/{instance}{part}"
                for part in ("", "/diagram", "/riwayat", "/dokumen", "/catatan", "/keutuhan")
            ),
        ],
        "operator": ["/orang", "/orang/sekretaris", "/orang/baru", "/operasi", "/insiden", "/pengaturan/kalender"],
        "perancang": [
            "/sop/pengumpulan_data_kinerja",
            "/sop/pengumpulan_data_kinerja/diagram",
            "/sop/pengumpulan_data_kinerja/versi",
        ],
    }
    faults, wide, icons = [], [], set()
    for account, paths in visits.items():
        somebody = desk(account, viewport=DESKTOP)
        somebody.open("/masuk")
        if language == "en":
            somebody.page.locator('[name="bahasa"][value="en"]').click()
        for path in paths:
            page = somebody.open(path)
            assert page.locator("html").get_attribute("lang") == language
            icons.update(page.eval_on_selector_all("use", "all => all.map(use => use.getAttribute('href'))"))
            faults += somebody.faults()
            page.set_viewport_size(PHONE)
            wide += [] if somebody.fits() else [path]
            page.set_viewport_size(DESKTOP)
    assert not faults, "\n".join(faults)
    assert not wide
    assert len(icons) > 15
    (sprite,) = {icon.split("#")[0] for icon in icons}
    drawn = somebody.context.request.get(site + sprite).text()
    assert not [icon for icon in icons if f'id="{icon.split("#")[1]}"' not in drawn]


def test_after_an_error_the_summary_has_the_focus_and_leads_to_the_field(desk, office):
    instance = office.start()
    head = desk("kepala.dinas")
    page = head.open(f"/tugas/{office.task(instance, 'perintahkan_pengumpulan_data')}#bagian-disposisi")
    page.fill('[name="disposisi.asal_naskah"]', "")
    page.get_by_role("button", name="Lanjut").click()
    page.get_by_text("Asal naskah: wajib diisi").wait_for()
    page.locator("[data-complete]").click()
    page.wait_for_selector("[data-error-summary]")
    assert page.evaluate("document.activeElement.matches('[data-error-summary]')")
    assert not head.faults()
    page.locator("[data-error-summary] a").first.click()
    assert page.evaluate("document.activeElement.name") == "disposisi.asal_naskah"


def test_a_draft_saves_itself_and_is_there_on_another_device(desk, office):
    instance = office.start()
    path = f"/tugas/{office.task(instance, 'perintahkan_pengumpulan_data')}#semua"
    page = desk("kepala.dinas").open(path)
    page.fill('[name="disposisi.catatan"]', "dari komputer kantor")
    page.keyboard.press("Control+s")
    page.locator(".draft-state", has_text="Draf tersimpan").wait_for()
    phone = desk("kepala.dinas", viewport=PHONE).open(path)
    assert phone.input_value('[name="disposisi.catatan"]') == "dari komputer kantor"


def test_what_could_not_be_sent_because_the_network_was_gone_is_there_when_the_page_opens_again(desk, office):
    instance = office.start()
    path = f"/tugas/{office.task(instance, 'perintahkan_pengumpulan_data')}#semua"
    head = desk("kepala.dinas")
    page = head.open(path)
    head.context.set_offline(True)
    page.fill('[name="disposisi.catatan"]', "diketik saat jaringan putus")
    page.locator("[data-complete]").click()
    page.wait_for_url("chrome-error://**")
    head.context.set_offline(False)
    head.complaints.clear()
    page = head.open(path)
    assert page.input_value('[name="disposisi.catatan"]') == "diketik saat jaringan putus"


def test_the_session_says_two_minutes_before_that_it_ends_and_goes_on_when_told(desk, office):
    head = desk("kepala.dinas")
    head.page.clock.install()
    page = head.open("/tugas")
    page.clock.fast_forward(27 * 60_000)
    assert not page.locator("#bar-session").count()
    page.clock.fast_forward(2 * 60_000)
    page.locator("#bar-session button").click()
    page.locator("#bar-session").wait_for(state="detached")
    page.clock.fast_forward(27 * 60_000)
    assert not page.locator("#bar-session").count()
    page.remove_listener("console", head._listen)  # the browser says there that nobody is signed in
    page.context.clear_cookies()
    page.clock.run_for(4 * 60_000)
    assert "Sesi Anda berakhir" in page.inner_text("#bar-session")
    head.complaints.clear()  # of the browser, that a page asked somebody who is signed out


def test_a_decision_names_the_button_and_shows_only_what_it_asks(desk, office):
    instance = office.start()
    office.until_analysis(instance)
    team = desk("tim.sakip")
    page = team.open("/tugas?tampil=bersama")
    page.locator(".task-action button").first.click()
    page.get_by_role("link", name="Hasil verifikasi").click()
    assert not page.locator('[name="catatan_pengembalian"]').is_visible()
    page.locator('[name="hasil_verifikasi"][value="kembalikan"]').check()
    assert page.locator('[name="catatan_pengembalian"]').is_visible()
    page.get_by_role("link", name="Periksa jawaban").click()
    assert page.locator("[data-complete]").inner_text() == "Kembalikan"
    said = page.inner_text(".before-done")
    assert "Pekerjaan kembali untuk diperbaiki" in said
    assert "Langkah 6" not in page.inner_text("main"), "it does not go on"
    assert "akan dibuat" not in page.inner_text("main"), "and nothing is issued"
    page.get_by_role("link", name="Hasil verifikasi").click()
    page.locator('[name="hasil_verifikasi"]:not([value="kembalikan"]):visible').check()
    page.get_by_role("link", name="Periksa jawaban").click()
    assert "Langkah 6" in page.inner_text(".before-done")
    assert "Pekerjaan kembali" not in page.inner_text("main")


def test_somebody_without_scripts_completes_a_step(desk, office):
    instance = office.start()
    plain = desk("kepala.dinas", java_script_enabled=False)
    task = office.task(instance, "perintahkan_pengumpulan_data")
    page = plain.open("/tugas")
    page.locator(f'a[href="/tugas/{task}"]').first.click()
    part = page.locator(".form-part", has=page.locator('[name="disposisi.catatan"]')).get_attribute("id")
    if not page.locator(f"#{part}").is_visible():  # one part of a form is seen at a time
        page.locator(f'a[href$="#{part}"]:visible').first.click()
    page.fill('[name="disposisi.catatan"]', "Mohon tepat waktu.")
    page.fill('[name="disposisi.batas_waktu"]', "30 April 2025")
    page.locator("[data-complete]").click()
    assert "Langkah 1 selesai" in page.locator("h1").inner_text()


def test_the_keyboard_reaches_the_content_first(desk, office):
    page = desk("sekretaris").open("/tugas")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "isi"


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_the_archive_is_read_on_any_screen_and_its_place_corrected_with_the_keyboard(office, desk, viewport):
    for role, account in PEOPLE.items():
        office.hire(account, role)
    archiving.deploy(office)
    instance = archiving.archived(office)
    operator = desk("operator", viewport=viewport)
    page = operator.open(f"/instans/{instance}/arsip")
    page.click("details summary >> nth=0")
    assert page.is_visible("text=dokumen/surat/v2/surat-v2.pdf")
    assert operator.fits()
    assert operator.faults() == []
    page.focus("text=Betulkan tempat simpan…")
    page.keyboard.press("Enter")
    page.fill('[name="simpan.boks"]', "15")
    page.fill('[name="alasan_pembetulan"]', "Boks 14 penuh")
    assert operator.faults() == []
    page.keyboard.press("Enter")  # in a field, of a form without a draft: nothing
    page.keyboard.press("Control+Enter")  # to the button
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Boks 14 penuh")
    assert operator.fits()


def test_a_hundred_lines_of_history_are_a_few_screens_on_a_phone(desk, office):
    office.until_analysis(office.start())
    phone = desk("auditor", viewport=PHONE)
    page = phone.open("/audit/jejak")
    lines = page.locator(".ledger > tbody > tr").count()
    assert lines > 60
    height = page.locator(".ledger").evaluate("e => e.getBoundingClientRect().height")
    assert height / lines < 125, "they were 240 pixels each"
    assert not page.locator("[name=cari]").is_visible(), "what narrows them is folded"
    page.locator(".filter-fold > summary").click()
    assert page.locator("[name=cari]").is_visible()
    page.locator(".ledger summary").first.click()
    assert page.locator(".ledger-changes").first.is_visible()
    assert phone.fits()
    assert not phone.faults()
    page.set_viewport_size(DESKTOP)
    page = phone.open("/audit/jejak")
    assert page.locator("[name=cari]").is_visible(), "nothing is folded where there is room"


def test_no_cell_of_the_ledger_stands_over_another_on_paper_or_on_a_small_screen(office, chromium, site):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    page = chromium.new_page(viewport=DESKTOP)
    page.goto(site + "/masuk")
    page.fill("#akun", "auditor")
    page.fill("#sandi", PASSWORD)
    page.click("main button[type=submit]")
    beyond = "[...document.querySelectorAll('.ledger > * > tr > *')].filter(e => e.scrollWidth > e.clientWidth).length"
    aside = "document.querySelector('.table-scroll').scrollWidth - document.querySelector('.table-scroll').clientWidth"
    for path in (f"/instans/{instance}/riwayat", "/audit/jejak"):
        page.goto(site + path)
        assert page.evaluate(aside) == 0, "the last column is in sight"
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 661, "height": 1096})
        assert page.evaluate(beyond) == 0, "even on paper that is not turned"
        page.emulate_media(media="screen")
        page.set_viewport_size(DESKTOP)
    page.close()
