"""History lines in words: old values beside new ones, form values under their labels, no JSON."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import current_app, url_for

from engine.model.history import Action, HistoryLine
from engine.service.procedures.procedure import Procedure
from engine.web import formatting
from engine.web.authentication import name_of
from engine.web.services import services
from engine.web.texts import gettext

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}")
PEOPLE = frozenset({"actor", "person", "assignee", "holder", "performer", "signer", "item"})
PEOPLE |= {"for", "substitute", "by", "created_by", "completed_by", "deployed_by", "filed_by"}
RULE = re.compile(r"^[A-Z]+ |/api/v1/|<[^>]*>|/")
FORMS = (Action.TASK_COMPLETED.value, Action.INSTANCE_STARTED.value)
APART = frozenset({"old", "new", "values", "passed", "definition", "named"})
OF_DOCUMENT = frozenset({"document", "data_object", "version"})  # shown together, as the name of the version
TOLD = ("reason", "text", "cause", "title")
TOP = {
    "task": "holder",
    "task:extended": "due_at",
    "instance": "status",
    "person": "active",
    "register:defined": "sha256",
}
"""The name of a line's bare old and new value, by its action or the object of that."""
NONE: Mapping[str, str] = {}
SAID_IN = (("ui", "action_word"), ("words", "words"))
PAGES = {"instance": ("instances.show", "instance_id"), "file": ("attachments.download", "attachment_id")}


@dataclass(frozen=True, slots=True)
class Change:
    """One fact of a line: its label, the new value, and the old one if the line holds it."""

    label: str
    new: str
    old: str | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A history line in words."""

    summary: str
    changes: tuple[Change, ...]
    document: str | None  # its id, if the line is of one
    name: str


class Ledger:
    """Says lines of history in the reader's language."""

    def __init__(self, dates: formatting.Dates) -> None:
        self._dates = dates
        self._words = words_of_codes()
        self._titles = self._roles = NONE
        self._first = vars(current_app.jinja_env.get_template("parts/words.html").make_module({}))["first"]

    def said(self, line: HistoryLine, procedure: Procedure | None = None, titles: Mapping[str, str] = NONE) -> Said:
        """Return a line in words; *procedure* is what its instance runs by, *titles* are by id what lines may name."""
        facts, names = json.loads(line.change), _names(procedure)
        self._titles = titles
        self._roles = {lane.role: formatting.localised(lane) for lane in procedure.outline.lanes} if procedure else {}
        found: list[Change] = []
        if "old" in facts or "new" in facts:
            old, new = (dict(_leaves(facts.get(side), ())) for side in ("old", "new"))
            top = TOP.get(line.action, TOP.get(line.action.partition(":")[0], "value"))
            for path in dict.fromkeys([*old, *new]):
                if old.get(path) != new.get(path):
                    key = path or (top,)
                    before = self._value(old.get(path), key) if "old" in facts else None
                    found.append(Change(self._label(key), self._value(new.get(path), key), before))
        values = facts.get("values") or {}
        if procedure is not None and line.action in FORMS and line.element_id:
            form = procedure.form_of(line.element_id)
            shown = form.show(form.decode(values), formatting.language(), {}, {})
            found += _shown([each for each in shown if each.path in values])
        else:
            found += [Change(self._label(path), self._value(leaf, path)) for path, leaf in _leaves(values, ())]
        passed = dict.fromkeys(names.get(each["element"], each["element"]) for each in facts.get("passed") or ())
        if passed:
            found.append(Change(gettext("dilalui"), " → ".join(passed)))
        if named := facts.get("named"):
            found += [Change(self._words["file"], f"{named[id_][0]} · {facts['files'][id_]}") for id_ in named]
            del facts["files"]
        document = facts.get("document")
        for key in [key for key in facts if key not in APART | (OF_DOCUMENT if document else frozenset())]:
            page = PAGES.get(key) if str(facts[key]) in titles else None
            link = url_for(page[0], **{page[1]: facts[key]}) if page else None
            leaves = _leaves(facts[key], (key,))
            found += [Change(self._label(p), self._value(leaf, p), link=link) for p, leaf in leaves]
        name = f"{names.get(facts['data_object'], facts['data_object'])} v{facts['version']}" if document else ""
        keys = [key for key in self._first.get(line.action, ()) if facts.get(key)]
        first = [Change(self._label([key]), self._value(facts[key], [key])) for key in keys]
        told = [f"“{facts[key]}”" for key in TOLD if facts.get(key)] if not first else []
        first = first or ([] if told or name else found[: 2 if line.action in FORMS else 1])
        said = [f"{c.label}: {c.old} → {c.new}" if c.old else f"{c.label}: {c.new}" for c in first]
        return Said(
            " · ".join([each for each in (name, *told[:1], *said) if each]) or "–", tuple(found), document, name
        )

    def fact(self, column: str, text: str) -> str:
        """Return what a row holds in a column, or should hold, in the words of history lines."""
        with suppress(ValueError, IndexError):  # no mapping
            return "; ".join(f"{self._label(at)} {self._value(each, at)}" for at, each in _leaves(json.loads(text), ()))
        return self._value(text, (column,))

    def label(self, column: str) -> str:
        """Return the label of a column."""
        return self._label([column])

    def _label(self, path: Sequence[str]) -> str:
        return " · ".join(self._words.get(key, key.replace("_", " ")) for key in path if not ID.fullmatch(key))

    def _value(self, value: Any, path: Sequence[str]) -> str:
        match value:
            case None | "" | []:
                return gettext("kosong")
            case bool():
                return gettext("ya") if value else gettext("tidak")
            case list():
                return "; ".join(self._value(each, path) for each in value)
            case dict():
                return ", ".join(f"{self._label([key])} {self._value(value[key], [key])}" for key in value)
        text = str(value)
        if PEOPLE & set(path):
            return name_of(text)
        if INSTANT.fullmatch(text):
            return self._dates.short(datetime.fromisoformat(text), seconds=True)
        if path[-1] == "commitment":
            return services().histories.called(text) or gettext("dihapus")
        if path[-1] == "standard_time":
            return formatting.standard_time(text)
        if DAY.fullmatch(text):
            return self._dates.day(date.fromisoformat(text))
        if path[-1] == "address":
            return " · ".join(self._words.get(part, part.replace("-", " ")) for part in RULE.sub(" ", text).split())
        word = self._titles.get(text) or self._roles.get(text) or self._words.get(f"{path[-1]}={text}")
        return word or (text[:8] if ID.fullmatch(text) else self._words.get(text, text))


def words_of_codes() -> dict[str, str]:
    """Return the words for the codes in lines: actions, keys and states."""
    get = current_app.jinja_env.get_template
    word, words = (vars(get(f"parts/{name}.html").make_module({}))[said] for name, said in SAID_IN)
    return {**{action.value: word(action).strip() for action in Action}, **words}


def _names(procedure: Procedure | None) -> Mapping[str, str]:
    if procedure is None:
        return {}
    outline = procedure.outline
    return {**outline.names, **(outline.names_en if formatting.language() == "en" else {})}


def _shown(shown: Sequence[Any], above: str = "") -> Iterator[Change]:
    for each in shown:
        label = f"{above} · {each.label}" if above else each.label
        yield from _shown(each.fields, label)
        for number, row in enumerate(each.rows, start=1):
            yield from _shown(row, f"{label} {number}")
        if each.text or each.lines:
            yield Change(label, each.text or "; ".join(each.lines))


def _leaves(value: Any, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _leaves(each, (*above, str(key)))
    elif value is not None or above:
        yield above, value
