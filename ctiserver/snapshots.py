"""What a freshly connected screen is shown, from memory: nothing can fall between it and the changes that follow."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from crm_store.access import Principal
from ctiserver.pop_service import PopService
from web.click_to_dial import ClickToDial
from web.queue_board import QueueBoard


class Snapshots:
    """The push server's `SnapshotSource`."""

    def __init__(
        self,
        pops: PopService,
        board: QueueBoard,
        dialler: ClickToDial,
        pbx_status: Callable[[], list[dict[str, Any]]],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._pops = pops
        self._board = board
        self._dialler = dialler
        self._pbx_status = pbx_status
        self._clock = clock

    def snapshot(self, user: Principal, topics: frozenset[str]) -> Mapping[str, Any]:
        """Only what the topics cover."""
        return {
            "pops": self._pops.snapshot(user.name) if "pops" in topics else [],
            "queues": self._board.queues_for(user, self._clock()) if "queues" in topics else [],
            "agents": self._board.agents_for(user) if topics & {"agents", "agent"} else [],
            "pbx": self._pbx_status() if "pbx" in topics else [],
            "requests": self._dialler.requests_of(user.name) if "requests" in topics else [],
        }
