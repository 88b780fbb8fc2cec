"""Who takes part in a call: which phones are offered it, which line is the customer's, who talks with whom."""

from dataclasses import replace

import pytest

from pbx import events as ami
from pbx.call_events import CallDropped
from pbx.calls import Direction, EndedBy, LegResult
from pbx.events import Channel, ChannelState
from tests.pbx.tape import Tape


def test_a_phone_is_picked_up_by_whichever_event_says_so_first() -> None:
    """Newstate may be missing: only the net change of a channel is told. Then DialEnd ANSWER is enough."""
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.at(1010)
    tape.dial_end(caller, eva, "ANSWER")
    (leg,) = tape.call().legs
    assert (leg.answered_at, leg.ring_s) == (1010, 8.0)
    tape.at(1012)
    tape.up(eva)
    assert tape.call().legs[0].answered_at == 1010


def test_a_phone_that_declines_beside_a_running_talk_did_not_end_it() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    eva, jan = (tape.phone(uid, number, linked="1.1") for uid, number in (("1.2", "1001"), ("1.3", "1002")))
    tape.dial(caller, eva)
    tape.dial(caller, jan)
    tape.answer(caller, eva)
    tape.request(jan, cause=21)
    tape.hangup(jan, cause=21)
    tape.end_talk(caller, eva)
    assert tape.finished().ended_by is EndedBy.REMOTE


def test_a_request_just_after_the_bridge_broke_is_the_end_of_that_talk() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.answer(caller, eva)
    tape.at(1020)
    tape.leave("b1", caller, eva)
    tape.at(1020.1)
    tape.request(eva)
    tape.hangup(eva, caller)
    assert tape.finished().ended_by is EndedBy.AGENT


def test_when_nobody_asked_in_the_talk_the_caller_who_hangs_up_later_ended_it() -> None:
    """A transfer without an event, a survey: the agent's phone is gone, the caller stays a minute longer."""
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.answer(caller, eva)
    tape.at(1020)
    tape.leave("b1", eva)
    tape.hangup(eva)
    tape.at(1080)
    tape.request(caller)
    tape.hangup(caller)
    assert tape.finished().ended_by is EndedBy.REMOTE


@pytest.mark.parametrize(
    ("dialled", "sent"),
    [
        ("07700900456@trunk-a", "07700900456"),
        ("trunk-a/sip:+447700900456@198.51.100.7:5060", "+447700900456"),
        ("trunk-a", None),
    ],
)
def test_what_the_trunk_was_sent_is_read_from_the_dial_string(dialled: str, sent: str | None) -> None:
    tape = Tape()
    eva = tape.phone("1.1", "1001", exten="07700900456", state=ChannelState.RING)
    tape.dial(eva, tape.trunk("1.2", linked="1.1"), dialled)
    assert (tape.call().direction, tape.call().dialled_raw) == (Direction.OUTBOUND, sent)


def test_the_dial_string_is_learnt_even_when_the_line_was_known_before() -> None:
    """A snapshot shows a line that the PBX dials, its DialBegin comes right after it."""
    tape = Tape()
    eva = tape.phone("1.1", "1001", exten="0905123456", state=ChannelState.RING)
    line = tape.trunk("1.2", linked="1.1")
    rows = tuple(ami.RunningChannel(channel, None, "", 1.0) for channel in (eva, line))
    tape.play(ami.ResyncSnapshot(at=tape.now, channels=rows, queues=None, members=None, waiting=None))
    assert tape.call().dialled_raw is None
    tape.dial(eva, line, "905123456@trunk-a")
    assert (tape.call().dialled_raw, len(tape.calls())) == ("905123456", 1)


def test_a_second_line_of_an_inbound_call_makes_no_outbound_one() -> None:
    """Forwarded to a mobile: still one inbound call, of the same customer."""
    tape = Tape()
    caller = tape.trunk("1.1")
    tape.dial(caller, tape.trunk("1.2", linked="1.1", number=None), "0905999888@trunk-a")
    assert (tape.call().direction, tape.call().remote_raw, tape.call().dialled_raw) == (
        "inbound",
        "+421905123456",
        None,
    )


def test_a_talk_of_two_colleagues_with_one_customer_counts_once() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    eva, jan = (tape.phone(uid, number, linked="1.1") for uid, number in (("1.2", "1001"), ("1.3", "1002")))
    tape.dial(caller, eva)
    tape.dial(caller, jan)
    tape.at(1010)
    tape.answer(caller, eva)
    tape.at(1015)
    tape.bridge("b1", jan)
    tape.at(1020)
    tape.end_talk(caller, eva, jan)
    call = tape.finished()
    assert (call.talk_s, [leg.talk_s for leg in call.legs]) == (10.0, [10.0, 5.0])


def test_a_phone_that_answers_with_another_extension_is_the_leg_it_answered_on() -> None:
    """Up already when it is dialled: auto-answer without an event of its own."""
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = replace(tape.phone("1.2", "1001", linked="1.1", new=False), state=ChannelState.UP)
    tape.dial(caller, eva)
    (leg,) = tape.call().legs
    assert (leg.answered_at, leg.ring_s, leg.result) == (1001.0, 0.0, None)
    tape.hangup(eva, caller)
    assert tape.finished().legs[0].result is LegResult.MISSED


def test_a_consultation_that_the_customer_joins_is_part_of_the_customers_call() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = tape.phone("2.1", "1001", exten="1002", state=ChannelState.RING)
    jan = tape.phone("2.2", "1002", linked="2.1")
    tape.dial(eva, jan)
    tape.answer(eva, jan, "b2")
    tape.leave("b2", jan)
    tape.bridge("b1", jan, caller)
    tape.hangup(eva)
    (dropped,) = [event for event in tape.told if isinstance(event, CallDropped)]
    assert dropped.call.direction is Direction.INTERNAL
    assert dropped.into is not None
    assert dropped.into.id == tape.calls()[0].id
    (leg,) = tape.calls()[0].legs
    assert (leg.agent, leg.rang_at is not None, leg.result) == ("jan", True, None)


def test_a_device_that_joins_another_call_leaves_its_twin_ringing() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    rut = tape.phone("2.1", "1003", exten="1001", state=ChannelState.RING)
    desk = tape.phone("2.2", "1001", linked="2.1")
    twin = tape.phone("2.3", "991001", linked="2.1")
    tape.dial(rut, desk)
    tape.dial(rut, twin)
    tape.bridge("b1", desk, caller)
    customers, internal = tape.calls()
    assert [(leg.agent, leg.result) for leg in internal.legs] == [("rut", None), ("eva", None)]
    assert [leg.agent for leg in customers.legs] == ["eva"]


def forwarded(tape: Tape) -> tuple[Channel, Channel, Channel]:
    """Eva's phone sends the call to her mobile (302): Asterisk dials it through a Local channel (P17)."""
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.dial_end(caller, eva, "CANCEL", forward="07700900456@from-internal")
    tape.hangup(eva, cause=0)
    assert tape.call().legs[0].result is LegResult.FORWARDED
    one, two = tape.local("1.3", "1.4", "07700900456@from-internal", linked="1.1")
    tape.dial(caller, one)
    mobile = tape.trunk("1.5", linked="1.1", number=None, name=None)
    tape.dial(two, mobile, "07700900456@trunk-a")
    return caller, two, mobile


def test_a_colleague_at_a_mobile_is_the_same_leg_reached_elsewhere() -> None:
    """A15: in, answered by Eva, via her mobile."""
    tape = Tape()
    caller, two, mobile = forwarded(tape)
    tape.at(1020)
    tape.answer(two, mobile, "b2")
    tape.at(1020)
    tape.bridge("b1", caller, tape.phone("1.3", "0", linked="1.1", new=False))
    tape.at(1050)
    tape.request(mobile)
    tape.at(1050)
    tape.hangup(mobile, two, caller)
    tape.hangup(tape.phone("1.3", "0", linked="1.1", new=False))
    call = tape.finished()
    (leg,) = call.legs
    assert (leg.agent, leg.via, leg.result, leg.talk_s) == ("eva", "07700900456", LegResult.ANSWERED, 30.0)
    assert (call.direction, call.ended_by, call.transfers) == (Direction.INBOUND, EndedBy.AGENT, ())


def test_a_mobile_that_does_not_accept_the_call_did_not_answer_it() -> None:
    """A17: it is up and hears "press one", the caller hears ringing."""
    tape = Tape()
    caller, two, mobile = forwarded(tape)
    tape.up(mobile)
    tape.dial_end(two, mobile, "ANSWER")
    tape.hangup(mobile, two, tape.phone("1.3", "0", linked="1.1", new=False), caller)
    call = tape.finished()
    assert (call.outcome, [leg.result for leg in call.legs]) == ("no_answer", [LegResult.MISSED])


def test_a_member_of_a_queue_may_be_reached_outside_only() -> None:
    """FreePBX: the member's extension tells who it is, no phone of theirs rings."""
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "600")
    one, two = tape.local("1.2", "1.3", "1002@from-queue", linked="1.1")
    tape.dial(caller, one)
    mobile = tape.trunk("1.4", linked="1.1", number=None, name=None)
    tape.dial(two, mobile, "07700900456@trunk-a")
    (leg,) = tape.call().legs
    assert (leg.extension, leg.agent, leg.queue, leg.via) == ("1002", "jan", "600", "07700900456")
