"""The telephone system of the load and the storm: calls rendered as they come, so a long run needs no memory; and what truly happened.

Each event has the Timestamp of its moment, so whoever handles it knows how late that is. The events of one moment of one call go out in one
write; with `apart` each in a write of its own, as Asterisk sends them (at the highest rates that would be all this process could do).
"""

from __future__ import annotations

import asyncio
import heapq
import time
from array import array
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import cache

from pbx.simulator.load import CallStamp, load_office
from pbx.simulator.server import SimulatorServer
from tests.bench.contacts import AGENTS, CONTACTS, number_of
from tests.bench.load_sender import OFFER, STRIDE, Ring, events_of, in_real_time
from tests.bench.processes import Mailbox, cpu_seconds

#: Short talks: at a thousand calls a second each of the five hundred agents still has one call at a time.
RING_S, TALK_S = 0.1, 0.3
#: After so many writes everything else gets its turn.
_AT_ONE_GO = 50


@dataclass(frozen=True, slots=True)
class TrueCall:
    """What happened in one call; seconds since 1970. `contact` (0, 1, 2 …) called, `extension` answered."""

    uniqueid: str
    contact: int
    extension: str
    started: float
    answered: float
    ended: float


@dataclass(slots=True)
class Played:
    """One stream: its rings as the screens should show them, the truth, how late writes were, and how long it took (seconds)."""

    rings: list[Ring] = field(default_factory=list)
    calls: list[TrueCall] = field(default_factory=list)
    late: array[float] = field(default_factory=lambda: array("d"))
    seconds: float = 0.0


@cache
def events_per_call() -> int:
    """How many AMI events a call of the stream has."""
    agent = next(iter(load_office(1).agents.values()))
    parts = CallStamp().parts(0, caller="+490", agent=agent, moments=(0.0, 1.0, 2.0))
    return sum(len(events_of(part)) for part in parts)


async def run(mailbox: Mailbox, names: Sequence[str]) -> None:
    """One AMI server for each name; answers ("stream", name, calls a second, seconds, apart) with what it played."""
    order = 0
    async with AsyncExitStack() as stack:
        servers = {
            name: await stack.enter_async_context(SimulatorServer(load_office(AGENTS), secret="bench"))
            for name in names
        }
        mailbox.answer({name: server.port for name, server in servers.items()})
        async for message in mailbox.received():
            match message:
                case ("stream", name, rate, seconds, apart):
                    stream = _Stream(servers[name], first=order, rate=rate, seconds=seconds, apart=apart)
                    order += stream.count
                    mailbox.answer(await stream.play())
                case ("cpu",):
                    mailbox.answer(cpu_seconds())


class _Stream:
    """An even stream of answered queue calls."""

    def __init__(self, server: SimulatorServer, *, first: int, rate: float, seconds: float, apart: bool) -> None:
        self._server = server
        self._first = first
        self._rate = rate
        self._apart = apart
        self.count = max(1, int(rate * seconds))
        self._agents = list(server.simulator.agents.values())
        self._stamp = CallStamp()
        self._due: list[tuple[float, int, list[bytes], Ring]] = []
        self._serial = 0
        self._played = Played()

    async def play(self) -> Played:
        """Until the last call is over."""
        started, number = time.perf_counter() + 0.05, 0
        while number < self.count or self._due:
            now = time.perf_counter()
            written = 0
            while number < self.count and started + number / self._rate <= now and written < _AT_ONE_GO:
                self._begin(number, started + number / self._rate, now)
                number += 1
                written += self._write_due(now)
            written += self._write_due(now)
            coming = [started + number / self._rate] if number < self.count else []
            coming += [self._due[0][0]] if self._due else []
            if coming:
                await asyncio.sleep(max(min(coming) - time.perf_counter(), 0.0))
        self._played.seconds = time.perf_counter() - started
        return self._played

    def _begin(self, number: int, planned: float, now: float) -> None:
        """Render a call and plan its writes. Its clock starts when it is really begun."""
        self._played.late.append(now - planned)
        order = self._first + number
        agent = self._agents[order % len(self._agents)]
        contact = order * STRIDE % CONTACTS
        wall = time.time()
        moments = (wall, wall + RING_S, wall + RING_S + TALK_S)
        rings, answered, ends = (
            events_of(part)
            for part in self._stamp.parts(order, caller=number_of(contact), agent=agent, moments=moments)
        )
        ring = Ring(number_of(contact), agent.extension, 0.0)
        for after, part in in_real_time(rings):
            self._plan(now + after, part, ring)
        self._plan(now + RING_S, answered, ring)
        self._plan(now + RING_S + TALK_S, ends, ring)
        uniqueid = f"{int(wall)}.{2 * order}"
        self._played.calls.append(TrueCall(uniqueid, contact, agent.extension, *moments))

    def _plan(self, at: float, events: list[bytes], ring: Ring) -> None:
        self._serial += 1
        writes = events if self._apart else [b"".join(events)]
        heapq.heappush(self._due, (at, self._serial, writes, ring))

    def _write_due(self, now: float) -> int:
        written = 0
        while self._due and self._due[0][0] <= now and written < _AT_ONE_GO:
            at, _, writes, ring = heapq.heappop(self._due)
            self._played.late.append(time.perf_counter() - at)
            for data in writes:
                if OFFER in data:
                    self._played.rings.append(Ring(ring.number, ring.extension, time.perf_counter()))
                self._server.broadcast(data)
                written += 1
        return written
