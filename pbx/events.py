"""What the PBX told us, typed: one class for each AMI event (or answer list) that we use.

Class names are Asterisk's event names, fields are ours. `at` is the event's `Timestamp` header as epoch seconds (UTC),
None when the PBX sends none. Text is unescaped (telephony.md P18) and still hostile: strangers choose it. `None` stands for
Asterisk's sentinels (`<unknown>`, `unknown`, empty). Parsing lives in `pbx/asterisk/ami_events.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NewType, TypeAlias

PbxName = NewType("PbxName", str)
Uniqueid = NewType("Uniqueid", str)
BridgeId = NewType("BridgeId", str)


class ChannelState(IntEnum):
    """Asterisk's ChannelState numbers (channelstate.h)."""

    DOWN = 0
    RESERVED = 1
    OFFHOOK = 2
    DIALING = 3
    RING = 4
    RINGING = 5
    UP = 6
    BUSY = 7
    DIALING_OFFHOOK = 8
    PRE_RING = 9
    UNKNOWN = 10


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


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel as an event shows it."""

    name: str
    uniqueid: Uniqueid
    linkedid: Uniqueid
    state: ChannelState
    caller_number: str | None
    caller_name: str | None
    connected_number: str | None
    connected_name: str | None
    context: str
    exten: str


# --- channel life -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Newchannel:
    at: float | None
    channel: Channel
    restricted: bool = False  # ChanVariable CALLERID(num-pres)=prohib…, when the PBX is set to send it


@dataclass(frozen=True, slots=True)
class Newstate:
    at: float | None
    channel: Channel


@dataclass(frozen=True, slots=True)
class Hangup:
    at: float | None
    channel: Channel
    cause: int | None


@dataclass(frozen=True, slots=True)
class HangupRequest:
    """Sent on the channel of the party that hung up or declined; also when an unanswered channel was refused by the dialplan."""

    at: float | None
    channel: Channel
    cause: int | None = None


@dataclass(frozen=True, slots=True)
class NewCallerid:
    """The only event that shows the presentation (CID-CallingPres)."""

    at: float | None
    channel: Channel
    restricted: bool


@dataclass(frozen=True, slots=True)
class NewConnectedLine:
    at: float | None
    channel: Channel


@dataclass(frozen=True, slots=True)
class Newexten:
    at: float | None
    channel: Channel
    application: str
    app_data: str


@dataclass(frozen=True, slots=True)
class VarSet:
    at: float | None
    channel: Channel | None
    variable: str
    value: str


@dataclass(frozen=True, slots=True)
class Rename:
    at: float | None
    uniqueid: Uniqueid
    new_name: str


# --- dialling and bridges ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DialBegin:
    at: float | None
    caller: Channel | None  # None: an Originate has no caller
    dest: Channel
    dial_string: str


@dataclass(frozen=True, slots=True)
class DialState:
    at: float | None
    caller: Channel | None
    dest: Channel
    status: str  # RINGING, PROCEEDING, PROGRESS


@dataclass(frozen=True, slots=True)
class DialEnd:
    at: float | None
    caller: Channel | None
    dest: Channel
    status: str  # ANSWER BUSY NOANSWER CANCEL CONGESTION CHANUNAVAIL ABORT CONTINUE GOTO
    forward: str | None


@dataclass(frozen=True, slots=True)
class BridgeEnter:
    at: float | None
    bridge: BridgeId
    bridge_type: str  # basic, holding, …
    technology: str
    channel: Channel
    swap: Uniqueid | None  # takes the place of this channel


@dataclass(frozen=True, slots=True)
class BridgeLeave:
    at: float | None
    bridge: BridgeId
    channel: Channel


@dataclass(frozen=True, slots=True)
class BridgeMerge:
    at: float | None
    to_bridge: BridgeId
    from_bridge: BridgeId


@dataclass(frozen=True, slots=True)
class BridgeDestroy:
    at: float | None
    bridge: BridgeId


@dataclass(frozen=True, slots=True)
class LocalBridge:
    """Ties the two halves of a Local channel: `one` (;1) faces the dialler, `two` (;2) runs the dialplan."""

    at: float | None
    one: Channel
    two: Channel
    optimizable: bool


@dataclass(frozen=True, slots=True)
class LocalOptimizationEnd:
    at: float | None
    one: Channel
    two: Channel


# --- transfers, pickup, hold, parking, spying, conferences ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BlindTransfer:
    at: float | None
    result: str  # only "Success" counts (P26)
    transferer: Channel
    transferee: Channel | None
    bridge: BridgeId | None
    context: str
    extension: str
    external: bool


@dataclass(frozen=True, slots=True)
class AttendedTransfer:
    """Orig and Second are chronological, not roles."""

    at: float | None
    result: str
    orig_transferer: Channel
    second_transferer: Channel
    orig_bridge: BridgeId | None
    second_bridge: BridgeId | None
    transferee: Channel | None
    target: Channel | None
    dest_type: str  # Bridge App Link Threeway Fail
    dest_app: str | None


@dataclass(frozen=True, slots=True)
class Pickup:
    """Sent after the move: `channel` picked up `target`, which was ringing."""

    at: float | None
    channel: Channel
    target: Channel


@dataclass(frozen=True, slots=True)
class Hold:
    """`channel` is the one whose phone pressed hold."""

    at: float | None
    channel: Channel


@dataclass(frozen=True, slots=True)
class Unhold:
    at: float | None
    channel: Channel


@dataclass(frozen=True, slots=True)
class ParkedCall:
    at: float | None
    parkee: Channel
    parker_dial_string: str | None
    space: str | None


@dataclass(frozen=True, slots=True)
class UnParkedCall:
    at: float | None
    parkee: Channel
    retriever: Channel | None


@dataclass(frozen=True, slots=True)
class ParkedCallTimeOut:
    at: float | None
    parkee: Channel


@dataclass(frozen=True, slots=True)
class ParkedCallGiveUp:
    at: float | None
    parkee: Channel


@dataclass(frozen=True, slots=True)
class ChanSpyStart:
    at: float | None
    spyer: Channel
    spyee: Channel | None


@dataclass(frozen=True, slots=True)
class ChanSpyStop:
    at: float | None
    spyer: Channel


@dataclass(frozen=True, slots=True)
class ConfbridgeJoin:
    at: float | None
    conference: str
    channel: Channel


@dataclass(frozen=True, slots=True)
class ConfbridgeLeave:
    at: float | None
    conference: str
    channel: Channel


# --- click-to-dial ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OriginateResponse:
    """Result of the first leg only. May overtake the channel events of the same call (P2)."""

    at: float | None
    action_id: str
    success: bool
    reason: int | None  # 0 refused or declined, 1 no such, 3 no answer, 4 answered, 5 busy, 8 not reachable
    channel: str
    uniqueid: Uniqueid | None


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
