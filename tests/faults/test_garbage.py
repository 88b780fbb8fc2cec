"""What no Asterisk should send, in bulk: the link survives or begins again, and the next call is recorded under its right name."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pbx.simulator.load import load_office, play_load
from pbx.simulator.server import SimulatorServer
from tests.fakes.ami_server import FakeAmiServer, event, snapshot
from tests.faults.found import Faults, Found
from tests.faults.stage import all_live, centre, gaps, link_to, records, settled, until

NAME = "Ján Kováč דנה"
MEGABYTE = 1 << 20


def _random_bytes() -> bytes:
    return random.Random(19).randbytes(MEGABYTE) + b"\r\n\r\n"


#: What is sent; True: so much of it that the link may be given up.
GARBAGE: dict[str, tuple[Callable[[], bytes], bool]] = {
    "random bytes": (_random_bytes, True),
    "NULs": (lambda: b"\0" * 100_000 + b"\r\n\r\n", True),
    "a header of 1 MB": (lambda: b"Event: Newchannel\r\nChannel: " + b"x" * MEGABYTE + b"\r\n\r\n", True),
    "10,000 headers": (lambda: event("Newchannel", *((f"Key{number}", "x") for number in range(10_000))), True),
    "truncated UTF-8": (lambda: b"Event: Newchannel\r\nCallerIDName: J\xc3\r\nUniqueid: 9.\xff\r\n\r\n", False),
    "lone CR and LF": (lambda: b"Event: Hangup\nUniqueid: 1.1\r\rEvent: Hangup\n\n\r\n\r\n" * 50, False),
    "numbers out of range": (
        lambda: event("Newchannel", *snapshot("PJSIP/x-1", "8.8", ChannelState="9" * 400), Timestamp="1e999"),
        False,
    ),
}


async def test_garbage(tmp_path: Path, fault: Faults) -> None:
    wrong: list[str] = []
    slowest_s = 0.0
    async with FakeAmiServer() as pbx, centre(tmp_path, {"main": link_to(pbx)}) as service:
        for number, (what, (garbage, may_break)) in enumerate(GARBAGE.items()):
            links = len(pbx.logins)
            began = time.monotonic()
            await _send(pbx, garbage())
            await _call(pbx, service, number)
            slowest_s = max(slowest_s, time.monotonic() - began)
            if len(pbx.logins) > links and not may_break:
                wrong.append(f"{what}: the link was lost")
        await _send_endless(pbx)
        await _call(pbx, service, len(GARBAGE))
        await _call(pbx, service, len(GARBAGE) + 1, size=1)
        found = await settled(service)
    ours = [one for one in found if str(one["remote"]["raw"]).startswith("+44770090060")]
    wrong += [f"the caller's name is {one['remote']['name']!r}" for one in ours if one["remote"]["name"] != NAME]
    fault(
        "R19",
        f"{', '.join(GARBAGE)}, 100 MB without a line's end, a call split at every byte",
        "the link survives or begins again; no exception; names right",
        Found(
            lost=len(GARBAGE) + 2 - len({one["remote"]["raw"] for one in ours}),
            doubled=len(ours) - len({one["remote"]["raw"] for one in ours}),
            wrong=tuple(wrong),
            more=f"{len(pbx.logins)} logins, at most {slowest_s:.1f} s until the next call",
        ),
    )


async def _send(pbx: FakeAmiServer, data: bytes) -> None:
    with suppress(ConnectionError):  # given up in the middle
        await pbx.send(data)


async def _send_endless(pbx: FakeAmiServer) -> None:
    with suppress(ConnectionError, IndexError):
        for _ in range(100):
            await pbx.send(b"x" * MEGABYTE)


async def _call(pbx: FakeAmiServer, service: Any, number: int, *, size: int = 1 << 16) -> None:
    """One caller comes and goes, once the link is there (again)."""
    await asyncio.sleep(0.05)
    await all_live(service)
    caller = f"+44770090060{number}"
    root = snapshot("PJSIP/trunk-a-0000000a", f"60.{number}", ChannelState=4, CallerIDNum=caller, CallerIDName=NAME)
    whole = event("Newchannel", *root, Timestamp=time.time()) + event("Hangup", *root, Cause=16, Timestamp=time.time())
    await pbx.send_split(whole, size)

    async def stored() -> bool:
        return caller in {one["remote"]["raw"] for one in await records(service)}

    await until(stored)


@pytest.mark.parametrize(
    ("calls_per_second", "seconds"),
    [
        (60, 3),
        pytest.param(571, 10, marks=[pytest.mark.long, pytest.mark.timeout(300)], id="20,000 events a second"),
        pytest.param(143, 600, marks=[pytest.mark.long, pytest.mark.timeout(1200)], id="5,000 events a second"),
    ],
)
async def test_a_storm(tmp_path: Path, calls_per_second: int, seconds: int, fault: Faults) -> None:
    """Simulator and service share this process: the service alone is faster (make bench)."""
    longest_s = 0.0
    async with SimulatorServer(load_office(600)) as pbx, centre(tmp_path, {"main": link_to(pbx)}) as service:
        client = service.links["main"].client

        async def watch() -> None:
            nonlocal longest_s
            while True:
                began = time.monotonic()
                await client.action({"Action": "Ping"}, timeout_s=60)
                longest_s = max(longest_s, time.monotonic() - began)
                await asyncio.sleep(0.1)

        watching = asyncio.create_task(watch())
        numbers = [f"+4420794{number:05}" for number in range(1000)]
        played = await play_load(pbx, calls_per_second=calls_per_second, seconds=seconds, callers=numbers)
        watching.cancel()
        found = await settled(service, within_s=120)
    expected = {call.uniqueid for call in played}
    times = [one["uniqueid"] for one in found]
    wrong = [f"{one['uniqueid']} is {one['state']} {one['outcome']}" for one in found if one["outcome"] != "answered"]
    fault(
        "R15",
        f"{calls_per_second * 35:,} events a second for {seconds} s",
        "the set of records exact; the link holds",
        Found(
            lost=len(expected - set(times)),
            doubled=len(times) - len(set(times)),
            wrong=tuple(wrong[:10]),
            estimated=sum(one["estimated"] for one in found),
            gap_s=sum(gap.seconds for gap in gaps(tmp_path)),
            more=f"{len(found)} calls; an answer took at most {longest_s:.2f} s",
        ),
    )
