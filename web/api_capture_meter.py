"""`/calls/{id}/effort`, `/me/capture` and `/capture`: how many keys records take, and how many calls have one."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from crm_store.access import Permission
from crm_store.capture_meter import (
    AgentTalk,
    CaptureFigures,
    Effort,
    by_agent,
    by_day,
    figures,
    without_record,
    wrap_up_of,
)
from web.answers import json_answer
from web.api_calls import CALL, seen_call_or_new
from web.deps import deps_of, principal_of
from web.openapi import ApiTable
from web.problems import invalid
from web.schemas import CapturePeriodQuery, EffortBody, MyCaptureQuery
from web.view_models import CaptureByAgentView, MyCaptureView
from web.views import rfc3339

METER = ApiTable("capture")
_LONGEST = timedelta(days=31)
_MOST_OPEN = 50


def figures_json(found: CaptureFigures) -> dict[str, Any]:
    """The figures as the API tells them."""
    return {**asdict(found), "rate": None if found.rate is None else round(found.rate, 4)}


@METER.add(
    "PUT", CALL + "/effort", Permission.CALLS_WRITE, "What it took me to save this call", takes=EffortBody, status=204
)
async def put_effort(request: web.Request, body: EffortBody) -> web.StreamResponse:
    """Sent by the page right before it finishes the call; the seconds of wrap-up are worked out here."""
    call = await seen_call_or_new(request)
    deps, who = deps_of(request), principal_of(request)
    now = deps.clock()
    effort = Effort(
        call_id=request.match_info["call_id"],
        user=who.name,
        keys=body.keys,
        clicks=body.clicks,
        wrap_up_s=wrap_up_of(call, who.name, now) if call else None,
        saved_at=now,
    )
    await deps.store.save_effort(effort)
    return web.Response(status=204)


@METER.add(
    "GET",
    "/me/capture",
    Permission.CALLS_READ,
    "My own capture rate, keys and wrap-up, today and by day",
    takes=MyCaptureQuery,
    returns=MyCaptureView,
)
async def my_capture(request: web.Request, query: MyCaptureQuery) -> web.StreamResponse:
    """For oneself only; `without_record` are the newest calls that nobody wrote anything about."""
    talks = await my_talks(request, query.days)
    zone = ZoneInfo(deps_of(request).ui.time_zone)
    days = [{"day": day.isoformat(), **figures_json(found)} for day, found in by_day(talks, zone)]
    missing = [{"call_id": talk.call_id, "at": rfc3339(talk.at)} for talk in without_record(talks, _MOST_OPEN)]
    return json_answer({**figures_json(figures(talks)), "days": days, "without_record": missing})


@METER.add(
    "GET",
    "/capture",
    Permission.CALLS_READ_ALL,
    "Capture rate, keys and wrap-up of each agent",
    takes=CapturePeriodQuery,
    returns=CaptureByAgentView,
)
async def all_capture(request: web.Request, query: CapturePeriodQuery) -> web.StreamResponse:
    """At most 31 days at once; without a period the last seven days."""
    until = query.until or deps_of(request).clock()
    since = query.since or until - timedelta(days=7)
    if until - since > _LONGEST:
        raise invalid("since", "The period is at most 31 days long.")
    talks = await deps_of(request).store.agent_talks(since=since, until=until)
    agents = [{"agent": agent, **figures_json(found)} for agent, found in by_agent(talks)]
    whole = {"since": rfc3339(since), "until": rfc3339(until), **figures_json(figures(talks))}
    return json_answer({**whole, "agents": agents})


async def my_talks(request: web.Request, days: int) -> list[AgentTalk]:
    """Of whoever asks, since the local midnight so many days ago (1: today)."""
    deps, who = deps_of(request), principal_of(request)
    now = deps.clock()
    today = now.astimezone(ZoneInfo(deps.ui.time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    since = today - timedelta(days=days - 1)
    return await deps.store.agent_talks(
        since=since.astimezone(now.tzinfo), until=now + timedelta(days=1), agent=who.name
    )
