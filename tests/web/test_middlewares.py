"""What every request passes: headers, proxies, errors, size."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import ClientError, web
from structlog.testing import capture_logs

from crm_store.access import Permission
from crm_store.errors import StoreUnavailable
from crm_store.store import CrmStore
from tests.web.conftest import Client
from tests.web.desk import Desk, make_desk
from web.app import create_app
from web.auth import public, require


@pytest.mark.parametrize("path", ["/login", "/api/v1/me", "/healthz", "/nothing", "/api/openapi.json"])
async def test_every_answer_carries_the_security_headers(client: Client, path: str) -> None:
    headers = (await client.get(path)).headers
    policy = headers["Content-Security-Policy"]
    for part in (
        "default-src 'none'",
        "script-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ):
        assert part in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "no-store" in headers["Cache-Control"]
    assert "Strict-Transport-Security" not in headers


async def test_the_socket_is_named_for_browsers_that_need_it(client: Client) -> None:
    policy = (await client.get("/login")).headers["Content-Security-Policy"]
    assert f"connect-src 'self' ws://{client.host}:{client.port}" in policy


async def test_a_host_header_cannot_write_the_policy(client: Client) -> None:
    answer = await client.get("/healthz", headers={"Host": "x; script-src *"})
    assert "script-src *" not in answer.headers.get("Content-Security-Policy", "")


async def test_a_body_that_is_too_large(desk: Desk, client: Client) -> None:
    headers = {**await desk.token("eva"), "Content-Type": "application/json"}
    answer = await client.post("/api/v1/customers", data=b'{"name": "' + b"x" * 300_000 + b'"}', headers=headers)
    assert (answer.status, (await answer.json())["code"]) == (413, "too_large")


async def test_a_defect_of_ours_shows_no_details(desk: Desk, aiohttp_client: Any) -> None:
    @public
    async def broken(request: web.Request) -> web.Response:
        raise RuntimeError("password=hunter2")

    app = create_app(desk.deps)
    app.router.add_get("/api/v1/broken", broken)
    app.router.add_get("/broken", broken)
    client = await aiohttp_client(app)
    answer = await client.get("/api/v1/broken")
    assert (answer.status, (await answer.json())["code"]) == (500, "internal_error")
    assert "hunter2" not in await answer.text()
    page = await client.get("/broken")
    assert (page.status, page.content_type) == (500, "text/html")
    assert "hunter2" not in await page.text()


async def test_a_browser_that_went_away_is_no_error_of_ours(desk: Desk, aiohttp_client: Any) -> None:
    @public
    async def gone(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()  # the page was closed while the handshake was on its way
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        return socket

    app = create_app(desk.deps)
    app.router.add_get("/gone", gone)
    client = await aiohttp_client(app)
    with capture_logs() as logs, pytest.raises(ClientError):
        await client.ws_connect("/gone")
    assert [(line["event"], line["log_level"]) for line in logs] == [("browser went away", "debug")]


async def test_a_broken_link_of_our_own_is_an_error(desk: Desk, aiohttp_client: Any) -> None:
    @public
    async def broken(request: web.Request) -> web.Response:
        raise ConnectionResetError("the other end of something else")

    app = create_app(desk.deps)
    app.router.add_get("/api/v1/broken", broken)
    client = await aiohttp_client(app)
    with capture_logs() as logs:
        assert (await client.get("/api/v1/broken")).status == 500
    assert [(line["event"], line["log_level"]) for line in logs] == [("request failed", "error")]


async def test_a_database_that_is_away_is_503(desk: Desk, aiohttp_client: Any) -> None:
    @public
    async def waiting(request: web.Request) -> web.Response:
        raise StoreUnavailable

    app = create_app(desk.deps)
    app.router.add_get("/api/v1/waiting", waiting)
    client = await aiohttp_client(app)
    answer = await client.get("/api/v1/waiting")
    assert (answer.status, (await answer.json())["code"]) == (503, "database_unavailable")


async def test_the_wrong_method_says_which_are_right(desk: Desk, client: Client) -> None:
    answer = await client.put("/api/v1/customers", headers=await desk.token("eva"))
    assert (answer.status, (await answer.json())["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET,POST"


async def test_a_page_without_sign_in_leads_to_the_sign_in_and_back(client: Client) -> None:
    answer = await client.get("/customers?search=J%C3%A1n", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/login?next=%2Fcustomers%3Fsearch%3DJ%25C3%25A1n")


async def test_a_part_of_a_page_sends_the_whole_page_to_the_sign_in(client: Client) -> None:
    answer = await client.get("/customers", headers={"HX-Request": "true"}, allow_redirects=False)
    assert (answer.status, answer.headers["HX-Redirect"]) == (401, "/login?next=%2Fcustomers")


# --- proxies ----------------------------------------------------------------------------------------------------------------

FORWARDED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "cti.example.com"}


async def seen_by(aiohttp_client: Any, store: CrmStore, trusted: tuple[str, ...]) -> dict[str, str]:
    @require(Permission.SELF)
    async def echo(request: web.Request) -> web.Response:
        return web.json_response({"remote": request.remote, "scheme": request.scheme, "host": request.host})

    desk = await make_desk(store, trusted_proxies=trusted)
    app = create_app(desk.deps)
    app.router.add_get("/api/v1/echo", echo)
    client = await aiohttp_client(app)
    answer = await client.get("/api/v1/echo", headers={**FORWARDED, **await desk.token("eva")})
    assert ("Strict-Transport-Security" in answer.headers) is bool(trusted and trusted[0].startswith("127"))
    seen: dict[str, str] = await answer.json()
    return seen


@pytest.mark.parametrize("trusted", [("127.0.0.1",), ("127.0.0.0/8",)])
async def test_a_trusted_proxy_is_believed(store: CrmStore, aiohttp_client: Any, trusted: tuple[str, ...]) -> None:
    assert await seen_by(aiohttp_client, store, trusted) == {
        "remote": "203.0.113.9",
        "scheme": "https",
        "host": "cti.example.com",
    }


@pytest.mark.parametrize("trusted", [(), ("192.0.2.7",)])
async def test_anybody_else_is_not(store: CrmStore, aiohttp_client: Any, trusted: tuple[str, ...]) -> None:
    seen = await seen_by(aiohttp_client, store, trusted)
    assert seen["remote"] == "127.0.0.1"
    assert seen["scheme"] == "http"
    assert seen["host"].startswith("127.0.0.1:")
