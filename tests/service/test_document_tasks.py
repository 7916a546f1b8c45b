"""What goes out in the head's name waits for the head, beside the steps: approved, sent back, corrected, scanned."""

import io
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import update

from engine.cli import CONSOLE
from engine.model.errors import Conflict, InvalidForm, InvalidProcedure, NotFound, NotPermitted, NotPrinted
from engine.model.people import Capacity
from engine.model.signatures import Mode
from engine.model.work import DocumentStatus
from engine.service.authoring.checking import read_folder
from engine.service.history.timelines import HistoryFilter
from engine.service.papers.signing import Signer
from engine.service.procedures.procedure import INDONESIAN
from engine.service.work.inbox import TaskFilter, TaskView
from engine.store import tables
from engine.store.proof import prove
from engine.store.queries import task_lists
from engine.web.formatting import capped
from tests.documents.pdf_text import pages_of
from tests.office import ROOT, SOP
from tests.papers import PICTURE
from tests.service.test_printing import document, paper, rendering
from tests.swept import swept

HEAD = "kepala.dinas"
SURE = Signer(lambda: None, {})


@pytest.fixture
def instance(office):
    """An instance whose invitation is written while the head is out."""
    office.head_is_in = False
    instance = office.start()
    office.do(HEAD, instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    return instance


def waiting(office, account, instance=None):
    """What somebody finds in the inbox beside the steps."""
    found = office.services.inbox.page(office.actor(account), office.now).papers
    return [(each.kind, each.name) for each in found if instance in (None, each.instance_id)]


def count(office, account):
    return office.services.inbox.count(office.actor(account))


def approve(office, found, mode=Mode.INTERNAL, account=HEAD, signer=SURE):
    at = office.services.approvals
    at.approve(office.actor(account), found.id, mode, signer, INDONESIAN, office.now)


def send_back(office, found, why="Tanggal rapatnya hari libur.", account=HEAD):
    office.services.approvals.send_back(office.actor(account), found.id, why, office.now)


def mend(office, found, account="sekretaris", **more):
    at, actor = office.services.approvals, office.actor(account)
    mending = at.mending(actor, found.id, office.now)
    typed = {path.replace("__", "."): [text] for path, text in more.items()}
    return at.mend(actor, replace(mending, entries={**mending.entries, **typed}), INDONESIAN, office.now)


def file(office, found, account, content=PICTURE):
    [view] = office.services.signing.of_document(office.actor("auditor"), found.id)
    at, stream = office.services.signing, io.BytesIO(content)
    return at.file(office.actor(account), view.signature.id, "ttd.png", stream, INDONESIAN, office.now)


def lines(office, instance):
    found = office.services.histories.of_instance(office.actor("auditor"), instance, HistoryFilter()).lines
    return [(line.action, line.actor) for line in found if line.action.startswith(("document:", "signature:"))]


def test_a_letter_waits_for_the_head_and_is_issued_with_their_word(office, instance):
    letter = document(office, instance, "undangan")
    assert (letter.status, letter.issued_at, letter.approver) == (DocumentStatus.WAITING, None, "kepala_dinas")
    assert document(office, instance, "kertas_kerja").status is DocumentStatus.ISSUED, "it goes out in nobody's name"
    before = count(office, HEAD)
    assert waiting(office, HEAD) == [("approve", "Undangan")]
    assert waiting(office, "sekretaris") == waiting(office, "tim.sakip") == []
    office.later(hours=2)
    approve(office, letter)
    letter = document(office, instance, "undangan")
    assert (letter.status, letter.issued_at) == (DocumentStatus.SIGNED, office.now)
    assert (waiting(office, HEAD), count(office, HEAD)) == ([], before - 1)
    said = "".join(pages_of(paper(office, letter)[2]))
    assert "KepalaDinas,Disetujuisecaraelektronik" in said
    assert "BELUMDISETUJUI" not in said
    told = [line for line in lines(office, instance) if line[1] == HEAD and line[0] != "document:issued"]
    assert told == [("document:approved", HEAD), ("document:signed", HEAD)]
    assert ("document:submitted", "sekretaris") in lines(office, instance)


def test_nothing_rests_on_a_letter_that_waits_and_its_paper_says_so(office, instance):
    letter, team = document(office, instance, "undangan"), office.actor("tim.sakip")
    task = office.task(instance, "susun_jadwal")
    office.services.assignments.claim(team, task, office.now)
    entries = office.filled("tim.sakip", task)
    with pytest.raises(InvalidForm) as refused:
        office.services.tasks.complete(team, task, entries, office.now)
    [error] = refused.value.errors
    assert (error.keyword, error.label, error.message) == ("pending", "Undangan", "Kepala Dinas")
    page = office.services.tasks.open(team, task, office.now)
    assert [paper.state for paper in page.needs] == ["pending", "present"]
    name, _, draft = paper(office, letter)
    assert name == "undangan-v1-belum-disetujui.pdf"
    said = "".join(pages_of(draft))
    assert "BELUMDISETUJUI,bukandokumenresmi" in said
    assert "Periksakeaslian" not in said, "what proves nothing carries no code"
    with pytest.raises(NotFound):
        paper(office, letter, "docx")
    approve(office, letter)
    office.services.tasks.complete(team, task, entries, office.now)


def test_only_who_holds_the_role_today_gives_the_head_s_word(office, instance):
    letter = document(office, instance, "undangan")
    for account in ("sekretaris", "tim.sakip", "operator", "auditor", "pemegang.data.1"):
        with pytest.raises((NotPermitted, NotFound)):
            approve(office, letter, account=account)
        with pytest.raises((NotPermitted, NotFound)):
            send_back(office, letter, account=account)
    until = office.now.date()
    office.gives("sekretaris", "kepala_dinas", date(2025, 4, 1), until, Capacity.ACTING_PLH, "SK 1/2025")
    stands_in = office.actor("sekretaris")
    office.later(days=3)
    with pytest.raises(NotPermitted):  # asked again as of now, whatever the session believes
        office.services.approvals.approve(stands_in, letter.id, Mode.WET, SURE, INDONESIAN, office.now)
    office.later(days=-3)
    approve(office, letter, Mode.WET, "sekretaris")
    letter = document(office, instance, "undangan")
    said = "".join(pages_of(paper(office, letter)[2]))
    assert "Plh.KepalaDinas,Sekretaris(contoh)PembinaTingkatI" in said
    [view] = office.services.signing.of_document(office.actor("auditor"), letter.id)
    assert (view.signature.on_behalf_of, view.signature.decree) == ("Plh. Kepala Dinas", "SK 1/2025")


def test_the_password_is_asked_for_an_internal_approval_and_one_word_counts(office, instance):
    letter = document(office, instance, "undangan")
    with pytest.raises(InvalidForm) as refused:
        approve(office, letter, signer=Signer(None, {}))
    assert "sandi yang diketik ulang" in refused.value.errors[0].message
    approve(office, letter, Mode.WET, signer=Signer(None, {}))
    for deed in (approve, send_back):
        with pytest.raises(Conflict):
            deed(office, letter)


def test_a_scan_of_an_approved_letter_is_a_task_of_who_may_file_it(office, instance):
    letter = document(office, instance, "undangan")
    approve(office, letter, Mode.WET)
    assert document(office, instance, "undangan").status is DocumentStatus.ISSUED
    assert waiting(office, HEAD) == [("file", "Undangan")]
    assert waiting(office, "sekretaris") == waiting(office, "tim.sakip") == []
    office.hire("plh", "kepala_dinas", capacity=Capacity.ACTING_PLH, decree="SK 1")
    assert waiting(office, "plh") == [("file", "Undangan")], "who holds the role files as well"
    with pytest.raises(NotPermitted):
        file(office, letter, "sekretaris")
    with pytest.raises(NotPermitted):
        office.services.approvals.permit_filing(office.actor("sekretaris"), instance)
    file(office, letter, "plh")
    assert document(office, instance, "undangan").status is DocumentStatus.SIGNED
    assert waiting(office, HEAD) == []
    with pytest.raises(Conflict):
        office.services.approvals.permit_filing(office.actor("sekretaris"), instance)


def test_what_comes_back_is_corrected_alone_and_waits_again_with_its_number(office, instance):
    letter = document(office, instance, "undangan")
    for reason in ("", "x"):
        with pytest.raises(InvalidForm):
            send_back(office, letter, reason)
    send_back(office, letter)
    assert waiting(office, HEAD) == []
    assert waiting(office, "sekretaris") == [("mend", "Undangan")]
    at, secretary = office.services.inbox, office.actor("sekretaris")
    for narrowed, found in (
        (TaskFilter(returned=True), 1),
        (TaskFilter(text="000.1.5/1"), 1),
        (TaskFilter(text="undang"), 1),
        (TaskFilter(text="x"), 0),
        (TaskFilter(role="sekretaris"), 0),
    ):
        assert len(at.page(secretary, office.now, TaskView(narrowed=narrowed)).papers) == found, narrowed
    assert at.page(office.actor(HEAD), office.now, TaskView(narrowed=TaskFilter(returned=True))).papers == ()
    assert office.services.approvals.mending(secretary, letter.id, office.now).number == "000.1.5/1/DPMPTSP/2025"
    assert waiting(office, "tim.sakip") == []
    with pytest.raises(NotPermitted):
        mend(office, letter, "tim.sakip")
    with pytest.raises(InvalidForm) as refused:
        mend(office, letter, undangan__acara="")
    assert refused.value.errors[0].path == "undangan.acara"
    made = mend(office, letter, undangan__acara="Rapat data triwulan, waktu baru", undangan__hari_tanggal="15/4/2025")
    again = document(office, instance, "undangan", 2)
    assert (again.id, again.version, again.status) == (made, 2, DocumentStatus.WAITING)
    view = office.services.documents.view
    old, new = (view(office.actor("auditor"), each).content for each in (letter.id, made))
    assert {name for name in new if old.get(name) != new[name]} == {"acara", "hari_tanggal", "peringatan_rapat"}
    assert new["nomor"]
    assert view(office.actor("auditor"), letter.id).version.status is DocumentStatus.REPLACED
    with pytest.raises(Conflict):
        mend(office, letter, undangan__acara="Sekali lagi")
    approve(office, again)
    office.do("tim.sakip", instance, "susun_jadwal")


def test_an_invitation_of_many_lists_them_on_a_second_page(office, instance):
    letter = document(office, instance, "undangan")
    send_back(office, letter)
    many = {f"undangan__yth__{at}": f"Kepala Bidang {at + 1}" for at in range(8)}
    made = mend(office, letter, **many)
    approve(office, document(office, instance, "undangan", 2))
    assert paper(office, document(office, instance, "undangan", 2))[0] == "undangan-v2.pdf"
    first, second = pages_of(paper(office, document(office, instance, "undangan", 2))[2])
    assert "Yth.(daftarterlampir)" in first
    assert "Lampiran:daftaryangdiundang" in second
    assert "8.KepalaBidang8" in second
    assert made


def test_a_letter_that_cannot_be_printed_is_not_approved(office, instance):
    class Broken:
        def print(self, order):
            raise NotPrinted("undangan.typ", 47, "huruf hilang")

    letter = document(office, instance, "undangan")
    at = replace(office.services.approvals, printing=replace(office.services.printing, press=Broken()))
    with pytest.raises(NotPrinted, match="baris 47: huruf hilang"):
        at.approve(office.actor(HEAD), letter.id, Mode.WET, SURE, INDONESIAN, office.now)
    assert document(office, instance, "undangan").status is DocumentStatus.WAITING
    send_back(office, letter)


def test_a_table_of_a_letter_is_corrected_too(office, instance):
    approve(office, document(office, instance, "undangan"))
    office.do("tim.sakip", instance, "susun_jadwal")
    letter = document(office, instance, "surat_tugas")
    send_back(office, letter, "Batas penyerahan indikator pertama terlalu dekat.")
    asked = [("file", "Daftar Hadir"), ("file", "Notula"), ("mend", "Surat Tugas")]
    assert waiting(office, "tim.sakip") == waiting(office, "tim.sakip.2") == asked
    was = office.services.documents.view(office.actor("auditor"), letter.id).content["penugasan"]
    made = mend(office, letter, "tim.sakip.2", surat_tugas__penugasan__0__batas_serah="30/4/2025")
    rows = office.services.documents.view(office.actor("auditor"), made).content["penugasan"]
    assert rows[0]["batas_serah"] != was[0]["batas_serah"]
    assert rows[1:] == was[1:]


@pytest.mark.parametrize("holder", ["pemegang.data.3", "pemegang.data.2"])
def test_a_correction_gives_nobody_work_that_the_process_gave_to_somebody_else(office, instance, holder):
    """Step 4 is open for holders 1 and 2 by the letter as it was: 3 would get no task, and 2 rows of 1."""
    office.hire("pemegang.data.3", "pemegang_data")
    approve(office, document(office, instance, "undangan"))
    office.do("tim.sakip", instance, "susun_jadwal")
    letter = document(office, instance, "surat_tugas")
    send_back(office, letter, "Pemegang data indikator pertama keliru.")
    with pytest.raises(InvalidForm) as refused:
        mend(
            office,
            letter,
            "tim.sakip.2",
            surat_tugas__penugasan__0__pemegang_data=holder,
            surat_tugas__penugasan__0__batas_serah="30/4/2025",
        )
    [error] = refused.value.errors
    assert (error.path, error.keyword, error.label) == ("surat_tugas.penugasan", "moved", "Pemegang data")
    assert "isikan seperti semula" in error.message
    assert refused.value.entries["surat_tugas.penugasan.0.batas_serah"] == ["30/4/2025"], "nothing typed is lost"
    assert document(office, instance, "surat_tugas").status is DocumentStatus.RETURNED
    assert ("mend", "Surat Tugas") in waiting(office, "tim.sakip")


def test_an_instance_is_complete_and_archived_only_when_nothing_is_outstanding(office, instance):
    office.head_is_in = False
    approve(office, document(office, instance, "undangan"), Mode.WET)
    office.do("tim.sakip", instance, "susun_jadwal")
    for holder in ("pemegang.data.1", "pemegang.data.2"):
        office.do(holder, instance, "siapkan_data", holder)
    office.do("tim.sakip", instance, "susun_analisis")
    ticked = {"lembar_persetujuan.daftar_periksa": ["disposisi", "surat_tugas"]}
    with pytest.raises(InvalidForm) as refused:
        office.do("sekretaris", instance, "minta_persetujuan", **ticked)
    assert "menunggu persetujuan" in str(refused.value)
    office.do("sekretaris", instance, "minta_persetujuan")
    office.file_scans(instance, "tim.sakip")  # attendance lists and minutes
    task = office.do(HEAD, instance, "tandatangani_persetujuan")
    receipt = office.services.tasks.receipt(office.actor(HEAD), task, office.now)
    assert receipt.ended
    checked = document(office, instance, "lembar_persetujuan")
    sheet = office.services.documents.view(office.actor("auditor"), checked.id).content
    assert "surat_tugas" not in sheet["daftar_periksa"]
    assert "undangan" in sheet["daftar_periksa"]
    assert sheet["alasan_tidak_lengkap"] == "Surat Tugas menunggu persetujuan Kepala Dinas."
    send_back(office, document(office, instance, "surat_tugas"), "Dasarnya keliru.")  # after the report was signed
    for name, says in (("lembar_persetujuan", "SuratTugas:menunggu"), ("laporan", "SuratTugas--menunggu")):
        said = "".join(pages_of(paper(office, document(office, instance, name))[2]))
        assert f"{says}persetujuanKepalaDinas" in said
    assert document(office, instance, "surat_tugas").sha256[:32] not in said
    assert document(office, instance, "kertas_kerja").sha256[:32] in said
    mended = mend(office, document(office, instance, "surat_tugas"), "tim.sakip")
    asked = [(each.kind, each.name) for each in receipt.mine]
    assert sorted(asked) == [
        ("approve", "Surat Tugas"),
        ("file", "Laporan"),
        ("file", "Lembar Persetujuan"),
        ("file", "Undangan"),
    ]
    [filing] = [each for each in receipt.papers if each not in receipt.mine]
    assert (filing.kind, filing.role) == ("archive", "tim_sakip"), "whose work it is, not the head's"
    [listed] = office.services.instances.list(office.actor(HEAD), office.now).items
    assert len(listed.papers) == len(office.page(instance).papers) == 5
    office.file_papers(instance)
    for name in ("laporan", "lembar_persetujuan", "undangan"):
        file(office, document(office, instance, name), HEAD)
    swept(office.services.printing, office.now)
    assert not swept(office.services.archives, office.now), "the letter of assignment is not approved"
    assert [each.name for each in office.services.archives.page(office.actor("auditor"), instance).awaited] == [
        "Surat Tugas"
    ]
    assert document(office, instance, "surat_tugas", 2).id == mended
    approve(office, document(office, instance, "surat_tugas", 2))
    swept(office.services.printing, office.now)
    assert swept(office.services.archives, office.now) == 1
    assert office.page(instance).papers == ()
    with pytest.raises(Conflict):
        approve(office, document(office, instance, "surat_tugas", 2))


def test_while_work_is_suspended_or_over_nothing_waits_and_a_number_never_approved_is_void(office, instance):
    letter, operator = document(office, instance, "undangan"), office.actor("operator")
    office.services.control.suspend(operator, instance, "Menunggu anggaran.", office.now)
    assert waiting(office, HEAD) == []
    with pytest.raises(Conflict):
        approve(office, letter)
    office.services.control.resume(operator, instance, "Anggaran ada.", office.now)
    assert waiting(office, HEAD) == [("approve", "Undangan")]
    office.services.control.terminate(operator, instance, "Dibatalkan kementerian.", office.now)
    assert waiting(office, HEAD) == []
    assert document(office, instance, "undangan").status is DocumentStatus.VOID
    with pytest.raises(Conflict):
        approve(office, letter)
    page = office.services.numbers.page(operator, "surat_keluar", 2025)
    assert [taken.void_reason for taken in page.taken] == ["Dibatalkan kementerian."]


@pytest.mark.parametrize(
    "change",
    [
        {"status": "issued"},
        {"approver": "tim_sakip"},
        {"status": "returned", "returned_by": HEAD, "returned_reason": "Salah."},
    ],
)
def test_who_approves_behind_the_program_s_back_is_found(office, instance, change):
    letter = document(office, instance, "undangan")
    office.tampered = True
    with office.database.unguarded() as connection:
        connection.execute(update(tables.document).where(tables.document.c.id == letter.id).values(**change))
        connection.commit()
    with office.database.read() as reader:
        [fault] = prove(reader).faults
    assert (fault.stream, fault.kind, fault.table) == (f"instance:{instance}", "row", "document")
    assert fault.field in change


@pytest.mark.parametrize(
    ("role", "document_id", "said"),
    [
        ("kepala_dinass", "disposisi", "menyebut peran kepala_dinass, yang tidak mempunyai jalur"),
        ("kepala_dinas", "draft_laporan", "dibuat beberapa orang bersama"),
        ("kepala_dinas", "laporan", "formulir sudah meminta tanda tangannya"),
    ],
)
def test_an_approval_that_nobody_could_give_is_refused_with_its_document(office, role, document_id, said):
    files = dict(read_folder(ROOT / "processes", ROOT / "forms", SOP))
    diagram = f"processes/{SOP}/{SOP}.bpmn"
    named = f'<bpmn:dataObject id="{document_id}" '.encode()
    files[diagram] = files[diagram].replace(named, named + f'sop:persetujuan="{role}" '.encode())
    with pytest.raises(InvalidProcedure) as refused:
        office.services.deployments.deploy(CONSOLE, SOP, files, "uji", office.now, at_console=True)
    [found] = refused.value.findings
    assert (found.rule, found.element_id, found.file) == ("approval", document_id, diagram)
    assert said in found.message
    assert found.line


def test_an_instance_of_a_version_that_declares_nothing_goes_on_as_before(office):
    office.head_is_in = False
    files = dict(read_folder(ROOT / "processes", ROOT / "forms", SOP))
    diagram = f"processes/{SOP}/{SOP}.bpmn"
    earlier = files | {diagram: files[diagram].replace(b' sop:persetujuan="kepala_dinas"', b"")}
    office.services.deployments.deploy(CONSOLE, SOP, earlier, "sebelumnya", office.now, at_console=True)
    instance = office.start()
    office.do(HEAD, instance, "perintahkan_pengumpulan_data")
    office.services.deployments.deploy(CONSOLE, SOP, files, "persetujuan", office.now, at_console=True)
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    letter = document(office, instance, "undangan")
    assert (letter.status, letter.approver) == (DocumentStatus.ISSUED, None)
    office.do("tim.sakip", instance, "susun_jadwal")
    assert waiting(office, HEAD, instance) == []


def test_a_corrected_date_stays_in_the_year_of_the_letter_s_number(office, instance):
    letter = document(office, instance, "undangan")
    send_back(office, letter)
    with pytest.raises(InvalidForm) as refused:
        mend(office, letter, undangan__tanggal_surat="1/12/2026", undangan__hari_tanggal="3/12/2026")
    [error] = refused.value.errors
    assert (error.path, error.keyword) == ("undangan.nomor", "number_year")
    assert "nomor surat ini dari tahun 2025" in error.message
    office.later(days=300)
    mend(office, letter, undangan__tanggal_surat="14/4/2025")


@pytest.mark.parametrize("capacity", [None, Capacity.ACTING_PLH])
def test_everybody_reads_who_made_a_letter_and_in_whose_name_it_goes_out(office, instance, capacity):
    letter, account = document(office, instance, "undangan"), HEAD
    if capacity:
        office.hire(account := "plh", "kepala_dinas", capacity=capacity, decree="SK 1")
    approve(office, letter, account=account)
    paper(office, letter)
    found = office.services.verification.by_code(rendering(office, letter).code, "10.0.0.9", office.now)
    assert (found.position, found.approver) == ("Sekretaris", "Plh. Kepala Dinas" if capacity else "Kepala Dinas")


def test_a_letter_that_came_back_is_counted_among_what_came_back_and_others_see_that_it_is_waited_for(office, instance):
    found = document(office, instance, "undangan")

    def waited(account):
        others = office.services.inbox.page(office.actor(account), office.now, TaskView("waiting"))
        return others.counts["returned"], [each.kind for each in others.papers]

    assert waited("sekretaris") == (0, ["approve"])
    assert waited(HEAD) == (0, [])
    send_back(office, found)
    assert waited("sekretaris") == (1, [])
    assert waited(HEAD) == (0, ["mend"])


def test_an_inbox_counts_no_further_than_what_says_that_there_are_more(office, monkeypatch):
    monkeypatch.setattr(task_lists, "CAP", 1)
    for period in ("I", "II", "III"):
        office.start(period=period)
    found = office.services.inbox.page(office.actor(HEAD), office.now).counts["now"]
    assert (found, capped(found, 1)) == (2, "1+")
