"""Events of queues, their callers and their members."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from pbx.channel_events import Channel


class DeviceStatus(IntEnum):
    """Queue member Status: ast_device_state numbers (app_queue)."""

    UNKNOWN = 0
    NOT_IN_USE = 1
    IN_USE = 2
    BUSY = 3
    INVALID = 4
    UNAVAILABLE = 5
    RINGING = 6
    RING_IN_USE = 7
    ON_HOLD = 8


# --- queues -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QueueCallerJoin:
    at: float | None
    channel: Channel
    queue: str
    position: int | None


@dataclass(frozen=True, slots=True)
class QueueCallerLeave:
    at: float | None
    channel: Channel
    queue: str


@dataclass(frozen=True, slots=True)
class QueueCallerAbandon:
    """Also sent for timeout, leave-when-empty and withdraw (P5): what follows decides."""

    at: float | None
    channel: Channel
    queue: str
    hold_time_s: int | None


@dataclass(frozen=True, slots=True)
class AgentCalled:
    at: float | None
    caller: Channel | None
    dest: Channel | None
    queue: str
    interface: str
    member_name: str


@dataclass(frozen=True, slots=True)
class AgentConnect:
    at: float | None
    caller: Channel | None
    dest: Channel | None
    queue: str
    interface: str
    member_name: str
    hold_time_s: int | None
    ring_time_s: int | None


@dataclass(frozen=True, slots=True)
class AgentRingNoAnswer:
    at: float | None
    caller: Channel | None
    dest: Channel | None
    queue: str
    interface: str
    member_name: str
    ring_time_ms: int | None


@dataclass(frozen=True, slots=True)
class AgentComplete:
    """Late, asynchronous, possibly without either channel (P6)."""

    at: float | None
    caller: Channel | None
    dest: Channel | None
    queue: str
    interface: str
    member_name: str
    hold_time_s: int | None
    talk_time_s: int | None
    reason: str  # caller, agent, transfer


@dataclass(frozen=True, slots=True)
class AgentDump:
    at: float | None
    caller: Channel | None
    dest: Channel | None
    queue: str
    interface: str


@dataclass(frozen=True, slots=True)
class QueueMember:
    """An agent's seat in one queue. From QueueMember* events and from the QueueStatus answer alike."""

    queue: str
    interface: str
    name: str
    state_interface: str
    status: DeviceStatus
    paused: bool
    paused_reason: str | None
    penalty: int
    in_call: bool
    ring_in_use: bool
    membership: str


@dataclass(frozen=True, slots=True)
class QueueMemberAdded:
    at: float | None
    member: QueueMember


@dataclass(frozen=True, slots=True)
class QueueMemberRemoved:
    at: float | None
    member: QueueMember


@dataclass(frozen=True, slots=True)
class QueueMemberChanged:
    """QueueMemberStatus, QueueMemberPause, QueueMemberPenalty, QueueMemberRinginuse: all carry the whole member."""

    at: float | None
    member: QueueMember
