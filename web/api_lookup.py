"""`/lookup`: who has this number, for programs and for a PBX's caller-ID look-up source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from crm_store.access import Permission
from crm_store.caller_lookup import CallerMatch, MatchKind
from crm_store.ledger import LedgerKind
from crm_store.phone_numbers import normalise
from web.answers import json_answer, visible
from web.deps import deps_of
from web.ledger import record
from web.openapi import ApiTable
from web.schemas import LookupQuery
from web.view_models import LookupView
from web.views import match_json

LOOKUP = ApiTable("customers")


@LOOKUP.add(
    "GET",
    "/lookup",
    Permission.CRM_READ,
    "Who has this number? With format=text the name alone, for a PBX (token as HTTP Basic password)",
    takes=LookupQuery,
    returns=LookupView,
    media_types=("application/json", "text/plain"),
)
async def get_lookup(request: web.Request, query: LookupQuery) -> web.StreamResponse:
    """The same matching as for a ringing call."""
    deps = deps_of(request)
    number = normalise(query.number, deps.numbers)
    match = await deps.store.find_caller(number)
    answer = visible(request, "match", match_json(number, match))
    found = match.cards[0]["id"] if match.kind is MatchKind.ONE else None
    length, hits = len(query.number), len(match.cards)
    record(request, LedgerKind.SEARCHED, customer_id=found, query="lookup", term_length=length, hits=hits, more=False)
    if query.format == "json":
        return json_answer(answer)
    return web.Response(text=_name(match, answer["customers"]), content_type="text/plain", charset="utf-8")


def _name(match: CallerMatch, customers: Sequence[dict[str, Any]]) -> str:
    """A telephone shows it as a fact, so only what is certain: the one name, or the company that all of several share."""
    companies = {one.get("company") for one in customers}
    if match.kind is MatchKind.ONE:
        shown = customers[0].get("name") or customers[0].get("company")
    elif match.kind is MatchKind.SEVERAL and match.reason != "suffix" and len(companies) == 1:
        shown = companies.pop()
    else:
        shown = None
    return " ".join(str(shown or "").split())
