"""Every table of the first release."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "attachment",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("media_type", sa.String(200), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("uploaded_by", sa.String(64), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("task_id", sa.String(32)),
        sa.Column("instance_id", sa.String(36), index=True),
    )
    op.create_table(
        "definition",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("process_id", sa.String(200), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("deployed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deployed_by", sa.String(64), nullable=False),
        sa.Column("confirmed", sa.Boolean, nullable=False),
        sa.UniqueConstraint("process_id", "version"),
    )
    op.create_table(
        "draft",
        sa.Column("task_id", sa.String(32), primary_key=True),
        sa.Column("person_id", sa.String(64), primary_key=True),
        sa.Column("instance_id", sa.String(36), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("entries", sa.JSON, nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.String(120), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
    )
    op.create_table(
        "history",
        sa.Column("stream", sa.String(250), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("on_behalf_of", sa.Text),
        sa.Column("decree", sa.Text),
        sa.Column("action", sa.String(60), nullable=False),
        sa.Column("element_id", sa.String(200)),
        sa.Column("task_id", sa.String(32)),
        sa.Column("instance_id", sa.String(36)),
        sa.Column("change", sa.Text, nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("ix_history_actor", "history", ["actor", "at"])
    op.create_index("ix_history_at", "history", ["at"])
    op.create_table(
        "person",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("must_change_password", sa.Boolean, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("locale", sa.String(5)),
        sa.Column("sample", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deactivated_at", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "role_override",
        sa.Column("process_id", sa.String(200), primary_key=True),
        sa.Column("element_id", sa.String(200), primary_key=True),
        sa.Column("role", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("changed_by", sa.String(64), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "setting",
        sa.Column("section", sa.String(60), primary_key=True),
        sa.Column("value", sa.JSON, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(64), nullable=False),
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("succeeded", sa.Boolean, nullable=False),
    )
    op.create_index("ix_sign_in_attempt_account", "sign_in_attempt", ["account", "at"])
    op.create_index("ix_sign_in_attempt_address", "sign_in_attempt", ["address", "at"])
    op.create_table(
        "source",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "definition_file",
        sa.Column("definition_id", sa.String(36), sa.ForeignKey("definition.id"), primary_key=True),
        sa.Column("path", sa.String(400), primary_key=True),
        sa.Column("sha256", sa.String(64), sa.ForeignKey("source.sha256"), nullable=False),
    )
    op.create_table(
        "instance",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("definition_id", sa.String(36), sa.ForeignKey("definition.id"), nullable=False),
        sa.Column("process_id", sa.String(200), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("instance_key", sa.String(400)),
        sa.Column("reference_date", sa.Date),
        sa.Column("values", sa.JSON, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
        sa.Column("history_seq", sa.Integer, nullable=False),
        sa.Column("history_hash", sa.String(64), nullable=False),
        sa.Column("step_count", sa.Integer, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.String(64), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("ended_by", sa.String(64)),
        sa.Column("status_reason", sa.Text),
        sa.Column("status_before", sa.String(20)),
    )
    op.create_index("ix_instance_process_status", "instance", ["process_id", "status", "started_at"])
    op.create_index("ix_instance_started_at", "instance", ["started_at"])
    op.create_index(
        "uq_instance_live_key",
        "instance",
        ["process_id", "instance_key"],
        unique=True,
        sqlite_where=sa.text("status != 'terminated' AND instance_key IS NOT NULL"),
        postgresql_where=sa.text("status != 'terminated' AND instance_key IS NOT NULL"),
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("person_id", sa.String(64), sa.ForeignKey("person.id"), nullable=False, index=True),
        sa.Column("role", sa.String(200), nullable=False),
        sa.Column("capacity", sa.String(20), nullable=False),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("until", sa.Date),
        sa.Column("decree", sa.Text),
    )
    op.create_index("ix_membership_role", "membership", ["role", "since"])
    op.create_table(
        "reset_code",
        sa.Column("person_id", sa.String(64), sa.ForeignKey("person.id"), primary_key=True),
        sa.Column("code_hash", sa.Text, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
    )
    op.create_table(
        "web_session",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("person_id", sa.String(64), sa.ForeignKey("person.id"), nullable=False, index=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("user_agent", sa.Text),
    )
    op.create_table(
        "comment",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("instance_id", sa.String(36), sa.ForeignKey("instance.id"), nullable=False, index=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.String(64), nullable=False),
    )
    op.create_table(
        "document",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("instance_id", sa.String(36), sa.ForeignKey("instance.id"), nullable=False),
        sa.Column("data_object_id", sa.String(200), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("activation", sa.String(32), nullable=False),
        sa.Column("element_id", sa.String(200), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("instance_id", "data_object_id", "version"),
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("instance_id", sa.String(36), sa.ForeignKey("instance.id"), nullable=False, index=True),
        sa.Column("task_id", sa.String(32), nullable=False),
        sa.Column("element_id", sa.String(200), nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("trace", sa.Text, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True)),
        sa.Column("resolved_by", sa.String(64)),
    )
    op.create_index("ix_incident_status", "incident", ["status", "created_at"])
    op.create_table(
        "task",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("instance_id", sa.String(36), sa.ForeignKey("instance.id"), nullable=False),
        sa.Column("element_id", sa.String(200), nullable=False),
        sa.Column("role", sa.String(200), nullable=False),
        sa.Column("performer", sa.String(64)),
        sa.Column("item", sa.String(200)),
        sa.Column("activation", sa.String(32), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("assignee", sa.String(64)),
        sa.Column("assigned_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("standard_time", sa.String(40)),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("first_due_at", sa.DateTime(timezone=True)),
        sa.Column("returned_by", sa.String(64)),
        sa.Column("returned_reason", sa.Text),
        sa.Column("returned_at", sa.DateTime(timezone=True)),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
        sa.Column("completed_by", sa.String(64)),
        sa.Column("capacity", sa.String(20)),
        sa.Column("decree", sa.Text),
        sa.Column("history_seq", sa.Integer),
        sa.CheckConstraint("status in ('ready', 'completed', 'cancelled')", name=op.f("ck_task_status")),
    )
    op.create_index("ix_task_assignee", "task", ["status", "assignee", "due_at"])
    op.create_index("ix_task_completed_by", "task", ["completed_by", "completed_at"])
    op.create_index("ix_task_inbox", "task", ["status", "role", "due_at"])
    op.create_index("ix_task_instance", "task", ["instance_id", "status"])
    op.create_index("ix_task_performer", "task", ["status", "performer", "due_at"])
    op.create_table(
        "timer",
        sa.Column("instance_id", sa.String(36), sa.ForeignKey("instance.id"), primary_key=True),
        sa.Column("task_id", sa.String(32), primary_key=True),
        sa.Column("element_id", sa.String(200), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False, index=True),
    )
    op.create_table(
        "subscription",
        sa.Column("instance_id", sa.String(36), sa.ForeignKey("instance.id"), primary_key=True),
        sa.Column("task_id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(10), primary_key=True),
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("correlation", sa.String(64), primary_key=True),
        sa.Column("element_id", sa.String(200), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_subscription_name", "subscription", ["kind", "name", "correlation"])
    op.create_table(
        "message",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("from_instance", sa.String(36)),
        sa.Column("to_instance", sa.String(36)),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_by", sa.String(64), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("delivered_to", sa.String(36)),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        sa.Column("note", sa.Text),
    )
    op.create_index("ix_message_status", "message", ["status", "sent_at"])
    op.create_table(
        "message_key",
        sa.Column("message_id", sa.String(36), sa.ForeignKey("message.id"), primary_key=True),
        sa.Column("correlation", sa.String(64), primary_key=True),
    )
    op.create_table(
        "document_part",
        sa.Column("document_id", sa.String(36), sa.ForeignKey("document.id"), primary_key=True),
        sa.Column("item", sa.String(200), primary_key=True),
        sa.Column("instance_id", sa.String(36), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("task_id", sa.String(32)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
    )
