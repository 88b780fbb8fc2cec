"""Words with their places, and vocabularies in which the first language wins."""

from __future__ import annotations

import pytest

from crm_store.capture_text import Vocabulary, Words, digits_in_ascii, tokens_of

ONE: Words = {"weekday": {3: "štvrtok|št", 2: "st"}, "day": {1: "deň po", 2: "deň"}}
OTHER: Words = {"weekday": {6: "st", 1: "יום שלישי|שלישי"}}


def test_tokens_are_words_numbers_and_signs_with_their_places() -> None:
    tokens = tokens_of("Zavolať o'clock ٣ ב-10!")
    assert [token.text for token in tokens] == ["zavolať", "o'clock", "3", "ב", "-", "10", "!"]
    assert [(token.start, token.end) for token in tokens[:2]] == [(0, 7), (8, 15)]
    assert [token.plain for token in tokens[:1]] == ["zavolat"]
    assert [token.is_number for token in tokens] == [False, False, True, False, False, True, False]
    assert tokens[0].is_word
    assert not tokens[-1].is_word


def test_typed_accents_belong_to_their_letter() -> None:
    (token,) = tokens_of("s\u030ct")
    assert (token.text, token.plain, token.end) == ("št", "st", 3)


def test_places_stay_when_digits_become_ascii() -> None:
    assert digits_in_ascii("İ ١٢:٣٠ A") == "İ 12:30 a"


@pytest.mark.parametrize(
    ("word", "meaning"),
    [("štvrtok", 3), ("stvrtok", 3), ("ŠTVRTOK", 3), ("št", 3), ("st", 2), ("śt", None),
     ("שלישי", 1), ("בשלישי", 1), ("x", None), ("", None)],
)  # fmt: skip
def test_a_word_means_what_is_written_and_then_what_it_would_with_accents(word: str, meaning: int | None) -> None:
    assert Vocabulary([ONE, OTHER]).word("weekday", word) == meaning


def test_the_first_language_wins() -> None:
    assert Vocabulary([OTHER, ONE]).word("weekday", "st") == 6


def test_the_longest_phrase_is_found() -> None:
    words, tokens = Vocabulary([ONE]), tokens_of("deň po deň")
    assert words.find("day", tokens, 0) == (1, 2)
    assert words.find("day", tokens, 2) == (2, 3)
    assert words.find("day", tokens, 1) is None
    assert words.find("unknown", tokens, 0) is None
