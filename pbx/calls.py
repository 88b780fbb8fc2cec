"""Calls, their legs, queue waits and transfers as values: what one moment of a conversation looks like.

`Call` is immutable; the tracker emits a fresh one with each call event. Times are epoch seconds (UTC), durations seconds;
None means unknown (a PBX without `timestampevents`, or something that has not happened). Meanings: docs/interfaces.md, "call record".
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from pbx.events import PbxName, Uniqueid

CallId = NewType("CallId", str)

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _CROCKFORD for second in _CROCKFORD]


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class CallState(StrEnum):
    RINGING = "ringing"
    QUEUED = "queued"
    TALKING = "talking"
    HELD = "held"
    PARKED = "parked"
    ENDED = "ended"


class CallOutcome(StrEnum):
    ANSWERED = "answered"
    VOICEMAIL = "voicemail"
    ABANDONED = "abandoned"
    QUEUE_TIMEOUT = "queue_timeout"
    QUEUE_EMPTY = "queue_empty"
    QUEUE_FULL = "queue_full"
    EXIT_KEY = "exit_key"
    WITHDRAWN = "withdrawn"
    AGENT_NO_ANSWER = "agent_no_answer"
    REJECTED = "rejected"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    UNAVAILABLE = "unavailable"
    INVALID = "invalid"
    FAILED = "failed"
    CANCELLED = "cancelled"
    IVR_ONLY = "ivr_only"
    UNKNOWN = "unknown"


class LegResult(StrEnum):
    ANSWERED = "answered"
    MISSED = "missed"
    REJECTED = "rejected"
    BUSY = "busy"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    CANCELLED = "cancelled"
    UNAVAILABLE = "unavailable"
    FORWARDED = "forwarded"
    FAILED = "failed"
    CALLER = "caller"


class QueueResult(StrEnum):
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    TIMEOUT = "timeout"
    EMPTY = "empty"
    FULL = "full"
    EXIT_KEY = "exit_key"
    WITHDRAWN = "withdrawn"
    TRANSFERRED = "transferred"


class EndedBy(StrEnum):
    REMOTE = "remote"
    AGENT = "agent"
    SYSTEM = "system"
    UNKNOWN = "unknown"


class TransferKind(StrEnum):
    BLIND = "blind"
    ATTENDED = "attended"
    BLONDE = "blonde"


class TransferResult(StrEnum):
    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REJECTED = "rejected"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLeg:
    """One colleague's part in a call. Two devices of one agent ringing at once are one leg."""

    leg_id: int  # 0, 1, … in the order of the record
    endpoint: str  # the device that answered, else the first that rang: PJSIP/1001
    extension: str | None
    agent: str | None  # account name, None when no account has this endpoint
    endpoints: tuple[str, ...]  # every device that rang for this leg
    queue: str | None  # offered out of this queue
    rang_at: float | None
    answered_at: float | None
    ended_at: float | None
    ring_s: float | None
    talk_s: float | None
    hold_s: float | None
    on_hold: bool
    via: str | None
    result: LegResult | None  # None while it rings


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueWait:
    """One stay in a queue."""

    queue: str
    joined_at: float | None
    left_at: float | None
    wait_s: float | None
    result: QueueResult | None  # None while waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    kind: TransferKind
    by: str
    to: str
    at: float | None
    result: TransferResult | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One conversation from first ring to last hang-up, as it is now."""

    id: CallId
    pbx: PbxName
    uniqueid: Uniqueid
    linkedid: Uniqueid
    direction: Direction
    state: CallState
    remote_raw: str | None  # as received or dialled; None when withheld or unknown
    remote_name: str | None
    remote_restricted: bool  # the PBX said that the presentation is restricted; remote_raw is then None
    dialled_raw: str | None  # outbound: what the trunk was sent
    did_raw: str | None
    queue: str | None
    queues: tuple[QueueWait, ...]
    legs: tuple[CallLeg, ...]
    transfers: tuple[Transfer, ...]
    started_at: float | None
    answered_at: float | None
    ended_at: float | None
    wait_s: float | None
    ring_s: float | None
    talk_s: float | None
    hold_s: float | None
    parked_s: float | None
    outcome: CallOutcome | None
    ended_by: EndedBy | None
    hangup_cause: int | None
    click_to_dial: str | None  # the ChannelId we asked for
    estimated: bool


def new_call_id(pbx: PbxName, uniqueid: Uniqueid, at: float | None, ordinal: int) -> CallId:
    """A ULID that the same bytes give again: time from the root's first Timestamp, randomness from a SHA-256."""
    stamp = f"{at:.6f}" if at is not None else str(ordinal)
    digest = hashlib.sha256("\0".join((pbx, uniqueid, stamp)).encode()).digest()
    milliseconds = round((at or 0.0) * 1000)
    value = (milliseconds << 80) | int.from_bytes(digest[:10], "big")
    return CallId("".join([_PAIRS[(value >> shift) & 1023] for shift in range(120, -1, -10)]))
