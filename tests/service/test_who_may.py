"""Who may, for this object: evidence, documents, staged files and tasks answer those whom they concern."""

import io
import json
import zipfile
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from engine.model.errors import Conflict, InvalidForm, NotFound, NotPermitted
from engine.service.history.timelines import HistoryFilter
from engine.service.papers import documents as service
from engine.service.papers.uploads import UploadRefused
from engine.service.procedures.procedure import INDONESIAN
from engine.store.tables import attachment
from tests.office import STAFF, returned
from tests.papers import PICTURE

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
HOLDERS = ("pemegang.data.1", "pemegang.data.2")


@pytest.fixture
def collecting(office):
    """An instance whose holders are asked for their data."""
    instance = office.start()
    office.until_data(instance)
    return instance


def evidence(office, instance, holder, version=1):
    """The ids of the files in a holder's part of a version."""
    [found] = [
        d for d in office.page(instance).all_documents if (d.data_object_id, d.version) == ("draft_laporan", version)
    ]
    part = next(p for p in found.parts if p.item == holder)
    return [id_ for row in json.loads(part.content)["baris"] for id_ in row["bukti"]]


def opens(office, account, id_):
    try:
        office.services.documents.attachment(office.actor(account), id_)[1].close()
    except NotFound:
        return False
    return True


def stage(office, account, task, name="bukti.pdf", content=PDF):
    return office.services.documents.stage(office.actor(account), task, name, io.BytesIO(content), office.now)


def staged(office):
    with office.database.read() as reader:
        query = select(func.count()).select_from(attachment).where(attachment.c.instance_id.is_(None))
        return reader.connection.scalar(query), set(office.services.documents.files.names())


# ── evidence ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_evidence_opens_to_its_holder_and_to_those_who_read_every_part_and_so_do_old_versions(office, collecting):
    for holder in HOLDERS:
        office.do(holder, collecting, "siapkan_data", holder)
    office.do("tim.sakip", collecting, "susun_analisis", **returned("pemegang.data.1"))
    office.do("pemegang.data.1", collecting, "siapkan_data", "pemegang.data.1")
    office.hire("orang.luar", "bagian_lain")
    first, second = (evidence(office, collecting, "pemegang.data.1", version) for version in (1, 2))
    assert first[0] not in second, "what was returned was replaced"
    everything = {*STAFF, "orang.luar"} - set(HOLDERS) - {"orang.luar"}
    for ids, owner in (
        (first, HOLDERS[0]),
        (second, HOLDERS[0]),
        (evidence(office, collecting, HOLDERS[1]), HOLDERS[1]),
    ):
        reads = {account for account in (*STAFF, "orang.luar") if opens(office, account, ids[0])}
        assert reads == everything | {owner}
    lines = office.services.histories.of_instance(office.actor(HOLDERS[1]), collecting, HistoryFilter()).lines
    assert any(first[0] in line.change for line in lines), "history hides nothing, and an id alone opens nothing"


def test_naming_a_file_of_somebody_else_neither_shows_nor_takes_nor_opens_it(office, collecting):
    waiting = office.task(collecting, "siapkan_data", HOLDERS[0])
    foreign = stage(office, HOLDERS[0], waiting, "rahasia-draf.pdf").id
    office.do(HOLDERS[0], collecting, "siapkan_data", HOLDERS[0])
    task, actor = office.task(collecting, "siapkan_data", HOLDERS[1]), office.actor(HOLDERS[1])
    filled = office.filled(HOLDERS[1], task)
    [at, *_] = [path for path in filled if path.endswith(".bukti")]
    mine = filled[at][-1]
    for id_ in (foreign, evidence(office, collecting, HOLDERS[0])[0]):
        page = office.services.tasks.open(actor, task, office.now)
        shown = office.services.tasks.fields(page, filled | {at: ["", id_]}, (), INDONESIAN)
        assert "rahasia" not in repr(shown)
        reading, _ = office.services.tasks.reading(page, filled | {at: ["", id_]}, INDONESIAN)
        assert id_ not in repr(reading.values)
        with pytest.raises(InvalidForm) as refused:
            office.services.tasks.complete(actor, task, filled | {at: ["", id_]}, office.now)
        assert {error.path for error in refused.value.errors} == {at}
    id_ = evidence(office, collecting, HOLDERS[0])[0]
    texts = {at.replace("bukti", name): [id_] for name in ("kendala", "tindak_lanjut")}
    office.services.tasks.complete(actor, task, filled | texts, office.now)
    assert opens(office, HOLDERS[1], mine)
    assert not opens(office, HOLDERS[1], id_), "an id in a text is a text"


def test_a_file_handed_in_for_one_task_is_not_taken_for_another(office, collecting):
    other = office.start(period="II")
    office.until_data(other)
    for_other = stage(office, HOLDERS[0], office.task(other, "siapkan_data", HOLDERS[0])).id
    task = office.task(collecting, "siapkan_data", HOLDERS[0])
    filled = office.filled(HOLDERS[0], task)
    [at, *_] = [path for path in filled if path.endswith(".bukti")]
    with pytest.raises(InvalidForm):
        office.services.tasks.complete(office.actor(HOLDERS[0]), task, filled | {at: ["", for_other]}, office.now)
    assert opens(office, HOLDERS[0], for_other)
    assert not opens(office, "auditor", for_other), "what is staged is its owner's alone"


def test_documents_and_their_signatures_open_only_to_those_who_take_part(office, collecting):
    office.hire("orang.luar", "bagian_lain")
    stranger, insider = office.actor("orang.luar"), office.actor(HOLDERS[1])
    for document in office.page(collecting).documents:
        for ask in (
            office.services.documents.view,
            office.services.signing.of_document,
            office.services.printing.files_of,
        ):
            ask(insider, document.id)
            with pytest.raises(NotFound):
                ask(stranger, document.id)
    assert office.services.documents.search(stranger, {}).page.rows == ()


def test_till_a_place_is_recorded_only_the_operator_and_who_archives_say_where_the_manual_copy_stands(
    office, collecting
):
    for holder in HOLDERS:
        office.do(holder, collecting, "siapkan_data", holder)
    for account, step in (("tim.sakip", "susun_analisis"), ("sekretaris", "minta_persetujuan")):
        office.do(account, collecting, step)
    office.do("kepala.dinas", collecting, "tandatangani_persetujuan")
    office.hire("orang.luar", "bagian_lain")
    at, may = office.services.archives, set()
    for account in (*STAFF, "orang.luar"):
        try:
            at.correction(office.actor(account), collecting, office.now.date())
        except (NotFound, NotPermitted):
            with pytest.raises((NotFound, NotPermitted)):
                at.correct(office.actor(account), collecting, {}, office.now, INDONESIAN)
        else:
            may.add(account)
        if account not in ("orang.luar", "auditor", "operator"):
            with pytest.raises(NotPermitted):
                at.examine(office.actor(account), collecting, office.now)
    assert may == {"tim.sakip", "tim.sakip.2", "operator"}
    office.file_papers(collecting)
    at.correction(office.actor("kepala.dinas"), collecting, office.now.date())  # who completed it corrects it, too


# ── files that are handed in ────────────────────────────────────────────────────────────────────────────────────────


def test_files_are_taken_only_for_a_task_that_one_may_fill_in_before_a_byte_is_kept(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    task, before = office.task(instance, "susun_jadwal"), staged(office)
    office.services.assignments.claim(office.actor("tim.sakip"), task, office.now)
    for account, refusal in (
        ("pemegang.data.1", NotPermitted),
        ("auditor", NotPermitted),
        ("operator", NotPermitted),
        ("tim.sakip.2", Conflict),  # whose colleague has it
    ):
        with pytest.raises(refusal):
            stage(office, account, task)
    with pytest.raises(NotFound):
        stage(office, "tim.sakip", "0" * 32)
    office.services.control.suspend(office.actor("operator"), instance, "Menunggu surat", office.now)
    with pytest.raises(Conflict):
        stage(office, "tim.sakip", task)
    assert staged(office) == before
    office.services.control.resume(office.actor("operator"), instance, "Surat sudah ada", office.now)
    office.services.tasks.save_draft(office.actor("tim.sakip"), task, {}, office.now)
    office.services.control.suspend(office.actor("operator"), instance, "Menunggu surat lagi", office.now)
    assert stage(office, "tim.sakip", task).uploaded_by == "tim.sakip", "a draft keeps what belongs to it"


def test_somebody_whose_account_was_closed_neither_hands_in_nor_completes(office):
    instance = office.start()
    task, head = office.task(instance, "perintahkan_pengumpulan_data"), office.actor("kepala.dinas")
    entries = office.filled("kepala.dinas", task)
    office.services.people.set_active(office.actor("operator"), "kepala.dinas", False, "Mutasi", office.now)
    for deed in (
        lambda: office.services.documents.stage(head, task, "a.pdf", io.BytesIO(PDF), office.now),
        lambda: office.services.tasks.complete(head, task, entries, office.now),
    ):
        with pytest.raises(NotPermitted) as refused:
            deed()
        assert refused.value.reason == "inactive"


@pytest.mark.parametrize(("name", "most"), [("MOST_STAGED", 2), ("MOST_STAGED_BYTES", 2 * len(PDF))])
def test_nobody_fills_the_disk_with_files_that_no_form_uses(office, collecting, monkeypatch, name, most):
    monkeypatch.setattr(service, name, most)
    task = office.task(collecting, "siapkan_data", HOLDERS[0])
    for _ in range(2):
        stage(office, HOLDERS[0], task)
    before = staged(office)
    with pytest.raises(UploadRefused) as refused:
        stage(office, HOLDERS[0], task, "satu-lagi.png", PICTURE)
    assert (refused.value.reason, staged(office)) == ("quota", before)
    stage(office, HOLDERS[1], office.task(collecting, "siapkan_data", HOLDERS[1]))


def test_what_is_not_what_its_name_says_is_never_written(office, collecting):
    task, before = office.task(collecting, "siapkan_data", HOLDERS[0]), staged(office)
    for name, content, why in (
        ("a.pdf", b"MZ" + bytes(100), "content"),
        ("a.exe", PDF, "kind"),
        ("a.docx", office_file(WORD, "application/vnd.ms-office.&#118;baProject"), "macros"),
        ("a.docx", office_file(WORD.replace("document.main", "document.macroEnabled.main")), "macros"),
        ("a.xlsx", office_file(WORD), "content"),
        ("a.docx", office_file("teks"), "content"),
        ("a.docx", office_file('"><!DOCTYPE'), "content"),
    ):
        with pytest.raises(UploadRefused) as refused:
            stage(office, HOLDERS[0], task, name, content)
        assert refused.value.reason == why, name
    assert staged(office) == before
    assert stage(office, HOLDERS[0], task, "a.docx", office_file(WORD)).size


WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def office_file(main, other="image/png"):
    """A Word file with a part that has a harmless name."""
    held = io.BytesIO()
    kinds = {"isi.xml": main, "gambar.bin": other}
    types = "".join(f'<Override PartName="/word/{name}" ContentType="{kind}"/>' for name, kind in kinds.items())
    with zipfile.ZipFile(held, "w") as parts:
        parts.writestr("[Content_Types].xml", f"<Types>{types}</Types>")
        for name in kinds:
            parts.writestr(f"word/{name}", "<w/>")
    return held.getvalue()


# ── what a refusal tells ────────────────────────────────────────────────────────────────────────────────────────────


def test_strangers_are_told_whose_a_task_is_and_never_who_did_it_or_has_it(office):
    instance = office.start()
    done = office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    held = office.task(instance, "susun_jadwal")
    office.services.assignments.claim(office.actor("tim.sakip"), held, office.now)
    office.hire("orang.luar", "bagian_lain")
    at, hands, now = office.services.tasks, office.services.assignments, office.now
    for account in ("orang.luar", "pemegang.data.1"):
        stranger = office.actor(account)
        for task in (done, held):
            for ask in (
                at.permit,
                lambda who, task: hands.claim(who, task, now),
                lambda who, task: hands.release(who, task, now),
                lambda who, task: hands.hand_over(who, task, "tim.sakip", "tidak sempat", now),
                lambda who, task: at.complete(who, task, {}, now),
                lambda who, task: office.services.documents.stage(who, task, "a.pdf", io.BytesIO(PDF), now),
            ):
                with pytest.raises(NotPermitted) as refused:
                    ask(stranger, task)
                assert refused.value.reason == "lane"
                assert set(refused.value.facts) <= {"role", "lane"}
    head = office.actor("kepala.dinas")
    elsewhere = replace(head, memberships=(replace(head.memberships[0], role="sekretaris"),))
    with pytest.raises(Conflict) as told:  # who did it learns that it is done
        at.complete(elsewhere, done, {}, now)
    assert (told.value.reason, told.value.who) == ("completed", "kepala.dinas")


def test_a_task_is_filled_in_claimed_or_only_read_and_says_why(office):
    instance, operator = office.start(), office.actor("operator")
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    task = office.task(instance, "susun_jadwal")

    def may():
        pages = [office.services.tasks.open(office.actor(a), task, office.now) for a in ("tim.sakip", "tim.sakip.2")]
        return [(page.may, page.why) for page in pages]

    assert may() == [("claim", None), ("claim", None)]
    office.services.assignments.claim(office.actor("tim.sakip"), task, office.now)
    assert may() == [("fill", None), ("read", "held")]
    office.services.control.suspend(operator, instance, "Menunggu", office.now)
    assert may() == [("read", "suspended"), ("read", "suspended")]
    office.services.control.resume(operator, instance, "Lanjut", office.now)
    office.do("tim.sakip", instance, "susun_jadwal")
    assert may() == [("read", "completed"), ("read", "completed")]


@pytest.mark.parametrize("text", ["", " \n ", "x" * 4001])
def test_a_note_says_something_and_not_everything(office, text):
    instance = office.start()
    with pytest.raises(InvalidForm) as refused:
        office.services.control.comment(office.actor("sekretaris"), instance, text, office.now)
    assert [error.path for error in refused.value.errors] == ["catatan"]
    found = office.services.histories.of_instance(
        office.actor("auditor"), instance, HistoryFilter(action="comment:added")
    )
    assert found.lines == ()
