"""Calls as they are told event by event: who is in them, who talked, how they ended."""

from pbx import events as ami
from pbx.call_events import (
    CallAnswered,
    CallHeld,
    CallLegEnded,
    CallOffered,
    CallResumed,
)
from pbx.calls import CallOutcome, CallState, Direction, EndedBy, LegResult, QueueResult
from tests.pbx.tape import Tape


def test_an_answered_direct_call_is_one_record_with_its_talk() -> None:
    tape = Tape()
    caller = tape.trunk("1.1", did="+421255501234")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.at(1010)
    tape.answer(caller, eva)
    tape.at(1025)
    tape.end_talk(caller, eva)
    call = tape.finished()
    assert (call.direction, call.outcome, call.ended_by) == (Direction.INBOUND, CallOutcome.ANSWERED, EndedBy.REMOTE)
    assert (call.remote_raw, call.remote_name, call.did_raw) == ("+421905123456", "Ján Kováč", "+421255501234")
    assert (call.ring_s, call.wait_s, call.talk_s) == (8.0, 10.0, 15.0)
    (leg,) = call.legs
    assert (leg.endpoint, leg.extension, leg.agent, leg.result) == ("PJSIP/1001", "1001", "eva", LegResult.ANSWERED)


def test_the_story_of_a_queue_call_is_told_in_order() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    tape.join(caller, "support")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.answer(caller, eva)
    tape.leave_queue(caller, "support")
    tape.end_talk(eva, caller)
    tape.tick(10)
    told = [name for name in tape.names() if name != "CallChanged"]
    assert told == ["CallStarted", "CallQueued", "CallOffered", "CallAnswered", "CallLegEnded", "CallEnded"]
    call = tape.call()
    assert (call.queue, call.queues[0].result, call.ended_by) == ("support", QueueResult.ANSWERED, EndedBy.AGENT)
    assert call.legs[0].queue == "support"


def test_a_phone_that_rings_out_is_missed_and_the_next_one_answers() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    tape.join(caller, "support")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.rings(eva)
    tape.dial_end(caller, eva, "NOANSWER")
    tape.hangup(eva, cause=0)
    jan = tape.phone("1.3", "1002", linked="1.1")
    tape.dial(caller, jan)
    tape.answer(caller, jan)
    tape.end_talk(caller, jan)
    call = tape.finished()
    assert [(leg.agent, leg.result) for leg in call.legs] == [("eva", LegResult.MISSED), ("jan", LegResult.ANSWERED)]


def test_losers_of_a_ring_group_learn_who_won() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    eva, jan = tape.phone("1.2", "1001", linked="1.1"), tape.phone("1.3", "1002", linked="1.1")
    tape.dial(caller, eva)
    tape.dial(caller, jan)
    tape.up(jan)
    tape.dial_end(caller, eva, "CANCEL")
    tape.hangup(eva, cause=26)
    (lost,) = [event for event in tape.told if isinstance(event, CallLegEnded)]
    assert lost.leg.agent == "eva"
    assert lost.leg.result is LegResult.ANSWERED_ELSEWHERE
    assert lost.winner is not None
    assert lost.winner.agent == "jan"


def test_two_devices_of_one_agent_are_one_offer_and_one_leg() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    desk, twin = tape.phone("1.2", "1001", linked="1.1"), tape.phone("1.3", "991001", linked="1.1")
    tape.dial(caller, desk)
    tape.dial(caller, twin)
    tape.answer(caller, twin)
    tape.dial_end(caller, desk, "CANCEL")
    tape.hangup(desk, cause=26)
    tape.end_talk(caller, twin)
    call = tape.finished()
    (leg,) = call.legs
    assert (leg.endpoint, leg.extension, leg.endpoints) == ("PJSIP/991001", "1001", ("PJSIP/1001", "PJSIP/991001"))
    assert sum(isinstance(event, CallOffered) for event in tape.told) == 1
    assert leg.result is LegResult.ANSWERED


def test_the_answering_device_ends_the_leg_even_while_its_twin_lingers() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    desk, twin = tape.phone("1.2", "1001", linked="1.1"), tape.phone("1.3", "991001", linked="1.1")
    tape.dial(caller, desk)
    tape.dial(caller, twin)
    tape.answer(caller, desk)
    tape.end_talk(desk, caller)
    tape.hangup(twin, cause=26)
    assert tape.finished().legs[0].result is LegResult.ANSWERED


def test_a_caller_who_gives_up_while_it_rings_cancels_the_leg() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.request(caller, cause=127)
    tape.dial_end(caller, eva, "CANCEL")
    tape.hangup(eva, caller, cause=127)
    call = tape.finished()
    assert (call.outcome, call.ended_by) == (CallOutcome.CANCELLED, EndedBy.REMOTE)
    assert call.legs[0].result is LegResult.CANCELLED


def test_the_refusal_of_the_dialplan_is_not_the_callers_hangup() -> None:
    """Asterisk raises HangupRequest with cause 17 on a caller whom it sends busy."""
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.dial_end(caller, eva, "NOANSWER")
    tape.hangup(eva, cause=0)
    tape.request(caller, cause=17)
    tape.hangup(caller, cause=17)
    call = tape.finished()
    assert (call.outcome, call.ended_by) == (CallOutcome.NO_ANSWER, EndedBy.SYSTEM)


def test_an_outbound_call_rings_outside_and_talks() -> None:
    tape = Tape()
    eva = tape.phone("1.1", "1001", exten="0905123456", state=ami.ChannelState.RING)
    customer = tape.trunk("1.2", linked="1.1", number=None, name=None, did="s")
    tape.dial(eva, customer, "00421905123456@trunk-a")
    tape.at(1010)
    tape.answer(eva, customer)
    tape.at(1020)
    tape.end_talk(customer, eva)
    call = tape.finished()
    assert (call.direction, call.outcome, call.ended_by) == (Direction.OUTBOUND, CallOutcome.ANSWERED, EndedBy.REMOTE)
    assert (call.remote_raw, call.dialled_raw, call.did_raw) == ("0905123456", "00421905123456", None)
    assert (call.ring_s, call.talk_s, call.wait_s) == (8.0, 10.0, None)
    (leg,) = call.legs
    assert (leg.agent, leg.rang_at, leg.answered_at, leg.result) == ("eva", None, 1010.0, LegResult.ANSWERED)


def test_a_busy_customer_is_busy_and_the_agents_leg_is_the_caller() -> None:
    tape = Tape()
    eva = tape.phone("1.1", "1001", exten="0905123456", state=ami.ChannelState.RING)
    customer = tape.trunk("1.2", linked="1.1")
    tape.dial(eva, customer, "trunk-a/sip:0905123456@10.0.0.1")
    tape.dial_end(eva, customer, "BUSY")
    tape.hangup(customer, eva, cause=17)
    call = tape.finished()
    assert (call.outcome, call.dialled_raw) == (CallOutcome.BUSY, "0905123456")
    assert call.legs[0].result is LegResult.CALLER


def test_an_agent_who_gives_up_cancels_the_outbound_call() -> None:
    tape = Tape()
    eva = tape.phone("1.1", "1001", exten="0905123456", state=ami.ChannelState.RING)
    customer = tape.trunk("1.2", linked="1.1")
    tape.dial(eva, customer, "0905123456@trunk-a")
    tape.request(eva, cause=127)
    tape.dial_end(eva, customer, "CANCEL")
    tape.hangup(customer, eva, cause=127)
    call = tape.finished()
    assert (call.outcome, call.ended_by) == (CallOutcome.CANCELLED, EndedBy.AGENT)


def test_colleagues_talk_in_an_internal_call_with_a_leg_each() -> None:
    tape = Tape()
    eva = tape.phone("1.1", "1001", exten="1002", state=ami.ChannelState.RING)
    jan = tape.phone("1.2", "1002", linked="1.1")
    tape.dial(eva, jan)
    tape.answer(eva, jan)
    tape.end_talk(eva, jan)
    call = tape.finished()
    assert (call.direction, call.remote_raw, call.outcome) == (Direction.INTERNAL, "1002", CallOutcome.ANSWERED)
    assert [(leg.agent, leg.talk_s) for leg in call.legs] == [("eva", 1.0), ("jan", 1.0)]


def test_freepbx_members_are_the_phone_behind_the_local_channel() -> None:
    """Two bridges for the whole call: caller + ;1, and ;2 + phone."""
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "600")
    one, two = tape.local("1.2", "1.3", "1001@from-queue", linked="1.1")
    tape.dial(caller, one)
    eva = tape.phone("1.4", "1001", linked="1.1")
    tape.dial(two, eva)
    tape.at(1020)
    tape.answer(two, eva, bridge="b2")
    tape.leave_queue(caller, "600")
    tape.at(1021)
    tape.bridge("b1", caller, one)
    tape.connect(caller, one, "600", "Local/1001@from-queue/n")
    tape.at(1031)
    tape.request(eva)
    tape.leave("b2", two, eva)
    tape.leave("b1", caller, one)
    tape.hangup(eva, two, one, caller)
    call = tape.finished()
    assert [(leg.endpoint, leg.agent) for leg in call.legs] == [("PJSIP/1001", "eva")]
    assert (call.answered_at, call.talk_s, call.ended_by) == (1021.0, 11.0, EndedBy.AGENT)


def test_a_talk_survives_the_churn_of_optimised_local_channels() -> None:
    """P13: the caller moves between bridges within milliseconds; the talk never stopped."""
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.at(1010)
    tape.answer(caller, eva)
    tape.at(1010.5)
    tape.leave("b1", eva)
    tape.at(1010.6)
    tape.bridge("b1", eva)
    tape.at(1020)
    tape.end_talk(caller, eva)
    call = tape.finished()
    assert call.talk_s == 10.0
    assert sum(isinstance(event, CallAnswered) for event in tape.told) == 1


def test_a_channel_that_takes_another_ones_place_in_the_bridge() -> None:
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    one, two = tape.local("1.2", "1.3", "1001@from-queue", linked="1.1")
    eva = tape.phone("1.4", "1001", linked="1.1")
    tape.dial(two, eva)
    tape.answer(two, eva, bridge="b2")
    tape.at(1030)
    tape.bridge("b1", caller, one)
    tape.bridge("b1", eva, swap="1.2")
    tape.leave("b2", two)
    tape.hangup(one, two)
    assert tape.call().state is CallState.TALKING
    tape.end_talk(eva, caller)
    assert tape.finished().legs[0].result is LegResult.ANSWERED


def test_hold_is_counted_once_however_often_it_is_said() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.answer(caller, eva)
    tape.at(1010)
    tape.play(ami.Hold(1010.0, eva))
    tape.play(ami.Hold(1011.0, eva))
    assert tape.call().state is CallState.HELD
    tape.play(ami.Unhold(1015.0, eva))
    tape.play(ami.Unhold(1016.0, eva))
    tape.play(ami.Hold(1017.0, caller))
    tape.at(1020)
    tape.end_talk(caller, eva)
    call = tape.finished()
    assert call.hold_s == 5.0
    assert [type(e) for e in tape.told if isinstance(e, CallHeld | CallResumed)] == [CallHeld, CallResumed]


def test_a_number_that_turns_out_to_be_withheld_is_dropped() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    tape.play(ami.NewCallerid(1001.0, caller, True))
    call = tape.call()
    assert (call.remote_raw, call.remote_name, call.remote_restricted) == (None, None, True)


def test_a_name_that_comes_later_is_taken_and_the_first_one_stays() -> None:
    tape = Tape()
    caller = tape.trunk("1.1", name=None)
    named = tape.trunk("1.1", name="Ján", new=False)
    tape.play(ami.NewCallerid(1001.0, named, False))
    renamed = tape.trunk("1.1", name="Support:Ján", new=False)
    tape.play(ami.NewCallerid(1002.0, renamed, False))
    tape.play(ami.NewCallerid(1002.0, tape.phone("1.9", "1001", linked="1.1"), False))
    assert tape.call().remote_name == "Ján"
    assert caller.caller_name is None


def test_every_event_twice_gives_the_same_record() -> None:
    once, twice = Tape(), Tape()
    for tape in (once, twice):
        caller = tape.up(tape.trunk("1.1"))
        tape.join(caller, "support")
        eva = tape.phone("1.2", "1001", linked="1.1")
        tape.dial(caller, eva)
        tape.answer(caller, eva)
        tape.leave_queue(caller, "support")
        tape.connect(caller, eva, "support", "PJSIP/1001")
        tape.end_talk(caller, eva)
        tape.complete(None, "support", "PJSIP/1001")
    doubled = Tape()
    for event in once.played:
        doubled.state.apply(event, event.at or 0.0)
        doubled.told += doubled.state.apply(event, event.at or 0.0)
    doubled.tick(100)
    once.tick(100)
    assert doubled.call() == once.call()


def test_without_timestamps_it_is_known_that_they_talked_but_not_how_long() -> None:
    tape = Tape(timestamps=False)
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.answer(caller, eva)
    tape.end_talk(caller, eva)
    tape.told += tape.state.finish()
    call = tape.call()
    assert (call.outcome, call.talk_s, call.started_at) == (CallOutcome.ANSWERED, None, None)


def test_a_phone_that_joins_without_being_dialled_gets_a_leg() -> None:
    """A colleague picks the call up: the bridge is what ties the two together."""
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    picker = tape.phone("1.2", "1002", exten="*8", state=ami.ChannelState.RING)
    tape.bridge("b1", caller, picker)
    call = tape.call()
    assert [(leg.agent, leg.rang_at) for leg in call.legs] == [("jan", None)]


def test_a_phone_with_an_outside_call_of_its_own_is_left_where_it_is() -> None:
    tape = Tape()
    first, second = tape.up(tape.trunk("1.1")), tape.up(tape.trunk("2.1"))
    eva = tape.phone("2.2", "1001", linked="2.1")
    tape.dial(second, eva)
    tape.bridge("b1", first, second, eva)
    assert [len(call.legs) for call in tape.calls()] == [0, 1]


def test_a_renamed_channel_belongs_to_its_new_device() -> None:
    tape = Tape()
    eva = tape.phone("1.1", "1001", exten="1002", state=ami.ChannelState.RING)
    tape.play(ami.Rename(tape.now, eva.uniqueid, "PJSIP/trunk-a-0000000f"))
    tape.play(ami.Rename(tape.now, ami.Uniqueid("9.9"), "PJSIP/1001-0000000f"))
    tape.hangup(eva)
    assert tape.calls() == []


def test_a_restriction_said_twice_is_one_change() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    tape.play(ami.NewCallerid(1001.0, caller, True))
    assert tape.play(ami.NewCallerid(1002.0, caller, True)) == []


def test_a_name_on_an_outbound_line_is_not_the_customers() -> None:
    tape = Tape()
    eva = tape.phone("1.1", "1001", exten="0905123456", state=ami.ChannelState.RING)
    customer = tape.trunk("1.2", linked="1.1")
    tape.dial(eva, customer, "0905123456@trunk-a")
    tape.play(ami.NewCallerid(1003.0, customer, False))
    assert tape.call().remote_name is None


def test_two_contacts_of_one_device_are_one_leg() -> None:
    tape = Tape(owners={})
    caller = tape.trunk("1.1")
    first, second = tape.phone("1.2", "1001", linked="1.1"), tape.phone("1.3", "1001", linked="1.1")
    tape.dial(caller, first)
    tape.dial(caller, second)
    tape.dial(caller, second)
    assert [leg.endpoints for leg in tape.call().legs] == [("PJSIP/1001",)]


def test_a_hangup_ends_the_talk_even_without_a_bridge_leave() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.at(1010)
    tape.answer(caller, eva)
    tape.at(1020)
    tape.hangup(eva)
    assert (tape.call().talk_s, tape.call().legs[0].result) == (10.0, LegResult.ANSWERED)


def test_a_channel_changes_calls_before_it_was_seated() -> None:
    """A Local half is nobody's phone: it moves without leaving a leg behind."""
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    one, _ = tape.local("2.1", "2.2", "1001@from-queue", linked="2.1")
    tape.dial(caller, one)
    assert [call.uniqueid for call in tape.calls()] == ["1.1"]
