"""Which calls have to be called back, and which talks make up for them."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crm_store.lost_calls import is_talk, lost_call, lost_way, talk_of
from crm_store.opening_hours import OpeningHours, OpeningPlan, Shift


def record(outcome: str | None = "no_answer", **changes: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": "01JD", "direction": "inbound", "outcome": outcome, "queue": None, "queues": [], "legs": [],
        "remote": {"number": "+421905123456", "raw": "0905123456", "kind": "e164"}, "customer_id": None,
        "started_at": "2026-11-21T12:00:00.000Z", "answered_at": None, "ended_at": "2026-11-21T12:00:30.000Z",
        "wait_s": 30.0, "ring_s": 30.0, "did": "+421255501234", "after_hours": None,
    }  # fmt: skip
    return plain | changes


def is_lost(*args: Any, **changes: Any) -> bool:
    return lost_call(record(*args, **changes), short_abandon_s=5.0) is not None


@pytest.mark.parametrize(
    "outcome",
    ["abandoned", "queue_timeout", "queue_empty", "queue_full", "voicemail", "no_answer", "unavailable", "busy",
     "rejected", "cancelled"],
)  # fmt: skip
def test_a_call_that_nobody_took_is_lost(outcome: str) -> None:
    assert is_lost(outcome)


@pytest.mark.parametrize("outcome", ["answered", "exit_key", "withdrawn", "ivr_only", "failed", "unknown", None])
def test_other_ends_ask_for_no_call_back(outcome: str | None) -> None:
    assert not is_lost(outcome)


@pytest.mark.parametrize(("wait_s", "lost"), [(4.9, False), (5.0, True), (None, True)])
def test_who_gave_up_at_once_did_not_wait(wait_s: float | None, lost: bool) -> None:
    assert is_lost("abandoned", wait_s=wait_s) is lost
    assert is_lost("cancelled", ring_s=wait_s) is lost


@pytest.mark.parametrize("direction", ["outbound", "internal"])
def test_only_inbound_calls_are_lost(direction: str) -> None:
    assert not is_lost(direction=direction)


NO_NUMBER = {"number": None, "raw": None, "kind": "withheld"}


def test_a_withheld_caller_cannot_be_called_back() -> None:
    assert not is_lost(remote=NO_NUMBER)


def test_a_withheld_caller_whom_somebody_recognised_can() -> None:
    lost = lost_call(record(remote=NO_NUMBER, customer_id=5), short_abandon_s=5.0)
    assert lost is not None
    assert (lost.customer_id, lost.number) == (5, "")


def test_a_number_that_only_people_can_read_is_kept_as_it_came() -> None:
    odd = {"number": None, "raw": "+52 155 12345678", "kind": "raw"}
    lost = lost_call(record(remote=odd), short_abandon_s=5.0)
    assert lost is not None
    assert lost.number == "+52 155 12345678"


@pytest.mark.parametrize("raw", ["1001", "777123456\r\nAction: X", "BANKA"])
def test_text_that_nobody_can_dial_makes_no_task(raw: str) -> None:
    assert not is_lost(remote={"number": None, "raw": raw, "kind": "raw"})


def test_a_call_missed_by_one_agent_is_that_agents_to_return() -> None:
    lost = lost_call(record(legs=[{"agent": "eva"}, {"agent": "eva"}]), short_abandon_s=5.0)
    assert lost is not None
    assert lost.owner == "eva"


@pytest.mark.parametrize(
    "changes", [{"legs": [{"agent": "eva"}, {"agent": "jan"}]}, {"legs": [{"agent": "eva"}], "queues": [{}]}, {}]
)
def test_a_call_for_a_team_is_anybodys_to_return(changes: dict[str, Any]) -> None:
    lost = lost_call(record(**changes), short_abandon_s=5.0)
    assert lost is not None
    assert lost.owner is None


def test_the_loss_is_dated_by_the_end_of_the_call() -> None:
    lost = lost_call(record(), short_abandon_s=5.0)
    assert lost is not None
    assert lost.at.isoformat() == "2026-11-21T12:00:30+00:00"


def test_a_call_without_any_time_makes_no_task() -> None:
    assert not is_lost(started_at=None, ended_at=None)


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
def test_a_talk_counts_in_either_direction(direction: str) -> None:
    assert is_talk(record("answered", direction=direction))
    assert is_talk(record(None, direction=direction, answered_at="2026-11-21T12:00:06.000Z"))


def test_colleagues_talking_or_a_missed_call_close_nothing() -> None:
    assert not is_talk(record("answered", direction="internal"))
    assert not is_talk(record("no_answer"))
    assert talk_of(record("no_answer")) is None


def test_the_agent_who_talked_last_closes_the_task() -> None:
    legs = [{"agent": "eva", "result": "answered"}, {"agent": "jan", "result": "answered"},
            {"agent": "ivo", "result": "missed"}]  # fmt: skip
    talk = talk_of(record("answered", legs=legs, answered_at="2026-11-21T12:00:06.000Z"))
    assert talk is not None
    assert (talk.user, talk.since.isoformat()) == ("jan", "2026-11-21T12:00:06+00:00")


def test_who_still_talks_closes_the_task() -> None:
    legs = [{"agent": "eva", "result": "missed", "answered_at": None},
            {"agent": "jan", "result": None, "answered_at": "2026-11-21T12:00:06.000Z"},
            {"agent": "ivo", "result": None, "answered_at": None}]  # fmt: skip
    talk = talk_of(record(None, legs=legs, answered_at="2026-11-21T12:00:06.000Z"))
    assert talk is not None
    assert talk.user == "jan"


def test_a_talk_with_nobody_known_closes_nothing() -> None:
    assert talk_of(record("answered", remote=NO_NUMBER)) is None
    assert talk_of(record("answered", remote=NO_NUMBER, customer_id=5)) is not None


def test_a_talk_without_any_time_closes_nothing() -> None:
    assert talk_of(record("answered", started_at=None, ended_at=None)) is None


# --- how it was lost, and when it can be dealt with ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "after_hours", "way"),
    [
        ("abandoned", False, "abandoned"),
        ("queue_timeout", None, "timeout"),
        ("queue_empty", None, "empty"),
        ("queue_full", None, "full"),
        ("voicemail", False, "voicemail"),
        ("no_answer", None, "missed"),
        ("cancelled", None, "missed"),
        ("abandoned", True, "after_hours"),
        ("queue_empty", True, "after_hours"),
        ("voicemail", True, "voicemail"),  # somebody has to listen to it
    ],
)
def test_each_lost_call_says_how(outcome: str, after_hours: bool | None, way: str) -> None:
    assert lost_way(record(outcome, after_hours=after_hours)) == way
    lost = lost_call(record(outcome, after_hours=after_hours), short_abandon_s=5.0)
    assert lost is not None
    assert (lost.way, lost.after_hours, lost.did) == (way, after_hours, "+421255501234")


@pytest.mark.parametrize(
    ("after_hours", "wait_s", "lost"),
    [(True, 30.0, True), (True, 2.0, False), (False, 30.0, False), (None, 30.0, False)],
)
def test_who_heard_only_the_announcement_is_lost_when_nobody_was_there(
    after_hours: bool | None, wait_s: float, lost: bool
) -> None:
    assert is_lost("ivr_only", after_hours=after_hours, wait_s=wait_s) is lost


def test_a_call_lost_after_hours_is_due_at_the_next_opening() -> None:
    office = OpeningHours(shifts=(Shift.parse("mon-fri 08:00-16:30"),), zone=ZoneInfo("Europe/Bratislava"))
    plan = OpeningPlan(general=office)
    saturday = lost_call(record("abandoned"), short_abandon_s=5.0, hours=plan)
    assert saturday is not None
    assert saturday.due_at is not None
    assert saturday.due_at.isoformat() == "2026-11-23T07:00:00+00:00"
    monday = lost_call(record("abandoned", ended_at="2026-11-23T09:00:00.000Z"), short_abandon_s=5.0, hours=plan)
    assert monday is not None
    assert monday.due_at == monday.at
