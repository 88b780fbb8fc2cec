"""Tasks: something to do, with owner and due time. A lost call makes a call-back task."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crm_store.activities import CallNote


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    id: int
    version: int
    kind: str  # todo, callback
    title: str
    state: str  # open, done
    due_at: datetime | None
    owner: str | None  # account name; None: anybody of the team
    customer_id: int | None
    customer_name: str | None
    number: str | None  # E.164 where known
    call_ids: tuple[str, ...]
    claimed_by: str | None
    created_at: datetime
    done_at: datetime | None
    done_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskInput:
    """Fields for create or edit. In an edit None means "leave as it is"; `clear` names fields to set to null."""

    kind: str | None = None
    title: str | None = None
    state: str | None = None
    due_at: datetime | None = None
    owner: str | None = None
    customer_id: int | None = None
    number: str | None = None
    call_ids: tuple[str, ...] | None = None
    claimed_by: str | None = None
    clear: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureInput:
    """What a line of a call's note became. `note` is the whole note that has the line; None: the line is added to what is there."""

    line: str
    note: str | None
    version: int | None  # of the note, as in `save_note`
    disposition: str | None  # None: as it is
    task: TaskInput | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedCapture:
    """The note and the task as they are now. `made` is False when the task was there before."""

    note: CallNote
    task: Task | None
    made: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilter:
    owner: str | None = None  # tasks of this account, and unowned ones
    state: str | None = None
    kind: str | None = None
    customer_id: int | None = None
    due_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LostCall:
    """A call that makes (or joins) the one open call-back task of a person: customer, else number."""

    call_id: str
    customer_id: int | None
    number: str
    queue: str | None
    at: datetime
    owner: str | None  # the agent who missed a direct call
