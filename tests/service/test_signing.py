"""The head of office signs in one of three ways, and every reader learns which of them and what it is worth."""

import io
import json

import pytest

from engine.model.errors import Conflict, InvalidForm, InvalidProcedure, NotPermitted
from engine.model.history import Action, Deed
from engine.model.people import Capacity
from engine.model.work import DocumentStatus
from engine.service.accounts import Retyped
from engine.service.attempts import FREE
from engine.service.histories import Filter
from engine.service.procedures import INDONESIAN
from engine.service.signing import TRUST
from engine.store.history import verify
from engine.store.queries import people
from tests.documents.certificates import authority, sign
from tests.service.procedures import PEOPLE, form
from tests.service.test_printing import PROCESS, deploy, document, letter, paper, rendering

PASSWORD = "kopi pagi di kantor"
STEP = "tandatangani_persetujuan"
SCAN = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


@pytest.fixture
def instance(office):
    """An instance that waits for the signature of the head of office, who has a password."""
    with office.database.write(office.actor("kepala.dinas"), office.now) as work:
        people.change(work, "kepala.dinas", password_hash=office.services.accounts.hasher.hash(PASSWORD))
        work.record("person:kepala.dinas", Deed(Action.PASSWORD_CHANGED))
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


def stage(office, name, content, account="kepala.dinas"):
    return office.services.documents.stage(office.actor(account), None, name, io.BytesIO(content), office.now)


def file(office, found, staged, account="kepala.dinas"):
    [(signature, _)] = given(office, found, account)
    return office.services.signing.file(office.actor(account), signature.id, staged, INDONESIAN, office.now)


def signature_lines(office, instance, action="document:signed"):
    narrowed = Filter(action=action)
    return office.services.histories.of_instance(office.actor("auditor"), instance, narrowed).lines


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
        [(signature, may_file)] = given(office, found)
        assert (signature.mode, signature.signer, signature.document_sha256) == (
            "internal",
            "kepala.dinas",
            found.sha256,
        )
        assert not may_file
    assert [mode(line) for line in signature_lines(office, instance)] == ["internal", "internal"]
    again = paper(office, sheet, part="#1")
    assert again[0] == "lembar_persetujuan-v1-ditandatangani-1.pdf"
    assert rendering(office, sheet, part="#1").code != rendering(office, sheet).code
    assert paper(office, sheet)[2] != again[2], "the paper that went out stays as it was"
    with office.database.read() as reader:
        assert verify(reader).sound


def test_a_wrong_password_signs_nothing_and_costs_a_try(office, instance):
    for password in ("salah", "", None):
        with pytest.raises(InvalidForm) as refused:
            signs(office, instance, "internal", password)
        [error] = refused.value.errors
        assert (error.path, error.label) == ("tanda_tangan.mode", "Tanda tangan Kepala Dinas")
        assert refused.value.entries["laporan.petugas"] == ["tim.sakip"], "what was filled in comes back"
    assert office.open_steps(instance) == [STEP]
    for _ in range(FREE):
        with pytest.raises(InvalidForm) as refused:
            signs(office, instance, "internal", "salah lagi")
    assert "terlalu banyak sandi" in refused.value.errors[0].message
    with pytest.raises(InvalidForm):
        signs(office, instance, "internal", PASSWORD)
    office.later(minutes=16)
    signs(office, instance, "internal", PASSWORD)


def test_a_wet_signature_waits_for_its_scan_which_a_colleague_may_file_once(office, instance):
    signs(office, instance, "wet")
    report = document(office, instance, "laporan")
    paper(office, report)  # which is what was signed
    assert report.status is DocumentStatus.ISSUED
    assert given(office, report, "sekretaris")[0][1], "whoever works in the procedure may file the scan"
    assert not given(office, report, "auditor")[0][1]
    scan = stage(office, "laporan-ttd.pdf", SCAN, "sekretaris")
    with pytest.raises(NotPermitted):
        file(office, report, scan, "auditor")
    filed = file(office, report, scan, "sekretaris")
    assert document(office, instance, "laporan").status is DocumentStatus.SIGNED
    [line] = signature_lines(office, instance, "signature:filed")
    assert (line.actor, change(line)["signer"], line.on_behalf_of) == ("sekretaris", "kepala.dinas", None)
    assert change(line)["file_sha256"] == filed.file_sha256 == scan.sha256
    kept, stream = office.services.documents.attachment(office.actor("auditor"), scan.id)
    with stream:
        assert (kept.name, stream.read()) == ("laporan-ttd.pdf", SCAN)
    with pytest.raises(Conflict):
        file(office, report, stage(office, "lain.pdf", b"%PDF-1.7\n%lain\n%%EOF\n"))
    seen = office.services.verification.by_file(io.BytesIO(SCAN), "10.0.0.9", office.now)
    assert (seen.name, seen.signed_file) == ("Laporan", True)


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
            file(office, report, stage(office, name, content))
        assert why in refused.value.errors[0].message, (name, refused.value.errors)
        assert refused.value.errors[0].label == name
    (office.data_dir / TRUST).mkdir()
    (office.data_dir / TRUST / "akar.pem").write_bytes(known.pem)
    filed = file(office, report, stage(office, "laporan-tte.pdf", signed))
    assert (filed.detail["trust"], filed.detail["contains_issued"], filed.detail["bsre"]) == ("trusted", True, False)
    assert document(office, instance, "laporan").status is DocumentStatus.SIGNED


def test_a_signed_pdf_of_another_document_is_not_taken_for_this_one(office, instance):
    signs(office, instance, "certified")
    _, _, other = paper(office, document(office, instance, "disposisi"))
    filed = file(
        office, document(office, instance, "laporan"), stage(office, "x.pdf", sign(other, authority().signer()))
    )
    assert (filed.detail["trust"], filed.detail["contains_issued"]) == ("unknown", False)


def test_who_signs_for_another_signs_as_that(office, instance):
    office.hire("plh", "kepala_dinas", capacity=Capacity.ACTING_PLH, decree="SK 800/12/2025")
    task = office.task(instance, STEP)
    office.services.tasks.claim(office.actor("plh"), task, office.now)
    entries = office.filled("plh", task, tanda_tangan__mode="wet")
    office.services.tasks.complete(office.actor("plh"), task, entries, office.now)
    [(signature, _)] = given(office, document(office, instance, "laporan"))
    assert (signature.signer, signature.on_behalf_of, signature.decree) == (
        "plh",
        "Plh. Kepala Dinas",
        "SK 800/12/2025",
    )
    for line in signature_lines(office, instance):
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
    instance = office.services.instances.start(office.actor("ann"), PROCESS, {}, office.now)
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
    scan = stage(office, "semua.pdf", SCAN)
    for name in ("lembar_persetujuan", "laporan"):
        paper(office, document(office, instance, name))
        file(office, document(office, instance, name), scan)
    for name in ("lembar_persetujuan", "laporan"):
        code = rendering(office, document(office, instance, name)).code
        seen = office.services.verification.by_code(code, "10.0.0.9", office.now, io.BytesIO(SCAN))
        assert (seen.signed_file, seen.same_file) == (True, True), name
