"""When somebody is there to take calls: weekday hours in one time zone, less holidays and days that are closed.

A shift begins on its weekday and may run over midnight; it belongs to the day on which it begins. So a closed day takes away the
shifts that begin on it, and the end of the night before it stays. Hours are what the clock on the wall shows: on the day on which
clocks change a shift is an hour longer or shorter, and one that begins in the hour that is left out begins when that hour is over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from crm_store.working_days import holiday_calendar

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: Further ahead nobody plans: who has closed for longer has closed for good.
LOOKS_AHEAD = timedelta(days=400)
_DAY_MINUTES = 24 * 60
_WRITTEN = re.compile(r"(?P<days>[a-z][a-z -]*?)\s+(?P<start>\d{1,2}:\d\d)\s*[-–]\s*(?P<end>\d{1,2}:\d\d)")

ClosedDay = Callable[[date], bool]


def never_closed(day: date) -> bool:
    """Where there are no holidays."""
    return False


@dataclass(frozen=True, slots=True)
class Shift:
    """Opening hours that begin on each of these weekdays (0: Monday); an `end` beyond 24 hours is on the next day."""

    weekdays: frozenset[int]
    start: int  # minutes after midnight
    end: int  # after `start`, at most a day later

    @classmethod
    def parse(cls, text: str) -> Shift:
        """`mon-fri 08:00-16:30`, `mon wed 22:00-06:00`, `sat 00:00-24:00`. ValueError says what is wrong."""
        found = _WRITTEN.fullmatch(text.strip().lower())
        if found is None:
            raise ValueError(f'{text!r} is not opening hours: write "mon-fri 08:00-16:30"')
        start, end = _minutes(found["start"]), _minutes(found["end"])
        if start in (_DAY_MINUTES, end):
            raise ValueError(f"{text!r} has no time between its beginning and its end")
        return cls(_weekdays(found["days"], text), start, end if end > start else end + _DAY_MINUTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningHours:
    """One set of hours. Times in and out are aware; days are those of `zone`."""

    shifts: tuple[Shift, ...]
    zone: ZoneInfo
    is_closed: ClosedDay = never_closed

    def is_open(self, at: datetime) -> bool:
        """Somebody is there at this moment. The last moment of a shift is outside."""
        today = at.astimezone(self.zone).date()
        return any(start <= at < end for start, end in self._shifts_of((today - timedelta(days=1), today)))

    def next_opening(self, at: datetime) -> datetime | None:
        """`at` itself while open, else when the next shift begins (UTC); None when none does within a year."""
        if self.is_open(at):
            return at
        today = at.astimezone(self.zone).date()
        for ahead in range(LOOKS_AHEAD.days):
            coming = [start for start, _ in self._shifts_of((today + timedelta(days=ahead),)) if start >= at]
            if coming:
                return min(coming)
        return None

    def _shifts_of(self, days: Iterable[date]) -> Iterator[tuple[datetime, datetime]]:
        """The shifts that begin on these days, as moments; none that the change of clocks leaves no time for."""
        for day in days:
            if self.is_closed(day):
                continue
            for shift in self.shifts:
                if day.weekday() in shift.weekdays:
                    start, end = _moment(day, shift.start, self.zone, 0), _moment(day, shift.end, self.zone, 1)
                    if start < end:
                        yield start, end


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningPlan:
    """Whose hours a call falls under: those of the dialled number, else of the queue, else everybody's."""

    general: OpeningHours | None = None  # None: no hours are configured
    queues: Mapping[str, OpeningHours] = field(default_factory=dict)
    dids: Mapping[str, OpeningHours] = field(default_factory=dict)

    def hours(self, *, queue: str | None, did: str | None) -> OpeningHours | None:
        """None where nobody said when somebody is there."""
        return self.dids.get(did or "") or self.queues.get(queue or "") or self.general

    def after_hours(self, at: datetime | None, *, queue: str | None, did: str | None) -> bool | None:
        """Nobody was there at this moment; None when the moment or the hours are not known."""
        hours = self.hours(queue=queue, did=did)
        return None if at is None or hours is None else not hours.is_open(at)

    def due(self, at: datetime, *, queue: str | None, did: str | None) -> datetime:
        """When what came in at this moment can be dealt with: at once, else at the next opening."""
        hours = self.hours(queue=queue, did=did)
        return (hours.next_opening(at) if hours is not None else None) or at


@lru_cache(maxsize=8)
def territory_holidays(territory: str) -> ClosedDay:
    """The public holidays of a country (two letters). The first call loads their calendar, which takes a moment; of a country
    without one no day is a holiday."""
    calendar = holiday_calendar(territory)
    if calendar is None:
        return never_closed
    return lru_cache(maxsize=4096)(lambda day: day in calendar)


def closed_days(days: Iterable[date], *, territory: str | None) -> ClosedDay:
    """These days, and the holidays of `territory` (None: none). The holidays are loaded when somebody first asks."""
    listed = frozenset(days)
    if territory is None:
        return listed.__contains__
    return lambda day: day in listed or territory_holidays(territory)(day)


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    total = int(hours) * 60 + int(minutes)
    if total > _DAY_MINUTES or int(minutes) > 59:
        raise ValueError(f"{clock!r} is no time of the day")
    return total


def _weekdays(text: str, whole: str) -> frozenset[int]:
    found: set[int] = set()
    for part in re.sub(r"\s*-\s*", "-", text).split():
        first, _, last = part.partition("-")
        for name in (first, last or first):
            if name not in WEEKDAYS:
                raise ValueError(f"{whole!r}: {name!r} is none of {', '.join(WEEKDAYS)}")
        begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        found.update(day % 7 for day in range(begin, end + 1 if end >= begin else end + 8))
    return frozenset(found)


def _moment(day: date, minutes: int, zone: ZoneInfo, fold: int) -> datetime:
    """The moment at which the wall clock shows this: of two the first (fold 0) or the last; of none, when the gap ends."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    earlier, later = (wall.replace(tzinfo=zone, fold=one).astimezone(UTC) for one in (1, 0))
    if later.astimezone(zone).replace(tzinfo=None) == wall:
        return later if fold == 0 else earlier
    return _change_between(earlier, later, zone)


def _change_between(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The moment, to the second, at which the clocks are put forward."""
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == before else (low, middle)
    return high
