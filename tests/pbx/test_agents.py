"""What an agent is doing, derived from calls, seats, devices and wrap-up."""

import pytest

from pbx import events as ami
from pbx.agents import AgentFacts, AgentState, agent_state
from pbx.call_events import AgentStateChanged
from pbx.events import DeviceStatus, QueueMember
from tests.pbx.tape import Tape, member

FREE = {
    "call_state": None,
    "in_wrap_up": False,
    "in_a_queue": True,
    "all_paused": False,
    "device": DeviceStatus.NOT_IN_USE,
    "dnd": False,
}


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, AgentState.READY),
        ({"call_state": AgentState.TALKING, "in_wrap_up": True}, AgentState.TALKING),
        ({"in_wrap_up": True, "all_paused": True}, AgentState.WRAP_UP),
        ({"in_a_queue": False, "device": DeviceStatus.UNAVAILABLE}, AgentState.OFFLINE),
        ({"device": DeviceStatus.UNAVAILABLE, "all_paused": True}, AgentState.UNREACHABLE),
        ({"device": DeviceStatus.INVALID}, AgentState.UNREACHABLE),
        ({"dnd": True, "all_paused": True}, AgentState.DND),
        ({"all_paused": True, "device": DeviceStatus.IN_USE}, AgentState.PAUSED),
        ({"device": DeviceStatus.IN_USE}, AgentState.BUSY_ELSEWHERE),
        ({"device": DeviceStatus.RINGING}, AgentState.BUSY_ELSEWHERE),
        ({"device": DeviceStatus.UNKNOWN}, AgentState.READY),
    ],
)
def test_the_first_fact_that_holds_names_the_state(facts: dict[str, object], state: AgentState) -> None:
    assert agent_state(AgentFacts(**{**FREE, **facts})) is state  # type: ignore[arg-type]


def seated(tape: Tape, *members: QueueMember) -> None:
    for one in members:
        tape.play(ami.QueueMemberAdded(tape.now, one))


def state_of(tape: Tape, name: str) -> AgentState:
    return next(agent.state for agent in tape.state.agents() if agent.name == name)


def test_accounts_are_offline_until_they_sit_in_a_queue() -> None:
    tape = Tape()
    tape.tick(0)
    assert state_of(tape, "eva") is AgentState.OFFLINE
    seated(tape, member("support", "PJSIP/1001"))
    assert state_of(tape, "eva") is AgentState.READY
    tape.play(ami.QueueMemberRemoved(tape.now, member("support", "PJSIP/1001")))
    assert state_of(tape, "eva") is AgentState.OFFLINE
    assert tape.state.interfaces_of("eva") == ("PJSIP/1001",)


def test_a_freepbx_seat_belongs_to_the_account_of_its_extension() -> None:
    tape = Tape()
    seated(tape, member("600", "Local/1001@from-queue/n", state_interface="hint:1001@ext-local"))
    assert state_of(tape, "eva") is AgentState.READY
    assert tape.state.interfaces_of("eva") == ("Local/1001@from-queue/n",)


def test_seats_without_an_account_are_shown_by_their_phone() -> None:
    tape = Tape(owners={})
    seated(tape, member("600", "Local/1007@from-queue/n"), member("600", "PJSIP/1008"), member("600", "DAHDI/7"))
    assert [agent.name for agent in tape.state.agents()] == ["PJSIP/1007", "PJSIP/1008", "DAHDI/7"]
    assert tape.state.extensions() == {"1007", "1008", "7"}
    assert tape.state.interfaces_of("nobody") == ()
    assert tape.state.seats_of("nobody") == ()
    assert [seat.queue for seat in tape.state.seats_of("PJSIP/1008")] == ["600"]


def test_paused_in_every_queue_is_paused_with_its_reason() -> None:
    tape = Tape()
    seated(tape, member("support", "PJSIP/1001"), member("sales", "PJSIP/1001"))
    coffee = member("support", "PJSIP/1001", paused=True, paused_reason="coffee")
    tape.play(ami.QueueMemberChanged(tape.now, coffee))
    assert state_of(tape, "eva") is AgentState.READY
    tape.play(ami.QueueMemberChanged(tape.now, member("sales", "PJSIP/1001", paused=True)))
    eva = next(agent for agent in tape.state.agents() if agent.name == "eva")
    assert (eva.state, eva.reason, eva.queues) == (AgentState.PAUSED, "coffee", ("sales", "support"))


def test_an_agent_rings_talks_holds_and_is_free_again() -> None:
    tape = Tape()
    seated(tape, member("support", "PJSIP/1001"))
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.answer(caller, eva)
    tape.play(ami.Hold(tape.now, eva))
    tape.play(ami.Unhold(tape.now, eva))
    tape.end_talk(caller, eva)
    told = [
        event.agent.state for event in tape.told if isinstance(event, AgentStateChanged) and event.agent.name == "eva"
    ]
    ringing, talking, hold = AgentState.RINGING, AgentState.TALKING, AgentState.HOLD
    assert told[-6:] == [AgentState.READY, ringing, talking, hold, talking, AgentState.READY]


def test_since_is_the_moment_of_the_last_change_of_state() -> None:
    tape = Tape()
    seated(tape, member("support", "PJSIP/1001"))
    tape.at(2000)
    tape.play(ami.QueueMemberChanged(2000, member("support", "PJSIP/1001", penalty=2)))
    assert next(agent.since for agent in tape.state.agents() if agent.name == "eva") == 1000


def test_wrap_up_begins_after_a_talk_and_ends_with_time() -> None:
    tape = Tape(wrap_up_s=20.0)
    seated(tape, member("support", "PJSIP/1001"))
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.answer(caller, eva)
    tape.end_talk(caller, eva)
    assert state_of(tape, "eva") is AgentState.WRAP_UP
    tape.tick(15)
    assert state_of(tape, "eva") is AgentState.WRAP_UP
    tape.tick(6)
    assert state_of(tape, "eva") is AgentState.READY


def test_no_wrap_up_after_a_missed_call() -> None:
    tape = Tape(wrap_up_s=20.0)
    seated(tape, member("support", "PJSIP/1001"))
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.dial_end(caller, eva, "NOANSWER")
    tape.hangup(eva, cause=0)
    assert state_of(tape, "eva") is AgentState.READY


@pytest.mark.parametrize(
    ("device", "told", "state"),
    [
        ("PJSIP/1001", "UNAVAILABLE", AgentState.UNREACHABLE),
        ("PJSIP/1001", "INUSE", AgentState.BUSY_ELSEWHERE),
        ("PJSIP/1001", "NOT_INUSE", AgentState.READY),
        ("PJSIP/1001", "SOMETHING", AgentState.READY),
        ("Custom:DND1001", "BUSY", AgentState.DND),
        ("Custom:DND1001", "NOT_INUSE", AgentState.READY),
        ("Custom:DND1999", "BUSY", AgentState.READY),
        ("PJSIP/991001", "INUSE", AgentState.READY),  # the twin's state says nothing of the desk phone
        ("PJSIP/trunk-a", "INUSE", AgentState.READY),
    ],
)
def test_device_states(device: str, told: str, state: AgentState) -> None:
    tape = Tape()
    seated(tape, member("support", "PJSIP/1001"))
    tape.play(ami.DeviceStateChange(tape.now, device, told))
    assert state_of(tape, "eva") is state


def test_a_new_sign_in_moves_the_seat_and_the_running_call() -> None:
    tape = Tape()
    seated(tape, member("support", "PJSIP/1001"))
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.answer(caller, eva)
    tape.state.set_owners({"PJSIP/1001": "zoe", "PJSIP/1002": "eva"})
    tape.tick(0)
    assert state_of(tape, "zoe") is AgentState.TALKING
    assert state_of(tape, "eva") is AgentState.OFFLINE


def test_legs_of_calls_that_are_gone_hold_nobody() -> None:
    tape = Tape()
    seated(tape, member("support", "PJSIP/1001"))
    caller = tape.trunk("1.1")
    tape.join(caller, "support")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.play(ami.LinkLost(tape.now))
    gone = ami.ResyncSnapshot(at=tape.now, channels=(), queues=None, members=None, waiting=None)
    tape.play(gone)
    assert state_of(tape, "eva") is AgentState.READY


def test_the_call_that_counts_most_is_shown() -> None:
    tape = Tape()
    first, second = tape.trunk("1.1"), tape.trunk("2.1")
    one = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(first, one)
    tape.answer(first, one)
    two = tape.phone("2.2", "1001", linked="2.1")
    tape.dial(second, two)
    eva = next(agent for agent in tape.state.agents() if agent.name == "eva")
    assert (eva.state, eva.call_id) == (AgentState.TALKING, tape.calls()[0].id)


def test_who_transferred_or_parked_is_free_again() -> None:
    tape = Tape()
    tape.play(ami.QueueMemberAdded(tape.now, member("support", "PJSIP/1001")))
    caller, eva = tape.call_in()
    assert state_of(tape, "eva") is AgentState.TALKING
    tape.leave("b1", caller, eva)
    tape.park(caller)
    tape.hangup(eva)
    assert state_of(tape, "eva") is AgentState.READY


def test_a_consultation_that_became_part_of_the_customers_call_holds_nobody() -> None:
    tape = Tape()
    for endpoint in ("PJSIP/1001", "PJSIP/1002"):
        tape.play(ami.QueueMemberAdded(tape.now, member("support", endpoint)))
    caller, eva = tape.call_in()
    own, jan = tape.consult("1001", "1002")
    tape.attended(eva, own)
    tape.leave("b2", jan, own)
    tape.bridge("b1", jan, swap=eva.uniqueid)
    tape.hangup(eva, own)
    assert state_of(tape, "eva") is AgentState.READY
    jans = next(agent for agent in tape.state.agents() if agent.name == "jan")
    assert (jans.state, jans.call_id) == (AgentState.TALKING, tape.calls()[0].id)
    tape.end_talk(caller, jan)
    assert state_of(tape, "jan") is AgentState.READY


def test_a_device_state_told_twice_is_one_change() -> None:
    tape = Tape()
    tape.play(ami.QueueMemberAdded(tape.now, member("support", "PJSIP/1001")))
    assert tape.play(ami.DeviceStateChange(tape.now, "PJSIP/1001", "INUSE"))
    assert tape.play(ami.DeviceStateChange(tape.now, "PJSIP/1001", "INUSE")) == []
