"""Lists of process instances, and one instance's page: where it is, who has it, what exists."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.bpmn.waits import may_wait
from engine.forms.field import Wording
from engine.model.errors import there
from engine.model.lists import Page, Place
from engine.model.people import Actor
from engine.model.process import DONE, OVER, DueTimer, InstanceStatus, Lane, ProcessModel, UserTask, Wait
from engine.model.work import (
    Attachment,
    Clock,
    DocumentTask,
    DocumentVersion,
    IncidentRecord,
    InstanceRecord,
    TaskRecord,
    TaskStatus,
)
from engine.service.papers import letter_numbers as numbers
from engine.service.papers.corrections import COUNTING
from engine.service.people.permissions import may_extend, may_start, watch_over
from engine.service.procedures.procedure import Procedure
from engine.service.work.deadlines import clock_of
from engine.service.work.instance_control import may_terminate
from engine.service.work.transitions import Moves
from engine.store.queries import (
    Transaction,
    archives,
    document_tasks,
    documents,
    histories,
    instances,
    office,
    people,
    tasks,
)
from engine.store.queries.instances import InstanceFilter
from engine.store.queries.people import Members

__all__ = ["InstanceFilter", "InstanceList", "InstancePage", "Instances", "ListedInstance", "StepView"]

PAGE = 50
EVERY = InstanceFilter()
WHOLE = "multiInstance"


@dataclass(frozen=True, slots=True)
class ListedInstance:
    """An instance in a list, with its open tasks and what it waits for."""

    record: InstanceRecord
    process: ProcessModel
    open_tasks: tuple[TaskRecord, ...]
    step: UserTask | None  # the first open step
    all_of_step: int  # how often a multi-instance step is open
    clock: Clock | None
    overdue: bool
    papers: tuple[DocumentTask, ...]  # what its documents wait for
    awaits: tuple[tuple[str, str | None], ...]  # names of elements that wait for time or messages


@dataclass(frozen=True, slots=True)
class InstanceList:
    """One page of instances."""

    items: tuple[ListedInstance, ...]
    page: Page[InstanceRecord]


@dataclass(frozen=True, slots=True)
class Pass:
    """An earlier pass of a step, with those of its tasks that the newest pass does not show."""

    number: int
    tasks: tuple[TaskRecord, ...]
    late: int


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of an instance: how often it was passed, who has it, when it was done and how fast."""

    step: UserTask
    lane: Lane
    state: str  # "not_begun", "active", "done", "not_taken", "cancelled", "incident"
    passes: int
    tasks: tuple[TaskRecord, ...]  # of the newest pass; of each item of a multi-instance step, its newest
    clocks: Mapping[str, Clock]  # by task id, of every pass
    earlier: tuple[Pass, ...]  # newest first; each task of the step is here or in *tasks*
    done: int
    total: int
    people: Mapping[str, str]
    documents: tuple[DocumentVersion, ...]
    forecast_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class InstancePage:
    """One instance: where it is, who has it, what exists."""

    record: InstanceRecord
    procedure: Procedure
    steps: tuple[StepView, ...]
    current: tuple[StepView, ...]
    open_tasks: tuple[TaskRecord, ...]
    following: tuple[UserTask, ...]
    documents: tuple[DocumentVersion, ...]  # newest version of each
    numbers: Mapping[str, str]  # of letters, by data object
    all_documents: tuple[DocumentVersion, ...]
    incidents: tuple[IncidentRecord, ...]
    timers: tuple[DueTimer, ...]
    comments: tuple[tuple[str, datetime, str, str | None], ...]  # who, when, what, on which element
    files: tuple[Attachment, ...]  # outside its forms
    names: Mapping[str, str]
    passes: Mapping[str, int]  # element_id -> how often it was passed
    flows: Mapping[str, int]  # sequence flow -> how often it was taken
    waits: tuple[Wait, ...]  # for other things than people, since when and until when
    overdue: bool
    returned: frozenset[str]  # element ids of open steps that were sent back
    sent_back_to: Mapping[datetime, int]  # when work was sent back -> first step that opened again
    may_terminate: bool
    line_count: int
    start_values: Mapping[str, Any]
    papers: tuple[DocumentTask, ...]  # what its documents wait for
    mine: tuple[DocumentTask, ...]  # of that, what the viewer may do
    place: tuple[tuple[Wording, str], ...]  # of an archived one: the place of its manual copy, by label
    linked: Mapping[str, InstanceRecord]  # what it corrects and what corrects it, by id, if the actor may see them
    may_correct: bool
    may_extend: frozenset[str]  # ids of open tasks whose due date the viewer may put off


@dataclass(frozen=True)
class Instances(Moves):
    """What people may ask about process instances."""

    def list(
        self,
        actor: Actor,
        now: datetime,
        narrowed: InstanceFilter = EVERY,
        place: Place | None = None,
        limit: int = PAGE,
    ) -> InstanceList:
        """Return one page of the instances that the actor may see."""
        with self.database.read() as reader:
            found = instances.page(reader, actor, narrowed, place=place, limit=limit)
            ids = [record.id for record in found.rows]
            open_tasks = tasks.open_of_instances(reader, ids)
            awaited = instances.awaited(reader, [r.id for r in found.rows if r.status is InstanceStatus.WAITING])
            papers = document_tasks.of_instances(reader, ids)
            items = tuple(
                self._listed(reader, r, open_tasks[r.id], now, awaited.get(r.id, ()), papers[r.id]) for r in found.rows
            )
        return InstanceList(items, found)

    def search(
        self,
        actor: Actor,
        narrowed: InstanceFilter,
        limit: int,
        now: datetime,
        after: tuple[datetime, str] | None = None,
    ) -> tuple[tuple[ListedInstance, ...], bool]:
        """Return instances that the actor may see after a start and id, newest first, and whether more follow."""
        with self.database.read() as reader:
            found = instances.page(reader, actor, narrowed, place=Place(after) if after else None, limit=limit)
            open_tasks = tasks.open_of_instances(reader, [r.id for r in found.rows])
            listed = tuple(self._listed(reader, record, open_tasks[record.id], now) for record in found.rows)
            return listed, found.after is not None

    def record(self, actor: Actor, instance_id: str) -> InstanceRecord:
        """Return one instance's row; NotFound also for whoever may not know of it."""
        return there(self.database.ask(instances.seen, actor, instance_id), instance_id)

    def page(self, actor: Actor, instance_id: str, now: datetime) -> InstancePage:
        """Return one instance's page; NotFound also for whoever may not know of it."""
        with self.database.read() as reader:
            record = there(instances.seen(reader, actor, instance_id), instance_id)
            procedure = self.procedures.of(reader, record.definition_id)
            every = tasks.of_instance(reader, instance_id)
            versions = documents.of_instance(reader, instance_id)
            changes = histories.passed(reader, instance_id)
            incidents = office.open_incidents_of(reader, instance_id)
            members = people.members(reader, self.office.today(now))
            unread = record.status in OVER or not may_wait(procedure.definition)
            state = None if unread else instances.state(reader, instance_id)
            newest = {each.data_object_id: each for each in sorted(versions, key=lambda each: not each.void)}
            lanes, _ = office.read_setting(reader, "reminders") or ({}, 0)
            beside = self._beside(reader, actor, record, procedure, tuple(newest.values()))
        passes, flows = _travelled(changes)
        steps = self._steps(record, procedure, every, newest, {each.element_id for each in incidents}, members, now)
        current = tuple(s for s in steps if s.state in ("active", "incident"))
        now_at = {s.step.number: s.step for s in current}
        open_tasks = tuple(t for t in every if t.status is TaskStatus.READY)
        number_of = {step.element_id: step.number for step in procedure.outline.tasks}
        return InstancePage(
            record=record,
            procedure=procedure,
            steps=steps,
            current=current,
            open_tasks=open_tasks,
            following=tuple(t for t in procedure.following(now_at.values()) if t.number not in now_at),
            documents=tuple(newest.values()),
            all_documents=versions,
            incidents=incidents,
            **beside,
            passes=passes,
            flows=flows,
            waits=() if state is None else self.executor.waits(procedure.definition, state[1]),
            overdue=any(t.due_at and t.due_at < now for t in open_tasks),
            sent_back_to={
                each.created_at: number_of[each.element_id]
                for each in sorted(every, key=lambda t: -number_of[t.element_id])
                if each.returned_at == each.created_at
            },
            returned=frozenset(t.element_id for t in open_tasks if t.returned_by),
            line_count=len(changes),
            may_extend=frozenset(
                t.id for t in open_tasks if t.due_at and may_extend(actor, t, watch_over(t, procedure, lanes))
            ),
            start_values=procedure.form_of(procedure.outline.start_event).decode(record.values),
        )

    def _beside(
        self,
        reader: Transaction,
        actor: Actor,
        record: InstanceRecord,
        procedure: Procedure,
        newest: Sequence[DocumentVersion],
    ) -> dict[str, Any]:
        """Return what an instance's page shows besides the steps, and what the viewer may do."""
        archive = archives.by_id(reader, record.id) if record.status is InstanceStatus.ARCHIVED else None
        ids = ((record.corrects or {}).get("instance"), record.corrected_by)
        linked = [instances.seen(reader, actor, id_) for id_ in ids if id_]
        correctable = record.status in DONE and record.corrected_by is None
        in_force = self.procedures.in_force(reader, record.process_id)
        return {
            "timers": instances.waiting_timers(reader, record.id),
            "comments": documents.comments(reader, record.id),
            "files": documents.loose(reader, record.id),
            "numbers": numbers.of_documents(reader, record.id),
            "names": people.names(reader),
            "papers": document_tasks.of_instances(reader, [record.id])[record.id],
            "mine": document_tasks.of_person(reader, actor, instance_id=record.id),
            "may_terminate": record.status not in OVER and may_terminate(reader, actor, record, procedure),
            "place": () if archive is None else procedure.place_in_words(archive.place),
            "linked": {each.id: each for each in linked if each is not None},
            "may_correct": correctable and may_start(actor, in_force) and any(v.status in COUNTING for v in newest),
        }

    def _listed(
        self,
        reader: Transaction,
        record: InstanceRecord,
        open_tasks: Sequence[TaskRecord],
        now: datetime,
        awaited: Sequence[str] = (),
        papers: tuple[DocumentTask, ...] = (),
    ) -> ListedInstance:
        outline = self.procedures.of(reader, record.definition_id).outline
        first = min(open_tasks, key=lambda t: (t.due_at is None, t.due_at, t.id), default=None)
        step = outline.task(first.element_id) if first else None
        waiting = [t for t in open_tasks if first and t.activation == first.activation]
        return ListedInstance(
            record=record,
            process=outline,
            open_tasks=tuple(open_tasks),
            step=step,
            all_of_step=len(waiting),
            clock=clock_of(first, self.office.calendar(), now) if first else None,
            overdue=any(t.due_at is not None and t.due_at < now for t in open_tasks),
            papers=papers,
            awaits=tuple((outline.names[id_], outline.names_en.get(id_)) for id_ in awaited if id_ in outline.names),
        )

    def _steps(
        self,
        record: InstanceRecord,
        procedure: Procedure,
        every: Sequence[TaskRecord],
        newest: Mapping[str, DocumentVersion],
        broken: set[str],
        members: Members,
        now: datetime,
    ) -> tuple[StepView, ...]:
        calendar, outline, expected = self.office.calendar(), procedure.outline, now
        views = []
        for step in outline.tasks:
            own = [t for t in every if t.element_id == step.element_id]
            stands = {t.activation for t in own if t.status is not TaskStatus.CANCELLED}
            activations = [a for a in dict.fromkeys(t.activation for t in own) if a in stands or not stands]
            last = _newest_pass(step, own, activations)
            before = [[t for t in own if t.activation == each and t not in last] for each in activations[:-1]]
            open_now = [t for t in last if t.status is TaskStatus.READY]
            done = sum(t.status is TaskStatus.COMPLETED for t in last)
            state = _state(last, broken=step.element_id in broken, over=record.status in OVER)
            forecast = None
            if open_now and open_now[0].due_at:
                expected = max(expected, open_now[0].due_at)
            elif state == "not_begun" and step.standard_time and every:
                forecast = expected = calendar.due(expected, step.standard_time)
            role = (open_now or last)[-1].role if last else step.role
            passed = [Pass(n, tuple(of), sum(t.late(now) for t in of)) for n, of in enumerate(before, start=1) if of]
            yielded = [newest[r.data_object_id] for r in step.outputs if r.data_object_id in newest] if last else ()
            views.append(
                StepView(
                    step=step,
                    lane=outline.lane_of_role(step.role),
                    state=state,
                    passes=len(activations) if done or open_now else 0,
                    tasks=last,
                    clocks={t.id: clock_of(t, calendar, now) for t in own},
                    earlier=tuple(reversed(passed)),
                    done=done,
                    total=len(last),
                    people=members.get(role, {}),
                    documents=tuple(yielded),
                    forecast_due_at=forecast,
                )
            )
        return tuple(views)


def _newest_pass(step: UserTask, own: Sequence[TaskRecord], activations: Sequence[str]) -> tuple[TaskRecord, ...]:
    """Return the tasks that stand for a step now; an item that a return did not ask again keeps its older one."""
    asked = {t.item for t in own if t.activation == activations[-1]}
    newest_of = {t.item: t for t in own if t.item not in asked} if step.multi_instance else {}
    return tuple(
        t for t in own if t.activation == activations[-1] or newest_of.get(t.item) is t or t.status is TaskStatus.READY
    )


def _state(last: Sequence[TaskRecord], *, broken: bool, over: bool) -> str:
    found = {task.status for task in last}
    if broken:
        return "incident"
    if TaskStatus.READY in found:
        return "active"
    if TaskStatus.COMPLETED in found:
        return "done"
    if found:
        return "cancelled"
    return "not_taken" if over else "not_begun"


def _travelled(changes: Sequence[str]) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Return how often each element and each sequence flow was passed, from an instance's history."""
    moves: list[list[Any]] = []
    for change in (json.loads(text) for text in changes if '"passed"' in text or '"reopened"' in text):
        moves = moves[:-1] if "reopened" in change else [*moves, change.get("passed", [])]
    every = [each for passed in moves for each in passed]
    whole = {each["element"] for each in every if each["kind"] == WHOLE}
    # an item of a multi-instance or loop is no pass of its own
    counted = [each for each in every if (each["kind"] == WHOLE) is (each["element"] in whole)]
    return Counter(each["element"] for each in counted), Counter(flow for each in counted for flow in each["flows"])
