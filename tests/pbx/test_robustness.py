"""No stream of events, however broken, raises or leaves a call behind: remote nonsense is data."""

from collections.abc import Sequence
from dataclasses import fields, replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pbx import events as ami
from pbx.call_events import CallDropped, CallEnded, CallStarted
from pbx.calls import CallState
from pbx.events import BridgeId, Channel, ChannelState, PbxEvent, PbxName, Uniqueid
from pbx.pbx_state import PbxState
from tests.pbx.folding import RECORDINGS, TWINS, device_plan
from tests.pbx.stories import channels_of, story

CAPTURES = sorted(RECORDINGS.glob("asterisk*/*.ami"))
#: Events per stream: enough for a call with two transfers.
MOST = 120


# --- streams ----------------------------------------------------------------------------------------------------------

NAMES = ("PJSIP/trunk-a", "PJSIP/1001", "PJSIP/991001", "PJSIP/1002", "Local/1001@from-queue", "DAHDI/1")
TEXT = st.sampled_from(
    ["", "support", "sales", "PJSIP/1001", "ANSWER", "NOANSWER", "BUSY", "RINGING", "QUEUESTATUS", "FULL"]
)
NUMBERS = st.sampled_from([None, "", "1001", "+421905123456", "s"])


@st.composite
def channels(draw: st.DrawFn) -> Channel:
    """One of a dozen channels; it may contradict what was said of it before."""
    number = draw(st.integers(0, 11))
    kind = NAMES[number % len(NAMES)]
    half = f";{1 + number // 6}" if kind.startswith("Local/") else ""
    return Channel(
        name=f"{kind}-{number:08x}{half}",
        uniqueid=Uniqueid(draw(st.sampled_from([f"1.{number}", f"cti-{number}"]))),
        linkedid=Uniqueid(f"1.{draw(st.sampled_from([number, 0, 6]))}"),
        state=draw(st.sampled_from(ChannelState)),
        caller_number=draw(NUMBERS),
        caller_name=draw(NUMBERS),
        connected_number=None,
        connected_name=None,
        context="from-trunk",
        exten=draw(st.sampled_from(["s", "1001", "0905123456", "*97"])),
    )


MEMBERS = st.builds(
    ami.QueueMember,
    queue=st.sampled_from(["support", "sales"]),
    interface=st.sampled_from(["PJSIP/1001", "Local/1001@from-queue/n", "SIP/strange"]),
    name=TEXT,
    state_interface=TEXT,
    status=st.sampled_from(ami.DeviceStatus),
    paused=st.booleans(),
    paused_reason=st.none() | TEXT,
    penalty=st.integers(0, 3),
    in_call=st.booleans(),
    ring_in_use=st.booleans(),
    membership=TEXT,
)
ROWS = st.builds(
    ami.RunningChannel,
    channel=channels(),
    bridge=st.none() | st.sampled_from([BridgeId("b1"), BridgeId("b2")]),
    application=st.sampled_from(["", "Queue", "VoiceMail"]),
    duration_s=st.none() | st.floats(0, 9999),
)
WAITING = st.builds(
    ami.WaitingCaller,
    queue=st.sampled_from(["support", "sales"]),
    uniqueid=st.sampled_from([Uniqueid("1.0"), Uniqueid("1.6"), Uniqueid("9.9")]),
    channel_name=TEXT,
    position=st.integers(1, 3),
    wait_s=st.floats(0, 999),
)
VALUES: dict[str, st.SearchStrategy[object]] = {
    "float | None": st.none() | st.floats(1000, 1100),
    "Channel": channels(),
    "Channel | None": st.none() | channels(),
    "str": TEXT,
    "str | None": st.none() | TEXT,
    "int | None": st.none() | st.integers(-1, 200),
    "bool": st.booleans(),
    "BridgeId": st.sampled_from([BridgeId("b1"), BridgeId("b2")]),
    "BridgeId | None": st.none() | st.sampled_from([BridgeId("b1"), BridgeId("b2")]),
    "Uniqueid": channels().map(lambda channel: channel.uniqueid),
    "Uniqueid | None": st.none() | channels().map(lambda channel: channel.uniqueid),
    "QueueMember": MEMBERS,
    "tuple[RunningChannel, ...] | None": st.none() | st.lists(ROWS, max_size=4).map(tuple),
    "tuple[QueueMember, ...] | None": st.none() | st.lists(MEMBERS, max_size=3).map(tuple),
    "tuple[WaitingCaller, ...] | None": st.none() | st.lists(WAITING, max_size=3).map(tuple),
    "tuple[QueueParams, ...] | None": st.none()
    | st.lists(st.builds(ami.QueueParams, TEXT, TEXT, st.integers(0, 9), st.integers(0, 9)), max_size=2).map(tuple),
}


def any_event() -> st.SearchStrategy[PbxEvent]:
    """Every event of `pbx.events`, with fields by their types: a new event or field is in it by itself."""
    kinds = ami.PbxEvent.__args__  # type: ignore[attr-defined]
    return st.one_of(
        *(st.builds(kind, **{field.name: VALUES[str(field.type)] for field in fields(kind)}) for kind in kinds)
    )


@st.composite
def broken_recordings(draw: st.DrawFn) -> list[PbxEvent]:
    """A real stream with events lost, doubled and out of order."""
    told = story(draw(st.sampled_from(CAPTURES))).events
    begin = draw(st.integers(0, max(0, len(told) - MOST)))
    events = list(told[begin : begin + MOST])
    lost = draw(st.sets(st.integers(0, MOST - 1), max_size=40))
    doubled = draw(st.sets(st.integers(0, MOST - 1), max_size=20))
    kept = [
        event for index, event in enumerate(events) if index not in lost for _ in range(2 if index in doubled else 1)
    ]
    moved = draw(st.lists(st.tuples(st.integers(0, MOST), st.integers(0, MOST)), max_size=25))
    for start, end in moved:
        if start < len(kept):
            kept.insert(min(end, len(kept) - 1), kept.pop(start))
    return kept


# --- the rule ---------------------------------------------------------------------------------------------------------


def play_out(events: Sequence[PbxEvent]) -> None:
    """Play a stream, hang up every channel it named, let the grace time pass: no call is left, each was told whole."""
    state = PbxState(PbxName("main"), device_plan(TWINS), wrap_up_s=lambda queue: 5.0)
    state.expect_originate("cti-1", "+421905123456")
    happened = []
    seen: dict[Uniqueid, Channel] = {}
    now = 1000.0
    for event in events:
        now += 0.1
        happened += state.apply(event, now)
        happened += state.tick(now)
        named = [*channels_of(event), *(row.channel for row in getattr(event, "channels", None) or ())]
        seen |= {channel.uniqueid: channel for channel in named}
    for channel in seen.values():
        happened += state.apply(ami.Hangup(now, replace(channel), 16), now)
    happened += state.tick(now + 10)
    assert state.open_calls() == []
    assert state.unfinished() == 0
    started = [event.call.id for event in happened if isinstance(event, CallStarted)]
    ended = [event.call for event in happened if isinstance(event, CallEnded)]
    dropped = [event.call.id for event in happened if isinstance(event, CallDropped)]
    assert sorted(started) == sorted([*(call.id for call in ended), *dropped])
    assert len(set(started)) == len(started)
    for call in ended:
        assert call.state is CallState.ENDED
        assert call.outcome is not None
        assert call.ended_by is not None
        assert all(leg.result is not None for leg in call.legs)


unhurried = settings(
    derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@settings(unhurried, max_examples=150)
@given(broken_recordings())
def test_a_broken_recording_leaves_no_call_behind(events: list[PbxEvent]) -> None:
    play_out(events)


@settings(unhurried, max_examples=150)
@given(st.lists(any_event(), max_size=40))
def test_nonsense_leaves_no_call_behind(events: list[PbxEvent]) -> None:
    play_out(events)


@settings(unhurried, max_examples=60)
@given(broken_recordings(), st.lists(any_event(), max_size=10), st.data())
def test_nonsense_in_a_real_stream_leaves_no_call_behind(
    events: list[PbxEvent], nonsense: list[PbxEvent], data: st.DataObject
) -> None:
    for event in nonsense:
        events.insert(data.draw(st.integers(0, len(events))), event)
    play_out(events)
