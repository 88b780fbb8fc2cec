"""The broker inside one process: a table of topic → subscribers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import structlog

from screenpop.broker import Deliver, Publication, Unsubscribe

_log = structlog.get_logger(__name__)


class LocalBroker:
    """Delivers at once, in the caller's own stack. `clock` gives aware UTC time."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._subscribers: dict[str, list[Deliver]] = {}

    @property
    def subscriptions(self) -> int:
        """Subscribers of all topics; who listens to three counts three times."""
        return sum(len(subscribers) for subscribers in self._subscribers.values())

    def publish(self, topic: str, kind: str, data: Mapping[str, Any]) -> None:
        """Tell everybody who subscribed to `topic`. One broken subscriber does not keep the news from the others."""
        subscribers = self._subscribers.get(topic)
        if not subscribers:
            return
        publication = Publication(topic, kind, utc_text(self._clock()), data)
        for deliver in tuple(subscribers):
            try:
                deliver(publication)
            except Exception:
                _log.exception("push_delivery_failed", topic=topic, kind=kind)

    def listeners(self, topic: str) -> int:
        """How many have subscribed to `topic`."""
        return len(self._subscribers.get(topic, ()))

    def subscribe(self, topics: Iterable[str], deliver: Deliver) -> Unsubscribe:
        """Call `deliver` for each publication on these topics until unsubscribed."""
        mine = tuple(topics)
        for topic in mine:
            self._subscribers.setdefault(topic, []).append(deliver)

        def unsubscribe() -> None:
            for topic in mine:
                left = [other for other in self._subscribers.get(topic, ()) if other is not deliver]
                if left:
                    self._subscribers[topic] = left
                else:
                    self._subscribers.pop(topic, None)

        return unsubscribe


def utc_text(at: datetime) -> str:
    """RFC 3339 with milliseconds and Z."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
