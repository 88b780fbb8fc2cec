"""The rules that name how a leg, a queue wait and a call ended. Pure functions of plain facts, one table each."""

from __future__ import annotations

from collections.abc import Sequence

from pbx.calls import CallOutcome, LegResult, QueueResult, TransferResult
from pbx.events import ChannelState

#: Q.850 causes that decide when DialStatus does not (P12).
NORMAL_CLEARING = 16
USER_BUSY = 17
CALL_REJECTED = 21
ANSWERED_ELSEWHERE = 26
INVALID_NUMBER = frozenset({1, 28})
UNREACHABLE = frozenset({1, 3, 20, 27, 28})
NO_ANSWER_CAUSES = frozenset({0, NORMAL_CLEARING, 18, 19, ANSWERED_ELSEWHERE, 127})  # 127: a SIP CANCEL

SPY_APPS = frozenset({"ChanSpy", "ExtenSpy"})
VOICEMAIL_APPS = frozenset({"VoiceMail", "VoiceMailMain"})

#: VarSet QUEUESTATUS (app_queue) → how the wait ended.
QUEUE_STATUS: dict[str, QueueResult] = {
    "TIMEOUT": QueueResult.TIMEOUT,
    "FULL": QueueResult.FULL,
    "JOINEMPTY": QueueResult.EMPTY,
    "LEAVEEMPTY": QueueResult.EMPTY,
    "JOINUNAVAIL": QueueResult.EMPTY,
    "LEAVEUNAVAIL": QueueResult.EMPTY,
    "CONTINUE": QueueResult.ANSWERED,
    "WITHDRAW": QueueResult.WITHDRAWN,
}

QUEUE_OUTCOME: dict[QueueResult, CallOutcome] = {
    QueueResult.ABANDONED: CallOutcome.ABANDONED,
    QueueResult.TIMEOUT: CallOutcome.QUEUE_TIMEOUT,
    QueueResult.EMPTY: CallOutcome.QUEUE_EMPTY,
    QueueResult.FULL: CallOutcome.QUEUE_FULL,
    QueueResult.EXIT_KEY: CallOutcome.EXIT_KEY,
    QueueResult.WITHDRAWN: CallOutcome.WITHDRAWN,
}


def hangup_was_asked(*, state: ChannelState, cause: int | None) -> bool:
    """Whether a HangupRequest is the party's own wish.

    When the dialplan refuses an unanswered channel (Busy, Congestion, Hangup), Asterisk raises the request too: with the cause it sent
    (22), or with state Busy and no cause (16).
    """
    if state is ChannelState.UP:
        return True
    return state is not ChannelState.BUSY and (cause is None or cause in NO_ANSWER_CAUSES)


def unanswered_leg_result(
    *,
    dial_status: str | None,
    cause: int | None,
    rang: bool,
    forwarded: bool,
    won_by_other: bool,
    caller_gave_up: bool,
) -> LegResult:
    """Why a phone that was offered the call did not get it. DialStatus first; with NOANSWER the Cause decides (P9, P12)."""
    if forwarded:
        return LegResult.FORWARDED
    if dial_status == "BUSY" or cause == USER_BUSY:
        return LegResult.REJECTED if rang else LegResult.BUSY
    if cause == CALL_REJECTED:
        return LegResult.REJECTED
    if cause == ANSWERED_ELSEWHERE or won_by_other:
        return LegResult.ANSWERED_ELSEWHERE
    if caller_gave_up:
        return LegResult.CANCELLED
    if cause in UNREACHABLE or dial_status == "CHANUNAVAIL":
        return LegResult.UNAVAILABLE
    if dial_status == "CONGESTION" or (cause is not None and cause not in NO_ANSWER_CAUSES):
        return LegResult.FAILED
    return LegResult.MISSED


#: What the colleagues' phones did, when nobody talked and no queue was involved: the first result found decides.
_LEGS_OUTCOME: tuple[tuple[LegResult, CallOutcome], ...] = (
    (LegResult.CANCELLED, CallOutcome.CANCELLED),
    (LegResult.MISSED, CallOutcome.NO_ANSWER),
    (LegResult.ANSWERED_ELSEWHERE, CallOutcome.NO_ANSWER),
    (LegResult.REJECTED, CallOutcome.REJECTED),
    (LegResult.BUSY, CallOutcome.BUSY),
    (LegResult.UNAVAILABLE, CallOutcome.UNAVAILABLE),
    (LegResult.FAILED, CallOutcome.FAILED),
    (LegResult.FORWARDED, CallOutcome.NO_ANSWER),
    (LegResult.ANSWERED, CallOutcome.NO_ANSWER),
)


def outcome_of_legs(results: Sequence[LegResult]) -> CallOutcome | None:
    """The outcome that the offered phones give together; None without a phone."""
    for result, outcome in _LEGS_OUTCOME:
        if result in results:
            return outcome
    return None


#: What the phones did that a transfer went to: the first result found decides.
_TRANSFER_RESULTS: tuple[tuple[LegResult, TransferResult], ...] = (
    (LegResult.MISSED, TransferResult.NO_ANSWER),
    (LegResult.CANCELLED, TransferResult.NO_ANSWER),
    (LegResult.REJECTED, TransferResult.REJECTED),
    (LegResult.BUSY, TransferResult.BUSY),
)


def transfer_result(results: Sequence[LegResult]) -> TransferResult:
    """How a transfer ended that nobody took. No phone rang: the number was wrong, or the line to it down."""
    for leg_result, result in _TRANSFER_RESULTS:
        if leg_result in results:
            return result
    return TransferResult.FAILED


def outcome_without_phone(*, cause: int | None, was_up: bool, remote_hung_up: bool) -> CallOutcome:
    """An inbound call that never reached a phone (A07, A08, A11)."""
    if was_up:
        return CallOutcome.IVR_ONLY
    if remote_hung_up:
        return CallOutcome.CANCELLED
    if cause == USER_BUSY:
        return CallOutcome.BUSY  # do not disturb, before any phone is dialled
    if cause in INVALID_NUMBER:
        return CallOutcome.INVALID
    if cause in UNREACHABLE:
        return CallOutcome.UNAVAILABLE
    if cause is None or cause in NO_ANSWER_CAUSES:
        return CallOutcome.UNKNOWN
    return CallOutcome.FAILED


def outbound_outcome(*, dial_status: str | None, cause: int | None, agent_gave_up: bool) -> CallOutcome:
    """An outbound call that was not answered, by the trunk leg's cause (A66, A67, A70)."""
    if dial_status == "BUSY" or cause == USER_BUSY:
        return CallOutcome.BUSY
    if cause == CALL_REJECTED:
        return CallOutcome.REJECTED
    if cause in INVALID_NUMBER:
        return CallOutcome.INVALID
    if dial_status == "NOANSWER":  # no verdict with PJSIP (P12)
        return CallOutcome.NO_ANSWER if cause is None or cause in NO_ANSWER_CAUSES else CallOutcome.FAILED
    if agent_gave_up:
        return CallOutcome.CANCELLED
    return CallOutcome.NO_ANSWER if cause in {18, 19} else CallOutcome.FAILED
