"""A stored open call is alive again: what it was before our process stopped, it is afterwards."""

from pbx.calls import Call, CallState, EndedBy, QueueResult
from pbx.events import ChannelState
from pbx.revival import revive
from tests.pbx.tape import Tape


def same_after_revival(call: Call) -> bool:
    revived = revive(call).value()
    return (revived.queues, revived.legs, revived.started_at, revived.direction) == (
        call.queues,
        call.legs,
        call.started_at,
        call.direction,
    )


def test_a_ringing_queue_call_is_the_same_again() -> None:
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    tape.dial(caller, tape.phone("1.2", "1001", linked="1.1"))
    assert same_after_revival(tape.call())


def test_a_talking_call_is_the_same_again() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.answer(caller, eva)
    assert same_after_revival(tape.call())


def test_what_only_queuestatus_told_is_still_known() -> None:
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.app(caller, "Queue", "support,t")
    tape.status("QUEUESTATUS", "JOINEMPTY", caller)
    assert [wait.result for wait in revive(tape.call()).waits] == [QueueResult.EMPTY]


def test_who_was_picked_up_and_not_yet_heard_does_not_talk() -> None:
    """During an announcement to the agent: Leave came, AgentConnect did not."""
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.up(eva)
    tape.leave_queue(caller, "support")
    revived = revive(tape.call())
    assert not revived.talked
    assert [wait.result for wait in revived.waits] == [None]


def test_the_caller_of_an_outbound_call_is_its_first_leg() -> None:
    tape = Tape()
    eva = tape.phone("1.1", "1001", exten="0905123456", state=ChannelState.RING)
    tape.dial(eva, tape.trunk("1.2", linked="1.1"), "0905123456@trunk-a")
    revived = revive(tape.call())
    assert [leg.is_caller for leg in revived.legs] == [True]
    assert revived.remote_channels == []


def test_the_last_known_time_is_the_newest_of_all() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    tape.at(1040)
    tape.dial(caller, tape.phone("1.2", "1001", linked="1.1"))
    assert revive(tape.call()).last_at == 1041


def again(call: Call) -> Call:
    return revive(call).value()


def test_a_transfer_in_progress_and_one_that_was_taken_are_the_same_again() -> None:
    tape = Tape()
    caller, eva = tape.call_in()
    tape.at(1020)
    tape.blind(eva, caller, "1002")
    tape.leave("b1", caller, eva)
    tape.hangup(eva)
    assert again(tape.call()).transfers == tape.call().transfers
    jan = tape.phone("1.3", "1002", linked="1.1")
    tape.dial(caller, jan)
    assert again(tape.call()).transfers == tape.call().transfers
    tape.answer(caller, jan, "b2")
    assert again(tape.call()).transfers == tape.call().transfers
    assert revive(tape.call()).talk_ended_by is None
    tape.blind(jan, caller, "07700900999")
    tape.leave("b2", caller, jan)
    tape.hangup(jan)
    third = tape.trunk("1.4", linked="1.1", number=None, name=None)
    tape.dial(caller, third, "07700900999@trunk-a")
    tape.answer(caller, third, "b3")
    assert [one.result for one in again(tape.call()).transfers] == ["answered", "answered"]


def test_a_parked_call_is_parked_again_and_goes_on_counting() -> None:
    tape = Tape()
    caller, eva = tape.call_in()
    tape.leave("b1", caller, eva)
    tape.at(1020)
    tape.park(caller)
    tape.hangup(eva)
    revived = revive(tape.call())
    assert revived.state is CallState.PARKED
    tape.at(1050)
    tape.leave("lot", caller)
    tape.bridge("b2", caller, tape.up(tape.phone("7.1", "1002", exten="701", state=ChannelState.RING)))
    assert (again(tape.call()).parked_s, tape.call().parked_s) == (30.0, 30.0)


def test_a_talk_that_was_over_has_no_known_end() -> None:
    tape = Tape()
    caller, eva = tape.call_in()
    tape.leave("b1", caller, eva)
    tape.hangup(eva)
    assert revive(tape.call()).talk_ended_by is EndedBy.UNKNOWN


def test_without_times_nothing_is_known_of_the_park() -> None:
    tape = Tape(timestamps=False)
    caller, eva = tape.call_in()
    tape.leave("b1", caller, eva)
    tape.park(caller)
    assert revive(tape.call()).last_at is None
