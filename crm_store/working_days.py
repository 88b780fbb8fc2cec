"""Which days are worked: the weekend and the public holidays of a territory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

_SATURDAY_AND_SUNDAY = frozenset({5, 6})


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """Weekdays count from Monday, 0. Holidays are known for the years that were asked for."""

    weekend: frozenset[int] = _SATURDAY_AND_SUNDAY
    holidays: frozenset[date] = field(default=frozenset())

    @property
    def week_begins(self) -> int:
        """The first weekday after the weekend."""
        return next((day for day in range(7) if day not in self.weekend and (day - 1) % 7 in self.weekend), 0)

    def works(self, day: date) -> bool:
        return day.weekday() not in self.weekend and day not in self.holidays

    def after(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`."""
        while count > 0:
            day += timedelta(days=1)
            count -= self.works(day)
        return day

    def until(self, day: date) -> date:
        """`day` itself, or the last working day before it."""
        for back in range(31):
            if self.works(day - timedelta(days=back)):
                return day - timedelta(days=back)
        return day

    def week_of(self, day: date) -> date:
        """The day on which the week of `day` begins."""
        return day - timedelta(days=(day.weekday() - self.week_begins) % 7)


@cache
def holiday_calendar(territory: str) -> Any | None:
    """The public holidays of an ISO 3166 territory, as the package `holidays` has them; None for one that nobody described.

    Takes up to 0.4 s the first time: the import, and each country more. Not at the start of the service, and not on its loop.
    """
    import holidays

    try:
        return holidays.country_holidays(territory)
    except NotImplementedError:
        return None


def working_days(territory: str, years: Iterable[int]) -> WorkingDays:
    """Of an ISO 3166 territory; one that nobody described has Saturday, Sunday and no holidays. As slow as `holiday_calendar`."""
    calendar = holiday_calendar(territory)
    if calendar is None:
        return WorkingDays()
    return WorkingDays(
        frozenset(calendar.weekend),
        frozenset(day for year in years for day in calendar[f"{year}-01-01" : f"{year}-12-31"]),
    )
