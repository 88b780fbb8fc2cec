"""`/tasks`: things to do, and call-backs claimed by one agent at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crm_store.access import AccessPolicy
from crm_store.accounts import Role
from crm_store.lost_calls import Talk
from crm_store.store import CrmStore
from crm_store.tasks import LostCall, LostWay
from tests.web.conftest import Client
from tests.web.desk import CALL_ID, NOW, Desk, make_desk
from web.app import create_app
from web.view_models import TaskListView, TaskView


async def create(desk: Desk, client: Client, user: str = "eva", **fields: Any) -> dict[str, Any]:
    answer = await client.post(
        "/api/v1/tasks", json={"title": "send the offer", **fields}, headers=await desk.token(user)
    )
    assert answer.status == 201, await answer.text()
    body: dict[str, Any] = await answer.json()
    return body


async def titles(desk: Desk, client: Client, user: str, query: str = "") -> list[str]:
    body = await (await client.get(f"/api/v1/tasks{query}", headers=await desk.token(user))).json()
    TaskListView.model_validate(body)
    return [one["title"] for one in body["items"]]


async def test_a_task_is_ones_own_unless_it_says_otherwise(desk: Desk, client: Client) -> None:
    mine = await create(desk, client, number="0905 123 456", due_at="2026-03-03T10:00:00+02:00")
    TaskView.model_validate(mine)
    assert (mine["owner"], mine["number"], mine["due_at"]) == ("eva", "+421905123456", "2026-03-03T08:00:00Z")
    assert (await create(desk, client, owner=None))["owner"] is None
    assert (await create(desk, client, owner="jan"))["owner"] == "jan"


async def test_an_agent_sees_their_own_and_the_teams(desk: Desk, client: Client) -> None:
    await create(desk, client, title="mine")
    await create(desk, client, title="the team's", owner=None)
    foreign = await create(desk, client, "jan", title="jan's")
    assert sorted(await titles(desk, client, "eva")) == ["mine", "the team's"]
    assert sorted(await titles(desk, client, "sofia")) == ["jan's", "mine", "the team's"]
    assert (await client.get(f"/api/v1/tasks/{foreign['id']}", headers=await desk.token("eva"))).status == 404
    assert (await client.get("/api/v1/tasks?owner=jan", headers=await desk.token("eva"))).status == 403


async def test_filters(desk: Desk, client: Client) -> None:
    await create(desk, client, title="late", due_at="2026-03-01T00:00:00Z")
    await create(desk, client, title="later", due_at="2026-04-01T00:00:00Z")
    assert await titles(desk, client, "eva", "?due_before=2026-03-15T00:00:00Z") == ["late"]
    assert await titles(desk, client, "eva", "?state=done") == []


async def test_done(desk: Desk, client: Client) -> None:
    task = await create(desk, client)
    path = f"/api/v1/tasks/{task['id']}"
    answer = await client.patch(path, json={"state": "done"}, headers=await desk.token("eva"))
    done = await answer.json()
    assert (done["state"], done["done_by"], done["title"]) == ("done", "eva", "send the offer")


async def test_null_empties_where_it_can(desk: Desk, client: Client) -> None:
    task = await create(desk, client, due_at="2026-03-03T10:00:00Z", number="0905123456")
    path, headers = f"/api/v1/tasks/{task['id']}", await desk.token("eva")
    changed = await (await client.patch(path, json={"due_at": None, "number": None}, headers=headers)).json()
    assert (changed["due_at"], changed["number"]) == (None, None)
    wrong = await client.patch(path, json={"title": None}, headers=headers)
    assert (wrong.status, (await wrong.json())["errors"][0]["field"]) == (422, "title")


async def test_two_people_cannot_overwrite_each_other(desk: Desk, client: Client) -> None:
    task = await create(desk, client)
    path, headers = f"/api/v1/tasks/{task['id']}", {**await desk.token("eva"), "If-Match": f'"{task["version"]}"'}
    assert (await client.patch(path, json={"title": "a"}, headers=headers)).status == 200
    assert (await client.patch(path, json={"title": "b"}, headers=headers)).status == 412


async def test_a_call_back_is_claimed_by_the_first(desk: Desk, client: Client) -> None:
    lost = LostCall(call_id=CALL_ID, customer_id=None, number="+421905123456", queue="600", at=NOW, owner=None)
    task = await desk.store.note_lost_call(lost, now=NOW)
    path = f"/api/v1/tasks/{task.id}"
    first = await client.patch(path, json={"claimed_by": "eva"}, headers=await desk.token("eva"))
    assert (await first.json())["claimed_by"] == "eva"
    second = await client.patch(path, json={"claimed_by": "jan"}, headers=await desk.token("jan"))
    assert (second.status, (await second.json())["code"]) == (409, "already_claimed")
    released = await client.patch(path, json={"claimed_by": None}, headers=await desk.token("eva"))
    assert (await released.json())["claimed_by"] is None
    assert (await client.patch(path, json={"claimed_by": "jan"}, headers=await desk.token("jan"))).status == 200


async def test_nobody_claims_for_somebody_else_but_a_supervisor(desk: Desk, client: Client) -> None:
    task = await create(desk, client, owner=None, kind="callback")
    path = f"/api/v1/tasks/{task['id']}"
    assert (await client.patch(path, json={"claimed_by": "jan"}, headers=await desk.token("eva"))).status == 403
    assert (await client.patch(path, json={"claimed_by": "jan"}, headers=await desk.token("sofia"))).status == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x", "owner": "ghost"}, "owner"),
        ({"title": "x", "customer_id": 999}, "customer_id"),
        ({"title": "x", "state": "done"}, "state"),
        ({"title": "x", "due_at": "soon"}, "due_at"),
        ({"title": "x", "kind": "wish"}, "kind"),
    ],
)
async def test_a_bad_task_is_named(desk: Desk, client: Client, body: object, field: str) -> None:
    answer = await client.post("/api/v1/tasks", json=body, headers=await desk.token("eva"))
    assert (answer.status, (await answer.json())["errors"][0]["field"]) == (422, field)


async def test_programs_read_each_attempt_and_the_recall(desk: Desk, client: Client) -> None:
    for number, way in enumerate((LostWay.ABANDONED, LostWay.AFTER_HOURS)):
        lost = LostCall(
            call_id=f"01KJQ00000000000000000000{number}", customer_id=None, number="+421905123456", queue="600",
            did="+421255501234", at=NOW + timedelta(minutes=number), owner=None, way=way, after_hours=bool(number),
        )  # fmt: skip
        await desk.store.note_lost_call(lost, now=NOW)
    headers = await desk.token("eva")
    body = await (await client.get("/api/v1/tasks?kind=callback&lost=true&queue=600", headers=headers)).json()
    TaskListView.model_validate(body)
    (task,) = body["items"]
    assert [(one["way"], one["at"], one["after_hours"]) for one in task["attempts"]] == [
        ("abandoned", "2026-03-02T09:00:00Z", False),
        ("after_hours", "2026-03-02T09:01:00Z", True),
    ]
    assert (task["attempt_count"], task["lost_since"], task["recall_s"]) == (2, "2026-03-02T09:00:00Z", None)
    talk = Talk(call_id="T", customer_id=None, number="+421905123456", user="eva", since=NOW + timedelta(minutes=3))
    await desk.store.close_callbacks([talk], now=NOW)
    done = await (await client.get("/api/v1/tasks?state=done&lost=true", headers=headers)).json()
    assert [one["recall_s"] for one in done["items"]] == [180]
    assert await titles(desk, client, "eva", "?lost=false") == []


async def test_mine_are_those_i_own_or_took(desk: Desk, client: Client) -> None:
    await create(desk, client, title="mine")
    await create(desk, client, title="the team's", owner=None)
    assert await titles(desk, client, "eva", "?mine=true") == ["mine"]


async def test_who_hands_a_task_over_may_take_it_back(desk: Desk, client: Client) -> None:
    task = await create(desk, client)
    path, headers = f"/api/v1/tasks/{task['id']}", await desk.token("eva")
    handed = await (await client.patch(path, json={"owner": "jan"}, headers=headers)).json()
    assert (handed["owner"], handed["handed_by"]) == ("jan", "eva")
    assert await titles(desk, client, "eva") == []
    back = await client.patch(path, json={"owner": "eva"}, headers=headers)
    assert (await back.json())["owner"] == "eva"
    told = [topic for topic, kind, data in desk.published if kind == "task.update" and data["owner"] == "jan"]
    assert told == ["tasks:eva", "tasks:jan", "tasks:root", "tasks:sofia"]


async def test_hidden_fields_are_absent_from_attempts_too(store: CrmStore, aiohttp_client: Any) -> None:
    hidden = {Role.AGENT: {"call": ("did", "queue"), "customer": ("phones",)}}
    desk = await make_desk(store, access=AccessPolicy(hidden))
    lost = LostCall(call_id=CALL_ID, customer_id=None, number="+421905123456", queue="600", at=NOW, owner=None)
    await store.note_lost_call(lost, now=NOW)
    client = await aiohttp_client(create_app(desk.deps))
    body = await (await client.get("/api/v1/tasks", headers=await desk.token("eva"))).json()
    (task,) = body["items"]
    assert "number" not in task
    assert not {"did", "queue"} & task["attempts"][0].keys()
