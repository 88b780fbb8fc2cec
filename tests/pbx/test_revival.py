"""A stored open call is alive again: what it was before our process stopped, it is afterwards."""

from pbx.calls import Call, QueueResult
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
