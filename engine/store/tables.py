"""All tables, by lifetime: deployed, running, kept, people.

``info={"history": True}`` marks tables whose changes need a history line (``engine.store.history_guard``). Others are
drafts, sessions, sign-in attempts, messages, jobs and notifications.

Every row of an instance has its ``instance_id``. Instants are stored as UTC (``UtcDateTime``); ids are text.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    and_,
    false,
    text,
)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant, stored as UTC and read with its zone. A naive value is a programming error."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the instant as UTC, without zone on SQLite; ValueError if it is naive."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive instant {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the instant with the zone UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
HISTORY = {"history": True}


def _table(name: str, *parts: Any, **facts: Any) -> Table:
    return Table(name, metadata, *parts, **facts)


def _partial_index(name: str, *columns: Any, where: Any, unique: bool = False) -> None:
    Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


# ── deployed ────────────────────────────────────────────────────────────────────────────────────────────────────────

source = _table(  # content-addressed files of procedures, for workers on any machine
    "source",
    Column("sha256", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

definition = _table(
    "definition",
    Column("id", String(36), primary_key=True),
    Column("process_id", String(200), nullable=False),
    Column("version", Integer, nullable=False),  # 1, 2, 3 ... per process
    Column("content_hash", String(64), nullable=False),  # over all file hashes and paths
    Column("name", Text, nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("deployed_at", UtcDateTime, nullable=False),
    Column("deployed_by", String(64), nullable=False),
    Column("confirmed", Boolean, nullable=False, default=False),  # the office confirmed the reconstruction
    UniqueConstraint("process_id", "version"),
    info=HISTORY,
)

definition_file = _table(
    "definition_file",
    Column("definition_id", ForeignKey("definition.id"), primary_key=True),
    Column("path", String(400), primary_key=True),  # as in the checkout: processes/<id>/<id>.bpmn, forms/<id>/...
    Column("sha256", ForeignKey("source.sha256"), nullable=False),
    info=HISTORY,
)

register = _table(  # a reference table of the office, with the JSON Schema of its columns
    "register",
    Column("id", String(100), primary_key=True),
    Column("schema", Text, nullable=False),
    Column("sha256", String(64), nullable=False),  # of the schema
    Column("revision", Integer, nullable=False),  # counts changes of its rows, for caches
    Column("changed_at", UtcDateTime, nullable=False),
    Column("changed_by", String(64), nullable=False),
    info=HISTORY,
)

register_entry = _table(  # a row of a register, valid from one day to another; never deleted
    "register_entry",
    Column("id", String(36), primary_key=True),
    Column("register_id", ForeignKey("register.id"), nullable=False),
    Column("key", String(400), nullable=False),  # the values of the schema's x-key, joined
    Column("since", Date, nullable=False),
    Column("until", Date),  # the last day; null: until further notice
    Column("content", Text, nullable=False),  # RFC 8785 JSON of the row's values
    Column("sha256", String(64), nullable=False),
    Column("version", Integer, nullable=False),  # counts corrections of this row
    Column("illustration", Boolean, nullable=False, default=False),  # sample figures, marked on pages
    Column("changed_at", UtcDateTime, nullable=False),
    Column("changed_by", String(64), nullable=False),
    UniqueConstraint("register_id", "key", "since"),
    info=HISTORY,
)
Index("ix_register_entry_in_force", register_entry.c.register_id, register_entry.c.since)

number_counter = _table(  # the last ordinal of a series in a year
    "number_counter",
    Column("series", String(100), primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("last", Integer, nullable=False),
)

number = _table(  # every letter number that was taken: its field, or why it is void
    "number",
    Column("series", String(100), primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("text", String(200), nullable=False),
    Column("instance_id", ForeignKey("instance.id"), index=True),  # null: taken before Alur was used
    Column("place", String(400), nullable=False),  # path of its field, beginning with the data object
    Column("subject", Text, nullable=False),
    Column("taken_at", UtcDateTime, nullable=False),
    Column("taken_by", String(64), nullable=False),
    Column("void_reason", Text),  # null: in use
    Column("doubled", Boolean, nullable=False, server_default=false()),  # a duplicate from an earlier version of Alur
    UniqueConstraint("series", "year", "text"),
    info=HISTORY,
)
_printed_once = and_(number.c.instance_id.is_not(None), number.c.doubled.is_(False))
_partial_index("ix_number_printed_once", number.c.series, number.c.text, where=_printed_once, unique=True)

# ── running ─────────────────────────────────────────────────────────────────────────────────────────────────────────

instance = _table(
    "instance",
    Column("id", String(36), primary_key=True),
    Column("definition_id", ForeignKey("definition.id"), nullable=False),
    Column("process_id", String(200), nullable=False),
    Column("title", Text, nullable=False),
    Column("instance_key", String(400)),  # unique among instances that were neither terminated nor corrected
    Column("reference_date", Date),
    Column("values", JSON, nullable=False),  # of the start form
    Column("status", String(20), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("state_before", LargeBinary),  # the last completion, while it may be taken back
    Column("history_seq", Integer, nullable=False),  # head of stream instance:<id>
    Column("history_hash", String(64), nullable=False),
    Column("history_at", UtcDateTime),
    Column("step_count", Integer, nullable=False, default=0),  # user tasks on the diagram
    Column("started_at", UtcDateTime, nullable=False),
    Column("started_by", String(64), nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("ended_by", String(64)),
    Column("status_reason", Text),  # why suspended or terminated
    Column("status_before", String(20)),  # to return to when resumed
    Column("corrects", JSON(none_as_null=True)),  # another instance, which of its documents, and why
    Column("corrected_by", String(36)),  # the correcting instance, unless terminated
    info=HISTORY,
)
Index("ix_instance_process_status", instance.c.process_id, instance.c.status, instance.c.started_at)
Index("ix_instance_started_at", instance.c.started_at)
Index("ix_instance_started_by", instance.c.started_by, instance.c.started_at)
_live = and_(instance.c.status != "terminated", instance.c.instance_key.is_not(None), instance.c.corrected_by.is_(None))
_partial_index("uq_instance_live_key", instance.c.process_id, instance.c.instance_key, where=_live, unique=True)

task = _table(  # one row per user task that was ever open
    "task",
    Column("id", String(32), primary_key=True),
    Column("instance_id", ForeignKey("instance.id"), nullable=False),
    Column("element_id", String(200), nullable=False),
    Column("role", String(200), nullable=False),
    Column("performer", String(64)),  # named by sop:pelaksana or by ganti pelaksana
    Column("item", String(200)),
    Column("activation", String(32), nullable=False),
    Column("status", String(20), nullable=False),  # ready, completed, cancelled
    Column("assignee", String(64)),  # who claimed it
    Column("assigned_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("standard_time", String(40)),
    Column("due_at", UtcDateTime),
    Column("first_due_at", UtcDateTime),  # the deadline of the element's first pass, for statistics
    Column("returned_by", String(64)),
    Column("returned_reason", Text),
    Column("returned_at", UtcDateTime),
    Column("completed_at", UtcDateTime),
    Column("completed_by", String(64)),
    Column("capacity", String(20)),  # the completer's
    Column("decree", Text),
    Column("history_seq", Integer),  # line that records the completion
    Column("acts_for", String(64)),  # the absent person for whom it was claimed or completed
    CheckConstraint("status in ('ready', 'completed', 'cancelled')", name="status"),
    info=HISTORY,
)
Index("ix_task_inbox", task.c.status, task.c.role, task.c.performer, task.c.assignee, task.c.due_at)
Index("ix_task_performer", task.c.status, task.c.performer, task.c.due_at)
Index("ix_task_assignee", task.c.status, task.c.assignee, task.c.performer, task.c.due_at)
_returned = task.c.returned_by.is_not(None)
_partial_index("ix_task_returned", task.c.status, task.c.role, task.c.performer, task.c.assignee, where=_returned)
Index("ix_task_completed_by", task.c.completed_by, task.c.completed_at)
Index("ix_task_instance", task.c.instance_id, task.c.status)

timer = _table(
    "timer",
    Column("instance_id", ForeignKey("instance.id"), primary_key=True),
    Column("task_id", String(32), primary_key=True),
    Column("element_id", String(200), nullable=False),
    Column("due_at", UtcDateTime, nullable=False, index=True),
    info=HISTORY,
)

subscription = _table(  # the messages and signals that instances wait for
    "subscription",
    Column("instance_id", ForeignKey("instance.id"), primary_key=True),
    Column("task_id", String(32), primary_key=True),
    Column("kind", String(10), primary_key=True),  # message, signal
    Column("name", String(200), primary_key=True),
    Column("correlation", String(64), primary_key=True),  # hash of a correlation key; empty matches any
    Column("element_id", String(200), nullable=False),
    Column("since", UtcDateTime, nullable=False),
    info=HISTORY,
)
Index("ix_subscription_name", subscription.c.kind, subscription.c.name, subscription.c.correlation)

message = _table(  # sent between instances; their histories record sending and receiving
    "message",
    Column("id", String(36), primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("name", String(200), nullable=False),
    Column("content", LargeBinary, nullable=False),  # msgpack: payload and correlations
    Column("from_instance", String(36)),  # null: sent from outside
    Column("to_instance", String(36)),  # of a signal, which has a row for each receiver
    Column("sent_at", UtcDateTime, nullable=False),
    Column("sent_by", String(64), nullable=False),
    Column("status", String(20), nullable=False),  # waiting, delivered, failed, expired
    Column("delivered_to", String(36)),
    Column("delivered_at", UtcDateTime),
    Column("note", Text),  # why it failed
)
Index("ix_message_status", message.c.status, message.c.sent_at)

message_key = _table(  # correlations of a message: the hashes of its keys, and the empty one
    "message_key",
    Column("message_id", ForeignKey("message.id"), primary_key=True),
    Column("correlation", String(64), primary_key=True),
)

incident = _table(
    "incident",
    Column("id", String(36), primary_key=True),
    Column("instance_id", ForeignKey("instance.id"), nullable=False, index=True),
    Column("task_id", String(32), nullable=False),
    Column("element_id", String(200), nullable=False),
    Column("cause", Text, nullable=False),
    Column("trace", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Column("attempts", Integer, nullable=False, default=1),
    Column("status", String(20), nullable=False),  # open, resolved
    Column("created_at", UtcDateTime, nullable=False),
    Column("resolved_at", UtcDateTime),
    Column("resolved_by", String(64)),
    info=HISTORY,
)
Index("ix_incident_status", incident.c.status, incident.c.created_at)

role_override = _table(  # ganti pelaksana for one element in all running instances of a process
    "role_override",
    Column("process_id", String(200), primary_key=True),
    Column("element_id", String(200), primary_key=True),
    Column("role", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("changed_by", String(64), nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    info=HISTORY,
)

draft = _table(  # unsubmitted entries of a form, or an unsubmitted diagram
    "draft",
    Column("id", String(36), primary_key=True),
    Column("kind", String(20), nullable=False),  # task, studio
    Column("subject", String(250), nullable=False),  # id of the task, or of the process
    Column("person_id", String(64), nullable=False),
    Column("instance_id", String(36)),
    Column("base", String(64)),  # of a diagram: the version that it is based on
    Column("writer", String(64)),  # the browser tab that saved last
    Column("revision", Integer, nullable=False),
    Column("content", JSON, nullable=False),  # of a task: {path: [text, ...]}, as typed
    Column("saved_at", UtcDateTime, nullable=False),
    Column("dropped_at", UtcDateTime),  # when it was put aside; kept for a while
)
Index("ix_draft_subject", draft.c.kind, draft.c.subject, draft.c.person_id)
_kept = draft.c.dropped_at.is_(None)
_partial_index("uq_draft_live", draft.c.person_id, draft.c.kind, draft.c.subject, where=_kept, unique=True)

# Notifications are not part of the record: each follows from a history line, which stays.

notification = _table(  # written with its history line; the worker spreads it to people as notices
    "notification",
    Column("id", String(36), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("by", String(64), nullable=False),
    Column("instance_id", String(36), index=True),
    Column("subject", String(64), nullable=False),  # id of the task, document, incident or message
    Column("person_id", String(64)),  # null: all in the role, or else the people concerned by the subject
    Column("role", String(200)),
    Column("reason", Text),
    Column("spread_at", UtcDateTime),
)
_partial_index("ix_notification_unspread", notification.c.at, where=notification.c.spread_at.is_(None))

notice = _table(  # a notification on the page of a person; person "" is the office, for its webhook
    "notice",
    Column("person_id", String(64), primary_key=True),
    Column("notification_id", ForeignKey("notification.id"), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("read_at", UtcDateTime),
    Column("dispatch_id", String(36), index=True),  # the letter or call about it
    Index("ix_notice_notification_id", "notification_id"),
)
Index("ix_notice_list", notice.c.person_id, notice.c.at)
_partial_index("ix_notice_unread", notice.c.person_id, notice.c.at, where=notice.c.read_at.is_(None))

dispatch = _table(  # an e-mail or a call of the webhook
    "dispatch",
    Column("id", String(36), primary_key=True),  # derived from contents and receiver, so that nothing is sent twice
    Column("channel", String(10), nullable=False),  # surel, webhook
    Column("person_id", String(64), nullable=False),
    Column("status", String(10), nullable=False),  # due, sent, dropped, failed
    Column("made_at", UtcDateTime, nullable=False, index=True),
    Column("due_at", UtcDateTime, nullable=False),  # time of the next try
    Column("attempts", Integer, nullable=False),
    Column("cause", Text),
    Column("sent_at", UtcDateTime),
)
Index("ix_dispatch_status", dispatch.c.status, dispatch.c.channel, dispatch.c.due_at)

reminder = _table(  # when to check next whether an open task is due soon, late, or to be escalated
    "reminder",
    Column("task_id", String(32), primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
)

# ── kept ────────────────────────────────────────────────────────────────────────────────────────────────────────────

history = _table(
    "history",
    Column("stream", String(250), primary_key=True),
    Column("seq", Integer, primary_key=True),  # 1, 2, 3 ... without gaps
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("name", String(64)),  # commitment to the actor's name at the time
    Column("capacity", String(20)),  # the actor's, in the role
    Column("on_behalf_of", Text),  # title in that capacity, such as "Plh. Kepala Dinas"
    Column("decree", Text),
    Column("action", String(60), nullable=False),
    Column("element_id", String(200)),
    Column("task_id", String(32)),
    Column("instance_id", String(36)),
    Column("change", Text, nullable=False),  # RFC 8785 text, exactly as hashed
    Column("format", Integer, nullable=False, server_default="1"),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    info={"history_line": True},
)
Index("ix_history_at", history.c.at)
Index("ix_history_actor", history.c.actor, history.c.at)
NOTED = text("action IN ('document:read', 'file:read', 'incident:read', 'person:read', 'session:locked')")
READ_OR_SIGNED_IN = "'document:read', 'file:read', 'incident:read', 'person:read', 'session:locked', 'session:opened'"
DEEDS = text(f"substr(stream, 1, 7) = 'person:' AND action NOT IN ({READ_OR_SIGNED_IN})")
SIGN_INS = text("action IN ('session:locked', 'session:opened')")
COUNTED = text("action IN ('attempt:refused', 'export:made')")
_partial_index("ix_history_noted", history.c.stream, history.c.action, history.c.change, history.c.at, where=NOTED)
_partial_index("ix_history_deeds", history.c.stream, history.c.seq, where=DEEDS)
_partial_index("ix_history_sign_ins", history.c.stream, history.c.seq, where=SIGN_INS)
_partial_index("ix_history_counted", history.c.actor, history.c.action, history.c.at, where=COUNTED)

document = _table(  # one row per version of a data object of an instance
    "document",
    Column("id", String(36), primary_key=True),
    Column("instance_id", ForeignKey("instance.id"), nullable=False),
    Column("data_object_id", String(200), nullable=False),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", String(20), nullable=False),  # draft, waiting, returned, issued, signed, replaced, void
    Column("activation", String(32), nullable=False),
    Column("element_id", String(200), nullable=False),
    Column("content", Text, nullable=False),  # RFC 8785 JSON; of a multi-instance output: {} (see document_part)
    Column("sha256", String(64), nullable=False),  # of content, or of the union of the parts
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("issued_at", UtcDateTime),
    Column("approver", String(200)),  # role that must approve it before it is issued
    Column("returned_by", String(64)),  # by the approver; of a void version: who took it back
    Column("returned_at", UtcDateTime),
    Column("returned_reason", Text),
    UniqueConstraint("instance_id", "data_object_id", "version"),
    info=HISTORY,
)
Index("ix_document_status", document.c.status, document.c.approver)

document_part = _table(  # the part of a document from each item of a multi-instance task
    "document_part",
    Column("document_id", ForeignKey("document.id"), primary_key=True),
    Column("item", String(200), primary_key=True),
    Column("instance_id", String(36), nullable=False),
    Column("content", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("task_id", String(32)),  # null: copied from the version before
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", String(64), nullable=False),
    info=HISTORY,
)

attachment = _table(
    "attachment",
    Column("id", String(36), primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("media_type", String(200), nullable=False),
    Column("size", Integer, nullable=False),
    Column("uploaded_by", String(64), nullable=False),
    Column("uploaded_at", UtcDateTime, nullable=False),
    Column("task_id", String(32)),  # of the form for which it was uploaded
    Column("instance_id", String(36), index=True),  # null until the form is accepted (24 h, owner only)
)

rendering = _table(  # a file of a version of a document: due until it is made, then kept for ever
    "rendering",
    Column("document_id", ForeignKey("document.id"), primary_key=True),
    Column("format", String(10), primary_key=True),  # pdf, docx, xlsx
    Column("part", String(200), primary_key=True),  # one of several letters; empty: the whole document
    Column("instance_id", String(36), nullable=False, index=True),
    Column("code", String(40), nullable=False, unique=True),  # in the QR: /v/<code>
    Column("status", String(20), nullable=False),  # due, made, failed
    Column("sha256", String(64)),  # of the file
    Column("size", Integer),
    Column("template_sha256", String(64)),
    Column("attempts", Integer, nullable=False, default=0),
    Column("cause", Text),
    Column("due_at", UtcDateTime, nullable=False),
    Column("made_at", UtcDateTime),
    info=HISTORY,
)
Index("ix_rendering_status", rendering.c.status, rendering.c.due_at)
Index("ix_rendering_sha256", rendering.c.sha256)

signature = _table(  # of a version of a document, in one of three modes
    "signature",
    Column("id", String(36), primary_key=True),
    Column("document_id", ForeignKey("document.id"), nullable=False, index=True),
    Column("instance_id", String(36), nullable=False, index=True),
    Column("mode", String(20), nullable=False),  # wet, certified, internal
    Column("signer", String(64), nullable=False),
    Column("on_behalf_of", Text),
    Column("decree", Text),
    Column("document_sha256", String(64), nullable=False),  # of the content that was signed
    Column("attachment_id", ForeignKey("attachment.id")),  # the scan or the signed PDF
    Column("file_sha256", String(64)),
    Column("detail", JSON, nullable=False),  # of a certified one: the result of its validation
    Column("signed_at", UtcDateTime, nullable=False),
    info=HISTORY,
)
Index("ix_signature_file_sha256", signature.c.file_sha256)
_unfiled = signature.c.file_sha256.is_(None) & (signature.c.mode != "internal")
_partial_index("ix_signature_unfiled", signature.c.signer, where=_unfiled)

archive = _table(  # the berkas of a completed instance: due until it is built, then kept for ever
    "archive",
    Column("instance_id", ForeignKey("instance.id"), primary_key=True),
    Column("status", String(20), nullable=False),  # due, made, failed
    Column("place", JSON, nullable=False),  # where the paper copy is stored, who filed it and when
    Column("due_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("cause", Text),
    Column("sha256", String(64)),  # of the ZIP
    Column("size", BigInteger),
    Column("archived_at", UtcDateTime),
    info=HISTORY,
)
Index("ix_archive_status", archive.c.status, archive.c.due_at)
Index("ix_archive_sha256", archive.c.sha256)

comment = _table(
    "comment",
    Column("id", String(36), primary_key=True),
    Column("instance_id", ForeignKey("instance.id"), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("written_at", UtcDateTime, nullable=False),
    Column("written_by", String(64), nullable=False),
    info=HISTORY,
)

# ── people and the office ───────────────────────────────────────────────────────────────────────────────────────────

installation = _table(  # one row: the id of this office, which the first line of every stream includes
    "installation",
    Column("id", String(36), primary_key=True),
    Column("made_at", UtcDateTime, nullable=False),
    Column("one", Integer, CheckConstraint("one = 1", name="one"), nullable=False, unique=True),
    info=HISTORY,
)

personal_value = _table(  # values behind commitments in history lines; erasing them breaks no hash
    "personal_value",
    Column("commitment", String(64), primary_key=True),
    Column("person_id", String(64), nullable=False, index=True),
    Column("salt", String(32)),
    Column("value", Text),
    info=HISTORY,
)

person = _table(
    "person",
    Column("id", String(64), primary_key=True),  # the account name; never changes
    Column("name", Text, nullable=False),
    Column("name_commitment", String(64)),
    Column("password_hash", Text),
    Column("must_change_password", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("locale", String(5)),
    Column("sample", Boolean, nullable=False, default=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("deactivated_at", UtcDateTime),
    Column("email_commitment", String(64)),  # of the address, which is a personal value
    Column("identity_commitment", String(64)),  # of the identity at the OpenID provider, likewise
    Column("password_off", Boolean, nullable=False, server_default=false()),  # signs in only through the provider
    info=HISTORY,
)

saved_filter = _table(  # of a list: its owner's own, or shared with a role
    "saved_filter",
    Column("id", String(36), primary_key=True),
    Column("list", String(40), nullable=False),
    Column("owner", String(64), nullable=False, index=True),
    Column("role", String(200), index=True),
    Column("name", String(60), nullable=False),
    Column("query", Text, nullable=False),
)

contact = _table(  # how a person wants to be notified
    "contact",
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("choices", JSON, nullable=False),  # by kind: sekarang, ringkasan, tidak; others have the default
    Column("feed_sha256", String(64), unique=True),  # of the secret in the URL of the calendar feed
)

secret = _table(  # the password of the mail account, the key of the webhook
    "secret",
    Column("name", String(20), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # encrypted with a key of the installation, bound to the name
)

membership = _table(
    "membership",
    Column("id", String(36), primary_key=True),
    Column("person_id", ForeignKey("person.id"), nullable=False, index=True),
    Column("role", String(200), nullable=False),
    Column("capacity", String(20), nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date),
    Column("decree", Text),
    info=HISTORY,
)
Index("ix_membership_role", membership.c.role, membership.c.since)

absence = _table(  # a person is away, and another of the same lane stands in
    "absence",
    Column("id", String(36), primary_key=True),
    Column("person_id", ForeignKey("person.id"), nullable=False, index=True),
    Column("substitute_id", ForeignKey("person.id"), nullable=False, index=True),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),  # before *since* if it was ended before it began
    Column("reason", Text, nullable=False),
    info=HISTORY,
)

proposal = _table(  # a membership that waits for a second person to confirm it
    "proposal",
    Column("id", String(36), primary_key=True),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    Column("role", String(200), nullable=False),
    Column("capacity", String(20), nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date),
    Column("decree", Text),
    Column("reason", Text, nullable=False),
    Column("proposed_by", String(64), nullable=False),
    Column("proposed_at", UtcDateTime, nullable=False),
    info=HISTORY,
)

reset_code = _table(
    "reset_code",
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("code_hash", Text, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

reset_link = _table(  # a link in an e-mail, for setting a new password
    "reset_link",
    Column("sha256", String(64), primary_key=True),  # of its secret
    Column("person_id", ForeignKey("person.id"), nullable=False, index=True),
    Column("until", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),  # used, or replaced by a newer one
)

web_session = _table(
    "web_session",
    Column("id", String(64), primary_key=True),  # SHA-256 of the token in the cookie
    Column("person_id", ForeignKey("person.id"), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("user_agent", Text),
    Column("address", String(64)),  # IP address at sign-in
    Column("awaits_code", Boolean, nullable=False, default=False),  # the code after the password is missing
)

second_factor = _table(  # setting and dropping are recorded as history lines; use is not, hence no history flag
    "second_factor",
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # encrypted with a key of the installation
)

api_token = _table(  # issuing and revoking are recorded as history lines; use is not, hence no history flag
    "api_token",
    Column("id", String(36), primary_key=True),
    Column("person_id", ForeignKey("person.id"), nullable=False, index=True),
    Column("name", String(80), nullable=False),
    Column("sha256", String(64), nullable=False, unique=True),  # of the token, which is not stored
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("scopes", String(200), nullable=False),  # separated by spaces (RFC 6749, 3.3)
)

idempotency_key = _table(  # the reply to a write, so that a repeated request is not done again
    "idempotency_key",
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("fingerprint", String(64), nullable=False),  # SHA-256 of method, address and body
    Column("created_at", UtcDateTime, nullable=False, index=True),
    Column("status", Integer),  # null while the first request is running
    Column("headers", JSON),
    Column("body", LargeBinary),
)

sign_in_attempt = _table(
    "sign_in_attempt",
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("account", String(64), nullable=False),
    Column("address", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("succeeded", Boolean, nullable=False),
    Column("device", String(64)),  # SHA-256 of the device cookie, if the account signed in from it before
)
Index("ix_sign_in_attempt_account", sign_in_attempt.c.account, sign_in_attempt.c.at)
Index("ix_sign_in_attempt_address", sign_in_attempt.c.address, sign_in_attempt.c.at)

setting = _table(  # sections of the office's settings: calendar, identity, safety ...
    "setting",
    Column("section", String(60), primary_key=True),
    Column("value", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("changed_by", String(64), nullable=False),
    info=HISTORY,
)

heartbeat = _table(  # of workers
    "heartbeat",
    Column("name", String(120), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("detail", JSON, nullable=False),
)
