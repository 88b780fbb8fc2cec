"""The caller in queues: what each event says of a stay, and what it does not (P5, P7, P10)."""

import pytest

from pbx import events as ami
from pbx.call_events import CallAbandoned, CallQueued
from pbx.calls import CallOutcome, Direction, EndedBy, LegResult, QueueResult
from tests.pbx.tape import Tape


def test_waiting_callers_who_hang_up_abandon_the_queue() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    caller = tape.up(caller)
    tape.join(caller, "support")
    tape.request(caller)
    tape.abandon(caller, "support")
    tape.leave_queue(caller, "support")
    tape.hangup(caller, cause=0)
    call = tape.finished()
    assert (call.outcome, call.ended_by, call.queue) == (CallOutcome.ABANDONED, EndedBy.REMOTE, "support")
    assert [event.queue for event in tape.told if isinstance(event, CallAbandoned)] == ["support"]


def test_a_queue_timeout_is_not_an_abandoned_call() -> None:
    """QueueCallerAbandon is sent for it, too (P5): but nobody asked to hang up."""
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    tape.abandon(caller, "support")
    tape.leave_queue(caller, "support")
    tape.hangup(caller)
    call = tape.finished()
    assert (call.outcome, call.ended_by) == (CallOutcome.QUEUE_TIMEOUT, EndedBy.SYSTEM)
    assert not [event for event in tape.told if isinstance(event, CallAbandoned)]


def test_the_second_queue_answers_and_gets_the_credit() -> None:
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    tape.abandon(caller, "support")
    tape.leave_queue(caller, "support")
    tape.join(caller, "sales")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.answer(caller, eva)
    tape.leave_queue(caller, "sales")
    tape.connect(caller, eva, "sales", "PJSIP/1001")
    tape.end_talk(caller, eva)
    call = tape.finished()
    assert (call.outcome, call.queue) == (CallOutcome.ANSWERED, "sales")
    assert [wait.result for wait in call.queues] == [QueueResult.TIMEOUT, QueueResult.ANSWERED]
    assert [event.queue for event in tape.told if isinstance(event, CallQueued)] == ["support", "sales"]


def test_joining_the_next_queue_ends_a_wait_whose_leave_was_lost() -> None:
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    tape.join(caller, "sales")
    assert [wait.left_at is not None for wait in tape.call().queues] == [True, False]


def test_queuestatus_names_the_reason() -> None:
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    tape.abandon(caller, "support")
    tape.leave_queue(caller, "support")
    tape.status("QUEUESTATUS", "LEAVEEMPTY", caller)
    tape.hangup(caller)
    assert tape.finished().outcome is CallOutcome.QUEUE_EMPTY


def test_a_full_queue_is_named_although_it_was_never_joined() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    tape.app(caller, "Queue", "support,tT,,,30")
    tape.status("QUEUESTATUS", "FULL", caller)
    tape.hangup(caller)
    call = tape.finished()
    assert (call.outcome, call.queue, call.wait_s) == (CallOutcome.QUEUE_FULL, "support", 0.0)


def test_a_queuestatus_without_a_known_queue_changes_nothing() -> None:
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.status("QUEUESTATUS", "", caller)
    tape.status("QUEUESTATUS", "FULL", caller)
    tape.status("OTHER", "FULL", caller)
    tape.hangup(caller)
    assert tape.finished().outcome is CallOutcome.IVR_ONLY


def test_leaving_by_the_exit_key_has_no_abandon() -> None:
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    tape.leave_queue(caller, "support")
    tape.hangup(caller)
    assert tape.finished().outcome is CallOutcome.EXIT_KEY


def test_the_mailbox_counts_before_the_queue() -> None:
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    tape.abandon(caller, "support")
    tape.leave_queue(caller, "support")
    tape.app(caller, "VoiceMail", "1001")
    tape.hangup(caller)
    assert tape.finished().outcome is CallOutcome.VOICEMAIL


def test_a_phone_that_hangs_up_during_the_announcement_missed_the_call() -> None:
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.up(eva)
    tape.hangup(eva)
    assert tape.call().legs[0].result is LegResult.MISSED


def test_a_caller_who_leaves_during_the_announcement_did_not_talk() -> None:
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.up(eva)
    tape.request(caller)
    tape.abandon(caller, "support")
    tape.leave_queue(caller, "support")
    tape.hangup(eva, caller)
    call = tape.finished()
    assert (call.outcome, call.legs[0].result) == (CallOutcome.ABANDONED, LegResult.CANCELLED)


def test_other_applications_say_nothing() -> None:
    tape = Tape()
    tape.app(tape.trunk("1.1"), "Playback", "hello")
    assert tape.names() == ["CallStarted"]


def test_a_queuestatus_before_leaving_the_queue_is_of_an_earlier_one() -> None:
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    tape.status("QUEUESTATUS", "TIMEOUT", caller)
    assert tape.call().queues[0].result is None


def test_a_colleague_who_calls_a_queue_is_an_internal_call() -> None:
    tape = Tape()
    rut = tape.up(tape.phone("1.1", "1003", exten="600", state=ami.ChannelState.RING))
    tape.join(rut, "600")
    assert tape.calls() == []
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(rut, eva)
    tape.answer(rut, eva)
    tape.leave_queue(rut, "600")
    call = tape.call()
    assert (call.direction, call.queue, call.remote_raw) == (Direction.INTERNAL, "600", "600")


def test_an_agentconnect_of_another_queue_answers_nothing() -> None:
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    tape.connect(caller, None, "sales", "PJSIP/1001")
    assert tape.call().queues[0].result is None


def test_an_agentconnect_alone_is_enough_to_know_who_picked_up() -> None:
    """A pickup out of a queue has no DialEnd ANSWER (P10)."""
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    tape.join(caller, "sales")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.connect(caller, eva, "support", "PJSIP/1001")
    assert tape.call().legs[0].answered_at == tape.now - 1


def test_a_late_agentcomplete_of_the_call_before_ends_nothing() -> None:
    """A45: without the caller's keys, told while the same agent talks with the next caller of the same queue."""
    tape = Tape()
    for number, began in (("1", 1010.0), ("2", 1040.0)):
        caller = tape.up(tape.trunk(f"{number}.1"))
        tape.join(caller, "support")
        eva = tape.phone(f"{number}.2", "1001", linked=f"{number}.1")
        tape.dial(caller, eva)
        tape.at(began)
        tape.answer(caller, eva, f"b{number}")
        tape.leave_queue(caller, "support")
        tape.connect(caller, eva, "support", "PJSIP/1001")
        if number == "2":
            tape.complete(None, "support", "PJSIP/1001", "agent")
        tape.at(began + 20)
        tape.end_talk(caller, eva, bridge=f"b{number}")
    tape.tick(10)
    assert [(call.talk_s, call.ended_by) for call in tape.calls()] == [(20.0, EndedBy.REMOTE), (20.0, EndedBy.REMOTE)]


def test_an_agent_who_leaves_the_caller_to_a_survey_ends_the_talk_and_not_the_call() -> None:
    """A43: `*` with option c. AgentComplete is told when the survey is over, and twice; the bridge told first."""
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.at(1010)
    tape.answer(caller, eva)
    tape.leave_queue(caller, "support")
    tape.connect(caller, eva, "support", "PJSIP/1001")
    tape.at(1030)
    tape.leave("b1", eva, caller)
    tape.hangup(eva)
    tape.at(1060)
    tape.complete(caller, "support", "PJSIP/1001", "agent")
    tape.complete(None, "support", "PJSIP/1001", "agent")
    tape.at(1070)
    tape.request(caller)
    tape.at(1070)
    tape.hangup(caller)
    call = tape.finished()
    assert (call.talk_s, call.ended_at, call.outcome) == (20.0, 1070.0, CallOutcome.ANSWERED)
    assert (call.legs[0].result, call.queues[0].result) == (LegResult.ANSWERED, QueueResult.ANSWERED)


def test_a_leave_that_overtook_the_abandon_is_a_true_abandon_all_the_same() -> None:
    """P1: the wish to hang up was told, the Abandon fell into a gap."""
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    tape.at(1030)
    tape.request(caller)
    tape.leave_queue(caller, "support")
    tape.hangup(caller)
    call = tape.finished()
    assert (call.outcome, call.wait_s) == (CallOutcome.ABANDONED, 28.0)


@pytest.mark.parametrize("queue", ["support", "sales"])
def test_an_abandon_is_of_the_queue_it_names(queue: str) -> None:
    """Told twice it is one."""
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    tape.request(caller)
    tape.abandon(caller, queue)
    tape.abandon(caller, queue)
    assert [event.queue for event in tape.told if isinstance(event, CallAbandoned)] == ["support"] * (
        queue == "support"
    )


def test_a_queue_told_twice_is_one_stay_and_one_of_a_dead_call_none() -> None:
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    tape.join(caller, "support")
    assert len(tape.call().queues) == 1
    tape.leave_queue(caller, "sales")
    assert tape.call().queues[0].left_at is None
    tape.hangup(caller)
    tape.join(caller, "sales")
    assert len(tape.call().queues) == 1


def test_who_has_a_mailbox_of_their_own_leaves_no_message() -> None:
    """A colleague who listens to messages is no customer at a mailbox."""
    tape = Tape()
    eva = tape.phone("1.1", "1001", exten="1002", state=ami.ChannelState.RING)
    tape.dial(eva, tape.phone("1.2", "1002", linked="1.1"))
    tape.app(eva, "VoiceMailMain", "1001")
    tape.hangup(eva)
    assert tape.call().outcome is not CallOutcome.VOICEMAIL
