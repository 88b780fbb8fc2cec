"""`/ledger`: for admins alone, by every filter, page after page; nothing can be written there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crm_store.ledger import LedgerEntry, LedgerKind
from tests.web.conftest import Client
from tests.web.desk import CALL_ID, NOW, Desk


@pytest.fixture
async def written(desk: Desk) -> None:
    shown, searched = LedgerKind.CARD_SHOWN, LedgerKind.SEARCHED
    await desk.store.add_to_ledger(
        [
            LedgerEntry(kind=shown, at=NOW, user="eva", customer_id=5, call_id=CALL_ID),
            LedgerEntry(kind=searched, at=NOW + timedelta(hours=1), user="eva", detail={"hits": 3}),
            LedgerEntry(kind=searched, at=NOW + timedelta(days=1), user="jan", detail={"hits": 1}),
        ]
    )


async def asked(client: Client, desk: Desk, query: str = "", *, user: str = "root") -> tuple[int, Any]:
    answer = await client.get("/api/v1/ledger" + query, headers=await desk.token(user))
    return answer.status, await answer.json()


async def test_an_entry_as_the_api_writes_it(client: Client, desk: Desk, written: None) -> None:
    _, page = await asked(client, desk, "?customer_id=5")
    assert page == {
        "items": [
            {
                "seq": 1,
                "at": "2026-03-02T09:00:00Z",
                "kind": "card_shown",
                "user": "eva",
                "customer_id": 5,
                "call_id": CALL_ID,
                "detail": {},
            }
        ],
        "next": None,
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [3, 2, 1]),
        ("?user=eva", [2, 1]),
        ("?kind=searched", [3, 2]),
        (f"?call_id={CALL_ID}", [1]),
        ("?since=2026-03-02T10:00:00Z&until=2026-03-03T00:00:00Z", [2]),
    ],
)
async def test_filters(client: Client, desk: Desk, written: None, query: str, found: list[int]) -> None:
    status, page = await asked(client, desk, query)
    assert (status, [one["seq"] for one in page["items"]]) == (200, found)


async def test_pages(client: Client, desk: Desk, written: None) -> None:
    _, first = await asked(client, desk, "?limit=2")
    _, second = await asked(client, desk, f"?limit=2&cursor={first['next']}")
    assert [one["seq"] for page in (first, second) for one in page["items"]] == [3, 2, 1]
    assert second["next"] is None


@pytest.mark.parametrize("query", ["?kind=nonsense", "?call_id=x", "?customer_id=0", "?cursor=x", "?word=x"])
async def test_nonsense_is_refused_by_name(client: Client, desk: Desk, query: str) -> None:
    status, problem = await asked(client, desk, query)
    assert status == 422
    assert query[1:].partition("=")[0] in problem["detail"] + str(problem["errors"])


@pytest.mark.parametrize("user", ["eva", "sofia"])
async def test_only_admins_read_it_and_who_tries_stands_in_it(client: Client, desk: Desk, user: str) -> None:
    status, _ = await asked(client, desk, user=user)
    assert status == 403
    entry = desk.ledger[-1]
    assert (entry.kind, entry.user, entry.detail["route"]) == (LedgerKind.REFUSED, user, "/api/v1/ledger")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_nobody_writes_it(client: Client, desk: Desk, method: str) -> None:
    answer = await client.request(method, "/api/v1/ledger", json={}, headers=await desk.token("root"))
    assert answer.status == 405
