"""AMI events in, calls out: which channels make one conversation, who was offered it, who talked.

AgentComplete is not among the events: it is late, may lack its channels and counts on after a transfer (P6); talk comes from bridges
and the end from HangupRequest. One method for each event, found by the table at the end; every method is idempotent,
because a resync replays what a snapshot already showed (P24).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from pbx import events as ami
from pbx import outcomes
from pbx.call_book import CallBook
from pbx.call_events import CallHeld, CallResumed
from pbx.call_parties import CallParties
from pbx.calls import Direction, EndedBy
from pbx.channels import LiveChannel
from pbx.devices import DeviceKind
from pbx.live_call import LiveCall
from pbx.openings import Openings
from pbx.parking import Parking, is_holding
from pbx.pickups import Pickups
from pbx.queue_waits import HANDLERS as QUEUE_HANDLERS
from pbx.queue_waits import QueueWaits
from pbx.sightings import Sightings
from pbx.transfers import Transfers

#: The bridge may tell that the talk is over before the channel tells who asked for it (P1).
_LATE_REQUEST_S = 0.5


class CallTracker:
    """Turns one PBX's channel and queue events into calls. Emits through its `CallBook`."""

    def __init__(self, book: CallBook) -> None:
        self._book = book
        self._graph = book.graph
        self.openings = Openings(book)
        self._sightings = Sightings(book, self.openings)
        self._see = self._sightings.see
        self._transfers = Transfers(book, self.openings)
        self._pickups = Pickups(book)
        self._parking = Parking(book, self._transfers)
        self.parties = CallParties(book, self._transfers, self._pickups)
        waits = QueueWaits(book, self._sightings)
        self._handlers: dict[type, Callable[[Any, float | None, float], None]] = {
            **{kind: partial(handler, self) for kind, handler in _HANDLERS.items()},
            **{kind: partial(handler, waits) for kind, handler in QUEUE_HANDLERS.items()},
        }

    def apply(self, event: ami.PbxEvent, at: float | None, now: float) -> None:
        """Update the calls; unknown or late events change nothing."""
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event, at, now)

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
            call = self.openings.open_root(channel, seen, at)
            if event.restricted:
                self._book.restrict(call)
        else:
            self._sightings.join_by_linkedid(channel)

    def _newstate(self, event: ami.Newstate, at: float | None, now: float) -> None:
        channel = self._see(event.channel, at)
        call = self._book.call_of(channel)
        if channel is None or call is None:
            return
        leg = call.leg_of_channel(channel.uniqueid)
        if channel.state is ami.ChannelState.BUSY and channel.uniqueid == call.key:
            call.root_hangup_requested = False  # the dialplan's Busy(): 16 raises the request first, without a cause
        if channel.up:
            if channel.uniqueid == call.key:
                call.root_was_up = True
                call.learn_number_asked(event.channel.exten)
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
            self.parties.update_talk(other, at)
        if call is not None:
            self._book.channel_left(call, channel, at, now)

    def _hangup_request(self, event: ami.HangupRequest, at: float | None, now: float) -> None:
        channel = self._see(event.channel, at)
        call = self._book.call_of(channel)
        if channel is None or call is None or channel.hangup_requested:
            return
        channel.hangup_requested = True
        if channel.uniqueid == call.key and outcomes.hangup_was_asked(state=channel.state, cause=event.cause):
            call.root_hangup_requested = True
            if call.open_wait is not None:
                call.open_wait.given_up_at = at
        self._note_who_ended(call, channel, at)

    def _note_who_ended(self, call: LiveCall, channel: LiveChannel, at: float | None) -> None:
        """The first request on a channel that is in the talk; a declining phone raises one too, outside any talk.

        Who transferred or parked is out of it. The customer stays in it while the next phone rings, in the park, with an outside line.
        """
        if not call.talked or call.ended_before(at):
            return
        leg = call.leg_of_channel(channel.uniqueid)
        if leg is None:
            if call.is_remote(channel.uniqueid) or call.went_outside_on(channel.uniqueid):
                call.talk_ended_by, call.talk_ended_at = EndedBy.REMOTE, at
        elif leg.talk.running or leg.talk.just_ended(at, within_s=_LATE_REQUEST_S):
            self._transfers.not_moved(call, leg)
            if not leg.handed_over:
                call.talk_ended_by, call.talk_ended_at = EndedBy.AGENT, at

    def _newcallerid(self, event: ami.NewCallerid, at: float | None, now: float) -> None:
        channel = self._see(event.channel, at)
        call = self._book.call_of(channel)
        if channel is None or call is None or channel.uniqueid not in call.remote_channels:
            return
        if call.direction is Direction.INBOUND:
            if event.restricted:
                self._book.restrict(call)
            elif call.remote_name is None and not call.restricted:
                call.remote_name = event.channel.caller_name
                self._book.touch(call, at)

    def _rename(self, event: ami.Rename, at: float | None, now: float) -> None:
        channel = self._graph.get(event.uniqueid)
        if channel is not None:
            self._graph.rename(channel, event.new_name)

    # --- dialling ----------------------------------------------------------------------------------------------------

    def _dial_begin(self, event: ami.DialBegin, at: float | None, now: float) -> None:
        dest = self._see(event.dest, at)
        caller = self._see(event.caller, at) if event.caller is not None else None
        if dest is None:
            return
        if event.caller is None:
            self.parties.originated(dest, at)
            return
        call = self._book.call_of(caller)
        if caller is None or call is None or call.ended:
            return
        dest.dialled_by = caller.uniqueid
        if dest.kind is DeviceKind.PHONE and call.leg_of_channel(dest.uniqueid) is None:
            self._transfers.rings_on(dest, call, at)
            call = self._transfers.asks_by_feature(call, caller, event.caller.exten, at) or call
        self._book.attach(dest, call)
        dest.dial_status = None
        self._book.touch(call, at)  # first: the offer tells it, too
        if dest.kind is DeviceKind.PHONE:
            self.parties.phone_dialled(call, dest, event.caller, at)
        elif dest.kind is DeviceKind.TRUNK:
            self.parties.trunk_dialled(call, dest, event.caller, event.dial_string, at)
            self._book.touch(call, at)

    def _dial_state(self, event: ami.DialState, at: float | None, now: float) -> None:
        dest = self._see(event.dest, at)
        if dest is not None and event.status == "RINGING":
            dest.rang = True

    def _dial_end(self, event: ami.DialEnd, at: float | None, now: float) -> None:
        dest = self._see(event.dest, at)
        call = self._book.call_of(dest)
        if dest is None:
            return
        if event.status == "ANSWER" and event.caller is not None and (call is None or not call.announced):
            dialling = self._book.call_of(self._see(event.caller, at))
            if dialling is not None and dialling is not call:
                self._pickups.answered_instead(dialling, dest, at)
                call = self._book.call_of(dest)
        if call is None:
            return
        if dest.dial_status is None or event.forward:
            dest.dial_status = event.status
            dest.forward = event.forward
        if dest.uniqueid != call.key and call.is_remote(dest.uniqueid):
            call.remote_status = event.status
            call.remote_ring.stop(at)
        leg = call.leg_of_channel(dest.uniqueid)
        if leg is not None and event.forward:
            leg.forward = event.forward
        if event.status == "ANSWER" and leg is not None:
            self._book.picked_up(call, leg, dest, at)
        self._book.touch(call, at)

    # --- bridges -----------------------------------------------------------------------------------------------------

    def _bridge_enter(self, event: ami.BridgeEnter, at: float | None, now: float) -> None:
        channel = self._see(event.channel, at)
        if channel is None:
            return
        self._graph.enter(channel, event.bridge, event.swap)
        if is_holding(event):
            self._parking.entered(event, channel, at)
        self.parties.update_talk(channel, at)

    def _bridge_leave(self, event: ami.BridgeLeave, at: float | None, now: float) -> None:
        channel = self._see(event.channel, at)
        if channel is None:
            return
        before = self._graph.connected(channel)
        self._graph.leave(channel, event.bridge)
        self._parking.left(channel, at)
        self.parties.update_talk(channel, at)
        for other in before:
            self.parties.update_talk(other, at)

    def _local_bridge(self, event: ami.LocalBridge, at: float | None, now: float) -> None:
        one, two = self._see(event.one, at), self._see(event.two, at)
        if one is None or two is None:
            return
        self._graph.pair(one, two)
        call = self._book.call_of(one) or self._book.call_of(two)
        if call is not None:
            self._book.attach(one, call)
            self._book.attach(two, call)
        self.parties.update_talk(one, at)

    # --- hold --------------------------------------------------------------------------------------------------------

    def _hold(self, event: ami.Hold, at: float | None, now: float) -> None:
        self._set_hold(event.channel, at, on=True)

    def _unhold(self, event: ami.Unhold, at: float | None, now: float) -> None:
        self._set_hold(event.channel, at, on=False)

    def _set_hold(self, seen: ami.Channel, at: float | None, *, on: bool) -> None:
        channel = self._see(seen, at)
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

    # --- transfers, pickup, spying -------------------------------------------------------------------------------------

    def _blind_transfer(self, event: ami.BlindTransfer, at: float | None, now: float) -> None:
        self._transfers.blind(event, at)

    def _attended_transfer(self, event: ami.AttendedTransfer, at: float | None, now: float) -> None:
        self._transfers.attended(event, at)

    def _pickup(self, event: ami.Pickup, at: float | None, now: float) -> None:
        picker = self._see(event.channel, at)
        if picker is not None:
            self._pickups.picked_up(event, picker, at)

    def _chan_spy_start(self, event: ami.ChanSpyStart, at: float | None, now: float) -> None:
        spy = self._see(event.spyer, at)
        if spy is not None:
            self._pickups.spied(event, spy, at)


_HANDLERS: dict[type, Callable[[CallTracker, Any, float | None, float], None]] = {
    ami.Newchannel: CallTracker._newchannel,
    ami.Newstate: CallTracker._newstate,
    ami.Hangup: CallTracker._hangup,
    ami.HangupRequest: CallTracker._hangup_request,
    ami.NewCallerid: CallTracker._newcallerid,
    ami.Rename: CallTracker._rename,
    ami.DialBegin: CallTracker._dial_begin,
    ami.DialState: CallTracker._dial_state,
    ami.DialEnd: CallTracker._dial_end,
    ami.BridgeEnter: CallTracker._bridge_enter,
    ami.BridgeLeave: CallTracker._bridge_leave,
    ami.LocalBridge: CallTracker._local_bridge,
    ami.Hold: CallTracker._hold,
    ami.Unhold: CallTracker._unhold,
    ami.BlindTransfer: CallTracker._blind_transfer,
    ami.AttendedTransfer: CallTracker._attended_transfer,
    ami.Pickup: CallTracker._pickup,
    ami.ChanSpyStart: CallTracker._chan_spy_start,
}
