"""AMI events as the reader of a call's story sees them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_args

import pytest

from pbx import events as ami
from pbx.event_words import bridges_of, channels_of, detail_of, subject_of, unchanged_reason
from pbx.events import BridgeId, Channel, ChannelState, PbxEvent, Uniqueid


def channel(name: str, uniqueid: str, *, linked: str | None = None, state: ChannelState = ChannelState.UP) -> Channel:
    return Channel(name, Uniqueid(uniqueid), Uniqueid(linked or uniqueid), state, None, None, None, None, "", "")


CALLER, DEST = channel("PJSIP/trunk-1", "1.1"), channel("PJSIP/1001-2", "1.2", linked="1.1")


def made(kind: type) -> Any:
    """An event of this class with a plain value in each field."""
    values: dict[str, Any] = {}
    for field in fields(kind):
        annotation = str(field.type)
        if annotation.startswith("Channel"):
            values[field.name] = DEST if field.name == "dest" else CALLER
        else:
            values[field.name] = None if "None" in annotation else False if annotation == "bool" else "x"
    return kind(**values)


OF_CHANNELS = [kind for kind in get_args(PbxEvent) if channels_of(made(kind)) or kind is ami.LinkLost]


@pytest.mark.parametrize("kind", OF_CHANNELS, ids=lambda kind: kind.__name__)
def test_every_event_with_a_channel_can_say_why_it_changed_nothing(kind: type) -> None:
    assert unchanged_reason(made(kind))


@pytest.mark.parametrize("kind", get_args(PbxEvent), ids=lambda kind: kind.__name__)
def test_every_event_can_say_its_fact(kind: type) -> None:
    if kind in {ami.Newchannel, ami.Newstate, ami.ResyncSnapshot}:
        return  # their facts are not plain values: below
    assert isinstance(detail_of(made(kind)), str)


def test_whom_an_event_is_about() -> None:
    begin = ami.DialBegin(1.0, CALLER, DEST, "")
    assert (subject_of(begin), channels_of(begin)) == (DEST, (CALLER, DEST))
    assert subject_of(ami.Hangup(1.0, CALLER, 16)) is CALLER
    assert subject_of(ami.BridgeDestroy(1.0, BridgeId("b1"))) is None


def test_events_that_name_a_channel_by_its_uniqueid_only() -> None:
    renamed = ami.Rename(1.0, Uniqueid("1.2"), "PJSIP/1002-3")
    assert [(one.uniqueid, one.name) for one in channels_of(renamed)] == [("1.2", "PJSIP/1002-3")]
    response = ami.OriginateResponse(1.0, "a", True, 4, "PJSIP/1001-1", Uniqueid("cti-1"))
    answered = subject_of(response)
    assert answered is not None
    assert answered.uniqueid == "cti-1"
    assert channels_of(ami.OriginateResponse(1.0, "a", False, 0, "PJSIP/1001", None)) == ()


def test_bridges() -> None:
    merged = ami.BridgeMerge(1.0, BridgeId("b1"), BridgeId("b2"))
    assert bridges_of(merged) == {"b1", "b2"}
    assert bridges_of(ami.Hangup(1.0, CALLER, 16)) == frozenset()


@pytest.mark.parametrize(
    ("event", "fact"),
    [
        (ami.Newstate(1.0, CALLER), "Up"),
        (ami.Hangup(1.0, CALLER, 21), "cause 21"),
        (ami.HangupRequest(1.0, CALLER), ""),
        (ami.DialBegin(1.0, CALLER, DEST, ""), "by PJSIP/trunk-1"),
        (ami.DialBegin(1.0, None, DEST, ""), ""),
        (ami.DialEnd(1.0, CALLER, DEST, "NOANSWER", None), "NOANSWER"),
        (ami.DialEnd(1.0, CALLER, DEST, "BUSY", "Local/0907@x"), "BUSY forward Local/0907@x"),
        (ami.VarSet(1.0, CALLER, "QUEUESTATUS", "FULL"), "QUEUESTATUS=FULL"),
        (ami.QueueCallerJoin(1.0, CALLER, "support", 1), "queue support"),
        (ami.NewCallerid(1.0, CALLER, True), "restricted"),
        (ami.ResyncSnapshot(1.0, (), None, None, None), "0 channels run"),
        (ami.ResyncSnapshot(1.0, (), None, None, None, rebooted=True), "0 channels run, the PBX was restarted"),
        (ami.ResyncSnapshot(1.0, None, None, None, None), ""),
        (ami.Shutdown(1.0, True), ""),
    ],
)
def test_the_fact_that_an_event_brings(event: PbxEvent, fact: str) -> None:
    assert detail_of(event) == fact


def test_a_new_channel_says_what_it_is() -> None:
    reasons = {
        unchanged_reason(ami.Newchannel(1.0, one))
        for one in (CALLER, DEST, channel("Local/1@q-1;1", "1.3", linked="1.1"))
    }
    assert len(reasons) == 3


def test_ringing_is_said_by_state_and_by_dialling() -> None:
    ringing = ami.Newstate(1.0, channel("PJSIP/1001-2", "1.2", state=ChannelState.RINGING))
    assert unchanged_reason(ringing) == unchanged_reason(ami.DialState(1.0, CALLER, DEST, "RINGING"))
    assert unchanged_reason(ringing) != unchanged_reason(ami.DialState(1.0, CALLER, DEST, "PROGRESS"))
