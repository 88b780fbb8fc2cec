"""The web application: pages, JSON API, push socket, health, on one port."""

from __future__ import annotations

from aiohttp import web

from crm_store.access import Permission
from web.answers import json_answer
from web.api_activities import ACTIVITIES
from web.api_agents import AGENTS
from web.api_calls import CALLS
from web.api_capture import CAPTURE
from web.api_capture_meter import METER
from web.api_customers import CUSTOMERS
from web.api_dial import DIAL
from web.api_ledger import LEDGER
from web.api_lookup import LOOKUP
from web.api_me import ME
from web.api_queues import QUEUES
from web.api_tasks import TASKS
from web.auth import public
from web.capture_reader import READER, CaptureReader
from web.deps import DEPS, PRINCIPAL, WebDeps, deps_of
from web.health import setup_health
from web.middlewares import add_security_headers, errors, guard, proxies
from web.openapi import openapi_document
from web.pages import setup_pages
from web.problems import Problem
from web.sign_in import setup_sign_in

TABLES = (ME, CALLS, CAPTURE, METER, DIAL, CUSTOMERS, LOOKUP, ACTIVITIES, TASKS, QUEUES, AGENTS, LEDGER)
LARGEST_BODY = 256 * 1024


def create_app(deps: WebDeps) -> web.Application:
    """Everything mounted; `ctiserver` runs it."""
    first = [proxies(deps.trusted_proxies)] if deps.trusted_proxies else []
    app = web.Application(middlewares=[*first, errors, guard], client_max_size=LARGEST_BODY)
    app[DEPS] = deps
    app[READER] = CaptureReader(territory=deps.ui.territory, time_zone=deps.ui.time_zone)
    app.on_response_prepare.append(add_security_headers)
    for table in TABLES:
        table.register(app)
    app.router.add_get("/api/openapi.json", get_openapi)
    app.router.add_get("/ws", live_socket)
    setup_health(app)
    setup_sign_in(app)
    setup_pages(app)
    return app


@public
async def get_openapi(request: web.Request) -> web.StreamResponse:
    """The description of the API."""
    return json_answer(openapi_document(TABLES, version=deps_of(request).version))


@public
async def live_socket(request: web.Request) -> web.StreamResponse:
    """`/ws`. The guard has checked the Origin; who is not signed in is told by close code 4401, which a browser can see."""
    who = request[PRINCIPAL]
    if who is not None and not who.may(Permission.PUSH):
        raise Problem(403, "forbidden", "This token's scopes do not open the live socket.")
    return await deps_of(request).push(request)
