"""Simulated time: scripts that sleep, wake at their moment and never see a real clock."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pbx.simulator.channels import SimChannel


class Signal:
    """Something that several scripts wait for, such as "a member became free"."""

    def __init__(self) -> None:
        self.waiting: list[Task] = []


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wake me after `seconds`, or earlier when the signal fires or somebody hangs up one of my channels by AMI."""

    seconds: float
    signal: Signal | None = None


Woken: TypeAlias = "SimChannel | Signal | None"  # the channel to hang up, the signal that fired, None: time is up
Script: TypeAlias = Generator[Sleep, Woken, None]


@dataclass(slots=True, eq=False)
class Task:
    """A running script."""

    script: Script
    due: int = 0  # the number of the heap entry that counts; older ones are stale
    signal: Signal | None = None
    hung: bool = False  # a hang-up is on its way: nothing may overtake it
    done: bool = False
    on_end: Callable[[], None] | None = None


@dataclass(slots=True)
class Timeline:
    """Runs scripts in the order of their moments; `now` is epoch seconds."""

    now: float
    current: Task | None = None  # the script that runs right now
    _heap: list[tuple[float, int, Task, Woken]] = field(default_factory=list)
    _numbers: int = 0

    def start(self, script: Script, *, delay: float = 0.0) -> Task:
        """Begin a script after `delay` seconds."""
        task = Task(script)
        self._push(task, self.now + delay, None)
        return task

    def fire(self, signal: Signal) -> None:
        """Wake all who wait for the signal, in the order in which they began to wait."""
        for task in signal.waiting:
            if not task.hung:
                task.signal = None
                self._push(task, self.now, signal)
        signal.waiting = [task for task in signal.waiting if task.hung]

    def hang_up(self, task: Task, channel: SimChannel) -> None:
        """Wake the script with the channel that has to go."""
        if not task.done and not task.hung:
            task.hung = True
            self._push(task, self.now, channel)

    def wake(self, task: Task) -> None:
        """What the script sleeps for is here now."""
        if not task.done and not task.hung:
            self._push(task, self.now, None)

    def next_due(self) -> float | None:
        """When something happens next; None when nothing is planned."""
        while self._heap and self._heap[0][2].due != self._heap[0][1]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def advance(self, until: float) -> None:
        """Let everything happen that is due up to `until`."""
        while (due := self.next_due()) is not None and due <= until:
            _, _, task, woken = heapq.heappop(self._heap)
            self.now = max(self.now, due)
            self._step(task, woken)
        self.now = max(self.now, until)

    def _push(self, task: Task, moment: float, woken: Woken) -> None:
        self._numbers += 1
        task.due = self._numbers
        heapq.heappush(self._heap, (moment, self._numbers, task, woken))

    def _step(self, task: Task, woken: Woken) -> None:
        if task.signal is not None:
            task.signal.waiting.remove(task)
            task.signal = None
        task.hung = False
        self.current = task
        try:
            sleep = task.script.send(woken)
        except StopIteration:
            task.done = True
            if task.on_end is not None:
                task.on_end()
            return
        if sleep.signal is not None:
            sleep.signal.waiting.append(task)
            task.signal = sleep.signal
        self._push(task, self.now + max(sleep.seconds, 0.0), None)
