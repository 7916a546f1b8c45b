"""A berkas is due before it is built, and may fail: no release wrote the table of 0004, so it is made anew."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table anew."""
    op.drop_table("archive")
    op.create_table(
        "archive",
        sa.Column("instance_id", sa.String(length=36), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("place", sa.JSON(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_archive_instance_id")),
        sa.PrimaryKeyConstraint("instance_id", name=op.f("pk_archive")),
        info={"history": True},
    )
    op.create_index("ix_archive_sha256", "archive", ["sha256"], unique=False)
    op.create_index("ix_archive_status", "archive", ["status", "due_at"], unique=False)
