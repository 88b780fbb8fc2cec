"""Events of what people do with a call: transfer, pick up, hold, park, listen in, confer, dial by a click."""

from __future__ import annotations

from dataclasses import dataclass

from pbx.channel_events import BridgeId, Channel, Uniqueid

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
