"""Rules about extensions of other tools: SpiffArena, Camunda 7 and 8.

Alur keeps extensions but ignores them. Those that would change how an instance runs are reported: as a fault if the
instance would run differently from the author's intent, as a warning if lanes and forms decide instead.
"""

import re
from collections.abc import Iterator

from engine.bpmn import expression
from engine.bpmn.expression_values import HOST_FUNCTIONS
from engine.bpmn.rules.diagram import CheckedProcedure, Diagram
from engine.bpmn.safe_xml import CAMUNDA, SPIFF, ZEEBE, Element, bpmn, children, local, namespace

_PREFIXES = {CAMUNDA: "camunda", SPIFF: "spiffworkflow", ZEEBE: "zeebe"}
_PEOPLE = frozenset(
    {
        *("assignee", "candidateUsers", "candidateGroups", "assignmentDefinition", "allowGuest"),
        *("candidateStarterUsers", "candidateStarterGroups"),
        *("dueDate", "followUpDate", "taskSchedule"),
    }
)
_THEIRS = {
    "foreign_people": _PEOPLE,
    "foreign_form": {"formKey", "formRef", "formData", "formDefinition", "userTaskForm"},
    "foreign_mapping": {"inputOutput", "ioMapping", "in", "out"},
    "foreign_code": {"executionListener", "taskListener", "executionListeners", "taskListeners", "connector"},
}
"""Names of extensions by the finding that they cause."""

_JUEL = re.compile(r"[$#]\{(.*)\}", re.DOTALL)
_JUEL_WORDS = {"&&": " and ", "||": " or ", "eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}
_FEEL_WORDS = {"=": "==", "true": "True", "false": "False", "null": "None"}
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


def check(procedure: CheckedProcedure, diagram: Diagram) -> None:
    """Check the extensions of processes and flow nodes."""
    for element in [*diagram.processes, *diagram.all_nodes]:
        words = list(_words(element))
        for saying, theirs in _THEIRS.items():
            if said := sorted({word for word, name in words if name in theirs}):
                diagram.say(saying, element, said=", ".join(said))
        shown = next((e for e in _extensions(element) if e.tag == f"{{{SPIFF}}}instructionsForEndUser"), None)
        if shown is not None and (shown.text or "").strip():
            diagram.say("instructions_not_shown", element)


def _extensions(element: Element) -> Iterator[Element]:
    for extensions in children(element, "extensionElements"):
        yield from extensions


def _words(element: Element) -> Iterator[tuple[str, str]]:
    """Yield the extensions on *element* as (name with prefix, name)."""
    for attribute in element.attrib:
        space, _, name = str(attribute).removeprefix("{").rpartition("}")
        if space in _PREFIXES:
            yield f"{_PREFIXES[space]}:{name}", name
    for each in _extensions(element):
        if namespace(each) in _PREFIXES:
            yield f"{_PREFIXES[namespace(each)]}:{local(each)}", local(each)
    for loop in element.iterfind(bpmn("multiInstanceLoopCharacteristics")):
        for each in _extensions(loop):
            if local(each) == "loopCharacteristics" and each.get("inputCollection"):
                yield "zeebe:loopCharacteristics", "ioMapping"


def language_of(text: str) -> str | None:
    """Return the language of *text* if it is JUEL or FEEL; None for others."""
    if _JUEL.search(text):
        return "JUEL (${…})"
    if text.startswith("=") and not text.startswith("=="):
        return "FEEL (=…)"
    return None


def translated(text: str) -> str | None:
    """Return a JUEL or FEEL expression translated into ours; None if that is not obvious."""
    juel = _JUEL.fullmatch(text)
    if juel is not None:
        words, inner = _JUEL_WORDS | _FEEL_WORDS, juel[1].strip()
        del words["="]
    else:
        words, inner = _FEEL_WORDS, text[1:].strip()
        duration = re.fullmatch(r"duration\(\"(P[^\"]+)\"\)|\"(P[^\"]+|R\d*/P[^\"]+)\"", inner)
        if duration is not None:
            return duration[1] or duration[2]
    kept: list[str] = []

    def keep(quoted: re.Match[str]) -> str:
        kept.append(quoted[0])
        return f"\0{len(kept) - 1}\0"

    bare = _QUOTED.sub(keep, inner)
    for foreign, ours in words.items():
        bare = re.sub(rf"\b{foreign}\b" if foreign.isalpha() else rf"(?<![<>=!]){re.escape(foreign)}(?!=)", ours, bare)
    bare = " ".join(re.sub(r"!(?!=)\s*", "not ", bare).split())
    found = re.sub(r"\0(\d+)\0", lambda place: kept[int(place[1])], bare)
    if (made := expression.if_readable(found)) is None:
        return None
    kept_elsewhere = any(name.startswith("nrOf") for name in made.names)  # counters of Camunda
    return None if kept_elsewhere or made.calls - HOST_FUNCTIONS.keys() else found
