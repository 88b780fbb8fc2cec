"""How late the event loop is, and which code holds it while it is late.

Everything here lives on one loop: whoever holds it for a quarter of a second delays every pop by as much. A worker on the loop
measures how much too late it is woken; a thread beside it looks when no sign of life comes and says where the loop is.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate
from pathlib import Path
from types import FrameType

import structlog

logger = structlog.get_logger(__name__)

#: A sign of life so often: a wake-up costs some ten microseconds.
BEAT_S = 0.1
#: A callback that holds the loop for longer is named.
BLOCKED_S = 0.25
#: Not more than one complaint in this time; the others are counted.
LOUD_EVERY_S = 10.0
BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_LOOK_S = 0.1
_LONGEST_OF_S = 60.0
_FRAMES = 12
#: Whoever runs the loop is on every stack, and holds up nothing.
_RUNNERS = ("asyncio/runners.py", "asyncio/base_events.py", "uvloop/__init__.py")
_ROOT = Path(__file__).parents[1]
_OURS = tuple(str(_ROOT / package) + os.sep for package in ("ctiserver", "web", "screenpop", "crm_store", "pbx"))


class Verdict(Enum):
    """Why no sign of life came from the loop."""

    BLOCKED = "blocked"  # one piece of code holds it
    STARVED = "starved"  # the machine ran others, or us not at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """The time since the loop's last sign of life."""

    late_s: float  # beyond the usual pause
    looked_late_s: float  # by how much whoever looks came too late, too
    cpu_s: float  # that the loop's thread used meanwhile
    queued_s: float  # that the loop's thread was ready to run and did not get a processor


def judged(silence: Silence, *, threshold_s: float = BLOCKED_S) -> Verdict | None:
    """None: not late enough to speak of.

    What cannot be told from outside is told by the processor's time: a piece of C that keeps the interpreter to itself keeps who
    looks away as well, and so does a machine that runs neither; only the first one uses time.
    """
    if silence.late_s < threshold_s:
        return None
    if silence.looked_late_s >= threshold_s / 2:
        return Verdict.BLOCKED if silence.cpu_s >= threshold_s else Verdict.STARVED
    return Verdict.BLOCKED if silence.late_s - silence.queued_s >= threshold_s else Verdict.STARVED


def where(frame: FrameType | None) -> tuple[str, list[str]]:
    """The innermost line of ours, and the stack from inside out. Code only: no value of a variable, no caller."""
    stack: list[str] = []
    ours = ""
    while frame is not None and not frame.f_code.co_filename.endswith(_RUNNERS):
        line = f"{_short(frame.f_code.co_filename)}:{frame.f_lineno} {frame.f_code.co_qualname}"
        stack.append(line)
        if not ours and frame.f_code.co_filename.startswith(_OURS):
            ours = line
        frame = frame.f_back
    return ours or (stack[0] if stack else "the loop itself"), stack[:_FRAMES]


def _short(file: str) -> str:
    return str(Path(file).relative_to(_ROOT)) if file.startswith(_OURS) else "/".join(Path(file).parts[-2:])


class LagFigures:
    """What was measured, for the metrics."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS_S) + 1)
        self.sum_s = 0.0
        self.blocked = 0
        self.starved = 0
        # The longest of this minute and of the one before: a scrape in between misses none.
        self._longest = (0.0, 0.0)
        self._minute = 0.0

    def add(self, late_s: float, now: float) -> None:
        """The loop was so late this time."""
        self._counts[bisect_left(BOUNDS_S, late_s)] += 1
        self.sum_s += late_s
        self._turn(now)
        self._longest = (max(self._longest[0], late_s), self._longest[1])

    def longest_s(self, now: float) -> float:
        """Of the last one to two minutes."""
        self._turn(now)
        return max(self._longest)

    def buckets(self) -> list[tuple[str, float]]:
        """Upper bound → how often the loop was late by no more, as Prometheus wants it."""
        bounds = [*(str(bound) for bound in BOUNDS_S), "+Inf"]
        return list(zip(bounds, accumulate(self._counts), strict=True))

    def _turn(self, now: float) -> None:
        minute = now // _LONGEST_OF_S
        if minute != self._minute:
            self._longest = (0.0, self._longest[0] if minute == self._minute + 1 else 0.0)
            self._minute = minute


class _LoopThread:
    """What the system says of the thread that runs the loop; asked from any thread."""

    def __init__(self) -> None:
        self.ident = threading.get_ident()
        self._cpu_clock = time.pthread_getcpuclockid(self.ident)
        try:
            self._file = os.open(f"/proc/self/task/{threading.get_native_id()}/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._file = -1  # no such system: a starved loop is then called blocked

    def cpu_s(self) -> float:
        return time.clock_gettime(self._cpu_clock)

    def queued_s(self) -> float:
        """How long it was ready to run and had no processor, ever."""
        if self._file < 0:
            return 0.0
        return int(os.pread(self._file, 100, 0).split()[1]) / 1e9

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


@dataclass(frozen=True, slots=True)
class _Beat:
    """A sign of life, and what the thread had used by then."""

    at: float
    cpu_s: float
    queued_s: float


class LoopLag:
    """`run` is the worker that measures; the thread beside it lives as long."""

    def __init__(
        self,
        *,
        threshold_s: float = BLOCKED_S,
        loud_every_s: float = LOUD_EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.figures = LagFigures()
        self._threshold_s = threshold_s
        self._loud_every_s = loud_every_s
        self._clock = clock
        self._beat = _Beat(0.0, 0.0, 0.0)
        # The beat after which the loop was found blocked.
        self._found: _Beat | None = None
        self._said_at: float | None = None
        self._unsaid = 0

    @property
    def longest_s(self) -> float:
        """The longest lag of the last one to two minutes."""
        return self.figures.longest_s(self._clock())

    async def run(self) -> None:
        """Until cancelled."""
        thread, stop = _LoopThread(), threading.Event()
        self._beat = self._now(thread)
        watcher = threading.Thread(target=self._watch, args=(thread, stop), name="loop-lag", daemon=True)
        watcher.start()
        try:
            while True:
                await asyncio.sleep(BEAT_S)
                self._take(thread)
        finally:
            stop.set()
            watcher.join()
            thread.close()

    def _now(self, thread: _LoopThread) -> _Beat:
        return _Beat(self._clock(), thread.cpu_s(), thread.queued_s())

    def _between(self, before: _Beat, now: _Beat, *, looked_late_s: float = 0.0) -> Silence:
        return Silence(
            late_s=max(0.0, now.at - before.at - BEAT_S),
            looked_late_s=looked_late_s,
            cpu_s=now.cpu_s - before.cpu_s,
            queued_s=now.queued_s - before.queued_s,
        )

    # --- on the loop --------------------------------------------------------------------------------------------------

    def _take(self, thread: _LoopThread) -> None:
        """One more sign of life."""
        before, self._beat = self._beat, self._now(thread)
        silence = self._between(before, self._beat)
        self.figures.add(silence.late_s, self._beat.at)
        if silence.late_s < self._threshold_s:
            return
        if self._found is before:
            self.figures.blocked += 1
            logger.info("event loop free again", seconds=round(silence.late_s, 3))
        elif silence.cpu_s >= self._threshold_s:
            # Over before the thread could look: a piece of C that let nobody else run, a full garbage collection for instance.
            self.figures.blocked += 1
            self._say(silence, "unknown", [])
        else:
            self.figures.starved += 1
            logger.info(
                "event loop starved", seconds=round(silence.late_s, 3), waited_for_cpu_s=round(silence.queued_s, 3)
            )

    # --- beside it ----------------------------------------------------------------------------------------------------

    def _watch(self, thread: _LoopThread, stop: threading.Event) -> None:
        """Look at the loop, also when nothing on it runs any more."""
        asleep_at = self._clock()
        while not stop.wait(_LOOK_S):
            looked_late_s = self._clock() - asleep_at - _LOOK_S
            self._look(thread, looked_late_s)
            asleep_at = self._clock()

    def _look(self, thread: _LoopThread, looked_late_s: float) -> None:
        before = self._beat
        if self._found is before or self._clock() - before.at - BEAT_S < self._threshold_s:
            return
        frame = sys._current_frames().get(thread.ident)
        silence = self._between(before, self._now(thread), looked_late_s=looked_late_s)
        # It may have gone on while we looked: then the frame is of what came later.
        if judged(silence, threshold_s=self._threshold_s) is Verdict.BLOCKED and self._beat is before:
            self._found = before
            self._say(silence, *where(frame))

    def _say(self, silence: Silence, place: str, frames: list[str]) -> None:
        now = self._clock()
        if self._said_at is not None and now - self._said_at < self._loud_every_s:
            self._unsaid += 1
            return
        self._said_at = now
        unsaid, self._unsaid = self._unsaid, 0
        logger.warning(
            "event loop blocked",
            where=place,
            so_far_s=round(silence.late_s, 3),
            cpu_s=round(silence.cpu_s, 3),
            frames=frames,
            unsaid=unsaid,
        )
