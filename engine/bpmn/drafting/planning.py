"""Turns a table of steps into lanes, tasks, decisions and documents with readable ids."""

import keyword
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from engine.bpmn.expression_values import HOST_FUNCTIONS
from engine.bpmn.flow_graph import reached
from engine.model import standard_time
from engine.model.sop_sheet import END, TableStep

START, LAST = "mulai", "selesai"
YES = "ya"
NO = "tidak"
QUESTION = "Sesuai?"
_WORDS = 6
_LONGEST = 48
_TAKEN = frozenset(
    {
        *("definisi", "kolaborasi", "kantor", "jalur", "gambar", "bidang"),  # ids in every drafted diagram
        *("catatan", "keterangan", "typename", "data_objects"),  # names in its forms, and in the engine
        *("hari_ini", "pelaku", "butir", "jatuh_tempo", "dokumen", "baris", "nilai", "bagian"),  # variables
    }
)


@dataclass(frozen=True, slots=True)
class PlannedLane:
    """A lane; its id is its role."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class PlannedDocument:
    """A document, as a step names it; *known* if a step that always comes before makes or needs it."""

    object_id: str
    name: str
    known: bool = False


@dataclass(frozen=True, slots=True)
class PlannedWay:
    """A way out of a step; *answer* is the value of the decision in the step's form."""

    target: int
    answer: str
    name: str


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step; if it decides, it has several *ways*, the first for yes."""

    number: int
    id: str
    step: TableStep
    time: str  # ISO 8601; empty if none
    lane: PlannedLane
    inputs: tuple[PlannedDocument, ...]
    outputs: tuple[PlannedDocument, ...]
    ways: tuple[PlannedWay, ...]

    @property
    def decides(self) -> bool:
        """Whether the step has a decision."""
        return len(self.ways) > 1

    @property
    def gateway(self) -> str:
        """The id of the gateway after the step."""
        return f"{self.id}_sesuai"

    @property
    def answer(self) -> str:
        """The name of the form field for the decision."""
        return f"putusan_{self.id}"

    @property
    def leaves(self) -> str:
        """The id of the element that the ways leave."""
        return self.gateway if self.decides else self.id


@dataclass(frozen=True, slots=True)
class Plan:
    """A procedure to draw."""

    process_id: str
    name: str
    lanes: tuple[PlannedLane, ...]
    steps: tuple[PlannedStep, ...]

    def target(self, source: PlannedStep, way: PlannedWay) -> str:
        """Return the id of the element that a way leads to: a step, or the end at its source."""
        return self.end_of(source) if way.target == END else self.steps[way.target - 1].id

    def end_of(self, step: PlannedStep) -> str:
        """Return the id of the end after a step; each last step has its own."""
        ending = [each.number for each in self.steps if any(way.target == END for way in each.ways)]
        return LAST if step.number == ending[-1] else f"{LAST}_{step.number}"

    @property
    def documents(self) -> dict[str, str]:
        """The names of documents by id, as the first step that makes or else needs them names them."""
        found: dict[str, str] = {}
        for documents in (*(each.outputs for each in self.steps), *(each.inputs for each in self.steps)):
            for document in documents:
                found.setdefault(document.object_id, document.name)
        return found


@dataclass
class _Names:
    """Gives out ids, each once."""

    given: set[str] = field(default_factory=lambda: {*_TAKEN, *HOST_FUNCTIONS, START, LAST})

    def take(self, text: str, otherwise: str) -> str:
        """Return a free id made from *text*, or from *otherwise* if that has no letters."""
        id_ = slug(text) or otherwise
        if keyword.iskeyword(id_) or not id_[0].isalpha():
            id_ = f"{otherwise}_{id_}"
        base, count = id_, 1
        while id_ in self.given:
            count += 1
            id_ = f"{base}_{count}"
        self.given.add(id_)
        return id_


def slug(text: str) -> str:
    """Return the first words of *text* as an id: lower-case letters, digits and underscores.

    >>> slug("Memeriksa berkas (asli)")
    'memeriksa_berkas_asli'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    words = re.findall(r"[a-z0-9]+", plain)[:_WORDS]
    return "_".join(words)[:_LONGEST].strip("_")


def plan(process_id: str, name: str, steps: Sequence[TableStep]) -> Plan:
    """Return the plan of *steps*, which are numbered from 1."""
    names = _Names()
    names.given.add(process_id)
    lanes: dict[str, PlannedLane] = {}
    for step in steps:
        key = slug(step.performer) or step.performer.casefold()
        if key not in lanes:
            lanes[key] = PlannedLane(names.take(step.performer, "pelaksana"), step.performer)
    ids = [names.take(step.activity, "langkah") for step in steps]
    objects: dict[str, str] = {}
    for document in (name for step in steps for name in (*step.outputs, *step.inputs)):
        if document.casefold() not in objects:
            objects[document.casefold()] = names.take(document, "berkas")
    there = [{document.casefold() for document in (*step.inputs, *step.outputs)} for step in steps]
    before = _always_before(steps)
    planned = []
    for place, step in enumerate(steps):
        given = set().union(*(there[number - 1] for number in before[step.number]))
        planned.append(
            PlannedStep(
                number=step.number,
                id=ids[place],
                step=step,
                time=standard_time.read(step.time) if step.time else "",
                lane=lanes[slug(step.performer) or step.performer.casefold()],
                inputs=tuple(_document(each, objects, given) for each in step.inputs),
                outputs=tuple(_document(each, objects, given) for each in step.outputs),
                ways=_ways(step),
            )
        )
    return Plan(process_id, name, tuple(lanes.values()), tuple(planned))


def _document(name: str, objects: dict[str, str], given: set[str]) -> PlannedDocument:
    key = name.casefold()
    return PlannedDocument(objects[key], name, key in given)


def _ways(step: TableStep) -> tuple[PlannedWay, ...]:
    if not step.otherwise:
        return (PlannedWay(step.next, "", ""),)
    others = [
        PlannedWay(number, NO if place == 0 else LAST if number == END else f"langkah_{number}", "Tidak")
        for place, number in enumerate(step.otherwise)
    ]
    return (PlannedWay(step.next, YES, "Ya"), *others)


def _always_before(steps: Sequence[TableStep]) -> dict[int, set[int]]:
    """Return, for each step, the steps that every path to it passes."""
    after = {step.number: (step.next, *step.otherwise) for step in steps}
    every = set(after)
    before: dict[int, set[int]] = {number: set() for number in every}
    first = steps[0].number if steps else END
    for number in every:
        ways: dict[int, Sequence[int]] = {**after, number: (), END: ()}
        met: set[int] = reached([first], ways.__getitem__)
        for other in every - met - {number}:
            before[other].add(number)
    return before


def every_way(of: Plan) -> Iterable[tuple[PlannedStep, PlannedWay]]:
    """Yield every way with the step that it leaves."""
    for step in of.steps:
        for way in step.ways:
            yield step, way
