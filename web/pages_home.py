"""The agent's desktop: what is due today, my calls, and the customer who was opened."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from crm_store.access import Permission
from crm_store.activities import CallFilter, CallRecord
from crm_store.capture_meter import figures
from crm_store.errors import NotFound
from crm_store.tasks import TaskFilter
from web.api_capture_meter import my_talks
from web.auth import require
from web.deps import deps_of, principal_of
from web.pages_customers import card_context
from web.pages_shell import language_of, render, wants_part
from web.views import task_json

_MOST_TASKS = 8  # of each group
_MOST_CALLS = 15
_METER_DAYS = 7
_PARTS = {"tasks": "part_today.html", "calls": "part_my_calls.html"}


@require(Permission.SELF)
async def home_page(request: web.Request) -> web.Response:
    """The whole desktop, or one refreshed part of it (`?part=tasks|calls`)."""
    start, end = language_of(request).day_bounds(deps_of(request).clock())
    part = request.query.get("part", "")
    if wants_part(request) and part in _PARTS:
        context = await (_today(request, start, end) if part == "tasks" else _my_calls(request, start))
        return render(request, _PARTS[part], context)
    whole = {**await _today(request, start, end), **await _my_calls(request, start)}
    return render(request, "home.html", {**whole, **await _opened_customer(request)})


async def _today(request: web.Request, start: datetime, end: datetime) -> dict[str, Any]:
    """My day: what is overdue, what is due until tonight, lost calls that I may take, and what I did so far."""
    deps, who = deps_of(request), principal_of(request)
    if not who.may(Permission.CRM_READ):
        return {"day": [], "counts": None}
    mine = TaskFilter(owner=who.name, state="open", lost=False, due_before=end)
    due = await deps.store.tasks(mine, cursor=None, limit=50)
    lost = TaskFilter(owner=who.name, state="open", kind="callback", lost=True, due_before=end)
    callbacks = await deps.store.tasks(lost, cursor=None, limit=50)
    now = deps.clock()
    # What a colleague has in hand is on the list of lost calls, not in my day.
    todo = [task for task in due.items if task.claimed_by in (None, who.name)]
    groups = {
        "overdue": [task for task in todo if task.due_at is not None and task.due_at < now],
        "today": [task for task in todo if task.due_at is None or task.due_at >= now],
        "lost": [task for task in callbacks.items if task.claimed_by in (None, who.name)],
    }
    day = [
        (code, [deps.access.visible(who.role, "task", task_json(task)) for task in tasks[:_MOST_TASKS]], len(tasks))
        for code, tasks in groups.items()
        if tasks
    ]
    return {"day": day, "counts": await deps.store.day_counts(who.name, since=start)}


async def _my_calls(request: web.Request, start: datetime) -> dict[str, Any]:
    """Today's calls, which of them have no record yet, and how this agent's records come about: today and in seven days."""
    deps, who = deps_of(request), principal_of(request)
    if not who.may(Permission.CALLS_READ):
        return {"calls": [], "meter": None, "unrecorded": frozenset()}
    page = await deps.store.calls(CallFilter(agent=who.name, since=start), cursor=None, limit=_MOST_CALLS)
    talks = await my_talks(request, _METER_DAYS)
    today = [talk for talk in talks if talk.at >= start]
    calls = [
        {**deps.access.visible(who.role, "call", record), "my_result": _result_of(record, who.name)}
        for record in page.items
    ]
    return {
        "calls": calls,
        "meter": {"today": figures(today), "week": figures(talks)} if talks else None,
        "unrecorded": frozenset(talk.call_id for talk in today if not talk.captured),
    }


async def _opened_customer(request: web.Request) -> Mapping[str, Any]:
    wanted = request.query.get("customer", "")
    if wanted.isdecimal() and principal_of(request).may(Permission.CRM_READ):
        try:
            return await card_context(request, int(wanted))
        except NotFound:
            pass  # a deleted customer in an old address: the desktop without a card
    return {"customer": None}


def _result_of(record: CallRecord, agent: str) -> str | None:
    results = [leg["result"] for leg in record["legs"] if leg["agent"] == agent]
    return "answered" if "answered" in results else results[-1] if results else None
