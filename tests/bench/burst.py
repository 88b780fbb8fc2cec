"""G20: the link to a telephone system with a thousand live calls breaks, and five hundred agents' screens with it; everybody comes back.

The clock starts when the telephone system accepts our login again. In that moment a phone rings, and the screens connect anew: how long
until the first right pop, and until all are right? The reference is the time that parsing the bytes of the snapshot takes.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pbx.asterisk.ami_decoder import AmiDecoder
from pbx.asterisk.ami_events import READABLE
from pbx.asterisk.ami_snapshot import SnapshotAssembler
from pbx.simulator.cast import AgentPlan, CallerPlan, QueuePlan
from pbx.simulator.flows import Flow
from pbx.simulator.load import DID, QUEUE, CallStamp
from pbx.simulator.office import Simulator
from pbx.simulator.server import SimulatorServer
from tests.bench import our_service
from tests.bench.cache import folder
from tests.bench.contacts import AGENTS, copy_database, extension_of, number_of
from tests.bench.figures import Figure, compared, plain
from tests.bench.processes import Mailbox, Part
from tests.bench.screens import Screen, Shown, connect

CALLS = 1000
#: Of the five hundred agents with a screen these talk; the others are free, and one after the other gets the new call.
TALKING = 450
_CHUNK = 1 << 16
_LIVE_WITHIN_S = 60.0
_GATHER_S = 20.0
_SETTLES_S = 3.0
#: After the phones of the agents with screens.
_OTHERS = 10_000 + AGENTS


@dataclass(frozen=True, slots=True)
class Back:
    """The login was accepted at `at`; right after it this number rang at this telephone."""

    at: float
    number: str
    extension: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """When each screen had its right pop; which ones got the number without its card, and nothing better."""

    right: dict[str, float]
    bare: frozenset[str]


@dataclass(slots=True)
class _Seen:
    """Milliseconds of each round, counted from the login."""

    first: list[float] = field(default_factory=list)
    ring: list[float] = field(default_factory=list)
    rejoined: list[float] = field(default_factory=list)
    right: list[int] = field(default_factory=list)
    bare: list[int] = field(default_factory=list)
    parse: list[float] = field(default_factory=list)
    cut_to_login: list[float] = field(default_factory=list)


def run(rounds: int) -> Iterator[Figure]:
    """One crash of the link in each round."""
    seen = _Seen()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder())))
        pbx = stack.enter_context(Part(_telephone_system, on_uvloop=False))
        port = pbx.answer()
        service = stack.enter_context(Part(our_service.run, port, copy_database(scratch / "cti.db"), {}))
        crowd = stack.enter_context(Part(_crowd))
        crowd.answer()
        pushes = service.answer()
        crowd.ask("connect", pushes)
        talking: dict[str, str] = pbx.ask("talking")
        wire: bytes = pbx.ask("snapshot")
        for _ in range(rounds):
            _one_round(pbx, crowd, pushes, talking, seen)
            seen.parse.append(_parse(wire) * 1000)
            time.sleep(_SETTLES_S)
    yield plain("G20", f"login → first right pop, {CALLS:,} live calls, {AGENTS} agents rejoining", seen.first, "ms",
                at_most=1000.0)  # fmt: skip
    yield compared("G20", f"the same against parsing the snapshot's {len(wire) / 1e6:.1f} MB", seen.first, seen.parse,
                   unit="ms", against="raw parse", at_most=2.0)  # fmt: skip
    yield plain("G20", "login → the pop of the call that rings then, on the 452nd screen to connect", seen.ring, "ms")
    yield plain("G20", "login → every agent's screen is back, with its talk or its ring", seen.rejoined, "ms")
    yield Figure(goal="G20", what="screens with the right pop", measured=min(seen.right), unit="screens",
                 reference=TALKING + 1, reference_name="talk or ring")  # fmt: skip
    yield Figure(
        goal="G20", what="screens with the bare number, the card not looked up", measured=max(seen.bare), unit="screens"
    )
    yield plain("G20", "cut → login, which is our own pause before a new attempt", seen.cut_to_login, "ms")


def _one_round(pbx: Part, crowd: Part, port: int, talking: dict[str, str], seen: _Seen) -> None:
    crowd.ask("leave")
    cut = time.perf_counter()
    back: Back = pbx.ask("cut")
    crowd.ask("rejoin", port)
    expected = {**talking, back.extension: back.number}
    gathered: Gathered = crowd.ask("gather", expected)
    seen.cut_to_login.append((back.at - cut) * 1000)
    times = {extension: (at - back.at) * 1000 for extension, at in gathered.right.items()}
    seen.first.append(min(times.values(), default=float("nan")))
    seen.ring.append(times.get(back.extension, float("nan")))
    seen.right.append(len(times))
    seen.bare.append(len(gathered.bare))
    seen.rejoined.append(max(times.values(), default=float("nan")))


def _parse(wire: bytes) -> float:
    """Seconds from the snapshot's bytes to typed rows, as a replay reads them."""
    decoder, assembler = AmiDecoder(READABLE, all_answers=True), SnapshotAssembler()
    started = time.perf_counter()
    rows = 0
    for start in range(0, len(wire), _CHUNK):
        for message in decoder.feed(wire[start : start + _CHUNK]):
            rows += 1
            for _ in assembler.answer(message):
                pass
    elapsed = time.perf_counter() - started
    if rows < 2 * CALLS:
        raise AssertionError(f"only {rows} rows in the snapshot")
    return elapsed


# --- the telephone system ---------------------------------------------------------------------------------------------


async def _telephone_system(mailbox: Mailbox) -> None:
    simulator = _office()
    async with SimulatorServer(simulator, secret="bench") as server:
        for order in range(CALLS):
            caller = CallerPlan(number=number_of(order * 77))
            server.start_flow("queue_answered", Flow(caller=caller, queue=QUEUE, ring_s=0.1, talk_s=3600.0))
        await _until_all_talk(server)
        exchange = _Exchange(server)
        mailbox.answer(server.port)
        async for message in mailbox.received():
            match message:
                case ("talking",):
                    mailbox.answer(exchange.talking())
                case ("snapshot",):
                    mailbox.answer(exchange.snapshot())
                case ("cut",):
                    mailbox.answer(await exchange.cut())


def _office() -> Simulator:
    """Enough phones for a thousand talks. Whoever has a screen and is to stay free comes last in the rotation."""
    screened = [extension_of(agent) for agent in range(AGENTS)]
    others = [str(_OTHERS + number) for number in range(CALLS - TALKING)]
    members = (*screened[:TALKING], *others, *screened[TALKING:])
    people = [AgentPlan(extension=extension, name=f"Agent {extension}") for extension in members]
    return Simulator(agents=people, queues=(QueuePlan(name=QUEUE, did=DID, members=members),))


async def _until_all_talk(server: SimulatorServer) -> None:
    async with asyncio.timeout(120):
        while sum(member.in_call for member in server.simulator.queues[QUEUE].members) < CALLS:  # noqa: ASYNC110 - it tells no event
            await asyncio.sleep(0.1)


class _Exchange:
    """The living office, seen from outside."""

    def __init__(self, server: SimulatorServer) -> None:
        self._server = server
        self._stamp = CallStamp()
        self._order = 0
        self._back: asyncio.Future[Back] | None = None
        server.simulator.open = self._logged_in  # type: ignore[method-assign]

    def talking(self) -> dict[str, str]:
        """Telephone of an agent with a screen → who talks there."""
        found = {}
        for channel in self._server.simulator.switch.channels.values():
            extension = channel.endpoint.removeprefix("PJSIP/")
            if extension in self._screened and channel.connected_number:
                found[extension] = channel.connected_number
        return found

    @property
    def _screened(self) -> frozenset[str]:
        return frozenset(extension_of(agent) for agent in range(TALKING))

    def snapshot(self) -> bytes:
        """What it answers to the two lists."""
        answering = self._server._answering
        self._server.simulator.advance(time.time())
        actions = ("CoreShowChannels", "QueueStatus")
        return b"".join(
            block
            for number, action in enumerate(actions)
            for block in answering.answer({"action": action, "actionid": str(number)})
        )

    async def cut(self) -> Back:
        """Break the link; return when somebody has logged in again and a phone rings."""
        self._back = asyncio.get_running_loop().create_future()
        self._server.cut_links()
        return await asyncio.wait_for(self._back, _LIVE_WITHIN_S)

    def _logged_in(self, now: float) -> None:
        if self._back is None or self._back.done():
            return
        self._order += 1
        extension = extension_of(TALKING + self._order)
        agent = self._server.simulator.agents[extension]
        back = Back(time.perf_counter(), number_of(500_000 + self._order), extension)
        wall = time.time()
        rings, answered, ends = self._stamp.parts(
            self._order, caller=back.number, agent=agent, moments=(wall, wall + 2.0, wall + 2.2)
        )
        loop = asyncio.get_running_loop()
        loop.call_soon(self._server.broadcast, rings)
        loop.call_later(2.0, self._server.broadcast, answered)
        loop.call_later(2.2, self._server.broadcast, ends)
        self._back.set_result(back)


# --- the screens ------------------------------------------------------------------------------------------------------


async def _crowd(mailbox: Mailbox) -> None:
    """("connect", port), ("leave",), ("rejoin", port), ("gather", who is to be on which screen)."""
    everybody = [extension_of(agent) for agent in range(AGENTS)]
    opened: list[Screen] = []
    mailbox.answer("ready")
    async for message in mailbox.received():
        match message:
            case ("connect" | "rejoin", port):
                _Rejoining.frames.clear()
                opened = await connect(port, everybody, _ignore, kind=_Rejoining)
                mailbox.answer(len(opened))
            case ("leave",):
                for screen in opened:
                    screen.leave()
                mailbox.answer(len(opened))
            case ("gather", expected):
                mailbox.answer(await _gather(expected))


async def _gather(expected: dict[str, str]) -> Gathered:
    """The first frame on each screen that has the expected caller's card; waits until all are there, not for ever."""
    found: dict[str, float] = {}
    bare: set[str] = set()
    looked = 0
    deadline = time.perf_counter() + _GATHER_S
    while len(found) < len(expected) and time.perf_counter() < deadline:
        for extension, payload, at in _Rejoining.frames[looked:]:
            looked += 1
            number = expected.get(extension)
            shown = shows(payload, number) if number is not None and extension not in found else ""
            if shown == "card":
                found[extension] = at
            elif shown:
                bare.add(extension)
        await asyncio.sleep(0.02)
    return Gathered(found, frozenset(bare - found.keys()))


def shows(payload: bytes, number: str) -> str:
    """Whether this caller is there, alone or in a snapshot: `card`, with the card that has the number; `bare`, without; else empty."""
    frame = json.loads(payload)
    data: dict[str, Any] = frame["data"]
    pops = (
        data.get("pops", []) if frame["type"] == "snapshot" else [data] if "pop_id" in data and "call" in data else []
    )
    best = ""
    for pop in pops:
        if pop["call"]["remote"]["number"] == number:
            phones = [phone["number"] for card in pop.get("customers", ()) for phone in card["phones"]]
            best = "card" if pop.get("match") == "one" and number in phones else best or "bare"
    return best


def _ignore(_pop: Shown) -> None:
    pass


class _Rejoining(Screen):
    """Keeps every frame that may have a pop."""

    frames: list[tuple[str, bytes, float]] = []  # noqa: RUF012 - of all screens of the process, on purpose

    def frame(self, opcode: int, payload: bytes, at: float) -> None:
        """As the page does, and a note of it."""
        super().frame(opcode, payload, at)
        if opcode == 1 and b'"pop' in payload:
            self.frames.append((self.extension, payload, at))
