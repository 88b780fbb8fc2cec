"""The tables that name how legs and calls ended."""

import pytest

from pbx import outcomes
from pbx.calls import CallOutcome, LegResult, TransferResult
from pbx.events import ChannelState

LEG = {
    "dial_status": "NOANSWER",
    "cause": 0,
    "rang": True,
    "forwarded": False,
    "won_by_other": False,
    "caller_gave_up": False,
}


@pytest.mark.parametrize(
    ("facts", "result"),
    [
        ({}, LegResult.MISSED),
        ({"cause": None}, LegResult.MISSED),
        ({"dial_status": "CANCEL", "forwarded": True}, LegResult.FORWARDED),
        ({"dial_status": "BUSY", "cause": 17}, LegResult.REJECTED),
        ({"dial_status": "BUSY", "rang": False}, LegResult.BUSY),
        ({"cause": 17, "rang": False}, LegResult.BUSY),
        ({"cause": 21}, LegResult.REJECTED),
        ({"dial_status": "CANCEL", "cause": 26}, LegResult.ANSWERED_ELSEWHERE),
        ({"dial_status": "CANCEL", "cause": 16, "won_by_other": True}, LegResult.ANSWERED_ELSEWHERE),
        ({"dial_status": "CANCEL", "cause": 127, "caller_gave_up": True}, LegResult.CANCELLED),
        ({"cause": 20}, LegResult.UNAVAILABLE),
        ({"dial_status": "CHANUNAVAIL"}, LegResult.UNAVAILABLE),
        ({"dial_status": "CONGESTION"}, LegResult.FAILED),
        ({"cause": 34}, LegResult.FAILED),
    ],
)
def test_why_a_phone_did_not_get_the_call(facts: dict[str, object], result: LegResult) -> None:
    assert outcomes.unanswered_leg_result(**{**LEG, **facts}) is result  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("results", "outcome"),
    [
        ([], None),
        ([LegResult.CANCELLED, LegResult.MISSED], CallOutcome.CANCELLED),
        ([LegResult.REJECTED, LegResult.MISSED], CallOutcome.NO_ANSWER),
        ([LegResult.REJECTED, LegResult.BUSY], CallOutcome.REJECTED),
        ([LegResult.BUSY, LegResult.BUSY], CallOutcome.BUSY),
        ([LegResult.UNAVAILABLE], CallOutcome.UNAVAILABLE),
        ([LegResult.FAILED], CallOutcome.FAILED),
        ([LegResult.FORWARDED], CallOutcome.NO_ANSWER),
    ],
)
def test_what_the_phones_give_together(results: list[LegResult], outcome: CallOutcome | None) -> None:
    assert outcomes.outcome_of_legs(results) is outcome


@pytest.mark.parametrize(
    ("cause", "was_up", "remote_hung_up", "outcome"),
    [
        (16, True, True, CallOutcome.IVR_ONLY),
        (127, False, True, CallOutcome.CANCELLED),
        (1, False, False, CallOutcome.INVALID),
        (20, False, False, CallOutcome.UNAVAILABLE),
        (3, False, False, CallOutcome.UNAVAILABLE),
        (None, False, False, CallOutcome.UNKNOWN),
        (16, False, False, CallOutcome.UNKNOWN),
        (34, False, False, CallOutcome.FAILED),
    ],
)
def test_calls_that_reached_no_phone(
    cause: int | None, was_up: bool, remote_hung_up: bool, outcome: CallOutcome
) -> None:
    found = outcomes.outcome_without_phone(cause=cause, was_up=was_up, remote_hung_up=remote_hung_up)
    assert found is outcome


@pytest.mark.parametrize(
    ("status", "cause", "gave_up", "outcome"),
    [
        ("BUSY", 16, False, CallOutcome.BUSY),
        ("NOANSWER", 17, False, CallOutcome.BUSY),
        ("NOANSWER", 21, False, CallOutcome.REJECTED),
        ("NOANSWER", 1, False, CallOutcome.INVALID),
        ("CONGESTION", 28, False, CallOutcome.INVALID),
        ("NOANSWER", 16, True, CallOutcome.NO_ANSWER),
        ("CANCEL", 127, True, CallOutcome.CANCELLED),
        ("CHANUNAVAIL", 18, False, CallOutcome.NO_ANSWER),
        ("CONGESTION", 34, False, CallOutcome.FAILED),
    ],
)
def test_outbound_calls_nobody_answered(status: str, cause: int, gave_up: bool, outcome: CallOutcome) -> None:
    assert outcomes.outbound_outcome(dial_status=status, cause=cause, agent_gave_up=gave_up) is outcome


@pytest.mark.parametrize(
    ("state", "cause", "asked"),
    [
        (ChannelState.UP, 17, True),
        (ChannelState.RING, 17, False),
        (ChannelState.BUSY, None, False),
        (ChannelState.RING, 127, True),
        (ChannelState.RING, None, True),
    ],
)
def test_a_refusal_by_the_dialplan_is_no_wish_to_hang_up(state: ChannelState, cause: int | None, asked: bool) -> None:
    assert outcomes.hangup_was_asked(state=state, cause=cause) is asked


@pytest.mark.parametrize(
    ("results", "told"),
    [
        ([], TransferResult.FAILED),
        ([LegResult.UNAVAILABLE], TransferResult.FAILED),
        ([LegResult.MISSED], TransferResult.NO_ANSWER),
        ([LegResult.CANCELLED], TransferResult.NO_ANSWER),
        ([LegResult.REJECTED, LegResult.BUSY], TransferResult.REJECTED),
        ([LegResult.BUSY, LegResult.FAILED], TransferResult.BUSY),
    ],
)
def test_a_transfer_that_nobody_took(results: list[LegResult], told: TransferResult) -> None:
    """A48, A49."""
    assert outcomes.transfer_result(results) is told
