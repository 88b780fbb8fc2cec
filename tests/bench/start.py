"""G18: from the start of `ctiserver serve` to its port, and to the first pop, with a million contacts in the database.

The reference is a bare Python that imports the libraries the service cannot do without, and nothing of ours.
"""

from __future__ import annotations

import asyncio
import base64
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pbx.simulator.load import CallStamp, load_office
from pbx.simulator.server import SimulatorServer
from tests.bench.cache import folder
from tests.bench.contacts import AGENTS, agent_token, copy_database, extension_of, number_of
from tests.bench.figures import Figure, compared, plain
from tests.bench.processes import Mailbox, Part
from tests.bench.served import Served

#: What a listening service uses at once. The others (Alembic, rich, websockets, Babel's data …) are for commands and pages.
DEPENDENCIES = (
    *(
        "aiohttp.web",
        "aiohttp_jinja2",
        "aiosqlite",
        "argon2",
        "babel",
        "jinja2",
        "orjson",
        "panoramisk",
        "phonenumbers",
    ),
    *("prometheus_client", "pydantic", "pydantic_settings", "sqlalchemy", "structlog", "typer", "uvloop"),
)
_BARE = f"import {', '.join(DEPENDENCIES)}"
_POP_WITHIN_S = 20.0
_AGENT = 7


@dataclass(slots=True)
class _Seen:
    """Seconds of each round."""

    listening: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    bare_cpu: list[float] = field(default_factory=list)
    pop: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)


def run(rounds: int) -> Iterator[Figure]:
    """One start that nobody counts, then the rounds."""
    seen = _Seen()
    with tempfile.TemporaryDirectory(dir=folder()) as scratch, Part(_telephone_system, on_uvloop=False) as pbx:
        database, ami_port = copy_database(Path(scratch) / "cti.db"), pbx.answer()
        _one_round(database, ami_port, pbx, _Seen(), order=0)
        for order in range(1, rounds + 1):
            _one_round(database, ami_port, pbx, seen, order=order)
    yield compared("G18", "start to listening", seen.listening, seen.bare,
                   unit="s", against="bare import", at_most=1.5)  # fmt: skip
    yield compared("G18", "the same in CPU time", seen.cpu, seen.bare_cpu, unit="s", against="bare import")
    yield plain("G18", "listening to the first pop on a screen, 1 M contacts", seen.after, "s", at_most=0.5)
    yield plain("G18", "start to the first pop", seen.pop, "s")


def _one_round(database: Path, ami_port: int, pbx: Part, seen: _Seen, *, order: int) -> None:
    number, extension = number_of(1000 + order), extension_of(_AGENT)
    pbx.ask("ring at login", order, number)
    with Served(database, ami_port) as service:
        seen.listening.append(service.took_s)
        seen.cpu.append(service.cpu_s)
        popped = _first_pop(service.port, extension, number)
        seen.pop.append(popped - service.started)
        seen.after.append(popped - service.started - service.took_s)
        pbx.ask("finish")
        time.sleep(0.5)  # the record of the call is written: the next start has nothing to restore
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", _BARE], check=True)
    seen.bare.append(time.perf_counter() - started)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seen.bare_cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


async def _telephone_system(mailbox: Mailbox) -> None:
    """An office at rest; whoever logs in is told of one call that rings at once."""
    async with SimulatorServer(load_office(AGENTS), secret="bench") as server:
        stamp, agent = CallStamp(), server.simulator.agents[extension_of(_AGENT)]
        rest: list[bytes] = []
        call: tuple[int, str] = (0, "")

        def logged_in(now: float) -> None:
            wall = time.time()
            rings, *rest[:] = stamp.parts(call[0], caller=call[1], agent=agent, moments=(wall, wall + 0.2, wall + 0.4))
            asyncio.get_running_loop().call_soon(server.broadcast, rings)

        server.simulator.open = logged_in  # type: ignore[method-assign]
        mailbox.answer(server.port)
        async for message in mailbox.received():
            match message:
                case ("ring at login", order, number):
                    call = (order, number)
                case ("finish",):
                    for part in rest:
                        server.broadcast(part)
            mailbox.answer(None)


def _first_pop(port: int, extension: str, number: str) -> float:
    """Sign in to the push socket and return when the card of this number is there."""
    with socket.create_connection(("127.0.0.1", port), timeout=_POP_WITHIN_S) as link:
        key = base64.b64encode(os.urandom(16)).decode()
        link.sendall(
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            f"Authorization: Bearer {agent_token(extension)}\r\n\r\n".encode()
        )
        subscribe = b'{"type":"subscribe"}'
        link.sendall(bytes((0x81, 0x80 | len(subscribe))) + bytes(4) + subscribe)
        received = b""
        while b'"match":"one"' not in received or received.count(b'"number":"%b"' % number.encode()) < 2:
            data = link.recv(65536)
            if not data:
                raise ConnectionError(f"the push socket closed: {received[-300:]!r}")
            received += data
        return time.perf_counter()
