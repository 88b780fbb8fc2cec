"""A caller is parked: the bridge of the parking lot tells when, whatever ParkedCall and its kin say (P2)."""

import pytest

from pbx import events as ami
from pbx.calls import CallOutcome, CallState, EndedBy, LegResult, TransferKind
from pbx.events import BridgeId, Channel, ChannelState
from tests.pbx.tape import Tape


def parked(tape: Tape, *, number: str = "1", lot: str = "lot") -> tuple[Channel, Channel]:
    """Eva talks from 1010 on and parks the caller at 1020 by a transfer to the lot."""
    caller = tape.up(tape.trunk(f"{number}.1"))
    eva = tape.phone(f"{number}.2", "1001", linked=f"{number}.1")
    tape.dial(caller, eva)
    tape.at(1010)
    tape.answer(caller, eva, f"talk-{number}")
    tape.at(1020)
    tape.blind(eva, caller, "700")
    tape.at(1020)
    tape.leave(f"talk-{number}", caller, eva)
    tape.at(1020)
    tape.park(caller, lot)
    tape.hangup(eva)
    return caller, eva


def fetched(tape: Tape, caller: Channel, lot: str = "lot") -> Channel:
    jan = tape.up(tape.phone("7.1", "1002", exten="701", state=ChannelState.RING))
    tape.leave(lot, caller)
    tape.bridge("b2", caller, jan)
    return jan


def test_a_parked_call_waits_for_whoever_fetches_it() -> None:
    """A59: the transfer to the lot is no transfer."""
    tape = Tape()
    caller, _ = parked(tape)
    assert (tape.call().state, tape.call().transfers) == (CallState.PARKED, ())
    tape.at(1048)
    jan = fetched(tape, caller)
    tape.at(1080)
    tape.end_talk(jan, caller, bridge="b2")
    call = tape.finished()
    assert (call.parked_s, call.outcome, call.ended_by) == (30.0, CallOutcome.ANSWERED, EndedBy.AGENT)
    assert [(leg.agent, leg.result, leg.talk_s) for leg in call.legs] == [
        ("eva", LegResult.ANSWERED, 10.0),
        ("jan", LegResult.ANSWERED, 29.0),
    ]
    assert call.transfers == ()


def test_who_hangs_up_in_the_park_ended_the_call() -> None:
    """A61."""
    tape = Tape()
    caller, _ = parked(tape)
    tape.at(1050)
    tape.request(caller)
    tape.at(1050)
    tape.hangup(caller)
    call = tape.finished()
    assert (call.parked_s, call.talk_s, call.ended_by) == (30.0, 10.0, EndedBy.REMOTE)
    assert (call.outcome, call.state) == (CallOutcome.ANSWERED, CallState.ENDED)


def test_a_parked_call_that_nobody_fetches_comes_back_to_who_parked_it() -> None:
    """A60: one record with two parts of one colleague, and no transfer."""
    tape = Tape()
    caller, _ = parked(tape)
    tape.at(1065)
    tape.leave("lot", caller)
    again = tape.phone("1.3", "1001", linked="1.1")
    tape.dial(caller, again)
    assert tape.call().state is CallState.RINGING
    tape.answer(caller, again, "b2")
    tape.end_talk(caller, again, bridge="b2")
    call = tape.finished()
    assert (call.parked_s, call.transfers, [leg.agent for leg in call.legs]) == (45.0, (), ["eva", "eva"])


@pytest.mark.parametrize("moment", ["early", "late", "never"])
def test_parking_events_come_from_another_thread_and_change_nothing(moment: str) -> None:
    """P2."""

    def story(told: str) -> Tape:
        tape = Tape()
        caller, eva = tape.call_in()
        words: list[ami.PbxEvent] = [
            ami.ParkedCall(1020, caller, "PJSIP/1001", "701"),
            ami.UnParkedCall(1040, caller, None),
            ami.ParkedCallTimeOut(1040, caller),
            ami.ParkedCallGiveUp(1040, caller),
        ]
        if told == "early":
            for word in words:
                tape.play(word)
        tape.at(1020)
        tape.leave("b1", caller, eva)
        tape.at(1020)
        tape.park(caller)
        tape.hangup(eva)
        tape.at(1039)
        jan = fetched(tape, caller)
        if told == "late":
            for word in words:
                tape.play(word)
        tape.at(1060)
        tape.end_talk(caller, jan, bridge="b2")
        tape.tick(10)
        return tape

    assert story(moment).call() == story("never").call()


@pytest.mark.parametrize("first", ["the transfer", "the lot"])
def test_parking_by_transfer_is_told_by_both_in_either_order(first: str) -> None:
    tape = Tape()
    caller, eva = tape.call_in()
    tape.at(1020)
    tape.leave("b1", caller, eva)
    steps = [lambda: tape.blind(eva, caller, "700", at=1020), lambda: tape.park(caller)]
    for step in steps if first == "the transfer" else reversed(steps):
        tape.at(1020)
        step()
    tape.hangup(eva)
    assert (tape.call().state, tape.call().transfers) == (CallState.PARKED, ())


def test_two_calls_in_one_lot_do_not_hear_each_other() -> None:
    """All parked calls of a lot are in one bridge."""
    tape = Tape()
    first, _ = parked(tape, number="1")
    second, _ = parked(tape, number="2")
    assert [call.state for call in tape.calls()] == [CallState.PARKED, CallState.PARKED]
    tape.at(1048)
    jan = fetched(tape, first)
    assert [call.state for call in tape.calls()] == [CallState.TALKING, CallState.PARKED]
    tape.at(1070)
    tape.end_talk(first, jan, bridge="b2")
    tape.at(1080)
    tape.request(second)
    tape.at(1080)
    tape.hangup(second)
    tape.tick(10)
    assert [(call.parked_s, len(call.legs), call.ended_by) for call in tape.calls()] == [
        (30.0, 2, EndedBy.REMOTE),
        (60.0, 1, EndedBy.REMOTE),
    ]


def test_a_freepbx_caller_may_be_parked_behind_a_local_channel() -> None:
    """The half that stands for the customer is the one in the lot."""
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    one, two = tape.local("1.2", "1.3", "1001@from-queue", linked="1.1")
    tape.dial(caller, one)
    eva = tape.phone("1.4", "1001", linked="1.1")
    tape.dial(two, eva)
    tape.answer(two, eva, "b2")
    tape.at(1010)
    tape.bridge("b1", caller, one)
    tape.at(1020)
    tape.blind(eva, two, "700")
    tape.at(1020)
    tape.leave("b2", two, eva)
    tape.at(1020)
    tape.park(two)
    tape.hangup(eva)
    assert (tape.call().state, tape.call().transfers) == (CallState.PARKED, ())
    tape.at(1050)
    tape.leave("lot", two)
    jan = tape.up(tape.phone("7.1", "1002", exten="701", state=ChannelState.RING))
    tape.at(1050)
    tape.bridge("b3", two, jan)
    tape.at(1060)
    tape.request(caller)
    tape.at(1060)
    tape.hangup(caller, one, two, jan)
    call = tape.finished()
    assert (call.parked_s, call.talk_s) == (30.0, 20.0)
    assert [leg.agent for leg in call.legs] == ["eva", "jan"]


def test_a_call_parked_twice_counts_both() -> None:
    tape = Tape()
    caller, _ = parked(tape)
    tape.at(1030)
    tape.leave("lot", caller)
    jan = tape.up(tape.phone("7.1", "1002", exten="701", state=ChannelState.RING))
    tape.bridge("b2", caller, jan)
    tape.at(1040)
    tape.leave("b2", caller, jan)
    tape.at(1040)
    tape.park(caller)
    tape.hangup(jan)
    tape.at(1045)
    tape.request(caller)
    tape.at(1045)
    tape.hangup(caller)
    assert tape.finished().parked_s == 15.0


def test_a_transfer_before_parking_stays_one() -> None:
    """Eva transferred to Jan, who talked and parked."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.blind(eva, caller, "1002")
    tape.leave("b1", caller, eva)
    tape.hangup(eva)
    jan = tape.phone("1.3", "1002", linked="1.1")
    tape.dial(caller, jan)
    tape.answer(caller, jan, "b2")
    tape.leave("b2", caller, jan)
    tape.park(caller)
    tape.hangup(jan)
    (transfer,) = tape.call().transfers
    assert (transfer.kind, transfer.to) == (TransferKind.BLIND, "PJSIP/1002")


def test_leaving_another_bridge_is_not_leaving_the_park() -> None:
    """P1: the BridgeLeave of the talk may be told after the BridgeEnter of the lot."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.park(caller)
    tape.leave("b1", caller, eva)
    assert tape.call().state is CallState.PARKED
    tape.leave("lot", eva)
    assert tape.call().state is CallState.PARKED


def holding(tape: Tape, channel: Channel) -> None:
    """BridgeEnter of a bridge where agents stand by (app_agent_pool)."""
    tape.play(ami.BridgeEnter(tape.now, BridgeId("pool"), "base", "holding_bridge", channel, None))


def test_an_agents_open_line_belongs_to_no_call_between_two() -> None:
    """A42: two callers, one line of the agent for the whole shift; two records."""
    tape = Tape()
    eva = tape.up(tape.phone("0.1", "1001", exten="*77", state=ChannelState.RING))
    holding(tape, eva)
    for number, began in (("1", 1010.0), ("2", 1040.0)):
        caller = tape.up(tape.trunk(f"{number}.1"))
        tape.at(began)
        tape.bridge(f"talk-{number}", caller, eva)
        tape.at(began + 15)
        tape.request(caller)
        tape.at(began + 15)
        tape.leave(f"talk-{number}", caller, eva)
        tape.at(began + 15)
        tape.hangup(caller)
        holding(tape, eva)
    tape.tick(10)
    assert [(call.talk_s, len(call.legs), call.outcome) for call in tape.calls()] == [
        (15.0, 1, CallOutcome.ANSWERED),
        (15.0, 1, CallOutcome.ANSWERED),
    ]
    assert tape.state.open_calls() == []


def test_an_agent_of_the_pool_is_out_of_a_call_that_goes_on() -> None:
    """A42, A43: the caller stays for a survey, the agent's line waits for the next one."""
    tape = Tape()
    eva = tape.up(tape.phone("0.1", "1001", exten="*77", state=ChannelState.RING))
    holding(tape, eva)
    caller = tape.up(tape.trunk("1.1"))
    tape.bridge("b1", caller, eva)
    tape.leave("b1", caller, eva)
    tape.at(1020)
    holding(tape, eva)
    (leg,) = tape.call().legs
    assert (leg.result, leg.ended_at is not None, tape.call().state) == (LegResult.ANSWERED, True, CallState.TALKING)


def test_a_holding_bridge_of_nobodys_channel_is_no_parking() -> None:
    tape = Tape()
    tape.park(tape.phone("9.9", "1001", linked="8.8", new=False))
    tape.play(ami.BridgeEnter(tape.now, BridgeId("lot"), "parking", "holding_bridge", tape.trunk("1.1"), None))
    assert tape.call().state is CallState.PARKED
    assert tape.call().legs == ()


def test_a_colleague_who_waits_in_the_lot_parks_nobody() -> None:
    """A phone of the call that is moved into the lot is no customer."""
    tape = Tape()
    caller, eva = tape.call_in()
    tape.park(eva)
    assert tape.call().state is not CallState.PARKED
    tape.leave("lot", eva)
    tape.hangup(eva, caller)
    assert tape.finished().parked_s == 0.0


def test_leaving_the_lot_is_told_at_once() -> None:
    tape = Tape()
    caller, _ = parked(tape)
    tape.leave("lot", caller)
    assert tape.call().state is CallState.TALKING  # the dialplan goes on, nothing rings yet


def test_a_customer_who_is_made_to_wait_stays_in_the_call() -> None:
    """BridgeWait of the dialplan is neither the park nor an agent's open line."""
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    holding(tape, caller)
    assert tape.call().state is CallState.RINGING
    tape.hangup(caller)
    assert tape.finished().outcome is CallOutcome.IVR_ONLY


def test_a_colleague_who_calls_out_and_waits_stays_in_the_call() -> None:
    tape = Tape()
    eva = tape.phone("1.1", "1001", exten="0905123456", state=ChannelState.RING)
    customer = tape.trunk("1.2", linked="1.1", number=None, name=None)
    tape.dial(eva, customer, "0905123456@trunk-a")
    tape.answer(eva, customer)
    tape.leave("b1", eva)
    holding(tape, eva)
    assert [leg.result for leg in tape.call().legs] == [None]


def test_an_agents_line_that_never_talked_stays_in_the_call() -> None:
    """Picked up, and not connected yet."""
    tape = Tape()
    caller = tape.up(tape.trunk("1.1"))
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.up(eva)
    holding(tape, eva)
    assert [leg.result for leg in tape.call().legs] == [None]


def test_a_colleague_may_be_parked_by_a_colleague() -> None:
    tape = Tape()
    eva = tape.phone("1.1", "1001", exten="1002", state=ChannelState.RING)
    jan = tape.phone("1.2", "1002", linked="1.1")
    tape.dial(eva, jan)
    tape.answer(eva, jan)
    tape.leave("b1", eva, jan)
    tape.park(eva)
    assert tape.call().state is CallState.PARKED
