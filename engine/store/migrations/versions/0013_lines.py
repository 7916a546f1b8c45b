"""Lines of history under format 2: the actor's name as a commitment, the capacity, the installation."""

import secrets

import sqlalchemy as sa
from alembic import op

from engine.model.errors import SetupError
from engine.model.history import commitment

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the columns and tables; commit to the names that people have today."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "installation",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("made_at", instant, nullable=False),
        sa.Column("one", sa.Integer, sa.CheckConstraint("one = 1", name="one"), nullable=False, unique=True),
    )
    values = op.create_table(
        "personal_value",
        sa.Column("commitment", sa.String(64), primary_key=True),
        sa.Column("person_id", sa.String(64), nullable=False, index=True),
        sa.Column("salt", sa.String(32)),
        sa.Column("value", sa.Text),
    )
    for name, kind in (("name", sa.String(64)), ("capacity", sa.String(20))):
        op.add_column("history", sa.Column(name, kind))
    op.add_column("history", sa.Column("format", sa.Integer, nullable=False, server_default="1"))
    op.add_column("instance", sa.Column("history_at", instant))
    op.execute(
        "UPDATE instance SET history_at = (SELECT at FROM history WHERE history.stream = 'instance:' || instance.id "
        "AND history.seq = instance.history_seq)"
    )
    op.add_column("person", sa.Column("name_commitment", sa.String(64)))
    person = sa.table("person", sa.column("id"), sa.column("name"), sa.column("name_commitment"))
    connection = op.get_bind()
    try:
        people = connection.execute(sa.select(person.c.id, person.c.name)).all()
    except sa.exc.OperationalError:  # SQLite reads no name that is not UTF-8
        for row, kept in connection.exec_driver_sql("SELECT rowid, hex(id) || '20' || hex(name) FROM person").all():
            if "\ufffd" in (named := bytes.fromhex(kept).decode(errors="replace")):
                raise SetupError("row_unreadable", table="person", row=f"{row} ({named})") from None
        raise
    for id_, name in people:
        salt = secrets.token_hex(16)
        of = commitment(salt, name)
        connection.execute(values.insert(), {"commitment": of, "person_id": id_, "salt": salt, "value": name})
        connection.execute(person.update().where(person.c.id == id_).values(name_commitment=of))
