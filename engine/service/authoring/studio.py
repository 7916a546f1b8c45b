"""The studio: designers edit a procedure, check it, and deploy it over the version from which they began.

Each designer has their own draft: the files that differ from that version, saved after every change
(``queries/drafts.py``), binary ones as base64. If another version was deployed meanwhile, deploying is refused, unless
the designer names that version; then the history line states it.

Diagrams from other editors keep any process id that BPMN allows. A new SOP gets an id in our spelling, and a foreign
diagram can be renamed to one.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from unicodedata import normalize

from engine.bpmn import safe_xml
from engine.bpmn.definition import load
from engine.model.errors import Conflict, FieldError, Finding, InvalidForm, NotFound, there
from engine.model.people import Actor, OfficeRole
from engine.model.process import Lane
from engine.model.work import DefinitionRecord, Draft, DraftKind
from engine.service.authoring.checking import NOT_TEXT
from engine.service.authoring.deployments import Deployments, require_seen
from engine.service.authoring.starter_diagram import new_procedure
from engine.service.office.business_calendar import Office
from engine.service.procedures import document_templates
from engine.service.procedures.files import content_hash
from engine.service.procedures.procedure import Procedures
from engine.store.database import Database
from engine.store.queries import definitions, drafts, instances, people
from engine.store.queries.drafts import Whose

Texts = Mapping[str, str | None]  # files by path; None removes one, and a binary file is base64

PROCESS_ID = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")  # the spelling of new ids
FOREIGN_ID = re.compile(r"[^\W\d][\w.-]*")
LONGEST_ID = 60
LONGEST_NOTE = 500
FORM_FILE = r"[\w-]+(\.[\w-]+)*\.(schema|ui)\.json"
PRINTED_FILE = r"[\w-]+\.(typ|docx|svg|png|jpg|json)"  # a template, a picture, or a template's JSON
OTHER_FILE = rf"[\w-]+\.dmn|functions\.py|{FORM_FILE}|{PRINTED_FILE}"
"""Includes functions.py: deployment accepts it only if the operator has installed the same file."""


@dataclass(frozen=True, slots=True)
class ProcedureDraft:
    """The files that a designer edits, and the version they come from (None: a new procedure)."""

    process_id: str
    record: DefinitionRecord | None
    files: Mapping[str, bytes]
    draft: Draft | None = None
    newer: DefinitionRecord | None = None  # the version in force, if the draft began from another one
    aside: Draft | None = None  # the draft that was put aside last, after the version in force was deployed

    @property
    def diagram(self) -> str:
        """The path of the diagram among the files."""
        return f"processes/{self.process_id}/{self.process_id}.bpmn"


@dataclass(frozen=True, slots=True)
class Review:
    """The consequences of deploying a draft."""

    findings: tuple[Finding, ...]
    lanes: tuple[tuple[Lane, tuple[str, ...]], ...]  # and the names of their people today; empty if unreadable
    in_force: DefinitionRecord | None
    running: tuple[tuple[int, int], ...]  # (version, number of its running instances), newest first
    changed: bool

    @property
    def deployable(self) -> bool:
        """Whether the files have changed and have no error."""
        return self.changed and not any(finding.severity == "error" for finding in self.findings)

    @property
    def next_version(self) -> int:
        """The number of the version that would be deployed."""
        return self.in_force.version + 1 if self.in_force else 1


@dataclass(frozen=True)
class Studio:
    """Opens, saves, checks and deploys drafts."""

    database: Database
    procedures: Procedures
    office: Office
    deployments: Deployments

    def open(self, process_id: str) -> ProcedureDraft:
        """Return the version in force as a draft; NotFound if the procedure is not deployed."""
        procedure = self.database.ask(self.procedures.in_force, process_id)
        return ProcedureDraft(process_id, procedure.record, procedure.files)

    def resume(self, actor: Actor, process_id: str, name: str | None = None) -> ProcedureDraft:
        """Return the actor's draft, else the version in force, else the first files of a new SOP called *name*.

        NotFound if there is neither a draft nor a version nor a name; InvalidForm if a new SOP cannot have that id.
        """
        whose = _own(actor, process_id)
        with self.database.read() as reader:
            draft, aside = drafts.of(reader, whose), drafts.aside(reader, whose)
            latest = definitions.latest(reader, process_id)
            base = draft.base if draft else latest.id if latest else None
            if draft is None and base is None and aside is None and name is None:
                raise NotFound(process_id)
            begun = self.procedures.of(reader, base) if base else None
        newer = latest if latest and latest.id != base else None
        if aside and aside.dropped_at and latest and aside.dropped_at <= latest.deployed_at:
            aside = None  # put aside before the version in force was deployed
        record, files = (begun.record, begun.files) if begun else (None, {})
        if draft is None and begun is None:
            if aside is None:
                self.require_free(process_id, name or "")
            files = new_procedure(process_id, name or titled(process_id))
        return ProcedureDraft(process_id, record, files, draft, newer, aside)

    def drafts(self, actor: Actor) -> tuple[Draft, ...]:
        """Return the actor's drafts, newest first, then those put aside for SOPs that were never deployed."""
        whose = DraftKind.STUDIO, actor.person_id
        with self.database.read() as reader:
            found = drafts.of_person(reader, *whose)
            rest = drafts.subjects(reader, *whose) - {draft.subject for draft in found}
            alone = (each for each in sorted(rest) if definitions.latest(reader, each) is None)
            put_aside = [drafts.aside(reader, _own(actor, each)) for each in alone]
        return (*found, *filter(None, put_aside))

    def save_draft(
        self,
        actor: Actor,
        process_id: str,
        base_id: str,
        texts: Texts,
        now: datetime,
        *,
        revision: int | None = None,
        writer: str | None = None,
        chosen: bool = False,
    ) -> Draft:
        """Save a draft; Conflict("draft") if it was saved elsewhere since *revision*. *chosen* puts that one aside."""
        whose = _own(actor, process_id)
        self.edited(process_id, base_id, texts)
        with self.database.write(actor, now) as work:
            if chosen:
                drafts.drop(work, whose)
            content, base = {"berkas": texts}, base_id or None
            return drafts.save(work, whose, content, revision=revision, writer=writer, base=base)

    def put_aside(self, actor: Actor, process_id: str, base_id: str, texts: Texts | None, now: datetime) -> None:
        """Put aside the actor's draft (*texts* None), or the *texts* that they did not choose."""
        whose = _own(actor, process_id)
        with self.database.write(actor, now) as work:
            if texts is None:
                drafts.drop(work, whose)
            else:
                drafts.set_aside(work, whose, {"berkas": texts}, base=base_id or None)

    def take_back(self, actor: Actor, process_id: str, now: datetime) -> None:
        """Restore the draft that the actor put aside last; NotFound if there is none."""
        whose = _own(actor, process_id)
        with self.database.write(actor, now) as work:
            aside = there(drafts.aside(work, whose), process_id)
            drafts.restore(work, aside)

    def require_free(self, process_id: str, name: str) -> None:
        """Raise InvalidForm ("pattern" or "taken") if a new procedure cannot have the id *process_id*."""
        fits = PROCESS_ID.fullmatch(process_id) and len(process_id) <= LONGEST_ID
        problem = "taken" if fits else "pattern"
        if not fits or self.database.ask(definitions.latest, process_id) is not None:
            raise InvalidForm([FieldError("id", "id", "", problem)], {"id": [process_id], "nama": [name]})

    def edited(self, process_id: str, base_id: str, texts: Texts) -> dict[str, bytes]:
        """Return the files of version *base_id* (empty: none) changed by *texts*; NotFound for a path not allowed."""
        files: dict[str, bytes] = {}
        if base_id:
            procedure = self.database.ask(self.procedures.of, base_id)
            if procedure.outline.process_id != process_id:
                raise NotFound(base_id)
            files.update(procedure.files)
        ours = _paths_from_browser(process_id)
        for path, text in texts.items():
            if not ours.fullmatch(path):
                raise NotFound(path)
            if text is None:
                files.pop(path, None)
            elif path.endswith(NOT_TEXT):
                try:
                    files[path] = b64decode(text, validate=True)
                except ValueError:
                    raise NotFound(path) from None
            else:
                files[path] = text.encode(errors="replace")  # an unpaired surrogate
        return files

    def uploaded(self, named: Mapping[str, bytes], process_id: str, *, alone: bool) -> tuple[str, str, Texts]:
        """Return the procedure, its version in force, and the draft made of uploaded files, given by name.

        The id is that in the diagram, else *process_id*. If the files come *alone*, other files of the version in
        force are removed, as with ``alur deploy``. InvalidForm has the keywords ``file`` (not a file of a procedure),
        ``text`` (not UTF-8), ``several`` (a second diagram) and ``procedure`` (no id).
        """
        diagrams = [name for name in named if name.endswith((".bpmn", ".xml"))]
        wrong = [(name, "file") for name in named if name not in diagrams and not re.fullmatch(OTHER_FILE, name)]
        texts = {name: content for name, content in named.items() if not name.endswith(NOT_TEXT)}
        wrong += [(name, "text") for name, each in texts.items() if each.decode(errors="ignore").encode() != each]
        wrong += [(name, "several") for name in diagrams[1:]]
        if diagrams:
            diagram = named[diagrams[0]]
            found = next(iter(processes_of(diagram)), None)
            process_id = found or process_id or PurePosixPath(diagrams[0]).stem
            if not FOREIGN_ID.fullmatch(process_id) or len(process_id) > LONGEST_ID:
                process_id = spelled(process_id)
                named = {**named, diagrams[0]: safe_xml.renamed(diagram, found, process_id) if found else diagram}
        elif not process_id:
            wrong.append(("", "procedure"))
        if wrong:
            raise InvalidForm([FieldError("berkas", name, "", keyword) for name, keyword in wrong], {})
        with self.database.read() as reader:
            latest = definitions.latest(reader, process_id)
            kept = self.procedures.of(reader, latest.id).files if latest and alone else ()
        ours = _paths_from_browser(process_id)
        draft: dict[str, str | None] = dict.fromkeys(path for path in kept if ours.fullmatch(path))
        for name, content in named.items():
            if name in diagrams:
                path = f"processes/{process_id}/{process_id}.bpmn"
            elif re.fullmatch(FORM_FILE, name):
                path = f"forms/{process_id}/{name}"
            elif re.fullmatch(PRINTED_FILE, name):
                path = f"{document_templates.folder(process_id)}{name}"
            else:
                path = f"processes/{process_id}/{name}"
            draft[path] = b64encode(content).decode() if name.endswith(NOT_TEXT) else content.decode()
        return process_id, latest.id if latest else "", draft

    def renamed(self, process_id: str, texts: Texts, chosen: str, wanted: str) -> tuple[str, Texts]:
        """Return the version in force of *wanted*, and the draft with process *chosen* renamed to it; InvalidForm."""
        before, after = (f"processes/{each}/{each}.bpmn" for each in (process_id, wanted))
        diagram = (texts.get(before) or "").encode(errors="replace")
        if not PROCESS_ID.fullmatch(wanted) or len(wanted) > LONGEST_ID or chosen not in processes_of(diagram):
            raise InvalidForm([FieldError("id", "id", "", "pattern")], {"id": [wanted]})
        moved = {
            path.replace(f"/{process_id}/", f"/{wanted}/", 1): text for path, text in texts.items() if path != before
        }
        latest = self.database.ask(definitions.latest, wanted)
        return latest.id if latest else "", {**moved, after: safe_xml.renamed(diagram, chosen, wanted).decode()}

    def review(self, process_id: str, files: Mapping[str, bytes], now: datetime) -> Review:
        """Return the consequences of deploying *files*: findings, people in the lanes, instances on older versions."""
        findings = self.deployments.check(process_id, files)
        lanes: tuple[Lane, ...] = ()
        if not any(finding.severity == "error" for finding in findings):
            lanes = load(files, process_id).outline.lanes  # safe: a child loaded these files within its limits
        with self.database.read() as reader:
            held = people.members(reader, self.office.today(now), [lane.role for lane in lanes])
            versions = definitions.versions(reader, process_id)
            running = instances.running_by_version(reader, process_id)
        return Review(
            findings=findings,
            lanes=tuple((lane, tuple(held.get(lane.role, {}).values())) for lane in lanes),
            in_force=versions[0] if versions else None,
            running=tuple((v.version, running[v.id]) for v in versions if running.get(v.id)),
            changed=not versions or versions[0].content_hash != content_hash(files),
        )

    def deploy(
        self,
        actor: Actor,
        process_id: str,
        base_id: str,
        files: Mapping[str, bytes],
        note: str,
        now: datetime,
        *,
        over: str = "",
        drawn: bool = False,
    ) -> DefinitionRecord:
        """Deploy *files*, edited from version *base_id* (empty: a new procedure), as the next version.

        *over* is a later version that the designer agrees to replace. A draft *drawn* in the studio is put aside.
        InvalidForm without a note; Conflict if another version is in force, or "unchanged"; InvalidProcedure.
        """
        note = " ".join(note.split())
        if not note or len(note) > LONGEST_NOTE:
            problem = FieldError("catatan", "catatan", "", "required" if not note else "maxLength")
            raise InvalidForm([problem], {"catatan": [note]})
        self.require_in_force(process_id, over or base_id)
        record = self.deployments.deploy(actor, process_id, files, note, now, began=base_id, seen=over or base_id)
        if record is None:
            raise Conflict("unchanged")
        if drawn:
            self.put_aside(actor, process_id, base_id, None, now)
        return record

    def require_in_force(self, process_id: str, base_id: str) -> None:
        """Raise Conflict if *base_id* (empty: none) is not the version in force."""
        require_seen(self.database.ask(definitions.latest, process_id), base_id)


def _own(actor: Actor, process_id: str) -> Whose:
    """Return the key of the actor's own draft; NotPermitted unless they are a designer."""
    actor.need(OfficeRole.DESIGNER)
    return Whose(DraftKind.STUDIO, process_id, actor.person_id)


def titled(process_id: str) -> str:
    """Return a name for a procedure, made from its id."""
    return process_id.replace("_", " ").capitalize()


def _paths_from_browser(process_id: str) -> re.Pattern[str]:
    folder = re.escape(process_id)
    return re.compile(
        rf"processes/{folder}/({folder}\.bpmn|[\w-]+\.dmn|functions\.py)"
        rf"|forms/{folder}/({FORM_FILE}|documents/{PRINTED_FILE})"
    )


def processes_of(diagram: bytes) -> dict[str, str]:
    """Return the names of a diagram's processes by id; executable ones first, then those with a start event."""
    try:
        found = [each for each in safe_xml.children(safe_xml.read(diagram), "process") if each.get("id")]
    except safe_xml.Unreadable:
        return {}
    found.sort(key=lambda each: (each.get("isExecutable") != "true", not list(safe_xml.children(each, "startEvent"))))
    return {each.get("id"): each.get("name") or "" for each in found}


def spelled(name: str) -> str:
    """Return an id in our spelling, made from *name*."""
    plain = normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return "_".join(re.findall(r"[a-z0-9]+", plain)).lstrip("_0123456789")[:LONGEST_ID].strip("_") or "sop_baru"
