"""One websocket: frames go straight to the transport; a client that does not read is let wait, then cut off."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from screenpop.messages import CloseCode
from screenpop.session import Session

if TYPE_CHECKING:
    from screenpop.websocket.server import PushLimits

_log = structlog.get_logger(__name__)

_AT_ONCE_BYTES = 16 * 1024


class Socket:
    """`flush` sends what the session has; `close` ends the connection."""

    __slots__ = (
        "_closing",
        "_draining",
        "_limits",
        "_payload_writer",
        "_transport",
        "check_sign_in",
        "closed_with",
        "response",
        "session",
    )
    session: Session
    #: Whether whoever opened it may still have it: looked at now.
    check_sign_in: Callable[[], None]

    def __init__(
        self,
        request: web.Request,
        response: web.WebSocketResponse,
        payload_writer: AbstractStreamWriter,
        limits: PushLimits,
    ) -> None:
        self.response = response
        self.closed_with: CloseCode | None = None
        self._transport = request.transport
        self._payload_writer = payload_writer
        self._limits = limits
        self._draining: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        if self._transport is not None:
            # 0: uvloop then writes at once instead of at the end of its round, when everything else that happened has been told.
            self._transport.set_write_buffer_limits(high=0)

    def flush(self) -> None:
        """Write all frames that the client's connection takes now. Called in the publisher's own stack: no task, no wait."""
        if self._closing is not None or self._draining is not None:
            self._check_pace()
            return
        if self.session.taken_over:
            self.close(CloseCode.NOT_ALLOWED, "resumed by another connection")
            return
        transport = self._transport
        while transport is not None and not transport.is_closing():
            if transport.get_write_buffer_size() > self._limits.write_buffer_bytes:
                self._draining = asyncio.get_running_loop().create_task(self._drain())
                self._check_pace()
                return
            frames = self._next_frames()
            if not frames:
                return
            transport.write(frames)

    def _next_frames(self) -> bytes:
        """What waits, up to a bound: each write is a call into the kernel."""
        frames: list[bytes] = []
        size = 0
        while size < _AT_ONCE_BYTES and (frame := self.session.take()) is not None:
            frames.append(text_frame(frame))
            size += len(frame)
        return frames[0] if len(frames) == 1 else b"".join(frames)

    def _check_pace(self) -> None:
        if self.session.too_slow:
            self.close(CloseCode.TOO_SLOW, "too slow: reconnect for a snapshot")

    async def _drain(self) -> None:
        """Wait until the client reads again; not for ever."""
        try:
            async with asyncio.timeout(self._limits.write_timeout_s):
                await self._payload_writer.drain()
        except TimeoutError:
            self.close(CloseCode.TOO_SLOW, "too slow: reconnect for a snapshot")
            return
        except ConnectionError:
            return  # gone; the reader notices
        finally:
            self._draining = None
        self.flush()

    @property
    def unsent_bytes(self) -> int:
        """Written, and not taken by the client's connection."""
        transport = self._transport
        return transport.get_write_buffer_size() if transport is not None and not transport.is_closing() else 0

    @property
    def closing(self) -> bool:
        """The close frame is on its way."""
        return self._closing is not None

    def close(self, code: CloseCode, reason: str) -> None:
        """End the connection with this code, once. Does not wait."""
        if self._closing is None:
            _log.info("push_closing", user=self.session.user.name, code=int(code), reason=reason)
            self.closed_with = code
            self._closing = asyncio.get_running_loop().create_task(self._close(code, reason))

    async def _close(self, code: CloseCode, reason: str) -> None:
        # drain=False: the close frame waits behind what the client has not read yet.
        await self.response.close(code=code, message=reason.encode()[:120], drain=False)

    async def finish(self) -> None:
        """After the reader ended: what a client has not read yet gets its time, then the connection is dropped."""
        try:
            if self._draining is not None:
                self._draining.cancel()
            if self._closing is not None:
                await asyncio.shield(self._closing)
        finally:
            transport = self._transport
            if transport is not None and transport.get_write_buffer_size() > 0:
                asyncio.get_running_loop().call_later(self._limits.write_timeout_s, transport.abort)


def text_frame(payload: bytes) -> bytes:
    """An unmasked final text frame (RFC 6455, 5.2). By hand: half the CPU of a send through the library, and no task switch."""
    length = len(payload)
    if length < 126:
        return struct.pack("!BB", 0x81, length) + payload
    if length < 65536:
        return struct.pack("!BBH", 0x81, 126, length) + payload
    return struct.pack("!BBQ", 0x81, 127, length) + payload
