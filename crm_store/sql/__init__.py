"""The store in a database: SQLAlchemy Core on SQLite. Portable SQL, so that PostgreSQL can come beside it."""

from __future__ import annotations

from crm_store.sql.compact import compact
from crm_store.sql.migrate import backup, current, upgrade
from crm_store.sql.restore import Restored, restore
from crm_store.sql.service_lock import service_lock
from crm_store.sql.store import SqlStore, open_store

__all__ = ["Restored", "SqlStore", "backup", "compact", "current", "open_store", "restore", "service_lock", "upgrade"]
