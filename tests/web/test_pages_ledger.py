"""The page of the access ledger: admins find who did what, in their language; everybody else is turned away."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm_store.ledger import LedgerEntry, LedgerKind
from tests.web.conftest import Client
from tests.web.desk import CALL_ID, NOW, Desk
from tests.web.test_pages_catalogues import LANGUAGES
from web.pages_words import WORDS


async def page(desk: Desk, client: Client, path: str = "/ledger", *, user: str = "root", language: str = "en") -> str:
    headers, _ = await desk.session(user)
    headers["Cookie"] += f"; cti-language={language}"
    answer = await client.get(path, headers=headers)
    return f"{answer.status} {await answer.text()}"


def entry(kind: LedgerKind, at: datetime = NOW, **fields: Any) -> LedgerEntry:
    return LedgerEntry(kind=kind, at=at, **{"user": "eva", **fields})


def details(text: str) -> list[str]:
    """The words of the last column, one text a row."""
    cells = re.findall(r'<div class="ledger-facts">(.*?)</div>', text)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", cell)).strip() for cell in cells]


def test_every_kind_of_entry_has_a_label() -> None:
    assert set(LedgerKind) == set(WORDS["ledger_kind"])


async def test_an_entry_says_who_what_whom_and_by_which_call(desk: Desk, client: Client) -> None:
    await desk.store.add_to_ledger([entry(LedgerKind.CARD_SHOWN, customer_id=5, call_id=CALL_ID)])
    text = await page(desk, client)
    for part in ("Eva Nováková", "Card shown by a call", 'href="/customers/5"', f'href="/calls/{CALL_ID}"'):
        assert part in text


@pytest.mark.parametrize(
    ("kind", "detail", "told"),
    [
        (
            LedgerKind.SEARCHED,
            {"query": "customers", "term_length": 5, "hits": 50, "more": True},
            "Customers characters typed: 5 found: 50 and more",
        ),
        (LedgerKind.SEARCHED, {"query": "calls", "hits": 0, "more": False}, "Calls found: 0"),
        (LedgerKind.CHANGED, {"what": "customer", "fields": ["name", "note"]}, "Customer fields: name, note"),
        (LedgerKind.CARD_OPENED, {"by_token": True}, "by a program"),
        (LedgerKind.CHANGED, {"what": "my_own_thing", "odd_key": 7}, "my own thing odd key 7"),
        (LedgerKind.SIGNED_IN, {"address": "192.0.2.7", "phone": None}, "from: 192.0.2.7"),
        (LedgerKind.CHANGED, {"what": "<b>"}, "&lt;b&gt;"),
        (
            LedgerKind.PURGED,
            {"data": "pops", "before": "2026-01-31T23:30:00Z"},
            "Cards shown older than: 01/02/2026 00:30",
        ),
        (LedgerKind.PURGED, {"before": "then", "oldest": 7}, "older than: then oldest: 7"),
    ],
)
async def test_details_in_words(
    desk: Desk, client: Client, kind: LedgerKind, detail: dict[str, Any], told: str
) -> None:
    await desk.store.add_to_ledger([entry(kind, detail=detail)])
    assert details(await page(desk, client)) == [told]


async def test_a_day_is_one_of_the_pages_time_zone(desk: Desk, client: Client) -> None:
    # Half past eleven in the evening of the 2nd, in Bratislava, and half an hour after midnight of the 3rd.
    late = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
    await desk.store.add_to_ledger(
        [
            entry(LedgerKind.SEARCHED, late, detail={"hits": 1}),
            entry(LedgerKind.SEARCHED, late + timedelta(hours=1), detail={"hits": 2}),
        ]
    )
    assert details(await page(desk, client, "/ledger?day=2026-03-02")) == ["found: 1"]
    assert details(await page(desk, client, "/ledger?day=2026-03-03")) == ["found: 2"]


async def test_filters_by_person_customer_kind_and_call(desk: Desk, client: Client) -> None:
    await desk.store.add_to_ledger(
        [
            entry(LedgerKind.SEARCHED, detail={"hits": 1}),
            entry(LedgerKind.CARD_SHOWN, user="jan", customer_id=5, call_id=CALL_ID, detail={"hits": 2}),
        ]
    )
    for query in ("user=jan", "kind=card_shown", "customer=5", "customer=%235", f"call={CALL_ID}"):
        assert details(await page(desk, client, f"/ledger?{query}")) == ["found: 2"], query


@pytest.mark.parametrize("query", ["day=yesterday", "day=0001-01-01", "kind=x", "customer=abc", "customer=٣"])
async def test_a_filter_that_is_nonsense_counts_as_not_given(desk: Desk, client: Client, query: str) -> None:
    await desk.store.add_to_ledger([entry(LedgerKind.SEARCHED, detail={"hits": 1})])
    assert details(await page(desk, client, f"/ledger?{query}")) == ["found: 1"]


async def test_the_next_page_keeps_the_filters(desk: Desk, client: Client) -> None:
    await desk.store.add_to_ledger([entry(LedgerKind.SEARCHED, detail={"hits": one}) for one in range(60)])
    text = await page(desk, client, "/ledger?user=eva&kind=searched")
    link = re.search(r'data-more href="([^"]+)"', text)
    assert link
    assert "kind=searched" in link[1]
    assert len(details(text)) == 50
    assert details(await page(desk, client, link[1].replace("&amp;", "&")))[-1] == "found: 0"


async def test_an_empty_ledger_says_what_will_stand_in_it(desk: Desk, client: Client) -> None:
    assert "is written down here by itself" in await page(desk, client)
    assert "fits this selection" in await page(desk, client, "/ledger?user=jan")


@pytest.mark.parametrize("user", ["eva", "sofia"])
async def test_nobody_else_gets_it_or_a_link_to_it(desk: Desk, client: Client, user: str) -> None:
    assert (await page(desk, client, user=user)).startswith("403 ")
    assert 'href="/ledger' not in await page(desk, client, "/", user=user)
    assert 'href="/ledger' in await page(desk, client, "/")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_speaks_the_language_of_the_page(desk: Desk, client: Client, language: str) -> None:
    await desk.store.add_to_ledger([entry(kind) for kind in LedgerKind])
    text = await page(desk, client, language=language)
    assert [label for label in WORDS["ledger_kind"].values() if f">{label}<" in text and label != "Export"] == []
