"""Second thoughts: what was completed is taken back until somebody builds on it, and nothing of it is lost."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from engine.model.errors import AlurError, InvalidForm
from engine.model.history import Action
from engine.model.people import Capacity
from engine.model.process import InstanceStatus
from engine.model.work import TaskStatus
from engine.store import tables as t
from engine.store.queries import histories, numbers, renderings, tasks
from tests.office import LONG_AGO, returned
from tests.service.procedures import Case, form, number
from tests.service.test_timers_and_incidents import RAISES
from tests.service.test_two_at_once import at_once
from tests.swept import swept

WHY = "Tanggalnya keliru."
ORDER = "perintahkan_pengumpulan_data"


def take_back(office, account, task_id, why=WHY):
    office.services.taking_back.take_back(office.actor(account), task_id, why, office.now)


def refused(office, account, task_id):
    """Why somebody cannot take something back; then it is not offered either."""
    with pytest.raises(AlurError) as refusal:
        take_back(office, account, task_id)
    actor, done = office.actor(account), row(office, task_id)
    assert refusal.value.reason != "lane" or not office.services.taking_back.may(actor, [done], office.now)
    return refusal.value.reason


def row(office, task_id):
    with office.database.read() as reader:
        return tasks.by_id(reader, task_id)


def lines(office, instance, *actions):
    with office.database.read() as reader:
        found, _ = histories.after(reader, f"instance:{instance}", 0, 1000)
    return [line for line in found if line.action in actions]


def versions(office, instance, name):
    return [(v.version, v.status.value) for v in office.page(instance).all_documents if v.data_object_id == name]


@pytest.fixture
def ordered(office):
    """The head ordered the collection of data, and nobody looked at it yet."""
    office.instance = office.start()
    office.order = office.do("kepala.dinas", office.instance, ORDER)
    return office


def test_what_was_completed_is_open_again_with_what_was_typed(ordered):
    office, instance, before = ordered, ordered.instance, row(ordered, ordered.order)
    following = office.task(instance, "siapkan_kertas_kerja")
    typed = office.services.tasks
    take_back(office, "kepala.dinas", office.order)
    again = row(office, office.order)
    assert office.open_steps(instance) == [ORDER]
    assert (again.status, again.assignee, again.completed_by) == (TaskStatus.READY, "kepala.dinas", None)
    assert (again.due_at, again.history_seq) == (before.due_at, None)
    assert row(office, following).status is TaskStatus.CANCELLED
    page = typed.open(office.actor("kepala.dinas"), office.order, office.now)
    assert page.may == "fill"
    assert page.draft is not None
    filled = office.filled("kepala.dinas", office.order)
    assert {path: list(texts) for path, texts in page.draft.entries.items()} == filled
    [line] = lines(office, instance, Action.TASK_TAKEN_BACK)
    assert (line.actor, line.task_id, line.capacity) == ("kepala.dinas", office.order, "definitif")
    assert json.loads(line.change)["reason"] == WHY
    assert office.page(instance).passes[ORDER] == 0


def test_it_is_completed_once_more_and_the_next_step_is_a_new_task(ordered):
    office, instance = ordered, ordered.instance
    following = office.task(instance, "siapkan_kertas_kerja")
    take_back(office, "kepala.dinas", office.order)
    assert office.do("kepala.dinas", instance, ORDER) == office.order
    assert office.task(instance, "siapkan_kertas_kerja") != following
    page = office.page(instance)
    assert page.passes[ORDER] == 1
    assert [step.passes for step in page.steps[:2]] == [1, 1]
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    office.do("tim.sakip", instance, "susun_jadwal")


def test_only_who_completed_it_takes_it_back_and_with_a_reason(ordered):
    office = ordered
    office.hire("kepala.2", "kepala_dinas")
    assert refused(office, "kepala.2", office.order) == "completer"
    assert refused(office, "tim.sakip", office.order) == "lane"
    with pytest.raises(InvalidForm):
        take_back(office, "kepala.dinas", office.order, " ")
    office.services.people.end_membership(
        office.actor("operator"), "kepala.dinas", "m-kepala.dinas-kepala_dinas", office.now.date() - timedelta(1),
        "Pindah.", office.now,
    )  # fmt: skip
    assert refused(office, "kepala.dinas", office.order) in {"lane", "role"}
    assert office.open_steps(office.instance) == ["siapkan_kertas_kerja"]


def test_what_somebody_else_looked_at_stays_done(ordered):
    office, following = ordered, office_task(ordered)
    view = office.services.tasks.open
    office.gives("kepala.dinas", "sekretaris", LONG_AGO, None, Capacity.ACTING_PLT, "SK 1")
    view(office.actor("kepala.dinas"), following, office.now)  # who completed it may look
    assert office.services.taking_back.may(office.actor("kepala.dinas"), [row(office, office.order)], office.now)
    for _ in range(3):
        view(office.actor("sekretaris"), following, office.now)
    assert len(lines(office, office.instance, Action.TASK_VIEWED)) == 1
    assert refused(office, "kepala.dinas", office.order) == "begun"
    assert not office.services.taking_back.may(office.actor("kepala.dinas"), [row(office, office.order)], office.now)


def office_task(office):
    return office.task(office.instance, "siapkan_kertas_kerja")


def test_a_look_at_what_cannot_be_taken_back_is_no_line(office):
    instance = office.start()
    office.services.tasks.open(office.actor("kepala.dinas"), office.task(instance, ORDER), office.now)
    assert not lines(office, instance, Action.TASK_VIEWED)


def test_what_somebody_claimed_stays_done_and_a_claim_given_back_is_one_too(ordered):
    office, following = ordered, office_task(ordered)
    office.services.assignments.claim(office.actor("sekretaris"), following, office.now)
    assert refused(office, "kepala.dinas", office.order) == "begun"
    office.services.assignments.release(office.actor("sekretaris"), following, office.now)
    assert refused(office, "kepala.dinas", office.order) == "begun"


def test_what_is_done_already_or_open_already_or_stopped_says_so(ordered):
    office = ordered
    office.services.control.comment(office.actor("kepala.dinas"), office.instance, "Menyusul.", office.now)
    done = office.do("sekretaris", office.instance, "siapkan_kertas_kerja")
    assert refused(office, "kepala.dinas", office.order) == "begun"
    office.services.control.suspend(office.actor("operator"), office.instance, "Menunggu DPA.", office.now)
    assert refused(office, "sekretaris", done) == "suspended"
    office.services.control.resume(office.actor("operator"), office.instance, "DPA ada.", office.now)
    assert refused(office, "sekretaris", done) == "moved"


def test_twice_is_once(ordered):
    office = ordered
    take_back(office, "kepala.dinas", office.order)
    assert refused(office, "kepala.dinas", office.order) == "open_again"


def test_a_letter_that_went_out_cannot_come_back_and_one_that_waits_is_not_sent(ordered):
    office = ordered
    office.services.telling.spreading.spread(office.now)
    with office.database.read() as reader:
        told = reader.connection.scalars(
            select(t.notification.c.id).where(t.notification.c.instance_id == office.instance)
        ).all()
    facts = {"channel": "surel", "person_id": "sekretaris", "made_at": office.now, "due_at": office.now, "attempts": 0}
    with office.database.unguarded() as connection:
        connection.execute(insert(t.dispatch), {"id": "d", "status": "due", **facts})
        connection.execute(t.notice.update().where(t.notice.c.notification_id.in_(told)).values(dispatch_id="d"))
    assert office.services.taking_back.may(office.actor("kepala.dinas"), [row(office, office.order)], office.now)
    with office.database.unguarded() as connection:
        connection.execute(t.dispatch.update().values(status="sent"))
    assert refused(office, "kepala.dinas", office.order) == "left"
    with office.database.unguarded() as connection:
        connection.execute(t.dispatch.update().values(status="due"))
    take_back(office, "kepala.dinas", office.order)
    with office.database.read() as reader:
        unread = t.notice.c.read_at.is_(None) & (t.notice.c.person_id == "sekretaris")
        assert not reader.connection.scalars(select(t.notice.c.notification_id).where(unread)).all()


def test_documents_are_void_with_the_reason_and_the_number_is_never_given_again(ordered):
    office, instance = ordered, ordered.instance
    swept(office.services.printing, office.now)
    with office.database.read() as reader:
        [taken] = numbers.in_use(reader, instance)
    made = {v.data_object_id for v in office.page(instance).all_documents}
    take_back(office, "kepala.dinas", office.order)
    assert {tuple(versions(office, instance, name)) for name in made} == {((1, "void"),)}
    with office.database.read() as reader:
        assert not numbers.in_use(reader, instance)
        [kept] = numbers.of_series(reader, taken.series, taken.year, limit=10)
    assert (kept.ordinal, kept.void_reason) == (taken.ordinal, WHY)
    office.do("kepala.dinas", instance, ORDER)
    assert {tuple(n for n, _ in versions(office, instance, name)) for name in made} == {(1, 2)}
    assert all(not version.void for version in office.page(instance).documents)
    with office.database.read() as reader:
        [again] = numbers.in_use(reader, instance)
    assert again.ordinal > taken.ordinal
    assert again.text in office.page(instance).numbers.values()
    [void, new] = [v for v in office.page(instance).all_documents if v.data_object_id == "disposisi"]
    assert (void.returned_by, void.returned_reason) == ("kepala.dinas", WHY)
    view = office.services.documents.view(office.actor("kepala.dinas"), void.id)
    assert [version.id for version in view.versions] == [new.id, void.id]
    with office.database.read() as reader:
        code = next(each.code for each in renderings.of_document(reader, void.id) if each.format == "pdf")
    assert office.services.verification.by_code(code, "10.0.0.1", office.now).standing == "void"


def test_one_of_several_takes_back_a_part_and_the_others_keep_theirs(office):
    instance, holders = office.start(), ("pemegang.data.1", "pemegang.data.2")
    office.until_data(instance)
    done = {holder: office.do(holder, instance, "siapkan_data", holder) for holder in holders}
    assert office.open_steps(instance) == ["susun_analisis"]
    assert refused(office, holders[0], done[holders[0]]) == "moved"
    take_back(office, holders[1], done[holders[1]])
    assert office.open_steps(instance) == ["siapkan_data/pemegang.data.2"]
    assert versions(office, instance, "draft_laporan") == [(1, "void"), (2, "draft")]
    newest = office.page(instance).documents
    [kept] = [v for v in newest if v.data_object_id == "draft_laporan"]
    assert [part.item for part in kept.parts] == [holders[0]]
    office.do(holders[1], instance, "siapkan_data", holders[1])
    assert versions(office, instance, "draft_laporan") == [(1, "void"), (2, "issued")]
    again = office.task(instance, "susun_analisis")
    office.later(hours=1)
    back = office.do("tim.sakip", instance, "susun_analisis", **returned(holders[1]))
    assert office.open_steps(instance) == ["siapkan_data/pemegang.data.2"]
    take_back(office, "tim.sakip", back)
    assert (office.open_steps(instance), back) == (["susun_analisis"], again)
    assert versions(office, instance, "draft_laporan") == [(1, "void"), (2, "issued")]
    office.later(hours=1)
    office.do("tim.sakip", instance, "susun_analisis", **returned(holders[1]))
    first = office.do(holders[1], instance, "siapkan_data", holders[1])
    assert versions(office, instance, "draft_laporan")[1:] == [(2, "replaced"), (3, "issued")]
    take_back(office, holders[1], first)
    assert versions(office, instance, "draft_laporan")[1:] == [(2, "issued"), (3, "void")]
    office.do(holders[1], instance, "siapkan_data", holders[1])
    assert versions(office, instance, "draft_laporan")[1:] == [(2, "replaced"), (3, "void"), (4, "issued")]


def test_of_a_claim_and_a_taking_back_at_one_moment_one_wins(ordered):
    office, following = ordered, office_task(ordered)
    head, clerk = office.actor("kepala.dinas"), office.actor("sekretaris")
    results = at_once(
        lambda: office.services.taking_back.take_back(head, office.order, WHY, office.now),
        lambda: office.services.assignments.claim(clerk, following, office.now),
    )
    assert sorted(str(each) for each in results) in (["begun", "done"], ["cancelled", "done"])
    assert office.open_steps(office.instance) == ([ORDER] if results[0] == "done" else ["siapkan_kertas_kerja"])


def test_of_the_next_step_completed_and_a_taking_back_at_one_moment_one_wins(ordered):
    office, following = ordered, office_task(ordered)
    head, clerk = office.actor("kepala.dinas"), office.actor("sekretaris")
    office.gives("kepala.dinas", "sekretaris", LONG_AGO, None, Capacity.ACTING_PLT, "SK 1")
    filled = office.filled("kepala.dinas", following)  # who completed it may look
    results = at_once(
        lambda: office.services.taking_back.take_back(head, office.order, WHY, office.now),
        lambda: office.services.tasks.complete(clerk, following, filled, office.now),
    )
    assert sorted(str(each) for each in results) in (["done", "moved"], ["cancelled", "done"])


# ── other shapes of procedures ──────────────────────────────────────────────────────────────────────────────────────


def test_what_ended_the_instance_is_mended_by_a_correction(staffed):
    case = Case(staffed, "boundary_timer_interrupts", {"tulis": form(), "ingatkan": form()})
    task = staffed.task(case.id, "tulis")
    case.does("tulis")
    assert case.status is InstanceStatus.COMPLETED
    assert refused(staffed, "ann", task) == "over"


def test_what_an_error_stopped_is_taken_back_and_its_incident_with_it(staffed):
    case = Case(staffed, RAISES, {"tulis": form(angka=number("Angka"), pembagi=number("Pembagi")), "periksa": form()})
    task = staffed.task(case.id, "tulis")
    case.does("tulis", angka=6, pembagi=0)
    assert case.status is InstanceStatus.INCIDENT
    take_back(staffed, "ann", task)
    assert (case.status, staffed.page(case.id).incidents) == (InstanceStatus.RUNNING, ())
    case.does("tulis", angka=6, pembagi=2)
    assert case.open == ["periksa"]
