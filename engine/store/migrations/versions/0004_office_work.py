"""Registers, numbers, renderings and signatures."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "number_counter",
        sa.Column("series", sa.String(100), primary_key=True),
        sa.Column("year", sa.Integer, primary_key=True),
        sa.Column("last", sa.Integer, nullable=False),
    )
    op.create_table(
        "register",
        sa.Column("id", sa.String(100), primary_key=True),
        sa.Column("schema", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(64), nullable=False),
    )
    op.create_table(
        "register_entry",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("register_id", sa.String(100), sa.ForeignKey("register.id"), nullable=False),
        sa.Column("key", sa.String(400), nullable=False),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("until", sa.Date),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("illustration", sa.Boolean, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(64), nullable=False),
        sa.UniqueConstraint("register_id", "key", "since"),
    )
    op.create_index("ix_register_entry_in_force", "register_entry", ["register_id", "since"])
    op.create_table(
        "number",
        sa.Column("series", sa.String(100), primary_key=True),
        sa.Column("year", sa.Integer, primary_key=True),
        sa.Column("ordinal", sa.Integer, primary_key=True),
        sa.Column("text", sa.String(200), nullable=False),
        sa.Column("instance_id", sa.String(36), sa.ForeignKey("instance.id"), index=True),
        sa.Column("place", sa.String(400), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.String(64), nullable=False),
        sa.Column("void_reason", sa.Text),
        sa.UniqueConstraint("series", "year", "text"),
    )
    op.create_table(
        "rendering",
        sa.Column("document_id", sa.String(36), sa.ForeignKey("document.id"), primary_key=True),
        sa.Column("format", sa.String(10), primary_key=True),
        sa.Column("part", sa.String(200), primary_key=True),
        sa.Column("instance_id", sa.String(36), nullable=False, index=True),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("sha256", sa.String(64)),
        sa.Column("size", sa.Integer),
        sa.Column("template_sha256", sa.String(64)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("cause", sa.Text),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("code"),
    )
    op.create_index("ix_rendering_sha256", "rendering", ["sha256"])
    op.create_index("ix_rendering_status", "rendering", ["status", "due_at"])
    op.create_table(
        "signature",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("document_id", sa.String(36), sa.ForeignKey("document.id"), nullable=False, index=True),
        sa.Column("instance_id", sa.String(36), nullable=False, index=True),
        sa.Column("mode", sa.String(20), nullable=False),
        sa.Column("signer", sa.String(64), nullable=False),
        sa.Column("on_behalf_of", sa.Text),
        sa.Column("decree", sa.Text),
        sa.Column("document_sha256", sa.String(64), nullable=False),
        sa.Column("attachment_id", sa.String(36), sa.ForeignKey("attachment.id")),
        sa.Column("file_sha256", sa.String(64)),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_signature_file_sha256", "signature", ["file_sha256"])
