"""Numbered frames for one screen, kept for a while, so that a cut connection goes on without holes or duplicates.

A frame gets its number when it is taken for sending, not when the news comes: what is replaced by newer news
before a slow client took it leaves no hole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from crm_store.access import Principal
from screenpop.broker import Broker, Publication, Unsubscribe, encode
from screenpop.topics import topics_of

#: What this user may see of a publication: the same object, a reduced copy, or None for nothing.
Visible: TypeAlias = Callable[[Principal, str, Mapping[str, Any]], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLimits:
    """Bounds of one stream: what may wait for a slow client, and what is kept to resume."""

    waiting_frames: int = 256
    waiting_bytes: int = 1024 * 1024
    kept_frames: int = 256
    kept_bytes: int = 32 * 1024


class _Waiting(NamedTuple):
    """A frame without a number yet. `news`: of a topic, so that a snapshot makes it needless."""

    kind: str
    at: str
    data: bytes
    news: bool


class Stream:
    """The frames of one screen. `wake` is called when there is something to take; None while nobody is connected.

    `wake_soon`, where given, is called instead for news that newer news replaces: they may wait for a pop.
    """

    __slots__ = (
        "_kept",
        "_kept_bytes",
        "_limits",
        "_seq",
        "_unkeyed",
        "_unsubscribe",
        "_visible",
        "_waiting",
        "_waiting_bytes",
        "id",
        "names",
        "overflowed",
        "user",
        "wake",
        "wake_soon",
    )

    def __init__(self, stream_id: str, user: Principal, visible: Visible, limits: StreamLimits) -> None:
        self.id = stream_id
        self.user = user
        self.names: frozenset[str] = frozenset()
        self.wake: Callable[[], None] | None = None
        self.wake_soon: Callable[[], None] | None = None
        self.overflowed = False
        self._visible = visible
        self._limits = limits
        self._seq = 0
        self._waiting: dict[object, _Waiting] = {}
        self._waiting_bytes = 0
        self._unkeyed = 0
        self._kept: list[tuple[int, bytes, bytes]] = []
        self._kept_bytes = 0
        self._unsubscribe: Unsubscribe | None = None

    @property
    def waiting_bytes(self) -> int:
        """What was not taken for sending."""
        return self._waiting_bytes

    @property
    def kept_bytes(self) -> int:
        """What is kept to be sent again."""
        return self._kept_bytes

    # --- news in ------------------------------------------------------------------------------------------------------

    def follow(self, broker: Broker, names: frozenset[str]) -> None:
        """Listen to these topics from now on, and to no others."""
        self.close()
        self.names = names
        self._unsubscribe = broker.subscribe(topics_of(self.user, names), self._deliver)

    def close(self) -> None:
        """Listen to nothing."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    def _deliver(self, news: Publication) -> None:
        data = self._visible(self.user, news.kind, news.data)
        if data is None or self.overflowed:
            return
        if news.kind == "pop.update" and data.get("match") == "withheld":
            self.forget()  # the PBX may restrict a number late: earlier frames with it may not be sent again
        encoded = news.encoded if data is news.data else encode(data)
        self._put(_Waiting(news.kind, news.at, encoded, news=True), news.key)

    def send(self, kind: str, at: str, data: Mapping[str, Any]) -> None:
        """A frame for this client alone."""
        self._put(_Waiting(kind, at, encode(data), news=False))

    def start_over(self, at: str, snapshot: Mapping[str, Any]) -> None:
        """A snapshot replaces all news that still waits: it already holds it."""
        self._waiting = {key: frame for key, frame in self._waiting.items() if not frame.news}
        self._waiting_bytes = sum(len(frame.data) for frame in self._waiting.values())
        self.overflowed = False
        data = self._visible(self.user, "snapshot", snapshot)
        self._put(_Waiting("snapshot", at, encode(data if data is not None else {}), news=True))

    def _put(self, frame: _Waiting, key: object | None = None) -> None:
        wake = self.wake if key is None or self.wake_soon is None else self.wake_soon
        if key is None:
            self._unkeyed += 1
            key = self._unkeyed
        replaced = self._waiting.get(key)
        self._waiting_bytes += len(frame.data) - (len(replaced.data) if replaced else 0)
        self._waiting[key] = frame
        much = len(self._waiting) > self._limits.waiting_frames or self._waiting_bytes > self._limits.waiting_bytes
        if much and len(self._waiting) > 1:  # one big snapshot alone is not slowness
            self.overflowed = True
            if self.wake is None:
                # Nobody is connected, and whoever comes back begins anew: it need not be kept until the stream is dropped.
                self._waiting.clear()
                self._waiting_bytes = 0
                self.forget()
        if self.wake is not None and wake is not None:
            wake()

    # --- frames out ---------------------------------------------------------------------------------------------------

    def take(self) -> bytes | None:
        """The next frame, numbered and kept for a resume; None when the client has everything."""
        if not self._waiting:
            return None
        frame = self._waiting.pop(next(iter(self._waiting)))
        self._waiting_bytes -= len(frame.data)
        self._seq += 1
        head = b'{"v":1,"seq":%d,"type":"%s","at":"%s","data":' % (self._seq, frame.kind.encode(), frame.at.encode())
        self._keep(head, frame.data)
        return b"".join((head, frame.data, b"}"))

    def _keep(self, head: bytes, encoded: bytes) -> None:
        self._kept.append((self._seq, head, encoded))
        self._kept_bytes += len(encoded)
        while len(self._kept) > self._limits.kept_frames or self._kept_bytes > self._limits.kept_bytes:
            self._kept_bytes -= len(self._kept.pop(0)[2])

    def since(self, seq: int) -> list[bytes] | None:
        """The frames after `seq`, as they were sent; None when some are no longer kept or were never sent."""
        if seq > self._seq or self.overflowed:
            return None
        missed = [(head, encoded) for number, head, encoded in self._kept if number > seq]
        if len(missed) != self._seq - seq:
            return None
        return [b"".join((head, encoded, b"}")) for head, encoded in missed]

    def forget(self) -> None:
        """Keep nothing of what was sent: the next resume gets a snapshot."""
        self._kept.clear()
        self._kept_bytes = 0


class Streams:
    """All streams of this process, by id. A stream without a connection is dropped by `drop`, when the server says so."""

    def __init__(
        self,
        broker: Broker,
        visible: Visible,
        new_id: Callable[[], str],
        limits: StreamLimits | None = None,
    ) -> None:
        self._broker = broker
        self._visible = visible
        self._new_id = new_id
        self._limits = limits or StreamLimits()
        self._streams: dict[str, Stream] = {}

    def __len__(self) -> int:
        return len(self._streams)

    def buffered(self) -> dict[str, int]:
        """Bytes of all streams: `waiting` to be sent, `kept` for a resume."""
        streams = self._streams.values()
        return {
            "waiting": sum(one.waiting_bytes for one in streams),
            "kept": sum(one.kept_bytes for one in streams),
        }

    def open(self, user: Principal) -> Stream:
        """A new stream that listens to nothing yet."""
        stream = Stream(self._new_id(), user, self._visible, self._limits)
        self._streams[stream.id] = stream
        return stream

    def follow(self, stream: Stream, names: frozenset[str]) -> None:
        """Let the stream listen to these topics."""
        stream.follow(self._broker, names)

    def find(self, stream_id: str, user: Principal, names: frozenset[str]) -> Stream | None:
        """The stream of this same user with the same rights and topics."""
        stream = self._streams.get(stream_id)
        if stream is None or stream.names != names:
            return None
        same = (stream.user.name, stream.user.role, stream.user.scopes) == (user.name, user.role, user.scopes)
        return stream if same else None

    def drop(self, stream: Stream) -> None:
        """Forget it; a resume gets a snapshot instead."""
        stream.close()
        self._streams.pop(stream.id, None)

    def leave(self, stream: Stream, *, keep: int) -> None:
        """Nobody is connected to it now. Of one user's streams that wait to be resumed only the newest are kept."""
        user = stream.user.name
        waiting = [other for other in self._streams.values() if other.user.name == user and other.wake is None]
        for oldest in waiting[:-keep]:
            self.drop(oldest)

    def drop_if_unused(self, stream: Stream) -> None:
        """Drop a stream that nobody resumed."""
        if stream.wake is None:
            self.drop(stream)
