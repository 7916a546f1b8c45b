"""Two people at one moment: for one task one wins and the other is told who; for two tasks both win."""

import threading

from engine.model.errors import Conflict
from engine.store.proof import prove


def at_once(*deeds):
    """Do all of them at the same moment; what each gave or raised."""
    barrier, results = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(place, deed):
        barrier.wait()
        try:
            done = deed()
            results[place] = done if isinstance(done, str) else "done"
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_of_two_who_complete_one_task_one_wins_and_the_other_is_told_who(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    task = office.task(instance, "susun_jadwal")
    people = ("tim.sakip", "tim.sakip.2")
    filled = {who: office.filled(who, task) for who in people}
    actors = {who: office.actor(who) for who in people}
    results = at_once(
        *(lambda who=who: office.services.tasks.complete(actors[who], task, filled[who], office.now) for who in people)
    )
    assert results.count("done") == 1
    [lost] = [r for r in results if r != "done"]
    assert isinstance(lost, Conflict)
    assert lost.who in people
    versions = [d for d in office.page(instance).all_documents if d.data_object_id == "notula"]
    assert len(versions) == 1


def test_of_two_who_claim_one_task_one_wins(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    task, actors = office.task(instance, "susun_jadwal"), [office.actor(a) for a in ("tim.sakip", "tim.sakip.2")]
    results = at_once(*(lambda a=a: office.services.tasks.claim(a, task, office.now) for a in actors))
    assert sorted(str(r) for r in results) == ["claimed", "done"]


def test_two_holders_who_hand_in_at_the_same_moment_both_win(office):
    instance = office.start()
    office.until_data(instance)
    holders = ("pemegang.data.1", "pemegang.data.2")
    tasks = {h: office.task(instance, "siapkan_data", h) for h in holders}
    filled = {h: office.filled(h, tasks[h]) for h in holders}
    actors = {h: office.actor(h) for h in holders}
    results = at_once(
        *(lambda h=h: office.services.tasks.complete(actors[h], tasks[h], filled[h], office.now) for h in holders)
    )
    assert results == ["done", "done"]
    assert office.open_steps(instance) == ["susun_analisis"]
    draft = next(d for d in office.page(instance).documents if d.data_object_id == "draft_laporan")
    assert (draft.version, draft.status, len(draft.parts)) == (1, "issued", 2)
    with office.database.read() as reader:
        assert prove(reader).sound


def test_the_same_period_started_twice_at_one_moment_runs_once(office):
    results = at_once(*(lambda a=a: office.start(a) for a in ("kepala.dinas", "sekretaris", "tim.sakip")))
    started = [r for r in results if isinstance(r, str)]
    assert len(started) == 1
    assert all(r.facts["instance_id"] == started[0] for r in results if isinstance(r, Conflict))


def test_many_notes_at_one_moment_are_all_there_and_the_chain_holds(office):
    instance = office.start()
    accounts = ("kepala.dinas", "sekretaris", "tim.sakip", "tim.sakip.2", "pemegang.data.1", "operator")
    actors = [office.actor(a) for a in accounts]
    office.until_data(instance)
    results = at_once(
        *(lambda a=a: office.services.instances.comment(a, instance, f"dari {a.person_id}", office.now) for a in actors)
    )
    assert results == ["done"] * len(actors)
    assert len(office.page(instance).comments) == len(actors)
    with office.database.read() as reader:
        assert prove(reader).sound
