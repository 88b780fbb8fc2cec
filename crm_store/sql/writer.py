"""The one task that writes. Whoever asks for a write may be cancelled; the write itself never is, half-way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection

from crm_store.errors import StoreUnavailable

T = TypeVar("T")

#: Runs work in one transaction, all of it or nothing.
Transact: TypeAlias = Callable[[Callable[[Connection], Any]], Awaitable[Any]]

#: Rows wait this long for others: one commit (and one fsync) for all of them.
GROUP_SECONDS = 0.025
GROUP_ROWS = 200
#: A full queue makes the callers wait: nothing is dropped.
QUEUE_SIZE = 2000


@dataclass(eq=False, slots=True)
class _Job:
    """`rows` None: a single write that should not wait. Else rows for `work(connection, rows)`, which may."""

    work: Callable[..., Any]
    rows: Sequence[Any] | None
    done: asyncio.Future[Any]


class Writer:
    """Runs writes one after another, each in a transaction; groups what waits together into one."""

    def __init__(self, transact: Transact) -> None:
        self._transact = transact
        self._jobs: asyncio.Queue[_Job | None] = asyncio.Queue(QUEUE_SIZE)
        self._closing = False
        self._last_batch_taken = False
        self._stopped = False
        self._taken: list[_Job | None] = []  # the batch in work; None at its end when the store closes
        self._farewell: asyncio.Task[None] | None = None
        #: How many transactions were committed, and how long they took together (for the metrics).
        self.commits = 0
        self.commit_s = 0.0
        self._task = asyncio.create_task(self._write_until_closed(), name="store-writer")

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction and return what it returns. It may be run again if a neighbour fails."""
        result: T = await self._submit(work, None)
        return result

    async def run_rows(self, work: Callable[[Connection, Sequence[Any]], None], rows: Sequence[Any]) -> None:
        """Write rows together with those of other callers; returns when they are committed."""
        if rows:
            await self._submit(work, rows)

    async def close(self) -> None:
        """Finish everything that was asked for."""
        if not self._closing:
            self._closing = True
            self._farewell = asyncio.create_task(self._jobs.put(None), name="store-writer-close")
        await asyncio.wait({self._task})

    @property
    def waiting(self) -> int:
        """Writes that nobody has begun."""
        return self._jobs.qsize()

    @property
    def alive(self) -> bool:
        return not self._task.done()

    async def _submit(self, work: Callable[..., Any], rows: Sequence[Any] | None) -> Any:
        if self._closing or not self.alive:
            raise _closed()
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        done.add_done_callback(_mark_retrieved)
        await self._jobs.put(_Job(work, rows, done))
        if self._stopped:  # while we waited for room in the queue
            self._refuse_waiting()
        return await asyncio.shield(done)

    async def _write_until_closed(self) -> None:
        try:
            while not self._last_batch_taken:
                await self._take_batch()
                batch = [job for job in self._taken if job is not None]
                if batch:
                    await self._commit(batch)
                self._taken.clear()
        finally:
            self._stopped = self._closing = True
            self._refuse_waiting()

    def _refuse_waiting(self) -> None:
        while not self._jobs.empty():
            self._taken.append(self._jobs.get_nowait())
        for job in self._taken:
            if job is not None and not job.done.done():
                job.done.set_exception(_closed())

    async def _take_batch(self) -> None:
        """Whatever waits now; if that is only rows, also what comes within the group time."""
        rows = 0
        patient = True
        deadline: float | None = None  # the first job may be long in coming
        while rows < GROUP_ROWS and not self._last_batch_taken:
            try:
                async with asyncio.timeout_at(deadline):
                    job = await self._jobs.get() if patient else self._jobs.get_nowait()
            except (asyncio.QueueEmpty, TimeoutError):
                return
            self._taken.append(job)
            if job is None:
                self._last_batch_taken = True
                return
            deadline = deadline or asyncio.get_running_loop().time() + GROUP_SECONDS
            patient = patient and job.rows is not None
            rows += len(job.rows or (None,))

    async def _commit(self, batch: list[_Job]) -> None:
        begun = asyncio.get_running_loop().time()
        try:
            results = await self._transact(partial(_run_all, batch=batch))
        except Exception as error:
            # The whole transaction is rolled back. One bad job must not take its neighbours with it.
            if len(batch) > 1:
                for job in batch:
                    await self._commit([job])
            elif not batch[0].done.done():
                batch[0].done.set_exception(error)
        else:
            self.commits += 1
            self.commit_s += asyncio.get_running_loop().time() - begun
            for job, result in zip(batch, results, strict=True):
                if not job.done.done():
                    job.done.set_result(result)


def _run_all(connection: Connection, batch: list[_Job]) -> list[Any]:
    results: list[Any] = []
    for (work, grouped), jobs in groupby(batch, key=lambda job: (job.work, job.rows is not None)):
        members = list(jobs)
        if grouped:
            work(connection, [row for job in members for row in job.rows or ()])
            results += [None] * len(members)
        else:
            results += [work(connection) for _ in members]
    return results


def _closed() -> StoreUnavailable:
    return StoreUnavailable("The store is closed.")


def _mark_retrieved(done: asyncio.Future[Any]) -> None:
    # The caller may be gone; asyncio would then complain about an error nobody looked at.
    if not done.cancelled():
        done.exception()
