"""Rows of answer lists, and members as events and answers write them (P19)."""

import pytest

from pbx import events as ev
from pbx.asterisk.ami_headers import BadHeader
from pbx.asterisk.ami_queue_rows import (
    member_of_answer,
    member_of_event,
    queue_params,
    running_channel,
    waiting_caller,
)
from tests.fakes.ami_server import event, snapshot


def block(*pairs: tuple[str, str], **headers: object) -> str:
    return event("X", *pairs, **headers)[:-4].decode()


SEAT = {
    "StateInterface": "hint:1001@ext-local",
    "Membership": "static",
    "Penalty": 1,
    "InCall": 0,
    "Status": 6,
    "Paused": 0,
}


def test_answer_and_event_name_the_same_member_differently() -> None:
    answer = member_of_answer(block(Queue="600", Name="Anna One", Location="Local/1001@from-queue/n", **SEAT))
    told = member_of_event(block(Queue="600", MemberName="Anna One", Interface="Local/1001@from-queue/n", **SEAT))
    assert answer == told
    assert (answer.status, answer.penalty, answer.ring_in_use) == (ev.DeviceStatus.RINGING, 1, True)


@pytest.mark.parametrize("headers", [{"Queue": "600"}, {"Location": "PJSIP/1001"}, {}])
def test_member_without_queue_or_interface_is_none(headers: dict[str, str]) -> None:
    with pytest.raises(BadHeader):
        member_of_answer(block(**headers))


def test_queue_and_who_waits() -> None:
    assert queue_params(block(Queue="600")) == ev.QueueParams("600", "", 0, 0)
    entry = {"Queue": "600", "Uniqueid": "1.1", "Channel": "PJSIP/trunk-00000001", "Position": 2, "Wait": 31}
    assert waiting_caller(block(**entry, CallerIDNum="unknown")) == ev.WaitingCaller(
        "600", ev.Uniqueid("1.1"), "PJSIP/trunk-00000001", 2, 31.0
    )


@pytest.mark.parametrize(
    ("clock", "duration"),
    [
        ("00:00:05", 5.0),
        ("26:01:05", 93_665.0),
        ("", None),
        ("5", None),
        ("a:b:c", None),
        ("1:2:٣", None),
        ("9" * 99 + ":0:0", None),
    ],
)
def test_duration_counts_hours_beyond_a_day(clock: str, duration: float | None) -> None:
    row = running_channel(
        block(*snapshot("PJSIP/1001-00000001", "1.1"), Duration=clock, BridgeId="b", Application="Dial")
    )
    assert (row.duration_s, row.bridge, row.application) == (duration, "b", "Dial")
