"""`POST /calls`: whose phone rings, and what is refused before anything is sent."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from crm_store.parties import PartyInput
from crm_store.store import CrmStore
from crm_store.tasks import LostCall, Task, TaskInput
from pbx.errors import PbxNotConnected, PbxRefused, PbxResultUnknown
from tests.web.conftest import Client
from tests.web.desk import ACCOUNTS, NOW, Desk, make_desk
from web.app import create_app
from web.view_models import DialView


async def dial(client: Client, headers: dict[str, str], **body: object) -> tuple[int, dict[str, Any]]:
    answer = await client.post("/api/v1/calls", json={"to": "+421 905 123 456", **body}, headers=headers)
    return answer.status, await answer.json()


async def test_my_own_phone_rings(desk: Desk, client: Client) -> None:
    answer = await client.post("/api/v1/calls", json={"to": "+421905123456"}, headers=await desk.token("eva"))
    body = await answer.json()
    DialView.model_validate(body)
    assert (answer.status, body["state"], body["agent"]) == (202, "dialing", "eva")
    assert answer.headers["Location"] == f"/api/v1/calls/requests/{body['id']}"
    assert desk.pbx.asked == [("originate", "PJSIP/1001", "1001", "+421905123456")]
    assert [(topic, kind) for topic, kind, _ in desk.published] == [("requests:eva", "request.update")]


async def test_the_phone_of_the_sign_in_rings(desk: Desk, client: Client) -> None:
    headers, _ = await desk.session("eva", "PJSIP/1042")
    await dial(client, headers)
    assert desk.pbx.asked == [("originate", "PJSIP/1042", "1042", "+421905123456")]


async def test_a_second_device_has_the_same_extension(desk: Desk, client: Client) -> None:
    headers, _ = await desk.session("eva", "PJSIP/991001")
    await dial(client, headers)
    assert desk.pbx.asked == [("originate", "PJSIP/991001", "1001", "+421905123456")]


async def test_an_agent_cannot_ring_a_colleagues_phone(desk: Desk, client: Client) -> None:
    status, body = await dial(client, await desk.token("eva"), agent="jan")
    assert (status, body["code"]) == (403, "forbidden")
    assert desk.pbx.asked == []


async def test_a_supervisor_may_dial_for_an_agent_where_that_agent_sits(desk: Desk, client: Client) -> None:
    await desk.session("jan", "PJSIP/1077")
    status, body = await dial(client, await desk.token("sofia"), agent="jan")
    assert (status, body["agent"]) == (202, "jan")
    assert desk.pbx.asked == [("originate", "PJSIP/1077", "1077", "+421905123456")]
    assert {topic for topic, _, _ in desk.published} == {"requests:sofia", "requests:jan"}


async def test_who_has_no_phone_is_told(desk: Desk, client: Client) -> None:
    status, body = await dial(client, await desk.token("sofia"))
    assert (status, body["code"]) == (409, "no_phone")


async def test_an_unknown_agent_is_named(desk: Desk, client: Client) -> None:
    status, body = await dial(client, await desk.token("sofia"), agent="ghost")
    assert (status, body["errors"][0]["field"]) == (422, "agent")


async def test_an_inactive_agent_has_no_phone(desk: Desk, client: Client) -> None:
    await desk.store.save_account(replace(ACCOUNTS[1], active=False))
    status, body = await dial(client, await desk.token("sofia"), agent="jan")
    assert (status, body["code"]) == (409, "no_phone")


async def test_a_double_click_dials_once(desk: Desk, client: Client) -> None:
    headers = await desk.token("eva")
    _, first = await dial(client, headers)
    desk.later(seconds=2.9)
    status, second = await dial(client, headers, to="+421905123456")
    assert (status, second["id"]) == (202, first["id"])
    assert len(desk.pbx.asked) == 1


async def test_the_same_idempotency_key_dials_once_however_late(desk: Desk, client: Client) -> None:
    headers = {**await desk.token("eva"), "Idempotency-Key": "click-1"}
    _, first = await dial(client, headers)
    desk.later(minutes=30)
    _, second = await dial(client, headers)
    assert second["id"] == first["id"]
    assert len(desk.pbx.asked) == 1


async def test_a_key_is_for_one_call(desk: Desk, client: Client) -> None:
    headers = {**await desk.token("eva"), "Idempotency-Key": "click-1"}
    await dial(client, headers)
    status, body = await dial(client, headers, to="+420111222333")
    assert (status, body["code"]) == (422, "idempotency_mismatch")


async def test_a_key_that_is_no_key(desk: Desk, client: Client) -> None:
    status, body = await dial(client, {**await desk.token("eva"), "Idempotency-Key": "a" * 129})
    assert (status, body["code"]) == (400, "bad_idempotency_key")


@pytest.mark.parametrize(
    ("to", "status", "code"), [("*72", 422, "feature"), ("hello", 422, "feature"), ("+421900000000", 429, "too_many")]
)
async def test_the_dialling_rules_refuse_in_words(desk: Desk, client: Client, to: str, status: int, code: str) -> None:
    got, body = await dial(client, await desk.token("eva"), to=to)
    assert (got, body["code"]) == (status, code)
    assert body["detail"].endswith(".")
    assert desk.pbx.asked == []


async def test_while_my_phone_rings_a_second_call_is_refused(desk: Desk, client: Client) -> None:
    headers = await desk.token("eva")
    await dial(client, headers)
    status, body = await dial(client, headers, to="+420111222333")
    assert (status, body["code"]) == (409, "already_dialling")


async def test_nothing_was_sent_so_it_may_be_tried_again(desk: Desk, client: Client) -> None:
    headers = {**await desk.token("eva"), "Idempotency-Key": "click-1"}
    desk.pbx.answer = PbxNotConnected("The telephone link is down; nothing was sent.")
    status, body = await dial(client, headers)
    assert (status, body["code"]) == (503, "pbx_not_connected")
    desk.pbx.answer = None
    assert (await dial(client, headers))[0] == 202


async def test_an_answer_that_is_lost_is_unknown_and_never_sent_again(desk: Desk, client: Client) -> None:
    headers = await desk.token("eva")
    desk.pbx.answer = PbxResultUnknown("The link broke.")
    status, first = await dial(client, headers)
    assert (status, first["state"], first["final"]) == (202, "unknown", True)
    assert "not dialled again" in first["detail"]
    await dial(client, headers)
    assert len(desk.pbx.asked) == 1


async def test_what_the_pbx_refuses_is_a_final_state_with_its_words(desk: Desk, client: Client) -> None:
    desk.pbx.answer = PbxRefused("Extension does not exist.")
    status, body = await dial(client, await desk.token("eva"))
    assert (status, body["state"], body["detail"]) == (202, "refused", "Extension does not exist.")


async def test_the_customer_of_the_click_is_kept(desk: Desk, client: Client) -> None:
    saved = await desk.store.create_party(PartyInput(name="Dana"), user="eva", now=NOW)
    _, body = await dial(client, await desk.token("eva"), customer_id=saved.party.id)
    assert body["customer_id"] == saved.party.id
    assert desk.deps.dialler.customer_of(body["id"]) == saved.party.id
    status, wrong = await dial(client, await desk.token("jan"), customer_id=999)
    assert (status, wrong["errors"][0]["field"]) == (422, "customer_id")


@pytest.mark.parametrize("body", [{"to": 5}, {"to": ""}, {"to": "1" * 65}, {}, {"to": "1", "channel": "PJSIP/trunk"}])
async def test_a_bad_body_is_refused(desk: Desk, client: Client, body: object) -> None:
    answer = await client.post("/api/v1/calls", json=body, headers=await desk.token("eva"))
    assert answer.status == 422
    assert desk.pbx.asked == []


async def test_observer_mode_has_no_dialling(store: CrmStore, aiohttp_client: Any) -> None:
    desk = await make_desk(store, controls=False)
    client = await aiohttp_client(create_app(desk.deps))
    headers = await desk.token("eva")
    status, body = await dial(client, headers)
    assert (status, body["code"]) == (403, "controls_off")
    assert desk.pbx.asked == []
    assert (await (await client.get("/api/v1/me", headers=headers)).json())["controls"] is False


async def test_what_became_of_it_is_for_who_clicked(desk: Desk, client: Client) -> None:
    _, body = await dial(client, await desk.token("eva"))
    path = f"/api/v1/calls/requests/{body['id']}"
    assert (await (await client.get(path, headers=await desk.token("eva"))).json())["state"] == "dialing"
    assert (await client.get(path, headers=await desk.token("sofia"))).status == 200
    assert (await client.get(path, headers=await desk.token("jan"))).status == 404


# --- call-backs -----------------------------------------------------------------------------------------------------------


async def lost_caller(desk: Desk) -> Task:
    lost = LostCall(call_id="L", customer_id=None, number="+421905123456", queue="600", at=NOW, owner=None)
    return await desk.store.note_lost_call(lost, now=NOW)


async def call_back(desk: Desk, client: Client, user: str, task_id: int, to: str = "+421905123456") -> Any:
    body = {"to": to, "task_id": task_id}
    return await client.post("/api/v1/calls", json=body, headers=await desk.token(user))


async def test_two_agents_press_at_once_one_dials_and_the_other_hears_who(desk: Desk, client: Client) -> None:
    task = await lost_caller(desk)
    answers = await asyncio.gather(*(call_back(desk, client, user, task.id) for user in ("eva", "jan")))
    assert sorted(answer.status for answer in answers) == [202, 409]
    (dialled,) = [await answer.json() for answer in answers if answer.status == 202]
    (refused,) = [await answer.json() for answer in answers if answer.status == 409]
    assert dialled["task_id"] == task.id
    assert (refused["code"], refused["claimed_by"]) == ("already_claimed", dialled["agent"])
    assert refused["detail"] == {"eva": "Eva Nováková", "jan": "Jan"}[dialled["agent"]] + " is on it already."
    assert len([asked for asked in desk.pbx.asked if asked[0] == "originate"]) == 1
    assert (await desk.store.task(task.id)).claimed_by == dialled["agent"]
    told = [data["claimed_by"] for topic, kind, data in desk.published if (topic, kind) == ("tasks:jan", "task.update")]
    assert told == [dialled["agent"]]


async def test_a_call_back_that_is_done_is_not_dialled(desk: Desk, client: Client) -> None:
    task = await lost_caller(desk)
    await desk.store.update_task(task.id, TaskInput(state="done"), user="jan", now=NOW, version=None)
    answer = await call_back(desk, client, "eva", task.id)
    assert (answer.status, (await answer.json())["code"]) == (409, "already_done")
    assert desk.pbx.asked == []


async def test_for_a_call_back_that_is_not_there_nothing_is_dialled(desk: Desk, client: Client) -> None:
    answer = await call_back(desk, client, "eva", 999_999)
    assert (answer.status, (await answer.json())["code"]) == (404, "not_found")
    assert desk.pbx.asked == []


async def test_what_may_not_be_dialled_is_given_back(desk: Desk, client: Client) -> None:
    task = await lost_caller(desk)
    assert (await call_back(desk, client, "eva", task.id, to="*97")).status == 422
    assert (await desk.store.task(task.id)).claimed_by is None
    await desk.store.claim_task(task.id, user="eva", now=NOW)
    assert (await call_back(desk, client, "eva", task.id, to="*97")).status == 422
    assert (await desk.store.task(task.id)).claimed_by == "eva"  # taken before, with a press of its own


async def test_a_lost_link_gives_it_back_and_a_second_press_while_it_rings_does_not(desk: Desk, client: Client) -> None:
    task = await lost_caller(desk)
    desk.pbx.answer = PbxNotConnected("no link")
    assert (await call_back(desk, client, "eva", task.id)).status == 503
    assert (await desk.store.task(task.id)).claimed_by is None
    desk.pbx.answer = None
    assert (await call_back(desk, client, "eva", task.id)).status == 202
    assert (await call_back(desk, client, "eva", task.id, to="+421905999999")).status == 409
    assert (await desk.store.task(task.id)).claimed_by == "eva"


async def test_somebody_elses_task_and_a_token_without_the_right_to_write_claim_nothing(
    desk: Desk, client: Client
) -> None:
    theirs = await desk.store.create_task(TaskInput(kind="callback", title="x", owner="jan"), user="jan", now=NOW)
    assert (await call_back(desk, client, "eva", theirs.id)).status == 404
    task = await lost_caller(desk)
    body = {"to": "+421905123456", "task_id": task.id}
    only_dial = await client.post("/api/v1/calls", json=body, headers=await desk.token("eva", "calls.dial"))
    assert only_dial.status == 403
    assert (await desk.store.task(task.id)).claimed_by is None
