"""Posted entries as a tree: ``surat.rincian.0.jumlah`` is a column in a row of a table of a section."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.forms.field import MOST_ROWS, ROWS, Field, Kind

KEPT = "dari_draf"
"""Posted in place of a table if its rows are in the draft, where the grid saves them."""
_DEEPEST = 8


@dataclass(slots=True)
class Node:
    """A name in a posted path: the texts posted under it, and the names below."""

    texts: list[str] = field(default_factory=list)
    below: dict[str, "Node"] = field(default_factory=dict)

    def __getitem__(self, name: str) -> "Node":
        return self.below.get(name) or _NOTHING

    @property
    def text(self) -> str:
        """The first text here that is not empty."""
        return next((text for text in self.texts if text), "")

    @property
    def last(self) -> str:
        """The last text here that is not blank."""
        return next((text for text in reversed(self.texts) if text.strip()), "")

    @property
    def filled(self) -> bool:
        """Whether some text here or below is not blank."""
        return any(text.strip() for text in self.texts) or any(node.filled for node in self.below.values())

    def rows(self) -> list["Node"]:
        """Return the rows below in order, without gaps; one more than allowed at most."""
        return [self.below[name] for name in sorted(filter(is_index, self.below), key=int)[: MOST_ROWS + 1]]


_NOTHING = Node()


def tree(entries: Mapping[str, Sequence[str]]) -> Node:
    """Return posted entries as a tree."""
    root = Node()
    for path, texts in entries.items():
        node = root
        for name in path.split(".", _DEEPEST):
            below = node.below.get(name)
            if below is None:
                below = node.below[name] = Node()
            node = below
        node.texts = list(texts)
    return root


def node_at(node: Node, path: str) -> Node:
    """Return what was posted at *path*."""
    for name in path.split("."):
        node = node[name]
    return node


def flat(node: Node, path: str = "") -> dict[str, list[str]]:
    """Return a tree as posted entries."""
    found = {path: list(node.texts)} if path and (node.texts or not node.below) else {}
    for name, below in node.below.items():
        found |= flat(below, f"{path}.{name}" if path else name)
    return found


def compact(fields: Iterable[Field], node: Node, *, drop_blank: bool) -> Node:
    """Return the tree with the rows of tables numbered from 0 without gaps; *drop_blank* leaves out blank rows."""
    below = dict(node.below)
    for each in fields:
        found = below.get(each.name)
        if found is None:
            continue
        if each.kind is Kind.SECTION:
            below[each.name] = compact(each.fields, found, drop_blank=drop_blank)
        elif each.kind in ROWS:
            rows = found.rows()
            if drop_blank and not each.fixed_rows:
                rows = [row for row in rows if row.filled]
            below[each.name] = Node(found.texts or [""], {str(n): row for n, row in enumerate(rows)})
    return Node(node.texts, below)


def unknown(fields: Iterable[Field], node: Node, path: str = "") -> list[str]:
    """Return the posted paths that belong to no field; paths within rows are not checked."""
    known = {each.name: each for each in fields}
    found = []
    for name, below in node.below.items():
        here = f"{path}{name}"
        each = known.get(name)
        if each is None:
            found.append(here)
        elif each.kind is Kind.SECTION:
            found += unknown(each.fields, below, f"{here}.")
        elif each.kind not in ROWS and below.below:
            found += [f"{here}.{more}" for more in below.below]
    return found


def with_rows(entries: Mapping[str, Sequence[str]], path: str, rows: Sequence[Node]) -> dict[str, list[str]]:
    """Return the entries with *rows* as all the rows of the table at *path*."""
    prefix = f"{path}."
    kept = {name: list(texts) for name, texts in entries.items() if not name.startswith(prefix)}
    kept.setdefault(path, [""])
    for index, row in enumerate(rows):
        kept |= flat(row, f"{prefix}{index}")
    return kept


def is_index(name: str) -> bool:
    """Whether *name* is the index of a row: at most six digits."""
    return name.isascii() and name.isdecimal() and len(name) <= 6
