"""The supervisor's live queues: an empty frame that the push stream fills."""

from __future__ import annotations

from aiohttp import web

from crm_store.access import Permission
from web.auth import require
from web.pages_shell import render


@require(Permission.BOARD)
async def live_page(request: web.Request) -> web.Response:
    """All queues and agents; the numbers come with the first snapshot and move by themselves."""
    return render(request, "live.html", {})
