"""The PBX's local times: clocks that change, clocks that are wrong, and Uniqueids that tell the second."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from crm_store.call_history_times import LocalClock, hours, time_of_uniqueid
from crm_store.errors import InvalidInput

BRATISLAVA = LocalClock(ZoneInfo("Europe/Bratislava"), latest=4e9)


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def test_a_winter_and_a_summer_time() -> None:
    assert BRATISLAVA.started("2026-01-15 10:00:00", None).at == utc("2026-01-15 09:00:00")
    assert BRATISLAVA.started("2026-07-15 10:00:00", None).at == utc("2026-07-15 08:00:00")


def test_seconds_since_1970_and_times_with_a_zone_need_none() -> None:
    for text in ("1795295646.123456", "2026-11-21T21:14:06.123456+00:00", "2026-11-21T22:14:06.123456+01:00"):
        assert BRATISLAVA.started(text, None).at == pytest.approx(1795295646.123456)


# The clocks go from 03:00 to 02:00 on 2026-10-25: 02:30 is 00:30 UTC, then 01:30 UTC.
FIRST, SECOND = utc("2026-10-25 00:30:00"), utc("2026-10-25 01:30:00")


def test_a_time_that_comes_twice_is_told_by_the_uniqueid() -> None:
    first = BRATISLAVA.started("2026-10-25 02:30:00", f"{FIRST:.0f}.7")
    second = BRATISLAVA.started("2026-10-25 02:30:00", f"main-{SECOND:.0f}.7")
    assert [(first.at, first.doubt), (second.at, second.doubt)] == [(FIRST, None), (SECOND, None)]


def test_a_later_line_of_the_same_call_is_never_before_its_channel() -> None:
    # The channel was made at 02:50 summer time; this line began when it was 02:10 for the second time.
    made_at = utc("2026-10-25 00:50:00")
    assert BRATISLAVA.started("2026-10-25 02:10:00", f"{made_at:.0f}.1").at == utc("2026-10-25 01:10:00")


@pytest.mark.parametrize("uniqueid", [None, "cti-4f0a", "1700000000.1"])
def test_a_time_that_comes_twice_without_such_an_id_is_the_first_and_named(uniqueid: str | None) -> None:
    read = BRATISLAVA.started("2026-10-25 02:30:00", uniqueid)
    assert read.at == FIRST
    assert read.doubt == "2026-10-25 02:30:00 comes twice that night: taken as the first."


def test_a_time_that_was_left_out_is_named() -> None:
    assert "was left out that night" in (BRATISLAVA.started("2026-03-29 02:30:00", None).doubt or "")


def test_an_end_in_the_repeated_hour_is_told_by_the_duration() -> None:
    assert BRATISLAVA.near("end", "2026-10-25 02:30:00", FIRST + 1) == FIRST
    assert BRATISLAVA.near("end", "2026-10-25 02:30:00", SECOND - 30) == SECOND


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01 00:00:00", "=NOW()", "2026-02-30 10:00:00", "99999999999"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a time like"):
        BRATISLAVA.started(text, None)


@pytest.mark.parametrize("text", ["1900-01-01 00:00:00", "1970-01-01 00:00:00", "2999-01-01 00:00:00"])
def test_a_time_that_cannot_be_a_calls_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="future or before 1990"):
        BRATISLAVA.started(text, None)


def test_the_second_in_a_uniqueid() -> None:
    assert time_of_uniqueid("1795295646.12") == 1795295646.0
    assert time_of_uniqueid("pbx-2-1795295646.12") == 1795295646.0
    assert [time_of_uniqueid(text) for text in (None, "", "cti-c2d-0001", "12.5")] == [None, None, None, None]


def test_hours_for_a_sentence() -> None:
    assert [hours(7200), hours(-3600), hours(19_800)] == ["+2:00", "-1:00", "+5:30"]
