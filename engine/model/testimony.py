"""What history says of rows: whoever hears a stream's lines in order knows what must stand in the tables.

For each table and key the columns that the lines fix, with the number of the last line that speaks of the row. Values
are as ``plain`` leaves them. What lines do not say is not here, and nothing of it is proved (``docs/riwayat.md``).
Lines of every release are heard; what an earlier one left out is left open.
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
"""Numbers that lines of one stream may say were given out before Alur kept their series; a check has them in memory."""
PASSED_OVER = "Nomor ini sudah tercetak pada surat lain dari deret ini."
"""Why a number is nobody's that an instance passed over when it took one; its line is among that instance's."""


class OneOf(frozenset[Any]):
    """Several values of which a column may hold any, since lines do not say which."""


UNSAID, EITHER = OneOf({None, "definitif"}), OneOf({True, False})
MOVING = OneOf({"running", "waiting", "incident"})


class Line(Struct, gc=False):
    """A line as it is hashed, by the order of RFC 8785, its instant as ``plain`` writes it.

    As JSON it is, under format 2, what its hash is over.
    """

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
    """What the lines say of one row."""

    seq: int
    facts: dict[str, Any]
    said: list[Any]  # in which line, and then which of them, the last ones last
    met: bool = False  # its row was read

    def fixed(self, column: str) -> int:
        """Return which line fixed a column; of one that none did, the last line."""
        pairs = zip(self.said[-2::-2], self.said[::-2], strict=True)
        return next((seq for seq, facts in pairs if column in facts), self.seq)


@dataclass(slots=True)
class Testimony:
    """What the lines of one stream that were heard so far say."""

    stream: str
    seq: int = 0  # of the line that is heard
    tables: defaultdict[str, dict[str, Told]] = field(default_factory=lambda: defaultdict(dict))  # rows, by their keys
    named: set[str] = field(default_factory=set)  # other instances
    called: dict[str, str] = field(default_factory=dict)  # whose name a commitment stands for, as lines use it
    tells_files: bool = True  # lines of the first releases do not say what was handed over
    tells_tasks: bool = False  # from its first line on, when tasks open and end: so it does since format 2
    tells_archive: bool = True  # lines of completing that do not say whether a berkas is due leave that open
    deeds: set[str] = field(default_factory=set)  # instants of moves, and each again with who moved
    parts: dict[str, set[str]] = field(default_factory=dict)  # who yielded a part and when, by object, item and hash
    last: Line | None = None
    contradiction: tuple[str, str] | None = None  # a recorded head that is not the chain's: expected, found
    mover: str = ""
    newest: dict[str, str] = field(default_factory=dict)  # document by data object
    periods: dict[tuple[str, str], str] = field(default_factory=dict)  # row of a register by its key and first day
    signed: dict[str, dict[str, bool]] = field(default_factory=dict)  # by document: signature, whether it is filed

    @property
    def id(self) -> str:
        """Whose stream it is."""
        return self.stream.partition(":")[2]

    def say(self, table: str, key: str, facts: dict[str, Any]) -> None:
        """Note what a row must hold from the line on that is heard; *facts* are the row's own from then on."""
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
        """Note that other instances are named, which must be there."""
        for each in instances:
            if type(each) is not str:
                raise TypeError(f"instance {each}")
            self.named.add(each)

    def of(self, table: str) -> dict[str, Told]:
        """Return what is known of a table's rows, by key."""
        return self.tables[table]

    def key_of(self, key: str) -> str:
        """Return the key by which lines speak of a membership; they may leave something open."""
        if key in self.of("membership"):
            return key
        role, capacity, since, until, decree = key.split(" ", 4)
        less = (f"{role} {capacity} {since} ? {decree}", f"{role} ? ? {until} ?", f"{role} ? ? ? ?")
        return next((each for each in less if each in self.of("membership")), key)

    def otherwise(self, table: str) -> dict[str, Any] | None:
        """Return what holds of a row's columns that no line speaks of; None if there must be no such row."""
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
        """Return when the instance ended, as lines say."""
        told = self.of("instance").get(self.id)
        at = told.facts.get("ended_at") if told else None
        return None if at is None else str(at)


def unfit(held: Iterable[tuple[str, Any, Any]]) -> tuple[str, Any, Any] | None:
    """Return the first of some columns that does not hold what it must, as ``plain`` leaves it: its name, and both."""
    for name, expected, found in held:
        if not fits(expected, found):
            return name, expected, found
    return None


def fits(expected: Any, found: Any) -> bool:
    """Whether a column may hold what was found in it."""
    if isinstance(expected, OneOf):
        return found in expected and (type(found) is str or any(alike(each, found) for each in expected))
    return alike(expected, found)


def alike(one: Any, other: Any) -> bool:
    """Whether two values are written alike as JSON, which tells yes from 1."""
    if type(one) is type(other) and (not one or type(one) in PLAIN):
        return bool(one == other)
    return bool(one == other) and (repr(one) == repr(other) or _written(one) == _written(other))


def given(change: Mapping[str, Any], *names: str, **renamed: str) -> dict[str, Any]:
    """Return what a change says under some names, and under others by the names of columns."""
    found = {}
    for name in names:
        if name in change:
            found[name] = change[name]
    if renamed:
        found |= {column: change[name] for column, name in renamed.items() if name in change}
    return found


def keyed(value: Any) -> str:
    """Return a part of a row's key; what is not there is no text that says so."""
    return "∅" if value is None else f"∅{value}" if str(value).startswith("∅") else str(value)


Deed = Callable[[Testimony, Line, Mapping[str, Any]], None]
"""What a line of an action, with what it changed, says of rows; KeyError, TypeError or AttributeError if it cannot."""
Deeds = dict[str, Deed]


def heard_in(deeds: Deeds) -> Callable[..., Callable[[Deed], Deed]]:
    """Return a decorator by which a function is the deed of some actions."""

    def of(*actions: str) -> Callable[[Deed], Deed]:
        def note(deed: Deed) -> Deed:
            deeds.update(dict.fromkeys(actions, deed))
            return deed

        return note

    return of
