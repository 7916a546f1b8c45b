"""The archive: a completed instance becomes a berkas that proves itself, and is only read from then on."""

import hashlib
import io
import json
import re
import tracemalloc
import zipfile
from dataclasses import replace

import pytest
from sqlalchemy import update

from engine import pulse
from engine.documents.archive_check import inspect
from engine.documents.sandbox import Pool
from engine.documents.typst_renderer import Press
from engine.model.archives import ArchiveStatus
from engine.model.errors import Conflict, Damaged, InvalidForm, NotFound, NotPermitted, NotPrinted
from engine.model.process import InstanceStatus
from engine.service.history.timelines import HistoryFilter
from engine.service.papers import archive_package
from engine.service.procedures.procedure import INDONESIAN
from engine.store.files import named
from engine.store.proof import prove
from engine.store.queries import instances
from engine.store.tables import attachment
from tests.papers import PICTURE
from tests.service import archiving
from tests.service.archiving import EVIDENCE, PLACE, archived, completed
from tests.service.test_printing import document, paper
from tests.store.test_history import tampering
from tests.swept import swept

EVIDENCE_SHA256 = hashlib.sha256(EVIDENCE).hexdigest()


@pytest.fixture
def bureau(staffed):
    """An office whose small procedure archives."""
    archiving.deploy(staffed)
    return staffed


def standing(office, instance):
    return office.services.archives.page(office.actor("auditor"), instance).archive


def lines(office, instance, action):
    found = office.services.histories.of_instance(office.actor("auditor"), instance, HistoryFilter(action=action)).lines
    return [(line.actor, json.loads(line.change)) for line in found]


def taken(office, instance, account="auditor"):
    name, stream = office.services.archives.take(office.actor(account), instance, office.now)
    with stream:
        return name, stream.read()


def sound(content, tmp_path):
    path = tmp_path / "berkas.zip"
    path.write_bytes(content)
    return inspect(path)


def scan(office, instance, name):
    """File the signed scan of a document, as who signed it does."""
    head, at = office.actor("kepala.dinas"), office.services.signing
    [paper] = [d for d in office.page(instance).documents if d.data_object_id == name]
    [given] = at.of_document(head, paper.id)
    at.file(head, given.signature.id, f"{name}.png", io.BytesIO(PICTURE), INDONESIAN, office.now)


def test_the_office_s_cycle_ends_in_the_archive_once_its_papers_are_printed_and_signed(office, tmp_path):
    instance = office.start()
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis")
    office.do("sekretaris", instance, "minta_persetujuan")
    office.do("kepala.dinas", instance, "tandatangani_persetujuan")
    assert swept(office.services.archives, office.now) == 0, "its papers come first"
    while swept(office.services.printing, office.now):
        pass
    assert swept(office.services.archives, office.now) == 0, "what was signed on paper is still to be scanned"
    assert not office.services.archives.make(instance, office.now), "nor when it is asked for"
    awaited = office.services.archives.page(office.actor("auditor"), instance).awaited
    assert {each.name for each in awaited if each.person == "kepala.dinas"} == {"Lembar Persetujuan", "Laporan"}
    [filing] = [each for each in awaited if each.kind == "archive"]
    assert (filing.role, filing.title) == ("tim_sakip", office.page(instance).record.title)
    office.file_scans(instance, "tim.sakip")  # attendance lists and minutes
    scan(office, instance, "lembar_persetujuan")
    scan(office, instance, "laporan")
    assert swept(office.services.archives, office.now) == 0, "nobody said yet where the paper is"
    office.file_papers(instance, retensi_aktif="2")
    assert swept(office.services.archives, office.now) == 1
    assert office.page(instance).record.status is InstanceStatus.ARCHIVED
    page = office.services.archives.page(office.actor("auditor"), instance)
    assert [(label.id, text) for label, text in page.about.place_in_words] == [
        ("Ruang", "Arsip"),
        ("Rak", "2"),
        ("Boks", "14"),
    ]
    assert (page.archive.place.filed_by, page.about.shown["level"].id) == ("tim.sakip", "Asli")
    content = taken(office, instance)[1]
    found = sound(content, tmp_path)
    assert found.faults == []
    assert found.documents == len(office.page(instance).all_documents)
    [(actor, said)] = lines(office, instance, "instance:archived")
    assert (actor, said["sha256"], said["lines"]) == ("sistem", hashlib.sha256(content).hexdigest(), found.lines)
    with office.database.read() as reader:
        assert prove(reader, f"instance:{instance}").sound
    with pytest.raises(NotPermitted) as refused:  # it holds the parts of other holders
        taken(office, instance, "pemegang.data.1")
    assert refused.value.reason == "parts"
    facts = json.loads(member(content, "data/arsip.json"))
    assert facts["klasifikasi"] == "800.1.5.1"
    assert facts["retensi"] == {"aktif_tahun": "2", "inaktif_tahun": None, "nasib_akhir": None}
    listed = {each["path"] for each in json.loads(member(content, "data/daftar-isi.json"))}
    assert {"dokumen/laporan/v1/laporan-v1.pdf", "dokumen/laporan/v1/laporan-v1.xlsx"} <= listed
    assert "sop/processes/pengumpulan_data_kinerja/functions.py" in listed
    assert any(path.endswith("-lembar_persetujuan.png") and path.startswith("lampiran/") for path in listed)
    told = {each["path"]: each for each in json.loads(member(content, "data/daftar-isi.json"))}
    [its] = [about for path, about in told.items() if path.endswith("-lembar_persetujuan.png")]
    assert its["keterangan"].endswith(" (Lembar Persetujuan v1, bertanda tangan)")
    signed = [v["tanda_tangan"] for v in json.loads(member(content, "data/dokumen/dokumen.json")) if v["tanda_tangan"]]
    assert sorted(one["mode"] for each in signed for one in each) == ["internal"] * 2 + ["wet"] * 6
    assert "dokumen/draft_laporan/v1/bagian/001-pemegang.data.1.json" in listed


def test_who_archives_says_where_the_paper_is_once_and_corrects_it_with_a_reason(office):
    instance = office.start()
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis")
    office.do("sekretaris", instance, "minta_persetujuan")
    office.do("kepala.dinas", instance, "tandatangani_persetujuan")
    inbox = office.services.inbox
    assert [one.kind for one in inbox.page(office.actor("tim.sakip.2"), office.now).papers if one.kind != "file"] == [
        "archive"
    ]
    assert [one.kind for one in inbox.page(office.actor("sekretaris"), office.now).papers] == []
    for account in ("kepala.dinas", "sekretaris", "pemegang.data.1"):
        with pytest.raises(NotPermitted) as refused:
            office.file_papers(instance, account)
        assert refused.value.reason == "archive"
    with pytest.raises(InvalidForm) as invalid:
        office.file_papers(instance, lokasi_simpan__boks="")
    assert [each.path for each in invalid.value.errors] == ["lokasi_simpan.boks"]
    office.file_papers(instance)
    assert [one for one in inbox.page(office.actor("tim.sakip.2"), office.now).papers if one.kind == "archive"] == []
    with pytest.raises(InvalidForm) as invalid:
        office.file_papers(instance, "tim.sakip.2", lokasi_simpan__boks="15")
    assert [each.path for each in invalid.value.errors] == ["alasan_pembetulan"], "from now on it is a correction"
    again = {"lokasi_simpan__boks": "15", "retensi_aktif": "2", "alasan_pembetulan": "Boksnya penuh."}
    office.file_papers(instance, "tim.sakip.2", **again)
    _, entries = office.services.archives.correction(office.actor("kepala.dinas"), instance, office.now.date())
    assert (entries["lokasi_simpan.boks"], entries["retensi_aktif"]) == (["15"], ["2"])
    [[who, stored]] = lines(office, instance, "archive:stored")
    [[_, corrected]] = lines(office, instance, "archive:corrected")
    assert (who, stored["new"]["parts"]["boks"], corrected["new"]["parts"]["boks"]) == ("tim.sakip", "14", "15")
    page = office.services.archives.page(office.actor("auditor"), instance)
    assert len(page.corrections) == 1


def member(content, path):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(archive.namelist()[0].partition("/")[0] + "/" + path)


def test_a_berkas_holds_every_version_with_its_paper_its_evidence_and_the_text_that_history_hashes(bureau):
    instance = archived(bureau)
    content = taken(bureau, instance)[1]
    for version in bureau.page(instance).all_documents:
        folder = f"data/dokumen/surat/v{version.version}"
        assert hashlib.sha256(member(content, f"{folder}/isi.json")).hexdigest() == version.sha256
        assert member(content, f"{folder}/surat-v{version.version}.pdf").startswith(b"%PDF-")
    assert member(content, "data/lampiran/001-bukti-1.pdf") == EVIDENCE
    chain = member(content, "data/riwayat/riwayat.jsonl").splitlines()
    [installation] = re.findall(r"Alur-Instalasi: (.+)", member(content, "bag-info.txt").decode())
    begins = {"format": 2, "installation": installation.strip(), "stream": f"instance:{instance}"}
    head = hashlib.sha256(json.dumps(begins, separators=(",", ":")).encode()).hexdigest()
    for text in chain:  # nothing of ours is needed: SHA-256 of each line stands in the next
        assert json.loads(text)["previous_hash"] == head
        head = hashlib.sha256(text).hexdigest()
    assert f"Alur-Riwayat-Sidik: {head}" in member(content, "bag-info.txt").decode()
    assert member(content, "data/daftar-isi.pdf").startswith(b"%PDF-")
    assert "sha256sum -c" in member(content, "LIHAT-DAHULU.txt").decode()


def test_the_same_instance_gives_the_same_bytes(bureau):
    instance = completed(bureau)
    swept(bureau.services.printing, bureau.now)
    written = []
    for _ in range(2):
        with bureau.services.archives.packages.gathered(instance, "arsip") as package, io.BytesIO() as file:
            package.bag.write(file)
            written.append(file.getvalue())
        bureau.later(days=1)
    assert written[0] == written[1]


def test_an_instance_is_archived_once_and_one_whose_forms_ask_for_no_place_never(bureau):
    instance = archived(bureau)
    before = standing(bureau, instance)
    assert swept(bureau.services.archives, bureau.now) == 0
    assert bureau.services.archives.retry(bureau.actor("operator"), instance, bureau.now) is False
    assert standing(bureau, instance) == before
    with bureau.database.read() as reader:
        looked_back_at = instances.completed(reader, archiving.PROCESS, bureau.now, 5)
    assert [record.id for record in looked_back_at] == [instance], "later instances still read what it yielded"
    other = bureau.start()
    assert standing(bureau, other) is None


def test_a_note_that_comes_while_the_berkas_is_built_is_in_it(bureau, tmp_path, monkeypatch):
    instance = completed(bureau)
    swept(bureau.services.printing, bureau.now)
    files = type(bureau.services.archives.packages.files)
    put, built = files.put_written, []

    def put_and_note(self, write):
        if not built:
            bureau.services.control.comment(bureau.actor("ann"), instance, "Sudah dijilid.", bureau.now)
        built.append(put(self, write))
        return built[-1]

    monkeypatch.setattr(files, "put_written", put_and_note)
    assert swept(bureau.services.archives, bureau.now) == 1
    content = taken(bureau, instance)[1]
    assert len(built) == 2
    assert "Sudah dijilid." in member(content, "data/riwayat/riwayat.jsonl").decode()
    assert sound(content, tmp_path).sound


def test_evidence_that_was_lost_stops_the_berkas_by_name_until_the_operator_brings_it_back(bureau):
    instance = completed(bureau)
    swept(bureau.services.printing, bureau.now)
    path = bureau.services.archives.packages.files.place.path(named(EVIDENCE_SHA256))
    for damage in (lambda: path.write_bytes(EVIDENCE[:-1]), path.unlink):
        damage()
        assert bureau.services.archives.retry(bureau.actor("operator"), instance, bureau.now) is False
        failed = standing(bureau, instance)
        assert failed.status is ArchiveStatus.FAILED
        assert "lampiran/001-bukti-1.pdf" in failed.cause
    assert swept(bureau.services.archives, bureau.now) == 0, "only the operator tries again"
    [(record, _)] = bureau.services.archives.failed(bureau.actor("operator"))
    assert record.id == instance
    with pytest.raises(Damaged):
        bureau.services.archives.examine(bureau.actor("auditor"), instance, bureau.now)
    with pytest.raises(NotPermitted):
        bureau.services.archives.retry(bureau.actor("ann"), instance, bureau.now)
    path.write_bytes(EVIDENCE)
    assert bureau.services.archives.retry(bureau.actor("operator"), instance, bureau.now) is True
    assert len(lines(bureau, instance, "archive:failed")) == 2
    assert standing(bureau, instance).attempts == 3


def test_a_paper_that_cannot_be_printed_is_named_and_comes_first(bureau):
    instance = completed(bureau)

    class Broken:
        def print(self, order):
            raise NotPrinted("surat.typ", 3, "huruf hilang")

    swept(replace(bureau.services.printing, press=Broken()), bureau.now)
    assert swept(bureau.services.archives, bureau.now) == 0
    assert "(PDF) belum dapat dicetak" in standing(bureau, instance).cause
    for version in bureau.page(instance).all_documents:
        bureau.services.printing.retry(bureau.actor("operator"), version.id, bureau.now)
    assert bureau.services.archives.retry(bureau.actor("operator"), instance, bureau.now) is True


def test_a_berkas_stays_due_while_the_press_is_busy_and_says_why_it_cannot_be_built(bureau, monkeypatch):
    instance, at = completed(bureau), bureau.services.archives
    swept(bureau.services.printing, bureau.now)

    class Broken:
        def print(self, order):
            raise NotPrinted("daftar.typ", 3, "huruf hilang")

    for press, status, said in (
        (Press(_children=Pool(str, at_once=0)), ArchiveStatus.DUE, None),
        (Broken(), ArchiveStatus.FAILED, "daftar isinya tidak dapat dicetak"),
    ):
        other = replace(at, packages=replace(at.packages, press=press))
        assert other.make(instance, bureau.now) is False
        found = standing(bureau, instance)
        assert found.status is status
        assert said is None or said in found.cause
    assert at.retry(bureau.actor("operator"), instance, bureau.now) is True


def test_a_berkas_on_which_two_workers_ended_is_set_aside_until_the_operator_tries_again(bureau, monkeypatch):
    instance = completed(bureau)
    assert bureau.services.archives.make(instance, bureau.now) is False, "its papers come first"
    swept(bureau.services.printing, bureau.now)
    monkeypatch.setenv("ALUR_HUNG", f"{instance} {instance}")
    assert swept(bureau.services.archives, bureau.now) == 0
    pulse.at("")
    assert standing(bureau, instance).status is ArchiveStatus.FAILED
    assert "macet dua kali" in standing(bureau, instance).cause
    assert bureau.services.archives.retry(bureau.actor("operator"), instance, bureau.now) is True


def test_a_history_that_was_tampered_with_is_not_archived_as_if_it_were_sound(bureau, tmp_path):
    instance, bureau.tampered = completed(bureau), True
    swept(bureau.services.printing, bureau.now)
    with tampering(bureau.database) as connection:
        connection.exec_driver_sql(
            f"UPDATE history SET actor = 'lain' WHERE stream = 'instance:{instance}' AND seq = 3"
        )
    assert swept(bureau.services.archives, bureau.now) == 0
    assert "baris 3" in standing(bureau, instance).cause
    _, stream = bureau.services.archives.examine(bureau.actor("auditor"), instance, bureau.now)
    with stream:  # the auditor gets it as it is, and the check says so
        assert any("riwayat.jsonl baris 3:" in fault for fault in sound(stream.read(), tmp_path).faults)


def test_what_is_archived_is_only_read(bureau):
    instance = archived(bureau)
    services, operator = bureau.services, bureau.actor("operator")
    before = bureau.page(instance).record
    refused = []
    for attempt in (
        lambda: services.control.comment(bureau.actor("ann"), instance, "Terlambat", bureau.now),
        lambda: services.control.suspend(operator, instance, "Menunggu", bureau.now),
        lambda: services.control.terminate(operator, instance, "Salah", bureau.now),
        lambda: services.control.resume(operator, instance, "Salah", bureau.now),
    ):
        with pytest.raises(Conflict) as conflict:
            attempt()
        refused.append(conflict.value.reason)
    assert refused == ["archived", "ended", "ended", "ended"]
    assert bureau.page(instance).record == before


def test_whoever_closed_it_corrects_the_place_and_the_auditor_sees_both(bureau):
    instance = archived(bureau)
    closer = bureau.actor(bureau.page(instance).record.ended_by)
    other = next(account for account in ("ann", "sam") if account != closer.person_id)
    moved = {path: [text] for path, text in (PLACE | {"simpan.boks": "15"}).items()}
    correct = bureau.services.archives.correct
    with pytest.raises(NotPermitted):
        correct(bureau.actor(other), instance, moved | {"alasan_pembetulan": ["Pindah"]}, bureau.now, INDONESIAN)
    with pytest.raises(InvalidForm) as invalid:
        correct(closer, instance, moved | {"simpan.ruang": [""]}, bureau.now, INDONESIAN)
    assert {error.path for error in invalid.value.errors} == {"simpan.ruang", "alasan_pembetulan"}
    correct(closer, instance, moved | {"alasan_pembetulan": ["Boks 14 penuh"]}, bureau.now, INDONESIAN)
    page = bureau.services.archives.page(bureau.actor("auditor"), instance)
    [correction] = page.corrections
    told = [[text for _, text in place] for place in (correction.old, correction.new)]
    assert (told, correction.reason) == ([["Arsip", "14"], ["Arsip", "15"]], "Boks 14 penuh")
    assert page.archive.place.parts["boks"] == "15"
    assert page.archive.sha256 == json.loads(json.dumps(lines(bureau, instance, "instance:archived")[0][1]))["sha256"]


def test_an_auditor_takes_all_there_is_of_a_running_instance_and_that_is_on_record(bureau, tmp_path):
    instance = bureau.services.starts.start(bureau.actor("ann"), archiving.PROCESS, {}, bureau.now)
    archiving.do(bureau, instance, "tulis", **{"surat.isi": "Halo"})
    name, stream = bureau.services.archives.examine(bureau.actor("auditor"), instance, bureau.now)
    with stream:
        found = sound(stream.read(), tmp_path)
    assert (found.faults, found.info["Alur-Jenis"], found.documents) == ([], "pemeriksaan", 1)
    assert name.startswith("pemeriksaan-data_objects_hold_versions")
    [line] = bureau.services.histories.everything(bureau.actor("auditor"), HistoryFilter(action="export:made")).lines
    assert (line.actor, json.loads(line.change)["instance"]) == ("auditor", instance)
    with pytest.raises(NotPermitted):
        bureau.services.archives.examine(bureau.actor("ann"), instance, bureau.now)
    bureau.hire("orang.lain", "bagian_lain")
    with pytest.raises(NotFound):
        bureau.services.archives.page(bureau.actor("orang.lain"), instance)


def test_the_auditor_gets_every_paper_that_is_printed_though_another_of_the_letter_is_not(office, tmp_path):
    instance = office.start()
    office.until_data(instance)
    letter = document(office, instance, "surat_tugas")
    printing = office.services.printing

    class WithoutWord:
        def print(self, order):
            if order.format == "docx":
                raise NotPrinted("surat_tugas.docx", None, "berkas rusak")
            return printing.press.print(order)

    replace(printing, press=WithoutWord()).make(letter.id, office.now)
    whole = paper(office, letter)[2]
    _, stream = office.services.archives.examine(office.actor("auditor"), instance, office.now)
    with stream, zipfile.ZipFile(stream) as berkas:
        held = {name.rpartition("/")[2]: name for name in berkas.namelist() if "/surat_tugas/" in name}
        assert berkas.read(held["surat_tugas-v1.pdf"]) == whole
        assert "surat_tugas-v1.docx" not in held


def test_a_berkas_that_was_taken_is_on_record_and_is_not_swept_away(bureau):
    instance = archived(bureau)
    taken(bureau, instance, "sam")
    bureau.later(days=3)
    bureau.services.documents.forget_staged(bureau.now)
    assert taken(bureau, instance)[1][:2] == b"PK"
    made = bureau.services.histories.everything(bureau.actor("auditor"), HistoryFilter(action="export:made")).lines
    assert {line.actor for line in made} == {"sam", "auditor"}
    assert {json.loads(line.change)["sha256"] for line in made} == {standing(bureau, instance).sha256}
    bureau.services.archives.packages.files.place.path(named(standing(bureau, instance).sha256)).unlink()
    assert bureau.services.archives.page(bureau.actor("auditor"), instance).contents == ()
    with pytest.raises(Damaged):
        taken(bureau, instance)


def test_a_berkas_of_large_files_does_not_fill_the_memory(bureau, database_kind):
    if database_kind != "sqlite":
        pytest.skip("files are the same on both")
    instance, bureau.tampered = completed(bureau), True
    swept(bureau.services.printing, bureau.now)
    packages = bureau.services.archives.packages
    large = packages.files.put(Zeros(96 << 20), limit=1 << 30)
    with bureau.database.unguarded() as connection:
        connection.exec_driver_sql(
            f"UPDATE attachment SET sha256 = '{large.sha256}', size = {large.size} WHERE instance_id = '{instance}'"
        )
    tracemalloc.start()
    try:
        with packages.gathered(instance, "arsip") as package:
            stored = packages.files.put_written(package.bag.write)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert stored.size > 192 << 20
    assert peak < 32 << 20


class Zeros:
    """So many zeros, that nobody holds at once."""

    def __init__(self, size):
        self.left = size

    def read(self, size, /):
        taken = min(size, self.left)
        self.left -= taken
        return bytes(taken)


def test_nothing_is_archived_of_rows_that_do_not_follow_from_history(bureau):
    instance = completed(bureau)
    swept(bureau.services.printing, bureau.now)
    bureau.tampered = True
    with bureau.database.unguarded() as connection:
        connection.execute(update(attachment).where(attachment.c.instance_id == instance).values(name="lain.pdf"))
    assert swept(bureau.services.archives, bureau.now) == 0
    kept = standing(bureau, instance)
    assert kept.status is ArchiveStatus.FAILED
    assert "attachment" in kept.cause
    assert "kolom name" in kept.cause


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Bukti tayang (akhir).pdf", "Bukti-tayang-akhir-.pdf"),
        ("../..", "berkas"),
        ("é" * 5, "berkas"),
        ("b" * 200 + ".surat dinas.pdf", "b" * 60 + ".pdf"),
    ],
)
def test_files_of_a_berkas_have_short_names_that_every_system_takes(name, kept):
    assert archive_package._safe(name) == kept
