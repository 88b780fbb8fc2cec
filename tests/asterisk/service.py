"""Our service beside a real Asterisk: accounts, customers, and sockets that count every frame."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from crm_store.accounts import Account, ApiToken, Role
from crm_store.activities import CallRecord
from crm_store.parties import Party, PartyInput, PhoneInput
from ctiserver.lifecycle import running_service
from ctiserver.settings import Settings
from ctiserver.wiring import Service
from tests.asterisk.pbx import RealAsterisk
from tests.asterisk.plan import TWINS
from tests.asterisk.served import all_records

SCOPES = ("calls.read", "calls.dial", "crm.read", "crm.write", "queues.read")
#: Numbers of a range kept free for fiction that normalise to E.164 all the same.
NUMBERS = [f"+1212555{index:04}" for index in range(100, 200)]


@dataclass(slots=True)
class Screen:
    """One push socket and everything it carried."""

    user: str
    socket: aiohttp.ClientWebSocketResponse
    frames: list[dict[str, Any]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self) -> None:
        """Until the socket closes."""
        async for message in self.socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self.frames.append(json.loads(message.data))
                self._news.set()

    def of(self, *types: str) -> list[dict[str, Any]]:
        """The data of the frames of these types."""
        return [frame["data"] for frame in self.frames if frame["type"] in types]

    def cards(self) -> dict[str, list[int]]:
        """Call → customers on this screen: in the pop itself, or right after it where the machine was too busy."""
        return {
            pop["call"]["id"]: [card["id"] for card in pop["customers"]] for pop in self.of("pop.show", "pop.update")
        }

    async def until(self, found: Callable[[dict[str, Any]], bool], *, timeout_s: float = 60) -> dict[str, Any]:
        """The first frame that fits, already there or to come."""
        async with asyncio.timeout(timeout_s):
            seen = 0
            while True:
                for frame in self.frames[seen:]:
                    seen += 1
                    if found(frame):
                        return frame
                self._news.clear()
                await self._news.wait()


@dataclass(slots=True)
class Stand:
    """The running service and ways to look at it from outside."""

    service: Service
    http: aiohttp.ClientSession
    tokens: dict[str, str]
    stack: contextlib.AsyncExitStack

    @property
    def url(self) -> str:
        return self.service.url

    async def screen(self, user: str) -> Screen:
        """Open a push socket as this user and wait for its snapshot."""
        socket = await self.http.ws_connect(f"{self.url}/ws", headers=self._bearer(user), max_msg_size=0)
        await socket.send_json({"type": "subscribe"})
        screen = Screen(user, socket)
        reader = asyncio.get_running_loop().create_task(screen.read())
        self.stack.push_async_callback(_end, reader, socket)
        await screen.until(lambda frame: frame["type"] == "snapshot")
        return screen

    def _bearer(self, user: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[user]}"}

    async def api(self, user: str, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Status and JSON of one request."""
        async with self.http.request(
            method, f"{self.url}/api/v1{path}", headers=self._bearer(user), **options
        ) as answer:
            return answer.status, await answer.json(content_type=None)

    async def customer(self, name: str, *numbers: str) -> Party:
        """A customer with these numbers."""
        fields = PartyInput(name=name, kind="customer", phones=tuple(PhoneInput(raw=number) for number in numbers))
        return (await self.service.store.create_party(fields, user="test", now=datetime.now(UTC))).party

    async def records(self) -> list[CallRecord]:
        """All call records, oldest first."""
        return await all_records(self.service.store)

    async def settled(self, count: int, *, timeout_s: float = 60) -> list[CallRecord]:
        """The records once `count` calls are final and written."""
        async with asyncio.timeout(timeout_s):
            while True:
                await self.service.call_log.flush()
                records = await self.records()
                ended = [record for record in records if record["state"] == "ended"]
                if len(ended) >= count and not any(pump.state.unfinished() for pump in self.service.pumps.values()):
                    await self.service.call_log.flush()
                    return await self.records()
                await asyncio.sleep(0.1)


async def _end(reader: asyncio.Task[None], socket: aiohttp.ClientWebSocketResponse) -> None:
    await socket.close()
    await reader


@contextlib.asynccontextmanager
async def service_beside(
    pbx: RealAsterisk,
    folder: Path,
    *,
    agents: Sequence[str] = ("1001", "1002", "1003"),
    port: int | None = None,
    **sections: dict[str, Any],
) -> AsyncIterator[Stand]:
    """Our service, connected to this PBX and live; agents are named `agent-1001` and so on, the supervisor `boss`.

    `port`: the AMI port to use instead of the PBX's own (a proxy that can cut the link).
    """
    settings = Settings(**_settings(pbx, folder, port, sections))
    async with contextlib.AsyncExitStack() as stack:
        service = await stack.enter_async_context(running_service(settings, migrate=True))
        tokens = await _accounts(service, agents)
        async with asyncio.timeout(60):
            for pump in service.pumps.values():
                await pump.live.wait()
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield Stand(service, http, tokens, stack)


def _settings(pbx: RealAsterisk, folder: Path, port: int | None, sections: dict[str, dict[str, Any]]) -> dict[str, Any]:
    main = {
        "host": pbx.ami_host if port is None else "127.0.0.1",
        "port": pbx.ami_port if port is None else port,
        "username": "filtered",
        "secret": pbx.secret,
        "incoming": {"region": "GB"},
        **sections.pop("main", {}),
    }
    return {
        "server": {"listen": "127.0.0.1:0"},
        "database": {"url": f"sqlite:///{folder / 'cti.db'}"},
        "numbers": {"default_region": "GB"},
        "pbx": {"main": main},
        "journal": {"directory": str(folder / "journal")},
        **sections,
    }


async def _accounts(service: Service, agents: Sequence[str]) -> dict[str, str]:
    tokens: dict[str, str] = {}
    for extension in agents:
        twin = (f"PJSIP/{TWINS[extension]}",) if extension in TWINS else ()
        tokens |= await _account(service, f"agent-{extension}", Role.AGENT, (f"PJSIP/{extension}", *twin), extension)
    tokens |= await _account(service, "boss", Role.SUPERVISOR, (), None)
    await service.seats.reload()
    return tokens


async def _account(
    service: Service, name: str, role: Role, endpoints: tuple[str, ...], extension: str | None
) -> dict[str, str]:
    account = Account(
        name=name,
        display_name=name.title(),
        role=role,
        endpoints=endpoints,
        extension=extension,
        language="en",
        password_hash=None,
        active=True,
    )
    await service.store.save_account(account)
    token = f"test-{name}"
    digest = hashlib.sha256(token.encode()).hexdigest()
    await service.store.save_token(ApiToken(token_hash=digest, user=name, scopes=SCOPES, created_at=datetime.now(UTC)))
    return {name: token}
