"""Whom an OpenID provider names, and who signs in by it alone."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("person", sa.Column("identity_commitment", sa.String(64)))
    op.add_column("person", sa.Column("password_off", sa.Boolean(), nullable=False, server_default=sa.false()))
