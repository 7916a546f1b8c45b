"""Errors that people are told about. They carry the facts; pages and API word them."""

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
    """Return the templates in *folder* for the message of each fault and for how to mend it."""
    return tomllib.loads((folder / "sayings.toml").read_text(encoding="utf-8"))


SETUP = sayings(Path(__file__).parent)
"""Read at import: when the machine fails, it may be impossible to open a file."""


class AlurError(Exception):
    """Base of all errors that people are told about."""


class NotFound(AlurError):
    """The thing does not exist, or this person may not know that it does."""


def there(found: Found | None, name: str) -> Found:
    """Return *found*; NotFound if it is None."""
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
    """Somebody else was faster, or the state does not allow it; carries who and when."""

    def __init__(self, reason: str, *, who: str | None = None, at: datetime | None = None, **facts: Any) -> None:
        super().__init__(reason)
        self.reason = reason  # "completed", "claimed", "cancelled", "suspended", "terminated", "stale", "duplicate" ...
        self.who = who
        self.at = at
        self.facts = facts


class TooMany(AlurError):
    """Tried too often; allowed again from the instant *until*."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


class FunctionFailed(AlurError, ValueError):
    """A function of a procedure raised or is missing, or a decision table gave no result; says which and why."""


class NotPrinted(AlurError):
    """A template cannot be printed: where and why."""

    def __init__(self, template: str, line: int | None, cause: str, hint: str = "") -> None:
        super().__init__(f"{template}{'' if line is None else f' baris {line}'}: {cause}")
        self.template, self.line, self.cause, self.hint = template, line, cause, hint


class Damaged(AlurError):
    """A stored file is missing or has changed. *path* is its name or its path in a berkas."""

    def __init__(self, path: str, sha256: str = "") -> None:
        super().__init__(path)
        self.path = path
        self.sha256 = sha256


class Busy(AlurError):
    """The database could not take the change now; trying again may work."""


class StoreAway(Busy):
    """The file store does not answer or refuses access; trying again may work, or the operator must act."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(str(SetupError("store_away", place=place, reason=reason)))


@dataclass(frozen=True, slots=True)
class FieldError:
    """An error of a field: *path* as posted (``surat.baris.0.uraian``), *message* in the reader's language."""

    path: str
    label: str
    message: str
    keyword: str = ""
    choices: tuple[tuple[str, str], ...] = ()  # readings of an ambiguous number: (text to post, text to show)


class InvalidForm(AlurError):
    """Some fields need correction; *entries* has everything as typed."""

    def __init__(self, errors: Sequence[FieldError], entries: Mapping[str, Sequence[str]]) -> None:
        super().__init__("; ".join(f"{e.path}: {e.message}" for e in errors))
        self.errors = tuple(errors)
        self.entries = entries


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault or warning about a procedure's files: where it is and how to mend it."""

    file: str
    message: str  # why, one sentence
    mend: str  # how to mend it, one sentence
    rule: str
    severity: str = "error"  # or "warning"
    element_id: str | None = None
    name: str | None = None
    line: int | None = None


def stated(reason: str) -> str:
    """Return *reason* on one line; InvalidForm unless it has 3 to 500 letters."""
    reason = " ".join(reason.split())
    if not 3 <= len(reason) <= 500:
        raise InvalidForm([FieldError("alasan", "reason", "", "required")], {"alasan": [reason]})
    return reason


class InvalidProcedure(AlurError):
    """A procedure cannot be deployed; carries every finding."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(f"{f.file}:{f.line or 0} {f.element_id or ''}: {f.message}" for f in findings))
        self.findings = tuple(findings)


class NotReady(AlurError):
    """An instance cannot start, for example because a lane has no active member. *missing* lists (kind, id, name)."""

    def __init__(self, missing: Sequence[tuple[str, str, str]]) -> None:
        super().__init__(", ".join(f"{kind} {id_}" for kind, id_, _ in missing))
        self.missing = tuple(missing)


class SetupError(AlurError):
    """The operator must act: a sentence says what is wrong and another what to do (``sayings.toml``)."""

    def __init__(self, saying: str, /, **facts: Any) -> None:
        told = SETUP[saying]
        super().__init__(f"{told['message']} {told['mend']}".strip().format_map(facts))
