"""Every construct of BPMN that runs, through the host: rows, history and inboxes right, after a restart at every move.

Each story is moves and what is open after them; before every move the services are built anew, so that each begins from
the bytes in the database. Stories whose rows wait for time, messages or each other run on both kinds of database.
"""

import json
from datetime import timedelta

import pytest

from engine.cli import CONSOLE
from engine.model.errors import InvalidForm
from engine.model.process import InstanceStatus
from engine.model.work import DocumentStatus
from engine.service.authoring.checking import read_folder
from engine.service.procedures.procedure import Values
from tests.databases import ON_ONE_KIND
from tests.office import ROOT, SOP
from tests.service.procedures import Case, deploy, form, number, start, text

YES = {"type": "boolean", "title": "Ya?"}
TEXTS = {"type": "array", "title": "Daftar", "items": {"type": "string"}}
DAY = {"type": "string", "format": "date", "title": "Tanggal"}
LETTER = {"type": "object", "title": "Surat", "properties": {"isi": text("Isi")}}
NOTHING = form()


@ON_ONE_KIND
def test_gateways_choose_split_and_join(staffed):
    forms = {"pilih": form(diminta=TEXTS), **dict.fromkeys(("hukum", "keuangan", "arsip", "simpulkan"), NOTHING)}
    case = Case(staffed, "inclusive_branches_join_when_all_that_were_taken_are_done", forms)
    assert case.does("pilih", diminta=["hukum", "keuangan"]).open == ["hukum", "keuangan"]
    assert case.does("keuangan").open == ["hukum"]
    assert case.does("hukum").does("simpulkan").ended()
    forms = {"tulis": form(nilai=number("Nilai")), "periksa": NOTHING, "baca": form(putusan=text("Putusan"))}
    forms["mulai"] = form(nilai=number("Nilai"), daftar=TEXTS)
    case = Case(staffed, "branches_keep_what_each_changed", forms)
    case.does("tulis", nilai=7).does("periksa")
    assert case.does("baca", putusan="cukup").ended()


@ON_ONE_KIND
def test_a_decision_and_a_script_choose_the_way(staffed):
    forms = {"isi_capaian": form(capaian=number("Capaian")), "tindak_lanjuti": NOTHING}
    case = Case(staffed, "decision_chooses_the_way", forms)
    assert case.does("isi_capaian", capaian=60).open == ["tindak_lanjuti"]
    case.does("tindak_lanjuti").does("isi_capaian", capaian=80)
    assert case.ended()
    forms = {"mulai": form(harga=number("Harga"), banyak=number("Banyak")), "tulis": NOTHING, "setujui": NOTHING}
    case = Case(staffed, "script_assigns_names", forms, {"harga": 20, "banyak": 100})
    assert case.open == ["setujui"]
    assert case.does("setujui").ended()


@ON_ONE_KIND
def test_items_and_turns_come_as_drawn(staffed):
    forms = {"tunjuk": form(orang=TEXTS), "isi": NOTHING}
    case = Case(staffed, "sequential_items_come_one_by_one", forms)
    assert case.does("tunjuk", orang=["ann", "sam"]).open == ["isi/ann"]
    assert case.does("isi", "ann").open == ["isi/sam"]
    assert case.does("isi", "sam").ended()
    forms = {"mintakan": form(masih_ada=YES), "arsipkan": NOTHING}
    case = Case(staffed, "loop_repeats_until_its_condition_ends", forms)
    case.does("mintakan", masih_ada=True).does("mintakan", masih_ada=False)
    assert case.does("arsipkan").ended()
    forms = {"isi": form(nilai=number("Nilai")), "baca": form(putusan=text("Putusan"))}
    case = Case(staffed, "items_gather_their_output_anew_each_time", forms)
    for _ in range(2):
        case.does("isi", "0", nilai=1).does("isi", "1", nilai=2).does("baca", putusan="ulang")
        assert case.open == ["isi/0", "isi/1"]


@ON_ONE_KIND
def test_sub_processes_calls_and_transactions(staffed):
    steps = dict.fromkeys(("tulis", "rinci", "periksa"), NOTHING)
    case = Case(staffed, "sub_process_hands_its_lane_on", steps)
    case.does("tulis")
    while case.open:
        case.does(case.open[0])
    assert case.ended()
    steps = dict.fromkeys(("konsep", "kirim", "beri_nomor"), NOTHING)
    case = Case(staffed, "call_activity_runs_another_process", steps)
    assert case.does("konsep").open == ["beri_nomor"]
    assert case.does("beri_nomor").does("kirim").ended()
    steps = {
        "periksa_anggaran": form(anggaran_cukup=YES),
        **dict.fromkeys(("pesan", "beri_tahu_pemohon", "terima_barang"), NOTHING),
    }
    case = Case(staffed, "transaction_is_cancelled_as_a_whole", steps)
    assert case.does("periksa_anggaran", anggaran_cukup=False).open == ["beri_tahu_pemohon"]
    assert case.does("beri_tahu_pemohon").ended()


@ON_ONE_KIND
def test_errors_and_escalations_are_caught_around_them(staffed):
    steps = {"periksa": form(sah_berkas=YES), "laporkan": NOTHING, "simpan": NOTHING}
    case = Case(staffed, "error_in_a_sub_process_is_caught_at_its_edge", steps)
    assert case.does("periksa", sah_berkas=False).open == ["laporkan"]
    assert case.does("laporkan").ended()
    steps = dict.fromkeys(("konsep", "rapikan", "beri_arahan"), NOTHING)
    case = Case(staffed, "escalation_opens_a_side_way_and_the_work_goes_on", steps)
    assert case.does("konsep").open == ["beri_arahan", "rapikan"]
    assert case.does("rapikan").does("beri_arahan").ended()
    parts = ("kiri_isi", "kiri_perbaiki", "kanan_isi", "kanan_perbaiki")
    case = Case(staffed, "error_reaches_only_its_own_sub_process", dict.fromkeys(parts, NOTHING))
    assert case.does("kiri_isi").open == ["kanan_isi", "kiri_perbaiki"]


def test_time_passes(staffed):
    steps = {"mulai": form(tanggal_mulai=DAY), "tulis": NOTHING}
    day = (staffed.services.office.today(staffed.now) + timedelta(days=2)).isoformat()
    case = Case(staffed, "timer_waits_until_a_date", steps, {"tanggal_mulai": day})
    assert (case.open, case.status) == ([], InstanceStatus.WAITING)
    assert case.waits(days=2).open == ["tulis"]
    assert case.lines("timer:fired") == [("sistem", "tunggu")]
    assert case.does("tulis").ended()
    case = Case(staffed, "boundary_timer_reminds", {"tulis": NOTHING, "ingatkan": NOTHING})
    case.waits(hours=2)
    assert case.open == ["ingatkan", "tulis"]
    assert case.does("tulis").does("ingatkan").ended()
    case = Case(staffed, "event_sub_process_waits_for_its_time", {"tulis": NOTHING, "tangani": NOTHING})
    assert case.does("tulis").ended(), "a reminder that has not come keeps nothing open"
    case = Case(staffed, "event_sub_process_ends_its_process_in_time", {"tulis": NOTHING, "tangani": NOTHING})
    assert case.waits(hours=9).open == ["tangani"]
    assert case.does("tangani").ended()


def test_what_comes_first_decides(staffed):
    steps = {"baca": NOTHING, "ingatkan": NOTHING}
    case = Case(staffed, "event_gateway_takes_what_comes_first", steps)
    assert case.hears("jawaban", isi="ya").open == ["baca"]
    assert staffed.page(case.id).timers == ()
    assert case.does("baca").ended()
    other = staffed.services.starts.start(staffed.actor("ann"), case.name, Values({}), staffed.now)
    case.id = other
    assert case.waits(days=3).open == ["ingatkan"]
    assert case.hears("jawaban", isi="terlambat").open == ["ingatkan"]
    assert case.does("ingatkan").ended()


def test_messages_and_signals_move_what_waits(staffed):
    case = Case(staffed, "receive_task_waits_for_its_message", {"catat": NOTHING})
    assert case.hears("surat_masuk", nomor="1").open == ["catat"]
    assert case.lines("message:received") == [("sistem", "terima_surat")]
    assert case.does("catat").ended()
    steps = {"tulis": NOTHING, "tangani": NOTHING}
    case = Case(staffed, "event_sub_process_interrupts_its_process", steps)
    assert case.hears("batal").open == ["tangani"]
    assert case.does("tangani").ended()
    steps = dict.fromkeys(("rinci", "tangani", "tutup"), NOTHING)
    case = Case(staffed, "event_sub_process_ends_its_sub_process_only", steps)
    assert case.hears("batal").open == ["tangani"]
    assert case.does("tangani").does("tutup").ended()
    case = Case(staffed, "signal_is_sent_at_the_end", {"tulis": NOTHING})
    assert case.does("tulis").ended()
    assert case.lines("message:sent") == [("sistem", None)]


@ON_ONE_KIND
def test_documents_are_read_where_they_are_needed(staffed):
    steps = {"tulis": form(surat=LETTER), "periksa": form(baik_sekali=YES)}
    case = Case(staffed, "data_objects_hold_versions", steps)
    for version in (1, 2):
        case.does("tulis", surat={"isi": f"versi {version}"})
        assert case.open == ["periksa"]
        case.does("periksa", baik_sekali=True)
    assert case.ended()
    steps = {"kerjakan": NOTHING, "batalkan": form(surat_batal=LETTER)}
    case = Case(staffed, "condition_on_a_document_interrupts", steps)
    assert case.open == ["batalkan", "kerjakan"]
    assert case.does("batalkan", surat_batal={"isi": "Batal"}).ended()
    steps = {"tulis": form(surat=LETTER), "baca": NOTHING, "catat": NOTHING}
    case = Case(staffed, "document_of_an_outer_scope_is_read_two_levels_down", steps)
    assert case.does("tulis", surat={"isi": "A"}).does("baca").ended()


@ON_ONE_KIND
def test_what_needs_no_form_is_confirmed_by_the_people_of_its_lane(staffed):
    case = Case(staffed, "people_confirm_what_needs_no_form", {})
    assert case.open == ["antar"]
    assert not staffed.services.inbox.page(staffed.actor("sam"), staffed.now).items
    assert case.does("antar").does("sesuatu").ended()
    assert case.lines("task:completed") == [("ann", "antar"), ("sam", "sesuatu")]


def test_ending_all_at_once_closes_every_inbox_row(staffed):
    case = Case(staffed, "terminate_end_cancels_the_rest", {"tulis": NOTHING, "batalkan": NOTHING})
    case.does("batalkan")
    assert case.ended()
    assert not staffed.services.inbox.page(staffed.actor("ann"), staffed.now).items
    steps = {"rinci": NOTHING, "ambil_alih": NOTHING}
    case = Case(staffed, "items_whose_sub_process_is_interrupted_leave_nothing_open", steps)
    assert case.open == ["rinci", "rinci"]
    assert case.waits(hours=1).open == ["ambil_alih"]
    assert case.does("ambil_alih").ended()


def test_what_comes_again_and_again_is_caught_each_time(staffed):
    steps = {"kerjakan": NOTHING, "jawab": NOTHING}
    case = Case(staffed, "boundary_message_is_caught_each_time", steps)
    case.hears("tanya")
    case.hears("tanya")
    assert case.open == ["jawab", "jawab", "kerjakan"]
    assert case.does("kerjakan").does("jawab").does("jawab").ended()
    steps = {"hitung": form(jumlah=number("Jumlah")), "tangani": NOTHING}
    case = Case(staffed, "condition_begins_a_side_track", steps)
    case.does("hitung", jumlah=20).does("hitung", jumlah=30)
    assert case.open == ["hitung", "tangani"]
    case.does("hitung", jumlah=5).does("hitung", jumlah=40)
    assert case.open == ["hitung", "tangani", "tangani"]
    assert case.does("tangani").does("tangani").does("hitung", jumlah=0).ended()


def test_a_step_of_several_that_is_complete_with_the_first_issues_the_document_with_that_part_alone(office):
    files, diagram = dict(read_folder(ROOT / "processes", ROOT / "forms", SOP)), f"processes/{SOP}/{SOP}.bpmn"
    last = b'<bpmn:inputDataItem id="pemegang" name="Pemegang data" />'
    enough = last + b"<bpmn:completionCondition>True</bpmn:completionCondition>"
    files[diagram] = files[diagram].replace(last, enough)
    office.services.deployments.deploy(CONSOLE, SOP, files, "satu cukup", office.now, at_console=True)
    instance = office.start()
    office.until_data(instance)
    office.do("pemegang.data.1", instance, "siapkan_data", "pemegang.data.1")
    assert office.open_steps(instance) == ["susun_analisis"]
    [draft] = [found for found in office.page(instance).documents if found.data_object_id == "draft_laporan"]
    assert ([part.item for part in draft.parts], draft.status) == (["pemegang.data.1"], DocumentStatus.ISSUED)


def test_a_step_is_not_completed_without_the_document_that_it_needs(staffed):
    name, asked = "data_objects_hold_versions", json.loads(form(perlu=YES))
    asked["if"] = {"properties": {"perlu": {"const": True}}, "required": ["perlu"]}
    asked["then"] = {"properties": {"surat": LETTER}}
    forms = {"tulis": json.dumps(asked).encode(), "periksa": form(baik_sekali=YES)}
    deploy(staffed, name, forms)
    instance = start(staffed, name)
    complete = staffed.services.tasks.complete
    complete(staffed.actor("ann"), staffed.task(instance, "tulis"), Values({"perlu": False}), staffed.now)
    task = staffed.task(instance, "periksa")
    page = staffed.services.tasks.open(staffed.actor("sam"), task, staffed.now)
    assert [(paper.reference.name, paper.state) for paper in page.needs] == [("Surat", "missing")]
    with pytest.raises(InvalidForm) as refused:
        complete(staffed.actor("sam"), task, Values({"baik_sekali": True}), staffed.now)
    assert [(error.label, error.keyword) for error in refused.value.errors] == [("Surat", "kelengkapan")]
