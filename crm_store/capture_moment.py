"""What moment a phrase of time is, seen from now, in a time zone with its working days."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm_store.capture_places import Atom
from crm_store.capture_times import TimePhrase
from crm_store.working_days import WorkingDays

#: A date without a year that is further ahead than this was meant as one of the past: "invoice of 3.11." in December.
_FARTHEST_DAYS = 300
_LONGEST_COUNT = {"minutes": 600, "hours": 100, "days": 370, "weeks": 53, "months": 24, "workdays": 120}
_STEP = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessHours:
    """When work begins and ends, and the time of a day that was named without one."""

    begins: time = time(9)
    ends: time = time(17)
    usual: time = time(10)

    def part(self, word: str) -> time:
        """The time that a part of the day stands for."""
        parts = {
            "morning": self.begins, "forenoon": self.usual, "noon": time(12), "early_afternoon": time(13),
            "afternoon": time(14), "evening": time(18), "day_end": self.ends,
        }  # fmt: skip
        return parts[word]


#: When a part of today is over: "this afternoon", typed at three, is still to come.
_PART_ENDS = {"morning": time(11, 30), "forenoon": time(12), "noon": time(13), "early_afternoon": time(15),
              "afternoon": time(18), "evening": time(21), "day_end": time(0)}  # fmt: skip


def moment_of(
    phrase: TimePhrase, *, now: datetime, zone: ZoneInfo, days: WorkingDays, hours: BusinessHours
) -> datetime | None:
    """The moment in UTC, after `now`; None for one that is over, that no calendar has, or that contradicts itself."""
    local = now.astimezone(zone)
    try:
        found = _moment(phrase, local, days, hours)
    except (ValueError, OverflowError):
        return None
    if found is None:
        return None
    moment = found.astimezone(UTC)
    return moment if moment > now.astimezone(UTC) else None


def _moment(phrase: TimePhrase, local: datetime, days: WorkingDays, hours: BusinessHours) -> datetime | None:
    duration = phrase.of("duration")
    if duration is not None and duration.word in ("minutes", "hours"):
        if len(phrase.atoms) > 1 or not 0 < duration.values[0] <= _LONGEST_COUNT[duration.word]:
            return None
        later = local.astimezone(UTC) + timedelta(**{duration.word: duration.values[0]})
        return later.replace(second=0, microsecond=0) + timedelta(minutes=later.second > 0)
    clock, part = phrase.of("clock"), phrase.of("part")
    wanted = _time(clock, part)
    if clock is not None and wanted is None:
        return None
    day = _day(phrase, local, days, wanted)
    if day is None:
        return None
    if wanted is not None:
        moment = _at(day, wanted, local)
        if moment <= local and phrase.of("day", "date", "weekday", "week", "duration", "end_of") is None:
            return _at(day + timedelta(days=1), wanted, local)  # only a time: its next occurrence
        return moment
    end = phrase.of("end_of")
    if end is not None and end.word != "next_month":
        return _at(day, hours.ends, local)
    word = part.word if part is not None else "day_end" if phrase.deadline else ""
    usual = hours.part(word) if word else hours.usual
    if day == local.date():
        named_day = phrase.of("day", "date", "weekday", "duration") is not None or (
            part is not None and bool(part.values)
        )
        return _rest_of_today(local, usual, word, hours, named_day=named_day)
    return _at(day, usual, local)


def _rest_of_today(
    local: datetime, usual: time, word: str, hours: BusinessHours, *, named_day: bool
) -> datetime | None:
    moment = _at(local.date(), usual, local)
    if moment > local:
        return moment
    if not named_day:
        return _at(local.date() + timedelta(days=1), usual, local)
    ends = _PART_ENDS.get(word, hours.ends)
    soon = local + _STEP
    soon = soon.replace(minute=0, second=0, microsecond=0) + _STEP * -(-soon.minute // 30)
    return soon if soon.date() == local.date() and soon.time() <= ends else None


def _time(clock: Atom | None, part: Atom | None) -> time | None:
    """The wall time of a clock: 3 is the afternoon's where nothing says otherwise, 03:00 is the night's."""
    if clock is None:
        return None
    hour, minutes, zero = clock.values
    word = clock.word or {"afternoon": "pm", "evening": "pm", "early_afternoon": "pm", "morning": "am"}.get(
        part.word if part is not None else "", ""
    )
    if part is not None and part.word == "noon" and 1 <= hour <= 4:
        word = "pm"
    if word == "pm" and hour < 12:
        hour += 12
    elif word == "am" and hour == 12:
        hour = 0
    elif not word and 1 <= hour <= 6 and not zero:
        hour += 12
    total = hour * 60 + minutes
    return time(total // 60, total % 60) if 0 <= total < 24 * 60 else None


def _day(phrase: TimePhrase, local: datetime, days: WorkingDays, wanted: time | None) -> date | None:
    today = local.date()
    weekday, week = phrase.of("weekday"), phrase.of("week")
    if (dated := phrase.of("date")) is not None:
        day = _dated(dated, today)
        return day if weekday is None or day is None or day.weekday() == weekday.values[0] else None
    if (named := phrase.of("day")) is not None:
        return today + timedelta(days=named.values[0])
    if (duration := phrase.of("duration")) is not None:
        return _after(duration, today, days)
    if (end := phrase.of("end_of")) is not None:
        return _end(end, local, days)
    if weekday is not None:
        number, ahead = weekday.values
        if ahead or week is not None:
            return _in_week(days.week_of(today) + timedelta(days=7), number)
        distance = (number - today.weekday()) % 7
        if distance == 0 and (wanted is None or _at(today, wanted, local) <= local):
            distance = 7
        return today + timedelta(days=distance)
    if week is not None:
        return days.after(days.week_of(today) + timedelta(days=6), 1)
    return today if phrase.of("clock", "part") is not None else None


def _dated(atom: Atom, today: date) -> date | None:
    day, month, year = atom.values
    if not month:  # "Friday the 13th"
        first = today.replace(day=1)
        months = [first, (first + timedelta(days=32)).replace(day=1)]
        return next((one.replace(day=day) for one in months if _has(one, day) and one.replace(day=day) >= today), None)
    if year:
        return date(year, month, day)
    years = [year for year in (today.year, today.year + 1) if _has(date(year, month, 1), day)]
    found = (date(year, month, day) for year in years)
    return next((one for one in found if 0 <= (one - today).days <= _FARTHEST_DAYS), None)


def _has(month: date, day: int) -> bool:
    return day <= calendar.monthrange(month.year, month.month)[1]


def _after(atom: Atom, today: date, days: WorkingDays) -> date | None:
    count, unit = atom.values[0], atom.word
    if not 0 < count <= _LONGEST_COUNT[unit]:
        return None
    if unit == "workdays":
        return days.after(today, count)
    if unit == "months":
        month = today.month - 1 + count
        year, month = today.year + month // 12, month % 12 + 1
        return date(year, month, min(today.day, calendar.monthrange(year, month)[1]))
    return today + timedelta(days=count * (7 if unit == "weeks" else 1))


def _end(atom: Atom, local: datetime, days: WorkingDays) -> date:
    """The last working day of the week or the month, while it is not over; the first one of the next month."""
    today = local.date()
    first_of_next = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    if atom.word == "next_month":
        return days.after(first_of_next - timedelta(days=1), 1)
    if atom.word == "month_end":
        last = days.until(first_of_next - timedelta(days=1))
        following = (first_of_next + timedelta(days=32)).replace(day=1)
        return last if last > today else days.until(following - timedelta(days=1))
    last = days.until(days.week_of(today) + timedelta(days=6))
    return last if last > today else days.until(days.week_of(today) + timedelta(days=13))


def _in_week(begins: date, weekday: int) -> date:
    return begins + timedelta(days=(weekday - begins.weekday()) % 7)


def _at(day: date, wall: time, local: datetime) -> datetime:
    """That wall time of that day; one that the clocks skip is an hour later, as the clocks themselves go."""
    return datetime.combine(day, wall, tzinfo=local.tzinfo).astimezone(UTC).astimezone(local.tzinfo)
