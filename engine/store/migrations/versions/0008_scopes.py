"""Tokens have scopes; those that had none keep all of them, and end in 30 days at the latest."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column and bring the ends of what was issued before nearer."""
    op.add_column("api_token", sa.Column("scopes", sa.String(length=200), nullable=False, server_default=""))
    token = sa.table("api_token", sa.column("scopes"), sa.column("expires_at", sa.DateTime(timezone=True)))
    op.execute(sa.update(token).values(scopes="read work start deploy administer"))
    soon = datetime.now(UTC) + timedelta(days=30)
    op.execute(sa.update(token).where(token.c.expires_at > soon).values(expires_at=soon))
