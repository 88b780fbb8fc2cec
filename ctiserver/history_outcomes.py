"""How a call of the history ended, and how it was handed on: the words of the call record, as far as the lines are certain."""

from __future__ import annotations

from collections.abc import Sequence

from crm_store.call_history import CdrLine, Disposition, QueueEvent
from ctiserver.history_legs import NEAR_S, Attempt
from pbx.calls import (
    CallLeg,
    CallOutcome,
    Direction,
    EndedBy,
    LegResult,
    QueueResult,
    QueueWait,
    Transfer,
    TransferKind,
    TransferResult,
)
from pbx.devices import endpoint_of

_BY_QUEUE = {
    QueueResult.ABANDONED: CallOutcome.ABANDONED,
    QueueResult.TIMEOUT: CallOutcome.QUEUE_TIMEOUT,
    QueueResult.EMPTY: CallOutcome.QUEUE_EMPTY,
    QueueResult.FULL: CallOutcome.QUEUE_FULL,
    QueueResult.EXIT_KEY: CallOutcome.EXIT_KEY,
}
#: What the phones together say, the strongest first.
_BY_LEGS = (
    (LegResult.CANCELLED, CallOutcome.CANCELLED),
    (LegResult.REJECTED, CallOutcome.REJECTED),
    (LegResult.MISSED, CallOutcome.NO_ANSWER),
    (LegResult.BUSY, CallOutcome.BUSY),
    (LegResult.FAILED, CallOutcome.FAILED),
)
_WITHOUT_PHONES = {
    Disposition.BUSY: CallOutcome.BUSY,
    Disposition.FAILED: CallOutcome.UNAVAILABLE,
    Disposition.CONGESTION: CallOutcome.FAILED,
}
_MENU = frozenset({"playback", "background", "wait", "waitexten", "read", "musiconhold", "ivr", "echo", "answer"})
#: Hangup(CAUSE) in the dialplan.
_CAUSES = {
    17: CallOutcome.BUSY, 21: CallOutcome.REJECTED, 1: CallOutcome.INVALID, 28: CallOutcome.INVALID,
    18: CallOutcome.NO_ANSWER, 19: CallOutcome.NO_ANSWER,
}  # fmt: skip
_REFUSALS = {
    LegResult.MISSED: TransferResult.NO_ANSWER,
    LegResult.CANCELLED: TransferResult.NO_ANSWER,
    LegResult.BUSY: TransferResult.BUSY,
    LegResult.REJECTED: TransferResult.REJECTED,
    LegResult.FAILED: TransferResult.FAILED,
    LegResult.ANSWERED: TransferResult.ANSWERED,
}
_HANDED_ON = frozenset({"TRANSFER", "BLINDTRANSFER", "ATTENDEDTRANSFER"})
_SENT_AWAY = frozenset({CallOutcome.QUEUE_TIMEOUT, CallOutcome.QUEUE_EMPTY, CallOutcome.EXIT_KEY})


def outcome_of(own: Sequence[CdrLine], legs: Sequence[CallLeg], waits: Sequence[QueueWait]) -> CallOutcome:
    """Of a call to us or among colleagues. `own`: the lines of the channel that called."""
    results = [leg.result for leg in legs]
    if LegResult.ANSWERED in results or any(wait.result is QueueResult.ANSWERED for wait in waits):
        return CallOutcome.ANSWERED
    if any(line.app.casefold() == "voicemail" for line in own):
        return CallOutcome.VOICEMAIL
    if waits:
        return _BY_QUEUE.get(waits[-1].result, CallOutcome.UNKNOWN) if waits[-1].result else CallOutcome.UNKNOWN
    for result, outcome in _BY_LEGS:
        if result in results:
            return outcome
    last = own[-1] if own else None
    if last is None:
        return CallOutcome.UNKNOWN
    in_menu = last.disposition is Disposition.ANSWERED and last.app.casefold() in _MENU
    return CallOutcome.IVR_ONLY if in_menu else _WITHOUT_PHONES.get(last.disposition, CallOutcome.UNKNOWN)


def outbound_outcome(own: Sequence[CdrLine], *, answered: bool) -> CallOutcome:
    """Of a call to the outside. When the dialplan goes on after Dial, the colleague had not hung up."""
    if answered:
        return CallOutcome.ANSWERED
    tried = [line for line in own if line.dst_channel]
    after = next((line for line in reversed(own) if not line.dst_channel and line.app == "Hangup"), None)
    if after is not None and after.app_data.isdecimal() and len(after.app_data) <= 3:
        return _CAUSES.get(int(after.app_data), CallOutcome.FAILED)
    match tried[-1].disposition if tried else Disposition.FAILED:
        case Disposition.BUSY:
            return CallOutcome.BUSY
        case Disposition.FAILED | Disposition.CONGESTION:
            return CallOutcome.FAILED
        case _:
            return CallOutcome.NO_ANSWER if own[-1] is not tried[-1] else CallOutcome.CANCELLED


def ended_by_of(
    outcome: CallOutcome | None, direction: Direction, events: Sequence[QueueEvent], ended_at: float | None
) -> EndedBy:
    """Only a queue_log names who hung up; a caller who gave up did so."""
    if outcome in _SENT_AWAY:
        return EndedBy.SYSTEM
    if outcome in {CallOutcome.ABANDONED, CallOutcome.CANCELLED}:
        return EndedBy.REMOTE if direction is Direction.INBOUND else EndedBy.AGENT
    over = events[-1] if events and ended_at is not None and abs(events[-1].at - ended_at) <= NEAR_S else None
    if over is None or direction is not Direction.INBOUND:
        return EndedBy.UNKNOWN
    return {"COMPLETECALLER": EndedBy.REMOTE, "COMPLETEAGENT": EndedBy.AGENT}.get(over.event, EndedBy.UNKNOWN)


def transfers_of(
    attempts: Sequence[Attempt], legs: Sequence[CallLeg], events: Sequence[QueueEvent]
) -> tuple[Transfer, ...]:
    """One talk that begins where another ends, on the same channel; of a queue_log alone what it says."""
    if not attempts:
        return _told_transfers(legs, events)
    results = {endpoint: leg.result for leg in legs for endpoint in leg.endpoints}
    found: list[Transfer] = []
    for place, attempt in enumerate(attempts):
        before = next((one for one in reversed(attempts[:place]) if _hands_over(one, attempt)), None)
        result = _REFUSALS.get(results.get(attempt.endpoint, LegResult.FAILED) or LegResult.FAILED)
        if before is not None and result is not None:
            kind = TransferKind.BLIND if attempt.dialled else TransferKind.ATTENDED
            by = endpoint_of(before.line.channel) if before.outside else before.endpoint
            at = attempt.line.started_at
            found.append(Transfer(kind=kind, by=by, to=attempt.endpoint, at=at, result=result))
    return tuple(found)


def _hands_over(before: Attempt, after: Attempt) -> bool:
    """Whether the party who talked there rings or talks here. Of a call to the outside that party's channel changes sides."""
    party = before.line.dst_channel if before.outside else before.line.channel
    if not before.answered or party != after.line.channel:
        return False
    return before.line.ended_at > before.line.started_at and (
        abs(after.line.started_at - before.line.ended_at) <= NEAR_S
    )


def _told_transfers(legs: Sequence[CallLeg], events: Sequence[QueueEvent]) -> tuple[Transfer, ...]:
    talker = next((leg.endpoint for leg in legs if leg.result is LegResult.ANSWERED), None)
    return tuple(
        Transfer(
            kind=TransferKind.ATTENDED if event.event == "ATTENDEDTRANSFER" else TransferKind.BLIND,
            by=talker,
            to=event.data[0],
            at=event.at,
            result=None,
        )
        for event in events
        if event.event in {"TRANSFER", "BLINDTRANSFER"} and event.data and talker
    )
