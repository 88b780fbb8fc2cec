"""One open database: read, write, and the fast path of the caller lookup."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
from sqlalchemy import Connection, Table, insert
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from crm_store.errors import StoreError, StoreUnavailable
from crm_store.sql.engine import READERS, reader_engine, writer_engine
from crm_store.sql.writer import Writer

T = TypeVar("T")

_READ_WAIT_SECONDS = 10.0
_CLOSE_SECONDS = 5.0


class Database:
    """Work is a plain function over a SQLAlchemy connection; it runs in one transaction."""

    def __init__(self, readers: AsyncEngine, writers: AsyncEngine) -> None:
        self._readers = readers
        self._writers = writers
        self._writer = Writer(writers)
        self._lookup: AsyncConnection | None = None
        self._raw: aiosqlite.Connection | None = None
        self._slots = asyncio.Semaphore(READERS)
        self._closed = False

    @classmethod
    async def open(cls, file: Path) -> Database:
        database = cls(reader_engine(file), writer_engine(file))
        try:
            await database._open_lookup()
        except BaseException:
            await database.close()
            raise
        return database

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on one consistent snapshot."""
        self._check_open()
        async with self._slot():
            self._check_open()
            with store_errors():
                async with self._readers.connect() as connection:
                    return await connection.run_sync(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction of its own meaning: all of it or nothing."""
        self._check_open()
        with store_errors():
            return await self._writer.run(work)

    async def write_rows(self, work: Callable[[Connection, Sequence[Any]], None], rows: Sequence[Any]) -> None:
        """Write rows in one commit with those of other callers."""
        self._check_open()
        with store_errors():
            await self._writer.run_rows(work, rows)

    async def fetch(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """One statement, one hop, no SQLAlchemy in between."""
        self._check_open()
        if self._raw is None:
            raise StoreUnavailable("The store is closed.")
        try:
            return list(await self._raw.execute_fetchall(sql, parameters))
        except (sqlite3.Error, ValueError) as error:  # ValueError: aiosqlite's word for a closed connection
            raise StoreUnavailable(f"The database does not answer: {error}") from error

    async def close(self) -> None:
        """Finish the writes, wait for the reads, close every connection."""
        if self._closed:
            return
        self._closed = True
        await self._writer.close()
        await self._wait_for_readers()
        if self._lookup is not None:
            await self._lookup.close()
        await self._readers.dispose()
        await self._writers.dispose()

    @property
    def writable(self) -> bool:
        return self._writer.alive

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        """A turn to read. Who waits too long hears that the store is not available."""
        try:
            async with asyncio.timeout(_READ_WAIT_SECONDS):
                await self._slots.acquire()
        except TimeoutError as error:
            raise StoreUnavailable("The database is too busy to answer.") from error
        try:
            yield
        finally:
            self._slots.release()

    async def _wait_for_readers(self) -> None:
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                for _ in range(READERS):
                    await self._slots.acquire()
        except TimeoutError:
            pass  # a read that hangs must not hang the shutdown

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("The store is closed.")

    async def _open_lookup(self) -> None:
        with store_errors():
            self._lookup = await self._readers.connect()
            raw = await self._lookup.get_raw_connection()
        driver = raw.driver_connection
        if not isinstance(driver, aiosqlite.Connection):
            raise StoreError("The caller lookup needs the aiosqlite driver.")
        self._raw = driver


def insert_row(connection: Connection, table: Table, row: Mapping[str, Any]) -> int:
    """Insert one row and return the number the database gave it."""
    key = connection.execute(insert(table).values(row)).inserted_primary_key
    if key is None:
        raise StoreError(f"A row of {table.name} has no number.")
    return int(key[0])


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn what the database library raises into the store's errors."""
    try:
        yield
    except IntegrityError as error:
        raise StoreError(f"The database refused this: {error.orig}") from error
    except DBAPIError as error:
        raise StoreUnavailable(f"The database does not answer: {error.orig}") from error
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"The database does not answer: {error}") from error
