"""Sessions, tokens, origins: who is asking."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from crm_store.store import CrmStore
from tests.web.conftest import Client
from tests.web.desk import ACCOUNTS, Desk, make_desk
from web.app import create_app
from web.auth import ABSOLUTE_TIMEOUT, IDLE_TIMEOUT, principal_of_session, set_session_cookie


async def me(client: Client, headers: dict[str, str]) -> int:
    return (await client.get("/api/v1/me", headers=headers)).status


async def test_an_idle_session_ends(desk: Desk, client: Client) -> None:
    headers, session_hash = await desk.session("eva")
    desk.later(seconds=IDLE_TIMEOUT.total_seconds())
    assert await me(client, headers) == 401
    assert await desk.store.session(session_hash) is None


async def test_using_it_keeps_it_alive(desk: Desk, client: Client) -> None:
    headers, _ = await desk.session("eva")
    for _ in range(4):
        desk.later(seconds=IDLE_TIMEOUT.total_seconds() - 60)
        assert await me(client, headers) == 200


async def test_no_session_lives_longer_than_a_shift(desk: Desk, client: Client) -> None:
    headers, _ = await desk.session("eva")
    for _ in range(int(ABSOLUTE_TIMEOUT / IDLE_TIMEOUT * 2)):
        desk.later(seconds=IDLE_TIMEOUT.total_seconds() / 2)
        await me(client, headers)
    assert await me(client, headers) == 401


async def test_a_disabled_account_is_out_at_once(desk: Desk, client: Client) -> None:
    headers, _ = await desk.session("eva")
    token = await desk.token("eva")
    await desk.store.save_account(replace(ACCOUNTS[0], active=False))
    assert await me(client, headers) == 401
    assert await me(client, token) == 401


async def test_a_session_is_checked_for_the_push_socket_too(desk: Desk) -> None:
    _, session_hash = await desk.session("eva", "PJSIP/1001")
    who = await principal_of_session(desk.store, session_hash, now=desk.now)
    assert who is not None
    assert (who.name, who.phone, who.session_hash) == ("eva", "PJSIP/1001", session_hash)


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Basic x", "Digest abc", "Bearer wrong"])
async def test_a_strange_authorization_is_nobody(client: Client, value: str) -> None:
    assert await me(client, {"Authorization": value}) == 401


async def test_a_token_as_basic_password_is_for_the_lookup_only(desk: Desk, client: Client) -> None:
    token = (await desk.token("eva", "crm.read"))["Authorization"].removeprefix("Bearer ")
    basic = {"Authorization": "Basic " + base64.b64encode(f"pbx:{token}".encode()).decode()}
    assert await me(client, basic) == 401
    answer = await client.get("/api/v1/lookup?number=0905123456&format=text", headers=basic)
    assert answer.status == 200


@pytest.mark.parametrize("value", ["Basic !!!", "Basic " + base64.b64encode(b"\xff\xfe").decode(), "Basic cGJ4Og=="])
async def test_a_broken_basic_password_is_nobody(client: Client, value: str) -> None:
    answer = await client.get("/api/v1/lookup?number=1&format=text", headers={"Authorization": value})
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


async def test_a_cookie_write_needs_our_origin_even_with_the_token(desk: Desk, client: Client) -> None:
    headers, _ = await desk.session("eva")
    evil = await client.patch(
        "/api/v1/me", json={"language": "he"}, headers={**headers, "Origin": "https://evil.example"}
    )
    assert (evil.status, (await evil.json())["code"]) == (403, "csrf_failed")
    own = await client.patch(
        "/api/v1/me", json={"language": "he"}, headers={**headers, "Origin": str(client.make_url("/").origin())}
    )
    assert own.status == 200


async def test_public_url_is_the_only_origin_when_configured(store: CrmStore, aiohttp_client: Any) -> None:
    desk = await make_desk(store, public_url="https://cti.example.com/")
    client = await aiohttp_client(create_app(desk.deps))
    headers, _ = await desk.session("eva")
    for origin, status in (
        ("https://cti.example.com", 200),
        ("https://CTI.example.com", 200),
        ("http://cti.example.com", 403),
        ("https://cti.example.com.evil.example", 403),
        ("null", 403),
        (str(client.make_url("/").origin()), 403),
    ):
        answer = await client.patch("/api/v1/me", json={"language": "he"}, headers={**headers, "Origin": origin})
        assert answer.status == status, origin


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null"])
async def test_a_socket_with_a_cookie_needs_our_origin(desk: Desk, client: Client, origin: str | None) -> None:
    headers, _ = await desk.session("eva")
    answer = await client.get("/ws", headers={**headers, **({"Origin": origin} if origin else {})})
    assert (answer.status, (await answer.json())["code"]) == (403, "wrong_origin")


async def test_a_socket_with_our_origin_or_a_token_is_handed_on(desk: Desk, client: Client) -> None:
    headers, _ = await desk.session("eva")
    origin = str(client.make_url("/").origin())
    assert await (await client.get("/ws", headers={**headers, "Origin": origin})).text() == "live"
    assert await (await client.get("/ws", headers=await desk.token("eva", "calls.read"))).text() == "live"
    assert (await client.get("/ws", headers=await desk.token("eva", "crm.read"))).status == 403


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8080", 200),
        ("[::1]:8080", 200),
        ("127.0.0.1", 200),
        ("cti.localhost", 200),
        ("cti.example.com", 403),
        ("[", 403),
    ],
)
async def test_a_proxy_on_this_machine_is_known_by_the_host_it_names(client: Client, host: str, status: int) -> None:
    assert (await client.get("/metrics", headers={"Host": host})).status == status


def test_over_https_the_cookie_is_bound_to_the_host() -> None:
    from aiohttp.test_utils import make_mocked_request
    from aiohttp.web import Response

    request, response = make_mocked_request("GET", "/").clone(scheme="https"), Response()
    set_session_cookie(request, response, "secret")
    cookie = response.cookies["__Host-cti"]
    assert cookie["secure"]
    assert cookie["httponly"]
    assert cookie["path"] == "/"
    assert not cookie["domain"]
