"""Calls out of their history: what a real Asterisk wrote while phones rang, held against those phones' own SIP logs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from crm_store.activities import CallRecord
from crm_store.call_history import CdrLine, Disposition, QueueEvent
from ctiserver.history_calls import CallHistory, NoCall, call_of
from pbx.calls import Call, CallOutcome, Direction, EndedBy, LegResult, TransferKind
from tests.asterisk.truth import CallTruth, stored_truth
from tests.ctiserver.past import NUMBERING, RECORDED, people, records
from tests.ctiserver.past_truth import differences

FLOWS = sorted(folder.name for folder in RECORDED.iterdir())
#: A CDR says NO ANSWER of a phone that declined.
NOT_IN_A_CDR = {"direct_declined"}
#: An agent with an open line talks on a line of the shift's.
NOT_WITHOUT_QUEUE_LOG = {"queue_agent_pool"}
#: Where the caller goes on after the queue, or somebody is called on outside of it, a queue_log alone knows a part only.
ONLY_QUEUES = [
    name
    for name in FLOWS
    if name.startswith("queue_") and name not in {"queue_timeout_voicemail", "queue_transfer_blind", "queue_ringall"}
]


def truth_of(name: str) -> list[CallTruth]:
    return stored_truth(RECORDED / name / "truth.json")


def files(name: str, *kinds: str) -> list[Path]:
    return [RECORDED / name / kind for kind in kinds if (RECORDED / name / kind).stat().st_size]


# --- recorded ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in FLOWS if name not in NOT_IN_A_CDR])
def test_cdr_and_queue_log_together_tell_the_truth(name: str) -> None:
    found = records(files(name, "Master.csv", "queue_log"))
    assert differences(found, truth_of(name)) == []
    assert [record["outcome"] for record in found].count("unknown") == 0


@pytest.mark.parametrize("name", [name for name in FLOWS if name not in NOT_IN_A_CDR | NOT_WITHOUT_QUEUE_LOG])
def test_a_cdr_alone_claims_nothing_untrue(name: str) -> None:
    assert differences(records(files(name, "Master.csv")), truth_of(name)) == []


@pytest.mark.parametrize("name", ONLY_QUEUES)
def test_a_queue_log_alone_claims_nothing_untrue(name: str) -> None:
    assert differences([_late(record) for record in records(files(name, "queue_log"))], truth_of(name)) == []


def _late(record: CallRecord) -> CallRecord:
    """A queue does not know when the call began and ended."""
    return {**record, "started_at": record["started_at"], "ended_at": None}


def test_a_comparison_can_fail() -> None:
    (record,) = records(files("queue_answered", "Master.csv", "queue_log"))
    truths = truth_of("queue_answered")
    for change in (
        {"outcome": "abandoned"},
        {"talk_s": 9.0},
        {"ended_by": "agent"},
        {"legs": []},
        {"estimated": False},
    ):
        assert differences([{**record, **change}], truths) != [], change


def test_a_declined_call_is_a_missed_one_to_a_cdr() -> None:
    (record,) = records(files("direct_declined", "Master.csv"))
    assert (record["outcome"], record["legs"][0]["result"]) == ("no_answer", "missed")


def test_a_queue_log_gives_waits_agents_and_who_hung_up() -> None:
    (alone,) = records(files("queue_second_member", "Master.csv"))
    (both,) = records(files("queue_second_member", "Master.csv", "queue_log"))
    assert (alone["queues"][0]["wait_s"], alone["talk_s"], alone["ended_by"]) == (None, None, "unknown")
    assert (both["queues"][0]["wait_s"], both["talk_s"], both["ended_by"]) == (4.0, 2.0, "agent")
    assert [leg["agent"] for leg in both["legs"]] == ["agent-1005", "agent-1006"]


def test_a_withheld_caller_leaves_neither_number_nor_name() -> None:
    (record,) = records(files("direct_withheld", "Master.csv"))
    assert record["remote"] == {
        "number": None, "display": None, "raw": None, "name": None, "kind": "withheld", "dialled": None
    }  # fmt: skip


def test_a_feature_code_is_no_call() -> None:
    assert records(files("feature_code", "Master.csv")) == []


def test_the_same_lines_make_the_same_ids() -> None:
    first = records(files("queue_three_calls", "Master.csv", "queue_log"))
    again = records(files("queue_three_calls", "queue_log", "Master.csv"))
    assert first == again
    assert len({record["id"] for record in first}) == 3


def test_every_kept_flow_has_its_truth() -> None:
    for name in FLOWS:
        assert json.loads((RECORDED / name / "truth.json").read_text(encoding="utf-8"))["scenario"] == name


# --- written by hand ---------------------------------------------------------------------------------------------------

T = 1795324965.0
CALLER = "PJSIP/trunk-a-00000001"


def line(**changed: object) -> CdrLine:
    """A caller on the trunk rings 1001 for two seconds and talks for eight."""
    whole = CdrLine(
        line=1,
        started_at=T,
        answered_at=T + 2,
        ended_at=T + 10,
        number="0905123456",
        name="Ján Kováč",
        dialled="1001",
        did=None,
        channel=CALLER,
        dst_channel="PJSIP/1001-00000002",
        app="Dial",
        app_data="PJSIP/1001,20",
        disposition=Disposition.ANSWERED,
        uniqueid="1795324965.1",
        linkedid="1795324965.1",
    )
    return replace(whole, **changed)  # type: ignore[arg-type]


def event(at: float, name: str, *data: str, member: str | None = None) -> QueueEvent:
    return QueueEvent(line=1, at=T + at, callid="1795324965.1", queue="support", member=member, event=name, data=data)


def made(*lines: CdrLine, events: tuple[QueueEvent, ...] = ()) -> Call:
    found = call_of(CallHistory(lines=lines, events=events), "main", people(), NUMBERING)
    assert isinstance(found, Call), found
    return found


def test_a_direct_call() -> None:
    call = made(line())
    assert (call.direction, call.outcome, call.talk_s, call.wait_s, call.ring_s) == (
        Direction.INBOUND, CallOutcome.ANSWERED, 8.0, 2.0, 2.0
    )  # fmt: skip
    assert call.estimated


def test_a_line_answered_at_once_may_have_been_answered_by_a_menu() -> None:
    call = made(line(answered_at=T))
    assert (call.outcome, call.answered_at, call.talk_s, call.wait_s) == (CallOutcome.ANSWERED, None, None, None)


def test_a_name_that_says_withheld_hides_the_number() -> None:
    call = made(line(name="Anonymous"))
    assert (call.remote_raw, call.remote_restricted) == (None, True)


def test_the_number_that_freepbx_says_was_dialled_is_the_did() -> None:
    assert made(line(did="+442079460101")).did_raw == "+442079460101"
    assert made(line(dialled="+442079460101")).did_raw == "+442079460101"
    assert made(line(dialled="s")).did_raw is None


@pytest.mark.parametrize(
    ("disposition", "seconds", "result", "outcome"),
    [
        (Disposition.BUSY, 0, LegResult.BUSY, CallOutcome.BUSY),
        (Disposition.BUSY, 4, LegResult.REJECTED, CallOutcome.REJECTED),
        (Disposition.FAILED, 0, LegResult.FAILED, CallOutcome.FAILED),
        (Disposition.CONGESTION, 0, LegResult.FAILED, CallOutcome.FAILED),
        (Disposition.NO_ANSWER, 4, LegResult.CANCELLED, CallOutcome.CANCELLED),
    ],
)
def test_a_phone_that_did_not_get_the_call(
    disposition: Disposition, seconds: float, result: LegResult, outcome: CallOutcome
) -> None:
    call = made(line(disposition=disposition, answered_at=None, ended_at=T + seconds))
    assert ([leg.result for leg in call.legs], call.outcome, call.talk_s) == ([result], outcome, 0.0)


def test_what_the_dialplan_does_next_tells_that_the_phone_rang_out() -> None:
    rang_out = line(disposition=Disposition.NO_ANSWER, answered_at=None, ended_at=T + 4)
    after = line(line=2, started_at=T + 4, answered_at=None, ended_at=T + 4, dst_channel=None, app="Busy", app_data="1")
    call = made(rang_out, after)
    assert (call.legs[0].result, call.outcome) == (LegResult.MISSED, CallOutcome.NO_ANSWER)


def test_a_blind_transfer_rings_before_it_talks_and_nobody_knows_how_long() -> None:
    call = made(
        line(),
        line(line=2, started_at=T + 10, answered_at=T + 10, ended_at=T + 20, dst_channel="PJSIP/1003-00000004",
             app_data="PJSIP/1003,20"),
    )  # fmt: skip
    (transfer,) = call.transfers
    assert (transfer.kind, transfer.by, transfer.to) == (TransferKind.BLIND, "PJSIP/1001", "PJSIP/1003")
    assert [leg.talk_s for leg in call.legs] == [8.0, None]
    assert call.talk_s is None


def test_an_attended_transfer_talks_from_its_first_second() -> None:
    joined = line(line=2, started_at=T + 10, answered_at=T + 10, ended_at=T + 20, dst_channel="PJSIP/1003-00000004")
    call = made(line(), joined)
    assert (call.transfers[0].kind, call.talk_s) == (TransferKind.ATTENDED, 18.0)


def test_a_queue_that_the_caller_left_for_no_told_reason_is_no_verdict() -> None:
    queued = line(app="Queue", app_data="support,tT", dst_channel=None, answered_at=T)
    gone = line(line=2, started_at=T + 10, answered_at=T + 10, dst_channel=None, app="Hangup", app_data="")
    call = made(queued, gone)
    assert (call.queue, call.queues[0].result, call.outcome) == ("support", None, CallOutcome.UNKNOWN)
    assert made(queued).outcome is CallOutcome.ABANDONED


QUEUE_ENDS = [
    ("ABANDON", ("1", "1", "7"), CallOutcome.ABANDONED, EndedBy.REMOTE),
    ("EXITWITHTIMEOUT", ("1", "1", "7"), CallOutcome.QUEUE_TIMEOUT, EndedBy.SYSTEM),
    ("EXITEMPTY", ("1", "1", "7"), CallOutcome.QUEUE_EMPTY, EndedBy.SYSTEM),
    ("EXITWITHKEY", ("1", "1", "1", "7"), CallOutcome.EXIT_KEY, EndedBy.SYSTEM),
]


@pytest.mark.parametrize(("name", "data", "outcome", "by"), QUEUE_ENDS, ids=[one[0] for one in QUEUE_ENDS])
def test_a_queue_log_says_how_the_wait_ended(
    name: str, data: tuple[str, ...], outcome: CallOutcome, by: EndedBy
) -> None:
    call = made(events=(event(0, "ENTERQUEUE", "", "0905123456", "1"), event(7, name, *data)))
    assert (call.outcome, call.ended_by, call.wait_s, call.queue) == (outcome, by, 7.0, "support")
    # Of a log that begins in the middle, the event itself says how long it was.
    assert made(events=(event(7, name, *data),)).wait_s == 7.0


def test_a_caller_whom_the_queue_refused() -> None:
    assert made(events=(event(0, "JOINEMPTY"),)).outcome is CallOutcome.QUEUE_EMPTY


def test_a_queue_log_alone_names_agents_by_their_accounts() -> None:
    log = (
        event(0, "ENTERQUEUE", "", "0905123456", "1"),
        event(4, "RINGNOANSWER", "4000", member="Boris Two"),
        event(5, "RINGNOANSWER", "0", member="Cyril Three"),  # do not disturb: no phone rang
        event(9, "CONNECT", "9", "1795324970.2", "3", member="Local/1001@from-queue/n"),
        event(20, "COMPLETECALLER", "9", "11", "1", member="Local/1001@from-queue/n"),
    )
    call = made(events=log)
    assert [(leg.agent, leg.extension, leg.result, leg.talk_s) for leg in call.legs] == [
        ("agent-1002", "1002", LegResult.MISSED, 0.0),
        ("agent-1001", "1001", LegResult.ANSWERED, 11.0),
    ]
    assert (call.ended_by, call.talk_s, call.ring_s) == (EndedBy.REMOTE, 11.0, 7.0)


def test_a_member_whom_nobody_knows_keeps_the_name_that_the_log_has() -> None:
    call = made(events=(event(0, "CONNECT", "0", "x", "0", member="Temp 7"), event(3, "COMPLETEAGENT", "0", "3", "1")))
    assert (call.legs[0].endpoint, call.legs[0].extension, call.legs[0].agent) == ("Temp 7", None, None)


def test_a_colleague_in_a_queue_is_an_internal_call() -> None:
    call = made(events=(event(0, "ENTERQUEUE", "", "1003", "1"), event(7, "ABANDON", "1", "1", "7")))
    assert (call.direction, call.ended_by, call.wait_s) == (Direction.INTERNAL, EndedBy.AGENT, None)


def test_a_bar_in_the_callers_number_is_the_callers_own() -> None:
    assert (
        made(events=(event(0, "ENTERQUEUE", "", "09|05", "1"), event(1, "ABANDON", "1", "1", "1"))).remote_raw
        == "09|05"
    )


def test_a_device_that_is_neither_trunk_nor_phone_is_named() -> None:
    found = call_of(CallHistory(lines=(line(channel="DAHDI/i1/0905-1f"),)), "main", people(), NUMBERING)
    assert found == NoCall(device="DAHDI/i1/0905-1f")


def test_lines_without_ids_are_known_by_none() -> None:
    history = CallHistory(lines=(line(uniqueid=None, linkedid=None),))
    assert history.uniqueids == frozenset()
    assert isinstance(call_of(history, "main", people(), NUMBERING), Call)


def test_outgoing_calls_by_the_cause_that_the_dialplan_hangs_up_with() -> None:
    tried = line(
        channel="PJSIP/1001-00000001", dst_channel="PJSIP/trunk-a-00000002", dialled="0905123456", answered_at=None,
        app_data="PJSIP/0905123456@trunk-a,60", disposition=Disposition.NO_ANSWER, ended_at=T + 5,
    )  # fmt: skip
    after = replace(tried, line=2, started_at=T + 5, dst_channel=None, app="Hangup", app_data="21")
    assert made(tried).outcome is CallOutcome.CANCELLED
    assert made(tried, after).outcome is CallOutcome.REJECTED
    assert made(tried, replace(after, app_data="34")).outcome is CallOutcome.FAILED
    assert made(tried, replace(after, app="Playback", app_data="x")).outcome is CallOutcome.NO_ANSWER
    assert made(replace(tried, disposition=Disposition.CONGESTION)).outcome is CallOutcome.FAILED
    assert made(tried).dialled_raw == "0905123456"


def test_a_colleague_who_calls_a_queue_has_a_leg_and_so_has_who_answers() -> None:
    queued = line(
        channel="PJSIP/1003-00000001", app="Queue", app_data="support,tT", dst_channel="PJSIP/1001-00000002",
        answered_at=T, dialled="633",
    )  # fmt: skip
    log = (event(1, "ENTERQUEUE", "", "1003", "1"), event(4, "CONNECT", "3", "x", "2", member="Anna One"))
    call = made(queued, events=log)
    assert (call.direction, call.remote_raw, call.queue) == (Direction.INTERNAL, "633", "support")
    assert [(leg.agent, leg.result, leg.talk_s) for leg in call.legs] == [
        ("agent-1003", LegResult.ANSWERED, 6.0),
        ("agent-1001", LegResult.ANSWERED, 6.0),
    ]


def test_a_colleague_who_picks_up_has_the_leg_and_the_phone_that_rang_does_not() -> None:
    rang = line(answered_at=T + 3, ended_at=T + 3)
    taken = line(line=2, started_at=T + 3, answered_at=T + 3, ended_at=T + 9, dst_channel="PJSIP/1002-00000003")
    call = made(rang, taken)
    results = [(leg.extension, leg.result, leg.talk_s) for leg in call.legs]
    assert results == [("1001", LegResult.ANSWERED_ELSEWHERE, 0.0), ("1002", LegResult.ANSWERED, 6.0)]
    assert call.transfers == ()


def test_click_to_dial_talks_when_the_outside_answers() -> None:
    local = "Local/1001@originate-skipvm-00000000;"
    far = line(channel=f"{local}1", dst_channel="PJSIP/trunk-a-00000003", app_data="PJSIP/0905123456@trunk-a,60",
               dialled="0905123456", answered_at=T + 4, uniqueid="cti-1", linkedid="cti-1")  # fmt: skip
    near = line(line=2, channel=f"{local}2", answered_at=T + 2, uniqueid="cti-1;2", linkedid="cti-1")
    call = made(far, near)
    assert (call.direction, call.outcome, call.talk_s) == (Direction.OUTBOUND, CallOutcome.ANSWERED, 6.0)
    assert [(leg.extension, leg.result, leg.answered_at) for leg in call.legs] == [("1001", LegResult.ANSWERED, T + 4)]
    unanswered = replace(far, answered_at=None, disposition=Disposition.BUSY)
    refused = made(unanswered, near)
    assert (refused.outcome, refused.legs[0].result, refused.talk_s) == (CallOutcome.BUSY, LegResult.CALLER, 0.0)


def test_parked_time_is_neither_talk_nor_a_transfer() -> None:
    parked = line(
        line=2, started_at=T + 10, answered_at=T + 10, ended_at=T + 40, dst_channel=None, app="Park", app_data="701"
    )
    fetched = line(line=3, started_at=T + 40, answered_at=T + 40, ended_at=T + 50, dst_channel="PJSIP/1002-00000003")
    call = made(line(), parked, fetched)
    assert (call.parked_s, call.talk_s, call.transfers) == (30.0, 18.0, ())


def test_a_mobile_is_a_leg_with_the_number_that_was_called() -> None:
    mobile = line(dst_channel="PJSIP/trunk-a-00000004", app_data="PJSIP/+421905999888@trunk-a,20")
    (leg,) = made(mobile).legs
    assert (leg.via, leg.extension, leg.agent, leg.result) == ("+421905999888", None, None, LegResult.ANSWERED)
