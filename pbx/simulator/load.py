"""Thousands of queue calls a second: one call is played and rendered once, then stamped out with other names and times."""

from __future__ import annotations

import asyncio
import heapq
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pbx.simulator.ami_wire import event_bytes
from pbx.simulator.cast import AgentPlan, CallerPlan, QueuePlan
from pbx.simulator.flows import Flow, flow_script
from pbx.simulator.office import Simulator
from pbx.simulator.server import SimulatorServer

QUEUE = "load"
DID = "+442079460130"
# Stand for what differs from call to call; nothing else in the rendered call looks like them.
_CALLER, _EXTENSION, _AGENT = "+000000000000", "9999999", "Agent Nobody"
_MOMENT = 1_234_567_890.0
_RING_S, _TALK_S = 0.2, 0.5
# When the phone rings, the talk goes on, everything is over.
_CUTS_S = (0.1, 0.5, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCall:
    """One call of the load. `rang_at` is time.perf_counter() right after the bytes that ring the phone were written."""

    uniqueid: str
    number: str
    endpoint: str
    rang_at: float


class CallStamp:
    """The bytes of one answered queue call in three parts: rings, is answered, ends."""

    def __init__(self) -> None:
        self._rings, self._answered, self._ends = _rendered_parts()

    def parts(self, number: int, *, caller: str, agent: AgentPlan, moments: Sequence[float]) -> tuple[bytes, ...]:
        """The parts of call `number`; each part has one Timestamp for all its events."""
        second = int(moments[0])
        values = {
            b"second": b"%d" % second,
            b"root": b"%d.%d" % (second, 2 * number),
            b"leg": b"%d.%d" % (second, 2 * number + 1),
            b"a": b"%08x" % (2 * number & 0xFFFFFFFF),
            b"b": b"%08x" % (2 * number + 1 & 0xFFFFFFFF),
            b"bridge": b"00000000-0000-4000-8000-%012x" % number,
            b"caller": caller.encode(),
            b"extension": agent.extension.encode(),
            b"name": agent.name.encode(),
        }
        templates = (self._rings, self._answered, self._ends)
        return tuple(
            template % (values | {b"at": b"%.6f" % moment}) for template, moment in zip(templates, moments, strict=True)
        )


def load_office(agents: int, *, seed: int = 1) -> Simulator:
    """An office of many agents in one queue, at rest: the background of the load."""
    people = [AgentPlan(extension=str(10_000 + number), name=f"Agent {number}") for number in range(agents)]
    queue = QueuePlan(name=QUEUE, did=DID, members=tuple(person.extension for person in people))
    return Simulator(seed, agents=people, queues=(queue,))


async def play_load(
    server: SimulatorServer,
    *,
    calls_per_second: float,
    seconds: float,
    callers: Sequence[str],
    ring_s: float = 0.2,
    talk_s: float = 0.5,
    first_call: int = 0,
) -> list[LoadCall]:
    """Play an even load and return when its last call is over. Agents take turns.

    With fewer agents than calls_per_second x (ring_s + talk_s) a phone gets a second call while it talks.
    """
    agents = list(server.simulator.agents.values())
    stamp = CallStamp()
    calls: list[LoadCall] = []
    due: list[tuple[float, int, bytes]] = []
    arrivals = _arrivals(time.perf_counter(), calls_per_second, seconds)
    arrival = next(arrivals, None)
    order = first_call
    while arrival is not None or due:
        now = time.perf_counter()
        while arrival is not None and arrival <= now:
            agent, caller = agents[order % len(agents)], callers[order % len(callers)]
            clock = time.time()
            moments = (clock, clock + ring_s, clock + ring_s + talk_s)
            rings, answered, ends = stamp.parts(order, caller=caller, agent=agent, moments=moments)
            server.broadcast(rings)
            uniqueid = f"{int(clock)}.{2 * order}"
            calls.append(
                LoadCall(uniqueid=uniqueid, number=caller, endpoint=agent.endpoint, rang_at=time.perf_counter())
            )
            heapq.heappush(due, (arrival + ring_s, order, answered))
            heapq.heappush(due, (arrival + ring_s + talk_s, order, ends))
            order += 1
            arrival = next(arrivals, None)
        while due and due[0][0] <= now:
            server.broadcast(heapq.heappop(due)[2])
        moments_left = [moment for moment in (arrival, due[0][0] if due else None) if moment is not None]
        if moments_left:
            await asyncio.sleep(max(min(moments_left) - time.perf_counter(), 0.0))
    return calls


def _arrivals(start: float, calls_per_second: float, seconds: float) -> Iterator[float]:
    return (start + number / calls_per_second for number in range(int(calls_per_second * seconds)))


def _rendered_parts() -> tuple[bytes, bytes, bytes]:
    """Play one call with stand-ins, cut it where time passes, and turn the stand-ins into fields."""
    agent = AgentPlan(extension=_EXTENSION, name=_AGENT)
    queue = QueuePlan(name=QUEUE, did=DID, members=(_EXTENSION,))
    simulator = Simulator(agents=(agent,), queues=(queue,), now=_MOMENT)
    flow = Flow(caller=CallerPlan(number=_CALLER), queue=QUEUE, ring_s=_RING_S, talk_s=_TALK_S)
    simulator.start(flow_script(simulator, "queue_answered", flow))
    parts = []
    for until in _CUTS_S:
        simulator.advance(_MOMENT + until)
        parts.append(_template(b"".join(event_bytes(event) for event in simulator.take_events())))
    return parts[0], parts[1], parts[2]


_FIELDS = (
    (re.compile(rb"Timestamp: [0-9.]+"), rb"Timestamp: %(at)b"),
    (re.compile(rb"BridgeUniqueid: [0-9a-f-]+"), rb"BridgeUniqueid: %(bridge)b"),
    (re.compile(rb"\b1234567890\.0\b"), rb"%(root)b"),
    (re.compile(rb"\b1234567890\.1\b"), rb"%(leg)b"),
    (re.compile(rb"\b1234567890\b"), rb"%(second)b"),
    (re.compile(rb"-00000000\b"), rb"-%(a)b"),
    (re.compile(rb"-00000001\b"), rb"-%(b)b"),
    (re.compile(re.escape(_CALLER.encode())), rb"%(caller)b"),
    (re.compile(_EXTENSION.encode()), rb"%(extension)b"),
    (re.compile(_AGENT.encode()), rb"%(name)b"),
)


def _template(rendered: bytes) -> bytes:
    text = rendered.replace(b"%", b"%%")
    for pattern, fieldname in _FIELDS:
        text = pattern.sub(fieldname, text)
    return text
