"""Which lines are one call: by ids, by who led to whom, in any order of the files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ctiserver.history_calls import CallHistory
from ctiserver.history_scratch import HistoryScratch
from tests.ctiserver.test_history_calls import T, event, line

ROOT = line()
#: A phone behind a Local channel of the same call.
LOCAL = replace(ROOT, line=2, channel="Local/1001@from-queue-00000000;2", uniqueid="1795324965.3")
OTHER = replace(ROOT, line=3, uniqueid="1795324980.9", linkedid="1795324980.9", channel="PJSIP/trunk-a-00000009")


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[HistoryScratch]:
    with HistoryScratch(tmp_path / "scratch.db") as opened:
        yield opened


def grouped(scratch: HistoryScratch) -> list[list[int]]:
    """The numbers of the lines of each call."""
    scratch.group()
    return [[one.line for one in history.lines] for history in scratch.histories()]


def test_lines_of_one_linkedid_are_one_call_in_whatever_order_they_come(scratch: HistoryScratch) -> None:
    for one in (OTHER, LOCAL, ROOT):
        scratch.add_line(one, trunk=one is not LOCAL)
    assert sorted(map(sorted, grouped(scratch))) == [[1, 2], [3]]


def test_without_linkedid_the_uniqueid_tells(scratch: HistoryScratch) -> None:
    scratch.add_line(replace(ROOT, linkedid=None), trunk=True)
    scratch.add_line(replace(ROOT, line=2, linkedid=None, started_at=T + 10, ended_at=T + 20), trunk=True)
    assert grouped(scratch) == [[1, 2]]


def test_two_callers_of_one_shift_are_two_calls_though_they_share_a_linkedid(scratch: HistoryScratch) -> None:
    scratch.add_line(replace(ROOT, linkedid="1795320000.0"), trunk=True)
    scratch.add_line(replace(OTHER, linkedid="1795320000.0"), trunk=True)
    assert grouped(scratch) == [[1], [3]]


def test_a_customer_who_was_called_and_handed_on_stays_in_that_call(scratch: HistoryScratch) -> None:
    called = replace(ROOT, channel="PJSIP/1001-00000001", dst_channel="PJSIP/trunk-a-00000002")
    handed_on = replace(ROOT, line=2, channel="PJSIP/trunk-a-00000002", uniqueid="1795324966.2")
    scratch.add_line(called, trunk=False)
    scratch.add_line(handed_on, trunk=True)
    assert grouped(scratch) == [[1, 2]]


def test_without_any_id_a_channel_and_a_minute_tell(scratch: HistoryScratch) -> None:
    bare = replace(ROOT, uniqueid=None, linkedid=None)
    for number, later in ((1, 0.0), (2, 30.0), (3, 86_400.0)):
        moved = replace(bare, line=number, started_at=T + later, answered_at=None, ended_at=T + later + 10)
        scratch.add_line(moved, trunk=True)
    assert grouped(scratch) == [[1, 2], [3]]


def test_a_queues_lines_join_the_call_of_their_caller(scratch: HistoryScratch) -> None:
    shift = replace(ROOT, linkedid="1795320000.0")
    scratch.add_event(event(7, "ABANDON"))
    scratch.add_event(event(1, "ENTERQUEUE"))
    scratch.add_line(shift, trunk=True)
    scratch.add_event(replace(event(3, "ENTERQUEUE"), callid="1795324999.1"))
    scratch.group()
    both, alone = scratch.histories()
    assert (both.lines, [one.event for one in both.events]) == ((shift,), ["ENTERQUEUE", "ABANDON"])
    assert (alone.lines, alone.uniqueids) == ((), {"1795324999.1"})


def test_the_same_line_in_two_files_counts_once(scratch: HistoryScratch) -> None:
    assert [scratch.add_line(replace(ROOT, line=number), trunk=True) for number in (1, 99)] == [True, False]
    assert [scratch.add_event(replace(event(1, "ENTERQUEUE"), line=n)) for n in (1, 99)] == [True, False]
    assert grouped(scratch) == [[1]]


def test_calls_come_by_their_beginning(scratch: HistoryScratch) -> None:
    for number, start in ((1, T + 50), (2, T), (3, T + 20)):
        moved = {"started_at": start, "answered_at": None, "ended_at": start + 1}
        scratch.add_line(replace(ROOT, line=number, uniqueid=f"{start:.0f}.1", linkedid=None, **moved), trunk=True)
    assert grouped(scratch) == [[2], [3], [1]]
    assert scratch.span() == (T, T + 51)


def consulted(scratch: HistoryScratch, **joined: object) -> bool:
    """A colleague rings 1003 until T + 10, then the customer's line leads there."""
    asks = replace(
        ROOT, line=5, channel="PJSIP/1001-00000005", dst_channel="PJSIP/1003-00000006", uniqueid="5.5", linkedid="5.5"
    )
    customer = replace(
        ROOT, line=6, started_at=T + 10, answered_at=T + 10, ended_at=T + 20, dst_channel=asks.dst_channel
    )
    scratch.add_line(asks, trunk=False)
    scratch.add_line(replace(customer, **joined), trunk=True)  # type: ignore[arg-type]
    scratch.group()
    return scratch.is_consultation(CallHistory(lines=(asks,)))


def test_a_consultation_whose_target_the_customer_got_is_part_of_that_call(scratch: HistoryScratch) -> None:
    assert consulted(scratch)


@pytest.mark.parametrize("joined", [{"dst_channel": "PJSIP/1003-00000007"}, {"started_at": T + 60, "ended_at": T + 90}])
def test_a_consultation_that_was_not_joined_is_a_call(scratch: HistoryScratch, joined: dict[str, object]) -> None:
    assert not consulted(scratch, **joined)


def test_a_clock_of_another_zone_shows_in_the_uniqueids(scratch: HistoryScratch) -> None:
    for number in range(10):
        late = 3600.0 if number else 0.0
        moved = {"started_at": T + late, "ended_at": T + late + 9, "answered_at": None}
        one = replace(ROOT, uniqueid=f"{T:.0f}.{number}", linkedid=None, **moved)  # type: ignore[arg-type]
        scratch.add_line(one, trunk=True)
    scratch.group()
    assert scratch.clocks_apart() == 3600.0


def test_a_clock_that_is_right_and_ids_that_tell_no_time_raise_no_doubt(scratch: HistoryScratch) -> None:
    scratch.add_line(ROOT, trunk=True)
    scratch.add_line(replace(OTHER, uniqueid="cti-c2d-0001"), trunk=True)
    scratch.group()
    assert scratch.clocks_apart() is None


def test_one_id_on_every_line_does_not_fill_the_memory(
    scratch: HistoryScratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctiserver.history_scratch.MOST_LINES", 3)
    for number in range(9):
        scratch.add_line(replace(ROOT, line=number, started_at=T + number / 10), trunk=True)
    assert grouped(scratch) == [[0, 1, 2]]


def test_the_file_is_gone_while_it_is_used(tmp_path: Path) -> None:
    with HistoryScratch(tmp_path / "scratch.db") as scratch:
        scratch.add_line(ROOT, trunk=True)
        assert list(tmp_path.iterdir()) == []
        assert grouped(scratch) == [[1]]


def test_an_empty_history_has_no_span(scratch: HistoryScratch) -> None:
    assert grouped(scratch) == []
    assert scratch.span() is None
    assert scratch.clocks_apart() is None
