"""The drills of docs/operating.md: backup of a service at work, loss of the file, restore; and a start on yesterday's schema."""

# ruff: noqa: ASYNC240 - to look at files is the point here

from __future__ import annotations

import asyncio
import os
import resource
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from crm_store.activities import CallFilter, CallRecord
from crm_store.errors import StoreError, StoreUnavailable
from crm_store.sql import backup, current, open_store, restore, service_lock, upgrade
from crm_store.sql.schema import HEAD
from ctiserver.wiring import Service
from pbx.simulator import CallerPlan, SimulatorServer
from pbx.simulator.flows import FOREVER_S, Flow
from tests.contracts.examples import NOW, PROFILE, call
from tests.crm_store.sql.old_databases import revisions, unpack
from tests.ctiserver.cli_run import run
from tests.ctiserver.small_office import CALLER, browser, office, running, until

KEPT = "cti.db.before-restore-20260302T090000Z"


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'cti.db'}"


async def records(service: Service) -> list[CallRecord]:
    await service.call_log.flush()
    return (await service.store.calls(CallFilter(), cursor=None, limit=100)).items


async def nothing_open(service: Service) -> list[CallRecord]:
    """The records once no call is open any more."""
    async with asyncio.timeout(20):
        while True:
            found = await records(service)
            if all(record["state"] == "ended" for record in found):
                return found
            await asyncio.sleep(0.05)


async def test_backup_at_work_loss_and_restore(tmp_path: Path) -> None:
    copy = tmp_path / "monday.backup"
    async with SimulatorServer(office()) as pbx:
        async with running(pbx, tmp_path) as service, browser(service) as eva, eva.live() as socket:
            await until(socket, "snapshot")
            flow = Flow(caller=CallerPlan(number=CALLER), extension="1001", ring_s=FOREVER_S, talk_s=FOREVER_S)
            pbx.start_flow("queue_answered", flow)
            await until(socket, "pop.show")
            pbx.hurry("1001")
            while (await until(socket, "pop.update"))["phase"] != "talking":
                pass
            writing = asyncio.gather(
                *(service.store.save_calls([call(f"OLD{n}", minute=n)], now=NOW) for n in range(200))
            )
            before = await records(service)
            await backup(url_of(tmp_path), copy)
            await writing
            with pytest.raises(StoreUnavailable, match=r"is running with .*cti.db: stop it first"):
                await restore(url_of(tmp_path), copy, now=NOW)
            assert (await records(service))[0]["state"] == "talking"  # it noticed nothing

        (tmp_path / "cti.db").write_bytes(b"\x00" * 300_000)
        with pytest.raises(StoreUnavailable, match="not a database"):
            async with running(pbx, tmp_path):
                pass
        (tmp_path / "cti.db-wal").write_bytes(b"of the broken one")

        restored = await restore(url_of(tmp_path), copy, now=NOW)
        assert (restored.revision, restored.kept) == (HEAD, tmp_path / KEPT)
        assert stat.S_IMODE((tmp_path / "cti.db").stat().st_mode) == 0o600
        assert (tmp_path / f"{KEPT}-wal").exists()
        async with running(pbx, tmp_path) as service:
            after = await records(service)
            talking = {record["id"]: record for record in before if record["state"] != "ended"}
            assert len(talking) == 1
            assert {one["id"] for one in after} >= {one["id"] for one in before}
            ended = [one for one in before if one["id"] not in talking]
            assert [one for one in after if one["id"] in {old["id"] for old in ended}] == ended
            (running_on,) = [one for one in after if one["id"] in talking]
            assert running_on["state"] == "talking"  # the PBX still has it: the same record goes on
            pbx.hurry("1001")
            finished = {one["id"]: one for one in await nothing_open(service)}
            assert finished[running_on["id"]]["outcome"] == "answered"


async def test_who_serves_is_alone(tmp_path: Path) -> None:
    async with SimulatorServer(office()) as pbx, running(pbx, tmp_path):
        with pytest.raises(StoreUnavailable, match="stop it first"):
            async with running(pbx, tmp_path):
                pass
    with service_lock(url_of(tmp_path)):  # nothing of it is left
        pass


@pytest.mark.parametrize("revision", revisions()[:-1])
async def test_after_an_upgrade_the_pbx_says_what_became_of_the_open_calls(revision: str, tmp_path: Path) -> None:
    truth = unpack(revision, tmp_path / "cti.db")
    async with SimulatorServer(office()) as pbx, running(pbx, tmp_path) as service:
        found = {record["id"]: record for record in await nothing_open(service)}
    for was in truth["calls"]:
        now = found[was["id"]]
        if was["state"] == "ended":
            assert {key: now[key] for key in was} == was
        else:
            assert (now["state"], now["estimated"]) == ("ended", True)
            assert (now["id"], now["started_at"], now["remote"]) == (was["id"], was["started_at"], was["remote"])
            assert now["answered_at"] == was["answered_at"]


# --- what restore refuses ---------------------------------------------------------------------------------------------


async def whole(folder: Path) -> Path:
    """A backup with one call."""
    source = folder / "source"
    source.mkdir()
    url = url_of(source)
    store = await open_store(url, numbers=PROFILE, migrate=True)
    await store.save_calls([call("C1")], now=NOW)
    await store.close()
    await backup(url, folder / "whole")
    return folder / "whole"


def change(file: Path, sql: str) -> Path:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.executescript(sql)
    return file


async def bad(folder: Path, how: str) -> tuple[Path, str]:
    file = await whole(folder)
    match how:
        case "half":
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
            return file, "not a whole database|is damaged"
        case "a page of rubbish":
            data = bytearray(file.read_bytes())
            data[4096 * 5 : 4096 * 30] = b"\xff" * 4096 * 25
            file.write_bytes(data)
            return file, "not a whole database|is damaged"
        case "no database":
            file.write_text("hello " * 1000)
            return file, "not a whole database"
        case "somebody else's":
            file.unlink()
            return change(file, "CREATE TABLE songs (name TEXT)"), "no backup of ctiserver"
        case "newer":
            return change(file, "UPDATE alembic_version SET version_num = '9999'"), "newer than .* install the newer"
        case "in use":
            file.with_name("whole-wal").touch()
            return file, "a database in use"
        case _:
            file.unlink()
            return file, "There is no file"


@pytest.mark.parametrize(
    "how", ["half", "a page of rubbish", "no database", "somebody else's", "newer", "in use", "missing"]
)
async def test_a_bad_backup_is_refused_and_the_database_stays(how: str, tmp_path: Path) -> None:
    file, words = await bad(tmp_path, how)
    await upgrade(url_of(tmp_path))
    before = (tmp_path / "cti.db").read_bytes()
    with pytest.raises(StoreError, match=words):
        await restore(url_of(tmp_path), file, now=NOW)
    assert (tmp_path / "cti.db").read_bytes() == before
    assert not list(tmp_path.glob("cti.db.[!l]*"))


async def test_it_restores_where_nothing_was(tmp_path: Path) -> None:
    file = await whole(tmp_path)
    restored = await restore(url_of(tmp_path), file, now=NOW)
    assert (restored.calls, restored.kept) == (1, None)
    assert file.exists()


async def test_what_root_restores_belongs_to_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = await whole(tmp_path)
    given: list[tuple[str, int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda path, user, group: given.append((Path(path).name, user, group)))
    await restore(url_of(tmp_path), file, now=NOW)
    owner = tmp_path.stat()
    assert given == [(name, owner.st_uid, owner.st_gid) for name in ("cti.db.lock", "cti.db.restoring")]


async def test_the_database_is_not_its_own_backup(tmp_path: Path) -> None:
    await upgrade(url_of(tmp_path))
    with pytest.raises(StoreError, match="the database itself"):
        await restore(url_of(tmp_path), tmp_path / "cti.db", now=NOW)


# --- the commands -----------------------------------------------------------------------------------------------------


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CTI_CONFIG", raising=False)
    (tmp_path / "ctiserver.toml").write_text("[pbx.main]\nsecret = 'hush'\n[database]\nurl = 'sqlite:///cti.db'\n")
    return tmp_path


def test_backup_and_restore_by_command(configured: Path) -> None:
    assert run("db", "upgrade").code == 0
    assert run("backup", "monday").code == 0
    again = run("backup", "monday")
    assert (again.code, "exists already" in again.err) == (1, True)
    done = run("restore", "monday")
    assert (done.code, f"schema {HEAD}, 0 calls." in done.out) == (0, True)
    (kept,) = configured.glob("cti.db.before-restore-*")
    assert f"What was there before is {kept}." in done.out
    kept.unlink()
    (configured / "cti.db").unlink()
    again = run("restore", "monday", "--json")
    assert (again.code, again.json["calls"], again.json["kept"]) == (0, 0, None)


def test_restore_beside_a_running_server_is_refused(configured: Path) -> None:
    run("db", "upgrade")
    run("backup", "monday")
    with service_lock(url_of(configured)):
        refused = run("restore", "monday")
    assert (refused.code, "stop it first" in refused.err) == (1, True)
    assert "\n" not in refused.err.strip()


async def test_an_older_backup_asks_for_the_upgrade(configured: Path) -> None:
    unpack(revisions()[0], configured / "january")
    done = await asyncio.to_thread(run, "restore", "january")
    assert (done.code, "Run `ctiserver db upgrade` before the start." in done.out) == (0, True)
    assert (await current(url_of(configured)))[0] == revisions()[0]


# --- a disk that is full ----------------------------------------------------------------------------------------------


def on_a_full_disk(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command where no file may grow beyond 64 kB, as on a disk that has no more."""
    return subprocess.run(
        [sys.executable, "-m", "ctiserver", *arguments],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, 65_536)),
    )


def test_a_backup_that_does_not_fit_leaves_nothing_behind(configured: Path) -> None:
    run("db", "upgrade")
    failed = on_a_full_disk("backup", "monday")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.startswith("ctiserver: The backup failed: ")
    assert failed.stderr.count("\n") == 1
    assert not list(configured.glob("monday*"))


def test_a_restore_that_does_not_fit_leaves_the_database_alone(configured: Path) -> None:
    run("db", "upgrade")
    run("backup", "monday")
    before = (configured / "cti.db").read_bytes()
    failed = on_a_full_disk("restore", "monday")
    assert failed.returncode == 1
    assert failed.stderr.startswith("ctiserver: The backup could not be put in place: ")
    assert (configured / "cti.db").read_bytes() == before
    assert sorted(path.name for path in configured.glob("cti.db*")) == ["cti.db", "cti.db.lock"]
