"""`/customers`: search, card, edit, delete, merge."""

from __future__ import annotations

from typing import Any

import pytest

from crm_store.access import AccessPolicy
from crm_store.accounts import Role
from crm_store.store import CrmStore
from tests.web.conftest import Client
from tests.web.desk import CALL_ID, NOW, Desk, make_desk, record
from web.app import create_app
from web.view_models import CardView, CustomerListView, CustomerView, SavedCustomerView

JAN = {
    "name": "Ján Kováč",
    "company": "Kováč s.r.o.",
    "phones": [{"number": "0905 123 456", "label": "mobile"}],
    "emails": ["jan@example.com"],
    "language": "sk",
    "external_id": "C-7",
    "tags": ["vip"],
    "note": "pays late",
}


async def create(desk: Desk, client: Client, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/api/v1/customers", json={**JAN, **fields}, headers=await desk.token("eva"))
    assert answer.status == 201, await answer.text()
    body: dict[str, Any] = await answer.json()
    return body


async def test_a_customer_is_created_and_read_back(desk: Desk, client: Client) -> None:
    created = await create(desk, client)
    SavedCustomerView.model_validate(created)
    answer = await client.get(f"/api/v1/customers/{created['id']}", headers=await desk.token("eva"))
    read = await answer.json()
    CustomerView.model_validate(read)
    assert answer.headers["ETag"] == f'"{read["version"]}"'
    assert read["name"] == "Ján Kováč"
    assert read["kind"] == "customer"
    assert read["phones"][0]["number"] == "+421905123456"
    assert read["phones"][0]["display"] == "+421 905 123 456"
    assert read["created_at"] == "2026-03-02T09:00:00Z"


async def test_earlier_calls_are_linked_and_counted(desk: Desk, client: Client) -> None:
    await desk.store.save_calls([record()], now=NOW)
    created = await create(desk, client)
    assert created["linked_calls"] == 1
    call = await (await client.get(f"/api/v1/calls/{CALL_ID}", headers=await desk.token("eva"))).json()
    assert call["customer_id"] == created["id"]


async def test_a_name_as_hostile_as_it_likes_comes_back_as_it_was(desk: Desk, client: Client) -> None:
    hostile = "<img src=x onerror=alert(1)> \"'; DROP TABLE--"
    assert (await create(desk, client, name=hostile))["name"] == hostile


@pytest.mark.parametrize("body", [{}, {"name": " "}, {"note": "somebody"}])
async def test_something_to_know_them_by_is_needed(desk: Desk, client: Client, body: object) -> None:
    answer = await client.post("/api/v1/customers", json=body, headers=await desk.token("eva"))
    assert (answer.status, (await answer.json())["errors"][0]["field"]) == (422, "name")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "a", "colour": "red"}, "colour"),
        ({"name": 5}, "name"),
        ({"name": "a", "kind": "enemy"}, "kind"),
        ({"name": "a", "phones": ["0905"]}, "phones.0"),
        ({"name": "a", "phones": [{"number": ""}]}, "phones.0.number"),
        ({"name": "a", "phones": [{"number": "1", "label": "boat"}]}, "phones.0.label"),
        ({"name": "a", "language": "<script>"}, "language"),
        ({"name": "x" * 201}, "name"),
    ],
)
async def test_a_bad_field_is_named(desk: Desk, client: Client, body: object, field: str) -> None:
    answer = await client.post("/api/v1/customers", json=body, headers=await desk.token("eva"))
    problem = await answer.json()
    assert (answer.status, problem["errors"][0]["field"]) == (422, field)
    assert field in problem["detail"]


async def test_a_patch_leaves_what_is_left_out_and_empties_what_is_null(desk: Desk, client: Client) -> None:
    created = await create(desk, client)
    path = f"/api/v1/customers/{created['id']}"
    headers = await desk.token("eva")
    changed = await (await client.patch(path, json={"company": None, "tags": ["a", "a"]}, headers=headers)).json()
    assert changed["company"] is None
    assert changed["tags"] == ["a"]
    assert changed["name"] == "Ján Kováč"
    assert changed["phones"] == created["phones"]
    assert changed["version"] == created["version"] + 1


async def test_what_was_read_can_be_sent_back(desk: Desk, client: Client) -> None:
    created = await create(desk, client)
    phones = [*created["phones"], {"number": "+420777123456", "label": "work"}]
    path = f"/api/v1/customers/{created['id']}"
    answer = await client.patch(path, json={"phones": phones}, headers=await desk.token("eva"))
    assert [one["number"] for one in (await answer.json())["phones"]] == ["+421905123456", "+420777123456"]


async def test_two_people_cannot_overwrite_each_other(desk: Desk, client: Client) -> None:
    created = await create(desk, client)
    path, etag = f"/api/v1/customers/{created['id']}", f'"{created["version"]}"'
    headers = {**await desk.token("eva"), "If-Match": etag}
    assert (await client.patch(path, json={"note": "a"}, headers=headers)).status == 200
    late = await client.patch(path, json={"note": "b"}, headers=headers)
    assert (late.status, (await late.json())["code"]) == (412, "version_conflict")


async def test_search(desk: Desk, client: Client) -> None:
    await create(desk, client)
    await create(desk, client, name="Dana Cohen", phones=[], external_id="C-8", company=None, emails=[], tags=[])
    headers = await desk.token("eva")
    for search, found in (
        ("kovac", ["Ján Kováč"]),
        ("905123", ["Ján Kováč"]),
        ("%", []),
        ("", ["Dana Cohen", "Ján Kováč"]),
    ):
        answer = await client.get("/api/v1/customers", params={"search": search}, headers=headers)
        body = await answer.json()
        CustomerListView.model_validate(body)
        assert sorted(one["name"] for one in body["items"]) == found, search


async def test_the_card(desk: Desk, client: Client) -> None:
    created = await create(desk, client)
    answer = await client.get(f"/api/v1/customers/{created['id']}/card", headers=await desk.token("eva"))
    card = await answer.json()
    CardView.model_validate(card)
    assert {"phones", "tags", "last_activities", "open_tasks"} <= set(card)


async def test_only_a_supervisor_deletes_and_merges(desk: Desk, client: Client) -> None:
    one, other = await create(desk, client), await create(desk, client, name="Jan Kovac", external_id=None)
    eva, sofia = await desk.token("eva"), await desk.token("sofia")
    path = f"/api/v1/customers/{one['id']}"
    assert (await client.delete(path, headers=eva)).status == 403
    assert (await client.post(f"{path}/merge", json={"other_id": other["id"]}, headers=eva)).status == 403
    same = await client.post(f"{path}/merge", json={"other_id": one["id"]}, headers=sofia)
    assert same.status == 422
    merged = await client.post(f"{path}/merge", json={"other_id": other["id"]}, headers=sofia)
    assert (await merged.json())["id"] == one["id"]
    assert (await client.delete(path, headers=sofia)).status == 204


async def test_nobody_there(desk: Desk, client: Client) -> None:
    headers = await desk.token("sofia")
    for method, path in (("GET", "999"), ("PATCH", "999"), ("DELETE", "999"), ("GET", "999/card")):
        answer = await client.request(
            method, f"/api/v1/customers/{path}", json={} if method == "PATCH" else None, headers=headers
        )
        assert (answer.status, (await answer.json())["code"]) == (404, "not_found"), (method, path)


async def test_a_hidden_field_is_absent_and_cannot_be_written(store: CrmStore, aiohttp_client: Any) -> None:
    desk = await make_desk(store, access=AccessPolicy({Role.AGENT: {"customer": ["note", "phones"]}}))
    client = await aiohttp_client(create_app(desk.deps))
    answer = await client.post("/api/v1/customers", json=JAN, headers=await desk.token("sofia"))
    customer = (await answer.json())["id"]
    headers = await desk.token("eva")
    for path in (f"/api/v1/customers/{customer}", f"/api/v1/customers/{customer}/card", "/api/v1/customers"):
        text = await (await client.get(path, headers=headers)).text()
        assert "pays late" not in text
        assert "905" not in text
    lookup = await (await client.get("/api/v1/lookup?number=0905123456", headers=headers)).json()
    assert "phones" not in lookup["customers"][0]
    refused = await client.patch(f"/api/v1/customers/{customer}", json={"note": "x"}, headers=headers)
    assert (refused.status, (await refused.json())["code"]) == (403, "field_hidden")
    me = await (await client.get("/api/v1/me", headers=headers)).json()
    assert me["hidden"]["customer"] == ["note", "phones"]
