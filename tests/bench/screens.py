"""Five hundred agents' screens in one process: websockets that note when a pop arrives and confirm it as a page does.

The protocol is written out here, as bare as it can be, so that the measuring costs the measured as little as possible.
"""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from tests.bench.contacts import agent_token
from tests.bench.processes import Mailbox

_POP = b'"pop.show"'
_REMOTE = b'"remote"'
_POP_ID = b'"pop_id":"'
_HEAD_BYTES = 80  # the type is near the beginning of a frame
#: A page draws the card within two frames of its display and then confirms.
_PAINTS_AFTER_S = 0.033
_GATHER_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Shown:
    """A pop that arrived at the screen of this telephone. `frame` is empty where it was looked at and found right on arrival."""

    number: str
    extension: str
    at: float
    frame: bytes


Arrived: TypeAlias = Callable[[Shown], None]


async def run(mailbox: Mailbox) -> None:
    """Answers ("connect", port, extensions), the same with "connect deaf" for screens that stop reading, and ("gather", how many).

    After ("lean",) frames are looked at when they come, and only the wrong ones are kept: long runs need the memory.
    """
    shown: list[Shown] = []
    lean = False
    news = asyncio.Event()
    screens: list[Screen] = []

    def arrived(pop: Shown) -> None:
        shown.append(replace(pop, frame=b"") if lean and looks_right(pop) else pop)
        news.set()

    async for message in mailbox.received():
        match message:
            case ("connect", port, extensions):
                screens += await connect(port, extensions, arrived)
                mailbox.answer(len(screens))
            case ("connect deaf", port, extensions):
                screens += await connect(port, extensions, arrived, deaf=True)
                mailbox.answer(len(screens))
            case ("lean",):
                lean = True
                mailbox.answer(lean)
            case ("gather", expected):
                try:
                    async with asyncio.timeout(_GATHER_TIMEOUT_S):
                        while len(shown) < expected:
                            news.clear()
                            await news.wait()
                except TimeoutError:
                    pass  # what did not come is lost, and is said
                await asyncio.sleep(0.2)  # one too many would be a fault, too
                mailbox.answer(list(shown))
                shown.clear()


def looks_right(pop: Shown) -> bool:
    """One customer was found, and it is one with this number: it is in the card, too, not only in the call."""
    return b'"match":"one"' in pop.frame and pop.frame.count(b'"number":"%b"' % pop.number.encode()) >= 2


async def connect(
    port: int, extensions: Sequence[str], arrived: Arrived, *, deaf: bool = False, kind: type[Screen] | None = None
) -> list[Screen]:
    """Open these screens, fifty at a time. Deaf ones read their first frame and no more, into as little room as there may be."""
    loop = asyncio.get_running_loop()
    make = kind or Screen
    screens: list[Screen] = []
    for start in range(0, len(extensions), 50):
        some = extensions[start : start + 50]
        opened = [
            await loop.create_connection(partial(make, one, arrived), sock=_link(port, small=deaf)) for one in some
        ]
        screens += [screen for _, screen in opened]
        await asyncio.gather(*(screen.ready for _, screen in opened))
        if deaf:
            for transport, _ in opened:
                transport.pause_reading()
    return screens


def _link(port: int, *, small: bool) -> socket.socket:
    link = socket.socket()
    if small:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    link.connect(("127.0.0.1", port))
    link.setblocking(False)
    return link


class Screen(asyncio.Protocol):
    """One websocket. `ready` when the first frame is here."""

    def __init__(self, extension: str, arrived: Arrived) -> None:
        self.extension = extension
        self._arrived = arrived
        self._buffer = b""
        self._upgraded = False
        self._loop = asyncio.get_running_loop()
        self.ready = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.WriteTransport = transport  # type: ignore[assignment]
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            f"GET /ws?extension={self.extension} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            f"Authorization: Bearer {agent_token(self.extension)}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        at = time.perf_counter()
        data = self._buffer + data
        if not self._upgraded:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            if b" 101 " not in head.partition(b"\r\n")[0]:
                self.ready.set_exception(ConnectionError(head.decode("latin-1")))
                return
            self._upgraded = True
            self._send(b'{"type":"subscribe"}')
        self._buffer = self._frames(data, at)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("closed before the first frame"))

    def _frames(self, data: bytes, at: float) -> bytes:
        while len(data) >= 2:
            length, start = data[1] & 0x7F, 2
            if length == 126:
                length, start = int.from_bytes(data[2:4]), 4
            elif length == 127:
                length, start = int.from_bytes(data[2:10]), 10
            if len(data) < max(start, start + length):
                break
            self.frame(data[0] & 0x0F, data[start : start + length], at)
            data = data[start + length :]
        return data

    def leave(self) -> None:
        """Gone without a word, as a browser whose network went."""
        self._transport.abort()

    def frame(self, opcode: int, payload: bytes, at: float) -> None:
        """One whole frame of the server's."""
        if opcode == 9:
            self._send(payload, opcode=10)
        elif opcode == 1:
            if not self.ready.done():
                self.ready.set_result(None)
            if _POP in payload[:_HEAD_BYTES]:
                number = "+" + _text(payload, b"+", payload.find(_REMOTE))
                self._arrived(Shown(number, self.extension, at, payload))
                if _POP_ID in payload:
                    receipt = b'{"type":"painted","pop_id":"%s"}' % _text(payload, _POP_ID).encode()
                    self._loop.call_later(_PAINTS_AFTER_S, self._send, receipt)

    def _send(self, payload: bytes, opcode: int = 1) -> None:
        """A masked frame; the mask is zero, which the rules allow and costs nothing."""
        length = len(payload)
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | length) if length < 126 else struct.pack(
            "!BBH", 0x80 | opcode, 0xFE, length
        )  # fmt: skip
        self._transport.write(head + bytes(4) + payload)


def _text(payload: bytes, after: bytes, begin: int = 0) -> str:
    start = payload.find(after, begin) + len(after)
    return payload[start : payload.find(b'"', start)].decode()
