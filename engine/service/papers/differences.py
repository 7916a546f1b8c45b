"""Differences between two versions of a document, value by value, in the words of its form."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from engine.forms.shown import Shown

Row = tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One value of a document before and after; None if it did not exist."""

    label: str
    before: str | None
    after: str | None

    @property
    def changed(self) -> bool:
        """Whether the value differs."""
        return self.before != self.after


def differences(old: Sequence[Shown], new: Sequence[Shown], above: str = "") -> Iterator[Difference]:
    """Yield every value of two versions as shown, in the order of the newer one.

    A file is shown by name and SHA-256. Table rows with the same key belong together; without a key, rows are aligned
    by content, so that an inserted row changes no other.
    """
    # at the top level, parts may have person ids with points as names
    before, after = ({each.path.rpartition("." if above else "\n")[2]: each for each in shown} for shown in (old, new))
    for name in dict.fromkeys([*after, *before]):
        one, other = before.get(name), after.get(name)
        either = other or one
        assert either is not None  # noqa: S101 - the name is of one of them
        label = f"{above} · {either.label}" if above else either.label
        if either.columns:
            for number, was, row in _pairs(one, other):
                yield from differences(was, row, f"{label} {number}")
        elif either.fields:
            yield from differences(one.fields if one else (), other.fields if other else (), label)
        else:
            yield Difference(label, _text(one), _text(other))


def _pairs(one: Shown | None, other: Shown | None) -> Iterator[tuple[str, Row, Row]]:
    """Yield the pairs of rows that belong together, each with its label."""
    old, new = (table.rows if table else () for table in (one, other))
    key = (other or one).key  # type: ignore[union-attr]  # one of them is there
    if key is not None:
        before, after = _by_key(old, key), _by_key(new, key)
        for each in dict.fromkeys([*after, *before]):
            yield each, before.get(each, ()), after.get(each, ())
        return
    was_said, is_said = ([tuple(map(_text, row)) for row in rows] for rows in (old, new))
    for _, i, j, k, m in SequenceMatcher(None, was_said, is_said, autojunk=False).get_opcodes():
        for was, row in zip_longest(range(i, j), range(k, m)):
            number = was if row is None else row
            yield str(number + 1), () if was is None else old[was], () if row is None else new[row]


def _by_key(rows: Sequence[Row], key: int) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row in rows:
        name, count = _text(row[key]) or "", 1
        while (called := f"{name} ({count})" if count > 1 else name) in found:
            count += 1
        found[called] = row
    return found


def _text(shown: Shown | None) -> str | None:
    if shown is None:
        return None
    files = "\n".join(f"{file.name} (SHA-256 {file.sha256})" for file in shown.files)
    return shown.text or "; ".join(shown.lines) or files or None
