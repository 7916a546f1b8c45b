"""Reads an instance's lines into testimony about its tasks, documents, files, signatures, numbers and the rest."""

from collections.abc import Mapping
from typing import Any

from engine.model.archives import Place
from engine.model.testimony import (
    EITHER,
    MOST_GIVEN_BEFORE,
    MOVING,
    UNSAID,
    UUID_LENGTH,
    Deeds,
    Line,
    OneOf,
    Testimony,
    given,
    heard_in,
)

SAID_OF_TASK = ("role", "performer", "item", "standard_time", "due_at", "first_due_at")
NEVER_YET = ("returned_by", "returned_reason", "assignee", "assigned_at", "completed_at", "completed_by")
NEW_TASK = dict.fromkeys((*SAID_OF_TASK, *NEVER_YET, "capacity", "decree", "history_seq", "acts_for")) | {
    "status": "ready"
}
NEVER_SENT = ("issued_at", "approver", "returned_by", "returned_at", "returned_reason")
NEW_DOCUMENT = dict.fromkeys(NEVER_SENT) | {"status": "draft"}
DEEDS: Deeds = {}
of = heard_in(DEEDS)


@of("instance:started")
def _started(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    facts = given(change, definition_id="definition", instance_key="key")
    facts |= given(change, "title", "values", "version", "content_hash", "reference_date")
    facts["corrects"] = change.get("corrects")
    if facts["corrects"]:
        told.name(facts["corrects"]["instance"])
    facts |= dict.fromkeys(("ended_at", "ended_by", "status_reason", "status_before", "corrected_by"))
    told.say("instance", told.id, {**facts, "started_at": line.at, "started_by": line.actor})


@of("instance:completed")
def _completed(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.say("instance", told.id, {"status": "completed", "ended_at": line.at, "ended_by": told.mover})
    told.tells_archive = "archives" in change
    if change.get("archives"):
        due = {"status": "due", "due_at": line.at, "place": change.get("place", Place().as_json())}
        told.say("archive", told.id, due | dict.fromkeys(("cause", "sha256", "size", "archived_at")))


@of("instance:suspended")
def _suspended(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    facts = given(change, status_reason="reason", status_before="old")
    told.say("instance", told.id, {"status": "suspended", "ended_by": line.actor, **facts})


@of("instance:resumed")
def _resumed(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.say("instance", told.id, {"status": MOVING, **dict.fromkeys(("status_before", "status_reason", "ended_by"))})


@of("instance:terminated")
def _terminated(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    over = {"status": "terminated", "ended_at": line.at, "ended_by": line.actor}
    told.say("instance", told.id, over | given(change, status_reason="reason"))
    for key in told.of("document"):
        told.say("document", key, {"status": "void"})
    for key, task in told.of("task").items() if told.tells_tasks else ():
        if task.facts["status"] == "ready":
            told.say("task", key, {"status": "cancelled", "completed_at": line.at})
    for key, incident in told.of("incident").items():
        if incident.facts["status"] == "open":
            told.say("incident", key, {"status": "resolved", "resolved_at": line.at, "resolved_by": line.actor})


@of("instance:corrected", "correction:dropped")
def _corrected(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.name(change["instance"])
    by = change["instance"] if line.action == "instance:corrected" else None
    told.say("instance", told.id, {"corrected_by": by})


@of("instance:archived")
def _archived(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.say("instance", told.id, {"status": "archived"})
    made = {"status": "made", "archived_at": line.at, "cause": None}
    told.say("archive", told.id, made | given(change, "sha256", "size", "place"))
    if (change["head"], change["lines"]) != (line.previous_hash, line.seq - 1):
        told.contradiction = (line.previous_hash, str(change["head"]))


@of("archive:failed", "archive:stored", "archive:corrected")
def _archive(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    failed = {"status": "failed"} if "cause" in change else {}
    told.say("archive", told.id, failed | given(change, "cause", place="new"))


@of("comment:added")
def _commented(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.say("comment", f"{line.at} {line.actor} {change['text']}", {})


@of("task:completed")
def _done(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    facts = {"status": "completed", "completed_at": line.at, "completed_by": line.actor, "assignee": line.actor}
    in_what: dict[str, Any] = {
        "decree": line.decree,
        "capacity": line.capacity,
        "history_seq": line.seq,
        "acts_for": change.get("for"),
    }
    if line.format == 1:
        in_what["capacity"] = (line.on_behalf_of or "").partition(".")[0].lower() or UNSAID
    told.say("task", str(line.task_id), {"element_id": line.element_id, **facts, **in_what})
    told.tells_files &= "files" in change
    for id_, sha256 in change.get("files", {}).items():
        about = dict(zip(("name", "media_type", "size"), change.get("named", {}).get(id_, ()), strict=False))
        told.say("attachment", id_, {"sha256": sha256, "signed": EITHER, **about})


@of("task:taken_back")
def _taken_back(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    """Reopen the task and those that it cancelled; void the documents that it issued, restore those it replaced."""
    never = dict.fromkeys(("completed_at", "completed_by", "capacity", "decree", "history_seq"))
    held = {"assignee": change["holder"], "assigned_at": change["holder"] and line.at, "acts_for": change.get("for")}
    told.say("task", str(line.task_id), {"status": "ready", **never, **held})
    for each in change["reopened"]:
        told.say("task", each, {"status": "ready", "completed_at": None})
    back = {"returned_by": line.actor, "returned_at": line.at, "returned_reason": change["reason"]}
    for each in change["void"]:
        told.say("document", each, {"status": "void", **back})
    for each, status in change["restored"].items():
        told.say("document", each, {"status": status})
        told.newest[told.of("document")[each].facts["data_object_id"]] = each


@of("task:extended")
def _extended(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.say("task", str(line.task_id), {"element_id": line.element_id, "due_at": change["new"]})


@of("task:viewed")
def _viewed(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.say("task", str(line.task_id), {"element_id": line.element_id})


@of("attachment:added")
def _attached(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    facts = given(change, "sha256", "name", "media_type", "size")
    told.say("attachment", change["file"], facts | {"signed": False})


@of("task:opened")
def _opened(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    facts = NEW_TASK | {"created_at": line.at, "element_id": line.element_id}
    told.say("task", str(line.task_id), facts | given(change, *SAID_OF_TASK))


@of("task:returned")
def _returned(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    facts = {"returned_by": f"{change['at']} {change['by']}", "returned_reason": change["reason"]}
    told.say("task", str(line.task_id), facts)


@of("task:cancelled")
def _cancelled(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    told.say("task", str(line.task_id), {"status": "cancelled", "completed_at": line.at})


@of("task:claimed", "task:released", "task:delegated", "task:reassigned")
def _held(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    facts: dict[str, Any] = {"assignee": None, "assigned_at": None, "acts_for": change.get("for")}
    match line.action:
        case "task:claimed":
            facts |= {"assignee": line.actor, "assigned_at": line.at}
        case "task:delegated":
            facts |= {"assignee": change["new"], "assigned_at": line.at}
        case "task:reassigned":
            facts |= {"performer": None, "role": change["new"]["role"]}
    told.say("task", str(line.task_id), {"element_id": line.element_id, **facts})


@of("document:saved", "document:issued", "document:submitted", "document:approved")
def _filed(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    key, facts = change["document"], {}
    if key not in told.of("document"):
        told.newest[change["data_object"]] = key
        facts = NEW_DOCUMENT | {"created_at": line.at, "created_by": line.actor, "element_id": line.element_id}
    if line.action == "document:submitted":
        facts |= {"status": "waiting", "approver": change["role"]}
    elif line.action != "document:saved":
        facts |= {"status": "issued", "issued_at": line.at}
    for kind, code in change.get("printed", {}).items():
        due = {"status": "due", "due_at": line.at, "sha256": None, "made_at": None, "code": code}
        told.say("rendering", f"{key} {kind} ", due)  # the part of a document printed as one is ""
    told.say("document", key, facts | given(change, "version", "sha256", data_object_id="data_object"))
    if "part_sha256" in change:
        part = " ".join((change["data_object"], change["item"], change["part_sha256"]))
        told.parts.setdefault(part, set()).add(f"{line.at} {line.actor}")
        told.say("document_part", f"{key} {change['item']}", {"sha256": change["part_sha256"]})


@of("document:returned")
def _sent_back(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    by = {"returned_by": line.actor, "returned_at": line.at, "returned_reason": change["reason"]}
    told.say("document", change["document"], by | {"status": "returned"})


@of("document:replaced", "document:voided")
def _over(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    if line.action == "document:replaced":
        told.say("document", change["document"], {"status": "replaced"})
        return
    for key, document in told.of("document").items():  # every version
        if document.facts.get("data_object_id") == change["data_object"]:
            told.say("document", key, {"status": "void"})


@of("document:rendered", "rendering:failed")
def _printed(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    facts = {"status": "failed"}
    if "file_sha256" in change:
        facts = {"status": "made", "sha256": change["file_sha256"], "made_at": line.at}
    if "code" in change:
        facts["code"] = change["code"]
    told.say("rendering", f"{change['document']} {change['format']} {change.get('part') or ''}", facts)


@of("document:signed", "signature:filed")
def _signed(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    key, of_document = change["document"], told.signed.setdefault(change["document"], {})
    by_file = {"file_sha256": change["file_sha256"], "attachment_sha256": change["file_sha256"]}
    facts = given(change, "mode", "signer", document_sha256="sha256", document_id="document")
    if line.action == "document:signed":
        facts |= {"signed_at": line.at, "on_behalf_of": line.on_behalf_of, "decree": line.decree}
    told.say("signature", change["signature"], facts | by_file | {"detail": change.get("detail", {})})
    of_document[change["signature"]] = change["mode"] == "internal" or change["file_sha256"] is not None
    document = told.of("document").get(key)
    if document is None or (line.action == "signature:filed" and told.newest.get(change["data_object"]) != key):
        return
    if document.facts["status"] == "void":
        return
    if all(of_document.values()):
        told.say("document", key, {"status": "signed"})
    elif document.facts["status"] == "signed":
        told.say("document", key, {"status": OneOf({"issued", "draft"})})


@of("number:taken", "number:voided")
def _numbered(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    void = {"void_reason": change["reason"]} if line.action == "number:voided" else {}
    if "first" in change:  # given out before Alur kept the series
        if change["last"] - change["first"] + len(told.of("number")) > MOST_GIVEN_BEFORE:
            raise ValueError(f"numbers {change['first']} to {change['last']}")
        for ordinal in range(change["first"], change["last"] + 1):
            about = {"text": str(ordinal), "place": "", "subject": "", "taken_at": line.at, "taken_by": line.actor}
            key = f"{change['series']} {change['year']} {ordinal}"
            if key in told.of("number"):
                raise ValueError(f"number {key}")
            told.say("number", key, about | void)
        return
    key = f"{change['series']} {change['year']} {change['ordinal']}"
    if line.action == "number:taken":
        void = {"taken_at": line.at, "taken_by": line.actor, "void_reason": None}
    elif key not in told.of("number"):
        return  # skipped by this instance: the row belongs to the office
    told.say("number", key, given(change, "text", "place", "subject") | void)


@of("incident:opened", "incident:resolved", "incident:retried")
def _incident(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    facts: dict[str, Any] = given(change, attempts="attempt")
    match line.action:
        case "incident:opened":
            facts = {"status": "open", "created_at": line.at, "attempts": 1, "resolved_at": None, "resolved_by": None}
            facts |= {"element_id": line.element_id, "task_id": line.task_id}
        case "incident:resolved":
            facts = {"status": "resolved", "resolved_at": line.at, "resolved_by": told.mover}
    told.say("incident", change["incident"], facts)


@of("message:sent", "message:received")
def _message(told: Testimony, line: Line, change: Mapping[str, Any]) -> None:
    signal = change.get("kind") == "signal"
    for at, id_ in enumerate(change.get("messages", ())):
        to = change["to"][at] if signal else None
        sent = {"sent_at": line.at, "sent_by": told.mover or line.actor, "to_instance": to}
        told.say("message", id_, sent | given(change, "kind", "name", "payload"))
    others = {*change.get("to", ()), change.get("from")}
    told.name(*(each for each in others if each and len(each) == UUID_LENGTH and each.count("-") == 4))
