"""The auditor sees what happened: every pass of every step, and whether it was in time."""

import csv
import hashlib
import html
import io
import json
import re
import zipfile
from datetime import date, datetime, timedelta

import openpyxl
import pytest
from sqlalchemy import delete, select, update

from engine.model.people import Capacity
from engine.model.work import TaskStatus
from engine.service.history.timelines import HistoryFilter
from engine.store.chains import Walk
from engine.store.files import named
from engine.store.queries import tasks
from engine.store.tables import history, number, setting, task
from tests.office import SOP, returned
from tests.store.test_history import tampering


@pytest.fixture
def late_often(office):
    """A run in which a holder was late, and was asked again and was late again; then the analysis was late too."""
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    since, until = date(2025, 4, 1), date(2025, 4, 30)
    office.hire("plh", "sekretaris", since=since, until=until, capacity=Capacity.ACTING_PLH, decree="SK 1/2025")
    office.do("plh", instance, "siapkan_kertas_kerja")
    office.do("tim.sakip", instance, "susun_jadwal")
    office.do("pemegang.data.1", instance, "siapkan_data", "pemegang.data.1")
    office.later(days=30)
    office.do("pemegang.data.2", instance, "siapkan_data", "pemegang.data.2")
    office.explains = True
    office.do("tim.sakip", instance, "susun_analisis", **returned("pemegang.data.2"))
    office.later(days=30)
    office.do("pemegang.data.2", instance, "siapkan_data", "pemegang.data.2")
    office.later(days=30)
    return instance


def late_in_report(office):
    """How many tasks the report on the process counts as late, of its one instance."""
    ask = (office.actor("auditor"), SOP, "pemantauan", {"tahun": "2025"}, "xlsx", office.now)
    _, _, stream = office.services.reports.make(*ask)
    with stream:
        head, row = openpyxl.load_workbook(io.BytesIO(stream.read()))["Pelaksanaan"].iter_rows(values_only=True)
    return row[head.index("Terlambat")]


def test_every_task_of_every_pass_stands_on_the_page_once(office, late_often):
    steps = office.page(late_often).steps
    shown = [t for view in steps for t in (*view.tasks, *(t for earlier in view.earlier for t in earlier.tasks))]
    with office.database.read() as reader:
        every = tasks.of_instance(reader, late_often)
    assert sorted(t.id for t in shown) == sorted(t.id for t in every)
    data = next(view for view in steps if view.step.element_id == "siapkan_data")
    assert [(t.item, t.late(office.now)) for t in data.tasks] == [
        ("pemegang.data.1", False),
        ("pemegang.data.2", True),
    ], "of each holder the newest"
    assert [(one.number, one.late, [t.item for t in one.tasks]) for one in data.earlier] == [
        (1, 1, ["pemegang.data.2"])
    ]


def test_the_page_says_late_as_often_as_the_report_counts_it(office, browse, late_often):
    for open_still in (True, False):
        page = browse("auditor").get(f"/instans/{late_often}").text
        assert page.count("Terlambat ") == late_in_report(office) == 3, "an open task that is overdue is late too"
        assert "1 lintasan sebelumnya" in page
        assert "1 terlambat" in page
        if open_still:
            office.do("tim.sakip", late_often, "susun_analisis", hasil_verifikasi="lengkap")
    assert page.count("dibuka <time") == 9
    assert page.count("Tepat waktu") == 5


def test_the_page_says_on_whose_behalf_and_in_which_capacity(browse, late_often):
    assert "selaku Plh. Sekretaris (SK 1/2025)" in browse("auditor").get(f"/instans/{late_often}").text


def test_pages_and_a_berkas_name_who_acted_as_they_were_called_then(office, browse, late_often):
    old = office.services.people.names()["tim.sakip"]
    operator = office.actor("operator")
    office.services.people.rename(operator, "tim.sakip", "Nama Baru", "Keputusan pengadilan.", office.now)
    papers, auditor = office.page(late_often).all_documents, browse("auditor")
    made = next(each for each in papers if each.created_by == "tim.sakip")
    listed = f"/dokumen?jenis={made.name}"
    for path in (f"/instans/{late_often}", f"/instans/{late_often}/dokumen", listed, f"/dokumen/{made.id}"):
        page = auditor.get(path).text
        assert old in page, path
        assert "Nama Baru" not in page, path
    _, stream = office.services.archives.examine(office.actor("auditor"), late_often, office.now)
    with stream, zipfile.ZipFile(stream) as berkas:
        [course] = [name for name in berkas.namelist() if name.endswith("/pelaksanaan.json")]
        told = json.loads(berkas.read(course))
    done = [step for step in told["langkah"] if step["completed_by"] == "tim.sakip"]
    assert {step["nama"] for step in done} == {told["orang"]["tim.sakip"]} == {old}


def test_a_list_of_documents_tells_who_and_when_of_one_event(office, browse, late_often):
    data = next(each for each in office.page(late_often).all_documents if each.data_object_id == "draft_laporan")
    assert data.created_at < data.issued_at, "one holder began it, another's figures let it be issued"
    for path in (f"/instans/{late_often}/dokumen", f"/dokumen?jenis={data.name}"):
        rows = re.findall(r"<tr>.*?</tr>", browse("auditor").get(path).text, re.DOTALL)
        [made] = [re.findall(r'datetime="([^"]+)', row)[-1] for row in rows if data.id in row]
        assert datetime.fromisoformat(made) == data.created_at, "the last instant stands with the person"


def test_the_steps_say_which_of_them_sent_work_back_and_where_to(browse, late_often):
    steps = browse("auditor").get(f"/instans/{late_often}").text.split('id="langkah-')
    said = [each.partition('"')[0] for each in steps if "Dikembalikan ke langkah 4" in each]
    assert said == ["susun_analisis"]


def test_a_filter_that_is_no_date_is_told_wherever_one_may_be_typed(browse, late_often):
    auditor = browse("auditor")
    for path in ("/audit/jejak", f"/instans/{late_often}/riwayat"):
        assert "bukan tanggal" not in auditor.get(f"{path}?dari=1/4/2025&sampai=").text
        for text in ("31/2/2025", "kemarin", "31/12/9999"):
            refused = auditor.get(path, query_string={"dari": text, "sampai": "2026-99-99"})
            assert (refused.status_code, f"“{text}” bukan tanggal" in refused.text) == (422, True)
            assert "“2026-99-99” bukan tanggal" in refused.text
            assert "ledger" not in refused.text, "no list that looks as if it were narrowed"
        refused = auditor.get(f"{path}?dari=2/4/2025&sampai=1/4/2025")
        assert (refused.status_code, "tidak ada hari di antaranya" in refused.text) == (422, True)


def test_a_page_beyond_the_end_of_a_list_is_said_not_to_exist_wherever_one_may_be_turned(browse, late_often):
    auditor, letters = browse("auditor"), browse("auditor").get("/nomor").text
    series = re.search(r"/nomor/[^/\"]+/2025", letters).group()
    lists = ("/audit/jejak", "/insiden", "/orang/sekretaris", series)  # others go on from a place, not by number
    for path in (*lists, f"/instans/{late_often}/riwayat"):
        page = auditor.get(f"{path}?halaman=99999").text
        assert "Halaman 99999 tidak ada" in page, path
        assert "yang cocok dengan saringan ini" not in page, path
        assert "tidak ada: daftar" not in auditor.get(path).text, path
    kept = auditor.get("/audit/jejak?jenis=task:completed&halaman=7").text
    assert '?jenis=task%3Acompleted&amp;halaman=1"' in kept or '?jenis=task:completed&amp;halaman=1"' in kept


def test_nothing_is_exported_or_reported_of_dates_that_are_none(browse, late_often):
    auditor, report = browse("auditor"), f"/sop/{SOP}/laporan/pemantauan.xlsx"
    refused = auditor.post(f"/instans/{late_often}/riwayat.csv?dari=kemarin")
    assert (refused.status_code, "“kemarin” bukan tanggal" in refused.text) == (422, True)
    refused = auditor.post(report, {"tahun": "", "_dari": "kemarin"})
    assert refused.status_code == 303
    page = auditor.get(refused.location).text
    assert "“kemarin” bukan tanggal" in page
    assert 'value="kemarin"' in page
    made = auditor.post(report, {"tahun": "", "_dari": "1/4/2025", "_sampai": "30/4/2025"})
    assert (made.status_code, made.data[:2]) == (200, b"PK")
    assert "pemantauan-dari-2025-04-01-sampai-2025-04-30.xlsx" in made.headers["Content-Disposition"]
    made.close()
    assert auditor.get("/audit/jejak?jenis=export:made").text.count("laporan: pemantauan") == 1
    empty = auditor.post(report, {"tahun": "", "_dari": "1/4/2031"})
    assert "cocok dengan pilihan ini dan dimulai dalam masa itu." in auditor.get(empty.location).text
    empty = auditor.post(report, {"tahun": "2025", "_dari": "1/4/2031"})
    assert "cocok dengan 2025 dan dimulai dalam masa itu." in auditor.get(empty.location).text, "both narrow it"


def test_the_history_as_a_table_has_a_heading_for_every_column(browse, late_often):
    sheet = browse("auditor").post(f"/instans/{late_often}/riwayat.csv").text
    head, line = sheet.lstrip("\ufeff").splitlines()[:2]
    assert len(head.split(",")) == len(next(csv.reader([line]))) == 14


def test_a_return_can_be_asked_for_as_such(office, browse, late_often):
    auditor = browse("auditor")
    for path in ("/audit/jejak", f"/instans/{late_often}/riwayat"):
        page = auditor.get(f"{path}?jenis=task:returned").text
        assert "1 baris" in page
        assert "Dikembalikan</span>" in page
        assert "REKAP BUKAN DARI" in page.upper()
        assert ">Kembalikan untuk diperbaiki</option>" in page
    assert auditor.get(f"/instans/{late_often}/riwayat").text.count("Dikembalikan</span>") == 1
    told = office.services.histories.export(
        office.actor("auditor"), late_often, HistoryFilter(action="task:returned"), office.now
    )
    assert len(list(csv.reader(told.decode().splitlines()))) == 2


def test_a_word_is_found_in_what_lines_say_and_a_wildcard_is_only_itself(office, browse, late_often):
    auditor = browse("auditor")
    office.services.control.comment(office.actor("tim.sakip"), late_often, 'Naik 100%, "a_b" di sini', office.now)

    def found(path, words):
        page = auditor.get(path, query_string={"cari": words}).text
        return int(re.search(r"(\d+) baris", page)[1])

    for path in ("/audit/jejak", f"/instans/{late_often}/riwayat"):
        assert found(path, "REKAP BUKAN DARI") == 2, "by whoever sent it back, and at what was sent back"
        assert found(path, "k 100%") == found(path, "0%,") == found(path, '"a_b"') == 1
        assert found(path, "1%0") == found(path, "axb") == found(path, "a%b") == 0
        assert found(path, "Plh. Sekretaris") >= 1, "in which capacity"
    assert found(f"/instans/{late_often}/riwayat", "Pemegang Data 2") >= 5, "by the name of who did it"


def test_lines_speak_in_words_with_what_was_beside_what_is(office, browse, late_often):
    operator = office.actor("operator")
    office.services.people.rename(operator, "tim.sakip", "Ketua Tim", "Salah tulis", office.now)
    page = browse("auditor").get("/audit/jejak").text.partition("<tbody>")[2]
    shown = re.sub(r"<[^>]+>", " ", page)
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", shown), "an id says nothing to a person"
    assert not re.search(r"&#34;|&quot;|\\{", shown), "nor does JSON"
    assert "nama" in shown
    assert '<del class="pre">Tim Sakip</del>' in page
    assert '<ins class="pre">Ketua Tim</ins>' in page
    assert "Triwulan I 2025 · 1</a>" in page, "an instance is called by its title"


def test_a_cancelled_task_is_never_late(office, late_often):
    office.services.control.terminate(office.actor("operator"), late_often, "Diulang.", office.now)
    with office.database.read() as reader:
        (cancelled,) = [t for t in tasks.of_instance(reader, late_often) if t.status is TaskStatus.CANCELLED]
    assert cancelled.due_at < office.now
    assert not cancelled.late(office.now + timedelta(days=9))


def test_the_path_taken_is_counted_and_an_item_is_no_pass_of_its_own(office, browse, late_often):
    office.do("tim.sakip", late_often, "susun_analisis", hasil_verifikasi="lengkap")
    page = office.page(late_often)
    assert page.passes["siapkan_data"] == page.passes["susun_analisis"] == 2
    assert page.flows["siapkan_data_ke_susun_analisis"] == page.flows["susun_analisis_ke_data_lengkap"] == 2
    assert page.flows["data_lengkap_ke_siapkan_data"] == page.flows["data_lengkap_ke_minta_persetujuan"] == 1
    assert page.flows["mulai_ke_perintahkan_pengumpulan_data"] == 1
    assert "disetujui_ke_susun_analisis" not in page.flows
    assert browse("auditor").get(f"/instans/{late_often}/tanda.json").json["flows"] == page.flows


def checked(office):
    """Let the worker check the record."""
    while office.services.checks.sweep("worker:a:1", office.now):
        pass


def test_what_is_not_whole_is_said_first_with_both_hashes_and_leads_to_the_line(office, browse, late_often):
    auditor, operator = browse("auditor"), browse("operator")
    assert "Keutuhan belum pernah diperiksa" in auditor.get("/audit").text
    checked(office)
    assert "Keutuhan: utuh" in auditor.get("/audit").text
    office.tampered = True
    with tampering(office.database) as connection:
        of_it = history.c.stream == f"instance:{late_often}", history.c.seq == 5
        kept = connection.scalar(select(history.c.hash).where(*of_it))
        connection.execute(update(history).where(*of_it).values(actor="orang.lain"))
    assert auditor.post("/audit/keutuhan").status_code == 303
    waiting = auditor.get("/audit/keutuhan")
    assert "Pemeriksaan menunggu pekerja latar" in waiting.text
    assert waiting.headers["Refresh"] == "5"
    checked(office)
    for page in (auditor.get("/audit/keutuhan").text, auditor.get(f"/instans/{late_often}/keutuhan").text):
        panel = page.partition('<div class="notice notice-merah"')[2].partition("</div></div>")[0]
        assert panel
        assert "Membuktikan bahwa" not in page
        assert f"ditemukan <code>{kept}</code>" in panel
        assert re.search(r"seharusnya <code>[0-9a-f]{64}</code>", panel)
        (link,) = re.findall(r'href="(/instans/[^"]+)"', panel)
        assert link.endswith("#r5")
        assert 'id="r5"' in auditor.get(link).text
    assert "Keutuhan: tidak utuh" in auditor.get("/audit").text
    assert "Keutuhan: tidak utuh" in operator.get("/operasi").text
    assert "Refresh" not in auditor.get("/audit/keutuhan").headers


def test_the_page_of_a_check_computes_nothing_itself(office, browse, monkeypatch):
    monkeypatch.setattr(Walk, "pass_lines", lambda *_: pytest.fail("a request walked a chain"))
    assert "Belum pernah diperiksa." in browse("auditor").get("/audit/keutuhan").text


def test_a_file_that_was_exchanged_is_not_handed_out_and_the_operator_is_told(office, browse, late_often):
    auditor, files = browse("auditor"), office.services.documents.files
    letter = next(v for v in office.page(late_often).documents if v.data_object_id == "disposisi")
    sent = next(v for v in office.page(late_often).documents if v.data_object_id == "draft_laporan")
    evidence = json.loads(sent.parts[0].content)["baris"][0]["bukti"][0]
    paths = (f"/lampiran/{evidence}", f"/dokumen/{letter.id}.pdf")
    kept = {}
    for path in paths:
        with auditor.get(path) as answer:
            assert answer.status_code == 200
            kept[hashlib.sha256(answer.data).hexdigest()] = answer.data
    assert "bukan lagi yang disimpan" not in browse("operator").get("/operasi").text
    for sha256, content in kept.items():
        files.place.path(named(sha256)).write_bytes(content.replace(b"PDF", b"XXX"))
    for path in paths:
        answer = auditor.get(path)
        assert (answer.status_code, answer.mimetype) == (503, "text/html")
        assert "tidak lagi seperti ketika disimpan" in answer.text
        assert "Coba lagi" not in answer.text, "it does not help"
    page = browse("operator").get("/operasi").text
    assert "bukan lagi yang disimpan" in page
    assert all(sha256 in page for sha256 in kept)
    assert "bukti.pdf" in page
    assert "disposisi-v1.pdf" in page
    for sha256, content in kept.items():
        files.place.path(named(sha256)).write_bytes(content)
    assert "bukan lagi yang disimpan" not in browse("operator").get("/operasi").text, "it was brought back"


def test_evidence_that_was_exchanged_is_left_out_of_a_report_s_papers(office, browse, late_often):
    office.fill_register("lke_88_2021")
    auditor = browse("auditor")
    ask = f"/sop/{SOP}/laporan/bukti_lke.zip"

    def pack():
        with auditor.post(ask, {"tahun": "2025"}) as answer:
            return zipfile.ZipFile(io.BytesIO(answer.data))

    whole = pack()
    sums = dict(reversed(line.split("  ", 1)) for line in whole.read("SHA256SUMS.txt").decode().splitlines())
    name = next(each for each in sums if each.endswith("surat_tugas-v1.pdf"))
    office.services.documents.files.place.path(named(sums[name])).write_bytes(b"%PDF-1.7 lain")
    again = pack()
    assert not [each for each in again.namelist() if each.endswith("surat_tugas-v1.pdf")]
    assert "bukan lagi yang disimpan" in again.read("CATATAN.txt").decode()
    assert sums[name] in browse("operator").get("/operasi").text


def on_paper(page):
    """What stands on the print of a ledger alone."""
    words = page.partition('<div class="print-only">')[2].partition("</div>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", words).split())


def test_a_printed_ledger_says_by_which_filter_it_is_which_part_and_where_the_whole_ends(office, browse, late_often):
    auditor, path = browse("auditor"), f"/instans/{late_often}/riwayat"
    with office.database.read() as reader:
        of_it = select(history.c.seq, history.c.hash).where(history.c.stream == f"instance:{late_often}")
        last, hashed = reader.connection.execute(of_it.order_by(history.c.seq.desc())).first()
    whole = on_paper(auditor.get(path).text)
    assert f"baris 1–{last} dari {last} · halaman 1 dari 1 · saringan: tidak ada" in whole
    assert f"sampai baris {last}; sidik baris itu: {hashed}" in whole
    part = on_paper(auditor.get(f"{path}?jenis=task:returned&pelaku=tim.sakip&cari=rekap&dari=1/4/2025").text)
    assert "baris 1–1 dari 1" in part
    for said in ("Cari kata “rekap”", "Pelaku “Tim Sakip", "Jenis “Kembalikan untuk diperbaiki”", "Dari “1/4/2025”"):
        assert said in part
    assert hashed in part, "a part too says of which whole it is"
    assert "0 baris" in on_paper(auditor.get(f"{path}?cari=tidak-ada-kata-ini").text)
    assert "Jenis “Selesaikan”" in on_paper(auditor.get("/audit/jejak?jenis=task:completed").text)


def test_what_is_late_is_told_with_the_year_and_longest_first(office, browse):
    last = office.start(period="II")
    office.do("kepala.dinas", last, "perintahkan_pengumpulan_data")
    office.later(days=40)
    first = office.start(period="III")
    office.later(days=400)
    for path in ("/audit", "/instans?terlambat=1"):
        page = browse("auditor").get(path).text
        late = page[page.index("Terlambat sekarang") :] if path == "/audit" else page
        assert 0 < late.index(f"/instans/{last}") < late.index(f"/instans/{first}"), path
    assert re.search(
        r"jatuh tempo <time[^>]*>\d+ \w+ 2025 ", late if path == "/audit" else browse("auditor").get("/audit").text
    )


def test_the_page_of_a_check_names_the_hash_of_all_ends_which_anybody_can_compute(office, browse, late_often):
    checked(office)
    with office.database.read() as reader:
        query = select(history.c.stream, history.c.seq, history.c.hash)
        rows = reader.connection.execute(query.where(history.c.action != "integrity:checked")).all()
    ends = {stream: (seq, hashed) for stream, seq, hashed in sorted(rows)}
    written = "".join(f"{stream} {seq} {hashed}\n" for stream, (seq, hashed) in ends.items())
    said = (
        f"Ujung {len(ends)} rantai dengan {len(rows)} baris, sidiknya: {hashlib.sha256(written.encode()).hexdigest()}"
    )
    assert said in browse("auditor").get("/audit/keutuhan").text
    of_one = next(hashed for stream, (_, hashed) in ends.items() if stream == f"instance:{late_often}")
    assert of_one in browse("auditor").get(f"/instans/{late_often}/keutuhan").text


def summaries(browser, path):
    """What the lines of a ledger say before they are opened."""
    return [html.unescape(each) for each in re.findall(r"<summary>([^<]*)</summary>", browser.get(path).text)[1:]]


def test_a_line_says_what_matters_before_it_is_opened(office, browse, late_often):
    auditor, path = browse("auditor"), f"/instans/{late_often}/riwayat?jenis="
    assert all(re.match(r"tenggat: \d+ \w+ 2025", each) for each in summaries(auditor, path + "task:opened"))
    assert "Hasil verifikasi: Perlu perbaikan" in " ".join(summaries(auditor, path + "task:completed"))
    assert "Draft Laporan v1 · digantikan oleh versi: 2" in summaries(auditor, path + "document:replaced")
    assert not [each for each in summaries(auditor, path) if re.search(r"[0-9a-f]{64}", each)], "no hash says anything"
    office.services.numbers.move_on(office.actor("operator"), "surat_keluar", 2025, 7, "Buku lama", office.now)
    (voided,) = summaries(auditor, "/audit/jejak?jenis=number:voided&pelaku=operator")
    assert all(each in voided for each in ("surat_keluar", "2025", "terakhir: 7", "Buku lama"))


def test_no_code_word_of_the_machine_stands_in_the_ledger(browse, late_often):
    auditor = browse("auditor")
    for path in ("/audit/jejak", f"/instans/{late_often}/riwayat"):
        shown = re.sub(r"<[^>]+>", " ", auditor.get(path).text.partition("<tbody>")[2])
        for word in ("reference date", "subject", "signer", "signature", "commitments", "confirmed", "named", "zone"):
            assert not re.search(rf"\b{word}\b", shown), word


def lines_found(browser, path, **asked):
    """How many lines a ledger finds."""
    return int(re.search(r"(\d+) baris", browser.get(path, query_string=asked).text)[1])


def test_what_the_page_shows_can_be_searched(office, browse, late_often):
    auditor, path = browse("auditor"), f"/instans/{late_often}/riwayat"
    done = lines_found(auditor, path, jenis="task:completed")
    assert lines_found(auditor, path, cari="selesaikan") >= done, "the word for what was done"
    of_step = lines_found(auditor, path, unsur="susun_jadwal")
    assert lines_found(auditor, path, cari="jadwal") >= of_step >= 2, "the name of a step"
    assert lines_found(auditor, path, cari="Draft Laporan") >= 4, "the name of a document"
    assert lines_found(auditor, path, cari="Tim Sakip (tim.sakip)") >= 2, "a person as the page names them"
    shown = re.search(r"<code>([0-9a-f]{4} [0-9a-f]{4})</code>", auditor.get(path).text)[1]
    assert lines_found(auditor, path, cari=shown) >= 1, "a hash as it is printed"
    assert lines_found(auditor, "/audit/jejak", pelaku="Tim Sakip") == lines_found(
        auditor, "/audit/jejak", pelaku="tim.sakip"
    )
    auditor.post("/bahasa", {"bahasa": "en", "lanjut": "/"})
    page = auditor.get(path, query_string={"cari": "task opened"}).text
    assert "Task opened" in page.partition("<tbody>")[2], "and in English too"


def test_a_document_leads_to_those_who_read_it(office, browse, late_often):
    letter = next(v for v in office.page(late_often).documents if v.data_object_id == "disposisi")
    reader, auditor = browse("operator"), browse("auditor")
    assert "Siapa membacanya" in reader.get(f"/dokumen/{letter.id}").text
    its_own = browse("kepala.dinas").get(f"/dokumen/{letter.id}")
    assert (its_own.status_code, "Siapa membacanya" in its_own.text) == (200, False)
    (way,) = re.findall(r'href="(/audit/jejak[^"]+)">Siapa membacanya', auditor.get(f"/dokumen/{letter.id}").text)
    rows = auditor.get(html.unescape(way)).text.partition("<tbody>")[2].partition("</table></div>")[0]
    assert "Operator (operator)" in rows
    assert "Selesaikan" not in rows
    whole = re.findall(
        r'href="(/audit/jejak[^"]+)">Siapa membaca apa', auditor.get(f"/instans/{late_often}/riwayat").text
    )
    assert "Operator (operator)" in auditor.get(html.unescape(whole[0])).text


def test_the_filter_by_a_step_finds_all_that_the_step_did(office, browse):
    instance = office.start()
    office.until_analysis(instance)
    office.later(hours=1)
    office.do("tim.sakip", instance, "susun_analisis", hasil_verifikasi="lengkap")
    office.later(hours=1)
    auditor, path = browse("auditor"), f"/instans/{instance}/riwayat"
    (step,) = office.open_steps(instance)
    office.do("sekretaris", instance, step)
    for element in {step, "susun_analisis"}:
        rows = auditor.get(path, query_string={"unsur": element}).text.partition("<tbody>")[2]
        assert "Selesaikan" in rows
    with office.database.read() as reader:
        done = select(history.c.at, history.c.actor).where(
            history.c.element_id == step, history.c.action == "task:completed"
        )
        at, actor = reader.connection.execute(done).one()
        same = select(history.c.seq).where(history.c.at == at, history.c.actor == actor)
        every = len(reader.connection.execute(same.where(history.c.instance_id == instance)).all())
    rows = auditor.get(path, query_string={"unsur": step}).text.partition("<tbody>")[2]
    assert rows.count("<tr id=") >= every, "with what it filed under another element"


def test_a_changed_row_leads_to_the_line_that_fixed_it_and_is_said_in_words(office, browse, late_often):
    office.tampered = True
    with tampering(office.database) as connection:
        opened = select(history.c.task_id, history.c.seq).where(history.c.action == "task:opened")
        done = opened.where(history.c.element_id == "susun_jadwal")
        task_id, seq = connection.execute(done.where(history.c.instance_id == late_often)).one()
        connection.execute(update(task).where(task.c.id == task_id).values(due_at=office.now))
        kept = connection.scalar(select(setting.c.value).where(setting.c.section == "calendar"))
        connection.execute(update(setting).values(value=kept | {"friday": ["08:00", "12:00", "13:00", "16:00"]}))
    checked(office)
    for path in ("/audit/keutuhan", f"/instans/{late_often}/keutuhan"):
        panel = (
            browse("auditor")
            .get(path)
            .text.partition('<div class="notice notice-merah"')[2]
            .partition("</div></div>")[0]
        )
        said = " ".join(re.sub(r"<[^>]+>", " ", panel).split())
        assert f"#r{seq}" in panel, "the line that opened the task, not the one that completed it"
        assert "Triwulan I 2025 · Menyusun jadwal" in said
        assert "tenggat" in said
        assert "ditemukan 10 Jul 2025 10.15" in said, "as a clock of the office shows it"
        if path.startswith("/audit"):
            assert "seharusnya jam kerja Jumat 07:30; 12:00; 13:30; 16:30" in said
            assert "Hari Buruh" not in said, "of a calendar only what differs"


def test_a_number_that_is_missing_is_counted(office, browse):
    office.tampered = True
    office.do("kepala.dinas", office.start(), "perintahkan_pengumpulan_data")
    with tampering(office.database) as connection:
        series = connection.scalar(select(number.c.series))
    office.services.numbers.move_on(office.actor("operator"), series, 2025, 4, "Buku lama", office.now)
    with tampering(office.database) as connection:
        connection.execute(delete(number).where(number.c.ordinal == 2))
    checked(office)
    said = " ".join(re.sub(r"<[^>]+>", " ", browse("auditor").get("/audit/keutuhan").text).split())
    assert "seharusnya 4 ditemukan 4" not in said
    earlier = said.partition("Pemeriksaan terakhir")[2]
    assert "Kantor · baris 3 · Baris ini disebut riwayat, tetapi tidak ada" in earlier, "in words, as above it"
    assert "Tidak utuh" in said
