"""Put a backup in the database's place; what was there before is kept beside it."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crm_store.errors import StoreError, StoreUnavailable
from crm_store.sql.engine import check_directory, database_file
from crm_store.sql.schema import HEAD
from crm_store.sql.service_lock import give_to_owner, service_lock

#: SQLite's side files. They belong to the file of their name, so they go before it and never stay for another.
_SIDE_FILES = ("-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Restored:
    """`kept`: where the database went that was there before; None when there was none."""

    revision: str
    calls: int
    kept: Path | None


async def restore(url: str, backup: Path, *, now: datetime) -> Restored:
    """Check the backup, then put it in place. Raises StoreUnavailable while a service runs, StoreError for a bad backup."""
    return await asyncio.to_thread(_restore, url, backup, now)


def _restore(url: str, backup: Path, now: datetime) -> Restored:
    file = database_file(url)
    check_directory(file)
    if not backup.is_file():
        raise StoreError(f"There is no file {backup}.")
    if file.exists() and backup.samefile(file):
        raise StoreError(f"{backup} is the database itself.")
    if backup.with_name(backup.name + "-wal").exists():
        raise StoreError(
            f"{backup}-wal lies beside it: that is a database in use. `ctiserver backup` makes a whole file."
        )
    with service_lock(url):
        part = file.with_name(file.name + ".restoring")
        try:
            revision, calls = _copied_and_checked(backup, part)
            give_to_owner(part)
            kept = _put_aside(file, now)
            part.replace(file)
        except OSError as error:
            raise StoreUnavailable(f"The backup could not be put in place: {error}") from error
        finally:
            part.unlink(missing_ok=True)
        _make_durable(file.parent)
    return Restored(revision, calls, kept)


def _copied_and_checked(backup: Path, part: Path) -> tuple[str, int]:
    """The copy is what is checked and used, so nothing changes in between. It is for the owner's eyes only."""
    part.unlink(missing_ok=True)
    with backup.open("rb") as source, open(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)
        copy.flush()
        os.fsync(copy.fileno())
    try:
        with closing(sqlite3.connect(f"file:{part}?immutable=1", uri=True)) as connection:
            check_integrity(connection, backup)
            return _revision(connection, backup), int(connection.execute("SELECT count(*) FROM calls").fetchone()[0])
    except sqlite3.Error as error:
        raise StoreError(f"{backup} is not a whole database: {error}.") from error


def check_integrity(connection: sqlite3.Connection, file: Path) -> None:
    """Raise StoreError unless every page, index and reference of the database is right."""
    said = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)")]
    if said != ["ok"]:
        raise StoreError(f"{file} is damaged: {'; '.join(said)}.")
    strays = {str(row[0]) for row in connection.execute("PRAGMA foreign_key_check")}
    if strays:
        raise StoreError(f"{file} is damaged: rows of {', '.join(sorted(strays))} belong to nothing.")


def _revision(connection: sqlite3.Connection, file: Path) -> str:
    tables = {str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not {"alembic_version", "calls"} <= tables:
        raise StoreError(f"{file} is no backup of ctiserver.")
    found = str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    if found > HEAD:
        raise StoreError(f"{file} has schema {found}, newer than {HEAD} of this version: install the newer ctiserver.")
    return found


def _put_aside(file: Path, now: datetime) -> Path | None:
    kept = file.with_name(f"{file.name}.before-restore-{now:%Y%m%dT%H%M%SZ}")
    if kept.exists():
        raise StoreError(f"{kept} exists already: a restore ran in this very second.")
    for side in _SIDE_FILES:
        beside = file.with_name(file.name + side)
        if beside.exists():
            beside.replace(kept.with_name(kept.name + side))
    if not file.exists():
        return None
    file.replace(kept)
    return kept


def _make_durable(folder: Path) -> None:
    """A rename survives a power cut only when its folder was written."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
