"""Lines as agents type them, in five languages, and what they become (`capture_phrases/`); then what holds for whatever is typed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_store.activities import DISPOSITIONS
from crm_store.capture_line import LANGUAGES, LONGEST_LINE, Captured, parse
from crm_store.working_days import WorkingDays, working_days

FOLDER = Path(__file__).with_name("capture_phrases")


@cache
def calendar(territory: str) -> WorkingDays:
    return working_days(territory, range(2026, 2029))


def phrases() -> Iterator[Any]:
    for file in sorted(FOLDER.glob("*.toml")):
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        common = {name: data[name] for name in ("language", "zone", "territory", "now")}
        for number, phrase in enumerate(data["phrases"], 1):
            yield pytest.param({**common, **phrase}, id=f"{file.stem}-{number}")


def told(captured: Captured, zone: ZoneInfo) -> dict[str, Any]:
    """What a file would say of it."""
    task = captured.task
    found = {
        "outcome": captured.outcome.code if captured.outcome else None,
        "task": task.kind if task else None,
        "title": task.title if task else None,
        "due": task.due_at.astimezone(zone).strftime("%Y-%m-%d %H:%M") if task and task.due_at else None,
        "tags": [tag.name for tag in captured.tags],
    }
    return {name: value for name, value in found.items() if value}


@pytest.mark.parametrize("phrase", list(phrases()))
def test_a_line_becomes_what_it_means(phrase: dict[str, Any]) -> None:
    zone = ZoneInfo(phrase["zone"])
    now = datetime.fromisoformat(phrase["now"]).replace(tzinfo=zone)
    captured = parse(
        phrase["text"], language=phrase["language"], now=now, zone=zone, days=calendar(phrase["territory"])
    )
    wanted = {name: phrase[name] for name in ("outcome", "task", "title", "due", "tags") if name in phrase}
    assert (phrase["text"], told(captured, zone)) == (captured.text, wanted)


# --- whatever is typed --------------------------------------------------------------------------------------------------------

ZONES = ("Europe/Bratislava", "Asia/Jerusalem", "Africa/Cairo", "America/New_York", "Australia/Lord_Howe", "UTC")
PIECES = [
    *(word for data in LANGUAGES.values() for meanings in data.values() for phrases in meanings.values() for word in phrases.split("|")),
    *("10", "3", "31", "4312", "0905 123 456", "10:00", "25:61", "24.12.", "2026-03-29", "29.2.", "#a", "#", "-", ":", ".", ",", "٣"),
    *("\u202e", "\u200f", "e\u0301", "\x00", "ﷺ", "İ", "ß", "𝟛", "½", "€", "'", '"'),
]  # fmt: skip
LINES = st.one_of(
    st.text(max_size=120),
    st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join),
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
)
NOWS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 12, 31), timezones=st.just(UTC))


@settings(max_examples=400, deadline=None)
@given(
    line=LINES,
    language=st.sampled_from(["en", "he", "ar", "pl", "sk", "de", ""]),
    now=NOWS,
    zone=st.sampled_from(ZONES),
)
def test_it_never_raises_and_what_it_says_is_in_the_line(line: str, language: str, now: datetime, zone: str) -> None:
    captured = parse(line, language=language, now=now, zone=ZoneInfo(zone))
    assert captured.text == line
    assert captured == parse(line, language=language, now=now, zone=ZoneInfo(zone))
    spans = [tag.span for tag in captured.tags]
    if captured.outcome is not None:
        assert captured.outcome.code in DISPOSITIONS
        spans.append(captured.outcome.span)
    if captured.task is not None:
        spans += captured.task.spans
        assert len(captured.task.title) <= 200
        assert captured.task.kind in ("todo", "callback")
        assert captured.task.kind == "callback" or captured.task.title
        if captured.task.due_at is not None:
            assert now < captured.task.due_at < now + timedelta(days=800)
            assert captured.task.due_at.tzinfo is UTC
    assert all(0 <= span.start < span.end <= len(line) for span in spans)
    for tag in captured.tags:
        assert line[tag.span.start : tag.span.end] == f"#{tag.name}"
    assert captured.without(captured.parts) == Captured(text=line)


def read(
    line: str, *, language: str = "en", zone: str = "Europe/Bratislava", now: str = "2026-03-03 10:30"
) -> dict[str, Any]:
    place = ZoneInfo(zone)
    at = datetime.fromisoformat(now).replace(tzinfo=place)
    return told(parse(line, language=language, now=at, zone=place), place)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_understood_in_every_other(language: str) -> None:
    for line in ("call back tomorrow", "zavolať zajtra", "zadzwonić jutro", "להתקשר מחר", "الاتصال غدا"):
        assert read(line, language=language)["due"] == "2026-03-04 10:00"


def test_parts_can_be_left_out() -> None:
    zone = ZoneInfo("Europe/Bratislava")
    now = datetime(2026, 3, 3, 10, 30, tzinfo=zone)
    captured = parse("call back tomorrow #vip #complaint", language="en", now=now, zone=zone)
    assert captured.parts == ("outcome", "task", "tag:vip", "tag:complaint")
    left = captured.without({"outcome", "tag:vip"})
    assert left.parts == ("task", "tag:complaint")
    assert left.text == captured.text


def test_a_long_line_and_several_lines_are_only_a_note() -> None:
    assert read("call back tomorrow " + "x" * LONGEST_LINE) == {}
    assert read("call back\ntomorrow") == {}


def test_a_tag_said_twice_is_one_and_a_number_is_none() -> None:
    assert read("#VIP #vip #4312 a#b (#x)")["tags"] == ["VIP", "x"]
    assert len(read(" ".join(f"#t{number}" for number in range(20)))["tags"]) == 10
    assert "tags" not in read("#" + "x" * 51)
