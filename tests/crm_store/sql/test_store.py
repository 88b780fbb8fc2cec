"""Opening, readiness and closing of the whole store; its port is proven in tests/contracts."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crm_store.errors import StoreUnavailable
from crm_store.sql import SqlStore, open_store
from crm_store.sql.store import utc_now
from tests.contracts.examples import NOW, PROFILE, account, call


async def test_the_clock_is_the_time_in_utc() -> None:
    assert utc_now().tzinfo is UTC
    assert abs((utc_now() - datetime.now(UTC)).total_seconds()) < 60


async def test_a_store_is_not_ready_when_its_schema_was_changed_under_it(store: SqlStore, file: Path) -> None:
    await store.ready()
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(StoreUnavailable, match="db upgrade"):
        await store.ready()


async def test_a_store_that_cannot_write_any_more_is_not_ready(store: SqlStore) -> None:
    await store._database._writer.close()
    with pytest.raises(StoreUnavailable, match="cannot write"):
        await store.ready()


async def test_what_was_written_is_there_after_a_restart(store: SqlStore, file: Path) -> None:
    await store.save_account(account("eva"))
    await asyncio.gather(*(store.save_calls([call(f"C{n}", state="talking")], now=NOW) for n in range(5)))
    await store.close()
    again = await open_store(f"sqlite:///{file}", numbers=PROFILE)
    assert [found.name for found in await again.accounts()] == ["eva"]
    assert [record["id"] for record in await again.open_calls("main")] == [f"C{n}" for n in range(5)]
    await again.close()


async def test_a_locked_database_is_told_and_works_again_afterwards(store: SqlStore, file: Path) -> None:
    await store._database.write(lambda connection: connection.exec_driver_sql("PRAGMA busy_timeout=1").scalar())
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            await store.save_account(account("eva"))
        assert await store.accounts() == []
        other.execute("COMMIT")
    await store.save_account(account("eva"))
    assert [found.name for found in await store.accounts()] == ["eva"]


async def test_killed_in_the_middle_nothing_acknowledged_is_lost(file: Path) -> None:
    script = f"""
import asyncio, os
from tests.contracts.examples import NOW, PROFILE, call
from crm_store.sql import open_store

async def main():
    store = await open_store("sqlite:///{file}", numbers=PROFILE, migrate=True)
    async def save(n):
        await store.save_calls([call(f"C{{n:03}}")], now=NOW)
        os.write(1, f"C{{n:03}}\\n".encode())
        if n == 120:
            os.kill(os.getpid(), 9)
    await asyncio.gather(*(save(n) for n in range(500)))

asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    output, _ = await process.communicate()
    acknowledged = set(output.decode().split())
    assert process.returncode == -9
    assert acknowledged
    store = await open_store(f"sqlite:///{file}", numbers=PROFILE)
    page = [await store.call(call_id) for call_id in sorted(acknowledged)]
    assert len(page) == len(acknowledged)
    await store.close()
