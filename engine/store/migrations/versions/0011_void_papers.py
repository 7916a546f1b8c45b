"""The papers of an instance that was terminated are void, as its numbers are; its history says so already."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Void them."""
    op.execute(
        "UPDATE document SET status = 'void' WHERE instance_id IN (SELECT id FROM instance WHERE status = 'terminated')"
    )
