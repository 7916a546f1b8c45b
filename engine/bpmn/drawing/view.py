"""The facts of one drawing, and the captions of its elements."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.bpmn.drawing.marks import DrawingWords, Mark
from engine.bpmn.drawing.scene import DrawnEdge, Scene, Shape

DATA = frozenset({"dataObjectReference", "dataStoreReference", "dataInput", "dataOutput"})


@dataclass(frozen=True, slots=True)
class View:
    """The facts needed to draw the parts of a picture."""

    scene: Scene
    marks: Mapping[str, Mark]
    taken: Mapping[str, int]  # how often each flow was taken
    words: DrawingWords
    href: Callable[[str], str | None] | None
    prefix: str
    size: float = 12.0  # font size of the names of activities

    def name(self, item: Shape | DrawnEdge) -> str:
        """Return the name of an element in the reader's language; a proposed edge is marked as a proposal."""
        name = (item.name_en if self.words.english else None) or item.name
        if item.proposal and isinstance(item, DrawnEdge) and self.words.proposal.casefold() not in name.casefold():
            return f"{name} ({self.words.proposal})".strip()
        return name

    def mark(self, shape: Shape) -> Mark | None:
        """Return the mark of an element, or that of its data object."""
        return self.marks.get(shape.id) or (self.marks.get(shape.holds) if shape.holds else None)

    def caption(self, item: Shape | DrawnEdge) -> str:
        """Return everything that the picture shows about an element, in words."""
        parts = [" ".join(self.name(item).split()) or item.id]
        if item.proposal and self.words.proposal.casefold() not in parts[0].casefold():
            parts.append(self.words.proposal)
        if isinstance(item, DrawnEdge) and item.id in self.taken:
            parts += [self.words.taken, self.words.passes.format(n=self.taken[item.id])]
        mark = self.mark(item) if isinstance(item, Shape) else None
        if mark is not None and isinstance(item, Shape):
            if item.kind not in DATA:
                parts.append(self.words.states[mark.state])
            if mark.badge:
                parts.append(mark.badge)
            if mark.passes > 1:
                parts.append(self.words.passes.format(n=mark.passes))
            if mark.returned:
                parts.append(self.words.returned)
            if mark.overdue:
                parts.append(mark.overdue)
        return ", ".join(parts)
