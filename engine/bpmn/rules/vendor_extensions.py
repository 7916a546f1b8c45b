"""Rules about what other tools write beside BPMN: SpiffArena, Camunda 7 and 8.

Elements and attributes of other namespaces are stored and served as they came. What of them would change how an
instance runs is named here, since Alur does not read it: as a warning where lanes and forms decide anyway, as a fault
where an instance would run otherwise than its designer believes.
"""

import re
from collections.abc import Iterator

from engine.bpmn import expression
from engine.bpmn.rules.diagram import CheckedProcedure, Diagram
from engine.bpmn.safe_xml import CAMUNDA, SPIFF, ZEEBE, Element, bpmn, children, local, namespace

_PREFIXES = {CAMUNDA: "camunda", SPIFF: "spiffworkflow", ZEEBE: "zeebe"}
_PEOPLE = frozenset(
    {
        "assignee",
        "candidateUsers",
        "candidateGroups",
        "dueDate",
        "followUpDate",
        "assignmentDefinition",
        "taskSchedule",
        "allowGuest",
        "candidateStarterUsers",
        "candidateStarterGroups",
    }
)
_THEIRS = {
    "foreign_people": _PEOPLE,
    "foreign_form": {"formKey", "formRef", "formData", "formDefinition", "userTaskForm"},
    "foreign_mapping": {"inputOutput", "ioMapping", "in", "out"},
    "foreign_code": {"executionListener", "taskListener", "executionListeners", "taskListeners", "connector"},
}
"""What other tools write, by what is said of it."""

_JUEL = re.compile(r"[$#]\{(.*)\}", re.DOTALL)
_JUEL_WORDS = {"&&": " and ", "||": " or ", "eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}
_FEEL_WORDS = {"=": "==", "true": "True", "false": "False", "null": "None"}
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


def check(procedure: CheckedProcedure, diagram: Diagram) -> None:
    """Check what belongs to other tools on processes, flow nodes and the start event."""
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
        yield from (each for each in extensions if isinstance(each.tag, str))


def _words(element: Element) -> Iterator[tuple[str, str]]:
    """Yield what other tools say on *element*, as it is written and by its name alone."""
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
    """Return the name of the other language that *text* is written in: JUEL or FEEL; None if it is neither."""
    if _JUEL.search(text):
        return "JUEL (${…})"
    if text.startswith("=") and not text.startswith("=="):
        return "FEEL (=…)"
    return None


def translated(text: str) -> str | None:
    """Return what a JUEL or FEEL expression is in ours, where that is plain; None where it is not."""
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
    kept_elsewhere = any(name.startswith("nrOf") for name in made.names)  # counters that the other engine keeps
    return None if kept_elsewhere or made.calls - expression.HOST_FUNCTIONS.keys() else found
