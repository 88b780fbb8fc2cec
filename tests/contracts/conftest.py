"""Every adapter of the store port, one after another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crm_store.sql import open_store
from crm_store.store import CrmStore
from tests.contracts.examples import NOW, PROFILE


@pytest.fixture(params=["sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[CrmStore]:
    """An empty store; its clock stands at NOW."""
    adapters = {"sqlite": f"sqlite:///{tmp_path}/cti.db"}
    opened = await open_store(adapters[request.param], numbers=PROFILE, migrate=True, clock=lambda: NOW)
    yield opened
    await opened.close()
