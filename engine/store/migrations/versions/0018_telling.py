"""Telling people: notices, letters and calls that are due, reminders, and how each person wants to be told.

Tasks that are open are looked at from now on: what was late before is not told again.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables, and note the open tasks that are due some time."""
    op.create_table(
        "notification",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("at", INSTANT, nullable=False, index=True),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("instance_id", sa.String(36), index=True),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(64)),
        sa.Column("role", sa.String(200)),
        sa.Column("reason", sa.Text()),
        sa.Column("spread_at", INSTANT),
    )
    op.create_table(
        "notice",
        sa.Column("person_id", sa.String(64), primary_key=True),
        sa.Column("notification_id", sa.String(36), sa.ForeignKey("notification.id"), primary_key=True, index=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("read_at", INSTANT),
        sa.Column("dispatch_id", sa.String(36), index=True),
    )
    op.create_index("ix_notice_list", "notice", ["person_id", "at"])
    for name, columns, condition in (
        ("notification_unspread", ["at"], "spread_at IS NULL"),
        ("notice_unread", ["person_id", "at"], "read_at IS NULL"),
    ):
        where = sa.text(condition)
        op.create_index(f"ix_{name}", name.partition("_")[0], columns, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "dispatch",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("channel", sa.String(10), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False, index=True),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("cause", sa.Text()),
        sa.Column("sent_at", INSTANT),
    )
    op.create_index("ix_dispatch_status", "dispatch", ["status", "channel", "due_at"])
    op.create_table(
        "reminder",
        sa.Column("task_id", sa.String(32), primary_key=True),
        sa.Column("at", INSTANT, nullable=False, index=True),
    )
    op.create_table(
        "contact",
        sa.Column("person_id", sa.String(64), sa.ForeignKey("person.id"), primary_key=True),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("feed_sha256", sa.String(64), unique=True),
    )
    op.create_table(
        "secret",
        sa.Column("name", sa.String(20), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    op.add_column("person", sa.Column("email_commitment", sa.String(64)))
    task = sa.table("task", sa.column("id"), sa.column("status"), sa.column("due_at"))
    due = task.c.status == "ready", task.c.due_at.is_not(None)
    at = sa.literal(datetime.now(UTC), INSTANT)
    op.execute(
        sa.insert(sa.table("reminder", sa.column("task_id"), sa.column("at"))).from_select(
            ["task_id", "at"], sa.select(task.c.id, at).where(*due)
        )
    )
