"""An instance keeps its state before the last completion, so that this can be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Add the column."""
    op.add_column("instance", sa.Column("state_before", sa.LargeBinary()))
