"""From every earlier schema to this one, with calls open: nothing that was there is lost, and an upgrade is all or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from crm_store.activities import CallFilter
from crm_store.errors import StoreError, StoreUnavailable
from crm_store.sql import SqlStore, current, open_store, upgrade
from crm_store.sql import migrate as migrate_module
from crm_store.sql.schema import HEAD
from crm_store.tasks import TaskFilter
from tests.contracts.examples import JAN, PROFILE, number
from tests.crm_store.sql.old_databases import FOLDER, revisions, unpack

EARLIER = revisions()[:-1]


@asynccontextmanager
async def migrated(file: Path) -> AsyncIterator[SqlStore]:
    store = await open_store(f"sqlite:///{file}", numbers=PROFILE, migrate=True)
    try:
        yield store
    finally:
        await store.close()


def rows(file: Path) -> dict[str, list[Any]]:
    """Every row of every ordinary table."""
    with closing(sqlite3.connect(file)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        names = [name for (name,) in tables if not name.startswith(("party_search", "sqlite_"))]
        return {name: sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"'))) for name in names}


def test_every_earlier_schema_is_drilled() -> None:
    kept = sorted(path.name.partition(".")[0] for path in FOLDER.glob("*.db.gz"))
    assert kept == EARLIER, "put a database of the schema before the new migration there: see its README.md"


@pytest.mark.parametrize("revision", EARLIER)
async def test_records_open_calls_and_customers_are_as_they_were(revision: str, tmp_path: Path) -> None:
    file = tmp_path / "cti.db"
    truth = unpack(revision, file)
    async with migrated(file) as store:
        assert await current(f"sqlite:///{file}") == (HEAD, HEAD)
        found = (await store.calls(CallFilter(), cursor=None, limit=50)).items
        told = [{key: record[key] for key in was} for record, was in zip(found, truth["calls"], strict=True)]
        assert told == truth["calls"]
        still_open = {call["id"]: call["state"] for call in truth["calls"] if call["state"] != "ended"}
        assert sorted(still_open.values()) == ["queued", "talking"]
        assert {record["id"]: record["state"] for record in await store.open_calls("main")} == still_open
        assert (await store.call_note(truth["noted"])).text == truth["note"]
        match = await store.find_caller(number(JAN))
        assert [card["name"] for card in match.cards] == ["Ján Kováč"]
        tasks = (await store.tasks(TaskFilter(), cursor=None, limit=10)).items
        assert "Send the offer" in [task.title for task in tasks]
        assert [account.name for account in await store.accounts()] == ["eva", "jan"]
        await store.ready()
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.parametrize("revision", EARLIER)
async def test_a_failed_upgrade_leaves_the_database_as_it_was(
    revision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cti.db"
    unpack(revision, file)
    before = rows(file)
    run = migrate_module._upgrade

    def fails_at_its_end(connection: Any) -> None:
        run(connection)
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(migrate_module, "_upgrade", fails_at_its_end)
    with pytest.raises(StoreUnavailable, match="disk is full"):
        await upgrade(f"sqlite:///{file}")
    assert rows(file) == before
    assert (await current(f"sqlite:///{file}"))[0] == revision


@pytest.mark.parametrize("revision", EARLIER)
async def test_until_the_upgrade_the_server_says_what_to_do(revision: str, tmp_path: Path) -> None:
    unpack(revision, tmp_path / "cti.db")
    with pytest.raises(StoreError, match="run `ctiserver db upgrade`"):
        await open_store(f"sqlite:///{tmp_path / 'cti.db'}", numbers=PROFILE)
