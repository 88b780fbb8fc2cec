"""Alembic's entry: migrates over the connection that `migrate.py` hands in, inside its transaction."""

from __future__ import annotations

from alembic import context

from crm_store.sql.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
