"""Numbered changes of the schema, run by Alembic. None is edited after a release."""
