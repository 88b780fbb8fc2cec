"""What became of a click-to-dial: a pure table of states that follows the call events of the ChannelId we asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from pbx.call_events import CallEvent, OriginateFinished, PbxLost
from pbx.calls import Call, CallOutcome, CallState, LegResult
from web.views import rfc3339


class DialState(StrEnum):
    """How far a request is; from `answered` on it is final."""

    DIALING = "dialing"
    AGENT_RINGING = "agent_ringing"
    REMOTE_RINGING = "remote_ringing"
    TALKING = "talking"
    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    INVALID = "invalid"
    AGENT_NO_ANSWER = "agent_no_answer"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


_PROGRESS = (DialState.DIALING, DialState.AGENT_RINGING, DialState.REMOTE_RINGING, DialState.TALKING)
#: Unknown comes before everything: whatever the PBX says later about the same channel is better.
_RANK = {state: len(_PROGRESS) for state in DialState} | {state: rank for rank, state in enumerate(_PROGRESS)}
_RANK[DialState.UNKNOWN] = -1

#: `code` → the English sentence of `detail`; codes are stable, translations go by them.
SENTENCES: Mapping[str, str] = {
    "dialing": "Your phone is being called.",
    "agent_ringing": "Your phone is ringing: pick it up, then the number is dialled.",
    "remote_ringing": "It is ringing at the other end.",
    "talking": "You are connected.",
    "answered": "The call was answered.",
    "busy": "The number is busy.",
    "no_answer": "Nobody answered.",
    "rejected": "The call was declined.",
    "invalid": "The network does not know this number.",
    "agent_no_answer": "You did not pick up your phone; the number was not dialled.",
    "agent_declined": "Your phone declined the call; the number was not dialled.",
    "agent_busy": "Your phone is busy or on do not disturb; the number was not dialled.",
    "agent_unreachable": "Your phone cannot be reached; the number was not dialled.",
    "cancelled": "The call ended before anybody answered.",
    "unavailable": "The other end cannot be reached.",
    "refused": "The telephone system refused the request.",
    "failed": "The call could not be set up.",
    "link_lost": "The telephone link broke after the request was sent. Look at your phone; it is not dialled again.",
    "silent": "The telephone system did not say what became of the call. It is not dialled again.",
}

_OF_OUTCOME: Mapping[CallOutcome, tuple[DialState, str]] = {
    CallOutcome.ANSWERED: (DialState.ANSWERED, "answered"),
    CallOutcome.VOICEMAIL: (DialState.ANSWERED, "answered"),
    CallOutcome.BUSY: (DialState.BUSY, "busy"),
    CallOutcome.NO_ANSWER: (DialState.NO_ANSWER, "no_answer"),
    CallOutcome.REJECTED: (DialState.REJECTED, "rejected"),
    CallOutcome.INVALID: (DialState.INVALID, "invalid"),
    CallOutcome.AGENT_NO_ANSWER: (DialState.AGENT_NO_ANSWER, "agent_no_answer"),
    CallOutcome.CANCELLED: (DialState.NO_ANSWER, "cancelled"),
    CallOutcome.UNAVAILABLE: (DialState.FAILED, "unavailable"),
}
#: What the agent's own phone did with the call.
_OF_OWN_LEG: Mapping[LegResult | None, str] = {
    LegResult.REJECTED: "agent_declined",
    LegResult.BUSY: "agent_busy",
    LegResult.UNAVAILABLE: "agent_unreachable",
    LegResult.FAILED: "agent_unreachable",
}
#: OriginateResponse.Reason of the first leg, the agent's phone: 3 rang out, 0 declined, 5 busy or do not disturb.
_OF_REASON: Mapping[int | None, str] = {3: "agent_no_answer", 0: "agent_declined", 5: "agent_busy"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DialRequest:
    """One click. `id` is the ChannelId that the PBX was asked to use."""

    id: str
    user: str  # who clicked
    agent: str  # whose phone rings
    pbx: str
    endpoint: str
    typed: str
    number: str  # what the dialplan gets
    customer_id: int | None
    state: DialState
    code: str
    detail: str
    call_id: str | None
    at: datetime
    task_id: int | None = None  # the call-back that it is for

    @property
    def final(self) -> bool:
        """Nothing more is expected (though `unknown` may still be resolved)."""
        return self.state not in _PROGRESS

    def to_json(self) -> dict[str, Any]:
        """As the API and the push show it."""
        return {
            "id": self.id,
            "state": self.state.value,
            "code": self.code,
            "detail": self.detail,
            "final": self.final,
            "agent": self.agent,
            "to": self.typed,
            "number": self.number,
            "customer_id": self.customer_id,
            "call_id": self.call_id,
            "task_id": self.task_id,
            "at": rfc3339(self.at),
        }


def advance(request: DialRequest, event: CallEvent) -> DialRequest:
    """The request after one event; unchanged when the event is about something else or older."""
    match event:
        case OriginateFinished(channel_id=request.id, success=True):
            return _moved(request, DialState.REMOTE_RINGING, "remote_ringing")
        case OriginateFinished(channel_id=request.id, reason=reason):
            return _moved(request, DialState.AGENT_NO_ANSWER, _OF_REASON.get(reason, "agent_unreachable"))
        case PbxLost(pbx=request.pbx) if not request.final and request.state is not DialState.TALKING:
            return with_state(request, DialState.UNKNOWN, "link_lost")
        case _:
            call: Call | None = getattr(event, "call", None)
            return _by_call(request, call) if call is not None and call.click_to_dial == request.id else request


def _by_call(request: DialRequest, call: Call) -> DialRequest:
    request = replace(request, call_id=call.id)
    if call.state is CallState.ENDED:
        return _ended(request, call)
    if call.answered_at is not None or call.state in (CallState.TALKING, CallState.HELD, CallState.PARKED):
        return _moved(request, DialState.TALKING, "talking")
    if call.dialled_raw is not None:  # the dialplan dials the trunk: so the agent's phone was picked up
        return _moved(request, DialState.REMOTE_RINGING, "remote_ringing")
    return _moved(request, DialState.AGENT_RINGING, "agent_ringing")


def _ended(request: DialRequest, call: Call) -> DialRequest:
    if call.outcome in (None, CallOutcome.UNKNOWN):
        talked = request.state is DialState.TALKING
        return _moved(request, DialState.ANSWERED, "answered") if talked else silent(request)
    if call.outcome is CallOutcome.AGENT_NO_ANSWER and call.legs:
        # OriginateResponse tells why, too, but may come after the hang-up (telephony.md P2).
        code = _OF_OWN_LEG.get(call.legs[0].result, "agent_no_answer")
        return _moved(request, DialState.AGENT_NO_ANSWER, code)
    return _moved(request, *_OF_OUTCOME.get(call.outcome, (DialState.FAILED, "failed")))


def silent(request: DialRequest) -> DialRequest:
    return request if request.final else with_state(request, DialState.UNKNOWN, "silent")


def _moved(request: DialRequest, state: DialState, code: str) -> DialRequest:
    """Only ever forward: events of one call may come in another order than its steps (telephony.md P2)."""
    return with_state(request, state, code) if _RANK[state] > _RANK[request.state] else request


def with_state(request: DialRequest, state: DialState, code: str, detail: str | None = None) -> DialRequest:
    return replace(request, state=state, code=code, detail=detail or SENTENCES[code])
