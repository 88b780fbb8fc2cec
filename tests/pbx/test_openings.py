"""How calls begin: at a trunk, at a phone that dials, by a click. And what is no call."""

from pbx import events as ami
from pbx.call_events import Anomaly, CallOffered, CallStarted
from pbx.calls import CallOutcome, Direction, EndedBy, LegResult
from pbx.events import ChannelState, PbxName
from pbx.pbx_state import PbxState
from tests.pbx.folding import device_plan
from tests.pbx.tape import Tape


def test_a_feature_code_is_no_call() -> None:
    tape = Tape()
    eva = tape.phone("1.1", "1001", exten="*21", state=ami.ChannelState.RING)
    tape.up(eva)
    tape.hangup(eva)
    tape.tick(10)
    assert tape.calls() == []


def test_click_to_dial_rings_the_agent_first_and_that_is_no_talk() -> None:
    tape = Tape()
    tape.state.expect_originate("cti-1", "+421905123456")
    eva = tape.phone("cti-1", "1001")
    tape.dial(None, eva)
    tape.at(1010)
    eva = tape.up(eva)
    customer = tape.trunk("1.2", linked="cti-1")
    tape.dial(eva, customer, "0905123456@trunk-a")
    tape.at(1020)
    tape.answer(eva, customer)
    tape.at(1030)
    tape.end_talk(eva, customer)
    call = tape.finished()
    assert (call.direction, call.click_to_dial, call.remote_raw) == (Direction.OUTBOUND, "cti-1", "+421905123456")
    assert (call.outcome, call.ended_by, call.talk_s) == (CallOutcome.ANSWERED, EndedBy.AGENT, 10.0)
    (leg,) = call.legs
    assert (leg.rang_at, leg.answered_at, leg.ring_s) == (1001.0, 1020.0, 9.0)
    assert [event.leg.agent for event in tape.told if isinstance(event, CallOffered)] == ["eva"]


def test_click_to_dial_that_the_agent_does_not_take() -> None:
    tape = Tape()
    eva = tape.phone("cti-1", "1001")
    tape.dial(None, eva)
    tape.rings(eva)
    tape.dial_end(None, eva, "NOANSWER")
    tape.hangup(eva, cause=19)
    call = tape.finished()
    assert (call.outcome, call.legs[0].result) == (CallOutcome.AGENT_NO_ANSWER, LegResult.MISSED)


def test_an_originate_of_somebody_else_is_a_call_once_it_dials() -> None:
    tape = Tape()
    eva = tape.phone("1.1", "1001")
    tape.dial(None, eva)
    eva = tape.up(tape.phone("1.1", "1001", exten="0905123456", new=False))
    assert tape.calls() == []
    customer = tape.trunk("1.2", linked="1.1")
    tape.dial(eva, customer, "0905123456@trunk-a")
    call = tape.call()
    assert (call.direction, call.remote_raw, call.click_to_dial) == (Direction.OUTBOUND, "0905123456", None)


def test_a_number_withheld_from_the_first_event_is_never_kept() -> None:
    tape = Tape()
    caller = tape.trunk("1.1", new=False)
    tape.play(ami.Newchannel(1000.0, caller, restricted=True))
    assert tape.call().remote_raw is None


def test_the_same_caller_twice_at_once_is_two_calls() -> None:
    tape = Tape()
    tape.trunk("1.1")
    tape.at(1000)
    tape.trunk("1.2")
    assert len(tape.calls()) == 2
    assert len({call.id for call in tape.calls()}) == 2


def test_devices_that_are_neither_trunk_nor_phone_are_named_once() -> None:
    tape = Tape(owners={})
    strange = tape.phone("1.1", "lobby", exten="1", state=ami.ChannelState.RING)
    tape.hangup(strange)
    tape.phone("1.2", "lobby", exten="1", state=ami.ChannelState.RING)
    assert [event.kind for event in tape.told if isinstance(event, Anomaly)] == ["unknown_device"]
    assert tape.calls() == []


def test_the_start_is_told_before_anything_else() -> None:
    tape = Tape()
    tape.trunk("1.1")
    assert isinstance(tape.told[0], CallStarted)


def test_a_phone_off_the_hook_is_silent_until_it_dials() -> None:
    tape = Tape()
    eva = tape.phone("1.1", "1001", exten="1002", state=ChannelState.RING)
    assert (tape.names(), tape.state.unfinished()) == ([], 0)
    tape.dial(eva, tape.phone("1.2", "1002", linked="1.1"))
    assert tape.names()[:2] == ["CallStarted", "CallOffered"]


def test_each_call_has_an_id_that_the_same_bytes_give_again() -> None:
    ids = [[call.id for call in two_calls().calls()] for _ in range(2)]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 2


def two_calls() -> Tape:
    tape = Tape()
    for uniqueid in ("1.1", "2.1"):
        tape.at(1000)
        tape.trunk(uniqueid)
    return tape


def test_the_number_asked_for_belongs_to_one_click_only() -> None:
    tape = Tape()
    tape.state.expect_originate("cti-1", "+421905123456")
    tape.phone("cti-1", "1001")
    tape.phone("cti-2", "1001")
    assert [(call.click_to_dial, call.remote_raw) for call in tape.calls()] == [
        ("cti-1", "+421905123456"),
        ("cti-2", None),
    ]


def test_a_click_that_came_to_nothing_is_not_remembered_for_ever() -> None:
    """An accepted Originate to a phone that is not registered makes no channel, and a lost answer says nothing."""
    tape = Tape()
    check = ami.ResyncSnapshot(at=1060, channels=(), queues=None, members=None, waiting=None, self_check=True)
    tape.state.expect_originate("cti-1", "+421905123456")
    tape.play(check)
    tape.state.expect_originate("cti-2", "+421905123457")
    assert tape.state.held()["originates"] == 2  # the first may be on its way
    tape.play(check)
    assert tape.state.held()["originates"] == 1
    tape.state.forget_originate("cti-2")
    assert tape.state.held()["originates"] == 0


def test_what_is_held_goes_with_the_calls() -> None:
    tape = Tape()
    customer, eva = tape.trunk("1.1"), tape.phone("1.2", "1001", linked="1.1")
    tape.dial(customer, eva)
    tape.answer(customer, eva)
    assert tape.state.held() == {"calls": 1, "channels": 2, "bridges": 1, "tombstones": 0, "originates": 0}
    tape.end_talk(customer, eva)
    tape.tick(10)
    assert tape.state.held() == {"calls": 0, "channels": 0, "bridges": 0, "tombstones": 2, "originates": 0}
    tape.tick(60)
    assert set(tape.state.held().values()) == {0}


def test_equal_uniqueids_of_two_telephone_systems_are_two_calls() -> None:
    """A81: cloned machines count alike."""
    seen = Tape().trunk("1.1", new=False)
    ids = []
    for name in ("praha", "brno"):
        state = PbxState(PbxName(name), device_plan())
        state.apply(ami.Newchannel(1000.0, seen), 1000.0)
        (call,) = state.open_calls()
        assert (call.pbx, call.uniqueid) == (name, "1.1")
        ids.append(call.id)
    assert ids[0] != ids[1]


def test_an_emergency_call_is_a_call_as_any_other() -> None:
    """A77: told from its first dial on, never held up."""
    tape = Tape()
    eva = tape.phone("1.1", "1001", exten="112", state=ChannelState.RING)
    line = tape.trunk("1.2", linked="1.1", number=None, name=None)
    tape.dial(eva, line, "112@trunk-a")
    tape.answer(eva, line)
    tape.end_talk(line, eva)
    call = tape.finished()
    assert (call.direction, call.remote_raw, call.dialled_raw) == (Direction.OUTBOUND, "112", "112")
    assert (call.outcome, call.ended_by) == (CallOutcome.ANSWERED, EndedBy.REMOTE)
