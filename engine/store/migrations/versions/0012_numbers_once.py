"""A series gives no text twice; texts that it gave twice before stay, and are marked."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Mark all but the first of each text, and let none follow."""
    op.add_column("number", sa.Column("doubled", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(
        "UPDATE number SET doubled = true WHERE instance_id IS NOT NULL AND EXISTS (SELECT 1 FROM number AS earlier "
        "WHERE earlier.series = number.series AND earlier.text = number.text AND earlier.instance_id IS NOT NULL "
        "AND earlier.year < number.year)"
    )
    once = sa.text("instance_id IS NOT NULL AND doubled IS false")
    op.create_index(
        "ix_number_printed_once", "number", ["series", "text"], unique=True, sqlite_where=once, postgresql_where=once
    )
