"""What a procedure goes through before it is deployed, and the process in which that happens.

Its forms are read, the rules look at its diagrams, SpiffWorkflow loads them, made-up instances are played
(``rehearsal``), and what its templates' expressions give is reckoned (``specimens``). Diagrams, forms and templates
come from people, and each of these steps can be made to take for ever or all the memory there is, so they happen in a
child that has no database and no secrets, under limits of the kernel. What stops it, stops it at an element: the
child is interrupted first, and tells from where; only if it does not hear that, it is killed, and the element that it
named before the move is to blame.

The child reads requests from its standard input, and ends when that ends: as soon as its parent is gone, whoever killed
it. (The kernel's signal at a parent's death would come when the *thread* ends that started it.) A request is msgpack
behind its length, an answer JSON by line: ``at`` before each move, ``found``, ``done``; ``ready`` comes before the
first question.
"""

import json
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.bpmn import rules, safe_xml
from engine.bpmn.definition import load
from engine.bpmn.fault_location import element_at
from engine.documents.sandbox import LIMITED, allow, asked, limit
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
    """The trial took too long; no ``except Exception`` on the way makes an incident of it."""


@dataclass
class Validation:
    """Tries one procedure; *say* hears what is found as soon as it is, *watch* the element before each move."""

    process_id: str
    files: Mapping[str, bytes]
    say: Callable[[Iterable[Finding]], None]
    watch: Callable[[str], None]
    functions: Functions
    show: Callable[[Specimen], None] = lambda specimen: None  # what is to be printed for proof
    at: str | None = None
    stumbles: dict[tuple[str, str], SimulationFault] = field(default_factory=dict)
    doubts: list[Finding] = field(default_factory=list)

    def run(self) -> None:
        """Go through everything, as far as the step before found no error."""
        try:
            self._run()
        except (Stopped, MemoryError, RecursionError) as error:
            unlimited()  # to say it takes a little more
            self.say(
                [*self._told(), stopped(self.files, element_at(error) or self.at, CAUSES.get(type(error), TOO_LONG))]
            )
        except Exception as error:  # whatever a diagram makes a parser or the engine raise
            unlimited()
            self.say([*self._told(), _fault(self.files, element_at(error) or self.at, error)])

    def _run(self) -> None:
        found: list[Finding] = []
        forms: dict[str, Form] = {}
        asked: rules.Forms | None = None
        try:
            forms = read_forms(self.process_id, self.files)
            asked = _asked(self.process_id, forms)
        except InvalidProcedure as invalid:
            found += invalid.findings
        found += rules.check(self.files, self.process_id, asked)
        found += document_templates.findings(self.process_id, _data_objects(self.files), self.files)
        if any(finding.severity == "error" for finding in found):
            self.say(found)
            return
        self.doubts = [each for each in found if each.rule == "deadlock"]  # a play may make a fault of it
        self.say(each for each in found if each not in self.doubts)
        try:
            definition = load(self.files, self.process_id)
        except InvalidProcedure as invalid:  # the engine refuses what the rules let pass
            self.say(invalid.findings)
            return
        unsigned = _signatures(definition.outline, forms) + _approvals(self.files, definition.outline, forms)
        if unsigned:
            self.say(unsigned)
            return
        own = self.functions.of(self.process_id, self.files)
        Simulation(definition, forms, datetime.now(UTC), own, self._moved, stumbles=self.stumbles).run()
        for specimen in specimens(self.process_id, self.files, forms, own, self._moved):
            self.show(specimen)
        unlimited()
        self.say(self._told())

    def _moved(self, element_id: str) -> None:
        self.at = element_id
        self.watch(element_id)

    def _told(self) -> list[Finding]:
        """Return the stumbles of the rehearsal as findings, and what was suspected and did not happen in it."""
        mends = {(each.element_id, "trial_deadlock"): each.mend for each in self.doubts}
        return [each for each in self.doubts if (each.element_id, "trial_deadlock") not in self.stumbles] + [
            finding_at(
                self.files,
                each.element_id,
                each.rule,
                f"Dalam percobaan, pelaksanaan terhenti di {{}}: {each.cause.rstrip(' .')}.",
                mends.get((each.element_id, each.rule), each.mend),
                severity="error" if each.certain else "warning",
            )
            for each in self.stumbles.values()
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
    """Return signatures of documents that their step neither has nor yields: there would be nothing to sign.

    A document that several people yield together has no version of its own until the last is done.
    """
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
    """Return documents that nobody could approve, or whose approval would say twice who signs."""
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


def _data_objects(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the data objects of a procedure's diagrams with their names; of an unreadable one none."""
    found: dict[str, str] = {}
    for path, content in files.items():
        if path.endswith(".bpmn"):
            with suppress(safe_xml.Unreadable):
                for element in safe_xml.read(content).iter(safe_xml.bpmn("dataObject")):
                    found[str(element.get("id"))] = str(element.get("name") or element.get("id"))
    return found


def _asked(process_id: str, forms: Mapping[str, Form]) -> rules.Forms:
    """Return what the rules of diagrams want to know of the forms."""
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
    """Try what comes in until nothing more comes, or a trial was stopped: whoever hit a limit is not used again."""
    _answer("ready", True)
    for process_id, files, folder, said_limits in asked(sys.stdin.buffer):
        _answer("at", None)
        said = _Said()
        _limit(ValidationLimits(**said_limits))
        Validation(process_id, files, said.say, _at, Functions(Path(folder)), _show).run()
        unlimited()
        _answer("done", not said.limit)
        if said.limit:
            return


class _Said:
    """Tells the parent what is found, up to a number."""

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


def _at(place: str) -> None:
    _answer("at", place)


def _show(specimen: Specimen) -> None:
    _answer("specimen", asdict(specimen))


def _limit(limits: ValidationLimits) -> None:
    """Interrupt this process after *cpu* seconds of computing, and let the kernel end it if it does not hear that."""
    if not LIMITED:
        return

    def stop(number: int, frame: object) -> None:
        raise Stopped

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, limits.cpu, 0.1)  # again, should one be swallowed on its way
    limit(limits.cpu + 1, limits.memory)


def unlimited() -> None:
    """Lift what stops a trial; the kernel's limit on computing stands."""
    if LIMITED:
        signal.setitimer(signal.ITIMER_PROF, 0)
        allow(resource.RLIMIT_AS, resource.RLIM_INFINITY)
