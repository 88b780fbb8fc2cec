"""The soak in half a minute, and that it would notice what it is there to notice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crm_store.activities import CallRecord
from crm_store.call_log import wire_time
from pbx.simulator.flows import flow_script
from tests.soak.figures import Sample, growths, read_figures
from tests.soak.judge import Gap, Shown, judge_pops, judge_records, merged, unwritten
from tests.soak.office import Calls, KnownOffice, Offer, Truth, expect
from tests.soak.plan import SHORT, Harm, Plan, usual
from tests.soak.report import rows, table
from tests.soak.run import soak

BEGAN = 1_700_000_000.0


@pytest.mark.timeout(300)
async def test_half_a_minute_beside_a_call_centre(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen = await soak(SHORT, tmp_path, lambda line: None)
    found = rows(seen)
    with capsys.disabled():
        print(f"\n{table(found)}")
    assert [(row.what, row.wrong) for row in found if row.wrong] == []
    assert len(seen.office.calls) >= SHORT.seconds * SHORT.rate
    assert {gap.cause for gap in seen.outages} == {Harm.CUT, Harm.KILL}
    assert seen.done["naps"] > 0


# --- the plan ---------------------------------------------------------------------------------------------------------


def test_the_same_seed_is_the_same_plan() -> None:
    plan = usual(60, rate=1.0, seed=5)
    assert plan.outages() == usual(60, rate=1.0, seed=5).outages()
    assert plan.outages() != usual(60, rate=1.0, seed=6).outages()


@pytest.mark.parametrize("minutes", [20, 60, 1440])
def test_each_harm_is_done_and_the_last_life_is_long(minutes: float) -> None:
    plan = usual(minutes, rate=1.0, seed=1)
    outages = plan.outages()
    assert {one.harm for one in outages} == set(Harm)
    deaths = [one.at_s for one in outages if one.harm in (Harm.KILL, Harm.RESTART)]
    assert len(deaths) == plan.lives - 1
    assert max(deaths) <= plan.seconds / 3


def test_a_plan_without_harm() -> None:
    assert Plan(seconds=60, cut_every_s=0, freeze_every_s=0, lives=1).outages() == []


# --- the truth --------------------------------------------------------------------------------------------------------


def test_the_office_knows_what_happened() -> None:
    office, calls = KnownOffice(1), Calls(1, (2.0, 3.0))
    office.timeline.now = BEGAN
    for _ in range(200):
        call = calls.next()
        before = set(office.calls)
        task = office.start(flow_script(office, call.name, call.flow))
        office.advance(office.timeline.now)
        office.take_events()
        (key,) = office.calls.keys() - before
        expect(office.calls[key], call)
        calls.begun(call, task)
        office.advance(office.timeline.now + 1.0)
    while (due := office.next_due()) is not None:
        office.advance(due)
    office.take_events()
    assert len(office.calls) == 200
    for truth in office.calls.values():
        assert truth.ended_at is not None
        assert (truth.answered_at is not None) == (truth.outcome == "answered"), truth
        assert truth.direction != "inbound" or truth.outcome != "answered" or truth.answered_by


# --- judging ----------------------------------------------------------------------------------------------------------


def truth(**values: Any) -> Truth:
    right: dict[str, Any] = {
        "uniqueid": "1.1",
        "started_at": BEGAN,
        "flow": "queue_answered",
        "direction": "inbound",
        "outcome": "answered",
        "ended_by": "remote",
        "queue": "support",
        "answered_by": "1001",
        "answered_at": BEGAN + 5,
        "ended_at": BEGAN + 20,
        "offers": [Offer("1001", BEGAN + 3, BEGAN + 5)],
    }
    return Truth(**{**right, **values})


def record(**values: Any) -> CallRecord:
    right: dict[str, Any] = {
        "id": "01A",
        "uniqueid": "1.1",
        "linkedid": "1.1",
        "state": "ended",
        "direction": "inbound",
        "outcome": "answered",
        "ended_by": "remote",
        "queue": "support",
        "legs": [{"extension": "1001", "result": "answered"}, {"extension": "1002", "result": "missed"}],
        "started_at": _text(BEGAN),
        "answered_at": _text(BEGAN + 5.4),
        "ended_at": _text(BEGAN + 20),
        "estimated": False,
    }
    return {**right, **values}


def _text(at: float) -> str:
    return wire_time(at) or ""


def test_a_right_record() -> None:
    found = judge_records({"1.1": truth()}, [record()], [])
    assert (found.exact, found.wrong) == (1, [])


@pytest.mark.parametrize(
    "values",
    [
        {"outcome": "abandoned"},
        {"queue": "sales"},
        {"ended_by": "agent"},
        {"direction": "outbound"},
        {"legs": [{"extension": "1002", "result": "answered"}]},
        {"answered_at": _text(BEGAN + 6.5)},
        {"ended_at": None},
        {"started_at": _text(BEGAN - 2)},
        {"estimated": True},
        {"state": "talking"},
        {"uniqueid": "9.9", "linkedid": "9.9"},
    ],
    ids=str,
)
def test_a_wrong_record_is_noticed(values: dict[str, Any]) -> None:
    found = judge_records({"1.1": truth()}, [record(**values)], [])
    assert found.exact == 0
    assert found.wrong


def test_a_lost_and_a_doubled_call_are_noticed() -> None:
    found = judge_records({"1.1": truth(), "2.1": truth(uniqueid="2.1")}, [record(), record(id="01B")], [])
    assert (found.lost, found.doubled) == (1, 1)


@pytest.mark.parametrize(
    ("gap", "unseen", "lost"),
    [
        pytest.param(Gap(BEGAN - 1, BEGAN + 21, "link cut"), 1, 0, id="born and dead in it"),
        pytest.param(Gap(BEGAN + 1, BEGAN + 21, "link cut"), 0, 1, id="begun before it"),
        pytest.param(Gap(BEGAN - 9, BEGAN + 10, "link cut"), 0, 1, id="going on after it"),
    ],
)
def test_only_a_gap_that_has_the_whole_call_may_hide_it(gap: Gap, unseen: int, lost: int) -> None:
    found = judge_records({"1.1": truth()}, [], [gap])
    assert (found.unseen, found.lost) == (unseen, lost)


def test_an_estimate_in_a_gap_is_allowed_an_answer_that_never_was_is_not() -> None:
    gap = Gap(BEGAN + 10, BEGAN + 30, "kill -9")
    assert judge_records({"1.1": truth()}, [record(estimated=True, ended_at=_text(BEGAN + 30))], [gap]).wrong == []
    assert judge_records({"1.1": truth(answered_at=None)}, [record(estimated=True)], [gap]).wrong != []


def test_gaps_that_nearly_touch_are_one() -> None:
    gaps = [Gap(10, 12, "link cut"), Gap(12.5, 20, "kill -9"), Gap(30, 31, "link cut")]
    assert [(gap.since, gap.until) for gap in merged(gaps)] == [(10, 20), (30, 31)]


def test_a_gap_of_which_a_part_is_not_written_down_is_noticed() -> None:
    gaps = [Gap(100, 112, "link cut, link cut"), Gap(200, 210, "kill -9")]
    assert unwritten(gaps, [(99.8, 105.0), (105.5, 111.8), (199.0, 210.0)]) == []
    assert unwritten(gaps, [(99.8, 105.0), (199.0, 210.0)]) == [gaps[0]]
    assert unwritten(gaps, [(99.8, 112.0), (201.0, 210.0)]) == [gaps[1]]


AWAKE = {"1001": [(BEGAN - 60, BEGAN + 60)]}


def test_pops() -> None:
    calls, records = {"1.1": truth()}, [record()]
    right = judge_pops(calls, records, [Shown("1001", "01A", BEGAN + 3.1)], AWAKE, [])
    assert (right.owed, right.lost, right.wrong) == (1, [], [])
    none = judge_pops(calls, records, [], AWAKE, [])
    assert len(none.lost) == 1
    elsewhere = judge_pops(calls, records, [Shown("1002", "01A", BEGAN + 3.1)], AWAKE, [])
    assert (len(elsewhere.lost), len(elsewhere.wrong)) == (1, 1)
    asleep = judge_pops(calls, records, [], {"1001": [(BEGAN - 60, BEGAN + 4)]}, [])
    assert (asleep.owed, asleep.excused, asleep.lost) == (0, 1, [])
    unseen = judge_pops(calls, records, [], AWAKE, [Gap(BEGAN + 2, BEGAN + 9, "link cut")])
    assert (unseen.excused, unseen.lost) == (1, [])


# --- memory -----------------------------------------------------------------------------------------------------------


def lived(life: int, seconds: int, growth_mb: float, *, since: float = 0.0) -> list[Sample]:
    """A life that warms up and then grows by so much."""
    return [
        Sample(since + at, life, 100.0 - 40.0 * max(0.0, 1 - 4 * at / seconds) + growth_mb * at / seconds, 30, 20, {})
        for at in range(0, seconds, 5)
    ]


def test_a_warm_up_is_no_leak_and_a_leak_is_none_of_the_warm_up() -> None:
    (flat,) = growths(lived(1, 900, 0.0))
    assert flat.flat
    (leak,) = growths(lived(1, 900, 20.0))
    assert not leak.flat


def test_each_life_is_looked_at_and_a_short_one_tells_nothing() -> None:
    samples = [*lived(1, 60, 0.0), *lived(2, 900, 30.0, since=100.0)]
    assert [(one.life, one.flat) for one in growths(samples)] == [(2, False)]


def test_figures_are_read_by_short_names() -> None:
    text = (
        '# TYPE cti_held gauge\ncti_held{kind="pops"} 3.0\n'
        '# TYPE cti_pbx_held gauge\ncti_pbx_held{kind="calls",pbx="main"} 2.0\n'
        '# TYPE cti_push_closed counter\ncti_push_closed_total{code="4408"} 1.0\n'
        "# TYPE cti_tasks gauge\ncti_tasks 23.0\n# TYPE python_info gauge\npython_info 1.0\n"
    )
    assert read_figures(text) == {"pops": 3.0, "pbx:calls": 2.0, "closed:4408": 1.0, "tasks": 23.0}
