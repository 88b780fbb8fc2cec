"""Transfers and what looks nearly like one: who moved the customer, who took them, and when nobody did either."""

from dataclasses import replace

import pytest

from pbx import events as ami
from pbx.call_events import CallAnswered, CallDropped, CallTransferred
from pbx.calls import Call, CallState, Direction, EndedBy, LegResult, TransferKind, TransferResult
from pbx.events import Channel, ChannelState, RunningChannel
from tests.pbx.tape import Tape
from tests.pbx.test_parking import fetched, parked
from tests.pbx.test_transfers import blonde, by_swap, legs, only, row, sent_on, snapshot, transfers


def customers(tape: Tape) -> Call:
    """The customer's call while others may live."""
    return tape.calls()[0]


# --- moved on without an event ------------------------------------------------------------------------------------------


def moved_silently(tape: Tape, caller: Channel, by: Channel, extension: str, bridge: str, new: str) -> Channel:
    """AMI Redirect: out of the bridge, and the next phone rings."""
    tape.leave(bridge, caller, by)
    tape.hangup(by)
    phone = tape.phone(new, extension, linked="1.1")
    tape.dial(caller, phone)
    return phone


def test_a_phone_that_rings_beside_the_talk_is_no_transfer() -> None:
    tape = Tape()
    caller, _ = tape.call_in()
    tape.dial(caller, tape.phone("1.3", "1002", linked="1.1"))
    assert tape.call().transfers == ()


def test_a_dialplan_that_goes_on_after_the_colleagues_wish_to_hang_up_is_no_transfer() -> None:
    tape = Tape()
    caller, eva = tape.call_in()
    tape.request(eva)
    sent_on(tape, caller, eva)
    assert tape.call().transfers == ()


def test_a_call_that_comes_back_from_the_park_is_no_transfer_though_the_talk_ended_late() -> None:
    """P1: the lot is told before the bridge of the talk is left."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.park(caller)
    tape.leave("b1", eva)
    tape.hangup(eva)
    tape.leave("lot", caller)
    tape.dial(caller, tape.phone("1.3", "1001", linked="1.1"))
    assert tape.call().transfers == ()


@pytest.mark.parametrize("timestamps", [True, False])
def test_who_talked_last_is_who_moved_the_customer(timestamps: bool) -> None:
    """Without timestamps only the first move is sure."""
    tape = Tape(timestamps=timestamps)
    caller, eva = tape.call_in()
    jan = moved_silently(tape, caller, eva, "1002", "b1", "1.3")
    tape.at(1030)
    tape.answer(caller, jan, "b2")
    tape.at(1050)
    moved_silently(tape, caller, jan, "1003", "b2", "1.4")
    moved_by = [one.by for one in tape.call().transfers]
    assert moved_by[: 2 if timestamps else 1] == ["PJSIP/1001", "PJSIP/1002"][: 2 if timestamps else 1]


def test_the_same_phone_dialled_again_is_no_transfer() -> None:
    """P3: DialBegin told once more after the talk."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.leave("b1", caller, eva)
    tape.dial(caller, eva)
    assert tape.call().transfers == ()


def test_a_phone_dialled_again_after_the_talk_tells_the_move() -> None:
    """P1: first told beside the talk, then once more when the talk is over."""
    tape = Tape()
    caller, eva = tape.call_in()
    jan = tape.phone("1.3", "1002", linked="1.1")
    tape.dial(caller, jan)
    tape.leave("b1", caller, eva)
    tape.dial(caller, jan)
    assert [one.by for one in tape.call().transfers] == ["PJSIP/1001"]


def test_whoever_took_the_moved_customer_may_hang_up() -> None:
    """Their wish to end it takes nothing back."""
    tape = Tape()
    caller, eva = tape.call_in()
    jan = moved_silently(tape, caller, eva, "1002", "b1", "1.3")
    tape.answer(caller, jan, "b2")
    tape.end_talk(jan, caller, bridge="b2")
    call = only(tape)
    assert transfers(call) == [(TransferKind.BLIND, "PJSIP/1001", "PJSIP/1002", TransferResult.ANSWERED)]
    assert call.ended_by is EndedBy.AGENT


def test_only_the_last_move_is_taken_back_by_a_late_wish_to_hang_up() -> None:
    """A told transfer to Jan; Jan hangs up, which is told after the dialplan went on to Rut (P1)."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.blind(eva, caller, "1002")
    jan = sent_on(tape, caller, eva)
    tape.answer(caller, jan, "b2")
    tape.at(1050)
    tape.leave("b2", caller, jan)
    rut = tape.phone("1.4", "1003", linked="1.1")
    tape.at(1050.2)
    tape.dial(caller, rut)
    assert len(tape.call().transfers) == 2
    tape.at(1050.3)
    tape.request(jan)
    assert transfers(tape.call()) == [(TransferKind.BLIND, "PJSIP/1001", "PJSIP/1002", TransferResult.ANSWERED)]


def test_a_move_that_is_told_afterwards_is_no_guess_any_more() -> None:
    """The phone hangs up by its own wish because it has transferred."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.at(1020)
    tape.leave("b1", caller, eva)
    jan = tape.phone("1.3", "1002", linked="1.1")
    tape.at(1020.1)
    tape.dial(caller, jan)
    tape.blind(eva, caller, "1002", at=1020)
    tape.at(1020.3)
    tape.request(eva)
    tape.hangup(eva)
    tape.answer(caller, jan, "b2")
    assert transfers(tape.call()) == [(TransferKind.BLIND, "PJSIP/1001", "PJSIP/1002", TransferResult.ANSWERED)]


# --- blind --------------------------------------------------------------------------------------------------------------


def test_who_transfers_is_known_by_their_own_channel_before_the_customers() -> None:
    """FreePBX: the transferee may be a Local channel that nobody has seen."""
    tape = Tape()
    _, eva = tape.call_in()
    stranger = replace(tape.trunk("9.9", new=False), name="Local/1001@from-queue-00000001;1")
    tape.blind(eva, stranger, "1002")
    assert [one.to for one in tape.call().transfers] == ["1002"]


def test_who_transferred_did_not_end_the_call_even_if_their_wish_is_told_first() -> None:
    """P1: HangupRequest, then BlindTransfer; the customer gives up while Jan's phone rings."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.at(1020)
    tape.request(eva)
    tape.blind(eva, caller, "1002", at=1020)
    jan = sent_on(tape, caller, eva)
    tape.request(caller)
    tape.hangup(jan, caller)
    assert only(tape).ended_by is EndedBy.REMOTE


@pytest.mark.parametrize(("later_s", "count"), [(2.0, 1), (2.1, 2)])
def test_two_tellings_of_one_transfer_are_at_most_two_seconds_apart(later_s: float, count: int) -> None:
    tape = Tape()
    caller, eva = tape.call_in()
    tape.blind(eva, caller, "1002", at=1020)
    tape.blind(eva, caller, "1002", at=1020 + later_s)
    assert len(tape.call().transfers) == count


def test_a_phone_that_rings_at_the_very_moment_of_the_transfer_is_its_target() -> None:
    tape = Tape()
    caller, eva = tape.call_in()
    jan = tape.phone("1.3", "1002", linked="1.1")
    tape.at(1020)
    tape.dial(caller, jan)
    tape.blind(eva, caller, "1002", at=1020)
    tape.leave("b1", caller, eva)
    tape.hangup(eva)
    tape.answer(caller, jan, "b2")
    assert transfers(tape.call()) == [(TransferKind.BLIND, "PJSIP/1001", "PJSIP/1002", TransferResult.ANSWERED)]


def test_each_transfer_is_told_by_itself() -> None:
    tape = Tape()
    caller, eva = tape.call_in()
    tape.blind(eva, caller, "1002")
    jan = sent_on(tape, caller, eva)
    tape.answer(caller, jan, "b2")
    tape.at(1060)
    tape.blind(jan, caller, "1003")
    told = [event.transfer.by for event in tape.told if isinstance(event, CallTransferred)]
    assert told == ["PJSIP/1001", "PJSIP/1002"]


# --- attended -----------------------------------------------------------------------------------------------------------


def test_who_was_asked_first_keeps_the_moment_the_phone_was_picked_up() -> None:
    """A50: the target's leg rang and was answered for the colleague, and talks with the customer later."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.at(1020)
    own, jan = tape.consult("1001", "1002")
    picked_up = customers(tape).started_at or 0.0
    tape.at(1040)
    by_swap(tape, caller, eva, own, jan)
    leg = customers(tape).legs[1]
    assert picked_up < (leg.answered_at or 0.0) < 1040
    assert leg.rang_at is not None


def test_a_customer_who_hangs_up_before_hearing_the_target_was_not_put_through() -> None:
    """The consultation was answered, the transfer was not: nobody and the customer heard each other."""
    tape = Tape()
    caller, eva = tape.call_in()
    own, jan = tape.consult("1001", "1002")
    tape.at(1040)
    tape.attended(eva, own)
    tape.leave("b2", jan, own)
    tape.request(caller)
    tape.hangup(caller, eva, own, jan)
    (transfer,) = only(tape).transfers
    assert (transfer.kind, transfer.to, transfer.result) == (TransferKind.ATTENDED, "1002", TransferResult.NO_ANSWER)


@pytest.mark.parametrize("answered", [True, False])
def test_a_third_party_outside_answers_for_the_transfer_only_if_they_answered(answered: bool) -> None:
    """A56, attended or blonde; the first line tried was out of order."""
    tape = Tape()
    caller, eva = tape.call_in()
    own = tape.phone("2.1", "1001", exten="07700900999", state=ChannelState.RING)
    dead = tape.trunk("2.2", linked="2.1", number=None, name=None)
    tape.dial(own, dead, "07700900999@trunk-a")
    tape.dial_end(own, dead, "CHANUNAVAIL")
    tape.hangup(dead, cause=20)
    third = tape.trunk("2.3", linked="2.1", number=None, name=None)
    tape.dial(own, third, "07700900999@trunk-b")
    if answered:
        tape.answer(own, third, "b2")
    tape.at(1040)
    tape.attended(eva, own)
    tape.leave("b1", caller, eva)
    tape.hangup(eva, own)
    tape.at(1060)
    tape.request(third)
    tape.hangup(third)
    tape.hangup(caller)
    (transfer,) = only(tape).transfers
    assert (transfer.to, transfer.result is TransferResult.ANSWERED) == ("07700900999", answered)
    assert only(tape).ended_by is EndedBy.REMOTE


def test_outside_lines_put_together_name_no_number_that_was_withheld() -> None:
    tape = Tape()
    first, _ = tape.call_in()
    second = tape.up(tape.trunk("2.1", number=None, name=None))
    tape.attended(first, second)
    assert [one.to for one in customers(tape).transfers] == [""]


def test_a_colleagues_question_to_a_colleague_may_be_transferred_too() -> None:
    """A39 between colleagues: the earlier internal call goes on, the consultation is part of it."""
    tape = Tape()
    jan = tape.phone("1.1", "1002", exten="1001", state=ChannelState.RING)
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(jan, eva)
    tape.answer(jan, eva, "b1")
    own, rut = tape.consult("1001", "1003")
    by_swap(tape, jan, eva, own, rut)
    tape.hangup(eva, own)
    tape.end_talk(jan, rut)
    call = only(tape)
    assert (call.uniqueid, call.direction) == ("1.1", Direction.INTERNAL)
    assert transfers(call) == [(TransferKind.ATTENDED, "PJSIP/1001", "PJSIP/1003", TransferResult.ANSWERED)]


def test_who_was_asked_first_may_get_a_customer_who_called_meanwhile() -> None:
    """A50: Eva asks Jan, a customer calls Eva, Eva puts the two together."""
    tape = Tape()
    asking, jan = tape.consult("1001", "1002", root="1")
    caller = tape.up(tape.trunk("2.1"))
    eva = tape.phone("2.2", "1001", linked="2.1")
    tape.dial(caller, eva)
    tape.answer(caller, eva, "b3")
    tape.at(1040)
    tape.attended(asking, eva)
    tape.leave("b2", jan, asking)
    tape.bridge("b3", jan, swap=eva.uniqueid)
    tape.hangup(asking, eva)
    tape.end_talk(caller, jan, bridge="b3")
    call = only(tape)
    assert (call.uniqueid, call.direction) == ("2.1", Direction.INBOUND)
    assert transfers(call) == [(TransferKind.ATTENDED, "PJSIP/1001", "PJSIP/1002", TransferResult.ANSWERED)]


def test_a_colleague_who_called_in_between_may_get_the_customer() -> None:
    """Jan called Eva, not Eva Jan: whoever is in both calls put them together."""
    tape = Tape()
    caller, eva = tape.call_in()
    jan = tape.phone("2.1", "1002", exten="1001", state=ChannelState.RING)
    second = tape.phone("2.2", "1001", linked="2.1")
    tape.dial(jan, second)
    tape.answer(jan, second, "b2")
    tape.at(1040)
    tape.attended(eva, second)
    tape.leave("b2", jan, second)
    tape.bridge("b1", jan, swap=eva.uniqueid)
    tape.hangup(eva, second)
    tape.at(1060)
    tape.end_talk(caller, jan)
    call = only(tape)
    assert transfers(call) == [(TransferKind.ATTENDED, "PJSIP/1001", "PJSIP/1002", TransferResult.ANSWERED)]
    assert [leg.agent for leg in call.legs] == ["eva", "jan"]


def test_who_brings_three_together_on_the_line_of_the_question_talks_on() -> None:
    """A54: the customer comes to the second bridge. Eva's phone had rung before, and Rut's does still."""
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.dial(caller, tape.phone("1.5", "1003", linked="1.1"))
    missed = tape.phone("1.6", "1001", linked="1.1")
    tape.dial(caller, missed)
    tape.dial_end(caller, missed, "NOANSWER")
    tape.hangup(missed)
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.at(1010)
    tape.answer(caller, eva)
    own, _ = tape.consult("1001", "1002")
    tape.at(1030)
    tape.attended(eva, own, "Threeway")
    tape.at(1030)
    tape.leave("b1", caller, eva)
    tape.at(1030)
    tape.bridge("b2", caller)
    tape.at(1050)
    tape.leave("b2", caller)
    talked = {leg.leg_id: leg.talk_s for leg in customers(tape).legs}
    assert talked == {0: 0.0, 1: 0.0, 2: 40.0, 3: 20.0}


def test_lines_without_any_colleague_may_be_put_together() -> None:
    """A telephone system outside joins two of its calls, one of which talks with Eva."""
    tape = Tape()
    caller, _ = tape.call_in()
    other = tape.up(tape.trunk("2.1", number="+421905999888"))
    tape.attended(caller, other)
    assert len([event for event in tape.told if isinstance(event, CallDropped)]) == 1


def test_a_phone_with_nobodys_linkedid_rings_for_who_dials_it() -> None:
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.dial(caller, tape.phone("1.2", "1001", linked="7.7"))
    assert [leg.agent for leg in tape.call().legs] == ["eva"]


# --- a transfer that comes back -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("extension", ["1001", "1003"])
@pytest.mark.parametrize("state", ["taken", "over", "by another", "blind"])
def test_a_phone_that_is_originated_belongs_to_no_transfer_that_is_done(state: str, extension: str) -> None:
    """A53: only who transferred is called back, and only while nobody has the customer."""
    tape = Tape()
    if state == "blind":
        caller, eva = tape.call_in()
        tape.blind(eva, caller, "1002")
        jan = sent_on(tape, caller, eva)
    else:
        caller, jan = blonde(tape)
    if state == "taken":
        tape.answer(caller, jan, "b3")
    elif state == "over":
        tape.request(caller)
        tape.hangup(jan, caller)
    before = customers(tape).legs
    phone = tape.phone("4.1", extension if state != "by another" else "1003")
    tape.dial(None, phone)
    assert len(customers(tape).legs) == len(before)


def test_the_last_transfer_says_who_is_called_back() -> None:
    """Eva's is done, Jan's comes back to Jan."""
    tape = Tape()
    caller, jan = blonde(tape)
    tape.answer(caller, jan, "b3")
    tape.at(1060)
    own, rut = tape.consult("1002", "1003", root="5", answered=False)
    tape.leave("b3", caller, jan)
    tape.attended(jan, own, "App")
    tape.dial_end(own, rut, "NOANSWER")
    tape.dial(caller, rut)
    tape.hangup(jan, own)
    tape.dial(None, tape.phone("4.1", "1001"))
    assert len(customers(tape).legs) == 3
    tape.dial(None, tape.phone("4.2", "1002"))
    assert [leg.agent for leg in customers(tape).legs] == ["eva", "jan", "rut", "jan"]


def test_an_answered_question_whose_transfer_nobody_took_comes_back_too() -> None:
    """An attended transfer, and the target was gone before the customer came."""
    tape = Tape()
    caller, eva = tape.call_in()
    own, jan = tape.consult("1001", "1002")
    tape.leave("b1", caller, eva)
    tape.attended(eva, own)
    tape.hangup(jan, eva, own)
    tape.dial(None, tape.phone("4.1", "1001"))
    assert [leg.agent for leg in customers(tape).legs] == ["eva", "jan", "eva"]


# --- *2 -----------------------------------------------------------------------------------------------------------------


def local_from_nowhere(tape: Tape, root: str = "1.3") -> tuple[Channel, Channel]:
    return tape.local(f"{root}1", f"{root}2", "1002@from-internal", linked="1.1")


def test_who_presses_the_key_is_who_talks_though_nobody_was_put_on_hold() -> None:
    """No music is configured, so no Hold is told; another phone had rung before."""
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    rut = tape.phone("1.5", "1003", linked="1.1")
    tape.dial(caller, rut)
    tape.dial_end(caller, rut, "NOANSWER")
    tape.hangup(rut)
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.answer(caller, eva)
    _, two = local_from_nowhere(tape)
    tape.dial(two, tape.phone("1.6", "1002", linked="1.1"))
    _, asked = tape.calls()
    assert [(leg.agent, asked.direction) for leg in asked.legs] == [
        ("eva", Direction.INTERNAL),
        ("jan", Direction.INTERNAL),
    ]


@pytest.mark.parametrize("earlier", [False, True], ids=["the first", "the second"])
def test_a_transfer_through_a_local_line_is_no_question(earlier: bool) -> None:
    """P1: BlindTransfer is told, the talk's bridge is not left yet, the dialplan dials through a Local channel; told twice."""
    tape = Tape()
    caller, who = tape.call_in()
    bridge = "b1"
    if earlier:
        tape.blind(who, caller, "1003")
        tape.leave("b1", caller, who)
        tape.hangup(who)
        who = tape.phone("1.4", "1003", linked="1.1")
        tape.dial(caller, who)
        tape.answer(caller, who, "b2")
        tape.at(1060)
        bridge = "b2"
    tape.blind(who, caller, "1002")
    _, two = local_from_nowhere(tape)
    jan = tape.phone("1.6", "1002", linked="1.1")
    tape.dial(two, jan)
    tape.dial(two, jan)
    tape.leave(bridge, caller, who)
    assert [leg.agent for leg in tape.call().legs][-1] == "jan"


def test_a_local_line_that_began_the_call_asks_nobody() -> None:
    """An Originate of a Local channel: its own halves dial for the call itself, also while somebody talks."""
    tape = Tape()
    one, two = tape.local("1.1", "1.2", "1001@from-internal", linked="1.1")
    eva, jan = tape.phone("1.3", "1001", linked="1.1"), tape.phone("1.4", "1002", linked="1.1")
    tape.dial(two, eva)
    tape.bridge("b1", one, jan)
    assert tape.call().state is CallState.TALKING
    tape.dial(two, tape.phone("1.5", "1003", linked="1.1"))
    assert [leg.agent for leg in tape.call().legs] == ["eva", "jan", "rut"]


# --- in a gap -----------------------------------------------------------------------------------------------------------


def test_a_blonde_transfer_told_in_the_gap_names_whose_phone_rings() -> None:
    """A52: the phone rings for the customer already, and who transferred is gone when we look again."""
    tape = Tape()
    caller, eva = tape.call_in()
    own, target = tape.consult("1001", "1002", answered=False)
    tape.leave("b1", caller, eva)
    tape.dial_end(own, target, "NOANSWER")
    tape.dial(caller, target)
    tape.play(ami.LinkLost(tape.now))
    tape.at(1040)
    ringing = RunningChannel(replace(target, state=ChannelState.RINGING), None, "", 20.0)
    snapshot(tape, row(caller, None), ringing)
    (transfer,) = customers(tape).transfers
    assert (transfer.kind, transfer.by, transfer.to) == (TransferKind.BLONDE, "PJSIP/1001", "1002")


def test_who_asked_and_is_there_again_did_not_transfer() -> None:
    """Eva's phone had rung before; now she, Jan and the customer are together."""
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    missed = tape.phone("1.6", "1001", linked="1.1")
    tape.dial(caller, missed)
    tape.dial_end(caller, missed, "NOANSWER")
    tape.hangup(missed)
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.answer(caller, eva)
    _, jan = tape.consult("1001", "1002")
    tape.play(ami.LinkLost(tape.now))
    tape.at(1060)
    snapshot(tape, row(caller, "b1"), row(eva, "b1"), row(jan, "b1"))
    assert (customers(tape).transfers, customers(tape).state) == ((), CallState.TALKING)


# --- the park -----------------------------------------------------------------------------------------------------------


def test_who_parked_did_not_end_the_call() -> None:
    """The wish to hang up is told after the customer is in the lot."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.at(1020)
    tape.leave("b1", caller, eva)
    tape.at(1020)
    tape.park(caller)
    tape.at(1020.3)
    tape.request(eva)
    tape.hangup(eva)
    tape.at(1050)
    tape.request(caller)
    tape.hangup(caller)
    call = only(tape)
    assert (call.ended_by, legs(call)) == (EndedBy.REMOTE, [("eva", LegResult.ANSWERED, 10.0)])


def test_a_transfer_to_the_lot_is_none_and_the_one_before_it_stays() -> None:
    tape = Tape()
    caller, eva = tape.call_in()
    tape.blind(eva, caller, "1002")
    jan = sent_on(tape, caller, eva)
    tape.answer(caller, jan, "b2")
    tape.at(1060)
    tape.blind(jan, caller, "700")
    tape.leave("b2", caller, jan)
    tape.park(caller)
    assert transfers(tape.call()) == [(TransferKind.BLIND, "PJSIP/1001", "PJSIP/1002", TransferResult.ANSWERED)]


def test_each_talk_with_the_customer_is_told_once() -> None:
    """The target had talked with the colleague before: that was no CallAnswered of the customer's call."""
    tape = Tape()
    caller, eva = tape.call_in()
    own, jan = tape.consult("1001", "1002")
    tape.at(1040)
    by_swap(tape, caller, eva, own, jan)
    told = [(event.call.uniqueid, event.leg.agent) for event in tape.told if isinstance(event, CallAnswered)]
    assert told[0] == ("1.1", "eva")
    assert told[-1] == ("1.1", "jan")


def test_a_transfer_told_before_its_talk_is_one_though_the_customer_is_seen_to_move() -> None:
    """P1: BlindTransfer, then the bridge of a talk of a second."""
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.at(1019)
    tape.blind(eva, caller, "1002", at=1020)
    tape.at(1019)
    tape.answer(caller, eva)
    tape.at(1020)
    tape.leave("b1", caller, eva)
    tape.hangup(eva)
    tape.dial(caller, tape.phone("1.3", "1002", linked="1.1"))
    assert [one.by for one in tape.call().transfers] == ["PJSIP/1001"]


def test_a_call_that_is_parked_again_was_not_transferred_to_the_lot() -> None:
    tape = Tape()
    caller, _ = parked(tape)
    tape.at(1040)
    jan = fetched(tape, caller)
    tape.at(1060)
    tape.blind(jan, caller, "700")
    tape.leave("b2", caller, jan)
    tape.park(caller)
    assert tape.call().transfers == ()


def test_a_transfer_told_late_takes_no_wish_of_the_customer_back() -> None:
    """P1: seen in the bridges, the customer gives up, then BlindTransfer is told."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.at(1020)
    tape.leave("b1", caller, eva)
    jan = tape.phone("1.3", "1002", linked="1.1")
    tape.at(1020.2)
    tape.dial(caller, jan)
    tape.at(1020.4)
    tape.request(caller)
    tape.blind(eva, caller, "1002", at=1020)
    tape.hangup(eva, jan, caller)
    assert only(tape).ended_by is EndedBy.REMOTE


def test_who_was_moved_on_last_is_known_without_timestamps() -> None:
    tape = Tape(timestamps=False)
    caller, eva = tape.call_in()
    jan = moved_silently(tape, caller, eva, "1002", "b1", "1.3")
    tape.answer(caller, jan, "b2")
    moved_silently(tape, caller, jan, "1003", "b2", "1.4")
    assert [one.by for one in tape.call().transfers] == ["PJSIP/1001", "PJSIP/1002"]
