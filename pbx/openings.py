"""How calls begin: at a trunk, at a phone, by a click, beside another call."""

from __future__ import annotations

from pbx.call_book import CallBook
from pbx.calls import Direction, new_call_id
from pbx.channels import LiveChannel
from pbx.devices import DeviceKind
from pbx.events import Channel, ChannelState
from pbx.live_call import LiveCall
from pbx.live_leg import LiveLeg

#: ChannelIds of our own click-to-dial begin with this: such a call is a call from its first event.
CLICK_TO_DIAL_PREFIX = "cti-"


class Openings:
    """Opens calls at their root channel."""

    def __init__(self, book: CallBook) -> None:
        self._book = book
        # Click-to-dial: the number that was asked for, by ChannelId.
        self._asked: dict[str, str] = {}
        # Those of them that the last look at the PBX did not show either.
        self._unborn: frozenset[str] = frozenset()
        self._ordinal = 0
        self._strange_devices: set[str] = set()

    @property
    def expected(self) -> int:
        """Originates whose channel has not been born."""
        return len(self._asked)

    def expect_originate(self, channel_id: str, number: str) -> None:
        """We are about to ask the PBX to dial `number` with this ChannelId."""
        self._asked[channel_id] = number

    def forget_originate(self, channel_id: str) -> None:
        """Nothing was sent, or the PBX refused it: no channel comes."""
        self._asked.pop(channel_id, None)

    def forget_unborn(self) -> None:
        """Call it at each self-check: what was awaited at the one before and is not born yet, never will be."""
        for channel_id in self._unborn:
            self.forget_originate(channel_id)
        self._unborn = frozenset(self._asked)

    def open_root(self, channel: LiveChannel, seen: Channel, at: float | None, *, is_dialled: bool = False) -> LiveCall:
        """A channel without a requestor begins a call. A phone's stays silent until it dials: it may be a feature code."""
        self._ordinal += 1
        call_id = new_call_id(self._book.pbx, seen.uniqueid, at, self._ordinal)
        call = LiveCall(call_id, self._book.pbx, seen.uniqueid, seen.linkedid, at)
        self._book.add(call)
        self._book.attach(channel, call)
        call.root_was_up = channel.up
        if channel.kind is DeviceKind.TRUNK:
            self._open_outside(call, seen, at, Direction.OUTBOUND if is_dialled else Direction.INBOUND)
        else:
            self._open_from_inside(call, channel, seen, at)
        return call

    def _open_outside(self, call: LiveCall, seen: Channel, at: float | None, direction: Direction) -> None:
        call.direction = direction
        call.remote_channels.append(seen.uniqueid)
        call.remote_raw, call.remote_name = seen.caller_number, seen.caller_name
        call.did_raw = seen.exten
        self._book.announce(call, at)

    def _open_from_inside(self, call: LiveCall, channel: LiveChannel, seen: Channel, at: float | None) -> None:
        # A phone that calls is born ringing (Ring); one that an Originate rings is born Down.
        channel.originated = seen.state is ChannelState.DOWN
        if channel.kind is DeviceKind.PHONE:
            leg = call.new_leg(channel.endpoint, self._book.devices)
            leg.is_caller = True
            leg.channels.add(channel.uniqueid)
            if not channel.originated:
                leg.answered_channel = channel.uniqueid
                call.learn_number_asked(seen.exten)
        elif channel.kind is DeviceKind.OTHER and channel.endpoint not in self._strange_devices:
            self._strange_devices.add(channel.endpoint)
            self._book.anomaly(
                "unknown_device", f"{channel.endpoint} is neither a trunk nor a phone of the configuration", at
            )
        if seen.uniqueid.startswith(CLICK_TO_DIAL_PREFIX):
            call.originated = True
            call.direction = Direction.OUTBOUND
            call.remote_raw = self._asked.pop(seen.uniqueid, None)
            self._book.announce(call, at)

    def open_consultation(
        self, call: LiveCall, line: LiveChannel, asker: LiveLeg, exten: str, at: float | None
    ) -> LiveCall:
        """A colleague asks another about the customer of `call`, on a Local channel: an internal call until the two are joined."""
        self._ordinal += 1
        asked = LiveCall(
            new_call_id(self._book.pbx, line.uniqueid, at, self._ordinal),
            self._book.pbx,
            line.uniqueid,
            line.linkedid,
            at,
        )
        self._book.add(asked)
        asked.direction, asked.remote_raw = Direction.INTERNAL, exten
        leg = asked.new_leg(asker.endpoint, self._book.devices)
        leg.is_caller, leg.answered_channel = True, asker.answered_channel
        leg.channels |= asker.channels
        asker.talk.is_interrupted = True
        asker.hold.take_back()  # Asterisk's own, while it took the number: no key of the phone was pressed for it
        asked.remote_channels += asker.channels
        for half in self._book.graph.local_line(line):
            self._book.attach(half, asked)
        self._book.announce(asked, at)
        return asked
