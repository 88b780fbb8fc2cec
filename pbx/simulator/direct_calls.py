"""Calls that ring phones without a queue: from outside to one phone or a group, and between colleagues."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pbx.events import ChannelState
from pbx.simulator.cast import AgentPlan, CallerPlan, Reaction
from pbx.simulator.channels import SimChannel
from pbx.simulator.legs import Leg, RingEnd, ring
from pbx.simulator.switch import TRUNK, Switch
from pbx.simulator.timeline import Script, Sleep, Woken

React: TypeAlias = Callable[[AgentPlan], tuple[Reaction, float]]  # what the phone does, and after how many seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What the people of one call do."""

    react: React
    gives_up_after_s: float
    talk_s: float
    agent_ends: bool = False
    holds: tuple[
        tuple[float, float], ...
    ] = ()  # the agent holds: so long after the talk (or the last hold) for so long
    incomplete: bool = False  # AgentComplete loses its race with the hang-up and comes without channels (P6)


def inbound_direct(
    switch: Switch,
    agents: Sequence[AgentPlan],
    caller: CallerPlan,
    did: str,
    behaviour: Behaviour,
    *,
    ring_s: float = 20.0,
) -> Script:
    """A customer dials a number that rings one phone, or a group of phones at once."""
    channel = new_caller(switch, caller, did)
    if len(agents) == 1:
        channel.context, channel.exten = "ext-local", agents[0].extension
    yield from _ring_and_talk(switch, agents, channel, behaviour, ring_s=ring_s)


def internal(
    switch: Switch, source: AgentPlan, target: AgentPlan, behaviour: Behaviour, *, ring_s: float = 20.0
) -> Script:
    """A colleague calls a colleague."""
    channel = switch.new_channel(
        source.endpoint,
        "from-internal",
        target.extension,
        state=ChannelState.RING,
        number=source.extension,
        caller_name=source.name,
    )
    switch.refresh_device(channel.endpoint)
    yield from _ring_and_talk(switch, (target,), channel, behaviour, ring_s=ring_s)


def new_caller(switch: Switch, caller: CallerPlan, did: str) -> SimChannel:
    """The trunk's channel of somebody outside; who withholds the number comes as `anonymous`."""
    channel = switch.new_channel(
        TRUNK,
        "from-trunk",
        did,
        state=ChannelState.RING,
        number=caller.number or "anonymous",
        caller_name=caller.name if caller.number else "Anonymous",
    )
    switch.refresh_device(TRUNK)
    return channel


def _ring_and_talk(
    switch: Switch, agents: Sequence[AgentPlan], caller: SimChannel, behaviour: Behaviour, *, ring_s: float
) -> Script:
    caller.application = "Dial"
    caller.app_data = "&".join(agent.endpoint for agent in agents)
    legs = []
    for agent in agents:
        reaction, after_s = behaviour.react(agent)
        leg = Leg(switch, agent, caller, reaction, switch.now + after_s)
        leg.offer(single=len(agents) == 1)
        legs.append(leg)
    gives_up_at, ends_at = switch.now + behaviour.gives_up_after_s, switch.now + ring_s
    while True:
        end, leg_or_none = yield from ring(switch, caller, legs, gives_up_at=gives_up_at, ends_at=ends_at)
        if end is RingEnd.REFUSED and leg_or_none is not None:
            legs.remove(leg_or_none)
            refuse(switch, leg_or_none)
            if legs:
                continue
            return busy_tone(switch, caller) if leg_or_none.reaction is Reaction.BUSY else unreachable(switch, caller)
        break
    if leg_or_none is not None:
        yield from _talk(switch, caller, leg_or_none, legs, behaviour)
    elif end is RingEnd.TIMED_OUT:
        for leg in legs:
            leg.lose(0, "NOANSWER")
        busy_tone(switch, caller)
    else:
        _caller_gone(switch, caller, legs, by_ami=end is RingEnd.CUT)


def refuse(switch: Switch, leg: Leg) -> None:
    """The phone says 486 or 603; the latter is told by the Hangup's cause only (P12)."""
    busy = leg.reaction is Reaction.BUSY
    cause = 17 if busy else 21
    switch.hangup_request(leg.phone, cause)
    leg.lose(cause, "BUSY" if busy else "NOANSWER")


def busy_tone(switch: Switch, caller: SimChannel) -> None:
    """Busy(): the caller's operator gets 486 and ends the call."""
    switch.new_state(caller, ChannelState.BUSY)
    switch.refresh_device(caller.endpoint)
    switch.hangup_request(caller, 17)
    switch.soft_hangup_request(caller)
    switch.hang_up(caller, 17)


def unreachable(switch: Switch, caller: SimChannel) -> None:
    """Dial ends with CHANUNAVAIL and the dialplan hangs up."""
    switch.soft_hangup_request(caller)
    switch.hang_up(caller, 20)


def _talk(switch: Switch, caller: SimChannel, winner: Leg, legs: list[Leg], behaviour: Behaviour) -> Script:
    losers = [leg for leg in legs if leg is not winner]
    switch.new_state(winner.phone, ChannelState.UP)
    if losers:
        switch.connected_line(caller, winner.agent.extension, winner.agent.name)
    for leg in losers:
        leg.dial_ends("CANCEL")
    winner.phone.exten = ""
    switch.dial_end(caller, winner.phone, "ANSWER")
    switch.new_state(caller, ChannelState.UP)
    for leg in losers:
        leg.hang_up(26)
    winner.meet_caller()
    switch.refresh_device(winner.phone.endpoint)
    yield from talk_and_hang_up(switch, caller, winner.phone, behaviour)


def talk(
    switch: Switch, agent_side: SimChannel, other: SimChannel, behaviour: Behaviour
) -> Generator[Sleep, Woken, Woken]:
    """Let time pass in a talk, with its holds; ends early with the channel that AMI hangs up."""
    left_s = behaviour.talk_s
    for after_s, for_s in behaviour.holds:
        if (woken := (yield Sleep(after_s))) is not None:
            return woken
        switch.hold(agent_side, other, on=True)
        if (woken := (yield Sleep(for_s))) is not None:
            return woken
        switch.hold(agent_side, other, on=False)
        left_s -= after_s + for_s
    return (yield Sleep(left_s))


def talk_and_hang_up(switch: Switch, caller: SimChannel, called: SimChannel, behaviour: Behaviour) -> Script:
    """Two channels in one bridge until one of them hangs up, or AMI does it."""
    woken = yield from talk(switch, called, caller, behaviour)
    first = called if behaviour.agent_ends else caller
    if isinstance(woken, SimChannel):
        first = woken
        switch.soft_hangup_request(first)
    else:
        switch.hangup_request(first, 16)
    second = caller if first is called else called
    switch.leave(first)
    switch.leave(second)
    if first is caller and woken is None:
        switch.soft_hangup_request(caller)
    switch.hang_up(first, 16)
    if first is called:
        switch.soft_hangup_request(caller)
    switch.hang_up(second, 16)


def _caller_gone(switch: Switch, caller: SimChannel, legs: Sequence[Leg], *, by_ami: bool) -> None:
    """Cause 127 on both sides is what a CANCEL without a Reason header leaves behind."""
    cause = 16 if by_ami else 127
    if by_ami:
        switch.soft_hangup_request(caller)
    else:
        switch.hangup_request(caller, cause)
    for leg in legs:
        leg.lose(cause, "CANCEL")
    if not by_ami:
        switch.soft_hangup_request(caller)
    switch.hang_up(caller, cause)
