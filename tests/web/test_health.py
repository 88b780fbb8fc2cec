"""Alive, ready, counted."""

from __future__ import annotations

from typing import Any

import pytest

from crm_store.errors import StoreUnavailable
from crm_store.store import CrmStore
from tests.web.conftest import Client
from tests.web.desk import Desk, make_desk
from web.app import create_app


async def test_alive(client: Client) -> None:
    assert await (await client.get("/healthz")).json() == {"status": "ok"}


async def test_ready(client: Client) -> None:
    answer = await client.get("/readyz")
    assert answer.status == 200
    assert await answer.json() == {
        "status": "ok",
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


class _Away:
    """A store whose database is away."""

    def __init__(self, store: CrmStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def ready(self) -> None:
        raise StoreUnavailable("The database cannot be reached.")


async def test_without_database_it_is_not_ready(desk: Desk, aiohttp_client: Any) -> None:
    from dataclasses import replace

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
