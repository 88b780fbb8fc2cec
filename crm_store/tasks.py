"""Tasks: something to do, with owner and due time. A lost call makes a call-back task."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from crm_store.activities import CallNote


class LostWay(StrEnum):
    """How a call was lost. Of several the first that holds: a message waits in the mailbox, nobody was there, the rest."""

    VOICEMAIL = "voicemail"  # nobody took it, the caller was sent to the mailbox
    AFTER_HOURS = "after_hours"
    ABANDONED = "abandoned"  # the caller gave up in a queue
    TIMEOUT = "timeout"  # the queue gave up
    EMPTY = "empty"  # the queue refused it: nobody was there to serve it
    FULL = "full"  # the queue refused it: too many waited
    MISSED = "missed"  # a direct line rang in vain


@dataclass(frozen=True, slots=True, kw_only=True)
class LostAttempt:
    """One lost call of the person whom a call-back is about."""

    call_id: str
    at: datetime  # when it was lost
    way: str | None  # LostWay; None: of an earlier version, and its record is gone
    queue: str | None
    did: str | None
    after_hours: bool | None  # None: the hours are not known


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
    claimed_at: datetime | None
    handed_by: str | None  # who gave it to its owner, and may take it back
    attempts: tuple[LostAttempt, ...]  # the lost calls that made it, oldest first; none: no lost call did
    first_lost_at: datetime | None
    last_lost_at: datetime | None
    recall_s: float | None  # from the first lost call to the talk that closed it; None: open, or closed without a talk
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
    lost: bool | None = None  # made by lost calls, or not
    queue: str | None = None  # a call of theirs was lost in this queue
    mine: str | None = None  # owned or claimed by this account


@dataclass(frozen=True, slots=True, kw_only=True)
class LostCall:
    """A call that makes (or joins) the one open call-back task of a person: customer, else number."""

    call_id: str
    customer_id: int | None
    number: str
    queue: str | None
    at: datetime
    owner: str | None  # the agent who missed a direct call
    way: LostWay = LostWay.MISSED
    did: str | None = None
    after_hours: bool | None = None
    due_at: datetime | None = None  # None: at once


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCounts:
    """What one agent did since a moment."""

    answered: int  # calls taken, whoever called
    missed: int  # calls that rang and were not taken
    reached: int  # call-backs closed by a talk of theirs
    done: int  # other tasks finished
