"""One PBX as we know it: events in, call events out. Pure: no clock, no I/O; `now` is the arrival time.

state = PbxState(PbxName("main"), devices)
happened = state.apply(event, now)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pbx import events as ami
from pbx.agents import AgentBook, AgentStatus
from pbx.call_book import CallBook
from pbx.call_events import (
    AgentStateChanged,
    CallDropped,
    CallEvent,
    CallLegEnded,
    OriginateFinished,
    PbxConnected,
    PbxLost,
    PbxResynced,
    QueueChanged,
)
from pbx.call_tracker import CallTracker
from pbx.calls import Call
from pbx.devices import DeviceKind, DevicePlan
from pbx.events import PbxEvent, PbxName, QueueMember, Uniqueid
from pbx.queues import QueueBook
from pbx.resync import Resync


def _no_wrap_up(queue: str | None) -> float:
    return 0.0


class PbxState:
    """Calls, queues and agents of one PBX.

    `clock_from_arrival`: events without a Timestamp header take their arrival time (the live service); a replay keeps their times unknown.
    """

    def __init__(
        self,
        pbx: PbxName,
        devices: DevicePlan,
        *,
        clock_from_arrival: bool = True,
        wrap_up_s: Callable[[str | None], float] = _no_wrap_up,
        queues: Iterable[str] = (),
    ) -> None:
        self.pbx = pbx
        self._devices = devices
        self._clock_from_arrival = clock_from_arrival
        self._book = CallBook(pbx, devices)
        self._tracker = CallTracker(self._book)
        self._agents = AgentBook(devices, wrap_up_s)
        self._queues = QueueBook(pbx, self._agents, queues)
        self._resync = Resync(self._book, self._tracker.openings, self._tracker.parties)
        self._last_at: float | None = None
        # Of the events that were taken and not told yet.
        self._extra: list[CallEvent] = []
        self._taken_at: float | None = None
        self._has_taken = False

    # --- the one way in ------------------------------------------------------------------------------------------------

    def apply(self, event: PbxEvent, now: float) -> list[CallEvent]:
        """Update the state and return what happened, oldest first. Never raises on what a PBX may send."""
        self.take(event, now)
        return self.happened(now)

    def take(self, event: PbxEvent, now: float) -> None:
        """Update the state; `happened` tells later, for all events of one read from the socket at once, what it came to."""
        at = event.at if event.at is not None or not self._clock_from_arrival else now
        if not self._has_taken:
            self._has_taken = True
            self._book.finalise(now if at is not None else None)
        kind = type(event)
        handler = _HANDLERS.get(kind)
        if handler is not None:
            self._extra += handler(self, event, at, now)
        else:
            self._tracker.apply(event, at, now)
        self._taken_at = at
        if at is not None and kind not in _NOT_FROM_THE_STREAM:
            self._last_at = at

    @property
    def urgent(self) -> bool:
        """A phone began to ring: `happened` should be asked now, not at the end of what was read."""
        return self._book.urgent

    def happened(self, now: float) -> list[CallEvent]:
        """What the events taken since the last time came to, oldest first; a call that changed several times is told once."""
        self._has_taken = False
        extra, self._extra = self._extra, []
        return self._happened(extra, self._taken_at, now)

    def _member_changed(
        self, event: ami.QueueMemberAdded | ami.QueueMemberChanged, at: float | None, now: float
    ) -> list[CallEvent]:
        self._queues.member_changed(event.member)
        return []

    def _member_removed(self, event: ami.QueueMemberRemoved, at: float | None, now: float) -> list[CallEvent]:
        self._queues.member_removed(event.member)
        return []

    def _device_changed(self, event: ami.DeviceStateChange, at: float | None, now: float) -> list[CallEvent]:
        self._agents.device_changed(event.device, event.state)
        return []

    def _link_lost(self, event: ami.LinkLost, at: float | None, now: float) -> list[CallEvent]:
        self._resync.link_lost(self._last_at)
        return [PbxLost(at=at, pbx=self.pbx)]

    def _shutdown(self, event: ami.Shutdown, at: float | None, now: float) -> list[CallEvent]:
        self._resync.shutdown()
        return []

    def _originate_response(self, event: ami.OriginateResponse, at: float | None, now: float) -> list[CallEvent]:
        if event.uniqueid is None:
            return []
        return [
            OriginateFinished(
                at=at, pbx=self.pbx, channel_id=event.uniqueid, success=event.success, reason=event.reason
            )
        ]

    def _apply_snapshot(self, event: ami.ResyncSnapshot, at: float | None, now: float) -> list[CallEvent]:
        names = None if event.queues is None else frozenset(row.queue for row in event.queues)
        for name in names or ():
            self._queues.exists(name)
        if names is not None and not event.self_check:
            self._queues.keep_only(names)
        if event.members is not None:
            self._queues.replace_members(event.members)
        gap = self._resync.reconcile(event, at, now)
        if event.channels is not None:
            alive = {call.id for call in self._book if not call.ended}
            self._agents.forget_calls(alive)
            self._queues.forget_calls(alive)
        if event.self_check:
            return []
        return [
            PbxConnected(at=at, pbx=self.pbx),
            PbxResynced(
                at=at,
                pbx=self.pbx,
                gap_from=gap.since,
                gap_to=gap.until,
                missed_calls=gap.missed_calls,
                queues=names,
            ),
        ]

    def _happened(self, extra: list[CallEvent], at: float | None, now: float) -> list[CallEvent]:
        happened = self._book.drain(at)
        for event in happened:
            call = getattr(event, "call", None)
            if isinstance(event, CallDropped):
                self._agents.forget_call(event.call.id)
                self._queues.forget_call(event.call.id)
            elif call is not None:
                self._agents.call_changed(call)
                self._queues.call_changed(call)
            if isinstance(event, CallLegEnded):
                self._agents.talk_ended(event.leg, event.call.queue, now)
        happened.extend(extra)
        happened.extend(AgentStateChanged(at=at, pbx=self.pbx, agent=agent) for agent in self._agents.changes(at))
        return happened

    # --- time, start and end -------------------------------------------------------------------------------------------

    def tick(self, now: float) -> list[CallEvent]:
        """What time alone brings: final records, ended wrap-ups, conflated queue changes. Call it a few times a second."""
        self._book.finalise(now)
        happened = self._happened([], now, now)
        happened.extend(AgentStateChanged(at=now, pbx=self.pbx, agent=agent) for agent in self._agents.drain(now, now))
        happened.extend(QueueChanged(at=now, queue=queue) for queue in self._queues.drain())
        return happened

    def finish(self) -> list[CallEvent]:
        """End of a capture: calls in their grace time become final, the others stay as they are and are `estimated`."""
        self._book.finalise(None)
        for call in self._book:
            call.estimated = True
            self._book.touch(call, None)
        return self._book.drain(None)

    def restore(self, calls: Iterable[Call], listened_until: float | None = None) -> None:
        """Calls that were open when our process stopped; the first snapshot continues or closes them.

        `listened_until`: when the process that stopped last wrote of this PBX; the gap begins there. None: never before.
        """
        self._resync.restore(calls, listened_until)

    def set_owners(self, owners: Mapping[str, str], extensions: Mapping[str, str] | None = None) -> None:
        """Endpoint → account name (and → extension): accounts or sign-ins changed."""
        self._devices.set_owners(owners, extensions)
        self._agents.reload_owners()

    def expect_originate(self, channel_id: str, number: str) -> None:
        """Tell before asking the PBX: the call's remote number is the number asked for."""
        self._tracker.openings.expect_originate(channel_id, number)

    def forget_originate(self, channel_id: str) -> None:
        """The PBX was not asked after all, or said no."""
        self._tracker.openings.forget_originate(channel_id)

    # --- what is there now ---------------------------------------------------------------------------------------------

    def open_calls(self) -> list[Call]:
        """Calls that have not ended."""
        return [call.value() for call in self._book if call.announced and not call.ended]

    def unfinished(self) -> int:
        """Calls that live or wait for their last events."""
        return sum(1 for call in self._book if call.announced)

    def held(self) -> dict[str, int]:
        """How many things are held in memory, by kind: an operator, or a soak, sees what grows."""
        return {
            "calls": sum(1 for _ in self._book),
            "channels": len(self._book.graph),
            "bridges": self._book.graph.bridges,
            "tombstones": self._book.graph.tombstones,
            "originates": self._tracker.openings.expected,
        }

    def living_channel(self, root: str) -> str | None:
        """A channel whose hang-up ends the call with this root: the root itself, else the remote party's, else any."""
        call = self._book.by_key(Uniqueid(root))
        if call is None:
            return None
        for uniqueid in (call.key, *call.remote_channels, *sorted(call.channels)):
            channel = self._book.graph.get(uniqueid)
            if channel is not None:
                return channel.name
        return None

    def agents(self) -> list[AgentStatus]:
        """Every agent as last told."""
        return self._agents.statuses()

    def seats_of(self, agent: str) -> tuple[QueueMember, ...]:
        """The agent's seats in queues, with their pauses."""
        return self._agents.seats_of(agent)

    def device_kind(self, endpoint: str) -> DeviceKind:
        """Trunk, phone, or neither."""
        return self._devices.kind(endpoint)

    def extensions(self) -> frozenset[str]:
        """Internal numbers known from accounts and queue members."""
        return self._agents.extensions()

    def interfaces_of(self, agent: str) -> tuple[str, ...]:
        """The queue interfaces of an agent: what a pause or a login has to name."""
        return self._agents.interfaces_of(agent)


_NOT_FROM_THE_STREAM = frozenset({ami.LinkLost, ami.ResyncSnapshot})
#: What the call tracker does not take.
_HANDLERS: dict[type, Callable[[PbxState, Any, float | None, float], list[CallEvent]]] = {
    ami.QueueMemberAdded: PbxState._member_changed,
    ami.QueueMemberChanged: PbxState._member_changed,
    ami.QueueMemberRemoved: PbxState._member_removed,
    ami.DeviceStateChange: PbxState._device_changed,
    ami.OriginateResponse: PbxState._originate_response,
    ami.LinkLost: PbxState._link_lost,
    ami.ResyncSnapshot: PbxState._apply_snapshot,
    ami.Shutdown: PbxState._shutdown,
}
