"""Schema: created, recognised, refused when newer, and copied while in use."""

# ruff: noqa: ASYNC240 - to look at files is the point here

from __future__ import annotations

import asyncio
import sqlite3
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from crm_store.errors import InvalidInput, StoreError, StoreUnavailable
from crm_store.sql import SqlStore, backup, current, open_store, upgrade
from crm_store.sql import migrate as migrate_module
from crm_store.sql.schema import HEAD, metadata
from crm_store.tasks import TaskFilter
from tests.contracts.examples import NOW, PROFILE, call, customer
from tests.crm_store.sql.old_databases import unpack


async def test_an_empty_database_is_brought_to_the_schema_of_this_version(file: Path) -> None:
    url = f"sqlite:///{file}"
    assert await current(url) == (None, HEAD)
    await upgrade(url)
    assert await current(url) == (HEAD, HEAD)
    await upgrade(url)
    assert await current(url) == (HEAD, HEAD)


async def test_call_backs_of_earlier_versions_get_their_attempts_and_are_not_told_again(tmp_path: Path) -> None:
    file = tmp_path / "cti.db"
    unpack("0004", file)
    store = await open_store(f"sqlite:///{file}", numbers=PROFILE, migrate=True)
    (task,) = (await store.tasks(TaskFilter(lost=True), cursor=None, limit=10)).items
    assert [(one.way, one.queue, one.call_id) for one in task.attempts] == [
        ("abandoned", "support", task.call_ids[0]),
        ("voicemail", None, task.call_ids[1]),
    ]
    assert task.first_lost_at == task.attempts[0].at < task.attempts[1].at
    assert await store.due_reminders(["eva"], now=datetime(2030, 1, 1, tzinfo=UTC), limit=10) == []
    await store.close()


async def test_only_the_owner_may_read_the_file(file: Path) -> None:
    await upgrade(f"sqlite:///{file}")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_two_upgrades_at_once_are_one_after_the_other(file: Path) -> None:
    await asyncio.gather(*(upgrade(f"sqlite:///{file}") for _ in range(3)))
    assert await current(f"sqlite:///{file}") == (HEAD, HEAD)


async def test_the_migrations_make_exactly_the_tables_of_the_schema(store: SqlStore) -> None:
    def differences(connection: Connection) -> list[object]:
        return [
            difference
            for difference in compare_metadata(MigrationContext.configure(connection), metadata)
            if not (difference[0] == "remove_table" and difference[1].name.startswith("party_search"))
        ]

    assert await store._database.read(differences) == []


def test_the_schemas_head_is_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate_module.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


async def test_a_database_that_is_not_upgraded_is_refused_with_the_command(file: Path) -> None:
    with pytest.raises(StoreUnavailable, match="ctiserver db upgrade"):
        await open_store(f"sqlite:///{file}", numbers=PROFILE)
    assert not file.exists()
    file.touch()
    with pytest.raises(StoreUnavailable, match="ctiserver db upgrade"):
        await open_store(f"sqlite:///{file}", numbers=PROFILE)


async def test_a_newer_schema_is_refused_and_left_alone(file: Path) -> None:
    url = f"sqlite:///{file}"
    await upgrade(url)
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreUnavailable, match="newer"):
        await open_store(url, numbers=PROFILE)
    with pytest.raises(StoreUnavailable, match="newer"):
        await open_store(url, numbers=PROFILE, migrate=True)
    assert (await current(url))[0] == "9999"


async def test_a_file_that_is_no_database_is_refused(file: Path) -> None:
    file.write_text("not a database, but long enough to be read as the header of one" * 100)
    with pytest.raises(StoreUnavailable, match="not a database"):
        await open_store(f"sqlite:///{file}", numbers=PROFILE)


@pytest.mark.parametrize("url", ["postgresql://h/db", "sqlite://", "sqlite:///:memory:", "cti.db", ""])
async def test_an_url_that_names_no_sqlite_file_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await open_store(url, numbers=PROFILE)
    assert refused.value.field == "database.url"


async def test_a_directory_that_does_not_exist_is_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/nowhere/cti.db"
    for attempt in (open_store(url, numbers=PROFILE, migrate=True), upgrade(url), current(url)):
        with pytest.raises(StoreUnavailable, match="nowhere"):
            await attempt


async def test_a_relative_url_is_below_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    await upgrade("sqlite:///cti.db")
    assert (tmp_path / "cti.db").exists()


async def test_a_backup_is_whole_while_others_write(store: SqlStore, file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    jan = await customer(store, "Ján")
    writing = asyncio.gather(*(store.save_calls([call(f"C{n}")], now=NOW) for n in range(100)))
    await backup(f"sqlite:///{file}", copy)
    await writing
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("copy")) == ["copy.db"]
    restored = await open_store(f"sqlite:///{copy}", numbers=PROFILE)
    assert (await restored.party(jan)).name == "Ján"
    await restored.close()


async def test_a_backup_overwrites_nothing(store: SqlStore, file: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="exists already"):
        await backup(f"sqlite:///{file}", file)
    with pytest.raises(StoreUnavailable, match="no database"):
        await backup(f"sqlite:///{tmp_path}/other.db", tmp_path / "copy.db")
    with pytest.raises(StoreUnavailable, match="nowhere"):
        await backup(f"sqlite:///{file}", tmp_path / "nowhere" / "copy.db")
