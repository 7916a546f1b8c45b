"""The parts of a long form: the script shows each as a page of its own, with its state.

A section is a part; with ``ui:groups``, each group is one. Neighbouring fields outside of sections are one part.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from engine.forms.field import Field, Kind, field_at
from engine.forms.posted_entries import node_at
from engine.forms.shown import Shown
from engine.forms.submission import Reading
from engine.model.errors import FieldError

FEW = 4
"""The most fields for which a form is not divided."""


class PartState(StrEnum):
    """The state of a part."""

    LOCKED = "locked"
    EMPTY = "empty"
    INCOMPLETE = "incomplete"
    FAULTY = "faulty"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form: the paths of its fields, and its state."""

    id: str
    title: str
    paths: tuple[str, ...]
    section: str = ""  # if the part is this section, or its first group
    state: PartState = PartState.COMPLETE
    problems: tuple[FieldError, ...] = ()

    def holds(self, path: str) -> bool:
        """Whether the field at *path* is in the part."""
        return path == self.section or any(path == each or path.startswith(f"{each}.") for each in self.paths)

    def answers(self, shown: Iterable[Shown]) -> tuple[Shown, ...]:
        """Return the answers that are in the part."""
        every = {inner.path: inner for each in shown for inner in (each, *each.fields)}
        return tuple(every[path] for path in self.paths if path in every)


def parts_of(fields: Sequence[Field], locale: str) -> tuple[Part, ...]:
    """Return the parts of a form; none if it is short."""
    found: list[Part] = []
    alone: list[Field] = []
    for field in (*fields, None):
        section = field is not None and field.kind is Kind.SECTION and field.signing is None
        if field is not None and not section:
            alone.append(field)
            continue
        names = tuple(each.name for each in alone)
        if found and all(each.given for each in alone):  # computed fields alone are no page
            found[-1] = replace(found[-1], paths=(*found[-1].paths, *names))
        elif alone:
            found.append(Part(alone[0].name, alone[0].wording.of(locale), names))
        alone = []
        found += _parts_of_section(field, locale) if field is not None else ()
    return tuple(found) if sum(len(part.paths) for part in found) > FEW else ()


def _parts_of_section(field: Field, locale: str) -> Iterator[Part]:
    title, inside = field.wording.of(locale), f"{field.name}."
    if not field.groups:
        yield Part(field.name, title, tuple(inside + each.name for each in field.fields), field.name)
    for n, (words, names) in enumerate(field.groups):
        own = tuple(inside + name for name in names)
        yield Part(f"{field.name}-{n + 1}", f"{title}: {words.of(locale)}", own, "" if n else field.name)


def read_parts(reading: Reading) -> tuple[Part, ...]:
    """Return the parts of a form, with states for what was posted."""
    parts = parts_of(reading.tree, reading.around.locale)
    if not parts:
        return ()
    problems, blocked = reading.errors(), reading.blocked()
    return tuple(_read(reading, part, problems, blocked) for part in parts)


def _read(reading: Reading, part: Part, every: Sequence[FieldError], blocked: Sequence[FieldError]) -> Part:
    locked = [each for each in blocked if part.holds(each.path)]
    problems = tuple(locked or [each for each in every if part.holds(each.path)])
    state = PartState.COMPLETE
    if locked or all(reading.is_hidden(path) for path in part.paths):
        state = PartState.LOCKED
    elif any(each.keyword != "required" and node_at(reading.posted, each.path).filled for each in problems):
        state = PartState.FAULTY
    elif problems:
        begun = any(_begun(reading, path) for path in part.paths)
        state = PartState.INCOMPLETE if begun else PartState.EMPTY
    return replace(part, state=state, problems=problems)


def _begun(reading: Reading, path: str) -> bool:
    """Whether a field that people can type into has a value, typed or prefilled."""
    field = field_at(reading.tree, path)
    return field is not None and not field.given and node_at(reading.posted, path).filled
