"""One writer: nothing lost, nothing left half-way, commits shared by those who wait together."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from crm_store.errors import StoreUnavailable
from crm_store.sql import writer as writer_module
from crm_store.sql.database import Threads
from crm_store.sql.engine import writer_engine
from crm_store.sql.writer import Transact, Writer


@pytest.fixture
def engine(file: Path) -> Iterator[Engine]:
    created = writer_engine(file)
    with created.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE rows (n INTEGER)")
    yield created
    created.dispose()


@pytest.fixture
async def transact(engine: Engine) -> AsyncIterator[Transact]:
    threads = Threads(engine, 1, "test-write")
    yield threads.run
    await threads.close()


@pytest.fixture
async def writer(transact: Transact) -> AsyncIterator[Writer]:
    created = Writer(transact)
    yield created
    await created.close()


@pytest.fixture
def commits(engine: Engine) -> list[None]:
    """Grows by one with each commit."""
    seen: list[None] = []
    event.listen(engine, "commit", lambda _connection: seen.append(None))
    return seen


@pytest.fixture
def no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows would wait for ever: whatever comes through was pushed."""
    monkeypatch.setattr(writer_module, "GROUP_SECONDS", 3600.0)


def insert(connection: Connection, rows: Sequence[Any]) -> None:
    for row in rows:
        connection.exec_driver_sql("INSERT INTO rows VALUES (?)", (row,))


def insert_seven(connection: Connection) -> int:
    insert(connection, [7])
    return 7


def fail(connection: Connection) -> None:
    insert(connection, [13])
    raise LookupError("thirteen")


def stored(connection: Connection) -> list[int]:
    return list(connection.exec_driver_sql("SELECT n FROM rows ORDER BY rowid").scalars())


async def test_a_write_returns_what_it_found(writer: Writer) -> None:
    assert await writer.run(insert_seven) == 7
    assert await writer.run(stored) == [7]


async def test_rows_of_many_callers_share_one_commit(writer: Writer, commits: list[None]) -> None:
    await asyncio.gather(*(writer.run_rows(insert, [n]) for n in range(50)))
    assert len(commits) == 1
    assert await writer.run(stored) == list(range(50))


@pytest.mark.usefixtures("no_hurry")
async def test_two_hundred_rows_do_not_wait(writer: Writer, commits: list[None]) -> None:
    await asyncio.gather(*(writer.run_rows(insert, [n, n]) for n in range(100)))
    assert len(commits) == 1


@pytest.mark.usefixtures("no_hurry")
async def test_a_persons_write_does_not_wait_and_takes_the_waiting_rows_along(writer: Writer) -> None:
    rows = asyncio.create_task(writer.run_rows(insert, [1]))
    await asyncio.sleep(0)
    assert await writer.run(stored) == [1]
    await rows


async def test_no_rows_are_no_write(writer: Writer, commits: list[None]) -> None:
    await writer.run_rows(insert, [])
    assert commits == []


async def test_a_failed_write_tells_its_caller_and_spares_its_neighbours(writer: Writer) -> None:
    results = await asyncio.gather(
        writer.run(insert_seven), writer.run(fail), writer.run_rows(insert, [1, 2]), return_exceptions=True
    )
    assert results[0] == 7
    assert isinstance(results[1], LookupError)
    assert results[2] is None
    assert await writer.run(stored) == [7, 1, 2]


async def test_a_write_whose_caller_was_cancelled_is_whole_and_leaves_no_transaction(
    writer: Writer, file: Path
) -> None:
    begun, cancelled = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        insert(connection, [1])
        begun.set()
        cancelled.wait(10)
        insert(connection, [2])

    caller = asyncio.create_task(writer.run(slow))
    await asyncio.to_thread(begun.wait)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    cancelled.set()
    assert await writer.run(stored) == [1, 2]
    # Another program gets the write lock at once.
    with closing(sqlite3.connect(file, timeout=0)) as other, other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO rows VALUES (3)")
    assert await writer.run(stored) == [1, 2, 3]


async def test_an_error_that_nobody_waits_for_any_more_is_not_complained_about(writer: Writer) -> None:
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
    caller = asyncio.create_task(writer.run(fail))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert await writer.run(stored) == []
    assert complaints == []


async def test_closing_finishes_every_write_that_was_asked_for(transact: Transact) -> None:
    writer = Writer(transact)
    writes = [asyncio.create_task(writer.run_rows(insert, [n])) for n in range(500)]
    await asyncio.sleep(0)
    await writer.close()
    await asyncio.gather(*writes)
    assert await transact(stored) == list(range(500))
    assert not writer.alive


async def test_a_closed_writer_refuses(transact: Transact) -> None:
    writer = Writer(transact)
    await writer.close()
    await writer.close()
    with pytest.raises(StoreUnavailable):
        await writer.run(stored)


async def test_a_writer_that_is_torn_down_leaves_nobody_waiting(
    transact: Transact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "QUEUE_SIZE", 1)
    writer = Writer(transact)
    callers = [asyncio.create_task(writer.run(insert_seven)) for _ in range(5)]
    await asyncio.sleep(0)
    writer._task.cancel()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert {type(result) for result in results} <= {int, StoreUnavailable}
