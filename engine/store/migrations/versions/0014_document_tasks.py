"""A document may wait for who must approve it, and come back from there; what waits is found by its status."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Make room for it; what was issued before waits for nobody."""
    for name, kind in (("approver", sa.String(200)), ("returned_by", sa.String(64)), ("returned_reason", sa.Text())):
        op.add_column("document", sa.Column(name, kind))
    op.add_column("document", sa.Column("returned_at", sa.DateTime(timezone=True)))
    op.create_index("ix_document_status", "document", ["status", "approver"])
    where = sa.text("file_sha256 IS NULL AND mode != 'internal'")
    op.create_index("ix_signature_unfiled", "signature", ["signer"], sqlite_where=where, postgresql_where=where)
