"""`/activities`: a customer's timeline."""

from __future__ import annotations

import pytest

from crm_store.parties import PartyInput, PhoneInput
from tests.web.conftest import Client
from tests.web.desk import CALL_ID, NOW, Desk, record
from web.view_models import ActivityListView, ActivityView


@pytest.fixture
async def dana(desk: Desk) -> int:
    fields = PartyInput(name="Dana", phones=(PhoneInput(raw="0905123456"),))
    return (await desk.store.create_party(fields, user="eva", now=NOW)).party.id


async def test_the_timeline_has_calls_and_notes_newest_first(desk: Desk, client: Client, dana: int) -> None:
    await desk.store.save_calls([record(agent="jan")], now=NOW)
    await desk.store.save_note(CALL_ID, "wants an offer", user="jan", now=NOW)
    headers = await desk.token("eva")
    body = {"customer_id": dana, "text": "met at the fair", "kind": "visit", "at": "2026-03-01T10:00:00Z"}
    answer = await client.post("/api/v1/activities", json=body, headers=headers)
    made = await answer.json()
    ActivityView.model_validate(made)
    assert (answer.status, made["kind"], made["agent"], made["at"]) == (201, "visit", "eva", "2026-03-01T10:00:00Z")
    timeline = await (await client.get(f"/api/v1/activities?customer_id={dana}", headers=headers)).json()
    ActivityListView.model_validate(timeline)
    assert [one["kind"] for one in timeline["items"]] == ["call", "visit"]
    assert timeline["items"][0]["call"]["id"] == CALL_ID


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "x"}, "customer_id"),
        ({"text": "x", "customer_id": 999}, "customer_id"),
        ({"text": " ", "customer_id": 1}, "text"),
        ({"text": "x", "customer_id": 1, "kind": "call"}, "kind"),
        ({"text": "x", "customer_id": 1, "at": "2026-03-01T10:00:00"}, "at"),
    ],
)
async def test_a_bad_activity_is_named(desk: Desk, client: Client, body: object, field: str) -> None:
    answer = await client.post("/api/v1/activities", json=body, headers=await desk.token("eva"))
    assert (answer.status, (await answer.json())["errors"][0]["field"]) == (422, field)


async def test_whose_timeline_must_be_said(desk: Desk, client: Client) -> None:
    assert (await client.get("/api/v1/activities", headers=await desk.token("eva"))).status == 422
