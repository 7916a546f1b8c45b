"""Links by which people set a new password, and from which address a session was opened."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table and the column."""
    op.create_table(
        "reset_link",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("person_id", sa.String(64), sa.ForeignKey("person.id"), nullable=False, index=True),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
    )
    op.add_column("web_session", sa.Column("address", sa.String(64)))
