"""After a lost link: the reconcile table, row by row. What fell into the gap is `estimated`, never guessed as missed."""

from dataclasses import replace

from pbx import events as ami
from pbx.call_events import PbxConnected, PbxLost, PbxResynced
from pbx.calls import Call, CallOutcome, CallState, EndedBy, LegResult, QueueResult
from pbx.events import BridgeId, Channel, ChannelState, QueueParams, ResyncSnapshot, RunningChannel, WaitingCaller
from tests.pbx.tape import Tape, member


def snapshot(
    at: float | None,
    *rows: RunningChannel,
    waiting: tuple[WaitingCaller, ...] | None = (),
    queues: tuple[QueueParams, ...] | None = (),
    members: tuple[ami.QueueMember, ...] | None = None,
    self_check: bool = False,
    rebooted: bool = False,
) -> ResyncSnapshot:
    return ResyncSnapshot(
        at=at,
        channels=rows,
        queues=queues,
        members=members,
        waiting=waiting,
        self_check=self_check,
        rebooted=rebooted,
    )


def runs(
    channel: Channel, *, bridge: str | None = None, up: bool = True, duration_s: float | None = 30.0
) -> RunningChannel:
    """A row of CoreShowChannels."""
    state = ChannelState.UP if up else ChannelState.RINGING
    shown = Channel(
        channel.name,
        channel.uniqueid,
        channel.linkedid,
        state,
        channel.caller_number,
        channel.caller_name,
        None,
        None,
        channel.context,
        channel.exten,
    )
    return RunningChannel(shown, BridgeId(bridge) if bridge else None, "", duration_s)


def talking() -> tuple[Tape, Channel, Channel]:
    """Eva talks with a caller since 1010."""
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.at(1010)
    tape.answer(caller, eva)
    return tape, caller, eva


def lose(tape: Tape) -> None:
    tape.play(ami.LinkLost(tape.now))


def test_a_call_that_goes_on_keeps_its_record() -> None:
    tape, caller, eva = talking()
    before = tape.call()
    lose(tape)
    tape.at(1040)
    tape.play(snapshot(1040, runs(caller, bridge="b1"), runs(eva, bridge="b1")))
    assert tape.call().id == before.id
    assert not tape.call().estimated
    tape.at(1050)
    tape.end_talk(caller, eva)
    assert tape.finished().talk_s == 40.0


def test_the_gap_is_told_with_its_ends() -> None:
    tape, caller, eva = talking()
    lose(tape)
    tape.at(1040)
    tape.play(snapshot(1040, runs(caller, bridge="b1"), runs(eva, bridge="b1")))
    kinds = [type(event) for event in tape.told if isinstance(event, PbxLost | PbxConnected | PbxResynced)]
    assert kinds == [PbxLost, PbxConnected, PbxResynced]
    (resynced,) = [event for event in tape.told if isinstance(event, PbxResynced)]
    assert (resynced.gap_from, resynced.gap_to) == (1010.0, 1040)


def test_the_first_connection_has_no_gap() -> None:
    tape = Tape()
    tape.play(snapshot(1000))
    (resynced,) = [event for event in tape.told if isinstance(event, PbxResynced)]
    assert (resynced.gap_from, resynced.gap_to, resynced.missed_calls) == (None, None, None)


def test_a_talk_that_ended_in_the_gap_is_closed_at_its_last_event() -> None:
    tape, _, _ = talking()
    lose(tape)
    lose(tape)
    tape.at(1040)
    tape.play(snapshot(1040))
    call = tape.finished()
    assert (call.outcome, call.ended_by, call.estimated) == (CallOutcome.ANSWERED, EndedBy.UNKNOWN, True)
    assert call.ended_at == 1010.0


def test_a_call_that_rang_when_the_link_broke_is_not_missed() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    lose(tape)
    tape.play(snapshot(1040))
    call = tape.finished()
    assert (call.outcome, call.legs[0].result) == (CallOutcome.UNKNOWN, LegResult.CANCELLED)


def test_a_waiting_caller_who_vanished_neither_abandoned_nor_timed_out() -> None:
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    lose(tape)
    tape.play(snapshot(1040))
    call = tape.finished()
    assert (call.outcome, call.queues[0].result, call.ended_by) == (CallOutcome.UNKNOWN, None, EndedBy.UNKNOWN)


def test_who_waited_and_is_bridged_now_was_answered_in_the_gap() -> None:
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    lose(tape)
    eva = tape.phone("1.2", "1001", linked="1.1", new=False)
    tape.at(1040)
    tape.play(snapshot(1040, runs(caller, bridge="b1"), runs(eva, bridge="b1")))
    call = tape.call()
    assert (call.state, call.estimated, call.queues[0].result) == (CallState.TALKING, True, QueueResult.ANSWERED)
    assert [(leg.agent, leg.result) for leg in call.legs] == [("eva", None)]
    tape.at(1050)
    tape.end_talk(caller, eva)
    assert tape.finished().outcome is CallOutcome.ANSWERED


def test_a_call_that_began_in_the_gap_is_joined_late() -> None:
    tape = Tape()
    caller = tape.trunk("1.1", new=False)
    eva = tape.phone("1.2", "1001", linked="1.1", new=False)
    tape.at(1040)
    tape.play(snapshot(1040, runs(eva, up=False), runs(caller, duration_s=20.0)))
    call = tape.call()
    assert (call.started_at, call.estimated, call.did_raw, call.state) == (1020.0, True, None, CallState.RINGING)
    assert [leg.agent for leg in call.legs] == ["eva"]


def test_without_a_duration_the_start_stays_unknown() -> None:
    tape = Tape()
    tape.play(snapshot(1040, runs(tape.trunk("1.1", new=False), duration_s=None)))
    assert tape.call().started_at is None


def test_an_outbound_call_joined_late_knows_its_customer_channel() -> None:
    tape = Tape()
    eva = tape.phone("1.1", "1001", exten="0905123456", state=ChannelState.RING, new=False)
    customer = tape.trunk("1.2", linked="1.1", new=False)
    tape.play(snapshot(1040, runs(eva, bridge="b1"), runs(customer, bridge="b1")))
    assert (tape.call().direction, tape.call().state) == ("outbound", CallState.TALKING)


def test_a_waiting_caller_joined_late_keeps_the_place_in_the_queue() -> None:
    tape = Tape()
    caller = tape.trunk("1.1", new=False)
    waits = WaitingCaller("support", caller.uniqueid, caller.name, 1, 12.0)
    tape.at(1040)
    tape.play(snapshot(1040, runs(caller), waiting=(waits,)))
    assert [(wait.queue, wait.joined_at, wait.result) for wait in tape.call().queues] == [("support", 1028.0, None)]
    tape.play(snapshot(1041, runs(caller), waiting=(waits,)))
    assert len(tape.call().queues) == 1


def test_who_left_the_queue_in_the_gap_and_lives_on() -> None:
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    lose(tape)
    tape.play(snapshot(1040, runs(caller)))
    call = tape.call()
    assert (call.state, call.queues[0].left_at, call.estimated) == (CallState.RINGING, 1040, True)


def test_local_halves_are_tied_by_their_names() -> None:
    tape = Tape()
    caller = tape.trunk("1.1", new=False)
    eva = tape.phone("1.4", "1001", linked="1.1", new=False)
    one = tape.phone("1.2", "0", linked="1.1", new=False)
    rows = [runs(caller, bridge="b1"), runs(eva, bridge="b2")]
    for half, uniqueid, bridge in ((";1", "1.2", "b1"), (";2", "1.3", "b2")):
        name = f"Local/1001@from-queue-00000001{half}"
        local = Channel(name, ami.Uniqueid(uniqueid), one.linkedid, ChannelState.UP, None, None, None, None, "", "s")
        rows.append(runs(local, bridge=bridge))
    lonely = Channel(
        "Local/9@x-00000002;1", ami.Uniqueid("1.9"), one.linkedid, ChannelState.UP, None, None, None, None, "", "s"
    )
    tape.play(snapshot(1040, *rows, runs(lonely)))
    assert [(leg.agent, leg.result) for leg in tape.call().legs] == [("eva", None)]
    assert tape.call().state is CallState.TALKING


def test_one_absence_in_a_self_check_proves_nothing_two_do() -> None:
    """A80: a channel that never hung up."""
    tape = Tape()
    tape.trunk("1.1")
    tape.at(1060)
    tape.play(snapshot(1060, self_check=True))
    assert len(tape.state.open_calls()) == 1
    tape.play(snapshot(1120, self_check=True))
    call = tape.finished()
    assert (call.estimated, call.ended_by) == (True, EndedBy.UNKNOWN)
    assert not [event for event in tape.told if isinstance(event, PbxResynced)]


def test_a_long_call_that_is_still_there_is_not_closed() -> None:
    """A80."""
    tape = Tape()
    caller = tape.trunk("1.1")
    for hour in range(3):
        tape.play(snapshot(5000.0 + 3600 * hour, runs(caller), self_check=True))
    assert len(tape.state.open_calls()) == 1


def test_after_a_reboot_every_older_channel_is_dead() -> None:
    tape, caller, eva = talking()
    lose(tape)
    tape.play(snapshot(1040, runs(caller), rebooted=True))
    call = tape.finished()
    assert (call.outcome, call.ended_by, call.estimated) == (CallOutcome.ANSWERED, EndedBy.SYSTEM, True)
    assert eva.uniqueid


def test_a_stored_call_that_ended_just_before_the_snapshot_is_not_told_twice() -> None:
    """Its last events waited while the snapshot was read (P24)."""
    before = Tape()
    caller = before.up(before.trunk("1.1"))
    before.join(caller, "support")
    after = Tape()
    after.at(before.now)
    after.state.restore(before.state.open_calls(), before.now)
    after.play(snapshot(before.now + 5))
    after.play(ami.HangupRequest(before.now + 4, caller, 16))
    after.play(ami.Hangup(before.now + 4, caller, 16))
    after.tick(10)
    assert [call.estimated for call in after.calls()] == [True]


def test_after_a_reboot_the_same_uniqueid_is_another_call() -> None:
    tape, caller, _ = talking()
    lose(tape)
    tape.play(snapshot(1040, rebooted=True))
    tape.trunk(caller.uniqueid)
    assert [call.estimated for call in tape.state.open_calls()] == [False]


def test_a_phone_that_rang_at_a_reboot_has_failed() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    lose(tape)
    tape.play(snapshot(1040, rebooted=True))
    assert tape.finished().legs[0].result is LegResult.FAILED


def test_shutdown_ends_calls_by_the_system() -> None:
    """`core restart now` hangs everybody up, then says Shutdown: nobody gave up waiting."""
    tape = Tape()
    waiting = tape.up(tape.trunk("1.1"))
    tape.join(waiting, "support")
    tape.abandon(waiting, "support")
    tape.leave_queue(waiting, "support")
    tape.hangup(waiting)
    tape.play(ami.Shutdown(tape.now, True))
    call = tape.finished()
    assert (call.outcome, call.ended_by, call.queues[0].result) == (CallOutcome.UNKNOWN, EndedBy.SYSTEM, None)


def test_shutdown_does_not_take_the_end_from_who_hung_up_before() -> None:
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.request(caller)
    tape.hangup(caller)
    tape.play(ami.Shutdown(tape.now, True))
    assert tape.finished().ended_by is EndedBy.REMOTE


def test_parts_that_were_not_asked_for_conclude_nothing() -> None:
    tape, _, _ = talking()
    lose(tape)
    tape.play(ResyncSnapshot(at=1040, channels=None, queues=None, members=None, waiting=None))
    assert tape.call().state is CallState.TALKING


def test_calls_born_and_dead_in_the_gap_are_counted_by_the_queues() -> None:
    tape = Tape()
    tape.play(snapshot(1000, queues=(QueueParams("support", "ringall", 10, 2), QueueParams("sales", "ringall", 1, 0))))
    lose(tape)
    tape.play(snapshot(1040, queues=(QueueParams("support", "ringall", 12, 3), QueueParams("new", "ringall", 5, 5))))
    assert [event.missed_calls for event in tape.told if isinstance(event, PbxResynced)] == [None, 3]


def test_members_of_a_snapshot_replace_all_we_knew() -> None:
    tape = Tape()
    tape.play(ami.QueueMemberAdded(1000, member("support", "PJSIP/1001")))
    tape.play(snapshot(1001, members=(member("support", "PJSIP/1002"),)))
    queues = {agent.name: agent.queues for agent in tape.state.agents()}
    assert (queues["eva"], queues["jan"]) == ((), ("support",))


def restarted(call: Call) -> Tape:
    """Another process that finds this call open in the store."""
    tape = Tape()
    tape.state.restore([call])
    tape.at(1040)
    return tape


def test_a_running_call_goes_on_under_its_id_after_our_restart() -> None:
    before, caller, eva = talking()
    tape = restarted(before.call())
    tape.play(snapshot(1040, runs(caller, bridge="b1"), runs(eva, bridge="b1")))
    assert tape.state.open_calls()[0].id == before.call().id
    tape.at(1050)
    tape.end_talk(caller, eva)
    call = tape.finished()
    assert (call.id, call.outcome, call.talk_s, call.estimated) == (before.call().id, CallOutcome.ANSWERED, 40.0, False)
    assert [(leg.agent, leg.result) for leg in call.legs] == [("eva", LegResult.ANSWERED)]


def test_a_call_that_ended_while_we_were_away_is_closed() -> None:
    before, _, _ = talking()
    tape = restarted(before.call())
    tape.play(snapshot(1040))
    call = tape.finished()
    assert (call.outcome, call.ended_by, call.estimated) == (CallOutcome.ANSWERED, EndedBy.UNKNOWN, True)
    assert call.legs[0].result is LegResult.ANSWERED


def test_a_ringing_call_that_ended_while_we_were_away_is_unknown() -> None:
    before = Tape()
    caller = before.up(before.trunk("1.1"))
    before.join(caller, "support")
    eva = before.phone("1.2", "1001", linked="1.1")
    before.dial(caller, eva)
    tape = restarted(before.call())
    tape.play(snapshot(1040, rebooted=True))
    call = tape.finished()
    assert (call.outcome, call.ended_by) == (CallOutcome.UNKNOWN, EndedBy.SYSTEM)
    assert call.legs[0].result is LegResult.CANCELLED


def test_waits_and_finished_legs_survive_our_restart() -> None:
    before = Tape()
    caller = before.up(before.trunk("1.1"))
    before.join(caller, "support")
    before.abandon(caller, "support")
    before.leave_queue(caller, "support")
    before.join(caller, "sales")
    eva = before.phone("1.2", "1001", linked="1.1")
    before.dial(caller, eva)
    before.dial_end(caller, eva, "NOANSWER")
    before.hangup(eva, cause=0)
    tape = restarted(before.call())
    waits = WaitingCaller("sales", caller.uniqueid, caller.name, 1, 12.0)
    tape.play(snapshot(1040, runs(caller), waiting=(waits,)))
    (call,) = tape.state.open_calls()
    assert [wait.result for wait in call.queues] == [QueueResult.TIMEOUT, None]
    assert [leg.result for leg in call.legs] == [LegResult.MISSED]
    assert call.state is CallState.QUEUED


def test_a_finished_talk_with_hold_survives_our_restart() -> None:
    before, caller, eva = talking()
    before.at(1020)
    before.play(ami.Hold(1020.0, eva))
    before.play(ami.Unhold(1025.0, eva))
    before.at(1030)
    before.leave("b1", eva)
    before.hangup(eva)
    tape = restarted(before.call())
    tape.play(snapshot(1040, runs(caller)))
    tape.at(1041)
    tape.hangup(caller)
    call = tape.finished()
    assert (call.talk_s, call.hold_s, call.outcome) == (20.0, 5.0, CallOutcome.ANSWERED)


def test_an_outbound_call_survives_our_restart() -> None:
    before = Tape()
    before.state.expect_originate("cti-1", "+421905123456")
    eva = before.up(before.phone("cti-1", "1001"))
    customer = before.trunk("1.2", linked="cti-1")
    before.dial(eva, customer, "0905123456@trunk-a")
    before.at(1010)
    before.answer(eva, customer)
    tape = restarted(before.call())
    tape.play(snapshot(1040, runs(eva, bridge="b1"), runs(customer, bridge="b1")))
    tape.at(1050)
    tape.end_talk(customer, eva)
    call = tape.finished()
    assert (call.click_to_dial, call.remote_raw, call.talk_s) == ("cti-1", "+421905123456", 40.0)


def test_an_internal_call_joined_late() -> None:
    tape = Tape()
    eva = tape.phone("1.1", "1001", exten="1002", state=ChannelState.RING, new=False)
    jan = tape.phone("1.2", "1002", linked="1.1", new=False)
    tape.play(snapshot(1040, runs(eva, bridge="b1"), runs(jan, bridge="b1")))
    assert tape.call().direction == "internal"
    assert [leg.agent for leg in tape.call().legs] == ["eva", "jan"]


def test_a_channel_of_no_call_is_simply_gone() -> None:
    tape = Tape()
    tape.local("5.1", "5.2", "1001@somewhere", linked="4.4")
    tape.play(snapshot(1040))
    assert tape.calls() == []


def test_a_phone_that_still_rings_after_our_restart_is_the_leg_we_knew() -> None:
    before = Tape()
    caller = before.trunk("1.1")
    eva = before.phone("1.2", "1001", linked="1.1")
    before.dial(caller, eva)
    tape = restarted(before.call())
    tape.play(snapshot(1040, runs(caller), runs(eva, up=False)))
    assert [(leg.agent, leg.answered_at) for leg in tape.state.open_calls()[0].legs] == [("eva", None)]


def test_legs_that_were_over_before_keep_their_result() -> None:
    before = Tape()
    caller = before.trunk("1.1")
    eva = before.phone("1.2", "1001", linked="1.1")
    before.dial(caller, eva)
    before.dial_end(caller, eva, "NOANSWER")
    before.hangup(eva, cause=0)
    tape = restarted(before.call())
    tape.play(snapshot(1040))
    assert tape.finished().legs[0].result is LegResult.MISSED


def test_a_waiting_caller_goes_on_waiting_when_a_phone_that_rang_is_gone() -> None:
    """A member rang out in the gap: that says nothing about the caller, who gives up before our eyes."""
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    lose(tape)
    waits = WaitingCaller("support", caller.uniqueid, caller.name, 1, 12.0)
    tape.play(snapshot(1040, runs(caller), waiting=(waits,)))
    tape.at(1050)
    tape.request(caller)
    tape.abandon(caller, "support")
    tape.leave_queue(caller, "support")
    tape.hangup(caller)
    call = tape.finished()
    assert (call.outcome, call.ended_by, call.legs[0].result) == ("abandoned", EndedBy.REMOTE, LegResult.CANCELLED)


def test_phones_that_fell_silent_in_the_gap_do_not_name_the_outcome() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    lose(tape)
    tape.play(snapshot(1040, runs(caller, up=False)))
    tape.at(1050)
    tape.hangup(caller)
    assert tape.finished().outcome is CallOutcome.UNKNOWN


def test_a_caller_who_gives_up_later_cancelled_all_the_same() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    lose(tape)
    tape.play(snapshot(1040, runs(caller, up=False)))
    tape.at(1050)
    tape.request(caller)
    tape.hangup(caller)
    assert tape.finished().outcome is CallOutcome.CANCELLED


def test_an_end_right_after_the_gap_was_perhaps_asked_for_in_it() -> None:
    """Only the hang-ups were heard, not who asked for them."""
    tape, caller, eva = talking()
    lose(tape)
    tape.at(1040)
    tape.play(snapshot(1040, runs(caller, bridge="b1"), runs(eva, bridge="b1")))
    tape.at(1040.2)
    tape.leave("b1", caller, eva)
    tape.at(1040.3)
    tape.hangup(caller, eva)
    call = tape.finished()
    assert (call.outcome, call.ended_by, call.estimated) == (CallOutcome.ANSWERED, EndedBy.UNKNOWN, True)


def test_an_end_long_after_the_gap_is_what_it_seems() -> None:
    """Hung up by a page: nobody's phone asked for it."""
    tape, caller, eva = talking()
    lose(tape)
    tape.at(1040)
    tape.play(snapshot(1040, runs(caller, bridge="b1"), runs(eva, bridge="b1")))
    tape.at(1060)
    tape.leave("b1", caller, eva)
    tape.hangup(caller, eva)
    call = tape.finished()
    assert (call.ended_by, call.estimated) == (EndedBy.SYSTEM, False)


def test_a_queue_left_right_after_the_gap_was_left_nobody_knows_how() -> None:
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    lose(tape)
    waits = WaitingCaller("support", caller.uniqueid, caller.name, 1, 12.0)
    tape.at(1040)
    tape.play(snapshot(1040, runs(caller), waiting=(waits,)))
    for step in (tape.abandon, tape.leave_queue):
        tape.at(1040.1)
        step(caller, "support")
    tape.at(1040.2)
    tape.hangup(caller)
    call = tape.finished()
    assert (call.outcome, call.queues[0].result, call.ended_by) == (CallOutcome.UNKNOWN, None, EndedBy.UNKNOWN)


def test_an_outbound_call_that_ends_right_after_the_gap_may_have_been_taken() -> None:
    tape = Tape()
    eva = tape.phone("1.1", "1001", exten="0905123456", state=ChannelState.RING)
    customer = tape.trunk("1.2", linked="1.1")
    tape.dial(eva, customer, "0905123456@trunk-a")
    lose(tape)
    tape.at(1040)
    tape.play(snapshot(1040, runs(eva, up=False), runs(customer, up=False)))
    tape.at(1040.1)
    tape.hangup(customer, eva)
    assert tape.finished().outcome is CallOutcome.UNKNOWN


def test_a_phone_picked_up_in_the_gap_may_have_talked_in_it() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    lose(tape)
    tape.at(1040)
    tape.play(snapshot(1040, runs(caller), runs(eva)))
    tape.at(1060)
    tape.hangup(eva, caller)
    call = tape.finished()
    assert (call.outcome, call.estimated, call.legs[0].answered_at) == (CallOutcome.UNKNOWN, True, 1040)


def test_a_caller_whose_line_came_up_in_the_gap_may_have_talked() -> None:
    """No phone is known: dialled, talked and gone while we were away, or only an IVR."""
    tape = Tape()
    caller = tape.trunk("1.1")
    lose(tape)
    tape.play(snapshot(1040, runs(caller)))
    tape.at(1060)
    tape.request(caller)
    tape.hangup(caller)
    call = tape.finished()
    assert (call.outcome, call.estimated) == (CallOutcome.UNKNOWN, True)


def test_the_next_queue_was_joined_in_the_gap() -> None:
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    tape.join(caller, "support")
    lose(tape)
    waits = WaitingCaller("sales", caller.uniqueid, caller.name, 1, 12.0)
    tape.play(snapshot(1040, runs(caller), waiting=(waits,)))
    call = tape.call()
    assert [(wait.queue, wait.joined_at, wait.left_at, wait.result) for wait in call.queues] == [
        ("support", 1002.0, 1040, None),
        ("sales", 1028.0, None, None),
    ]
    assert call.estimated


def test_the_mailbox_is_seen_in_the_snapshot() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    lose(tape)
    tape.play(snapshot(1040, replace(runs(caller), application="VoiceMail")))
    tape.at(1060)
    tape.request(caller)
    tape.hangup(caller)
    assert tape.finished().outcome is CallOutcome.VOICEMAIL


def test_a_phone_that_rang_out_during_our_restart_rings_no_more() -> None:
    before = Tape()
    caller = before.up(before.trunk("1.1"))
    before.join(caller, "support")
    eva = before.phone("1.2", "1001", linked="1.1")
    before.dial(caller, eva)
    tape = restarted(before.call())
    waits = WaitingCaller("support", caller.uniqueid, caller.name, 1, 12.0)
    tape.play(snapshot(1040, runs(caller), waiting=(waits,)))
    (call,) = tape.state.open_calls()
    assert (call.legs[0].result, call.legs[0].ended_at, call.estimated) == (LegResult.CANCELLED, 1004.0, True)


def test_after_our_restart_the_twin_that_was_not_picked_up_ends_nothing() -> None:
    before = Tape()
    caller = before.trunk("1.1")
    desk = before.phone("1.2", "1001", linked="1.1")
    twin = before.phone("1.3", "991001", linked="1.1")
    before.dial(caller, desk)
    before.dial(caller, twin)
    before.up(twin)
    tape = restarted(before.call())
    tape.play(snapshot(1040, runs(caller), runs(desk, up=False), runs(twin)))
    tape.hangup(desk)
    tape.at(1041)
    tape.bridge("b1", caller, twin)
    (leg,) = tape.state.open_calls()[0].legs
    assert (leg.endpoint, leg.result, leg.talk_s is not None) == ("PJSIP/991001", None, True)


def parked() -> tuple[Tape, Channel]:
    """Eva has parked a caller at 1020."""
    tape, caller, eva = talking()
    tape.at(1020)
    tape.leave("b1", caller, eva)
    tape.at(1020)
    tape.park(caller)
    tape.hangup(eva)
    return tape, caller


def test_a_parked_caller_who_is_still_there_stays_parked() -> None:
    tape, caller = parked()
    lose(tape)
    tape.at(1040)
    tape.play(snapshot(1040, runs(caller, bridge="lot")))
    assert (tape.call().state, tape.call().estimated) == (CallState.PARKED, False)
    tape.at(1050)
    tape.request(caller)
    tape.at(1050)
    tape.hangup(caller)
    assert tape.finished().parked_s == 30.0


def test_a_call_fetched_from_the_park_in_the_gap_is_parked_no_more() -> None:
    tape, caller = parked()
    lose(tape)
    tape.at(1040)
    jan = tape.phone("7.1", "1002", exten="701", new=False)
    tape.play(snapshot(1040, runs(caller, bridge="b2"), runs(jan, bridge="b2")))
    assert tape.call().state is CallState.TALKING
    tape.at(1070)
    tape.end_talk(caller, jan, bridge="b2")
    call = tape.finished()
    assert (call.parked_s, call.talk_s, call.estimated) == (20.0, 40.0, True)
    assert [leg.agent for leg in call.legs] == ["eva", "jan"]


def test_a_call_picked_up_in_the_gap_has_the_picker_as_its_leg() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    lose(tape)
    tape.at(1040)
    jan = tape.phone("7.1", "1002", exten="*8", new=False)
    tape.play(snapshot(1040, runs(caller, bridge="b1"), runs(jan, bridge="b1")))
    tape.at(1060)
    tape.end_talk(caller, jan)
    call = tape.finished()
    assert [(leg.agent, leg.result) for leg in call.legs] == [("eva", LegResult.CANCELLED), ("jan", LegResult.ANSWERED)]
    assert (call.estimated, call.talk_s) == (True, 20.0)


def test_a_supervisor_who_listens_in_is_seen_and_takes_no_part() -> None:
    """A64: ChanSpy is the application of that line."""
    tape, caller, eva = talking()
    lose(tape)
    tape.at(1040)
    chief = replace(runs(tape.phone("7.1", "1003", exten="*55", new=False)), application="ChanSpy")
    tape.play(snapshot(1040, runs(caller, bridge="b1"), runs(eva, bridge="b1"), chief))
    assert [call.uniqueid for call in tape.state.open_calls()] == ["1.1"]
    assert len(tape.call().legs) == 1


def test_a_call_transferred_in_the_gap_goes_on_with_its_new_colleague() -> None:
    """Blind: nothing is left that tells who asked for it."""
    tape, caller, _ = talking()
    lose(tape)
    tape.at(1040)
    jan = tape.phone("1.3", "1002", linked="1.1", new=False)
    tape.play(snapshot(1040, runs(caller, bridge="b2"), runs(jan, bridge="b2")))
    tape.at(1060)
    tape.end_talk(jan, caller, bridge="b2")
    call = tape.finished()
    assert [(leg.agent, leg.result) for leg in call.legs] == [("eva", LegResult.ANSWERED), ("jan", LegResult.ANSWERED)]
    assert (call.ended_by, call.estimated) == (EndedBy.AGENT, True)


def test_the_time_of_our_own_restart_is_a_gap() -> None:
    """From what was last written until the first snapshot, also when no call was open."""
    tape = Tape()
    tape.state.restore([], 1010.0)
    tape.play(snapshot(1040))
    (resynced,) = [event for event in tape.told if isinstance(event, PbxResynced)]
    assert (resynced.gap_from, resynced.gap_to) == (1010.0, 1040)
