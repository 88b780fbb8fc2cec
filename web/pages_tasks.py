"""Tasks: mine and the team's, in groups by the day they are due."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from crm_store.access import Permission
from crm_store.tasks import Task, TaskFilter
from web.auth import require
from web.deps import deps_of, principal_of
from web.i18n import Language
from web.pages_shell import language_of, render, wants_part
from web.views import task_json

_ROWS = 100


@require(Permission.CRM_READ)
async def tasks_page(request: web.Request) -> web.Response:
    """The list in groups; `?cursor=` continues it."""
    deps, who = deps_of(request), principal_of(request)
    filters = {name: request.query.get(name, "")[:64] for name in ("kind", "state", "owner")}
    where = TaskFilter(
        owner=(filters["owner"] or None) if who.may(Permission.TASKS_ALL) else who.name,
        state="done" if filters["state"] == "done" else "open",
        kind=filters["kind"] if filters["kind"] in ("todo", "callback") else None,
    )
    page = await deps.store.tasks(where, cursor=request.query.get("cursor") or None, limit=_ROWS)
    language = language_of(request)
    groups = [
        (title, late, [deps.access.visible(who.role, "task", task_json(task)) for task in items])
        for title, late, items in grouped(page.items, deps.clock(), language)
    ]
    given = {name: value for name, value in filters.items() if value}
    context: dict[str, Any] = {
        "groups": groups,
        "filters": filters,
        "next": page.next,
        "next_link": "/tasks?" + urlencode({**given, "cursor": page.next or ""}),
        "agents": [(agent["name"], agent["display_name"]) for agent in deps.board.agents()],
    }
    return render(request, "part_tasks.html" if wants_part(request) else "tasks.html", context)


def grouped(tasks: Iterable[Task], now: datetime, language: Language) -> list[tuple[str, bool, list[Task]]]:
    """(title, late, tasks) for each group that has any: overdue, today, this week, later, no date, done."""
    _ = language.gettext
    _start, tomorrow = language.day_bounds(now)
    next_week = tomorrow + timedelta(days=(language.week_starts_on - language.local(now).weekday() - 1) % 7)
    names = (_("Overdue"), _("Today"), _("This week"), _("Later"), _("Without date"), _("Done"))
    groups: list[list[Task]] = [[] for _name in names]
    for task in tasks:
        groups[_group(task, now=now, tomorrow=tomorrow, next_week=next_week)].append(task)
    return [
        (name, position == 0, items) for position, (name, items) in enumerate(zip(names, groups, strict=True)) if items
    ]


def _group(task: Task, *, now: datetime, tomorrow: datetime, next_week: datetime) -> int:
    if task.state == "done":
        return 5
    if task.due_at is None:
        return 4
    bounds = (now, tomorrow, next_week)
    return next((position for position, bound in enumerate(bounds) if task.due_at < bound), 3)
