"""A TCP proxy before the AMI port whose link can be cut and healed: what the network does to us."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self


class CutProxy:
    """Forwards 127.0.0.1:`port` to the target. `sent` is everything the client sent to the PBX, over all connections.

    `told` is what the PBX sent to it, one after the other for each connection.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._up = True
        self.sent = bytearray()
        self.told: list[bytearray] = []
        self._frozen = asyncio.Event()
        self._thawed = asyncio.Event()
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        self._server.close()
        await self._server.wait_closed()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Reset every connection and refuse new ones."""
        self._up = False
        self._thawed.set()
        self._thawed = asyncio.Event()
        for writer in list(self._writers):
            writer.transport.abort()

    def freeze(self) -> None:
        """Half-open: the present connections carry nothing any more, not even their end, until `cut`. New ones are whole."""
        self._frozen.set()
        self._frozen = asyncio.Event()

    def heal(self) -> None:
        """New connections go through again."""
        self._up = True

    def originates(self) -> int:
        """How many Originates the PBX was sent."""
        return bytes(self.sent).count(b"Action: Originate\r\n")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._up:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        there, back = await asyncio.open_connection(*self._target)
        self._writers |= {writer, back}
        self.told.append(bytearray())
        frozen, thawed = self._frozen, self._thawed
        try:
            await asyncio.gather(
                self._pump(reader, back, self.sent, frozen, thawed),
                self._pump(there, writer, self.told[-1], frozen, thawed),
            )
        finally:
            self._writers -= {writer, back}

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        kept: bytearray,
        frozen: asyncio.Event,
        thawed: asyncio.Event,
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if frozen.is_set():
                    continue  # swallowed
                kept += data
                writer.write(data)
                await writer.drain()
        if frozen.is_set():
            await thawed.wait()
        writer.close()
