"""The live board at work: once a second tells the browsers what changed, and which tasks are due."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog

from crm_store.errors import StoreError
from crm_store.store import CrmStore
from crm_store.tasks import Task, TaskFilter
from pbx.call_events import CallEvent, PbxConnected, PbxLost, PbxResynced
from screenpop import topics
from screenpop.broker import Broker
from web.queue_board import QueueBoard
from web.views import task_json

logger = structlog.get_logger(__name__)

CHANGES_EVERY_S = 0.25
#: About a millisecond's work; then the event loop looks at what has come in.
CHANGES_AT_ONCE = 32
DUE_EVERY_S = 15.0
_DUE_AT_ONCE = 200


class BoardService:
    """Follows call events for the board; publishes its changes and the state of each PBX."""

    def __init__(
        self,
        board: QueueBoard,
        broker: Broker,
        store: CrmStore,
        pbx_status: Callable[[], list[dict[str, Any]]],
        browsers: Callable[[str], int],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._board = board
        self._broker = broker
        self._store = store
        self._pbx_status = pbx_status
        self._browsers = browsers
        self._clock = clock
        self._told_due: dict[int, str] = {}
        self._links: dict[str, dict[str, Any]] = {}

    def apply(self, event: CallEvent) -> None:
        """Take in one event; a change of the telephone link is told at once."""
        self._board.apply(event)
        if isinstance(event, PbxLost | PbxConnected | PbxResynced):
            self._tell_links()

    def _tell_links(self) -> None:
        for link in self._pbx_status():
            if self._links.get(link["name"]) != link:
                self._links[link["name"]] = link
                self._broker.publish(topics.PBX, "pbx.update", link)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._changes(), name="board-changes")
            group.create_task(self._due(), name="tasks-due")

    async def _changes(self) -> None:
        while True:
            await asyncio.sleep(CHANGES_EVERY_S)
            for name in self._board.agent_names():
                self._board.set_browser(name, "connected" if self._browsers(name) else "none")
            await self._tell_changes()
            self._tell_links()

    async def _tell_changes(self) -> None:
        while changes := self._board.changes(self._clock(), enough=CHANGES_AT_ONCE):
            for topic, kind, data in changes:
                self._broker.publish(topic, kind, data)
            await asyncio.sleep(0)  # a pop does not wait for a hall of agents

    # --- tasks ---------------------------------------------------------------------------------------------------------

    def tasks_changed(self, tasks: list[Task]) -> None:
        """Call-backs that a call made or closed."""
        for task in tasks:
            self._tell_task(task)

    def _tell_task(self, task: Task) -> None:
        for user in [task.owner] if task.owner else self._board.agent_names():
            self._broker.publish(topics.tasks(user), "task.due", task_json(task))

    async def _due(self) -> None:
        while True:
            await asyncio.sleep(DUE_EVERY_S)
            now = datetime.fromtimestamp(self._clock(), UTC)
            try:
                page = await self._store.tasks(
                    TaskFilter(state="open", due_before=now), cursor=None, limit=_DUE_AT_ONCE
                )
            except StoreError as error:
                logger.warning("due tasks not read", reason=str(error))
                continue
            due = {task.id: task.due_at.isoformat() for task in page.items if task.due_at is not None}
            for task in page.items:
                if task.id in due and self._told_due.get(task.id) != due[task.id]:
                    self._tell_task(task)
            self._told_due = due
