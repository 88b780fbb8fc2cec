"""`/ledger`: who saw, searched, exported, dialled, changed or deleted what. For admins, to read only."""

from __future__ import annotations

from aiohttp import web

from crm_store.access import Permission
from crm_store.ledger import LedgerFilter
from web.answers import page_answer
from web.deps import deps_of
from web.openapi import ApiTable
from web.schemas import LedgerQuery
from web.view_models import LedgerListView
from web.views import ledger_json

LEDGER = ApiTable("ledger")


@LEDGER.add(
    "GET", "/ledger", Permission.LEDGER, "The access ledger, newest first", takes=LedgerQuery, returns=LedgerListView
)
async def list_ledger(request: web.Request, query: LedgerQuery) -> web.StreamResponse:
    """By person, customer, call, kind and time."""
    where = LedgerFilter(
        user=query.user,
        customer_id=query.customer_id,
        call_id=query.call_id,
        kind=query.kind,
        since=query.since,
        until=query.until,
    )
    page = await deps_of(request).store.ledger(where, cursor=query.cursor, limit=query.limit)
    return page_answer(request, "ledger", page, ledger_json)
