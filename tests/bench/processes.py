"""Parts of a benchmark in processes of their own, driven by messages over a pipe, so that nobody's work is in another's way."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import resource
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

import uvloop

_SPAWN = multiprocessing.get_context("spawn")
_ANSWER_TIMEOUT_S = 120.0

#: Set in the environment: no real-time scheduling.
PLAIN = "CTI_BENCH_PLAIN"

#: What a part runs: it answers messages of `Mailbox.received` until there are no more.
Work = Callable[..., Coroutine[Any, Any, None]]


class PartFailed(Exception):
    """A process of the benchmark ended or did not answer."""


class Part:
    """`with Part(work, arguments…) as part:` runs `work(mailbox, arguments…)` in a fresh process, on uvloop or not."""

    def __init__(self, work: Work, *arguments: Any, on_uvloop: bool = True) -> None:
        self._name = work.__module__.rpartition(".")[2]
        # One pipe each way: the event loop makes the end it watches non-blocking.
        orders, self._orders = _SPAWN.Pipe(duplex=False)
        self._answers, answers = _SPAWN.Pipe(duplex=False)
        self._theirs = (orders, answers)
        self._process = _SPAWN.Process(target=_run, args=(work, self._theirs, arguments, on_uvloop), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        for end in self._theirs:
            end.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._orders.close()  # the end of its messages
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def ask(self, *message: Any, timeout_s: float = _ANSWER_TIMEOUT_S) -> Any:
        """Send a message and wait for its answer. Raises PartFailed."""
        self._orders.send(message)
        return self.answer(timeout_s=timeout_s)

    def answer(self, *, timeout_s: float = _ANSWER_TIMEOUT_S) -> Any:
        """What it says next."""
        if not self._answers.poll(timeout_s):
            raise PartFailed(f"{self._name} did not answer within {timeout_s:g} s")
        try:
            return self._answers.recv()
        except EOFError as error:
            raise PartFailed(f"{self._name} ended; its reason is above") from error

    @property
    def pid(self) -> int:
        """Of its process."""
        pid = self._process.pid
        assert pid is not None
        return pid

    def kill(self) -> None:
        """`kill -9`, in the middle of whatever it does."""
        self._process.kill()
        self._process.join()

    def left_over(self) -> Iterator[Any]:
        """After `kill`: the answers that it had still given."""
        with contextlib.suppress(EOFError):
            while self._answers.poll():
                yield self._answers.recv()


class Mailbox:
    """A part's end of the pipe."""

    def __init__(self, orders: Connection, answers: Connection) -> None:
        self._orders = orders
        self._answers = answers

    def answer(self, value: Any) -> None:
        """To the last message, or unasked when the part is ready."""
        self._answers.send(value)

    async def received(self) -> AsyncIterator[tuple[Any, ...]]:
        """Messages as they come; ends when the benchmark needs this part no more."""
        loop = asyncio.get_running_loop()
        news = asyncio.Event()
        loop.add_reader(self._orders.fileno(), news.set)
        try:
            while True:
                await news.wait()
                news.clear()
                while self._orders.poll():
                    yield self._orders.recv()
        except (EOFError, ConnectionError):
            return
        finally:
            loop.remove_reader(self._orders.fileno())


def cpu_seconds() -> float:
    """CPU time of this process so far, all threads, user and system."""
    return time.process_time()


@contextlib.contextmanager
def undisturbed() -> Iterator[bool]:
    """Ask the kernel to run this process before those of neighbours (real-time round robin). False: not allowed here.

    Ours and what it is compared with alike: on a shared machine tails otherwise tell more about the neighbours.
    """
    if os.environ.get(PLAIN):
        yield False
        return
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except (PermissionError, AttributeError):
        yield False
        return
    try:
        yield True
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _run(work: Work, pipes: tuple[Connection, Connection], arguments: tuple[Any, ...], on_uvloop: bool) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    main = work(Mailbox(*pipes), *arguments)
    with undisturbed():
        if on_uvloop:
            uvloop.run(main)
        else:
            asyncio.run(main)
