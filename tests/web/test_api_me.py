"""`/me`: who I am, and what I may."""

from __future__ import annotations

from tests.web.conftest import Client
from tests.web.desk import Desk
from web.view_models import MeView


async def test_a_signed_in_agent_gets_the_csrf_token_of_the_session(desk: Desk, client: Client) -> None:
    headers, _ = await desk.session("eva", "PJSIP/991001")
    answer = await client.get("/api/v1/me", headers=headers)
    assert answer.status == 200
    me = await answer.json()
    MeView.model_validate(me)
    assert me["user"] == "eva"
    assert me["role"] == "agent"
    assert me["phone"] == "PJSIP/991001"
    assert me["csrf"] == headers["X-CSRF-Token"]
    assert me["controls"] is True
    assert "calls_export" not in me["permissions"]


async def test_a_token_needs_no_csrf(desk: Desk, client: Client) -> None:
    answer = await client.patch("/api/v1/me", json={"language": "he"}, headers=await desk.token("eva", "crm.read"))
    assert answer.status == 200
    assert (await desk.store.account("eva")).language == "he"


async def test_nobody_is_told_to_sign_in(client: Client) -> None:
    answer = await client.get("/api/v1/me")
    assert answer.status == 401
    assert answer.content_type == "application/problem+json"
    assert (await answer.json())["code"] == "unauthenticated"
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="cti"'


async def test_a_wrong_token_does_not_fall_back_to_the_cookie(desk: Desk, client: Client) -> None:
    headers, _ = await desk.session("eva")
    answer = await client.get("/api/v1/me", headers={**headers, "Authorization": "Bearer wrong"})
    assert answer.status == 401


async def test_a_language_that_is_not_offered_is_named(desk: Desk, client: Client) -> None:
    answer = await client.patch("/api/v1/me", json={"language": "xx"}, headers=await desk.token("eva"))
    assert answer.status == 422
    assert (await answer.json())["errors"][0]["field"] == "language"
