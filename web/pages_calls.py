"""Calls: the list with its filters, and one call with everything that happened in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from crm_store.access import Permission
from crm_store.activities import CallFilter
from crm_store.ledger import LedgerKind
from pbx.calls import CallOutcome, Direction
from web.api_calls import seen_call
from web.auth import require
from web.deps import deps_of, principal_of
from web.i18n import Language
from web.ledger import record, record_search
from web.pages_shell import language_of, render, wants_part

_ROWS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """The list's filters as they stand in the address; nonsense counts as not given."""

    day: str
    direction: str
    outcome: str
    queue: str  # "pbx:name" as the list offers them
    agent: str
    number: str

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Filters:
        return cls(
            day=_day(query.get("day", "")),
            direction=_one_of(query.get("direction", ""), Direction),
            outcome=_one_of(query.get("outcome", ""), CallOutcome),
            queue=query.get("queue", "")[:129],
            agent=query.get("agent", "")[:64],
            number=query.get("number", "").strip()[:64],
        )

    def as_query(self) -> dict[str, str]:
        """Only what is given, for the link to the next page."""
        names = ("day", "direction", "outcome", "queue", "agent", "number")
        return {name: value for name in names if (value := getattr(self, name))}

    def for_store(self, language: Language, only_agent: str | None) -> CallFilter:
        """The store's filter; whoever may see only their own calls gets only those."""
        pbx, _, queue = self.queue.rpartition(":")
        return CallFilter(
            since=_start_of(self.day, language) if self.day else None,
            agent=only_agent or self.agent or None,
            pbx=pbx or None,
            queue=queue or None,
            direction=self.direction or None,
            outcome=self.outcome or None,
            number=self.number or None,
        )


@require(Permission.CALLS_READ)
async def calls_page(request: web.Request) -> web.Response:
    """The list, newest first; agents see the calls that rang at their phone."""
    deps, who = deps_of(request), principal_of(request)
    filters = Filters.of(request.query)
    own = None if who.may(Permission.CALLS_READ_ALL) else who.name
    where = filters.for_store(language_of(request), own)
    page = await deps.store.calls(where, cursor=request.query.get("cursor") or None, limit=_ROWS)
    if filters.number:
        record_search(request, "calls", filters.number, page)
    context = {
        "calls": [deps.access.visible(who.role, "call", call) for call in page.items],
        "next": page.next,
        "next_link": "/calls?" + urlencode({**filters.as_query(), "cursor": page.next or ""}),
        "filters": filters,
        "filtered": bool(filters.as_query()),
        "outcomes": [outcome.value for outcome in CallOutcome],
        "queues": _queues(deps.board.queues_for(who, deps.clock().timestamp())),
        "agents": [(agent["name"], agent["display_name"]) for agent in deps.board.agents()],
    }
    return render(request, "part_calls.html" if wants_part(request) else "calls.html", context)


@require(Permission.CALLS_READ)
async def call_page(request: web.Request) -> web.Response:
    """One call: facts, note and outcome, every phone that rang."""
    deps, who = deps_of(request), principal_of(request)
    found = await seen_call(request)
    note = await deps.store.call_note(found["id"])
    record(request, LedgerKind.CALL_OPENED, customer_id=found["customer_id"], call_id=found["id"])
    call = {**found, "note": note.text, "disposition": note.disposition}
    context = {
        "call": deps.access.visible(who.role, "call", call),
        "note_version": note.version,
        "may_write": who.may(Permission.CALLS_WRITE) and "note" not in deps.access.hidden(who.role, "call"),
    }
    return render(request, "call.html", context)


def _queues(queues: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str | None]]:
    """Value and label of each queue, and its PBX where there are several."""
    several = len({queue["pbx"] for queue in queues}) > 1
    return [(f"{one['pbx']}:{one['name']}", one["label"], one["pbx"] if several else None) for one in queues]


def _one_of(value: str, codes: type[Direction] | type[CallOutcome]) -> str:
    return value if value in set(codes) else ""


def _day(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        return ""


def _start_of(day: str, language: Language) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(0), tzinfo=language.time_zone)
