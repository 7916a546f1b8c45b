"""Second factors, and sessions that wait for a code."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the table and add the column."""
    op.create_table(
        "second_factor",
        sa.Column("person_id", sa.String(64), sa.ForeignKey("person.id"), primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.add_column("web_session", sa.Column("awaits_code", sa.Boolean(), nullable=False, server_default=sa.false()))
