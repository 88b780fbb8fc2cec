"""Which leg concerns which screen, and what its end means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pbx.calls import CallOutcome, CallState, Direction, LegResult
from screenpop import offers
from screenpop.screen_pop import PopPhase, RetractReason
from tests.screenpop.phone_calls import PhoneCall


def test_the_screen_is_about_the_talk_then_what_rings_then_what_was_last() -> None:
    call = PhoneCall()
    call.rings("eva")
    call.leg_ends("eva", LegResult.MISSED)
    call.rings("eva")
    assert offers.legs_on_screens(call.call)["eva"].leg_id == 1
    call.leg_ends("eva", LegResult.MISSED)
    assert offers.legs_on_screens(call.call)["eva"].leg_id == 1
    call.picks_up_elsewhere("eva")
    call.rings("eva")
    assert offers.legs_on_screens(call.call)["eva"].leg_id == 2


def test_every_agent_has_their_own_leg_and_phones_without_account_none() -> None:
    call = PhoneCall()
    for agent in ("eva", None, "jan"):
        call.rings(agent, f"PJSIP/{agent}")
    assert {agent: leg.leg_id for agent, leg in offers.legs_on_screens(call.call).items()} == {"eva": 0, "jan": 2}


@pytest.mark.parametrize(
    ("state", "result", "over"),
    [
        (CallState.RINGING, None, False),
        (CallState.TALKING, LegResult.ANSWERED, False),
        (CallState.RINGING, LegResult.CALLER, False),
        (CallState.RINGING, LegResult.MISSED, True),
        (CallState.ENDED, None, True),
    ],
)
def test_a_leg_is_over_when_it_has_a_result_or_the_call_has_ended(
    state: CallState, result: LegResult | None, over: bool
) -> None:
    call = PhoneCall()
    leg = call.rings("eva").leg  # type: ignore[union-attr]
    call.changes(state=state)
    changed = {name: getattr(leg, name) for name in leg.__slots__} | {"result": result}
    assert offers.is_over(call.call, type(leg)(**changed)) is over


def test_a_phone_picked_up_is_still_ringing_until_somebody_talks() -> None:
    call = PhoneCall()
    call.rings("eva")
    call.answers("eva")
    call.changes(answered_at=None)
    (leg,) = call.call.legs
    assert offers.phase_of(call.call, leg) is PopPhase.RINGING
    call.changes(answered_at=call.at)
    assert offers.phase_of(call.call, leg) is PopPhase.TALKING


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (CallOutcome.NO_ANSWER, RetractReason.NO_ANSWER),
        (CallOutcome.AGENT_NO_ANSWER, RetractReason.NO_ANSWER),
        (CallOutcome.REJECTED, RetractReason.REJECTED),
        (CallOutcome.CANCELLED, RetractReason.CALLER_GAVE_UP),
        (CallOutcome.ABANDONED, RetractReason.CALLER_GAVE_UP),
        (CallOutcome.BUSY, RetractReason.UNAVAILABLE),
        (CallOutcome.FAILED, RetractReason.UNAVAILABLE),
        (None, RetractReason.UNAVAILABLE),
    ],
)
def test_a_leg_without_a_reason_of_its_own_takes_the_calls_when_that_has_ended(
    outcome: CallOutcome | None, reason: RetractReason
) -> None:
    call = PhoneCall(direction=Direction.OUTBOUND)
    call.dials("eva")
    call.leg_ends("eva", LegResult.CALLER)
    assert offers.retract_reason(call.call, call.call.legs[0]) is None
    call.changes(state=CallState.ENDED, outcome=outcome)
    assert offers.retract_reason(call.call, call.call.legs[0]) is reason


def test_the_winner_is_who_picked_up_last() -> None:
    call = PhoneCall()
    for agent in ("eva", "jan", "mia"):
        call.rings(agent)
    assert offers.winner_of(call.call, call.call.legs[0]) is None
    call.later(1).answers("jan")
    call.later(1).answers("mia")
    winner = offers.winner_of(call.call, call.call.legs[0])
    assert winner is not None
    assert winner.agent == "mia"
    assert offers.winner_of(call.call, call.call.legs[2]) is call.call.legs[1]


def test_an_offer_is_lost_when_somebody_answered_after_it_began_to_ring() -> None:
    call = PhoneCall()
    call.rings("eva")
    call.later(1).rings("jan")
    assert not offers.is_lost(call.call, call.call.legs[0])
    call.later(1).answers("jan")
    assert offers.is_lost(call.call, call.call.legs[0])
    assert not offers.is_lost(call.call, call.call.legs[1])
    call.later(5).rings("mia")  # jan asks a colleague to take over
    assert not offers.is_lost(call.call, call.call.legs[2])


def test_who_picks_a_call_up_talks_from_the_first_moment() -> None:
    call = PhoneCall()
    call.rings("eva")
    call.picks_up_elsewhere("jan")
    rung, picked = call.call.legs
    before_the_talk_is_told = replace(call.call, answered_at=None)
    assert offers.phase_of(before_the_talk_is_told, picked) is PopPhase.TALKING
    announced = replace(rung, answered_at=call.at)
    assert offers.phase_of(before_the_talk_is_told, announced) is PopPhase.RINGING, "an announcement to the agent"
