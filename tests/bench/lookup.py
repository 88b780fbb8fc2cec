"""G5 to G7: who is calling, among a million contacts, through the store as the service asks it, against bare aiosqlite.

One process on uvloop, as the service; all ways take turns within each round. One number in ten is nobody's.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import aiosqlite
import uvloop

from crm_store.caller_lookup import MatchReason
from crm_store.phone_numbers import NumberKind, NumberProfile, PhoneNumber, normalise
from crm_store.sql import SqlStore, open_store
from crm_store.sql.columns import time_text
from crm_store.sql.lookup import find_statement
from tests.bench.cache import folder
from tests.bench.contacts import CONTACTS, REGION, copy_database, number_of
from tests.bench.figures import Figure, compared, percentile, plain
from tests.bench.processes import undisturbed

LOOKUPS = 2000
CARDS = 1000
SCANS = 3
AT_ONCE = 50
MISSES = 0.1
#: As the service sets it (ctiserver/lifecycle.py).
_THREAD_TURN_S = 0.0005
_EXACT = (
    "SELECT p.id, p.name, p.company, p.kind, p.language FROM party_phones AS n JOIN parties AS p ON p.id = n.party_id"
    " WHERE n.number = ? AND p.active LIMIT 9"
)
_SCAN = _EXACT.replace("n.number = ?", "n.number LIKE ?")
_FIVE = (
    "SELECT id, version, name, display_name, company, kind, language, external_id, note FROM parties WHERE id = ?",
    "SELECT number, display, label, extension FROM party_phones WHERE party_id = ? ORDER BY position LIMIT 6",
    "SELECT at, kind, text, agent FROM activities WHERE customer_id = ? ORDER BY at DESC, id DESC LIMIT 3",
    "SELECT id, kind, title, due_at, owner FROM tasks WHERE customer_id = ? AND +state = 'open' ORDER BY +due_at LIMIT 5",
    "SELECT at, id, direction, outcome FROM calls WHERE customer_id = ? AND state = 'ended' ORDER BY at DESC, seq DESC"
    " LIMIT 3",
)

#: Asks for the contact of this number (0, 1, 2 …); what it finds is the caller's affair.
_Ask = Callable[[int], Awaitable[object]]


@dataclass(slots=True)
class _Way:
    """One way of asking; what each round gave: answers a second, and microseconds at p50 and p99."""

    ask: _Ask
    count: int
    at_once: int = 1
    rate: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)


def run(rounds: int) -> Iterator[Figure]:
    """Look-ups a second, microseconds, and their ratios."""
    with tempfile.TemporaryDirectory(dir=folder()) as scratch:
        ways = uvloop.run(_measure(copy_database(Path(scratch) / "cti.db"), rounds))
    yield from _exact_figures(ways)
    yield from _suffix_figures(ways)
    card, five = ways["card"], ways["five"]
    yield compared("G7", "whole card in one trip, p50", card.p50, five.p50,
                   unit="µs", against="five aiosqlite awaits", at_most=0.45)  # fmt: skip
    yield plain("G7", "whole card in one trip, p99", card.p99, "µs", reference=five.p99, against="five awaits")


async def _measure(database: Path, rounds: int) -> dict[str, _Way]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_THREAD_TURN_S)
    try:
        async with _store(database) as store, aiosqlite.connect(f"file:{database}?mode=ro", uri=True) as bare:
            ways = _ways(store, bare)
            await _prove(store, bare)
            rng = random.Random(1)
            with undisturbed():
                for number in range(-1, rounds):
                    for way in ways.values():
                        await _one_round(way, rng, warm=number < 0)
            return ways
    finally:
        sys.setswitchinterval(before)


@asynccontextmanager
async def _store(database: Path) -> AsyncIterator[SqlStore]:
    store = await open_store(f"sqlite:///{database}", numbers=NumberProfile(region=REGION))
    try:
        yield store
    finally:
        await store.close()


def _ways(store: SqlStore, bare: aiosqlite.Connection) -> dict[str, _Way]:
    async def scan(contact: int) -> object:
        return await bare.execute_fetchall(_SCAN, (f"%{number_of(contact)[-8:]}",))

    async def one_by_one(contact: int) -> object:
        return [await bare.execute_fetchall(sql, (contact % CONTACTS + 1,)) for sql in _FIVE]

    def by_number(contact: int) -> Awaitable[object]:
        return store.find_caller(_number(contact))

    week_ago = time_text(datetime.now(UTC) - timedelta(days=7))

    def same_statement(contact: int) -> Awaitable[object]:
        keys = {"exact": number_of(contact), "week_ago": week_ago}
        return bare.execute_fetchall(find_statement((MatchReason.EXACT,)), keys)

    def bare_exact(contact: int) -> Awaitable[object]:
        return bare.execute_fetchall(_EXACT, (number_of(contact),))

    return {
        "store": _Way(by_number, LOOKUPS),
        "bare": _Way(bare_exact, LOOKUPS),
        "same": _Way(same_statement, LOOKUPS),
        "store x50": _Way(by_number, LOOKUPS, AT_ONCE),
        "bare x50": _Way(bare_exact, LOOKUPS, AT_ONCE),
        "same x50": _Way(same_statement, LOOKUPS, AT_ONCE),
        "suffix": _Way(lambda contact: store.find_caller(_ending(contact)), LOOKUPS),
        "scan": _Way(scan, SCANS),
        "card": _Way(lambda contact: store.card(contact % CONTACTS + 1), CARDS),
        "five": _Way(one_by_one, CARDS),
    }


async def _prove(store: SqlStore, bare: aiosqlite.Connection) -> None:
    """Each way finds whom it should: a bench of the wrong answer is none."""
    for contact in (6, 999_999):
        found = await store.find_caller(_number(contact))
        ending = await store.find_caller(_ending(contact))
        rows = list(await bare.execute_fetchall(_EXACT, (number_of(contact),)))
        ids = ([card["id"] for card in found.cards], [row[0] for row in rows])
        if ids != ([contact + 1], [contact + 1]) or contact + 1 not in [card["id"] for card in ending.cards]:
            raise AssertionError(f"contact {contact} was not found: {ids}, {ending}")


def _number(contact: int) -> PhoneNumber:
    return normalise(number_of(contact), NumberProfile(region=REGION))


def _ending(contact: int) -> PhoneNumber:
    """The last seven, eight or nine digits, as a PBX tells them that cuts numbers."""
    digits = number_of(contact)[-(7 + contact % 3) :]
    return PhoneNumber(kind=NumberKind.UNVERIFIED, number=digits, display=digits, raw=digits, national=digits)


async def _one_round(way: _Way, rng: random.Random, *, warm: bool) -> None:
    wanted = [_someone(rng) for _ in range(way.count)]
    for contact in wanted:
        _number(contact)  # reading a number is G16's affair: here it comes from its cache
    times: list[float] = []
    waiting = iter(wanted)

    async def asker() -> None:
        for contact in waiting:
            begun = time.perf_counter()
            await way.ask(contact)
            times.append(time.perf_counter() - begun)

    started = time.perf_counter()
    await asyncio.gather(*(asyncio.create_task(asker()) for _ in range(way.at_once)))
    elapsed = time.perf_counter() - started
    if not warm:
        way.rate.append(len(times) / elapsed)
        way.p50.append(percentile(times, 0.50) * 1e6)
        way.p99.append(percentile(times, 0.99) * 1e6)


def _someone(rng: random.Random) -> int:
    """One in ten is no contact: the numbers go on after the last one."""
    return rng.randrange(CONTACTS) + (2 * CONTACTS if rng.random() < MISSES else 0)


# --- the table --------------------------------------------------------------------------------------------------------


def _exact_figures(ways: dict[str, _Way]) -> Iterator[Figure]:
    for suffix, name, most in (("", "one at a time", 200.0), (" x50", f"{AT_ONCE} at once", 5000.0)):
        ours, bare = ways[f"store{suffix}"], ways[f"bare{suffix}"]
        yield compared("G5", f"caller with the whole card, 1 M contacts, {name}", ours.rate, bare.rate,
                       unit="/s", against="bare look-up, no card", at_least=0.9)  # fmt: skip
        yield compared("G5", f"the same, {name}, against its own statement", ours.rate, ways[f"same{suffix}"].rate,
                       unit="/s", against="bare, same statement", at_least=0.9)  # fmt: skip
        yield plain("G5", f"the same, {name}, p50", ours.p50, "µs", reference=bare.p50, against="bare")
        yield plain("G5", f"the same, {name}, p99", ours.p99, "µs", reference=bare.p99, against="bare", at_most=most)
    ours, five = ways["store"], ways["five"]
    both = _sums(ways["bare"].p50, five.p50)
    yield compared("G5", "the same, p50, with what the card costs beside it", ours.p50, both,
                   unit="µs", against="bare look-up and five awaits")  # fmt: skip


def _sums(ones: Sequence[float], others: Sequence[float]) -> list[float]:
    return [one + other for one, other in zip(ones, others, strict=True)]


def _suffix_figures(ways: dict[str, _Way]) -> Iterator[Figure]:
    suffix, exact, scan = ways["suffix"], ways["store"], ways["scan"]
    yield compared("G6", "last 7 to 9 digits, p50", suffix.p50, exact.p50, unit="µs", against="exact", at_most=1.5)
    yield Figure(
        goal="G6", what="how many times a LIKE scan takes that long", measured=median(suffix.p50), unit="µs",
        reference=median(scan.p50), reference_name="µs scan", value=median(scan.p50) / median(suffix.p50),
        at_least=5000,
    )  # fmt: skip
