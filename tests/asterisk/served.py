"""Our service as operators run it: a process of its own, whose memory can be read and which can be killed."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from crm_store.accounts import Account, Role
from crm_store.activities import CallFilter, CallRecord
from crm_store.phone_numbers import NumberProfile
from crm_store.sql import open_store
from crm_store.store import CrmStore
from tests.asterisk.pbx import RealAsterisk

PBX = "main"
_CONFIGURATION = """\
[server]
listen = "127.0.0.1:0"
[database]
url = "{database}"
[numbers]
default_region = "GB"
[journal]
directory = "{folder}/journal"
[pbx.main]
host = "{pbx.ami_host}"
port = {pbx.ami_port}
username = "filtered"
secret = "{pbx.secret}"
[pbx.main.incoming]
region = "GB"
"""


@dataclass(frozen=True, slots=True)
class StoredGap:
    """A time without connection, as the store has it; seconds since 1970."""

    since: float
    until: float


class ServedProcess:
    """`async with ServedProcess(pbx, folder, agents=…) as ours:` gives `ctiserver serve`, connected to this PBX and live.

    What it stores is read from its database file, beside it.
    """

    store: CrmStore

    def __init__(self, pbx: RealAsterisk, folder: Path, *, agents: Iterable[str]) -> None:
        self._agents = agents
        self._file = folder / "cti.db"
        self._config = folder / "ctiserver.toml"
        self._config.write_text(_CONFIGURATION.format(pbx=pbx, folder=folder, database=f"sqlite:///{self._file}"))
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        # Everything that it logged, of all its lives.
        self.log: list[dict[str, Any]] = []
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        self.store = await open_store(f"sqlite:///{self._file}", migrate=True, numbers=NumberProfile(region="GB"))
        try:
            for extension in self._agents:
                await self.store.save_account(_agent(extension))
            await self.start()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def start(self) -> None:
        """Start the process and return when it follows the PBX."""
        lives = len(self.said("telephone link live"))
        self._process = await asyncio.create_subprocess_exec(
            # It dies with us even when we are killed.
            *("setpriv", "--pdeathsig", "KILL"),
            *(sys.executable, "-m", "ctiserver", "serve", "--config", str(self._config)),
            stderr=asyncio.subprocess.PIPE,
            limit=2**20,
        )
        self._reader = asyncio.get_running_loop().create_task(self._read())
        await self.until_said("telephone link live", lives + 1)

    async def kill(self) -> float:
        """`kill -9`; the moment of its death."""
        process, reader = self._running()
        process.kill()
        killed_at = time.time()
        await process.wait()
        await reader
        return killed_at

    async def stop(self) -> float:
        """SIGTERM; how many seconds it took to end, in order."""
        process, reader = self._running()
        begun = time.monotonic()
        process.terminate()
        code = await asyncio.wait_for(process.wait(), 30)
        took_s = time.monotonic() - begun
        await reader
        if code != 0:
            raise AssertionError(f"ctiserver ended with {code}: {self.log[-5:]}")
        return took_s

    def url(self) -> str:
        """Where it listens in its present life."""
        return str(self.said("listening")[-1]["url"])

    def said(self, event: str) -> list[dict[str, Any]]:
        """The lines of its log with this event."""
        return [line for line in self.log if line.get("event") == event]

    def complaints(self) -> list[dict[str, Any]]:
        """The warnings and errors of its log, but for what every test leaves out: there is no administrator."""
        told = (line for line in self.log if line.get("level") not in ("info", "debug"))
        return [line for line in told if not str(line.get("event")).startswith("no account yet")]

    async def until_said(self, event: str, times: int = 1, *, timeout_s: float = 60) -> None:
        """Return when its log has so many lines with this event."""
        _, reader = self._running()
        async with asyncio.timeout(timeout_s):
            while len(self.said(event)) < times:
                self._news.clear()
                if reader.done():
                    raise RuntimeError(f"ctiserver ended before it said {event!r}: {self.log[-5:]}")
                await self._news.wait()

    async def records(self) -> list[CallRecord]:
        """All call records, oldest first."""
        return await all_records(self.store)

    async def settled(self, count: int, *, timeout_s: float = 60) -> None:
        """Return when at least `count` calls were stored and none is open; raise with what is missing."""
        still_open: list[CallRecord] = []
        deadline = time.monotonic() + timeout_s
        while (stored := self._count("calls")) < count or (still_open := await self.store.open_calls(PBX)):
            if time.monotonic() > deadline:
                raise AssertionError(f"{stored} of {count} calls are stored, not ended: {still_open}")
            await asyncio.sleep(0.1)

    async def written_gaps(self) -> list[StoredGap]:
        """The gaps, once there are any: they are written after the calls that ended in them."""
        async with asyncio.timeout(5):
            while not self.gaps():  # noqa: ASYNC110 - another process's file tells no event
                await asyncio.sleep(0.05)
        return self.gaps()

    def gaps(self) -> list[StoredGap]:
        """The times without connection, oldest first."""
        with sqlite3.connect(f"file:{self._file}?mode=ro", uri=True) as database:
            rows = database.execute("SELECT since, until FROM gaps ORDER BY id").fetchall()
        return [StoredGap(*(datetime.fromisoformat(text).timestamp() for text in row)) for row in rows]

    def private_mb(self) -> float:
        """Memory that only this process has: what it wrote. (Clean pages of libraries are private or not as others run.)"""
        process, _ = self._running()
        rows = Path("/proc", str(process.pid), "smaps_rollup").read_text().splitlines()
        return sum(int(row.split()[1]) for row in rows if row.startswith("Private_Dirty:")) / 1024

    def cpu_s(self) -> float:
        """CPU time of the process so far."""
        process, _ = self._running()
        fields = Path("/proc", str(process.pid), "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _count(self, table: str) -> int:
        with sqlite3.connect(f"file:{self._file}?mode=ro", uri=True) as database:
            return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def _running(self) -> tuple[asyncio.subprocess.Process, asyncio.Task[None]]:
        if self._process is None or self._reader is None:
            raise RuntimeError("start() comes first")
        return self._process, self._reader

    async def _read(self) -> None:
        process = self._process
        assert process is not None
        assert process.stderr is not None
        async for line in process.stderr:
            self.log.append(_parsed(line))
            self._news.set()
        self._news.set()

    async def _close(self) -> None:
        if self._process is not None and self._process.returncode is None:
            await self.kill()
        await self.store.close()


async def all_records(store: CrmStore) -> list[CallRecord]:
    """All call records, oldest first."""
    found: list[CallRecord] = []
    cursor: str | None = None
    while True:
        page = await store.calls(CallFilter(), cursor=cursor, limit=200)
        found += page.items
        cursor = page.next
        if cursor is None:
            return found[::-1]


def _parsed(line: bytes) -> dict[str, Any]:
    """A line of the log; what is none (a traceback of Python) is an event without a level."""
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return {"event": line.decode(errors="replace").rstrip()}
    return found


def _agent(extension: str) -> Account:
    return Account(
        name=f"agent-{extension}",
        display_name=f"Agent {extension}",
        role=Role.AGENT,
        endpoints=(f"PJSIP/{extension}",),
        extension=extension,
        language="en",
        password_hash=None,
        active=True,
    )
