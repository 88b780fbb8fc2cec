"""Old data goes once a day by the rules of the configuration, journals by whole files, and the ledger has the proof."""

# ruff: noqa: ASYNC240 - to look at files is the point here

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crm_store.errors import StoreUnavailable
from crm_store.ledger import LedgerEntry, LedgerFilter, LedgerKind
from crm_store.retention import KeepRule, KeptData
from crm_store.sql import SqlStore, open_store
from ctiserver.retention import Retention, build_retention
from ctiserver.settings import Settings
from tests.contracts.examples import PROFILE
from tests.ctiserver.cli_run import run

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OLD = datetime(2020, 1, 1, tzinfo=UTC)
FILES = ("main-2026-10-21-0001.ami", "main-2026-10-22-0001.ami", "other-2020-01-01-0001.ami", "main-notes.txt")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await open_store(f"sqlite:///{tmp_path / 'cti.db'}", numbers=PROFILE, migrate=True)
    yield opened
    await opened.close()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    folder = tmp_path / "journal"
    folder.mkdir()
    for name in FILES:
        (folder / name).write_bytes(b"x")
    return folder


def retention(store: SqlStore, journal: Path | None, *, days: int = 30) -> Retention:
    rules = [KeepRule(data=KeptData.JOURNAL, days=days), KeepRule(data=KeptData.LEDGER, days=days)]
    return Retention(store, rules, journal=journal, pbxs=["main"], clock=lambda: NOW)


async def told(store: SqlStore) -> list[tuple[str, int]]:
    page = await store.ledger(LedgerFilter(kind=LedgerKind.PURGED), cursor=None, limit=50)
    return [(one.detail["data"], one.detail["count"]) for one in page.items]


async def test_old_journal_files_of_our_telephone_systems_go_and_others_are_left_alone(
    store: SqlStore, journal: Path
) -> None:
    (removed, _) = await retention(store, journal).purge()
    assert {file.name for file in journal.iterdir()} == set(FILES[1:])
    assert (removed.old.count, removed.old.oldest) == (1, datetime(2026, 10, 21, tzinfo=UTC))
    assert await told(store) == [("journal", 1)]
    await retention(store, journal).purge()
    assert await told(store) == [("journal", 1)]


async def test_a_dry_run_leaves_everything(store: SqlStore, journal: Path) -> None:
    await store.add_to_ledger([LedgerEntry(kind=LedgerKind.SEARCHED, at=OLD, user="eva")])
    found = await retention(store, journal).purge(dry_run=True)
    assert [(one.rule.data, one.old.count) for one in found] == [(KeptData.JOURNAL, 1), (KeptData.LEDGER, 1)]
    assert {file.name for file in journal.iterdir()} == set(FILES)
    assert await told(store) == []


@pytest.mark.parametrize("folder", [None, Path("nowhere")])
async def test_without_a_journal_there_is_nothing_to_remove(store: SqlStore, folder: Path | None) -> None:
    (found, _) = await retention(store, folder).purge()
    assert found.old.count == 0


async def test_what_is_kept_for_ever_is_not_looked_at(store: SqlStore, journal: Path) -> None:
    assert await retention(store, journal, days=0).purge() == []
    assert {file.name for file in journal.iterdir()} == set(FILES)


async def test_every_kind_of_data_has_a_rule(store: SqlStore, tmp_path: Path) -> None:
    section = {"calls_days": 1, "notes_days": 2, "pops_days": 3, "ledger_days": 4}
    kept = {"directory": str(tmp_path), "keep_days": 5}
    settings = Settings(retention=section, journal=kept, pbx={"main": {}})  # type: ignore[arg-type, dict-item]
    done = await build_retention(settings, store, lambda: NOW).purge()
    assert {one.rule.data: one.rule.days for one in done} == dict(zip(KeptData, (1, 2, 3, 4, 5), strict=True))


async def test_the_worker_purges_tries_again_and_waits_a_day(
    store: SqlStore, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    asleep = asyncio.Event()
    work = retention(store, journal)
    purge, fails = work.purge, [True]

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if seconds > 80_000:
            asleep.set()
            await asyncio.Event().wait()

    async def first_fails() -> object:
        if fails:
            fails.pop()
            raise StoreUnavailable("away")
        return await purge()

    monkeypatch.setattr("ctiserver.retention.asyncio.sleep", sleep)
    monkeypatch.setattr(work, "purge", first_fails)
    worker = asyncio.create_task(work.run())
    await asleep.wait()
    worker.cancel()
    assert slept == [60, 600, 86_400]
    assert await told(store) == [("journal", 1)]


def test_the_command_says_what_would_go_and_removes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CTI_CONFIG", raising=False)
    (tmp_path / "ctiserver.toml").write_text(
        "[pbx.main]\nsecret = 'hush'\n[retention]\npops_days = 0\nledger_days = 0\n"
    )
    folder = tmp_path / "var" / "journal"
    folder.mkdir(parents=True)
    file = folder / "main-2020-01-01-0001.ami"
    file.write_bytes(b"x")
    assert "journal: 1 older than 30 days (2020-01-01 to 2020-01-01) would go" in run("purge", "--dry-run").out
    assert file.exists()
    (item,) = run("purge", "--json").json["items"]
    assert (item["data"], item["keep_days"], item["count"]) == ("journal", 30, 1)
    assert not file.exists()
    assert run("purge").out == "journal: 0 older than 30 days\n"


def test_ages_are_days_before_now() -> None:
    assert KeepRule(data=KeptData.JOURNAL, days=30).before(NOW) == NOW - timedelta(days=30)
