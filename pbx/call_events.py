"""What happened to calls, queues and agents: the only thing the rest of the product hears from `pbx`.

Past tense, in order. `at` is epoch seconds (UTC) or None; `call` is the whole call after the event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from pbx.agents import AgentStatus
from pbx.calls import Call, CallLeg, Transfer
from pbx.events import PbxName
from pbx.queues import QueueStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted:
    """A call's first event: the moment to open its activity and to prepare its card."""

    at: float | None
    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class CallChanged:
    """Something about the call is known better now (number withheld after all, name, direction, leg or queue detail)."""

    at: float | None
    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class CallQueued:
    """The caller joined a queue."""

    at: float | None
    call: Call
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOffered:
    """A colleague's device was dialled or rings: the moment to show a screen-pop."""

    at: float | None
    call: Call
    leg: CallLeg


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered:
    """`leg` and the remote party now talk (once per leg)."""

    at: float | None
    call: Call
    leg: CallLeg


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHeld:
    at: float | None
    call: Call
    leg: CallLeg


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResumed:
    at: float | None
    call: Call
    leg: CallLeg


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLegEnded:
    """A leg is over: its offer was withdrawn (result says why, `winner` who took the call), or its talk ended."""

    at: float | None
    call: Call
    leg: CallLeg
    winner: CallLeg | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTransferred:
    at: float | None
    call: Call
    transfer: Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAbandoned:
    """The caller gave up while waiting in a queue. CallEnded follows."""

    at: float | None
    call: Call
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDropped:
    """It was no conversation of its own: a consultation that became part of the call `into`, a supervisor who listens in (None).

    Its record goes, and what was written on it belongs to the other call. No CallEnded follows.
    """

    at: float | None
    call: Call
    into: Call | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSpied:
    """Somebody (`by`, an endpoint) listens in on a colleague (`on`) in this call."""

    at: float | None
    call: Call
    by: str
    on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """The record is final (it may still be enriched, never reopened)."""

    at: float | None
    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginateFinished:
    """The PBX answered about the first leg of a click-to-dial. `channel_id` is the ChannelId we asked for."""

    at: float | None
    pbx: PbxName
    channel_id: str
    success: bool
    reason: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueChanged:
    at: float | None
    queue: QueueStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStateChanged:
    at: float | None
    pbx: PbxName
    agent: AgentStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxConnected:
    at: float | None
    pbx: PbxName


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxLost:
    at: float | None
    pbx: PbxName


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxResynced:
    """The live view equals the PBX again. `gap_from`..`gap_to` was without connection (None at the first connection)."""

    at: float | None
    pbx: PbxName
    gap_from: float | None
    gap_to: float | None
    missed_calls: int | None  # by the queues' counters; None when they cannot tell
    queues: frozenset[str] | None = None  # that there are; None when the PBX did not list them


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """The PBX said something impossible or not understood: counted and logged, never an exception."""

    at: float | None
    pbx: PbxName
    kind: str  # stable code: unknown_device, unreadable_event, …
    detail: str
    call_id: str | None = None


CallEvent: TypeAlias = (
    CallStarted
    | CallChanged
    | CallQueued
    | CallOffered
    | CallAnswered
    | CallHeld
    | CallResumed
    | CallLegEnded
    | CallTransferred
    | CallAbandoned
    | CallDropped
    | CallSpied
    | CallEnded
    | OriginateFinished
    | QueueChanged
    | AgentStateChanged
    | PbxConnected
    | PbxLost
    | PbxResynced
    | Anomaly
)
