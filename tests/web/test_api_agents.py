"""`/agents`: states, and pause, unpause, log in, log out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crm_store.store import CrmStore
from pbx.agents import AgentState
from pbx.call_events import AgentStateChanged, QueueChanged
from pbx.errors import PbxResultUnknown
from pbx.events import PbxName
from pbx.queues import QueueStatus
from tests.web.conftest import Client
from tests.web.desk import ACCOUNTS, Desk, PbxStub, agent_state, make_desk
from web.app import create_app
from web.view_models import AgentListView

LOCAL = "Local/1001@from-queue/n"


async def test_a_supervisor_sees_everybody_an_agent_themselves(desk: Desk, client: Client) -> None:
    seen = {}
    for user in ("sofia", "eva"):
        body = await (await client.get("/api/v1/agents", headers=await desk.token(user))).json()
        AgentListView.model_validate(body)
        seen[user] = [one["name"] for one in body["items"]]
    assert seen == {"sofia": ["eva", "jan"], "eva": ["eva"]}


@pytest.mark.parametrize(
    ("action", "body", "asked"),
    [
        ("pause", {"reason": "lunch"}, [("pause", LOCAL, "lunch", None)]),
        ("pause", {}, [("pause", LOCAL, "", None)]),
        ("unpause", {}, [("unpause", LOCAL, None)]),
        ("login", {"queue": "601"}, [("add", "601", LOCAL, "Eva Nováková")]),
        ("logout", {"queue": "600"}, [("remove", "600", LOCAL)]),
        ("logout", {}, [("remove", "600", LOCAL)]),
    ],
)
async def test_my_own_state(
    desk: Desk, client: Client, action: str, body: object, asked: list[tuple[object, ...]]
) -> None:
    answer = await client.post(f"/api/v1/agents/eva/{action}", json=body, headers=await desk.token("eva"))
    assert answer.status == 204
    assert desk.pbx.asked == asked


async def test_back_into_the_queues_one_left(desk: Desk, client: Client) -> None:
    desk.board.apply(agent_state("eva", AgentState.OFFLINE))
    answer = await client.post("/api/v1/agents/eva/login", json={}, headers=await desk.token("eva"))
    assert answer.status == 204
    assert desk.pbx.asked == [("add", "600", LOCAL, "Eva Nováková")]


async def test_the_phone_is_the_interface_where_none_is_known(desk: Desk, client: Client) -> None:
    await client.post("/api/v1/agents/jan/pause", json={"reason": "x"}, headers=await desk.token("sofia"))
    assert desk.pbx.asked == [("pause", "PJSIP/1002", "x", None)]


@pytest.mark.parametrize("action", ["pause", "unpause", "login", "logout"])
async def test_nobody_moves_a_colleague_but_a_supervisor(desk: Desk, client: Client, action: str) -> None:
    path = f"/api/v1/agents/jan/{action}"
    assert (await client.post(path, json={}, headers=await desk.token("eva"))).status == 403
    assert desk.pbx.asked == []
    assert (await client.post(path, json={}, headers=await desk.token("sofia"))).status == 204


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("eva/login", {"queue": "999"}, 422, "unknown_queue"),
        ("sofia/pause", {}, 409, "no_phone"),
        ("ghost/pause", {}, 404, "not_found"),
        ("eva/pause", {"reason": "a\r\nAction: Originate"}, 422, "invalid_input"),
        ("eva/pause", {"why": "lunch"}, 422, "invalid_input"),
    ],
)
async def test_what_cannot_be_is_told(
    desk: Desk, client: Client, path: str, body: object, status: int, code: str
) -> None:
    answer = await client.post(f"/api/v1/agents/{path}", json=body, headers=await desk.token("sofia"))
    assert (answer.status, (await answer.json())["code"]) == (status, code)
    assert desk.pbx.asked == []


async def test_with_two_pbxs_that_have_the_same_queue_the_agents_own_is_meant(
    store: CrmStore, aiohttp_client: Any
) -> None:
    desk = await make_desk(store)
    branch = PbxStub()
    desk.deps = replace(desk.deps, commands={**desk.deps.commands, "branch": branch})
    client = await aiohttp_client(create_app(desk.deps))
    status = agent_state("jan", AgentState.READY, "600").agent
    desk.board.apply(AgentStateChanged(at=None, pbx=PbxName("branch"), agent=status))
    desk.board.apply(agent_state("jan", AgentState.OFFLINE))
    desk.board.apply(
        QueueChanged(at=None, queue=QueueStatus(pbx="branch", name="600", callers=(), agents={}, talking=0))
    )
    headers = await desk.token("jan")
    assert (await client.post("/api/v1/agents/jan/logout", json={}, headers=headers)).status == 204
    assert (branch.asked, desk.pbx.asked) == ([("remove", "600", "PJSIP/1002")], [])
    other = await client.post("/api/v1/agents/jan/login", json={"queue": "601"}, headers=headers)
    assert (other.status, (await other.json())["code"]) == (422, "unknown_queue"), "601 is a queue of the other PBX"


async def test_which_queue_must_be_said_when_none_is_usual(desk: Desk, client: Client) -> None:
    await desk.store.save_account(replace(ACCOUNTS[1], name="new", endpoints=("PJSIP/1050",)))
    answer = await client.post("/api/v1/agents/new/login", json={}, headers=await desk.token("new"))
    assert (answer.status, (await answer.json())["code"]) == (422, "queue_needed")


async def test_an_answer_that_is_lost_is_told(desk: Desk, client: Client) -> None:
    desk.pbx.answer = PbxResultUnknown("The link broke after the command was sent.")
    answer = await client.post("/api/v1/agents/eva/pause", json={}, headers=await desk.token("eva"))
    assert (answer.status, (await answer.json())["code"]) == (504, "pbx_result_unknown")


@pytest.mark.parametrize("action", ["pause", "unpause", "login", "logout"])
async def test_observer_mode_has_no_controls(store: CrmStore, aiohttp_client: Any, action: str) -> None:
    desk = await make_desk(store, controls=False)
    client = await aiohttp_client(create_app(desk.deps))
    answer = await client.post(f"/api/v1/agents/eva/{action}", json={}, headers=await desk.token("eva"))
    assert (answer.status, (await answer.json())["code"]) == (403, "controls_off")
    assert desk.pbx.asked == []
