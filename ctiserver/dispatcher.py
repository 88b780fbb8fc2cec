"""Hands each call event to everyone who follows calls, in order, so that one follower's mistake stays its own.

Followers are synchronous and quick: they change their own memory and leave slow work to a worker of theirs. So a slow database
never delays a pop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog

from pbx.call_events import Anomaly, CallEvent

logger = structlog.get_logger(__name__)

Follower = Callable[[CallEvent], object]


class Dispatcher:
    """Fan-out of call events within the process."""

    def __init__(self) -> None:
        self._followers: list[tuple[str, Follower]] = []
        self.dispatched = 0
        # Events that a follower could not take: each one is a bug of ours.
        self.failures = 0
        self.anomalies: dict[str, int] = {}

    def follow(self, name: str, follower: Follower) -> None:
        """Call `follower` with each event from now on. Order of following is order of telling."""
        self._followers.append((name, follower))

    def dispatch(self, events: Iterable[CallEvent]) -> None:
        """Tell all followers, oldest event first."""
        for event in events:
            self.dispatched += 1
            if isinstance(event, Anomaly):
                self._note(event)
            for name, follower in self._followers:
                try:
                    follower(event)
                except Exception:
                    self.failures += 1
                    logger.exception("follower failed", follower=name, event_type=type(event).__name__)

    def _note(self, anomaly: Anomaly) -> None:
        self.anomalies[anomaly.kind] = self.anomalies.get(anomaly.kind, 0) + 1
        logger.info("anomaly", kind=anomaly.kind, pbx=anomaly.pbx, call_id=anomaly.call_id)
