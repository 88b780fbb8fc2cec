"""A phone that is offered a call: dialled straight, or behind a Local channel as FreePBX's queues do it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from enum import Enum

from pbx.events import ChannelState
from pbx.simulator.cast import AgentPlan, Reaction
from pbx.simulator.channels import SimBridge, SimChannel
from pbx.simulator.lines import Member, QueueLine
from pbx.simulator.switch import Switch
from pbx.simulator.timeline import Sleep, Woken


@dataclass(slots=True, eq=False)
class Leg:
    """One offered phone. `dialled` is what the caller's side dialled: the phone itself, or Local ;1."""

    switch: Switch
    agent: AgentPlan
    caller: SimChannel
    reaction: Reaction
    reacts_at: float
    phone: SimChannel = field(init=False)
    member: Member | None = None
    line: QueueLine | None = None
    halves: tuple[SimChannel, SimChannel] | None = None  # Local ;1 and ;2

    @property
    def dialled(self) -> SimChannel:
        """The channel that the caller's side sees."""
        return self.halves[0] if self.halves else self.phone

    @property
    def channels(self) -> tuple[SimChannel, ...]:
        """Every channel of this leg."""
        return (*(self.halves or ()), self.phone)

    # --- offering -----------------------------------------------------------------------------------------------------

    def offer(self, *, single: bool) -> None:
        """Dial the phone. A lone phone shows itself as the caller's connected line at once, several do at the answer."""
        self.switch.offers[self.agent.extension] = self
        if self.line is None:
            self._offer_direct(single=single)
        elif self.halves is None and self.line.plan.freepbx:
            self._offer_local()
        else:
            self._offer_member(single=single)

    def _offer_direct(self, *, single: bool) -> None:
        self.phone = self._new_phone()
        self._show_caller()
        self.switch.dial_begin(self.caller, self.phone, self.agent.extension)
        if single:
            self._show_agent_to(self.caller)
        self._ring(self.caller)

    def _offer_member(self, *, single: bool) -> None:
        self.phone = self._new_phone()
        self.phone.exten = self.caller.exten
        self.phone.connected_number, self.phone.connected_name = self.caller.number, self.caller.caller_name
        self._agent_event("AgentCalled")
        self.switch.dial_begin(self.caller, self.phone, self.agent.endpoint)
        if single:
            self._show_agent_to(self.caller)
        self._ring(self.caller)
        if self.phone.state is ChannelState.RINGING:
            self._show_caller()

    def _offer_local(self) -> None:
        """Two halves, the phone dialled by the second, ringing handed back to the first."""
        switch, caller = self.switch, self.caller
        one, two = self.halves = switch.new_local(self.agent.extension, "from-queue", caller)
        did = self.line.plan.did if self.line else None
        switch.caller_id(one, did, None)
        switch.caller_id(two, caller.number, caller.caller_name)
        switch.connected_line(two, did, None)
        local = one.snapshot("LocalOne") + two.snapshot("LocalTwo")
        switch.tell(
            "LocalBridge", "call", f"{local}Context: from-queue\r\nExten: {one.exten}\r\nLocalOptimization: No\r\n"
        )
        self._agent_event("AgentCalled")
        switch.dial_begin(caller, one, self.member.interface if self.member else one.endpoint)
        self.phone = self._new_phone()
        self._show_caller()
        switch.dial_begin(two, self.phone, self.agent.extension)
        self._show_agent_to(two)
        self._ring(two)
        if self.phone.state is ChannelState.RINGING:
            one.exten = caller.exten
            switch.new_state(one, ChannelState.RINGING)
            switch.caller_id(one, self.agent.extension, self.agent.name)
            switch.connected_line(one, caller.number, caller.caller_name)
            switch.dial_ringing(caller, one)

    def _new_phone(self) -> SimChannel:
        return self.switch.new_channel(
            self.agent.endpoint,
            "from-internal",
            "s",
            number=self.agent.extension,
            caller_name=self.agent.name,
            root=self.caller,
        )

    def _show_caller(self) -> None:
        self.phone.exten = self.halves[1].exten if self.halves else self.caller.exten
        # A queue has put it on the channel already, and tells it once more when the phone rings.
        self.switch.connected_line(self.phone, self.caller.number, self.caller.caller_name, again=True)

    def _show_agent_to(self, channel: SimChannel) -> None:
        self.switch.connected_line(channel, self.agent.extension, self.agent.name)

    def _ring(self, dialler: SimChannel) -> None:
        """A busy phone does not ring: no Newstate, no DialState."""
        if self.reaction is Reaction.BUSY:
            return
        self.switch.new_state(self.phone, ChannelState.RINGING)
        self.switch.dial_ringing(dialler, self.phone)
        self.switch.refresh_device(self.phone.endpoint)

    # --- how it ends --------------------------------------------------------------------------------------------------

    def answer(self) -> None:
        """Up, DialEnd ANSWER (the phone's before the Local's)."""
        switch = self.switch
        switch.new_state(self.phone, ChannelState.UP)
        if self.halves:
            one, two = self.halves
            switch.dial_end(two, self.phone, "ANSWER")
            switch.new_state(two, ChannelState.UP)
            switch.new_state(one, ChannelState.UP)
        switch.dial_end(self.caller, self.dialled, "ANSWER")
        if self.line is None:
            self.phone.exten = ""
        switch.refresh_device(self.phone.endpoint)

    def lose(self, cause: int, *dial_ends: str) -> None:
        """The offer is withdrawn: one DialEnd for each of `dial_ends`, then Hangup of what rang."""
        self.dial_ends(*dial_ends)
        self.hang_up(cause)

    def dial_ends(self, *statuses: str) -> None:
        """DialEnd of the dialled channel, and of the phone behind a Local."""
        for status in statuses:
            self.switch.dial_end(self.caller, self.dialled, status)
        if self.halves and statuses:
            self.switch.dial_end(self.halves[1], self.phone, statuses[-1])

    def hang_up(self, cause: int) -> None:
        """Hangup of every channel of this leg that still lives, the phone first."""
        if self.halves and cause == 26:
            self.switch.hangup_request(self.halves[1], cause)
            self.switch.soft_hangup_request(self.halves[1])
        for channel in reversed(self.channels):
            if channel.uniqueid in self.switch.channels:
                self.switch.leave(channel)
                self.switch.hang_up(channel, cause)

    def enter_own_bridge(self) -> None:
        """Behind a Local that is never optimised away, phone and ;2 meet in a bridge of their own."""
        if self.halves:
            bridge = self.switch.new_bridge()
            self.switch.enter(bridge, self.phone)
            self.switch.enter(bridge, self.halves[1])

    def meet_caller(self) -> SimBridge:
        """The bridge of the caller and this leg."""
        bridge = self.switch.new_bridge()
        self.switch.enter(bridge, self.dialled)
        self.switch.enter(bridge, self.caller)
        return bridge

    def _agent_event(self, name: str) -> None:
        if self.line is not None and self.member is not None:
            self.line.agent_event(name, self.caller, self.dialled, self.member)


class RingEnd(Enum):
    """Why the ringing is over."""

    ANSWERED = "answered"
    TIMED_OUT = "timed_out"
    GAVE_UP = "gave_up"  # the caller hung up
    CUT = "cut"  # the caller was hung up by AMI
    REFUSED = "refused"  # no phone is left


def ring(
    switch: Switch, caller: SimChannel, legs: list[Leg], *, gives_up_at: float, ends_at: float
) -> Generator[Sleep, Woken, tuple[RingEnd, Leg | None]]:
    """Let the phones ring until one answers or refuses, the caller gives up, or time is up.

    `REFUSED` comes once for each phone that refuses, with it; the caller of this takes it out of `legs` and goes on.
    """
    while True:
        first = min(
            (leg for leg in legs if leg.reaction is not Reaction.IGNORE), key=lambda leg: leg.reacts_at, default=None
        )
        reacts_at = first.reacts_at if first else ends_at
        woken = yield Sleep(min(reacts_at, gives_up_at, ends_at) - switch.now)
        if isinstance(woken, SimChannel):
            if woken is caller:
                return RingEnd.CUT, None
            return RingEnd.REFUSED, next(leg for leg in legs if woken in leg.channels)
        if gives_up_at <= switch.now:
            return RingEnd.GAVE_UP, None
        if first is not None and first.reacts_at <= switch.now:
            return (RingEnd.ANSWERED if first.reaction is Reaction.ANSWER else RingEnd.REFUSED), first
        if ends_at <= switch.now:
            return RingEnd.TIMED_OUT, None
