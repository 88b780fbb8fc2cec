"""Two values of a call, one event apart: what is different, in the words of a telephony person."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from pbx.call_changes import COUNTED, call_changes
from pbx.call_events import (
    Anomaly,
    CallAnswered,
    CallDropped,
    CallEnded,
    CallEvent,
    CallLegEnded,
    CallOffered,
    CallSpied,
)
from pbx.call_rules import RULES
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

LEG = CallLeg(
    leg_id=0, endpoint="PJSIP/1001", extension="1001", agent=None, endpoints=("PJSIP/1001",), queue=None, rang_at=1001.0,
    answered_at=None, ended_at=None, ring_s=0.0, talk_s=0.0, hold_s=0.0, on_hold=False, via=None, result=None,
)  # fmt: skip
OTHER = replace(LEG, leg_id=1, endpoint="PJSIP/1002", endpoints=("PJSIP/1002",))
CALL = Call(
    id=CallId("01A"), pbx=PbxName("main"), uniqueid=Uniqueid("1.1"), linkedid=Uniqueid("1.1"), direction=Direction.INBOUND,
    state=CallState.RINGING, remote_raw="0905123456", remote_name="Ján", remote_restricted=False, dialled_raw=None,
    did_raw="0255501234", queue=None, queues=(), legs=(), transfers=(), started_at=1000.0, answered_at=None, ended_at=None,
    wait_s=0.0, ring_s=0.0, talk_s=0.0, hold_s=0.0, parked_s=0.0, outcome=None, ended_by=None, hangup_cause=None,
    click_to_dial=None, estimated=False,
)  # fmt: skip
WAIT = QueueWait(queue="support", joined_at=1000.5, left_at=None, wait_s=None, result=None)


def told(before: Call | None, after: Call | None, *events: CallEvent) -> list[str]:
    return [change.words for change in call_changes(before, after, events)]


def changed(*events: CallEvent, before: Call = CALL, **fields_after: Any) -> list[str]:
    return told(before, replace(before, **fields_after), *events)


# --- the beginning ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words", "rule"),
    [
        (CALL, "call starts: inbound from 0905123456 Ján, dialled 0255501234, state ringing", "start.inbound"),
        (
            replace(CALL, direction=Direction.OUTBOUND, remote_name=None, did_raw=None, dialled_raw="00421905123456"),
            "call starts: outbound to 0905123456, the line is sent 00421905123456, state ringing",
            "start.outbound",
        ),
        (
            replace(CALL, direction=Direction.INTERNAL, remote_raw="1002", remote_name=None, did_raw=None),
            "call starts: internal to 1002, state ringing",
            "start.internal",
        ),
        (
            replace(CALL, remote_restricted=True, remote_raw=None, remote_name=None, did_raw=None),
            "call starts: inbound from a withheld number, state ringing",
            "start.inbound",
        ),
        (
            replace(
                CALL,
                direction=Direction.OUTBOUND,
                remote_raw=None,
                remote_name=None,
                did_raw=None,
                click_to_dial="cti-1",
            ),
            "call starts: outbound to an unknown number, state ringing",
            "start.click",
        ),
    ],
)
def test_how_a_call_starts(call: Call, words: str, rule: str) -> None:
    (change,) = call_changes(None, call)
    assert (change.words, change.rules) == (words, (rule,))


def test_a_call_joined_late_says_that_its_start_is_estimated() -> None:
    (change, estimated) = call_changes(None, replace(CALL, estimated=True)), "start.late"
    assert estimated in change[0].rules


# --- legs ---------------------------------------------------------------------------------------------------------------


def test_a_phone_rings() -> None:
    offered = CallOffered(at=1001.0, call=CALL, leg=LEG)
    assert changed(offered, legs=(LEG,)) == ["leg 0 PJSIP/1001 rings"]
    out_of = replace(LEG, queue="support")
    assert changed(offered, legs=(out_of,)) == ["leg 0 PJSIP/1001 rings out of queue support"]


def test_a_phone_rings_without_any_time() -> None:
    silent = replace(LEG, rang_at=None)
    assert changed(CallOffered(at=None, call=CALL, leg=silent), legs=(silent,)) == ["leg 0 PJSIP/1001 rings"]


def test_the_colleague_who_calls_and_the_one_who_joins() -> None:
    silent = replace(LEG, rang_at=None)
    outbound = replace(CALL, direction=Direction.OUTBOUND)
    assert changed(before=outbound, legs=(silent,)) == ["leg 0 PJSIP/1001 calls"]
    assert changed(legs=(silent,)) == ["leg 0 PJSIP/1001 joins"]


def test_a_second_device_rings_and_answers() -> None:
    both = replace(LEG, endpoints=("PJSIP/1001", "PJSIP/991001"))
    ringing = replace(CALL, legs=(LEG,))
    assert changed(before=ringing, legs=(both,)) == ["leg 0: PJSIP/991001 rings, too"]
    twin = replace(both, endpoint="PJSIP/991001")
    assert changed(before=replace(CALL, legs=(both,)), legs=(twin,)) == [
        "leg 0 is PJSIP/991001's, no longer PJSIP/1001's"
    ]


def test_picked_up_then_talk() -> None:
    up = replace(LEG, answered_at=1003.0, ring_s=2.0)
    assert changed(before=replace(CALL, legs=(LEG,)), legs=(up,)) == ["leg 0 PJSIP/1001 is picked up after 2.0 s"]
    answered = CallAnswered(at=1003.0, call=CALL, leg=up)
    assert changed(
        answered, before=replace(CALL, legs=(up,)), answered_at=1003.0, wait_s=3.0, state=CallState.TALKING
    ) == [
        "talk starts: remote ↔ PJSIP/1001 (leg 0)",
        "answered, wait 3.0 s",
        "state ringing → talking",
    ]


def test_who_calls_picks_up_nothing() -> None:
    caller = replace(LEG, rang_at=None)
    talking = replace(caller, answered_at=1003.0)
    happened = CallAnswered(at=1003.0, call=CALL, leg=talking)
    assert changed(happened, before=replace(CALL, legs=(caller,)), legs=(talking,)) == [
        "talk starts: remote ↔ PJSIP/1001 (leg 0)"
    ]


def test_hold_and_forwarding() -> None:
    before = replace(CALL, legs=(LEG,))
    assert changed(before=before, legs=(replace(LEG, on_hold=True),)) == ["leg 0 PJSIP/1001 holds"]
    held = replace(CALL, legs=(replace(LEG, on_hold=True),))
    assert changed(before=held, legs=(LEG,)) == ["leg 0 PJSIP/1001 resumes"]
    assert changed(before=before, legs=(replace(LEG, via="0907"),)) == ["leg 0 PJSIP/1001 goes on to 0907"]


def test_how_a_leg_ends() -> None:
    before = replace(CALL, legs=(LEG, OTHER))
    missed = replace(LEG, result=LegResult.MISSED, ended_at=1005.0, ring_s=4.0)
    assert changed(before=before, legs=(missed, OTHER)) == ["leg 0 PJSIP/1001 ends: missed, ring 4.0 s"]
    lost = replace(missed, result=LegResult.ANSWERED_ELSEWHERE)
    ended = CallLegEnded(at=1005.0, call=CALL, leg=lost, winner=OTHER)
    assert changed(ended, before=before, legs=(lost, OTHER)) == [
        "leg 0 PJSIP/1001 ends: answered_elsewhere, PJSIP/1002 has the call, ring 4.0 s"
    ]
    assert changed(before=replace(CALL, legs=(missed,)), legs=(lost,)) == [
        "leg 0 PJSIP/1001 ends: answered_elsewhere, ring 4.0 s (not missed after all)"
    ]


def test_a_leg_that_goes() -> None:
    assert changed(before=replace(CALL, legs=(LEG, OTHER)), legs=(LEG,)) == [
        "leg 1 PJSIP/1002 is not part of this call any more"
    ]


# --- queues, transfers, park --------------------------------------------------------------------------------------------


def test_a_stay_in_a_queue() -> None:
    assert changed(queues=(WAIT,), queue="support") == ["queue support: joined"]
    waiting = replace(CALL, queues=(WAIT,), queue="support")
    left = replace(WAIT, left_at=1004.5, wait_s=4.0)
    assert changed(before=waiting, queues=(left,)) == ["queue support: left after 4.0 s"]
    given_up = replace(left, result=QueueResult.EXIT_KEY)
    assert changed(before=waiting, queues=(given_up,)) == ["queue support: exit_key after 4.0 s"]
    late = replace(left, result=QueueResult.TIMEOUT)
    assert changed(before=replace(waiting, queues=(given_up,)), queues=(late,)) == [
        "queue support: timeout after 4.0 s (not exit_key after all)"
    ]
    assert changed(before=replace(waiting, queues=(given_up,)), queues=(left,)) == [
        "queue support: open after 4.0 s (not exit_key after all)"
    ]


def test_a_wait_that_is_longer_after_all() -> None:
    left = replace(WAIT, left_at=1004.5, wait_s=4.0, result=QueueResult.ANSWERED)
    before = replace(CALL, queues=(left,), queue="support")
    assert changed(before=before, queues=(replace(left, left_at=1005.5, wait_s=5.0),)) == [
        "queue support: waited 5.0 s"
    ]
    (change,) = call_changes(before, replace(before, queues=(replace(left, left_at=1004.51, wait_s=4.01),)))
    assert change.rules == (COUNTED,)


def test_another_queue_is_the_calls() -> None:
    both = (WAIT, replace(WAIT, queue="sales"))
    assert changed(before=replace(CALL, queues=both, queue="sales"), queue="support") == ["the call's queue is support"]


def test_a_transfer_and_what_became_of_it() -> None:
    begun = Transfer(kind=TransferKind.BLIND, by="PJSIP/1002", to="1003", at=1005.0, result=None)
    assert changed(transfers=(begun,)) == ["transfer blind by PJSIP/1002 to 1003"]
    done = replace(begun, to="PJSIP/1003", result=TransferResult.ANSWERED)
    assert changed(before=replace(CALL, transfers=(begun,)), transfers=(done,)) == [
        "transfer blind by PJSIP/1002 to PJSIP/1003: answered"
    ]
    assert changed(before=replace(CALL, transfers=(begun,)), transfers=()) == [
        "no transfer blind by PJSIP/1002 to 1003 after all"
    ]


# --- the end, and what is known better ----------------------------------------------------------------------------------


def test_how_a_call_ends() -> None:
    over = {"outcome": CallOutcome.ANSWERED, "ended_by": EndedBy.REMOTE, "hangup_cause": 16, "ended_at": 1010.0}
    words = changed(before=replace(CALL, state=CallState.TALKING), state=CallState.ENDED, **over)
    assert words == ["state talking → ended", "ended: answered, by remote, cause 16"]
    (change,) = call_changes(CALL, replace(CALL, **over))  # type: ignore[arg-type]
    assert change.rules == ("outcome.answered", "ended_by.remote")


def test_the_line_hangs_up_before_the_call_is_over() -> None:
    assert changed(hangup_cause=16) == ["the line hangs up: cause 16"]


def test_an_end_without_a_word_about_it() -> None:
    assert changed(ended_at=1010.0) == ["ended"]
    later = call_changes(replace(CALL, ended_at=1010.0), replace(CALL, ended_at=1010.5))
    assert [change.rules for change in later] == [(COUNTED,)]


def test_an_end_that_is_told_otherwise_after_all() -> None:
    ended = replace(CALL, state=CallState.ENDED, outcome=CallOutcome.ANSWERED, ended_by=EndedBy.SYSTEM, hangup_cause=16)
    assert changed(before=ended, ended_by=EndedBy.AGENT) == ["ended after all: by agent, cause 16"]
    assert changed(before=ended, outcome=CallOutcome.BUSY, hangup_cause=None) == ["ended after all: busy"]


def test_the_record_becomes_final() -> None:
    ended = replace(CALL, state=CallState.ENDED, outcome=CallOutcome.ANSWERED, ended_by=EndedBy.AGENT, talk_s=3.0)
    assert told(ended, ended, CallEnded(at=1010.0, call=ended)) == ["final: answered, ended by agent, talk 3.0 s"]
    assert told(CALL, CALL, CallEnded(at=1010.0, call=CALL)) == ["final: ringing"]


def test_a_record_that_goes_and_one_that_takes_it() -> None:
    other = replace(CALL, id=CallId("01B"))
    dropped = CallDropped(at=1010.0, call=CALL, into=other)
    assert told(CALL, CALL, dropped) == ["no record of its own, part of call 01B from now on"]
    assert told(other, other, dropped) == ["call 01A becomes part of this one"]
    assert told(CALL, CALL, CallDropped(at=1010.0, call=CALL, into=None)) == ["no record of its own"]


def test_what_is_known_better_now() -> None:
    assert changed(remote_restricted=True, remote_raw=None, remote_name=None) == ["the number is withheld"]
    assert changed(remote_name="Ján Kováč") == ["the remote party is 0905123456 Ján Kováč"]
    assert changed(dialled_raw="00421905123456") == ["the line is sent 00421905123456"]
    assert changed(direction=Direction.INTERNAL) == ["direction inbound → internal"]
    assert changed(estimated=True) == ["estimated from now on"]
    assert changed(linkedid="1.9") == ["linkedid 1.1 → 1.9"]
    assert changed(did_raw=None) == ["did_raw 0255501234 → unknown"]
    assert changed(before=replace(CALL, answered_at=1003.0), answered_at=1002.0) == [
        "the first talk began at another time than we thought"
    ]


def test_what_a_value_does_not_show() -> None:
    spied = CallSpied(at=1004.0, call=CALL, by="PJSIP/1009", on="PJSIP/1001")
    assert told(CALL, CALL, spied) == ["PJSIP/1009 listens in on PJSIP/1001"]
    strange = Anomaly(at=1004.0, pbx=PbxName("main"), kind="unknown_device", detail="DAHDI/1 is neither")
    assert told(CALL, CALL, strange) == ["anomaly unknown_device: DAHDI/1 is neither"]
    assert told(None, None, strange) == ["anomaly unknown_device: DAHDI/1 is neither"]


def test_seconds_that_go_on_are_no_news() -> None:
    (change,) = call_changes(CALL, replace(CALL, wait_s=3.21, ring_s=0.01))
    assert (change.words, change.rules) == ("so far wait 3.2 s", (COUNTED,))
    two = replace(CALL, legs=(LEG, OTHER))
    (change,) = call_changes(two, replace(two, talk_s=2.0, legs=(LEG, replace(OTHER, talk_s=2.0))))
    assert change.words == "so far talk 2.0 s, leg 1 PJSIP/1002 talk 2.0 s"
    (change,) = call_changes(replace(CALL, wait_s=3.21), replace(CALL, wait_s=3.22))
    assert change.words == "seconds go on"


def test_equal_values_are_no_change() -> None:
    assert call_changes(CALL, CALL) == ()


# --- nothing stays unsaid -----------------------------------------------------------------------------------------------

FULL = replace(
    CALL,
    legs=(LEG, OTHER),
    queues=(WAIT,),
    queue="support",
    transfers=(Transfer(kind=TransferKind.BLIND, by="PJSIP/1002", to="1003", at=1005.0, result=None),),
)
#: A value that no field has by itself.
ELSE: dict[str, Any] = {
    "direction": Direction.OUTBOUND, "state": CallState.PARKED, "outcome": CallOutcome.FAILED, "ended_by": EndedBy.SYSTEM,
    "queues": (replace(WAIT, left_at=1009.0, wait_s=9.0),), "legs": (LEG,), "transfers": (), "result": LegResult.BUSY,
    "endpoints": ("PJSIP/1001", "PJSIP/7"), "remote_restricted": True, "estimated": True, "on_hold": True,
}  # fmt: skip


@pytest.mark.parametrize("name", [field.name for field in fields(Call)])
def test_a_change_of_any_field_of_a_call_gets_words(name: str) -> None:
    after = replace(FULL, **{name: ELSE.get(name, 77.7 if name.endswith(("_s", "_at", "cause")) else "other")})
    changes = call_changes(FULL, after)
    assert changes
    assert (changes[0].rules == (COUNTED,)) == name.endswith("_s")
    assert all(change.words and set(change.rules) <= RULES.keys() for change in changes)


@pytest.mark.parametrize("name", [field.name for field in fields(CallLeg)])
def test_a_change_of_any_field_of_a_leg_gets_words(name: str) -> None:
    leg = replace(LEG, **{name: ELSE.get(name, 77.7 if name.endswith(("_s", "_at")) else "other")})
    changes = call_changes(FULL, replace(FULL, legs=(leg, OTHER)))
    assert changes
    assert (changes[0].rules == (COUNTED,)) == name.endswith("_s")
    assert all(change.words and set(change.rules) <= RULES.keys() for change in changes)
