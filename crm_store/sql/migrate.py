"""Bring a database to the schema of this version, say where it is, and copy it while it is in use."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import aiosqlite
from sqlalchemy import Connection, inspect, text

from crm_store.errors import StoreError, StoreUnavailable
from crm_store.sql.database import store_errors
from crm_store.sql.engine import check_directory, database_file, writer_engine
from crm_store.sql.schema import HEAD

T = TypeVar("T")


async def upgrade(url: str) -> None:
    """Create the database if there is none and run the missing migrations, all in one transaction."""
    file = database_file(url)
    check_directory(file)
    _create_private(file)
    await _run(file, _upgrade)


async def current(url: str) -> tuple[str | None, str]:
    """The revision of the database (None: empty or not there) and the one this version needs."""
    file = database_file(url)
    check_directory(file)
    if not file.exists():
        return None, HEAD
    return await _run(file, revision), HEAD


async def backup(url: str, file: Path) -> None:
    """Copy the database to a new file while others read and write it."""
    source = database_file(url)
    part = _backup_part(source, file)
    try:
        async with aiosqlite.connect(source) as live, aiosqlite.connect(part) as copy:
            await live.backup(copy)
        part.replace(file)
    except (sqlite3.Error, OSError) as error:
        raise StoreUnavailable(f"The backup failed: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def _backup_part(source: Path, file: Path) -> Path:
    """Where the backup grows until it is whole; nothing is ever overwritten."""
    if not source.exists():
        raise StoreUnavailable(f"There is no database at {source}.")
    if file.exists():
        raise StoreError(f"{file} exists already: choose another name for the backup.")
    check_directory(file)
    part = file.with_name(file.name + ".part")
    part.unlink(missing_ok=True)
    _create_private(part)
    return part


def revision(connection: Connection) -> str | None:
    """The revision the database says it has."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def check_revision(found: str | None) -> None:
    """Only the schema this version was written for is opened."""
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise StoreUnavailable(
            f"The database has schema {found}, newer than {HEAD} of this version: install the newer ctiserver."
        )
    raise StoreUnavailable("The database is not at the schema of this version: run `ctiserver db upgrade`.")


async def _run(file: Path, work: Callable[[Connection], T]) -> T:
    def transact() -> T:
        engine = writer_engine(file)
        try:
            with store_errors(), engine.begin() as connection:
                return work(connection)
        finally:
            engine.dispose()

    return await asyncio.to_thread(transact)


def _upgrade(connection: Connection) -> None:
    found = revision(connection)
    if found is not None and found > HEAD:
        check_revision(found)
    # Alembic takes a while to import, and a server that is up to date never needs it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)


def _create_private(file: Path) -> None:
    """Customers' data is for the owner's eyes; SQLite gives its side files the same mode."""
    if not file.exists():
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
