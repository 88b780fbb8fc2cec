"""AMI events → typed events, with Asterisk's own oddities: escapes, sentinels, units, snapshots that are missing."""

import dataclasses
import typing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx import events as ev
from pbx.asterisk.ami_capture import CaptureNote, read_capture
from pbx.asterisk.ami_decoder import AmiDecoder
from pbx.asterisk.ami_events import ONLY_EXPLAINED, PARSERS, READABLE, WANTED, ParseProblem, parse
from tests.fakes.ami_server import event, snapshot
from tests.pbx.folding import Folded, events_of

RECORDINGS = sorted((Path(__file__).parents[2] / "recordings").glob("*/*.ami"))
CALLER = snapshot("PJSIP/trunk-00000001", "1.1", CallerIDNum="+421905123456", CallerIDName="Ján", Exten="600")
AGENT = snapshot("PJSIP/1001-00000002", "1.2", prefix="Dest", ChannelState=5, Linkedid="1.1")
AT = ("Timestamp", "1795295646.250000")

caller = ev.Channel(
    name="PJSIP/trunk-00000001",
    uniqueid=ev.Uniqueid("1.1"),
    linkedid=ev.Uniqueid("1.1"),
    state=ev.ChannelState.UP,
    caller_number="+421905123456",
    caller_name="Ján",
    connected_number=None,
    connected_name=None,
    context="default",
    exten="600",
)
agent = dataclasses.replace(
    caller,
    name="PJSIP/1001-00000002",
    uniqueid=ev.Uniqueid("1.2"),
    state=ev.ChannelState.RINGING,
    caller_number=None,
    caller_name=None,
    exten="s",
)


def parsed(name: str, *pairs: tuple[str, str], **headers: object) -> ev.PbxEvent | ParseProblem | None:
    decoder = AmiDecoder(READABLE)
    (raw,) = decoder.feed(b"Asterisk Call Manager/11.0.0\r\n" + event(name, *pairs, **headers))
    return parse(raw)


def prefixed(prefix: str, uniqueid: str = "1.1") -> list[tuple[str, str]]:
    return snapshot(
        *("PJSIP/trunk-00000001", uniqueid), prefix=prefix, CallerIDNum="+421905123456", CallerIDName="Ján", Exten="600"
    )


@pytest.mark.parametrize("name", ["Newstate", "NewConnectedLine", "Hold", "Unhold"])
def test_channel_events(name: str) -> None:
    assert parsed(name, AT, *CALLER) == getattr(ev, name)(1795295646.25, caller)


def test_every_event_of_the_union_has_a_parser() -> None:
    """LinkLost and ResyncSnapshot are no events of Asterisk; QueueMemberChanged stands for four of them."""
    ours = {kind.__name__ for kind in typing.get_args(ev.PbxEvent)}
    assert ours - {name.decode() for name in PARSERS} == {"LinkLost", "ResyncSnapshot", "QueueMemberChanged"}


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_nothing_follows_from_the_events_that_a_live_link_leaves_unread(recording: Path) -> None:
    unread = tuple(getattr(ev, name.decode()) for name in ONLY_EXPLAINED)
    events = events_of(recording.read_bytes())
    assert Folded([event for event in events if not isinstance(event, unread)]).told == Folded(events).told


def test_a_live_link_does_not_hand_on_what_is_only_explained() -> None:
    stream = b"Asterisk Call Manager/11.0.0\r\n" + event("AgentCalled", *CALLER) + event("Hold", *CALLER)
    assert [raw.name for raw in AmiDecoder(WANTED).feed(stream)] == [b"Hold"]


def test_newchannel_tells_a_presentation_only_when_the_pbx_is_set_to() -> None:
    assert parsed("Newchannel", *CALLER) == ev.Newchannel(None, caller)
    shown = parsed("Newchannel", *CALLER, ("ChanVariable", "CALLERID(num-pres)=allowed_not_screened"))
    hidden = parsed("Newchannel", *CALLER, ("ChanVariable", "X=1"), ("ChanVariable", "CALLERID(num-pres)=prohib"))
    assert shown == ev.Newchannel(None, caller, restricted=False)
    assert hidden == ev.Newchannel(None, caller, restricted=True)


@pytest.mark.parametrize(
    ("presentation", "restricted"),
    [
        ("0 (Presentation Allowed, Not Screened)", False),
        ("32 (Presentation Prohibited, Not Screened)", True),
        ("35 (Presentation Prohibited, Network Number)", True),
        ("67 (Number Unavailable)", False),
        ("", False),
    ],
)
def test_new_callerid_shows_the_presentation(presentation: str, restricted: bool) -> None:
    assert parsed("NewCallerid", *CALLER, ("CID-CallingPres", presentation)) == ev.NewCallerid(None, caller, restricted)


def test_hangup_and_its_request_have_a_cause() -> None:
    assert parsed("Hangup", *CALLER, Cause=16) == ev.Hangup(None, caller, 16)
    assert parsed("Hangup", *CALLER) == ev.Hangup(None, caller, None)
    assert parsed("HangupRequest", *CALLER, Cause="x") == ev.HangupRequest(None, caller, None)


def test_only_the_applications_and_variables_that_concern_us_are_read() -> None:
    decoder = AmiDecoder(READABLE)
    noise = event("Newexten", *CALLER, Application="NoOp", AppData="Application: VoiceMail")
    noise += event("VarSet", *CALLER, Variable="X", Value="QUEUESTATUS")
    assert decoder.feed(b"Asterisk Call Manager/11.0.0\r\n" + noise) == []
    assert parsed("Newexten", *CALLER, Application="VoiceMail", AppData="600@default,u") == ev.Newexten(
        None, caller, "VoiceMail", "600@default,u"
    )
    assert parsed("VarSet", *CALLER, Variable="QUEUESTATUS", Value="TIMEOUT") == ev.VarSet(
        None, caller, "QUEUESTATUS", "TIMEOUT"
    )


def test_p19_variable_without_a_channel() -> None:
    nobody = [("Channel", "none"), ("Uniqueid", "none")]
    assert parsed("VarSet", *nobody, Variable="QUEUESTATUS", Value="") == ev.VarSet(None, None, "QUEUESTATUS", "")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("O\\'Brien", "O'Brien"),
        ("Se\\\\\\'an", "Se\\'an"),  # unescaped once, not twice
        ('\\"Q\\" \\? a\\tb\\nc\\r', '"Q" ? a\tb\nc\r'),
        ("odd\\", "odd\\"),
        ("\\x", "x"),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ("מרים כהן", "מרים כהן"),
        ("<unknown>", None),
        ("", None),
        ("unknown", "unknown"),  # a name in events; only QueueStatus means nobody by it
    ],
)
def test_p18_names_are_unescaped_once(written: str, meant: str | None) -> None:
    channel = snapshot("PJSIP/trunk-00000001", "1.1", CallerIDName=written, ConnectedLineName=written)
    state = parsed("Newstate", *channel)
    assert isinstance(state, ev.Newstate)
    assert state.channel.caller_name == state.channel.connected_name == meant


def test_p18_numbers_and_application_data_are_not_escaped() -> None:
    channel = snapshot("PJSIP/trunk-00000001", "1.1", CallerIDNum="a\\nb")
    state = parsed("Newexten", *channel, Application="Queue", AppData="a\\nb")
    assert isinstance(state, ev.Newexten)
    assert (state.channel.caller_number, state.app_data) == ("a\\nb", "a\\nb")


def test_broken_utf8_costs_only_the_characters_that_are_broken() -> None:
    raw = event("Newstate", *CALLER).replace("Ján".encode(), b"J\xe1n \xff")
    decoder = AmiDecoder(READABLE)
    (one,) = decoder.feed(b"Asterisk Call Manager/11.0.0\r\n" + raw)
    state = parse(one)
    assert isinstance(state, ev.Newstate)
    assert state.channel.caller_name == "J\ufffdn \ufffd"


def test_texts_are_cut_but_ids_never() -> None:
    long = snapshot("PJSIP/trunk-00000001", "1.1", CallerIDNum="1" * 900, CallerIDName="\\n" * 900)
    state = parsed("Newstate", *long)
    assert isinstance(state, ev.Newstate)
    assert state.channel.caller_number == "1" * 250
    assert state.channel.caller_name == "\n" * 512
    assert parsed("Newstate", *snapshot("PJSIP/x-1", "u" * 251)) == ParseProblem(
        "Newstate", "Uniqueid is longer than 250 characters"
    )


def test_snapshot_in_another_order_is_read_too() -> None:
    assert parsed("Newstate", *[*CALLER[:-2], ("Tenantid", "t"), *CALLER[-2:]]) == ev.Newstate(None, caller)
    assert parsed("Newstate", *[CALLER[0], *CALLER[9:-1], *CALLER[1:9], CALLER[-1]]) == ev.Newstate(None, caller)


def test_state_that_asterisk_does_not_have_is_unknown() -> None:
    state = parsed("Newstate", *snapshot("PJSIP/trunk-00000001", "1.1", ChannelState="99"))
    assert isinstance(state, ev.Newstate)
    assert state.channel.state is ev.ChannelState.UNKNOWN


@pytest.mark.parametrize("at", ["", "nan", "inf", "-1", "yesterday", "1e99"])
def test_timestamp_that_is_none_is_left_out(at: str) -> None:
    assert parsed("Newstate", ("Timestamp", at), *CALLER) == ev.Newstate(None, caller)


def test_p20_second_event_header_changes_nothing() -> None:
    forged = [("Event", "Hangup"), ("Uniqueid", "9.9"), ("Channel", "PJSIP/9-1")]
    assert parsed("Newstate", *CALLER, *forged) == ev.Newstate(None, caller)


# --- dialling and bridges ---------------------------------------------------------------------------------------------


def test_dialling() -> None:
    assert parsed("DialBegin", *CALLER, *AGENT, DialString="1001/sip:1001@10.0.0.1") == ev.DialBegin(
        None, caller, agent, "1001/sip:1001@10.0.0.1"
    )
    assert parsed("DialState", *CALLER, *AGENT, DialStatus="RINGING") == ev.DialState(None, caller, agent, "RINGING")
    assert parsed("DialEnd", *CALLER, *AGENT, DialStatus="CANCEL", Forward="Local/1003@x") == ev.DialEnd(
        None, caller, agent, "CANCEL", "Local/1003@x"
    )


def test_originates_dial_has_no_caller() -> None:
    assert parsed("DialBegin", *AGENT, DialString="x") == ev.DialBegin(None, None, agent, "x")
    assert parsed("DialEnd", *AGENT, DialStatus="ANSWER") == ev.DialEnd(None, None, agent, "ANSWER", None)


def test_bridges() -> None:
    bridge = [("BridgeUniqueid", "b-1"), ("BridgeType", "basic"), ("BridgeTechnology", "simple_bridge")]
    entered = ev.BridgeEnter(None, ev.BridgeId("b-1"), "basic", "simple_bridge", caller, None)
    assert parsed("BridgeEnter", *bridge, *CALLER) == entered
    assert parsed("BridgeEnter", *bridge, *CALLER, SwapUniqueid="1.9") == dataclasses.replace(
        entered, swap=ev.Uniqueid("1.9")
    )
    assert parsed("BridgeLeave", *bridge, *CALLER) == ev.BridgeLeave(None, ev.BridgeId("b-1"), caller)
    assert parsed("BridgeDestroy", *bridge) == ev.BridgeDestroy(None, ev.BridgeId("b-1"))
    assert parsed("BridgeMerge", ToBridgeUniqueid="b-1", FromBridgeUniqueid="b-2") == ev.BridgeMerge(
        None, ev.BridgeId("b-1"), ev.BridgeId("b-2")
    )


def test_local_halves() -> None:
    halves = [*prefixed("LocalOne"), *prefixed("LocalTwo")]
    assert parsed("LocalBridge", *halves, LocalOptimization="No") == ev.LocalBridge(None, caller, caller, False)
    assert parsed("LocalBridge", *halves, LocalOptimization="Yes") == ev.LocalBridge(None, caller, caller, True)
    assert parsed("LocalOptimizationEnd", *halves) == ev.LocalOptimizationEnd(None, caller, caller)


def test_rename() -> None:
    assert parsed("Rename", Channel="PJSIP/a-1", Newname="PJSIP/b-1", Uniqueid="1.1") == ev.Rename(
        None, ev.Uniqueid("1.1"), "PJSIP/b-1"
    )


# --- transfers, pickup, parking, spying, conferences ------------------------------------------------------------------


def test_blind_transfer() -> None:
    headers = [*prefixed("Transferer"), *prefixed("Transferee"), ("BridgeUniqueid", "b-1"), ("IsExternal", "Yes")]
    assert parsed("BlindTransfer", ("Result", "Success"), *headers, Context="from-internal", Extension="1003") == (
        ev.BlindTransfer(None, "Success", caller, caller, ev.BridgeId("b-1"), "from-internal", "1003", True)
    )


def test_attended_transfer() -> None:
    headers = [*prefixed("OrigTransferer"), *prefixed("SecondTransferer"), *prefixed("TransferTarget")]
    assert parsed(
        "AttendedTransfer", *headers, Result="Success", OrigBridgeUniqueid="b-1", DestType="App", DestApp="Dial"
    ) == (
        ev.AttendedTransfer(
            None, "Success", caller, caller, ev.BridgeId("b-1"), None, None, caller, dest_type="App", dest_app="Dial"
        )
    )


def test_pickup_parking_spying_conference() -> None:
    assert parsed("Pickup", *CALLER, *prefixed("Target")) == ev.Pickup(None, caller, caller)
    parkee = prefixed("Parkee")
    assert parsed("ParkedCall", *parkee, ParkerDialString="PJSIP/1001", ParkingSpace="701") == ev.ParkedCall(
        None, caller, "PJSIP/1001", "701"
    )
    assert parsed("UnParkedCall", *parkee, *prefixed("Retriever")) == ev.UnParkedCall(None, caller, caller)
    assert parsed("ParkedCallTimeOut", *parkee) == ev.ParkedCallTimeOut(None, caller)
    assert parsed("ParkedCallGiveUp", *parkee) == ev.ParkedCallGiveUp(None, caller)
    assert parsed("ChanSpyStart", *prefixed("Spyer"), *prefixed("Spyee")) == ev.ChanSpyStart(None, caller, caller)
    assert parsed("ChanSpyStop", *prefixed("Spyer")) == ev.ChanSpyStop(None, caller)
    assert parsed("ConfbridgeJoin", *CALLER, Conference="c1") == ev.ConfbridgeJoin(None, "c1", caller)
    assert parsed("ConfbridgeLeave", *CALLER, Conference="c1") == ev.ConfbridgeLeave(None, "c1", caller)


def test_originate_response() -> None:
    headers = {"ActionID": "c-1", "Channel": "PJSIP/1001-00000001", "Reason": "4", "Uniqueid": "c-1"}
    assert parsed("OriginateResponse", Response="Success", **headers) == ev.OriginateResponse(
        None, "c-1", True, 4, "PJSIP/1001-00000001", ev.Uniqueid("c-1")
    )
    failed = parsed("OriginateResponse", Response="Failure", **{**headers, "Uniqueid": "<unknown>"})
    assert isinstance(failed, ev.OriginateResponse)
    assert (failed.success, failed.uniqueid) == (False, None)


# --- queues -----------------------------------------------------------------------------------------------------------

SEAT = {"Queue": "600", "MemberName": "Anna One", "Interface": "Local/1001@from-queue/n"}


def test_callers_in_queues() -> None:
    assert parsed("QueueCallerJoin", *CALLER, Queue="600", Position=2, Count=2) == ev.QueueCallerJoin(
        None, caller, "600", 2
    )
    assert parsed("QueueCallerLeave", *CALLER, Queue="600") == ev.QueueCallerLeave(None, caller, "600")
    assert parsed("QueueCallerAbandon", *CALLER, Queue="600", HoldTime=7) == ev.QueueCallerAbandon(
        None, caller, "600", 7
    )


def test_p8_ring_time_is_seconds_or_milliseconds_by_event() -> None:
    connected = parsed("AgentConnect", *CALLER, *AGENT, **SEAT, HoldTime=5, RingTime=3)
    missed = parsed("AgentRingNoAnswer", *CALLER, *AGENT, **SEAT, RingTime=8000)
    assert connected == ev.AgentConnect(None, caller, agent, *SEAT_VALUES, hold_time_s=5, ring_time_s=3)
    assert missed == ev.AgentRingNoAnswer(None, caller, agent, *SEAT_VALUES, ring_time_ms=8000)


SEAT_VALUES = ("600", "Local/1001@from-queue/n", "Anna One")


def test_p6_agent_complete_may_have_lost_its_channels() -> None:
    late = parsed("AgentComplete", **SEAT, HoldTime=-1, TalkTime=8, Reason="transfer")
    assert late == ev.AgentComplete(None, None, None, *SEAT_VALUES, hold_time_s=-1, talk_time_s=8, reason="transfer")
    assert parsed("AgentCalled", *CALLER, *AGENT, **SEAT) == ev.AgentCalled(None, caller, agent, *SEAT_VALUES)
    assert parsed("AgentDump", *CALLER, **SEAT) == ev.AgentDump(None, caller, None, *SEAT_VALUES[:2])


MEMBER_HEADERS = [
    *(("Queue", "600"), ("MemberName", "Anna O\\'One"), ("Interface", "Local/1001@from-queue/n")),
    *(("StateInterface", "hint:1001@ext-local"), ("Membership", "dynamic"), ("Penalty", "2"), ("CallsTaken", "3")),
    *(("LastCall", "0"), ("LastPause", "0"), ("LoginTime", "1"), ("InCall", "1"), ("Status", "2"), ("Paused", "1")),
    *(("PausedReason", "obed"), ("Ringinuse", "0"), ("Wrapuptime", "0")),
]
member = ev.QueueMember(
    queue="600",
    interface="Local/1001@from-queue/n",
    name="Anna O\\'One",  # member names are not escaped by Asterisk
    state_interface="hint:1001@ext-local",
    status=ev.DeviceStatus.IN_USE,
    paused=True,
    paused_reason="obed",
    penalty=2,
    in_call=True,
    ring_in_use=False,
    membership="dynamic",
)


@pytest.mark.parametrize(
    "name", ["QueueMemberStatus", "QueueMemberPause", "QueueMemberPenalty", "QueueMemberRinginuse"]
)
def test_members_of_queues(name: str) -> None:
    assert parsed(name, AT, *MEMBER_HEADERS) == ev.QueueMemberChanged(1795295646.25, member)


def test_member_joins_and_leaves() -> None:
    assert parsed("QueueMemberAdded", *MEMBER_HEADERS) == ev.QueueMemberAdded(None, member)
    assert parsed("QueueMemberRemoved", *MEMBER_HEADERS) == ev.QueueMemberRemoved(None, member)


def test_member_of_asterisk_16_has_other_headers_between() -> None:
    old = [pair for pair in MEMBER_HEADERS if pair[0] not in ("LoginTime", "Wrapuptime")]
    assert parsed("QueueMemberPause", *old, ("Reason", "obed")) == ev.QueueMemberChanged(None, member)


def test_member_without_reason_or_state_interface() -> None:
    plain = [("Queue", "600"), ("Interface", "PJSIP/1001"), ("Status", "77"), ("PausedReason", "")]
    changed = parsed("QueueMemberStatus", *plain)
    assert isinstance(changed, ev.QueueMemberChanged)
    assert changed.member.name == changed.member.state_interface == "PJSIP/1001"
    assert changed.member.status is ev.DeviceStatus.UNKNOWN
    assert changed.member.paused_reason is None
    assert changed.member.ring_in_use
    assert isinstance(parsed("QueueMemberStatus", Queue="600"), ParseProblem)


# --- devices and the PBX itself ---------------------------------------------------------------------------------------


def test_devices_and_the_pbx() -> None:
    assert parsed("DeviceStateChange", Device="PJSIP/1001", State="INUSE") == ev.DeviceStateChange(
        None, "PJSIP/1001", "INUSE"
    )
    assert parsed("FullyBooted", Uptime=12) == ev.FullyBooted(None, 12)
    assert parsed("Shutdown", Shutdown="Cleanly", Restart="True") == ev.Shutdown(None, True)
    assert parsed("Shutdown", Restart="False") == ev.Shutdown(None, False)


# --- what is wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "pairs", "reason"),
    [
        ("Hangup", [], "Channel is missing"),
        ("Hangup", [("Channel", "PJSIP/1-1")], "Linkedid is missing"),
        ("Hangup", [("Channel", "PJSIP/1-1"), ("Linkedid", "1.1")], "Uniqueid is missing"),
        ("Hangup", [("Channel", "PJSIP/1-1"), ("Uniqueid", ""), ("Linkedid", "1.1")], "Uniqueid is missing"),
        ("DialBegin", CALLER, "DestChannel is missing"),
        ("BridgeEnter", CALLER, "BridgeUniqueid is missing"),
        ("QueueCallerJoin", CALLER, "Queue is missing"),
        ("AgentCalled", [*CALLER, ("Queue", "600")], "Interface is missing"),
        ("Rename", [("Uniqueid", "1.1")], "Newname is missing"),
        ("DeviceStateChange", [("State", "INUSE")], "Device is missing"),
    ],
)
def test_missing_headers_are_a_problem_with_a_name_never_an_exception(
    name: str, pairs: list[tuple[str, str]], reason: str
) -> None:
    assert parsed(name, *pairs) == ParseProblem(name, reason)


@given(
    st.sampled_from(sorted(READABLE)),
    st.lists(
        st.sampled_from([f"{key}: ".encode() for key, _ in (*CALLER, *AGENT, *MEMBER_HEADERS)] + [b"Timestamp: "])
        | st.binary(max_size=30)
        | st.just(b"\r\n"),
        max_size=60,
    ),
)
def test_garbage_in_headers_never_raises(name: bytes, parts: list[bytes]) -> None:
    body = b"".join(parts).replace(b"\r\n\r\n", b"\r\n")
    decoder = AmiDecoder(dict.fromkeys(READABLE, ()))
    for raw in decoder.feed(b"Asterisk Call Manager/11.0.0\r\nEvent: " + name + b"\r\n" + body + b"\r\n\r\n"):
        found = parse(raw)
        assert found is None or isinstance(found, ParseProblem) or found.at is None or found.at > 0


def test_unknown_event_is_none() -> None:
    decoder = AmiDecoder({b"RTCPSent": ()})
    (raw,) = decoder.feed(b"Asterisk Call Manager/11.0.0\r\n" + event("RTCPSent", SSRC="1"))
    assert parse(raw) is None


@pytest.mark.parametrize("capture", RECORDINGS, ids=lambda path: path.stem)
def test_every_recording_of_a_real_asterisk_is_read_without_a_problem(capture: Path) -> None:
    with capture.open("rb") as recorded:
        items = list(read_capture(recorded))
    assert [item for item in items if isinstance(item, ParseProblem | CaptureNote)] == []
    assert isinstance(items[-1], ev.LinkLost)


def test_there_are_recordings() -> None:
    assert len(RECORDINGS) >= 40
