"""Calls to the outside: dialled by an agent's phone, or by an Originate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pbx.events import ChannelState
from pbx.simulator.ami_wire import lines
from pbx.simulator.cast import AgentPlan, Reaction
from pbx.simulator.channels import SimChannel
from pbx.simulator.direct_calls import Behaviour, talk_and_hang_up
from pbx.simulator.switch import TRUNK, Switch
from pbx.simulator.timeline import Script, Sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """What the number that is dialled does. `cause` is the operator's answer when it is neither taken nor busy."""

    reaction: Reaction = Reaction.ANSWER
    after_s: float = 4.0
    cause: int = 17

    @property
    def rings(self) -> bool:
        """Busy and unallocated numbers are told at once."""
        return self.reaction is not Reaction.BUSY and not (self.reaction is Reaction.DECLINE and self.cause == 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginateOrder:
    """An accepted Originate: ring `agent`, then dial `number`."""

    action_id: str
    agent: AgentPlan
    number: str
    context: str
    timeout_s: float
    channel_id: str | None
    caller_number: str | None
    caller_name: str | None


def outbound(switch: Switch, agent: AgentPlan, number: str, remote: Remote, behaviour: Behaviour) -> Script:
    """An agent dials a number on the phone."""
    channel = switch.new_channel(
        agent.endpoint,
        "from-internal",
        number,
        state=ChannelState.RING,
        number=agent.extension,
        caller_name=agent.name,
    )
    switch.refresh_device(agent.endpoint)
    yield from _dial_out(switch, channel, number, remote, behaviour)


def originate(
    switch: Switch,
    order: OriginateOrder,
    reaction: tuple[Reaction, float],
    remote: Callable[[], tuple[Remote, Behaviour]],
) -> Script:
    """Click-to-dial: the agent's phone rings, and when it is taken the number is dialled."""
    if order.channel_id in switch.channels:
        _originate_response(switch, order, None, 0)
        return
    agent = order.agent
    phone = switch.new_channel(
        agent.endpoint,
        order.context,
        "s",
        number=agent.extension,
        caller_name=agent.name,
        uniqueid=order.channel_id,
    )
    if order.caller_number and order.caller_number != phone.number:
        switch.caller_id(phone, order.caller_number, order.caller_name or agent.name)
    switch.connected_line(phone, order.caller_number, order.caller_name)
    switch.dial_begin(None, phone, agent.extension)
    does, after_s = reaction
    if does is not Reaction.BUSY:
        switch.new_state(phone, ChannelState.RINGING)
        switch.dial_ringing(None, phone)
        switch.refresh_device(agent.endpoint)
    rings_out = does is Reaction.IGNORE or after_s > order.timeout_s
    woken = yield Sleep(order.timeout_s if rings_out else after_s)
    if isinstance(woken, SimChannel):
        _agent_failed(switch, order, phone, cause=16, reason=0)
    elif rings_out:
        _agent_failed(switch, order, phone, cause=19, reason=3)
    elif does is not Reaction.ANSWER:
        _agent_refused(switch, order, phone, busy=does is Reaction.BUSY)
    else:
        switch.new_state(phone, ChannelState.UP)
        switch.dial_end(None, phone, "ANSWER")
        _originate_response(switch, order, phone, 4)
        phone.exten = order.number
        yield from _dial_out(switch, phone, order.number, *remote())


def _dial_out(switch: Switch, channel: SimChannel, number: str, remote: Remote, behaviour: Behaviour) -> Script:
    """The trunk's leg: rings, and is taken or not."""
    channel.application, channel.app_data = "Dial", f"PJSIP/{number}@trunk-a,60"
    leg = switch.new_channel(TRUNK, "from-trunk", "s", root=channel)
    leg.exten = number
    # With a click-to-dial the name is whatever the Originate called the agent.
    switch.caller_id(leg, number, channel.connected_name)
    switch.connected_line(leg, channel.number, channel.caller_name)
    switch.dial_begin(channel, leg, f"{number}@trunk-a")
    switch.connected_line(channel, number, channel.connected_name)
    if remote.rings:
        switch.new_state(leg, ChannelState.RINGING)
        switch.dial_ringing(channel, leg)
        switch.refresh_device(TRUNK)
    ring_s = min(remote.after_s if remote.reaction is not Reaction.IGNORE else 60.0, behaviour.gives_up_after_s)
    woken = yield Sleep(ring_s)
    if isinstance(woken, SimChannel) or behaviour.gives_up_after_s <= ring_s:
        _gives_up(switch, channel, leg, woken)
    elif remote.reaction is Reaction.ANSWER:
        yield from _talk(switch, channel, leg, behaviour)
    else:
        _not_reached(switch, channel, leg, remote)


def _talk(switch: Switch, channel: SimChannel, leg: SimChannel, behaviour: Behaviour) -> Script:
    switch.new_state(leg, ChannelState.UP)
    leg.exten = ""
    switch.dial_end(channel, leg, "ANSWER")
    if channel.state is not ChannelState.UP:
        switch.new_state(channel, ChannelState.UP)
    switch.refresh_device(TRUNK)
    bridge = switch.new_bridge()
    switch.enter(bridge, leg)
    switch.enter(bridge, channel)
    # The one who was called is the customer here: the agent is the calling channel.
    swapped = Behaviour(
        react=behaviour.react,
        gives_up_after_s=behaviour.gives_up_after_s,
        talk_s=behaviour.talk_s,
        agent_ends=not behaviour.agent_ends,
    )
    yield from talk_and_hang_up(switch, channel, leg, swapped)


def _gives_up(switch: Switch, channel: SimChannel, leg: SimChannel, woken: object) -> None:
    """The agent hangs up while it rings outside (or AMI does)."""
    cause = 127 if woken is None else 16
    if woken is None:
        switch.hangup_request(channel, cause)
    switch.dial_end(channel, leg, "CANCEL")
    switch.soft_hangup_request(channel)
    switch.hang_up(leg, cause)
    switch.hang_up(channel, cause)


def _not_reached(switch: Switch, channel: SimChannel, leg: SimChannel, remote: Remote) -> None:
    """Busy is told by DialEnd too, other answers of the operator only by the cause (P12)."""
    cause = {Reaction.BUSY: 17, Reaction.DECLINE: remote.cause, Reaction.IGNORE: 19}[remote.reaction]
    if remote.reaction is not Reaction.IGNORE:
        switch.hangup_request(leg, cause)
    switch.dial_end(channel, leg, "BUSY" if cause == 17 else "NOANSWER")
    switch.hang_up(leg, cause)
    switch.soft_hangup_request(channel)
    switch.hang_up(channel, cause)


def _agent_refused(switch: Switch, order: OriginateOrder, phone: SimChannel, *, busy: bool) -> None:
    cause = 17 if busy else 21
    switch.hangup_request(phone, cause)
    switch.dial_end(None, phone, "BUSY" if busy else "NOANSWER")
    switch.hang_up(phone, cause)
    _originate_response(switch, order, None, 5 if busy else 0)


def _agent_failed(switch: Switch, order: OriginateOrder, phone: SimChannel, *, cause: int, reason: int) -> None:
    """Rang out, or hung up by AMI."""
    _originate_response(switch, order, None, reason)
    switch.hang_up(phone, cause)


def _originate_response(switch: Switch, order: OriginateOrder, phone: SimChannel | None, reason: int) -> None:
    """A failed one names the endpoint without the channel's suffix."""
    uniqueid = phone.uniqueid if phone else order.channel_id or "<unknown>"
    headers = (
        ("ActionID", order.action_id),
        ("Response", "Success" if phone else "Failure"),
        ("Channel", phone.name if phone else order.agent.endpoint),
        ("Context", order.context),
        ("Exten", order.number),
        ("Reason", reason),
        ("Uniqueid", uniqueid),
        ("CallerIDNum", order.caller_number or "<unknown>"),
        ("CallerIDName", order.caller_name or "<unknown>"),
    )
    switch.tell("OriginateResponse", "call", lines(headers))
