"""A queue: its members, who waits, its counters, and the events of class agent."""

from __future__ import annotations

from dataclasses import dataclass, field

from pbx.simulator.ami_wire import lines
from pbx.simulator.cast import QueuePlan
from pbx.simulator.channels import SimChannel
from pbx.simulator.switch import Switch
from pbx.simulator.timeline import Signal

FREE = 1  # DeviceStatus.NOT_IN_USE


@dataclass(slots=True, eq=False)
class Member:
    """One agent's seat in this queue."""

    queue: str
    name: str
    interface: str
    state_interface: str
    endpoint: str  # the phone behind it: PJSIP/1001
    login_time: int
    membership: str = "static"
    status: int = FREE
    paused: bool = False
    paused_reason: str = ""
    last_pause: int = 0
    last_call: int = 0
    calls_taken: int = 0
    in_call: bool = False

    @property
    def free(self) -> bool:
        """Whether the queue may ring this member now (ringinuse=no)."""
        return self.status == FREE and not self.paused

    def event_body(self) -> str:
        """The header lines of the QueueMember* events."""
        return lines(
            (
                ("Queue", self.queue),
                ("MemberName", self.name),
                ("Interface", self.interface),
                *self._state(),
                ("Ringinuse", 0),
                ("Wrapuptime", 0),
            )
        )

    def list_body(self) -> str:
        """The header lines of the QueueMember rows of QueueStatus: other names for the same things."""
        return lines(
            (
                ("Queue", self.queue),
                ("Name", self.name),
                ("Location", self.interface),
                *self._state(),
                ("Wrapuptime", 0),
            )
        )

    def _state(self) -> tuple[tuple[str, str | int], ...]:
        return (
            ("StateInterface", self.state_interface),
            ("Membership", self.membership),
            ("Penalty", 0),
            ("CallsTaken", self.calls_taken),
            ("LastCall", self.last_call),
            ("LastPause", self.last_pause),
            ("LoginTime", self.login_time),
            ("InCall", int(self.in_call)),
            ("Status", self.status),
            ("Paused", int(self.paused)),
            ("PausedReason", self.paused_reason),
        )


@dataclass(slots=True, eq=False)
class Entry:
    """One waiting caller. While `ringing`, members ring for it and the next in line may try too."""

    channel: SimChannel
    joined_at: float
    original_position: int
    ringing: bool = False


@dataclass(slots=True, eq=False)
class QueueLine:
    """One queue at work."""

    plan: QueuePlan
    switch: Switch
    members: list[Member] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    changed: Signal = field(default_factory=Signal)
    completed: int = 0
    abandoned: int = 0
    hold_time_s: int = 0
    talk_time_s: int = 0
    _last_rung: str = ""

    def join(self, channel: SimChannel) -> Entry:
        """QueueCallerJoin."""
        entry = Entry(channel, self.switch.now, len(self.entries) + 1)
        self.entries.append(entry)
        self._device("RINGING")
        self._caller_event("QueueCallerJoin", entry, (("Position", len(self.entries)), ("Count", len(self.entries))))
        return entry

    def leave(self, entry: Entry) -> None:
        """QueueCallerLeave."""
        position = self.position(entry)
        self.entries.remove(entry)
        self._device("RINGING" if self.entries else "NOT_INUSE")
        self._caller_event("QueueCallerLeave", entry, (("Position", position), ("Count", len(self.entries))))
        self.switch.timeline.fire(self.changed)

    def abandon(self, entry: Entry) -> None:
        """QueueCallerAbandon; Asterisk counts a timeout as abandoned too (P5)."""
        self.abandoned += 1
        own = (
            ("Position", self.position(entry)),
            ("OriginalPosition", entry.original_position),
            ("HoldTime", self.held_s(entry)),
        )
        self._caller_event("QueueCallerAbandon", entry, own)

    def position(self, entry: Entry) -> int:
        """1 is the head of the line."""
        return self.entries.index(entry) + 1

    def held_s(self, entry: Entry) -> int:
        """Whole seconds, as app_queue's time(NULL) counts them."""
        return int(self.switch.now) - int(entry.joined_at)

    def pick(self, entry: Entry) -> list[Member]:
        """Whom to ring for this caller now; nobody while an earlier caller could take the free member."""
        ahead = sum(1 for other in self.entries[: self.entries.index(entry)] if not other.ringing)
        free = [member for member in self.members if member.free]
        if len(free) <= ahead:
            return []
        if self.plan.strategy == "ringall":
            return free
        order = [member.interface for member in self.members]
        start = order.index(self._last_rung) + 1 if self._last_rung in order else 0
        rotation = order[start:] + order[:start]
        chosen = min(free, key=lambda member: rotation.index(member.interface))
        self._last_rung = chosen.interface
        return [chosen]

    def agent_event(
        self, name: str, caller: SimChannel, dest: SimChannel, member: Member, *own: tuple[str, str | int]
    ) -> None:
        """AgentCalled, AgentConnect, AgentRingNoAnswer, AgentComplete."""
        who = (("Queue", self.plan.name), ("Interface", member.interface), ("MemberName", member.name))
        self.switch.tell(name, "agent", caller.snapshot() + dest.snapshot("Dest") + lines((*who, *own)))

    def late_complete(self, member: Member, *own: tuple[str, str | int]) -> None:
        """AgentComplete after both channels are forgotten: without them (P6)."""
        who = (("Queue", self.plan.name), ("Interface", member.interface), ("MemberName", member.name))
        self.switch.tell("AgentComplete", "agent", lines((*who, *own)))

    def completed_call(self, member: Member, hold_s: int, talk_s: int) -> None:
        """Count a finished talk."""
        self.completed += 1
        self.hold_time_s, self.talk_time_s = hold_s, talk_s
        member.in_call = False
        member.calls_taken += 1
        member.last_call = int(self.switch.now)

    def device_changed(self, endpoint: str, status: int) -> None:
        """QueueMemberStatus for each seat that has this phone."""
        for member in self.members:
            if member.endpoint == endpoint and member.status != status:
                member.status = status
                self.switch.tell("QueueMemberStatus", "agent", member.event_body())
        self.switch.timeline.fire(self.changed)

    def pause(self, member: Member, *, paused: bool, reason: str) -> None:
        """QueueMemberPause."""
        member.paused, member.paused_reason = paused, reason if paused else ""
        if paused:
            member.last_pause = int(self.switch.now)
        device = f"Queue:{self.plan.name}_pause_{member.interface}"
        self.switch.tell(
            "DeviceStateChange", "call", lines((("Device", device), ("State", "INUSE" if paused else "NOT_INUSE")))
        )
        self.switch.tell("QueueMemberPause", "agent", member.event_body())
        self.switch.timeline.fire(self.changed)

    def add(self, member: Member) -> None:
        """QueueMemberAdded."""
        self.members.append(member)
        self.switch.tell("QueueMemberAdded", "agent", member.event_body())
        self.switch.timeline.fire(self.changed)

    def remove(self, member: Member) -> None:
        """QueueMemberRemoved."""
        self.members.remove(member)
        self.switch.tell("QueueMemberRemoved", "agent", member.event_body())

    def _caller_event(self, name: str, entry: Entry, own: tuple[tuple[str, int], ...]) -> None:
        body = entry.channel.snapshot() + lines((("Queue", self.plan.name), *own))
        self.switch.tell(name, "agent", body)

    def _device(self, state: str) -> None:
        device = (("Device", f"Queue:{self.plan.name}"), ("State", state))
        self.switch.tell("DeviceStateChange", "call", lines(device))
