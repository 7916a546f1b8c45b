"""The designer's workshop: what a designer edits, what is found in it, and deploying it over the version it began from.

A draft lives in the designer's browser until it is deployed; the server is only asked what it thinks of it. That keeps
a half-drawn SOP out of the office's database and needs no lock; a deployment names the version that was edited, and is
refused when another one is in force by then, so that nobody's work is overwritten unseen.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from engine.bpmn import markup
from engine.bpmn.definition import load
from engine.model.errors import Conflict, FieldError, Finding, InvalidForm, NotFound
from engine.model.people import Actor
from engine.model.process import Lane
from engine.model.work import DefinitionRecord
from engine.service import templates
from engine.service.deployments import Deployments
from engine.service.new_procedure import new_procedure
from engine.service.office import Office
from engine.service.procedure_files import content_hash
from engine.service.procedures import Procedures
from engine.store.database import Database
from engine.store.queries import definitions, instances, people

PROCESS_ID = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LONGEST_ID = 60
LONGEST_NOTE = 500
OTHER_FILE = re.compile(r"[a-z0-9_]+\.(dmn|schema\.json|ui\.json|typ|json)|functions\.py")
PRINTED_FILE = re.compile(r"[a-z0-9_]+\.(typ|json)")
"""A template, or what stands beside one; Word templates are no text and come by the operator's console."""
"""functions.py too: a deployment refuses it unless the operator brought that very file."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a designer opens: the files to edit and the version they come from (None: a procedure that is new)."""

    process_id: str
    record: DefinitionRecord | None
    files: Mapping[str, bytes]

    @property
    def diagram(self) -> str:
        """The path of the diagram among the files."""
        return f"processes/{self.process_id}/{self.process_id}.bpmn"


@dataclass(frozen=True, slots=True)
class Review:
    """What deploying *files* would mean."""

    findings: tuple[Finding, ...]
    lanes: tuple[tuple[Lane, tuple[str, ...]], ...]  # with the names of their people today; empty if unreadable
    in_force: DefinitionRecord | None
    running: tuple[tuple[int, int], ...]  # (version, instances that run on it), newest first
    changed: bool

    @property
    def deployable(self) -> bool:
        """Whether nothing forbids deployment."""
        return self.changed and not any(finding.severity == "error" for finding in self.findings)

    @property
    def next_version(self) -> int:
        """The number that the deployment would get."""
        return self.in_force.version + 1 if self.in_force else 1


@dataclass(frozen=True)
class Studio:
    """Opening, checking and deploying what a designer draws."""

    database: Database
    procedures: Procedures
    office: Office
    deployments: Deployments

    def open(self, process_id: str) -> Bench:
        """Return the files of the version in force; NotFound if the procedure is not deployed."""
        with self.database.read() as reader:
            procedure = self.procedures.in_force(reader, process_id)
        return Bench(process_id, procedure.record, procedure.files)

    def begin(self, process_id: str, name: str) -> Bench:
        """Return the files a new procedure begins with; InvalidForm if the id is not free or not an id."""
        self.require_free(process_id, name)
        return Bench(process_id, None, new_procedure(process_id, name or titled(process_id)))

    def require_free(self, process_id: str, name: str) -> None:
        """Raise InvalidForm if a new procedure cannot be called *process_id*: "pattern" or "taken"."""
        problem = ""
        if not PROCESS_ID.fullmatch(process_id) or len(process_id) > LONGEST_ID:
            problem = "pattern"
        else:
            with self.database.read() as reader:
                if definitions.latest(reader, process_id) is not None:
                    problem = "taken"
        if problem:
            raise InvalidForm([FieldError("id", "id", "", problem)], {"id": [process_id], "nama": [name]})

    def edited(self, process_id: str, base_id: str, texts: Mapping[str, str | None]) -> dict[str, bytes]:
        """Return the files of version *base_id* (empty: none) with *texts* by path in their place; None removes one.

        Only the diagram, decision tables and forms of this procedure can be edited; anything else raises NotFound with
        its path.
        """
        files: dict[str, bytes] = {}
        if base_id:
            with self.database.read() as reader:
                procedure = self.procedures.of(reader, base_id)
            if procedure.outline.process_id != process_id:
                raise NotFound(base_id)
            files.update(procedure.files)
        ours = _editable(process_id)
        for path, text in texts.items():
            if not ours.fullmatch(path):
                raise NotFound(path)
            if text is None:
                files.pop(path, None)
            else:
                files[path] = text.encode(errors="replace")  # half a surrogate pair is no text
        return files

    def uploaded(
        self, named: Mapping[str, str], process_id: str, *, alone: bool
    ) -> tuple[str, str, dict[str, str | None]]:
        """Return the procedure, its version in force and the draft that uploaded texts by file name are.

        The procedure is the one the diagram names, else *process_id*. *alone* takes the files for all there are, as
        ``alur deploy`` takes a folder; otherwise the others of the version in force stay. Raises InvalidForm for what
        is no file of a procedure (``file``), a second diagram (``several``), or if none is named (``procedure``).
        """
        diagrams = [name for name in named if name.endswith((".bpmn", ".xml"))]
        wrong = [(name, "file") for name in named if name not in diagrams and not OTHER_FILE.fullmatch(name)]
        wrong += [(name, "several") for name in diagrams[1:]]
        if diagrams:
            process_id = _process_of(named[diagrams[0]]) or process_id or PurePosixPath(diagrams[0]).stem
        if not wrong and (not PROCESS_ID.fullmatch(process_id) or len(process_id) > LONGEST_ID):
            wrong.append((process_id, "procedure"))
        if wrong:
            raise InvalidForm([FieldError("berkas", name, "", keyword) for name, keyword in wrong], {})
        with self.database.read() as reader:
            latest = definitions.latest(reader, process_id)
            kept = self.procedures.of(reader, latest.id).files if latest and alone else ()
        ours = _editable(process_id)
        draft: dict[str, str | None] = dict.fromkeys(path for path in kept if ours.fullmatch(path))
        for name, text in named.items():
            if PRINTED_FILE.fullmatch(name):
                draft[f"{templates.folder(process_id)}{name}"] = text
                continue
            folder = "forms" if name.endswith(".json") else "processes"
            draft[f"{folder}/{process_id}/{f'{process_id}.bpmn' if name in diagrams else name}"] = text
        return process_id, latest.id if latest else "", draft

    def check(self, process_id: str, files: Mapping[str, bytes]) -> tuple[Finding, ...]:
        """Return every fault and warning at once."""
        return self.deployments.check(process_id, files)

    def review(self, process_id: str, files: Mapping[str, bytes], now: datetime) -> Review:
        """Return what deploying *files* would mean: findings, people in the lanes, instances that stay behind."""
        findings = self.check(process_id, files)
        lanes: tuple[Lane, ...] = ()
        if not any(finding.severity == "error" for finding in findings):
            lanes = load(files, process_id).outline.lanes  # which a child did before, within limits
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
        self, actor: Actor, process_id: str, base_id: str, files: Mapping[str, bytes], note: str, now: datetime
    ) -> DefinitionRecord:
        """Deploy *files*, which were edited over version *base_id* (empty: a new procedure), as the next version.

        Raises InvalidForm without a note, Conflict with who and when if another version is in force by now, or if
        nothing changed (``unchanged``), and InvalidProcedure with every finding.
        """
        note = " ".join(note.split())
        if not note or len(note) > LONGEST_NOTE:
            problem = FieldError("catatan", "catatan", "", "required" if not note else "maxLength")
            raise InvalidForm([problem], {"catatan": [note]})
        self.require_in_force(process_id, base_id)
        record = self.deployments.deploy(actor, process_id, files, note, now)
        if record is None:
            raise Conflict("unchanged")
        return record

    def require_in_force(self, process_id: str, base_id: str) -> None:
        """Raise Conflict with who, when and which version if *base_id* (empty: none) is not the version in force."""
        with self.database.read() as reader:
            latest = definitions.latest(reader, process_id)
        if latest is not None and latest.id != base_id:
            raise Conflict("deployed", who=latest.deployed_by, at=latest.deployed_at, version=latest.version)


def titled(process_id: str) -> str:
    """Return a name for a procedure of which only the id is known."""
    return process_id.replace("_", " ").capitalize()


def _editable(process_id: str) -> re.Pattern[str]:
    """Return the paths of a procedure that may be sent from a browser."""
    folder = re.escape(process_id)
    return re.compile(
        rf"processes/{folder}/({folder}\.bpmn|[a-z0-9_]+\.dmn|functions\.py)"
        rf"|forms/{folder}/([a-z0-9_]+\.(schema|ui)\.json|documents/[a-z0-9_]+\.(typ|json))"
    )


def _process_of(diagram: str) -> str | None:
    """Return the id of the process that a diagram runs (or its only one); None if it cannot be told."""
    try:
        found = list(markup.children(markup.read(diagram.encode(errors="replace")), "process"))
    except markup.Unreadable:
        return None
    runs = [process for process in found if process.get("isExecutable") == "true"] or found
    return runs[0].get("id") if len(runs) == 1 else None
