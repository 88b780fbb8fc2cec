"""Tasks at work: who is reminded when something is due, what the browsers hear, and claims that come to nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from crm_store.errors import StoreError
from crm_store.opening_hours import ClosedDay
from crm_store.store import CrmStore
from crm_store.tasks import Task
from screenpop import topics
from screenpop.broker import Broker
from web.queue_board import QueueBoard
from web.task_news import people_of, tell_tasks
from web.views import task_json

logger = structlog.get_logger(__name__)

#: At most so late does somebody who has just come hear what fell due meanwhile; the next due time itself is waited for.
LOOK_EVERY_S = 5.0
#: Not finer than this: a due time may lie a moment ahead of the database's.
_SOONEST_S = 0.05
CLAIMS_EVERY_S = 15.0
_AT_ONCE = 200
#: With these ends the talk itself closes the call-back; of an unknown one the phone may still ring.
_NOT_GIVEN_BACK = frozenset({"answered", "unknown"})


class TaskService:
    """`run` is its worker."""

    def __init__(
        self,
        board: QueueBoard,
        broker: Broker,
        store: CrmStore,
        *,
        calling: Callable[[], Collection[int]],
        claim_s: float,
        rest_day: ClosedDay,
        clock: Callable[[], datetime],
    ) -> None:
        """`calling`: ids of the tasks that somebody is dialling or talking for now; `claim_s`: how long a claim lasts without a call."""
        self._board = board
        self._broker = broker
        self._store = store
        self._calling = calling
        self._claim = timedelta(seconds=claim_s)
        self._rest_day = rest_day
        self._clock = clock
        self._look = asyncio.Event()
        self._given_back: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
        # Told, but the database could not take note of it: not told again.
        self._unwritten: dict[int, Task] = {}

    def changed(self, tasks: Iterable[Task]) -> None:
        """Call-backs that a call made or closed, or that were given back."""
        tell_tasks(self._broker.publish, self._board, tasks)
        self._look.set()

    def dial_ended(self, request: Mapping[str, Any]) -> None:
        """A click-to-dial is over: if it was for a call-back and did not reach the person, the others may try."""
        if request.get("task_id") is not None and request["state"] not in _NOT_GIVEN_BACK:
            self._given_back.put_nowait((int(request["task_id"]), str(request["agent"])))

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._load_holidays(), name="holidays")
            group.create_task(self._reminders(), name="reminders")
            group.create_task(self._give_back(), name="claims")
            group.create_task(self._stale_claims(), name="stale-claims")

    async def _load_holidays(self) -> None:
        """In a thread, so that no page and no call is the first to need the calendar."""
        await asyncio.to_thread(self._rest_day, self._clock().date())

    # --- reminders -----------------------------------------------------------------------------------------------------

    async def _reminders(self) -> None:
        while True:
            wait_s = LOOK_EVERY_S
            try:
                await self._remind()
                now = self._clock()
                if (due := await self._store.next_due(now)) is not None:
                    wait_s = min(wait_s, max((due - now).total_seconds(), _SOONEST_S))
            except StoreError as error:
                logger.warning("due tasks not read", reason=str(error))
            try:
                async with asyncio.timeout(wait_s):
                    await self._look.wait()
            except TimeoutError:
                pass
            self._look.clear()

    async def _remind(self) -> None:
        """Who has no screen open is reminded when they come: nothing is told to nobody."""
        listening = {name for name in self._board.people() if self._broker.listeners(topics.tasks(name))}
        if not listening:
            return
        due = await self._store.due_reminders(listening, now=self._clock(), limit=_AT_ONCE)
        told = [task for task in due if self._known(task) or self._tell(task, listening)]
        if told:
            self._unwritten = {task.id: task for task in told}
            await self._store.reminded(told)
            self._unwritten.clear()

    def _known(self, task: Task) -> bool:
        before = self._unwritten.get(task.id)
        return before is not None and before.due_at == task.due_at

    def _tell(self, task: Task, listening: Collection[str]) -> bool:
        hearers = ({task.owner} if task.owner else people_of(task, self._board)) & set(listening)
        for user in sorted(hearers):
            self._broker.publish(topics.tasks(user), "task.due", task_json(task))
        return bool(hearers)

    # --- claims --------------------------------------------------------------------------------------------------------

    async def _give_back(self) -> None:
        while True:
            task_id, user = await self._given_back.get()
            try:
                released = await self._store.release_task(task_id, user=user)
            except StoreError as error:
                logger.warning("claim not given back; it ends by itself", task=task_id, reason=str(error))
                continue
            if released is not None:
                self.changed([released])

    async def _stale_claims(self) -> None:
        while True:
            await asyncio.sleep(CLAIMS_EVERY_S)
            try:
                self.changed(await self._store.release_claims(self._clock() - self._claim, busy=self._calling()))
            except StoreError as error:
                logger.warning("old claims not given back", reason=str(error))
