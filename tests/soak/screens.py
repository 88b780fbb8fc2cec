"""The agents' browsers: they sign in, follow their pops, sleep, come back, write notes. And browsers that do not read."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import socket
import time
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from tests.soak.judge import Shown

PASSWORD = "a soak takes its time"
_GONE = (aiohttp.ClientError, ConnectionError, TimeoutError, OSError)
_RETRY_S = 0.3
#: 503 and 504 are what a cut link or a slow disk comes to, and say so.
_BUGS = frozenset({500, 502})


class Browser:
    """One person's browser: a cookie, the API, the pages. What does not answer while the service is away is no failure."""

    def __init__(self, user: str, url: Callable[[], str], answers: Counter[str]) -> None:
        self.user = user
        self._url = url
        self._answers = answers
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self._csrf = ""

    async def close(self) -> None:
        """For good, without signing out."""
        await self.http.close()

    @property
    def url(self) -> str:
        """Of the process that runs now; each has a port of its own."""
        return self._url()

    async def sign_in(self) -> None:
        """By the form."""
        url = self.url
        async with self.http.get(f"{url}/login") as page:
            found = re.search(r'name="csrf"[^>]*value="([^"]*)"', await page.text())
        form = {"user": self.user, "password": PASSWORD, "csrf": found[1] if found else ""}
        async with self.http.post(f"{url}/login", data=form, headers={"Origin": url}, allow_redirects=False) as answer:
            self._answers[f"sign-in {answer.status}"] += 1
        async with self.http.get(f"{url}/api/v1/me") as answer:
            self._csrf = (await answer.json()).get("csrf", "")

    async def sign_out(self) -> None:
        """By the button."""
        url = self.url
        headers = {"Origin": url, "X-CSRF-Token": self._csrf}
        async with self.http.post(f"{url}/logout", headers=headers, allow_redirects=False) as answer:
            self._answers[f"sign-out {answer.status}"] += 1

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """One request to the API or for a page; None when the service is away or says no. Each answer is counted."""
        url = self.url
        headers = {"Origin": url, "X-CSRF-Token": self._csrf}
        try:
            async with self.http.request(method, url + path, json=body, headers=headers) as answer:
                self._answers[f"{method} {answer.status}"] += 1
                if answer.status in _BUGS:
                    self._answers[f"failed {path} {await answer.text()}"] += 1
                json = answer.content_type == "application/json"
                return await answer.json() if answer.ok and json else None
        except _GONE:
            self._answers["away"] += 1
            return None


class Screen(Browser):
    """An agent's desk: `shown` is every pop that came up, `awake` when it was connected, `pops` what it shows now."""

    def __init__(
        self, user: str, extension: str, url: Callable[[], str], answers: Counter[str], dice: random.Random
    ) -> None:
        super().__init__(user, url, answers)
        self.extension = extension
        self.shown: list[Shown] = []
        self.awake: list[tuple[float, float]] = []
        self.pops: dict[str, dict[str, Any]] = {}
        self.resumed = self.snapshots = self.holes = 0
        self.up = asyncio.Event()
        self._dice = dice
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._since: float | None = None
        self._stream, self._seq, self._offered = "", 0, ("", 0)
        self._may_connect = asyncio.Event()
        self._may_connect.set()
        self._signed_in = False
        self._work: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled: connected whenever the service is there and nobody sleeps."""
        try:
            while True:
                await self._may_connect.wait()
                try:
                    if not self._signed_in:
                        await self.sign_in()
                        self._signed_in = True
                    await self._live()
                except _GONE:
                    await asyncio.sleep(_RETRY_S)
        finally:
            self._is_down()
            for task in self._work:
                task.cancel()
            await self.close()

    async def sleep(self, seconds: float) -> None:
        """The laptop is closed without a word, and opened again."""
        self._may_connect.clear()
        if self._socket is not None and not self._socket.closed:
            self._socket._response.connection.transport.abort()  # type: ignore[union-attr]
        await asyncio.sleep(seconds)
        self._may_connect.set()

    async def change_hands(self) -> None:
        """Sign out, and in again."""
        try:
            await self.sign_out()
        except _GONE:
            return
        self._signed_in = False
        self._stream, self._seq = "", 0

    async def _live(self) -> None:
        url = self.url
        async with self.http.ws_connect(f"{url}/ws", headers={"Origin": url}, heartbeat=15.0) as self._socket:
            asked: dict[str, Any] = {"type": "subscribe", "topics": ["pops", "requests", "pbx"]}
            if self._stream:
                asked |= {"stream": self._stream, "since": self._seq}
            await self._socket.send_json(asked)
            async for message in self._socket:
                await self._take(message.json())
        self._is_down()
        if self._socket.close_code == 4401:
            self._signed_in = False

    def _is_down(self) -> None:
        self.up.clear()
        if self._since is not None:
            self.awake.append((self._since, time.time()))
            self._since = None

    async def _take(self, frame: dict[str, Any]) -> None:
        kind, data, now = frame["type"], frame["data"], time.time()
        if kind == "hello":
            self._offered = (data["stream"], frame["seq"])
            return
        if kind == "snapshot":
            self._stream, self._seq = self._offered
            self.snapshots += 1
            self.pops = {pop["pop_id"]: pop for pop in data["pops"]}
            self.shown += [Shown(self.extension, pop["call"]["id"], now) for pop in data["pops"]]
        elif kind == "pop.retract":
            self.pops.pop(data["pop_id"], None)
        elif kind in ("pop.show", "pop.update"):
            await self._paint(kind, data, now)
        self.holes += frame["seq"] != self._seq + 1
        self._seq = frame["seq"]
        if kind in ("snapshot", "resumed"):
            self.resumed += kind == "resumed"
            self._since = self._since or now
            self.up.set()

    async def _paint(self, kind: str, pop: dict[str, Any], now: float) -> None:
        before = self.pops.get(pop["pop_id"])
        self.pops[pop["pop_id"]] = pop
        if kind == "pop.show":
            self.shown.append(Shown(self.extension, pop["call"]["id"], now))
            assert self._socket is not None
            await self._socket.send_json({"type": "painted", "pop_id": pop["pop_id"]})
        elif pop["phase"] == "wrap_up" and before is not None and before["phase"] != "wrap_up":
            task = asyncio.get_running_loop().create_task(self._wrap_up(pop))
            self._work.add(task)
            task.add_done_callback(self._work.discard)

    async def _wrap_up(self, pop: dict[str, Any]) -> None:
        """A note, an outcome, a task now and then; most are finished, some closed, some forgotten."""
        call, dice = f"/api/v1/calls/{pop['call']['id']}", self._dice.random()
        await self.ask("PUT", f"{call}/note", {"text": "Wants the invoice once more. " * self._dice.randint(1, 5)})
        await self.ask("PUT", f"{call}/disposition", {"code": "solved"})
        if dice < 0.2:
            await self.ask("POST", f"{call}/tasks", {"title": "Send the invoice"})
        if dice < 0.75:
            await self.ask("POST", f"{call}/finish", {})
        elif dice < 0.85 and self._socket is not None:
            with contextlib.suppress(*_GONE):
                await self._socket.send_json({"type": "dismiss", "pop_id": pop["pop_id"]})


async def stare(url: str, token: str, seconds: float) -> None:
    """A browser that opens the push socket with everything a supervisor sees, and reads none of it."""
    address = urlsplit(url)
    asked = (
        f"GET /ws HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {token}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    loop = asyncio.get_running_loop()
    with socket.socket() as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        link.setblocking(False)
        try:
            await loop.sock_connect(link, (address.hostname, address.port))
            await loop.sock_sendall(link, asked.encode())
        except OSError:
            return  # the service is away
        await asyncio.sleep(seconds)
