"""Pops follow the call: through transfers, pickups and the parking lot, with the customer and the note, to whoever has it now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from crm_store.caller_lookup import CallerMatch, MatchKind, MatchReason
from pbx.call_events import CallAnswered, CallChanged, CallDropped, CallEvent, CallLegEnded, CallOffered
from pbx.calls import CallState, Direction, LegResult, TransferKind
from screenpop.popper import PopMessage, Popper
from screenpop.screen_pop import PopLabels, PopNote
from screenpop.shown_pops import ShownPops
from tests.screenpop.phone_calls import START, PhoneCall, describe

CUSTOMER = "+421905123456"
KOVAC = CallerMatch(kind=MatchKind.ONE, reason=MatchReason.EXACT, cards=({"id": 5, "name": "Ján Kováč"},))
DRAFT = PopNote(text="wants the invoice again", disposition=None, version=3)
PEOPLE = {"eva": "Eva Nová", "jan": "Ján Malý", "rut": "Rut Cohen"}


class Desk:
    """Everybody's screens, and a note that Eva began to write."""

    def __init__(self) -> None:
        self.popper = Popper(describe, labels=PopLabels(people=PEOPLE))

    def hear(self, *events: CallEvent) -> list[str]:
        """`["jan pop.show ringing"]`: what these events told the screens."""
        return self.told(message for event in events for message in self.popper.apply(event, START))

    @staticmethod
    def told(messages: Iterable[PopMessage]) -> list[str]:
        return [f"{m.user} {m.kind} {m.data.get('phase') or m.data['reason']}" for m in messages]

    def screen(self, user: str) -> dict[str, Any]:
        """The one pop on this user's screen."""
        (pop,) = self.popper.snapshot(user)
        return pop

    def screens(self, user: str) -> list[tuple[str, str]]:
        """Call and phase of all pops of this user."""
        return [(pop["call"]["id"], pop["phase"]) for pop in self.popper.snapshot(user)]


class Call(PhoneCall):
    """A customer's call as the tracker tells it while it is handed from one colleague to another."""

    def hands_over(self, agent: str) -> CallEvent:
        """The colleague's talk ends with a transfer or the parking lot; the call goes on."""
        return self.leg_ends(agent, LegResult.ANSWERED)

    def parks(self, agent: str) -> list[CallEvent]:
        """The talk ends, the customer waits in the lot; no transfer is told."""
        left = self.leg_ends(agent, LegResult.ANSWERED)
        assert isinstance(left, CallLegEnded)
        self.call = replace(self.call, state=CallState.PARKED)
        return [replace(left, call=self.call), CallChanged(at=self.at, call=self.call)]

    def fetches(self, agent: str) -> CallEvent:
        """Retrieved from the lot: a new leg of a phone that nobody rang."""
        leg = self._new_leg(agent, (f"PJSIP/{agent}",), rang_at=None)
        return self._answer(leg)

    def picks_up(self, agent: str, *losers: str) -> list[CallEvent]:
        """Pickup: the phones that rang have lost the call to one that nobody rang; the talk is told when it begins."""
        picker = self._put(replace(self._new_leg(agent, (f"PJSIP/{agent}",), rang_at=None), answered_at=self.at))
        lost: list[CallEvent] = []
        for loser in losers:
            ended = self.leg_ends(loser, LegResult.ANSWERED_ELSEWHERE)
            assert isinstance(ended, CallLegEnded)
            lost.append(replace(ended, winner=picker))
        return [*lost, self._answer(picker)]

    def is_joined(self, by: str, consultation: PhoneCall, kind: TransferKind) -> list[CallEvent]:
        """An attended (or blonde) transfer is completed: the consultation's target is a leg of this call now.

        Their talk with the customer is told before the transfer is.
        """
        asked = consultation.call.legs[-1]
        joined: list[CallEvent] = [CallDropped(at=self.at, call=consultation.call, into=self.call)]
        leg = replace(asked, leg_id=len(self.call.legs))
        self.call = replace(self.call, legs=(*self.call.legs, leg))
        if kind is TransferKind.ATTENDED:
            joined.append(CallAnswered(at=self.at, call=self.call, leg=leg))
        return [*joined, self.transferred(f"PJSIP/{by}", leg.endpoint, kind), self.hands_over(by)]


def talk(desk: Desk, *, queue: str | None = None) -> Call:
    """Eva talks with the customer and has begun a note."""
    call = Call("01CUST", queue=queue)
    desk.hear(call.starts())
    desk.popper.matched("01CUST", KOVAC)
    desk.hear(call.rings("eva"), call.later(4).answers("eva"))
    desk.popper.noted("01CUST", DRAFT)
    return call


def shows_the_customer(pop: dict[str, Any]) -> None:
    """Not the colleague who passed the call on; and what Eva wrote so far."""
    assert pop["call"]["id"] == "01CUST"
    assert pop["call"]["remote"]["number"] == CUSTOMER
    assert (pop["match"], [card["id"] for card in pop["customers"]]) == ("one", [5])
    note = (pop["call"]["note"], pop["call"]["note_version"])
    assert note == (DRAFT.text, DRAFT.version)


@pytest.fixture
def desk() -> Desk:
    return Desk()


# --- transfers --------------------------------------------------------------------------------------------------------


def test_after_a_blind_transfer_the_new_agent_has_the_customer_and_the_draft(desk: Desk) -> None:
    call = talk(desk)
    desk.hear(call.later(60).transferred("PJSIP/eva", "PJSIP/jan"), call.hands_over("eva"))
    assert desk.hear(call.later(1).rings("jan")) == ["jan pop.show ringing"]
    shows_the_customer(desk.screen("jan"))
    assert desk.screen("jan")["call"]["transferred_by"] == "Eva Nová"
    assert desk.hear(call.later(2).answers("jan")) == ["jan pop.update talking"]
    shows_the_customer(desk.screen("jan"))


@pytest.mark.parametrize("kind", [TransferKind.ATTENDED, TransferKind.BLONDE])
def test_when_a_consultation_is_joined_the_strip_gives_way_to_the_customer(desk: Desk, kind: TransferKind) -> None:
    call = talk(desk, queue="600")
    consultation = PhoneCall("01CONS", direction=Direction.INTERNAL, caller="jan", did=None)
    consultation.at = call.at
    desk.hear(call.holds("eva"), consultation.dials("eva"), consultation.rings("jan"))
    assert desk.screen("jan")["match"] == "internal"
    if kind is TransferKind.ATTENDED:
        desk.hear(consultation.answers("jan"))
    jans = [line for line in desk.hear(*call.later(20).is_joined("eva", consultation, kind)) if "jan" in line]
    phase = "talking" if kind is TransferKind.ATTENDED else "ringing"
    assert jans[:2] == ["jan pop.retract transferred", f"jan pop.show {phase}"]
    assert set(jans[2:]) <= {f"jan pop.update {phase}"}
    assert desk.screens("jan") == [("01CUST", phase)]
    shows_the_customer(desk.screen("jan"))
    assert desk.screen("jan")["call"]["transferred_by"] == "Eva Nová"


def test_who_asked_somebody_outside_has_the_customer_left_and_not_the_other_call(desk: Desk) -> None:
    call = talk(desk)
    outside = PhoneCall("01OUT", direction=Direction.OUTBOUND, caller="+421911222333", name=None, did=None)
    desk.hear(call.holds("eva"), outside.dials("eva"), outside.answers("eva"))
    assert desk.screens("eva") == [("01CUST", "hold"), ("01OUT", "talking")]
    told = desk.hear(CallDropped(at=call.at, call=outside.call, into=call.call), call.hands_over("eva"))
    assert told == ["eva pop.retract transferred", "eva pop.update wrap_up"]
    assert desk.screens("eva") == [("01CUST", "wrap_up")]


def test_nothing_is_kept_of_a_call_that_was_dropped(desk: Desk) -> None:
    consultation = PhoneCall("01CONS", direction=Direction.INTERNAL, caller="jan", did=None)
    desk.hear(consultation.dials("eva"), consultation.rings("jan"))
    desk.hear(CallDropped(at=START, call=consultation.call, into=None))
    assert vars(vars(desk.popper)["_shown"]) == vars(ShownPops())


def test_another_call_at_the_targets_phone_is_not_taken_for_the_consultation(desk: Desk) -> None:
    """Rut rings Jan; then a customer is sent to him without asking."""
    call = talk(desk)
    other = PhoneCall("01RUT", direction=Direction.INTERNAL, caller="jan", did=None)
    desk.hear(other.dials("rut"), other.rings("jan"))
    desk.hear(call.later(60).transferred("PJSIP/eva", "PJSIP/jan"), call.hands_over("eva"))
    desk.hear(call.later(1).rings("jan"))
    assert desk.screens("jan") == [("01RUT", "ringing"), ("01CUST", "ringing")]


def test_each_agent_keeps_an_own_leg_to_wrap_up(desk: Desk) -> None:
    call = talk(desk)
    told = desk.hear(call.later(60).transferred("PJSIP/eva", "PJSIP/jan"), call.hands_over("eva"))
    assert told[-1] == "eva pop.update wrap_up"
    desk.hear(call.rings("jan"), call.later(3).answers("jan"))
    evas = desk.screen("eva")["call"]
    assert (evas["endpoint"], evas["talk_s"]) == ("PJSIP/eva", 60.0)
    assert desk.told(desk.popper.saved("eva", "01CUST")) == ["eva pop.retract saved"]
    assert desk.screens("jan") == [("01CUST", "talking")], "Jan's goes on"
    assert desk.hear(call.later(30).hands_over("jan"), call.ends()) == ["jan pop.update wrap_up"]
    jans = desk.screen("jan")["call"]
    assert (jans["endpoint"], jans["talk_s"]) == ("PJSIP/jan", 30.0)


def test_what_either_writes_is_on_both_screens(desk: Desk) -> None:
    call = talk(desk)
    desk.hear(call.later(60).transferred("PJSIP/eva", "PJSIP/jan"), call.hands_over("eva"))
    desk.hear(call.rings("jan"), call.answers("jan"))
    more = PopNote(text="wants the invoice again, by post", disposition="order", version=4)
    assert desk.told(desk.popper.noted("01CUST", more)) == ["eva pop.update wrap_up", "jan pop.update talking"]
    for user in ("eva", "jan"):
        shown = desk.screen(user)["call"]
        assert (shown["note"], shown["disposition"], shown["note_version"]) == (more.text, "order", 4)


def test_a_transfer_into_a_queue_pops_at_whom_the_queue_rings(desk: Desk) -> None:
    call = talk(desk)
    desk.hear(call.later(60).transferred("PJSIP/eva", "600"), call.hands_over("eva"))
    desk.hear(call.changes(state=CallState.QUEUED, queue="600"))
    assert desk.hear(call.later(5).rings("jan"), call.rings("rut")) == ["jan pop.show ringing", "rut pop.show ringing"]
    for user in ("jan", "rut"):
        shows_the_customer(desk.screen(user))
    desk.hear(call.later(2).answers("rut"))
    (lost,) = desk.popper.apply(call.leg_ends("jan", LegResult.ANSWERED_ELSEWHERE, winner="rut"), START)
    assert (lost.user, lost.data["reason"], lost.data["by"]) == ("jan", "answered_elsewhere", "rut")


def test_a_transfer_that_nobody_takes_comes_back_as_a_new_offer_of_the_same_pop(desk: Desk) -> None:
    call = talk(desk)
    desk.hear(call.later(60).transferred("PJSIP/eva", "PJSIP/jan"), call.hands_over("eva"))
    desk.hear(call.rings("jan"), call.later(15).leg_ends("jan", LegResult.MISSED))
    assert desk.screens("jan") == []
    assert desk.hear(call.rings("eva")) == ["eva pop.show ringing"]
    shows_the_customer(desk.screen("eva"))
    assert (desk.screen("eva")["offer"], desk.screen("eva")["call"]["transferred_by"]) == (2, None)


# --- pickup -----------------------------------------------------------------------------------------------------------


def test_who_picks_a_ringing_call_up_has_the_customer_and_the_losers_are_told_who(desk: Desk) -> None:
    call = Call("01CUST", queue="600")
    desk.hear(call.starts(), call.rings("eva"), call.rings("jan"))
    desk.popper.matched("01CUST", KOVAC)
    desk.popper.noted("01CUST", DRAFT)
    messages = [m for event in call.later(3).picks_up("rut", "eva", "jan") for m in desk.popper.apply(event, START)]
    lost = {m.user: (m.data["reason"], m.data["by"]) for m in messages if m.kind == "pop.retract"}
    assert lost == {"eva": ("answered_elsewhere", "rut"), "jan": ("answered_elsewhere", "rut")}
    ruts = [line for line in desk.told(messages) if line.startswith("rut")]
    assert (ruts[0], set(ruts[1:])) == ("rut pop.show talking", {"rut pop.update talking"})
    shows_the_customer(desk.screen("rut"))


def test_a_pickup_that_is_known_as_answered_at_once_is_a_talk_too(desk: Desk) -> None:
    call = Call("01CUST")
    desk.hear(call.starts(), call.rings("eva"))
    desk.popper.matched("01CUST", KOVAC)
    desk.popper.noted("01CUST", DRAFT)
    *_, answered = call.later(3).picks_up("rut", "eva")
    assert isinstance(answered, CallAnswered)
    taken = call._put(replace(answered.leg, result=LegResult.ANSWERED))
    assert desk.hear(replace(answered, call=call.call, leg=taken)) == [
        "eva pop.retract answered_elsewhere",
        "rut pop.show talking",
    ]
    shows_the_customer(desk.screen("rut"))
    assert desk.hear(call.changes()) == []


def test_the_picker_wraps_up_and_the_losers_have_nothing_left(desk: Desk) -> None:
    call = Call("01CUST")
    desk.hear(call.starts(), call.rings("eva"))
    desk.hear(*call.later(3).picks_up("rut", "eva"))
    assert desk.hear(call.later(30).leg_ends("rut", LegResult.ANSWERED), call.ends()) == ["rut pop.update wrap_up"]
    assert desk.screens("eva") == []


# --- parking ----------------------------------------------------------------------------------------------------------


def test_who_fetches_a_parked_call_has_the_customer_and_the_draft(desk: Desk) -> None:
    call = talk(desk)
    assert desk.hear(*call.later(60).parks("eva")) == ["eva pop.update wrap_up"]
    assert desk.hear(call.later(20).fetches("jan")) == ["jan pop.show talking"]
    shows_the_customer(desk.screen("jan"))
    assert desk.screen("jan")["call"]["transferred_by"] is None, "a park is no transfer"
    assert desk.screens("eva") == [("01CUST", "wrap_up")]


def test_who_fetches_their_own_parked_call_goes_on_with_the_same_pop(desk: Desk) -> None:
    call = talk(desk)
    desk.hear(*call.later(60).parks("eva"))
    assert desk.hear(call.later(20).fetches("eva")) == ["eva pop.show talking"]
    shows_the_customer(desk.screen("eva"))
    assert desk.screen("eva")["offer"] == 2
    assert desk.hear(call.later(5).hands_over("eva"), call.ends()) == ["eva pop.update wrap_up"]


def test_a_parked_call_that_comes_back_rings_with_the_customer_on_the_screen(desk: Desk) -> None:
    call = talk(desk)
    desk.hear(*call.later(60).parks("eva"))
    assert desk.hear(call.later(45).rings("eva")) == ["eva pop.show ringing"]
    shows_the_customer(desk.screen("eva"))


def test_who_gives_up_in_the_lot_leaves_the_parker_a_wrap_up(desk: Desk) -> None:
    call = talk(desk)
    desk.hear(*call.later(60).parks("eva"))
    assert desk.hear(call.later(30).ends()) == []
    assert desk.screens("eva") == [("01CUST", "wrap_up")]


# --- devices and people -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["transfer", "comes back"])
def test_two_devices_of_one_agent_are_one_pop_wherever_the_call_comes_from(desk: Desk, how: str) -> None:
    call = talk(desk)
    if how == "transfer":
        desk.hear(call.later(60).transferred("PJSIP/eva", "PJSIP/jan"), call.hands_over("eva"))
        told = desk.hear(call.rings("jan", "PJSIP/jan", "PJSIP/99jan"), call.changes(), call.later(2).answers("jan"))
        assert told == ["jan pop.show ringing", "jan pop.update talking"]
    else:
        desk.hear(*call.later(60).parks("eva"))
        told = desk.hear(call.rings("eva", "PJSIP/eva", "PJSIP/99eva"), call.changes(), call.later(2).answers("eva"))
        assert told == ["eva pop.show ringing", "eva pop.update talking"]


def test_devices_that_are_told_one_after_the_other_are_still_one_pop(desk: Desk) -> None:
    """The tracker adds the second device to the leg when its dialling is told."""
    call = talk(desk)
    desk.hear(call.later(60).transferred("PJSIP/eva", "PJSIP/jan"), call.hands_over("eva"))
    first = call.rings("jan", "PJSIP/jan")
    assert isinstance(first, CallOffered)
    assert desk.hear(first) == ["jan pop.show ringing"]
    call._put(replace(first.leg, endpoints=("PJSIP/jan", "PJSIP/99jan")))
    assert desk.hear(call.changes()) == []


def test_a_caller_who_turns_out_to_be_withheld_is_withheld_at_the_new_agent_too(desk: Desk) -> None:
    call = talk(desk)
    desk.hear(call.changes(remote_restricted=True, remote_raw=None))
    desk.hear(call.later(60).transferred("PJSIP/eva", "PJSIP/jan"), call.hands_over("eva"))
    desk.hear(call.rings("jan"))
    pop = desk.screen("jan")
    assert (pop["match"], pop["customers"], pop["call"]["remote"]["number"]) == ("withheld", [], None)
    assert pop["call"]["note"] == DRAFT.text


# --- forwarded --------------------------------------------------------------------------------------------------------


def test_who_is_reached_on_a_mobile_has_no_pop() -> None:
    """A15: before any phone was dialled, or after Eva's phone sent the call on."""
    desk = Desk()
    call = Call("01CUST")
    desk.hear(call.starts())
    assert desk.hear(call.rings("eva")) == ["eva pop.show ringing"]
    forwarding = replace(call.call.legs[0], via="+421905000001")
    assert desk.hear(call.changes(legs=(forwarding,))) == ["eva pop.retract transferred"]
    assert desk.hear(call.changes(legs=(replace(forwarding, agent="jan"),))) == []
