"""Indexes under which an inbox of many thousand tasks is read in its order, and who started what is found."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create two indexes anew and two that are new."""
    op.drop_index("ix_task_inbox", table_name="task")
    op.create_index("ix_task_inbox", "task", ["status", "role", "performer", "assignee", "due_at"])
    op.drop_index("ix_task_assignee", table_name="task")
    op.create_index("ix_task_assignee", "task", ["status", "assignee", "performer", "due_at"])
    returned = sa.text("returned_by IS NOT NULL")
    columns = ["status", "role", "performer", "assignee"]
    op.create_index("ix_task_returned", "task", columns, sqlite_where=returned, postgresql_where=returned)
    op.create_index("ix_instance_started_by", "instance", ["started_by", "started_at"])
