"""The head of office signs in one of three ways, and every reader learns which of them and what it is worth."""

import io
import json
import zipfile
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from engine.model.errors import Conflict, InvalidForm, InvalidProcedure, NotFound, NotPermitted
from engine.model.history import Action, HistoryEvent
from engine.model.people import Capacity
from engine.model.work import DocumentStatus
from engine.service.authoring.checking import read_folder
from engine.service.history.timelines import HistoryFilter
from engine.service.papers import signed_files
from engine.service.papers.uploads import TooLarge, UploadRefused
from engine.service.people.accounts import Retyped
from engine.service.people.attempts import FREE
from engine.service.procedures.procedure import INDONESIAN
from engine.store.places import TRUST
from engine.store.proof import prove
from engine.store.queries import document_tasks, people
from engine.store.tables import attachment
from engine.web.application import create_app
from tests.databases import ON_ONE_KIND
from tests.documents.certificates import authority, sign
from tests.office import ROOT, SOP
from tests.papers import PICTURE
from tests.service.procedures import PEOPLE, form
from tests.service.test_printing import PROCESS, deploy, document, letter, paper, rendering

PASSWORD = "kopi pagi di kantor"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
STEP = "tandatangani_persetujuan"
EMPTY = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def with_password(office, account):
    """Give somebody a password to retype."""
    with office.database.write(office.actor(account), office.now) as work:
        people.change(work, account, password_hash=office.services.accounts.hasher.hash(PASSWORD))
        work.record(f"person:{account}", HistoryEvent(Action.PASSWORD_CHANGED))


@pytest.fixture
def instance(office):
    """An instance that waits for the signature of the head of office, who has a password."""
    with_password(office, "kepala.dinas")
    instance = office.start()
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis")
    office.do("sekretaris", instance, "minta_persetujuan")
    office.later(hours=1)
    return instance


def signs(office, instance, mode, password=None):
    task = office.task(instance, STEP)
    entries = office.filled("kepala.dinas", task, tanda_tangan__mode=mode)
    retyped = None if password is None else Retyped(password, "10.0.0.7")
    office.services.tasks.complete(office.actor("kepala.dinas"), task, entries, office.now, retyped=retyped)


def given(office, found, account="kepala.dinas"):
    return office.services.signing.of_document(office.actor(account), found.id)


def file(office, found, name, content, account="kepala.dinas"):
    [view] = given(office, found, "auditor")
    at, stream = office.services.signing, io.BytesIO(content)
    return at.file(office.actor(account), view.signature.id, name, stream, INDONESIAN, office.now)


def scanned(content):
    """A paper as a scanner would give it: other bytes, by another program."""
    return content.replace(b"Typst 0.", b"Skans 0.")


def signing_letter(office, step):
    """An instance of the small letter, which *step* signs."""
    content = letter()
    written = json.loads(content[f"forms/{PROCESS}/{step}.schema.json"])
    written["properties"]["ttd"] = {"type": "object", "format": "signature", "title": "Tanda tangan"}
    content |= {
        f"forms/{PROCESS}/{step}.schema.json": json.dumps(written).encode(),
        f"forms/{PROCESS}/{step}.ui.json": json.dumps({"ttd": {"ui:options": {"document": "surat"}}}).encode(),
    }
    for role, account in PEOPLE.items():
        office.hire(account, role)
    deploy(office, content)
    return office.services.starts.start(office.actor("ann"), PROCESS, {}, office.now)


def attached(office):
    """Every file that somebody handed over, and every one on the disk."""
    with office.database.read() as reader:
        kept = reader.connection.scalar(select(func.count()).select_from(attachment))
    return kept, set(office.services.documents.files.names())


def docx():
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as parts:
        parts.writestr(
            "[Content_Types].xml", f'<Types><Override PartName="/word/document.xml" ContentType="{WORD}"/></Types>'
        )
        parts.writestr("word/document.xml", "<w/>")
    return held.getvalue()


def signature_lines(office, instance, action="document:signed"):
    """Of what a step signs; letters that were approved beside the steps are told elsewhere."""
    narrowed = HistoryFilter(action=action)
    found = office.services.histories.of_instance(office.actor("auditor"), instance, narrowed).lines
    return [line for line in found if change(line)["data_object"] not in ("undangan", "surat_tugas")]


def change(line):
    return json.loads(line.change)


def mode(line):
    return change(line)["mode"]


def test_an_internal_approval_needs_the_password_and_is_printed_as_what_it_is(office, instance):
    sheet = document(office, instance, "lembar_persetujuan")
    paper(office, sheet)  # it went out before it was signed
    signs(office, instance, "internal", PASSWORD)
    for name in ("lembar_persetujuan", "laporan"):
        found = document(office, instance, name)
        assert found.status is DocumentStatus.SIGNED
        [view] = given(office, found)
        signature = view.signature
        assert (signature.mode, signature.signer, signature.document_sha256) == (
            "internal",
            "kepala.dinas",
            found.sha256,
        )
        assert not view.may_file
    assert [mode(line) for line in signature_lines(office, instance)][-2:] == ["internal", "internal"]
    again = paper(office, sheet, part="#1")
    assert again[0] == "lembar_persetujuan-v1-ditandatangani-1.pdf"
    assert rendering(office, sheet, part="#1").code != rendering(office, sheet).code
    assert paper(office, sheet)[2] != again[2], "the paper that went out stays as it was"
    with office.database.read() as reader:
        assert prove(reader).sound


def test_a_wrong_password_signs_nothing_and_costs_a_try(office, instance):
    for password in ("salah", "", None):
        with pytest.raises(InvalidForm) as refused:
            signs(office, instance, "internal", password)
        [error] = refused.value.errors
        assert (error.path, error.label) == ("tanda_tangan.mode", "Tanda tangan Kepala Dinas")
        assert refused.value.entries["laporan.kode_klasifikasi"] == ["800.1.5.1"], "what was filled in comes back"
    assert office.open_steps(instance) == [STEP]
    for _ in range(FREE):
        with pytest.raises(InvalidForm) as refused:
            signs(office, instance, "internal", "salah lagi")
    assert "terlalu banyak sandi" in refused.value.errors[0].message
    with pytest.raises(InvalidForm):
        signs(office, instance, "internal", PASSWORD)
    office.later(minutes=16)
    signs(office, instance, "internal", PASSWORD)


def test_a_wet_signature_waits_for_its_scan_which_says_who_filed_it(office, instance):
    signs(office, instance, "wet")
    office.hire("plt", "kepala_dinas", capacity=Capacity.ACTING_PLT, decree="SK 9")
    report = document(office, instance, "laporan")
    scan = scanned(paper(office, report)[2])
    assert report.status is DocumentStatus.ISSUED
    office.later(hours=3)
    filed = file(office, report, "laporan-ttd.pdf", scan, "plt")
    assert document(office, instance, "laporan").status is DocumentStatus.SIGNED
    [view] = given(office, report, "auditor")
    assert (view.signature.signer, view.file.uploaded_by, view.file.uploaded_at) == ("kepala.dinas", "plt", office.now)
    [line] = signature_lines(office, instance, "signature:filed")
    assert (line.actor, line.at, change(line)["signer"], line.on_behalf_of) == ("plt", office.now, "kepala.dinas", None)
    assert change(line)["file_sha256"] == filed.file_sha256 == view.file.sha256
    kept, stream = office.services.documents.attachment(office.actor("auditor"), filed.attachment_id)
    with stream:
        assert (kept.name, stream.read()) == ("laporan-ttd.pdf", scan)
    with pytest.raises(Conflict):
        file(office, report, "lain.pdf", scan)
    seen = office.services.verification.by_file(io.BytesIO(scan), "10.0.0.9", office.now)
    assert (seen.document.name, seen.signed_file) == ("Laporan", True)


@pytest.mark.parametrize("mode_", ["wet", "certified"])
def test_nobody_files_a_signature_of_another_but_who_has_the_step_that_asked_for_it(office, instance, mode_):
    signs(office, instance, mode_)
    report = document(office, instance, "laporan")
    content = scanned(paper(office, report)[2])
    before = attached(office)
    for account in ("pemegang.data.1", "tim.sakip", "sekretaris", "auditor", "operator"):
        [view] = given(office, report, account)
        assert not view.may_file, account
        with pytest.raises(NotPermitted) as refused:
            file(office, report, "laporan.pdf", content, account)
        assert (refused.value.reason, refused.value.facts) == ("signature", {"holder": "kepala.dinas"})
    office.hire("orang.luar", "bagian_lain")
    with pytest.raises(NotFound):
        file(office, report, "laporan.pdf", content, "orang.luar")
    assert (attached(office), document(office, instance, "laporan").status) == (before, DocumentStatus.ISSUED)


def test_who_left_the_lane_since_files_only_what_they_signed_themselves(office, instance):
    today = office.now.date()
    office.hire("plh", "kepala_dinas", until=today, capacity=Capacity.ACTING_PLH, decree="SK 1")
    signs(office, instance, "wet")
    report = document(office, instance, "laporan")
    assert given(office, report, "plh")[0].may_file
    office.later(days=3)
    with pytest.raises(NotFound):
        given(office, report, "plh")
    head, signed = office.actor("kepala.dinas"), given(office, report)[0].signature.id
    elsewhere = replace(head.memberships[0], role="sekretaris")
    assert office.services.signing.permit(replace(head, memberships=(elsewhere,)), signed)
    with pytest.raises(NotFound):  # who works here no more reads nothing, and files nothing
        office.services.signing.permit(replace(head, memberships=()), signed)


def test_the_rule_of_filing_asks_for_the_signer_or_the_lane_of_the_step_that_asked(office, instance):
    signs(office, instance, "wet")
    given_ = given(office, document(office, instance, "laporan"))[0].signature
    with office.database.read() as reader:
        asked = document_tasks.of_signature(reader, given_.id)
    head, secretary = office.actor("kepala.dinas"), office.actor("sekretaris")
    assert (asked.person, asked.role) == ("kepala.dinas", "kepala_dinas")
    assert [asked.belongs_to(one) for one in (head, secretary)] == [True, False]
    assert replace(asked, role=None).belongs_to(head)
    assert not replace(asked, role=None, person="tim.sakip").belongs_to(head)
    assert replace(asked, role="sekretaris").belongs_to(secretary)


@ON_ONE_KIND
def test_a_scan_that_nobody_can_read_is_refused_in_words_and_leaves_nothing(office, instance):
    signs(office, instance, "wet")
    report = document(office, instance, "laporan")
    good, before = scanned(paper(office, report)[2]), attached(office)
    for name, content, why in (
        ("kosong.pdf", EMPTY, "rusak, tidak dapat dibaca"),
        ("setengah.pdf", good[: len(good) // 2], "rusak, tidak dapat dibaca"),
        ("foto.png", PICTURE[: len(PICTURE) // 2], "gambar ini rusak"),
        ("surat.docx", docx(), "pindaian harus PDF, JPG atau PNG"),
    ):
        with pytest.raises(InvalidForm) as refused:
            file(office, report, name, content)
        assert why in refused.value.errors[0].message, name
        assert refused.value.errors[0].label == name
    small = replace(office.services.signing, largest_file=100)
    office.services.signing = small
    with pytest.raises(TooLarge):
        file(office, report, "besar.pdf", good)
    with pytest.raises(UploadRefused):
        file(office, report, "bohong.pdf", b"MZ" + bytes(50))
    assert attached(office) == before
    office.services.signing = replace(small, largest_file=10**7)
    file(office, report, "foto.png", PICTURE)
    assert document(office, instance, "laporan").status is DocumentStatus.SIGNED


def test_a_scan_handed_over_with_the_step_itself_is_read_too(office, instance):
    instance = signing_letter(office, "periksa")
    office.services.tasks.complete(
        office.actor("ann"), office.task(instance, "tulis"), {"surat.isi": ["satu"]}, office.now
    )
    task = office.task(instance, "periksa")
    reader = "ann" if office.actor("ann").has(office.page(instance).open_tasks[0].role) else "sam"

    def signs_with(name, content):
        staged = office.services.documents.stage(office.actor(reader), task, name, io.BytesIO(content), office.now)
        entries = {"ttd.mode": ["wet"], "ttd.file": [staged.id]}
        office.services.tasks.complete(office.actor(reader), task, entries, office.now)

    with pytest.raises(InvalidForm) as refused:
        signs_with("ttd.pdf", EMPTY)
    assert [(error.path, "rusak" in error.message) for error in refused.value.errors] == [("ttd.file", True)]
    signs_with("ttd.png", PICTURE)
    assert given(office, document(office, instance, "surat"), "auditor")[0].file.uploaded_by == reader


def test_the_scan_of_a_version_that_was_replaced_signs_neither_it_nor_the_new_one(office):
    instance = signing_letter(office, "tulis")
    for text in ("satu", "dua"):
        task = office.task(instance, "tulis")
        entries = {"surat.isi": [text], "ttd.mode": ["wet"]}
        office.services.tasks.complete(office.actor("ann"), task, entries, office.now)
        office.later(minutes=5)
        if text == "satu":
            again = office.task(instance, "periksa")
            office.services.tasks.complete(office.actor("sam"), again, {}, office.now)
    first, second = (document(office, instance, "surat", version) for version in (1, 2))
    file(office, first, "lama.png", PICTURE, "ann")
    assert document(office, instance, "surat").status is DocumentStatus.REPLACED
    assert document(office, instance, "surat", 2).status is DocumentStatus.ISSUED
    with pytest.raises(InvalidForm) as refused:
        file(office, second, "lama.png", PICTURE, "ann")
    assert "milik dokumen lain: Surat v1" in refused.value.errors[0].message
    file(office, second, "baru.png", PICTURE + b"2", "ann")
    assert document(office, instance, "surat", 2).status is DocumentStatus.SIGNED


@ON_ONE_KIND
def test_a_certified_signature_is_validated_and_its_issuer_known_only_if_the_operator_trusts_it(office, instance):
    signs(office, instance, "certified")
    report = document(office, instance, "laporan")
    _, _, issued = paper(office, report)
    known = authority()
    signed = sign(issued, known.signer("Kepala Dinas"))
    for name, content, why in (
        ("kosong.pdf", issued, "tidak memuat tanda tangan"),
        ("ubah.pdf", signed + b"\n% ditambahkan", "ditambahkan"),
        ("rusak.pdf", signed[: len(signed) // 2], "rusak"),
    ):
        with pytest.raises(InvalidForm) as refused:
            file(office, report, name, content)
        assert why in refused.value.errors[0].message, (name, refused.value.errors)
        assert refused.value.errors[0].label == name
    (office.data_dir / TRUST).mkdir()
    (office.data_dir / TRUST / "akar.pem").write_bytes(known.pem)
    filed = file(office, report, "laporan-tte.pdf", signed)
    assert (filed.detail["trust"], filed.detail["contains_issued"], filed.detail["bsre"]) == ("trusted", True, False)
    assert document(office, instance, "laporan").status is DocumentStatus.SIGNED


@ON_ONE_KIND
def test_a_signed_pdf_of_another_document_is_refused_by_its_number(office, instance):
    signs(office, instance, "certified")
    for name, said in (("undangan", "Undangan v1 000.1.5/1/DPMPTSP/2025"), ("disposisi", "Disposisi v1")):
        _, _, other = paper(office, document(office, instance, name))
        with pytest.raises(InvalidForm) as refused:
            file(office, document(office, instance, "laporan"), "x.pdf", sign(other, authority().signer()))
        assert f"milik dokumen lain: {said}" in refused.value.errors[0].message


@ON_ONE_KIND
def test_a_certified_file_with_other_content_is_kept_and_everybody_is_told(office, instance):
    signs(office, instance, "certified")
    report = document(office, instance, "laporan")
    anew = sign(scanned(paper(office, report)[2]), authority().signer("Orang Lain, S.H."))
    filed = file(office, report, "x.pdf", anew)
    assert (filed.detail["trust"], filed.detail["contains_issued"]) == ("unknown", False)
    assert filed.detail["unlike"] == "Kepala Dinas"
    app = create_app(office.services, secret_key=b"k" * 32, office_name="Dinas", clock=lambda: office.now)
    public = app.test_client().get(f"/v/{rendering(office, report).code}").text
    for said in ("isinya bukan naskah yang diterbitkan Alur", "belum dikenal", "bukan nama penanda tangannya"):
        assert said in public


def test_what_was_printed_here_is_no_scan(office, instance):
    signs(office, instance, "wet")
    report, invitation = (document(office, instance, name) for name in ("laporan", "undangan"))
    own, draft = paper(office, report)[2], office.services.printing.draft(report)
    for content, why in (
        (own, "belum bertanda tangan basah"),
        (draft, "belum bertanda tangan basah"),
        (paper(office, report, "png")[2], "belum bertanda tangan basah"),
        (paper(office, invitation)[2], "milik dokumen lain: Undangan v1 000.1.5/1/DPMPTSP/2025"),
    ):
        with pytest.raises(InvalidForm) as refused:
            file(office, report, "ttd.png" if content.startswith(b"\x89PNG") else "ttd.pdf", content)
        assert why in refused.value.errors[0].message
    file(office, report, "ttd.pdf", scanned(own))
    assert document(office, instance, "laporan").status is DocumentStatus.SIGNED


def test_who_signs_for_another_signs_as_that(office, instance):
    office.hire("plh", "kepala_dinas", capacity=Capacity.ACTING_PLH, decree="SK 800/12/2025")
    task = office.task(instance, STEP)
    office.services.assignments.claim(office.actor("plh"), task, office.now)
    entries = office.filled("plh", task, tanda_tangan__mode="wet")
    office.services.tasks.complete(office.actor("plh"), task, entries, office.now)
    [view] = given(office, document(office, instance, "laporan"))
    signature = view.signature
    assert (signature.signer, signature.on_behalf_of, signature.decree) == (
        "plh",
        "Plh. Kepala Dinas",
        "SK 800/12/2025",
    )
    for line in signature_lines(office, instance)[-2:]:  # the team signed its lists before
        assert (line.actor, line.on_behalf_of, line.decree) == ("plh", "Plh. Kepala Dinas", "SK 800/12/2025")


def test_a_form_cannot_have_a_document_signed_that_its_step_does_not_know(office):
    section = {"type": "object", "format": "signature", "title": "Tanda tangan"}
    content = letter() | {
        f"forms/{PROCESS}/periksa.schema.json": form(baik_sekali={"type": "boolean", "title": "Baik"}, ttd=section),
        f"forms/{PROCESS}/periksa.ui.json": json.dumps({"ttd": {"ui:options": {"document": "nota"}}}).encode(),
    }
    with pytest.raises(InvalidProcedure) as refused:
        deploy(office, content)
    [finding] = refused.value.findings
    assert (finding.rule, finding.file) == ("signature", f"forms/{PROCESS}/periksa.ui.json")
    assert "ttd menandatangani nota" in finding.message


def test_what_several_people_yield_together_is_signed_in_a_later_step_only(office):
    files, path = dict(read_folder(ROOT / "processes", ROOT / "forms", SOP)), f"forms/{SOP}/siapkan_data"
    asked, shown = json.loads(files[f"{path}.schema.json"]), json.loads(files[f"{path}.ui.json"])
    asked["properties"]["ttd"] = {"type": "object", "format": "signature", "title": "Tanda tangan"}
    shown["ttd"] = {"ui:options": {"document": "draft_laporan"}}
    files |= {f"{path}.schema.json": json.dumps(asked).encode(), f"{path}.ui.json": json.dumps(shown).encode()}
    found = office.services.deployments.check(SOP, files, at_console=True)
    [finding] = [each for each in found if each.severity == "error"]
    assert (finding.rule, finding.file, finding.element_id) == ("signature", f"{path}.ui.json", "siapkan_data")
    assert "ttd menandatangani draft_laporan, yang dibuat beberapa orang bersama" in finding.message


def test_a_signature_of_a_document_that_was_not_made_is_told_at_its_field(office):
    section = {"type": "object", "format": "signature", "title": "Tanda tangan"}
    letter_ = {"type": "object", "title": "Surat", "properties": {"isi": {"type": "string", "title": "Isi"}}}
    written = json.loads(form(jadi={"type": "boolean", "title": "Jadi"}, ttd=section))
    written["if"] = {"properties": {"jadi": {"const": True}}, "required": ["jadi"]}
    written["then"] = {"properties": {"surat": letter_}}
    files = letter() | {
        f"forms/{PROCESS}/tulis.schema.json": json.dumps(written).encode(),
        f"forms/{PROCESS}/tulis.ui.json": json.dumps({"ttd": {"ui:options": {"document": "surat"}}}).encode(),
    }
    for role, account in PEOPLE.items():
        office.hire(account, role)
    deploy(office, files)
    instance = office.services.starts.start(office.actor("ann"), PROCESS, {}, office.now)
    task = office.task(instance, "tulis")
    with pytest.raises(InvalidForm) as refused:
        office.services.tasks.complete(office.actor("ann"), task, {"ttd.mode": ["wet"]}, office.now)
    assert [error.path for error in refused.value.errors] == ["ttd.mode"]


def test_nobody_signs_a_version_that_they_have_not_read(office, instance):
    task = office.task(instance, STEP)
    entries = office.filled("kepala.dinas", task, tanda_tangan__mode="wet")
    seen = {"lembar_persetujuan": "0" * 64}
    with pytest.raises(InvalidForm) as refused:
        office.services.tasks.complete(office.actor("kepala.dinas"), task, entries, office.now, seen=seen)
    assert "berubah sejak halaman ini dibuka" in refused.value.errors[0].message
    seen = {"lembar_persetujuan": document(office, instance, "lembar_persetujuan").sha256}
    office.services.tasks.complete(office.actor("kepala.dinas"), task, entries, office.now, seen=seen)


def test_one_scan_may_carry_the_signatures_of_several_documents(office, instance):
    signs(office, instance, "wet")
    for name in ("lembar_persetujuan", "laporan"):
        paper(office, document(office, instance, name))
        file(office, document(office, instance, name), "semua.png", PICTURE)
    for name in ("lembar_persetujuan", "laporan"):
        code = rendering(office, document(office, instance, name)).code
        seen = office.services.verification.by_code(code, "10.0.0.9", office.now, io.BytesIO(PICTURE))
        assert (seen.signed_file, seen.same_file) == (True, True), name


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("not_pdf", "bukan PDF"),
        ("encrypted", "dikunci dengan sandi"),
        ("too_large", "lebih besar dari 50 MB"),
        ("unsigned", "tidak memuat tanda tangan"),
        ("changed", "berubah setelah ditandatangani Sam"),
        ("appended", "sesudah ditandatangani Sam"),
        ("revoked", "sertifikat Sam sudah dicabut"),
        ("exhausting", "terlalu rumit"),
        ("unreadable", "rusak"),
    ],
)
def test_a_file_that_carries_no_good_signature_is_refused_in_words(reason, words):
    assert words in signed_files.said(reason, "Sam", str)


def test_a_picture_is_no_certified_signature(office, instance):
    signs(office, instance, "certified")
    with pytest.raises(InvalidForm) as refused:
        file(office, document(office, instance, "laporan"), "foto.png", PICTURE)
    assert "berkas ini bukan PDF" in refused.value.errors[0].message


def test_a_letter_that_another_has_to_sign_as_well_is_signed_once_both_scans_are_in(office):
    content = letter()
    for step in ("tulis", "periksa"):
        asked = json.loads(content[f"forms/{PROCESS}/{step}.schema.json"])
        asked["properties"]["ttd"] = {"type": "object", "format": "signature", "title": "Tanda tangan"}
        content[f"forms/{PROCESS}/{step}.schema.json"] = json.dumps(asked).encode()
        shown = {"ttd": {"ui:options": {"document": "surat", "later": True}}}
        content[f"forms/{PROCESS}/{step}.ui.json"] = json.dumps(shown).encode()
    for role, account in PEOPLE.items():
        office.hire(account, role)
    deploy(office, content)
    complete, wet = office.services.tasks.complete, {"ttd.mode": ["wet"]}

    def written():
        instance = office.services.starts.start(office.actor("ann"), PROCESS, {}, office.now)
        complete(office.actor("ann"), office.task(instance, "tulis"), {"surat.isi": ["satu"], **wet}, office.now)
        return instance

    instance, other = written(), written()
    found = document(office, instance, "surat")
    file(office, found, "satu.png", PICTURE, "ann")
    assert document(office, instance, "surat").status is DocumentStatus.SIGNED
    office.later(minutes=5)
    complete(office.actor("sam"), office.task(instance, "periksa"), {"baik_sekali": ["ya"], **wet}, office.now)
    assert document(office, instance, "surat").status is DocumentStatus.ISSUED, "a second scan is awaited"
    [last] = [view.signature for view in given(office, found, "sam") if not view.signature.filed]
    scan = io.BytesIO(PICTURE + b"2")
    office.services.signing.file(office.actor("sam"), last.id, "dua.png", scan, INDONESIAN, office.now)
    assert document(office, instance, "surat").status is DocumentStatus.SIGNED
    approved = {"baik_sekali": ["ya"], "ttd.mode": ["internal"]}
    with_password(office, "sam")
    retyped = Retyped(PASSWORD, "10.0.0.7")
    complete(office.actor("sam"), office.task(other, "periksa"), approved, office.now, retyped=retyped)
    assert document(office, other, "surat").status is DocumentStatus.ISSUED, "the first scan is awaited still"
    kept = office.services.printing.files_of(office.actor("sam"), document(office, other, "surat").id)
    assert {each.rendering.part for each in kept} == {"", "#2"}, "its paper shows both signatures"
