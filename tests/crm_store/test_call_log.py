"""Call events become the records of interfaces.md section 3, lost calls, talks and gaps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crm_store.call_log import CallLog, CallLogWork, CallNumbering, call_record, remote_number, wire_time
from crm_store.caller_lookup import MatchKind
from crm_store.opening_hours import OpeningHours, OpeningPlan, Shift
from crm_store.phone_numbers import NumberKind, NumberProfile
from pbx.call_events import (
    CallAnswered,
    CallChanged,
    CallDropped,
    CallEnded,
    CallStarted,
    PbxConnected,
    PbxResynced,
)
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

NOON = 1_795_262_400.0  # 2026-11-21T12:00:00Z
SK = NumberProfile(region="SK")
NUMBERING = CallNumbering(incoming=SK, own=SK)


def leg(endpoint: str = "PJSIP/1001", **changes: Any) -> CallLeg:
    plain = CallLeg(
        leg_id=0, endpoint=endpoint, extension=endpoint.partition("/")[2], agent="eva", endpoints=(endpoint,),
        queue=None, rang_at=NOON + 1, answered_at=None, ended_at=NOON + 5, ring_s=4.0, talk_s=0.0, hold_s=0.0,
        on_hold=False, via=None, result=LegResult.MISSED,
    )  # fmt: skip
    return replace(plain, **changes)


def call(**changes: Any) -> Call:
    plain = Call(
        id=CallId("01JD0000000000000000000001"), pbx=PbxName("main"), uniqueid=Uniqueid("1.1"), linkedid=Uniqueid("1.1"),
        direction=Direction.INBOUND, state=CallState.RINGING, remote_raw="0905123456", remote_name="Ján Kováč",
        remote_restricted=False, dialled_raw=None, did_raw="0255501234", queue=None, queues=(), legs=(), transfers=(),
        started_at=NOON, answered_at=None, ended_at=None, wait_s=None, ring_s=None, talk_s=None, hold_s=None,
        parked_s=None, outcome=None, ended_by=None, hangup_cause=None, click_to_dial=None, estimated=False,
    )  # fmt: skip
    return replace(plain, **changes)


def answered_call(**changes: Any) -> Call:
    facts: dict[str, Any] = {
        "state": CallState.ENDED, "outcome": CallOutcome.ANSWERED, "answered_at": NOON + 6, "ended_at": NOON + 15,
        "legs": (leg(answered_at=NOON + 6, talk_s=9.0, result=LegResult.ANSWERED, agent="jan"),),
    }  # fmt: skip
    return call(**facts | changes)


def abandoned_call(wait_s: float | None = 30.0, **changes: Any) -> Call:
    wait = QueueWait(queue="600", joined_at=NOON, left_at=NOON + 30, wait_s=wait_s, result=QueueResult.ABANDONED)
    facts: dict[str, Any] = {
        "state": CallState.ENDED, "outcome": CallOutcome.ABANDONED, "ended_at": NOON + 30, "queue": "600",
        "queues": (wait,), "wait_s": wait_s,
    }  # fmt: skip
    return call(**facts | changes)


def record(**changes: Any) -> dict[str, Any]:
    return call_record(call(**changes), NUMBERING, agents=True)


def remote(**changes: Any) -> dict[str, Any]:
    found = record(**changes)["remote"]
    assert isinstance(found, dict)
    return found


def new_log() -> CallLog:
    return CallLog({"main": NUMBERING}, short_abandon_s=lambda queue: 20.0 if queue == "600" else 5.0)


# --- the record -------------------------------------------------------------------------------------------------------


def test_the_whole_record_of_an_answered_queue_call() -> None:
    full = call(
        state=CallState.ENDED,
        queue="support",
        queues=(QueueWait(queue="support", joined_at=NOON, left_at=NOON + 6.5, wait_s=6.5, result=QueueResult.ANSWERED),),
        legs=(leg(ring_s=4.00049), leg("PJSIP/1002", agent="jan", rang_at=NOON + 5, answered_at=NOON + 6.5,
                                       ended_at=NOON + 15, ring_s=1.5, talk_s=8.5, result=LegResult.ANSWERED)),
        transfers=(Transfer(kind=TransferKind.BLIND, by="PJSIP/1002", to="PJSIP/1003", at=NOON + 9,
                            result=TransferResult.ANSWERED),),
        answered_at=NOON + 6.5, ended_at=NOON + 15.0004, wait_s=6.5, ring_s=5.5, talk_s=8.5, hold_s=0.0, parked_s=0.0,
        outcome=CallOutcome.ANSWERED, ended_by=EndedBy.REMOTE, hangup_cause=16,
    )  # fmt: skip
    assert call_record(full, NUMBERING, agents=True) == {
        "id": "01JD0000000000000000000001", "pbx": "main", "uniqueid": "1.1", "linkedid": "1.1",
        "direction": "inbound", "state": "ended",
        "remote": {"number": "+421905123456", "display": "+421 905 123 456", "raw": "0905123456", "name": "Ján Kováč",
                   "kind": "e164", "dialled": None},
        "did": "+421255501234", "queue": "support",
        "queues": [{"queue": "support", "joined_at": "2026-11-21T12:00:00.000Z",
                    "left_at": "2026-11-21T12:00:06.500Z", "wait_s": 6.5, "result": "answered"}],
        "legs": [
            {"endpoint": "PJSIP/1001", "extension": "1001", "agent": "eva", "rang_at": "2026-11-21T12:00:01.000Z",
             "answered_at": None, "ended_at": "2026-11-21T12:00:05.000Z", "ring_s": 4.0, "talk_s": 0, "hold_s": 0,
             "via": None, "result": "missed"},
            {"endpoint": "PJSIP/1002", "extension": "1002", "agent": "jan", "rang_at": "2026-11-21T12:00:05.000Z",
             "answered_at": "2026-11-21T12:00:06.500Z", "ended_at": "2026-11-21T12:00:15.000Z", "ring_s": 1.5,
             "talk_s": 8.5, "hold_s": 0, "via": None, "result": "answered"},
        ],
        "transfers": [{"kind": "blind", "by": "PJSIP/1002", "to": "PJSIP/1003", "at": "2026-11-21T12:00:09.000Z",
                       "result": "answered"}],
        "started_at": "2026-11-21T12:00:00.000Z", "answered_at": "2026-11-21T12:00:06.500Z",
        "ended_at": "2026-11-21T12:00:15.000Z",
        "wait_s": 6.5, "ring_s": 5.5, "talk_s": 8.5, "hold_s": 0, "parked_s": 0,
        "outcome": "answered", "ended_by": "remote", "hangup_cause": 16,
        "click_to_dial": None, "estimated": False, "after_hours": None, "recordings": [], "customer_id": None, "match": None,
    }  # fmt: skip


def test_a_running_call_of_a_pbx_without_timestamps_has_nulls_never_zeros() -> None:
    running = record(started_at=None, legs=(leg(rang_at=None, ended_at=None, ring_s=None, talk_s=None, result=None),))
    assert {running[name] for name in ("started_at", "answered_at", "ended_at", "wait_s", "talk_s", "outcome")} == {
        None
    }
    assert {running["legs"][0][name] for name in ("rang_at", "ring_s", "talk_s", "result")} == {None}


def test_replay_names_no_account() -> None:
    found = call_record(call(legs=(leg(),), click_to_dial="ctd-1"), NUMBERING, agents=False)
    assert (found["legs"][0]["agent"], found["legs"][0]["extension"], found["click_to_dial"]) == (None, "1001", None)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (NOON, "2026-11-21T12:00:00.000Z"),
        (NOON + 0.1254, "2026-11-21T12:00:00.125Z"),
        (NOON + 0.9996, "2026-11-21T12:00:01.000Z"),
        (None, None),
        (-1.0, None),
        (1e300, None),
        (float("nan"), None),
    ],
)
def test_times_are_utc_with_milliseconds(at: float | None, text: str | None) -> None:
    assert wire_time(at) == text


# --- the outside party ------------------------------------------------------------------------------------------------


def test_a_withheld_caller_leaves_neither_digits_nor_name() -> None:
    assert remote(remote_raw=None, remote_restricted=True, remote_name="0905123456") == {
        "number": None, "display": None, "raw": None, "name": None, "kind": "withheld", "dialled": None,
    }  # fmt: skip


@pytest.mark.parametrize("name", [None, "", "  ", "<unknown>", "Unknown", "Anonymous"])
def test_no_name_is_null(name: str | None) -> None:
    assert remote(remote_name=name)["name"] is None


def test_a_hostile_name_is_kept_as_received() -> None:
    assert remote(remote_name="<img src=x onerror=alert(1)>")["name"] == "<img src=x onerror=alert(1)>"


def test_an_outbound_call_shows_the_number_asked_for_and_what_the_trunk_was_sent() -> None:
    found = remote(direction=Direction.OUTBOUND, remote_raw="#31#0905123456", dialled_raw="421905123456")
    assert (found["number"], found["raw"], found["dialled"], found["name"]) == (
        "+421905123456", "#31#0905123456", "421905123456", None,
    )  # fmt: skip


def test_an_outbound_call_through_an_outside_line_prefix_is_with_the_customer() -> None:
    numbering = CallNumbering(incoming=SK, own=replace(SK, strip_prefix="9"))
    outbound = call(direction=Direction.OUTBOUND, remote_raw="90905123456")
    assert remote_number(outbound, numbering).number == "+421905123456"


@pytest.mark.parametrize("exten", ["1002", "116111", "905123456", "12"])
def test_a_colleague_is_internal_whatever_the_extension_looks_like(exten: str) -> None:
    found = remote(direction=Direction.INTERNAL, remote_raw=exten)
    assert (found["kind"], found["number"], found["raw"]) == ("internal", exten, exten)


def test_a_colleague_with_a_name_for_extension_stays_a_name() -> None:
    assert remote(direction=Direction.INTERNAL, remote_raw="alice")["kind"] == "alphanumeric"
    assert remote(direction=Direction.INTERNAL, remote_raw="12-34")["kind"] == "raw"


def test_the_own_extension_calling_from_a_trunk_is_internal() -> None:
    office = CallNumbering(incoming=replace(SK, extensions=frozenset({"1001"})), own=SK)
    assert remote_number(call(remote_raw="1001"), office).kind is NumberKind.INTERNAL


@pytest.mark.parametrize(
    ("dialled", "did"),
    [("0255501234", "+421255501234"), ("s", None), ("", None), (None, None), ("ivr-main", "ivr-main")],
)
def test_the_number_that_the_caller_dialled(dialled: str | None, did: str | None) -> None:
    assert record(did_raw=dialled)["did"] == did


@pytest.mark.parametrize("direction", [Direction.OUTBOUND, Direction.INTERNAL])
def test_only_inbound_calls_have_a_did(direction: Direction) -> None:
    assert record(direction=direction)["did"] is None


# --- the log ----------------------------------------------------------------------------------------------------------


def test_every_transition_is_saved() -> None:
    log = new_log()
    states = [
        log.apply(event).records[0]["state"]
        for event in (
            CallStarted(at=NOON, call=call()),
            CallAnswered(at=NOON, call=call(state=CallState.TALKING), leg=leg()),
            CallEnded(at=NOON, call=answered_call()),
        )
    ]
    assert states == ["ringing", "talking", "ended"]


def test_a_record_that_did_not_change_is_not_saved_again_but_its_end_counts() -> None:
    log = new_log()
    log.apply(CallStarted(at=NOON, call=call()))
    assert len(log.apply(CallChanged(at=NOON, call=answered_call())).records) == 1
    work = log.apply(CallEnded(at=NOON, call=answered_call()))
    assert work.records == ()
    assert [talk.call_id for talk in work.talks] == [call().id]


def test_a_certain_customer_is_on_every_later_record() -> None:
    log = new_log()
    log.apply(CallStarted(at=NOON, call=call()))
    work = log.matched(call().id, MatchKind.ONE, 5)
    assert (work.records[0]["customer_id"], work.records[0]["match"]) == (5, "one")
    ended = log.apply(CallEnded(at=NOON, call=answered_call())).records[0]
    assert (ended["customer_id"], ended["match"]) == (5, "one")


def test_a_choice_of_customers_links_nobody() -> None:
    log = new_log()
    log.apply(CallStarted(at=NOON, call=call()))
    found = log.matched(call().id, MatchKind.SEVERAL, 5).records[0]
    assert (found["customer_id"], found["match"]) == (None, "several")


def test_the_same_answer_again_saves_nothing() -> None:
    log = new_log()
    log.apply(CallStarted(at=NOON, call=call()))
    log.matched(call().id, MatchKind.NONE, None)
    assert log.matched(call().id, MatchKind.NONE, None).records == ()


def test_an_answer_for_an_unknown_call_is_ignored() -> None:
    assert new_log().matched("01JD9", MatchKind.ONE, 5).records == ()


def test_a_number_that_turns_out_to_be_withheld_loses_its_customer() -> None:
    log = new_log()
    log.apply(CallStarted(at=NOON, call=call()))
    log.matched(call().id, MatchKind.ONE, 5)
    withheld = log.apply(CallChanged(at=NOON, call=call(remote_raw=None, remote_restricted=True))).records[0]
    assert (withheld["customer_id"], withheld["match"], withheld["remote"]["kind"]) == (None, "withheld", "withheld")
    assert log.matched(call().id, MatchKind.ONE, 5).records == ()


def test_a_lookup_that_answers_after_the_end_still_reaches_the_record_and_the_task() -> None:
    log = new_log()
    log.apply(CallEnded(at=NOON, call=abandoned_call()))
    work = log.matched(call().id, MatchKind.ONE, 5)
    assert (work.records[0]["customer_id"], work.lost[0].customer_id) == (5, 5)


def test_an_abandoned_call_is_lost_once_it_ended() -> None:
    log = new_log()
    assert log.apply(CallStarted(at=NOON, call=call())).lost == ()
    (lost,) = log.apply(CallEnded(at=NOON, call=abandoned_call())).lost
    assert (lost.call_id, lost.number, lost.queue) == (call().id, "+421905123456", "600")


def test_each_queue_has_its_own_short_abandon() -> None:
    assert new_log().apply(CallEnded(at=NOON, call=abandoned_call(wait_s=19.0))).lost == ()
    assert new_log().apply(CallEnded(at=NOON, call=abandoned_call(wait_s=19.0, queue="601"))).lost != ()


def test_a_talk_is_told_when_it_begins_and_when_it_ends() -> None:
    log = new_log()
    talking = answered_call(state=CallState.TALKING, outcome=None, ended_at=None)
    (begun,) = log.apply(CallAnswered(at=NOON, call=talking, leg=leg())).talks
    assert (begun.number, begun.user, begun.since.timestamp()) == ("+421905123456", "jan", NOON + 6)
    assert len(log.apply(CallEnded(at=NOON, call=answered_call())).talks) == 1
    assert log.apply(CallChanged(at=NOON, call=answered_call())).talks == ()


def test_a_change_after_the_end_is_saved_and_makes_no_second_task() -> None:
    log = new_log()
    log.apply(CallEnded(at=NOON, call=abandoned_call()))
    work = log.apply(CallChanged(at=NOON, call=abandoned_call(remote_name="Eva")))
    assert (len(work.records), work.lost) == (1, ())


def test_a_time_without_connection_is_a_gap() -> None:
    resynced = PbxResynced(at=NOON, pbx=PbxName("main"), gap_from=NOON - 40, gap_to=NOON, missed_calls=2)
    (gap,) = new_log().apply(resynced).gaps
    assert (gap.pbx, (gap.until - gap.since).total_seconds(), gap.missed_calls) == ("main", 40.0, 2)


def test_the_first_connection_is_no_gap_and_other_events_are_no_work() -> None:
    first = PbxResynced(at=NOON, pbx=PbxName("main"), gap_from=None, gap_to=None, missed_calls=None)
    assert new_log().apply(first).gaps == ()
    assert new_log().apply(PbxConnected(at=NOON, pbx=PbxName("main"))).records == ()


def test_few_ended_calls_are_remembered_and_every_running_one() -> None:
    log = new_log()
    running = call(id=CallId("running"))
    log.apply(CallStarted(at=NOON, call=running))
    log.matched("running", MatchKind.ONE, 5)
    for n in range(600):
        log.apply(CallStarted(at=NOON, call=call(id=CallId(f"call-{n}"))))
        log.apply(CallEnded(at=NOON, call=call(id=CallId(f"call-{n}"), state=CallState.ENDED)))
    assert log.matched("call-0", MatchKind.ONE, 1).records == ()
    (late,) = log.matched("call-599", MatchKind.ONE, 1).records
    assert late["customer_id"] == 1
    assert log.apply(CallChanged(at=NOON, call=replace(running, hangup_cause=16))).records[0]["customer_id"] == 5


def test_a_consultation_that_was_joined_to_a_call_is_folded_into_it() -> None:
    log = CallLog({"main": NUMBERING}, short_abandon_s=lambda queue: 5.0)
    part, whole = call(id=CallId("PART")), call(id=CallId("WHOLE"))
    log.apply(CallChanged(at=None, call=part))
    assert log.apply(CallDropped(at=None, call=part, into=whole)) == CallLogWork(folded=(("PART", "WHOLE"),))
    assert log.apply(CallDropped(at=None, call=part, into=None)) == CallLogWork(folded=(("PART", None),))
    assert log.matched("PART", MatchKind.ONE, 5) == CallLogWork(), "nothing is left to match"


# --- opening hours ----------------------------------------------------------------------------------------------------------


def office(*shifts: str) -> OpeningHours:
    return OpeningHours(shifts=tuple(Shift.parse(text) for text in shifts), zone=ZoneInfo("Europe/Bratislava"))


@pytest.mark.parametrize(
    ("shifts", "after_hours"),
    [(("mon-fri 08:00-16:30",), True), (("sat 12:00-14:00",), False)],  # T is a Saturday, 13:00 in Bratislava
)
def test_a_call_from_outside_is_marked_by_the_hours_at_its_beginning(
    shifts: tuple[str, ...], after_hours: bool
) -> None:
    plan = OpeningPlan(general=office(*shifts))
    assert call_record(call(), NUMBERING, agents=True, hours=plan)["after_hours"] is after_hours
    ours = call_record(call(direction=Direction.OUTBOUND), NUMBERING, agents=True, hours=plan)
    assert ours["after_hours"] is None
    assert call_record(call(started_at=None), NUMBERING, agents=True, hours=plan)["after_hours"] is None


def test_the_hours_of_the_dialled_number_mark_it() -> None:
    plan = OpeningPlan(general=office("sat 12:00-14:00"), dids={"+421255501234": office("mon-fri 08:00-16:30")})
    record = call_record(call(did_raw="0255501234"), NUMBERING, agents=True, hours=plan)
    assert (record["did"], record["after_hours"]) == ("+421255501234", True)
