"""A colleague puts the customer through: one record, each talk counted, who took it named."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from pbx import events as ami
from pbx.call_events import CallDropped, CallTransferred
from pbx.calls import Call, CallOutcome, CallState, Direction, EndedBy, LegResult, TransferKind, TransferResult
from pbx.events import BridgeId, Channel, ChannelState, RunningChannel
from tests.pbx.tape import Tape

FAILED = ("Fail", "Invalid", "Not Permitted")


def transfers(call: Call) -> list[tuple[str, str, str, str | None]]:
    return [(one.kind, one.by, one.to, one.result) for one in call.transfers]


def legs(call: Call) -> list[tuple[str | None, str | None, float | None]]:
    return [(leg.agent, leg.result, leg.talk_s) for leg in call.legs]


def only(tape: Tape) -> Call:
    """The customer's call after all; what was part of it is no record."""
    tape.tick(10)
    dropped = {event.call.id for event in tape.told if isinstance(event, CallDropped)}
    (call,) = [call for call in tape.calls() if call.id not in dropped]
    assert tape.state.unfinished() == 0
    return call


# --- blind --------------------------------------------------------------------------------------------------------------


def sent_on(tape: Tape, caller: Channel, *gone: Channel) -> Channel:
    """Who was left goes, and Jan's phone rings."""
    tape.leave("b1", caller, *gone)
    if gone:
        tape.hangup(*gone)
    jan = tape.phone("1.3", "1002", linked="1.1")
    tape.dial(caller, jan)
    return jan


def test_a_blind_transfer_that_is_taken_counts_both_talks() -> None:
    """A47, A38."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.at(1020)
    tape.blind(eva, caller, "1002")
    tape.request(eva, 16)
    tape.at(1020)
    jan = sent_on(tape, caller, eva)
    tape.at(1030)
    tape.answer(caller, jan, "b2")
    tape.at(1045)
    tape.end_talk(caller, jan, bridge="b2")
    call = only(tape)
    assert transfers(call) == [(TransferKind.BLIND, "PJSIP/1001", "PJSIP/1002", TransferResult.ANSWERED)]
    assert legs(call) == [("eva", LegResult.ANSWERED, 10.0), ("jan", LegResult.ANSWERED, 15.0)]
    assert (call.talk_s, call.outcome, call.ended_by) == (25.0, CallOutcome.ANSWERED, EndedBy.REMOTE)


@pytest.mark.parametrize(
    ("status", "cause", "leg", "result"),
    [
        ("NOANSWER", 0, LegResult.MISSED, TransferResult.NO_ANSWER),
        ("NOANSWER", 21, LegResult.REJECTED, TransferResult.REJECTED),
        ("BUSY", 17, LegResult.BUSY, TransferResult.BUSY),
        ("CHANUNAVAIL", 20, LegResult.UNAVAILABLE, TransferResult.FAILED),
    ],
)
def test_a_blind_transfer_that_nobody_takes_names_what_was_dialled(
    status: str, cause: int, leg: LegResult, result: TransferResult
) -> None:
    """A48, A49: the record is answered, by who transferred."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.at(1020)
    tape.blind(eva, caller, "1002")
    jan = sent_on(tape, caller, eva)
    tape.dial_end(caller, jan, status)
    tape.hangup(jan, cause=cause)
    assert tape.call().transfers[0].result is None
    tape.hangup(caller)
    call = only(tape)
    assert transfers(call) == [(TransferKind.BLIND, "PJSIP/1001", "1002", result)]
    assert [one.result for one in call.legs] == [LegResult.ANSWERED, leg]
    assert (call.outcome, call.ended_by) == (CallOutcome.ANSWERED, EndedBy.SYSTEM)


def test_a_transfer_to_nowhere_has_failed() -> None:
    tape = Tape()
    caller, eva = tape.call_in()
    tape.blind(eva, caller, "7777")
    tape.leave("b1", caller, eva)
    tape.hangup(eva, caller)
    assert transfers(only(tape)) == [(TransferKind.BLIND, "PJSIP/1001", "7777", TransferResult.FAILED)]


def test_a_customer_who_gives_up_while_the_next_phone_rings_ended_the_call() -> None:
    tape = Tape()
    caller, eva = tape.call_in()
    tape.blind(eva, caller, "1002")
    tape.request(eva, 16)
    jan = sent_on(tape, caller, eva)
    assert tape.call().state is CallState.RINGING
    tape.request(caller)
    tape.dial_end(caller, jan, "CANCEL")
    tape.hangup(jan, caller)
    call = only(tape)
    assert (call.ended_by, call.legs[1].result) == (EndedBy.REMOTE, LegResult.CANCELLED)
    assert call.transfers[0].result is TransferResult.NO_ANSWER


@pytest.mark.parametrize("result", FAILED)
def test_a_blind_transfer_without_success_changes_nothing(result: str) -> None:
    """A55, P26."""
    tape = Tape()
    caller, eva = tape.call_in()
    before = tape.call()
    tape.blind(eva, caller, "1002", result=result)
    assert tape.call() == before
    tape.end_talk(eva, caller)
    call = only(tape)
    assert (call.transfers, call.ended_by, len(call.legs)) == ((), EndedBy.AGENT, 1)


@pytest.mark.parametrize("told", ["before the bridges", "after the bridges", "after the next phone rang", "twice"])
def test_a_blind_transfer_is_one_whenever_it_is_told(told: str) -> None:
    """P1: BlindTransfer has no order against the bridges and the next phone."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.at(1020)
    if told in ("before the bridges", "twice"):
        tape.blind(eva, caller, "1002")
        tape.at(1020)
    tape.leave("b1", caller, eva)
    if told == "after the bridges":
        tape.blind(eva, caller, "1002", at=1020)
    tape.at(1020.2)
    jan = tape.phone("1.3", "1002", linked="1.1")
    tape.at(1020.3)
    tape.dial(caller, jan)
    if told in ("after the next phone rang", "twice"):
        tape.blind(eva, caller, "1002", at=1020)
    tape.hangup(eva)
    tape.at(1025)
    tape.answer(caller, jan, "b2")
    tape.end_talk(jan, caller, bridge="b2")
    call = only(tape)
    assert transfers(call) == [(TransferKind.BLIND, "PJSIP/1001", "PJSIP/1002", TransferResult.ANSWERED)]
    assert (call.legs[0].talk_s, call.ended_by) == (10.0, EndedBy.AGENT)
    assert sum(isinstance(event, CallTransferred) for event in tape.told) == 1


def test_the_next_phone_may_ring_before_the_transfer_and_its_bridges_are_told() -> None:
    """P1: even then that phone is whom the transfer led to."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.at(1020.1)
    jan = tape.phone("1.3", "1002", linked="1.1")
    tape.at(1020.2)
    tape.dial(caller, jan)
    tape.blind(eva, caller, "1002", at=1020)
    tape.at(1020.3)
    tape.leave("b1", caller, eva)
    tape.hangup(eva)
    tape.answer(caller, jan, "b2")
    assert transfers(tape.call()) == [(TransferKind.BLIND, "PJSIP/1001", "PJSIP/1002", TransferResult.ANSWERED)]


def test_a_second_transfer_is_one_of_its_own() -> None:
    tape = Tape()
    caller, eva = tape.call_in()
    tape.blind(eva, caller, "1002")
    jan = sent_on(tape, caller, eva)
    tape.answer(caller, jan, "b2")
    tape.at(1060)
    tape.blind(jan, caller, "1003")
    tape.leave("b2", caller, jan)
    tape.hangup(jan)
    rut = tape.phone("1.4", "1003", linked="1.1")
    tape.dial(caller, rut)
    tape.answer(caller, rut, "b3")
    assert [one[1:3] for one in transfers(tape.call())] == [("PJSIP/1001", "PJSIP/1002"), ("PJSIP/1002", "PJSIP/1003")]


def test_without_timestamps_a_transfer_told_twice_is_one() -> None:
    tape = Tape(timestamps=False)
    caller, eva = tape.call_in()
    tape.blind(eva, caller, "1002")
    jan = sent_on(tape, caller, eva)
    tape.blind(eva, caller, "1002")
    tape.answer(caller, jan, "b2")
    assert transfers(tape.call()) == [(TransferKind.BLIND, "PJSIP/1001", "PJSIP/1002", TransferResult.ANSWERED)]


def test_who_transfers_may_be_known_by_the_customer_alone() -> None:
    """FreePBX: the phone's channel was optimised away, the event names the line that stands for the customer."""
    tape = Tape()
    caller, eva = tape.call_in()
    stranger = tape.phone("9.9", "1001", new=False)
    tape.blind(stranger, None, "1002")
    assert tape.call().transfers == ()
    tape.blind(stranger, caller, "1002")
    assert [one.by for one in tape.call().transfers] == [eva.name.rpartition("-")[0]]


def test_a_customer_who_is_moved_on_without_an_event_was_transferred() -> None:
    """AMI Redirect: the bridges and the next DialBegin are all that tells it."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.at(1020)
    jan = sent_on(tape, caller, eva)
    tape.answer(caller, jan, "b2")
    call = tape.call()
    assert transfers(call) == [(TransferKind.BLIND, "PJSIP/1001", "PJSIP/1002", TransferResult.ANSWERED)]
    assert call.transfers[0].at == 1020


def test_a_dialplan_that_goes_on_after_the_colleague_hung_up_is_no_transfer() -> None:
    """The wish to hang up may be told after the next phone rings (P1)."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.at(1020)
    tape.leave("b1", caller, eva)
    tape.at(1020.1)
    jan = tape.phone("1.3", "1002", linked="1.1")
    tape.at(1020.2)
    tape.dial(caller, jan)
    assert len(tape.call().transfers) == 1
    tape.at(1020.3)
    tape.request(eva)
    assert tape.call().transfers == ()
    tape.hangup(eva)
    tape.hangup(jan, caller)
    assert only(tape).ended_by is EndedBy.AGENT


def test_a_transfer_to_an_outside_number_ends_the_agents_talk_and_not_the_call() -> None:
    """A56."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.at(1020)
    tape.blind(eva, caller, "07700900999")
    tape.at(1020)
    tape.leave("b1", caller, eva)
    tape.hangup(eva)
    third = tape.trunk("1.3", linked="1.1", number=None, name=None)
    tape.dial(caller, third, "07700900999@trunk-a")
    tape.dial(caller, third, "07700900999@trunk-a")
    tape.at(1030)
    tape.answer(caller, third, "b2")
    tape.at(1090)
    tape.end_talk(third, caller, bridge="b2")
    call = only(tape)
    assert transfers(call) == [(TransferKind.BLIND, "PJSIP/1001", "07700900999", TransferResult.ANSWERED)]
    assert (call.talk_s, call.ended_at, call.ended_by, len(call.legs)) == (10.0, 1090.0, EndedBy.REMOTE, 1)


# --- attended -----------------------------------------------------------------------------------------------------------


def by_swap(tape: Tape, caller: Channel, eva: Channel, own: Channel, jan: Channel) -> None:
    """The colleague who was asked takes the asker's place."""
    tape.attended(eva, own)
    tape.leave("b2", jan, own)
    tape.bridge("b1", jan, swap=eva.uniqueid)


def by_merge(tape: Tape, caller: Channel, eva: Channel, own: Channel, jan: Channel) -> None:
    """Both bridges become one: each one's own leaving and entering tells it."""
    tape.leave("b2", own, jan)
    tape.attended(eva, own)
    tape.bridge("b1", jan)
    tape.leave("b1", eva)


def by_swap_of_the_customer(tape: Tape, caller: Channel, eva: Channel, own: Channel, jan: Channel) -> None:
    """The customer takes the asker's place in the other bridge, told before the transfer is."""
    tape.leave("b1", caller)
    tape.bridge("b2", caller, swap=own.uniqueid)
    tape.attended(eva, own)


SHAPES = (by_swap, by_swap_of_the_customer, by_merge)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_an_attended_transfer_makes_the_consultation_a_part_of_the_customers_call(
    shape: Callable[[Tape, Channel, Channel, Channel, Channel], None],
) -> None:
    """A50, A39: the talk of the colleagues alone is not the customer's."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.at(1020)
    tape.play(ami.Hold(1020, eva))
    own, jan = tape.consult("1001", "1002")
    tape.at(1030)
    tape.play(ami.Unhold(1030, eva))
    tape.at(1030)
    shape(tape, caller, eva, own, jan)
    tape.hangup(eva, own)
    tape.at(1050)
    tape.end_talk(caller, jan)
    call = only(tape)
    assert transfers(call) == [(TransferKind.ATTENDED, "PJSIP/1001", "PJSIP/1002", TransferResult.ANSWERED)]
    assert [(leg.agent, leg.result) for leg in call.legs] == [("eva", LegResult.ANSWERED), ("jan", LegResult.ANSWERED)]
    assert call.legs[1].talk_s == pytest.approx(20.0, abs=4.0)
    assert (call.talk_s, call.hold_s, call.ended_by) == (pytest.approx(40.0, abs=4.0), 10.0, EndedBy.REMOTE)


def test_two_bridges_may_stay_and_be_linked_by_a_local_channel() -> None:
    """A50, DestType Link."""
    tape = Tape()
    caller, eva = tape.call_in()
    own, jan = tape.consult("1001", "1002")
    one, two = tape.local("3.1", "3.2", "_attended@transfer", linked="1.1")
    tape.at(1030)
    tape.attended(eva, own, "Link")
    tape.at(1030)
    tape.bridge("b1", one, swap=eva.uniqueid)
    tape.bridge("b2", two, swap=own.uniqueid)
    tape.hangup(eva, own)
    tape.at(1050)
    tape.request(caller)
    tape.hangup(caller, one, two, jan)
    call = only(tape)
    assert transfers(call) == [(TransferKind.ATTENDED, "PJSIP/1001", "PJSIP/1002", TransferResult.ANSWERED)]
    assert (call.legs[1].talk_s, call.ended_by) == (20.0, EndedBy.REMOTE)


def test_the_colleague_may_be_asked_first_and_the_customer_called_then() -> None:
    """A50, A74: Orig and Second tell who came first, not who is the customer."""
    tape = Tape()
    asking, jan = tape.consult("1001", "1002", root="1")
    calling = tape.phone("2.1", "1001", exten="0905123456", state=ChannelState.RING)
    customer = tape.trunk("2.2", linked="2.1", number=None, name=None, did="s")
    tape.dial(calling, customer, "0905123456@trunk-a")
    tape.at(1030)
    tape.answer(calling, customer, "b3")
    tape.at(1040)
    tape.attended(asking, calling)
    tape.bridge("b3", jan, swap=calling.uniqueid)
    tape.hangup(asking, calling)
    tape.at(1060)
    tape.end_talk(customer, jan, bridge="b3")
    call = only(tape)
    assert (call.direction, call.remote_raw) == (Direction.OUTBOUND, "0905123456")
    assert transfers(call) == [(TransferKind.ATTENDED, "PJSIP/1001", "PJSIP/1002", TransferResult.ANSWERED)]
    assert [(leg.agent, leg.result) for leg in call.legs] == [("eva", LegResult.ANSWERED), ("jan", LegResult.ANSWERED)]


@pytest.mark.parametrize("result", FAILED)
def test_an_attended_transfer_without_success_changes_nothing(result: str) -> None:
    """A55: both calls go on as they were."""
    tape = Tape()
    _, eva = tape.call_in()
    own, _ = tape.consult("1001", "1002")
    before = tape.calls()
    tape.attended(eva, own, result=result)
    assert tape.calls() == before
    assert [call.direction for call in before] == [Direction.INBOUND, Direction.INTERNAL]


def test_an_attended_transfer_of_unknown_channels_changes_nothing() -> None:
    tape = Tape()
    _, eva = tape.call_in()
    before = tape.call()
    stranger = tape.phone("9.9", "1001", new=False)
    tape.attended(eva, stranger)
    tape.attended(stranger, eva)
    tape.attended(eva, eva)
    assert tape.call() == before


def test_an_attended_transfer_told_twice_is_one() -> None:
    tape = Tape()
    caller, eva = tape.call_in()
    own, jan = tape.consult("1001", "1002")
    by_swap(tape, caller, eva, own, jan)
    tape.attended(eva, own)
    assert len(tape.calls()[0].transfers) == 1
    tape.hangup(eva, own)
    tape.attended(eva, own)
    assert len(tape.calls()[0].transfers) == 1


def test_the_bridges_may_join_the_two_before_the_transfer_is_told() -> None:
    """P1: seen in the bridges, named by AttendedTransfer."""
    tape = Tape()
    caller, eva = tape.call_in()
    own, jan = tape.consult("1001", "1002")
    tape.at(1030)
    tape.leave("b2", jan, own)
    tape.bridge("b1", jan, swap=eva.uniqueid)
    tape.attended(eva, own)
    tape.hangup(eva, own)
    tape.end_talk(jan, caller)
    call = only(tape)
    assert transfers(call) == [(TransferKind.ATTENDED, "PJSIP/1001", "PJSIP/1002", TransferResult.ANSWERED)]
    assert call.ended_by is EndedBy.AGENT


def test_a_customers_own_telephone_system_may_put_its_calls_together() -> None:
    """AttendedTransfer of two outside lines: no colleague transferred, and nothing is left behind."""
    tape = Tape()
    first, second = tape.up(tape.trunk("1.1")), tape.up(tape.trunk("2.1"))
    tape.attended(first, second)
    tape.hangup(first, second)
    tape.tick(10)
    assert tape.state.unfinished() == 0


def test_three_in_one_conversation_talk_in_parallel_and_count_once() -> None:
    """A54: who put them together stays."""
    tape = Tape()
    caller, eva = tape.call_in()
    own, jan = tape.consult("1001", "1002")
    tape.at(1030)
    tape.attended(eva, own, "Threeway")
    tape.at(1030)
    tape.leave("b2", jan, own)
    tape.at(1030)
    tape.bridge("b1", jan)
    tape.at(1050)
    tape.end_talk(eva, jan, caller)
    tape.hangup(own)
    call = only(tape)
    assert call.talk_s == 40.0
    assert legs(call) == [("eva", LegResult.ANSWERED, 40.0), ("jan", LegResult.ANSWERED, 20.0)]
    assert call.ended_by is EndedBy.AGENT


def test_a_third_party_outside_who_was_asked_first_takes_the_call() -> None:
    """A56, attended: the consultation was an outbound call."""
    tape = Tape()
    caller, eva = tape.call_in()
    own = tape.phone("2.1", "1001", exten="07700900999", state=ChannelState.RING)
    third = tape.trunk("2.2", linked="2.1", number=None, name=None)
    tape.dial(own, third, "07700900999@trunk-a")
    tape.answer(own, third, "b2")
    tape.at(1040)
    tape.attended(eva, own)
    tape.leave("b2", third, own)
    tape.bridge("b1", third, swap=eva.uniqueid)
    tape.hangup(eva, own)
    tape.at(1090)
    tape.end_talk(third, caller)
    call = only(tape)
    assert (call.direction, call.ended_by) == (Direction.INBOUND, EndedBy.REMOTE)
    assert transfers(call) == [(TransferKind.ATTENDED, "PJSIP/1001", "07700900999", TransferResult.ANSWERED)]


# --- blonde: the colleague does not wait for the answer -----------------------------------------------------------------


def blonde(tape: Tape, *, told: str = "in order") -> tuple[Channel, Channel]:
    """P15: the dial is re-parented. DialEnd NOANSWER from the asker, DialBegin from the customer, no new Newchannel."""
    caller, eva = tape.call_in()
    own, jan = tape.consult("1001", "1002", answered=False)
    tape.rings(jan)
    tape.at(1020)
    steps: dict[str, Callable[[], None]] = {
        "leave": lambda: tape.leave("b1", caller, eva),
        "told": lambda: tape.attended(eva, own, "App"),
        "given up": lambda: tape.dial_end(own, jan, "NOANSWER"),
        "dialled": lambda: tape.dial(caller, jan),
    }
    orders = {
        "in order": ("leave", "told", "given up", "dialled"),
        "told last": ("leave", "given up", "dialled", "told"),
        "told first": ("told", "leave", "given up", "dialled"),
        "bridges last": ("given up", "told", "dialled", "leave"),
    }
    for step in orders[told]:
        tape.at(1020)
        steps[step]()
    tape.hangup(eva, own)
    return caller, jan


@pytest.mark.parametrize("told", ["in order", "told last", "told first", "bridges last"])
def test_a_blonde_transfer_whose_target_picks_up_is_answered(told: str) -> None:
    """A52, P15."""
    tape = Tape()
    caller, jan = blonde(tape, told=told)
    tape.at(1030)
    tape.answer(caller, jan, "b3")
    tape.at(1040)
    tape.end_talk(caller, jan, bridge="b3")
    call = only(tape)
    assert transfers(call) == [(TransferKind.BLONDE, "PJSIP/1001", "PJSIP/1002", TransferResult.ANSWERED)]
    assert legs(call) == [("eva", LegResult.ANSWERED, 10.0), ("jan", LegResult.ANSWERED, 10.0)]
    assert call.ended_by is EndedBy.REMOTE


def test_a_blonde_transfer_that_is_declined_is_rejected() -> None:
    """A53: declining is no end of the talk before."""
    tape = Tape()
    caller, jan = blonde(tape)
    tape.request(jan, 21)
    tape.dial_end(caller, jan, "NOANSWER")
    tape.hangup(jan, cause=21)
    tape.hangup(caller)
    call = only(tape)
    assert call.ended_by is EndedBy.SYSTEM
    assert transfers(call) == [(TransferKind.BLONDE, "PJSIP/1001", "1002", TransferResult.REJECTED)]
    assert [leg.result for leg in call.legs] == [LegResult.ANSWERED, LegResult.REJECTED]


def test_a_blonde_transfer_that_comes_back_to_who_transferred_was_not_taken() -> None:
    """A53: Asterisk rings the transferer again by itself; two talks of one colleague, one record."""
    tape = Tape()
    caller, jan = blonde(tape)
    tape.dial_end(caller, jan, "NOANSWER")
    tape.hangup(jan, cause=0)
    again = tape.phone("4.1", "1001")
    tape.dial(None, again)
    tape.at(1040)
    tape.up(again)
    tape.at(1040)
    tape.bridge("b4", caller, again)
    tape.at(1055)
    tape.end_talk(again, caller, bridge="b4")
    call = only(tape)
    assert transfers(call) == [(TransferKind.BLONDE, "PJSIP/1001", "1002", TransferResult.NO_ANSWER)]
    assert [(leg.agent, leg.talk_s) for leg in call.legs if leg.talk_s] == [("eva", 10.0), ("eva", 15.0)]
    assert call.legs[2].rang_at is not None


# --- *2 and AMI Atxfer: one phone for both ------------------------------------------------------------------------------


def asks_by_star_two(tape: Tape, caller: Channel, eva: Channel, *, answered: bool = True) -> tuple[Channel, ...]:
    """The customer hears music in b1; the phone that transfers moves to b2, where a Local channel leads to Jan."""
    tape.play(ami.Hold(tape.now, eva))
    one, two = tape.local("1.3", "1.4", "1002@from-internal", linked="1.1")
    tape.bridge("b2", one)
    tape.leave("b1", eva)
    tape.bridge("b2", eva)
    jan = tape.phone("1.5", "1002", linked="1.1")
    tape.dial(two, jan)
    if answered:
        tape.answer(two, jan, "b3")
    return one, two, jan


@pytest.mark.parametrize(
    ("answered", "kind"), [(True, TransferKind.ATTENDED), (False, TransferKind.BLONDE)], ids=["attended", "blonde"]
)
def test_a_transfer_by_key_press_is_as_any_other(answered: bool, kind: TransferKind) -> None:
    """A50, A52 by *2."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.at(1020)
    one, two, jan = asks_by_star_two(tape, caller, eva, answered=answered)
    assert [call.direction for call in tape.calls()] == [Direction.INBOUND, Direction.INTERNAL]
    tape.at(1040)
    tape.request(eva)
    tape.leave("b2", eva)
    tape.bridge("b1", one)
    tape.attended(eva, eva)
    tape.hangup(eva)
    if not answered:
        tape.answer(two, jan, "b3")
    tape.at(1060)
    tape.request(caller)
    tape.hangup(caller, one, two, jan)
    call = only(tape)
    assert transfers(call) == [(kind, "PJSIP/1001", "PJSIP/1002", TransferResult.ANSWERED)]
    assert [(leg.agent, leg.result) for leg in call.legs] == [("eva", LegResult.ANSWERED), ("jan", LegResult.ANSWERED)]
    assert call.ended_by is EndedBy.REMOTE


def test_a_consultation_by_key_press_that_ends_with_the_customer_again_is_a_call_of_its_own() -> None:
    tape = Tape()
    caller, eva = tape.call_in()
    tape.at(1020)
    one, two, jan = asks_by_star_two(tape, caller, eva)
    tape.at(1030)
    tape.request(jan)
    tape.hangup(jan, two, one)
    tape.leave("b2", eva)
    tape.bridge("b1", eva)
    tape.at(1050)
    tape.end_talk(caller, eva)
    tape.tick(10)
    customers, internal = tape.calls()
    assert (customers.transfers, internal.direction) == ((), Direction.INTERNAL)
    assert [leg.agent for leg in customers.legs] == ["eva"]
    assert [(leg.agent, leg.result) for leg in internal.legs] == [
        ("eva", LegResult.ANSWERED),
        ("jan", LegResult.ANSWERED),
    ]


def test_a_local_line_that_somebody_dialled_is_no_consultation() -> None:
    """A queue's member behind a Local channel rings beside a running talk."""
    tape = Tape()
    caller, _ = tape.call_in()
    one, two = tape.local("1.3", "1.4", "1002@from-queue", linked="1.1")
    tape.dial(caller, one)
    tape.dial(two, tape.phone("1.5", "1002", linked="1.1"))
    assert [leg.agent for leg in tape.call().legs] == ["eva", "jan"]


# --- in a gap -----------------------------------------------------------------------------------------------------------


def row(channel: Channel, bridge: str | None) -> RunningChannel:
    return RunningChannel(replace(channel, state=ChannelState.UP), BridgeId(bridge) if bridge else None, "", 30.0)


def snapshot(tape: Tape, *rows: RunningChannel) -> None:
    tape.play(ami.ResyncSnapshot(at=tape.now, channels=rows, queues=(), members=None, waiting=()))


def test_a_transfer_completed_in_the_gap_is_told_by_what_is_left_of_it() -> None:
    tape = Tape()
    caller, eva = tape.call_in()
    _, jan = tape.consult("1001", "1002")
    tape.play(ami.LinkLost(tape.now))
    tape.at(1060)
    snapshot(tape, row(caller, "b1"), row(jan, "b1"))
    tape.at(1080)
    tape.end_talk(caller, jan)
    call = only(tape)
    assert transfers(call) == [(TransferKind.ATTENDED, "PJSIP/1001", "PJSIP/1002", TransferResult.ANSWERED)]
    assert (call.estimated, eva.name.startswith(call.transfers[0].by)) == (True, True)


def test_a_conference_in_the_gap_is_no_transfer() -> None:
    """Who asked is still there."""
    tape = Tape()
    caller, eva = tape.call_in()
    _, jan = tape.consult("1001", "1002")
    tape.play(ami.LinkLost(tape.now))
    tape.at(1060)
    snapshot(tape, row(caller, "b1"), row(eva, "b1"), row(jan, "b1"))
    assert tape.calls()[0].transfers == ()
    assert len(tape.calls()[0].legs) == 2
