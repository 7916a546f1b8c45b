"""Drafts of forms and of the studio are rows of one table, and what was put aside can be taken up again."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table anew with what it held."""
    names = ("task_id", "person_id", "instance_id", "revision")
    old = sa.table("draft", *map(sa.column, names), sa.column("entries", sa.JSON), sa.column("saved_at", sa.DateTime))
    kept = [row._asdict() for row in op.get_bind().execute(sa.select(old))]
    op.drop_table("draft")
    new = op.create_table(
        "draft",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("subject", sa.String(250), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("instance_id", sa.String(36)),
        sa.Column("base", sa.String(64)),
        sa.Column("writer", sa.String(64)),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dropped_at", sa.DateTime(timezone=True)),
    )
    live = sa.text("dropped_at IS NULL")
    op.create_index("ix_draft_subject", "draft", ["kind", "subject", "person_id"])
    op.create_index(
        "uq_draft_live",
        "draft",
        ["person_id", "kind", "subject"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )
    for row in kept:
        facts = {"id": str(uuid4()), "kind": "task", "subject": row.pop("task_id"), "content": row.pop("entries")}
        op.bulk_insert(new, [facts | row])
