"""The call centre: people, queues and phones over simulated time; who calls when, at random or from a script."""

from __future__ import annotations

import random
from collections.abc import Sequence

from pbx.simulator.ami_wire import AmiEvent
from pbx.simulator.cast import AGENTS, CALLERS, QUEUES, AgentPlan, CallerPlan, QueuePlan, Reaction
from pbx.simulator.direct_calls import Behaviour, inbound_direct, internal
from pbx.simulator.lines import Member, QueueLine
from pbx.simulator.outgoing_calls import OriginateOrder, Remote, originate, outbound
from pbx.simulator.queue_calls import QueueCall
from pbx.simulator.switch import TRUNK, Switch
from pbx.simulator.timeline import Script, Sleep, Task, Timeline

DIRECT_DID = "+4420794601{:02d}".format  # 1001 has …01
FIRST_CALL_S = 2.0
# Kinds of calls in the random mode and their shares.
_SHARES = {"queue": 75, "direct": 10, "outbound": 10, "internal": 5}


class Simulator:
    """A call centre that plays by itself. Pure: the caller passes the time and takes the events.

    With `calls_per_minute` above 0 calls come at random from `open()` on; `play` (flows.py) adds single, exact ones.
    """

    def __init__(
        self,
        seed: int = 1,
        calls_per_minute: float = 0.0,
        *,
        agents: Sequence[AgentPlan] = AGENTS,
        queues: Sequence[QueuePlan] = QUEUES,
        callers: Sequence[CallerPlan] = CALLERS,
        now: float = 0.0,
    ) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - a play, not a secret
        self.calls_per_minute = calls_per_minute
        self.agents = {agent.extension: agent for agent in agents}
        self.callers = tuple(callers)
        self.timeline = Timeline(now)
        self.started_at = now
        self.switch = Switch(self.timeline, self.rng, self._keep)
        self.phones: dict[str, tuple[Reaction, float]] = {}  # by extension: what a phone does, instead of at random
        self.remotes: dict[str, Remote] = {}  # by number: what the far end does, instead of at random
        self._events: list[AmiEvent] = []
        self._opened = False
        self._set_up(queues)

    @property
    def queues(self) -> dict[str, QueueLine]:
        """The queues at work, by name."""
        return self.switch.queues

    def open(self, now: float) -> None:
        """Begin the random calls: the first one is for the first agent, about two seconds from now."""
        if not self._opened and self.calls_per_minute > 0:
            self._opened = True
            self.advance(now)
            self.timeline.start(self._arrivals())
            self.timeline.start(self._pauses())

    def advance(self, now: float) -> None:
        """Let everything happen that is due up to `now`."""
        self.timeline.advance(now)

    def next_due(self) -> float | None:
        """When to advance next."""
        return self.timeline.next_due()

    def take_events(self) -> list[AmiEvent]:
        """What was told since the last time, oldest first."""
        events, self._events = self._events, []
        return events

    def start(self, script: Script) -> Task:
        """Begin one call now."""
        return self.timeline.start(script)

    def order(self, order: OriginateOrder) -> Task:
        """An accepted Originate."""
        return self.start(
            originate(self.switch, order, self.react(order.agent), lambda: self._far_end(order.agent, order.number))
        )

    def react(self, agent: AgentPlan) -> tuple[Reaction, float]:
        """What this agent's phone does with the next call, and after how many seconds."""
        if agent.extension in self.phones:
            return self.phones[agent.extension]
        dice = self.rng.random()
        if dice < agent.misses:
            return Reaction.IGNORE, 0.0
        if dice < agent.misses + agent.declines:
            return Reaction.DECLINE, self.rng.uniform(1.0, 3.0)
        return Reaction.ANSWER, self.rng.uniform(*agent.answers_after_s)

    def hurry(self, extension: str) -> None:
        """What the call at this phone waits for happens now: the phone's reaction, the far end's, the end of the talk."""
        offer = self.switch.offers.get(extension)
        if offer is not None:
            offer.reacts_at = self.switch.now
        endpoint = self.agents[extension].endpoint
        for channel in list(self.switch.channels.values()):
            if channel.endpoint == endpoint and channel.story is not None:
                self.timeline.wake(channel.story)

    def hang_up(self, number: str) -> None:
        """The outside party with this number is cut off, as by AMI's Hangup: talking, ringing or waiting."""
        for channel in list(self.switch.channels.values()):
            if channel.number == number and channel.endpoint == TRUNK and channel.story is not None:
                self.timeline.hang_up(channel.story, channel)

    def queue_call(self, caller: CallerPlan, queues: Sequence[str], behaviour: Behaviour) -> QueueCall:
        """A call for these queues, tried one after the other."""
        lines = [self.queues[name] for name in queues]
        return QueueCall(self.switch, self.agents, caller, lines, behaviour)

    # --- the random mode ----------------------------------------------------------------------------------------------

    def _arrivals(self) -> Script:
        yield Sleep(FIRST_CALL_S)
        first = next(iter(self.agents.values()))
        mine = [line.plan.name for line in self.queues.values() if first.extension in line.plan.members]
        self.start(self._queue_script(mine[0], self.callers[0]) if mine else self._direct_script(first))
        while True:
            yield Sleep(self.rng.expovariate(self.calls_per_minute / 60.0))
            self.start(self._random_call())

    def _random_call(self) -> Script:
        kind = self.rng.choices(list(_SHARES), list(_SHARES.values()))[0]
        free = [agent for agent in self.agents.values() if self.switch.device_state(agent.endpoint) == "NOT_INUSE"]
        if kind == "direct" and free:
            return self._direct_script(self.rng.choice(free))
        if kind == "outbound" and free:
            return self._outbound_script(self.rng.choice(free))
        if kind == "internal" and len(free) > 1:
            source, target = self.rng.sample(free, 2)
            return internal(self.switch, source, target, self._behaviour(target, 60.0))
        queues = [name for name, line in self.queues.items() if line.plan.members]
        return self._queue_script(self.rng.choice(queues), self._someone())

    def _queue_script(self, queue: str, caller: CallerPlan) -> Script:
        agent = self.agents[self.rng.choice(self.queues[queue].plan.members)]
        behaviour = self._behaviour(agent, self.rng.uniform(*caller.patience_s))
        return self.queue_call(caller, [queue], behaviour).script()

    def _direct_script(self, agent: AgentPlan) -> Script:
        did = DIRECT_DID(int(agent.extension[-2:]))
        return inbound_direct(
            self.switch, (agent,), self._someone(), did, self._behaviour(agent, self.rng.uniform(12.0, 60.0))
        )

    def _outbound_script(self, agent: AgentPlan) -> Script:
        number = self._someone().number or "+442079460999"
        return outbound(self.switch, agent, number, *self._far_end(agent, number))

    def _someone(self) -> CallerPlan:
        """A caller who is not on the line already, when there is one."""
        busy = {channel.number for channel in self.switch.channels.values()}
        idle = [caller for caller in self.callers if caller.number not in busy]
        return self.rng.choice(idle or self.callers)

    def _behaviour(self, agent: AgentPlan, patience_s: float) -> Behaviour:
        talk_s = self.rng.uniform(*agent.talks_s)
        return Behaviour(
            react=self.react,
            gives_up_after_s=patience_s,
            talk_s=talk_s,
            holds=((talk_s * 0.3, talk_s * 0.3),) if self.rng.random() < agent.holds else (),
            agent_ends=self.rng.random() < 0.4,
            incomplete=self.rng.random() < 0.05,
        )

    def _far_end(self, agent: AgentPlan, number: str) -> tuple[Remote, Behaviour]:
        remote = self.remotes.get(number)
        if remote is None:
            reaction = self.rng.choices((Reaction.ANSWER, Reaction.BUSY, Reaction.IGNORE), (80, 12, 8))[0]
            remote = Remote(reaction=reaction, after_s=self.rng.uniform(2.0, 6.0))
        return remote, self._behaviour(agent, 45.0)

    def _pauses(self) -> Script:
        """Now and then somebody other than the first agent takes a break from all queues."""
        others = list(self.agents.values())[1:]
        while others:
            yield Sleep(self.rng.uniform(40.0, 120.0))
            agent = self.rng.choice(others)
            seats = [member for member in self.seats(agent.endpoint) if not member.paused]
            self._pause(seats, paused=True)
            yield Sleep(self.rng.uniform(15.0, 40.0))
            # Whoever was paused again by AMI meanwhile, with another reason, stays paused.
            self._pause([seat for seat in seats if seat.paused and seat.paused_reason == "coffee"], paused=False)

    def _pause(self, seats: Sequence[Member], *, paused: bool) -> None:
        for seat in seats:
            self.queues[seat.queue].pause(seat, paused=paused, reason="coffee")

    def seats(self, endpoint: str) -> list[Member]:
        """The phone's seats in all queues."""
        return [member for line in self.queues.values() for member in line.members if member.endpoint == endpoint]

    # --- set-up -------------------------------------------------------------------------------------------------------

    def _set_up(self, queues: Sequence[QueuePlan]) -> None:
        self.switch.extensions = {agent.endpoint: agent.extension for agent in self.agents.values()}
        for plan in queues:
            line = QueueLine(plan, self.switch)
            line.members = [
                Member(
                    queue=plan.name,
                    name=self.agents[extension].name,
                    interface=plan.interface(extension),
                    state_interface=plan.state_interface(extension),
                    endpoint=self.agents[extension].endpoint,
                    login_time=int(self.started_at),
                )
                for extension in plan.members
            ]
            self.queues[plan.name] = line

    def _keep(self, event: AmiEvent) -> None:
        self._events.append(event)
