"""What pages and API write into the access ledger: who asked, and what for. Ids and counts only."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from crm_store.activities import Page
from crm_store.ledger import LedgerEntry, LedgerKind
from web.deps import PRINCIPAL, deps_of


def record(
    request: web.Request,
    kind: LedgerKind,
    /,
    *,
    user: str | None = None,
    customer_id: int | None = None,
    call_id: str | None = None,
    **detail: Any,
) -> None:
    """Note it for whoever is signed in (before that, for `user`). Costs nothing here: it is written a moment later."""
    deps, who = deps_of(request), request.get(PRINCIPAL)
    if who is not None and who.session_hash is None:
        detail["by_token"] = True
    deps.ledger(
        LedgerEntry(
            kind=kind,
            at=deps.clock(),
            user=who.name if who is not None else user,
            customer_id=customer_id,
            call_id=call_id,
            detail=detail,
        )
    )


def record_search(request: web.Request, query: str, term: str, page: Page[Any]) -> None:
    """A search: what was looked through, how long the term was and how much it found. The term itself may be a name."""
    detail: dict[str, Any] = {
        "query": query,
        "term_length": len(term),
        "hits": len(page.items),
        "more": page.next is not None,
    }
    record(request, LedgerKind.SEARCHED, **detail)
