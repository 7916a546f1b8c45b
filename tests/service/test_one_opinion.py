"""Rules and database are of one opinion: what permissions let a person do is what their lists show and SQL writes.

That is so of what somebody else has as well, who is away or not, on the days before, of and after their leave.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product
from random import Random

import pytest
from sqlalchemy import delete, insert, update

from engine.model.errors import AlurError
from engine.model.people import Actor
from engine.model.process import InstanceStatus
from engine.model.work import TaskStatus
from engine.service.people.permissions import permit_filling, permit_work
from engine.store import tables as t
from engine.store.queries import absences, people, task_lists, tasks
from engine.store.queries.task_lists import TaskView
from engine.store.unit_of_work import Work

ME, OTHER = "sekretaris", "tim.sakip"
TODAY = date(2026, 1, 9)
TERMS = {  # of the role that the task is of
    "never": None,
    "until yesterday": (date(2025, 1, 1), TODAY - timedelta(days=1)),
    "until today": (date(2025, 1, 1), TODAY),
    "from today": (TODAY, None),
    "from tomorrow": (TODAY + timedelta(days=1), None),
}
HOLDERS = (None, ME, OTHER)
MOVING, STOPPED = (
    (InstanceStatus.RUNNING, InstanceStatus.INCIDENT),
    (InstanceStatus.SUSPENDED, InstanceStatus.TERMINATED),
)
OPEN = list(product([TaskStatus.READY], MOVING[:1], HOLDERS, HOLDERS, TERMS, (True, False)))
OTHERWISE = list(product(TaskStatus, MOVING + STOPPED, HOLDERS, HOLDERS, TERMS, (True, False)))


@dataclass
class Desk:
    """One open task, put into every state that it can be in; nothing of it is kept."""

    connection: object
    task_id: str
    instance_id: str

    def put(self, status, its, performer, assignee, term, active, away="never", acts_for=None):
        self.connection.execute(delete(t.absence))
        if away != "never":
            since, until = TERMS[away]
            facts = {"id": "a", "person_id": OTHER, "substitute_id": ME, "reason": "Cuti"}
            facts |= {"since": since, "until": until or date(2099, 1, 1)}
            self.connection.execute(insert(t.absence), facts)
        done = {"completed_by": OTHER} if status is TaskStatus.COMPLETED else {"completed_by": None}
        self._set(
            t.task, self.task_id, status=status.value, performer=performer, assignee=assignee, acts_for=acts_for, **done
        )
        self._set(t.instance, self.instance_id, status=its.value)
        self._set(t.person, ME, active=active)
        since, until = TERMS[term] or (date(2000, 1, 1), date(2000, 1, 2))
        of_mine = (t.membership.c.person_id == ME, t.membership.c.role == "sekretaris")
        self.connection.execute(update(t.membership).where(*of_mine).values(since=since, until=until))

    def _set(self, table, id_, **values):
        self.connection.execute(update(table).where(table.c.id == id_).values(**values))

    def me(self):
        person = people.by_id(self, ME)
        person = replace(person, stands_in_for=frozenset(absences.substitutes(self, [OTHER], TODAY)))
        return Actor.of(replace(person, memberships=tuple(m for m in person.memberships if m.holds_on(TODAY))))

    def lets(self, rule):
        try:
            rule(self.me(), tasks.context(self, self.task_id, ME, TODAY))
        except AlurError:
            return False
        return True

    def shows(self):
        """Whether the task stands in the list of what I can do now."""
        page = task_lists.inbox(self, self.me(), TaskView(), sole_roles=frozenset(), limit=9)
        return self.task_id in {row.task.id for row in page.rows}

    def writes(self, change):
        with self.connection.begin_nested() as tried:
            done = change()
            tried.rollback()
        return done


@pytest.fixture
def desk(open_office):
    office = open_office
    instance_id = office.start()
    office.do("kepala.dinas", instance_id, "perintahkan_pengumpulan_data")
    with office.database.unguarded() as connection, connection.begin_nested() as whole:
        yield Desk(connection, office.task(instance_id, "siapkan_kertas_kerja"), instance_id)
        whole.rollback()


def test_who_may_fill_in_a_task_finds_it_in_a_list_and_nobody_else_completes_it(desk, now):
    seen = set()
    plain = [(*state, "never") for state in OPEN + Random(2026).sample(OTHERWISE, 60)]
    away = [(*state, term) for state in OPEN for term in TERMS if state[-1] and OTHER in state[2:4] and term != "never"]
    taken = [(*state, term, OTHER) for state in OPEN for term in TERMS if state[-1] and state[2:4] == (None, ME)]
    for case in plain + away + taken:
        state = case[:6]
        desk.put(*case)
        may, stopped = desk.lets(permit_filling), state[1] in STOPPED
        writes = desk.writes(
            lambda: tasks.complete(Work(desk.connection, desk.me(), now), desk.task_id, TODAY, None, 1)
        )
        assert may is (writes and not stopped), state  # of what is stopped the instance's own revision tells SQL
        if state[-1] and not stopped:  # who is not active is not let in, and has no lists
            in_hand = state[2] == ME or state[2:4] == (None, ME)
            kept = state[0] is TaskStatus.READY and in_hand  # seen, also when the role has ended
            assert desk.shows() is (may or kept), state
        seen.add((may, writes))
    assert seen == {(True, True), (False, True), (False, False)}


def test_who_may_work_on_a_task_that_nobody_holds_claims_it_and_nobody_claims_what_is_held(desk, now):
    claimed = 0
    for state in (*OPEN, *product(TaskStatus, MOVING[1:], HOLDERS, HOLDERS, ["from today"], [True])):
        if not state[-1]:
            continue
        desk.put(*state)
        may_work, held = desk.lets(permit_work), state[2] is not None or state[3] is not None
        assert desk.lets(permit_filling) <= may_work, state
        writes = desk.writes(lambda: tasks.claim(desk, desk.task_id, ME, now))
        assert not (writes and held), state
        assert writes or not may_work or held, state
        claimed += writes and may_work
    assert claimed
