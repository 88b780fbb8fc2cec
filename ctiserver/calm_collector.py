"""When Python looks for garbage: not while telephones ring, if it can wait.

A full collection visits every object there is, for 0.2 s with 500 agents and their cards, and nothing else happens meanwhile. A call
leaves no cycles behind (measured: none in a thousand calls), so what is collected comes from pages and errors, and is little.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable

LOOK_EVERY_S = 5.0
LONGEST_S = 900.0
#: New objects since the last collection: fewer are not worth the time, and more than these are some hundred megabytes.
WORTH_IT = 50_000
TOO_MANY = 2_000_000


def is_due(new_objects: int, *, quiet: bool, since_s: float) -> bool:
    """Collect now?"""
    if new_objects >= TOO_MANY:
        return True
    return new_objects >= WORTH_IT and (quiet or since_s >= LONGEST_S)


class CalmCollector:
    """Runs the collections itself while the service runs. `quiet` tells that no call is going on."""

    def __init__(self, quiet: Callable[[], bool], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._quiet = quiet
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled."""
        gc.freeze()  # modules and the object graph stay: no collection need look at them again
        gc.disable()
        collected_at = self._clock()
        try:
            while True:
                await asyncio.sleep(LOOK_EVERY_S)
                if is_due(gc.get_count()[0], quiet=self._quiet(), since_s=self._clock() - collected_at):
                    gc.collect()
                    collected_at = self._clock()
        finally:
            gc.unfreeze()
            gc.enable()
