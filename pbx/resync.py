"""After a lost link or a restart: make our calls equal to what the PBX runs now, and admit the gap.

AMI has no replay: what happened without us is known only from what is left of it. Each method below is a row of the reconcile table;
whatever fell into the gap is marked `estimated`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pbx import outcomes
from pbx.call_book import CallBook
from pbx.call_parties import CallParties
from pbx.calls import Call, Direction, EndedBy, LegResult
from pbx.channels import LiveChannel
from pbx.devices import DeviceKind
from pbx.events import ChannelState, QueueParams, ResyncSnapshot, RunningChannel, Uniqueid, WaitingCaller
from pbx.live_call import LiveCall
from pbx.live_leg import LiveLeg, LiveWait
from pbx.openings import Openings
from pbx.revival import revive

#: CoreShowChannels tells ages in whole seconds.
_SAME_AGE_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The time without connection that a snapshot ended."""

    since: float | None
    until: float | None
    missed_calls: int | None


class Resync:
    """Compares snapshots with the book of calls."""

    def __init__(self, book: CallBook, openings: Openings, parties: CallParties) -> None:
        self._book = book
        self._openings = openings
        self._graph = book.graph
        self._parties = parties
        self._lost_at: float | None = None
        self._lost = False
        # Channels that the last self-check did not show: absent twice means gone.
        self._absent_once: set[Uniqueid] = set()
        self._counters: dict[str, int] = {}

    def link_lost(self, last_event_at: float | None) -> None:
        """The connection broke; nothing is known from now on."""
        if not self._lost:
            self._lost = True
            self._lost_at = last_event_at

    def shutdown(self) -> None:
        """Asterisk said good-bye after hanging up every call: the system ended them, not a party."""
        for call in self._book:
            if not call.root_hangup_requested and call.talk_ended_by is None:
                call.system_ended = True
                for wait in call.waits:
                    wait.cut_off = not wait.abandon_requested
                self._book.touch(call, None)

    def restore(self, calls: Iterable[Call], listened_until: float | None) -> None:
        """Open records of the store come back to life until the first snapshot decides about them."""
        for value in calls:
            self._book.adopt(revive(value))
        self._lost = True
        self._lost_at = listened_until

    # --- the table -----------------------------------------------------------------------------------------------------

    def reconcile(self, snapshot: ResyncSnapshot, at: float | None, now: float) -> Gap:
        """Apply the reconcile table; returns the gap that ended."""
        gap = Gap(
            since=self._lost_at if self._lost else None,
            until=at if self._lost else None,
            missed_calls=self._missed_calls(snapshot),
        )
        if snapshot.channels is not None:
            present = {row.channel.uniqueid: row for row in snapshot.channels}
            self._close_absent(present, snapshot, now)
            if not snapshot.self_check:
                self._show_present(present, at)
        if snapshot.waiting is not None and not snapshot.self_check:
            self._show_waiting(snapshot.waiting, at)
        if snapshot.self_check:
            self._openings.forget_unborn()
        else:
            self._lost = False
            self._lost_at = None
        if snapshot.rebooted:
            # The old run says nothing more, and the new one may give the same Uniqueids again.
            self._book.finalise(None)
            self._graph.forget_buried(math.inf)
        return gap

    def _missed_calls(self, snapshot: ResyncSnapshot) -> int | None:
        """Calls born and dead in the gap, by the queues' counters (reset by a restart)."""
        if snapshot.queues is None or snapshot.self_check:
            return None
        counters = {row.queue: _finished(row) for row in snapshot.queues}
        before, self._counters = self._counters, counters
        if not self._lost or snapshot.rebooted or not before:
            return None
        return sum(max(0, count - before.get(queue, count)) for queue, count in counters.items())

    def _close_absent(self, present: dict[Uniqueid, RunningChannel], snapshot: ResyncSnapshot, now: float) -> None:
        absent = {channel.uniqueid for channel in self._graph if channel.uniqueid not in present or snapshot.rebooted}
        gone = absent & self._absent_once if snapshot.self_check else absent
        self._absent_once = absent - gone
        for channel in self._graph:
            if channel.uniqueid in gone:
                self._lose(channel, now, rebooted=snapshot.rebooted)
        for call in self._book:
            # Restored calls have no channels yet: those whose root is not there any more ended while we were away.
            unseen = not snapshot.self_check and not call.channels and not call.ended
            if unseen and (call.key not in present or snapshot.rebooted):
                self._close(call, now, rebooted=snapshot.rebooted)

    def _lose(self, channel: LiveChannel, now: float, *, rebooted: bool) -> None:
        """A channel hung up in the gap, nobody knows when: its call's last event is the lower bound."""
        call = self._book.call_of(channel)
        self._graph.bury(channel, now)
        if call is None or call.ended:
            return
        leg = call.leg_of_channel(channel.uniqueid)
        call.estimated = True
        if channel.uniqueid == call.key:
            _cut_off(call)
        call.end_unseen |= call.is_remote(channel.uniqueid)
        if len(call.channels) == 1:
            self._end_unseen(call, rebooted=rebooted)
        if leg is not None and leg.result is None and leg.channels == {channel.uniqueid}:
            leg.end_unseen = True
            if leg.answered_channel is None:
                # It rang when we last saw it: not "missed", we do not know.
                leg.result = LegResult.FAILED if rebooted else LegResult.CANCELLED
                leg.ended_at = call.last_at
        self._book.channel_left(call, channel, call.last_at, now)

    def _end_unseen(self, call: LiveCall, *, rebooted: bool) -> None:
        call.end_unseen = True
        call.ended_by = EndedBy.SYSTEM if rebooted else EndedBy.UNKNOWN

    def _close(self, call: LiveCall, now: float, *, rebooted: bool) -> None:
        # Its end may have come between our login and the snapshot: then its last events are still to come (P24).
        self._graph.bury_unseen(call.key, call.key, now)
        call.estimated = True
        _cut_off(call)
        self._end_unseen(call, rebooted=rebooted)
        for leg in call.legs:
            if leg.result is None:
                _end_unseen_leg(leg, call.last_at)
        self._book.close(call, call.last_at, now)

    # --- what runs -----------------------------------------------------------------------------------------------------

    def _show_present(self, present: Mapping[Uniqueid, RunningChannel], at: float | None) -> None:
        """Known channels are refreshed, unknown ones make calls that were joined late."""
        ordered = sorted(present.values(), key=lambda row: row.channel.linkedid != row.channel.uniqueid)
        shown = [(self._graph.get(row.channel.uniqueid) or self._graph.add(row.channel), row) for row in ordered]
        changed = {channel.uniqueid for channel, row in shown if _differs(channel, row)}
        for channel, row in shown:
            self._graph.refresh(channel, row.channel)
            self._belongs(channel, row, present, at)
        self._tie_local_halves()
        for channel, row in shown:
            if row.bridge is not None:
                self._graph.enter(channel, row.bridge)
            else:
                self._graph.leave(channel)
        for call in self._book:
            if self._book.by_key(call.key) is not call:
                continue  # a consultation that is part of another call now
            before = call.talking
            self._parties.update_talk_of(call, at)
            self._parties.transfers.joined_unseen(call, at)
            self._book.free_guests(call, at)
            if before and not call.talking and call.talk_ended_by is None:
                call.talk_ended_by = EndedBy.UNKNOWN  # in the gap
            if self._lost and not call.ended:
                went_on = call.restored and before and call.talking and not call.transfers
                self._resume(call, at)
                call.estimated |= not went_on and (call.talking is not before or not changed.isdisjoint(call.channels))

    def _resume(self, call: LiveCall, at: float | None) -> None:
        """It runs on. Of a restored call the phones that are not there any more hung up meanwhile."""
        call.resumed_at = at
        call.estimated |= call.restored and not call.talking
        call.restored = False
        for leg in call.legs:
            if leg.result is None and not leg.channels:
                _end_unseen_leg(leg, call.last_at)
                call.estimated = True

    def _belongs(
        self, channel: LiveChannel, row: RunningChannel, present: Mapping[Uniqueid, RunningChannel], at: float | None
    ) -> None:
        seen = row.channel
        channel.apart |= row.application in outcomes.SPY_APPS
        if channel.apart:
            return
        call = self._book.call_of(channel)
        if call is None:
            call = self._book.by_key(seen.uniqueid) or self._book.by_key(seen.linkedid)
            if call is None:
                linked = self._book.call_of(self._graph.get(seen.linkedid))
                call = linked if linked is not None else self._joined_late(channel, row, present, at)
            self._book.attach(channel, call)
        if channel.kind is DeviceKind.PHONE and call.leg_of_channel(channel.uniqueid) is None:
            self._seat(call, channel, row, at)
        elif channel.kind is DeviceKind.TRUNK and not self._is_known_line(call, channel):
            mobile = next((leg for leg in call.legs if leg.via and leg.result is None and not leg.channels), None)
            if mobile is not None:
                mobile.channels.add(channel.uniqueid)
            else:
                self._parties.trunk_dialled(call, channel, None, "", at)
            call.estimated = True
        if channel.up:
            self._is_up(call, channel, at)
        if row.application in outcomes.VOICEMAIL_APPS and channel.uniqueid == call.key:
            call.voicemail = call.direction is Direction.INBOUND

    def _is_known_line(self, call: LiveCall, channel: LiveChannel) -> bool:
        known = call.is_remote(channel.uniqueid) or call.went_outside_on(channel.uniqueid)
        return known or call.leg_of_channel(channel.uniqueid) is not None

    def _is_up(self, call: LiveCall, channel: LiveChannel, at: float | None) -> None:
        """Picked up, before the gap or in it."""
        if channel.uniqueid == call.key:
            call.root_was_up = True
        if call.direction is Direction.OUTBOUND and call.is_remote(channel.uniqueid):
            call.end_unseen = True  # picked up by the far end: unless a talk follows, nobody knows
        leg = call.leg_of_channel(channel.uniqueid)
        if leg is not None:
            self._book.picked_up(call, leg, channel, at)

    def _joined_late(
        self, channel: LiveChannel, row: RunningChannel, present: Mapping[Uniqueid, RunningChannel], at: float | None
    ) -> LiveCall:
        started = at - row.duration_s if at is not None and row.duration_s is not None else None
        # A line whose root is gone was dialled by it: a colleague's phone that left the call.
        is_dialled = channel.kind is DeviceKind.TRUNK and row.channel.linkedid not in present
        call = self._openings.open_root(channel, row.channel, started, is_dialled=is_dialled)
        call.estimated = True
        call.last_at = at
        call.did_raw = None  # its Exten is the dialplan's by now
        return call

    def _seat(self, call: LiveCall, channel: LiveChannel, row: RunningChannel, at: float | None) -> None:
        """A phone in a call: the leg we knew, or one that began in the gap."""
        leg = next((leg for leg in call.legs if leg.result is None and channel.endpoint in leg.endpoints), None)
        if leg is not None and _is_as_old(leg, row, at):
            leg.channels.add(channel.uniqueid)
            taken = leg.picked_up_at is not None or (leg.is_caller and not call.originated)
            if taken and channel.endpoint == leg.endpoint:
                leg.answered_channel = channel.uniqueid
            return
        if not self._parties.is_asked_by_feature(call, channel, at):
            self._parties.phone_dialled(call, channel, None, at)
        call.estimated = True

    def _tie_local_halves(self) -> None:
        for channel in self._graph:
            if channel.kind is DeviceKind.LOCAL and channel.name.endswith(";1"):
                other = self._graph.by_name(channel.name[:-1] + "2")
                if other is not None:
                    self._graph.pair(channel, other)

    def _show_waiting(self, rows: Iterable[WaitingCaller], at: float | None) -> None:
        """Who waits, and since when; who does not wait any more left in the gap."""
        waiting = {row.uniqueid: row for row in rows}
        for call in self._book:
            row = next((waiting[name] for name in (call.key, *call.also_known_as) if name in waiting), None)
            stands_in = call.open_wait
            if call.ended or (row.queue if row else None) == (stands_in.queue if stands_in else None):
                continue
            if stands_in is not None:
                stands_in.leave(at)
                stands_in.connected = stands_in.connected or call.talking
                stands_in.cut_off = True  # how it left, nobody knows
            if row is not None:
                call.waits.append(LiveWait(row.queue, at - row.wait_s if at is not None else None))
            call.estimated = True
            self._book.touch(call, at)


def _is_as_old(leg: LiveLeg, row: RunningChannel, at: float | None) -> bool:
    """A phone that rings again has another channel than the one we knew."""
    if leg.picked_up_at is not None or leg.rang_at is None or at is None or row.duration_s is None:
        return True
    return abs(at - row.duration_s - leg.rang_at) <= _SAME_AGE_S


def _differs(channel: LiveChannel, row: RunningChannel) -> bool:
    """It was picked up, put into a bridge or taken out of one while we were away."""
    return channel.up is not (row.channel.state is ChannelState.UP) or channel.bridge != row.bridge


def _finished(row: QueueParams) -> int:
    return row.completed + row.abandoned


def _cut_off(call: LiveCall) -> None:
    """Whoever waited when the link broke neither gave up nor timed out as far as we know."""
    if call.open_wait is not None:
        call.open_wait.cut_off = True


def _end_unseen_leg(leg: LiveLeg, at: float | None) -> None:
    """It talked or rang when we last saw it; a phone that rang is not "missed": we do not know."""
    leg.talk.stop(at)
    leg.ended_at = at
    leg.result = LegResult.ANSWERED if leg.talk.ever else LegResult.CANCELLED
    leg.end_unseen = True
