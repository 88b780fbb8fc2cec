"""Events of channels: they live, are dialled, hear each other. Names and fields as `pbx/events.py` says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NewType

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
