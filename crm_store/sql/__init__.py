"""The store in a database: SQLAlchemy Core on SQLite. Portable SQL, so that PostgreSQL can come beside it."""

from __future__ import annotations

from crm_store.sql.migrate import backup, current, upgrade
from crm_store.sql.store import SqlStore, open_store

__all__ = ["SqlStore", "backup", "current", "open_store", "upgrade"]
