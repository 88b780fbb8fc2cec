"""When a pop appears, changes and disappears: the rules in the call centre's words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from crm_store.caller_lookup import CallerMatch, MatchKind, MatchReason
from pbx.call_events import CallDropped, CallEvent, QueueChanged
from pbx.calls import CallOutcome, CallState, Direction, LegResult, TransferKind
from pbx.queues import QueueStatus
from screenpop.popper import NotPainted, PopMessage, Popper
from screenpop.screen_pop import PopLabels, PopNote, pop_id_of
from screenpop.shown_pops import MAX_UNSAVED, ShownPops
from tests.screenpop.phone_calls import START, PhoneCall, describe

LABELS = PopLabels(
    queues={"600": "Support"}, dids={"+421255501234": "Shop line"}, people={"eva": "Eva Nová", "jan": "Ján Malý"}
)
KOVAC = CallerMatch(kind=MatchKind.ONE, reason=MatchReason.EXACT, cards=({"id": 5, "name": "Ján Kováč"},))


class Screens:
    """Feeds events to a popper and writes down what the screens were told."""

    def __init__(self, **settings: Any) -> None:
        self.popper = Popper(describe, labels=LABELS, **settings)
        self.told: list[PopMessage] = []
        self.now = START

    def hear(self, *events: CallEvent) -> list[str]:
        """`["eva pop.show ringing", "jan pop.retract no_answer"]`: what these events told the screens."""
        messages = [message for event in events for message in self.popper.apply(event, self.now)]
        return self.note(messages)

    def note(self, messages: Iterable[PopMessage | NotPainted]) -> list[str]:
        pops = [message for message in messages if isinstance(message, PopMessage)]
        self.told += pops
        return [f"{m.user} {m.kind} {m.data.get('phase') or m.data['reason']}" for m in pops]

    @property
    def last(self) -> dict[str, Any]:
        return dict(self.told[-1].data)

    def shown_to(self, user: str) -> list[str]:
        return [pop["call"]["id"] for pop in self.popper.snapshot(user)]


@pytest.fixture
def screens() -> Screens:
    return Screens()


# --- who gets a pop ---------------------------------------------------------------------------------------------------


def test_a_call_pops_at_the_agent_whose_phone_is_dialled_and_at_nobody_else(screens: Screens) -> None:
    call = PhoneCall()
    assert screens.hear(call.starts()) == []
    assert screens.hear(call.rings("eva")) == ["eva pop.show ringing"]
    assert screens.shown_to("eva") == ["01CALL"]
    assert screens.shown_to("jan") == []


def test_a_phone_without_an_account_makes_no_pop(screens: Screens) -> None:
    call = PhoneCall()
    assert screens.hear(call.starts(), call.rings(None, "PJSIP/1009"), call.ends(CallOutcome.CANCELLED)) == []


def test_two_devices_of_one_agent_are_one_offer(screens: Screens) -> None:
    call = PhoneCall()
    told = screens.hear(call.starts(), call.rings("eva", "PJSIP/1001", "PJSIP/991001"), call.changes())
    assert told == ["eva pop.show ringing"]


def test_events_that_concern_no_call_tell_no_screen(screens: Screens) -> None:
    queue = QueueStatus(pbx="main", name="600", callers=(), agents={}, talking=0)
    assert screens.hear(QueueChanged(at=START, queue=queue)) == []


def test_a_repeated_event_tells_nothing_new(screens: Screens) -> None:
    call = PhoneCall()
    ringing = call.rings("eva")
    assert screens.hear(ringing, ringing, call.changes()) == ["eva pop.show ringing"]


# --- what it shows ----------------------------------------------------------------------------------------------------


def test_the_pop_says_queue_and_line_by_their_labels_and_how_long_the_caller_waited(screens: Screens) -> None:
    call = PhoneCall(queue="600")
    screens.hear(call.starts(), call.later(7.5).rings("eva", "PJSIP/1001"))
    shown = screens.last["call"]
    assert shown["remote"] == {
        "number": "+421905123456",
        "display": "+421905123456",
        "name": "Ján Kováč",
        "kind": "e164",
    }
    assert (shown["did"], shown["did_label"]) == ("+421255501234", "Shop line")
    assert (shown["queue"], shown["queue_label"], shown["wait_s"]) == ("600", "Support", 7.5)
    assert (shown["endpoint"], shown["extension"]) == ("PJSIP/1001", "1001")
    assert shown["started_at"] == "2026-11-21T22:26:40.000Z"
    assert shown["rang_at"] == "2026-11-21T22:26:47.500Z"
    assert shown["answered_at"] is None


def test_the_wait_on_the_card_does_not_make_an_update_each_second(screens: Screens) -> None:
    call = PhoneCall(queue="600")
    screens.hear(call.starts(), call.later(3).rings("eva"))
    assert screens.hear(call.later(1).changes(wait_s=4.0), call.later(1).changes(wait_s=5.0)) == []


def test_a_caller_found_before_the_phone_rings_is_in_the_first_frame(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts())
    assert screens.popper.matched("01CALL", KOVAC) == []
    screens.hear(call.rings("eva"))
    assert (screens.last["match"], screens.last["reason"]) == ("one", "exact")
    assert screens.last["customers"] == [{"id": 5, "name": "Ján Kováč"}]


def test_a_slow_look_up_shows_the_bare_number_and_enriches_the_pop_later(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"))
    assert (screens.last["match"], screens.last["customers"]) == (None, [])
    assert screens.note(screens.popper.matched("01CALL", KOVAC)) == ["eva pop.update ringing"]
    assert screens.last["match"] == "one"


def test_a_match_for_another_number_than_the_callers_is_dropped(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"), call.changes(remote_raw="+421911000000"))
    assert screens.popper.matched("01CALL", KOVAC, number="+421905123456") == []
    assert screens.note(screens.popper.matched("01CALL", KOVAC, number="+421911000000")) == ["eva pop.update ringing"]


def test_a_match_for_a_call_that_nobody_shows_any_more_is_dropped(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.ends(CallOutcome.CANCELLED))
    assert screens.popper.matched("01CALL", KOVAC) == []


def test_another_caller_number_takes_the_earlier_customers_away(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts())
    screens.popper.matched("01CALL", KOVAC)
    screens.hear(call.rings("eva"))
    assert screens.hear(call.changes(remote_raw="+421911000000")) == ["eva pop.update ringing"]
    assert (screens.last["match"], screens.last["customers"]) == (None, [])


def test_a_withheld_caller_is_never_matched(screens: Screens) -> None:
    call = PhoneCall(caller=None)
    screens.hear(call.starts())
    screens.popper.matched("01CALL", KOVAC)
    screens.hear(call.rings("eva"))
    assert (screens.last["match"], screens.last["customers"]) == ("withheld", [])
    assert screens.last["call"]["remote"]["kind"] == "withheld"


def test_a_number_that_turns_out_to_be_withheld_leaves_the_screen(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts())
    screens.popper.matched("01CALL", KOVAC)
    screens.hear(call.rings("eva"))
    assert screens.hear(call.changes(remote_raw=None, remote_restricted=True)) == ["eva pop.update ringing"]
    assert (screens.last["match"], screens.last["customers"]) == ("withheld", [])
    assert screens.last["call"]["remote"] == {"number": None, "display": None, "name": None, "kind": "withheld"}


def test_a_number_withheld_after_the_talk_leaves_the_wrap_up_card_too(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"), call.answers("eva"), call.leg_ends("eva", LegResult.ANSWERED))
    assert screens.hear(call.changes(remote_raw=None, remote_restricted=True)) == ["eva pop.update wrap_up"]
    assert screens.last["call"]["remote"]["number"] is None


def test_a_note_is_on_every_screen_that_shows_the_call(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"), call.answers("eva"))
    told = screens.note(screens.popper.noted("01CALL", PopNote("call back on Monday", "callback", 3)))
    assert told == ["eva pop.update talking"]
    shown = screens.last["call"]
    assert (shown["note"], shown["disposition"], shown["note_version"]) == ("call back on Monday", "callback", 3)


def test_a_note_for_an_unknown_call_tells_nobody(screens: Screens) -> None:
    assert screens.popper.noted("01OTHER", PopNote("", None, 1)) == []


# --- ringing ends -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (LegResult.MISSED, "no_answer"),
        (LegResult.CANCELLED, "caller_gave_up"),
        (LegResult.REJECTED, "rejected"),
        (LegResult.BUSY, "unavailable"),
        (LegResult.UNAVAILABLE, "unavailable"),
        (LegResult.FAILED, "unavailable"),
        (LegResult.FORWARDED, "transferred"),
    ],
)
def test_an_offer_that_is_over_is_retracted_with_its_reason(screens: Screens, result: LegResult, reason: str) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"))
    assert screens.hear(call.leg_ends("eva", result)) == [f"eva pop.retract {reason}"]
    assert screens.last == {
        "pop_id": pop_id_of("01CALL", "eva"),
        "offer": 1,
        "call_id": "01CALL",
        "reason": reason,
        "by": None,
    }
    assert screens.shown_to("eva") == []


def test_when_a_colleague_answers_the_others_are_told_who(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"), call.rings("jan"), call.rings("mia"))
    assert screens.hear(call.answers("jan")) == ["jan pop.update talking"]
    told = screens.hear(call.leg_ends("eva", LegResult.ANSWERED_ELSEWHERE, winner="jan"))
    assert told == ["eva pop.retract answered_elsewhere"]
    assert screens.last["by"] == "jan"
    assert screens.hear(call.leg_ends("mia", LegResult.ANSWERED_ELSEWHERE)) == ["mia pop.retract answered_elsewhere"]
    assert screens.last["by"] == "jan"  # the event did not name the winner


def test_a_winner_without_an_account_has_no_name(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"))
    assert screens.hear(call.leg_ends("eva", LegResult.ANSWERED_ELSEWHERE)) == ["eva pop.retract answered_elsewhere"]
    assert screens.last["by"] is None


def test_a_call_that_ends_without_telling_about_its_leg_leaves_no_ghost(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"))
    assert screens.hear(call.ends(CallOutcome.ABANDONED)) == ["eva pop.retract caller_gave_up"]
    assert screens.popper.snapshot("eva") == []


def test_the_phone_moved_to_another_account_while_it_rang(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva", "PJSIP/1001"))
    legs = (call.call.legs[0].__class__(**{**_fields(call.call.legs[0]), "agent": "jan"}),)
    assert screens.hear(call.changes(legs=legs)) == ["jan pop.show ringing", "eva pop.retract unavailable"]


# --- talking ----------------------------------------------------------------------------------------------------------


def test_a_talked_call_changes_phase_and_ends_in_wrap_up(screens: Screens) -> None:
    call = PhoneCall()
    told = screens.hear(
        call.starts(),
        call.rings("eva"),
        call.later(4).answers("eva"),
        call.later(10).holds("eva"),
        call.later(5).resumes("eva"),
        call.later(5).leg_ends("eva", LegResult.ANSWERED),
        call.ends(),
    )
    assert told == [
        "eva pop.show ringing",
        "eva pop.update talking",
        "eva pop.update hold",
        "eva pop.update talking",
        "eva pop.update wrap_up",
    ]
    assert (screens.last["call"]["talk_s"], screens.last["call"]["wait_s"]) == (20.0, 4.0)
    assert screens.shown_to("eva") == ["01CALL"]


def test_auto_answer_without_ringing_still_pops(screens: Screens) -> None:
    call = PhoneCall()
    call.rings("eva")
    assert screens.hear(call.answers("eva")) == ["eva pop.show talking"]


def test_a_phone_picked_up_for_an_announcement_that_the_caller_did_not_wait_for_has_not_talked(
    screens: Screens,
) -> None:
    call = PhoneCall(queue="600")
    screens.hear(call.starts(), call.rings("eva"), call.answers("eva"))
    assert screens.hear(call.leg_ends("eva", LegResult.CANCELLED)) == ["eva pop.retract caller_gave_up"]


def test_the_record_of_a_lost_link_closes_the_talk_as_wrap_up(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"), call.answers("eva"))
    assert screens.hear(call.ends()) == ["eva pop.update wrap_up"]


def test_what_happens_to_the_call_afterwards_does_not_change_a_wrap_up_card(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"), call.answers("eva"))
    screens.hear(call.transferred("PJSIP/eva", "PJSIP/jan"), call.leg_ends("eva", LegResult.ANSWERED))
    told = screens.hear(call.rings("jan"), call.answers("jan"), call.holds("jan"), call.resumes("jan"))
    assert [line for line in told if line.startswith("eva")] == []


# --- offered again ----------------------------------------------------------------------------------------------------


def test_a_queue_that_rings_the_same_agent_again_makes_a_second_offer_of_the_same_pop(screens: Screens) -> None:
    call = PhoneCall(queue="600")
    screens.hear(call.starts(), call.rings("eva"), call.leg_ends("eva", LegResult.MISSED))
    first = screens.last
    assert screens.hear(call.later(5).rings("eva")) == ["eva pop.show ringing"]
    assert (screens.last["pop_id"], screens.last["offer"]) == (first["pop_id"], 2)


def test_what_rings_latest_is_last_on_the_screen(screens: Screens) -> None:
    first, second = PhoneCall("01FIRST"), PhoneCall("01SECOND")
    screens.hear(
        first.rings("eva"), first.answers("eva"), first.leg_ends("eva", LegResult.ANSWERED), second.rings("eva")
    )
    assert screens.shown_to("eva") == ["01FIRST", "01SECOND"]
    screens.hear(first.rings("eva"))
    assert screens.shown_to("eva") == ["01SECOND", "01FIRST"]


def test_a_call_that_comes_back_and_is_missed_keeps_the_card_of_the_first_talk(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"), call.answers("eva"))
    screens.hear(call.later(9).leg_ends("eva", LegResult.ANSWERED))
    assert screens.hear(call.rings("eva")) == ["eva pop.show ringing"]
    assert screens.last["offer"] == 2
    assert screens.hear(call.leg_ends("eva", LegResult.MISSED)) == ["eva pop.update wrap_up"]
    assert (screens.last["offer"], screens.last["call"]["talk_s"]) == (2, 9.0)


def test_a_call_that_comes_back_after_its_card_was_saved_and_is_missed_goes_away(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"), call.answers("eva"), call.leg_ends("eva", LegResult.ANSWERED))
    screens.note(screens.popper.saved("eva", "01CALL"))
    assert screens.hear(call.rings("eva"), call.leg_ends("eva", LegResult.MISSED)) == [
        "eva pop.show ringing",
        "eva pop.retract no_answer",
    ]


def test_who_picks_their_own_ringing_call_up_at_another_phone_keeps_the_same_pop(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"))
    assert screens.hear(call.picks_up_elsewhere("eva")) == ["eva pop.update talking"]
    assert screens.last["offer"] == 1


def test_who_picks_a_colleagues_call_up_gets_the_pop(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"))
    assert "jan pop.show talking" in screens.hear(call.picks_up_elsewhere("jan"))
    assert screens.hear(call.leg_ends("eva", LegResult.ANSWERED_ELSEWHERE, winner="jan")) == [
        "eva pop.retract answered_elsewhere"
    ]


@pytest.mark.parametrize("kind", [TransferKind.BLIND, TransferKind.ATTENDED, TransferKind.BLONDE])
def test_after_a_transfer_the_new_agent_sees_the_customer_and_who_passed_the_call_on(
    screens: Screens, kind: TransferKind
) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva", "PJSIP/1001"), call.answers("eva"))
    screens.hear(call.later(9).transferred("PJSIP/1001", "PJSIP/1002", kind), call.leg_ends("eva", LegResult.ANSWERED))
    assert screens.hear(call.later(1).rings("jan", "PJSIP/1002")) == ["jan pop.show ringing"]
    assert screens.last["call"]["remote"]["number"] == "+421905123456"
    assert screens.last["call"]["transferred_by"] == "Eva Nová"
    assert screens.shown_to("eva") == ["01CALL"]  # still to be wrapped up


# --- outbound and internal --------------------------------------------------------------------------------------------


def test_who_calls_a_customer_gets_the_card_too(screens: Screens) -> None:
    call = PhoneCall(direction=Direction.OUTBOUND, name=None)
    assert screens.hear(call.dials("eva")) == ["eva pop.show ringing"]
    assert (screens.last["call"]["direction"], screens.last["call"]["wait_s"]) == ("outbound", None)
    assert screens.hear(call.answers("eva")) == ["eva pop.update talking"]
    assert screens.hear(call.leg_ends("eva", LegResult.ANSWERED)) == ["eva pop.update wrap_up"]


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (CallOutcome.NO_ANSWER, "no_answer"),
        (CallOutcome.REJECTED, "rejected"),
        (CallOutcome.BUSY, "unavailable"),
        (CallOutcome.CANCELLED, "caller_gave_up"),
    ],
)
def test_a_customer_who_does_not_answer_ends_the_outbound_pop_when_the_reason_is_known(
    screens: Screens, outcome: CallOutcome, reason: str
) -> None:
    call = PhoneCall(direction=Direction.OUTBOUND)
    screens.hear(call.dials("eva"))
    assert screens.hear(call.leg_ends("eva", LegResult.CALLER)) == []
    told = screens.hear(call.changes(state=CallState.ENDED, outcome=outcome), call.ends(outcome))
    assert told == [f"eva pop.retract {reason}"]


def test_a_click_to_dial_that_its_own_agent_does_not_take_is_retracted(screens: Screens) -> None:
    call = PhoneCall(direction=Direction.OUTBOUND, click_to_dial="cti-1")
    assert screens.hear(call.starts(), call.rings("eva")) == ["eva pop.show ringing"]
    assert screens.hear(call.leg_ends("eva", LegResult.MISSED)) == ["eva pop.retract no_answer"]


def test_a_colleague_who_calls_is_a_strip_without_customers(screens: Screens) -> None:
    call = PhoneCall(direction=Direction.INTERNAL, caller="1002", did=None)
    assert screens.hear(call.dials("jan"), call.rings("eva")) == ["eva pop.show ringing"]
    screens.popper.matched("01CALL", KOVAC)
    assert (screens.last["match"], screens.last["customers"]) == ("internal", [])
    remote = screens.last["call"]["remote"]
    assert remote == {"number": "jan", "display": "jan", "name": "Ján Malý", "kind": "internal"}
    assert screens.shown_to("jan") == []


def test_an_internal_call_without_a_known_colleague_makes_no_strip(screens: Screens) -> None:
    """A supervisor who listens in is rung by an Originate: nobody is calling."""
    call = PhoneCall(direction=Direction.INTERNAL, caller="1001", did=None)
    assert screens.hear(call.rings("eva"), call.answers("eva"), call.ends()) == []


def test_an_outbound_call_pops_when_the_number_is_known(screens: Screens) -> None:
    call = PhoneCall(direction=Direction.OUTBOUND, caller=None)
    assert screens.hear(call.dials("eva")) == []
    assert screens.hear(call.changes(remote_raw="+421905123456")) == ["eva pop.show ringing"]


def test_the_strip_of_a_consultation_gives_way_to_the_customers_card(screens: Screens) -> None:
    customer, consultation = PhoneCall("01CUST"), PhoneCall("01CONS", direction=Direction.INTERNAL, caller="jan")
    screens.hear(customer.starts(), customer.rings("eva"), customer.answers("eva"), customer.holds("eva"))
    screens.hear(consultation.dials("eva"), consultation.rings("jan"), consultation.answers("jan"))
    assert screens.shown_to("jan") == ["01CONS"]
    dropped = CallDropped(at=START, call=consultation.call, into=customer.call)
    told = screens.hear(dropped, customer.picks_up_elsewhere("jan"))
    assert [line for line in told if line.startswith("jan")] == ["jan pop.retract transferred", "jan pop.show talking"]
    assert screens.shown_to("jan") == ["01CUST"]


def test_internal_pops_can_be_switched_off_for_one_pbx() -> None:
    screens = Screens(internal_pops={"main": "off"})
    call = PhoneCall(direction=Direction.INTERNAL, caller="1002")
    assert screens.hear(call.dials("jan"), call.rings("eva"), call.answers("eva"), call.ends()) == []


# --- dismissed, saved, painted, forgotten -----------------------------------------------------------------------------


def test_a_dismissed_pop_stays_away_until_the_call_is_offered_again(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"))
    assert screens.note(screens.popper.dismiss("eva", pop_id_of("01CALL", "eva"))) == ["eva pop.retract dismissed"]
    assert screens.popper.snapshot("eva") == []
    assert screens.hear(call.answers("eva"), call.leg_ends("eva", LegResult.ANSWERED)) == []
    assert screens.hear(call.rings("eva")) == ["eva pop.show ringing"]


def test_nobody_can_dismiss_a_colleagues_pop(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"))
    assert screens.popper.dismiss("jan", pop_id_of("01CALL", "eva")) == []
    assert screens.popper.painted("jan", pop_id_of("01CALL", "eva"), START) is None
    assert screens.shown_to("eva") == ["01CALL"]


def test_a_pop_is_dismissed_once(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"))
    pop_id = pop_id_of("01CALL", "eva")
    assert len(screens.popper.dismiss("eva", pop_id)) == 1
    assert screens.popper.dismiss("eva", pop_id) == []


def _wrapped_up(screens: Screens, call_id: str = "01CALL") -> PhoneCall:
    call = PhoneCall(call_id)
    screens.hear(call.starts(), call.rings("eva"), call.answers("eva"), call.leg_ends("eva", LegResult.ANSWERED))
    screens.hear(call.ends())
    return call


def test_a_wrapped_up_call_leaves_when_it_is_saved(screens: Screens) -> None:
    _wrapped_up(screens)
    assert screens.note(screens.popper.saved("eva", "01CALL")) == ["eva pop.retract saved"]
    assert screens.popper.snapshot("eva") == []
    assert screens.popper.saved("eva", "01CALL") == []


def test_saved_while_still_talking_takes_effect_when_the_talk_ends(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"), call.answers("eva"))
    assert screens.popper.saved("eva", "01CALL") == []
    assert screens.hear(call.leg_ends("eva", LegResult.ANSWERED)) == ["eva pop.update wrap_up", "eva pop.retract saved"]


def test_writing_on_after_an_early_save_takes_it_back(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"), call.answers("eva"))
    screens.popper.saved("eva", "01CALL")
    screens.popper.noted("01CALL", PopNote("one thing more", None, 2))
    assert screens.hear(call.leg_ends("eva", LegResult.ANSWERED)) == ["eva pop.update wrap_up"]


def test_an_unsaved_card_stays_an_hour(screens: Screens) -> None:
    _wrapped_up(screens)
    assert screens.note(screens.popper.tick(START + 3599)) == []
    assert screens.note(screens.popper.tick(START + 3600)) == ["eva pop.retract dismissed"]
    assert screens.popper.snapshot("eva") == []


def test_too_many_unsaved_cards_push_the_oldest_out(screens: Screens) -> None:
    for number in range(MAX_UNSAVED + 1):
        _wrapped_up(screens, f"01CALL{number}")
    assert screens.shown_to("eva") == [f"01CALL{number}" for number in range(1, MAX_UNSAVED + 1)]
    assert [m.data["call_id"] for m in screens.told if m.kind == "pop.retract"] == ["01CALL0"]


def test_a_pop_that_no_screen_confirms_within_three_seconds_is_reported_once(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"))
    pop_id = pop_id_of("01CALL", "eva")
    assert screens.popper.tick(START + 2.9) == []
    assert screens.popper.tick(START + 3) == [NotPainted("eva", pop_id, "01CALL", 1)]
    assert screens.popper.tick(START + 4) == []
    assert screens.popper.unpainted("eva")
    assert screens.popper.painted("eva", pop_id, START + 5) == 5.0
    assert not screens.popper.unpainted("eva")


def test_a_painted_pop_is_not_reported_and_its_latency_is_told_once(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"))
    pop_id = pop_id_of("01CALL", "eva")
    assert screens.popper.painted("eva", pop_id, START + 0.25) == 0.25
    assert screens.popper.painted("eva", pop_id, START + 0.5) is None
    assert screens.popper.tick(START + 10) == []


def test_a_pop_that_was_retracted_before_it_was_painted_is_not_reported(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"), call.leg_ends("eva", LegResult.CANCELLED))
    assert screens.popper.tick(START + 10) == []


def test_each_offer_must_be_painted_anew(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.starts(), call.rings("eva"))
    screens.popper.painted("eva", pop_id_of("01CALL", "eva"), START)
    screens.hear(call.leg_ends("eva", LegResult.MISSED), call.rings("eva"))
    assert [m.offer for m in screens.popper.tick(START + 3) if isinstance(m, NotPainted)] == [2]


def test_nothing_is_remembered_of_calls_that_are_over_and_dealt_with(screens: Screens) -> None:
    for number in range(50):
        call = PhoneCall(f"01CALL{number}")
        screens.hear(call.starts(), call.rings("eva"), call.leg_ends("eva", LegResult.MISSED), call.rings("jan"))
        screens.hear(call.answers("jan"), call.leg_ends("jan", LegResult.ANSWERED), call.ends(), call.changes())
        screens.note(screens.popper.saved("jan", f"01CALL{number}"))
    screens.popper.tick(START + 10_000)
    memory = vars(screens.popper)["_shown"]
    assert vars(memory) == vars(ShownPops())


# --- after our own restart --------------------------------------------------------------------------------------------


def test_after_our_restart_the_same_pops_are_there_with_the_same_ids_and_offers(screens: Screens) -> None:
    ringing, talking, over = PhoneCall("01RING"), PhoneCall("01TALK"), PhoneCall("01OVER")
    screens.hear(ringing.rings("eva"), ringing.leg_ends("eva", LegResult.MISSED), ringing.rings("eva"))
    screens.hear(talking.rings("jan"), talking.answers("jan"))
    screens.hear(over.rings("eva"), over.leg_ends("eva", LegResult.CANCELLED))
    restarted = Screens()
    told = restarted.note(restarted.popper.restore([ringing.call, talking.call, over.call], START))
    assert told == ["eva pop.show ringing", "jan pop.show talking"]
    for user in ("eva", "jan"):
        assert restarted.popper.snapshot(user) == screens.popper.snapshot(user)


def test_after_our_restart_a_dismissed_pop_stays_closed_until_the_call_is_offered_again(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.rings("eva"), call.rings("jan"))
    pop_id = pop_id_of("01CALL", "eva")
    leg = screens.popper.leg_in_hand("eva", pop_id)
    assert leg == ("01CALL", 0)
    restarted = Screens()
    told = restarted.note(restarted.popper.restore([call.call], START, {("01CALL", "eva"): leg[1]}))
    assert told == ["jan pop.show ringing"]
    assert restarted.hear(call.later(1).changes()) == []
    assert restarted.hear(call.leg_ends("eva", LegResult.MISSED)) == []
    assert restarted.hear(call.later(5).rings("eva")) == ["eva pop.show ringing"]
    assert restarted.last["offer"] == 2


def test_a_dismissal_of_an_earlier_offer_closes_no_later_one() -> None:
    call = PhoneCall()
    call.rings("eva")
    call.leg_ends("eva", LegResult.MISSED)
    call.rings("eva")
    restarted = Screens()
    told = restarted.note(restarted.popper.restore([call.call], START, {("01CALL", "eva"): 0}))
    assert told == ["eva pop.show ringing"]


def test_only_a_pop_that_a_restart_would_show_again_need_be_remembered(screens: Screens) -> None:
    call = PhoneCall()
    screens.hear(call.rings("eva"), call.answers("eva"))
    pop_id = pop_id_of("01CALL", "eva")
    assert screens.popper.leg_in_hand("eva", pop_id) == ("01CALL", 0)
    assert screens.popper.leg_in_hand("jan", pop_id) is None
    screens.hear(call.leg_ends("eva", LegResult.ANSWERED), call.ends())
    assert screens.popper.leg_in_hand("eva", pop_id) is None


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}
