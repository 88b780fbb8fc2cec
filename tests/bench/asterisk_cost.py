"""G11: what our service costs for a queue call, against what Asterisk itself spends on it: a real Asterisk 22, callers and phones by SIPp.

CPU time of both processes over the same calls (no sound flows; Asterisk has our one login), after some that nobody counts.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.asterisk import install
from tests.asterisk.pbx import RealAsterisk
from tests.asterisk.plan import BANK_PHONES, DID
from tests.asterisk.served import ServedProcess
from tests.asterisk.sipp import Caller, PhoneBank
from tests.asterisk.sipp_scenarios import Answering
from tests.bench.cache import NotPossibleHere, folder
from tests.bench.figures import Figure, compared

_LINE = DID(43)
_WARM, _CALLS, _RATE = 40, 400, 20
_NUMBERS = [f"+447700900{index:03}" for index in range(1000)]


def run(rounds: int) -> Iterator[Figure]:
    """Milliseconds of CPU for each call."""
    if os.geteuid() != 0:
        raise NotPossibleHere(str(install.available()))
    try:
        install.ensure_asterisk()
    except (install.InstallError, OSError) as error:
        raise NotPossibleHere(str(error)) from error
    with tempfile.TemporaryDirectory(dir=folder()) as scratch:
        ours, theirs = asyncio.run(_measure(Path(scratch), rounds))
    yield compared("G11", f"CPU of a queue call in a real Asterisk 22, {_RATE} calls/s", ours, theirs,
                   unit="ms", against="Asterisk itself", at_most=0.15)  # fmt: skip


async def _measure(scratch: Path, rounds: int) -> tuple[list[float], list[float]]:
    ours: list[float] = []
    theirs: list[float] = []
    async with (
        RealAsterisk() as pbx,
        ServedProcess(pbx, scratch, agents=BANK_PHONES) as service,
        PhoneBank(pbx, Answering(after_ms=100, talk_ms=300)),
    ):
        done = await _call(pbx, service, _WARM, done=0)
        for _ in range(rounds):
            before = (service.cpu_s(), pbx.cpu_s())
            done = await _call(pbx, service, _CALLS, done=done)
            after = (service.cpu_s(), pbx.cpu_s())
            ours.append((after[0] - before[0]) * 1000 / _CALLS)
            theirs.append((after[1] - before[1]) * 1000 / _CALLS)
    return ours, theirs


async def _call(pbx: RealAsterisk, service: ServedProcess, calls: int, *, done: int) -> int:
    """Let so many callers through the queue; returns how many there were in all, when the last one is written."""
    first = done % len(_NUMBERS)
    caller = Caller(pbx, _LINE, number=_NUMBERS[first:] + _NUMBERS[:first], name="Bench", count=calls, rate=_RATE)
    await caller.call(timeout_s=60 + calls / _RATE * 3)
    await service.settled(done + calls, timeout_s=120)
    return done + calls
