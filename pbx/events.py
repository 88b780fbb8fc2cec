"""What the PBX told us, typed: one class for each AMI event (or answer list) that we use.

Class names are Asterisk's event names, fields are ours. `at` is the event's `Timestamp` header as epoch seconds (UTC),
None when the PBX sends none. Text is unescaped (telephony.md P18) and still hostile: strangers choose it. `None` stands for
Asterisk's sentinels (`<unknown>`, `unknown`, empty). Parsing lives in `pbx/asterisk/ami_events.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from pbx.channel_events import (
    BridgeDestroy,
    BridgeEnter,
    BridgeId,
    BridgeLeave,
    BridgeMerge,
    Channel,
    ChannelState,
    DialBegin,
    DialEnd,
    DialState,
    Hangup,
    HangupRequest,
    LocalBridge,
    LocalOptimizationEnd,
    NewCallerid,
    Newchannel,
    NewConnectedLine,
    Newexten,
    Newstate,
    PbxName,
    Rename,
    Uniqueid,
    VarSet,
)
from pbx.feature_events import (
    AttendedTransfer,
    BlindTransfer,
    ChanSpyStart,
    ChanSpyStop,
    ConfbridgeJoin,
    ConfbridgeLeave,
    Hold,
    OriginateResponse,
    ParkedCall,
    ParkedCallGiveUp,
    ParkedCallTimeOut,
    Pickup,
    Unhold,
    UnParkedCall,
)
from pbx.queue_events import (
    AgentCalled,
    AgentComplete,
    AgentConnect,
    AgentDump,
    AgentRingNoAnswer,
    DeviceStatus,
    QueueCallerAbandon,
    QueueCallerJoin,
    QueueCallerLeave,
    QueueMember,
    QueueMemberAdded,
    QueueMemberChanged,
    QueueMemberRemoved,
)

__all__ = [
    "AgentCalled",
    "AgentComplete",
    "AgentConnect",
    "AgentDump",
    "AgentRingNoAnswer",
    "AttendedTransfer",
    "BlindTransfer",
    "BridgeDestroy",
    "BridgeEnter",
    "BridgeId",
    "BridgeLeave",
    "BridgeMerge",
    "ChanSpyStart",
    "ChanSpyStop",
    "Channel",
    "ChannelState",
    "ConfbridgeJoin",
    "ConfbridgeLeave",
    "DeviceStateChange",
    "DeviceStatus",
    "DialBegin",
    "DialEnd",
    "DialState",
    "FullyBooted",
    "Hangup",
    "HangupRequest",
    "Hold",
    "LinkLost",
    "LocalBridge",
    "LocalOptimizationEnd",
    "NewCallerid",
    "NewConnectedLine",
    "Newchannel",
    "Newexten",
    "Newstate",
    "OriginateResponse",
    "ParkedCall",
    "ParkedCallGiveUp",
    "ParkedCallTimeOut",
    "PbxEvent",
    "PbxName",
    "Pickup",
    "QueueCallerAbandon",
    "QueueCallerJoin",
    "QueueCallerLeave",
    "QueueMember",
    "QueueMemberAdded",
    "QueueMemberChanged",
    "QueueMemberRemoved",
    "QueueParams",
    "Rename",
    "ResyncSnapshot",
    "RunningChannel",
    "Shutdown",
    "UnParkedCall",
    "Unhold",
    "Uniqueid",
    "VarSet",
    "WaitingCaller",
]


# --- devices and the PBX itself ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeviceStateChange:
    at: float | None
    device: str
    state: str  # NOT_INUSE INUSE BUSY INVALID UNAVAILABLE RINGING RINGINUSE ONHOLD UNKNOWN


@dataclass(frozen=True, slots=True)
class FullyBooted:
    at: float | None
    uptime_s: int | None


@dataclass(frozen=True, slots=True)
class Shutdown:
    at: float | None
    restart: bool


# --- not events of Asterisk: what the link and the resync tell --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunningChannel:
    """One row of CoreShowChannels."""

    channel: Channel
    bridge: BridgeId | None
    application: str
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class WaitingCaller:
    """One QueueEntry of QueueStatus."""

    queue: str
    uniqueid: Uniqueid
    channel_name: str
    position: int
    wait_s: float


@dataclass(frozen=True, slots=True)
class QueueParams:
    """One QueueParams of QueueStatus: counters since the PBX's start or QueueReset."""

    queue: str
    strategy: str
    completed: int
    abandoned: int


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The AMI connection broke (or a capture ended)."""

    at: float | None


@dataclass(frozen=True, slots=True)
class ResyncSnapshot:
    """What runs on the PBX now: the answers of CoreShowChannels and QueueStatus after a login, or of the self-check.

    A part that was not asked for (or not in a capture) is None: nothing may be concluded from it.
    """

    at: float | None
    channels: tuple[RunningChannel, ...] | None
    queues: tuple[QueueParams, ...] | None
    members: tuple[QueueMember, ...] | None
    waiting: tuple[WaitingCaller, ...] | None
    self_check: bool = False  # the periodic look, not a resync: one absence is not yet a proof
    rebooted: bool = False  # the PBX's start time changed since the last snapshot: every older channel is dead


PbxEvent: TypeAlias = (
    Newchannel
    | Newstate
    | Hangup
    | HangupRequest
    | NewCallerid
    | NewConnectedLine
    | Newexten
    | VarSet
    | Rename
    | DialBegin
    | DialState
    | DialEnd
    | BridgeEnter
    | BridgeLeave
    | BridgeMerge
    | BridgeDestroy
    | LocalBridge
    | LocalOptimizationEnd
    | BlindTransfer
    | AttendedTransfer
    | Pickup
    | Hold
    | Unhold
    | ParkedCall
    | UnParkedCall
    | ParkedCallTimeOut
    | ParkedCallGiveUp
    | ChanSpyStart
    | ChanSpyStop
    | ConfbridgeJoin
    | ConfbridgeLeave
    | OriginateResponse
    | QueueCallerJoin
    | QueueCallerLeave
    | QueueCallerAbandon
    | AgentCalled
    | AgentConnect
    | AgentRingNoAnswer
    | AgentComplete
    | AgentDump
    | QueueMemberAdded
    | QueueMemberRemoved
    | QueueMemberChanged
    | DeviceStateChange
    | FullyBooted
    | Shutdown
    | LinkLost
    | ResyncSnapshot
)
