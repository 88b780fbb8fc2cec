"""The one way in: time of events, results of originates, what is there now."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from crm_store.call_log import call_record
from pbx import events as ami
from pbx.call_events import CallChanged, OriginateFinished, PbxLost
from pbx.devices import DeviceKind
from pbx.events import PbxName, Uniqueid
from pbx.pbx_state import PbxState
from tests.pbx.folding import NUMBERING, device_plan
from tests.pbx.tape import Tape, member


def test_without_timestamps_the_live_service_takes_the_arrival() -> None:
    state = PbxState(PbxName("main"), device_plan())
    state.apply(ami.Newchannel(None, Tape().trunk("1.1", new=False)), 1234.5)
    assert state.open_calls()[0].started_at == 1234.5


def test_the_result_of_an_originate_is_told_with_its_channel_id() -> None:
    tape = Tape()
    tape.play(ami.OriginateResponse(1000, "x", False, 3, "PJSIP/1001", Uniqueid("cti-1")))
    tape.play(ami.OriginateResponse(1000, "x", False, 0, "PJSIP/1001", None))
    (told,) = [event for event in tape.told if isinstance(event, OriginateFinished)]
    assert (told.channel_id, told.success, told.reason) == ("cti-1", False, 3)


def test_a_lost_link_is_told() -> None:
    tape = Tape()
    tape.play(ami.LinkLost(1000))
    assert tape.names() == ["PbxLost"]
    assert [event.pbx for event in tape.told if isinstance(event, PbxLost)] == ["main"]


def test_a_call_is_hung_up_by_a_channel_that_still_lives() -> None:
    """The root of a click-to-dial through a Local channel is optimised away."""
    tape = Tape()
    one, two = tape.local("cti-1", "1.3", "1001@originate-skipvm", linked="cti-1")
    eva = tape.phone("1.4", "1001", linked="cti-1")
    tape.dial(two, eva)
    assert tape.state.living_channel("cti-1") == one.name
    tape.hangup(one, two)
    assert tape.state.living_channel("cti-1") == eva.name
    tape.hangup(eva)
    assert tape.state.living_channel("cti-1") is None
    assert tape.state.living_channel("other") is None
    assert tape.state.unfinished() == 1


def test_an_endpoint_is_a_phone_or_not() -> None:
    tape = Tape()
    assert tape.state.device_kind("PJSIP/1001") is DeviceKind.PHONE
    assert tape.state.device_kind("PJSIP/trunk-a") is DeviceKind.TRUNK


def test_events_that_say_nothing_of_calls_change_nothing() -> None:
    tape = Tape()
    tape.play(ami.FullyBooted(1000, 5))
    tape.play(ami.BridgeDestroy(1000, ami.BridgeId("b1")))
    assert tape.names() == []


def test_events_of_buried_and_of_unknown_channels_never_raise() -> None:
    tape = Tape()
    trunk, phone = tape.trunk("1.1"), tape.phone("1.2", "1001", linked="1.1")
    tape.hangup(phone, trunk)
    stray = tape.phone("9.9", "1002", linked="8.8", new=False)
    bridge = ami.BridgeId("b1")
    for channel in (trunk, phone, stray):
        for event in (
            ami.Newstate(1001, channel),
            ami.HangupRequest(1001, channel),
            ami.NewCallerid(1001, channel, True),
            ami.Newexten(1001, channel, "Queue", "support"),
            ami.VarSet(1001, channel, "QUEUESTATUS", "FULL"),
            ami.VarSet(1001, None, "QUEUESTATUS", "FULL"),
            ami.DialBegin(1001, None, channel, ""),
            ami.DialBegin(1001, phone, channel, ""),
            ami.DialState(1001, phone, channel, "RINGING"),
            ami.DialState(1001, phone, channel, "PROGRESS"),
            ami.DialEnd(1001, phone, channel, "ANSWER", None),
            ami.BridgeEnter(1001, bridge, "basic", "simple_bridge", channel, None),
            ami.BridgeLeave(1001, bridge, channel),
            ami.BridgeMerge(1001, bridge, ami.BridgeId("b2")),
            ami.LocalBridge(1001, channel, phone, False),
            ami.Hold(1001, channel),
            ami.QueueCallerJoin(1001, channel, "support", 1),
            ami.QueueCallerLeave(1001, channel, "support"),
            ami.QueueCallerAbandon(1001, channel, "support", None),
            ami.AgentConnect(1001, channel, channel, "support", "x", "x", None, None),
            ami.AgentConnect(1001, None, None, "support", "x", "x", None, None),
            ami.Hangup(1001, channel, None),
        ):
            tape.play(event)
    tape.tick(100)
    assert tape.state.open_calls() == []
    assert [call.outcome for call in tape.calls()] == ["unknown"]


def test_the_end_of_a_capture_leaves_running_calls_open_and_estimated() -> None:
    """As a lost link does, except that nothing comes after it."""
    tape = Tape()
    ended, running = tape.trunk("1.1"), tape.trunk("2.1")
    tape.hangup(ended)
    tape.told += tape.state.finish()
    assert [(call.uniqueid, call.estimated, call.outcome) for call in tape.calls()] == [
        (ended.uniqueid, False, "unknown"),
        (running.uniqueid, True, None),
    ]


def test_an_agents_seats_are_as_last_told() -> None:
    tape = Tape()
    tape.play(ami.QueueMemberAdded(1000, member("support", "PJSIP/1001")))
    tape.play(ami.QueueMemberAdded(1000, member("sales", "PJSIP/1001", paused=True)))
    assert [(seat.queue, seat.paused) for seat in tape.state.seats_of("eva")] == [("support", False), ("sales", True)]
    assert tape.state.seats_of("nobody") == ()


def test_the_events_of_one_read_tell_a_call_that_changed_several_times_once() -> None:
    one_by_one, together = Tape(), Tape()
    for tape in (one_by_one, together):
        tape.state.apply(ami.Newchannel(1000, tape.trunk("1.1", new=False)), 1000)
    changes = [ami.Newstate(1000, one_by_one.trunk("1.1", new=False, state=ami.ChannelState.UP)) for _ in range(3)]
    assert [len(one_by_one.state.apply(change, 1000)) for change in changes] == [1, 1, 1]
    for change in changes:
        together.state.take(change, 1000)
    (changed,) = together.state.happened(1000)
    assert isinstance(changed, CallChanged)
    assert together.state.happened(1000) == []


def test_a_phone_that_begins_to_ring_is_urgent_until_it_is_told() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.state.take(ami.DialBegin(1002, caller, eva, ""), 1002)
    assert tape.state.urgent
    tape.state.happened(1002)
    assert not tape.state.urgent


@pytest.mark.parametrize(
    "began",
    [
        datetime(2026, 12, 31, 23, 59, 50, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 59, 50, tzinfo=UTC),
        datetime(2026, 3, 29, 0, 59, 50, tzinfo=UTC),
    ],
    ids=["midnight", "clock back", "clock forward"],
)
def test_midnight_and_the_change_of_clocks_cost_no_second(began: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """A79: stored in UTC, durations right, wherever the machine stands."""
    monkeypatch.setenv("TZ", "Europe/Prague")
    time.tzset()
    start = began.timestamp()
    tape = Tape()
    tape.at(start)
    caller, eva = tape.call_in(talk_at=start + 5)
    tape.at(start + 30)
    tape.end_talk(caller, eva)
    tape.tick(10)
    record = call_record(tape.call(), NUMBERING, agents=False)
    ended = began + timedelta(seconds=30)
    assert (record["talk_s"], record["wait_s"]) == (25.0, 5.0)
    assert datetime.fromisoformat(record["started_at"]) == began
    assert datetime.fromisoformat(record["ended_at"]) == ended
    assert datetime.fromisoformat(record["ended_at"]).utcoffset() == timedelta(0)
