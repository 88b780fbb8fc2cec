"""AMI events in, calls out: which channels make one conversation, who was offered it, who talked.

AgentComplete is not among the events: it is late, may lack its channels and counts on after a transfer (P6); talk comes from bridges
and the end from HangupRequest. One method for each event, found by the table at the end; every method is idempotent,
because a resync replays what a snapshot already showed (P24).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pbx import events as ami
from pbx import outcomes
from pbx.call_book import CallBook
from pbx.call_events import CallAbandoned, CallHeld, CallQueued, CallResumed
from pbx.call_parties import CallParties
from pbx.calls import Direction, EndedBy
from pbx.channels import LiveChannel
from pbx.devices import DeviceKind
from pbx.live_call import LiveCall
from pbx.live_leg import LiveWait

#: The bridge may tell that the talk is over before the channel tells who asked for it (P1).
_LATE_REQUEST_S = 0.5


class CallTracker:
    """Turns one PBX's channel and queue events into calls. Emits through its `CallBook`."""

    def __init__(self, book: CallBook) -> None:
        self._book = book
        self._graph = book.graph
        self._parties = CallParties(book)

    def apply(self, event: ami.PbxEvent, at: float | None, now: float) -> None:
        """Update the calls; unknown or late events change nothing."""
        handler = _HANDLERS.get(type(event))
        if handler is not None:
            handler(self, event, at, now)

    # --- channels ----------------------------------------------------------------------------------------------------

    def _newchannel(self, event: ami.Newchannel, at: float | None, now: float) -> None:
        seen = event.channel
        if self._graph.buried(seen.uniqueid):
            return
        channel = self._graph.get(seen.uniqueid)
        if channel is not None:
            self._graph.refresh(channel, seen)
            return
        channel = self._graph.add(seen)
        if seen.linkedid == seen.uniqueid:
            call = self._book.open_root(channel, seen, at)
            if event.restricted:
                self._book.restrict(call)
        else:
            self._join_by_linkedid(channel)

    def _join_by_linkedid(self, channel: LiveChannel) -> None:
        """A dialled channel is born with its caller's Linkedid; DialBegin confirms it."""
        call = self._book.call_of(self._graph.get(channel.linkedid)) or self._book.by_key(channel.linkedid)
        if call is not None and not call.ended:
            self._book.attach(channel, call)

    def see(self, seen: ami.Channel, at: float | None) -> LiveChannel | None:
        """The living channel that an event names; one never seen before joined while we were not looking."""
        channel = self._graph.get(seen.uniqueid)
        if channel is not None:
            self._graph.refresh(channel, seen)
            if channel.call_key is None:
                self._join_by_linkedid(channel)  # born before its caller was told (P1)
            return channel
        if self._graph.buried(seen.uniqueid):
            return None
        channel = self._graph.add(seen)
        self._join_by_linkedid(channel)
        if channel.call_key is None and (seen.linkedid == seen.uniqueid or channel.kind is DeviceKind.TRUNK):
            call = self._book.open_root(channel, seen, None)
            call.estimated = True
            call.did_raw = None  # its Exten is the dialplan's by now
        return channel

    def _newstate(self, event: ami.Newstate, at: float | None, now: float) -> None:
        channel = self.see(event.channel, at)
        call = self._book.call_of(channel)
        if channel is None or call is None:
            return
        leg = call.leg_of_channel(channel.uniqueid)
        if channel.up:
            if channel.uniqueid == call.key:
                call.root_was_up = True
                self._book.learn_number_asked(call, event.channel)
            if leg is not None:
                self._book.picked_up(call, leg, channel, at)
        self._book.touch(call, at)

    def _hangup(self, event: ami.Hangup, at: float | None, now: float) -> None:
        channel = self._graph.get(event.channel.uniqueid)
        if channel is None:
            return
        channel.cause = event.cause
        call = self._book.call_of(channel)
        heard = self._graph.connected(channel)
        self._graph.bury(channel, now)
        for other in heard:
            self._parties.update_talk(other, at)
        if call is not None:
            self._book.channel_left(call, channel, at, now)

    def _hangup_request(self, event: ami.HangupRequest, at: float | None, now: float) -> None:
        channel = self.see(event.channel, at)
        call = self._book.call_of(channel)
        if channel is None or call is None or channel.hangup_requested:
            return
        channel.hangup_requested = True
        if channel.uniqueid == call.key and outcomes.hangup_was_asked(state=channel.state, cause=event.cause):
            call.root_hangup_requested = True
        self._note_who_ended(call, channel, at)

    def _note_who_ended(self, call: LiveCall, channel: LiveChannel, at: float | None) -> None:
        """The first request on a channel that is in the talk; a declining phone raises one too, outside any talk."""
        if call.talk_ended_by is not None:
            return
        talks = [leg for leg in call.legs if leg.talk.running or leg.talk.just_ended(at, within_s=_LATE_REQUEST_S)]
        if call.leg_of_channel(channel.uniqueid) in talks:
            call.talk_ended_by = EndedBy.AGENT
        elif talks and channel.uniqueid in call.remote_channels:
            call.talk_ended_by = EndedBy.REMOTE

    def _newcallerid(self, event: ami.NewCallerid, at: float | None, now: float) -> None:
        channel = self.see(event.channel, at)
        call = self._book.call_of(channel)
        if channel is None or call is None or channel.uniqueid not in call.remote_channels:
            return
        if call.direction is Direction.INBOUND:
            if event.restricted:
                self._book.restrict(call)
            elif call.remote_name is None and not call.restricted:
                call.remote_name = event.channel.caller_name
                self._book.touch(call, at)

    def _newexten(self, event: ami.Newexten, at: float | None, now: float) -> None:
        channel = self.see(event.channel, at)
        call = self._book.call_of(channel)
        if channel is None or call is None or channel.uniqueid != call.key:
            return
        if event.application in outcomes.VOICEMAIL_APPS and call.direction is Direction.INBOUND:
            call.voicemail = True
            self._book.touch(call, at)
        elif event.application == "Queue":
            self._book.last_queue_asked[call.key] = event.app_data.partition(",")[0]

    def _varset(self, event: ami.VarSet, at: float | None, now: float) -> None:
        if event.variable != "QUEUESTATUS" or event.channel is None:
            return
        channel = self.see(event.channel, at)
        call = self._book.call_of(channel)
        if channel is None or call is None or not event.value:
            return
        # Each Queue() ends with one status: a second one without another Queue() is an echo.
        queue = self._book.last_queue_asked.pop(call.key, None)
        if call.waits and call.waits[-1].status is None and call.waits[-1].left:
            call.waits[-1].status = event.value
        elif call.open_wait is None:
            # FULL and JOINEMPTY come without a QueueCallerJoin (A30); only Newexten names the queue.
            if queue is None:
                return
            wait = LiveWait(queue, at)
            wait.leave(at)
            wait.status = event.value
            call.waits.append(wait)
        self._book.touch(call, at)

    def _rename(self, event: ami.Rename, at: float | None, now: float) -> None:
        channel = self._graph.get(event.uniqueid)
        if channel is not None:
            self._graph.rename(channel, event.new_name)

    # --- dialling ----------------------------------------------------------------------------------------------------

    def _dial_begin(self, event: ami.DialBegin, at: float | None, now: float) -> None:
        dest = self.see(event.dest, at)
        caller = self.see(event.caller, at) if event.caller is not None else None
        if dest is None:
            return
        if event.caller is None:
            self._parties.originated(dest, at)
            return
        call = self._book.call_of(caller)
        if caller is None or call is None or call.ended:
            return
        self._book.attach(dest, call)
        dest.dial_status = None
        self._book.touch(call, at)  # first: the offer tells it, too
        if dest.kind is DeviceKind.PHONE:
            self._parties.phone_dialled(call, dest, event.caller, at)
        elif dest.kind is DeviceKind.TRUNK:
            self._parties.trunk_dialled(call, dest, event.caller, event.dial_string, at)
            self._book.touch(call, at)

    def _dial_state(self, event: ami.DialState, at: float | None, now: float) -> None:
        dest = self.see(event.dest, at)
        if dest is not None and event.status == "RINGING":
            dest.rang = True

    def _dial_end(self, event: ami.DialEnd, at: float | None, now: float) -> None:
        dest = self.see(event.dest, at)
        call = self._book.call_of(dest)
        if dest is None or call is None:
            return
        if dest.dial_status is None or event.forward:
            dest.dial_status = event.status
            dest.forward = event.forward
        if dest.uniqueid != call.key and call.is_remote(dest.uniqueid):
            call.remote_status = event.status
            call.remote_ring.stop(at)
        leg = call.leg_of_channel(dest.uniqueid)
        if event.status == "ANSWER" and leg is not None:
            self._book.picked_up(call, leg, dest, at)
        self._book.touch(call, at)

    # --- bridges -----------------------------------------------------------------------------------------------------

    def _bridge_enter(self, event: ami.BridgeEnter, at: float | None, now: float) -> None:
        channel = self.see(event.channel, at)
        if channel is None:
            return
        self._graph.enter(channel, event.bridge, event.swap)
        self._parties.update_talk(channel, at)

    def _bridge_leave(self, event: ami.BridgeLeave, at: float | None, now: float) -> None:
        channel = self.see(event.channel, at)
        if channel is None:
            return
        before = self._graph.connected(channel)
        self._graph.leave(channel, event.bridge)
        self._parties.update_talk(channel, at)
        for other in before:
            self._parties.update_talk(other, at)

    def _bridge_merge(self, event: ami.BridgeMerge, at: float | None, now: float) -> None:
        self._graph.merge(event.to_bridge, event.from_bridge)

    def _local_bridge(self, event: ami.LocalBridge, at: float | None, now: float) -> None:
        one, two = self.see(event.one, at), self.see(event.two, at)
        if one is None or two is None:
            return
        self._graph.pair(one, two)
        call = self._book.call_of(one) or self._book.call_of(two)
        if call is not None:
            self._book.attach(one, call)
            self._book.attach(two, call)
        self._parties.update_talk(one, at)

    # --- hold --------------------------------------------------------------------------------------------------------

    def _hold(self, event: ami.Hold, at: float | None, now: float) -> None:
        self._set_hold(event.channel, at, on=True)

    def _unhold(self, event: ami.Unhold, at: float | None, now: float) -> None:
        self._set_hold(event.channel, at, on=False)

    def _set_hold(self, seen: ami.Channel, at: float | None, *, on: bool) -> None:
        channel = self.see(seen, at)
        call = self._book.call_of(channel)
        leg = call.leg_of_channel(channel.uniqueid) if call is not None and channel is not None else None
        if call is None or leg is None or leg.hold.running is on or not leg.talk.ever:
            return
        if on:
            leg.hold.start(at)
        else:
            leg.hold.stop(at)
        call.last_at = at
        kind = CallHeld if on else CallResumed
        self._book.emit(kind(at=at, call=call.value(), leg=leg.value(at)), call)

    # --- queues ------------------------------------------------------------------------------------------------------

    def _queue_join(self, event: ami.QueueCallerJoin, at: float | None, now: float) -> None:
        call = self._book.call_of(self.see(event.channel, at))
        if call is None or call.ended or (call.open_wait is not None and call.open_wait.queue == event.queue):
            return
        if call.open_wait is not None:
            call.open_wait.leave(at)
        call.waits.append(LiveWait(event.queue, at))
        call.last_at = at
        if call.announced:
            self._book.emit(CallQueued(at=at, call=call.value(), queue=event.queue), call)

    def _queue_leave(self, event: ami.QueueCallerLeave, at: float | None, now: float) -> None:
        call = self._book.call_of(self.see(event.channel, at))
        if call is None or call.open_wait is None or call.open_wait.queue != event.queue:
            return
        call.open_wait.leave(at)
        self._book.touch(call, at)

    def _queue_abandon(self, event: ami.QueueCallerAbandon, at: float | None, now: float) -> None:
        channel = self.see(event.channel, at)
        call = self._book.call_of(channel)
        wait = call.open_wait if call is not None else None
        if channel is None or call is None or wait is None or wait.abandoned or wait.queue != event.queue:
            return
        wait.abandoned = True
        wait.abandon_requested = call.root_hangup_requested
        call.last_at = at
        if wait.abandon_requested:
            self._book.emit(CallAbandoned(at=at, call=call.value(), queue=event.queue), call)
        else:
            self._book.touch(call, at)

    def _agent_connect(self, event: ami.AgentConnect, at: float | None, now: float) -> None:
        caller = self.see(event.caller, at) if event.caller is not None else None
        call = self._book.call_of(caller)
        if call is None:
            return
        for wait in reversed(call.waits):
            if wait.queue == event.queue:
                wait.connected = True
                break
        dest = self.see(event.dest, at) if event.dest is not None else None
        leg = call.leg_of_channel(dest.uniqueid) if dest is not None else None
        if leg is not None and dest is not None:
            self._book.picked_up(call, leg, dest, at)
        self._book.touch(call, at)

    # --- flows of the next issue: certain facts are kept, the rest is said aloud ---------------------------------------

    def _unsupported(self, event: ami.PbxEvent, at: float | None, now: float) -> None:
        fields = ("transferer", "orig_transferer", "channel", "parkee", "spyer")
        seen = next(getattr(event, field) for field in fields if hasattr(event, field))
        call = self._book.call_of(self._graph.get(seen.uniqueid))
        self._book.anomaly("unsupported_flow", type(event).__name__, at, call)


_HANDLERS: dict[type, Callable[[CallTracker, Any, float | None, float], None]] = {
    ami.Newchannel: CallTracker._newchannel,
    ami.Newstate: CallTracker._newstate,
    ami.Hangup: CallTracker._hangup,
    ami.HangupRequest: CallTracker._hangup_request,
    ami.NewCallerid: CallTracker._newcallerid,
    ami.Newexten: CallTracker._newexten,
    ami.VarSet: CallTracker._varset,
    ami.Rename: CallTracker._rename,
    ami.DialBegin: CallTracker._dial_begin,
    ami.DialState: CallTracker._dial_state,
    ami.DialEnd: CallTracker._dial_end,
    ami.BridgeEnter: CallTracker._bridge_enter,
    ami.BridgeLeave: CallTracker._bridge_leave,
    ami.BridgeMerge: CallTracker._bridge_merge,
    ami.LocalBridge: CallTracker._local_bridge,
    ami.Hold: CallTracker._hold,
    ami.Unhold: CallTracker._unhold,
    ami.QueueCallerJoin: CallTracker._queue_join,
    ami.QueueCallerLeave: CallTracker._queue_leave,
    ami.QueueCallerAbandon: CallTracker._queue_abandon,
    ami.AgentConnect: CallTracker._agent_connect,
    ami.BlindTransfer: CallTracker._unsupported,
    ami.AttendedTransfer: CallTracker._unsupported,
    ami.Pickup: CallTracker._unsupported,
    ami.ParkedCall: CallTracker._unsupported,
    ami.UnParkedCall: CallTracker._unsupported,
    ami.ParkedCallTimeOut: CallTracker._unsupported,
    ami.ParkedCallGiveUp: CallTracker._unsupported,
    ami.ChanSpyStart: CallTracker._unsupported,
    ami.ConfbridgeJoin: CallTracker._unsupported,
}
