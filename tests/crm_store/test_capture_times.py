"""Where a line speaks of a time, and where a number is something else."""

from __future__ import annotations

import pytest

from crm_store.capture_line import vocabulary
from crm_store.capture_text import tokens_of
from crm_store.capture_times import TimePhrase, time_phrases


def phrases(line: str, language: str = "en") -> tuple[TimePhrase, ...]:
    return time_phrases(line, tokens_of(line), vocabulary(language))


def kinds(line: str, language: str = "en") -> list[list[str]]:
    return [[atom.kind for atom in phrase.atoms] for phrase in phrases(line, language)]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("tue 10am", [["weekday", "clock"]]),
        ("tomorrow, at 10:30", [["day", "clock"]]),
        ("friday 13.3.", [["weekday", "date"]]),
        ("o 2 hodiny", [["duration"]]),
        ("w przyszłym tygodniu we wtorek", [["week", "weekday"]]),
        ("next week tuesday at 3pm", [["week", "weekday", "clock"]]),
        ("מחר ב-10 וחצי", [["day", "clock"]]),
        ("غدا الساعة الثالثة إلا ربع", [["day", "clock"]]),
        ("dec 24 at noon", [["date", "part"]]),
        ("10:00 and 11:00", [["clock"], ["clock"]]),
        ("yesterday at 10:00", [["past", "clock"]]),
    ],
)
def test_pieces_that_belong_together_are_one_phrase(line: str, found: list[list[str]]) -> None:
    assert kinds(line) == found


@pytest.mark.parametrize(
    "line",
    [
        "invoice 4312", "faktúra č. 10", "0905 10 12 14", "+421 905 123 456", "10 kusov", "o 10 kusov", "price 10.30", "15.30 €",
        "€ 15", "24/7", "1/2", "3/4 full", "v 1.5", "score 2:1", "2:30:15", "ip 10.10.10.10", "12345678", "31/12/99/5", "0.5",
        "eva@10.example", "#10:30", "room 10", "2 hours", "in hours", "10 %", "99.99.", "32.12.", "may be", "they sat down",
    ],
)  # fmt: skip
def test_other_numbers_are_no_times(line: str) -> None:
    assert [phrase for phrase in phrases(line) if any(atom.sure for atom in phrase.atoms)] == []


def test_a_deadline_and_something_past_are_told() -> None:
    (deadline,) = phrases("by friday")
    assert deadline.deadline
    assert not deadline.past
    assert phrases("from 24.12.")[0].past
    assert phrases("yesterday")[0].past


def test_little_words_before_it_belong_to_the_phrase() -> None:
    (phrase,) = phrases("ב-12 במרץ", "he")
    assert (phrase.first, phrase.last) == (0, 3)


def test_of_two_languages_the_first_one_is_meant() -> None:
    assert phrases("so 10:00", "sk")[0].of("weekday") is not None
    assert phrases("v po", "sk")[0].of("weekday") is not None
    assert phrases("po 10:00", "sk")[0].of("weekday") is None
