"""`/activities`: one customer's timeline, and what people add to it."""

from __future__ import annotations

from aiohttp import web

from crm_store.access import Permission
from crm_store.ledger import LedgerKind
from web.answers import json_answer, page_answer, visible
from web.checked_inputs import checked_customer
from web.deps import deps_of, principal_of
from web.ledger import record
from web.openapi import ApiTable
from web.schemas import ActivityBody, ActivityQuery
from web.view_models import ActivityListView, ActivityView
from web.views import activity_json

ACTIVITIES = ApiTable("activities")


@ACTIVITIES.add(
    "GET",
    "/activities",
    Permission.CRM_READ,
    "A customer's timeline, newest first",
    takes=ActivityQuery,
    returns=ActivityListView,
    refuses=(404,),
)
async def list_activities(request: web.Request, query: ActivityQuery) -> web.StreamResponse:
    """Calls of every colleague too: what happened with a customer belongs to the customer."""
    page = await deps_of(request).store.timeline(query.customer_id, cursor=query.cursor, limit=query.limit)
    record(request, LedgerKind.CARD_OPENED, customer_id=query.customer_id, what="timeline")
    return page_answer(request, "activity", page, activity_json)


@ACTIVITIES.add(
    "POST",
    "/activities",
    Permission.CRM_WRITE,
    "Add something that happened",
    takes=ActivityBody,
    returns=ActivityView,
    status=201,
)
async def post_activity(request: web.Request, body: ActivityBody) -> web.StreamResponse:
    """A note, a visit, a meeting; calls come by themselves."""
    deps, who = deps_of(request), principal_of(request)
    activity = await deps.store.add_activity(
        kind=body.kind,
        text=body.text,
        customer_id=await checked_customer(request, body.customer_id),
        user=who.name,
        at=body.at or deps.clock(),
    )
    record(request, LedgerKind.CREATED, customer_id=activity.customer_id, what=activity.kind)
    return json_answer(visible(request, "activity", activity_json(activity)), status=201)
