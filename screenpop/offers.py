"""Which leg of a call concerns which agent's screen, and what its end means there. Telephone rules only, no memory."""

from __future__ import annotations

from pbx.calls import Call, CallLeg, CallOutcome, CallState, Direction, LegResult
from screenpop.screen_pop import PopPhase, RetractReason, internal_caller

_REASON_BY_RESULT = {
    LegResult.ANSWERED_ELSEWHERE: RetractReason.ANSWERED_ELSEWHERE,
    LegResult.CANCELLED: RetractReason.CALLER_GAVE_UP,
    LegResult.MISSED: RetractReason.NO_ANSWER,
    LegResult.REJECTED: RetractReason.REJECTED,
    LegResult.BUSY: RetractReason.UNAVAILABLE,
    LegResult.UNAVAILABLE: RetractReason.UNAVAILABLE,
    LegResult.FAILED: RetractReason.UNAVAILABLE,
    LegResult.FORWARDED: RetractReason.TRANSFERRED,
}
#: For the calling agent of an outbound call, and for a leg whose own result never came.
_REASON_BY_OUTCOME: dict[CallOutcome | None, RetractReason] = {
    CallOutcome.NO_ANSWER: RetractReason.NO_ANSWER,
    CallOutcome.AGENT_NO_ANSWER: RetractReason.NO_ANSWER,
    CallOutcome.REJECTED: RetractReason.REJECTED,
    CallOutcome.CANCELLED: RetractReason.CALLER_GAVE_UP,
    CallOutcome.ABANDONED: RetractReason.CALLER_GAVE_UP,
}


def legs_on_screens(call: Call) -> dict[str, CallLeg]:
    """The leg that each agent's screen is about: where they talk, else what rings now, else what was last."""
    colleague_who_dialled = internal_caller(call)  # knows whom: no pop for the one who calls
    if _has_nobody_to_show(call, colleague_who_dialled):
        return {}
    found: dict[str, CallLeg] = {}
    for leg in call.legs:
        if leg.agent is None or leg is colleague_who_dialled or leg.via is not None:
            continue  # who is reached on a mobile does not sit at the screen
        best = found.get(leg.agent)
        if best is None or _rank(call, leg) >= _rank(call, best):
            found[leg.agent] = leg
    return found


def _has_nobody_to_show(call: Call, colleague_who_dialled: CallLeg | None) -> bool:
    """Somebody listens in, or an Originate of another program rings a phone: no other party is known (yet)."""
    if call.direction is Direction.INTERNAL:
        return colleague_who_dialled is None
    return call.direction is Direction.OUTBOUND and call.remote_raw is None and not call.remote_restricted


def reason_without_leg(call: Call, user: str) -> RetractReason:
    """Why a screen has nothing to do with the call any more: its phone forwards to a mobile, or somebody else sits there now."""
    forwarded = any(leg.via is not None and leg.agent == user for leg in call.legs)
    return RetractReason.TRANSFERRED if forwarded else RetractReason.UNAVAILABLE


def _rank(call: Call, leg: CallLeg) -> int:
    if is_over(call, leg):
        return 0
    return 2 if is_talking(call, leg) else 1


def is_over(call: Call, leg: CallLeg) -> bool:
    """The offer was withdrawn, the talk has ended, or the whole call has, even if nobody told about this leg."""
    if leg.ended_at is not None or call.state is CallState.ENDED:
        return True
    return leg.result not in (None, LegResult.ANSWERED, LegResult.CALLER)


def is_talking(call: Call, leg: CallLeg) -> bool:
    """The phone was taken (until the leg ends) and somebody has talked: an announcement to the agent is still ringing.

    Who picks a call up that rang elsewhere has heard no ringing: they talk from the first moment.
    """
    if leg.result is LegResult.ANSWERED:
        return True
    return leg.answered_at is not None and (call.answered_at is not None or leg.rang_at is None)


def phase_of(call: Call, leg: CallLeg) -> PopPhase:
    """The phase of a leg that is not over."""
    if leg.on_hold:
        return PopPhase.HOLD
    return PopPhase.TALKING if is_talking(call, leg) else PopPhase.RINGING


def has_talked(call: Call, leg: CallLeg) -> bool:
    """A leg that is over ended a talk. A phone picked up for an announcement the caller did not wait for has not talked (A36)."""
    return leg.result is LegResult.ANSWERED or (leg.result is None and is_talking(call, leg))


def retract_reason(call: Call, leg: CallLeg) -> RetractReason | None:
    """Why an untalked offer is over; None while the call must still tell (a calling agent's leg has no reason of its own)."""
    if leg.result is not None and leg.result in _REASON_BY_RESULT:
        return _REASON_BY_RESULT[leg.result]
    if call.state is not CallState.ENDED:
        return None
    return _REASON_BY_OUTCOME.get(call.outcome, RetractReason.UNAVAILABLE)


def winner_of(call: Call, loser: CallLeg) -> CallLeg | None:
    """Who took the call instead of `loser`: the latest leg that was picked up and is not theirs."""
    taken = [leg for leg in call.legs if leg.leg_id != loser.leg_id and leg.answered_at is not None]
    return max(taken, key=lambda leg: (leg.answered_at or 0.0, leg.leg_id), default=None)


def is_lost(call: Call, leg: CallLeg) -> bool:
    """Somebody took the call after this phone began to ring: its retract is on the way."""
    winner = winner_of(call, leg)
    if winner is None or is_talking(call, leg) or winner.answered_at is None or leg.rang_at is None:
        return False
    return winner.ended_at is None and winner.answered_at >= leg.rang_at
