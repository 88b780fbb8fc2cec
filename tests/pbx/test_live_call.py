"""A living call's state and sums, by what is known at that moment."""

import pytest

from pbx.calls import CallId, CallOutcome, CallState, Direction, EndedBy
from pbx.events import PbxName, Uniqueid
from pbx.live_call import LiveCall
from tests.pbx.folding import device_plan
from tests.pbx.tape import Tape


def call(direction: Direction = Direction.INBOUND) -> LiveCall:
    living = LiveCall(CallId("x"), PbxName("main"), Uniqueid("1.1"), Uniqueid("1.1"), 1000.0)
    living.direction = direction
    return living


def test_a_parked_call_is_parked_and_counts_its_time() -> None:
    parked = call()
    parked.parked.start(1010.0)
    parked.last_at = 1015.0
    assert (parked.state, parked.value().parked_s) == (CallState.PARKED, 5.0)


def test_a_call_is_held_only_when_everybody_who_talks_holds() -> None:
    both = call()
    eva, jan = both.new_leg("PJSIP/1001", device_plan()), both.new_leg("PJSIP/1002", device_plan())
    for leg in (eva, jan):
        leg.talk.start(1000.0)
    eva.hold.start(1001.0)
    assert both.state is CallState.TALKING
    jan.hold.start(1001.0)
    assert both.state is CallState.HELD


@pytest.mark.parametrize(("rings", "state"), [(True, CallState.RINGING), (False, CallState.TALKING)])
def test_after_a_talk_a_call_rings_only_while_a_phone_does(rings: bool, state: CallState) -> None:
    after = call()
    after.new_leg("PJSIP/1001", device_plan()).talk.start(1000.0)
    after.legs[0].talk.stop(1010.0)
    after.new_leg("PJSIP/1002", device_plan()).offered = rings
    assert after.state is state


@pytest.mark.parametrize(
    ("asked_at", "at", "before"),
    [(None, 1005.0, True), (1005.0, None, True), (1005.0, 1005.0, True), (1006.0, 1005.0, False)],
)
def test_the_first_wish_to_hang_up_counts_by_its_time(asked_at: float | None, at: float | None, before: bool) -> None:
    """P1: requests may overtake each other."""
    living = call()
    assert not living.ended_before(at)
    living.talk_ended_by, living.talk_ended_at = EndedBy.AGENT, asked_at
    assert living.ended_before(at) is before


def test_who_is_left_after_the_customer_and_was_called_still_belongs_to_the_call() -> None:
    living = call()
    living.remote_channels.append(Uniqueid("1.1"))
    living.channels = {Uniqueid("1.1"), Uniqueid("1.2")}
    leg = living.new_leg("PJSIP/1001", device_plan())
    leg.channels = {Uniqueid("1.2")}
    assert not living.is_deserted
    living.remote_gone_at = 1010.0
    assert not living.is_deserted
    living.channels.discard(Uniqueid("1.1"))
    assert living.is_deserted
    leg.rang_at = 1001.0
    assert not living.is_deserted


def test_a_phone_that_nobody_saw_decided_names_no_outcome() -> None:
    """Found open in the store; events came before the first snapshot."""
    living = call()
    living.new_leg("PJSIP/1001", device_plan()).offered = True
    living.final_at = living.ended_at = 1010.0
    assert living.value().outcome is CallOutcome.UNKNOWN
    living.root_hangup_requested = True
    assert living.value().outcome is CallOutcome.CANCELLED


def test_a_restored_call_whose_end_comes_before_the_first_snapshot_is_closed() -> None:
    before = Tape()
    caller = before.trunk("1.1")
    before.dial(caller, before.phone("1.2", "1001", linked="1.1"))
    tape = Tape()
    tape.state.restore([before.call()])
    tape.at(1040)
    tape.rings(caller)
    tape.hangup(caller)
    found = tape.finished()
    assert (found.id, found.outcome, found.legs[0].result) == (before.call().id, CallOutcome.UNKNOWN, None)
