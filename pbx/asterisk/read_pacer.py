"""When a PBX is very busy, a millisecond's pause after each read: several events then come in one.

Asterisk writes each event by itself, and waking up for one costs more than reading it (measured: 17 of 25 µs). So above a rate that only
a big call centre reaches we read at most a thousand times a second; a pop comes at most a millisecond later, and the processor has
half its time again.
"""

from __future__ import annotations

import asyncio

#: Events a second: some hundred calls a second with the recommended event filter.
BUSY = 4000
PAUSE_S = 0.001
_LOOK_EVERY_S = 0.1


class ReadPacer:
    """Told of each read by its protocol."""

    __slots__ = ("_busy", "_loop", "_seen", "_since")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._busy = False
        self._seen = 0
        self._since = loop.time()

    def after_read(self, transport: asyncio.Transport, now: float, events: int) -> None:
        """`now` is the loop's time, `events` how many there were so far on this connection."""
        elapsed = now - self._since
        if elapsed >= _LOOK_EVERY_S:
            self._busy = events - self._seen >= BUSY * elapsed
            self._since, self._seen = now, events
        if self._busy and not transport.is_closing():
            transport.pause_reading()
            self._loop.call_later(PAUSE_S, _go_on, transport)


def _go_on(transport: asyncio.Transport) -> None:
    if not transport.is_closing():
        transport.resume_reading()
