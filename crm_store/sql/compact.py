"""Makes deleted bytes go: a row that is deleted stays in the file, in its index and in the write-ahead log until they are written anew."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from crm_store.errors import StoreUnavailable
from crm_store.sql.engine import database_file

#: A long write of the service (or of another command) is waited for.
_BUSY_MS = 60_000
#: The log is emptied when nobody reads from it: readers of the service are done in moments.
_TRIES = 100
_PAUSE_S = 0.1


async def compact(url: str) -> None:
    """Write the whole file anew and empty its log, beside a running service. Raises StoreUnavailable when that fails."""
    await asyncio.to_thread(_compact, database_file(url))


def _compact(file: Path) -> None:
    try:
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
            # FTS5 keeps deleted terms in its segments until they are merged.
            connection.execute("INSERT INTO party_search(party_search) VALUES('optimize')")
            connection.execute("VACUUM")
            connection.execute("PRAGMA busy_timeout=100")
            for _ in range(_TRIES):
                busy, _pages, _moved = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if not busy:
                    return
                time.sleep(_PAUSE_S)
    except sqlite3.Error as error:
        raise StoreUnavailable(
            f"The file could not be written anew, so deleted data is still in it: {error}"
        ) from error
    raise StoreUnavailable("The write-ahead log could not be emptied, so deleted data is still in it: try again.")
