"""Which language a browser gets, and how times are written in it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from web.i18n import LOCALE_FOLDER, Languages, accepted_languages, load_languages

NOON = datetime(2026, 3, 2, 11, 5, tzinfo=UTC)


def languages(*codes: str, default: str = "sk", territory: str = "SK") -> Languages:
    return load_languages(codes, default=default, territory=territory, time_zone="Europe/Bratislava")


def test_languages_without_a_catalogue_are_not_offered() -> None:
    assert list(languages("en", "he", "ar", "pl", "sk").offered) == ["en", "he", "sk"]


def test_english_is_there_even_when_nothing_else_is() -> None:
    assert list(languages("ar", "pl").offered) == ["en"]


def test_a_default_without_a_catalogue_becomes_the_first_offered() -> None:
    assert languages("he", "sk", default="pl").default.code == "he"


def test_a_new_catalogue_is_all_that_a_new_language_needs(tmp_path: Path) -> None:
    shutil.copytree(LOCALE_FOLDER / "sk", tmp_path / "pl")
    found = load_languages(["pl"], default="pl", territory="PL", time_zone="Europe/Warsaw", folder=tmp_path)
    assert found.default.code == "pl"
    assert found.default.gettext("Calls") == "Hovory"


def test_the_persons_choice_wins_over_the_browsers() -> None:
    assert languages("en", "he", "sk").best(["he", None], "sk").code == "he"
    assert languages("en", "he", "sk").best([None, None], "fr, en;q=0.5, he;q=0.7").code == "he"
    assert languages("en", "he", "sk").best(["xx"], "fr").code == "sk"


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("he-IL, en;q=0.8", ["he-IL", "en"]),
        ("en;q=0.1, sk", ["sk", "en"]),
        ("iw", ["he"]),
        ("en;q=0, he", ["he"]),
        (";;q=x,,", []),
        ("en;q=nonsense", []),
        ("", []),
    ],
)
def test_accept_language(header: str, tags: list[str]) -> None:
    assert accepted_languages(header) == tags


def test_direction_comes_from_the_language() -> None:
    offered = languages("en", "he").offered
    assert (offered["en"].direction, offered["he"].direction) == ("ltr", "rtl")


def test_the_week_comes_from_the_territory_not_from_the_language() -> None:
    assert languages("he", territory="SK").offered["he"].week_starts_on == 0
    assert languages("en", territory="IL").offered["en"].week_starts_on == 6
    assert languages("en", territory="IL").offered["en"].weekend == (4, 5)


def test_an_unknown_territory_is_no_reason_to_fail() -> None:
    assert languages("en", territory="QQ").default.code == "en"


def test_a_language_is_written_as_its_home_writes_it_where_the_territory_does_not_speak_it() -> None:
    offered = languages("he", "sk", territory="SK").offered
    assert (offered["he"].tag, offered["sk"].tag) == ("he-IL", "sk-SK")


def test_times_are_local_and_cannot_be_taken_for_durations() -> None:
    slovak = languages("sk").default
    assert slovak.time(NOON.replace(hour=5)) == "06:05"
    assert slovak.moment(NOON) == "2. 3. 2026 12:05"


def test_a_moment_is_as_short_as_it_stays_clear() -> None:
    slovak = languages("sk").default
    assert slovak.short(NOON, NOON) == "12:05"
    assert slovak.short(NOON, NOON.replace(month=4)) == "2. 3. 12:05"
    assert slovak.short(NOON, NOON.replace(year=2027)) == "2. 3. 2026 12:05"


def test_the_day_ends_at_local_midnight() -> None:
    start, end = languages("sk").default.day_bounds(datetime(2026, 3, 1, 23, 30, tzinfo=UTC))
    assert start.isoformat() == "2026-03-02T00:00:00+01:00"
    assert end.isoformat() == "2026-03-03T00:00:00+01:00"


def test_the_browser_gets_the_plural_form_for_each_category() -> None:
    offered = languages("en", "he", "sk").offered
    assert offered["sk"].browser_texts()["plurals"] == {"one": 0, "few": 1, "other": 2}
    assert offered["en"].browser_texts()["plurals"] == {"one": 0, "other": 1}
    assert offered["he"].browser_texts()["plurals"]["two"] == 1


def test_plurals_in_slovak_have_three_forms() -> None:
    slovak = languages("sk").default
    forms = [slovak.ngettext("%(num)s call", "%(num)s calls", count) for count in (1, 3, 5)]
    assert forms == ["%(num)s hovor", "%(num)s hovory", "%(num)s hovorov"]
