"""The whole service in this process, connected to one or more telephone systems that can be made to misbehave."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from crm_store.accounts import Account, ApiToken, Role
from crm_store.activities import CallRecord
from crm_store.phone_numbers import NumberProfile
from crm_store.sql import open_store
from ctiserver.lifecycle import running_service
from ctiserver.settings import Settings
from ctiserver.wiring import Service
from tests.asterisk.served import all_records
from web.auth import token_hash

REGION = "GB"


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without connection, as the store has it; epoch seconds."""

    pbx: str
    since: float
    until: float
    missed_calls: int | None

    @property
    def seconds(self) -> float:
        return self.until - self.since


def link_to(pbx: Any, **more: Any) -> dict[str, Any]:
    """The `[pbx.NAME]` section for a fake or a simulator."""
    return {"host": pbx.host, "port": pbx.port, "username": pbx.username, "secret": pbx.secret, **more}


@asynccontextmanager
async def centre(
    folder: Path,
    links: Mapping[str, Mapping[str, Any]],
    *,
    agents: tuple[str, ...] = (),
    live: bool = True,
    **sections: dict[str, Any],
) -> AsyncIterator[Service]:
    """The service on the database of this folder; `agents` are extensions with an account. `live` False: as soon as it listens."""
    url = f"sqlite:///{folder / 'cti.db'}"
    store = await open_store(url, numbers=NumberProfile(region=REGION), migrate=True)
    for extension in agents:
        await store.save_account(account(extension))
    await store.close()
    values: dict[str, Any] = {
        "server": {"listen": "127.0.0.1:0"},
        "database": {"url": url},
        "numbers": {"default_region": REGION},
        "pbx": {name: {"incoming": {"region": REGION}, **link} for name, link in links.items()},
        "journal": {"directory": ""},
        **sections,
    }
    async with running_service(Settings(**values)) as service:
        if live:
            await all_live(service)
        yield service


async def all_live(service: Service, *, within_s: float = 30.0) -> None:
    """What we show equals every PBX."""
    async with asyncio.timeout(within_s):
        for pump in service.pumps.values():
            await pump.live.wait()


def account(extension: str) -> Account:
    """An agent named after the phone."""
    return Account(
        name=f"agent-{extension}",
        display_name=f"Agent {extension}",
        role=Role.AGENT,
        endpoints=(f"PJSIP/{extension}",),
        extension=extension,
        language=None,
        password_hash=None,
        active=True,
    )


async def until(true: Callable[[], bool | Awaitable[bool]], *, within_s: float = 20.0, what: str = "") -> None:
    """Return when it holds: something in a browser, a file or another process, of which no event tells."""
    try:
        async with asyncio.timeout(within_s):
            while not await _answer(true):  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"not within {within_s:g} s: {what}") from None


async def _answer(true: Callable[[], bool | Awaitable[bool]]) -> bool:
    answer = true()
    return answer if isinstance(answer, bool) else await answer


async def all_read(service: Service) -> None:
    """Everything that was sent so far is read and applied: the answer to a question comes after it."""
    await asyncio.gather(*(link.client.action({"Action": "Ping"}, timeout_s=60) for link in service.links.values()))


async def settled(service: Service, *, within_s: float = 30.0) -> list[CallRecord]:
    """All records, oldest first, once no call lives any more and everything is written."""
    pumps = service.pumps.values()
    await until(
        lambda: not any(pump.state.unfinished() for pump in pumps), within_s=within_s, what="calls are still open"
    )
    await asyncio.wait_for(service.call_log.flush(), within_s)
    return await records(service)


async def records(service: Service) -> list[CallRecord]:
    """All records of the store, oldest first."""
    return await all_records(service.store)


def gaps(folder: Path) -> list[Gap]:
    """The times without connection that were written down, oldest first."""
    with sqlite3.connect(f"file:{folder / 'cti.db'}?mode=ro", uri=True) as database:
        rows = database.execute("SELECT pbx, since, until, missed_calls FROM gaps ORDER BY id").fetchall()
    return [
        Gap(pbx, datetime.fromisoformat(since).timestamp(), datetime.fromisoformat(until).timestamp(), missed)
        for pbx, since, until, missed in rows
    ]


def integrity(folder: Path) -> str:
    """What SQLite itself says of the file."""
    with sqlite3.connect(folder / "cti.db") as database:
        return str(database.execute("PRAGMA integrity_check").fetchone()[0])


@asynccontextmanager
async def supervisor(service: Service) -> AsyncIterator[aiohttp.ClientSession]:
    """A program that may see everything."""
    await service.store.save_account(
        replace(account("0"), name="boss", role=Role.SUPERVISOR, endpoints=(), extension=None)
    )
    secret = secrets.token_hex(16)
    token = ApiToken(token_hash=token_hash(secret), user="boss", scopes=("admin",), created_at=datetime.now(UTC))
    await service.store.save_token(token)
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {secret}"}) as http:
        yield http
