"""One writer: nothing lost, nothing left half-way, commits shared by those who wait together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine

from crm_store.errors import StoreUnavailable
from crm_store.sql import writer as writer_module
from crm_store.sql.engine import writer_engine
from crm_store.sql.writer import Writer


@pytest.fixture
async def engine(file: Path) -> AsyncIterator[AsyncEngine]:
    created = writer_engine(file)
    async with created.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE rows (n INTEGER)")
    yield created
    await created.dispose()


@pytest.fixture
async def writer(engine: AsyncEngine) -> AsyncIterator[Writer]:
    created = Writer(engine)
    yield created
    await created.close()


@pytest.fixture
def commits(engine: AsyncEngine) -> list[None]:
    """Grows by one with each commit."""
    seen: list[None] = []
    event.listen(engine.sync_engine, "commit", lambda _connection: seen.append(None))
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
    writer: Writer, engine: AsyncEngine, file: Path
) -> None:
    begun, gone_on = asyncio.Event(), asyncio.Event()

    def slow(connection: Connection) -> None:
        insert(connection, [1])
        loop.call_soon(begun.set)
        insert(connection, [2])
        insert(connection, [3])
        loop.call_soon(gone_on.set)

    loop = asyncio.get_running_loop()
    caller = asyncio.create_task(writer.run(slow))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await gone_on.wait()
    assert await writer.run(stored) == [1, 2, 3]
    # Another program gets the write lock at once.
    other = writer_engine(file)
    async with other.begin() as connection:
        await connection.exec_driver_sql("INSERT INTO rows VALUES (4)")
    await other.dispose()
    assert await writer.run(stored) == [1, 2, 3, 4]


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


async def test_closing_finishes_every_write_that_was_asked_for(engine: AsyncEngine) -> None:
    writer = Writer(engine)
    writes = [asyncio.create_task(writer.run_rows(insert, [n])) for n in range(500)]
    await asyncio.sleep(0)
    await writer.close()
    await asyncio.gather(*writes)
    async with engine.connect() as connection:
        assert await connection.run_sync(stored) == list(range(500))
    assert not writer.alive


async def test_a_closed_writer_refuses(engine: AsyncEngine) -> None:
    writer = Writer(engine)
    await writer.close()
    await writer.close()
    with pytest.raises(StoreUnavailable):
        await writer.run(stored)


async def test_a_writer_that_is_torn_down_leaves_nobody_waiting(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "QUEUE_SIZE", 1)
    writer = Writer(engine)
    callers = [asyncio.create_task(writer.run(insert_seven)) for _ in range(5)]
    await asyncio.sleep(0)
    writer._task.cancel()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert {type(result) for result in results} <= {int, StoreUnavailable}
