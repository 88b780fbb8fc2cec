"""What moment a phrase is: midnight, the end of the year, the clocks of March and October, weeks that begin on Sunday."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from crm_store.capture_line import vocabulary
from crm_store.capture_moment import BusinessHours, moment_of
from crm_store.capture_text import tokens_of
from crm_store.capture_times import time_phrases
from crm_store.working_days import WorkingDays

SUNDAY_TO_THURSDAY = WorkingDays(weekend=frozenset({4, 5}))


def moment(
    line: str,
    now: str = "2026-03-03 10:30",
    *,
    zone: str = "Europe/Bratislava",
    days: WorkingDays | None = None,
    hours: BusinessHours | None = None,
) -> str | None:
    place = ZoneInfo(zone)
    (phrase,) = time_phrases(line, tokens_of(line), vocabulary("en"))
    found = moment_of(
        phrase,
        now=datetime.fromisoformat(now).replace(tzinfo=place),
        zone=place,
        days=days or WorkingDays(),
        hours=hours or BusinessHours(),
    )
    return None if found is None else found.astimezone(place).strftime("%Y-%m-%d %H:%M %z")[:-2]


@pytest.mark.parametrize(
    ("line", "now", "found"),
    [
        ("10:00", "2026-03-03 10:30", "2026-03-04 10:00"),  # over for today: the next one
        ("11:00", "2026-03-03 10:30", "2026-03-03 11:00"),
        ("today 10:00", "2026-03-03 10:30", None),  # over
        ("today", "2026-03-03 10:30", "2026-03-03 11:00"),
        ("today", "2026-03-03 08:00", "2026-03-03 10:00"),
        ("today", "2026-03-03 18:30", None),
        ("morning", "2026-03-03 10:30", "2026-03-04 09:00"),
        ("today afternoon", "2026-03-03 15:10", "2026-03-03 16:00"),
        ("tomorrow", "2026-03-03 23:59", "2026-03-04 10:00"),
        ("tomorrow", "2026-03-04 00:00", "2026-03-05 10:00"),
        ("in 2 hours", "2026-03-03 23:30", "2026-03-04 01:30"),
        ("tuesday", "2026-03-03 10:30", "2026-03-10 10:00"),  # today's weekday: in a week
        ("tuesday 11:00", "2026-03-03 10:30", "2026-03-03 11:00"),  # unless the time is still to come
        ("tuesday 10:00", "2026-03-03 10:30", "2026-03-10 10:00"),
        ("monday", "2026-03-03 10:30", "2026-03-09 10:00"),
        ("next friday", "2026-03-03 10:30", "2026-03-13 10:00"),  # of the next week
        ("next week", "2026-03-03 10:30", "2026-03-09 10:00"),
        ("24.12.", "2026-03-03 10:30", "2026-12-24 10:00"),
        ("5.1.", "2026-12-31 10:30", "2027-01-05 10:00"),
        ("1.3.", "2026-03-03 10:30", None),  # two days ago: nobody means next year
        ("29.2.", "2027-12-01 10:30", "2028-02-29 10:00"),
        ("29.2.", "2026-12-01 10:30", None),
        ("24.12.2025", "2026-03-03 10:30", None),
        ("tuesday 4.3.", "2026-03-03 10:30", None),  # a Wednesday
        ("friday the 13th", "2026-03-03 10:30", "2026-03-13 10:00"),
        ("friday the 14th", "2026-03-03 10:30", None),
        ("in a month", "2026-01-31 10:30", "2026-02-28 10:00"),
        ("end of month", "2026-02-27 10:30", "2026-03-31 17:00"),  # Friday is the last working day
        ("end of month", "2026-12-15 10:30", "2026-12-31 17:00"),
        ("end of week", "2026-03-03 10:30", "2026-03-06 17:00"),
        ("end of week", "2026-03-06 10:30", "2026-03-13 17:00"),
        ("next month", "2026-12-03 10:30", "2027-01-01 10:00"),
        ("by friday", "2026-03-03 10:30", "2026-03-06 17:00"),
        ("by 15:00", "2026-03-03 10:30", "2026-03-03 15:00"),
        ("tomorrow at 3", "2026-03-03 10:30", "2026-03-04 15:00"),
        ("tomorrow 03:00", "2026-03-03 10:30", "2026-03-04 03:00"),
        ("tomorrow evening at 8", "2026-03-03 10:30", "2026-03-04 20:00"),
        ("12am tomorrow", "2026-03-03 10:30", "2026-03-04 00:00"),
        ("quarter to 1 tomorrow", "2026-03-03 10:30", "2026-03-04 12:45"),
        ("in 0 minutes", "2026-03-03 10:30", None),
        ("in 999 days", "2026-03-03 10:30", None),
        ("in 121 business days", "2026-03-03 10:30", None),
    ],
)
def test_a_phrase_is_a_moment(line: str, now: str, found: str | None) -> None:
    said = moment(line, now)
    assert (said and said[:16]) == found


@pytest.mark.parametrize(
    ("line", "now", "zone", "found"),
    [
        # The clocks go forward on 29 March 2026 at 02:00, back on 25 October at 03:00.
        ("tomorrow 02:30", "2026-03-28 10:00", "Europe/Bratislava", "2026-03-29 03:30 +02"),
        ("tomorrow", "2026-03-28 10:00", "Europe/Bratislava", "2026-03-29 10:00 +02"),
        ("in 3 hours", "2026-03-29 01:00", "Europe/Bratislava", "2026-03-29 05:00 +02"),
        ("tomorrow 02:30", "2026-10-24 10:00", "Europe/Bratislava", "2026-10-25 02:30 +02"),
        ("in 3 hours", "2026-10-25 01:00", "Europe/Bratislava", "2026-10-25 03:00 +01"),
        ("in 2 days", "2026-03-26 10:00", "Asia/Jerusalem", "2026-03-28 10:00 +03"),
    ],
)
def test_the_clocks_may_change(line: str, now: str, zone: str, found: str) -> None:
    assert moment(line, now, zone=zone) == found


def test_a_week_may_begin_on_sunday() -> None:
    assert moment("next week", days=SUNDAY_TO_THURSDAY) == "2026-03-08 10:00 +01"
    assert moment("end of week", days=SUNDAY_TO_THURSDAY) == "2026-03-05 17:00 +01"
    assert moment("next sunday", days=SUNDAY_TO_THURSDAY) == "2026-03-08 10:00 +01"
    assert moment("next business day", "2026-03-05 10:30", days=SUNDAY_TO_THURSDAY) == "2026-03-08 10:00 +01"


def test_business_hours_are_the_callers() -> None:
    hours = BusinessHours(begins=time(8), ends=time(16), usual=time(8, 30))
    assert moment("tomorrow", hours=hours) == "2026-03-04 08:30 +01"
    assert moment("tomorrow morning", hours=hours) == "2026-03-04 08:00 +01"
    assert moment("eod", hours=hours) == "2026-03-03 16:00 +01"
