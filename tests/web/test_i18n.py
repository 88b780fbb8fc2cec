"""Which language a browser gets, and how times are written in it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ctiserver.settings_sections import UiSettings
from web.i18n import LOCALE_FOLDER, Languages, accepted_languages, load_languages

NOON = datetime(2026, 3, 2, 11, 5, tzinfo=UTC)


def languages(*codes: str, default: str = "sk", territory: str = "SK") -> Languages:
    return load_languages(codes, default=default, territory=territory, time_zone="Europe/Bratislava")


def test_the_five_languages_of_the_default_configuration_are_offered() -> None:
    assert list(languages(*UiSettings().languages).offered) == ["en", "he", "ar", "pl", "sk"]


def test_languages_without_a_catalogue_are_not_offered() -> None:
    assert list(languages("en", "cs", "he", "fr").offered) == ["en", "he"]


def test_english_is_there_even_when_nothing_else_is() -> None:
    assert list(languages("cs", "fr").offered) == ["en"]


def test_a_default_without_a_catalogue_becomes_the_first_offered() -> None:
    assert languages("he", "sk", default="cs").default.code == "he"


def test_a_new_catalogue_is_all_that_a_new_language_needs(tmp_path: Path) -> None:
    shutil.copytree(LOCALE_FOLDER / "sk", tmp_path / "cs")
    found = load_languages(["cs"], default="cs", territory="CZ", time_zone="Europe/Prague", folder=tmp_path)
    assert found.default.code == "cs"
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
    offered = languages("en", "he", "ar", "pl", "sk").offered
    assert {code: one.direction for code, one in offered.items()} == {
        "en": "ltr", "he": "rtl", "ar": "rtl", "pl": "ltr", "sk": "ltr"
    }  # fmt: skip


def test_the_week_comes_from_the_territory_not_from_the_language() -> None:
    assert languages("he", territory="SK").offered["he"].week_starts_on == 0
    assert languages("en", territory="IL").offered["en"].week_starts_on == 6
    assert languages("en", territory="IL").offered["en"].weekend == (4, 5)


def test_an_unknown_territory_is_no_reason_to_fail() -> None:
    assert languages("en", territory="QQ").default.code == "en"


def test_a_language_is_written_as_its_home_writes_it_where_the_territory_does_not_speak_it() -> None:
    offered = languages("he", "sk", territory="SK").offered
    assert (offered["he"].tag, offered["sk"].tag) == ("he-IL", "sk-SK")


@pytest.mark.parametrize("territory", ["EG", "SA", "AE", "IL", "PL", "GB"])
def test_no_page_has_other_digits_than_the_telephone(territory: str) -> None:
    """Left to itself, the Arabic of most countries writes others; the server and the browser both write 0-9."""
    for code, language in languages("en", "he", "ar", "pl", "sk", territory=territory).offered.items():
        written = language.moment(NOON) + language.date(NOON) + language.short(NOON, NOON.replace(month=4))
        assert all(character.isascii() for character in written if character.isdigit()), written
        assert language.intl_tag == language.tag or (code, language.intl_tag) == ("ar", f"{language.tag}-u-nu-latn")
        assert language.browser_texts()["tag"] == language.intl_tag
    assert languages("ar", territory="EG").default.intl_tag == "ar-EG-u-nu-latn"


@pytest.mark.parametrize(
    ("territory", "first"), [("SK", 0), ("PL", 0), ("AE", 0), ("GB", 0), ("EG", 5), ("IL", 6), ("SA", 6), ("US", 6)]
)
def test_the_week_starts_where_the_territory_says_in_every_language(territory: str, first: int) -> None:
    offered = languages("en", "he", "ar", "pl", "sk", territory=territory).offered
    assert {language.week_starts_on for language in offered.values()} == {first}


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
    assert languages("ar", "pl").offered["ar"].browser_texts()["plurals"] == {
        "zero": 0, "one": 1, "two": 2, "few": 3, "many": 4, "other": 5
    }  # fmt: skip
    assert languages("ar", "pl").offered["pl"].browser_texts()["plurals"] == {"one": 0, "few": 1, "many": 2}


def test_plurals_in_slovak_have_three_forms() -> None:
    slovak = languages("sk").default
    forms = [slovak.ngettext("%(num)s call", "%(num)s calls", count) for count in (1, 3, 5)]
    assert forms == ["%(num)s hovor", "%(num)s hovory", "%(num)s hovorov"]
