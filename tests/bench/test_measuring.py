"""The pure parts of the benchmarks: a figure that is reckoned wrongly is worse than none."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.bench.contacts import agent_name, number_of
from tests.bench.figures import compared, percentile, plain
from tests.bench.judging import differences, judge
from tests.bench.load import Rung
from tests.bench.load_sender import Ring
from tests.bench.pops import Point, latencies
from tests.bench.screens import Shown, looks_right
from tests.bench.service_probe import place_of, timestamp_of
from tests.bench.stream_sender import TrueCall, events_per_call

START = 1_796_082_594.4329
CALL = TrueCall("1796082594.14", 41, "10007", START, START + 0.1, START + 0.4)
RIGHT = b'{"data":{"match":"one","call":{"remote":{"number":"+4915120000041"}},"customers":[{"phones":[{"number":"+4915120000041"}]}]}}'


def record(**changed: Any) -> dict[str, Any]:
    """Of CALL, as the store has it."""
    moments = {
        name: datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for name, at in (("started_at", CALL.started), ("answered_at", CALL.answered), ("ended_at", CALL.ended))
    }
    return {
        "uniqueid": CALL.uniqueid, "state": "ended", "direction": "inbound", "outcome": "answered", "queue": "load",
        "customer_id": 42, "estimated": False, "remote": {"number": number_of(41)}, "ring_s": 0.1, "talk_s": 0.3,
        "legs": [{"agent": agent_name("10007"), "result": "answered"}], **moments, **changed,
    }  # fmt: skip


@pytest.mark.parametrize(("share", "value"), [(0.0, 1.0), (0.5, 50.0), (0.99, 99.0), (0.999, 100.0), (1.0, 100.0)])
def test_a_percentile_is_the_value_that_so_many_are_at_or_below(share: float, value: float) -> None:
    assert percentile(map(float, range(100, 0, -1)), share) == value


def test_of_nothing_there_is_no_percentile() -> None:
    assert math.isnan(percentile([], 0.99))


def test_a_figure_is_the_median_of_its_rounds_and_has_a_verdict_only_with_a_goal() -> None:
    told = plain("G0", "x", [3.0, 1.0, 2.0], "ms", reference=[9.0, 7.0, 8.0], against="floor")
    assert (told.measured, told.reference, told.value, told.verdict) == (2.0, 8.0, None, "")
    assert plain("G0", "x", [3.0, 1.0, 2.0], "ms", at_most=1.5).verdict == "short"
    assert plain("G0", "x", [3.0, 1.0, 2.0], "ms", at_most=2.0).verdict == "ok"
    ratio = compared("G0", "x", [3.0, 1.0, 2.0], [4.0], unit="ms", against="other", at_least=0.5)
    assert (ratio.value, ratio.verdict) == (0.5, "ok")


def test_the_record_of_what_happened_is_exact() -> None:
    assert differences(record(), CALL) == []


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"outcome": "abandoned"}, "outcome"),
        ({"customer_id": None}, "customer_id"),
        ({"estimated": True}, "estimated"),
        ({"remote": {"number": None}}, "number"),
        ({"legs": []}, "legs"),
        ({"legs": [{"agent": agent_name("10008"), "result": "answered"}]}, "legs"),
        ({"answered_at": None}, "answered_at"),
        ({"ended_at": "2026-11-30T23:49:55.000Z"}, "ended_at"),
        ({"talk_s": 0.35}, "talk_s"),
        ({"ring_s": None}, "ring_s"),
    ],
)
def test_each_wrong_field_of_a_record_is_named(changed: dict[str, Any], wrong: str) -> None:
    assert differences(record(**changed), CALL) == [wrong]


def test_missing_doubled_strange_and_wrong_records_are_counted() -> None:
    others = [replace(CALL, uniqueid=f"1.{number}") for number in range(3)]
    records = [
        *(record(), record(), record(uniqueid="1.0"), record(uniqueid="1.1", talk_s=9.0)),
        record(uniqueid="nobody's"),
    ]
    verdict = judge(records, [CALL, *others])
    assert (verdict.calls, verdict.missing, verdict.extra, verdict.wrong) == (4, 1, 2, 1)
    assert verdict.fields == {"talk_s": 1}
    assert verdict.faults == 4
    assert judge([record()], [CALL]).faults == 0


@pytest.mark.parametrize(
    ("block", "at"),
    [
        (b"Event: Hangup\r\nTimestamp: 1796082594.432910\r\nChannel: PJSIP/1", 1_796_082_594.43291),
        (b"Event: Hangup\r\nTimestamp: 1796082594.432910", 1_796_082_594.43291),
        (b"Event: Hangup\r\nChannel: PJSIP/1", None),
    ],
)
def test_when_an_event_was_written(block: bytes, at: float | None) -> None:
    assert timestamp_of(block) == at


def test_a_busy_loop_is_told_by_its_innermost_function_of_ours() -> None:
    told = eval("lambda inner: inner()", {"__name__": "pbx.calls"})  # a function that says it is of the product
    assert place_of(told(sys._getframe)) == "pbx.calls.<lambda>"
    assert place_of(told(lambda: sys._getframe())).startswith("pbx.calls.<lambda> → ")


@pytest.mark.parametrize(
    ("frame", "right"),
    [
        (RIGHT, True),
        (RIGHT.replace(b'"one"', b'"several"'), False),
        (RIGHT.replace(b'[{"number":"+4915120000041"}]', b'[{"number":"+4915120000042"}]'), False),
    ],
)
def test_a_pop_is_right_with_one_customer_who_has_the_number(frame: bytes, right: bool) -> None:
    assert looks_right(Shown("+4915120000041", "10007", 0.0, frame)) is right


def test_latencies_of_pops_and_what_was_lost_doubled_or_at_the_wrong_agent() -> None:
    rings = [Ring("+1", "10", 5.0), Ring("+2", "11", 6.0), Ring("+3", "12", 7.0)]
    shown = [
        *(Shown("+1", "10", 5.25, b""), Shown("+1", "10", 5.25, b"")),
        *(Shown("+2", "11", 6.5, b""), Shown("+3", "13", 7.5, b"")),
    ]
    point = Point()
    assert latencies(point, rings, shown, check_card=True) == [250.0, 500.0]
    assert (point.rings, point.lost, point.wrong) == (3, 1, 2)


def test_a_rate_is_held_when_nothing_was_lost_late_or_cut() -> None:
    assert Rung(point=Point(p99=[900.0])).held
    assert not Rung(point=Point(p99=[1100.0])).held
    assert not Rung(point=Point(p99=[9.0], lost=1)).held
    assert not Rung(point=Point(p99=[9.0]), links_lost=1).held


def test_a_call_of_the_stream_has_as_many_events_as_the_goals_say() -> None:
    assert 35 <= events_per_call() <= 40
