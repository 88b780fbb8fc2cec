"""Hands each call event to everyone who follows such events, in order, so that one follower's mistake stays its own.

Followers are synchronous and quick: they change their own memory and leave slow work to a worker of theirs. So a slow database
never delays a pop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import get_args

import structlog

from pbx.call_events import Anomaly, CallEvent, CallSpied

logger = structlog.get_logger(__name__)
audit = structlog.get_logger("audit")

Follower = Callable[[CallEvent], object]

EVERY_KIND: tuple[type, ...] = get_args(CallEvent)
#: The kinds of events that carry a call.
ABOUT_CALLS = tuple(kind for kind in EVERY_KIND if any(field.name == "call" for field in fields(kind)))


class Dispatcher:
    """Fan-out of call events within the process."""

    def __init__(self) -> None:
        self._followers: dict[type, list[tuple[str, Follower]]] = {kind: [] for kind in EVERY_KIND}
        self.dispatched = 0
        # Events that a follower could not take: each one is a bug of ours.
        self.failures = 0
        self.anomalies: dict[str, int] = {}
        self.follow("audit", _note_listening, (CallSpied,))

    def follow(self, name: str, follower: Follower, kinds: Iterable[type] = EVERY_KIND) -> None:
        """Call `follower` with each event of these kinds from now on. Order of following is order of telling."""
        for kind in kinds:
            self._followers[kind].append((name, follower))

    def dispatch(self, events: Iterable[CallEvent]) -> None:
        """Tell the followers, oldest event first."""
        for event in events:
            self.dispatched += 1
            if isinstance(event, Anomaly):
                self._note(event)
            for name, follower in self._followers[type(event)]:
                try:
                    follower(event)
                except Exception:
                    self.failures += 1
                    logger.exception("follower failed", follower=name, event_type=type(event).__name__)

    def _note(self, anomaly: Anomaly) -> None:
        self.anomalies[anomaly.kind] = self.anomalies.get(anomaly.kind, 0) + 1
        logger.info("anomaly", kind=anomaly.kind, pbx=anomaly.pbx, call_id=anomaly.call_id)


def _note_listening(event: CallEvent) -> None:
    """Who listened to whom is kept, whatever else becomes of it."""
    if isinstance(event, CallSpied):
        audit.info("listened in", call=event.call.id, by=event.by, on=event.on)
