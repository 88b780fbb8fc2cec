"""The live board at work: once a second tells the browsers what changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from pbx.call_events import CallEvent, PbxConnected, PbxLost, PbxResynced
from screenpop import topics
from screenpop.broker import Broker
from web.queue_board import QueueBoard

CHANGES_EVERY_S = 0.25
#: About a millisecond's work; then the event loop looks at what has come in.
CHANGES_AT_ONCE = 32


class BoardService:
    """Follows call events for the board; publishes its changes and the state of each PBX."""

    def __init__(
        self,
        board: QueueBoard,
        broker: Broker,
        pbx_status: Callable[[], list[dict[str, Any]]],
        browsers: Callable[[str], int],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._board = board
        self._broker = broker
        self._pbx_status = pbx_status
        self._browsers = browsers
        self._clock = clock
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
