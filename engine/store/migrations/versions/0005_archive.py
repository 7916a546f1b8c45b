"""A berkas is due before it is built, and may fail: no release wrote the table of 0004, so it is made here."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table; one of 0004, where there is one, holds nothing."""
    op.drop_table("archive", if_exists=True)
    op.create_table(
        "archive",
        sa.Column("instance_id", sa.String(36), sa.ForeignKey("instance.id"), primary_key=True),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("place", sa.JSON, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("cause", sa.Text),
        sa.Column("sha256", sa.String(64)),
        sa.Column("size", sa.BigInteger),
        sa.Column("archived_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_archive_sha256", "archive", ["sha256"])
    op.create_index("ix_archive_status", "archive", ["status", "due_at"])
