"""Runs revisions on the connection that ``engine.store.schema`` hands over, inside its transaction."""

from alembic import context

from engine.store.schema import comparison

context.configure(connection=context.config.attributes["connection"], **comparison())
with context.begin_transaction():
    context.run_migrations()
