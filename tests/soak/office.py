"""The simulated call centre of the soak. It tells what truly happened in each call, from its own events and by its own reading."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from pbx.simulator import AgentPlan, CallerPlan, QueuePlan, Simulator
from pbx.simulator.ami_wire import AmiEvent
from pbx.simulator.cast import Reaction
from pbx.simulator.flows import Flow
from pbx.simulator.outgoing_calls import Remote
from pbx.simulator.timeline import Task
from tests.pbx.simulator.test_product_understands import OUTCOMES

SUPPORT = tuple(str(1001 + number) for number in range(12))
SALES = tuple(str(1013 + number) for number in range(4))
LOCAL = ("1017", "1018")
DESKS = tuple(str(1019 + number) for number in range(6))
#: They only click to dial.
CLICKERS = ("1025", "1026")
AGENTS = (*SUPPORT, *SALES, *LOCAL, *DESKS, *CLICKERS)
QUEUES = (
    QueuePlan(name="support", did="+442079460130", members=SUPPORT),
    QueuePlan(name="sales", did="+442079460131", members=SALES, strategy="ringall", ring_s=4.0),
    QueuePlan(name="600", did="+442079460132", members=LOCAL, strategy="ringall", freepbx=True, ring_s=4.0),
    QueuePlan(name="nobody", did="+442079460137", members=()),
)
CALLERS = tuple(f"+4477009{number:05}" for number in range(400))
CLICKED = "+442079460999"

#: Flow, its queue ("": rings a desk), and how many of a hundred calls are such.
_SHARES: tuple[tuple[str, str, int], ...] = (
    ("queue_answered", "support", 36),
    ("queue_answered_agent_hangs_up", "support", 12),
    ("queue_ringall", "sales", 8),
    ("queue_local_kept", "600", 6),
    ("queue_abandoned_ringing", "sales", 4),
    ("queue_abandoned_unrung", "nobody", 4),
    ("queue_timeout", "support", 3),
    ("direct_agent_hangs_up", "", 5),
    ("direct_caller_hangs_up", "", 4),
    ("direct_missed", "", 2),
    ("direct_declined", "", 2),
    ("direct_caller_gives_up", "", 2),
    ("direct_withheld", "", 1),
    ("hold_and_resume", "", 3),
    ("internal_answered", "", 2),
    ("outbound_answered", "", 4),
    ("outbound_busy", "", 1),
    ("outbound_no_answer", "", 1),
)


@dataclass(slots=True)
class Offer:
    """A colleague's phone that rang."""

    extension: str
    at: float
    until: float | None = None


@dataclass(slots=True)
class Truth:
    """One call as it was; moments are those of the exchange."""

    uniqueid: str
    started_at: float
    flow: str = ""
    direction: str = ""
    outcome: str = ""
    ended_by: str | None = None  # None: the flow does not fix it
    queue: str | None = None
    answered_by: str | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    offers: list[Offer] = field(default_factory=list)

    def touches(self, since: float, until: float) -> bool:
        """It lived in that time."""
        return self.started_at <= until and (self.ended_at is None or self.ended_at >= since)


_PHONE = re.compile(r"PJSIP/(\d{4})-")
_END = "\r\n"


class KnownOffice(Simulator):
    """The simulator, and what happened in it: `calls` by the Uniqueid of their first channel."""

    def __init__(self, seed: int) -> None:
        people = [
            AgentPlan(extension=extension, name=f"Agent {extension}", misses=0.0, declines=0.0, talks_s=(2.0, 6.0))
            for extension in AGENTS
        ]
        super().__init__(seed, agents=people, queues=QUEUES, callers=())
        self.remotes[CLICKED] = Remote(reaction=Reaction.ANSWER, after_s=1.0)
        self.calls: dict[str, Truth] = {}
        self._roots: dict[str, str] = {}  # channel's Uniqueid → its call's

    def take_events(self) -> list[AmiEvent]:
        """As the simulator does; each event is noted on its way."""
        events = super().take_events()
        for event in events:
            note = _NOTES.get(event.name)
            if note is not None:
                note(self, _headers(event.body), event.at)
        return events

    def _born(self, said: dict[str, str], at: float) -> None:
        uniqueid, root = said["Uniqueid"], said["Linkedid"]
        self._roots[uniqueid] = root
        if uniqueid == root:
            call = self.calls[root] = Truth(root, at)
            if root.startswith("cti-"):
                call.flow, call.direction, call.outcome = "click", "outbound", "answered"

    def _dialled(self, said: dict[str, str], at: float) -> None:
        call, phone = self.calls.get(said["DestLinkedid"]), _PHONE.match(said["DestChannel"])
        if call is not None and phone is not None and call.flow != "click":
            call.offers.append(Offer(phone[1], at))

    def _dial_ended(self, said: dict[str, str], at: float) -> None:
        call, phone = self.calls.get(said["DestLinkedid"]), _PHONE.match(said["DestChannel"])
        if call is None:
            return
        for offer in call.offers:
            if phone is not None and offer.extension == phone[1] and offer.until is None:
                offer.until = at
        if said["DialStatus"] != "ANSWER":
            return
        if call.direction == "outbound":
            if phone is None:  # the far end
                call.answered_at = at
        elif phone is not None:
            call.answered_by, call.answered_at = phone[1], at

    def _queued(self, said: dict[str, str], at: float) -> None:
        self.calls[said["Linkedid"]].queue = said["Queue"]

    def _hung_up(self, said: dict[str, str], at: float) -> None:
        call = self.calls.get(self._roots.pop(said["Uniqueid"], ""))
        if call is not None:
            call.ended_at = at


_NOTES: dict[str, Callable[[KnownOffice, dict[str, str], float], None]] = {
    "Newchannel": KnownOffice._born,
    "DialBegin": KnownOffice._dialled,
    "DialEnd": KnownOffice._dial_ended,
    "QueueCallerJoin": KnownOffice._queued,
    "Hangup": KnownOffice._hung_up,
}


def _headers(body: str) -> dict[str, str]:
    return {name: value for name, _, value in (line.partition(": ") for line in body.split(_END))}


@dataclass(frozen=True, slots=True)
class NextCall:
    """What is played, and whether a desk is needed for it."""

    name: str
    flow: Flow
    at_a_desk: bool


class Calls:
    """Which call comes next, by the dice; a desk takes one at a time, so that what happens there is certain."""

    def __init__(self, seed: int, talks_s: tuple[float, float]) -> None:
        self._dice = random.Random(seed)
        self._talks_s = talks_s
        self._at_desks: dict[str, Task] = {}

    def next(self) -> NextCall:
        """A call that the office can play now."""
        dice = self._dice
        names = [(name, queue) for name, queue, _ in _SHARES]
        name, queue = dice.choices(names, [share for _, _, share in _SHARES])[0]
        free = [desk for desk in DESKS if desk not in self._at_desks or self._at_desks[desk].done]
        if not queue and len(free) < 2:
            name, queue = "queue_answered", "support"
        desk, other = (free[0], free[1]) if not queue else (DESKS[0], DESKS[1])
        number = dice.choice(CALLERS)
        flow = Flow(
            caller=CallerPlan(number=number, name=f"Caller {number[-5:]}"),
            extension=desk,
            others=(other,),
            queue=queue,
            number=number,
            ring_s=dice.uniform(0.6, 2.0),
            ring_limit_s=2.0,
            talk_s=dice.uniform(*self._talks_s),
            wait_s=dice.uniform(2.0, 4.0),
        )
        return NextCall(name, flow, at_a_desk=not queue)

    def begun(self, call: NextCall, task: Task) -> None:
        """It is being played."""
        if call.at_a_desk:
            for desk in (call.flow.extension, *(call.flow.others if call.name == "internal_answered" else ())):
                self._at_desks[desk] = task


def expect(truth: Truth, call: NextCall) -> None:
    """What this flow always comes to."""
    truth.flow = call.name
    truth.direction, truth.outcome, truth.ended_by = OUTCOMES[call.name]
