"""Recordings as streams of typed events that can be reordered, doubled and cut, and what the PBX runs at any moment of them."""

from __future__ import annotations

import heapq
import random
import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from pbx import events as ami
from pbx.events import BridgeId, Channel, PbxEvent, ResyncSnapshot, RunningChannel, Uniqueid, WaitingCaller
from tests.pbx.folding import events_of

_LOCAL_HALF = re.compile(r"(Local/.*);[12]")
_CLICKED = re.compile(rb"Uniqueid: (cti-[a-z0-9-]+)")


@dataclass(frozen=True, slots=True)
class Story:
    """The events of one recording. `asked`: what the live service knows of its own click-to-dials."""

    name: str
    events: tuple[PbxEvent, ...]
    asked: dict[str, str]


@cache
def story(capture: Path) -> Story:
    """One recording, read once. The number asked for is only the same every time, not the true one."""
    raw = capture.read_bytes()
    clicked = _CLICKED.search(raw)
    asked = {clicked.group(1).decode(): "+421905123456"} if clicked else {}
    return Story(capture.stem, tuple(events_of(raw)), asked)


def channels_of(event: PbxEvent) -> Iterator[Channel]:
    """Every channel that an event shows."""
    for field in fields(event):
        value = getattr(event, field.name)
        if isinstance(value, Channel):
            yield value


def interleaved(events: Sequence[PbxEvent], *, seed: int, window_s: float) -> list[PbxEvent]:
    """Another order that a PBX may tell the same in: each channel's own events stay in order (P1).

    An event overtakes or falls behind events of others by at most `window_s`.
    """
    chance = random.Random(seed)
    after, waits_for = _must_follow(events)
    times = _times(events)
    ready = [
        (times[index] + chance.uniform(0, window_s), index) for index in range(len(events)) if not waits_for[index]
    ]
    heapq.heapify(ready)
    order = []
    while ready:
        _, index = heapq.heappop(ready)
        order.append(events[index])
        for later in after[index]:
            waits_for[later] -= 1
            if not waits_for[later]:
                heapq.heappush(ready, (times[later] + chance.uniform(0, window_s), later))
    return order


def _must_follow(events: Sequence[PbxEvent]) -> tuple[list[list[int]], list[int]]:
    """For each event those that come directly after it on one of its threads, and how many it waits for itself."""
    after: list[list[int]] = [[] for _ in events]
    waits_for = [0] * len(events)
    last: dict[Hashable, int] = {}
    born: dict[Uniqueid, int] = {}
    everything = -1
    for index, event in enumerate(events):
        threads = set(_threads(event))
        before = {last[thread] for thread in threads if thread in last} | ({everything} if everything >= 0 else set())
        if not threads:
            # A snapshot, a boot, a lost link: a wall for everybody.
            before |= set(range(everything + 1, index))
            everything = index
        if isinstance(event, ami.Newchannel):
            born[event.channel.uniqueid] = index
            before |= {born.get(event.channel.linkedid, index)} - {index}
        for earlier in before:
            after[earlier].append(index)
            waits_for[index] += 1
        last.update(dict.fromkeys(threads, index))
    return after, waits_for


def _threads(event: PbxEvent) -> Iterator[Hashable]:
    for channel in channels_of(event):
        local = _LOCAL_HALF.fullmatch(channel.name)
        yield local.group(1) if local else channel.uniqueid
    match event:
        case ami.BridgeEnter(bridge=bridge) | ami.BridgeLeave(bridge=bridge) | ami.BridgeDestroy(bridge=bridge):
            yield bridge
        case ami.QueueMemberAdded(member=member) | ami.QueueMemberRemoved(member=member):
            yield member.interface
        case ami.QueueMemberChanged(member=member):
            yield member.interface
        case ami.DeviceStateChange(device=device):
            yield device
        case ami.Rename(uniqueid=uniqueid):
            yield uniqueid
        case ami.OriginateResponse(action_id=action_id):
            yield action_id
        case ami.VarSet():
            yield "variables without a channel"


def _times(events: Sequence[PbxEvent]) -> list[float]:
    times = []
    now = 0.0
    for event in events:
        now = max(now, event.at or 0.0)
        times.append(now)
    return times


class Running:
    """What a PBX would answer to CoreShowChannels and QueueStatus after the events told so far."""

    def __init__(self) -> None:
        self._seen: dict[Uniqueid, Channel] = {}
        self._born: dict[Uniqueid, float | None] = {}
        self._bridges: dict[Uniqueid, BridgeId] = {}
        self._waiting: dict[Uniqueid, tuple[str, float | None]] = {}
        self._applications: dict[Uniqueid, str] = {}

    def tell(self, event: PbxEvent) -> None:
        """Take over one event."""
        if isinstance(event, ami.Newchannel):
            self._born[event.channel.uniqueid] = event.at
        for channel in channels_of(event):
            if channel.uniqueid in self._born:
                self._seen[channel.uniqueid] = channel
        match event:
            case ami.ResyncSnapshot(channels=channels) if channels is not None:
                self._begin_with(event)
            case ami.BridgeEnter(bridge=bridge, channel=channel, swap=swap):
                self._bridges[channel.uniqueid] = bridge
                self._bridges.pop(swap or Uniqueid(""), None)
            case ami.BridgeLeave(bridge=bridge, channel=channel):
                if self._bridges.get(channel.uniqueid) == bridge:
                    del self._bridges[channel.uniqueid]
            case ami.Newexten(channel=channel, application=application):
                self._applications[channel.uniqueid] = application
            case ami.QueueCallerJoin(queue=queue, channel=channel):
                self._waiting[channel.uniqueid] = (queue, event.at)
            case ami.QueueCallerLeave(channel=channel):
                self._waiting.pop(channel.uniqueid, None)
            case ami.AttendedTransfer(second_transferer=asker, transferee=customer, dest_app="Queue"):
                # The customer stands where the colleague stood.
                if customer is not None and asker.uniqueid in self._waiting:
                    self._waiting[customer.uniqueid] = self._waiting.pop(asker.uniqueid)
            case ami.Hangup(channel=channel):
                self._forget(channel.uniqueid)

    def _begin_with(self, snapshot: ResyncSnapshot) -> None:
        for uniqueid in list(self._born):
            self._forget(uniqueid)
        for row in snapshot.channels or ():
            uniqueid = row.channel.uniqueid
            self._seen[uniqueid] = row.channel
            self._born[uniqueid] = (
                None if snapshot.at is None or row.duration_s is None else snapshot.at - row.duration_s
            )
            if row.bridge is not None:
                self._bridges[uniqueid] = row.bridge
        for waiting in snapshot.waiting or ():
            self._waiting[waiting.uniqueid] = (
                waiting.queue,
                None if snapshot.at is None else snapshot.at - waiting.wait_s,
            )

    def _forget(self, uniqueid: Uniqueid) -> None:
        for table in (self._seen, self._born, self._bridges, self._waiting, self._applications):
            table.pop(uniqueid, None)

    def snapshot(self, at: float) -> ResyncSnapshot:
        """The answers now: channels, whole seconds, and who waits."""
        rows = tuple(
            RunningChannel(
                channel,
                self._bridges.get(uniqueid),
                self._applications.get(uniqueid, ""),
                None if self._born[uniqueid] is None else float(int(at - (self._born[uniqueid] or 0.0))),
            )
            for uniqueid, channel in self._seen.items()
        )
        waiting = tuple(
            WaitingCaller(queue, uniqueid, self._seen[uniqueid].name, place, float(int(at - (joined or at))))
            for place, (uniqueid, (queue, joined)) in enumerate(self._waiting.items(), start=1)
            if uniqueid in self._seen
        )
        return ResyncSnapshot(at=at, channels=rows, queues=None, members=None, waiting=waiting)


def running_after(events: Iterable[PbxEvent], at: float) -> ResyncSnapshot:
    """What runs after these events."""
    running = Running()
    for event in events:
        running.tell(event)
    return running.snapshot(at)
