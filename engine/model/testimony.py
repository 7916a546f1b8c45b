"""What history says of rows: whoever hears a stream's lines in order knows what must stand in the tables.

For each table and key the columns that the lines fix, with the number of the last line that speaks of the row. Values
are as ``plain`` leaves them. What lines do not say is not here, and nothing of it is proved (``docs/riwayat.md``).
Lines of every release are heard; what an earlier one left out is left open.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from engine.model.history import plain

DAY = timedelta(days=1)
MOVING = frozenset({"running", "waiting", "incident"})
MOVERS = frozenset({"instance:started", "task:completed", "timer:fired", "message:received", "incident:retried"})
"""Deeds that move an instance: what a move opens, cancels or ends carries the same instant, and is their actor's."""
UUID_LENGTH, MOST_AT_ONCE = 36, 10_000
PASSED_OVER = "Nomor ini sudah tercetak pada surat lain dari deret ini."
"""Why a number is nobody's that an instance passed over when it took one; its line is among that instance's."""


class OneOf(frozenset[Any]):
    """Several values of which a column may hold any, since lines do not say which."""


UNSAID, EITHER = OneOf({None, "definitif"}), OneOf({True, False})


class Line(NamedTuple):
    """A line, as far as it speaks of rows."""

    seq: int
    at: str
    actor: str
    on_behalf_of: str | None
    decree: str | None
    action: str
    element_id: str | None
    task_id: str | None
    change: Mapping[str, Any]
    previous_hash: str
    format: int = 1
    capacity: str | None = None
    name: str | None = None


@dataclass(slots=True)
class Told:
    """What the lines say of one row."""

    seq: int
    facts: dict[str, Any]
    fixed: dict[str, int] = field(default_factory=dict)  # by which line, of each


@dataclass(slots=True)
class Testimony:
    """What the lines of one stream that were heard so far say."""

    stream: str
    tables: dict[str, dict[str, Told]] = field(default_factory=dict)  # what is known of rows, by table and key
    named: set[str] = field(default_factory=set)  # other instances
    called: dict[str, str] = field(default_factory=dict)  # whose name a commitment stands for, as lines use it
    tells_files: bool = True  # lines of the first releases do not say what was handed over
    tells_tasks: bool = False  # from its first line on, when tasks open and end: so it does since format 2
    deeds: set[str] = field(default_factory=set)  # instants of moves, and each again with who moved
    parts: dict[str, set[str]] = field(default_factory=dict)  # who yielded a part and when, by object, item and hash
    last: Line | None = None
    contradiction: tuple[str, str] | None = None  # a recorded head that is not the chain's: expected, found
    _mover: str = ""
    _newest: dict[str, str] = field(default_factory=dict)  # document by data object
    _periods: dict[tuple[str, str], str] = field(default_factory=dict)  # row of a register by its key and first day
    _signed: dict[str, dict[str, bool]] = field(default_factory=dict)  # by document: signature, whether it is filed

    @property
    def id(self) -> str:
        """Whose stream it is."""
        return self.stream.partition(":")[2]

    def hear(self, line: Line) -> None:
        """Take a line; KeyError, TypeError or AttributeError if its change is not what its deed says."""
        if self.last is None:
            self.tells_tasks = line.format > 1
        self.last = line
        if line.name is not None:
            self.called[line.name] = line.actor
        if line.action in MOVERS:
            self._mover = line.actor
            self.deeds |= {line.at, f"{line.at} {line.actor}"}
            self.say("instance", self.id, status=OneOf(MOVING))
        if deed := DEEDS.get(line.action):
            deed(self, line, line.change)

    def say(self, table: str, key: str, /, **facts: Any) -> None:
        """Note what a row must hold from the line on that is heard."""
        seq, rows = self.last.seq if self.last else 0, self.tables.setdefault(table, {})
        told = rows.get(key)
        if told is None:
            rows[key] = Told(seq, facts, dict.fromkeys(facts, seq))
            return
        told.seq = seq
        told.facts |= facts
        told.fixed |= dict.fromkeys(facts, seq)

    def of(self, table: str) -> dict[str, Told]:
        """Return what is known of a table's rows, by key."""
        return self.tables.get(table, {})

    def key_of(self, table: str, key: str) -> str:
        """Return the key by which lines speak of a row; of memberships they may leave something open."""
        if table != "membership" or key in self.of(table):
            return key
        role, capacity, since, until, decree = key.split(" ", 4)
        less = (f"{role} {capacity} {since} ? {decree}", f"{role} ? ? {until} ?", f"{role} ? ? ? ?")
        return next((each for each in less if each in self.of(table)), key)

    def differs(self, table: str, key: str, row: Mapping[str, Any]) -> tuple[str, Any, Any] | None:
        """Return the first column in which a row is not what lines say, with what it must and what it does hold.

        LookupError if there must be no such row. Columns that *row* lacks are not compared; its values are as ``plain``
        leaves them.
        """
        told, facts = self.of(table).get(key), self.otherwise(table)
        if told is not None:
            facts = {**facts, **told.facts} if facts else told.facts
        elif facts is None:
            raise LookupError(key)
        for name, expected in facts.items():
            if name in row and row[name] != expected and not fits(expected, row[name]):
                return name, expected, row[name]
        return None

    def otherwise(self, table: str) -> dict[str, Any] | None:
        """Return what holds of a row's columns that no line speaks of; None if there must be no such row."""
        match table:
            case "task" if not self.tells_tasks:
                over, now = self._over(), OneOf(each for each in self.deeds if " " not in each)
                return {
                    "status": "cancelled" if over else OneOf({"ready", "cancelled"}),
                    "created_at": now,
                    "completed_at": OneOf({None, over, *now}),
                    "returned": OneOf({None, *self.deeds}),
                    **dict.fromkeys(("completed_by", "assignee", "assigned_at", "capacity", "history_seq")),
                }
            case "rendering":
                return {"status": "due", "sha256": None, "made_at": None}
            case "archive":
                return {"status": "due", "sha256": None, "archived_at": None}
            case "number" if self.stream == "office":
                return {"void_reason": PASSED_OVER}
            case "personal_value":  # bound by the commitment, which is its key
                return {}
            case "attachment":
                return {"signed": True} if self.tells_files else {}
            case "document_part" | "definition_file":  # bound by the hash over all of them
                return {}
        return None

    def _over(self) -> str | None:
        told = self.of("instance").get(self.id)
        at = told.facts.get("ended_at") if told else None
        return None if at is None else str(at)


def fits(expected: Any, found: Any) -> bool:
    """Whether a column may hold what was found in it."""
    return found in expected if isinstance(expected, OneOf) else bool(found == expected)


Deed = Callable[[Testimony, Line, Mapping[str, Any]], None]
DEEDS: dict[str, Deed] = {}


def of(*actions: str) -> Callable[[Deed], Deed]:
    """Let a function hear the lines of *actions*."""

    def note(deed: Deed) -> Deed:
        DEEDS.update(dict.fromkeys(actions, deed))
        return deed

    return note


def given(change: Mapping[str, Any], *names: str, **renamed: str) -> dict[str, Any]:
    """Return what a change says under some names, and under others by the names of columns."""
    found = {name: change[name] for name in names if name in change}
    return found | {column: change[name] for column, name in renamed.items() if name in change}


# ── an instance ─────────────────────────────────────────────────────────────────────────────────────────────────────


@of("instance:started")
def _started(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    facts = given(change, definition_id="definition", instance_key="key")
    facts |= given(change, "title", "values", "version", "content_hash", "reference_date")
    facts["corrects"] = change.get("corrects")
    told.named |= {facts["corrects"]["instance"]} if facts["corrects"] else set()
    never = dict.fromkeys(("ended_at", "ended_by", "status_reason", "status_before", "corrected_by"))
    told.say("instance", told.id, started_at=line.at, started_by=line.actor, **never, **facts)


@of("instance:completed")
def _completed(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.say("instance", told.id, status="completed", ended_at=line.at, ended_by=told._mover)


@of("instance:suspended")
def _suspended(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    facts = given(change, status_reason="reason", status_before="old")
    told.say("instance", told.id, status="suspended", ended_by=line.actor, **facts)


@of("instance:resumed")
def _resumed(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.say("instance", told.id, status=OneOf(MOVING), status_before=None, status_reason=None, ended_by=None)


@of("instance:terminated")
def _terminated(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    over = {"status": "terminated", "ended_at": line.at, "ended_by": line.actor}
    told.say("instance", told.id, **over, **given(change, status_reason="reason"))
    for key in told.of("document"):
        told.say("document", key, status="void")
    for key, task in told.of("task").items() if told.tells_tasks else ():
        if task.facts["status"] == "ready":
            told.say("task", key, status="cancelled", completed_at=line.at)
    for key, incident in told.of("incident").items():
        if incident.facts["status"] == "open":
            told.say("incident", key, status="resolved", resolved_at=line.at, resolved_by=line.actor)


@of("instance:corrected", "correction:dropped")
def _corrected(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.named.add(change["instance"])
    told.say("instance", told.id, corrected_by=change["instance"] if line.action == "instance:corrected" else None)


@of("instance:archived")
def _archived(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.say("instance", told.id, status="archived")
    made = {"status": "made", "archived_at": line.at, "cause": None}
    told.say("archive", told.id, **made, **given(change, "sha256", "size", "place"))
    if (change["head"], change["lines"]) != (line.previous_hash, line.seq - 1):
        told.contradiction = (line.previous_hash, str(change["head"]))


@of("archive:failed", "archive:corrected")
def _archive(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.say("archive", told.id, **({"status": "failed"} if "cause" in change else {}), **given(change, "cause"))
    told.say("archive", told.id, **given(change, place="new"))


@of("comment:added")
def _commented(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.say("comment", f"{line.at} {line.actor} {change['text']}")


@of("task:completed")
def _done(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    acting = (line.on_behalf_of or "").partition(".")[0].lower() or UNSAID
    by = {"status": "completed", "completed_at": line.at, "completed_by": line.actor, "assignee": line.actor}
    capacity = acting if line.format == 1 else line.capacity
    in_what = {"decree": line.decree, "capacity": capacity, "history_seq": line.seq}
    told.say("task", str(line.task_id), element_id=line.element_id, **by, **in_what)
    told.tells_files &= "files" in change
    for id_, sha256 in change.get("files", {}).items():
        about = dict(zip(("name", "media_type", "size"), change.get("named", {}).get(id_, ()), strict=False))
        told.say("attachment", id_, sha256=sha256, signed=EITHER, **about)


@of("task:opened")
def _opened(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    said = ("role", "performer", "item", "standard_time", "due_at", "first_due_at")
    facts = {name: change.get(name) for name in said}
    never = ("returned", "returned_reason", "assignee", "assigned_at", "completed_at", "completed_by")
    own = {**dict.fromkeys((*never, "capacity", "decree", "history_seq")), "status": "ready", "created_at": line.at}
    told.say("task", str(line.task_id), element_id=line.element_id, **own, **facts)


@of("task:returned")
def _returned(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    facts = {"returned": f"{change['at']} {change['by']}", "returned_reason": change["reason"]}
    told.say("task", str(line.task_id), **facts)


@of("task:cancelled")
def _cancelled(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.say("task", str(line.task_id), status="cancelled", completed_at=line.at)


@of("task:claimed", "task:released", "task:delegated", "task:reassigned")
def _held(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    facts: dict[str, Any] = {"assignee": None, "assigned_at": None}
    match line.action:
        case "task:claimed":
            facts = {"assignee": line.actor, "assigned_at": line.at}
        case "task:delegated":
            facts = {"assignee": change["new"], "assigned_at": line.at}
        case "task:reassigned":
            facts |= {"performer": None, "role": change["new"]["role"]}
    told.say("task", str(line.task_id), element_id=line.element_id, **facts)


@of("document:saved", "document:issued", "document:submitted", "document:approved")
def _filed(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    key = change["document"]
    if key not in told.of("document"):
        told._newest[change["data_object"]] = key
        made = {"created_at": line.at, "created_by": line.actor, "element_id": line.element_id}
        never = dict.fromkeys(("issued_at", "approver", "returned_by", "returned_at", "returned_reason"))
        told.say("document", key, status="draft", **never, **made)
    stands: dict[str, Any] = {"status": "issued", "issued_at": line.at}
    match line.action:
        case "document:saved":
            stands = {}
        case "document:submitted":
            stands = {"status": "waiting", "approver": change["role"]}
    told.say("document", key, **stands, **given(change, "version", "sha256", data_object_id="data_object"))
    if "part_sha256" in change:
        part = " ".join((change["data_object"], change["item"], change["part_sha256"]))
        told.parts.setdefault(part, set()).add(f"{line.at} {line.actor}")
        told.say("document_part", f"{key} {change['item']}", sha256=change["part_sha256"])


@of("document:returned")
def _sent_back(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    by = {"returned_by": line.actor, "returned_at": line.at, "returned_reason": change["reason"]}
    told.say("document", change["document"], status="returned", **by)


@of("document:replaced", "document:voided")
def _over(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    if line.action == "document:replaced":
        told.say("document", change["document"], status="replaced")
        return
    for key, document in told.of("document").items():  # all its versions are
        if document.facts.get("data_object_id") == change["data_object"]:
            told.say("document", key, status="void")


@of("document:rendered", "rendering:failed")
def _printed(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    made = {"status": "made", "sha256": change["file_sha256"], "made_at": line.at} if "file_sha256" in change else {}
    key = f"{change['document']} {change['format']} {change.get('part', '')}".strip()
    told.say("rendering", key, **{"status": "failed", **made}, **given(change, "code"))


@of("document:signed", "signature:filed")
def _signed(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    key, of_document = change["document"], told._signed.setdefault(change["document"], {})
    by_file = {"file_sha256": change["file_sha256"], "attachment_sha256": change["file_sha256"]}
    facts = given(change, "mode", "signer", document_sha256="sha256", document_id="document")
    if line.action == "document:signed":
        by = {"signed_at": line.at, "on_behalf_of": line.on_behalf_of, "decree": line.decree}
        told.say("signature", change["signature"], **by)
    told.say("signature", change["signature"], **facts, **by_file, detail=change.get("detail", {}))
    of_document[change["signature"]] = change["mode"] == "internal" or change["file_sha256"] is not None
    document = told.of("document").get(key)
    if document is None or (line.action == "signature:filed" and told._newest.get(change["data_object"]) != key):
        return
    if document.facts["status"] == "void":
        return
    if all(of_document.values()):
        told.say("document", key, status="signed")
    elif document.facts["status"] == "signed":
        told.say("document", key, status=OneOf({"issued", "draft"}))


@of("number:taken", "number:voided")
def _numbered(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    void = {"void_reason": change["reason"]} if line.action == "number:voided" else {}
    if "first" in change:  # given out before Alur kept the series
        if change["last"] - change["first"] > MOST_AT_ONCE:
            raise ValueError(f"numbers {change['first']} to {change['last']}")
        for ordinal in range(change["first"], change["last"] + 1):
            about = {"text": str(ordinal), "taken_at": line.at, "taken_by": line.actor}
            told.say("number", f"{change['series']} {change['year']} {ordinal}", **about, **void)
        return
    key = f"{change['series']} {change['year']} {change['ordinal']}"
    if line.action == "number:taken":
        told.say("number", key, taken_at=line.at, taken_by=line.actor, void_reason=None)
    elif key not in told.of("number"):
        return  # passed over: nobody's, and among the office's
    told.say("number", key, **given(change, "text", "place", "subject"), **void)


@of("incident:opened", "incident:resolved", "incident:retried")
def _incident(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    facts: dict[str, Any] = given(change, attempts="attempt")
    match line.action:
        case "incident:opened":
            facts = {"status": "open", "created_at": line.at, "attempts": 1, "resolved_at": None, "resolved_by": None}
            facts |= {"element_id": line.element_id, "task_id": line.task_id}
        case "incident:resolved":
            facts = {"status": "resolved", "resolved_at": line.at, "resolved_by": told._mover}
    told.say("incident", change["incident"], **facts)


@of("message:sent", "message:received")
def _message(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    for id_ in change.get("messages", ()):
        told.say("message", id_, sent_at=line.at, **given(change, "kind", "name"))
    others = {*change.get("to", ()), change.get("from")}
    told.named |= {each for each in others if each and len(each) == UUID_LENGTH and each.count("-") == 4}


# ── what is deployed, registers, people, the office ─────────────────────────────────────────────────────────────────


@of("definition:deployed", "definition:confirmed")
def _deployed(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    key = change["definition"]
    if line.action == "definition:confirmed":
        told.say("definition", key, confirmed=True)
        return
    facts = given(change, "version", "name", "content_hash", "note")
    told.say("definition", key, deployed_at=line.at, deployed_by=line.actor, confirmed=False, **facts)


@of("element:reassigned")
def _overridden(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    by = {"changed_at": line.at, "changed_by": line.actor}
    told.say("role_override", str(line.element_id), **by, **given(change, "role", "reason"))


@of("register:defined", "register:changed", "register:imported")
def _register(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    by = {"changed_at": line.at, "changed_by": line.actor}
    told.say("register", told.id, **by)
    if line.action == "register:defined":
        told.say("register", told.id, sha256=change["sha256"])
        return
    own, old, since, version = change["entry"], change["old"], change["since"], 1
    if old is not None:
        before = told._periods[change["key"], old["since"]]
        version = told.of("register_entry")[before].facts["version"] + 1
        if before != own:  # another takes its place from a later day on
            until = (date.fromisoformat(since) - DAY).isoformat()
            told.say("register_entry", before, until=until, version=version, **by)
            version = 1
    told._periods[change["key"], since] = own
    told.say(
        "register_entry", own, version=version, **by, **given(change, "key", "since", "until", "sha256", "illustration")
    )


@of("person:added", "person:changed", "person:activated", "person:deactivated")
def _person(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    facts = _named(told, change) | given(change, "sample")
    match line.action:
        case "person:added":
            facts |= {"created_at": line.at, "active": True, "deactivated_at": None, "second_factor": False}
            for role in change.get("roles", ()):  # of the first releases: without more than a first day
                told.say("membership", f"{role} ? ? ? ?")
        case "person:changed":
            facts = _named(told, change["new"]) | given(change["new"], "locale")
        case _:
            on = line.action == "person:activated"
            facts = {"active": on, "deactivated_at": None if on else line.at}
    told.say("person", told.id, **facts)


def _named(told: Testimony, change: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a line says of a name: itself under format 1, then a commitment that a row apart explains."""
    match change.get("name"):
        case {"commitment": of}:
            told.say("personal_value", of)
            if told.id in told.of("person"):  # what a line of format 1 said of it is over
                told.of("person")[told.id].facts.pop("name", None)
            return {"name_commitment": of}
        case str(name):
            return {"name": name}
    return {}


@of("person:forgotten")
def _forgotten(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.say("person", told.id, name=told.id, name_commitment=None)
    for of in change["commitments"]:
        told.say("personal_value", of, salt=None, value=None)


@of("office:founded")
def _founded(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.say("installation", change["installation"], made_at=line.at)


@of("membership:added", "membership:ended")
def _membership(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    if line.action == "membership:added":
        told.say("membership", _held_as(change["new"]))
        return
    old, new = (keyed(change[which]["until"]) for which in ("old", "new"))
    held = [key.split(" ", 4) for key in told.of("membership")]
    ended = [parts for parts in held if parts[0] == change["role"] and parts[3] in (old, "?")]
    for role, capacity, since, until, decree in ended:  # the line does not say which: of several, any
        del told.of("membership")[" ".join((role, capacity, since, until, decree))]
        told.say("membership", " ".join((role, capacity, since, new if len(ended) == 1 else "?", decree)))


def _held_as(change: Mapping[str, Any]) -> str:
    return " ".join(keyed(change[name]) for name in ("role", "capacity", "since", "until", "decree"))


def keyed(value: Any) -> str:
    """Return a part of a row's key; what is not there is no text that says so."""
    return "∅" if value is None else str(value)


@of("proposal:made")
def _proposed(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.say("proposal", f"{_held_as(change['new'])} {line.actor} {line.at} {change['reason']}")


@of("token:issued", "token:revoked")
def _token(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    made = {"created_at": line.at, **given(change, "name", "expires_at", "scopes", "sha256")}
    told.say("api_token", change["token"], **(made if line.action == "token:issued" else {"revoked_at": line.at}))


@of("second_factor:set", "second_factor:dropped", "second_factor:reset")
def _second_factor(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.say("person", told.id, second_factor=line.action == "second_factor:set")


@of("password:changed", "password:reset")
def _password(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    by_code = change.get("by") == "one-time code"  # which opens a session and changes nothing
    if not by_code:
        told.say("person", told.id, must_change_password=line.action == "password:reset")


@of("setting:changed")
def _setting(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    known = told.of("setting").get(change["section"])
    value = {**(known.facts["value"] if known else {}), **change["new"]}  # the calendar's lines say what changed
    revision = known.facts["revision"] + 1 if known else 1
    by = {"changed_at": line.at, "changed_by": line.actor}
    told.say("setting", change["section"], value=plain(value), revision=revision, **by)


@of("export:made", "document:read", "file:read")
def _given(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.named |= {change.get("instance"), *change.get("instances", ())} - {None}
