"""Who is signed out, disabled or moved to another role by `ctiserver user …` loses the live socket at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

import ctiserver.seats
from crm_store.accounts import Role
from crm_store.store import CrmStore
from pbx.simulator import SimulatorServer
from tests.ctiserver.small_office import EVA, Program, browser, office, other_process, program, running, until


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctiserver.seats, "RELOAD_EVERY_S", 0.05)


@asynccontextmanager
async def live(eva: Program) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with eva.live() as socket:
        await until(socket, "snapshot")
        yield socket


async def closed_with(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    while not socket.closed:
        await socket.receive(timeout=5)
    return socket.close_code


async def new_role(store: CrmStore) -> None:
    await store.save_account(replace(EVA, role=Role.SUPERVISOR))


async def disabled(store: CrmStore) -> None:
    await store.save_account(replace(EVA, active=False))


async def new_password(store: CrmStore) -> None:
    await store.save_account(replace(EVA, password_hash="another"))
    await store.end_sessions_of("eva")


@pytest.mark.parametrize("change", [new_role, disabled, new_password])
async def test_a_browser_is_told_to_sign_in_again(tmp_path: Path, change: object) -> None:
    async with SimulatorServer(office()) as pbx, running(pbx, tmp_path) as service, browser(service) as eva:
        store = await other_process(tmp_path)
        async with live(eva) as socket:
            await change(store)  # type: ignore[operator]
            assert await closed_with(socket) == 4401
        await store.close()


async def test_a_new_phone_moves_the_pops_and_closes_nothing(tmp_path: Path) -> None:
    async with SimulatorServer(office()) as pbx, running(pbx, tmp_path) as service, program(service) as eva:
        store = await other_process(tmp_path)
        async with live(eva) as socket:
            await store.save_account(replace(EVA, endpoints=("PJSIP/1009",), extension="1009"))
            while (await until(socket, "agent.update"))["endpoint"] != "PJSIP/1009":
                pass
            assert not socket.closed
        await store.close()
