"""G3: what a live stream costs. 5,000 events a second over TCP, each in a write of its own, as Asterisk sends them.

Ours reads through AmiClient with typed events, panoramisk through its Manager with a `*` handler; both on uvloop, interleaved.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Iterator

from panoramisk.manager import Manager

from pbx.asterisk.ami_client import AmiClient
from pbx.asterisk.ami_link import AmiConfig, EventBatch, LinkItem
from tests.bench.cache import real_capture
from tests.bench.figures import Figure, compared
from tests.bench.processes import Mailbox, Part, cpu_seconds, undisturbed

RATE = 5000
SECONDS = 4.0
LEAST_MESSAGES_SHARE = 0.98


def run(rounds: int) -> Iterator[Figure]:
    """CPU seconds per second of stream."""
    shares: dict[str, list[float]] = {"ours": [], "panoramisk": []}
    with (
        PacedServer(real_capture()) as server,
        Part(_ours, server.port) as ours,
        Part(_panoramisk, server.port) as other,
    ):
        for part in (ours, other):
            part.answer()
        with undisturbed():  # or two events go out at once
            for _ in range(rounds):
                for name, part in (("ours", ours), ("panoramisk", other)):
                    shares[name].append(_cost(server, part, name))
    yield compared("G3", f"CPU at {RATE:,} events/s, one write each", _percent(shares["ours"]),
                   _percent(shares["panoramisk"]), unit="% core", against="panoramisk", at_most=0.40)  # fmt: skip
    share = _percent(shares["ours"])
    middle = sorted(share)[len(share) // 2]
    yield Figure(
        goal="G3", what="the same in percent of a core", measured=middle, unit="% core", value=middle, at_most=12.0
    )


def _cost(server: PacedServer, part: Part, name: str) -> float:
    before = part.ask("measure")
    elapsed = server.play(name)
    after = part.ask("measure")
    return float(after - before) / elapsed


def _percent(shares: list[float]) -> list[float]:
    return [share * 100 for share in shares]


class PacedServer:
    """Speaks AMI just enough to let a client log in; plays the capture to one client at a time, in threads of this process."""

    def __init__(self, capture: bytes) -> None:
        blocks = [block + b"\r\n\r\n" for block in capture.split(b"\r\n\r\n") if block.startswith(b"Event: ")]
        self._events = itertools.cycle(blocks)
        self._clients: dict[str, socket.socket] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> PacedServer:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        for client in self._clients.values():
            client.close()

    def play(self, name: str) -> float:
        """One write for each event, in step with the clock. Returns the seconds it took."""
        client = self._clients[name]
        started = time.perf_counter()
        for number in range(int(RATE * SECONDS)):
            wait = started + number / RATE - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            client.sendall(next(self._events))
        return time.perf_counter() - started

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed: the benchmark is over
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.sendall(b"Asterisk Call Manager/11.0.0\r\n")
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        received = b""
        with contextlib.suppress(OSError):
            while data := client.recv(4096):
                *actions, received = (received + data).split(b"\r\n\r\n")
                for action in actions:
                    self._answer(
                        client, dict(line.split(": ", 1) for line in action.decode().splitlines() if ": " in line)
                    )

    def _answer(self, client: socket.socket, action: dict[str, str]) -> None:
        client.sendall(f"Response: Success\r\nActionID: {action['ActionID']}\r\nMessage: ok\r\n\r\n".encode())
        if action["Action"] == "Login":
            self._clients[action["Username"]] = client


async def _ours(mailbox: Mailbox, port: int) -> None:
    client = AmiClient(AmiConfig(name="main", host="127.0.0.1", port=port, username="ours", secret="bench"))
    handled = 0

    def take(item: LinkItem) -> None:
        nonlocal handled
        if isinstance(item, EventBatch):
            for _event in item.events:
                handled += 1

    client.deliver_to(take)  # as the service's pump does
    async with asyncio.TaskGroup() as group:
        link = group.create_task(client.run())
        await _until(lambda: client.status.booted or client.status.last_rx is not None)
        mailbox.answer("ready")
        async for _ in mailbox.received():
            mailbox.answer(cpu_seconds())
        await client.close()
        link.cancel()


async def _panoramisk(mailbox: Mailbox, port: int) -> None:
    manager = Manager(
        loop=asyncio.get_running_loop(), host="127.0.0.1", port=port, username="panoramisk", secret="bench"
    )
    handled = 0

    @manager.register_event("*")  # type: ignore[untyped-decorator]
    def handle(_manager: Manager, _event: object) -> None:
        nonlocal handled
        handled += 1

    await manager.connect()
    await _until(lambda: manager.authenticated)
    mailbox.answer("ready")
    async for _ in mailbox.received():
        mailbox.answer(cpu_seconds())
    manager.close()


async def _until(holds: object) -> None:
    async with asyncio.timeout(10):
        while not holds():  # type: ignore[operator]  # noqa: ASYNC110 - panoramisk has no event for it
            await asyncio.sleep(0.02)
