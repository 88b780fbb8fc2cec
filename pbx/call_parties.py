"""Who takes part: phones and trunks that are dialled become legs and remote parties; who hears whom becomes talk."""

from __future__ import annotations

import re

from pbx.call_book import CallBook
from pbx.calls import Direction, EndedBy
from pbx.channels import LiveChannel
from pbx.devices import DeviceKind
from pbx.events import Channel
from pbx.intervals import CHURN_GRACE_S
from pbx.live_call import LiveCall
from pbx.live_leg import LiveLeg
from pbx.pickups import Pickups
from pbx.transfers import Transfers


def _later(at: float | None, other: float | None) -> float | None:
    """Nobody heard anybody when we last looked: an event that overtook others does not turn time back (P1)."""
    return at if at is None or other is None else max(at, other)


def _leads_to(forward: str, through: list[str]) -> bool:
    """A phone that forwards makes Asterisk dial `Local/<where to>@context`."""
    return any(name.startswith(f"Local/{forward.partition('@')[0]}@") for name in through)


# DialBegin.DialString: "07700900456@trunk-a" or "trunk-a/sip:07700900456@host:5060".
_DIALLED = re.compile(r"(?:sips?:)?(?P<number>[^/@:]+)@")


class CallParties:
    """Turns dials and bridges into legs and talk."""

    def __init__(self, book: CallBook, transfers: Transfers, pickups: Pickups) -> None:
        self._book = book
        self._graph = book.graph
        self.transfers = transfers
        self._pickups = pickups

    # --- dialled -----------------------------------------------------------------------------------------------------

    def originated(self, dest: LiveChannel, at: float | None) -> None:
        """DialBegin without a caller: an Originate rings the agent's own phone, or a transfer comes back that nobody took."""
        call = self._book.call_of(dest)
        returned = self.transfers.comes_back_to(dest.endpoint) if call is None or not call.announced else None
        if returned is not None:
            self._book.attach(dest, returned)
            self.phone_dialled(returned, dest, None, at)
            return
        leg = call.leg_of_channel(dest.uniqueid) if call is not None else None
        if call is not None and leg is not None and leg.is_caller:
            self._book.offer(call, leg, at)

    def phone_dialled(self, call: LiveCall, dest: LiveChannel, caller: Channel | None, at: float | None) -> None:
        """A colleague's device rings for this call."""
        if caller is not None:
            self.transfers.moved_on(call, dest, caller.exten)
        if call.leg_of_channel(dest.uniqueid) is not None:
            return
        if call.direction is None:
            if caller is not None:
                call.learn_number_asked(caller.exten)
            call.direction = Direction.INTERNAL
            call.remote_channels.append(call.key)
            self._book.announce(call, at)
        owner = self._book.devices.owner(dest.endpoint)
        leg = self._ringing_leg(call, owner, dest.endpoint)
        if leg is None:
            leg = call.new_leg(dest.endpoint, self._book.devices)
            leg.is_caller = self._rings_the_caller(call)
            leg.queue = call.open_wait.queue if call.open_wait is not None else None
        elif dest.endpoint not in leg.endpoints:
            leg.endpoints.append(dest.endpoint)
        leg.channels.add(dest.uniqueid)
        self._book.offer(call, leg, at)
        if dest.up:
            self._book.picked_up(call, leg, dest, at)

    def is_asked_by_feature(self, call: LiveCall, phone: LiveChannel, at: float | None) -> bool:
        """A snapshot shows a phone before its DialBegin came: it may ring for a consultation that is about to begin."""
        for line in sorted(self._graph.of(call.channels), key=lambda channel: channel.name):
            if not line.name.endswith(";2"):
                continue
            asked = self.transfers.asks_by_feature(call, line, "", at)
            if asked is not None:
                self._book.attach(phone, asked)
                self.phone_dialled(asked, phone, None, at)
                return True
        return False

    def _ringing_leg(self, call: LiveCall, owner: str | None, endpoint: str) -> LiveLeg | None:
        """Two devices of one agent (or two contacts of one device) ringing at once are one leg."""
        for leg in call.legs:
            if leg.ringing and (endpoint in leg.endpoints or (owner is not None and leg.agent == owner)):
                return leg
        return None

    def _rings_the_caller(self, call: LiveCall) -> bool:
        """Click-to-dial through a Local channel: until the agent answers, every phone dialled is the agent's own."""
        return call.originated and not any(leg.is_caller and leg.answered_channel for leg in call.legs)

    def trunk_dialled(
        self, call: LiveCall, dest: LiveChannel, caller: Channel | None, dial_string: str, at: float | None
    ) -> None:
        """An outside line is dialled: the remote party of an outbound call."""
        found = _DIALLED.search(dial_string)
        number = found.group("number") if found else None
        if call.direction is None:
            call.direction = Direction.OUTBOUND
        if call.direction is not Direction.OUTBOUND or (call.talked and call.remote_channels):
            self._outside_line(call, dest, number, at)
            return
        if caller is not None:
            call.learn_number_asked(caller.exten)
        call.dialled_raw = number or call.dialled_raw
        if dest.uniqueid in call.remote_channels:
            return  # a snapshot may have shown the line before its DialBegin came
        call.remote_channels.append(dest.uniqueid)
        call.remote_status = None
        self._book.announce(call, at)
        call.remote_ring.start(at)

    def _outside_line(self, call: LiveCall, dest: LiveChannel, number: str | None, at: float | None) -> None:
        """A trunk is dialled for a customer: a third party after a transfer, else a colleague's mobile."""
        if call.went_outside_on(dest.uniqueid) or call.leg_of_channel(dest.uniqueid) is not None:
            return
        if number is None:
            return  # shown by a snapshot: whose line it is, nobody told
        if any(leg.end_unseen for leg in call.legs):
            return  # a transfer may have fallen into the gap
        through = self._graph.dialled_through(dest)
        forwarding = next((leg for leg in call.legs if leg.forward and _leads_to(leg.forward, through)), None)
        if forwarding is None and call.transfers and call.transfers[-1].outside is None:
            call.transfers[-1].outside = dest.uniqueid
            return
        if forwarding is None:
            member = next(filter(None, map(self._book.devices.extension_of_member, through)), None)
            forwarding = call.new_leg(dest.endpoint, self._book.devices)
            forwarding.extension = member
            forwarding.agent = self._book.devices.owner_of_extension(member)
            forwarding.queue = call.open_wait.queue if call.open_wait is not None else None
            forwarding.rang_at = at
        forwarding.via = number
        forwarding.result, forwarding.ended_at, forwarding.ring_ended_at = None, None, None
        forwarding.channels = {dest.uniqueid}

    # --- connected ---------------------------------------------------------------------------------------------------

    def update_talk(self, channel: LiveChannel, at: float | None) -> None:
        """A bridge or a Local pair around this channel changed: who talks now?"""
        other_half = self._graph.get(channel.local_peer)
        beyond = self._graph.connected(other_half) if other_half is not None else []
        calls = {
            call.key: call
            for member in (channel, *self._graph.connected(channel), *beyond)
            if (call := self._book.call_of(member)) is not None
        }
        for call in calls.values():
            if self._book.by_key(call.key) is call:  # a consultation may just have become part of another
                self.update_talk_of(call, at)

    def update_talk_of(self, call: LiveCall, at: float | None) -> None:
        """Start and stop the legs' talk by who can hear the remote party."""
        heard = self._heard(call)
        for transfer in call.transfers:
            if not transfer.outside_answered and any(other.uniqueid == transfer.outside for other in heard):
                transfer.outside_answered = True
                self._book.touch(call, at)
        heard = [other for other in heard if self._is_colleague(call, other)]
        for phone in heard:
            if call.leg_of_channel(phone.uniqueid) is None:
                self._join(call, phone, at)
        ids = {phone.uniqueid for phone in heard}
        for leg in call.legs:
            is_remote_itself = not leg.channels.isdisjoint(call.remote_channels)
            talks = bool(ids) if is_remote_itself else not ids.isdisjoint(leg.channels)
            if talks and not leg.talk.running:
                self._talk_starts(call, leg, heard, _later(at, call.looked_at))
            elif not talks and leg.talk.running:
                leg.talk.stop(at)
                self._book.touch(call, at)
                if call.talk_ended_by is None and not leg.handed_over and call.just_resumed(at):
                    call.talk_ended_by = EndedBy.UNKNOWN  # somebody may have asked for it in the gap
                    call.estimated = True
        call.looked_at = _later(at, call.looked_at)

    def _heard(self, call: LiveCall) -> list[LiveChannel]:
        """Everybody whom the remote party hears."""
        heard: dict[str, LiveChannel] = {}
        for uniqueid in call.remote_channels:
            remote = self._graph.get(uniqueid)
            if remote is not None:
                heard |= {other.uniqueid: other for other in self._graph.connected(remote)}
        return [other for other in heard.values() if other.uniqueid not in call.remote_channels]

    def _is_colleague(self, call: LiveCall, other: LiveChannel) -> bool:
        """A phone; or a mobile that stands for a colleague's."""
        return other.kind is DeviceKind.PHONE or call.leg_of_channel(other.uniqueid) is not None

    def _talk_starts(self, call: LiveCall, leg: LiveLeg, heard: list[LiveChannel], at: float | None) -> None:
        if not call.talking:
            call.talk_ended_by = None
        own = next((phone for phone in heard if phone.uniqueid in leg.channels), None)
        if own is not None:
            self._book.picked_up(call, leg, own, at)
        leg.talk.start(at, grace_s=CHURN_GRACE_S)
        call.remote_ring.stop(at)
        call.parked.stop(at)  # fetched while nobody looked
        self._book.talk_began(call, leg, at)

    def _join(self, call: LiveCall, phone: LiveChannel, at: float | None) -> None:
        """A phone that nobody dialled for this call talks with its remote party: pickup, retrieve, completed transfer."""
        other = self._book.call_of(phone)
        if other is None or other is call or not other.announced:
            self._pickups.take_over(call, phone)
        elif other.direction is Direction.INTERNAL:
            self.transfers.join(other, call, at)
