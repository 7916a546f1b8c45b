"""Documents that need a role's approval: approving them, sending them back, correcting them.

The diagram says which role must approve a document (``sop:persetujuan``). A version of it is WAITING: only a draft is
printed of it, and no later step may rest on it. Whoever holds the role today, or acts for it as Plt. or Plh., approves
it in one of the three ways of signing, which issues and signs it, or sends it back with a reason. Then whoever made
it, or has the step that did, corrects this document alone: a new version with the same number, which waits again. The
process does not move for that, so that the printed SOP stays what it is; returning the step would also undo its other
documents and later steps. Computed fields that the diagram has decided by cannot be corrected this way, as tasks were
opened by them.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from engine.forms.defaults import Names
from engine.forms.form import Form
from engine.forms.rules import rules_of
from engine.forms.submission import Surroundings
from engine.model.errors import Conflict, FieldError, InvalidForm, NotPermitted, stated, there
from engine.model.history import Action, HistoryEvent, canonical, sha256_of
from engine.model.notices import Kind
from engine.model.people import Actor
from engine.model.signatures import Mode
from engine.model.work import DocumentStatus, DocumentTask, DocumentVersion, InstanceRecord
from engine.service.papers.documents import seen
from engine.service.papers.filing import submitted
from engine.service.papers.letter_numbers import of_documents, places, put_in
from engine.service.papers.printing import Printing
from engine.service.papers.signed_files import NotTaken
from engine.service.papers.signing import Accepted, Signer, confirmed, signed, write
from engine.service.people.permissions import acting, in_capacity
from engine.service.procedures.document_templates import due_of, printed
from engine.service.procedures.procedure import Entries, Language, Procedure
from engine.service.work.task_form import TaskForms, TaskPage
from engine.service.work.transitions import about_task
from engine.store.queries import Transaction, document_tasks, documents, instances, numbers, people, renderings, tasks
from engine.store.retrying import retried, retrying


@dataclass(frozen=True, slots=True)
class Mending:
    """A returned document, as the page shows it on which it is corrected."""

    version: DocumentVersion
    page: TaskPage  # of the step that yielded it, whose form asks for this document alone
    entries: Entries
    number: str | None  # the one that it keeps
    numbers: Mapping[str, str]  # its other numbers, by path


@dataclass(frozen=True)
class Approvals:
    """Tasks on documents, outside the steps."""

    tasks: TaskForms
    printing: Printing

    def of_person(self, actor: Actor, instance_id: str) -> tuple[DocumentTask, ...]:
        """Return what somebody may do with the documents of an instance."""
        actor.need()
        with self.tasks.database.read() as reader:
            there(instances.seen(reader, actor, instance_id), instance_id)
            return document_tasks.of_person(reader, actor, instance_id=instance_id)

    def permit_filing(self, actor: Actor, instance_id: str) -> None:
        """Refuse whoever has no file to file for an instance, before anything that they send is read."""
        own = self.of_person(actor, instance_id)
        every = self.tasks.database.ask(document_tasks.of_instances, [instance_id])[instance_id]
        signers = [each.by for each in every if each.kind == "file"]
        if not any(each.kind == "file" for each in own):
            raise NotPermitted("signature", holder=signers[0]) if signers else Conflict("signed")

    # ── the role's own word ─────────────────────────────────────────────────────────────────────────────────────────

    def permit_approving(self, actor: Actor, document_id: str, now: datetime) -> None:
        """Refuse whoever may not approve or send back a document, before their input is looked at."""
        self.tasks.database.ask(self._theirs, actor, document_id, "approve", now)

    def approve(
        self, actor: Actor, document_id: str, mode: Mode, signer: Signer, words: Language, now: datetime
    ) -> None:
        """Approve a document in the name of its role: it is issued, and signed in the way of *mode*.

        InvalidForm: the password is wrong. Conflict: it was settled meanwhile. NotPrinted: it cannot become a paper; a
        draft is printed first, since an approved letter cannot be corrected any more.
        """
        with self.tasks.database.read() as reader:
            version, record = self._theirs(reader, actor, document_id, "approve", now)
            files = self.tasks.procedures.of(reader, record.definition_id).files
        if mode is Mode.INTERNAL:
            try:
                confirmed(signer.confirm, words)
            except NotTaken as fault:
                said = str(fault)[:1].upper() + str(fault)[1:]
                raise InvalidForm([FieldError("_sandi", "", said, "signature")], {}) from None
        if any(each.format == "pdf" for each in due_of(record.process_id, files, [version], now)):
            self.printing.draft(version)

        def attempt() -> None:
            with self.tasks.database.write(actor, now) as work:
                version, record = self._theirs(work, actor, document_id, "approve", now)
                version = replace(version, status=DocumentStatus.ISSUED, issued_at=now)
                procedure, id_ = self.tasks.procedures.of(work, record.definition_id), version.data_object_id
                due = due_of(record.process_id, procedure.files, [version], now)
                deed = HistoryEvent(Action.DOCUMENT_APPROVED, change=version.named | printed(version, due))
                deed = self._in_capacity(actor, procedure, version, deed)
                given = signed([Accepted((id_,), mode, None, {})], {id_: version}, actor, deed, now)
                own = (replace(each.deed(), capacity=deed.capacity) for each in given)
                work.record_instance(record, [deed, *own])
                documents.change(work, [version.id], status=version.status.value, issued_at=now)
                renderings.add(work, due)
                write(work, given, record.process_id, procedure.files)
                now_there = documents.current(work, record.id)
                for task in tasks.open_of_instances(work, [record.id])[record.id]:
                    asks = {each.data_object_id for each in procedure.outline.task(task.element_id).inputs}
                    if id_ in asks and not any(now_there[each].pending for each in asks & now_there.keys()):
                        work.notify(about_task(Kind.READY, actor, task))  # it waited for this alone

        retrying(attempt)

    @retried
    def send_back(self, actor: Actor, document_id: str, reason: str, now: datetime) -> None:
        """Send a document back to who made it, with the reason."""
        with self.tasks.database.write(actor, now) as work:
            version, record = self._theirs(work, actor, document_id, "approve", now)
            reason = stated(reason)
            back = {"returned_by": actor.person_id, "returned_at": now, "returned_reason": reason}
            documents.change(work, [document_id], status=DocumentStatus.RETURNED.value, **back)
            procedure = self.tasks.procedures.of(work, record.definition_id)
            deed = HistoryEvent(Action.DOCUMENT_RETURNED, change=version.named | {"reason": reason})
            work.record_instance(record, [self._in_capacity(actor, procedure, version, deed)])

    # ── who made it ─────────────────────────────────────────────────────────────────────────────────────────────────

    def mending(self, actor: Actor, document_id: str, now: datetime, entries: Entries | None = None) -> Mending:
        """Return a returned document for correction, with *entries* as typed, else with its own content."""
        with self.tasks.database.read() as reader:
            version, record = self._theirs(reader, actor, document_id, "mend", now)
            its, every = (version.element_id, version.activation), tasks.of_instance(reader, record.id)
            made = next(each.id for each in every if (each.element_id, each.activation) == its)
            held = numbers.held_by(reader, record.id)
        page = self.tasks.open(actor, made, now)
        section = next(each for each in page.form.tree if each.name == version.data_object_id)
        asked = {"type": "object", "properties": {section.name: section.schema}, "required": [section.name]}
        form = Form(page.form.id, section.wording, None, rules_of(asked), (replace(section, when=()),))
        begun = form.entries({section.name: page.procedure.content_of(version)}) if entries is None else entries
        number = self.tasks.database.ask(of_documents, record.id).get(section.name)
        return Mending(version, replace(page, form=form), begun, number, held)

    def mend(self, actor: Actor, mending: Mending, words: Language, now: datetime) -> str:
        """Write a corrected version, which waits again, and return its id; InvalidForm names every error."""
        form, before, entries = mending.page.form, mending.version, mending.entries
        around = self.tasks.around(mending.page, entries, words)[0]
        values = form.accept(entries, around)
        moved = _moved_by(mending, values[before.data_object_id], around)
        if faults := [*moved, *self._out_of_year(mending, values, around)]:
            raise InvalidForm(faults, entries)
        encoded = form.encode(values)

        def attempt() -> str:
            with self.tasks.database.write(actor, now) as work:
                _, record = self._theirs(work, actor, before.id, "mend", now)
                following = documents.current(work, record.id)[before.data_object_id].following
                held = {tuple(at.split(".")): text for at, text in numbers.held_by(work, record.id).items()}
                kept = {at: text for at, text in held.items() if at[0] == before.data_object_id}
                content = canonical(put_in(encoded, kept)[before.data_object_id])
                made: dict[str, Any] = {"id": str(uuid.uuid4()), "version": following, "content": content}
                made |= {"sha256": sha256_of(content), "created_at": now, "created_by": actor.person_id}
                made |= dict.fromkeys(("returned_by", "returned_at", "returned_reason"))
                version = replace(before, status=DocumentStatus.WAITING, **made)
                documents.add(work, [version])
                documents.change(work, [before.id], status=DocumentStatus.REPLACED.value)
                by = before.named | {"by_version": version.version}
                over = HistoryEvent(Action.DOCUMENT_REPLACED, before.element_id, change=by)
                work.record_instance(record, [submitted(version), over])
            return version.id

        return retrying(attempt)

    def _out_of_year(self, mending: Mending, values: Any, around: Surroundings) -> Iterator[FieldError]:
        """Yield an error for each letter whose new date is of another year than its number."""
        form, names = mending.page.form, Names({**around.context, **values})
        with self.tasks.database.read() as reader:
            taken = {each.place: each.year for each in numbers.in_use(reader, mending.version.instance_id)}
        undated = self.tasks.office.today(mending.page.item.task.completed_at or mending.page.now)
        for each in places(form, values, mending.entries, lambda text: around.evaluate(text, names), undated):
            if each.year != (year := taken.get(each.place, each.year)):
                said = around.gettext("nomor surat ini dari tahun %(year)s, maka tanggalnya tetap di tahun itu.")
                yield FieldError(each.place, each.subject, f"{each.subject}: {said % {'year': year}}", "number_year")

    def _theirs(
        self, tx: Transaction, actor: Actor, document_id: str, kind: str, now: datetime
    ) -> tuple[DocumentVersion, InstanceRecord]:
        """Return a document for which the person has a task of *kind*; who holds the role is asked as of now."""
        version = seen(tx, actor, document_id)
        every = document_tasks.of_instances(tx, [version.instance_id])[version.instance_id]
        found = next((each for each in every if (each.document_id, each.kind) == (document_id, kind)), None)
        if found is None:
            raise Conflict("settled")
        members = people.members(tx, self.tasks.office.today(now), [str(found.role)]).get(str(found.role), {})
        if actor.person_id not in (found.person, *members):
            raise NotPermitted("lane", role=found.role)
        return version, there(instances.by_id(tx, version.instance_id), document_id)

    def _in_capacity(
        self, actor: Actor, procedure: Procedure, version: DocumentVersion, deed: HistoryEvent
    ) -> HistoryEvent:
        """Return an event on a document in the capacity of the holder of its role."""
        role = str(version.approver)
        lane = procedure.outline.lane_of_role(role).name
        return in_capacity([replace(deed, element_id=version.element_id)], acting(actor, role), lane)[0]


def _moved_by(mending: Mending, after: Any, around: Surroundings) -> Iterator[FieldError]:
    """Yield an error for each corrected field that a computed field depends on by which the process has moved.

    Each field is tried alone, so that two rows which change places with the same result are found too.
    """
    procedure, version = mending.page.procedure, mending.version
    before, needed = procedure.content_of(version), procedure.outline.needed_names
    every = procedure.form_of(version.element_id).tree
    texts = [each.computed for each in every if each.computed and each.name in needed]

    def computed(content: Any) -> list[Any]:
        names = Names({**around.context, version.data_object_id: content})
        try:
            return [around.evaluate(text, names) for text in texts]
        except (ValueError, TypeError):
            return []

    walked = [(path, path.replace("[]", "").split(".")[1:], field) for path, field in mending.page.form.tree[0].walk()]
    changed = [each for each in walked[1:] if not each[2].fields and _at(before, each[1]) != _at(after, each[1])]
    stood = computed(before)
    read = [each for each in changed if computed(_without(before, each[1])) != stood]
    for path, _, field in read or (changed if computed(after) != stood else ()):
        said = around.gettext(
            "%(name)s: tugas langkah berikutnya sudah dibuka menurut isian ini, maka isikan seperti semula. Bila harus "
            "berubah, langkah ini harus dikerjakan lagi: kembalikan lewat alurnya bila digambar, atau hentikan instans "
            "ini dan mulai lagi."
        ) % {"name": (label := field.wording.of(around.locale))}
        yield FieldError(path.partition("[]")[0], label, said, "moved")


def _at(value: Any, names: Sequence[str]) -> Any:
    """Return the value at a path; of a table, one for each row."""
    if isinstance(value, list) and names:
        return [_at(each, names) for each in value]
    return _at((value or {}).get(names[0]), names[1:]) if names else value


def _without(value: Any, names: Sequence[str]) -> Any:
    """Return a copy without the value at a path, in any row."""
    if isinstance(value, list) and names:
        return [_without(each, names) for each in value]
    return {**(value or {}), names[0]: _without((value or {}).get(names[0]), names[1:])} if names else None
