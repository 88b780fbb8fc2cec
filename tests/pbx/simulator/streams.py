"""Streams to compare: a recording of the real Asterisk, and the simulator's of the same flow and the same offices."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from pbx.simulator import AgentPlan, QueuePlan, Simulator
from pbx.simulator.ami_wire import event_bytes
from pbx.simulator.cast import Reaction
from pbx.simulator.flows import Flow, flow_script
from pbx.simulator.outgoing_calls import OriginateOrder, Remote

RECORDINGS = Path(__file__).parents[2] / "recordings" / "asterisk22"

# The people and queues of the recordings.
AGENTS = tuple(
    AgentPlan(extension=str(1001 + number), name=name)
    for number, name in enumerate(
        ("Anna One", "Boris Two", "Cyril Three", "Dana Four", "Emil Five", "Filip Six", "Gita Seven")
    )
)
QUEUES = (
    QueuePlan(name="support", did="+442079460130", members=("1001", "1002", "1003"), ring_s=4),
    QueuePlan(name="sales", did="+442079460131", members=("1001", "1002", "1004"), strategy="ringall", ring_s=6),
    QueuePlan(name="600", did="+442079460132", members=("1001", "1002"), strategy="ringall", freepbx=True, ring_s=6),
    QueuePlan(name="linear", did="+442079460133", members=("1005", "1006"), ring_s=3),
    QueuePlan(name="short", did="+442079460134", members=("1007",), strategy="ringall", ring_s=2),
    QueuePlan(name="nobody", did="+442079460137", members=()),
)
# Which phone or queue a recording used, where it is not the first of its kind.
FLOWS: Mapping[str, Flow] = defaultdict(
    Flow,
    direct_missed=Flow(extension="1002"),
    direct_declined=Flow(extension="1002"),
    direct_busy=Flow(extension="1002"),
    queue_second_member=Flow(queue="linear"),
    queue_member_rejects=Flow(queue="linear"),
    queue_timeout=Flow(queue="short"),
    queue_timeout_second_queue=Flow(queue="short", second_queue="support"),
    queue_abandoned_ringing=Flow(queue="sales"),
)


# What the agent's phone and the far end do.
CLICKS = {
    "click_answered": (Reaction.ANSWER, Remote(after_s=1.0)),
    "click_far_end_busy": (Reaction.ANSWER, Remote(reaction=Reaction.BUSY, after_s=0.3)),
    "click_agent_does_not_answer": (Reaction.IGNORE, Remote()),
    "click_agent_declines": (Reaction.DECLINE, Remote()),
}


class Event(dict[str, str]):
    """One event by header name."""

    @property
    def name(self) -> str:
        return self["Event"]

    @property
    def device(self) -> str:
        """The endpoint of its channel."""
        return self.get("Channel", "").rpartition("-")[0]


def events_of(raw: bytes) -> list[Event]:
    """The events of a capture; responses and list rows (which have no Privilege) are left out."""
    found = []
    for block in raw.split(b"\r\n\r\n"):
        lines = [line.partition(":") for line in block.decode("utf-8", "replace").split("\r\n") if ":" in line]
        headers = Event((name, value.strip()) for name, _, value in lines)
        if "Event" in headers and "Privilege" in headers:
            found.append(headers)
    return found


@cache
def recorded(name: str) -> list[Event]:
    """What the real Asterisk said."""
    return events_of((RECORDINGS / f"{name}.ami").read_bytes())


def office(seed: int = 1, calls_per_minute: float = 0.0) -> Simulator:
    """A simulator of the recordings' office, at rest."""
    return Simulator(seed, calls_per_minute, agents=AGENTS, queues=QUEUES, now=1_700_000_000.0)


def run_to_end(simulator: Simulator) -> list[Event]:
    """Let everything happen that is planned, and return what was told."""
    while (due := simulator.next_due()) is not None:
        simulator.advance(due)
    return events_of(b"".join(event_bytes(event) for event in simulator.take_events()))


@cache
def simulated(name: str) -> list[Event]:
    """What the simulator says in the same flow."""
    simulator = office()
    simulator.start(flow_script(simulator, name, FLOWS[name]))
    return run_to_end(simulator)


@cache
def clicked(name: str) -> list[Event]:
    """The same for a click-to-dial of agent 1001: an accepted Originate."""
    simulator, number = office(), "+447700900155"
    phone, far_end = CLICKS[name]
    simulator.phones["1001"] = (phone, 1.0)
    simulator.remotes[number] = far_end
    simulator.order(
        OriginateOrder(
            action_id="test-2",
            agent=simulator.agents["1001"],
            number=number,
            context="from-internal",
            timeout_s=4.0,
            channel_id="cti-c2d-0001",
            caller_number=number,
            caller_name=None,
        )
    )
    return run_to_end(simulator)


def header_orders(events: Sequence[Event]) -> dict[str, set[tuple[str, ...]]]:
    """Per event name every order of header names that was seen."""
    orders: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for event in events:
        orders[event.name].add(tuple(event))
    return orders
