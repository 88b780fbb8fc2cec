"""Is it alive, is it ready, and what do the counters say."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from crm_store.access import Permission
from crm_store.errors import StoreUnavailable
from web.answers import json_answer
from web.auth import Transport, public, transport_of
from web.deps import PRINCIPAL, deps_of
from web.problems import Problem


@public
async def healthz(request: web.Request) -> web.StreamResponse:
    """The process answers."""
    return json_answer({"status": "ok"})


@public
async def readyz(request: web.Request) -> web.StreamResponse:
    """200 while it can do its work: the database answers with the current schema, and some PBX is connected."""
    deps = deps_of(request)
    database = await _database(request)
    links = {one["name"]: one["state"] for one in deps.pbx_status()}
    push = dict(deps.push_status())
    linked = [state == "connected" for state in links.values()]
    if database["state"] != "ok" or (linked and not any(linked)):
        status = "not_ready"
    else:
        status = "ok" if all(linked) and push.get("state") == "ok" else "degraded"
    body = {
        "status": status,
        "database": database,
        "migrations": {"state": database["state"]},
        "pbx": [{"name": name, "state": state} for name, state in links.items()],
        "push": push,
        "version": deps.version,
    }
    return json_answer(body, status=503 if status == "not_ready" else 200)


async def _database(request: web.Request) -> dict[str, Any]:
    try:
        await deps_of(request).store.ready()
    except StoreUnavailable as error:
        return {"state": "unavailable", "detail": str(error)}
    return {"state": "ok"}


@public
async def metrics(request: web.Request) -> web.StreamResponse:
    """Prometheus: from this machine, or with an admin's token."""
    who = request[PRINCIPAL]
    if transport_of(request) is not Transport.LOOPBACK and not (who and who.may(Permission.METRICS)):
        raise Problem(403, "forbidden", "Metrics are for this machine, or for an admin's token.")
    return web.Response(body=generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})


def setup_health(app: web.Application) -> None:
    """Mount the three."""
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
