"""Fixtures of the web tests: a migrated SQLite file, and a running application on it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from crm_store.phone_numbers import NumberProfile
from crm_store.sql.store import open_store
from crm_store.store import CrmStore
from tests.web.desk import Desk, make_desk
from web.app import create_app

Client = TestClient[web.Request, web.Application]
MakeClient = Callable[[Desk], Awaitable[Client]]


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated file, copied for each test."""
    file = tmp_path_factory.mktemp("web") / "empty.db"

    async def migrate() -> None:
        await (await open_store(f"sqlite:///{file}", numbers=NumberProfile(region="SK"), migrate=True)).close()

    asyncio.run(migrate())
    return file


@pytest.fixture
async def store(empty_database: Path, tmp_path: Path) -> AsyncIterator[CrmStore]:
    file = tmp_path / "cti.db"
    shutil.copyfile(empty_database, file)
    opened = await open_store(f"sqlite:///{file}", numbers=NumberProfile(region="SK"))
    yield opened
    await opened.close()


@pytest.fixture
async def desk(store: CrmStore) -> Desk:
    return await make_desk(store)


@pytest.fixture
async def client(desk: Desk, aiohttp_client: Any) -> Client:
    """The application of `desk`, running on loopback."""
    made: Client = await aiohttp_client(create_app(desk.deps))
    return made
