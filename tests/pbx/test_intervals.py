"""Sums of stretches of time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.intervals import Stretches, overlap, seconds_between, total_s

TIMES = st.floats(0, 1e6, allow_nan=False)


def test_a_stretch_that_never_was() -> None:
    talk = Stretches()
    talk.stop(5.0)
    assert (talk.ever, talk.first_start, talk.last_end, talk.spans(9.0)) == (False, None, None, [])


def test_starting_twice_and_stopping_twice_is_once() -> None:
    talk = Stretches()
    talk.start(1.0)
    talk.start(2.0)
    assert talk.first_start == 1.0
    talk.stop(5.0)
    talk.stop(6.0)
    assert (talk.spans(None), talk.last_end, talk.first_start) == ([(1.0, 5.0)], 5.0, 1.0)


@pytest.mark.parametrize(("again", "spans"), [(6.0, [(1.0, 9.0)]), (8.0, [(1.0, 5.0), (8.0, 9.0)])])
def test_a_short_break_within_the_grace_never_was(again: float, spans: list[tuple[float, float]]) -> None:
    talk = Stretches()
    talk.start(1.0)
    talk.stop(5.0)
    talk.start(again, grace_s=2.0)
    talk.stop(9.0)
    assert talk.spans(None) == spans


def test_without_times_a_break_within_the_grace_never_was() -> None:
    talk = Stretches()
    talk.start(None)
    talk.stop(None)
    talk.start(None, grace_s=2.0)
    assert talk.spans(None) == [(None, None)]
    talk.stop(None)
    talk.start(None)
    assert len(talk.spans(None)) == 2


def test_a_running_stretch_is_cut_where_asked() -> None:
    talk = Stretches()
    talk.start(1.0)
    assert talk.spans(4.0) == [(1.0, 4.0)]


@pytest.mark.parametrize(
    ("spans", "total"),
    [
        ([], 0.0),
        ([(1.0, 3.0), (2.0, 5.0)], 4.0),
        ([(1.0, 9.0), (2.0, 3.0)], 8.0),
        ([(5.0, 6.0), (1.0, 2.0)], 2.0),
        ([(5.0, 3.0)], 0.0),
        ([(None, 3.0)], None),
        ([(3.0, None)], None),
    ],
)
def test_the_union_counts_each_second_once(spans: list[tuple[float | None, float | None]], total: float | None) -> None:
    assert total_s(spans) == total


@given(st.lists(st.tuples(TIMES, TIMES)))
def test_the_union_is_never_longer_than_the_sum(spans: list[tuple[float, float]]) -> None:
    total = total_s(spans)
    assert total is not None
    assert -1e-6 <= total <= sum(max(0.0, end - start) for start, end in spans) + 1e-3


def test_seconds_between_is_never_negative() -> None:
    assert (seconds_between(5.0, 3.0), seconds_between(3.0, 5.0), seconds_between(None, 5.0)) == (0.0, 2.0, None)
    assert seconds_between(5.0, None) is None


@pytest.mark.parametrize(
    ("spans", "within", "parts"),
    [
        ([(1.0, 5.0)], [(2.0, 3.0)], [(2.0, 3.0)]),
        ([(1.0, 5.0)], [(0.0, 2.0), (4.0, 9.0)], [(1.0, 2.0), (4.0, 5.0)]),
        ([(1.0, 2.0)], [(2.0, 3.0)], []),
        ([(1.0, 2.0)], [], []),
        ([(None, 2.0)], [(1.0, 3.0), (4.0, 5.0)], [(None, 2.0)]),
        ([(1.0, 2.0)], [(None, 3.0)], [(1.0, 2.0)]),
    ],
)
def test_the_part_of_a_hold_that_lies_in_the_talk(
    spans: list[tuple[float | None, float | None]],
    within: list[tuple[float | None, float | None]],
    parts: list[tuple[float | None, float | None]],
) -> None:
    assert overlap(spans, within) == parts


def test_an_interrupted_talk_that_goes_on_is_another_one_however_soon() -> None:
    """A colleague asks another by *2: the customer is alone, be it for a moment."""
    talk = Stretches()
    talk.start(1.0)
    talk.is_interrupted = True
    talk.stop(5.0)
    talk.start(5.5, grace_s=2.0)
    talk.stop(8.0)
    talk.start(8.5, grace_s=2.0)
    assert talk.spans(9.0) == [(1.0, 5.0), (5.5, 9.0)]


@pytest.mark.parametrize(("at", "just"), [(5.4, True), (5.5, True), (5.6, False), (None, False)])
def test_what_has_just_ended(at: float | None, just: bool) -> None:
    talk = Stretches()
    assert not talk.just_ended(5.0, within_s=0.5)
    talk.start(1.0)
    assert not talk.just_ended(5.0, within_s=0.5)
    talk.stop(5.0)
    assert talk.just_ended(at, within_s=0.5) is just


def test_what_turns_out_to_be_nothing_is_taken_back() -> None:
    hold = Stretches()
    hold.start(1000.0)
    hold.stop(1004.0)
    hold.start(1010.0)
    hold.take_back()
    assert (hold.running, hold.spans(1020.0)) == (False, [(1000.0, 1004.0)])
