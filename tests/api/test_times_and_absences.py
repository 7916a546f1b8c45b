"""What programs do about time: take a completion back, put a due date off, say who is away."""

from tests.api.conftest import problem
from tests.api.test_the_sop_by_programs import open_task

FIRST, SECOND = "perintahkan_pengumpulan_data", "siapkan_kertas_kerja"


def test_a_completion_is_taken_back_while_nobody_began_what_follows(program, started, office, values):
    head, secretary = program("kepala.dinas"), program("sekretaris")
    task = open_task(head, FIRST)
    assert head.post(f"/tasks/{task}/completion", {"values": values("kepala.dinas", task)}).status_code == 200
    assert office.open_steps(started) == [SECOND]
    problem(secretary.post(f"/tasks/{task}/taking-back", {"reason": "Salah tekan."}), 403, "not-permitted")
    assert head.post(f"/tasks/{task}/taking-back", {"reason": "Salah tekan."}).status_code == 204
    assert office.open_steps(started) == [FIRST]
    assert problem(head.post(f"/tasks/{task}/taking-back", {"reason": "Lagi."}), 409, "conflict")["reason"]


def test_a_due_date_is_put_off_by_who_may_to_a_working_day(program, started, office, values):
    head, watch = program("kepala.dinas"), program("tim.sakip")
    task = open_task(head, FIRST)
    before = head.get(f"/tasks/{task}").get_json()["due_at"]
    asked = {"until": "2025-04-19", "reason": "Menunggu register."}
    [fault] = problem(watch.put(f"/tasks/{task}/due-date", asked), 422, "invalid-request")["errors"]
    assert (fault["field"], fault["code"]) == ("until", "extension"), "a Saturday"
    [fault] = problem(watch.put(f"/tasks/{task}/due-date", asked | {"until": "besok"}), 422, "invalid-request")[
        "errors"
    ]
    assert fault["field"] == "until"
    problem(head.put(f"/tasks/{task}/due-date", asked), 403, "not-permitted")
    assert watch.put(f"/tasks/{task}/due-date", asked | {"until": "2025-04-21"}).status_code == 204
    after = head.get(f"/tasks/{task}").get_json()["due_at"]
    assert before < after
    assert after.startswith("2025-04-21")


def test_somebody_says_that_they_are_away_and_comes_back_earlier(program, office):
    one, other, operator = program("tim.sakip"), program("sekretaris"), program("operator")
    asked = {"substitute": "tim.sakip.2", "since": "2025-04-14", "until": "2025-04-16", "reason": "Cuti tahunan."}
    answer = one.post("/people/tim.sakip/absences", asked)
    assert answer.status_code == 201, answer.text
    marked = answer.get_json()
    assert (marked["substitute_id"], marked["since"], marked["until"]) == ("tim.sakip.2", "2025-04-14", "2025-04-16")
    [fault] = problem(one.post("/people/tim.sakip/absences", asked), 422, "invalid-request")["errors"]
    assert (fault["field"], fault["code"]) == ("substitute", "away_already")
    assert fault["message"]
    past = asked | {"since": "2025-04-01", "until": "2025-04-02"}
    [fault] = problem(one.post("/people/tim.sakip/absences", past), 422, "invalid-request")["errors"]
    assert (fault["field"], fault["code"]) == ("until", "away_period")
    problem(other.post("/people/tim.sakip/absences", asked), 403, "not-permitted")
    problem(other.get("/people/tim.sakip/absences"), 403, "not-permitted")
    assert operator.get("/people/tim.sakip/absences").get_json()["items"] == [marked]
    assert one.delete(f"/people/tim.sakip/absences/{marked['id']}").status_code == 204
    [ended] = one.get("/people/tim.sakip/absences").get_json()["items"]
    assert ended["until"] < ended["since"], "it did not begin"
