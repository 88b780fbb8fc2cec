"""Every adapter of the store port, one after another."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crm_store.sql import open_store, upgrade
from crm_store.store import CrmStore
from tests.contracts.examples import NOW, PROFILE


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated SQLite file, copied for each test."""
    file = tmp_path_factory.mktemp("store") / "empty.db"
    asyncio.run(upgrade(f"sqlite:///{file}"))
    return file


@pytest.fixture(params=["sqlite"])
async def store(request: pytest.FixtureRequest, empty_database: Path, tmp_path: Path) -> AsyncIterator[CrmStore]:
    """An empty store; its clock stands at NOW."""
    adapters = {"sqlite": f"sqlite:///{shutil.copy(empty_database, tmp_path / 'cti.db')}"}
    opened = await open_store(adapters[request.param], numbers=PROFILE, clock=lambda: NOW)
    yield opened
    await opened.close()
