"""A plain AMI client for the simulator's tests: no library in between."""

import asyncio
from types import TracebackType
from typing import Self

from pbx.simulator import SimulatorServer
from tests.pbx.simulator.streams import Event, events_of


class Client:
    """`async with Client(server) as client:` is logged in; `heard` is every byte so far."""

    def __init__(self, server: SimulatorServer, *, secret: str = "simulator") -> None:
        self._server = server
        self._secret = secret
        self.heard = b""

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self._server.host, self._server.port)
        await self.ask("Login", Username="cti", Secret=self._secret)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    async def ask(self, action: str, **headers: str) -> dict[str, str]:
        """Send an action and return its response; events that come before it are kept."""
        lines = [f"Action: {action}", "ActionID: 7", *(f"{name}: {value}" for name, value in headers.items())]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        while True:
            block = await self._block()
            if "Response" in block:
                return block

    async def rows(self, action: str, **headers: str) -> list[dict[str, str]]:
        """A list answer's rows, without the closing one."""
        await self.ask(action, **headers)
        rows = []
        while (block := await self._block()).get("EventList") != "Complete":
            rows.append(block)
        assert block["ListItems"] == str(len(rows))
        return rows

    async def until(self, name: str, **wanted: str) -> dict[str, str]:
        """Wait for an event."""
        while True:
            block = await self._block()
            if block.get("Event") == name and all(block.get(key) == value for key, value in wanted.items()):
                return block

    async def rest(self) -> bytes:
        """Everything until the connection ends."""
        self.heard += (rest := await self._reader.read(-1))
        return rest

    def events(self) -> list[Event]:
        """The events heard so far."""
        return events_of(self.heard)

    async def _block(self) -> dict[str, str]:
        async with asyncio.timeout(10):
            raw = await self._reader.readuntil(b"\r\n\r\n")
        self.heard += raw
        lines = [line.partition(":") for line in raw.decode().split("\r\n") if ":" in line]
        return {name: value.strip() for name, _, value in lines}
