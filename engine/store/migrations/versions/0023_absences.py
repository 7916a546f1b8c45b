"""People who are away, who stands in for them, and in whose place a task was done."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Make the table and the column."""
    op.create_table(
        "absence",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("person_id", sa.String(64), sa.ForeignKey("person.id"), nullable=False, index=True),
        sa.Column("substitute_id", sa.String(64), sa.ForeignKey("person.id"), nullable=False, index=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.add_column("task", sa.Column("acts_for", sa.String(64)))
