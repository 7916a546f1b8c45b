"""Models of the differential test through the host: rows, timers, subscriptions and history say what the standard says.

A sample of those on which some engine was wrong once; services that have never seen the instance make every move.
"""

import json
from collections import Counter

import pytest
from sqlalchemy import select

from engine.model.errors import Conflict
from engine.model.process import InstanceStatus, MessageKind
from engine.store.queries import histories, tasks
from engine.store.tables import message, subscription, timer
from tests.bpmn.models import scope_of, xml_of
from tests.bpmn.reference import Reference, Seen
from tests.bpmn.test_differential import FOUND, NOT_COMPARED, play
from tests.places import placed
from tests.service.procedures import Case, form, number

LANE = ("<bpmn:lane id=", '<bpmn:lane xmlns:sop="urn:alur:sop:1" sop:peran="staf" name="Staf" id=')
SAMPLE = (
    "two approvals and a letter, again in the other order",
    "an inclusive pair inside another",
    "an escalation ends its sub-process before the next step",
    "a value begins an event sub-process before the next step",
    "several in parallel behind a boundary event",
    "a boundary message that comes twice",
    "a fork that is passed twice opens its ways twice",
    "a task in an event sub-process of a called process is open",
)


class OfficeSide(Case):
    """The whole office, seen as the reference is."""

    def __init__(self, office, process):
        self.office, self.name, self.began = office, process.id, office.now
        self.names = [n for n, node in Reference(process).nodes.items() if node.kind == "userTask"]
        self.files = {
            f"processes/{self.name}/{self.name}.bpmn": placed(xml_of(process).replace(*map(str.encode, LANE)))
        }
        self.before = (Counter(), Counter())

    def start(self, names):
        fields = {name: number(name) for name in sorted(names)}
        forms = {"start1": form(**fields), **dict.fromkeys(self.names, form(**fields))}
        self.files |= {f"forms/{self.name}/{each}.schema.json": content for each, content in forms.items()}
        designer, clerk = self.office.actor("perancang"), self.office.actor("ann")
        services = self.office.services
        services.deployments.deploy(designer, self.name, self.files, "uji", self.office.now)
        typed = {name: ["0"] for name in names}
        self.id = services.starts.start(clerk, self.name, typed, self.office.now)
        return self.seen()

    def complete(self, element, name, value):
        task, clerk = self.office.task(self.id, element), self.office.actor("ann")
        services = self.restart()
        page = services.tasks.open(clerk, task, self.office.now)
        typed = {path: list(texts) for path, texts in services.tasks.prefill(page).items()}
        services.tasks.complete(clerk, task, typed | {name: [str(value)]}, self.office.now)
        return self.seen()

    def fire(self, minute):
        self.office.now = max(self.office.now, self.began)
        self.waits(minutes=minute - self.minutes(self.office.now))
        return self.seen()

    def deliver(self, kind, name):
        self.hears(name, MessageKind(kind))
        return self.seen()

    def minutes(self, instant):
        return round((instant - self.began).total_seconds() / 60)

    def seen(self):
        with self.office.database.read() as reader:
            mine = [each.c.instance_id == self.id for each in (timer, subscription)]
            timers = reader.connection.execute(select(timer.c.element_id, timer.c.due_at).where(mine[0])).all()
            awaited = reader.connection.execute(
                select(subscription.c.element_id, subscription.c.name).where(mine[1])
            ).all()
            sent = reader.connection.scalars(select(message.c.name).where(message.c.from_instance == self.id)).all()
            lines = [json.loads(text) for text in histories.passed(reader, self.id)]
        passed = [each for line in lines for each in line.get("passed", ())]
        all_passed = Counter(each["element"] for each in passed if each["kind"] not in NOT_COMPARED)
        all_sent = Counter(("message", name) for name in sent)
        before, self.before = self.before, (all_passed, all_sent)
        return Seen(
            open=Counter(step.split("/")[0] for step in self.open),
            timers=Counter((element, self.minutes(due)) for element, due in timers),
            awaited=Counter((row.element_id, row.name) for row in awaited),
            passed=all_passed - before[0],
            sent=all_sent - before[1],
            completed=self.status is InstanceStatus.COMPLETED,
        )


class HesitantOffice(OfficeSide):
    """The same, where whoever completes a task takes that back, if nothing has left the house, and does it again."""

    def __init__(self, *those):
        super().__init__(*those)
        self.hesitated, self.left = 0, set()

    def complete(self, element, name, value):
        stood = self.seen()
        done = super().complete(element, name, value)
        with self.office.database.read() as reader:
            last = tasks.last_done(reader, {self.id})
        try:
            for each in last:
                self.restart().taking_back.take_back(self.office.actor("ann"), each.id, "Keliru.", self.office.now)
        except Conflict as conflict:
            self.left |= {conflict.reason}
            return done
        if not last:  # the instance is over
            return done
        back = self.seen()
        assert (back.open, back.timers, back.awaited) == (stood.open, stood.timers, stood.awaited)
        assert not back.passed
        self.hesitated += 1
        return super().complete(element, name, value)


@pytest.mark.parametrize("name", SAMPLE)
def test_what_is_taken_back_and_done_again_runs_in_the_office_as_the_standard_says(staffed, name):
    found = FOUND[name]
    process = scope_of(found.body, found.sides)
    side = HesitantOffice(staffed, process)
    assert len(play(process, found.moves, engine=side)) > 1
    assert side.hesitated or side.left
    assert side.left <= {"left"}


@pytest.mark.parametrize("name", SAMPLE)
def test_a_model_runs_in_the_office_as_the_standard_says(staffed, name):
    found = FOUND[name]
    process = scope_of(found.body, found.sides)
    assert len(play(process, found.moves, engine=OfficeSide(staffed, process))) > 1
