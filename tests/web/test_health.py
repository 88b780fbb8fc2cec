"""Alive, ready, counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crm_store.errors import StoreUnavailable
from crm_store.store import CrmStore
from pbx.asterisk.ami_link import LinkState
from tests.web.conftest import Client
from tests.web.desk import Desk, make_desk
from web.app import create_app
from web.health import Reason, Trouble


async def test_alive(client: Client) -> None:
    assert await (await client.get("/healthz")).json() == {"status": "ok"}


async def test_ready(client: Client) -> None:
    answer = await client.get("/readyz")
    assert answer.status == 200
    assert await answer.json() == {
        "status": "ok",
        "reasons": [],
        "database": {"state": "ok"},
        "migrations": {"state": "ok"},
        "pbx": [{"name": "main", "state": "connected"}],
        "push": {"state": "ok", "sockets": 0},
        "version": "1.2.3",
    }


@pytest.mark.parametrize(
    ("states", "status", "word"),
    [(["connected", "lost"], 200, "degraded"), (["lost", "lost"], 503, "not_ready"), ([], 200, "ok")],
)
async def test_one_of_two_links_is_enough_to_work(
    store: CrmStore, aiohttp_client: Any, states: list[str], status: int, word: str
) -> None:
    links = [{"name": f"pbx{number}", "state": state} for number, state in enumerate(states)]
    desk = await make_desk(store, pbx_status=lambda: links)
    answer = await (await aiohttp_client(create_app(desk.deps))).get("/readyz")
    assert (answer.status, (await answer.json())["status"]) == (status, word)


@pytest.mark.parametrize(
    "state", [*(state.value for state in LinkState if state != "connected"), "resyncing", "booting"]
)
async def test_a_link_that_is_not_connected_gives_its_reason(store: CrmStore, aiohttp_client: Any, state: str) -> None:
    links = [
        {"name": "main", "state": "connected", "reason": None, "since": "2026-03-02T09:00:00Z"},
        {"name": "old", "state": state, "reason": "10.0.0.5:5038 cannot be reached", "since": "2026-03-02T09:00:00Z"},
    ]
    desk = await make_desk(store, pbx_status=lambda: links)
    answer = await (await aiohttp_client(create_app(desk.deps))).get("/readyz")
    assert (await answer.json())["reasons"] == [
        {
            "reason": f"pbx_{state}",
            "pbx": "old",
            "since": "2026-03-02T09:00:00Z",
            "detail": "10.0.0.5:5038 cannot be reached",
        }
    ]


async def test_rights_that_are_missing_are_a_reason_though_it_is_connected(
    store: CrmStore, aiohttp_client: Any
) -> None:
    links = [{"name": "main", "state": "connected", "reason": "no class agent", "since": None}]
    desk = await make_desk(store, pbx_status=lambda: links)
    answer = await (await aiohttp_client(create_app(desk.deps))).get("/readyz")
    body = await answer.json()
    assert (answer.status, body["status"], body["reasons"][0]["reason"]) == (200, "degraded", "pbx_rights")


async def test_other_troubles_degrade_and_strangers_do_not_hear_the_details(desk: Desk, aiohttp_client: Any) -> None:
    full = Trouble(reason=Reason.DISK_NEARLY_FULL, detail="3 MB are left for the database in /var/lib/ctiserver.")
    client = await aiohttp_client(create_app(replace(desk.deps, troubles=lambda: [full])))
    away = {"Host": "cti.example.com"}
    here, there = await client.get("/readyz"), await client.get("/readyz", headers=away)
    admin = await client.get("/readyz", headers={**away, **await desk.token("root", "queues.read")})
    assert (here.status, (await here.json())["status"]) == (200, "degraded")
    assert "/var/lib" in await here.text()
    assert "/var/lib" in await admin.text()
    assert (await there.json())["reasons"] == [{"reason": "disk_nearly_full", "pbx": None, "since": None}]


class _Away:
    """A store whose database is away."""

    def __init__(self, store: CrmStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def ready(self) -> None:
        raise StoreUnavailable("The database cannot be reached.")


async def test_without_database_it_is_not_ready(desk: Desk, aiohttp_client: Any) -> None:
    deps: Any = replace(desk.deps, store=_Away(desk.store))
    answer = await (await aiohttp_client(create_app(deps))).get("/readyz")
    assert (answer.status, (await answer.json())["database"]["state"]) == (503, "unavailable")


async def test_metrics_are_for_this_machine_and_for_admins(desk: Desk, client: Client) -> None:
    answer = await client.get("/metrics")
    assert (answer.status, answer.content_type) == (200, "text/plain")
    away = {"Host": "cti.example.com"}
    assert (await client.get("/metrics", headers=away)).status == 403
    assert (await client.get("/metrics", headers={**away, **await desk.token("sofia")})).status == 403
    assert (await client.get("/metrics", headers={**away, **await desk.token("root", "queues.read")})).status == 200
