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
    CallEnded,
    CallEvent,
    CallLegEnded,
    CallOffered,
    CallStarted,
)
from pbx.calls import Direction, EndedBy, LegResult, new_call_id
from pbx.channels import ChannelGraph, LiveChannel
from pbx.devices import DeviceKind, DevicePlan
from pbx.events import Channel, ChannelState, PbxName, Uniqueid
from pbx.live_call import LiveCall
from pbx.live_leg import LiveLeg

#: ChannelIds of our own click-to-dial begin with this: such a call is a call from its first event.
CLICK_TO_DIAL_PREFIX = "cti-"

#: A record stays open for late events (AgentComplete, P6) this long after the last hang-up.
FINAL_GRACE_S = 3.0

_NOT_A_NUMBER = frozenset({"", "s", "i", "t", "h"})


class CallBook:
    """All calls of one PBX that are not final, and the call events they gave since the last `drain`."""

    def __init__(self, pbx: PbxName, devices: DevicePlan) -> None:
        self.pbx = pbx
        self.devices = devices
        self.graph = ChannelGraph(devices)
        # From Newexten, where the PBX grants the dialplan class: the queue a root asked for last.
        self.last_queue_asked: dict[Uniqueid, str] = {}
        self._calls: dict[Uniqueid, LiveCall] = {}
        # Click-to-dial: the number that was asked for, by ChannelId.
        self._asked: dict[str, str] = {}
        self._out: list[CallEvent] = []
        # A phone began to ring since the last drain: somebody waits for this one.
        self.urgent = False
        self._dirty: dict[Uniqueid, LiveCall] = {}
        # Calls whose last channel hung up, soonest final first; with a number that decides between equal times.
        self._ending: list[tuple[float, int, LiveCall]] = []
        self._endings = count()
        self._ordinal = 0
        self._strange_devices: set[str] = set()

    def __iter__(self) -> Iterator[LiveCall]:
        return iter(list(self._calls.values()))

    def by_key(self, root: Uniqueid) -> LiveCall | None:
        return self._calls.get(root)

    def call_of(self, channel: LiveChannel | None) -> LiveCall | None:
        """The call a channel belongs to."""
        return self._calls.get(channel.call_key) if channel is not None and channel.call_key is not None else None

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

    # --- opening -----------------------------------------------------------------------------------------------------

    def adopt(self, call: LiveCall) -> None:
        """A stored call that was open when our process stopped."""
        call.announced = True
        self._calls[call.key] = call

    def expect_originate(self, channel_id: str, number: str) -> None:
        """We are about to ask the PBX to dial `number` with this ChannelId."""
        self._asked[channel_id] = number

    def open_root(self, channel: LiveChannel, seen: Channel, at: float | None) -> LiveCall:
        """A channel without a requestor begins a call. A phone's stays silent until it dials: it may be a feature code."""
        self._ordinal += 1
        call_id = new_call_id(self.pbx, seen.uniqueid, at, self._ordinal)
        call = LiveCall(call_id, self.pbx, seen.uniqueid, seen.linkedid, at)
        self._calls[call.key] = call
        self.attach(channel, call)
        call.root_was_up = channel.up
        if channel.kind is DeviceKind.TRUNK:
            self._open_inbound(call, seen, at)
        else:
            self._open_from_inside(call, channel, seen, at)
        return call

    def _open_inbound(self, call: LiveCall, seen: Channel, at: float | None) -> None:
        call.direction = Direction.INBOUND
        call.remote_channels.append(seen.uniqueid)
        call.remote_raw, call.remote_name = seen.caller_number, seen.caller_name
        call.did_raw = seen.exten
        self.announce(call, at)

    def _open_from_inside(self, call: LiveCall, channel: LiveChannel, seen: Channel, at: float | None) -> None:
        # A phone that calls is born ringing (Ring); one that an Originate rings is born Down.
        channel.originated = seen.state is ChannelState.DOWN
        if channel.kind is DeviceKind.PHONE:
            leg = call.new_leg(channel.endpoint, self.devices)
            leg.is_caller = True
            leg.channels.add(channel.uniqueid)
            if not channel.originated:
                leg.answered_channel = channel.uniqueid
                self.learn_number_asked(call, seen)
        elif channel.kind is DeviceKind.OTHER and channel.endpoint not in self._strange_devices:
            self._strange_devices.add(channel.endpoint)
            self.anomaly(
                "unknown_device", f"{channel.endpoint} is neither a trunk nor a phone of the configuration", at
            )
        if seen.uniqueid.startswith(CLICK_TO_DIAL_PREFIX):
            call.originated = True
            call.direction = Direction.OUTBOUND
            call.remote_raw = self._asked.pop(seen.uniqueid, None)
            self.announce(call, at)

    def learn_number_asked(self, call: LiveCall, seen: Channel) -> None:
        """Outbound and internal: the digits of the root's Exten (of an Originate once it runs the dialplan)."""
        if call.remote_raw is None and call.direction is not Direction.INBOUND and seen.exten not in _NOT_A_NUMBER:
            call.remote_raw = seen.exten

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

    def _detach(self, channel: LiveChannel, call: LiveCall) -> None:
        call.channels.discard(channel.uniqueid)
        leg = call.leg_of_channel(channel.uniqueid)
        if leg is not None:
            leg.channels.discard(channel.uniqueid)
            if not leg.channels:
                self.end_leg(call, leg, channel, call.last_at)
        if not call.channels:
            self.close(call, call.last_at, 0.0)

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
        leg.end_unseen |= leg.result is LegResult.MISSED and self._may_have_missed_more(call, leg, last, at)
        call.last_at = at if at is not None else call.last_at
        winner = call.winner_over(leg)
        self.emit(
            CallLegEnded(
                at=at, call=call.value(), leg=leg.value(at), winner=winner.value(at) if winner is not None else None
            ),
            call,
        )

    def _may_have_missed_more(self, call: LiveCall, leg: LiveLeg, last: LiveChannel, at: float | None) -> bool:
        """A talk, or the caller's wish to hang up, may have fallen into the time without connection."""
        if leg.answered_channel is not None:
            return call.resumed_at is not None
        return last.dial_status != "NOANSWER" and call.just_resumed(at)

    def _leg_result(self, call: LiveCall, leg: LiveLeg, last: LiveChannel) -> LegResult:
        if leg.talk.ever:
            return LegResult.ANSWERED
        if leg.answered_channel is not None:
            if leg.is_caller:
                return LegResult.CALLER
            return LegResult.CANCELLED if call.root_hangup_requested else LegResult.MISSED
        return outcomes.unanswered_leg_result(
            dial_status=last.dial_status,
            cause=last.cause,
            rang=last.rang,
            forwarded=bool(last.forward),
            won_by_other=call.winner_over(leg) is not None,
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
        if not call.channels:
            self.close(call, at, now)

    def close(self, call: LiveCall, at: float | None, now: float) -> None:
        """The last channel hung up. The record becomes final after the grace time."""
        if not call.announced:
            del self._calls[call.key]
            return
        call.ended_at = call.remote_gone_at if call.remote_gone_at is not None else at
        call.final_at = now + FINAL_GRACE_S
        heapq.heappush(self._ending, (call.final_at, next(self._endings), call))
        for leg in call.legs:
            leg.talk.stop(at)
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
                self.last_queue_asked.pop(call.key, None)
                del self._calls[call.key]
        if now is not None:
            self.graph.forget_buried(now)
