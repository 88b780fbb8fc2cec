"""The calls that live now: opened at their root channel, told to the world, closed when their last channel hung up."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from itertools import count

from pbx import outcomes
from pbx.call_events import (
    Anomaly,
    CallAnswered,
    CallChanged,
    CallDropped,
    CallEnded,
    CallEvent,
    CallLegEnded,
    CallOffered,
    CallStarted,
)
from pbx.calls import Direction, EndedBy, LegResult
from pbx.channels import ChannelGraph, LiveChannel
from pbx.devices import DevicePlan
from pbx.events import PbxName, Uniqueid
from pbx.live_call import LiveCall
from pbx.live_leg import LiveLeg

#: A record stays open for late events (AgentComplete, P6) this long after the last hang-up.
FINAL_GRACE_S = 3.0


class CallBook:
    """All calls of one PBX that are not final, and the call events they gave since the last `drain`."""

    def __init__(self, pbx: PbxName, devices: DevicePlan) -> None:
        self.pbx = pbx
        self.devices = devices
        self.graph = ChannelGraph(devices)
        # From Newexten, where the PBX grants the dialplan class: the queue a root asked for last.
        self.last_queue_asked: dict[Uniqueid, str] = {}
        self._calls: dict[Uniqueid, LiveCall] = {}
        self._out: list[CallEvent] = []
        # A phone began to ring since the last drain: somebody waits for this one.
        self.urgent = False
        self._dirty: dict[Uniqueid, LiveCall] = {}
        # Calls whose last channel hung up, soonest final first; with a number that decides between equal times.
        self._ending: list[tuple[float, int, LiveCall]] = []
        self._endings = count()

    def __iter__(self) -> Iterator[LiveCall]:
        return iter([call for key, call in self._calls.items() if key == call.key])

    def by_key(self, root: Uniqueid) -> LiveCall | None:
        return self._calls.get(root)

    def call_of(self, channel: LiveChannel | None) -> LiveCall | None:
        """The call a channel belongs to."""
        return self._calls.get(channel.call_key) if channel is not None and channel.call_key is not None else None

    def known_call(self, uniqueid: Uniqueid) -> LiveCall | None:
        """The call of a channel that lives or hung up a short while ago."""
        key = self.graph.call_key_of(uniqueid)
        return self._calls.get(key) if key is not None else None

    def consultation_from(self, phone: Uniqueid) -> LiveCall | None:
        """The call in which this phone asks a colleague while it is part of a customer's call, too."""
        return next((call for call in self if call.key != phone and call.legs and phone in call.legs[0].channels
                     and call.legs[0].is_caller), None)  # fmt: skip

    # --- emitting ----------------------------------------------------------------------------------------------------

    def emit(self, event: CallEvent, call: LiveCall) -> None:
        """Tell it, unless the call is not (yet) a call to anybody."""
        if call.announced:
            self._out.append(event)
            self._dirty.pop(call.key, None)

    def touch(self, call: LiveCall, at: float | None) -> None:
        """The record changed: CallChanged follows unless a better event tells it."""
        if at is not None:
            call.last_at = at
        if call.announced:
            self._dirty[call.key] = call

    def anomaly(self, kind: str, detail: str, at: float | None, call: LiveCall | None = None) -> None:
        """Something impossible or not understood: data, not an error."""
        self._out.append(
            Anomaly(at=at, pbx=self.pbx, kind=kind, detail=detail, call_id=call.id if call is not None else None)
        )

    def drain(self, at: float | None) -> list[CallEvent]:
        """What happened since the last drain, oldest first."""
        for call in self._dirty.values():
            self._out.append(CallChanged(at=at, call=call.value()))
        self._dirty.clear()
        happened, self._out = self._out, []
        self.urgent = False
        return happened

    # --- which calls there are ---------------------------------------------------------------------------------------

    def add(self, call: LiveCall) -> None:
        """It lives from now on; nobody is told yet."""
        self._calls[call.key] = call

    def adopt(self, call: LiveCall) -> None:
        """A stored call that was open when our process stopped."""
        call.announced = call.restored = True
        self._calls[call.key] = call

    def announce(self, call: LiveCall, at: float | None) -> None:
        """From now on it is a call."""
        if not call.announced:
            call.announced = True
            self.emit(CallStarted(at=at, call=call.value()), call)

    def attach(self, channel: LiveChannel, call: LiveCall) -> None:
        """The channel is part of this call (and of no other)."""
        if channel.call_key == call.key:
            return
        earlier = self.call_of(channel)
        if earlier is not None:
            self._detach(channel, earlier)
        channel.call_key = call.key
        call.channels.add(channel.uniqueid)

    def release(self, channel: LiveChannel, call: LiveCall, at: float | None) -> None:
        """The channel lives on and is no part of its call any more."""
        self.touch(call, at)
        self._detach(channel, call)
        channel.call_key = None

    def _detach(self, channel: LiveChannel, call: LiveCall) -> None:
        call.channels.discard(channel.uniqueid)
        leg = call.leg_of_channel(channel.uniqueid)
        if leg is not None:
            leg.channels.discard(channel.uniqueid)
            if not leg.channels:
                self.end_leg(call, leg, channel, call.last_at)
        if not call.channels:
            self.close(call, call.last_at, 0.0)

    def fold(self, part: LiveCall, call: LiveCall, at: float | None) -> None:
        """One conversation is one call: `part` becomes part of `call`, and its root another name of that."""
        for channel in self.graph.of(part.channels):
            channel.call_key = call.key
            call.channels.add(channel.uniqueid)
        part.channels.clear()
        for name in (part.key, *part.also_known_as):
            self._calls[name] = call
            call.also_known_as.append(name)
        self._tell_dropped(part, call, at)
        self.touch(call, at)

    def drop(self, call: LiveCall, at: float | None) -> None:
        """It is no call: its channels go on without one."""
        for channel in self.graph.of(call.channels):
            channel.call_key = None
            channel.apart = True
        self._forget(call)
        self._tell_dropped(call, None, at)

    def _tell_dropped(self, call: LiveCall, into: LiveCall | None, at: float | None) -> None:
        self.emit(CallDropped(at=at, call=call.value(), into=into.value() if into is not None else None), call)
        call.announced = False  # nothing more is told of it
        call.legs = []

    def _forget(self, call: LiveCall) -> None:
        for name in (call.key, *call.also_known_as):
            self._calls.pop(name, None)
        self.last_queue_asked.pop(call.key, None)

    def restrict(self, call: LiveCall) -> None:
        """The presentation is restricted: drop the digits wherever they are kept (T24, N16)."""
        if not call.restricted:
            call.restricted = True
            call.remote_raw = None
            call.remote_name = None
            self.touch(call, None)

    # --- legs --------------------------------------------------------------------------------------------------------

    def offer(self, call: LiveCall, leg: LiveLeg, at: float | None) -> None:
        """A colleague's device was dialled."""
        if not leg.offered:
            self.urgent = True
            leg.offered = True
            leg.rang_at = at
            self.emit(CallOffered(at=at, call=call.value(), leg=leg.value(at)), call)

    def picked_up(self, call: LiveCall, leg: LiveLeg, channel: LiveChannel, at: float | None) -> None:
        """The phone was picked up: first of Newstate Up, DialEnd ANSWER, AgentConnect."""
        if leg.answered_channel is not None:
            return
        leg.answered_channel = channel.uniqueid
        if leg.via is None:
            leg.endpoint = channel.endpoint
            leg.extension = self.devices.extension_of(channel.endpoint)
        leg.picked_up_at = at
        leg.ring_ended_at = at
        for wait in call.waits[-1:]:
            wait.picked_up |= wait.queue == leg.queue
        self.touch(call, at)

    def talk_began(self, call: LiveCall, leg: LiveLeg, at: float | None) -> None:
        """Tell once for each leg that it and the remote party talk."""
        call.last_at = at if at is not None else call.last_at
        for wait in reversed(call.waits):
            if wait.queue == leg.queue:
                wait.connected = True
                break
        if leg.talk_told:
            self.touch(call, at)
            return
        leg.talk_told = True
        self.emit(CallAnswered(at=at, call=call.value(), leg=leg.value(at)), call)

    def end_leg(self, call: LiveCall, leg: LiveLeg, last: LiveChannel, at: float | None) -> None:
        """The leg's phone hung up (or its last device stopped ringing)."""
        if leg.result is not None:
            return
        leg.talk.stop(at)
        leg.hold.stop(at)
        leg.ended_at = at
        if leg.ring_ended_at is None and leg.rang_at is not None:
            leg.ring_ended_at = at
        leg.result = self._leg_result(call, leg, last)
        if call.talking:
            call.talk_ended_by = None  # others talk on: it was not the end
        if leg.result is LegResult.MISSED and self._may_have_missed_more(call, leg, last, at):
            leg.end_unseen = call.estimated = True
        call.last_at = at if at is not None else call.last_at
        winner = call.winner_over(leg, at)
        self.emit(
            CallLegEnded(
                at=at, call=call.value(), leg=leg.value(at), winner=winner.value(at) if winner is not None else None
            ),
            call,
        )

    def _may_have_missed_more(self, call: LiveCall, leg: LiveLeg, last: LiveChannel, at: float | None) -> bool:
        """A talk, or the caller's wish to hang up, may have fallen into the time without connection."""
        if leg.answered_channel is not None:
            return call.just_resumed(at)
        return last.dial_status != "NOANSWER" and call.just_resumed(at)

    def _leg_result(self, call: LiveCall, leg: LiveLeg, last: LiveChannel) -> LegResult:
        if leg.talk.ever:
            return LegResult.ANSWERED
        if leg.answered_channel is not None:
            if leg.is_caller:
                return LegResult.CALLER
            if last.hangup_requested:
                return LegResult.REJECTED  # in the announcement, before the caller was there (A35)
            return LegResult.CANCELLED if call.root_hangup_requested else LegResult.MISSED
        return outcomes.unanswered_leg_result(
            dial_status=last.dial_status,
            cause=last.cause,
            rang=last.rang,
            forwarded=bool(last.forward),
            won_by_other=call.winner_over(leg, leg.ended_at) is not None,
            caller_gave_up=call.root_hangup_requested,
        )

    # --- ending ------------------------------------------------------------------------------------------------------

    def channel_left(self, call: LiveCall, channel: LiveChannel, at: float | None, now: float) -> None:
        """A buried channel's part in its call is over; without any channel the call is."""
        call.channels.discard(channel.uniqueid)
        if call.is_remote(channel.uniqueid):
            call.remote_ring.stop(at)
            call.hangup_cause = channel.cause
            call.remote_gone_at = at
        elif channel.uniqueid == call.key and call.hangup_cause is None:
            call.hangup_cause = channel.cause
        leg = call.leg_of_channel(channel.uniqueid)
        if leg is not None:
            leg.channels.discard(channel.uniqueid)
            if leg.answered_channel == channel.uniqueid or not leg.channels:
                self.end_leg(call, leg, channel, at)
        self.touch(call, at)
        self.free_guests(call, at)
        if not call.channels and not call.ended:
            self.close(call, at, now)

    def free_guests(self, call: LiveCall, at: float | None) -> None:
        """Who came by themselves is no part of the call any more when the customer is gone."""
        if call.channels and call.is_deserted:
            for guest in self.graph.of(call.channels):
                self.release(guest, call, at)

    def close(self, call: LiveCall, at: float | None, now: float) -> None:
        """The last channel hung up. The record becomes final after the grace time."""
        if not call.announced:
            self._forget(call)
            return
        call.ended_at = call.remote_gone_at if call.remote_gone_at is not None else at
        call.final_at = now + FINAL_GRACE_S
        heapq.heappush(self._ending, (call.final_at, next(self._endings), call))
        for leg in call.legs:
            leg.talk.stop(at)
            if leg.result is None and leg.is_caller:  # asked by *2: that phone is the customer's call's
                leg.result, leg.ended_at = LegResult.ANSWERED if leg.talk.ever else LegResult.CALLER, at
        call.remote_ring.stop(at)
        call.parked.stop(at)
        if call.open_wait is not None:
            call.open_wait.leave(at)
        if call.ended_by is None and not call.end_asked and call.just_resumed(call.ended_at):
            self._doubt_end(call)
        self.touch(call, at)

    def _doubt_end(self, call: LiveCall) -> None:
        """Nobody asked for the end, as far as we know: somebody may have while there was no connection."""
        call.estimated = True
        call.ended_by = EndedBy.UNKNOWN
        for wait in call.waits[-1:]:
            wait.cut_off = True
        if call.direction is Direction.OUTBOUND:
            call.end_unseen = call.remote_status in (None, "ANSWER", "CANCEL")

    def finalise(self, now: float | None) -> None:
        """Emit CallEnded for calls whose grace time is over (all ended ones when `now` is None)."""
        until = math.inf if now is None else now
        while self._ending and self._ending[0][0] <= until:
            final_at, _, call = heapq.heappop(self._ending)
            if call.final_at == final_at and self._calls.get(call.key) is call:
                self.emit(CallEnded(at=call.ended_at, call=call.value()), call)
                self._forget(call)
        if now is not None:
            self.graph.forget_buried(now)
