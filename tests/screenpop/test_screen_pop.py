"""A pop is complete and at most 8 KB, whatever the caller's name and the customer's cards hold."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_store.caller_lookup import CallerMatch, MatchKind, MatchReason
from screenpop.screen_pop import MAX_POP_BYTES, PopLabels, PopNote, PopPhase, ScreenPop, pop_call, pop_id_of
from tests.screenpop.phone_calls import PhoneCall, describe


def pop(cards: list[dict[str, Any]], *, name: str = "Ján Kováč", note: str | None = None) -> dict[str, Any]:
    call = PhoneCall(name=name, queue="600")
    call.rings("eva")
    written = PopNote(note, "solved", 4) if note is not None else None
    shown = pop_call(
        call.call, call.call.legs[0], describe(call.call), PopLabels(), phase=PopPhase.RINGING, note=written
    )
    match = CallerMatch(kind=MatchKind.SEVERAL, reason=MatchReason.NATIONAL, cards=tuple(cards))
    return ScreenPop(
        pop_id=pop_id_of("01CALL", "eva"), user="eva", offer=1, phase=PopPhase.RINGING, call=shown, match=match
    ).to_json()


def card(number: int, *, text: str = "", items: int = 0) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"Customer {number} {text}",
        "company": text or None,
        "kind": "customer",
        "phones": [{"number": "+421905123456", "display": text, "label": "work"}] * items,
        "tags": [text] * items,
        "last_activities": [{"id": 1, "text": text}] * items,
        "open_tasks": [{"id": 2, "title": text}] * items,
        "language": "sk",
        "note": text,
    }


def size(data: dict[str, Any]) -> int:
    return len(orjson.dumps(data))


@pytest.mark.parametrize(("did", "shown"), [("+421255501234", "+421 2 555 012 34"), ("1234", "1234"), (None, None)])
def test_the_line_that_was_called_comes_readable_too(did: str | None, shown: str | None) -> None:
    call = PhoneCall(did=did)
    call.rings("eva")
    labels = PopLabels()
    told = pop_call(call.call, call.call.legs[0], describe(call.call), labels, phase=PopPhase.RINGING, note=None)
    assert (told["did"], told["did_display"]) == (did, shown)


def test_a_small_pop_is_sent_as_it_is() -> None:
    cards = [card(1, text="VIP", items=3), card(2)]
    assert pop(cards)["customers"] == cards


def test_the_same_agent_and_call_always_have_the_same_pop_id_without_the_agents_name_in_it() -> None:
    assert pop_id_of("01CALL", "eva") == pop_id_of("01CALL", "eva")
    assert pop_id_of("01CALL", "eva") != pop_id_of("01CALL", "jan")
    assert "eva" not in pop_id_of("01CALL", "eva")


def test_more_than_nine_customers_are_cut_to_what_one_digit_chooses() -> None:
    shown = pop([card(number) for number in range(12)])
    assert [customer["id"] for customer in shown["customers"]] == list(range(9))
    assert shown["more_customers"] == 3


def test_long_texts_and_lists_are_shortened_before_customers_are_left_out() -> None:
    shown = pop([card(number, text="long text " * 50, items=10) for number in range(3)])
    assert size(shown) <= MAX_POP_BYTES
    assert [customer["id"] for customer in shown["customers"]] == [0, 1, 2]
    assert shown["customers"][0]["name"].endswith("…")
    assert set(shown["customers"][0]) == set(card(0))


def test_trimming_gives_the_same_result_each_time() -> None:
    cards = [card(number, text="ščť" * 300, items=30) for number in range(9)]
    assert pop(cards) == pop(cards)


def test_a_note_is_never_cut_because_a_page_might_save_the_half_again() -> None:
    long_note = "ring back after nine; " * 100
    shown = pop([card(number, text="x" * 400, items=5) for number in range(9)], note=long_note)
    assert (shown["call"]["note"], shown["call"]["note_truncated"]) == (None, True)
    assert shown["call"]["note_version"] == 4
    short = pop([card(number, text="x" * 400, items=5) for number in range(9)], note="ring back")
    assert short["call"]["note"] == "ring back"
    alone = pop([], note=long_note)
    assert alone["call"]["note"] == long_note


_texts = st.text(max_size=200)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _texts,
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=20), inner, max_size=8),
    max_leaves=15,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    name=_texts,
    note=st.none() | st.text(max_size=1500),
    extra=st.lists(st.dictionaries(st.text(max_size=30), _json, max_size=5), max_size=11),
)
def test_whatever_is_in_it_a_pop_fits_and_keeps_what_must_be_there(
    name: str, note: str | None, extra: list[dict[str, Any]]
) -> None:
    cards = [{**fields, **card(number, text=name * 9, items=40)} for number, fields in enumerate(extra)]
    shown = pop(cards, name=name, note=note)
    assert size(shown) <= MAX_POP_BYTES
    assert shown["call"]["id"] == "01CALL"
    assert bool(shown["customers"]) is bool(cards)
    for customer in shown["customers"]:
        assert {"id", "name", "company", "kind", "phones", "tags", "last_activities", "open_tasks"} <= set(customer)


def test_control_characters_which_json_makes_six_times_longer_do_not_burst_the_frame() -> None:
    shown = pop([card(number, text="\x1b" * 2000, items=50) for number in range(9)], name="\x00" * 5000)
    assert size(shown) <= MAX_POP_BYTES
    assert shown["customers"][0]["id"] == 0
