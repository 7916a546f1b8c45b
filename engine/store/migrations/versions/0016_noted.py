"""What is noted once an hour, counted by the hour, or shown of a person is found by an index of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
READ = "'document:read', 'file:read', 'incident:read', 'person:read', 'session:locked'"


def upgrade() -> None:
    """Make the indexes."""
    for name, columns, condition in (
        ("noted", ("stream", "action", "change", "at"), f"action IN ({READ})"),
        ("counted", ("actor", "action", "at"), "action IN ('attempt:refused', 'export:made')"),
        ("sign_ins", ("stream", "seq"), "action IN ('session:locked', 'session:opened')"),
        (
            "deeds",
            ("stream", "seq"),
            f"substr(stream, 1, 7) = 'person:' AND action NOT IN ({READ}, 'session:opened')",
        ),
    ):
        where = sa.text(condition)
        op.create_index(f"ix_history_{name}", "history", columns, sqlite_where=where, postgresql_where=where)
