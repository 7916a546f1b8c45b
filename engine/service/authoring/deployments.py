"""Deploys procedures: finds all errors of the files at once, then stores the files as a new version.

Files with an error are not deployed, and an unchanged procedure is not deployed again.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any

from engine.bpmn import functions
from engine.bpmn.executor import Executor
from engine.bpmn.rules import unheard
from engine.model.errors import Conflict, Finding, InvalidProcedure, NotFound, stated, there
from engine.model.history import Action, HistoryEvent
from engine.model.people import SYSTEM, Actor, OfficeRole
from engine.model.process import UserTask
from engine.model.work import DefinitionRecord
from engine.service.authoring import checking
from engine.service.authoring.validation import GATE, Validator
from engine.service.office.business_calendar import Office
from engine.service.people import guarded_roles
from engine.service.procedures.files import content_hash
from engine.service.procedures.functions import Functions
from engine.service.procedures.procedure import Procedure, Procedures
from engine.store.database import Database
from engine.store.queries import definitions, instances, people
from engine.store.queries.people import Members


@dataclass(frozen=True, slots=True)
class DeployedProcess:
    """A procedure with its versions, running instances and people."""

    procedure: Procedure
    versions: tuple[DefinitionRecord, ...]
    running: Mapping[str, int]  # by definition id
    members: Members  # role -> people today


@dataclass(frozen=True)
class Deployments:
    """Checks and deploys procedures, and reads deployed versions."""

    database: Database
    executor: Executor
    procedures: Procedures
    office: Office
    functions: Functions
    gate: Validator = GATE

    def check(self, process_id: str, files: Mapping[str, bytes], *, at_console: bool = False) -> tuple[Finding, ...]:
        """Return all errors and warnings of a procedure's files; a child process reads them, this one only sizes."""
        found = checking.check(process_id, files, self.functions, at_console=at_console, gate=self.gate)
        if any(finding.severity == "error" for finding in found):
            return found
        return (*found, *unheard.check(process_id, files, partial(self._other_procedures, process_id)))

    def _other_procedures(self, process_id: str) -> list[Mapping[str, bytes]]:
        with self.database.read() as reader:
            deployed = [each for each in definitions.all_latest(reader) if each.process_id != process_id]
            return [definitions.files(reader, each.id) for each in deployed]

    def deploy(
        self,
        actor: Actor,
        process_id: str,
        files: Mapping[str, bytes],
        note: str,
        now: datetime,
        *,
        at_console: bool = False,
        began: str = "",
        seen: str | None = None,
    ) -> DefinitionRecord | None:
        """Store *files* as a new version; return None if the version in force has the same files.

        Only the operator's console sets *at_console*, which installs functions.py. *seen* is the version that the
        deployer believes to be in force (None: any), *began* the version that the files were edited from.
        InvalidProcedure has all findings.
        """
        if actor.person_id != SYSTEM.person_id:
            actor.need(OfficeRole.DESIGNER)
        hashed = content_hash(files)
        before = self.database.ask(definitions.latest, process_id)
        source = files.get(functions.path_of(process_id))
        if at_console and source is not None and not functions.faults(source):
            self.functions.keep(source)  # a restored office may lack the file of the version in force
        if before is not None and before.content_hash == hashed:
            return None
        findings = self.check(process_id, files, at_console=at_console)
        if any(finding.severity == "error" for finding in findings):
            raise InvalidProcedure(findings)
        of = (process_id, 1, hashed, process_id, note, now, actor.person_id)
        record = DefinitionRecord(str(uuid.uuid4()), *of, confirmed=False)
        outline = self.procedures.read(record, MappingProxyType(dict(files))).outline
        with self.database.write(actor, now) as work:
            before = definitions.latest(work, process_id)
            if before is not None and before.content_hash == hashed:
                return None
            if seen is not None:
                require_seen(before, seen)
            record = replace(record, version=before.version + 1 if before else 1, name=outline.name)
            if before is not None:
                guarded_roles.keep(work, self.procedures.of(work, before.id))
            definitions.add(work, record, files)
            change: dict[str, Any] = {"definition": record.id, "version": record.version, "name": record.name}
            change |= {"content_hash": hashed, "note": note, "files": sorted(files)}
            if before is not None and seen not in (None, began):
                change |= {"instead_of": before.version, "deployed_by": before.deployed_by, "began_from": began}
            work.record(f"definition:{process_id}", HistoryEvent(Action.DEFINITION_DEPLOYED, change=change))
        return record

    def pictures_and_word_files(self, process_id: str) -> dict[str, bytes]:
        """Return the binary files of the version in force; empty if there is none."""
        with self.database.read() as reader:
            latest = definitions.latest(reader, process_id)
            files = self.procedures.of(reader, latest.id).files if latest else {}
        return {path: content for path, content in files.items() if path.endswith(checking.NOT_TEXT)}

    def confirm(self, actor: Actor, definition_id: str, reason: str, now: datetime) -> None:
        """Record that the office confirmed the reconstruction in a version, and why."""
        actor.need(OfficeRole.OPERATOR)
        reason = stated(reason)
        with self.database.write(actor, now) as work:
            record = there(definitions.by_id(work, definition_id), definition_id)
            definitions.confirm(work, definition_id)
            change = {"definition": definition_id, "version": record.version, "reason": reason}
            work.record(f"definition:{record.process_id}", HistoryEvent(Action.DEFINITION_CONFIRMED, change=change))

    def all(self) -> tuple[Procedure, ...]:
        """Return all procedures in their version in force."""
        with self.database.read() as reader:
            return tuple(self.procedures.as_recorded(reader, record) for record in definitions.all_latest(reader))

    def deployed(
        self, process_id: str | None, after: tuple[datetime, str] | None, limit: int
    ) -> tuple[tuple[DefinitionRecord, ...], bool]:
        """Return the versions after the key *after* (deployed at, id), newest first, and whether more follow."""
        return self.database.ask(definitions.deployed, process_id, after, limit)

    def version(self, definition_id: str) -> Procedure:
        """Return one version; NotFound if it does not exist."""
        return self.database.ask(self.procedures.of, definition_id)

    def file(self, actor: Actor, definition_id: str, path: str) -> bytes:
        """Return one file of a version; NotFound if it does not exist. Code is readable only for office roles."""
        if path.endswith(".py"):
            actor.need(*OfficeRole)
        return there(self.version(definition_id).files.get(path), path)

    def process(self, process_id: str, now: datetime, version: int | None = None) -> DeployedProcess:
        """Return a procedure (in *version*, by default the one in force) with its versions and people."""
        with self.database.read() as reader:
            versions = definitions.versions(reader, process_id)
            chosen: Sequence[DefinitionRecord] = [v for v in versions if version is None or v.version == version]
            if not chosen:
                raise NotFound(process_id)
            procedure = self.procedures.as_recorded(reader, chosen[0])
            roles = [lane.role for lane in procedure.outline.lanes]
            members = people.members(reader, self.office.today(now), roles)
            running = instances.running_by_version(reader, process_id)
        return DeployedProcess(procedure, versions, running, members)


def require_seen(latest: DefinitionRecord | None, seen: str) -> None:
    """Raise Conflict, with who deployed *latest* and when, if it is not the version *seen* (empty: none)."""
    if latest is not None and latest.id != seen:
        raise Conflict("deployed", who=latest.deployed_by, at=latest.deployed_at, version=latest.version)


def step_of(found: DeployedProcess, element_id: str) -> UserTask:
    """Return one step of a procedure; NotFound if it does not exist."""
    tasks = found.procedure.outline.tasks
    return there(next((task for task in tasks if task.element_id == element_id), None), element_id)
