"""Fixtures of the attacks: a migrated store, and an office with two agents whose things are secret from each other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import structlog

from crm_store.store import CrmStore
from tests.security.office import Office, open_office
from tests.web import conftest as web_conftest

empty_database = web_conftest.empty_database
store = web_conftest.store
desk = web_conftest.desk
client = web_conftest.client


@pytest.fixture
async def office(store: CrmStore, aiohttp_server: Any) -> AsyncIterator[Office]:
    """The application with its real push server, on loopback."""
    async with open_office(store, aiohttp_server) as opened:
        yield opened


@pytest.fixture(autouse=True)
def log() -> Iterator[list[Any]]:
    """What the product logs, instead of printing it."""
    with structlog.testing.capture_logs() as entries:
        yield entries
