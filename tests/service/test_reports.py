"""Reports over a year's instances: what the year came to, how well times were kept, and papers that prove it."""

import hashlib
import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import openpyxl
import pytest

from engine.cli import CONSOLE
from engine.model.errors import NotFound, NotPermitted, NotPrinted
from engine.service.history.timelines import HistoryFilter
from engine.service.papers import reports
from engine.service.procedures.procedure import INDONESIAN
from tests.databases import ON_ONE_KIND
from tests.documents.pdf_text import pages_of
from tests.office import SOP, WIB, returned
from tests.papers import PICTURE
from tests.service.test_printing import PROCESS, letter
from tests.swept import swept


@pytest.fixture
def quarters(office):
    """Two quarters that were completed, the first with one return, and a third that has begun."""
    office.fill_register("lke_88_2021")
    made, office.explains = [], True
    for quarter in ("I", "II"):
        instance = office.start(period=quarter)
        office.until_analysis(instance)
        if quarter == "I":
            office.later(days=30)
            office.do("tim.sakip", instance, "susun_analisis", **returned("pemegang.data.1"))
            office.do("pemegang.data.1", instance, "siapkan_data", "pemegang.data.1")
        office.do("tim.sakip", instance, "susun_analisis", hasil_verifikasi="lengkap")
        office.do("sekretaris", instance, "minta_persetujuan")
        office.do("kepala.dinas", instance, "tandatangani_persetujuan")
        made.append(instance)
    return [*made, office.start(period="III")]


def made(office, report_id, kind, account="kepala.dinas", period=(None, None), **chosen):
    asked = {"tahun": "2025"} | chosen
    told = office.actor(account), SOP, report_id, asked, kind, office.now, period
    _, _, stream = office.services.reports.make(*told)
    with stream:
        return stream.read()


def many(office, count):
    """So many instances that only began, each a day after the other, of a year of their own."""
    for place in range(count):
        office.now = at(date(2027, 1, 1) + timedelta(days=place))
        office.start(year=str(2027 + place // 4), period=("I", "II", "III", "IV")[place % 4])


def at(day):
    """Ten in the morning of a day."""
    return datetime.combine(day, time(10), WIB).astimezone(UTC)


def sheet(content, title):
    book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    head, *rows = book[title].iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_the_year_so_far_is_the_completed_quarters_as_each_method_aggregates_them(office, quarters):
    content = made(office, "rekap_tahunan", "xlsx")
    by_code = {row["Kode"]: row for row in sheet(content, "Capaian setahun")}
    assert by_code["IKU-01"]["Realisasi"] == 133, "66,5 in each of two quarters is accumulated"
    assert by_code["IKU-01"]["Triwulan terisi"] == 2
    ratio = Decimal(402 + 402) / Decimal(428 + 428) * 100
    assert Decimal(str(by_code["IKU-03"]["Realisasi"])) == ratio.quantize(Decimal("0.01"))
    assert by_code["IKU-02"]["Realisasi"] == 87.64, "a position is the last one"
    quarterly = {row["Kode"]: row for row in sheet(content, "Triwulan")}
    assert (quarterly["IKU-01"]["Realisasi TW 2"], quarterly["IKU-01"]["Realisasi TW 3"]) == (66.5, None)
    assert made(office, "rekap_tahunan", "pdf").startswith(b"%PDF")


@ON_ONE_KIND
def test_a_year_that_is_in_the_archive_is_told_all_the_same(office, quarters):
    head, at = office.actor("kepala.dinas"), office.services.signing
    for instance in quarters[:2]:
        office.file_scans(instance)
        office.file_papers(instance)
        for found in office.page(instance).all_documents:
            for given in (each for each in at.of_document(head, found.id) if each.may_file):
                scan = io.BytesIO(PICTURE + instance.encode())
                at.file(head, given.signature.id, "ttd.png", scan, INDONESIAN, office.now)
    while swept(office.services.printing, office.now):
        pass
    assert swept(office.services.archives, office.now) == 2
    assert len(sheet(made(office, "rekap_tahunan", "xlsx"), "Capaian setahun")) == 5


def test_the_process_is_held_to_its_standard_times(office, quarters):
    content = made(office, "pemantauan", "xlsx", "auditor")
    holders = {row["Pemegang data"]: row for row in sheet(content, "Pemegang data")}
    first, second = (holders[f"Pemegang Data {n}"] for n in (1, 2))
    assert [(each["Selesai (kali)"], each["Dikembalikan"]) for each in (first, second)] == [(3, 1), (2, 0)]
    runs = {row["Pelaksanaan"]: row for row in sheet(content, "Pelaksanaan")}
    assert runs["Triwulan I 2025"]["Terlambat"] == 1, "the analysis began a month late"
    assert runs["Triwulan III 2025"]["Berakhir"] is None
    assert made(office, "pemantauan", "pdf").startswith(b"%PDF")


def test_what_is_open_and_overdue_counts_as_late_and_its_return_as_a_return(office, quarters):
    waiting = quarters[2]
    office.until_analysis(waiting)
    office.do("tim.sakip", waiting, "susun_analisis", **returned("pemegang.data.1"))
    office.later(days=300)
    content = made(office, "pemantauan", "xlsx", "auditor")
    first = next(row for row in sheet(content, "Pemegang data") if row["Pemegang data"] == "Pemegang Data 1")
    told = ("Selesai (kali)", "Terbuka, terlambat", "Tepat waktu (%)", "Dikembalikan")
    assert [first[name] for name in told] == [4, 1, 80, 2], "a task that was not handed in for 300 days is not in time"
    by_step, by_instance = sheet(content, "Langkah"), sheet(content, "Pelaksanaan")
    assert sum(row["Dikembalikan"] for row in by_step) == sum(row["Dikembalikan"] for row in by_instance) == 2
    printed = "".join(pages_of(made(office, "pemantauan", "pdf", "auditor")))
    assert "PemegangData14180,00" in printed.replace("(contoh)", "")
    assert printed.count("Tugasterbukayangterlambatdihitungtidaktepatwaktu") == 2


def test_what_was_terminated_is_said_to_be_left_out_on_paper_and_in_the_workbook(office, quarters):
    office.services.control.terminate(office.actor("operator"), quarters[2], "Dimulai dua kali.", office.now)
    printed = "".join(pages_of(made(office, "pemantauan", "pdf", "auditor")))
    assert "2025(TANPA1PELAKSANAANYANGDIHENTIKAN)" in printed
    assert "TriwulanIII" not in printed
    cover = [(row["Hal"], row["Isi"]) for row in sheet(made(office, "pemantauan", "xlsx", "auditor"), "Lingkup")]
    assert dict(cover)["Lingkup"].endswith(" 2025 (tanpa 1 pelaksanaan yang dihentikan)")
    ids = [text for name, text in cover if name == "Id pelaksanaan"]
    assert ids == quarters[:2]
    listed = json.dumps(ids, separators=(",", ":")).encode()
    assert dict(cover)["SHA-256 daftar id"] == hashlib.sha256(listed).hexdigest()


@ON_ONE_KIND
def test_the_evidence_comes_as_papers_in_a_folder_for_each_criterion(office, quarters):
    with zipfile.ZipFile(io.BytesIO(made(office, "bukti_lke", "zip"))) as pack:
        names = pack.namelist()
        assert {"bukti_lke-2025.pdf", "bukti_lke-2025.xlsx", "SHA256SUMS.txt"} <= set(names)
        assert "2.a.3/Triwulan I 2025/surat_tugas-v1.pdf" in names
        assert "2.a.1/lembar_sop-v1.pdf" in names, "the sheet of the SOP itself"
        assert "II.4/Triwulan II 2025/notula-v1.pdf" in names
        assert not any("Triwulan III" in name and "laporan-" in name for name in names), "there is none yet"
        notes = pack.read("CATATAN.txt").decode()
        assert "2.a.3/Triwulan I 2025/surat_tugas-v1.pdf: belum ditandatangani" not in notes, "it was approved here"
        assert "Triwulan II 2025/laporan-v1.pdf: belum ditandatangani" in notes
        for line in pack.read("SHA256SUMS.txt").decode().splitlines():
            sha256, _, place = line.partition("  ")
            assert hashlib.sha256(pack.read(place)).hexdigest() == sha256


def test_the_evidence_holds_the_file_that_carries_the_signature_where_there_is_one(office, quarters):
    head, at = office.actor("kepala.dinas"), office.services.signing
    for found in office.page(quarters[0]).all_documents:
        for given in (each for each in at.of_document(head, found.id) if each.may_file):
            at.file(head, given.signature.id, "ttd.png", io.BytesIO(PICTURE), INDONESIAN, office.now)
    office.file_scans(quarters[0])
    with zipfile.ZipFile(io.BytesIO(made(office, "bukti_lke", "zip"))) as pack:
        names, notes = pack.namelist(), pack.read("CATATAN.txt").decode()
        signed = [name for name in names if name.endswith("Triwulan I 2025/laporan-v1-ditandatangani.png")]
        assert signed
        assert pack.read(signed[0]) == PICTURE
        assert not any(name.endswith("Triwulan I 2025/laporan-v1.pdf") for name in names)
    assert "Triwulan I 2025/" not in notes.replace("Triwulan II", ""), "of that quarter nothing is unsigned"
    assert "Triwulan II 2025/laporan-v1.pdf: belum ditandatangani" in notes
    printed = "".join(pages_of(made(office, "bukti_lke", "pdf")))
    assert "Laporan(belumditandatangani)" in printed


def test_who_reads_a_report_and_that_it_was_made_is_recorded(office, quarters):
    assert office.services.reports.offered(office.actor("pemegang.data.1"), SOP) == ()
    with pytest.raises(NotPermitted):
        made(office, "pemantauan", "pdf", "pemegang.data.1")
    offered = office.services.reports.offered(office.actor("auditor"), SOP)
    assert [(one.template.data_object_id, one.kinds) for one in offered] == [
        ("bukti_lke", ("pdf", "xlsx", "zip")),
        ("pemantauan", ("pdf", "xlsx")),
        ("rekap_tahunan", ("pdf", "xlsx")),
    ]
    assert offered[0].choices == {"tahun": ("2025",)}
    made(office, "pemantauan", "xlsx", "auditor")
    trail = office.services.histories.everything(office.actor("auditor"), HistoryFilter(action="export:made"))
    assert "pemantauan" in trail.lines[0].change
    for report, year in (("pemantauan", "2031"), ("rekap_tahunan", "")):
        with pytest.raises(NotFound):
            made(office, report, "pdf", tahun=year)
    with pytest.raises(NotFound):
        made(office, "laporan", "pdf")


def test_a_report_tells_of_any_number_of_instances_and_never_holds_them_all(office, monkeypatch):
    monkeypatch.setattr(reports, "AT_ONCE", 3)
    monkeypatch.setattr(reports, "MOST_NAMED", 5)
    many(office, 8)
    held = []
    whole = reports.Reports._told
    monkeypatch.setattr(reports.Reports, "_told", lambda *given: held.append(len(given[2])) or whole(*given))
    rows = sheet(made(office, "pemantauan", "xlsx", "auditor", tahun=""), "Pelaksanaan")
    assert [row["Pelaksanaan"] for row in rows][::7] == ["Triwulan I 2027", "Triwulan IV 2028"]
    assert len(rows) == 8
    assert max(held) == 3
    trail = office.services.histories.everything(office.actor("auditor"), HistoryFilter(action="export:made"))
    change = json.loads(trail.lines[0].change)
    assert change["count"] == 8
    assert len(change["instances_sha256"]) == 64


def test_a_report_is_narrowed_to_those_started_in_a_period(office):
    many(office, 8)
    period = date(2027, 1, 2), date(2027, 1, 4)
    rows = sheet(made(office, "pemantauan", "xlsx", "auditor", period, tahun=""), "Pelaksanaan")
    assert [row["Pelaksanaan"] for row in rows] == [f"Triwulan {n} 2027" for n in ("II", "III", "IV")]
    open_end = sheet(made(office, "pemantauan", "xlsx", "auditor", (date(2027, 1, 4), None), tahun=""), "Pelaksanaan")
    assert len(open_end) == 5
    with pytest.raises(NotFound):
        made(office, "pemantauan", "xlsx", "auditor", (None, date(2026, 12, 31)), tahun="")
    assert made(office, "pemantauan", "pdf", "auditor", period, tahun="").startswith(b"%PDF")


def test_documents_are_read_when_a_report_asks_for_them(office, monkeypatch):
    office.start()
    read = []
    whole = reports._papers
    monkeypatch.setattr(reports, "_papers", lambda *given: read.append(given[2].id) or whole(*given))
    made(office, "pemantauan", "xlsx", "auditor")
    assert not read
    made(office, "rekap_tahunan", "xlsx", "auditor")
    office.fill_register("lke_88_2021")
    made(office, "bukti_lke", "xlsx", "auditor")
    assert read


def test_what_a_report_tells_of_is_counted_and_cut_before_any_of_it_is_read():
    read = []

    def load(ids):
        read.extend(ids)
        return [{"judul": id_} for id_ in ids]

    every = reports.ReportedInstances([str(n) for n in range(500)], load)
    last = every[498:]
    assert (len(every), len(last), read) == (500, 2, [])
    assert [each["judul"] for each in last] == ["498", "499"]
    assert read == ["498", "499"]


@pytest.mark.parametrize(("report", "kind"), [("rekap_tahunan", "docx"), ("rekap_tahunan", "zip")])
def test_a_report_is_made_in_its_own_kinds_only(office, quarters, report, kind):
    with pytest.raises(NotFound):
        made(office, report, kind)


def test_the_evidence_takes_each_paper_once_and_names_what_is_not_printed_or_not_theirs(staffed):
    sheet = [{"judul": "Isi", "kolom": [{"isian": "isi", "judul": "Isi"}], "baris": "[]"}]
    source = b'"""Bukti."""\n\n\ndef bukti(pelaksanaan):\n    """Return each letter thrice."""\n'
    source += b'    return [{"folder": "surat", "dokumen": one["dokumen"]["surat"]["id"]} for one in pelaksanaan] * 3\n'
    content = letter(**{f"processes/{PROCESS}/functions.py": source})
    for name, text in (("semua", "bukti(pelaksanaan)"), ("asing", '[{"folder": "a", "dokumen": "bukan"}]')):
        told = {"laporan": {"judul": name.title(), "bukti": text}, "lembar": sheet}
        content[f"forms/{PROCESS}/documents/{name}.json"] = json.dumps(told).encode()
        content[f"forms/{PROCESS}/documents/{name}.typ"] = b'#import "/alur/naskah.typ": *\n#show: naskah\nBukti'
    staffed.services.deployments.deploy(CONSOLE, PROCESS, content, "uji", staffed.now, at_console=True)
    instance = staffed.services.starts.start(staffed.actor("ann"), PROCESS, {}, staffed.now)
    task = staffed.task(instance, "tulis")
    staffed.services.tasks.complete(staffed.actor("ann"), task, {"surat.isi": ["Halo"]}, staffed.now)

    def pack(name):
        told = staffed.actor("auditor"), PROCESS, name, {}, "zip", staffed.now, (None, None)
        with staffed.services.reports.make(*told)[2] as stream, zipfile.ZipFile(stream) as archive:
            return {each: archive.read(each) for each in archive.namelist()}

    class Broken:
        def print(self, order):
            raise NotPrinted("surat.typ", 3, "huruf hilang")

    swept(replace(staffed.services.printing, press=Broken()), staffed.now)
    unprinted = pack("semua")
    assert b"surat: Surat: belum dapat dicetak" in unprinted["CATATAN.txt"]
    assert not any(name.startswith("surat/") for name in unprinted)
    [found] = staffed.page(instance).documents
    staffed.services.printing.retry(staffed.actor("operator"), found.id, staffed.now)
    papers = sorted(name for name in pack("semua") if name.startswith("surat/"))
    assert papers == [f"surat/{found.id[:8]}-surat-v1.pdf", "surat/surat-v1.pdf"]
    with pytest.raises(NotPrinted, match="'bukan' bukan dokumen pelaksanaannya"):
        pack("asing")
