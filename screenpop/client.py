"""Screen-pops in your own desktop program: connect, iterate, reconnects itself and loses nothing.

    async with connect("https://cti.example.com", token="…") as pops:
        async for message in pops:
            match message:
                case PopShow():
                    open_window(message.call["remote"]["number"], message.customers)
                    await pops.painted(message.pop_id)

Documented in docs/push.md. The one module of `screenpop/` that talks to the network besides `websocket/`.
"""

from __future__ import annotations

import asyncio
import json
import random
import ssl as ssl_module
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from screenpop.errors import BadFrame, NotAllowed, SignedOut
from screenpop.messages import CloseCode, Hello, LinkLost, Message, PushMessage, Snapshot, parse_message

FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 15.0


def push_url(url: str) -> str:
    """`https://host`, `http://host:8080/` or `wss://host/ws` → the address of the push socket. Raises ValueError."""
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}.get(parts.scheme)
    if scheme is None or not parts.netloc:
        raise ValueError(f"{url!r} is not an address like https://cti.example.com")
    path = parts.path if parts.path not in ("", "/") else "/ws"
    return urlunsplit((scheme, parts.netloc, path, "", ""))


class PopClient:
    """One logical connection over any number of sockets. Iterate it once; leave with `async with` or `close`."""

    def __init__(
        self,
        url: str,
        *,
        token: str,
        topics: Iterable[str] | None = None,
        ssl: ssl_module.SSLContext | None = None,
        reconnect: bool = True,
        jitter: random.Random | None = None,
    ) -> None:
        self._url = push_url(url)
        self._token = token
        self._topics = None if topics is None else list(topics)
        self._ssl = ssl
        self._reconnect = reconnect
        self._jitter = jitter or random.SystemRandom()
        self._socket: ClientConnection | None = None
        self._stream: str | None = None
        self._seq = 0
        self._leaving = asyncio.Event()

    async def __aenter__(self) -> PopClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Leave. A running iteration ends."""
        self._leaving.set()
        if self._socket is not None:
            await self._socket.close()

    # --- to the server ------------------------------------------------------------------------------------------------

    async def painted(self, pop_id: str) -> None:
        """Tell that the pop is on the screen. Nothing happens while the link is lost."""
        await self._send({"type": "painted", "pop_id": pop_id})

    async def dismiss(self, pop_id: str) -> None:
        """Close the pop, on all screens of this agent."""
        await self._send({"type": "dismiss", "pop_id": pop_id})

    async def ping(self) -> None:
        """Ask for a `Pong`."""
        await self._send({"type": "ping"})

    async def _send(self, frame: dict[str, Any]) -> None:
        if self._socket is None:
            return
        try:
            await self._socket.send(json.dumps(frame))
        except ConnectionClosed:
            return  # the iteration sees it and reconnects

    # --- from the server ----------------------------------------------------------------------------------------------

    def __aiter__(self) -> AsyncIterator[PushMessage]:
        return self._messages()

    async def _messages(self) -> AsyncIterator[PushMessage]:
        """Messages in order, each once. Raises SignedOut and NotAllowed; other breaks are retried."""
        failures = 0
        while not self._leaving.is_set():
            try:
                async with self._connect() as socket:
                    async for message in self._session(socket):
                        failures = 0
                        yield message
                reason, at_once = "closed", False
            except (ConnectionClosed, InvalidHandshake, BadFrame, OSError) as error:
                reason, at_once = _reason(error), _is_restart(error)
            if self._leaving.is_set():
                return
            if not self._reconnect:
                raise ConnectionError(reason)
            delay = 0.0 if at_once and failures == 0 else self.pause_after(failures)
            failures += 1
            yield LinkLost(reason, delay)
            await self._pause(delay)

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._leaving.wait(), seconds)
        except TimeoutError:
            return  # time to try again

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[ClientConnection]:
        socket = await open_websocket(
            self._url,
            additional_headers={"Authorization": f"Bearer {self._token}"},
            compression=None,
            ssl=self._ssl,
            max_size=16 * 1024 * 1024,  # a snapshot of a large centre
        )
        self._socket = socket
        try:
            yield socket
        finally:
            self._socket = None
            await socket.close()

    async def _session(self, socket: ClientConnection) -> AsyncIterator[Message]:
        """One socket's messages, up to its end."""
        hello = parse_message(await socket.recv())
        if not isinstance(hello, Hello):
            raise BadFrame("bad_field", "the first frame is not hello")
        await self._subscribe(socket)
        first = parse_message(await socket.recv())
        if isinstance(first, Snapshot) or self._stream is None:
            self._stream, self._seq = hello.stream, hello.seq
            yield hello
        async for message in self._numbered(socket, first):
            yield message

    async def _subscribe(self, socket: ClientConnection) -> None:
        frame: dict[str, Any] = {"type": "subscribe"}
        if self._topics is not None:
            frame["topics"] = self._topics
        if self._stream is not None:
            frame |= {"stream": self._stream, "since": self._seq}
        await socket.send(json.dumps(frame))

    async def _numbered(self, socket: ClientConnection, first: Message) -> AsyncIterator[Message]:
        message = first
        while True:
            if message.seq != self._seq + 1:
                self._stream = None  # a hole: only a snapshot helps
                raise BadFrame("bad_field", f"frame {message.seq} came after {self._seq}")
            self._seq = message.seq
            yield message
            message = parse_message(await socket.recv())

    def pause_after(self, failures: int) -> float:
        """Seconds until the next try: doubled each time, at most LONGEST_RETRY_S, a random half of it taken off."""
        longest = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0**failures)
        return longest * self._jitter.uniform(0.5, 1.0)


def connect(
    url: str,
    *,
    token: str,
    topics: Iterable[str] | None = None,
    ssl: ssl_module.SSLContext | None = None,
    reconnect: bool = True,
) -> PopClient:
    """A client for `url`; use it as `async with connect(…) as pops`. `topics` None: what the token's user may see."""
    return PopClient(url, token=token, topics=topics, ssl=ssl, reconnect=reconnect)


def _is_restart(error: Exception) -> bool:
    return isinstance(error, ConnectionClosed) and error.rcvd is not None and error.rcvd.code == CloseCode.RESTART


def _reason(error: Exception) -> str:
    """Why the connection broke. Raises SignedOut or NotAllowed when trying again would not help."""
    if isinstance(error, ConnectionClosed) and error.rcvd is not None:
        text = error.rcvd.reason or f"closed with {error.rcvd.code}"
        if error.rcvd.code == CloseCode.SESSION_ENDED:
            raise SignedOut(text) from error
        if error.rcvd.code == CloseCode.NOT_ALLOWED:
            raise NotAllowed(text) from error
        return text
    if isinstance(error, InvalidStatus):
        if error.response.status_code == 401:
            raise SignedOut("the server does not know this token") from error
        if error.response.status_code == 403:
            raise NotAllowed("the server does not allow this connection") from error
    return str(error) or type(error).__name__
