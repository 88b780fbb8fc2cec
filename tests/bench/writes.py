"""G15: what durable writing gives and costs. Every commit is fsynced (synchronous=FULL), ours and the reference's alike.

Rows a second: fifty at once through the store, against one row and one commit at a time through aiosqlite. Then what writing costs a pop:
the service with its call records and without, in turns. Then `kill -9` in mid-work: whatever was acknowledged has to be there.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import aiosqlite
import uvloop

from crm_store.phone_numbers import NumberProfile
from crm_store.sql import SqlStore, open_store
from tests.bench.cache import folder
from tests.bench.contacts import CONTACTS, REGION, call_record, copy_database
from tests.bench.figures import Figure, compared, percentile, plain
from tests.bench.pops import Points, Stand
from tests.bench.processes import Mailbox, Part, undisturbed

AT_ONCE = 50
ROWS = 2000
RATES = (100, 200, 300)
_SECONDS = 4.0
_KILLED_AFTER_S = 1.0
#: As call_log_service.py hands them over: what was gathered in a tenth of a second at 300 calls a second.
_GATHERED = 30
_ONE_ROW = "INSERT INTO activities (kind, at, customer_id, agent, text) VALUES ('note', ?, ?, 'bench', 'Wants to be called back')"


def run(rounds: int) -> Iterator[Figure]:
    """Rows a second, the pop with and without writes, what kill -9 took."""
    with tempfile.TemporaryDirectory(dir=folder()) as scratch:
        database = copy_database(Path(scratch) / "cti.db")
        rates = uvloop.run(_rows_per_second(database, rounds))
        acknowledged, lost = _kill(database)
    single = rates["single"]
    yield compared("G15", f"call records, {AT_ONCE} writers, one record each", rates["records"], single,
                   unit="/s", against="single commits", at_least=5.0)  # fmt: skip
    yield compared("G15", f"call records, {_GATHERED} at a time as the service writes them", rates["gathered"], single,
                   unit="/s", against="single commits")  # fmt: skip
    yield compared("G15", f"notes, {AT_ONCE} writers", rates["notes"], single, unit="/s", against="single commits")
    yield Figure(goal="G15", what="acknowledged records lost by kill -9", measured=lost, unit="records",
                 reference=acknowledged, reference_name="acknowledged", value=lost, at_most=0)  # fmt: skip
    yield from _pop_figures(rounds)


# --- rows a second ----------------------------------------------------------------------------------------------------


async def _rows_per_second(database: Path, rounds: int) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {"records": [], "gathered": [], "notes": [], "single": []}
    store = await open_store(f"sqlite:///{database}", numbers=NumberProfile(region=REGION))
    numbers = iter(range(10**9))
    try:
        async with aiosqlite.connect(database, isolation_level=None) as bare:
            for pragma in ("busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL"):
                await bare.execute(f"PRAGMA {pragma}")
            ways: dict[str, tuple[Callable[[int], Awaitable[object]], int, int]] = {
                "records": (lambda order: save(store, [order]), AT_ONCE, 1),
                "gathered": (lambda order: save(store, range(order, order + _GATHERED)), 1, _GATHERED),
                "notes": (lambda order: _note(store, order), AT_ONCE, 1),
                "single": (lambda order: _single(bare, order), 1, 1),
            }
            with undisturbed():
                for _ in range(rounds):
                    for name, (write, at_once, rows) in ways.items():
                        first = next(numbers) * 10 * ROWS
                        rates[name].append(await _rate(write, first=first, at_once=at_once, rows=rows))
    finally:
        await store.close()
    return rates


async def _rate(write: Callable[[int], Awaitable[object]], *, first: int, at_once: int, rows: int) -> float:
    orders = iter(range(first, first + ROWS, rows))

    async def writer() -> None:
        for order in orders:
            await write(order)

    started = time.perf_counter()
    await asyncio.gather(*(asyncio.create_task(writer()) for _ in range(at_once)))
    return ROWS / (time.perf_counter() - started)


async def save(store: SqlStore, orders: range | list[int]) -> None:
    """Durable when it returns."""
    records = [call_record(call_id(order), customer=order % CONTACTS + 1) for order in orders]
    await store.save_calls(records, now=datetime.now(UTC))


def call_id(order: int) -> str:
    """Of the n-th call of this bench."""
    return f"01KB{order:022d}"


async def _note(store: SqlStore, order: int) -> None:
    await store.add_activity(
        kind="note",
        text="Wants to be called back",
        customer_id=order % CONTACTS + 1,
        user="bench",
        at=datetime.now(UTC),
    )


async def _single(bare: aiosqlite.Connection, order: int) -> None:
    """Without a transaction around it each statement is one, and is committed by itself."""
    await bare.execute(_ONE_ROW, (datetime.now(UTC).isoformat(), order % CONTACTS + 1))


# --- kill -9 ----------------------------------------------------------------------------------------------------------


def _kill(database: Path) -> tuple[int, int]:
    """How many records were acknowledged before the kill, and how many of them are gone."""
    acknowledged: list[int] = []
    with Part(_write_for_ever, database) as writer:
        writer.answer()
        deadline = time.monotonic() + _KILLED_AFTER_S
        while time.monotonic() < deadline:
            acknowledged += writer.answer()
        writer.kill()
        acknowledged += [order for orders in writer.left_over() for order in orders]
    with sqlite3.connect(database) as left:
        kept = {row[0] for row in left.execute("SELECT id FROM calls WHERE id >= ?", (call_id(_KILL_FIRST),))}
    return len(acknowledged), sum(1 for order in acknowledged if call_id(order) not in kept)


_KILL_FIRST = 10**12


async def _write_for_ever(mailbox: Mailbox, database: Path) -> None:
    store = await open_store(f"sqlite:///{database}", numbers=NumberProfile(region=REGION))
    orders = iter(range(_KILL_FIRST, _KILL_FIRST + 10**9))

    async def writer() -> None:
        for order in orders:
            await save(store, [order])
            mailbox.answer([order])

    mailbox.answer("ready")
    await asyncio.gather(*(asyncio.create_task(writer()) for _ in range(AT_ONCE)))


# --- pops beside writes -----------------------------------------------------------------------------------------------


def _pop_figures(rounds: int) -> Iterator[Figure]:
    points: Points = {}
    with ExitStack() as stack:
        stand = Stand(stack, ("ours", "unwritten"))
        stand.warm_up()
        for _ in range(rounds):
            for rate in RATES:
                for name in ("ours", "unwritten"):
                    stand.measure((name, rate, _SECONDS, False), points)
    held = [rate for rate in RATES if not any(_lost(points, name, rate) for name in ("ours", "unwritten"))]
    for rate in RATES:
        written, unwritten = points["ours", rate, False], points["unwritten", rate, False]
        lost = f"{_lost(points, 'ours', rate)} and {_lost(points, 'unwritten', rate)} of {written.rings} lost or wrong"
        goal = {"at_most": 2.5} if rate == max(held, default=max(RATES)) else {}
        yield compared("G15", f"pop p99 with writes at {rate} calls/s ({lost})", written.p99, unwritten.p99,
                       unit="ms", against="without", **goal)  # fmt: skip
    yield Figure(goal="G15", what=f"highest rate that both hold, of {', '.join(map(str, RATES))}", unit="calls/s",
                 measured=max(held, default=0))  # fmt: skip
    worst = [percentile(points["ours", rate, False].all, 0.999) for rate in RATES]
    yield plain("G15", "pop p99.9 with writes, median of the rates", [median(worst)], "ms")


def _lost(points: Points, name: str, rate: int) -> int:
    point = points[name, rate, False]
    return point.lost + point.wrong
