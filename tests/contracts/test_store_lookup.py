"""What a store promises about callers: the right customers, ranked, with complete cards that fit in a push message."""

from __future__ import annotations

import json

import pytest

from crm_store.caller_lookup import MatchKind, MatchReason
from crm_store.errors import NotFound
from crm_store.parties import PartyInput, PhoneInput
from crm_store.phone_numbers import PhoneNumber
from crm_store.store import CrmStore
from crm_store.tasks import TaskInput
from tests.contracts.examples import EVA, JAN, NOW, at, call, customer, leg, number, text


async def found(store: CrmStore, raw: str | PhoneNumber | None) -> tuple[MatchKind, MatchReason | None, list[int]]:
    match = await store.find_caller(raw if isinstance(raw, PhoneNumber) else number(raw))
    return match.kind, match.reason, [card["id"] for card in match.cards]


async def test_one_customer_with_the_number_is_found(store: CrmStore) -> None:
    jan = await customer(store, "Ján", EVA, "0905/123 456 ")
    await customer(store, "Eva", "+421905123457")
    assert await found(store, "0905123456") == (MatchKind.ONE, MatchReason.EXACT, [jan])
    assert await found(store, JAN) == (MatchKind.ONE, MatchReason.EXACT, [jan])


async def test_nobody_has_the_number(store: CrmStore) -> None:
    assert await found(store, "0905123456") == (MatchKind.NONE, None, [])


async def test_a_customer_with_only_a_number_is_found(store: CrmStore) -> None:
    nameless = await customer(store, "", JAN)
    match = await store.find_caller(number(JAN))
    assert [(card["id"], card["name"], card["display_name"]) for card in match.cards] == [
        (nameless, "", "+421 905 123 456")
    ]


async def test_several_with_one_number_are_a_choice_in_a_fixed_order(store: CrmStore) -> None:
    a, b, c, d = [await customer(store, name, JAN) for name in ("Zoja", "Ján", "adam", "Bea")]
    await store.save_calls([call("1", customer_id=a), call("2", minute=1, customer_id=b)], now=NOW)
    await store.create_task(TaskInput(title="send the offer", customer_id=d), user="eva", now=NOW)
    expected = (MatchKind.SEVERAL, MatchReason.EXACT, [d, b, a, c])
    assert [await found(store, JAN) for _ in range(3)] == [expected] * 3


async def test_the_switchboard_of_many_shows_nine(store: CrmStore) -> None:
    for n in range(12):
        await customer(store, f"Contact {n:02}", JAN)
    match = await store.find_caller(number(JAN))
    assert [card["name"] for card in match.cards] == [f"Contact {n:02}" for n in range(9)]


async def test_an_extension_of_a_company_number_is_the_company(store: CrmStore) -> None:
    company = await customer(store, "", f"{JAN};ext=12", company="ACME", kind="company")
    assert await found(store, JAN) == (MatchKind.ONE, MatchReason.EXACT, [company])


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("anonymous", MatchKind.WITHHELD),
        (None, MatchKind.NONE),
        ("1001", MatchKind.INTERNAL),
        ("*21", MatchKind.NONE),
        ("112", MatchKind.NONE),
        ("BANKA", MatchKind.NONE),
    ],
)
async def test_who_has_no_number_never_matches(store: CrmStore, raw: str | None, kind: MatchKind) -> None:
    await customer(store, "Odd", "1001", "112", "*21", "BANKA")
    assert await found(store, raw) == (kind, None, [])


async def test_a_hidden_customer_never_matches(store: CrmStore) -> None:
    jan = await customer(store, "Ján", JAN)
    eva = await customer(store, "Eva", JAN)
    await store.update_party(eva, PartyInput(active=False), user="eva", now=NOW, version=None)
    assert await found(store, JAN) == (MatchKind.ONE, MatchReason.EXACT, [jan])
    await store.delete_party(jan, user="eva", now=NOW)
    assert await found(store, JAN) == (MatchKind.NONE, None, [])


async def test_a_number_kept_unverified_matches_nationally_only_a_caller_without_country(store: CrmStore) -> None:
    # Kept as digits because the number plan of that day did not know it; today it is valid.
    old = await customer(store, "Old", "0905123456")
    known = await store.party(old)
    assert known.phones[0].kind == "e164"
    incoming = number("0905123456")
    assert (incoming.region_given, incoming.national) == (False, "905123456")
    assert await found(store, incoming) == (MatchKind.ONE, MatchReason.EXACT, [old])


async def test_a_number_that_cannot_be_trusted_is_only_a_guess(store: CrmStore) -> None:
    mexican = await customer(store, "Rosa", "+525512345678")
    other = await customer(store, "Other", "+420777345678")
    raw = number("+5215512345678")
    assert raw.kind.value in {"raw", "unverified"}
    assert await found(store, raw) == (MatchKind.SEVERAL, MatchReason.SUFFIX, [mexican])
    assert other not in (await found(store, raw))[2]


async def test_of_several_guesses_the_longest_common_end_comes_first(store: CrmStore) -> None:
    short = await customer(store, "A", "+420772345678")
    longer = await customer(store, "B", "+525512345678")
    assert (await found(store, "+5215512345678"))[2] == [longer, short]


async def test_fewer_than_seven_digits_are_no_guess(store: CrmStore) -> None:
    await customer(store, "A", "+525512345678")
    assert await found(store, "345678") == (MatchKind.NONE, None, [])


async def test_the_card_has_everything_a_pop_shows(store: CrmStore) -> None:
    jan = await customer(
        store,
        "Ján Kováč",
        JAN,
        company="ACME",
        emails=("jan@example.sk",),
        tags=("vip", "late payer"),
        language="sk",
        note="never before nine",
        external_id="C-7",
    )
    ended = call("A", minute=-10, legs=[leg("jan", result="missed"), leg("eva")])
    await store.save_calls([ended, call("B", minute=-1, state="ringing", outcome=None)], now=NOW)
    await store.save_note("A", "wants a new router", user="eva", now=NOW)
    await store.save_disposition("A", "order", user="eva", now=NOW)
    await store.add_activity(kind="visit", text="showed the office", customer_id=jan, user="eva", at=at(-5))
    due = await store.create_task(
        TaskInput(title="send the offer", due_at=at(60), customer_id=jan), user="eva", now=NOW
    )
    (card,) = (await store.find_caller(number(JAN))).cards
    assert card == await store.card(jan)
    assert card == {
        "id": jan,
        "version": 1,
        "name": "Ján Kováč",
        "display_name": "Ján Kováč",
        "company": "ACME",
        "kind": "customer",
        "language": "sk",
        "external_id": "C-7",
        "note": "never before nine",
        "phones": [{"number": JAN, "display": "+421 905 123 456", "label": "other", "extension": None}],
        "emails": ["jan@example.sk"],
        "tags": ["vip", "late payer"],
        "last_activities": [
            {
                "at": "2026-03-02T08:55:00.000000Z",
                "kind": "visit",
                "text": "showed the office",
                "agent": "eva",
                "disposition": None,
                "call_id": None,
                "direction": None,
                "outcome": None,
            },
            {
                "at": "2026-03-02T08:50:00.000000Z",
                "kind": "call",
                "text": "wants a new router",
                "agent": "eva",
                "disposition": "order",
                "call_id": "A",
                "direction": "inbound",
                "outcome": "answered",
            },
        ],
        "open_tasks": [
            {
                "id": due.id,
                "kind": "todo",
                "title": "send the offer",
                "due_at": "2026-03-02T10:00:00.000000Z",
                "owner": None,
                "claimed_by": None,
            }
        ],
        "calls_7d": 1,
    }


async def test_only_calls_of_the_last_seven_days_are_counted(store: CrmStore) -> None:
    jan = await customer(store, "Ján", JAN)
    days = [call(f"C{day}", minute=-day * 24 * 60 + 1) for day in range(9)]
    await store.save_calls(days, now=NOW)
    card = await store.card(jan)
    assert card["calls_7d"] == 8
    assert [activity["call_id"] for activity in card["last_activities"]] == ["C0", "C1", "C2"]


@pytest.mark.parametrize("sign", ["x", "ש", "🙂", '"', "<"])
@pytest.mark.parametrize("customers", [1, 9])
async def test_the_cards_of_a_pop_fit_in_its_frame(store: CrmStore, sign: str, customers: int) -> None:
    for n in range(customers):
        party_id = await customer(
            store,
            sign * 200,
            JAN,
            *(f"+4219051234{n}{k}" for k in range(8)),
            company=sign * 200,
            note=sign * 5000,
            tags=tuple(sign * 49 + chr(97 + k) for k in range(20)),
            emails=tuple(f"{'a' * 200}{k}@example.com" for k in range(9)),
            external_id=f"{n}" + sign * 99,
        )
        for k in range(6):
            await store.add_activity(kind="note", text=sign * 3000, customer_id=party_id, user="eva", at=at(k))
            await store.create_task(TaskInput(title=sign * 200, customer_id=party_id), user="eva", now=NOW)
    match = await store.find_caller(number(JAN))
    assert len(match.cards) == customers
    assert len(json.dumps(match.cards, ensure_ascii=False).encode()) <= 7000
    assert all(card["name"] and card["phones"] for card in match.cards)


async def test_the_card_of_nobody_is_not_found(store: CrmStore) -> None:
    with pytest.raises(NotFound):
        await store.card(77)


async def test_a_lookup_sees_a_number_as_soon_as_it_is_saved(store: CrmStore) -> None:
    jan = await customer(store, "Ján")
    for raw in (JAN, EVA):
        numbers = PartyInput(phones=(PhoneInput(raw=raw),))
        await store.update_party(jan, numbers, user="eva", now=NOW, version=None)
        assert (await found(store, raw))[2] == [jan]
    assert await found(store, JAN) == (MatchKind.NONE, None, [])


async def test_a_hostile_number_finds_nobody(store: CrmStore) -> None:
    await customer(store, "Ján", JAN)
    for raw in ("777123456'; DROP TABLE parties", "%%%%%%%%%", "_" * 12, text(NOW)):
        assert (await found(store, raw))[2] == []
    assert (await found(store, JAN))[0] is MatchKind.ONE
