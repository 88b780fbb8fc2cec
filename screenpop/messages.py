"""The frames of the push protocol (docs/push.md): typed messages for clients, and what a client may send to us.

Imports nothing heavy: desktop programs use it through `screenpop.client`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, TypeAlias

from screenpop.errors import BadFrame

PROTOCOL_VERSION = 1
TOPIC_NAMES = ("pops", "requests", "tasks", "agent", "queues", "agents", "pbx")
SNAPSHOT_PARTS = ("pops", "queues", "agents", "pbx", "requests")


class CloseCode(IntEnum):
    """Why the server closed the socket. The 4xxx ones are ours."""

    RESTART = 1012
    TEXT_ONLY = 1003
    TOO_MANY = 1008
    SESSION_ENDED = 4401
    NOT_ALLOWED = 4403
    TOO_SLOW = 4408


# --- server → client --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """One numbered frame. `data` is as sent; the properties name what it holds."""

    TYPE: ClassVar[str] = ""
    seq: int
    at: str
    data: Mapping[str, Any]


class Hello(Message):
    """The first frame: which stream this is."""

    TYPE = "hello"

    @property
    def stream(self) -> str:
        return str(self.data["stream"])

    @property
    def user(self) -> str:
        return str(self.data["user"])

    @property
    def role(self) -> str:
        return str(self.data["role"])


class Snapshot(Message):
    """Everything as it is now; forget what was before."""

    TYPE = "snapshot"

    def part(self, name: str) -> list[dict[str, Any]]:
        """One of SNAPSHOT_PARTS."""
        return list(self.data.get(name, ()))


class Resumed(Message):
    """All that was missed has been sent; from here on it is live."""

    TYPE = "resumed"


class _Pop(Message):
    @property
    def pop_id(self) -> str:
        return str(self.data["pop_id"])

    @property
    def offer(self) -> int:
        return int(self.data["offer"])


class _FullPop(_Pop):
    @property
    def phase(self) -> str:
        return str(self.data["phase"])

    @property
    def call(self) -> Mapping[str, Any]:
        call: Mapping[str, Any] = self.data["call"]
        return call

    @property
    def match(self) -> str | None:
        """one, several, none, withheld, internal; None while the look-up runs."""
        match: str | None = self.data.get("match")
        return match

    @property
    def customers(self) -> list[dict[str, Any]]:
        return list(self.data.get("customers", ()))


class PopShow(_FullPop):
    """The phone of this user is offered a call: show the card."""

    TYPE = "pop.show"


class PopUpdate(_FullPop):
    """The same pop, whole, as it is now."""

    TYPE = "pop.update"


class PopRetract(_Pop):
    """Take the card away."""

    TYPE = "pop.retract"

    @property
    def reason(self) -> str:
        return str(self.data["reason"])

    @property
    def by(self) -> str | None:
        """The account that answered instead."""
        by: str | None = self.data.get("by")
        return by


class QueueUpdate(Message):
    TYPE = "queue.update"


class AgentUpdate(Message):
    TYPE = "agent.update"


class PbxUpdate(Message):
    TYPE = "pbx.update"


class TaskDue(Message):
    """A task's time has come: told once."""

    TYPE = "task.due"


class TaskUpdate(Message):
    """A task was made, claimed, given back, changed or done."""

    TYPE = "task.update"


class RequestUpdate(Message):
    """A click-to-dial request moved on."""

    TYPE = "request.update"


class Pong(Message):
    TYPE = "pong"


class Refused(Message):
    """The server did not understand or allow the last frame of this client."""

    TYPE = "error"

    @property
    def code(self) -> str:
        return str(self.data["code"])


class Unknown(Message):
    """A type this version does not know: ignore it."""


@dataclass(frozen=True, slots=True)
class LinkLost:
    """Made by the client, not by the server: the connection broke, what is shown may be old, the next try is in `retry_in_s`."""

    reason: str
    retry_in_s: float


PushMessage: TypeAlias = Message | LinkLost

_TYPES: Mapping[str, type[Message]] = {
    cls.TYPE: cls
    for cls in (
        Hello,
        Snapshot,
        Resumed,
        PopShow,
        PopUpdate,
        PopRetract,
        QueueUpdate,
        AgentUpdate,
        PbxUpdate,
        TaskDue,
        TaskUpdate,
        RequestUpdate,
        Pong,
        Refused,
    )
}


def parse_message(text: str | bytes) -> Message:
    """A server's frame as a typed message. Raises BadFrame."""
    frame = _json_object(text)
    seq, at, data = frame.get("seq"), frame.get("at"), frame.get("data")
    if not isinstance(seq, int) or not isinstance(at, str) or not isinstance(data, dict):
        raise BadFrame("bad_field", "a server frame has an integer seq, a text at and an object data")
    return _TYPES.get(str(frame.get("type")), Unknown)(seq, at, data)


# --- client → server --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribe:
    """`topics` None: what the role sees. `stream` and `since`: resume there if it is still known."""

    topics: tuple[str, ...] | None = None
    stream: str | None = None
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Painted:
    pop_id: str


@dataclass(frozen=True, slots=True)
class Dismiss:
    pop_id: str


@dataclass(frozen=True, slots=True)
class Ping:
    pass


ClientMessage: TypeAlias = Subscribe | Painted | Dismiss | Ping


def parse_client_message(text: str) -> ClientMessage:
    """What a client sent. Raises BadFrame with a sentence that names the field."""
    frame = _json_object(text)
    match frame.get("type"):
        case "subscribe":
            return _subscribe(frame)
        case "painted":
            return Painted(_text(frame, "pop_id"))
        case "dismiss":
            return Dismiss(_text(frame, "pop_id"))
        case "ping":
            return Ping()
        case _:
            raise BadFrame("unknown_type", "type must be subscribe, painted, dismiss or ping")


def _subscribe(frame: Mapping[str, Any]) -> Subscribe:
    topics = frame.get("topics")
    if topics is not None and not (isinstance(topics, list) and all(topic in TOPIC_NAMES for topic in topics)):
        raise BadFrame("bad_field", f"topics must be a list of {', '.join(TOPIC_NAMES)}")
    since = frame.get("since")
    if since is not None and (not isinstance(since, int) or isinstance(since, bool) or since < 0):
        raise BadFrame("bad_field", "since must be the seq of the last frame received")
    stream = _text(frame, "stream") if frame.get("stream") is not None else None
    return Subscribe(topics=None if topics is None else tuple(topics), stream=stream, since=since)


def _text(frame: Mapping[str, Any], name: str) -> str:
    value = frame.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise BadFrame("bad_field", f"{name} must be a text of at most 200 characters")
    return value


def _json_object(text: str | bytes) -> dict[str, Any]:
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFrame("not_json", "the frame is not JSON") from error
    if not isinstance(frame, dict):
        raise BadFrame("not_an_object", "the frame is not a JSON object")
    return frame
