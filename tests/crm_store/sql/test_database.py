"""The traps of SQLite under asyncio, each shown not to catch us."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from crm_store.errors import StoreError, StoreUnavailable
from crm_store.sql import database as database_module
from crm_store.sql.database import Database, store_errors
from crm_store.sql.engine import READERS, writer_engine


def read_counter(connection: Connection) -> int:
    found: int = connection.exec_driver_sql("SELECT n FROM counter").scalar_one()
    return found


def add_one(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE counter SET n = ?", (read_counter(connection) + 1,))


class HeldRead:
    """A read that is on its way until it is let go."""

    def __init__(self) -> None:
        self._begun, self._let_go = threading.Event(), threading.Event()

    def __call__(self, connection: Connection) -> int:
        self._begun.set()
        self._let_go.wait(10)
        return read_counter(connection)

    async def begun(self) -> None:
        await asyncio.to_thread(self._begun.wait, 10)

    def let_go(self) -> None:
        self._let_go.set()


async def test_two_hundred_updates_that_read_first_are_all_kept(database: Database) -> None:
    await asyncio.gather(*(database.write(add_one) for _ in range(200)))
    assert await database.read(read_counter) == 200


async def test_updates_of_two_programs_at_once_are_all_kept(database: Database, file: Path) -> None:
    other = writer_engine(file)

    def add_from_other_program() -> None:
        for _ in range(50):
            with other.begin() as connection:
                add_one(connection)

    await asyncio.gather(asyncio.to_thread(add_from_other_program), *(database.write(add_one) for _ in range(50)))
    other.dispose()
    assert await database.read(read_counter) == 100


async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(StoreUnavailable):
        await database.read(add_one)
    assert await database.read(read_counter) == 0


async def test_a_reader_sees_one_moment_while_others_write(database: Database) -> None:
    begun, written = threading.Event(), threading.Event()

    def read_twice(connection: Connection) -> tuple[int, int]:
        first = read_counter(connection)
        begun.set()
        written.wait(10)
        return first, read_counter(connection)

    reading = asyncio.create_task(database.read(read_twice))
    await asyncio.to_thread(begun.wait)
    await database.write(add_one)
    written.set()
    assert await reading == (0, 0)
    assert await database.read(read_counter) == 1


async def test_a_cancelled_read_leaves_the_connection_usable(database: Database) -> None:
    for _ in range(10):  # more often than there are connections
        held = HeldRead()
        reading = asyncio.create_task(database.read(held))
        await held.begun()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        held.let_go()
    await database.write(add_one)
    assert await database.read(read_counter) == 1


async def test_a_cancelled_lookup_leaves_the_connection_usable(database: Database) -> None:
    sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) SELECT count(*) FROM n"
    looking = asyncio.create_task(database.fetch(sql, {}))
    await asyncio.sleep(0)  # it is now in the hands of the connection's thread
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    assert await database.fetch("SELECT n FROM counter WHERE n = :n", {"n": 0}) == [(0,)]


async def test_many_readers_wait_for_their_turn(database: Database) -> None:
    assert await asyncio.gather(*(database.read(read_counter) for _ in range(100))) == [0] * 100


async def test_who_waits_too_long_for_a_turn_hears_that_the_database_is_busy(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "READ_WAIT_SECONDS", 0.01)
    held = [HeldRead() for _ in range(READERS)]
    reads = [asyncio.create_task(database.read(each)) for each in held]
    for each in held:
        await each.begun()
    with pytest.raises(StoreUnavailable, match="busy"):
        await database.read(read_counter)
    for each in held:
        each.let_go()
    assert await asyncio.gather(*reads) == [0] * READERS


async def test_closing_waits_for_reads_and_refuses_new_ones(database: Database) -> None:
    held = [HeldRead() for _ in range(READERS)]
    reads = [asyncio.create_task(database.read(each)) for each in held]
    for each in held:
        await each.begun()
    waiting = [asyncio.create_task(database.read(read_counter)) for _ in range(20)]
    closing = asyncio.create_task(database.close())
    await asyncio.sleep(0)
    for each in held:
        each.let_go()
    await closing
    assert [await read for read in reads] == [0] * READERS
    late = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, StoreUnavailable) for result in late)
    for attempt in (database.read(read_counter), database.write(add_one), database.fetch("SELECT 1", {})):
        with pytest.raises(StoreUnavailable):
            await attempt


async def test_a_statement_that_fails_is_told_as_the_stores_error(database: Database) -> None:
    with pytest.raises(StoreUnavailable, match="no such table"):
        await database.read(lambda connection: connection.exec_driver_sql("SELECT * FROM missing").all())
    with pytest.raises(StoreUnavailable, match="no such table"):
        await database.fetch("SELECT * FROM missing", {})
    with pytest.raises(StoreError, match="refused"), store_errors():
        raise IntegrityError("insert", {}, ValueError("twice"))


def test_a_program_that_ends_says_nothing_of_a_closed_event_loop(file: Path) -> None:
    script = f"""
import asyncio
from crm_store.phone_numbers import NumberProfile
from crm_store.sql import open_store

async def main():
    store = await open_store("sqlite:///{file}", numbers=NumberProfile(region="SK"), migrate=True)
    await store.accounts()
    await store.set_setup_token("x")
    await store.close()

asyncio.run(main())
"""
    run = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr) == (0, "")
