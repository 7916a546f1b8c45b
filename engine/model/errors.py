"""What a person may be told when something cannot be done. Pages and API word them; these carry the facts."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

Found = TypeVar("Found")


@cache
def sayings(folder: Path) -> Mapping[str, Mapping[str, str]]:
    """Return what the rules in *folder* say of each fault, and how it is mended: templates, on a page beside them."""
    return tomllib.loads((folder / "sayings.toml").read_text(encoding="utf-8"))


SETUP = sayings(Path(__file__).parent)
"""Read at once: where the machine fails, no file may open any more."""


class AlurError(Exception):
    """Something cannot be done, and the person can be told why."""


class NotFound(AlurError):
    """No such thing, or nothing this person may know of."""


def there(found: Found | None, name: str) -> Found:
    """Return *found*; NotFound if nothing was."""
    if found is None:
        raise NotFound(name)
    return found


class NotPermitted(AlurError):
    """This person may not do this."""

    def __init__(self, reason: str, **facts: Any) -> None:
        super().__init__(reason)
        self.reason = reason  # a key: "lane", "held", "read_only", "four_eyes" ...
        self.facts = facts


class Conflict(AlurError):
    """Somebody else was first; carries who, what and when."""

    def __init__(self, reason: str, *, who: str | None = None, at: datetime | None = None, **facts: Any) -> None:
        super().__init__(reason)
        self.reason = reason  # "completed", "claimed", "cancelled", "suspended", "terminated", "stale", "duplicate" ...
        self.who = who
        self.at = at
        self.facts = facts


class FunctionFailed(AlurError, ValueError):
    """A procedure's own function raised or is not there, or its decision table did not decide; says which and why."""


class NotPrinted(AlurError):
    """A template cannot be printed: where and why."""

    def __init__(self, template: str, line: int | None, cause: str, hint: str = "") -> None:
        super().__init__(f"{template}{'' if line is None else f' baris {line}'}: {cause}")
        self.template, self.line, self.cause, self.hint = template, line, cause, hint


class Damaged(AlurError):
    """A kept file is gone, or no longer what it was when it was kept.

    *path* is its name or its place in a berkas, *sha256* by what it is kept.
    """

    def __init__(self, path: str, sha256: str = "") -> None:
        super().__init__(path)
        self.path = path
        self.sha256 = sha256


class Busy(AlurError):
    """The database could not take the change now; trying again may work."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field: *path* as posted (``surat.baris.0.uraian``), *message* in the reader's words."""

    path: str
    label: str
    message: str
    keyword: str = ""
    choices: tuple[tuple[str, str], ...] = ()  # ambiguous numbers: (text to send, how it reads)


class InvalidForm(AlurError):
    """Some fields need correction; everything typed is in *entries*."""

    def __init__(self, errors: Sequence[FieldError], entries: Mapping[str, Sequence[str]]) -> None:
        super().__init__("; ".join(f"{e.path}: {e.message}" for e in errors))
        self.errors = tuple(errors)
        self.entries = entries


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault or warning in a procedure's files, with where it is and how to mend it."""

    file: str
    message: str  # why, one sentence
    mend: str  # how to mend it, one sentence
    rule: str
    severity: str = "error"  # or "warning"
    element_id: str | None = None
    name: str | None = None
    line: int | None = None


def stated(reason: str) -> str:
    """Return *reason* in one line; InvalidForm if that tells nobody why something was done, or too much."""
    reason = " ".join(reason.split())
    if not 3 <= len(reason) <= 500:
        raise InvalidForm([FieldError("alasan", "reason", "", "required")], {"alasan": [reason]})
    return reason


class InvalidProcedure(AlurError):
    """A procedure cannot be deployed; carries every finding at once."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(f"{f.file}:{f.line or 0} {f.element_id or ''}: {f.message}" for f in findings))
        self.findings = tuple(findings)


class NotReady(AlurError):
    """An instance cannot start: for instance a lane has no active member. *missing* lists (kind, id, name)."""

    def __init__(self, missing: Sequence[tuple[str, str, str]]) -> None:
        super().__init__(", ".join(f"{kind} {id_}" for kind, id_, _ in missing))
        self.missing = tuple(missing)


class SetupError(AlurError):
    """The operator must act: one sentence that says what is wrong and one that says what to do (``sayings.toml``)."""

    def __init__(self, saying: str, /, **facts: Any) -> None:
        told = SETUP[saying]
        super().__init__(f"{told['message']} {told['mend']}".strip().format_map(facts))
