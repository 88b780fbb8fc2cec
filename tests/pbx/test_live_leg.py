"""How a stay in a queue ended: by what was told about it, in the order of certainty (P5)."""

import pytest

from pbx.calls import LegResult, QueueResult, TransferKind, TransferResult
from pbx.live_leg import LiveLeg, LiveTransfer, LiveWait


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


def test_waiting_ends_when_the_caller_gave_up_not_when_asterisk_noticed() -> None:
    """A36: the colleague hears an announcement meanwhile."""
    stay = wait(abandoned=True, abandon_requested=True, given_up_at=1006.0)
    stay.leave(1009.0)
    assert stay.value(None).wait_s == 6.0


def test_only_who_is_in_the_talk_can_hold_it() -> None:
    """Asking another by *2 leaves the customer's bridge: no hold."""
    leg = LiveLeg(0, "PJSIP/1001", "1001", "eva")
    leg.hold.start(1000.0)
    assert not leg.on_hold
    leg.talk.start(1002.0)
    assert leg.on_hold
    assert leg.value(1005.0).hold_s == 3.0


def rung(leg_id: int, result: LegResult | None, *, talked: bool = False) -> LiveLeg:
    leg = LiveLeg(leg_id, f"PJSIP/100{leg_id}", f"100{leg_id}", None)
    leg.result = result
    if talked:
        leg.talk.start(1000.0)
    return leg


@pytest.mark.parametrize(
    ("targets", "over", "to", "result"),
    [
        ([], False, "600", None),
        ([], True, "600", TransferResult.FAILED),
        ([rung(1, None)], False, "600", None),
        ([rung(1, LegResult.MISSED)], False, "600", None),
        ([rung(1, LegResult.MISSED)], True, "600", TransferResult.NO_ANSWER),
        ([rung(1, LegResult.BUSY), rung(2, LegResult.CANCELLED)], True, "600", TransferResult.NO_ANSWER),
        ([rung(1, LegResult.MISSED), rung(2, None, talked=True)], False, "PJSIP/1002", TransferResult.ANSWERED),
    ],
)
def test_how_a_transfer_ended_is_told_by_whom_it_rang(
    targets: list[LiveLeg], over: bool, to: str, result: TransferResult | None
) -> None:
    value = LiveTransfer(TransferKind.BLIND, "PJSIP/1009", "600", 1000.0, 1).value(targets, over=over)
    assert (value.to, value.result) == (to, result)


def test_an_outside_line_that_the_customer_heard_took_the_transfer() -> None:
    transfer = LiveTransfer(TransferKind.BLIND, "PJSIP/1009", "07700900999", 1000.0, 1)
    transfer.outside_answered = True
    assert transfer.value([], over=False).result is TransferResult.ANSWERED
