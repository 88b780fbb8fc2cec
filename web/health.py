"""Is it alive, is it ready and if not why, and what do the counters say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from crm_store.access import Permission
from crm_store.errors import StoreUnavailable
from web.answers import json_answer
from web.auth import Transport, public, transport_of
from web.deps import PRINCIPAL, deps_of
from web.problems import Problem

if TYPE_CHECKING:
    from web.deps import WebDeps


class Reason(StrEnum):
    """Why it is not `ok`. docs/runbook.md says for each what to do."""

    DATABASE_UNAVAILABLE = "database_unavailable"
    PBX_CONNECTING = "pbx_connecting"
    PBX_LOST = "pbx_lost"
    PBX_REFUSED_LOGIN = "pbx_refused_login"
    PBX_RESYNCING = "pbx_resyncing"
    PBX_BOOTING = "pbx_booting"
    PBX_STOPPED = "pbx_stopped"
    PBX_RIGHTS = "pbx_rights"
    PUSH_CLOSING = "push_closing"
    RECORDS_WAITING = "records_waiting"
    LEDGER_WAITING = "ledger_waiting"
    JOURNAL_FAILING = "journal_failing"
    DISK_NEARLY_FULL = "disk_nearly_full"
    CERTIFICATE_EXPIRES = "certificate_expires"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One reason; `detail` is a sentence for operators: it may name hosts and folders, and is for them only."""

    reason: Reason
    detail: str
    pbx: str | None = None
    since: str | None = None

    def to_json(self, *, in_detail: bool) -> dict[str, Any]:
        """As /readyz shows it."""
        return {
            "reason": self.reason.value,
            "pbx": self.pbx,
            "since": self.since,
            **({"detail": self.detail} if in_detail else {}),
        }


@public
async def healthz(request: web.Request) -> web.StreamResponse:
    """The process answers."""
    return json_answer({"status": "ok"})


@public
async def readyz(request: web.Request) -> web.StreamResponse:
    """200 while it can do its work: the database answers with the current schema, and some PBX is connected."""
    deps = deps_of(request)
    links = {one["name"]: one["state"] for one in deps.pbx_status()}
    troubles = [*await _database(deps), *_links(deps), *_push(deps), *deps.troubles()]
    found = {trouble.reason for trouble in troubles}
    usable = not links or "connected" in links.values()
    ready = usable and Reason.DATABASE_UNAVAILABLE not in found
    status = "not_ready" if not ready else "degraded" if found else "ok"
    database = "unavailable" if Reason.DATABASE_UNAVAILABLE in found else "ok"
    body = {
        "status": status,
        "reasons": [trouble.to_json(in_detail=_for_operators(request)) for trouble in troubles],
        "database": {"state": database},
        "migrations": {"state": database},
        "pbx": [{"name": name, "state": state} for name, state in links.items()],
        "push": dict(deps.push_status()),
        "version": deps.version,
    }
    return json_answer(body, status=200 if ready else 503)


async def _database(deps: WebDeps) -> list[Trouble]:
    try:
        await deps.store.ready()
    except StoreUnavailable as error:
        return [Trouble(reason=Reason.DATABASE_UNAVAILABLE, detail=str(error))]
    return []


def _links(deps: WebDeps) -> Iterator[Trouble]:
    for link in deps.pbx_status():
        connected = link["state"] == "connected"
        if connected and not link.get("reason"):
            continue
        reason = Reason.PBX_RIGHTS if connected else Reason(f"pbx_{link['state']}")
        yield Trouble(reason=reason, detail=link.get("reason") or "", pbx=link["name"], since=link.get("since"))


def _push(deps: WebDeps) -> list[Trouble]:
    if deps.push_status().get("state") == "ok":
        return []
    return [Trouble(reason=Reason.PUSH_CLOSING, detail="The server is stopping.")]


def _for_operators(request: web.Request) -> bool:
    who = request[PRINCIPAL]
    return transport_of(request) is Transport.LOOPBACK or bool(who and who.may(Permission.METRICS))


@public
async def metrics(request: web.Request) -> web.StreamResponse:
    """Prometheus: from this machine, or with an admin's token."""
    if not _for_operators(request):
        raise Problem(403, "forbidden", "Metrics are for this machine, or for an admin's token.")
    body = generate_latest(REGISTRY) + deps_of(request).figures()
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


def setup_health(app: web.Application) -> None:
    """Mount the three."""
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
