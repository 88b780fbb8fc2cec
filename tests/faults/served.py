"""`ctiserver serve` as a process of its own beside the simulated telephone system, so that it can be killed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pbx.simulator import Simulator, SimulatorServer
from tests.asterisk.served import ServedProcess
from tests.fakes.cut_proxy import CutProxy
from tests.pbx.folding import Folded, fold

SECRET = "only-for-tests"
#: The manager user of `ServedProcess`.
USER = "filtered"


@dataclass(frozen=True, slots=True)
class Address:
    """Where the process finds its telephone system."""

    ami_host: str
    ami_port: int
    secret: str = SECRET


class Witness:
    """An AMI client of our own that hears everything, whatever happens to the service: the truth about each call."""

    def __init__(self, pbx: SimulatorServer) -> None:
        self._pbx = pbx
        self._heard = bytearray()

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self._pbx.host, self._pbx.port)
        self._writer.write(f"Action: Login\r\nUsername: {USER}\r\nSecret: {SECRET}\r\n\r\n".encode())
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        self._writer.close()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self) -> None:
        while data := await self._reader.read(1 << 16):
            self._heard += data

    def folded(self) -> Folded:
        """What it all came to."""
        return fold(bytes(self._heard))


@asynccontextmanager
async def simulated(simulator: Simulator) -> AsyncIterator[tuple[SimulatorServer, CutProxy]]:
    """The simulator on a port, and before it a proxy that keeps what the service was told."""
    async with (
        SimulatorServer(simulator, secret=SECRET, username=USER) as pbx,
        CutProxy(pbx.host, pbx.port) as link,
    ):
        yield pbx, link


def process(link: CutProxy, folder: Path, *, agents: Sequence[str], more: str = "") -> ServedProcess:
    """The process, not yet started. `more` is added to its configuration."""
    address = Address("127.0.0.1", link.port)
    served = ServedProcess(address, folder, agents=agents)  # type: ignore[arg-type]
    with (folder / "ctiserver.toml").open("a", encoding="utf-8") as configuration:
        configuration.write(more)
    return served
