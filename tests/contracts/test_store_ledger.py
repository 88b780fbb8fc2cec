"""What a store promises about the access ledger: everything that was written is found, in order, by every filter."""

from __future__ import annotations

from typing import Any

from crm_store.ledger import LedgerEntry, LedgerFilter, LedgerKind
from crm_store.store import CrmStore
from tests.contracts.examples import at

SHOWN, SEARCHED = LedgerKind.CARD_SHOWN, LedgerKind.SEARCHED


def entry(kind: LedgerKind, minute: int, user: str | None = "eva", **fields: Any) -> LedgerEntry:
    return LedgerEntry(kind=kind, at=at(minute), user=user, **fields)


async def minutes(store: CrmStore, **fields: Any) -> list[float]:
    page = await store.ledger(LedgerFilter(**fields), cursor=None, limit=50)
    return [(one.at - at(0)).total_seconds() / 60 for one in page.items]


async def test_an_entry_comes_back_as_it_was_given(store: CrmStore) -> None:
    given = entry(SHOWN, 1, customer_id=5, call_id="A", detail={"hits": 3, "fields": ["name"]})
    await store.add_to_ledger([given])
    (found,) = (await store.ledger(LedgerFilter(), cursor=None, limit=10)).items
    assert found.seq > 0
    assert (found.kind, found.at, found.user) == (SHOWN, at(1), "eva")
    assert (found.customer_id, found.call_id, found.detail) == (5, "A", {"hits": 3, "fields": ["name"]})


async def test_every_filter_finds_its_entries_newest_first(store: CrmStore) -> None:
    await store.add_to_ledger(
        [
            entry(SHOWN, 1, customer_id=5, call_id="A"),
            entry(SHOWN, 2, "jan", customer_id=6, call_id="B"),
            entry(SEARCHED, 3),
            entry(LedgerKind.SIGN_IN_FAILED, 4, None),
        ]
    )
    assert await minutes(store) == [4, 3, 2, 1]
    assert await minutes(store, user="eva") == [3, 1]
    assert await minutes(store, customer_id=6) == [2]
    assert await minutes(store, call_id="A") == [1]
    assert await minutes(store, kind=SHOWN) == [2, 1]
    assert await minutes(store, since=at(2), until=at(4)) == [3, 2]
    assert await minutes(store, user="eva", kind=SHOWN, customer_id=6) == []


async def test_pages_follow_each_other_without_a_hole_while_entries_come(store: CrmStore) -> None:
    await store.add_to_ledger([entry(SEARCHED, minute // 2, detail={"hits": minute}) for minute in range(5)])
    seen: list[int] = []
    cursor: str | None = None
    while True:
        page = await store.ledger(LedgerFilter(), cursor=cursor, limit=2)
        seen += [one.detail["hits"] for one in page.items]
        await store.add_to_ledger([entry(SEARCHED, 60)])
        cursor = page.next
        if cursor is None:
            break
    assert seen == [4, 3, 2, 1, 0]


async def test_nothing_to_add_is_no_error(store: CrmStore) -> None:
    await store.add_to_ledger([])
    assert await minutes(store) == []
