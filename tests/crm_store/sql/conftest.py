"""A database of its own for each test."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crm_store.sql import SqlStore, open_store, upgrade
from crm_store.sql.database import Database
from tests.contracts.examples import NOW, PROFILE


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cti.db"


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated file, copied for each test."""
    empty = tmp_path_factory.mktemp("sql") / "empty.db"
    asyncio.run(upgrade(f"sqlite:///{empty}"))
    return empty


@pytest.fixture
async def store(empty_database: Path, file: Path) -> AsyncIterator[SqlStore]:
    shutil.copy(empty_database, file)
    opened = await open_store(f"sqlite:///{file}", numbers=PROFILE, clock=lambda: NOW)
    yield opened
    await opened.close()


@pytest.fixture
async def database(file: Path) -> AsyncIterator[Database]:
    """A file with one counter, opened as the store opens its own."""
    opened = await Database.open(file)
    await opened.write(lambda connection: connection.exec_driver_sql("CREATE TABLE counter (n INTEGER)").rowcount)
    await opened.write(lambda connection: connection.exec_driver_sql("INSERT INTO counter VALUES (0)").rowcount)
    yield opened
    await opened.close()
