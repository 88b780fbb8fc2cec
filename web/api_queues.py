"""`/queues`: the lines as they are now."""

from __future__ import annotations

from aiohttp import web

from crm_store.access import Permission
from web.answers import list_answer
from web.deps import deps_of, principal_of
from web.openapi import ApiTable
from web.view_models import QueueListView

QUEUES = ApiTable("queues")


@QUEUES.add("GET", "/queues", Permission.QUEUES_READ, "Who waits, for how long, who talks", returns=QueueListView)
async def list_queues(request: web.Request) -> web.StreamResponse:
    """A supervisor gets all queues, an agent those they serve. `stale`: the telephone link is down."""
    deps, who = deps_of(request), principal_of(request)
    return list_answer(deps.board.queues_for(who, deps.clock().timestamp()))
