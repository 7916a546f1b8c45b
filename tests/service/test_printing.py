"""Papers of the office: printed once after they were issued, kept for ever, known by their code and their bytes."""

import hashlib
import io
import json
from dataclasses import replace

import pytest
from docx import Document

from engine import pulse
from engine.model.errors import InvalidProcedure, NotFound, NotPermitted, NotPrinted
from engine.service.history.timelines import HistoryFilter
from engine.service.papers.public_check import MOST_MISSES, TooManyQuestions
from engine.store.proof import prove
from tests.databases import ON_ONE_KIND
from tests.office import returned
from tests.service.procedures import files, form, text

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
    while office.services.printing.sweep(office.now):
        pass
    printed = {d.data_object_id for d in office.page(instance).documents if rendering_made(office, d)}
    assert printed >= {"disposisi", "undangan", "kertas_kerja", "daftar_hadir", "notula", "surat_tugas"}
    assert office.services.printing.sweep(office.now) == 0, "nothing is printed again"
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
    instance = office.services.instances.start(office.actor("ann"), PROCESS, {}, office.now)
    task = office.task(instance, "tulis")
    office.services.tasks.complete(office.actor("ann"), task, {"surat.isi": ["Halo"]}, office.now)
    found = document(office, instance, "surat")

    class Broken:
        def print(self, order):
            raise NotPrinted("surat.typ", 3, "huruf hilang")

    broken = replace(office.services.printing, press=Broken())
    broken.sweep(office.now)
    with pytest.raises(NotPrinted) as fault:
        paper(office, found)
    assert (fault.value.template, fault.value.line) == ("surat.typ", 3)
    with pytest.raises(NotPermitted):
        office.services.printing.retry(office.actor("ann"), found.id, office.now)
    office.services.printing.retry(office.actor("operator"), found.id, office.now)
    assert paper(office, found)[2].startswith(b"%PDF-")


def test_a_paper_on_which_two_workers_ended_is_said_to_have_failed(staffed, monkeypatch):
    deploy(staffed, letter())
    instance = staffed.services.instances.start(staffed.actor("ann"), PROCESS, {}, staffed.now)
    task = staffed.task(instance, "tulis")
    staffed.services.tasks.complete(staffed.actor("ann"), task, {"surat.isi": ["Halo"]}, staffed.now)
    found = document(staffed, instance, "surat")
    monkeypatch.setenv("ALUR_HUNG", f"{found.id} {found.id}")
    staffed.services.printing.sweep(staffed.now)
    pulse.at("")
    with pytest.raises(NotPrinted, match="TimeoutError"):
        paper(staffed, found)
    staffed.services.printing.retry(staffed.actor("operator"), found.id, staffed.now)
    assert paper(staffed, found)[2].startswith(b"%PDF-")


def test_what_is_being_filled_in_can_be_looked_at_and_leaves_nothing(office):
    instance = office.start()
    task = office.task(instance, "perintahkan_pengumpulan_data")
    page = office.services.tasks.open(office.actor("kepala.dinas"), task, office.now)
    assert "disposisi" in office.services.printing.previewable(page.procedure, page.instance, page.item.step)
    content = office.services.printing.preview(
        page.procedure, page.instance, page.item.task, "disposisi", {"disposisi": {"catatan": "Segera"}}, office.now
    )
    assert content.startswith(b"%PDF-")
    assert office.page(instance).all_documents == ()
    with pytest.raises(NotFound):
        office.services.printing.preview(page.procedure, page.instance, page.item.task, "laporan", {}, office.now)


def test_files_of_papers_are_not_swept_away(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    found = document(office, instance, "disposisi")
    content = paper(office, found)[2]
    office.later(days=3)
    office.services.documents.forget_staged(office.now)
    assert paper(office, found)[2] == content


def test_sheets_that_cannot_be_written_are_told_and_keep_no_other_paper_waiting(staffed):
    beside = {"lembar": [{"judul": "Isi", "kolom": [{"isian": "isi", "judul": "Isi"}], "baris": "[surat.isi]"}]}
    content = letter(**{f"forms/{PROCESS}/documents/surat.json": json.dumps(beside).encode()})
    deploy(staffed, content)
    written = []
    for _ in range(2):
        instance = staffed.services.instances.start(staffed.actor("ann"), PROCESS, {}, staffed.now)
        task = staffed.task(instance, "tulis")
        staffed.services.tasks.complete(staffed.actor("ann"), task, {"surat.isi": ["Halo"]}, staffed.now)
        written.append(document(staffed, instance, "surat"))
    staffed.services.printing.sweep(staffed.now)
    for found in written:
        assert rendering(staffed, found).sha256
        with pytest.raises(NotPrinted) as fault:
            paper(staffed, found, "xlsx")
        assert "lembar 1" in str(fault.value)


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
