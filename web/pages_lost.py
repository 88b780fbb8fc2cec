"""Lost calls: one row for each person who did not reach anybody, until somebody talks with them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from crm_store.access import Permission
from crm_store.tasks import TaskFilter
from web.auth import require
from web.deps import deps_of, principal_of
from web.pages_shell import render, wants_part
from web.views import task_json

_ROWS = 50
_FILTERS = ("whose", "queue", "state")


@require(Permission.CRM_READ)
async def lost_page(request: web.Request) -> web.Response:
    """The work list, what is due first; `?cursor=` continues it. `whose=mine`: what I own or took; `state=done`: who was reached."""
    deps, who = deps_of(request), principal_of(request)
    filters = {name: request.query.get(name, "")[:64] for name in _FILTERS}
    where = TaskFilter(
        owner=None if who.may(Permission.TASKS_ALL) else who.name,
        state="done" if filters["state"] == "done" else "open",
        kind="callback",
        lost=True,
        queue=filters["queue"] or None,
        mine=who.name if filters["whose"] == "mine" else None,
    )
    page = await deps.store.tasks(where, cursor=request.query.get("cursor") or None, limit=_ROWS)
    given = {name: value for name, value in filters.items() if value}
    queues = deps.board.queues_for(who, deps.clock().timestamp())
    context: dict[str, Any] = {
        "tasks": [deps.access.visible(who.role, "task", task_json(task)) for task in page.items],
        "filters": filters,
        "filtered": bool(filters["whose"] or filters["queue"]),
        "queues": list({queue["name"]: queue["label"] for queue in queues}.items()),
        "next": page.next,
        "next_link": "/lost?" + urlencode({**given, "cursor": page.next or ""}),
    }
    return render(request, "part_lost.html" if wants_part(request) else "lost.html", context)
