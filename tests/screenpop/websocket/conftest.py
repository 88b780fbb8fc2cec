"""A push server on loopback with three people who may sign in, and what they are shown."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from crm_store.access import Principal
from crm_store.accounts import Role
from crm_store.errors import StoreUnavailable
from screenpop.local_broker import LocalBroker
from screenpop.topics import pops
from screenpop.websocket.server import PushLimits, PushServer
from tests.screenpop.people import person

ORIGIN = "https://cti.example.com"


def see_all(user: Principal, kind: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    return data


@dataclass
class Centre:
    """The server under test and the world around it. Sign in with the cookie `name`, or the token `token-name`."""

    people: dict[str, Principal] = field(
        default_factory=lambda: {
            "eva": person("eva"),
            "jan": person("jan"),
            "boss": person("boss", Role.SUPERVISOR),
        }
    )
    shown: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    queues: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    limits: PushLimits = field(default_factory=PushLimits)
    database_away: bool = False
    _transports: dict[str, list[asyncio.Transport]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.server: TestServer | None = None
        self.tls: ssl.SSLContext | None = None
        self._start()

    def _start(self) -> None:
        self.broker = LocalBroker(lambda: datetime.now(UTC))
        self.push = PushServer(
            self.broker,
            self,
            self.authenticate,
            allowed_origins=[ORIGIN],
            actions=self,
            visible=see_all,
            version="1.2.3",
            limits=self.limits,
        )

    # what the server asks of the product

    async def authenticate(self, request: web.Request) -> Principal | None:
        if self.database_away:
            raise StoreUnavailable
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer token-")
        known = self.people.get(bearer or request.cookies.get("user", ""))
        if known is not None and bearer:
            return replace(known, session_hash=None, scopes=known.scopes or frozenset({"admin"}))
        return known

    def snapshot(self, user: Principal, topics: frozenset[str]) -> Mapping[str, Any]:
        return {
            "pops": list(self.shown.get(user.name, {}).values()) if "pops" in topics else [],
            "queues": list(self.queues.values()) if "queues" in topics else [],
        }

    def painted(self, user: Principal, pop_id: str) -> None:
        self.asked.append(("painted", user.name, pop_id))

    def dismiss(self, user: Principal, pop_id: str) -> None:
        self.asked.append(("dismiss", user.name, pop_id))
        self.retract(user.name, pop_id)

    # what happens in the centre

    def cut(self, user: str) -> None:
        """The network between server and user breaks, without a goodbye."""
        for transport in self._transports.pop(user, []):
            transport.abort()

    def show_but_lose_the_frame(self, user: str, pop_id: str) -> None:
        """A bug of ours or of a proxy: a numbered frame never reaches the client."""
        (socket,) = vars(self.push)["_sockets"][user]
        stream = socket.session.stream
        wake, stream.wake = stream.wake, None
        self.show(user, pop_id)
        assert stream.take() is not None
        stream.wake = wake

    async def restart(self) -> None:
        """The service stops and comes back at the same address, remembering no streams."""
        before = self.push
        self._start()
        await before.close_all()

    def show(self, user: str, pop_id: str, *, size: int = 0) -> None:
        pop = {
            "pop_id": pop_id,
            "offer": 1,
            "phase": "ringing",
            "call": {"id": pop_id, "remote": {"name": "x" * size}},
            "match": "none",
            "reason": None,
            "customers": [],
        }
        self.shown.setdefault(user, {})[pop_id] = pop
        self.broker.publish(pops(user), "pop.show", pop)

    def retract(self, user: str, pop_id: str) -> None:
        self.shown.get(user, {}).pop(pop_id, None)
        self.broker.publish(
            pops(user),
            "pop.retract",
            {"pop_id": pop_id, "offer": 1, "call_id": pop_id, "reason": "dismissed", "by": None},
        )

    def waiting(self, queue: str, callers: int, *, size: int = 0) -> None:
        status = {"pbx": "main", "name": queue, "waiting": callers, "padding": "x" * size}
        self.queues[queue] = status
        self.broker.publish("queues", "queue.update", status)

    # how to reach it

    @property
    def url(self) -> str:
        assert self.server is not None
        return str(self.server.make_url("/ws")).replace("http", "ws", 1)

    async def eventually(self, holds: Callable[[], bool]) -> None:
        """Wait for what only a timer of the server brings about."""
        for _ in range(500):
            if holds():
                return
            await asyncio.sleep(0.01)
        raise AssertionError("it did not happen within five seconds")

    @property
    def open_transports(self) -> int:
        """Connections that the HTTP server still holds."""
        assert self.server is not None
        assert self.server.runner is not None
        assert self.server.runner.server is not None
        return len(self.server.runner.server.connections)

    @asynccontextmanager
    async def running(self, *, tls: bool = False) -> AsyncIterator[Centre]:
        app = web.Application()
        app.router.add_get("/ws", self._handle)

        async def stop(_: web.Application) -> None:
            await self.push.close_all()

        app.on_shutdown.append(stop)
        self.server = TestServer(app, scheme="https" if tls else "http")
        self.tls = _server_context() if tls else None
        await self.server.start_server(ssl=self.tls)
        try:
            yield self
        finally:
            await self.server.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        user = await self.authenticate(request)
        if user is not None and request.transport is not None:
            self._transports.setdefault(user.name, []).append(request.transport)
        return await self.push.handle(request)

    def sign_in(self, user: str, *, origin: str | None = ORIGIN, **options: Any) -> connect:
        """A browser: session cookie and Origin."""
        headers = {"Cookie": f"user={user}"} | ({"Origin": origin} if origin else {})
        trusted = _client_context() if self.tls else None
        return connect(self.url, additional_headers=headers, compression=None, ssl=trusted, **options)


TLS = Path(__file__).parents[2] / "fakes" / "tls"


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    return context


def _client_context() -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(TLS / "certificate.pem"))
    context.check_hostname = False
    return context


class Screen:
    """One client's end, frame by frame."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []

    async def next(self) -> dict[str, Any]:
        frame: dict[str, Any] = orjson.loads(await self.socket.recv())
        self.frames.append(frame)
        return frame

    async def until(self, kind: str) -> dict[str, Any]:
        while True:
            frame = await self.next()
            if frame["type"] == kind:
                return frame

    async def rest(self) -> tuple[int, str]:
        """Read to the end: close code and reason."""
        try:
            while True:
                await self.next()
        except ConnectionClosed as closed:
            return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")

    async def say(self, **frame: Any) -> None:
        await self.socket.send(orjson.dumps(frame).decode())

    async def subscribed(self, **frame: Any) -> Screen:
        await self.say(type="subscribe", **frame)
        await self.until("snapshot")
        return self

    @property
    def kinds(self) -> list[str]:
        return [frame["type"] for frame in self.frames]


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    async with Centre().running() as running:
        yield running
