"""The port between those who have news and those who watch. `local_broker.py` is the one for a single process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeAlias

import orjson


class Publication:
    """One piece of news on one topic. Its JSON is made once, however many screens get it."""

    __slots__ = ("_encoded", "at", "data", "key", "kind", "topic")

    def __init__(self, topic: str, kind: str, at: str, data: Mapping[str, Any]) -> None:
        self.topic = topic
        self.kind = kind
        self.at = at
        self.data = data
        #: Newer news with the same key replaces older that a slow client has not taken yet; None: never dropped.
        self.key = _key(kind, data)
        self._encoded: bytes | None = None

    @property
    def encoded(self) -> bytes:
        """`data` as JSON."""
        if self._encoded is None:
            self._encoded = encode(self.data)
        return self._encoded


Deliver: TypeAlias = Callable[[Publication], None]
Unsubscribe: TypeAlias = Callable[[], None]


class Broker(Protocol):
    """Synchronous: when `publish` returns, every subscriber of this process has the news, in the order published."""

    def publish(self, topic: str, kind: str, data: Mapping[str, Any]) -> None:
        """Tell everybody who subscribed to `topic`."""
        ...

    def listeners(self, topic: str) -> int:
        """How many in this process have subscribed to `topic`."""
        ...

    def subscribe(self, topics: Iterable[str], deliver: Deliver) -> Unsubscribe:
        """Call `deliver` for each publication on these topics until unsubscribed. It must not block."""
        ...


def encode(data: Mapping[str, Any]) -> bytes:
    """JSON with times as `…Z`."""
    # Copied, because orjson's own buffer is up to four times as large and these bytes are kept for a resume.
    return bytes(memoryview(orjson.dumps(data, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)))


#: Kinds whose object is the whole new state, and the fields that say of what.
_CONFLATED: Mapping[str, tuple[str, ...]] = {
    "queue.update": ("pbx", "name"),
    "agent.update": ("pbx", "name"),
    "pbx.update": ("name",),
    "request.update": ("id",),
}


def _key(kind: str, data: Mapping[str, Any]) -> tuple[Any, ...] | None:
    fields = _CONFLATED.get(kind)
    return None if fields is None else (kind, *(data.get(name) for name in fields))
