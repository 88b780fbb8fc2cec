"""Board news for a hall of screens go out a few sockets at a time, so that a pop never waits for five hundred writes."""

from __future__ import annotations

import asyncio
from itertools import islice

import structlog

from screenpop.websocket.socket import Socket

_log = structlog.get_logger(__name__)

#: Half a millisecond's work; then the event loop looks at what has come in.
SOCKETS_AT_ONCE = 16


class FlushRounds:
    """Sockets that have something to send and need not send it at once. Each is there once."""

    def __init__(self) -> None:
        self._waiting: dict[Socket, None] = {}

    def add(self, socket: Socket) -> None:
        """Flush it in one of the next rounds."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._next_round)
        self._waiting[socket] = None

    def _next_round(self) -> None:
        for socket in list(islice(self._waiting, SOCKETS_AT_ONCE)):
            del self._waiting[socket]
            try:
                socket.flush()
            except Exception:
                _log.exception("push_flush_failed", user=socket.session.user.name)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._next_round)
