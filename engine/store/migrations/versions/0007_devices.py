"""Tries to sign in are counted apart for browsers that are known; one-time codes are not used up by wrong ones."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add one column and drop another."""
    op.add_column("sign_in_attempt", sa.Column("device", sa.String(length=64), nullable=True))
    op.drop_column("reset_code", "attempts")
