"""Engines for SQLite: many readers that cannot write, one writer that never loses an update."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from crm_store.errors import InvalidInput, StoreUnavailable

READERS = 4

# Python's sqlite3 would otherwise begin transactions by itself, deferred and late.
_NO_HIDDEN_BEGIN = {"isolation_level": None}

# WAL lets readers go on while we write; FULL makes each commit survive a power cut.
_WRITER_PRAGMAS = ("busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
# A small cache for each: larger ones go on filling for an hour, and what a small one misses the system's own cache has.
_READER_PRAGMAS = ("busy_timeout=5000", "query_only=ON", "cache_size=-1000")


def database_file(url: str) -> Path:
    """The file that `sqlite:///FILE` names; anything else is refused with a sentence."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InvalidInput("database.url", "The database url is written sqlite:///FILE.") from error
    if parsed.drivername not in {"sqlite", "sqlite+aiosqlite"}:
        raise InvalidInput("database.url", f"{parsed.drivername} is not supported: use sqlite:///FILE.")
    if not parsed.database or parsed.database == ":memory:":
        raise InvalidInput("database.url", "The database needs a file: sqlite:///FILE.")
    return Path(parsed.database)


def check_directory(file: Path) -> None:
    """SQLite would only say "unable to open database file"."""
    if not file.absolute().parent.is_dir():
        raise StoreUnavailable(f"The directory of the database does not exist: create {file.absolute().parent}.")


def writer_engine(file: Path) -> Engine:
    """One connection. Each transaction takes the write lock at its start: a later upgrade of a read lock loses updates."""
    engine = _engine(file, pool_size=1)
    _on_connect(engine, _WRITER_PRAGMAS)
    _on_begin(engine, "BEGIN IMMEDIATE")
    return engine


def reader_engine(file: Path) -> Engine:
    """Connections that only read, each transaction from one snapshot."""
    engine = _engine(file, pool_size=READERS)
    _on_connect(engine, _READER_PRAGMAS)
    _on_begin(engine, "BEGIN")
    return engine


async def lookup_connection(file: Path) -> aiosqlite.Connection:
    """The one connection of the caller lookup: no transaction around its single statement, and nothing between us and the driver.

    Not by SQLAlchemy's asyncio engine: that imports all of its ORM, which nobody here uses, at every start.
    """
    opening = aiosqlite.connect(file, isolation_level=None)
    # As SQLAlchemy does: whoever dies without closing the store must not hang at the exit.
    opening._thread.daemon = True
    connection = await opening
    try:
        for pragma in _READER_PRAGMAS:
            await connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        await connection.close()
        raise
    return connection


def _engine(file: Path, *, pool_size: int) -> Engine:
    url = URL.create("sqlite+pysqlite", database=str(file))
    return create_engine(url, pool_size=pool_size, max_overflow=0, connect_args=_NO_HIDDEN_BEGIN)


def _on_connect(engine: Engine, pragmas: tuple[str, ...]) -> None:
    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


def _on_begin(engine: Engine, statement: str) -> None:
    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql(statement)
