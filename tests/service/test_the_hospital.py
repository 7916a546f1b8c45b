"""A procedure of another kind, from its files alone: records are found by shelf, lent for a slip, brought back."""

import io

import pytest

from engine.model.errors import InvalidForm, NotPermitted
from engine.model.process import InstanceStatus
from engine.store.proof import prove
from tests import papers
from tests.hospital.office import HERE, PROCESS, Hospital
from tests.office import WIB


@pytest.fixture
def hospital(database, database_url, data_dir):
    """A hospital that its operator has set up at the console."""
    return Hospital(database, data_dir, url=database_url).set_up()


def sheet(hospital, instance):
    """Number and shelf of each record, as the search sheet of somebody who goes along the shelves has them."""
    entries = hospital.filled("rekam.medis", hospital.task(instance, "cari_berkas"))
    table = [path.removesuffix(".nomor") for path in entries if path.endswith(".nomor")]
    return [(entries[f"{row}.nomor"][0], entries[f"{row}.rak"][0]) for row in table]


def due(hospital, instance):
    [view] = hospital.page(instance).current
    return view.tasks[0].due_at.astimezone(WIB).strftime("%d %H.%M")


def test_records_are_found_lent_for_a_slip_that_is_printed_and_verified_and_brought_back(hospital):
    instance = hospital.borrow("001270", "001240")
    assert hospital.page(instance).record.title == "Peminjaman Poli Anak, 2025-04-14"
    hospital.find(instance, "lengkap", "rusak")
    hospital.hand_over(instance)
    slip = hospital.document(instance, "bon_pinjam")
    services, auditor = hospital.services, hospital.actor("auditor")
    _, _, stream, _ = services.printing.file(auditor, slip.id, "pdf", "", hospital.now)
    with stream:
        paper = stream.read()
    said = papers.text(paper)
    for words in ("RUMAH SAKIT CONTOH", "RM/0001/anak", "Poli Anak", "001240", "Selasa, 15 April 2025", "lembar: 24"):
        assert words in said
    [printed] = [f.rendering for f in services.printing.files_of(auditor, slip.id) if f.rendering.format == "pdf"]
    known = services.verification.by_code(printed.code, "10.0.0.1", hospital.now)
    assert (known.number, known.standing) == ("RM/0001/anak", "valid")
    assert services.verification.by_file(io.BytesIO(paper), "10.0.0.1", hospital.now).same_file
    hospital.do(
        "poli.anak",
        instance,
        "kembalikan_berkas",
        **{"tanda_kembali.berkas.0.lembar_kembali": "12", "tanda_kembali.berkas.1.lembar_kembali": "11"},
    )
    assert hospital.page(instance).record.status is InstanceStatus.COMPLETED
    with hospital.database.read() as reader:
        assert prove(reader).sound


def test_where_a_record_lies_is_read_from_the_shelves_of_the_day_of_the_visit(hospital, tmp_path):
    moved = tmp_path / "rak.csv"
    moved.write_text("rak;akhiran_dari;akhiran_sampai;letak\nA-01;0;29;\nA-02;30;99;\n")
    hospital.alur("register-import", "rak_rekam_medis", str(moved), "--since", "2025-05-01")
    april = hospital.borrow("001270", "001240", day="2025-04-30")
    may = hospital.borrow("001270", "001240", day="2025-05-02")
    assert sheet(hospital, april) == [("001240", "A-01"), ("001270", "A-02")]
    assert sheet(hospital, may) == [("001240", "A-02"), ("001270", "A-02")]


def test_the_search_is_due_in_working_hours_and_the_slip_in_working_days(hospital):
    hospital.later(hours=5, minutes=15)  # half past three on a Friday that ends at half past four
    instance = hospital.borrow("001240")
    assert due(hospital, instance) == "14 08.30"
    hospital.find(instance, "lengkap")
    entries = hospital.filled("rekam.medis", hospital.task(instance, "serahkan_berkas"))
    assert entries["bon_pinjam.batas_kembali"] == ["15/4/2025"]


def test_research_needs_a_permit_of_the_head_who_may_not_permit_what_they_asked_for(hospital):
    own = hospital.borrow("001240", purpose="penelitian", account="kepala.rm")
    hospital.find(own, "lengkap")
    with pytest.raises(NotPermitted):
        hospital.do("kepala.rm", own, "izinkan_peminjaman", keputusan="setuju")
    asked = hospital.borrow("001240", purpose="penelitian")
    hospital.find(asked, "lengkap")
    hospital.do("kepala.rm", asked, "izinkan_peminjaman", keputusan="setuju")
    entries = hospital.filled("rekam.medis", hospital.task(asked, "serahkan_berkas"))
    assert entries["bon_pinjam.batas_kembali"] == ["22/4/2025"], "five working days, over a holiday"
    refused = hospital.borrow("001240", purpose="audit")
    hospital.find(refused, "lengkap")
    hospital.do("kepala.rm", refused, "izinkan_peminjaman", keputusan="tolak", alasan="Belum ada surat tugas.")
    assert hospital.page(refused).record.status is InstanceStatus.COMPLETED


def test_what_was_not_found_is_not_lent_and_every_slip_has_the_next_number(hospital):
    numbers = []
    for _ in range(2):
        instance = hospital.borrow("001240", "001270")
        hospital.find(instance, "tidak_ditemukan", "lengkap")
        hospital.hand_over(instance)
        slip = hospital.services.documents.view(
            hospital.actor("auditor"), hospital.document(instance, "bon_pinjam").id
        ).content
        assert [(row["nomor"], row["lembar"]) for row in slip["berkas"]] == [("001270", 12)]
        numbers.append(slip["nomor"])
    assert numbers == ["RM/0001/anak", "RM/0002/anak"]


def test_a_wrong_record_number_is_named_by_its_row(hospital):
    with pytest.raises(InvalidForm) as refused:
        hospital.borrow("001240", "12")
    assert [error.path for error in refused.value.errors] == ["permintaan.berkas.1.nomor"]


def test_the_console_finds_nothing_wrong_and_names_what_somebody_broke(hospital, tmp_path):
    assert "tidak ada kesalahan" in hospital.alur("check", str(HERE / "processes" / PROCESS))
    broken = tmp_path / PROCESS
    broken.mkdir()
    for path in (HERE / "processes" / PROCESS).iterdir():
        (broken / path.name).write_text(path.read_text().replace("berkas_dipinjam(", "berkas_terpinjam("))
    done = hospital.asked("check", str(broken))
    assert done.exit_code == 2
    assert "berkas_dipinjam" in done.output
    assert "serahkan_berkas" in done.output
