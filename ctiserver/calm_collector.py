"""When Python looks for garbage: briefly and often among what is new, and among everything not while telephones ring, if it can wait.

A full collection visits every object there is, for 0.2 s with 500 agents and their cards, and nothing else happens meanwhile. A call
leaves no cycles behind (measured: none in a thousand calls), but pages, requests and errors do: some hundred objects each. Beside
a centre that is never quiet they would pile up for a quarter of an hour, by tens of megabytes; among the few thousand newest objects
they are found in a fraction of a millisecond.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable

LOOK_EVERY_S = 1.0
LONGEST_S = 900.0
#: So many new objects are looked through at once: about 0.3 ms.
NEW_WORTH_IT = 5_000
#: Each so-many-th time also what was new the times before: a live connection's garbage is older than a page's.
MIDDLE_EVERY = 10
#: Objects that outlived their first look since the last full collection: fewer are not worth the time, and more than these are some
#: hundred megabytes. Those that went by themselves since are counted, too.
WORTH_IT = 200_000
TOO_MANY = 2_000_000


def is_due(objects: int, *, quiet: bool, since_s: float) -> bool:
    """A full collection now?"""
    if objects >= TOO_MANY:
        return True
    return objects >= WORTH_IT and (quiet or since_s >= LONGEST_S)


class CalmCollector:
    """Runs the collections itself while the service runs. `quiet` tells that no call is going on."""

    def __init__(self, quiet: Callable[[], bool], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._quiet = quiet
        self._clock = clock
        self._collected_at = clock()
        self._kept = 0  # objects that outlived their first look
        self._looks = 0

    async def run(self) -> None:
        """Until cancelled."""
        gc.freeze()  # modules and the object graph stay: no collection need look at them again
        gc.disable()
        self._collected_at = self._clock()
        try:
            while True:
                await asyncio.sleep(LOOK_EVERY_S)
                self.look()
        finally:
            gc.unfreeze()
            gc.enable()

    def look(self) -> None:
        """Collect what is due."""
        new = gc.get_count()[0]
        if is_due(self._kept + new, quiet=self._quiet(), since_s=self._clock() - self._collected_at):
            gc.collect()
            self._collected_at, self._kept = self._clock(), 0
        elif new >= NEW_WORTH_IT:
            self._looks += 1
            found = gc.collect(0 if self._looks % MIDDLE_EVERY else 1)
            self._kept += max(0, new - found)
