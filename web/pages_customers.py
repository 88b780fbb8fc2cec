"""Customers: list with search, card with timeline and tasks, the form for a new or known one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from babel import Locale
from markupsafe import Markup

from crm_store.access import Permission
from crm_store.ledger import LedgerKind
from crm_store.parties import PARTY_KINDS, PHONE_LABELS
from crm_store.tasks import TaskFilter
from web.auth import require
from web.deps import deps_of, principal_of
from web.i18n import Language
from web.ledger import record, record_search
from web.pages_shell import language_of, render, wants_part
from web.views import activity_json, customer_json, task_json

_ROWS = 50
_TIMELINE_ROWS = 30
SPOKEN_LANGUAGES = ("sk", "cs", "pl", "en", "he", "ar", "de", "hu", "uk", "ru", "fr", "it", "es", "ro")


@require(Permission.CRM_READ)
async def customers_page(request: web.Request) -> web.Response:
    """The list; `?cursor=` gives the following rows alone. `?open=1`, the search of every page, goes on to the only hit."""
    search = request.query.get("q", "").strip()[:200]
    kind = request.query.get("kind", "")
    kind = kind if kind in PARTY_KINDS else ""
    cursor = request.query.get("cursor") or None
    deps, who = deps_of(request), principal_of(request)
    page = await deps.store.parties(search, kind=kind or None, cursor=cursor, limit=_ROWS)
    record_search(request, "customers", search, page)
    if search and len(page.items) == 1 and "open" in request.query:
        raise web.HTTPSeeOther(f"/customers/{page.items[0].id}")
    context = {
        "customers": [deps.access.visible(who.role, "customer", customer_json(party)) for party in page.items],
        "next": page.next,
        "q": search,
        "kind": kind,
        "kinds": PARTY_KINDS,
    }
    return render(request, "part_customers.html" if wants_part(request) else "customers.html", context)


@require(Permission.CRM_READ)
async def customer_page(request: web.Request) -> web.Response:
    """One customer's card: the page, or the card alone for the desktop."""
    context = await card_context(request, int(request.match_info["customer_id"]))
    if wants_part(request):
        return render(request, "part_card.html", context)
    return render(request, "customer.html", {**context, "card_is_page": True})


@require(Permission.CRM_READ)
async def timeline_part(request: web.Request) -> web.Response:
    """Older rows of the timeline."""
    customer_id = int(request.match_info["customer_id"])
    record(request, LedgerKind.CARD_OPENED, customer_id=customer_id, what="timeline")
    rows = await _timeline(request, customer_id, request.query.get("cursor") or None)
    return render(request, "more_timeline.html", {**rows, "customer_id": customer_id})


@require(Permission.CRM_WRITE)
async def new_customer_page(request: web.Request) -> web.Response:
    """An empty form; an unknown caller's number (or what was searched for) is filled in."""
    number = request.query.get("number", "").strip()[:64]
    empty = {"name": request.query.get("name", "").strip()[:200], "kind": "customer"}
    phones = [{"number": number, "display": number, "label": "mobile"}]
    return _form(request, None, {**empty, "phones": phones, "note": "", "language": ""}, request.query.get("call", ""))


@require(Permission.CRM_WRITE)
async def edit_customer_page(request: web.Request) -> web.Response:
    """The form with what is known; hidden fields are absent."""
    deps, who = deps_of(request), principal_of(request)
    party = await deps.store.party(int(request.match_info["customer_id"]))
    record(request, LedgerKind.CARD_OPENED, customer_id=party.id, what="form")
    customer = deps.access.visible(who.role, "customer", customer_json(party))
    return _form(request, customer, customer, "")


async def card_context(request: web.Request, customer_id: int) -> dict[str, Any]:
    """What `part_card.html` shows. Raises NotFound."""
    deps, who = deps_of(request), principal_of(request)
    party = await deps.store.party(customer_id)
    record(request, LedgerKind.CARD_OPENED, customer_id=party.id)
    tasks = await deps.store.tasks(TaskFilter(customer_id=customer_id, state="open"), cursor=None, limit=20)
    visible = [
        task for task in tasks.items if deps.access.may_see_task(who, owner=task.owner, claimed_by=task.claimed_by)
    ]
    return {
        "customer": deps.access.visible(who.role, "customer", customer_json(party)),
        "customer_tasks": [deps.access.visible(who.role, "task", task_json(task)) for task in visible],
        **await _timeline(request, customer_id, None),
    }


async def _timeline(request: web.Request, customer_id: int, cursor: str | None) -> dict[str, Any]:
    deps, who = deps_of(request), principal_of(request)
    page = await deps.store.timeline(customer_id, cursor=cursor, limit=_TIMELINE_ROWS)
    items = [deps.access.visible(who.role, "activity", activity_json(activity)) for activity in page.items]
    return {"timeline": items, "timeline_next": page.next}


def _form(
    request: web.Request, customer: Mapping[str, Any] | None, values: Mapping[str, Any], call_id: str
) -> web.Response:
    language = language_of(request)
    hidden = deps_of(request).access.hidden(principal_of(request).role, "customer")
    context = {
        "customer": customer,
        "fields": [field for field in _fields(language, values) if field[0] not in hidden],
        "kind": values["kind"],
        "kinds": PARTY_KINDS,
        "phones": None
        if "phones" in hidden
        else values.get("phones") or [{"number": "", "display": "", "label": "mobile"}],
        "phone_labels": PHONE_LABELS,
        "spoken": None if "language" in hidden else values.get("language") or "",
        "spoken_languages": _spoken(language, values.get("language")),
        "note": None if "note" in hidden else values.get("note") or "",
        "call_id": call_id if call_id.isalnum() else "",
    }
    return render(request, "customer_form.html", context)


def _fields(language: Language, values: Mapping[str, Any]) -> list[tuple[str, str, str, Markup]]:
    """Name, label, value and attributes of the one-line fields."""
    _ = language.gettext
    auto, ltr = Markup('dir="auto"'), Markup('class="ltr"')
    return [
        ("name", _("Name"), values.get("name") or "", auto),
        ("company", _("Company"), values.get("company") or "", auto),
        ("emails", _("E-mail (several with commas)"), ", ".join(values.get("emails") or ()), ltr),
        ("tags", _("Tags (several with commas)"), ", ".join(values.get("tags") or ()), auto),
        ("external_id", _("External number"), values.get("external_id") or "", ltr),
    ]


def _spoken(language: Language, own: str | None) -> list[tuple[str, str]]:
    codes = (*SPOKEN_LANGUAGES, *((own,) if own and own not in SPOKEN_LANGUAGES else ()))
    names = ((code, Locale.parse(code.replace("-", "_")).get_display_name(language.locale) or code) for code in codes)
    return sorted(names, key=lambda pair: pair[1].casefold())
