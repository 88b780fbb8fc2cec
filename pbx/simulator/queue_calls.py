"""Calls that wait in a queue: joined, offered to members, answered, given up or timed out."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pbx.events import ChannelState
from pbx.simulator.cast import AgentPlan, CallerPlan, Reaction
from pbx.simulator.channels import SimChannel
from pbx.simulator.direct_calls import Behaviour, new_caller, talk
from pbx.simulator.legs import Leg, RingEnd, ring
from pbx.simulator.lines import Entry, Member, QueueLine
from pbx.simulator.switch import Switch
from pbx.simulator.timeline import Script, Signal, Sleep, Woken

_OVER = (RingEnd.ANSWERED, RingEnd.GAVE_UP, RingEnd.CUT)


@dataclass(slots=True, eq=False)
class QueueCall:
    """One customer who rings a queue's number; `lines` are the queues tried one after the other."""

    switch: Switch
    agents: Mapping[str, AgentPlan]  # by extension
    caller: CallerPlan
    lines: Sequence[QueueLine]
    behaviour: Behaviour
    answer_delay_s: float = 0.5
    first_limit_s: float | None = None  # how long the first queue may take; None: the queue's own
    channel: SimChannel = field(init=False)
    gives_up_at: float = field(init=False)

    def script(self) -> Script:
        """The call from first ring to last hang-up."""
        switch = self.switch
        self.channel = new_caller(switch, self.caller, self.lines[0].plan.did)
        self.channel.context, self.channel.exten = "to-queue", self.lines[0].plan.name
        switch.new_state(self.channel, ChannelState.UP)
        switch.refresh_device(self.channel.endpoint)
        # Answer() waits for the first sound before the dialplan goes on.
        woken = yield Sleep(self.answer_delay_s)
        self.gives_up_at = switch.now + self.behaviour.gives_up_after_s
        if isinstance(woken, SimChannel):
            self._end(16)
            return
        for number, line in enumerate(self.lines):
            limit_s = self.first_limit_s if number == 0 else None
            if (yield from self._wait_in(line, line.plan.longest_wait_s if limit_s is None else limit_s)):
                return
        self._end(16)

    def _wait_in(self, line: QueueLine, limit_s: float) -> Generator[Sleep, Woken, bool]:
        """Wait in one queue; False when it timed out and the dialplan goes on."""
        switch, channel = self.switch, self.channel
        channel.application, channel.app_data, channel.priority = "Queue", f"{line.plan.name},tT", 2
        entry = line.join(channel)
        switch.music(channel, on=True)
        leaves_at = switch.now + limit_s
        at_once = 0  # how often the next member was rung without a pause
        while switch.now < leaves_at:
            members = line.pick(entry)
            if not members:
                if (yield from self._pause(line, entry, leaves_at, line.changed)):
                    return True
                continue
            entry.ringing = True
            end = yield from self._ring(line, entry, members, leaves_at)
            entry.ringing = False
            if end in _OVER:
                return True
            switch.timeline.fire(line.changed)
            # Who refuses is followed by the next member at once, else the queue waits `retry` seconds.
            at_once += 1
            if end is RingEnd.REFUSED and line.plan.strategy != "ringall" and at_once < len(line.members):
                continue
            at_once = 0
            if (yield from self._pause(line, entry, min(leaves_at, switch.now + line.plan.retry_s), None)):
                return True
        line.abandon(entry)
        switch.music(channel, on=False)
        line.leave(entry)
        return False

    def _pause(
        self, line: QueueLine, entry: Entry, until: float, signal: Signal | None
    ) -> Generator[Sleep, Woken, bool]:
        """Wait without a ringing phone; True when the caller is gone after it."""
        woken = yield Sleep(min(until, self.gives_up_at) - self.switch.now, signal)
        gone = isinstance(woken, SimChannel)
        if gone or self.switch.now >= self.gives_up_at:
            self._give_up(line, entry, [], by_ami=gone)
            return True
        return False

    def _ring(
        self, line: QueueLine, entry: Entry, members: Sequence[Member], leaves_at: float
    ) -> Generator[Sleep, Woken, RingEnd]:
        """Ring the members once, to the end of the call if one answers."""
        switch, channel = self.switch, self.channel
        legs = [self._leg(line, member) for member in members]
        for leg in legs:
            leg.offer(single=line.plan.strategy != "ringall")
        started, ends_at = switch.now, min(switch.now + line.plan.ring_s, leaves_at)
        end = RingEnd.REFUSED
        while legs and end is RingEnd.REFUSED:
            end, leg_or_none = yield from ring(switch, channel, legs, gives_up_at=self.gives_up_at, ends_at=ends_at)
            if leg_or_none is None:
                self._nobody(line, entry, legs, end, rang_s=ends_at - started)
            elif end is RingEnd.ANSWERED:
                yield from self._answered(line, entry, leg_or_none, legs, ring_s=int(switch.now) - int(started))
            else:
                legs.remove(leg_or_none)
                self._refused(line, leg_or_none, rang_s=switch.now - started)
        return end

    def _nobody(self, line: QueueLine, entry: Entry, legs: Sequence[Leg], end: RingEnd, *, rang_s: float) -> None:
        if end is not RingEnd.TIMED_OUT:
            self._give_up(line, entry, legs, by_ami=end is RingEnd.CUT)
            return
        for leg in legs:
            self._ring_no_answer(line, leg, int(rang_s * 1000))
            leg.lose(0, "NOANSWER", "CANCEL")

    def _leg(self, line: QueueLine, member: Member) -> Leg:
        agent = self.agents[member.endpoint.partition("/")[2]]
        reaction, after_s = self.behaviour.react(agent)
        return Leg(self.switch, agent, self.channel, reaction, self.switch.now + after_s, member=member, line=line)

    def _answered(self, line: QueueLine, entry: Entry, winner: Leg, legs: Sequence[Leg], *, ring_s: int) -> Script:
        switch, channel = self.switch, self.channel
        losers = [leg for leg in legs if leg is not winner]
        winner.answer()
        for leg in losers:
            # Once when the winner answers, once more when the queue hangs the others up (P4).
            leg.dial_ends("CANCEL", "CANCEL")
        if losers:
            switch.connected_line(channel, winner.agent.extension, winner.agent.name)
        winner.enter_own_bridge()
        for leg in losers:
            leg.hang_up(26)
        switch.music(channel, on=False)
        hold_s = line.held_s(entry)
        line.leave(entry)
        member = winner.member
        assert member is not None  # noqa: S101 - every leg of a queue has its member
        line.agent_event("AgentConnect", channel, winner.dialled, member, ("HoldTime", hold_s), ("RingTime", ring_s))
        member.in_call = True
        winner.meet_caller()
        yield from self._talk(line, winner, member, hold_s)

    def _talk(self, line: QueueLine, winner: Leg, member: Member, hold_s: int) -> Script:
        switch, channel = self.switch, self.channel
        started = int(switch.now)
        # Behind a Local channel the music would be heard through both halves: not played.
        behaviour = replace(self.behaviour, holds=()) if winner.halves else self.behaviour
        woken = yield from talk(switch, winner.phone, channel, behaviour)
        by_agent = woken in winner.channels if isinstance(woken, SimChannel) else self.behaviour.agent_ends
        if woken is None:
            switch.hangup_request(winner.phone if by_agent else channel)
        talk_s = int(switch.now) - started
        reason = "agent" if by_agent else "caller"
        told = (("HoldTime", hold_s), ("TalkTime", talk_s), ("Reason", reason))
        if not self.behaviour.incomplete:
            line.agent_event("AgentComplete", channel, winner.dialled, member, *told)
        line.completed_call(member, hold_s, talk_s)
        switch.leave(channel)
        switch.leave(winner.dialled)
        switch.soft_hangup_request(channel)
        self._hang_up_agent_side(winner)
        switch.hang_up(channel, 16)
        if self.behaviour.incomplete:
            line.late_complete(member, *told)

    def _hang_up_agent_side(self, winner: Leg) -> None:
        switch = self.switch
        if winner.halves:
            one, two = winner.halves
            switch.hangup_request(two, 16)
            switch.hang_up(one, 16)
            switch.leave(two)
            switch.soft_hangup_request(two)
            switch.hang_up(two, 16)
            switch.leave(winner.phone)
        switch.hang_up(winner.phone, 16)

    def _refused(self, line: QueueLine, leg: Leg, *, rang_s: float) -> None:
        cause = 17 if leg.reaction is Reaction.BUSY else 21
        self.switch.hangup_request(leg.phone, cause)
        self._ring_no_answer(line, leg, int(rang_s) * 1000)
        leg.lose(cause, "NOANSWER")

    def _ring_no_answer(self, line: QueueLine, leg: Leg, ring_ms: int) -> None:
        if leg.member is not None:
            line.agent_event("AgentRingNoAnswer", self.channel, leg.dialled, leg.member, ("RingTime", ring_ms))

    def _give_up(self, line: QueueLine, entry: Entry, legs: Sequence[Leg], *, by_ami: bool) -> None:
        switch, channel = self.switch, self.channel
        if not by_ami:
            switch.hangup_request(channel)
        switch.music(channel, on=False)
        for leg in legs:
            leg.dial_ends("CANCEL", "CANCEL")
        line.abandon(entry)
        for leg in legs:
            leg.hang_up(0)
        line.leave(entry)
        self._end(16 if by_ami else 0)

    def _end(self, cause: int) -> None:
        self.switch.soft_hangup_request(self.channel)
        self.switch.hang_up(self.channel, cause)
