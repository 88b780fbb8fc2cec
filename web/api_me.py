"""`/me`: who I am, what I may, and the CSRF token for writes from a page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aiohttp import web

from crm_store.access import Permission, Principal
from web.answers import json_answer
from web.deps import WebDeps, deps_of, principal_of
from web.openapi import ApiTable
from web.problems import invalid
from web.schemas import MeBody
from web.view_models import MeView
from web.views import rfc3339

ME = ApiTable("me")


def me_json(deps: WebDeps, who: Principal) -> dict[str, Any]:
    """What a page or a program needs to know about itself."""
    endpoints = dict.fromkeys([*([who.phone] if who.phone else []), *who.endpoints])
    resources = ("customer", "call", "task", "activity")
    return {
        "user": who.name,
        "display_name": who.display_name,
        "role": who.role.value,
        "endpoints": list(endpoints),
        "phone": who.sits_at,
        "extension": who.extension,
        "language": who.language,
        "csrf": who.csrf,
        "controls": deps.controls(deps.board.pbx_of(who.name)),
        "permissions": sorted(one.value for one in Permission if who.may(one)),
        "hidden": {one: sorted(names) for one in resources if (names := deps.access.hidden(who.role, one))},
        "server_time": rfc3339(deps.clock()),
        "version": deps.version,
    }


@ME.add("GET", "/me", Permission.SELF, "Who I am", returns=MeView)
async def get_me(request: web.Request) -> web.StreamResponse:
    """The signed-in person, or the token's user."""
    return json_answer(me_json(deps_of(request), principal_of(request)))


@ME.add("PATCH", "/me", Permission.SELF, "Choose my language", takes=MeBody, returns=MeView)
async def patch_me(request: web.Request, body: MeBody) -> web.StreamResponse:
    """The language of pages follows the person, not the browser."""
    deps, who = deps_of(request), principal_of(request)
    if body.language not in deps.ui.languages:
        raise invalid("language", f"must be one of {', '.join(deps.ui.languages)}")
    await deps.store.save_account(replace(await deps.store.account(who.name), language=body.language))
    return json_answer(me_json(deps, replace(who, language=body.language)))
