"""Weekends and holidays of a territory."""

from __future__ import annotations

from datetime import date

from crm_store.working_days import WorkingDays, working_days


def test_easter_is_no_work_in_slovakia() -> None:
    days = working_days("SK", [2026])
    assert days.week_begins == 0
    assert days.after(date(2026, 4, 2), 1) == date(2026, 4, 7)
    assert days.after(date(2026, 4, 2), 2) == date(2026, 4, 8)
    assert days.until(date(2026, 4, 6)) == date(2026, 4, 2)
    assert days.until(date(2026, 4, 8)) == date(2026, 4, 8)


def test_the_week_begins_on_sunday_in_israel() -> None:
    days = working_days("IL", [2026])
    assert days.weekend == {4, 5}
    assert days.week_begins == 6
    assert days.week_of(date(2026, 3, 3)) == date(2026, 3, 1)
    assert days.after(date(2026, 3, 5), 1) == date(2026, 3, 8)


def test_an_unknown_territory_has_saturday_and_sunday() -> None:
    assert working_days("XX", [2026]) == WorkingDays()
    assert WorkingDays(weekend=frozenset()).week_begins == 0


def test_a_month_without_work_does_not_go_back_for_ever() -> None:
    assert WorkingDays(weekend=frozenset(range(7))).until(date(2026, 3, 3)) == date(2026, 3, 3)
