"""Procrastinate's tables, on PostgreSQL alone: jobs for the rows that are due (``engine.jobs.queue``).

They are made as the installed release's own ``SchemaManager`` makes them. A release that changes them brings files
under ``procrastinate/sql/migrations``: a revision of ours then runs those where the tables were made by a release whose
schema has the hash ``SCHEMA``. A test tells when it is time. The jobs themselves are never moved or kept: whatever is
due is found again by the sweep.
"""

from typing import Any

from alembic import op

revision = "0017"
down_revision = "0016"
SCHEMA = "c70ec4b400a60ad9592787653aae5ae77ae41bf801d56b5bd2712751a07f2009"


def upgrade() -> None:
    """Run its file, which holds many statements, on the driver's own connection in the open transaction."""
    if op.get_bind().dialect.name == "postgresql":
        from procrastinate.schema import SchemaManager  # noqa: PLC0415 - loaded on PostgreSQL alone

        driver: Any = op.get_bind().connection.driver_connection
        driver.execute(SchemaManager.get_schema())
