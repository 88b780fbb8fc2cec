"""G14: what five hundred agents and a million contacts take of memory that nobody else has (private, dirty), in a `ctiserver serve`.

The reference for a connection is the floor: a bare aiohttp websocket of the same number of clients.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import load_sender, null_floor, screens
from tests.bench.cache import folder
from tests.bench.contacts import AGENTS, copy_database, extension_of
from tests.bench.figures import Figure, plain
from tests.bench.processes import Part
from tests.bench.served import Served
from tests.bench.service_probe import private_kb

#: The first connections bring what all share: code, caches, buffers.
_FIRST = 50
_RATE, _SECONDS = 100, 8.0
#: Until what a handshake leaves behind is gone.
_CALM_S = 3.0


@dataclass(slots=True)
class _Seen:
    """Kilobytes a connection, megabytes in all; of each round."""

    connection: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    agents: list[float] = field(default_factory=list)
    after_calls: list[float] = field(default_factory=list)


def run(rounds: int) -> Iterator[Figure]:
    """A fresh process in each round."""
    seen = _Seen()
    with tempfile.TemporaryDirectory(dir=folder()) as scratch:
        database = copy_database(Path(scratch) / "cti.db")
        for _ in range(rounds):
            _one_round(database, seen)
    yield plain("G14", "private memory for each agent's connection", seen.connection, "kB",
                reference=seen.floor, against="bare aiohttp", at_most=16.0)  # fmt: skip
    yield plain("G14", "private memory, 1 M contacts, nobody connected", seen.alone, "MB")
    yield plain("G14", f"private memory, 1 M contacts, {AGENTS} agents", seen.agents, "MB", at_most=80.0)
    yield plain("G14", f"the same after {_RATE * _SECONDS:.0f} calls", seen.after_calls, "MB")


def _one_round(database: Path, seen: _Seen) -> None:
    with ExitStack() as stack:
        sender = stack.enter_context(Part(load_sender.run, ("ours", "null"), on_uvloop=False))
        ami = sender.answer()
        crowd = stack.enter_context(Part(screens.run))
        floor = stack.enter_context(Part(null_floor.run, ami["null"]))
        seen.floor.append(_per_connection(crowd, floor.answer(), lambda: private_kb(floor.pid)))
        service = stack.enter_context(Served(database, ami["ours"]))
        time.sleep(_CALM_S)
        seen.alone.append(service.private_kb() / 1024)
        seen.connection.append(_per_connection(crowd, service.port, service.private_kb))
        seen.agents.append(service.private_kb() / 1024)
        rings = sender.ask("play", "ours", _RATE, _SECONDS, False)
        crowd.ask("gather", len(rings))
        time.sleep(_CALM_S)
        seen.after_calls.append(service.private_kb() / 1024)


def _per_connection(crowd: Part, port: int, private: Callable[[], float]) -> float:
    extensions = [extension_of(agent) for agent in range(AGENTS)]
    crowd.ask("connect", port, extensions[:_FIRST])
    time.sleep(_CALM_S)
    before = private()
    crowd.ask("connect", port, extensions[_FIRST:])
    time.sleep(_CALM_S)
    return (private() - before) / (AGENTS - _FIRST)
