"""Alembic's entry: runs the revisions on the engine it is given."""

from alembic import context

from webapp.storage.database import metadata

with context.config.attributes["engine"].connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
