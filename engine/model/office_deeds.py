"""Reads the other streams' lines into testimony about procedures, registers, people and the office."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from engine.model.history import plain
from engine.model.testimony import Deeds, Line, OneOf, Testimony, given, heard_in, keyed

DAY = timedelta(days=1)
DEEDS: Deeds = {}
of = heard_in(DEEDS)


@of("definition:deployed", "definition:confirmed")
def _deployed(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    key = change["definition"]
    if line.action == "definition:confirmed":
        told.say("definition", key, {"confirmed": True})
        return
    facts = {"deployed_at": line.at, "deployed_by": line.actor, "confirmed": False}
    told.say("definition", key, facts | given(change, "version", "name", "content_hash", "note"))


@of("element:reassigned")
def _overridden(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    by = {"changed_at": line.at, "changed_by": line.actor}
    told.say("role_override", str(line.element_id), by | given(change, "role", "reason"))


@of("register:defined", "register:changed", "register:imported")
def _register(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    by = {"changed_at": line.at, "changed_by": line.actor}
    if line.action == "register:defined":
        told.say("register", told.id, {"sha256": change["sha256"], **by})
        return
    told.say("register", told.id, {**by})
    own, old, since, version = change["entry"], change["old"], change["since"], 1
    if old is not None:
        before = told.periods[change["key"], old["since"]]
        version = told.of("register_entry")[before].facts["version"] + 1
        if before != own:  # a new row applies from a later day
            until = (date.fromisoformat(since) - DAY).isoformat()
            told.say("register_entry", before, {"until": until, "version": version, **by})
            version = 1
    told.periods[change["key"], since] = own
    facts = given(change, "key", "since", "until", "sha256", "illustration")
    told.say("register_entry", own, {"version": version, **by, **facts})


@of("person:added", "person:changed", "identity:linked", "person:activated", "person:deactivated")
def _person(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    facts = _named(told, change) | given(change, "sample")
    match line.action:
        case "person:added":
            facts |= {"created_at": line.at, "active": True, "deactivated_at": None}
            facts |= {
                "second_factor": False,
                "email_commitment": None,
                "identity_commitment": None,
                "password_off": False,
            }
            for role in change.get("roles", ()):  # the first releases recorded only a first day
                told.say("membership", f"{role} ? ? ? ?", {})
        case "person:changed" | "identity:linked":
            facts = _named(told, change["new"]) | given(change["new"], "locale", "password_off")
            for kind in {"email", "identity"} & change["new"].keys():
                facts[f"{kind}_commitment"] = (change["new"][kind] or {}).get("commitment")
                if facts[f"{kind}_commitment"]:
                    told.say("personal_value", facts[f"{kind}_commitment"], {})
                for of in change["erased"]:
                    told.say("personal_value", of, {"salt": None, "value": None})
        case _:
            on = line.action == "person:activated"
            facts |= {"active": on, "deactivated_at": None if on else line.at}
            if not on:
                _ended(told, line, change)
    told.say("person", told.id, facts)


def _named(told: Testimony, change: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts about a name: the name under format 1, later a commitment, with the name in another table."""
    match change.get("name"):
        case {"commitment": of}:
            told.say("personal_value", of, {})
            if told.id in told.of("person"):  # forget the name from a line of format 1
                told.of("person")[told.id].facts.pop("name", None)
            return {"name_commitment": of}
        case str(name):
            return {"name": name}
    return {}


@of("person:forgotten")
def _forgotten(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    gone = ("name_commitment", "email_commitment", "identity_commitment")
    told.say("person", told.id, {"name": told.id, **dict.fromkeys(gone)})
    for of in change["commitments"]:
        told.say("personal_value", of, {"salt": None, "value": None})


@of("office:founded")
def _founded(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.say("installation", change["installation"], {"made_at": line.at})


@of("membership:added", "membership:ended")
def _membership(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    if line.action == "membership:added":
        told.say("membership", _held_as(change["new"]), {})
        if "proposed_by" in change:
            _settled(told, line, change)
        return
    old, new = (keyed(change[which]["until"]) for which in ("old", "new"))
    held = [key.split(" ", 4) for key in told.of("membership")]
    ended = [parts for parts in held if parts[0] == change["role"] and parts[3] in (old, "?")]
    for role, capacity, since, until, decree in ended:  # the line does not say which of several
        del told.of("membership")[" ".join((role, capacity, since, until, decree))]
        told.say("membership", " ".join((role, capacity, since, new if len(ended) == 1 else "?", decree)), {})


def _held_as(change: Mapping[str, Any]) -> str:
    return " ".join(keyed(change[name]) for name in ("role", "capacity", "since", "until", "decree"))


@of("absence:marked", "absence:ended")
def _absent(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    facts = given(change, "since", "until", "reason", substitute_id="substitute")
    told.say("absence", change["absence"], facts if line.action == "absence:marked" else {"until": change["until"]})


@of("proposal:made")
def _proposed(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.say("proposal", f"{_held_as(change['new'])} {line.actor} {line.at} {change['reason']}", {})


@of("proposal:declined")
def _settled(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    """Remove the settled proposal: the last of several equal ones, since a new one is made when one has lapsed."""
    proposed = told.of("proposal")
    alike = [key for key in proposed if key.startswith(f"{_held_as(change['new'])} ")]
    if alike:
        del proposed[alike[-1]]


@of("token:issued", "token:revoked")
def _token(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    made = {"created_at": line.at, "revoked_at": None, **given(change, "name", "expires_at", "scopes", "sha256")}
    told.say("api_token", change["token"], made if line.action == "token:issued" else {"revoked_at": line.at})


@of("sessions:ended")
def _ended(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    """Revoke the tokens in force if the line counts the ended ones; older lines do not tell."""
    for key, token in told.of("api_token").items():
        if token.facts["revoked_at"] is None and token.facts.get("expires_at", "9") > line.at:
            told.say("api_token", key, {"revoked_at": line.at if "tokens" in change else OneOf({None, line.at})})


@of("second_factor:set", "second_factor:dropped", "second_factor:reset")
def _second_factor(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    if line.action == "second_factor:reset":
        _ended(told, line, change)
    told.say("person", told.id, {"second_factor": line.action == "second_factor:set"})


@of("password:changed", "password:reset")
def _password(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    by_code = change.get("by") == "one-time code"  # it opens a session and changes nothing
    if not by_code:
        _ended(told, line, change)
        told.say("person", told.id, {"must_change_password": line.action == "password:reset"})


@of("setting:changed")
def _setting(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    known = told.of("setting").get(change["section"])
    value = {**(known.facts["value"] if known else {}), **change["new"]}  # the calendar's lines hold changes
    revision = known.facts["revision"] + 1 if known else 1
    facts = {"value": plain(value), "revision": revision, "changed_at": line.at, "changed_by": line.actor}
    told.say("setting", change["section"], facts)


@of("export:made", "document:read", "file:read", "incident:read")
def _given(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.name(*({change.get("instance"), *change.get("instances", ())} - {None}))
