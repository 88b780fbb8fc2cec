"""What happened: call records, notes and other activities, as the store keeps them and the API shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

T = TypeVar("T")

DISPOSITIONS = ("solved", "callback", "order", "complaint", "wrong_number")

#: The call record of docs/interfaces.md as a JSON-ready dict. Built in `call_log.py`; the store keeps and returns it.
CallRecord = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNote:
    """The note and outcome of one call. `version` is for If-Match: 0 before the first save."""

    call_id: str
    text: str
    disposition: str | None
    version: int
    updated_at: datetime | None
    updated_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DismissedPop:
    """An agent closed the screen-pop of this leg of the call: it stays closed until another leg is theirs."""

    call_id: str
    user: str
    leg: int  # its place in the record


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One line of a customer's timeline. For kind `call`, `call` is the record."""

    id: int
    kind: str  # call, note, task_done, visit, …
    at: datetime
    customer_id: int | None
    agent: str | None
    text: str
    disposition: str | None
    call: CallRecord | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    since: datetime | None = None
    until: datetime | None = None
    agent: str | None = None  # any leg of this agent
    pbx: str | None = None
    queue: str | None = None  # of `pbx`, where given: two PBXs may have one of the same name
    customer_id: int | None = None
    direction: str | None = None
    outcome: str | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    items: tuple[T, ...]
    next: str | None  # opaque cursor
