"""Papers of the office: printed once after they were issued, kept for ever, known by their code and their bytes."""

import hashlib
import io
import json
import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest
from docx import Document
from openpyxl import load_workbook
from sqlalchemy import select

from engine import pulse
from engine.cli import CONSOLE
from engine.documents.sandbox import Pool
from engine.documents.typst_renderer import Order, Press
from engine.model.errors import Busy, InvalidProcedure, NotFound, NotPermitted, NotPrinted
from engine.model.renderings import RenderingStatus
from engine.model.work import DocumentStatus
from engine.service.authoring.template_checks import TemplateChecks
from engine.service.authoring.verdict import Specimen
from engine.service.history.timelines import HistoryFilter
from engine.service.papers.public_check import LARGEST, MOST_MISSES, FileTooLarge, TooManyQuestions
from engine.service.papers.render_context import coded
from engine.service.procedures import document_templates
from engine.service.procedures.procedure import INDONESIAN
from engine.store.database import open_database
from engine.store.proof import prove
from engine.store.tables import attachment
from tests.databases import ON_ONE_KIND
from tests.office import returned
from tests.papers import text as says
from tests.service.procedures import files, form, number, text
from tests.swept import swept

PROCESS = "data_objects_hold_versions"


def letter(template=b'#import "/alur/naskah.typ": *\n#show: naskah\n#ambil(data, "isi")', **more):
    """A procedure that writes a letter, with a template for it."""
    section = {"type": "object", "title": "Surat", "properties": {"isi": text("Isi")}}
    forms = {"tulis": form(surat=section), "periksa": form(baik_sekali={"type": "boolean", "title": "Baik"})}
    return files(PROCESS, forms) | {f"forms/{PROCESS}/documents/surat.typ": template} | more


def deploy(office, content):
    return office.services.deployments.deploy(office.actor("perancang"), PROCESS, content, "uji", office.now)


def document(office, instance, data_object_id, version=1):
    [found] = [
        d for d in office.page(instance).all_documents if (d.data_object_id, d.version) == (data_object_id, version)
    ]
    return found


def paper(office, found, kind="pdf", account="auditor", part=""):
    name, media_type, stream, _ = office.services.printing.file(office.actor(account), found.id, kind, part, office.now)
    with stream:
        return name, media_type, stream.read()


def rendering(office, found, kind="pdf", part=""):
    every = office.services.printing.files_of(office.actor("auditor"), found.id)
    return next(f.rendering for f in every if (f.rendering.format, f.rendering.part) == (kind, part))


def test_the_worker_prints_what_was_issued_once_and_every_paper_is_on_record(office):
    instance = office.start()
    office.until_data(instance)
    while swept(office.services.printing, office.now):
        pass
    printed = {d.data_object_id for d in office.page(instance).documents if rendering_made(office, d)}
    assert printed >= {"disposisi", "undangan", "kertas_kerja", "daftar_hadir", "notula", "surat_tugas"}
    assert swept(office.services.printing, office.now) == 0, "nothing is printed again"
    lines = office.services.histories.of_instance(
        office.actor("auditor"), instance, HistoryFilter(action="document:rendered")
    ).lines
    assert len(lines) >= len(printed)
    assert {line.actor for line in lines} == {"sistem"}
    with office.database.read() as reader:
        assert prove(reader, f"instance:{instance}").sound


def rendering_made(office, found):
    return any(f.rendering.sha256 for f in office.services.printing.files_of(office.actor("auditor"), found.id))


def test_whoever_asks_first_gets_it_at_once_and_everybody_the_same_bytes(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    found = document(office, instance, "disposisi")
    name, media_type, first = paper(office, found, account="kepala.dinas")
    assert (name, media_type) == ("disposisi-v1.pdf", "application/pdf")
    assert first.startswith(b"%PDF-")
    office.later(days=1)
    assert paper(office, found)[2] == first
    assert rendering(office, found).sha256 == hashlib.sha256(first).hexdigest()


def test_who_opens_a_paper_while_the_worker_prints_it_gets_the_one_that_was_first(office, monkeypatch):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    found, printing = document(office, instance, "disposisi"), office.services.printing
    press, other = type(printing.press).print, []

    def beside(self, order):
        if not other:
            other.append(None)
            other[0] = paper(office, found, account="kepala.dinas")
        return press(self, order)

    monkeypatch.setattr(type(printing.press), "print", beside)
    printing.print(found.id, office.now)
    assert other == [paper(office, found, account="kepala.dinas")]


def test_a_letter_of_assignment_is_printed_whole_and_for_each_holder(office):
    instance = office.start()
    office.until_data(instance)
    found = document(office, instance, "surat_tugas")
    whole = paper(office, found)[2]
    parts = [
        f.rendering.part
        for f in office.services.printing.files_of(office.actor("auditor"), found.id)
        if f.rendering.part and f.rendering.format == "pdf"
    ]
    assert sorted(parts) == ["pemegang.data.1", "pemegang.data.2"]
    assert len({whole, *(paper(office, found, part=part)[2] for part in parts)}) == 3
    letter = Document(io.BytesIO(paper(office, found, "docx")[2]))
    said = [each.text for each in letter.paragraphs]
    assert said.index("Kepada:") > said.index("MENUGASKAN:")
    assert [line for line in said if line.startswith(("1. Pemegang Data 1", "2. Pemegang Data 2"))], "whom it is for"
    assert "Penyerahan: paling lambat 15 April 2025" in said
    assert "Tembusan:" not in said, "there are no copies"


@ON_ONE_KIND
def test_the_whole_cycle_is_printed_up_to_the_report_with_its_workbook(office):
    instance = office.start()
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis")
    office.do("sekretaris", instance, "minta_persetujuan")
    office.do("kepala.dinas", instance, "tandatangani_persetujuan")
    for found in office.page(instance).documents:
        for each in office.services.printing.files_of(office.actor("auditor"), found.id):
            assert paper(office, found, each.rendering.format)[2], found.data_object_id
    report = document(office, instance, "laporan")
    kinds = {f.rendering.format for f in office.services.printing.files_of(office.actor("auditor"), report.id)}
    assert kinds >= {"pdf", "docx", "xlsx"}


def test_a_returned_draft_is_another_version_and_the_old_paper_stays(office):
    instance = office.start()
    office.until_analysis(instance)
    first = document(office, instance, "draft_laporan")
    before = paper(office, first)[2]
    office.do("tim.sakip", instance, "susun_analisis", **returned("pemegang.data.2"))
    office.do("pemegang.data.2", instance, "siapkan_data", "pemegang.data.2")
    second = document(office, instance, "draft_laporan", 2)
    assert paper(office, second)[2] != before
    assert paper(office, first)[2] == before
    old = office.services.verification.by_code(rendering(office, first).code, "10.0.0.1", office.now)
    assert (old.standing, old.document.version, old.newest.version) == ("replaced", 1, 2)


def test_of_two_who_are_asked_again_each_replaces_their_own_part_of_the_new_version(office):
    instance, holders = office.start(), ("pemegang.data.1", "pemegang.data.2")
    office.until_analysis(instance)
    both = {**returned(holders[0]), **returned(holders[1])}
    office.do("tim.sakip", instance, "susun_analisis", **both)
    tasks = [office.do(holder, instance, "siapkan_data", holder) for holder in holders]
    second = document(office, instance, "draft_laporan", 2)
    assert sorted((part.item, part.task_id) for part in second.parts) == list(zip(holders, tasks, strict=True))
    assert second.status is DocumentStatus.ISSUED


def test_a_paper_is_known_by_its_code_and_by_its_very_bytes_and_one_that_was_changed_is_not(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    found = document(office, instance, "undangan")
    content, code, check = paper(office, found)[2], rendering(office, found).code, office.services.verification
    known = check.by_code(code.lower(), "10.0.0.1", office.now)
    assert (known.document.name, known.number, known.standing) == ("Undangan", "000.1.5/1/DPMPTSP/2025", "valid")
    assert (known.document.sha256, known.same_file) == (found.sha256, None)
    assert check.by_file(io.BytesIO(content), "10.0.0.1", office.now).same_file
    changed = io.BytesIO(content.replace(b"%%EOF", b"%%EOF "))
    assert check.by_code(code, "10.0.0.1", office.now, changed).same_file is False
    with pytest.raises(NotFound):
        check.by_file(io.BytesIO(content + b"\n"), "10.0.0.1", office.now)


def test_whoever_tries_codes_is_slowed_down(office):
    for n in range(MOST_MISSES):
        with pytest.raises(NotFound):
            office.services.verification.by_code(f"{n:016}", "10.0.0.9", office.now)
    with pytest.raises(TooManyQuestions):
        office.services.verification.by_code("0" * 16, "10.0.0.9", office.now)
    with pytest.raises(NotFound):
        office.services.verification.by_code("0" * 16, "10.0.0.8", office.now)


def test_a_file_is_not_read_for_ever_to_be_known(office):
    class Endless(io.RawIOBase):
        def read(self, size=-1):
            return bytes(size)

    with pytest.raises(FileTooLarge) as refused:
        office.services.verification.by_file(Endless(), "10.0.0.1", office.now)
    assert str(refused.value) == str(LARGEST)


def test_whoever_tries_from_everywhere_does_not_fill_the_memory(office, monkeypatch):
    monkeypatch.setattr("engine.service.papers.public_check.MOST_ADDRESSES", 5)
    at = office.services.verification
    for n in range(MOST_MISSES + 3):
        with pytest.raises(NotFound):
            at.by_code("0" * 16, f"10.0.1.{n}", office.now)
        if n < MOST_MISSES:
            with pytest.raises(NotFound):
                at.by_code("0" * 16, "10.0.0.1", office.now)
    with pytest.raises(TooManyQuestions):
        at.by_code("0" * 16, "10.0.0.1", office.now)
    assert len(at._misses) == 5


def test_only_those_who_take_part_and_auditors_see_a_paper(office):
    office.hire("orang.lain", "bagian_lain")
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    with pytest.raises(NotFound):
        paper(office, document(office, instance, "disposisi"), account="orang.lain")


def test_a_holder_who_yielded_a_part_does_not_get_the_paper_of_all(office):
    instance = office.start()
    office.until_analysis(instance)
    found = document(office, instance, "draft_laporan")
    assert office.services.printing.files_of(office.actor("pemegang.data.1"), found.id) == ()
    with pytest.raises(NotFound):
        paper(office, found, account="pemegang.data.1")


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (b'#import "/alur/naskah.typ": *\n#show: naskah\n#tidak-ada', "unknown variable"),
        (b'#import "@preview/cetz:0.3.4": canvas\nx', "Paket"),
    ],
)
def test_a_template_that_cannot_be_printed_is_refused_before_it_is_deployed(staffed, template, said):
    with pytest.raises(InvalidProcedure) as refused:
        deploy(staffed, letter(template))
    assert any(said in f.message for f in refused.value.findings)
    assert {f.file for f in refused.value.findings} == {f"forms/{PROCESS}/documents/surat.typ"}


def test_what_cannot_be_printed_later_says_where_and_why_and_the_operator_tries_again(staffed):
    office = staffed
    deploy(office, letter())
    instance = office.services.starts.start(office.actor("ann"), PROCESS, {}, office.now)
    task = office.task(instance, "tulis")
    office.services.tasks.complete(office.actor("ann"), task, {"surat.isi": ["Halo"]}, office.now)
    found = document(office, instance, "surat")

    class Broken:
        def print(self, order):
            raise NotPrinted("surat.typ", 3, "huruf hilang")

    broken = replace(office.services.printing, press=Broken())
    swept(broken, office.now)
    with pytest.raises(NotPrinted) as fault:
        paper(office, found)
    assert (fault.value.template, fault.value.line) == ("surat.typ", 3)
    with pytest.raises(NotPermitted):
        office.services.printing.retry(office.actor("ann"), found.id, office.now)
    office.services.printing.retry(office.actor("operator"), found.id, office.now)
    assert paper(office, found)[2].startswith(b"%PDF-")


def written(office, content, **entries):
    """The letter of a procedure's first step, as it was typed."""
    deploy(office, content)
    instance = office.services.starts.start(office.actor("ann"), PROCESS, {}, office.now)
    typed = {f"surat.{name}": [text] for name, text in entries.items()}
    office.services.tasks.complete(office.actor("ann"), office.task(instance, "tulis"), typed, office.now)
    return document(office, instance, "surat")


def test_a_paper_stays_due_while_the_press_or_the_database_is_busy(staffed):
    found = written(staffed, letter(), isi="Halo")
    crowded = replace(staffed.services.printing, press=Press(_children=Pool(str, at_once=0)))
    assert swept(crowded, staffed.now) == 1
    assert rendering(staffed, found).status is RenderingStatus.DUE
    if staffed.database.path:
        impatient = open_database(f"sqlite:///{staffed.database.path}", staffed.data_dir, busy_timeout=0.1)
        other = sqlite3.connect(staffed.database.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy):
            swept(replace(staffed.services.printing, database=impatient), staffed.now)
        other.close()
        impatient.close()
        assert rendering(staffed, found).status is RenderingStatus.DUE
    assert paper(staffed, found)[2].startswith(b"%PDF-")
    made = rendering(staffed, found)
    staffed.services.printing.print(found.id, staffed.now)
    assert rendering(staffed, found) == made, "a second job finds nothing to do"


@pytest.mark.parametrize(
    ("beside", "at"),
    [
        ({"nomor": "1 / (surat.angka - 7)"}, "nomor: "),
        (
            {"gambar": {"grafik": {"jenis": "batang", "baris": "[surat.angka] if surat.angka == 7 else []"}}},
            "gambar.grafik: ",
        ),
    ],
)
def test_what_stands_beside_a_template_and_fails_for_one_figure_is_named_with_its_place(staffed, beside, at):
    section = {"type": "object", "title": "Surat", "properties": {"angka": number("Angka")}}
    forms = {"tulis": form(surat=section), "periksa": form(baik_sekali={"type": "boolean", "title": "Baik"})}
    template = b'#import "/alur/naskah.typ": *\n#show: naskah\n#ambil(data, "angka")'
    content = files(PROCESS, forms) | {
        f"forms/{PROCESS}/documents/surat.typ": template,
        f"forms/{PROCESS}/documents/surat.json": json.dumps(beside).encode(),
    }
    found = written(staffed, content, angka="7")
    swept(staffed.services.printing, staffed.now)
    with pytest.raises(NotPrinted) as fault:
        paper(staffed, found)
    assert (fault.value.template, fault.value.cause.startswith(at)) == ("surat.json", True), fault.value.cause
    other = written(staffed, content, angka="7,5")
    swept(staffed.services.printing, staffed.now)
    assert paper(staffed, other)[2].startswith(b"%PDF-")


def test_a_paper_on_which_two_workers_ended_is_said_to_have_failed(staffed, monkeypatch):
    deploy(staffed, letter())
    instance = staffed.services.starts.start(staffed.actor("ann"), PROCESS, {}, staffed.now)
    task = staffed.task(instance, "tulis")
    staffed.services.tasks.complete(staffed.actor("ann"), task, {"surat.isi": ["Halo"]}, staffed.now)
    found = document(staffed, instance, "surat")
    monkeypatch.setenv("ALUR_HUNG", f"{found.id} {found.id}")
    swept(staffed.services.printing, staffed.now)
    pulse.at("")
    with pytest.raises(NotPrinted, match="TimeoutError"):
        paper(staffed, found)
    staffed.services.printing.retry(staffed.actor("operator"), found.id, staffed.now)
    assert paper(staffed, found)[2].startswith(b"%PDF-")


def test_a_file_that_is_made_stays_when_another_of_its_document_fails_as_nobody_foresaw(office):
    instance, printing = office.start(), office.services.printing
    office.until_data(instance)
    found = document(office, instance, "surat_tugas")

    class Halting:
        def print(self, order):
            if order.format == "pdf":
                raise RuntimeError("macet")
            return printing.press.print(order)

    assert replace(printing, press=Halting()).print(found.id, office.now)
    assert rendering(office, found, "docx").status is RenderingStatus.MADE
    with pytest.raises(NotPrinted, match="RuntimeError"):
        paper(office, found)


def test_what_is_being_filled_in_can_be_looked_at_and_leaves_nothing(office):
    instance = office.start()
    task = office.task(instance, "perintahkan_pengumpulan_data")
    page = office.services.tasks.open(office.actor("kepala.dinas"), task, office.now)
    assert "disposisi" in office.services.printing.previewable(page.procedure, page.item.step)
    content = office.services.printing.preview(
        page.procedure, page.instance, page.item.task, "disposisi", {"disposisi": {"catatan": "Segera"}}, office.now
    )
    assert content.startswith(b"%PDF-")
    assert office.page(instance).all_documents == ()
    with pytest.raises(NotFound):
        office.services.printing.preview(page.procedure, page.instance, page.item.task, "laporan", {}, office.now)


def test_a_holder_looks_at_the_paper_of_their_own_part(office):
    instance, holder = office.start(), "pemegang.data.1"
    office.until_data(instance)
    task = office.task(instance, "siapkan_data", holder)
    page = office.services.tasks.open(office.actor(holder), task, office.now)
    typed = office.services.tasks.prefill(page)
    read, _ = office.services.tasks.reading(page, typed, INDONESIAN)
    content = office.services.printing.preview(
        page.procedure, page.instance, page.item.task, "draft_laporan", read.values, office.now
    )
    assert "Pemegang Data 1" in says(content)
    assert "Pemegang Data 2" not in says(content)


def test_files_of_papers_are_not_swept_away(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    found = document(office, instance, "disposisi")
    content = paper(office, found)[2]
    office.later(days=3)
    office.services.documents.forget_staged(office.now)
    assert paper(office, found)[2] == content


def test_an_upload_that_nobody_used_is_forgotten_after_a_day_and_not_before(office):
    task = office.task(office.start(), "perintahkan_pengumpulan_data")
    paper_ = io.BytesIO(b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n")
    unused = office.services.documents.stage(office.actor("kepala.dinas"), task, "pk.pdf", paper_, office.now)
    kept = select(attachment.c.id).where(attachment.c.id == unused.id)
    for later, there in ((timedelta(minutes=1), True), (timedelta(days=2), False)):
        office.services.documents.forget_staged(office.now + later)
        with office.database.read() as reader:
            assert (reader.connection.scalar(kept) is not None) is there


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ("[surat.isi]", "lembar 1: barisnya bukan daftar baris"),
        ('[{"isi": kapan(1)}]', "lembar: tidak dapat ditulis sebagai XLSX"),  # it knows no zones
    ],
)
def test_sheets_that_cannot_be_written_are_told_and_keep_no_other_paper_waiting(staffed, rows, why):
    beside = {"lembar": [{"judul": "Isi", "kolom": [{"isian": "isi", "judul": "Isi"}], "baris": rows}]}
    source = b'"""Saat."""\nfrom datetime import UTC, datetime\n\n\ndef kapan(hari):\n'
    source += b'    """Return an instant."""\n    return datetime(2025, 4, int(hari), tzinfo=UTC)\n'
    content = letter(**{f"forms/{PROCESS}/documents/surat.json": json.dumps(beside).encode()})
    content[f"processes/{PROCESS}/functions.py"] = source
    staffed.services.deployments.deploy(CONSOLE, PROCESS, content, "uji", staffed.now, at_console=True)
    written = []
    for _ in range(2):
        instance = staffed.services.starts.start(staffed.actor("ann"), PROCESS, {}, staffed.now)
        task = staffed.task(instance, "tulis")
        staffed.services.tasks.complete(staffed.actor("ann"), task, {"surat.isi": ["Halo"]}, staffed.now)
        written.append(document(staffed, instance, "surat"))
    swept(staffed.services.printing, staffed.now)
    for found in written:
        assert rendering(staffed, found).sha256
        with pytest.raises(NotPrinted) as fault:
            paper(staffed, found, "xlsx")
        assert why in str(fault.value)


def test_a_list_stands_in_one_cell_of_a_sheet(staffed):
    names = {"type": "array", "title": "Yth.", "items": text("Penerima")}
    section = {"type": "object", "title": "Surat", "properties": {"isi": text("Isi"), "yth": names}}
    forms = {"tulis": form(surat=section), "periksa": form(baik_sekali={"type": "boolean", "title": "Baik"})}
    columns = [{"isian": name, "judul": name} for name in ("isi", "yth")]
    sheets = {"lembar": [{"judul": "Isi", "kolom": columns, "baris": "[surat]"}]}
    content = files(PROCESS, forms) | {
        f"forms/{PROCESS}/documents/surat.typ": b'#import "/alur/naskah.typ": *\n#show: naskah\nSurat',
        f"forms/{PROCESS}/documents/surat.json": json.dumps(sheets).encode(),
    }
    deploy(staffed, content)
    instance = staffed.services.starts.start(staffed.actor("ann"), PROCESS, {}, staffed.now)
    typed = {"surat.isi": ["Halo"], "surat.yth.0": ["Bidang I"], "surat.yth.1": ["Bidang II"]}
    staffed.services.tasks.complete(staffed.actor("ann"), staffed.task(instance, "tulis"), typed, staffed.now)
    _, _, book = paper(staffed, document(staffed, instance, "surat"), "xlsx")
    head, row = load_workbook(io.BytesIO(book))["Isi"].iter_rows(values_only=True)
    assert (head, row) == (("isi", "yth"), ("Halo", "Bidang I; Bidang II"))


@pytest.mark.parametrize("public_url", ["", "https://alur.example"])
def test_a_paper_shows_where_it_is_known_as_soon_as_the_office_has_a_public_address(public_url):
    order = coded(Order("surat.typ", {}, b'{"dokumen": {}}'), "0123456789ABCDEF", public_url, "")
    told = json.loads(order.data)["dokumen"]
    assert told["tautan"] == (f"{public_url}/v/0123456789ABCDEF" if public_url else None)
    assert (told["qr"] is not None) == ("qr.svg" in order.files) == bool(public_url)
    assert not public_url or b"<svg" in order.files["qr.svg"]


def test_who_only_hands_in_parts_reads_no_part_of_others_not_even_without_one_of_their_own(office):
    office.hire("pemegang.data.3", "pemegang_data")
    instance = office.start()
    office.until_analysis(instance)
    data = document(office, instance, "draft_laporan")
    for account, seen in {"pemegang.data.1": {"pemegang.data.1"}, "pemegang.data.3": set()}.items():
        view = office.services.documents.view(office.actor(account), data.id)
        assert {part.item for part in view.version.parts} == seen
        assert office.services.printing.files_of(office.actor(account), data.id) == ()
    assert len(office.services.documents.view(office.actor("sekretaris"), data.id).version.parts) == 2


def test_a_template_that_fails_only_with_a_long_list_is_found_before_it_is_put_to_use(office):
    names = {"type": "array", "title": "Yth.", "items": {"type": "string", "title": "Penerima"}}
    forms = {"tulis": form(surat={"type": "object", "title": "Surat", "properties": {"yth": names}})}
    forms["periksa"] = form(baik_sekali={"type": "boolean", "title": "Baik"})
    annex = b'#import "/alur/naskah.typ": *\n#show: naskah\n#if ambil(data, "yth", bawaan: ()).len() > 5 {\n'
    annex += b"  heading(level: 2)[Lampiran]\n}"
    with pytest.raises(InvalidProcedure) as refused:
        deploy(office, files(PROCESS, forms) | {f"forms/{PROCESS}/documents/surat.typ": annex})
    [found] = refused.value.findings
    assert (found.rule, found.file, found.severity) == ("documents", f"forms/{PROCESS}/documents/surat.typ", "error")
    assert "heading" in found.message


BESIDE = [
    (b"{", "bukan JSON"),
    ([], "hanya boleh memuat"),
    ({"warna": "merah"}, "hanya boleh memuat"),
    ({"nilai": []}, "nilai harus berupa nama dan isinya"),
    ({"nilai": {"jumlah": 1}}, "nilai.jumlah: perlu sebuah ungkapan"),
    ({"nomor": "1 +"}, "Ungkapan '1 +'"),
    ({"gambar": {"g": {"jenis": "kue"}}}, "gambar.g: jenis harus salah satu"),
    ({"gambar": {"g": {"jenis": "batang"}}}, "gambar.g: perlu sebuah ungkapan"),
    ({"lembar": [{"judul": "Isi"}]}, "lembar 1: perlu judul, kolom dan baris"),
    ({"kertas": "A9"}, "kertas harus"),
    ({"arah": "miring"}, "arah"),
    ({"laporan": {"warna": "merah"}}, "laporan hanya boleh memuat"),
    ({"laporan": {"judul": "Rekap", "en": []}}, "laporan hanya boleh memuat"),
    ({"laporan": {"judul": "Rekap", "pilih": "tahun"}}, "laporan.pilih harus daftar"),
]


@pytest.mark.parametrize(("said", "why"), BESIDE, ids=lambda value: value if isinstance(value, str) else "")
def test_what_stands_beside_a_template_and_cannot_be_read_is_told_and_prints_nothing(said, why):
    place = f"forms/{PROCESS}/documents/surat"
    beside = said if isinstance(said, bytes) else json.dumps(said).encode()
    given = {f"{place}.typ": b"Surat", f"{place}.json": beside}
    [found] = document_templates.findings(PROCESS, {"surat"}, given)
    assert (found.file, why in found.message, found.severity) == (f"{place}.json", True, "error"), found.message
    assert not document_templates.prints_pdf(PROCESS, "surat", given)
    assert document_templates.reports(PROCESS, given) == ()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"surat.json": b"{}"}, "Tidak ada templat"),
        ({"lain.typ": b"Surat"}, None),
        ({"lain.typ": b"Surat", "lain.json": b"{}"}, "tidak mempunyai objek data lain"),
        ({"surat.typ": b'Satu\n#import "@preview/cetz:0.3.4": canvas'}, "Paket Typst dari luar"),
    ],
)
def test_a_template_stands_by_itself_under_the_name_of_its_document(given, why):
    files_ = {f"forms/{PROCESS}/documents/{name}": content for name, content in given.items()}
    found = document_templates.findings(PROCESS, {"surat"}, files_)
    assert [why in each.message for each in found] == ([] if why is None else [True])


def test_proofs_of_the_last_templates_only_are_remembered(monkeypatch):
    monkeypatch.setattr("engine.service.authoring.template_checks.REMEMBERED", 1)
    checks = TemplateChecks()
    for text_ in ("Satu", "Dua"):
        page = f"#set document(title: [{text_}])\n{text_}".encode()
        given = {f"forms/{PROCESS}/documents/surat.typ": page}
        assert checks.check(PROCESS, given, [Specimen("surat", True, True, "{}", {})]) == ()
        assert len(checks._known) == 1
