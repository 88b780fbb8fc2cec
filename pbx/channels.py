"""The channel graph: which channels live, who dialled whom, and who can hear whom through bridges and Local pairs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from pbx.devices import DeviceKind, DevicePlan, endpoint_of
from pbx.events import BridgeId, Channel, ChannelState, Uniqueid

#: Asterisk may still name a channel after its Hangup (P3): ignore it for this long, never resurrect it.
TOMBSTONE_S = 30.0
_MAX_TOMBSTONES = 20_000


class LiveChannel:
    """One channel that has not hung up."""

    __slots__ = (
        "apart",
        "bridge",
        "call_key",
        "cause",
        "dial_status",
        "dialled_by",
        "endpoint",
        "forward",
        "hangup_requested",
        "kind",
        "linkedid",
        "local_peer",
        "name",
        "originated",
        "rang",
        "state",
        "uniqueid",
    )

    def __init__(self, seen: Channel, kind: DeviceKind) -> None:
        self.uniqueid = seen.uniqueid
        self.linkedid = seen.linkedid
        self.name = seen.name
        self.kind = kind
        self.endpoint = endpoint_of(seen.name)
        self.state = seen.state
        self.bridge: BridgeId | None = None
        # The other half of a Local channel, once LocalBridge told.
        self.local_peer: Uniqueid | None = None
        # Root Uniqueid of the call it belongs to; None while nobody knows.
        self.call_key: Uniqueid | None = None
        # It takes part in no conversation: a supervisor who listens in.
        self.apart = False
        # Ringing was seen: a BUSY after it is a rejection, one without it a busy phone (A04, A05).
        self.rang = False
        self.hangup_requested = False
        # First leg of an Originate: a phone that calls starts in state Ring, one that is rung in Down.
        self.originated = False
        # The channel whose Dial() rings this one.
        self.dialled_by: Uniqueid | None = None
        # Last DialEnd of this channel as a destination; None while it rings.
        self.dial_status: str | None = None
        self.forward: str | None = None
        self.cause: int | None = None

    @property
    def up(self) -> bool:
        return self.state is ChannelState.UP


class ChannelGraph:
    """All living channels of one PBX."""

    def __init__(self, devices: DevicePlan) -> None:
        self._devices = devices
        self._channels: dict[Uniqueid, LiveChannel] = {}
        self._by_name: dict[str, Uniqueid] = {}
        self._bridges: dict[BridgeId, set[Uniqueid]] = {}
        # Where calls are parked or wait: its members do not hear each other.
        self._holding: set[BridgeId] = set()
        # Who hung up, and the call it was part of; and when, oldest first.
        self._tombstones: dict[Uniqueid, Uniqueid | None] = {}
        self._buried_at: deque[tuple[float, Uniqueid]] = deque()

    def __len__(self) -> int:
        return len(self._channels)

    def __iter__(self) -> Iterator[LiveChannel]:
        return iter(list(self._channels.values()))

    @property
    def bridges(self) -> int:
        """How many bridges somebody is in."""
        return len(self._bridges)

    @property
    def tombstones(self) -> int:
        """How many channels are remembered that hung up a short while ago."""
        return len(self._tombstones)

    def get(self, uniqueid: Uniqueid | None) -> LiveChannel | None:
        return self._channels.get(uniqueid) if uniqueid is not None else None

    def of(self, uniqueids: Iterable[Uniqueid]) -> list[LiveChannel]:
        """Those that live."""
        return [channel for uniqueid in uniqueids if (channel := self._channels.get(uniqueid)) is not None]

    def by_name(self, name: str) -> LiveChannel | None:
        return self.get(self._by_name.get(name))

    def buried(self, uniqueid: Uniqueid) -> bool:
        """It hung up a short while ago."""
        return uniqueid in self._tombstones

    def call_key_of(self, uniqueid: Uniqueid) -> Uniqueid | None:
        """The root of the call that a channel belongs to, or belonged to when it hung up a short while ago."""
        channel = self._channels.get(uniqueid)
        if channel is not None:
            return channel.call_key
        return self._tombstones.get(uniqueid)

    def add(self, seen: Channel) -> LiveChannel:
        """A channel seen for the first time."""
        channel = LiveChannel(seen, self._devices.kind(seen.name))
        self._channels[seen.uniqueid] = channel
        self._by_name[seen.name] = seen.uniqueid
        return channel

    def refresh(self, channel: LiveChannel, seen: Channel) -> None:
        """Take over what may change silently: state, and the Linkedid (a hint only)."""
        channel.state = seen.state
        channel.linkedid = seen.linkedid
        if seen.state is ChannelState.RINGING:
            channel.rang = True

    def rename(self, channel: LiveChannel, name: str) -> None:
        """A masquerade gave the channel another name (and maybe another device)."""
        self._by_name.pop(channel.name, None)
        self._by_name[name] = channel.uniqueid
        channel.name = name
        channel.endpoint = endpoint_of(name)
        channel.kind = self._devices.kind(name)

    def bury(self, channel: LiveChannel, now: float) -> None:
        """The channel hung up."""
        self.leave(channel)
        del self._channels[channel.uniqueid]
        if self._by_name.get(channel.name) == channel.uniqueid:
            del self._by_name[channel.name]
        self.bury_unseen(channel.uniqueid, channel.call_key, now)

    def bury_unseen(self, uniqueid: Uniqueid, call_key: Uniqueid | None, now: float) -> None:
        """A channel that we know by its call's record only has hung up: what is still told of it is late."""
        self._tombstones[uniqueid] = call_key
        self._buried_at.append((now, uniqueid))
        if len(self._buried_at) > _MAX_TOMBSTONES:
            self._forget_oldest()

    def forget_buried(self, now: float) -> None:
        """Drop tombstones that are old enough."""
        while self._buried_at and now - self._buried_at[0][0] >= TOMBSTONE_S:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        self._tombstones.pop(self._buried_at.popleft()[1], None)

    def pair(self, one: LiveChannel, two: LiveChannel) -> None:
        """LocalBridge: to people on the phone the two halves are one line."""
        one.local_peer, two.local_peer = two.uniqueid, one.uniqueid

    def enter(self, channel: LiveChannel, bridge: BridgeId, swap: Uniqueid | None = None) -> None:
        """The channel joins a bridge, perhaps in the place of another."""
        swapped = self.get(swap)
        if swapped is not None and swapped.bridge == bridge:
            self.leave(swapped)
        if channel.bridge != bridge:
            self.leave(channel)
        channel.bridge = bridge
        self._bridges.setdefault(bridge, set()).add(channel.uniqueid)

    def leave(self, channel: LiveChannel, bridge: BridgeId | None = None) -> None:
        """The channel leaves its bridge; a leave of a bridge it is no longer in says nothing."""
        if channel.bridge is None or (bridge is not None and channel.bridge != bridge):
            return
        members = self._bridges[channel.bridge]
        members.discard(channel.uniqueid)
        if not members:
            del self._bridges[channel.bridge]
            self._holding.discard(channel.bridge)
        channel.bridge = None

    def hold(self, bridge: BridgeId) -> None:
        """A holding bridge (parking): who is in it hears music, nobody else."""
        self._holding.add(bridge)

    def outermost_local(self, half: LiveChannel) -> LiveChannel | None:
        """The `;1` half nearest to the caller, of the Local channels that lead to this `;2` half."""
        outer = self.get(half.local_peer) if half.kind is DeviceKind.LOCAL else None
        while outer is not None:
            dialler = self.get(outer.dialled_by)
            further = self.get(dialler.local_peer) if dialler is not None and dialler.kind is DeviceKind.LOCAL else None
            if further is None:
                return outer
            outer = further
        return None

    def local_line(self, first: LiveChannel) -> list[LiveChannel]:
        """All halves of the Local channels that begin with this `;1`."""
        halves = [first]
        for half in halves:
            peer = self.get(half.local_peer)
            inner = [one for one in self if one.kind is DeviceKind.LOCAL and one.dialled_by == half.uniqueid]
            halves += [one for one in (peer, *inner) if one is not None and one not in halves]
        return halves

    def dialled_through(self, channel: LiveChannel) -> list[str]:
        """Names of the Local channels between the caller and this channel, nearest first: `Local/1001@from-queue`."""
        names: list[str] = []
        dialler = self.get(channel.dialled_by)
        while dialler is not None and dialler.kind is DeviceKind.LOCAL and dialler.endpoint not in names:
            names.append(dialler.endpoint)
            outer = self.get(dialler.local_peer)
            dialler = self.get(outer.dialled_by) if outer is not None else None
        return names

    def connected(self, start: LiveChannel) -> list[LiveChannel]:
        """Every phone or trunk that `start` can hear: bridges, closed over Local pairs of any depth."""
        found: list[LiveChannel] = []
        seen = {start.uniqueid}
        to_visit = [start]
        while to_visit:
            channel = to_visit.pop()
            if channel.bridge is None or channel.bridge in self._holding:
                continue
            for uniqueid in self._bridges.get(channel.bridge, ()):
                member = self._channels[uniqueid]
                if uniqueid in seen:
                    continue
                seen.add(uniqueid)
                if member.kind is not DeviceKind.LOCAL:
                    found.append(member)
                    continue
                other_half = self.get(member.local_peer)
                if other_half is not None and other_half.uniqueid not in seen:
                    seen.add(other_half.uniqueid)
                    to_visit.append(other_half)
        return found
