"""The timeline of a call as text: what each line says, and how wide it is."""

from __future__ import annotations

import re
from dataclasses import replace

from crm_store.call_log import CallNumbering, call_record
from crm_store.phone_numbers import NumberProfile
from ctiserver.replay_table import BAR, head_lines, table_lines
from pbx.calls import (
    Call,
    CallId,
    CallLeg,
    CallOutcome,
    CallState,
    Direction,
    EndedBy,
    LegResult,
    QueueResult,
    QueueWait,
    Transfer,
    TransferKind,
    TransferResult,
)
from pbx.events import PbxName, Uniqueid
from pbx.timeline import Timeline

NUMBERING = CallNumbering(incoming=NumberProfile(region="SK"), own=NumberProfile(region="SK"))
LEG = CallLeg(
    leg_id=0, endpoint="PJSIP/1001", extension="1001", agent=None, endpoints=("PJSIP/1001",), queue="support",
    rang_at=1002.0, answered_at=1004.0, ended_at=1016.0, ring_s=2.0, talk_s=12.0, hold_s=4.0, on_hold=False, via=None,
    result=LegResult.ANSWERED,
)  # fmt: skip
CALL = Call(
    id=CallId("01K0000000000000000000000A"), pbx=PbxName("main"), uniqueid=Uniqueid("1.1"), linkedid=Uniqueid("1.1"),
    direction=Direction.INBOUND, state=CallState.ENDED, remote_raw="0905123456", remote_name="Ján Kováč",
    remote_restricted=False, dialled_raw=None, did_raw="0255501234", queue="support",
    queues=(QueueWait(queue="support", joined_at=1000.0, left_at=1004.0, wait_s=4.0, result=QueueResult.ANSWERED),),
    legs=(LEG,), transfers=(), started_at=1000.0, answered_at=1004.0, ended_at=1016.0, wait_s=4.0, ring_s=2.0, talk_s=12.0,
    hold_s=4.0, parked_s=0.0, outcome=CallOutcome.ANSWERED, ended_by=EndedBy.REMOTE, hangup_cause=16, click_to_dial=None,
    estimated=False,
)  # fmt: skip


def as_it_went() -> Timeline:
    """The values that the call had on its way."""
    timeline = Timeline()
    moments = [(1002.0, 0.0, 0.0, 0.0), (1004.0, 2.0, 0.0, 0.0), (1008.0, 2.0, 4.0, 0.0), (1012.0, 2.0, 8.0, 4.0)]
    for at, ring_s, talk_s, hold_s in [*moments, (1016.0, 2.0, 12.0, 4.0)]:
        leg = replace(LEG, ring_s=ring_s, talk_s=talk_s, hold_s=hold_s)
        timeline.take(replace(CALL, legs=(leg,)), at)
    return timeline


def lines(call: Call, timeline: Timeline | None = None) -> list[str]:
    row = (call, call_record(call, NUMBERING, agents=False), timeline or as_it_went())
    return [line.plain for line in table_lines([row])]


def test_a_call_line_by_line() -> None:
    assert lines(CALL)[3:] == [
        "01K0000000000000000000000A 1970-01-01 00:16:40 inbound +421 905 123 456 → +421255501234 Ján Kováč",
        "  answered, ended by remote, cause 16, queue support, wait 4.0 s, talk 12.0 s",
        "  queue support joined +0.0, left +4.0, waited 4.0 s, answered                      ----",
        "  PJSIP/1001         +2.0     +4.0    +16.0    2.0   12.0   4.0  answered             ··████░░░░████",
    ]


def test_titles_stand_over_their_columns() -> None:
    title, leg = lines(CALL)[0], lines(CALL)[-1]
    ends = {found.end() for found in re.finditer(r"\S+", leg)}
    assert {title.index(word) + len(word) for word in ("rang", "answered", "ended", "ring", "talk", "hold")} <= ends


def test_transfers_and_park_have_their_lines() -> None:
    blind = Transfer(kind=TransferKind.BLIND, by="PJSIP/1001", to="1003", at=1010.0, result=TransferResult.NO_ANSWER)
    timeline = Timeline()
    timeline.take(replace(CALL, legs=()), 1008.0)
    timeline.take(replace(CALL, legs=(), parked_s=8.0), 1016.0)
    shown = lines(replace(CALL, queues=(), legs=(), transfers=(blind,), parked_s=8.0), timeline)[5:]
    assert shown[0] == "  transfer blind by PJSIP/1001 to 1003 at +10.0, no_answer"
    assert shown[1].split() == ["parked", "8.0", "s", "pppppppp"]


def test_an_open_call_and_what_is_not_known() -> None:
    ringing = replace(LEG, answered_at=None, ended_at=None, ring_s=None, talk_s=None, hold_s=None, result=None)
    waiting = replace(CALL.queues[0], left_at=None, wait_s=None, result=None)
    call = replace(
        CALL, state=CallState.QUEUED, queues=(waiting,), legs=(ringing,), outcome=None, ended_by=None, hangup_cause=None,
        ended_at=None, answered_at=None, wait_s=None, talk_s=None, estimated=True,
    )  # fmt: skip
    shown = lines(call, Timeline())
    assert shown[4] == "  still queued, queue support, estimated"
    assert "left -, waited - s, open" in shown[5]
    assert shown[6].split() == ["PJSIP/1001", "+2.0", "-", "-", "-", "-", "-", "open"]


def test_without_a_start_the_time_of_day_is_shown_and_no_bar() -> None:
    shown = lines(replace(CALL, started_at=None))
    assert "start unknown" in shown[3]
    assert shown[6].split() == ["PJSIP/1001", "00:16:42", "00:16:44", "00:16:56", "2.0", "12.0", "4.0", "answered"]


def test_absurd_times_of_a_pbx_break_nothing() -> None:
    assert lines(replace(CALL, started_at=None, legs=(replace(LEG, rang_at=1e300, ended_at=-1e300),)))
    assert lines(replace(CALL, ended_at=1e300))


def test_long_names_are_cut() -> None:
    long = replace(CALL, remote_name="K" * 400, legs=(replace(LEG, endpoint="PJSIP/a-very-long-device-name"),))
    shown = lines(long)
    assert max(map(len, shown)) <= 100
    assert "PJSIP/a-very-…" in shown[6]


def test_a_forwarded_leg_names_where_it_went() -> None:
    leg = replace(LEG, result=LegResult.FORWARDED, via="0907111222")
    shown = lines(replace(CALL, legs=(leg,)))
    assert " forwarded " in shown[6]
    assert shown[7] == "    via 0907111222"


def test_a_withheld_caller() -> None:
    call = replace(CALL, remote_raw=None, remote_name=None, remote_restricted=True)
    who, _ = (line.plain for line in head_lines(call_record(call, NUMBERING, agents=False)))
    assert who.split()[4] == "withheld"


def test_the_bar_is_as_wide_as_it_says() -> None:
    assert len(lines(CALL)[6]) - lines(CALL)[0].index("start to end") == BAR
