"""`/customers`: anyone who can call; search, card, edit, delete, merge."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import structlog
from aiohttp import web

from crm_store.access import Permission
from crm_store.ledger import LedgerKind
from crm_store.parties import PartyInput, PhoneInput, SavedParty
from web.answers import expected_version, json_answer, page_answer, visible
from web.deps import deps_of, principal_of
from web.ledger import record, record_search
from web.openapi import ApiTable
from web.problems import Problem, invalid
from web.schemas import CustomerBody, CustomerQuery, MergeBody
from web.view_models import CardView, CustomerListView, CustomerView, SavedCustomerView
from web.views import customer_json

audit = structlog.get_logger("audit")
CUSTOMERS = ApiTable("customers")
CUSTOMER = "/customers/{customer_id:[0-9]{1,15}}"


@CUSTOMERS.add(
    "GET", "/customers", Permission.CRM_READ, "List or search customers", takes=CustomerQuery, returns=CustomerListView
)
async def list_customers(request: web.Request, query: CustomerQuery) -> web.StreamResponse:
    """By name, company, e-mail, tag, external id or any part of a number."""
    page = await deps_of(request).store.parties(query.search, kind=query.kind, cursor=query.cursor, limit=query.limit)
    record_search(request, "customers", query.search, page)
    return page_answer(request, "customer", page, customer_json)


@CUSTOMERS.add(
    "POST",
    "/customers",
    Permission.CRM_WRITE,
    "Create a customer; earlier calls from their numbers are linked",
    takes=CustomerBody,
    returns=SavedCustomerView,
    status=201,
)
async def post_customer(request: web.Request, body: CustomerBody) -> web.StreamResponse:
    """At least something to know them by."""
    if not (body.name or body.company or body.phones):
        raise invalid("name", "a name, a company or a number is needed")
    deps, who = deps_of(request), principal_of(request)
    saved = await deps.store.create_party(_fields(request, body), user=who.name, now=deps.clock())
    audit.info("customer created", user=who.name, customer=saved.party.id)
    record(request, LedgerKind.CREATED, customer_id=saved.party.id, what="customer")
    return _saved_answer(request, saved, status=201)


@CUSTOMERS.add("GET", CUSTOMER, Permission.CRM_READ, "One customer", returns=CustomerView)
async def get_customer(request: web.Request) -> web.StreamResponse:
    """The ETag is for If-Match."""
    party = await deps_of(request).store.party(_id(request))
    record(request, LedgerKind.CARD_OPENED, customer_id=party.id)
    return json_answer(visible(request, "customer", customer_json(party)), version=party.version)


@CUSTOMERS.add(
    "PATCH",
    CUSTOMER,
    Permission.CRM_WRITE,
    "Change a customer: what is left out stays, null empties",
    takes=CustomerBody,
    returns=SavedCustomerView,
    headers=("If-Match",),
)
async def patch_customer(request: web.Request, body: CustomerBody) -> web.StreamResponse:
    """Numbers that are added link earlier unmatched calls; the answer says how many."""
    deps, who = deps_of(request), principal_of(request)
    saved = await deps.store.update_party(
        _id(request), _fields(request, body), user=who.name, now=deps.clock(), version=expected_version(request)
    )
    fields = sorted(body.model_fields_set)
    audit.info("customer changed", user=who.name, customer=saved.party.id, fields=fields)
    record(request, LedgerKind.CHANGED, customer_id=saved.party.id, what="customer", fields=fields)
    return _saved_answer(request, saved)


@CUSTOMERS.add("DELETE", CUSTOMER, Permission.CRM_DELETE, "Delete a customer; their calls stay", status=204)
async def delete_customer(request: web.Request) -> web.StreamResponse:
    """Hidden from lists and from caller look-up."""
    deps, who = deps_of(request), principal_of(request)
    await deps.store.delete_party(_id(request), user=who.name, now=deps.clock())
    audit.info("customer deleted", user=who.name, customer=_id(request))
    record(request, LedgerKind.DELETED, customer_id=_id(request), what="customer")
    return web.Response(status=204)


@CUSTOMERS.add("GET", CUSTOMER + "/card", Permission.CRM_READ, "What a pop shows of this customer", returns=CardView)
async def get_card(request: web.Request) -> web.StreamResponse:
    """Name, numbers, last activities, open tasks."""
    card = await deps_of(request).store.card(_id(request))
    record(request, LedgerKind.CARD_OPENED, customer_id=card["id"])
    return json_answer(visible(request, "customer", card))


@CUSTOMERS.add(
    "POST",
    CUSTOMER + "/merge",
    Permission.CRM_DELETE,
    "Two records of one person become one",
    takes=MergeBody,
    returns=SavedCustomerView,
)
async def merge_customers(request: web.Request, body: MergeBody) -> web.StreamResponse:
    """Numbers, calls, tasks and activities of `other_id` move here."""
    if body.other_id == _id(request):
        raise invalid("other_id", "must be another customer")
    deps, who = deps_of(request), principal_of(request)
    saved = await deps.store.merge_parties(_id(request), body.other_id, user=who.name, now=deps.clock())
    audit.info("customers merged", user=who.name, customer=saved.party.id, other=body.other_id)
    record(request, LedgerKind.MERGED, customer_id=saved.party.id, other=body.other_id)
    return _saved_answer(request, saved)


def _id(request: web.Request) -> int:
    return int(request.match_info["customer_id"])


def _fields(request: web.Request, body: CustomerBody) -> PartyInput:
    """What was sent, in the store's words: left out is None, null is empty."""
    sent = body.model_fields_set
    hidden = deps_of(request).access.hidden(principal_of(request).role, "customer")
    refused = sorted(sent & hidden)
    if refused:
        raise Problem(403, "field_hidden", f"{refused[0]}: this field is hidden from your role.")

    def text(name: str) -> str | None:
        value: str | None = getattr(body, name)
        return (value or "") if name in sent else None

    def texts(name: str) -> tuple[str, ...] | None:
        value: Iterable[str] | None = getattr(body, name)
        return tuple(dict.fromkeys(value or ())) if name in sent else None

    phones = tuple(PhoneInput(raw=one.number, label=one.label) for one in body.phones or ())
    return PartyInput(
        name=text("name"),
        company=text("company"),
        kind=body.kind,
        phones=phones if "phones" in sent else None,
        emails=texts("emails"),
        language=text("language"),
        external_id=text("external_id"),
        tags=texts("tags"),
        note=text("note"),
        active=body.active,
    )


def _saved_answer(request: web.Request, saved: SavedParty, *, status: int = 200) -> web.Response:
    data: dict[str, Any] = visible(request, "customer", customer_json(saved.party))
    data["linked_calls"] = saved.linked_calls
    headers = {"Location": f"/api/v1/customers/{saved.party.id}"} if status == 201 else None
    return json_answer(data, status=status, version=saved.party.version, headers=headers)
