"""The matching policy: who is opened, who is only listed, who is never looked for."""

from __future__ import annotations

import pytest

from crm_store.caller_lookup import (
    Candidate,
    MatchKind,
    MatchReason,
    decide,
    match_without_search,
    search_tiers,
)
from crm_store.phone_numbers import NumberProfile, normalise

SK = NumberProfile(region="SK", extensions=frozenset({"1001"}))


def candidate(customer_id: int, tier: MatchReason = MatchReason.EXACT, **ranked: object) -> Candidate:
    return Candidate(tier=tier, card={"id": customer_id}, **ranked)  # type: ignore[arg-type]


def ids(*candidates: Candidate) -> list[int]:
    return [card["id"] for card in decide(candidates).cards]


def test_one_exact_party_is_opened() -> None:
    match = decide([candidate(5)])
    assert (match.kind, match.reason, match.cards) == (MatchKind.ONE, MatchReason.EXACT, ({"id": 5},))


def test_n46_a_shared_switchboard_is_a_list() -> None:
    match = decide([candidate(5), candidate(6)])
    assert (match.kind, match.reason, len(match.cards)) == (MatchKind.SEVERAL, MatchReason.EXACT, 2)


def test_the_same_party_found_twice_is_one() -> None:
    assert decide([candidate(5), candidate(5)]).kind is MatchKind.ONE


def test_an_exact_party_silences_weaker_matches() -> None:
    assert ids(candidate(1, MatchReason.SUFFIX), candidate(2, MatchReason.NATIONAL), candidate(3)) == [3]


def test_a_single_national_match_is_opened_and_says_so() -> None:
    match = decide([candidate(2, MatchReason.NATIONAL), candidate(1, MatchReason.SUFFIX)])
    assert (match.kind, match.reason) == (MatchKind.ONE, MatchReason.NATIONAL)


def test_a_suffix_is_only_ever_a_possible_match() -> None:
    match = decide([candidate(1, MatchReason.SUFFIX)])
    assert (match.kind, match.reason) == (MatchKind.SEVERAL, MatchReason.SUFFIX)


def test_a_party_that_was_deleted_does_not_match() -> None:
    assert decide([candidate(1, active=False)]).kind is MatchKind.NONE
    assert decide([candidate(1, active=False), candidate(2)]).kind is MatchKind.ONE


def test_open_tasks_come_first_then_the_latest_contact() -> None:
    assert ids(
        candidate(1),
        candidate(2, last_contact_at=100.0),
        candidate(3, last_contact_at=200.0),
        candidate(4, open_tasks=1),
    ) == [4, 3, 2, 1]


def test_a_longer_common_ending_is_a_better_guess() -> None:
    suffix = MatchReason.SUFFIX
    assert ids(candidate(1, suffix, common_digits=7, open_tasks=1), candidate(2, suffix, common_digits=9)) == [2, 1]


def test_at_most_nine_are_shown() -> None:
    assert len(decide([candidate(n) for n in range(20)]).cards) == 9


@pytest.mark.parametrize(
    ("raw", "tiers"),
    [
        ("+421905123456", [MatchReason.EXACT]),
        ("0905123456", [MatchReason.EXACT, MatchReason.NATIONAL]),
        ("+5215512345678", [MatchReason.SUFFIX]),
        ("9876", []),
        ("1001", []),
        ("*21", []),
        ("112", []),
        ("BANKA", []),
        ("anonymous", []),
    ],
)
def test_what_is_searched_for(raw: str, tiers: list[MatchReason]) -> None:
    assert list(search_tiers(normalise(raw, SK))) == tiers


@pytest.mark.parametrize(
    ("raw", "kind"),
    [("anonymous", MatchKind.WITHHELD), ("1001", MatchKind.INTERNAL), ("BANKA", MatchKind.NONE), ("", MatchKind.NONE)],
)
def test_some_callers_never_touch_the_database(raw: str, kind: MatchKind) -> None:
    match = match_without_search(normalise(raw, SK))
    assert match is not None
    assert match.kind is kind


def test_a_real_number_has_to_be_searched_for() -> None:
    assert match_without_search(normalise("0905123456", SK)) is None
