"""A colleague takes a call that rings at somebody else's phone, or listens in on one."""

import pytest

from pbx import events as ami
from pbx.call_events import CallDropped, CallOffered, CallSpied
from pbx.calls import CallOutcome, Direction, EndedBy, LegResult, QueueResult
from pbx.events import Channel, ChannelState
from tests.pbx.tape import Tape


def rings_at_eva(tape: Tape) -> tuple[Channel, Channel]:
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.rings(eva)
    return caller, eva


def test_a_group_pickup_gives_the_call_to_the_picker() -> None:
    """A57, P16: the phone that rang is cancelled, its place goes to the picker's; *8 is no call of its own."""
    tape = Tape()
    caller, eva = rings_at_eva(tape)
    jan = tape.up(tape.phone("5.1", "1002", exten="*8", state=ChannelState.RING))
    tape.dial_end(caller, eva, "CANCEL")
    tape.dial(caller, jan)
    tape.dial_end(caller, jan, "ANSWER")
    tape.pick_up(jan, eva)
    tape.hangup(eva, cause=26)
    tape.bridge("b1", caller, jan)
    tape.end_talk(jan, caller)
    call = tape.finished()
    assert [(leg.agent, leg.result) for leg in call.legs] == [
        ("eva", LegResult.ANSWERED_ELSEWHERE),
        ("jan", LegResult.ANSWERED),
    ]
    assert (call.outcome, call.ended_by) == (CallOutcome.ANSWERED, EndedBy.AGENT)


@pytest.mark.parametrize("told", ["DialEnd and Pickup", "DialEnd alone", "Pickup alone", "the bridge alone"])
def test_a_phone_that_replaces_the_ringing_one_has_the_call(told: str) -> None:
    """A58: SIP Replaces has no Pickup event in some versions, and any event may be the first."""
    tape = Tape()
    caller, eva = rings_at_eva(tape)
    jan = tape.phone("5.1", "1002", exten="**1001", state=ChannelState.RING)
    if "DialEnd" in told:
        tape.dial_end(caller, jan, "ANSWER")
    if "Pickup" in told:
        tape.pick_up(jan, eva)
    tape.bridge("b1", caller, jan)
    tape.hangup(eva, cause=26)
    tape.end_talk(caller, jan)
    call = tape.finished()
    assert [(leg.agent, leg.result) for leg in call.legs] == [
        ("eva", LegResult.ANSWERED_ELSEWHERE),
        ("jan", LegResult.ANSWERED),
    ]
    assert [event.leg.agent for event in tape.told if isinstance(event, CallOffered)] == ["eva"]


@pytest.mark.parametrize("cause", [0, 16])
def test_the_phone_that_rang_may_fall_silent_before_the_pickup_is_told(cause: int) -> None:
    """P1: its Hangup alone says "missed"."""
    tape = Tape()
    caller, eva = rings_at_eva(tape)
    jan = tape.phone("5.1", "1002", exten="*8", state=ChannelState.RING)
    tape.at(1010)
    tape.hangup(eva, cause=cause)
    assert tape.call().legs[0].result is LegResult.MISSED
    tape.at(1010.2)
    tape.pick_up(jan, eva)
    assert [leg.result for leg in tape.call().legs] == [LegResult.ANSWERED_ELSEWHERE, None]
    assert tape.state.open_calls()[0].id == tape.call().id
    tape.hangup(jan, caller)


@pytest.mark.parametrize(
    ("after_s", "status", "gave_up", "result"),
    [
        (0.5, "NOANSWER", False, LegResult.ANSWERED_ELSEWHERE),
        (0.6, "NOANSWER", False, LegResult.MISSED),
        (0.5, "CANCEL", True, LegResult.ANSWERED_ELSEWHERE),
        (0.5, "BUSY", False, LegResult.REJECTED),
    ],
)
def test_a_phone_loses_the_call_to_a_picker_only_if_it_just_fell_silent(
    after_s: float, status: str, gave_up: bool, result: LegResult
) -> None:
    """P1: half a second. Who declined did not lose it; a wish of the caller to hang up may be told in between."""
    tape = Tape()
    caller, eva = rings_at_eva(tape)
    jan = tape.phone("5.1", "1002", exten="*8", state=ChannelState.RING)
    if gave_up:
        tape.request(caller)
    tape.dial_end(caller, eva, status)
    tape.at(1020)
    tape.hangup(eva, cause=0)
    tape.at(1020 + after_s)
    tape.pick_up(jan, eva)
    assert tape.call().legs[0].result is result


def test_a_phone_that_rang_out_long_before_has_missed_the_call() -> None:
    tape = Tape()
    caller, eva = rings_at_eva(tape)
    tape.dial_end(caller, eva, "NOANSWER")
    tape.hangup(eva, cause=0)
    rut = tape.phone("1.3", "1003", linked="1.1")
    tape.dial(caller, rut)
    jan = tape.phone("5.1", "1002", exten="*8", state=ChannelState.RING)
    tape.at(1030)
    tape.pick_up(jan, rut)
    tape.hangup(rut, cause=26)
    assert [(leg.agent, leg.result) for leg in tape.call().legs] == [
        ("eva", LegResult.MISSED),
        ("rut", LegResult.ANSWERED_ELSEWHERE),
        ("jan", None),
    ]


def test_a_call_picked_up_out_of_a_queue_is_that_queues() -> None:
    """A46, P10: no DialEnd; AgentConnect and the bridge are enough."""
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    jan = tape.up(tape.phone("5.1", "1002", exten="*8", state=ChannelState.RING))
    tape.pick_up(jan, eva)
    tape.leave_queue(caller, "support")
    tape.connect(caller, jan, "support", "PJSIP/1001")
    tape.hangup(eva, cause=26)
    tape.bridge("b1", caller, jan)
    tape.end_talk(caller, jan)
    call = tape.finished()
    assert [(leg.agent, leg.queue, leg.result) for leg in call.legs] == [
        ("eva", "support", LegResult.ANSWERED_ELSEWHERE),
        ("jan", "support", LegResult.ANSWERED),
    ]
    assert (call.queue, call.queues[0].result) == ("support", QueueResult.ANSWERED)


def test_a_call_picked_up_after_its_queue_is_no_queues() -> None:
    """Rut's phone had rung out of the queue, Eva's rings after it."""
    tape = Tape()
    caller = tape.trunk("1.1")
    tape.join(caller, "support")
    rut = tape.phone("1.3", "1003", linked="1.1")
    tape.dial(caller, rut)
    tape.dial_end(caller, rut, "NOANSWER")
    tape.hangup(rut, cause=0)
    tape.leave_queue(caller, "support")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    jan = tape.up(tape.phone("5.1", "1002", exten="*8", state=ChannelState.RING))
    tape.pick_up(jan, eva)
    assert [(leg.agent, leg.queue) for leg in tape.call().legs] == [("rut", "support"), ("eva", None), ("jan", None)]


def test_a_call_is_picked_up_from_a_freepbx_phone_behind_its_local_channel() -> None:
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    one, two = tape.local("1.2", "1.3", "1001@from-queue", linked="1.1")
    tape.dial(caller, one)
    eva = tape.phone("1.4", "1001", linked="1.1")
    tape.dial(two, eva)
    jan = tape.up(tape.phone("5.1", "1002", exten="**1001", state=ChannelState.RING))
    tape.pick_up(jan, eva)
    tape.hangup(eva, cause=26)
    tape.bridge("b2", two, jan)
    tape.bridge("b1", caller, one)
    call = tape.call()
    assert [(leg.agent, leg.result) for leg in call.legs] == [("eva", LegResult.ANSWERED_ELSEWHERE), ("jan", None)]
    assert call.answered_at is not None


def test_the_line_that_was_picked_up_may_be_a_local_half() -> None:
    """The phone behind it is cancelled by the dialplan that ran there."""
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    one, two = tape.local("1.2", "1.3", "1001@from-queue", linked="1.1")
    tape.dial(caller, one)
    eva = tape.phone("1.4", "1001", linked="1.1")
    tape.dial(two, eva)
    jan = tape.up(tape.phone("5.1", "1002", exten="*8", state=ChannelState.RING))
    tape.pick_up(jan, one)
    tape.hangup(one, two, eva, cause=26)
    assert [(leg.agent, leg.result) for leg in tape.call().legs] == [
        ("eva", LegResult.ANSWERED_ELSEWHERE),
        ("jan", None),
    ]


def test_a_line_that_answers_and_is_no_phone_takes_no_call() -> None:
    tape = Tape()
    caller, eva = rings_at_eva(tape)
    one, _ = tape.local("8.1", "8.2", "1002@elsewhere", linked="8.1")
    tape.dial_end(caller, one, "ANSWER")
    assert [leg.agent for leg in tape.call().legs] == ["eva"]
    tape.hangup(eva, caller)


def test_a_pickup_told_twice_or_of_nothing_changes_nothing() -> None:
    tape = Tape()
    caller, eva = rings_at_eva(tape)
    jan = tape.phone("5.1", "1002", exten="*8", state=ChannelState.RING)
    tape.pick_up(jan, eva)
    tape.pick_up(jan, eva)
    assert [(leg.agent, leg.answered_at) for leg in tape.call().legs] == [("eva", None), ("jan", 1005.0)]
    tape.pick_up(jan, tape.phone("9.9", "1003", new=False))
    tape.pick_up(tape.trunk("6.1"), eva)
    assert [len(call.legs) for call in tape.calls()] == [2, 0]
    tape.hangup(eva, jan, caller)
    tape.pick_up(tape.phone("7.1", "1003", exten="*8", state=ChannelState.RING), eva)
    tape.pick_up(jan, eva)
    assert len(tape.calls()[0].legs) == 2


def test_an_answer_of_a_phone_in_a_call_of_its_own_takes_nothing_over() -> None:
    """The answering channel belongs to a call that is told already; an ended call is nobody's to take."""
    tape = Tape()
    caller, _ = rings_at_eva(tape)
    rut = tape.phone("5.1", "1003", exten="1002", state=ChannelState.RING)
    jan = tape.phone("5.2", "1002", linked="5.1")
    tape.dial(rut, jan)
    tape.dial_end(caller, rut, "ANSWER")
    assert [len(call.legs) for call in tape.calls()] == [1, 2]


def test_a_pickup_among_colleagues_stays_internal() -> None:
    tape = Tape()
    rut = tape.phone("1.1", "1003", exten="1001", state=ChannelState.RING)
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(rut, eva)
    jan = tape.phone("5.1", "1002", exten="*8", state=ChannelState.RING)
    tape.pick_up(jan, eva)
    tape.hangup(eva, cause=26)
    tape.bridge("b1", rut, jan)
    tape.end_talk(rut, jan)
    call = tape.finished()
    assert call.direction is Direction.INTERNAL
    assert [leg.result for leg in call.legs] == [LegResult.ANSWERED, LegResult.ANSWERED_ELSEWHERE, LegResult.ANSWERED]


# --- listening in -------------------------------------------------------------------------------------------------------


def test_who_listens_in_is_told_and_makes_no_record() -> None:
    """A64."""
    tape = Tape()
    _, eva = tape.call_in()
    chief = tape.up(tape.phone("5.1", "1003", exten="*551001", state=ChannelState.RING))
    tape.listen_in(chief, eva)
    tape.hangup(chief)
    (spied,) = [event for event in tape.told if isinstance(event, CallSpied)]
    assert (spied.by, spied.on, spied.call.id) == ("PJSIP/1003", "PJSIP/1001", tape.call().id)
    assert len(tape.calls()) == 1


def test_a_supervisors_line_that_was_told_as_a_call_is_taken_back() -> None:
    """An Originate with our own id is a call from its first event, until it listens in."""
    tape = Tape()
    _, eva = tape.call_in()
    chief = tape.phone("cti-9", "1003")
    tape.dial(None, chief)
    chief = tape.up(chief)
    tape.listen_in(chief, eva)
    (dropped,) = [event for event in tape.told if isinstance(event, CallDropped)]
    assert (dropped.call.uniqueid, dropped.into) == ("cti-9", None)
    tape.play(ami.Newstate(tape.now, chief))
    tape.hangup(chief)
    assert [call.uniqueid for call in tape.state.open_calls()] == ["1.1"]


def test_listening_for_a_call_to_come_is_told_of_no_call() -> None:
    tape = Tape()
    tape.call_in()
    chief = tape.phone("5.1", "1003", exten="*55", state=ChannelState.RING)
    tape.listen_in(chief, None)
    tape.listen_in(chief, tape.phone("9.9", "1002", new=False))
    tape.hangup(chief)
    tape.listen_in(chief, None)
    assert "CallSpied" not in tape.names()


def test_a_supervisor_who_barges_in_out_of_a_talk_keeps_that_record() -> None:
    """Their own call was a talk: it stays one."""
    tape = Tape()
    _, eva = tape.call_in()
    chief, jan = tape.consult("1003", "1002", root="5")
    tape.listen_in(chief, eva)
    assert "CallDropped" not in tape.names()
    assert jan.linkedid == "5.1"
