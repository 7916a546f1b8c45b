"""The inbox: a person's tasks, most urgent first, and searches of tasks."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from engine.model.calendar import OfficeCalendar
from engine.model.errors import NotPermitted, there
from engine.model.lists import Page
from engine.model.people import Actor, OfficeRole
from engine.model.process import Lane, ProcessModel, UserTask
from engine.model.work import Clock, DocumentTask, TaskRecord
from engine.service.people.permissions import permit_reading
from engine.service.procedures.procedure import Procedure
from engine.service.work.deadlines import clock_of
from engine.service.work.transitions import Moves
from engine.store.queries import Transaction, absences, document_tasks, people, task_lists, tasks
from engine.store.queries.people import Members
from engine.store.queries.task_lists import InboxRow, TaskFilter, TaskView

__all__ = ["FoundTask", "Inbox", "InboxItem", "Inboxes", "TaskFilter", "TaskView"]

PAGE = 25
FEW = 5
WORK, NOTHING = TaskView(), TaskFilter()


@dataclass(frozen=True, slots=True)
class InboxItem:
    """A task in somebody's inbox, with all that its card shows."""

    task: TaskRecord
    step: UserTask
    step_count: int
    clock: Clock
    process: ProcessModel
    lane: Lane
    members: int
    from_whom: str | None
    draft_saved_at: datetime | None
    asks_nothing: bool = False  # its form has no field
    mine: bool = False


@dataclass(frozen=True, slots=True)
class FoundTask:
    """A task that a search found, with its step."""

    task: TaskRecord
    step: UserTask


@dataclass(frozen=True, slots=True)
class Inbox:
    """One page of an inbox, with capped counts for its tabs and filters."""

    items: tuple[InboxItem, ...]
    page: Page[InboxRow]
    counts: Mapping[str, int]
    papers: tuple[DocumentTask, ...]  # tasks on documents


@dataclass(frozen=True)
class Inboxes(Moves):
    """What there is to do, for whom."""

    def page(self, actor: Actor, now: datetime, view: TaskView = WORK) -> Inbox:
        """Return one page of the actor's tasks: of what they can do now, theirs first, or of another view."""
        actor.need()
        today = self.office.today(now)
        with self.database.read() as reader:
            members = people.members(reader, today, sorted(actor.roles))
            sole = frozenset(role for role in actor.roles if set(members.get(role, {})) == {actor.person_id})
            found = task_lists.inbox(reader, actor, view, sole_roles=sole, limit=PAGE)
            counts = task_lists.counts(reader, actor, now)
            papers = self._papers(reader, actor, view) if found.before is None else ()
            items = tuple(self._item(reader, row, members, now) for row in found.rows)
        return Inbox(items, found, counts, papers)

    def chosen(
        self, actor: Actor, ids: Sequence[str], now: datetime
    ) -> tuple[dict[str, InboxItem], dict[str, str], dict[str, str]]:
        """Return the tasks of *ids* that the actor may read; names of whom they can be handed to; their substitutes."""
        found: dict[str, InboxItem] = {}
        with self.database.read() as reader:
            for task in tasks.by_ids(reader, ids):
                with suppress(NotPermitted):
                    permit_reading(actor, task, self.procedures.of(reader, task.definition_id))
                    found[task.id] = self._item(reader, InboxRow(task, None, mine=True), {}, now)
            roles = sorted({item.task.role for item in found.values()} & actor.roles)
            members = people.members(reader, self.office.today(now), roles)
            names = {id_: name for role in members.values() for id_, name in role.items() if id_ != actor.person_id}
            return found, names, absences.substitutes(reader, names, self.office.today(now))

    def late(self, actor: Actor, now: datetime) -> tuple[InboxItem, ...]:
        """Return what is late with others, the longest late first; a few."""
        actor.need()
        with self.database.read() as reader:
            found = task_lists.late(reader, actor, now, FEW)
            return tuple(self._item(reader, InboxRow(task, None, mine=False), {}, now) for task in found.rows)

    def search(
        self,
        actor: Actor,
        which: str,
        narrowed: TaskFilter,
        *,
        after: tuple[datetime | None, str] | None,
        limit: int,
    ) -> tuple[tuple[FoundTask, ...], bool]:
        """Return tasks after a place, and whether more follow; "all" is for those who see every instance."""
        actor.need(*(OfficeRole if which == "all" else ()))
        with self.database.read() as reader:
            rows, more = task_lists.search(reader, actor, which, narrowed, after=after, limit=limit)
            return tuple(self._stepped(reader, row) for row in rows), more

    def count(self, actor: Actor) -> int:
        """Return how many tasks, those on documents included, the actor holds or may claim, capped at 101."""
        return self.database.ask(task_lists.count_open, actor)

    def task(self, actor: Actor, task_id: str) -> FoundTask:
        """Return a task and its step without its form; for those who see every instance."""
        actor.need(*OfficeRole)
        with self.database.read() as reader:
            return self._stepped(reader, there(tasks.by_id(reader, task_id), task_id))

    def _stepped(self, reader: Transaction, task: TaskRecord) -> FoundTask:
        return FoundTask(task, self.procedures.of(reader, task.definition_id).outline.task(task.element_id))

    def _papers(self, reader: Transaction, actor: Actor, view: TaskView) -> tuple[DocumentTask, ...]:
        """Return tasks on documents, which stand above the steps; most filters are of steps alone."""
        narrowed = view.narrowed
        found: tuple[DocumentTask, ...] = ()
        if replace(narrowed, text=None, returned=False) == NOTHING:
            if view.which in ("now", "mine"):
                found = document_tasks.of_person(reader, actor, text=narrowed.text)
            elif view.which == "waiting" and not narrowed.text:
                found = document_tasks.waited_for(reader, actor)
        return tuple(each for each in found if not narrowed.returned or each.kind == "mend")

    def _item(self, reader: Transaction, row: InboxRow, members: Members, now: datetime) -> InboxItem:
        procedure = self.procedures.of(reader, row.task.definition_id)
        item = item_of(procedure, row.task, members, self.office.calendar(), now, row.draft_saved_at)
        return replace(item, mine=row.mine)


def item_of(
    procedure: Procedure,
    task: TaskRecord,
    members: Members,
    calendar: OfficeCalendar,
    now: datetime,
    draft_saved_at: datetime | None = None,
) -> InboxItem:
    """Return a task with all that its card shows."""
    outline = procedure.outline
    step = outline.task(task.element_id)
    before = next((each for each in outline.tasks if each.number == step.number - 1), None)
    return InboxItem(
        task=task,
        step=step,
        step_count=len(outline.tasks),
        clock=clock_of(task, calendar, now),
        process=outline,
        lane=outline.lane_of_role(task.role),
        members=len(members.get(task.role, {})),
        from_whom=outline.lane_of_role(before.role).name if before else None,
        draft_saved_at=draft_saved_at,
        asks_nothing=not procedure.form_of(task.element_id).tree,
    )
