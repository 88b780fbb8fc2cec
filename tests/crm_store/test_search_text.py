"""What is typed and what is stored meet in one form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_store.search_text import document, fold, terms


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ján  KOVÁČ", "jan kovac"),
        ("Łódź", "lodz"),
        ("שָׁלוֹם", "שלום"),
        ("أحمد", "احمد"),
        ("مُحَمَّد", "محمد"),
        ("Straße", "strasse"),
        ("ｆｕｌｌ", "full"),
        ("٠٩٠٥", "0905"),
        ("a\u202eb\u200d\x00c", "abc"),
        ("tab\tline\nend", "tab line end"),
        ("צה״ל", 'צה"ל'),
        ("", ""),
    ],
)
def test_case_accents_points_and_unseen_signs_are_folded_away(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    once = fold(text)
    assert fold(once) == once


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ()),
        ("  \u200e ", ()),
        ("Ján Kováč", ("jan", "kovac")),
        ("jan JAN", ("jan",)),
        ("+421 905 123 456", ("421905123456",)),
        ("00421 905", ("421905",)),
        ("0905/123 456", ("905123456",)),
        ("+44 (0)20 7946", ("44207946",)),
        ("000", ("000",)),
        ("Kováč 0905", ("kovac", "905")),
        ("12", ("12",)),
        ("C-700", ("c-700",)),
        ("a b c d e f g h i j", ("a", "b", "c", "d", "e", "f", "g", "h")),
    ],
)
def test_a_search_is_words_and_a_number_however_it_is_written(query: str, expected: tuple[str, ...]) -> None:
    assert terms(query) == expected


def test_a_very_long_search_is_cut() -> None:
    assert terms("x" * 10_000) == ("x" * 200,)


def test_a_document_has_each_folded_text_and_the_bare_digits() -> None:
    found = document(["Ján Kováč", "", "ACME", "acme"], ["+421905123456", "C-7", "alice"])
    assert found == "jan kovac\nacme\n421905123456\n7"


@given(st.text(alphabet="ánĽ łßאَ", min_size=1, max_size=20))
def test_a_text_is_found_by_itself(text: str) -> None:
    assert all(term in document([text], []) for term in terms(text))
