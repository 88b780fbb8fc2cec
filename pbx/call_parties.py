"""Who takes part: phones and trunks that are dialled become legs and remote parties; who hears whom becomes talk."""

from __future__ import annotations

import re

from pbx.call_book import CallBook
from pbx.calls import Direction
from pbx.channels import LiveChannel
from pbx.devices import DeviceKind
from pbx.events import Channel
from pbx.intervals import CHURN_GRACE_S
from pbx.live_call import LiveCall
from pbx.live_leg import LiveLeg

# DialBegin.DialString: "07700900456@trunk-a" or "trunk-a/sip:07700900456@host:5060".
_DIALLED = re.compile(r"(?:sips?:)?(?P<number>[^/@:]+)@")


class CallParties:
    """Turns dials and bridges into legs and talk."""

    def __init__(self, book: CallBook) -> None:
        self._book = book
        self._graph = book.graph

    # --- dialled -----------------------------------------------------------------------------------------------------

    def originated(self, dest: LiveChannel, at: float | None) -> None:
        """DialBegin without a caller: an Originate rings the agent's own phone."""
        call = self._book.call_of(dest)
        leg = call.leg_of_channel(dest.uniqueid) if call is not None else None
        if call is not None and leg is not None and leg.is_caller:
            self._book.offer(call, leg, at)

    def phone_dialled(self, call: LiveCall, dest: LiveChannel, caller: Channel | None, at: float | None) -> None:
        """A colleague's device rings for this call."""
        if call.leg_of_channel(dest.uniqueid) is not None:
            return
        if call.direction is None:
            if caller is not None:
                self._book.learn_number_asked(call, caller)
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
        if call.direction is None:
            call.direction = Direction.OUTBOUND
        if call.direction is not Direction.OUTBOUND:
            return
        if caller is not None:
            self._book.learn_number_asked(call, caller)
        found = _DIALLED.search(dial_string)
        call.dialled_raw = found.group("number") if found else call.dialled_raw
        if dest.uniqueid in call.remote_channels:
            return  # a snapshot may have shown the line before its DialBegin came
        call.remote_channels.append(dest.uniqueid)
        call.remote_status = None
        self._book.announce(call, at)
        call.remote_ring.start(at)

    # --- connected ---------------------------------------------------------------------------------------------------

    def update_talk(self, channel: LiveChannel, at: float | None) -> None:
        """A bridge or a Local pair around this channel changed: who talks now?"""
        calls = {
            call.key: call
            for member in (channel, *self._graph.connected(channel))
            if (call := self._book.call_of(member)) is not None
        }
        for call in calls.values():
            self.update_talk_of(call, at)

    def update_talk_of(self, call: LiveCall, at: float | None) -> None:
        """Start and stop the legs' talk by who can hear the remote party."""
        heard = self._phones_heard(call)
        for phone in heard:
            if call.leg_of_channel(phone.uniqueid) is None:
                self._join(call, phone, at)
        ids = {phone.uniqueid for phone in heard}
        for leg in call.legs:
            is_remote_itself = call.direction is Direction.INTERNAL and call.key in leg.channels
            talks = bool(ids) if is_remote_itself else not ids.isdisjoint(leg.channels)
            if talks and not leg.talk.running:
                self._talk_starts(call, leg, heard, at)
            elif not talks and leg.talk.running:
                leg.talk.stop(at)
                self._book.touch(call, at)

    def _phones_heard(self, call: LiveCall) -> list[LiveChannel]:
        heard: dict[str, LiveChannel] = {}
        for uniqueid in call.remote_channels:
            remote = self._graph.get(uniqueid)
            if remote is None:
                continue
            for other in self._graph.connected(remote):
                if other.kind is DeviceKind.PHONE and other.uniqueid not in call.remote_channels:
                    heard[other.uniqueid] = other
        return list(heard.values())

    def _talk_starts(self, call: LiveCall, leg: LiveLeg, heard: list[LiveChannel], at: float | None) -> None:
        if not call.talking:
            call.talk_ended_by = None
        own = next((phone for phone in heard if phone.uniqueid in leg.channels), None)
        if own is not None:
            self._book.picked_up(call, leg, own, at)
        leg.talk.start(at, grace_s=CHURN_GRACE_S)
        call.remote_ring.stop(at)
        self._book.talk_began(call, leg, at)

    def _join(self, call: LiveCall, phone: LiveChannel, at: float | None) -> None:
        """A phone that nobody dialled for this call talks with its remote party: pickup, retrieve, completed transfer."""
        other = self._book.call_of(phone)
        if other is not None and other is not call and other.announced:
            if other.direction is not Direction.INTERNAL:
                return
            self._book.anomaly("unsupported_flow", f"{phone.endpoint} joined from another call", at, call)
        self._book.attach(phone, call)
        leg = call.new_leg(phone.endpoint, self._book.devices)
        leg.channels.add(phone.uniqueid)
