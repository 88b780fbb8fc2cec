"""One open database: read, write, and the fast path of the caller lookup."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
from sqlalchemy import Connection, Engine, Table, insert
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from crm_store.errors import NotFound, StoreError, StoreUnavailable
from crm_store.sql.engine import READERS, lookup_connection, reader_engine, writer_engine
from crm_store.sql.writer import Writer

T = TypeVar("T")

READ_WAIT_SECONDS = 10.0


class Database:
    """Work is a plain function over a SQLAlchemy connection; it runs in one transaction and one thread.

    One hop to that thread for all statements of the work: statement by statement over aiosqlite, one edit of a customer
    took 85 hops, and the loop waited for each.
    """

    def __init__(self, file: Path) -> None:
        self._read_threads = Threads(reader_engine(file), READERS, "store-read")
        self._write_thread = Threads(writer_engine(file), 1, "store-write")
        self._writer = Writer(self._write_thread.run)
        self._lookup: aiosqlite.Connection | None = None
        self._slots = asyncio.Semaphore(READERS)
        self._closed = False

    @classmethod
    async def open(cls, file: Path) -> Database:
        database = cls(file)
        try:
            await database.write(_prove_writable)
            with store_errors():
                database._lookup = await lookup_connection(file)
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
                return await self._read_threads.run(work)

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
        if self._lookup is None:
            raise StoreUnavailable("The store is closed.")
        with store_errors():
            return list(await self._lookup.execute_fetchall(sql, parameters))

    async def close(self) -> None:
        """Finish the writes, wait for the reads, close every connection."""
        if self._closed:
            return
        self._closed = True
        await self._writer.close()
        await self._write_thread.close()
        await self._read_threads.close()
        if self._lookup is not None:
            await self._lookup.close()

    @property
    def writable(self) -> bool:
        return self._writer.alive

    @property
    def writes_waiting(self) -> int:
        """Writes that were asked for and not begun."""
        return self._writer.waiting

    @property
    def commits(self) -> tuple[int, float]:
        """How many, and the seconds they took together."""
        return self._writer.commits, self._writer.commit_s

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        """A turn to read. Who waits too long hears that the store is not available."""
        try:
            async with asyncio.timeout(READ_WAIT_SECONDS):
                await self._slots.acquire()
        except TimeoutError as error:
            raise StoreUnavailable("The database is too busy to answer.") from error
        try:
            yield
        finally:
            self._slots.release()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("The store is closed.")


def _prove_writable(connection: Connection) -> None:
    """A real write that changes nothing: SQLite opens a read-only file without a word."""
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    connection.exec_driver_sql(f"PRAGMA user_version = {int(version)}")


class Threads:
    """Threads with a connection each. Whoever waits may be cancelled; the transaction is finished all the same."""

    def __init__(self, engine: Engine, count: int, name: str) -> None:
        self._engine = engine
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def run(self, work: Callable[[Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._transact, work)

    async def close(self) -> None:
        await asyncio.to_thread(self._pool.shutdown)
        self._engine.dispose()

    def _transact(self, work: Callable[[Connection], T]) -> T:
        with self._engine.begin() as connection:
            return work(connection)


def insert_row(connection: Connection, table: Table, row: Mapping[str, Any]) -> int:
    """Insert one row and return the number the database gave it."""
    key = connection.execute(insert(table), dict(row)).inserted_primary_key
    if key is None:
        raise StoreError(f"A row of {table.name} has no number.")
    return int(key[0])


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn what the database library raises into the store's errors: try again later, or never try this again."""
    try:
        yield
    except (OverflowError, UnicodeEncodeError) as error:
        # A number or a text that no database can hold is the key of no row.
        raise NotFound("There is no such record.") from error
    except (sqlite3.Error, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        # "locked", "disk full", "no such table"; of the bare class: "not a database", "malformed".
        if isinstance(cause, sqlite3.OperationalError) or type(cause) is sqlite3.DatabaseError:
            raise StoreUnavailable(f"The database does not answer: {cause}") from error
        raise StoreError(f"The database refused this: {cause}") from error
    except SQLAlchemyError as error:
        raise StoreError(f"The database refused this: {error}") from error
