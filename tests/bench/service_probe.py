"""Looks into the service under load from within its process: how late its loop is, how late it hears of calls, what it holds."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from ctiserver.wiring import Service
from pbx.asterisk.ami_client import AmiClient
from pbx.asterisk.ami_decoder import RawMessage
from pbx.asterisk.ami_events import ParseProblem
from pbx.asterisk.ami_link import EventBatch, LinkItem
from pbx.call_events import CallEvent, PbxLost
from tests.bench.figures import percentile

#: So often the loop is asked for a turn; how late it comes is the loop's lag.
EVERY_S = 0.005
#: A loop that is busy for so long in one go has a callback that is too long.
TOO_LONG_S = 0.020
_TIMESTAMP = b"\r\nTimestamp: "
_OURS = ("ctiserver", "pbx", "screenpop", "crm_store", "web")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What was seen between `begin` and `end`; times in seconds. `read_` lags are from an event's Timestamp until it is read and
    decoded, `handled_` lags until everything it means is told."""

    loop_p99: float
    loop_longest: float
    culprits: list[tuple[str, int]]
    reads: int
    read_p99: float
    read_longest: float
    handled_p99: float
    handled_longest: float
    links_lost: int


class ServiceProbe:
    """`begin`, let things happen, `end`. Nothing is attached to the service before the first `begin`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._loop = asyncio.get_running_loop()
        self._following = False
        self._lags = array("d")
        self._read = array("d")
        self._handled = array("d")
        self._links_lost = 0
        self._ticking: asyncio.TimerHandle | None = None
        self._ticked = time.perf_counter()
        self._watchdog = _Watchdog(lambda: self._ticked)

    def begin(self) -> None:
        """From now on."""
        if not self._following:
            self._following = True
            self._service.dispatcher.follow("bench", self._count_loss, (PbxLost,))
            for link in self._service.links.values():
                self._look_at(link.client)
        self._lags, self._read, self._handled, self._links_lost = array("d"), array("d"), array("d"), 0
        self._watchdog.start()
        self._tick_later()

    def end(self) -> Watched:
        """What there was since `begin`."""
        if self._ticking is not None:
            self._ticking.cancel()
        return Watched(
            loop_p99=percentile(self._lags, 0.99),
            loop_longest=max(self._lags, default=0.0),
            culprits=self._watchdog.stop(),
            reads=len(self._read),
            read_p99=percentile(self._read, 0.99),
            read_longest=max(self._read, default=0.0),
            handled_p99=percentile(self._handled, 0.99),
            handled_longest=max(self._handled, default=0.0),
            links_lost=self._links_lost,
        )

    def _look_at(self, client: AmiClient) -> None:
        """After each read, and after each batch that was handled: how old is its oldest event?"""
        receive, take = client.events_received, client._take
        assert take is not None

        def receive_and_look(events: Sequence[RawMessage]) -> None:
            if events and (stamped := timestamp_of(events[0].block)) is not None:
                self._read.append(time.time() - stamped)
            receive(events)

        def take_and_look(item: LinkItem) -> None:
            take(item)
            if isinstance(item, EventBatch) and item.events:
                first = item.events[0]
                if not isinstance(first, ParseProblem) and first.at is not None:
                    self._handled.append(time.time() - first.at)

        client.events_received = receive_and_look  # type: ignore[method-assign]
        client.deliver_to(take_and_look)

    def _count_loss(self, _event: CallEvent) -> None:
        self._links_lost += 1

    def _tick_later(self) -> None:
        self._ticked = time.perf_counter()
        self._ticking = self._loop.call_later(EVERY_S, self._tick, self._ticked + EVERY_S)

    def _tick(self, due: float) -> None:
        self._lags.append(max(time.perf_counter() - due, 0.0))
        self._tick_later()


class _Watchdog:
    """A thread that looks where the loop is when it has not ticked for too long. Once for each time."""

    def __init__(self, last_tick: Callable[[], float]) -> None:
        self._last_tick = last_tick
        self._loop_thread = threading.get_ident()
        self._seen: Counter[str] = Counter()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._seen.clear()
        self._stop.clear()
        self._thread = threading.Thread(target=self._watch, daemon=True, name="bench-watchdog")
        self._thread.start()

    def stop(self) -> list[tuple[str, int]]:
        """Where the loop was, the commonest first."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        return self._seen.most_common(5)

    def _watch(self) -> None:
        told = 0.0
        while not self._stop.wait(EVERY_S):
            ticked = self._last_tick()
            if ticked != told and time.perf_counter() - ticked > EVERY_S + TOO_LONG_S:
                told = ticked
                frame = sys._current_frames().get(self._loop_thread)
                if frame is not None:
                    self._seen[place_of(frame)] += 1


def timestamp_of(block: bytes) -> float | None:
    """Of an event as Asterisk wrote it; None without one."""
    start = block.find(_TIMESTAMP)
    if start < 0:
        return None
    start += len(_TIMESTAMP)
    end = block.find(b"\r\n", start)
    return float(block[start:] if end < 0 else block[start:end])


def place_of(frame: FrameType) -> str:
    """The innermost function of ours in this stack and, where it is another's that runs, that one's name."""
    inner = frame.f_code.co_name
    for one in _outwards(frame):
        name = str(one.f_globals.get("__name__", ""))
        if name.partition(".")[0] in _OURS:
            here = f"{name}.{one.f_code.co_qualname if hasattr(one.f_code, 'co_qualname') else one.f_code.co_name}"
            return here if one is frame else f"{here} → {inner}"
    return f"{frame.f_globals.get('__name__', '?')}.{inner}"


def _outwards(frame: FrameType) -> Iterator[FrameType]:
    one: FrameType | None = frame
    while one is not None:
        yield one
        one = one.f_back


def private_kb(pid: int | str = "self") -> float:
    """Memory that only this process has: what it wrote. Clean pages of libraries and files are not counted."""
    rows = Path("/proc", str(pid), "smaps_rollup").read_text(encoding="ascii").splitlines()
    return float(sum(int(row.split()[1]) for row in rows if row.startswith("Private_Dirty:")))


async def settled(service: Service, *, within_s: float) -> bool:
    """Return when no call is open and every record is written; False when that takes too long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while any(pump.state.open_calls() for pump in service.pumps.values()):  # noqa: ASYNC110 - nobody tells it
                await asyncio.sleep(0.1)
            await service.call_log.flush()
            return True
    return False
