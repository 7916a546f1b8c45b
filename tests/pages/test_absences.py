"""Leave over HTTP: one marks it oneself, an operator for somebody; the substitute reads for whom a task is."""

from tests.pages.test_grid import text_of
from tests.service.test_absences import AWAY, STANDS_IN, planning  # noqa: F401 - a fixture

LEAVE = {"mulai": "11/4/2025", "sampai": "18/4/2025", "pengganti": STANDS_IN, "alasan": "Cuti tahunan"}


def test_leave_is_marked_and_the_substitute_reads_for_whom(planning, browse):  # noqa: F811
    own, other, address = browse(AWAY), browse(STANDS_IN), f"/cuti/{AWAY}"
    assert address in own.get("/akun").text
    refused = own.post(address, data={**LEAVE, "sampai": "1/4/2025"})
    assert (refused.status_code, "Isi hari pertama dan terakhir" in text_of(refused)) == (422, True)
    assert "Cuti tercatat." in text_of(own.post(address, data=LEAVE, follow_redirects=True))
    assert "untuk Tim Sakip" in text_of(other.get("/tugas"))
    assert "Anda mengerjakan ini untuk Tim Sakip" in text_of(other.get(f"/tugas/{planning.planning}"))
    assert "untuk Tim Sakip" in text_of(other.get("/"))
    done = planning.do(STANDS_IN, planning.instance, "susun_jadwal")
    assert "untuk Tim Sakip" in text_of(other.get(f"/tugas/{done}/hasil"))
    assert "untuk Tim Sakip" in text_of(browse("auditor").get(f"/instans/{planning.instance}"))
    assert "untuk Tim Sakip" in text_of(browse("auditor").get(f"/instans/{planning.instance}/riwayat"))
    for page in ("/pemberitahuan", f"/cuti/{STANDS_IN}"):
        assert other.get(page).status_code == 200


def test_who_is_on_leave_is_marked_so_where_a_task_is_handed_over(planning, browse):  # noqa: F811
    browse(STANDS_IN).post(f"/cuti/{STANDS_IN}", data={**LEAVE, "pengganti": AWAY})
    own, task = browse(AWAY), planning.planning
    for page in (
        own.get(f"/tugas/{task}/serahkan"),
        own.post("/tugas/banyak", {"tindakan": "serahkan", "tugas": [task]}, page="/tugas"),
    ):
        assert "sedang cuti; penggantinya Tim Sakip" in text_of(page)


def test_the_day_after_the_leave_the_substitute_completes_nothing_more(planning, browse):  # noqa: F811
    browse(AWAY).post(f"/cuti/{AWAY}", data=LEAVE)
    other, task = browse(STANDS_IN), planning.planning
    other.post(f"/tugas/{task}/ambil")
    planning.later(days=8)
    fresh = browse(STANDS_IN)
    assert "Cuti Tim Sakip (tim.sakip) sudah berakhir" in text_of(fresh.get(f"/tugas/{task}"))
    late = fresh.post(f"/tugas/{task}/selesai", {"x": "y"})
    assert (late.status_code, "kembali kepadanya" in text_of(late)) == (409, True)


def test_an_operator_marks_and_ends_it_for_somebody_and_others_do_not(planning, browse):  # noqa: F811
    operator, address = browse("operator"), f"/cuti/{AWAY}"
    assert address in operator.get(f"/orang/{AWAY}").text
    assert browse("sekretaris").get(address).status_code == 403
    assert browse(STANDS_IN).post(address, data=LEAVE).status_code == 403
    operator.post(address, data=LEAVE)
    [leave] = planning.services.absences.of(planning.actor(AWAY), AWAY)
    ended = operator.post(f"{address}/{leave.id}/akhiri", follow_redirects=True)
    assert "Cuti diakhiri" in text_of(ended)
    assert "untuk Tim Sakip" not in text_of(browse(STANDS_IN).get("/tugas"))
