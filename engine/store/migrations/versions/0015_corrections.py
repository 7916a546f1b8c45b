"""An instance may correct a completed one, whose key it then holds."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the columns, and free the key of what is corrected."""
    op.add_column("instance", sa.Column("corrects", sa.JSON))
    op.add_column("instance", sa.Column("corrected_by", sa.String(36)))
    its, live = ("uq_instance_live_key", "instance", ["process_id", "instance_key"]), "corrected_by IS NULL"
    where = sa.text(f"status != 'terminated' AND instance_key IS NOT NULL AND {live}")
    op.drop_index(*its[:2])
    op.create_index(*its, unique=True, sqlite_where=where, postgresql_where=where)
