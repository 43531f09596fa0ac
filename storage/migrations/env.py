"""Alembic's environment. `storage.migrate` runs it on a connection with a transaction already open."""

from alembic import context

import storage.tables_house  # noqa: F401  (its tables belong to the metadata)
from storage.tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata, compare_type=True)
context.run_migrations()
