"""The telephone system of the pop benchmarks: the simulator's calls, each event in a write of its own, at an even rate.

The moments inside a call are those of a real Asterisk 22 (capture of tests/asterisk/bulk.py): from the caller's first event to the
ring at the agent's phone it takes 6.4 ms when the queue answers at once.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from pbx.simulator.load import CallStamp, load_office
from pbx.simulator.server import SimulatorServer
from tests.bench.contacts import AGENTS, number_of
from tests.bench.processes import Mailbox, cpu_seconds

_MEMBER_S, _OFFER_S, _RING_S, _TALK_S = 0.0035, 0.0064, 0.2, 0.5
_END = b"\r\n\r\n"
OFFER = b"Event: DialBegin\r\n"
#: Callers are taken from all over the database.
STRIDE = 77_777


@dataclass(frozen=True, slots=True)
class Ring:
    """One call that was offered: the number calls, this telephone rings; `at` is just before the write of the offer."""

    number: str
    extension: str
    at: float


async def run(mailbox: Mailbox, names: Sequence[str]) -> None:
    """One AMI server for each name; answers ("play", name, calls per second, seconds, at once) with the rings."""
    order = 0
    async with AsyncExitStack() as stack:
        servers = {
            name: await stack.enter_async_context(SimulatorServer(load_office(AGENTS), secret="bench"))
            for name in names
        }
        mailbox.answer({name: server.port for name, server in servers.items()})
        async for message in mailbox.received():
            match message:
                case ("play", name, rate, seconds, at_once):
                    calls = max(1, int(rate * seconds))
                    planned = _plan(servers[name], first=order, calls=calls, rate=rate, at_once=at_once)
                    order += calls
                    mailbox.answer(await _play(servers[name], planned))
                case ("cpu",):
                    mailbox.answer(cpu_seconds())


_Planned = list[tuple[float, int, list[bytes], Ring]]


def _plan(server: SimulatorServer, *, first: int, calls: int, rate: float, at_once: bool) -> _Planned:
    """What is written when, in seconds from the start. Rendered before the play: nothing but writing is left to do then."""
    agents = list(server.simulator.agents.values())
    stamp, wall = CallStamp(), time.time() + 0.3
    planned: _Planned = []
    for number in range(calls):
        order, starts = first + number, number / rate
        agent = agents[order % len(agents)]
        ring = Ring(number_of(order * STRIDE % 1_000_000), agent.extension, 0.0)
        moments = (wall + starts, wall + starts + _RING_S, wall + starts + _RING_S + _TALK_S)
        rings, answered, ends = (
            events_of(part) for part in stamp.parts(order, caller=ring.number, agent=agent, moments=moments)
        )
        for after, part in in_real_time(rings, at_once=at_once):
            planned.append((starts + after, order, part, ring))
        planned.append((starts + _RING_S, order, answered, ring))
        planned.append((starts + _RING_S + _TALK_S, order, ends, ring))
    return planned


def in_real_time(rings: list[bytes], *, at_once: bool = False) -> list[tuple[float, list[bytes]]]:
    """The caller's channel and queue, the member's channel, the offer."""
    if at_once:
        return [(0.0, [b"".join(rings)])]
    offer = next(index for index, event in enumerate(rings) if event.startswith(b"Event: AgentCalled"))
    member = max(index for index in range(offer) if rings[index].startswith(b"Event: Newchannel"))
    return [(0.0, rings[:member]), (_MEMBER_S, rings[member:offer]), (_OFFER_S, rings[offer:])]


def events_of(part: bytes) -> list[bytes]:
    """The events one by one, each whole."""
    return [event + _END for event in part.split(_END) if event]


async def _play(server: SimulatorServer, planned: _Planned) -> list[Ring]:
    heapq.heapify(planned)
    started = time.perf_counter() + 0.05
    rung: list[Ring] = []
    while planned:
        await asyncio.sleep(max(started + planned[0][0] - time.perf_counter(), 0.0))
        while planned and started + planned[0][0] <= time.perf_counter():
            _, _, events, ring = heapq.heappop(planned)
            for event in events:
                if OFFER in event:
                    rung.append(Ring(ring.number, ring.extension, time.perf_counter()))
                server.broadcast(event)
    return rung
