"""How a stay in a queue ended: by what was told about it, in the order of certainty (P5)."""

import pytest

from pbx.calls import QueueResult
from pbx.live_leg import LiveLeg, LiveWait


def wait(**facts: object) -> LiveWait:
    stay = LiveWait("support", 1000.0)
    for name, value in facts.items():
        setattr(stay, name, value)
    return stay


@pytest.mark.parametrize(
    ("facts", "result"),
    [
        ({}, None),
        ({"left": True}, QueueResult.EXIT_KEY),
        ({"left": True, "abandoned": True}, QueueResult.TIMEOUT),
        ({"left": True, "abandoned": True, "abandon_requested": True}, QueueResult.ABANDONED),
        ({"left": True, "abandoned": True, "abandon_requested": True, "cut_off": True}, None),
        ({"left": True, "status": "LEAVEEMPTY", "abandoned": True}, QueueResult.EMPTY),
        ({"left": True, "status": "CONTINUE"}, QueueResult.ANSWERED),
        ({"left": True, "status": "SOMETHING_NEW"}, QueueResult.EXIT_KEY),
        ({"left": True, "picked_up": True}, None),
        ({"left": True, "picked_up": True, "abandoned": True, "abandon_requested": True}, QueueResult.ABANDONED),
        ({"left": True, "connected": True, "abandoned": True}, QueueResult.ANSWERED),
    ],
)
def test_the_most_certain_fact_names_the_result(facts: dict[str, object], result: QueueResult | None) -> None:
    assert wait(**facts).result is result


def test_an_answer_is_not_told_before_the_queue_was_left() -> None:
    assert wait(connected=True).value(None).result is None


def test_waiting_ends_with_the_talk_it_led_to() -> None:
    stay = wait(connected=True)
    stay.leave(1008.0)
    assert stay.value(1009.5).wait_s == 9.5
    assert stay.value(None).wait_s == 8.0


def test_a_leg_rings_until_it_is_decided() -> None:
    leg = LiveLeg(0, "PJSIP/1001", "1001", "eva")
    assert not leg.ringing
    leg.offered = True
    assert leg.ringing
    leg.rang_at = 1000.0
    assert leg.value(1004.0).ring_s == 4.0
    leg.ring_ended_at = 1003.0
    assert leg.value(1009.0).ring_s == 3.0


def test_who_calls_is_answered_when_the_other_side_is() -> None:
    leg = LiveLeg(0, "PJSIP/1001", "1001", "eva")
    leg.is_caller = True
    leg.picked_up_at = 1000.0
    assert leg.value(1001.0).answered_at is None
    leg.talk.start(1005.0)
    assert (leg.value(1009.0).answered_at, leg.value(1009.0).talk_s) == (1005.0, 4.0)
