"""The inbox over HTTP: one list of what one can do now, filters in the address, saved filters, many tasks at once."""

import re

import pytest
from sqlalchemy import select, update

from engine.model.history import Action
from engine.service.work.inbox import PAGE
from engine.store.tables import history, saved_filter
from tests.service.procedures import deploy

NAME = "people_confirm_what_needs_no_form"


def titles(text):
    """What the rows of a list are about, in their order."""
    return re.findall(r'class="task-where">[^·]* · ([^<·]*[^<· ])', text)


def ids(text):
    return re.findall(r'name="tugas" value="([0-9a-f]{32})"', text)


def lines(office, action):
    """Who did something to which task, as history has it."""
    with office.database.read() as reader:
        query = select(history.c.actor, history.c.task_id).where(history.c.action == action.value)
        return [tuple(row) for row in reader.connection.execute(query.order_by(history.c.at, history.c.seq))]


@pytest.fixture
def quarters(office):
    """Three quarters under way: the first two wait for the team, the third for the head."""
    found = [office.start(period=period) for period in ("I", "II", "III")]
    for instance in found[:2]:
        office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
        office.do("sekretaris", instance, "siapkan_kertas_kerja")
    return found


def test_the_inbox_opens_on_what_is_mine_and_then_on_what_my_lane_may_take(office, browse, quarters):
    team = browse("tim.sakip")
    second = office.task(quarters[1], "susun_jadwal")
    office.services.assignments.claim(office.actor("tim.sakip"), second, office.now)
    page = team.get("/tugas").text
    assert titles(page) == ["Triwulan II 2025", "Triwulan I 2025"]
    assert page.index("Milik Anda") < page.index(">Ambil tugas<")
    assert re.search(r'Bisa saya kerjakan <span class="count">2<', page)
    assert re.search(r'<span>Tugas</span> <span class="count">2<', page), "the menu says the same"
    assert titles(team.get("/tugas?tampil=saya").text) == ["Triwulan II 2025"]
    assert titles(team.get("/tugas?tampil=bersama").text) == ["Triwulan I 2025"]
    assert titles(browse("kepala.dinas").get("/tugas").text) == ["Triwulan III 2025"]


def test_who_waits_sees_for_whom_and_finds_them_by_name(office, browse, quarters):
    office.services.assignments.claim(office.actor("tim.sakip.2"), office.task(quarters[0], "susun_jadwal"), office.now)
    secretary = browse("sekretaris")
    waiting = secretary.get("/tugas?tampil=menunggu").text
    assert sorted(titles(waiting)) == ["Triwulan I 2025", "Triwulan II 2025"]
    assert "Belum diambil" in waiting
    assert titles(secretary.get("/tugas?tampil=menunggu&orang=tim.sakip.2").text) == ["Triwulan I 2025"]
    assert titles(secretary.get("/tugas?tampil=menunggu&orang=kepala").text) == []
    assert len(titles(secretary.get("/tugas?tampil=selesai").text)) == 2


def test_filters_and_order_stand_in_the_address(browse, quarters):
    team = browse("tim.sakip")
    for query, found in (
        ("cari=Triwulan+II", ["Triwulan II 2025"]),
        ("periode=2025-1", ["Triwulan I 2025"]),
        ("periode=2024", []),
        ("periode=kemarin", ["Triwulan I 2025", "Triwulan II 2025"]),
        ("jalur=sekretaris", []),
        ("sop=pengumpulan_data_kinerja&urut=judul", ["Triwulan I 2025", "Triwulan II 2025"]),
        ("sop=lain", []),
        ("waktu=terlambat", []),
        ("waktu=tanpa", []),
        ("waktu=pekan", ["Triwulan I 2025", "Triwulan II 2025"]),
        ("kembali=1", []),
        ("waktu=dikembalikan", []),
    ):
        shown = team.get(f"/tugas?{query}").text
        assert sorted(titles(shown)) == found, query
        assert ("cocok dengan saringan ini" in shown) is not found or found, query
    assert team.get("/tugas?cari=" + "x" * 201).status_code == 422
    third = browse("auditor").get("/instans?periode=2025-3").text
    assert re.findall(r'class="task-title"><a href="/instans/[^"]*">([^<]*)<', third) == ["Triwulan III 2025"]


@pytest.mark.parametrize("query", ["", "urut=judul", "urut=baru"])
def test_a_long_list_is_turned_forth_and_back_and_no_row_is_seen_twice(office, browse, monkeypatch, quarters, query):
    monkeypatch.setattr("engine.service.work.inbox.PAGE", 1)
    team = browse("tim.sakip")
    first = team.get(f"/tugas?{query}").text
    turn = re.compile(r'class="btn" href="(/tugas\?[^"]*letak[^"]*)">(Berikutnya|Sebelumnya)')
    [(onward, word)] = turn.findall(first)
    assert word == "Berikutnya"
    second = team.get(onward.replace("&amp;", "&")).text
    assert sorted(titles(first) + titles(second)) == ["Triwulan I 2025", "Triwulan II 2025"]
    [(back, word)] = turn.findall(second)
    assert word == "Sebelumnya"
    assert titles(team.get(back.replace("&amp;", "&")).text) == titles(first)
    forged = team.get(onward.replace("&amp;", "&") + "x").text
    assert titles(forged) == titles(first), "a place that is none of ours is the first page"
    assert PAGE == 25


def test_several_tasks_are_claimed_each_by_itself_and_the_result_names_what_failed(office, browse, quarters):
    team = browse("tim.sakip")
    one, two = (office.task(quarters[n], "susun_jadwal") for n in (0, 1))
    foreign = office.task(quarters[2], "perintahkan_pengumpulan_data")
    office.services.assignments.claim(office.actor("tim.sakip.2"), two, office.now)
    answer = team.post(
        "/tugas/banyak",
        {"tindakan": "ambil", "tugas": [one, two, foreign, "0" * 32]},
        page="/tugas",
        follow_redirects=True,
    )
    assert answer.status_code == 200
    assert "1 tugas diambil, 3 tidak" in answer.text
    assert "sudah diambil" in answer.text
    assert "milik jalur Kepala Dinas" in answer.text
    assert "Triwulan III" not in answer.text, "of a task that one may not read only the refusal is told"
    assert "Tugas ini tidak ada." in answer.text
    assert lines(office, Action.TASK_CLAIMED) == [("tim.sakip.2", two), ("tim.sakip", one)]
    released = team.post(
        "/tugas/banyak", {"tindakan": "lepaskan", "tugas": [one, two]}, page="/tugas", follow_redirects=True
    )
    assert "1 tugas dilepaskan, 1 tidak" in released.text
    assert team.post("/tugas/banyak", {"tindakan": "ambil"}, page="/tugas").status_code == 303, "nothing is ticked"


def test_a_result_that_is_loaded_again_does_nothing_and_too_many_are_refused_in_words(office, browse, quarters):
    team, one = browse("tim.sakip"), office.task(quarters[0], "susun_jadwal")
    sent = team.post("/tugas/banyak", {"tindakan": "ambil", "tugas": [one]}, page="/tugas")
    assert sent.status_code == 303
    for _ in range(2):
        assert "1 tugas diambil" in team.get(sent.headers["Location"]).text
    assert lines(office, Action.TASK_CLAIMED) == [("tim.sakip", one)]
    again = team.post("/tugas/banyak", {"tindakan": "ambil", "tugas": [one]}, page="/tugas", follow_redirects=True)
    assert "1 tugas diambil" in again.text, "one's own is not taken by another"
    assert len(lines(office, Action.TASK_CLAIMED)) == 1
    assert browse("tim.sakip.2").get(sent.headers["Location"]).status_code == 404
    many = [one, *(f"{n:032}" for n in range(100))]
    told = team.post("/tugas/banyak", {"tindakan": "lepaskan", "tugas": many}, page="/tugas", follow_redirects=True)
    assert "Paling banyak 100 tugas sekaligus. Belum ada yang dikerjakan." in told.text
    assert not lines(office, Action.TASK_RELEASED)


def test_several_tasks_are_handed_over_to_one_person_with_one_reason(office, browse, quarters):
    team = browse("tim.sakip")
    both = [office.task(quarters[n], "susun_jadwal") for n in (0, 1)]
    asked = team.post("/tugas/banyak", {"tindakan": "serahkan", "tugas": both}, page="/tugas")
    assert asked.status_code == 200
    assert '<option value="tim.sakip.2"' in asked.text
    assert "sekretaris" not in re.search(r'<select[^>]*name="kepada".*?</select>', asked.text, re.DOTALL).group()
    given = {"tindakan": "serahkan", "tugas": both, "kepada": "tim.sakip.2"}
    assert team.post("/tugas/banyak", {**given, "alasan": "x"}, page="/tugas").status_code == 422
    done = team.post("/tugas/banyak", {**given, "alasan": "Rapat di luar kota."}, page="/tugas", follow_redirects=True)
    assert "2 tugas diserahkan" in done.text
    assert sorted(lines(office, Action.TASK_DELEGATED)) == sorted(("tim.sakip", task) for task in both)
    assert sorted(ids(browse("tim.sakip.2").get("/tugas?tampil=saya").text)) == sorted(both)


def test_only_steps_whose_form_asks_nothing_are_completed_several_at_once(office, browse, quarters):
    def lanes(xml):
        return xml.replace('id="staf"', 'id="staf" sop:peran="tim_sakip"').replace(
            'id="atasan"', 'id="atasan" sop:peran="kepala_dinas"'
        )

    deploy(office, NAME, {}, lanes)
    bare = [office.services.starts.start(office.actor("tim.sakip"), NAME, {}, office.now) for _ in range(2)]
    tasks = [office.task(instance, "antar") for instance in bare]
    asking = office.task(quarters[0], "susun_jadwal")
    team = browse("tim.sakip")
    assert 'value="selesaikan"' in team.get("/tugas").text
    assert 'value="selesaikan"' not in browse("kepala.dinas").get("/tugas").text
    answer = team.post(
        "/tugas/banyak", {"tindakan": "selesaikan", "tugas": [*tasks, asking]}, page="/tugas", follow_redirects=True
    )
    assert "2 tugas diselesaikan, 1 tidak" in answer.text
    assert "Langkah ini punya isian; buka tugasnya." in answer.text
    assert [line for line in lines(office, Action.TASK_COMPLETED) if line[1] in tasks] == [
        ("tim.sakip", task) for task in tasks
    ]
    assert asking in ids(team.get("/tugas").text)
    asked = {"tindakan": "selesaikan", "tugas": [asking]}
    foreign = browse("sekretaris").post("/tugas/banyak", asked, page="/tugas", follow_redirects=True)
    assert "milik jalur Tim SAKIP" in foreign.text


def test_a_filter_is_kept_by_name_shared_with_ones_own_lane_renamed_and_deleted(office, browse, quarters):
    team, colleague, secretary = browse("tim.sakip"), browse("tim.sakip"), browse("sekretaris")
    query = "cari=Triwulan+II"
    for name, role in (("Punyaku", ""), ("Bersama", "tim_sakip")):
        made = team.post("/saringan/tasks", {"nama": name, "untuk": role, "saringan": query}, page="/tugas")
        assert made.headers["Location"] == f"/tugas?{query}"
    shown = colleague.get("/tugas").text
    assert f'href="/tugas?{query}">Bersama' in shown
    office.services.people.set_active(office.actor("operator"), "tim.sakip.2", True, "Mutasi", office.now)
    other = browse("tim.sakip.2")
    assert "Punyaku" not in other.get("/tugas").text
    assert "Bersama" in other.get("/tugas").text
    assert "Bersama" not in secretary.get("/tugas").text
    assert "Bersama" not in team.get("/instans").text, "a filter belongs to its list"
    refused = secretary.post("/saringan/tasks", {"nama": "x", "untuk": "tim_sakip", "saringan": ""}, page="/tugas")
    assert refused.status_code == 403
    with office.database.read() as reader:
        kept = dict(reader.connection.execute(select(saved_filter.c.name, saved_filter.c.id)).all())
    assert secretary.post(f"/saringan/{kept['Bersama']}/hapus", page="/tugas").status_code == 404
    assert other.post(f"/saringan/{kept['Punyaku']}/namai", {"nama": "Curian"}, page="/tugas").status_code == 404
    other.post(f"/saringan/{kept['Bersama']}/namai", {"nama": "Triwulan kedua"}, page="/tugas")
    assert "Triwulan kedua" in team.get("/tugas").text
    team.post(f"/saringan/{kept['Punyaku']}/namai", {"nama": " "}, page="/tugas")
    assert "Punyaku" in team.get("/tugas").text
    team.post(f"/saringan/{kept['Punyaku']}/hapus", page="/tugas")
    assert "Punyaku" not in team.get("/tugas").text


@pytest.mark.parametrize("query", ["cari=x%0d%0aSet-Cookie:a", "cari=x\r\nSet-Cookie: a=b", "\r\n", "?&=\u2028"])
def test_whatever_is_sent_as_a_filter_leads_back_to_the_list(office, browse, query):
    team = browse("tim.sakip")
    made = team.post("/saringan/tasks", {"nama": "Aneh", "saringan": query}, page="/tugas")
    assert made.status_code == 303
    assert made.headers["Location"].partition("?")[0] == "/tugas"
    with office.database.unguarded() as connection:  # as one was kept before
        [id_] = connection.scalars(select(saved_filter.c.id))
        connection.execute(update(saved_filter).values(query=query))
        connection.commit()
    assert team.post(f"/saringan/{id_}/namai", {"nama": "Lain"}, page="/tugas").status_code == 303


def test_an_address_of_a_hundred_kilobytes_is_led_nowhere_by_a_redirect(browse):
    team, long = browse("tim.sakip"), "x=" + "a" * 100_000
    made = team.post("/saringan/tasks", {"nama": "Panjang", "saringan": long}, page="/tugas", follow_redirects=True)
    assert "isinya terlalu panjang" in made.text
    for path, answer in (
        (f"/tugas?{long}", browse().get(f"/tugas?{long}")),
        ("/bahasa", team.post("/bahasa", {"bahasa": "id", "lanjut": f"/tugas?{long}"})),
        ("/masuk", browse().sign_in("tim.sakip", lanjut=f"/tugas?{long}")),
    ):
        assert answer.status_code == 303, path
        assert len(answer.headers["Location"]) < 5000, path


def test_home_says_what_to_do_today_what_is_late_with_whom_and_what_one_started(office, browse, quarters):
    empty = browse("perancang").get("/").text
    assert "Mulai dari sini" in empty
    assert 'href="/studio"' in empty
    head = browse("kepala.dinas")
    home = head.get("/").text
    assert "Triwulan III 2025" in home.partition("Yang saya mulai")[0]
    assert "Triwulan II 2025" in home.partition("Yang saya mulai")[2]
    assert "Terlambat, dan menunggu siapa" not in home
    office.now = office.now.replace(month=6)
    for account in ("kepala.dinas", "auditor"):
        late = browse(account).get("/").text.partition("Terlambat, dan menunggu siapa")[2]
        assert "menunggu Tim SAKIP" in late, account
    assert "Mulai dari sini" not in browse("auditor").get("/").text
