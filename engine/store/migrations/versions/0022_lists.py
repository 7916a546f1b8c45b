"""Filters of lists that people keep."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "saved_filter",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("list", sa.String(40), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False, index=True),
        sa.Column("role", sa.String(200), index=True),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
    )
