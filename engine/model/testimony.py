"""Derives from a stream's lines, read in order, what its rows in the database must contain.

By table and key: the columns that lines determine, as :func:`engine.model.history.plain` writes values, and the number
of the last line about the row. Columns that no line mentions are not checked (``docs/riwayat.md``). Lines of every
release are read; facts that an earlier release did not record stay open.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

PLAIN = frozenset({str, int, bool, type(None)})
_written = json.JSONEncoder(sort_keys=True).encode
UUID_LENGTH = 36
MOST_GIVEN_BEFORE = 200_000
"""Most numbers of one stream that were issued before Alur kept the series; a check holds them all in memory."""
PASSED_OVER = "Nomor ini sudah tercetak pada surat lain dari deret ini."
"""Why a number that an instance skipped is void; the line is in the instance's stream, the row is the office's."""


class OneOf(frozenset[Any]):
    """Several values, any of which a column may hold, since lines do not tell."""


UNSAID, EITHER = OneOf({None, "definitif"}), OneOf({True, False})
MOVING = OneOf({"running", "waiting", "incident"})


class Line(Struct, gc=False):
    """A line with fields in the order of RFC 8785 and its instant as text: as JSON, the hashed text of format 2."""

    action: str
    actor: str
    at: str
    capacity: str | None
    change: str
    decree: str | None
    element_id: str | None
    format: int
    instance_id: str | None
    name: str | None
    on_behalf_of: str | None
    previous_hash: str
    seq: int
    stream: str
    task_id: str | None


class Told(Struct, gc=False):
    """What the lines so far say about one row."""

    seq: int
    facts: dict[str, Any]
    said: list[Any]  # for each line about the row: its number, then its facts
    met: bool = False  # the row was found

    def fixed(self, column: str) -> int:
        """Return the number of the last line about a column; without one, of the last line about the row."""
        pairs = zip(self.said[-2::-2], self.said[::-2], strict=True)
        return next((seq for seq, facts in pairs if column in facts), self.seq)


@dataclass(slots=True)
class Testimony:
    """What the lines of one stream so far say about rows."""

    stream: str
    seq: int = 0  # of the current line
    tables: defaultdict[str, dict[str, Told]] = field(default_factory=lambda: defaultdict(dict))  # rows by key
    named: set[str] = field(default_factory=set)  # other instances that lines name
    called: dict[str, str] = field(default_factory=dict)  # person id by commitment to the name
    tells_files: bool = True  # lines list submitted files; those of the first releases do not
    tells_tasks: bool = False  # lines tell when tasks open and end: since format 2
    tells_archive: bool = True  # the line of completion tells whether a berkas is due
    deeds: set[str] = field(default_factory=set)  # of each move "instant" and "instant actor"
    parts: dict[str, set[str]] = field(default_factory=dict)  # "instant actor" of document parts: object, item, hash
    last: Line | None = None
    contradiction: tuple[str, str] | None = None  # hashes of a recorded head that differs: expected, found
    mover: str = ""
    newest: dict[str, str] = field(default_factory=dict)  # document by data object
    periods: dict[tuple[str, str], str] = field(default_factory=dict)  # register row by key and first day
    signed: dict[str, dict[str, bool]] = field(default_factory=dict)  # by document: signature -> whether it is filed

    @property
    def id(self) -> str:
        """The id of the stream's owner."""
        return self.stream.partition(":")[2]

    def say(self, table: str, key: str, facts: dict[str, Any]) -> None:
        """Note what a row must hold from the current line on. *facts* is kept and changed later."""
        seq, rows = self.seq, self.tables[table]
        told = rows.get(key)
        if told is None:
            if type(key) is not str:
                raise TypeError(f"{table} {key}")
            rows[key] = Told(seq, facts, [seq, facts])
            return
        told.seq = seq
        told.facts.update(facts)
        told.said += (seq, facts)

    def name(self, *instances: str) -> None:
        """Note other instances that must exist, since a line names them."""
        for each in instances:
            if type(each) is not str:
                raise TypeError(f"instance {each}")
            self.named.add(each)

    def of(self, table: str) -> dict[str, Told]:
        """Return the facts about a table's rows, by key."""
        return self.tables[table]

    def key_of(self, key: str) -> str:
        """Return the key that lines use for a membership; older lines leave some of its values open ("?")."""
        if key in self.of("membership"):
            return key
        role, capacity, since, until, decree = key.split(" ", 4)
        less = (f"{role} {capacity} {since} ? {decree}", f"{role} ? ? {until} ?", f"{role} ? ? ? ?")
        return next((each for each in less if each in self.of("membership")), key)

    def otherwise(self, table: str) -> dict[str, Any] | None:
        """Return the expected columns of a row that no line mentions; None if such a row must not exist."""
        match table:
            case "task" if not self.tells_tasks:
                over, now = self.over(), OneOf(each for each in self.deeds if " " not in each)
                return {
                    "status": "cancelled" if over else OneOf({"ready", "cancelled"}),
                    "created_at": now,
                    "completed_at": OneOf({None, over, *now}),
                    "returned_by": OneOf({None, *self.deeds}),
                    **dict.fromkeys(("completed_by", "assignee", "assigned_at", "capacity", "history_seq")),
                }
            case "rendering":
                return {"status": "due", "sha256": None, "made_at": None}
            case "archive" if not self.tells_archive:
                return {"status": "due", "sha256": None, "archived_at": None}
            case "number" if self.stream == "office":
                return {"void_reason": PASSED_OVER, "place": "", "subject": ""}
            case "personal_value":  # bound by the commitment, which is its key
                return {}
            case "attachment":
                return {"signed": True} if self.tells_files else {}
            case "document_part" | "definition_file":  # bound by the hash over all of them
                return {}
        return None

    def over(self) -> str | None:
        """Return the instant at which the instance ended; None if it runs."""
        told = self.of("instance").get(self.id)
        at = told.facts.get("ended_at") if told else None
        return None if at is None else str(at)


def unfit(held: Iterable[tuple[str, Any, Any]]) -> tuple[str, Any, Any] | None:
    """Return the first (column, expected, found) that does not fit; None if all fit."""
    for name, expected, found in held:
        if not fits(expected, found):
            return name, expected, found
    return None


def fits(expected: Any, found: Any) -> bool:
    """Whether a column may hold the value that was *found* in it."""
    if isinstance(expected, OneOf):
        return found in expected and (type(found) is str or any(alike(each, found) for each in expected))
    return alike(expected, found)


def alike(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: True and 1 differ."""
    if type(one) is type(other) and (not one or type(one) in PLAIN):
        return bool(one == other)
    return bool(one == other) and (repr(one) == repr(other) or _written(one) == _written(other))


def given(change: Mapping[str, Any], *names: str, **renamed: str) -> dict[str, Any]:
    """Return the members *names* of a change, and those *renamed* (column=member) by column, if present."""
    found = {}
    for name in names:
        if name in change:
            found[name] = change[name]
    if renamed:
        found |= {column: change[name] for column, name in renamed.items() if name in change}
    return found


def keyed(value: Any) -> str:
    """Return a value as a part of a row's key; None differs from every text."""
    return "∅" if value is None else f"∅{value}" if str(value).startswith("∅") else str(value)


Deed = Callable[[Testimony, Line, Mapping[str, Any]], None]
"""Notes what one line says about rows; KeyError, TypeError or AttributeError if its change has a wrong shape."""
Deeds = dict[str, Deed]


def heard_in(deeds: Deeds) -> Callable[..., Callable[[Deed], Deed]]:
    """Return a decorator that registers a function in *deeds* for some actions."""

    def of(*actions: str) -> Callable[[Deed], Deed]:
        def note(deed: Deed) -> Deed:
            deeds.update(dict.fromkeys(actions, deed))
            return deed

        return note

    return of
