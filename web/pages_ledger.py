"""The access ledger as a page for admins: who saw and did what, by person, customer, kind and day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from markupsafe import Markup

from crm_store.access import Permission
from crm_store.ledger import LedgerEntry, LedgerFilter, LedgerKind
from web.auth import require
from web.deps import deps_of
from web.i18n import Language
from web.pages_shell import language_of, render, wants_part
from web.pages_words import word

_ROWS = 50
#: Details whose values are codes with a label of their own.
_CODES = ("what", "query", "data")
_TIMES = ("before", "oldest", "newest")


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFilters:
    """The list's filters as they stand in the address; nonsense counts as not given."""

    day: str
    kind: str
    user: str
    customer: str
    call: str

    @classmethod
    def of(cls, query: Mapping[str, str]) -> LedgerFilters:
        kind, customer = query.get("kind", ""), query.get("customer", "").strip().lstrip("#")
        return cls(
            day=_day(query.get("day", "")),
            kind=kind if kind in set(LedgerKind) else "",
            user=query.get("user", "").strip()[:64],
            customer=customer if customer.isascii() and customer.isdecimal() and len(customer) <= 15 else "",
            call=query.get("call", "").strip()[:64],
        )

    def as_query(self) -> dict[str, str]:
        """Only what is given, for the link to the next page."""
        names = ("day", "kind", "user", "customer", "call")
        return {name: value for name in names if (value := getattr(self, name))}

    def for_store(self, language: Language) -> LedgerFilter:
        """The store's filter: a day is one of the page's time zone."""
        since = datetime.combine(date.fromisoformat(self.day), time(0), tzinfo=language.time_zone) if self.day else None
        return LedgerFilter(
            user=self.user or None,
            customer_id=int(self.customer) if self.customer else None,
            call_id=self.call or None,
            kind=LedgerKind(self.kind) if self.kind else None,
            since=since,
            until=since + timedelta(days=1) if since else None,
        )


@require(Permission.LEDGER)
async def ledger_page(request: web.Request) -> web.Response:
    """The list, newest first."""
    deps, language = deps_of(request), language_of(request)
    filters = LedgerFilters.of(request.query)
    where = filters.for_store(language)
    page = await deps.store.ledger(where, cursor=request.query.get("cursor") or None, limit=_ROWS)
    context = {
        "entries": [(entry, facts(language, entry)) for entry in page.items],
        "next": page.next,
        "next_link": "/ledger?" + urlencode({**filters.as_query(), "cursor": page.next or ""}),
        "filters": filters,
        "filtered": bool(filters.as_query()),
        "kinds": [kind.value for kind in LedgerKind],
        "names": {one.name: one.display_name or one.name for one in await deps.store.accounts()},
    }
    return render(request, "part_ledger.html" if wants_part(request) else "ledger.html", context)


def facts(language: Language, entry: LedgerEntry) -> list[tuple[str, str]]:
    """Label and value of what an entry tells besides who, when and whom; a code's label stands alone."""
    found = [_fact(language, key, value) for key, value in entry.detail.items()]
    return [fact for fact in found if fact[0] or fact[1]]


def _fact(language: Language, key: str, value: Any) -> tuple[str, str]:
    if value is None or value is False or value in ("", []):
        return "", ""
    label = word(language, "ledger_detail", key)
    if value is True:
        return label, ""
    if key in _CODES:
        return word(language, "ledger_what", str(value)), ""
    if isinstance(value, list):
        return label, ", ".join(map(str, value))
    return label, _moment(language, value) if key in _TIMES else str(value)


def _moment(language: Language, value: Any) -> str:
    try:
        at = datetime.fromisoformat(value)
        return Markup('<time datetime="{}">{}</time>').format(value, language.moment(at))
    except (TypeError, ValueError):
        return str(value)


def _day(value: str) -> str:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return ""
    return day.isoformat() if 1 < day.year < 9999 else ""
