"""The SOP from start to end by programs alone: each acts for its person, and no step is done by a page."""

import io

from engine.store.proof import prove
from tests.office import SOP
from tests.pages.conftest import known
from tests.service import procedures

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def open_task(program, element_id, item=None):
    found = program.post("/tasks/search", {"filter": {"element_id": element_id}}).get_json()["items"]
    return next(task["id"] for task in found if item in (None, task["item"]))


def test_the_sop_goes_from_mulai_to_selesai_by_programs_and_the_auditor_s_program_reads_it_in_order(
    program, started, office, values
):
    steps = (
        ("kepala.dinas", "perintahkan_pengumpulan_data", None),
        ("sekretaris", "siapkan_kertas_kerja", None),
        ("tim.sakip", "susun_jadwal", None),
        ("pemegang.data.1", "siapkan_data", "pemegang.data.1"),
        ("pemegang.data.2", "siapkan_data", "pemegang.data.2"),
        ("tim.sakip", "susun_analisis", None),
        ("sekretaris", "minta_persetujuan", None),
        ("kepala.dinas", "tandatangani_persetujuan", None),
    )
    moved = None
    for account, element_id, item in steps:
        one = program(account)
        task = open_task(one, element_id, item)
        answer = one.post(f"/tasks/{task}/completion", {"values": values(account, task)})
        assert answer.status_code == 200, answer.text
        office.approve(started)  # on its page: no program gives the head's word
        moved = answer.get_json()
        assert element_id in [passed["element_id"] for passed in moved["passed"]]
    assert moved["instance_status"] == "completed"
    assert moved["opened"] == []

    auditor = program("auditor")
    elements = auditor.get(f"/instances/{started}/elements").get_json()["items"]
    done = [e["element_id"] for e in elements if e["kind"] == "userTask"]
    assert done == [element_id for _, element_id, _ in steps]
    assert [e["seq"] for e in elements] == sorted(e["seq"] for e in elements)
    shown = auditor.get(f"/instances/{started}").get_json()
    assert (shown["status"], shown["open_tasks"]) == ("completed", [])
    report = next(d for d in shown["documents"] if d["data_object_id"] == "draft_laporan")
    content = auditor.get(f"/documents/{report['id']}").get_json()
    assert [part["item"] for part in content["parts"]] == ["pemegang.data.1", "pemegang.data.2"]
    with office.database.read() as reader:
        assert prove(reader).sound


def test_a_program_is_told_that_what_its_step_needs_is_not_approved(program, started, office, values):
    office.head_is_in = False
    office.do("kepala.dinas", started, "perintahkan_pengumpulan_data")
    office.do("sekretaris", started, "siapkan_kertas_kerja")
    team = program("tim.sakip")
    task = open_task(team, "susun_jadwal")
    assert team.get(f"/tasks/{task}/form").get_json()["inputs"][0]["state"] == "pending"
    refused = team.post(f"/tasks/{task}/completion", {"values": values("tim.sakip", task)})
    assert [(each["code"], each["message"]) for each in refused.get_json()["errors"]] == [
        ("unapproved_input", "Undangan belum disetujui Kepala Dinas.")
    ]
    shown = team.get(f"/instances/{started}").get_json()["documents"]
    assert [each["status"] for each in shown if each["data_object_id"] == "undangan"] == ["waiting"]


def test_a_history_read_in_small_parts_is_the_whole_history_and_its_hashes_can_be_computed_again(
    program, started, office
):
    office.until_data(started)
    auditor = program("auditor")
    lines, after, more = [], 0, True
    while more:
        part = auditor.get(f"/instances/{started}/history?after={after}&limit=3").get_json()
        lines += part["items"]
        after, more = part["last_seq"], part["has_more"]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    with office.database.read() as reader:
        assert prove(reader, f"instance:{started}").lines == len(lines)
    from engine.model.history import canonical, sha256_of

    before = lines[0]["previous_hash"]  # the stream's genesis
    for line in lines:
        covered = {k: v for k, v in line.items() if k not in ("hash", "called")}
        assert line["previous_hash"] == before
        assert sha256_of(canonical(covered | {"change": canonical(line["change"])})) == line["hash"]
        before = line["hash"]


def test_a_file_is_handed_over_first_and_its_id_is_the_field_s_value(program, started, office, values):
    office.until_data(started)
    one = program("pemegang.data.1")
    task = open_task(one, "siapkan_data", "pemegang.data.1")
    sent = one.post(f"/tasks/{task}/attachments", data={"file": (io.BytesIO(PDF), "bukti.pdf")})
    assert sent.status_code == 201
    kept = sent.get_json()
    assert (kept["name"], kept["media_type"], kept["size"]) == ("bukti.pdf", "application/pdf", len(PDF))
    body = values("pemegang.data.1", task)
    for row in body["draft_laporan"]["baris"]:
        row["bukti"] = [kept["id"]]
    assert one.post(f"/tasks/{task}/completion", {"values": body}).status_code == 200
    wrong = one.post(f"/tasks/{task}/attachments", data={"file": (io.BytesIO(PDF), "bukti.pdf")})
    assert (wrong.status_code, wrong.get_json()["reason"]) == (409, "completed"), "the task is over"


def test_claiming_is_told_who_was_faster_and_handing_over_asks_a_reason(program, started, office):
    office.do("kepala.dinas", started, "perintahkan_pengumpulan_data")
    office.do("sekretaris", started, "siapkan_kertas_kerja")
    first, second = program("tim.sakip"), program("tim.sakip.2")
    task = open_task(first, "susun_jadwal")
    assert first.put(f"/tasks/{task}/assignment").status_code == 204
    lost = second.put(f"/tasks/{task}/assignment")
    assert (lost.status_code, lost.get_json()["reason"], lost.get_json()["who"]) == (409, "claimed", "tim.sakip")
    unsaid = first.put(f"/tasks/{task}/assignment", {"assignee": "tim.sakip.2"})
    assert [e["field"] for e in unsaid.get_json()["errors"]] == ["reason"]
    stranger = first.put(f"/tasks/{task}/assignment", {"assignee": "sekretaris", "reason": "Cuti"})
    assert [e["code"] for e in stranger.get_json()["errors"]] == ["not_in_lane"]
    assert first.put(f"/tasks/{task}/assignment", {"assignee": "tim.sakip.2", "reason": "Cuti"}).status_code == 204
    assert second.get(f"/tasks/{task}").get_json()["assignee"] == "tim.sakip.2"
    assert second.delete(f"/tasks/{task}/assignment").status_code == 204
    assert second.get(f"/tasks/{task}").get_json()["assignee"] is None


def test_a_draft_is_kept_by_revision_and_gone_after_completion(program, started, values):
    one = program("kepala.dinas")
    task = open_task(one, "perintahkan_pengumpulan_data")
    saved = one.put(f"/tasks/{task}/draft", {"values": {"disposisi": {"catatan": "Segera"}}}).get_json()
    draft = one.get(f"/tasks/{task}/form").get_json()["draft"]
    assert (draft["revision"], draft["entries"]) == (saved["revision"], {"disposisi.catatan": ["Segera"]})
    assert one.put(f"/tasks/{task}/draft", {"values": {}, "revision": saved["revision"]}).status_code == 200
    other = {"values": {"disposisi": {"catatan": "Nanti"}}, "revision": saved["revision"]}
    late = one.put(f"/tasks/{task}/draft", other)
    assert (late.status_code, late.get_json()["reason"]) == (409, "draft")
    assert one.post(f"/tasks/{task}/completion", {"values": values("kepala.dinas", task)}).status_code == 200
    again = one.post(f"/tasks/{task}/completion", {"values": {}})
    assert (again.status_code, again.get_json()["who"]) == (409, "kepala.dinas")


def test_the_operator_s_program_suspends_resumes_and_terminates_with_reasons_that_stand_in_the_history(
    program, started
):
    operator, auditor = program("operator"), program("auditor")
    for deed in ("suspension", "resumption", "termination"):
        assert operator.post(f"/instances/{started}/{deed}").status_code == 422, "a reason is missing"
        assert auditor.post(f"/instances/{started}/{deed}", {"reason": "Uji coba"}).status_code == 403
        assert operator.post(f"/instances/{started}/{deed}", {"reason": "Uji coba"}).status_code == 204
    lines = auditor.get(f"/instances/{started}/history").get_json()["items"]
    told = [(line["action"], line["change"].get("reason")) for line in lines if line["seq"] > 2]
    assert told == [(f"instance:{deed}", "Uji coba") for deed in ("suspended", "resumed", "terminated")]
    over = operator.post(f"/instances/{started}/suspension", {"reason": "Uji coba"}).get_json()
    assert (over["status"], over["reason"], over["who"]) == (409, "terminated", "operator")


def test_one_period_runs_once_and_the_program_is_told_which_instance_has_it(program, started):
    again = program("sekretaris").post("/instances", {"process_id": SOP, "values": {"tahun": 2025, "periode": "I"}})
    assert (again.status_code, again.get_json()["reason"], again.get_json()["instance_id"]) == (
        409,
        "duplicate",
        started,
    )


def test_lists_go_on_where_they_ended_and_show_nothing_twice(program, office):
    one, seen, after = program("auditor"), [], None
    for period in ("I", "II", "III", "IV"):
        office.start(period=period)
        office.later(minutes=1)
    while True:
        page = one.post("/instances/search", {"page": {"limit": 3, "after": after}}).get_json()
        seen += [item["title"] for item in page["items"]]
        after = page["page"]["end_cursor"]
        if not page["page"]["has_more"]:
            break
    assert seen == [f"Triwulan {period} 2025" for period in ("IV", "III", "II", "I")]


def one_by_one(one, noun, narrowed):
    """The ids that a search finds, a page for each."""
    found, after = [], None
    while True:
        page = one.post(f"/{noun}/search", {"filter": narrowed, "page": {"limit": 1, "after": after}}).get_json()
        found += [item["id"] for item in page["items"]]
        after = page["page"]["end_cursor"]
        if not page["page"]["has_more"]:
            return found


SEARCHES = [
    ("auditor", "tasks", {"scope": "all"}, 11),  # of which five are due and six are not
    ("ann", "tasks", {"scope": "completed"}, 3),
    ("ann", "tasks", {"scope": "claimable"}, 3),
    ("perancang", "definitions", {}, 3),
    ("perancang", "definitions", {"process_id": SOP}, 1),
    ("operator", "incidents", {}, 3),
]


def test_what_is_read_page_by_page_is_what_is_read_at_once(program, office):
    raises, waits = "script_that_raises_is_an_incident", "boundary_timer_interrupts"
    office.hire("ann", "staf")
    office.hire("sam", "atasan")
    numbers = {"angka": procedures.number("Angka"), "pembagi": procedures.number("Pembagi")}
    procedures.deploy(office, raises, {"tulis": procedures.form(**numbers), "periksa": procedures.form()})
    office.later(minutes=1)
    procedures.deploy(office, waits, {"tulis": procedures.form(), "ingatkan": procedures.form()})
    for _ in range(3):
        task = office.task(procedures.start(office, raises), "tulis")
        office.services.tasks.complete(office.actor("ann"), task, {"angka": ["6"], "pembagi": ["0"]}, office.now)
        procedures.start(office, waits)
        office.later(minutes=1)
    for period in ("I", "II", "III", "IV"):
        begun = office.start(period=period)
    office.do("kepala.dinas", begun, "perintahkan_pengumpulan_data")
    known(office)
    for account, noun, narrowed, count in SEARCHES:
        found = one_by_one(program(account), noun, narrowed)
        whole = program(account).post(f"/{noun}/search", {"filter": narrowed}).get_json()["items"]
        assert found == [item["id"] for item in whole], (account, noun, narrowed)
        assert len(found) == count, (account, noun, narrowed)


def test_a_program_reads_that_the_papers_of_a_terminated_instance_are_void(program, started, office):
    office.until_data(started)
    office.services.control.terminate(office.actor("operator"), started, "Salah periode", office.now)
    papers = program("auditor").get(f"/instances/{started}").get_json()["documents"]
    assert {paper["status"] for paper in papers} == {"void"}
    assert program("auditor").get(f"/documents/{papers[0]['id']}").get_json()["status"] == "void"
