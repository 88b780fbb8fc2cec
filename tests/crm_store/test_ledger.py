"""A card that a screen-pop shows counts once for a call, however often the pop changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from crm_store.ledger import LedgerKind, ShownCards

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
JAN: dict[str, Any] = {"id": 5}
EVA: dict[str, Any] = {"id": 9}


def shown(cards: ShownCards, *customers: dict[str, Any], pop_id: str = "A:eva") -> list[int | None]:
    return [entry.customer_id for entry in cards.shown("eva", pop_id, "A", customers, at=AT)]


def test_an_entry_says_who_saw_which_card_by_which_call() -> None:
    (entry,) = ShownCards().shown("eva", "A:eva", "A", [JAN], at=AT)
    assert (entry.kind, entry.user, entry.customer_id, entry.call_id) == (LedgerKind.CARD_SHOWN, "eva", 5, "A")
    assert (entry.at, entry.detail) == (AT, {})


def test_a_pop_that_changes_shows_no_new_card() -> None:
    cards = ShownCards()
    assert [shown(cards, JAN), shown(cards, JAN), shown(cards)] == [[5], [], []]


def test_each_of_several_customers_counts_and_one_chosen_of_them_does_not_again() -> None:
    cards = ShownCards()
    assert [shown(cards, EVA, JAN), shown(cards, JAN)] == [[5, 9], []]


def test_another_customer_on_the_same_pop_counts() -> None:
    cards = ShownCards()
    assert [shown(cards, JAN), shown(cards, EVA), shown(cards, JAN)] == [[5], [9], []]


def test_two_agents_see_the_same_card_each_for_themselves() -> None:
    cards = ShownCards()
    assert [shown(cards, JAN), shown(cards, JAN, pop_id="A:jan")] == [[5], [5]]


def test_a_pop_that_comes_back_counts_again() -> None:
    cards = ShownCards()
    shown(cards, JAN)
    cards.gone("A:eva")
    cards.gone("A:eva")
    assert shown(cards, JAN) == [5]
