"""When somebody is there: weekday hours, nights, closed days, and the nights on which the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_store.opening_hours import OpeningHours, OpeningPlan, Shift, closed_days, never_closed, territory_holidays

BRATISLAVA = ZoneInfo("Europe/Bratislava")
OFFICE = ("mon-fri 08:00-16:30", "sat 09:00-12:00")


def hours(*texts: str, zone: str = "Europe/Bratislava", closed: tuple[str, ...] = ()) -> OpeningHours:
    days = frozenset(date.fromisoformat(day) for day in closed)
    return OpeningHours(
        shifts=tuple(Shift.parse(text) for text in texts), zone=ZoneInfo(zone), is_closed=days.__contains__
    )


def local(text: str, zone: str = "Europe/Bratislava", fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


# --- how they are written -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "weekdays", "start", "end"),
    [
        ("mon-fri 08:00-16:30", {0, 1, 2, 3, 4}, 480, 990),
        ("Sat 9:00 - 12:00", {5}, 540, 720),
        ("mon wed fri 08:00-12:00", {0, 2, 4}, 480, 720),
        ("sun - thu 08:00-17:00", {6, 0, 1, 2, 3}, 480, 1020),
        ("fri-mon 10:00-18:00", {4, 5, 6, 0}, 600, 1080),
        ("mon-sun 00:00-24:00", set(range(7)), 0, 1440),
        ("fri 22:00-06:00", {4}, 1320, 1800),
        ("fri 22:00-00:00", {4}, 1320, 1440),
    ],
)
def test_hours_are_read(text: str, weekdays: set[int], start: int, end: int) -> None:
    assert Shift.parse(text) == Shift(frozenset(weekdays), start, end)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "opening hours"),
        ("08:00-16:30", "opening hours"),
        ("mon-fri 8-16", "opening hours"),
        ("mon-fry 08:00-16:30", "'fry'"),
        ("pon-pia 08:00-16:30", "'pon'"),
        ("mon 08:00-25:00", "25:00"),
        ("mon 08:70-16:00", "08:70"),
        ("mon 08:00-08:00", "no time between"),
        ("mon 24:00-06:00", "no time between"),
    ],
)
def test_a_mistake_is_named(text: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Shift.parse(text)


# --- open or not ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-11-30T07:59:59", False),  # Monday
        ("2026-11-30T08:00:00", True),
        ("2026-11-30T16:29:59", True),
        ("2026-11-30T16:30:00", False),
        ("2026-12-05T09:00:00", True),  # Saturday
        ("2026-12-05T12:00:00", False),
        ("2026-12-06T10:00:00", False),  # Sunday
    ],
)
def test_hours_hold_in_their_own_time_zone(at: str, is_open: bool) -> None:
    office = hours(*OFFICE)
    assert office.is_open(local(at)) is is_open
    assert office.is_open(local(at).astimezone(ZoneInfo("Asia/Tokyo"))) is is_open


def test_a_night_shift_belongs_to_the_day_on_which_it_begins() -> None:
    night = hours("mon-fri 22:00-06:00", closed=("2026-12-24",))  # a Thursday
    assert night.is_open(local("2026-12-23T23:59:59"))
    assert night.is_open(local("2026-12-24T00:00:00"))
    assert night.is_open(local("2026-12-24T05:59:59"))
    assert not night.is_open(local("2026-12-24T23:00:00"))
    assert not night.is_open(local("2026-12-25T03:00:00"))
    assert night.is_open(local("2026-12-26T03:00:00"))  # Saturday morning is Friday's night
    assert not night.is_open(local("2026-12-28T03:00:00"))  # Monday morning would be Sunday's


def test_a_day_and_night_service_never_closes() -> None:
    always = hours("mon-sun 00:00-24:00")
    day = local("2026-03-28T12:00:00")
    assert all(always.is_open(day + timedelta(minutes=7 * step)) for step in range(600))


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-11-30T10:00:00", "2026-11-30T10:00:00"),  # open: now
        ("2026-11-30T06:00:00", "2026-11-30T08:00:00"),
        ("2026-11-30T16:30:00", "2026-12-01T08:00:00"),
        ("2026-12-04T20:00:00", "2026-12-05T09:00:00"),
        ("2026-12-05T13:00:00", "2026-12-07T08:00:00"),
        ("2026-12-23T17:00:00", "2026-12-28T08:00:00"),  # over Christmas, and its Saturday
    ],
)
def test_the_next_opening_skips_what_is_closed(at: str, opens: str) -> None:
    office = hours(*OFFICE, closed=("2026-12-24", "2026-12-25", "2026-12-26"))
    assert office.next_opening(local(at)) == local(opens)


def test_who_never_opens_has_no_next_opening() -> None:
    assert hours().next_opening(local("2026-11-30T10:00:00")) is None
    shut = OpeningHours(shifts=(Shift.parse("mon-sun 08:00-16:00"),), zone=BRATISLAVA, is_closed=lambda day: True)
    assert shut.next_opening(local("2026-11-30T10:00:00")) is None


# --- the nights on which clocks change ------------------------------------------------------------------------------------


def test_a_shift_that_begins_in_the_hour_left_out_begins_after_it() -> None:
    early = hours("sun 02:30-04:00")  # on 29 March 2026 the clocks go from 02:00 to 03:00
    assert early.next_opening(local("2026-03-29T01:00:00")) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert early.is_open(local("2026-03-29T03:00:00"))
    assert not early.is_open(local("2026-03-29T01:59:59"))
    assert hours("sun 02:10-02:50").next_opening(local("2026-03-29T01:00:00")) == local("2026-04-05T02:10:00")


def test_a_shift_over_the_hour_that_comes_twice_is_an_hour_longer() -> None:
    night = hours("sat 22:00-02:30")  # on 25 October 2026 the clocks go from 03:00 to 02:00
    first, last = local("2026-10-25T02:15:00"), local("2026-10-25T02:15:00", fold=1)
    assert night.is_open(first)
    assert night.is_open(last)
    assert night.is_open(local("2026-10-25T02:45:00"))
    assert not night.is_open(local("2026-10-25T02:30:00", fold=1))


def test_a_zone_without_midnight_still_has_a_day() -> None:
    beirut = hours("mon-sun 00:00-24:00", zone="Asia/Beirut")  # on 29 March 2026 the day begins at 01:00
    at = local("2026-03-28T23:59:59", "Asia/Beirut").astimezone(UTC)
    assert all(beirut.is_open(at + timedelta(minutes=minute)) for minute in range(180))


moments = st.datetimes(
    min_value=datetime(2026, 1, 1), max_value=datetime(2027, 12, 31), timezones=st.just(UTC)
).map(lambda at: at.replace(microsecond=0))  # fmt: skip
clocks = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
shifts = st.tuples(st.sampled_from(["mon-fri", "sat sun", "sun", "mon-sun", "fri-mon"]), clocks, clocks).filter(
    lambda one: one[1] != one[2]
)
zones = st.sampled_from(["Europe/Bratislava", "Asia/Jerusalem", "Asia/Beirut", "America/New_York", "Asia/Kolkata"])


@settings(max_examples=150, deadline=None)
@given(at=moments, written=st.lists(shifts, min_size=1, max_size=3), zone=zones)
def test_nothing_is_open_between_now_and_the_next_opening(
    at: datetime, written: list[tuple[str, str, str]], zone: str
) -> None:
    open_at = hours(*(f"{days} {start}-{end}" for days, start, end in written), zone=zone)
    opens = open_at.next_opening(at)
    assert opens is not None
    assert opens >= at
    assert open_at.is_open(opens)
    if opens > at:
        assert not open_at.is_open(opens - timedelta(seconds=1))
        span = (opens - at) / 40
        assert not any(open_at.is_open(at + span * step) for step in range(40))


@settings(max_examples=150, deadline=None)
@given(at=moments, written=shifts, zone=zones)
def test_away_from_changes_of_clocks_it_is_what_the_wall_clock_says(
    at: datetime, written: tuple[str, str, str], zone: str
) -> None:
    days, start, end = written
    shift = Shift.parse(f"{days} {start}-{end}")
    wall = at.astimezone(ZoneInfo(zone))
    day = timedelta(days=1)
    if (at - day).astimezone(wall.tzinfo).utcoffset() != (at + day).astimezone(wall.tzinfo).utcoffset():
        return
    minute = wall.hour * 60 + wall.minute
    expected = (wall.weekday() in shift.weekdays and shift.start <= minute < shift.end) or (
        (wall.weekday() - 1) % 7 in shift.weekdays and minute + 1440 < shift.end
    )
    assert hours(f"{days} {start}-{end}", zone=zone).is_open(at) is expected


# --- whose hours, which days ------------------------------------------------------------------------------------------------


def test_the_dialled_number_goes_before_the_queue_and_the_queue_before_everybody() -> None:
    day, queue, did = hours("mon-fri 08:00-16:00"), hours("mon-sun 00:00-24:00"), hours("sun 10:00-11:00")
    plan = OpeningPlan(general=day, queues={"night": queue}, dids={"+421255501234": did})
    assert plan.hours(queue=None, did=None) is day
    assert plan.hours(queue="sales", did="+421255509999") is day
    assert plan.hours(queue="night", did=None) is queue
    assert plan.hours(queue="night", did="+421255501234") is did


def test_without_hours_nobody_knows_and_everything_is_due_at_once() -> None:
    at = local("2026-12-06T03:00:00")
    assert OpeningPlan().after_hours(at, queue=None, did=None) is None
    assert OpeningPlan().due(at, queue=None, did=None) == at
    plan = OpeningPlan(general=hours(*OFFICE))
    assert plan.after_hours(None, queue=None, did=None) is None
    assert plan.after_hours(at, queue=None, did=None) is True
    assert plan.after_hours(local("2026-12-07T09:00:00"), queue=None, did=None) is False
    assert plan.due(at, queue=None, did=None) == local("2026-12-07T08:00:00")


def test_holidays_are_those_of_the_territory() -> None:
    slovak, israeli = territory_holidays("SK"), territory_holidays("IL")
    assert slovak(date(2026, 9, 1)) or slovak(date(2026, 12, 24))
    assert not israeli(date(2026, 12, 24))
    assert territory_holidays("ZZ") is never_closed
    closed = closed_days([date(2026, 12, 31)], territory="SK")
    assert [closed(date(2026, 12, day)) for day in (24, 30, 31)] == [True, False, True]
    assert [closed_days([date(2026, 12, 31)], territory=None)(date(2026, 12, day)) for day in (24, 31)] == [False, True]
