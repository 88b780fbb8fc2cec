"""What people and programs do on pages and in the API stands in the ledger, by ids and counts: no name, number or text."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crm_store.ledger import LedgerEntry, LedgerKind
from crm_store.parties import PartyInput, PhoneInput
from tests.web.conftest import Client
from tests.web.desk import CALL_ID, NOW, PASSWORD, Desk, record

SECRETS = ("Kováč", "905123456", "secret words", PASSWORD)


@pytest.fixture
async def jan(desk: Desk) -> int:
    fields = PartyInput(name="Ján Kováč", phones=(PhoneInput(raw="+421905123456"),))
    saved = await desk.store.create_party(fields, user="eva", now=NOW)
    await desk.store.save_calls([record(customer_id=saved.party.id)], now=NOW)
    return saved.party.id


async def ask(client: Client, desk: Desk, method: str, path: str, body: Any = None, *, user: str = "eva") -> None:
    """One request of a browser (pages) or of a page's code (API), which has to succeed."""
    headers, _ = await desk.session(user)
    answer = await client.request(method, path, json=body, headers=headers)
    assert answer.status < 300, await answer.text()


def last(desk: Desk) -> tuple[Any, ...]:
    entry = desk.ledger[-1]
    return entry.kind.value, entry.user, entry.customer_id, entry.call_id, dict(entry.detail)


CARD, CALL = "/api/v1/customers/{jan}", f"/api/v1/calls/{CALL_ID}"


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "detail"),
    [
        ("GET", CARD, None, "card_opened", {}),
        ("GET", CARD + "/card", None, "card_opened", {}),
        ("GET", "/customers/{jan}", None, "card_opened", {}),
        ("GET", "/?customer={jan}", None, "card_opened", {}),
        ("GET", "/customers/{jan}/edit", None, "card_opened", {"what": "form"}),
        ("GET", "/customers/{jan}/timeline", None, "card_opened", {"what": "timeline"}),
        ("GET", "/api/v1/activities?customer_id={jan}", None, "card_opened", {"what": "timeline"}),
        ("PATCH", CARD, {"note": "secret words"}, "changed", {"what": "customer", "fields": ["note"]}),
    ],
)
async def test_what_is_done_with_a_card(
    client: Client, desk: Desk, jan: int, method: str, path: str, body: Any, kind: str, detail: dict[str, Any]
) -> None:
    await ask(client, desk, method, path.format(jan=jan), body)
    assert last(desk) == (kind, "eva", jan, None, detail)


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "detail"),
    [
        ("GET", CALL, None, "call_opened", {}),
        ("GET", f"/calls/{CALL_ID}", None, "call_opened", {}),
        ("PUT", CALL + "/customer", {"customer_id": 1}, "changed", {"what": "call_customer"}),
        ("POST", CALL + "/tasks", {"title": "secret words"}, "created", {"what": "task", "task": 1}),
    ],
)
async def test_what_is_done_with_a_call(
    client: Client, desk: Desk, jan: int, method: str, path: str, body: Any, kind: str, detail: dict[str, Any]
) -> None:
    await ask(client, desk, method, path, body)
    assert last(desk) == (kind, "eva", jan, CALL_ID, detail)


@pytest.mark.parametrize(
    ("path", "body", "what"),
    [("/note", {"text": "secret words"}, "note"), ("/disposition", {"code": "solved"}, "disposition")],
)
async def test_note_and_outcome_of_a_call(
    client: Client, desk: Desk, jan: int, path: str, body: Any, what: str
) -> None:
    await ask(client, desk, "PUT", CALL + path, body)
    assert last(desk) == ("changed", "eva", None, CALL_ID, {"what": what})


@pytest.mark.parametrize(
    ("path", "query", "length", "found"),
    [
        ("/api/v1/customers?search=Kov%C3%A1%C4%8D", "customers", 5, None),
        ("/customers?q=Kov%C3%A1%C4%8D", "customers", 5, None),
        ("/api/v1/calls?number=0905123456", "calls", 10, None),
        ("/calls?number=%2B421905123456", "calls", 13, None),
        ("/api/v1/lookup?number=0905123456", "lookup", 10, 1),
    ],
)
async def test_a_search_is_known_by_its_length_and_its_hits(
    client: Client, desk: Desk, jan: int, path: str, query: str, length: int, found: int | None
) -> None:
    await ask(client, desk, "GET", path)
    detail = {"query": query, "term_length": length, "hits": 1, "more": False}
    assert last(desk) == ("searched", "eva", found, None, detail)


async def test_tasks_and_what_people_add(client: Client, desk: Desk, jan: int) -> None:
    await ask(client, desk, "POST", "/api/v1/tasks", {"title": "secret words", "customer_id": jan})
    assert last(desk) == ("created", "eva", jan, None, {"what": "task", "task": 1})
    await ask(client, desk, "PATCH", "/api/v1/tasks/1", {"state": "done"})
    assert last(desk) == ("changed", "eva", jan, None, {"what": "task", "task": 1, "fields": ["state"]})
    await ask(client, desk, "POST", "/api/v1/activities", {"text": "secret words", "customer_id": jan})
    assert last(desk) == ("created", "eva", jan, None, {"what": "note"})


async def test_customers_made_merged_and_deleted(client: Client, desk: Desk, jan: int) -> None:
    await ask(client, desk, "POST", "/api/v1/customers", {"name": "Jan Kováč"}, user="sofia")
    assert last(desk) == ("created", "sofia", jan + 1, None, {"what": "customer"})
    await ask(client, desk, "POST", f"/api/v1/customers/{jan}/merge", {"other_id": jan + 1}, user="sofia")
    assert last(desk) == ("merged", "sofia", jan, None, {"other": jan + 1})
    await ask(client, desk, "DELETE", f"/api/v1/customers/{jan}", user="sofia")
    assert last(desk) == ("deleted", "sofia", jan, None, {"what": "customer"})


async def test_an_export_says_how_many_rows_left_the_house(client: Client, desk: Desk, jan: int) -> None:
    await ask(client, desk, "GET", f"/api/v1/calls.csv?customer_id={jan}", user="sofia")
    assert last(desk) == ("exported", "sofia", jan, None, {"what": "calls", "rows": 1})


async def test_dialling_and_hanging_up(client: Client, desk: Desk, jan: int) -> None:
    await ask(client, desk, "POST", "/api/v1/calls", {"to": "+421905123456", "customer_id": jan})
    assert last(desk) == ("dialled", "eva", jan, None, {"agent": "eva", "request": "cti-c2d-1"})
    talking = record(state="talking", customer_id=jan)
    talking["legs"][0]["ended_at"] = None
    await desk.store.save_calls([talking], now=NOW)
    await ask(client, desk, "POST", CALL + "/hangup")
    assert last(desk) == ("hung_up", "eva", jan, CALL_ID, {})


async def test_a_program_is_told_from_a_person(client: Client, desk: Desk, jan: int) -> None:
    answer = await client.get(CARD.format(jan=jan), headers=await desk.token("eva"))
    assert answer.status == 200
    assert last(desk) == ("card_opened", "eva", jan, None, {"by_token": True})


async def test_who_asks_for_more_than_their_role_opens(client: Client, desk: Desk) -> None:
    headers, _ = await desk.session("eva")
    answer = await client.get("/api/v1/calls.csv", headers=headers)
    assert answer.status == 403
    assert last(desk) == ("refused", "eva", None, None, {"method": "GET", "route": "/api/v1/calls.csv"})


async def test_no_entry_has_a_name_a_number_or_a_text(client: Client, desk: Desk, jan: int) -> None:
    await ask(client, desk, "GET", "/api/v1/customers?search=Kov%C3%A1%C4%8D")
    await ask(client, desk, "POST", "/api/v1/calls", {"to": "+421905123456", "customer_id": jan})
    await ask(client, desk, "PUT", CALL + "/note", {"text": "secret words"})
    await ask(client, desk, "PATCH", CARD.format(jan=jan), {"name": "Kováč", "note": "secret words"})
    told = "".join(map(repr, desk.ledger))
    assert len(desk.ledger) == 4
    assert [one for one in SECRETS if one in told] == []


async def test_entries_carry_the_time_of_the_service(client: Client, desk: Desk, jan: int) -> None:
    desk.now = NOW + timedelta(minutes=3)
    await ask(client, desk, "GET", CARD.format(jan=jan))
    expected = LedgerEntry(kind=LedgerKind.CARD_OPENED, at=desk.now, user="eva", customer_id=jan)
    assert desk.ledger[-1] == expected
