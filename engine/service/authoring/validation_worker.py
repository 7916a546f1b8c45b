"""The child process in which a procedure is tried before it is deployed.

It reads the forms, checks the diagrams by the rules, loads them with SpiffWorkflow, simulates instances
(``simulation``), and evaluates the templates' expressions (``sample_data``). People write all of these, and each step
can be made to take endless time or all memory. So the child has no database and no secrets, and limits of the kernel.
A child at its limit is interrupted and reports its element; if that fails it is killed, and the element that it named
before the move is reported.

The child reads requests from its standard input and ends with it, so that it never outlives its parent. (The kernel's
signal for a parent's death would come when the *thread* that started the child ends.) A request is MessagePack after
its length. Answers are JSON lines: ``ready`` once, then for each request ``at`` before each move, ``found``,
``specimen``, ``done``.
"""

import json
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from engine.bpmn import rules, safe_xml
from engine.bpmn.definition import load
from engine.bpmn.fault_location import element_at
from engine.documents.sandbox import LIMITED, allow, asked, limit
from engine.forms import json_schema  # noqa: F401 - before a question comes, whose time it would take
from engine.forms.defaults import GIVEN_NAMES
from engine.forms.field import Kind
from engine.forms.form import Form
from engine.model.errors import Finding, InvalidProcedure
from engine.model.process import ProcessModel
from engine.service.authoring.sample_data import specimens
from engine.service.authoring.simulation import Simulation, SimulationFault
from engine.service.authoring.verdict import TOO_LONG, Specimen, ValidationLimits, finding_at, stopped
from engine.service.procedures import document_templates
from engine.service.procedures.files import PARTS, read_forms
from engine.service.procedures.functions import Functions

MOST_FINDINGS = 500  # more than anybody reads at once
CAUSES: dict[type[BaseException], str] = {
    MemoryError: "memakai terlalu banyak memori",
    RecursionError: "bertingkat terlalu dalam",
}
if LIMITED:
    import resource


class Stopped(BaseException):
    """The trial took too long. A BaseException, so that ``except Exception`` does not turn it into an incident."""


@dataclass
class Validation:
    """Tries one procedure; *say* gets findings as they are found, *watch* the element before each move."""

    process_id: str
    files: Mapping[str, bytes]
    say: Callable[[Iterable[Finding]], None]
    watch: Callable[[str], None]
    functions: Functions
    show: Callable[[Specimen], None] = lambda specimen: None  # gets the data for test prints
    at: str | None = None
    faults: dict[tuple[str, str], SimulationFault] = field(default_factory=dict)
    doubts: list[Finding] = field(default_factory=list)

    def run(self) -> None:
        """Do all steps; stop after a step that found an error."""
        try:
            self._run()
        except (Stopped, MemoryError, RecursionError) as error:
            unlimited()  # reporting needs a little more
            cause = CAUSES.get(type(error), TOO_LONG)
            self.say([*self._simulated(), stopped(self.files, element_at(error) or self.at, cause)])
        except Exception as error:  # a diagram may cause any error
            unlimited()
            self.say([*self._simulated(), _fault(self.files, element_at(error) or self.at, error)])

    def _run(self) -> None:
        found: list[Finding] = []
        forms: dict[str, Form] = {}
        asked: rules.Forms | None = None
        try:
            forms = read_forms(self.process_id, self.files)
            asked = _facts_for_rules(self.process_id, forms)
        except InvalidProcedure as invalid:
            found += invalid.findings
        found += rules.check(self.files, self.process_id, asked)
        found += document_templates.findings(self.process_id, _data_objects(self.files), self.files)
        if any(finding.severity == "error" for finding in found):
            self.say(found)
            return
        self.doubts = [each for each in found if each.rule == "deadlock"]  # the simulation may confirm it
        self.say(each for each in found if each not in self.doubts)
        try:
            definition = load(self.files, self.process_id)
        except InvalidProcedure as invalid:  # the engine refuses more than the rules
            self.say(invalid.findings)
            return
        unsigned = _signatures(definition.outline, forms) + _approvals(self.files, definition.outline, forms)
        if unsigned:
            self.say(unsigned)
            return
        own = self.functions.of(self.process_id, self.files)
        Simulation(definition, forms, datetime.now(UTC), own, self._moved, faults=self.faults).run()
        for specimen in specimens(self.process_id, self.files, forms, own, self._moved):
            self.show(specimen)
        unlimited()
        self.say(self._simulated())

    def _moved(self, element_id: str) -> None:
        self.at = element_id
        self.watch(element_id)

    def _simulated(self) -> list[Finding]:
        """Return the faults of the simulation, and the suspected deadlocks that it did not confirm."""
        mends = {(each.element_id, "trial_deadlock"): each.mend for each in self.doubts}
        return [each for each in self.doubts if (each.element_id, "trial_deadlock") not in self.faults] + [
            finding_at(
                self.files,
                each.element_id,
                each.rule,
                f"Dalam percobaan, pelaksanaan terhenti di {{}}: {each.cause.rstrip(' .')}.",
                mends.get((each.element_id, each.rule), each.mend),
                severity="error" if each.certain else "warning",
            )
            for each in self.faults.values()
        ]


def _fault(files: Mapping[str, bytes], element_id: str | None, error: Exception) -> Finding:
    return finding_at(
        files,
        element_id,
        "trial_fault",
        f"Mesin tidak dapat membaca atau menjalankan {{}} ({type(error).__name__}: {str(error)[:200]}).",
        "Gambar ulang unsur itu dengan cara lain; lihat docs/ungkapan.md dan docs/prosedur.md.",
    )


def _signatures(outline: ProcessModel, forms: Mapping[str, Form]) -> list[Finding]:
    """Return findings about signatures of documents that are not at the step, or that several people make together."""
    found = []
    for form_id, form in forms.items():
        steps = tuple(step for step in outline.tasks if step.form == form_id)
        signed = [(path, id_) for path, field in form.signatures if field.signing for id_ in field.signing.documents]
        for path, document in signed:
            for step in steps or (None,):
                outputs = {reference.data_object_id for reference in step.outputs} if step else set()
                near = outputs | {reference.data_object_id for reference in step.inputs} if step else set()
                if document not in near:
                    message = f"Tanda tangan {path} menandatangani {document}, yang tidak ada pada langkahnya."
                    mend = "Hubungkan objek data itu dengan langkahnya, atau sebut dokumen lain."
                elif step and step.multi_instance and document in outputs:
                    message = f"Tanda tangan {path} menandatangani {document}, yang dibuat beberapa orang bersama."
                    mend = "Minta tanda tangannya pada langkah sesudahnya."
                else:
                    continue
                file = f"forms/{outline.process_id}/{form_id}.ui.json"
                found.append(Finding(file, message, mend, "signature", element_id=form_id))
    return found


def _approvals(files: Mapping[str, bytes], outline: ProcessModel, forms: Mapping[str, Form]) -> list[Finding]:
    """Return findings about documents that nobody can approve, or that a form lets sign already."""
    roles = {lane.role for lane in outline.lanes}
    shared = {ref.data_object_id for step in outline.tasks if step.multi_instance for ref in step.outputs}
    signatures = [field.signing for form in forms.values() for _, field in form.signatures if field.signing]
    found = []
    for each in (each for each in outline.data_objects if each.approver):
        why = {
            f"menyebut peran {each.approver}, yang tidak mempunyai jalur di diagram ini.": each.approver not in roles,
            "tidak mungkin: dokumen ini dibuat beberapa orang bersama.": each.id in shared,
            "berlebih: formulir sudah meminta tanda tangannya.": any(each.id in one.documents for one in signatures),
        }
        mend = "Perbaiki ejaan perannya, atau hapus sop:persetujuan dari dokumen itu."
        message = "sop:persetujuan pada {} "
        found += [finding_at(files, each.id, "approval", message + text, mend) for text, holds in why.items() if holds]
    return found


def _data_objects(files: Mapping[str, bytes]) -> set[str]:
    found: set[str] = set()
    for path, content in files.items():
        if path.endswith(".bpmn"):
            with suppress(safe_xml.Unreadable):
                found |= {str(each.get("id")) for each in safe_xml.read(content).iter(safe_xml.bpmn("dataObject"))}
    return found


def _facts_for_rules(process_id: str, forms: Mapping[str, Form]) -> rules.Forms:
    sections: dict[str, frozenset[str]] = {}
    kinds: dict[str, frozenset[str]] = {}
    answers: dict[str, frozenset[str]] = {}
    for form in forms.values():
        for each in form.tree:
            kinds[each.name] = kinds.get(each.name, frozenset()) | {each.kind.value}
            if each.options:
                answers[each.name] = answers.get(each.name, frozenset()) | {option.value for option in each.options}
            if each.kind is Kind.SECTION:
                inside = frozenset(inner.name for inner in each.fields)
                sections[each.name] = sections.get(each.name, frozenset({PARTS})) | inside
    return rules.Forms(
        fields={form_id: form.names for form_id, form in forms.items()},
        sections=sections,
        expressions=[
            rules.FormExpression(f"forms/{process_id}/{form_id}.schema.json", path, text)
            for form_id, form in forms.items()
            for path, text in form.expressions
        ],
        given=GIVEN_NAMES,
        kinds=kinds,
        answers=answers,
    )


# ── the child ───────────────────────────────────────────────────────────────────────────────────────────────────────


def serve() -> None:
    """Try the procedures from the input, until it ends or a trial hits a limit."""
    _answer("ready", True)
    for process_id, files, folder, said_limits in asked(sys.stdin.buffer):
        _answer("at", None)
        said, at = _Reporter(), partial(_answer, "at")
        _limit(ValidationLimits(**said_limits))
        Validation(process_id, files, said.say, at, Functions(Path(folder)), _show).run()
        unlimited()
        _answer("done", not said.limit)
        if said.limit:
            return


class _Reporter:
    """Sends findings to the parent, up to MOST_FINDINGS."""

    def __init__(self) -> None:
        self.count = 0
        self.limit = False

    def say(self, findings: Iterable[Finding]) -> None:
        found = list(findings)
        self.limit |= any(each.rule == "trial_limit" for each in found)
        room = MOST_FINDINGS - self.count
        self.count += len(found)
        if 0 <= room < len(found):
            message = f"Masih ada kesalahan lain: hanya {MOST_FINDINGS} yang pertama ditampilkan."
            more = Finding(found[0].file, message, "Perbaiki itu dahulu.", "too_many")
            found[room:] = [more]
        elif room < 0:
            found = []
        _answer("found", [asdict(each) for each in found])


def _answer(kind: str, content: Any) -> None:
    sys.stdout.write(json.dumps({kind: content}) + "\n")
    sys.stdout.flush()


def _show(specimen: Specimen) -> None:
    _answer("specimen", asdict(specimen))


def _limit(limits: ValidationLimits) -> None:
    """Interrupt this process after *cpu* seconds of CPU time; the kernel kills it a second later."""
    if not LIMITED:
        return

    def stop(number: int, frame: object) -> None:
        raise Stopped

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, limits.cpu, 0.1)  # repeated, in case a library swallows one
    limit(limits.cpu + 1, limits.memory)


def unlimited() -> None:
    """Lift the limits of a trial, except the kernel's limit on CPU time."""
    if LIMITED:
        signal.setitimer(signal.ITIMER_PROF, 0)
        allow(resource.RLIMIT_AS, resource.RLIM_INFINITY)
