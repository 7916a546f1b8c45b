"""Ralat: what was issued and proves wrong is superseded by what a linked instance issues."""

import io
import json
import zipfile

import pytest

from engine.documents.archive_check import inspect
from engine.model.errors import Conflict, InvalidForm, NotPermitted
from engine.model.work import DocumentStatus
from engine.service.papers.corrections import COUNTING
from engine.store.queries import instances
from tests.office import SOP
from tests.papers import PICTURE
from tests.service import archiving
from tests.service.archiving import archived
from tests.service.procedures import form
from tests.service.test_printing import PROCESS, document, paper, rendering
from tests.service.test_printing import deploy as redeploy
from tests.service.test_signing import file, given, signing_letter
from tests.swept import swept

WHY = "Angka realisasi IKU-01 keliru"


def corrected(office, instance, *chosen, account="kepala.dinas", reason=WHY):
    """Start a correction."""
    return office.services.starts.correct(office.actor(account), instance, chosen or ["undangan"], reason, office.now)


def to_the_end(office, instance, *, begun=False):
    if not begun:
        office.until_data(instance)
    for holder in ("pemegang.data.1", "pemegang.data.2"):
        office.do(holder, instance, "siapkan_data", holder)
    office.later(hours=1)
    office.do("tim.sakip", instance, "susun_analisis")
    office.do("sekretaris", instance, "minta_persetujuan")
    office.do("kepala.dinas", instance, "tandatangani_persetujuan", tanda_tangan__mode="wet")


@pytest.fixture
def old(office):
    """A quarter that is completed."""
    instance = office.start()
    to_the_end(office, instance)
    office.later(days=3)
    return instance


def asked(office, version):
    return office.services.verification.by_code(rendering(office, version).code, "10.0.0.1", office.now)


def lines(office, instance):
    stream = f"instance:{instance}"
    found, _ = office.services.histories.lines(office.actor("auditor"), instance, 0, 500)
    return [(line.action, json.loads(line.change)) for line in found if line.stream == stream]


def test_a_correction_has_the_same_start_and_key_and_both_histories_say_so(office, old):
    new = corrected(office, old)
    before, after = (office.page(each).record for each in (old, new))
    assert (after.title, after.key, after.values) == (f"Ralat: {before.title}", before.key, before.values)
    assert (before.corrected_by, before.status, after.corrects["instance"]) == (new, "completed", old)
    assert lines(office, old)[-1] == (
        "instance:corrected",
        {"instance": new, "documents": ["undangan"], "reason": WHY},
    )
    assert lines(office, new)[0][1]["corrects"] == {"instance": old, "documents": ["undangan"], "reason": WHY}
    with pytest.raises(Conflict) as refused:
        office.start()
    assert refused.value.facts["instance_id"] == new, "the correction is who holds the quarter now"


def test_a_paper_counts_until_its_correction_is_issued_and_leads_to_it_then(office, old):
    letter = document(office, old, "undangan")
    paper(office, letter)
    assert (asked(office, letter).standing, asked(office, letter).corrections.under_way) == ("valid", None)
    new = corrected(office, old)
    assert asked(office, letter).standing == "valid"
    assert asked(office, letter).corrections.under_way.id == new
    office.until_data(new)
    again = document(office, new, "undangan")
    paper(office, again)
    found = asked(office, letter)
    assert (found.standing, found.corrections.under_way) == ("superseded", None)
    assert found.successor[1].replace("-", "") == rendering(office, again).code.replace("-", "")
    assert found.successor[0] != found.number
    task = document(office, old, "surat_tugas")
    paper(office, task)
    assert asked(office, task).standing == "valid", "it was not chosen"
    shown = office.services.documents.view(office.actor("auditor"), again.id).corrections
    assert [each.id for each in shown.instead_of] == [letter.id]
    register = office.services.numbers.page(office.actor("auditor"), "surat_keluar", 2025)
    assert register.successors == {(old, "undangan.nomor"): (again.id, found.successor[0])}


def test_a_correction_is_under_way_as_long_as_its_letter_waits_for_the_head_though_its_steps_are_done(office, old):
    letter = document(office, old, "surat_tugas")
    paper(office, letter)
    new = corrected(office, old, "surat_tugas")
    office.do("kepala.dinas", new, "perintahkan_pengumpulan_data")
    office.do("sekretaris", new, "siapkan_kertas_kerja")
    office.head_is_in = False
    office.do("tim.sakip", new, "susun_jadwal")
    to_the_end(office, new, begun=True)
    assert office.page(new).record.status == "completed"
    found = asked(office, letter)
    assert (found.standing, found.corrections.under_way.id) == ("valid", new)
    office.approve(new)
    assert (asked(office, letter).standing, asked(office, letter).corrections.under_way) == ("superseded", None)


def test_a_correction_that_is_terminated_leaves_all_as_it_was(office, old):
    letter = document(office, old, "undangan")
    paper(office, letter)
    new = corrected(office, old)
    office.until_data(new)
    assert asked(office, letter).standing == "superseded"
    office.services.control.terminate(office.actor("operator"), new, "Ternyata benar", office.now)
    assert asked(office, letter).standing == "valid"
    assert office.page(old).record.corrected_by is None
    assert lines(office, old)[-1] == ("correction:dropped", {"instance": new, "reason": "Ternyata benar"})
    with pytest.raises(Conflict) as refused:
        office.start()
    assert refused.value.facts["instance_id"] == old
    assert corrected(office, old) != new, "and may be corrected again"


def test_a_chain_of_corrections_leads_to_the_newest(office, old):
    letters = [document(office, old, "surat_tugas")]
    paper(office, letters[0])
    second = corrected(office, old, "undangan")
    to_the_end(office, second)
    third = corrected(office, second, "surat_tugas")
    office.until_data(third)
    newest = document(office, third, "surat_tugas")
    letters.append(document(office, second, "surat_tugas"))
    paper(office, letters[1])
    for letter in letters:  # also of the first, whose own correction did not choose it
        found = asked(office, letter)
        assert (found.standing, found.corrections.successor.id) == ("superseded", newest.id)
    with pytest.raises(Conflict) as refused:
        corrected(office, old)
    assert refused.value.reason == "corrected"


def test_who_may_start_may_correct_what_is_completed_once_and_with_a_reason(office, old):
    with pytest.raises(NotPermitted):
        corrected(office, old, account="pemegang.data.1")
    for more in ({"reason": " "}, {"reason": "x" * 501}):
        with pytest.raises(InvalidForm):
            corrected(office, old, **more)
    with pytest.raises(InvalidForm):
        corrected(office, old, "tidak_ada")
    new = corrected(office, old)
    with pytest.raises(Conflict) as refused:
        corrected(office, old)
    assert (refused.value.reason, refused.value.facts["title"]) == ("corrected", office.page(new).record.title)
    with pytest.raises(Conflict) as refused:
        corrected(office, new)
    assert refused.value.reason == "unfinished"


def test_every_paper_of_an_instance_can_be_corrected(office, old):
    every = {v.data_object_id for v in office.page(old).documents if v.status in COUNTING}
    assert {"perjanjian_kinerja", "draft_laporan", "laporan"} < every
    new = corrected(office, old, *every)
    assert office.page(new).record.corrects["documents"] == sorted(every)


def test_what_the_version_in_force_yields_no_more_is_refused_by_name(staffed):
    archiving.deploy(staffed)
    first = archiving.completed(staffed)
    renamed = {
        path.replace("surat", "nota"): content.replace(b"surat", b"nota")
        for path, content in archiving.procedure().items()
    }
    redeploy(staffed, renamed)
    with pytest.raises(InvalidForm) as refused:
        corrected(staffed, first, "surat", account="ann")
    assert [(e.label, e.keyword) for e in refused.value.errors] == [("Surat", "not_yielded")]


def test_forms_begin_with_what_is_corrected_but_its_files_numbers_and_days(office, old):
    new = corrected(office, old)
    said = json.loads(document(office, old, "undangan").content)
    services, sekretaris = office.services, office.actor("sekretaris")
    office.do("kepala.dinas", new, "perintahkan_pengumpulan_data")
    page = services.tasks.open(sekretaris, office.task(new, "siapkan_kertas_kerja"), office.now)
    begun = services.tasks.prefill(page)
    assert begun["undangan.penanda_tangan"] == [said["penanda_tangan"]] != [""]
    assert (said["nomor"] != "", begun["undangan.nomor"]) == (True, [""])
    assert begun["undangan.tanggal_surat"] == ["14/4/2025"]
    agenda = json.loads(document(office, new, "disposisi").content)["nomor_agenda"]
    assert f"nomor agenda {agenda} " in begun["undangan.alinea_pembuka"][0], "not that of the old"
    assert services.tasks.begins_with(page)["undangan"]["penanda_tangan"] == said["penanda_tangan"]
    office.do("sekretaris", new, "siapkan_kertas_kerja")
    office.do("tim.sakip", new, "susun_jadwal")
    for holder in ("pemegang.data.1", "pemegang.data.2"):  # the second after the first has begun a version
        page = services.tasks.open(office.actor(holder), office.task(new, "siapkan_data", holder), office.now)
        begun = services.tasks.prefill(page)
        rows = [path for path in begun if path.endswith(".realisasi")]
        assert rows
        assert all(begun[path][0] for path in rows), "nobody types a figure again"
        assert all(not any(begun[path]) for path in begun if path.endswith(".bukti"))
        if holder == "pemegang.data.1":
            office.do(holder, new, "siapkan_data", holder)


def test_a_letter_that_asks_for_a_signature_supersedes_once_it_is_signed(office):
    signing_letter(office, "tulis")
    ann = office.actor("ann")
    files = office.services.studio.open(PROCESS).files
    asks = {f"forms/{PROCESS}/periksa.schema.json": form(baik_sekali={"type": "boolean", "title": "Baik"})}
    redeploy(office, {**files, **asks})
    first = office.services.starts.start(ann, PROCESS, {}, office.now)

    def write(instance, version=1):
        task = office.task(instance, "tulis")
        office.services.tasks.complete(ann, task, {"surat.isi": ["Halo"], "ttd.mode": ["wet"]}, office.now)
        return document(office, instance, "surat", version)

    for version in (1, 2):  # the first is never good enough
        letter = write(first, version)
        archiving.do(office, first, "periksa", baik_sekali="ya")
    file(office, letter, "pindaian.png", PICTURE, "ann")
    paper(office, letter)
    second = corrected(office, first, "surat", account="ann")
    again = write(second)
    assert asked(office, letter).standing == "valid", "issued, and not signed"
    [waiting] = given(office, again, "ann")
    assert waiting.may_file
    file(office, again, "pindaian.png", PICTURE + b"2", "ann")
    assert asked(office, letter).standing == "superseded"
    assert document(office, first, "surat", 2).status is DocumentStatus.SIGNED, "the old one stays what it was"


def test_what_is_archived_is_corrected_too_and_the_new_berkas_names_it(staffed):
    office = staffed
    archiving.deploy(office)
    first = archived(office)
    sealed = office.services.archives.page(office.actor("auditor"), first).archive.sha256
    second = corrected(office, first, "surat", account="ann")
    page = office.services.tasks.open(office.actor("ann"), office.task(second, "tulis"), office.now)
    begun = office.services.tasks.prefill(page)
    assert (begun["surat.isi"], begun["surat.bukti"]) == (["Halo 2"], [""])
    evidence = io.BytesIO(archiving.EVIDENCE)
    kept = office.services.documents.stage(
        office.actor("ann"), office.task(second, "tulis"), "b.pdf", evidence, office.now
    )
    archiving.do(office, second, "tulis", **{"surat.isi": "Halo 3", "surat.bukti": kept.id})
    archiving.do(office, second, "periksa", baik_sekali="ya", **archiving.PLACE)
    archiving.do(office, second, "tulis", **{"surat.isi": "Halo 3"}) if office.open_steps(second) else None
    if office.open_steps(second):
        archiving.do(office, second, "periksa", baik_sekali="ya", **archiving.PLACE)
    swept(office.services.printing, office.now)
    assert swept(office.services.archives, office.now) == 1
    assert office.services.archives.page(office.actor("auditor"), first).archive.sha256 == sealed
    _, stream = office.services.archives.take(office.actor("auditor"), second, office.now)
    sha256 = office.services.archives.page(office.actor("auditor"), second).archive.sha256
    assert inspect(office.data_dir / "files" / sha256[:2] / sha256).sound
    with stream, zipfile.ZipFile(stream) as bag:
        top = bag.namelist()[0].partition("/")[0]
        assert json.loads(bag.read(f"{top}/data/arsip.json"))["meralat"]["instance"] == first
        assert f"Alur-Meralat: {first}" in bag.read(f"{top}/bag-info.txt").decode()


def test_reports_and_what_is_looked_up_count_a_quarter_once(office, old):
    def counted():
        with office.database.read() as reader:
            ended = [r.id for r in instances.completed(reader, SOP, office.now, 9)]
            return [id_ for id_, _ in instances.of_process(reader, SOP)], ended

    assert counted() == ([old], [old])
    new = corrected(office, old)
    assert counted() == ([old], [old]), "until it is completed"
    to_the_end(office, new)
    assert counted() == ([new], [new])
