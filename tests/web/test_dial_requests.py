"""What became of a click-to-dial, event by event."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pbx.call_events import CallAnswered, CallChanged, CallEnded, CallEvent, CallStarted, OriginateFinished, PbxLost
from pbx.calls import Call, CallId, CallLeg, CallOutcome, CallState, Direction, LegResult
from pbx.events import PbxName, Uniqueid
from tests.web.desk import NOW
from web.dial_requests import SENTENCES, DialRequest, DialState, advance

MAIN = PbxName("main")
REQUEST = DialRequest(
    id="cti-c2d-1",
    user="eva",
    agent="eva",
    pbx="main",
    endpoint="PJSIP/1001",
    typed="0905 123 456",
    number="+421905123456",
    customer_id=None,
    state=DialState.DIALING,
    code="dialing",
    detail=SENTENCES["dialing"],
    call_id=None,
    at=NOW,
)
CALL = Call(
    id=CallId("01KJQ0000000000000000000AA"),
    pbx=MAIN,
    uniqueid=Uniqueid("cti-c2d-1"),
    linkedid=Uniqueid("cti-c2d-1"),
    direction=Direction.OUTBOUND,
    state=CallState.RINGING,
    remote_raw="+421905123456",
    remote_name=None,
    remote_restricted=False,
    dialled_raw=None,
    did_raw=None,
    queue=None,
    queues=(),
    legs=(),
    transfers=(),
    started_at=1.0,
    answered_at=None,
    ended_at=None,
    wait_s=None,
    ring_s=None,
    talk_s=None,
    hold_s=None,
    parked_s=None,
    outcome=None,
    ended_by=None,
    hangup_cause=None,
    click_to_dial="cti-c2d-1",
    estimated=False,
)

RINGS = CallStarted(at=1.0, call=CALL)
PICKED_UP = OriginateFinished(at=2.0, pbx=MAIN, channel_id="cti-c2d-1", success=True, reason=4)
DIALS_TRUNK = CallChanged(at=3.0, call=replace(CALL, dialled_raw="00421905123456"))
TALKS = CallChanged(at=4.0, call=replace(CALL, state=CallState.TALKING, answered_at=4.0))
LINK_LOST = PbxLost(at=5.0, pbx=MAIN)


def ended(outcome: CallOutcome | None, **changes: Any) -> CallEnded:
    return CallEnded(at=9.0, call=replace(CALL, state=CallState.ENDED, outcome=outcome, ended_at=9.0, **changes))


def failed(reason: int | None) -> OriginateFinished:
    return OriginateFinished(at=2.0, pbx=MAIN, channel_id="cti-c2d-1", success=False, reason=reason)


def states(*events: CallEvent) -> list[str]:
    request, seen = REQUEST, []
    for event in events:
        request = advance(request, event)
        seen.append(request.state.value)
    return seen


def test_the_good_way() -> None:
    assert states(RINGS, PICKED_UP, DIALS_TRUNK, TALKS, ended(CallOutcome.ANSWERED)) == [
        "agent_ringing",
        "remote_ringing",
        "remote_ringing",
        "talking",
        "answered",
    ]


def test_the_answer_about_the_first_leg_may_come_before_its_events() -> None:
    assert states(PICKED_UP, RINGS, TALKS) == ["remote_ringing", "remote_ringing", "talking"]


def test_the_answer_about_the_first_leg_may_come_very_late() -> None:
    assert states(RINGS, DIALS_TRUNK, TALKS, PICKED_UP) == ["agent_ringing", "remote_ringing", "talking", "talking"]


@pytest.mark.parametrize(
    ("outcome", "state", "code"),
    [
        (CallOutcome.BUSY, "busy", "busy"),
        (CallOutcome.NO_ANSWER, "no_answer", "no_answer"),
        (CallOutcome.REJECTED, "rejected", "rejected"),
        (CallOutcome.INVALID, "invalid", "invalid"),
        (CallOutcome.AGENT_NO_ANSWER, "agent_no_answer", "agent_no_answer"),
        (CallOutcome.CANCELLED, "no_answer", "cancelled"),
        (CallOutcome.UNAVAILABLE, "failed", "unavailable"),
        (CallOutcome.FAILED, "failed", "failed"),
    ],
)
def test_each_end_has_its_sentence(outcome: CallOutcome, state: str, code: str) -> None:
    request = advance(advance(REQUEST, PICKED_UP), ended(outcome))
    assert (request.state.value, request.code, request.detail) == (state, code, SENTENCES[code])
    assert request.final


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (3, "agent_no_answer"),
        (0, "agent_declined"),
        (5, "agent_busy"),
        (8, "agent_unreachable"),
        (None, "agent_unreachable"),
    ],
)
def test_my_own_phone_was_not_taken(reason: int | None, code: str) -> None:
    request = advance(REQUEST, failed(reason))
    assert (request.state, request.code) == (DialState.AGENT_NO_ANSWER, code)
    assert "not dialled" in request.detail


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (LegResult.REJECTED, "agent_declined"),
        (LegResult.BUSY, "agent_busy"),
        (LegResult.UNAVAILABLE, "agent_unreachable"),
        (LegResult.FAILED, "agent_unreachable"),
        (LegResult.MISSED, "agent_no_answer"),
    ],
)
def test_why_my_phone_was_not_taken_is_known_before_the_pbx_answers(result: LegResult, code: str) -> None:
    """OriginateResponse may come after the hang-up (P2)."""
    leg = CallLeg(
        leg_id=0,
        endpoint="PJSIP/1001",
        extension="1001",
        agent="eva",
        endpoints=("PJSIP/1001",),
        queue=None,
        rang_at=1.0,
        answered_at=None,
        ended_at=2.0,
        ring_s=1.0,
        talk_s=0.0,
        hold_s=0.0,
        on_hold=False,
        via=None,
        result=result,
    )
    request = advance(REQUEST, ended(CallOutcome.AGENT_NO_ANSWER, legs=(leg,)))
    assert (request.state, request.code) == (DialState.AGENT_NO_ANSWER, code)


def test_what_is_final_stays() -> None:
    assert states(failed(0), ended(CallOutcome.AGENT_NO_ANSWER)) == ["agent_no_answer", "agent_no_answer"]
    request = advance(advance(REQUEST, failed(0)), ended(CallOutcome.AGENT_NO_ANSWER))
    assert request.code == "agent_declined"


def test_a_lost_link_before_the_talk_is_unknown() -> None:
    for before in ((), (RINGS,), (PICKED_UP,)):
        assert states(*before, LINK_LOST)[-1] == "unknown"


def test_a_talk_goes_on_without_the_link() -> None:
    assert states(PICKED_UP, TALKS, LINK_LOST)[-1] == "talking"


def test_unknown_is_resolved_when_the_call_shows_up_again() -> None:
    assert states(LINK_LOST, TALKS, ended(CallOutcome.ANSWERED)) == ["unknown", "talking", "answered"]
    assert states(LINK_LOST, ended(CallOutcome.BUSY)) == ["unknown", "busy"]


def test_an_end_that_nobody_saw() -> None:
    assert states(RINGS, ended(CallOutcome.UNKNOWN))[-1] == "unknown"
    assert states(PICKED_UP, TALKS, ended(None))[-1] == "answered"
    assert states(LINK_LOST, ended(None))[-1] == "unknown"


def test_other_calls_and_other_links_are_none_of_it() -> None:
    assert advance(REQUEST, CallStarted(at=1.0, call=replace(CALL, click_to_dial="cti-c2d-2"))) == REQUEST
    assert advance(REQUEST, PbxLost(at=1.0, pbx=PbxName("branch"))) == REQUEST
    assert advance(REQUEST, replace(PICKED_UP, channel_id="cti-c2d-2")) == REQUEST


def test_the_call_is_named_as_soon_as_it_is_known() -> None:
    assert advance(REQUEST, RINGS).call_id == CALL.id
    answered = CallAnswered(at=4.0, call=TALKS.call, leg=None)  # type: ignore[arg-type]
    assert advance(REQUEST, answered).state is DialState.TALKING


def test_every_state_has_a_sentence() -> None:
    assert {state.value for state in DialState} - {"unknown"} <= set(SENTENCES)
    assert all(sentence.endswith(".") for sentence in SENTENCES.values())
