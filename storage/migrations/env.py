"""Alembic's environment. `storage.migrate` runs it on a connection with a transaction already open."""

from alembic import context

from storage import tables_house

# The module that comes last: by now the metadata knows every table.
metadata = tables_house.Base.metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
