"""Every route says what it asks for, and nobody gets past it: role × route, closed by default."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from aiohttp import web

from crm_store.access import PERMISSIONS, Permission
from crm_store.accounts import Role
from tests.web.conftest import Client
from tests.web.desk import CALL_ID, Desk
from web.app import TABLES, create_app
from web.auth import Public, declared_permission
from web.openapi import API_PREFIX, ApiRoute

#: What anybody may ask without signing in. Whatever is added here is a decision.
PUBLIC = {
    "/login",
    "/setup",
    "/healthz",
    "/readyz",
    "/metrics",
    "/ws",  # checks Origin and sign-in itself, and says so by close code
    "/api/openapi.json",
    "/static/{version}/{path}",
    "/texts/{name}",
    "/language/{code}",
}
ROUTES: list[ApiRoute] = [route for table in TABLES for route in table.routes]


def url_of(route: ApiRoute) -> str:
    path = API_PREFIX + route.path.partition("{")[0]
    if "{" not in route.path:
        return path
    value = {"call_id": CALL_ID, "customer_id": "999", "task_id": "999", "request_id": "none", "name": "jan"}
    name = route.path.partition("{")[2].partition(":")[0]
    return f"{path}{value[name]}{route.path.rpartition('}')[2]}"


def all_routes(app: web.Application) -> Iterator[tuple[str, web.AbstractRoute]]:
    for route in app.router.routes():
        yield route.resource.canonical if route.resource else "", route


async def test_every_route_declares_what_it_asks_for(desk: Desk) -> None:
    undeclared = [
        path for path, route in all_routes(create_app(desk.deps)) if declared_permission(route.handler) is None
    ]
    assert undeclared == []


async def test_only_these_are_open_to_strangers(desk: Desk) -> None:
    open_paths = {
        path for path, route in all_routes(create_app(desk.deps)) if declared_permission(route.handler) is Public.PUBLIC
    }
    assert open_paths == PUBLIC


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_role_by_route(route: ApiRoute, desk: Desk, client: Client) -> None:
    """401 without sign-in; 403 `forbidden` exactly where the role's row lacks the permission."""
    assert isinstance(route.permission, Permission)
    body: dict[str, object] | None = {} if route.method != "GET" else None
    assert (await client.request(route.method, url_of(route), json=body)).status == 401
    for user, role in (("eva", Role.AGENT), ("sofia", Role.SUPERVISOR), ("root", Role.ADMIN)):
        answer = await client.request(route.method, url_of(route), json=body, headers=await desk.token(user))
        allowed = route.permission in PERMISSIONS[role]
        if allowed:
            assert answer.status != 401, (user, route.path)
        else:
            assert (answer.status, (await answer.json())["code"]) == (403, "forbidden"), (user, route.path)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_a_token_without_scopes_gets_nothing_but_itself(route: ApiRoute, desk: Desk, client: Client) -> None:
    body: dict[str, object] | None = {} if route.method != "GET" else None
    answer = await client.request(route.method, url_of(route), json=body, headers=await desk.token("root", "no.such"))
    assert (answer.status == 403) is (route.permission is not Permission.SELF)


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.method != "GET"], ids=lambda route: f"{route.method} {route.path}"
)
async def test_every_write_with_a_cookie_needs_the_csrf_token(route: ApiRoute, desk: Desk, client: Client) -> None:
    headers, _ = await desk.session("root")
    answer = await client.request(route.method, url_of(route), json={}, headers={"Cookie": headers["Cookie"]})
    assert (answer.status, (await answer.json())["code"]) == (403, "csrf_failed")


async def test_a_route_that_declares_nothing_is_closed(desk: Desk, aiohttp_client: object) -> None:
    async def forgotten(request: web.Request) -> web.Response:
        return web.Response(text="secret")

    app = create_app(desk.deps)
    app.router.add_get("/api/v1/forgotten", forgotten)
    client = await aiohttp_client(app)  # type: ignore[operator]
    answer = await client.get("/api/v1/forgotten", headers=await desk.token("root"))
    assert answer.status == 403


async def test_an_unknown_address_of_the_api_is_a_problem(client: Client) -> None:
    answer = await client.get("/api/v1/nothing")
    assert (answer.status, answer.content_type) == (404, "application/problem+json")
