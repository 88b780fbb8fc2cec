"""One client's side of the protocol, without a socket: what each frame of theirs means and what they get.

The server calls `opened`, then `received` for each text frame, takes frames with `take` whenever `wake` was called,
and calls `subscribe_default` when a client does not subscribe in time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from crm_store.access import Principal
from screenpop.errors import BadFrame, NotAllowed
from screenpop.local_broker import utc_text
from screenpop.messages import (
    SNAPSHOT_PARTS,
    CloseCode,
    Dismiss,
    Painted,
    Ping,
    Subscribe,
    parse_client_message,
)
from screenpop.streams import Stream, Streams
from screenpop.topics import topic_names

MESSAGES_PER_MINUTE = 100
_MINUTE = timedelta(minutes=1)


class SnapshotSource(Protocol):
    """What is now, from memory: it is asked in the same breath as the subscription, so nothing falls between."""

    def snapshot(self, user: Principal, topics: frozenset[str]) -> Mapping[str, Any]:
        """Lists under `pops`, `queues`, `agents`, `pbx`, `requests`, for the topic names given."""
        ...


class PushActions(Protocol):
    """What a client may ask for."""

    def painted(self, user: Principal, pop_id: str) -> None:
        """The pop is on the screen."""
        ...

    def dismiss(self, user: Principal, pop_id: str) -> None:
        """The agent closed the pop."""
        ...


class CloseSocket(Exception):
    """The session is over for the reason given."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Session:
    """`wake` is called when `take` has something, or when the client has become too slow (`too_slow`).

    `wake_soon` is called instead when it is nothing but board news, which need not go out at once.
    """

    __slots__ = (
        "_actions",
        "_minute_began",
        "_resend",
        "_said_in_minute",
        "_snapshots",
        "_streams",
        "_version",
        "_wake",
        "_wake_soon",
        "stream",
        "subscribed",
        "user",
    )

    def __init__(
        self,
        user: Principal,
        streams: Streams,
        snapshots: SnapshotSource,
        actions: PushActions,
        *,
        wake: Callable[[], None],
        wake_soon: Callable[[], None] | None = None,
        version: str,
    ) -> None:
        self.user = user
        self.stream: Stream = streams.open(user)
        self.subscribed = False
        self._streams = streams
        self._snapshots = snapshots
        self._actions = actions
        self._wake = wake
        self._wake_soon = wake_soon
        self._version = version
        self._resend: list[bytes] = []  # latest first
        self._minute_began: datetime | None = None
        self._said_in_minute = 0

    # --- life ---------------------------------------------------------------------------------------------------------

    def opened(self, now: datetime) -> None:
        """Say hello."""
        at = utc_text(now)
        self.stream.wake, self.stream.wake_soon = self._wake, self._wake_soon
        self.stream.send(
            "hello",
            at,
            {
                "stream": self.stream.id,
                "user": self.user.name,
                "role": self.user.role.value,
                "server_time": at,
                "version": self._version,
            },
        )

    def subscribe_default(self, now: datetime) -> None:
        """The client did not say what it wants: it gets what its role sees."""
        if not self.subscribed:
            self._begin(topic_names(self.user, None), now)

    def closed(self) -> Stream | None:
        """The socket is gone; the stream that may be resumed, if any."""
        if self.taken_over:
            return None
        self.stream.wake = self.stream.wake_soon = None
        if self.subscribed and not self.too_slow:
            return self.stream
        self._streams.drop(self.stream)
        return None

    # --- frames -------------------------------------------------------------------------------------------------------

    def take(self) -> bytes | None:
        """The next frame to send."""
        if self._resend:
            return self._resend.pop()
        return self.stream.take()

    @property
    def too_slow(self) -> bool:
        """More waits for this client than the bounds allow."""
        return self.stream.overflowed

    @property
    def taken_over(self) -> bool:
        """Another socket resumed this stream: this one is a leftover."""
        return self.stream.wake is not self._wake

    def received(self, text: str, now: datetime) -> None:
        """Handle one frame of the client. Raises CloseSocket."""
        self._count(now)
        try:
            message = parse_client_message(text)
            match message:
                case Subscribe():
                    self._subscribe(message, now)
                case Painted(pop_id):
                    self._actions.painted(self.user, pop_id)
                case Dismiss(pop_id):
                    self._actions.dismiss(self.user, pop_id)
                case Ping():
                    self.stream.send("pong", utc_text(now), {"server_time": utc_text(now)})
        except BadFrame as error:
            self.stream.send("error", utc_text(now), {"code": error.code, "message": str(error)})
        except NotAllowed as error:
            raise CloseSocket(CloseCode.NOT_ALLOWED, str(error)) from error

    def _count(self, now: datetime) -> None:
        if self._minute_began is None or now - self._minute_began >= _MINUTE:
            self._minute_began, self._said_in_minute = now, 0
        self._said_in_minute += 1
        if self._said_in_minute > MESSAGES_PER_MINUTE:
            raise CloseSocket(CloseCode.TOO_MANY, f"more than {MESSAGES_PER_MINUTE} messages in a minute")

    # --- subscribing --------------------------------------------------------------------------------------------------

    def _subscribe(self, wanted: Subscribe, now: datetime) -> None:
        names = topic_names(self.user, wanted.topics)
        if wanted.stream is None or wanted.since is None or not self._resume(wanted.stream, wanted.since, names, now):
            self._begin(names, now)

    def _begin(self, names: Iterable[str], now: datetime) -> None:
        self.subscribed = True
        wanted = frozenset(names)
        # No await between these lines: what is published afterwards is numbered after the snapshot.
        self._streams.follow(self.stream, wanted)
        snapshot = self._snapshots.snapshot(self.user, wanted)
        self.stream.start_over(utc_text(now), {part: snapshot.get(part, []) for part in SNAPSHOT_PARTS})

    def _resume(self, stream_id: str, since: int, names: frozenset[str], now: datetime) -> bool:
        stream = self._streams.find(stream_id, self.user, names)
        missed = stream.since(since) if stream is not None else None
        if stream is None or missed is None:
            return False
        self._resend = missed[::-1]
        if stream is not self.stream:
            self._streams.drop(self.stream)
            self._take_over(stream)
        self.subscribed = True
        stream.send("resumed", utc_text(now), {"stream": stream.id, "since": since, "missed": len(missed)})
        return True

    def _take_over(self, stream: Stream) -> None:
        leftover, stream.wake = stream.wake, self._wake
        stream.wake_soon = self._wake_soon
        self.stream = stream
        if leftover is not None:
            leftover()  # its session sees `taken_over` and closes
