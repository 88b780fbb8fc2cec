"""Cards are cut, least important first, until they fit in one push message."""

from __future__ import annotations

from typing import Any

import orjson

from crm_store.sql.cards import CARD_BYTES, fit_cards


def card(letters: int) -> dict[str, Any]:
    text = "x" * letters
    return {
        "id": 1,
        "name": text,
        "display_name": text,
        "company": text,
        "external_id": None,
        "note": text,
        "phones": [{"number": "+421905123456", "display": "+421 905 123 456", "label": "other"}] * 6,
        "emails": [text] * 4,
        "tags": [text] * 8,
        "last_activities": [{"kind": "note", "text": text}] * 3,
        "open_tasks": [{"id": 1, "title": text}] * 5,
    }


def test_cards_that_fit_are_left_as_they_are() -> None:
    cards = [card(10)] * 2
    assert fit_cards(cards) == tuple(cards)
    assert fit_cards([]) == ()


def test_one_big_card_loses_length_before_it_loses_its_last_activities() -> None:
    (cut,) = fit_cards([card(300)])
    assert len(orjson.dumps([cut])) <= CARD_BYTES
    assert len(cut["last_activities"]) == 3
    assert cut["name"] == "x" * 100


def test_nine_big_cards_still_have_names_and_a_number() -> None:
    cards = fit_cards([card(300)] * 9)
    assert len(cards) == 9
    assert len(orjson.dumps(cards)) <= CARD_BYTES
    assert all(each["name"] and each["phones"] for each in cards)
