"""Events that nearly say something about a call: too late, of another channel, once too often, of nobody we know."""

from dataclasses import replace

import pytest

from pbx import events as ami
from pbx.call_events import CallChanged
from pbx.calls import CallOutcome, CallState, Direction, EndedBy, LegResult
from pbx.events import Channel, ChannelState
from tests.pbx.tape import Tape
from tests.pbx.test_transfers import asks_by_star_two, blonde, only


def ringing(tape: Tape) -> tuple[Channel, Channel]:
    """A customer calls, Eva's phone is dialled."""
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    return caller, eva


# --- birth and state ----------------------------------------------------------------------------------------------------


def test_a_phone_that_is_told_to_be_born_ringing_has_rung() -> None:
    """P1: DialBegin before Newchannel; a BUSY after ringing is a rejection."""
    tape = Tape()
    caller, eva = ringing(tape)
    tape.play(ami.Newchannel(tape.now, replace(eva, state=ChannelState.RINGING)))
    tape.dial_end(caller, eva, "BUSY")
    tape.hangup(eva, cause=0)
    assert tape.call().legs[0].result is LegResult.REJECTED


def test_a_phone_just_born_for_the_call_keeps_it_open() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.hangup(caller)
    assert tape.call().state is CallState.RINGING
    tape.hangup(eva)
    assert tape.call().state is CallState.ENDED


@pytest.mark.parametrize("told", ["ring of the caller", "busy of the phone"])
def test_a_wish_to_hang_up_is_taken_back_by_nothing_else(told: str) -> None:
    """Only Busy() on the caller's own channel means that the request before it was the dialplan's."""
    tape = Tape()
    caller, eva = ringing(tape)
    tape.request(caller)
    other = caller if told == "ring of the caller" else replace(eva, state=ChannelState.BUSY)
    tape.play(ami.Newstate(tape.now, other))
    tape.hangup(eva, caller)
    call = tape.finished()
    assert (call.outcome, call.ended_by) == (CallOutcome.CANCELLED, EndedBy.REMOTE)


def test_the_number_asked_for_is_the_roots() -> None:
    """A phone off the hook that dials by itself has no digits; the Exten of whom it reaches is nobody's number."""
    tape = Tape()
    eva = tape.phone("1.1", "1001", state=ChannelState.RING)
    jan = tape.phone("1.2", "1002", linked="1.1", exten="77")
    tape.dial(eva, jan)
    tape.up(jan)
    assert tape.call().remote_raw is None


def test_a_click_of_which_nobody_told_the_number_learns_it_from_the_dialplan() -> None:
    """After our own restart the Exten of the phone that was picked up says what it dials."""
    tape = Tape()
    eva = tape.phone("cti-1", "1001")
    tape.dial(None, eva)
    tape.up(replace(eva, exten="0905123456"))
    assert (tape.call().remote_raw, tape.call().direction) == ("0905123456", Direction.OUTBOUND)


def test_a_phone_may_become_another_ones_before_it_is_picked_up() -> None:
    """Rename: a masquerade."""
    tape = Tape()
    caller, eva = ringing(tape)
    tape.play(ami.Rename(tape.now, eva.uniqueid, "PJSIP/1002-0000000f"))
    tape.answer(caller, eva)
    assert tape.call().legs[0].endpoint == "PJSIP/1002"


# --- who ended it -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("after_s", "ended_by"), [(0.5, EndedBy.AGENT), (0.6, EndedBy.SYSTEM)])
def test_a_wish_counts_for_half_a_second_after_the_talk(after_s: float, ended_by: EndedBy) -> None:
    """P1: the bridge may tell the end before the channel tells who asked for it."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.at(1020)
    tape.leave("b1", caller, eva)
    tape.at(1020 + after_s)
    tape.request(eva)
    tape.hangup(eva, caller)
    assert tape.finished().ended_by is ended_by


def test_a_line_between_the_two_ends_no_call_by_its_own_wish() -> None:
    """A Local half is neither the customer nor a colleague."""
    tape = Tape()
    caller, eva = tape.call_in()
    halves = tape.local("1.3", "1.4", "1001@from-queue", linked="1.1")
    tape.request(halves[1])
    tape.leave("b1", caller, eva)
    tape.hangup(*halves, eva, caller)
    assert tape.finished().ended_by is EndedBy.SYSTEM


def test_who_gives_up_does_so_once() -> None:
    """A second HangupRequest does not move the end of the waiting (A36)."""
    tape = Tape()
    caller = tape.trunk("1.1")
    tape.join(caller, "support")
    tape.at(1010)
    tape.request(caller)
    tape.at(1012)
    tape.request(caller)
    tape.at(1015)
    tape.abandon(caller, "support")
    tape.leave_queue(caller, "support")
    tape.hangup(caller)
    assert tape.finished().queues[0].wait_s == 9.0


def test_a_customer_whose_channel_is_gone_talks_no_more() -> None:
    """Hangup without BridgeLeave; the colleague's phone lives on for a while."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.at(1020)
    tape.hangup(caller)
    tape.at(1030)
    tape.hangup(eva)
    assert tape.finished().talk_s == 10.0


# --- names and numbers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("restricted", [False, True])
def test_what_a_colleagues_phone_is_called_says_nothing_of_the_customer(restricted: bool) -> None:
    tape = Tape()
    caller = tape.trunk("1.1", name=None)
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.play(ami.NewCallerid(tape.now, replace(eva, caller_name="Eva"), restricted))
    call = tape.call()
    assert (call.remote_name, call.remote_raw, call.remote_restricted) == (None, "+421905123456", False)


def test_a_withheld_caller_gets_no_name_later() -> None:
    tape = Tape()
    caller = tape.trunk("1.1", name=None)
    tape.play(ami.NewCallerid(1001.0, caller, True))
    tape.play(ami.NewCallerid(1002.0, replace(caller, caller_name="Ján"), False))
    assert tape.call().remote_name is None


# --- dialling -----------------------------------------------------------------------------------------------------------


def test_a_line_without_a_call_dials_nobody() -> None:
    tape = Tape()
    stranger = tape.phone("9.9", "1003", linked="7.7")
    tape.dial(stranger, tape.phone("9.8", "1002", linked="7.7"))
    assert tape.calls() == []


@pytest.mark.parametrize("outside", [True, False], ids=["an outside line", "another Local channel"])
def test_only_a_phone_is_asked_by_a_key_press(outside: bool) -> None:
    """*2 to an outside number, or through one more Local channel: no internal call begins."""
    tape = Tape()
    tape.call_in()
    _, two = tape.local("1.31", "1.32", "0905@from-internal", linked="1.1")
    if outside:
        tape.dial(two, tape.trunk("1.4", linked="1.1", number=None, name=None), "0905@trunk-a")
    else:
        tape.dial(two, tape.local("1.41", "1.42", "0905@next", linked="1.1")[0])
    assert [call.direction for call in tape.calls()] == [Direction.INBOUND]


def test_a_phone_that_rings_on_for_the_customer_has_no_answer_yet() -> None:
    """P15: DialEnd NOANSWER was the asker's; what comes of the customer's dial counts."""
    tape = Tape()
    caller, jan = blonde(tape)
    tape.dial_end(caller, jan, "BUSY")
    tape.hangup(jan, cause=0)
    tape.hangup(caller)
    assert only(tape).legs[1].result is LegResult.REJECTED


def test_an_outside_line_that_rings_is_told_at_once() -> None:
    tape = Tape()
    eva = tape.phone("1.1", "1001", exten="0905123456", state=ChannelState.RING)
    tape.dial(eva, tape.trunk("1.2", linked="1.1", number=None, name=None), "0905123456@trunk-a")
    assert [type(event).__name__ for event in tape.told if getattr(event, "call", None)] == [
        "CallStarted",
        "CallChanged",
    ]


def test_an_outside_line_that_nobody_takes_says_so_by_its_dial_alone() -> None:
    """The ringing ends with DialEnd; a colleague whose phone is tried then does not speak for the line."""
    tape = Tape()
    eva = tape.phone("1.1", "1001", exten="0905123456", state=ChannelState.RING)
    customer = tape.trunk("1.2", linked="1.1", number=None, name=None)
    tape.dial(eva, customer, "0905123456@trunk-a")
    tape.at(1010)
    tape.dial_end(eva, customer, "NOANSWER")
    tape.at(1015)
    tape.hangup(customer, cause=0)
    jan = tape.phone("1.3", "1002", linked="1.1")
    tape.dial(eva, jan)
    tape.dial_end(eva, jan, "BUSY")
    tape.hangup(jan, eva, cause=0)
    call = tape.finished()
    assert (call.outcome, call.ring_s) == (CallOutcome.NO_ANSWER, 8.0)


def test_a_phone_dialled_once_more_is_told() -> None:
    """The time of the call goes on, though no new phone is offered; the same when the dial ends before the phone does."""
    tape = Tape()
    caller, eva = ringing(tape)
    tape.at(1020)
    tape.dial(caller, eva)
    assert isinstance(tape.told[-1], CallChanged)
    assert tape.call().ring_s == 18.0
    tape.at(1030)
    tape.dial_end(caller, eva, "NOANSWER")
    assert tape.call().ring_s == 28.0


@pytest.mark.parametrize(("status", "result"), [("RINGING", LegResult.REJECTED), ("PROGRESS", LegResult.BUSY)])
def test_a_busy_phone_has_rejected_only_if_it_rang(status: str, result: LegResult) -> None:
    """A04, A05: DialState RINGING says it as well as Newstate."""
    tape = Tape()
    caller, eva = ringing(tape)
    tape.play(ami.DialState(tape.now, caller, eva, status))
    tape.dial_end(caller, eva, "BUSY")
    tape.hangup(eva, cause=0)
    assert tape.call().legs[0].result is result


@pytest.mark.parametrize(
    ("later", "forward", "result"),
    [("CANCEL", None, LegResult.BUSY), ("NOANSWER", "0905123456@from-internal", LegResult.FORWARDED)],
)
def test_the_first_end_of_a_dial_counts_unless_the_phone_sends_the_call_on(
    later: str, forward: str | None, result: LegResult
) -> None:
    tape = Tape()
    caller, eva = ringing(tape)
    tape.dial_end(caller, eva, "BUSY")
    tape.dial_end(caller, eva, later, forward)
    tape.hangup(eva, cause=0)
    assert tape.call().legs[0].result is result


def test_where_a_phone_sends_the_call_is_kept_though_its_dial_ends_once_more() -> None:
    """The mobile stands for the colleague who forwards."""
    tape = Tape()
    caller, eva = ringing(tape)
    tape.dial_end(caller, eva, "NOANSWER", "0905123456@from-internal")
    tape.dial_end(caller, eva, "CANCEL")
    tape.hangup(eva, cause=0)
    one, two = tape.local("1.3", "1.4", "0905123456@from-internal", linked="1.1")
    tape.dial(caller, one)
    tape.dial(two, tape.trunk("1.5", linked="1.1", number=None, name=None), "0905123456@trunk-a")
    assert [(leg.agent, leg.via) for leg in tape.call().legs] == [("eva", "0905123456")]


def test_a_phone_that_hung_up_answers_no_more() -> None:
    """P3."""
    tape = Tape()
    caller, eva = ringing(tape)
    tape.hangup(eva, cause=0)
    tape.dial_end(caller, eva, "ANSWER")
    assert [leg.result for leg in tape.call().legs] == [LegResult.MISSED]


def test_a_phone_on_a_line_of_its_own_takes_a_call_over_by_answering_only() -> None:
    """SIP Replaces is DialEnd ANSWER of a phone that nobody dialled."""
    tape = Tape()
    caller, _ = ringing(tape)
    picker = tape.phone("2.1", "1002", exten="*8", state=ChannelState.RING)
    tape.dial_end(caller, picker, "NOANSWER")
    assert [leg.agent for leg in tape.call().legs] == ["eva"]
    tape.dial_end(caller, picker, "ANSWER")
    assert [leg.agent for leg in tape.call().legs] == ["eva", "jan"]


def test_a_phone_that_answers_an_originate_is_dialled_by_nobody() -> None:
    tape = Tape()
    eva = tape.phone("1.1", "1001")
    tape.dial(None, eva)
    tape.dial_end(None, eva, "ANSWER")
    assert tape.calls() == []


def test_colleagues_may_talk_before_the_dial_is_told() -> None:
    """P1: DialEnd ANSWER, then DialBegin."""
    tape = Tape()
    eva = tape.phone("1.1", "1001", exten="1002", state=ChannelState.RING)
    jan = tape.phone("1.2", "1002", linked="1.1")
    tape.dial_end(eva, jan, "ANSWER")
    tape.dial(eva, jan)
    call = tape.call()
    assert (call.direction, [leg.agent for leg in call.legs]) == (Direction.INTERNAL, ["eva", "jan"])
    assert call.legs[1].rang_at is not None


# --- bridges, Local channels, hold --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dead", [0, 1])
def test_a_local_half_that_is_gone_is_tied_to_nothing(dead: int) -> None:
    tape = Tape()
    caller, _ = ringing(tape)
    one, two = tape.local("1.3", "1.4", "1002@from-queue", linked="1.1")
    tape.hangup((one, two)[dead])
    tape.play(ami.LocalBridge(tape.now, one, two, False))
    tape.hangup((two, one)[dead])
    assert tape.call().uniqueid == caller.uniqueid


@pytest.mark.parametrize("known", [0, 1])
def test_a_local_half_of_nobody_belongs_to_its_other_halfs_call(known: int) -> None:
    """That half alone keeps the call open."""
    tape = Tape()
    caller = tape.trunk("1.1")
    halves = []
    for number in (0, 1):
        half = tape.phone(f"3.{number}", "0", linked="1.1" if number == known else "7.7", new=False)
        halves.append(replace(half, name=f"Local/1002@from-queue-0000000a;{number + 1}"))
        tape.play(ami.Newchannel(tape.now, halves[number]))
    tape.play(ami.LocalBridge(tape.now, halves[0], halves[1], False))
    tape.hangup(caller, halves[known])
    assert tape.call().state is not CallState.ENDED
    tape.hangup(halves[1 - known])
    assert tape.call().state is CallState.ENDED


def test_a_talk_through_a_local_channel_begins_when_its_halves_are_known_to_be_one() -> None:
    """P1: LocalBridge after both bridges."""
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    eva = tape.phone("1.2", "1001", linked="1.1")
    halves = []
    for number in (0, 1):
        half = tape.phone(f"3.{number}", "0", linked="1.1", new=False)
        halves.append(replace(half, name=f"Local/1001@from-queue-0000000a;{number + 1}"))
        tape.play(ami.Newchannel(tape.now, halves[number]))
    tape.dial(halves[1], eva)
    tape.answer(halves[1], eva, "b2")
    tape.bridge("b1", caller, halves[0])
    assert tape.call().state is CallState.RINGING
    tape.play(ami.LocalBridge(tape.now, halves[0], halves[1], False))
    assert tape.call().state is CallState.TALKING


def test_who_goes_back_to_the_customer_talks_with_the_colleague_no_more() -> None:
    """*2: the line of the colleague who asked is part of both calls."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.at(1020)
    asks_by_star_two(tape, caller, eva)
    began = tape.calls()[1].answered_at or 0.0
    tape.at(began + 10)
    tape.leave("b2", eva)
    tape.at(began + 20)
    tape.bridge("b1", eva)
    assert [call.talk_s for call in tape.calls()][1] == 10.0


def test_hold_before_any_talk_is_none() -> None:
    tape = Tape()
    caller, eva = ringing(tape)
    tape.play(ami.Hold(tape.now, eva))
    tape.answer(caller, eva)
    assert (tape.call().state, tape.call().hold_s) == (CallState.TALKING, 0.0)


# --- pickup and listening in --------------------------------------------------------------------------------------------


def test_a_phone_that_hung_up_neither_picks_up_nor_listens_in() -> None:
    """P3: told after its Hangup."""
    tape = Tape()
    _, eva = ringing(tape)
    gone = tape.phone("2.1", "1002", exten="*8", state=ChannelState.RING)
    tape.hangup(gone)
    before = tape.call()
    tape.pick_up(gone, eva)
    tape.listen_in(gone, eva)
    assert tape.call() == before
