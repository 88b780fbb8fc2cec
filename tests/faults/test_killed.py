"""Our process dies, or is asked to go, in the middle of the work."""

from __future__ import annotations

import asyncio
import random
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from crm_store.activities import CallRecord
from pbx.asterisk.ami_journal import read_journal
from pbx.simulator import AgentPlan, CallerPlan, QueuePlan, Simulator, SimulatorServer
from pbx.simulator.flows import FOREVER_S, Flow
from tests.asterisk.compare import seconds
from tests.asterisk.served import PBX, ServedProcess
from tests.faults.clerk import clerk_at_work
from tests.faults.found import Faults, Found
from tests.faults.served import Witness, process, simulated
from tests.faults.stage import Gap, gaps, integrity, until
from tests.pbx.folding import fold

AGENTS = tuple(str(1001 + number) for number in range(20))
CONCURRENT, NEW_EACH_ROUND = 200, 60
# What happens so near to the death of our process may not have been written.
WRITTEN_S = 0.5


def _office() -> Simulator:
    people = [AgentPlan(extension=extension, name=f"Agent {extension}") for extension in AGENTS]
    queue = QueuePlan(name="support", did="+442079460130", members=AGENTS, longest_wait_s=FOREVER_S)
    return Simulator(agents=people, queues=(queue,))


@pytest.mark.parametrize(
    "rounds",
    [pytest.param(1, id="short"), pytest.param(100, id="full", marks=[pytest.mark.long, pytest.mark.timeout(3000)])],
)
async def test_two_hundred_calls_survive_kill_9(tmp_path: Path, rounds: int, fault: Faults) -> None:
    dice = random.Random(rounds)
    deaths: list[tuple[float, float]] = []
    before: dict[str, str] = {}
    async with (
        simulated(_office()) as (pbx, link),
        Witness(pbx) as witness,
        process(link, tmp_path, agents=AGENTS) as ours,
    ):
        callers = _call(pbx, 0, CONCURRENT, dice)
        async with clerk_at_work(ours, f"agent-{AGENTS[0]}") as clerk:
            for number in range(rounds):
                if number:
                    callers += _call(pbx, len(callers), NEW_EACH_ROUND, dice)
                await asyncio.sleep(dice.uniform(0.8, 2.5))
                before |= {one["remote"]["raw"]: one["id"] for one in await ours.store.open_calls(PBX)}
                killed_at = await ours.kill()
                await asyncio.sleep(dice.uniform(0.2, 1.0))
                await ours.start()
                deaths.append((killed_at, time.time()))
        await asyncio.sleep(1.0)  # what ends right after a gap may have been asked for in it
        for number in callers:
            pbx.hang_up(number)
        await ours.settled(0)
        truth = {one["remote"]["raw"]: one for one in witness.folded().records}
        unwritten = {number for number, one in truth.items() if _in_a_gap(one, gaps(tmp_path))}
        await ours.settled(len(callers) - len(unwritten))
        records, unkept = await ours.records(), await clerk.differences()
        told, kept = list(link.told), b"".join(read_journal(tmp_path / "journal", PBX))
        await ours.kill()
    times = Counter(one["remote"]["raw"] for one in records)
    missing = set(callers) - times.keys()
    wrong = [line for one in records for line in _differences(one, truth[one["remote"]["raw"]], before, deaths)]
    wrong += [_told_twice(one) for one in records if times[one["remote"]["raw"]] > 1]
    wrong += [*_journal_differences(told, kept), *unkept]
    if integrity(tmp_path) != "ok":
        wrong.append(integrity(tmp_path))
    fault(
        "R1",
        f"kill -9 at {rounds} random moments, {CONCURRENT} calls at once",
        "each call once, under its id; no journalled byte, no acknowledged write lost; integrity ok",
        Found(
            lost=len(missing - unwritten),
            doubled=sum(times.values()) - len(times),
            wrong=tuple(wrong),
            estimated=sum(one["estimated"] for one in records),
            gap_s=sum(gap.seconds for gap in gaps(tmp_path)),
            more=f"{len(records)} calls, {len(before)} were open at a death, {len(missing)} over within a gap that is written down, "
            f"{len(clerk.acknowledged)} acknowledged writes",
        ),
    )
    assert clerk.acknowledged
    assert len(gaps(tmp_path)) == rounds


def _call(pbx: SimulatorServer, first: int, count: int, dice: random.Random) -> list[str]:
    numbers = [f"+4477{first + number:08}" for number in range(count)]
    for number in numbers:
        talk_s = dice.uniform(0.5, 8.0)
        pbx.start_flow("queue_answered", Flow(caller=CallerPlan(number=number), ring_s=0.2, talk_s=talk_s))
    return numbers


def _differences(
    record: CallRecord, truth: CallRecord, before: dict[str, str], deaths: Sequence[tuple[float, float]]
) -> list[str]:
    number = str(record["remote"]["raw"])
    wrong = [] if record["state"] == "ended" else [f"is still {record['state']}"]
    if before.get(number, record["id"]) != record["id"]:
        wrong.append("goes on under another id")
    ended_at = seconds(truth["ended_at"]) or 0.0
    unseen = any(killed - WRITTEN_S <= ended_at <= back for killed, back in deaths)
    if not record["estimated"] and not unseen:
        wrong += [f"{key}: {record[key]} for {truth[key]}" for key in ("outcome", "queue") if record[key] != truth[key]]
        if abs(record["talk_s"] - truth["talk_s"]) > 1.0:
            wrong.append(f"talked {record['talk_s']} s for {truth['talk_s']} s")
    if record["outcome"] == "answered" and truth["outcome"] != "answered":
        wrong.append("is answered; nobody talked")
    if any(killed < ended_at < back - 1.0 for killed, back in deaths) and not record["estimated"]:
        wrong.append("ended unseen, and is not estimated")
    return [f"{number}: {line}" for line in wrong]


def _in_a_gap(truth: CallRecord, written: Sequence[Gap]) -> bool:
    """It was over before anybody listened again, so near to our death that its record may not have been written."""
    ended_at = seconds(truth["ended_at"]) or 0.0
    return any(gap.since <= ended_at <= gap.until for gap in written)


def _told_twice(record: CallRecord) -> str:
    """One of several records of a call, for whoever looks for the cause."""
    legs = [(leg["extension"], leg["rang_at"], leg["answered_at"], leg["result"]) for leg in record["legs"]]
    keys = (
        "uniqueid",
        "linkedid",
        "direction",
        "queue",
        "started_at",
        "answered_at",
        "ended_at",
        "outcome",
        "estimated",
    )
    return f"told twice: {[record[key] for key in keys]} {legs}"


def _journal_differences(told: Sequence[bytes], kept: bytes) -> list[str]:
    """The journal is what each connection began with, one after the other: nothing missing in between, nothing torn.

    A connection that we died in before we were logged in may have left nothing.
    """
    begun = [found.start() for found in re.finditer(b"Asterisk Call Manager/", kept)]
    written = [kept[start:end] for start, end in zip(begun, [*begun[1:], len(kept)], strict=True)]
    for number, connection in enumerate(told):
        if written and bytes(connection).startswith(written[0]):
            written.pop(0)
        elif b"Event: FullyBooted" in connection:
            return [f"the journal of connection {number} is not what was sent"]
    return ["the journal has more than was sent"] if written else []


async def test_a_death_between_journal_and_database_loses_nothing_for_ever(tmp_path: Path, fault: Faults) -> None:
    async with simulated(_office()) as (pbx, link), process(link, tmp_path, agents=AGENTS) as ours:
        await pbx.play("queue_answered", _short("+447700900000"))
        await ours.settled(1)
        with closing(sqlite3.connect(tmp_path / "cti.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            pbx.start_flow("queue_answered", _long("+447700900001"))
            await pbx.play("queue_answered", _short("+447700900002"))
            await asyncio.sleep(0.5)
            await ours.kill()
            other.execute("ROLLBACK")
        await ours.start()
        pbx.hang_up("+447700900001")
        await ours.settled(2)
        records = (await ours.records())[1:]
        journal = b"".join(read_journal(tmp_path / "journal", PBX))
        (gap,) = await ours.written_gaps()
    replays = [fold(journal).records for _ in range(2)]
    replayed = {one["remote"]["raw"]: one["outcome"] for one in replays[0]}
    stored = [one["remote"]["raw"] for one in records]
    wrong = [] if replays[0] == replays[1] else ["two replays differ"]
    if replayed != {f"+44770090000{number}": "answered" for number in range(3)}:
        wrong.append(f"the journal replays to {replayed}")
    if [one["estimated"] for one in records] != [True] or integrity(tmp_path) != "ok":
        wrong.append(f"the store has {stored}, {integrity(tmp_path)}")
    ended = next(seconds(one["ended_at"]) or 0.0 for one in replays[0] if one["remote"]["raw"] == "+447700900002")
    if not gap.since <= ended <= gap.until:
        wrong.append("what was not written is in no gap")
    fault(
        "R2",
        "kill -9 while the database is locked: events journalled, records not written",
        "replay the same each time; what runs goes on, what ended is in the gap and in the journal",
        Found(
            doubled=len(stored) - len(set(stored)),
            wrong=tuple(wrong),
            estimated=sum(one["estimated"] for one in records),
            gap_s=gap.until - gap.since,
        ),
    )


FIVE = AGENTS[:5]
AT_LUNCH = AGENTS[5]
PAUSING = "[wrap_up]\ndefault_s = 600\npause_members = true\n"


@pytest.mark.parametrize("away_s", [3.0, pytest.param(60.0, marks=[pytest.mark.long, pytest.mark.timeout(240)])])
async def test_nobody_stays_paused_because_of_us(tmp_path: Path, away_s: float, fault: Faults) -> None:
    people = [AgentPlan(extension=extension, name=f"Agent {extension}") for extension in AGENTS[:6]]
    queue = QueuePlan(name="support", did="+442079460130", members=AGENTS[:6], longest_wait_s=FOREVER_S)
    simulator = Simulator(agents=people, queues=(queue,))
    line = simulator.queues["support"]
    line.pause(line.members[5], paused=True, reason="lunch")
    async with simulated(simulator) as (pbx, link), process(link, tmp_path, agents=AGENTS[:6], more=PAUSING) as ours:
        await asyncio.gather(
            *(pbx.play("queue_answered", _short(f"+44770090010{number}")) for number in range(len(FIVE)))
        )
        await _paused(simulator, 5)
        waiting = [f"+44770090020{number}" for number in range(3)]
        for number in waiting:
            pbx.start_flow("queue_answered", _long(number))
        await _stored_open(ours, waiting)
        before = await _ids(ours)
        await ours.kill()
        await asyncio.sleep(away_s)
        paused_while_away = _ours(simulator)
        spawned = time.monotonic()
        await ours.start()
        live = time.monotonic()
        await _paused(simulator, 0)
        released_s, since_spawn_s = time.monotonic() - live, time.monotonic() - spawned
        after_start = _reasons(simulator)
        after, (gap,) = await _ids(ours), await ours.written_gaps()
        wrong = [] if after == before else [f"calls {before} became {after}"]
        if released_s > 2.0:
            wrong.append(f"released {released_s:.1f} s after the start")
        if after_start != {AT_LUNCH: "lunch"}:
            wrong.append(f"paused after the start: {after_start}")
        fault(
            "pauses, kill -9",
            f"{paused_while_away} in wrap-up, 3 callers wait, one member at lunch; kill -9, back after {away_s:.0f} s",
            "none paused by us 2 s after the start, lunch stays",
            Found(
                wrong=tuple(wrong),
                gap_s=gap.until - gap.since,
                more=f"released {released_s:.2f} s after the link was live, {since_spawn_s:.1f} s after the start",
            ),
        )
        await _until_talking(ours)
        pbx.hang_up(waiting[0])
        await _paused(simulator, 1)
        await _told_to_stop(pbx, ours, tmp_path, simulator, waiting[1:], fault)


async def _told_to_stop(
    pbx: SimulatorServer, ours: ServedProcess, folder: Path, simulator: Simulator, talking: Sequence[str], fault: Faults
) -> None:
    """One agent is in wrap-up, two talk, one is at lunch; SIGTERM."""
    before = await _ids(ours)
    took_s = await ours.stop()
    left = _reasons(simulator)
    await ours.start()
    after = await _ids(ours)
    await asyncio.sleep(1.0)  # what ends right after a gap may have been asked for in it
    for number in talking:
        pbx.hang_up(number)
    await ours.settled(8)
    records = await ours.records()
    wrong = [] if left == {AT_LUNCH: "lunch"} else [f"paused after SIGTERM: {left}"]
    if took_s > 5.0:
        wrong.append(f"it took {took_s:.1f} s")
    if {number: after.get(number) for number in talking} != {number: before[number] for number in talking}:
        wrong.append(f"calls {before} became {after}")
    fault(
        "R23",
        "SIGTERM with two calls in talk and one agent in wrap-up",
        "ends within 5 s, nobody paused by us, calls go on after the restart",
        Found(
            lost=8 - len(records),
            doubled=len(records) - len({one["remote"]["raw"] for one in records}),
            wrong=tuple(wrong),
            estimated=sum(one["estimated"] for one in records),
            gap_s=gaps(folder)[-1].seconds,
            more=f"ended in {took_s:.1f} s",
        ),
    )


def _short(number: str) -> Flow:
    return Flow(caller=CallerPlan(number=number), ring_s=0.1, talk_s=0.3)


def _long(number: str) -> Flow:
    return Flow(caller=CallerPlan(number=number), ring_s=0.1, talk_s=FOREVER_S)


def _reasons(simulator: Simulator) -> dict[str, str]:
    members = simulator.queues["support"].members
    return {one.endpoint.removeprefix("PJSIP/"): one.paused_reason for one in members if one.paused}


def _ours(simulator: Simulator) -> int:
    return sum(reason == "wrapup" for reason in _reasons(simulator).values())


async def _paused(simulator: Simulator, count: int) -> None:
    """So many members are paused by us."""
    await until(lambda: _ours(simulator) == count, what=f"{count} paused by us")


async def _ids(ours: ServedProcess) -> dict[str, str]:
    return {str(one["remote"]["raw"]): one["id"] for one in await ours.store.open_calls(PBX)}


async def _stored_open(ours: ServedProcess, numbers: Sequence[str]) -> None:
    async def stored() -> bool:
        return set(numbers) <= (await _ids(ours)).keys()

    await until(stored)


async def _until_talking(ours: ServedProcess) -> None:
    async def talking() -> bool:
        return {one["state"] for one in await ours.store.open_calls(PBX)} == {"talking"}

    await until(talking)
