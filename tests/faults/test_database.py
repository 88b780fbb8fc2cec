"""The database is full, locked, read-only or broken, or copied while it is written."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
import structlog

from crm_store.sql import backup, upgrade
from ctiserver.wiring import Service
from pbx.simulator import CallerPlan, SimulatorServer
from pbx.simulator.flows import Flow
from tests.faults.found import Faults, Found
from tests.faults.stage import centre, integrity, link_to, settled, supervisor, until
from tests.pbx.simulator.streams import office

CALLS = 12


@asynccontextmanager
async def _calls_while(
    folder: Path, broken: Callable[[Service], Any], *, for_s: float
) -> AsyncIterator[tuple[Service, list[Any], list[str]]]:
    """Calls come and go while the database is broken for so long; the numbers that called, in order of their end."""
    numbers = [f"+44770090070{number:02}" for number in range(CALLS)]
    async with SimulatorServer(office()) as pbx, centre(folder, {"main": link_to(pbx)}) as service:
        with structlog.testing.capture_logs() as lines:
            async with broken(service):
                began = time.monotonic()
                for number in numbers:
                    flow = Flow(caller=CallerPlan(number=number), extension="1005", ring_s=0.05, talk_s=0.05)
                    await pbx.play("direct_caller_hangs_up", flow)
                lines.append({"event": "links", "up": service.links["main"].status()["state"]})
                await asyncio.sleep(max(0.0, for_s - (time.monotonic() - began)))
            yield service, lines, numbers


def _judged(found: list[Any], numbers: list[str], lines: list[Any], *, alarm: bool) -> Found:
    stored = [str(one["remote"]["raw"]) for one in found]
    wrong = [] if sorted(stored, key=numbers.index) == stored else ["not in their order"]
    wrong += [f"{one['remote']['raw']} is {one['outcome']}" for one in found if one["outcome"] != "answered"]
    if {"event": "links", "up": "connected"} not in lines:
        wrong.append("the telephone link was not read meanwhile")
    alarms = [line for line in lines if line["event"] == "call records wait for the database"]
    if alarm and not alarms:
        wrong.append("no alarm")
    more = f"{len(alarms)} alarms, the link was read all the time"
    return Found(lost=len(set(numbers) - set(stored)), doubled=len(stored) - len(set(stored)), wrong=tuple(wrong),
                 estimated=sum(one["estimated"] for one in found), more=more)  # fmt: skip


async def test_a_full_disk(tmp_path: Path, fault: Faults) -> None:
    @asynccontextmanager
    async def full(service: Service) -> AsyncIterator[None]:
        """SQLite may not take one page more: it answers as on a full disk (SQLITE_FULL)."""
        database = service.store._database  # type: ignore[attr-defined]
        pages = await database.write(lambda connection: connection.exec_driver_sql("PRAGMA page_count").scalar())
        await database.write(lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar())
        ballast = "CREATE TABLE ballast AS SELECT randomblob(100000) AS x"
        with pytest.raises(Exception, match="full"):
            await database.write(lambda connection: connection.exec_driver_sql(ballast))
        yield
        await database.write(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count=1000000").scalar())

    async with _calls_while(tmp_path, full, for_s=2.0) as (service, lines, numbers):
        found = _judged(await settled(service), numbers, lines, alarm=True)
    fault("R11", f"the database's disk is full while {CALLS} calls come and go", "AMI is read; all written in order afterwards",
          found)  # fmt: skip


@pytest.mark.parametrize("locked_s", [2.0, pytest.param(10.0, marks=[pytest.mark.long, pytest.mark.timeout(60)])])
async def test_a_locked_database(tmp_path: Path, locked_s: float, fault: Faults) -> None:
    answers: list[tuple[int, str, float]] = []

    @asynccontextmanager
    async def locked(service: Service) -> AsyncIterator[None]:
        """As a backup tool or somebody's sqlite3 does it."""
        async with supervisor(service) as http:
            with closing(sqlite3.connect(tmp_path / "cti.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                writing = asyncio.create_task(_customer(service, http, answers))
                yield
                other.execute("ROLLBACK")
            await writing

    async with _calls_while(tmp_path, locked, for_s=locked_s) as (service, lines, numbers):
        found = _judged(await settled(service), numbers, lines, alarm=locked_s > 6)
    ((status, code, took_s),) = answers
    if (status, code) not in ((201, ""), (503, "database_unavailable")):
        found = Found(wrong=(*found.wrong, f"the agent's save got {status} {code}"))
    fault("R12", f"another process holds the database for {locked_s:.0f} s while {CALLS} calls come and go",
          'AMI is read; all written in order afterwards; agents hear at worst "try again in a moment"',
          Found(lost=found.lost, doubled=found.doubled, wrong=found.wrong, estimated=found.estimated,
                more=f"{found.more}; an agent's save got {status} after {took_s:.1f} s"))  # fmt: skip


async def _customer(service: Service, http: Any, answers: list[tuple[int, str, float]]) -> None:
    began = time.monotonic()
    async with http.post(f"{service.url}/api/v1/customers", json={"name": "Dana"}) as answer:
        code = "" if answer.status == 201 else (await answer.json())["code"]
        answers.append((answer.status, code, time.monotonic() - began))


# --- unusable at the start --------------------------------------------------------------------------------------------


async def test_a_database_that_cannot_be_used_is_refused_with_a_sentence(tmp_path: Path, fault: Faults) -> None:
    for what, spoil, sentence in (
        ("that is read-only", _read_only, "readonly"),
        ("in a read-only folder", _read_only_folder, "cannot be written"),
        ("with a corrupt first page", _corrupt_first, "not a database"),
        ("with corrupt pages inside", _corrupt_inside, "malformed"),
    ):
        folder = tmp_path / what.replace(" ", "-")
        folder.mkdir()
        await upgrade(f"sqlite:///{folder / 'cti.db'}")
        spoil(folder / "cti.db")
        code, told = await asyncio.to_thread(_serve, folder)
        (folder / "cti.db").chmod(0o600)
        folder.chmod(0o700)
        last = told.strip().splitlines()[-1] if told.strip() else ""
        wrong = (
            [] if code == 1 and sentence in told and "Traceback" not in told else [f"exit code {code}: {told[-300:]}"]
        )
        fault(
            "R13", f"a database file {what}", "refuses to start with a sentence", Found(wrong=tuple(wrong), more=last)
        )


def _read_only(file: Path) -> None:
    file.chmod(0o400)


def _read_only_folder(file: Path) -> None:
    file.parent.chmod(0o500)


def _corrupt_first(file: Path) -> None:
    file.write_bytes(b"\0" * 4096 + file.read_bytes()[4096:])


def _corrupt_inside(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:4096] + os.urandom(len(content) - 4096))


def _serve(folder: Path) -> tuple[int, str]:
    """`ctiserver serve`; not even root may write what is read-only."""
    configuration = folder.parent / f"{folder.name}.toml"
    sections = {
        "server": 'listen = "127.0.0.1:0"',
        "database": f'url = "sqlite:///{folder / "cti.db"}"',
        "journal": 'directory = ""',
        "pbx.main": 'secret = "x"',
    }
    configuration.write_text("".join(f"[{name}]\n{line}\n" for name, line in sections.items()))
    bounded = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
    command = [*bounded, sys.executable, "-m", "ctiserver", "serve", "--config", str(configuration)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=30, text=True)
    return done.returncode, done.stderr


# --- copied while it is written ---------------------------------------------------------------------------------------


async def test_a_backup_taken_in_the_middle_of_the_work_is_whole(tmp_path: Path, fault: Faults) -> None:
    restored = tmp_path / "restored"
    restored.mkdir()
    async with SimulatorServer(office(2, calls_per_minute=600)) as pbx:
        async with centre(tmp_path, {"main": link_to(pbx)}) as service:
            await until(lambda: service.dispatcher.dispatched > 200)
            await service.call_log.flush()
            before = {one["id"] for one in await service.store.open_calls("main")}
            await backup(f"sqlite:///{tmp_path / 'cti.db'}", restored / "cti.db")
            await asyncio.sleep(0.5)
            pbx.simulator.calls_per_minute = 1e-9
        async with centre(restored, {"main": link_to(pbx)}) as service:
            after = {one["id"] for one in await service.store.open_calls("main")}
            going_on = {call.id for call in service.pumps["main"].state.open_calls()}
    wrong = [] if integrity(restored) == "ok" else [integrity(restored)]
    if not going_on:
        wrong.append("the service on the restored file follows no call")
    fault("R29", "a backup while calls are written; the service starts from it", "consistent; open calls go on",
          Found(wrong=tuple(wrong), more=f"{len(before)} calls open at the backup, {len(before & after)} go on"))  # fmt: skip
