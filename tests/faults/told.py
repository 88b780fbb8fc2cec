"""A morning in a call centre as the bytes of its events, with what truly happened; and the ways a PBX may tell it otherwise."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from pbx.asterisk.ami_capture import read_capture
from pbx.asterisk.ami_events import ParseProblem
from pbx.events import PbxEvent
from pbx.simulator import CallerPlan
from pbx.simulator.ami_wire import event_bytes
from pbx.simulator.flows import flow_script
from tests.pbx.simulator.streams import FLOWS, office
from tests.pbx.simulator.test_product_understands import OUTCOMES
from tests.pbx.stories import interleaved

_BANNER = b"Asterisk Call Manager/11.0.0\r\n"
#: Flow after flow: late events of one end before the next one begins at the same phone.
_APART_S = 5.0


@dataclass(frozen=True, slots=True)
class Told:
    """One event: its bytes, and what the product reads in them (None: nothing)."""

    block: bytes
    event: PbxEvent | None

    @property
    def at(self) -> float:
        return float(self.block.partition(b"\r\nTimestamp: ")[2].partition(b"\r\n")[0])


@dataclass(frozen=True, slots=True)
class Truth:
    """What a played call was, by the Uniqueid of its first channel."""

    flow: str
    direction: str
    outcome: str
    ended_by: str | None  # None: the flow does not fix it


@dataclass(frozen=True, slots=True)
class Morning:
    told: tuple[Told, ...]
    truth: Mapping[str, Truth]


@cache
def morning(began_at: float = 1_700_000_000.0) -> Morning:
    """Every flow of the simulator once, each with a caller of its own."""
    simulator = office()
    simulator.timeline.now = began_at
    told: list[Told] = []
    truth: dict[str, Truth] = {}
    for number, (flow, expected) in enumerate(OUTCOMES.items()):
        plan = FLOWS[flow]
        if plan.caller.number is not None:
            plan = replace(plan, caller=CallerPlan(number=f"+4477009001{number:02}", name=f"Caller {number}"))
        simulator.start(flow_script(simulator, flow, plan))
        while (due := simulator.next_due()) is not None:
            simulator.advance(due)
        blocks = [_read(event_bytes(event)) for event in simulator.take_events()]
        truth[_first_channel(blocks)] = Truth(flow, *expected)
        told += blocks
        simulator.advance(simulator.timeline.now + _APART_S)
    return Morning(tuple(told), truth)


def _read(block: bytes) -> Told:
    events = [item for item in read_capture(_BANNER + block) if hasattr(item, "at")]
    return Told(block, events[0] if events and not isinstance(events[0], ParseProblem) else None)  # type: ignore[arg-type]


def _first_channel(blocks: Sequence[Told]) -> str:
    born = next(told.block for told in blocks if told.block.startswith(b"Event: Newchannel\r\n"))
    return born.partition(b"\r\nUniqueid: ")[2].partition(b"\r\n")[0].decode()


# --- otherwise --------------------------------------------------------------------------------------------------------


def twice(told: Sequence[Told]) -> list[Told]:
    """Every event twice, every tenth three times."""
    return [one for number, one in enumerate(told) for _ in range(3 if number % 10 == 0 else 2)]


def shuffled(told: Sequence[Told], *, seed: int, window_s: float = 0.3) -> list[Told]:
    """Events of different channels overtake each other; those of one channel keep their order."""
    by_event = {id(one.event): one for one in told if one.event is not None}
    events = [one.event for one in told if one.event is not None]
    return [by_event[id(event)] for event in interleaved(events, seed=seed, window_s=window_s)]


def moved(told: Sequence[Told], names: Sequence[bytes], by_s: float) -> list[Told]:
    """Events of these names come earlier or later than they happened."""
    timed = sorted(
        enumerate(told), key=lambda pair: (pair[1].at + by_s * pair[1].block.startswith(tuple(names)), pair[0])
    )
    return [one for _, one in timed]


def with_holes(told: Sequence[Told], *, seed: int, share: float = 0.01) -> list[Told]:
    """Some events never come."""
    dice = random.Random(seed)
    return [one for one in told if dice.random() >= share]


def clocked(told: Sequence[Told], offset_s: float) -> list[Told]:
    """The PBX's clock is wrong by so much."""
    return [_at(one, one.at + offset_s) for one in told]


def stepped(told: Sequence[Told], step_s: float) -> list[Told]:
    """The PBX's clock is set by so much in the middle."""
    middle = len(told) // 2
    return [*told[:middle], *clocked(told[middle:], step_s)]


def _at(one: Told, at: float) -> Told:
    old = one.block.partition(b"\r\nTimestamp: ")[2].partition(b"\r\n")[0]
    return Told(one.block.replace(b"\r\nTimestamp: " + old, b"\r\nTimestamp: %.6f" % at, 1), None)


def with_nonsense(told: Sequence[Told]) -> Iterator[bytes]:
    """Between the events: doubled Event headers, list values, events nobody knows, an echoed action."""
    yield b"Event: Newchannel\r\nEvent: Hangup\r\nUniqueid: 1.1\r\nUniqueid: 2.2\r\n\r\n"
    for number, one in enumerate(told):
        yield one.block
        if number % 7 == 0:
            yield b"Event: UserEvent\r\nUserEvent: pop\r\nEvent: Hangup\r\nUniqueid: 1.1\r\nName: x,Event: Hangup\r\n\r\n"
            yield b"Event: NobodyKnowsThis\r\nPrivilege: call,all\r\nUniqueid: 1\r\nUniqueid: 2\r\n\r\n"
            yield b"Action: Originate\r\nChannel: PJSIP/1001\r\nActionID: echo\r\n\r\n"
            yield b"Event: Hangup\r\nPrivilege: call,all\r\n\r\n"


def cut(blocks: Sequence[Told]) -> list[bytes]:
    """As bytes to send."""
    return [one.block for one in blocks]
