"""Writes down every byte that Asterisk sends to one AMI client, from the banner on, and sends actions on the same link."""

import asyncio
import itertools
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.asterisk.pbx import RealAsterisk


class AmiRecorder:
    """An AMI client whose received bytes go to a file, unchanged: a capture as `ctiserver record` writes it."""

    def __init__(self, pbx: RealAsterisk, path: Path, *, user: str = "cti") -> None:
        self._pbx = pbx
        self._path = path
        self._user = user
        self._serial = itertools.count(1)
        self._received = bytearray()
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("wb")
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.disconnect()
        self._file.close()

    async def connect(self) -> None:
        """Connect and log in; after a restart of the PBX the capture goes on with the new banner."""
        reader, self._writer = await asyncio.open_connection(self._pbx.ami_host, self._pbx.ami_port)
        self._task = asyncio.create_task(self._read(reader))
        await self.action("Login", Username=self._user, Secret=self._pbx.secret)

    async def lists(self) -> None:
        """Ask for what is going on, as the service does after every login."""
        for name, end in (
            ("CoreShowChannels", b"Event: CoreShowChannelsComplete"),
            ("BridgeList", b"Event: BridgeListComplete"),
            ("QueueStatus", b"Event: QueueStatusComplete"),
        ):
            start = len(self._received)
            await self.action(name)
            await self.wait_for(end, since=start)

    def forget(self) -> None:
        """Begin the capture anew."""
        self._file.truncate(0)
        self._file.seek(0)
        self._received.clear()

    async def disconnect(self) -> None:
        """Close the link without a word."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._writer.close()

    async def lost(self, *, timeout_s: float = 60) -> None:
        """Return when Asterisk has closed the link."""
        await asyncio.wait_for(self._task, timeout_s)
        self._writer.close()

    async def action(self, name: str, /, **headers: str) -> bytes:
        """Send one action; its response, without the events after it."""
        action_id = f"test-{next(self._serial)}"
        lines = [f"Action: {name}", f"ActionID: {action_id}", *(f"{key}: {value}" for key, value in headers.items())]
        start = len(self._received)
        self._writer.write("\r\n".join([*lines, "", ""]).encode())
        found = await self.wait_for(b"ActionID: " + action_id.encode(), since=start)
        first = self._received.rfind(b"\r\n\r\n", 0, found) + 4
        end = await self.wait_for(b"\r\n\r\n", since=found)
        return bytes(self._received[max(first, 0) : end])

    async def wait_for(self, wanted: bytes, *, since: int = 0, timeout_s: float = 60) -> int:
        """Return the place of these bytes once they have come."""
        async with asyncio.timeout(timeout_s):
            while (place := self._received.find(wanted, since)) < 0:
                self._news.clear()
                await self._news.wait()
        return place

    def count(self, wanted: bytes) -> int:
        """How often these bytes have come so far."""
        return self._received.count(wanted)

    async def wait_for_more(self, wanted: bytes, number: int, *, timeout_s: float = 60) -> None:
        """Return once these bytes have come so often."""
        async with asyncio.timeout(timeout_s):
            while self.count(wanted) < number:
                self._news.clear()
                await self._news.wait()

    def value(self, beginning: str) -> str:
        """The value of the first header line that begins so: `value("Channel: PJSIP/trunk-a")`."""
        start = self._received.index(beginning.encode())
        line = bytes(self._received[start : self._received.index(b"\r\n", start)])
        return line.decode().partition(": ")[2]

    async def settle(self, *, quiet_s: float = 0.7, timeout_s: float = 60) -> None:
        """Return when no call is up any more and nothing more is coming."""
        async with asyncio.timeout(timeout_s):
            while "0 active channels" not in await self._pbx.cli("core show channels count"):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            size = -1
            while len(self._received) != size:
                size = len(self._received)
                await asyncio.sleep(quiet_s)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while chunk := await reader.read(65536):
            self._file.write(chunk)
            self._file.flush()
            self._received += chunk
            self._news.set()
