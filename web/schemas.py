"""What API clients may send: strict models, unknown fields rejected by name. (What they get: `web/view_models.py`.)"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)

from crm_store.capture_meter import MOST_KEYS
from crm_store.ledger import LedgerKind

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?")


def _moment(value: object) -> datetime:
    """A time in UTC. A bare number is none: whoever sends one does not mean seconds since 1970."""
    try:
        at = datetime.fromisoformat(value.upper()) if isinstance(value, str) and _RFC3339.fullmatch(value) else value
    except ValueError as error:
        raise ValueError("is no day or time of the calendar") from error
    if not isinstance(at, datetime):
        raise ValueError("must be a time such as 2026-03-02T10:00:00Z")
    if at.tzinfo is None:
        raise ValueError("needs a time zone, such as Z or +01:00")
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is beyond the calendar") from error


def _readable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain a NUL character")
    return text


Moment: TypeAlias = Annotated[
    datetime, PlainValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
Readable = AfterValidator(_readable)
Line: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), Readable]
RequiredLine: TypeAlias = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Readable
]
NumberText: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), Readable]
LongText: TypeAlias = Annotated[str, StringConstraints(max_length=20_000), Readable]
Name: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), Readable]
Id: TypeAlias = Annotated[int, Field(ge=1, le=2**53)]
CustomerKind: TypeAlias = Literal["customer", "contact", "employee", "supplier", "company"]
PhoneLabel: TypeAlias = Literal["mobile", "work", "home", "main", "fax", "other"]
DispositionCode: TypeAlias = Literal["solved", "callback", "order", "complaint", "wrong_number"]
TaskKind: TypeAlias = Literal["todo", "callback"]
TaskState: TypeAlias = Literal["open", "done"]
#: What a person may put on a timeline. Calls and finished tasks come by themselves.
NotedKind: TypeAlias = Literal["note", "visit", "meeting", "email", "letter", "chat", "other"]


class Body(BaseModel):
    """A JSON body: no coercion, no unknown fields."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Query(BaseModel):
    """A query string: text is parsed, unknown parameters are rejected."""

    model_config = ConfigDict(extra="forbid")


class PageQuery(Query):
    """One page of a list."""

    cursor: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    limit: int = Field(50, ge=1, le=200)


# --- calls ----------------------------------------------------------------------------------------------------------------


class CallFilters(Query):
    """Which calls."""

    since: Moment | None = None
    until: Moment | None = None
    agent: Name | None = None
    pbx: Name | None = None
    queue: Name | None = None
    customer_id: Id | None = None
    direction: Literal["inbound", "outbound", "internal"] | None = None
    outcome: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,32}$")] | None = None
    number: NumberText | None = None


class CallQuery(CallFilters, PageQuery):
    """GET /calls."""


class DialBody(Body):
    """POST /calls: ring my phone (or `agent`'s), then dial `to`. With `task_id` the call-back is claimed in the same act."""

    to: NumberText
    customer_id: Id | None = None
    agent: Name | None = None
    task_id: Id | None = None


class NoteBody(Body):
    """The whole note; "" empties it."""

    text: LongText


class DispositionBody(Body):
    """How the call ended for the business; null takes it back."""

    code: DispositionCode | None


class CallCustomerBody(Body):
    """Who it was; null unlinks."""

    customer_id: Id | None


class CallTaskBody(Body):
    """Something to do out of this call; customer and number come from the call."""

    title: RequiredLine
    kind: TaskKind = "todo"
    due_at: Moment | None = None
    owner: Name | None = None


def _one_line(text: str) -> str:
    if "\n" in text or "\r" in text:
        raise ValueError("must be one line")
    return text


#: One line as typed: its spaces stay. Of a longer one nothing but a note is made.
TypedLine: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=2000), Readable, AfterValidator(_one_line)
]
Part: TypeAlias = Annotated[str, StringConstraints(pattern=r"^(outcome|task|tag:.{1,60})$")]


class CapturePreviewBody(Body):
    """POST /capture/preview: a line of a note, and the language whose words win where two differ."""

    text: TypedLine
    language: Literal["en", "he", "ar", "pl", "sk"] | None = None


class CaptureBody(CapturePreviewBody):
    """POST /calls/{id}/capture: the line, the whole note that has it (else it is added), the parts that are not wanted, and the
    `at` of the preview that was shown."""

    note: LongText | None = None
    removed: list[Part] = Field(default_factory=list, max_length=20)
    at: Moment | None = None


# --- customers ------------------------------------------------------------------------------------------------------------


class PhoneBody(Body):
    """A number as typed. `display`, `kind` and `extension` of an answer may be sent back; they are ignored."""

    number: NumberText
    label: PhoneLabel = "other"
    display: str | None = None
    kind: str | None = None
    extension: str | None = None


class CustomerBody(Body):
    """POST /customers: at least a name, a company or a number. In PATCH, what is left out stays; null empties."""

    name: Line | None = None
    company: Line | None = None
    kind: CustomerKind | None = None
    phones: list[PhoneBody] | None = Field(None, max_length=50)
    emails: (
        list[Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=254), Readable]] | None
    ) = Field(None, max_length=50)
    language: Annotated[str, StringConstraints(pattern=r"^([a-z]{2,3}(-[A-Za-z]{2,8})?)?$")] | None = None
    external_id: Line | None = None
    tags: (
        list[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), Readable]] | None
    ) = Field(None, max_length=100)
    note: LongText | None = None
    active: bool | None = None


class CustomerQuery(PageQuery):
    """GET /customers."""

    search: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    kind: CustomerKind | None = None


class MergeBody(Body):
    """Everything of `other_id` moves to the customer of the path; `other_id` is deleted."""

    other_id: Id


class LookupQuery(Query):
    """GET /lookup."""

    number: Annotated[str, StringConstraints(max_length=64)]
    format: Literal["json", "text"] = "json"


# --- activities and tasks -------------------------------------------------------------------------------------------------


class ActivityQuery(PageQuery):
    """GET /activities: one customer's timeline."""

    customer_id: Id


class ActivityBody(Body):
    """Something that happened; now, unless `at` says when."""

    kind: NotedKind = "note"
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000), Readable]
    customer_id: Id
    at: Moment | None = None


class TaskQuery(PageQuery):
    """GET /tasks. Agents get their own and the team's whatever `owner` says. `lost`: made by lost calls, or not; `queue`: lost in it;
    `mine`: only what I own or claimed."""

    owner: Name | None = None
    state: TaskState | None = None
    kind: TaskKind | None = None
    customer_id: Id | None = None
    due_before: Moment | None = None
    lost: bool | None = None
    queue: Name | None = None
    mine: bool = False


class TaskBody(Body):
    """POST /tasks."""

    title: RequiredLine
    kind: TaskKind = "todo"
    due_at: Moment | None = None
    owner: Name | None = None
    customer_id: Id | None = None
    number: NumberText | None = None


class TaskChange(Body):
    """PATCH /tasks/{id}: what is left out stays; null empties."""

    title: RequiredLine | None = None
    kind: TaskKind | None = None
    state: TaskState | None = None
    due_at: Moment | None = None
    owner: Name | None = None
    customer_id: Id | None = None
    number: NumberText | None = None
    claimed_by: Name | None = None


# --- the ledger -----------------------------------------------------------------------------------------------------------


class LedgerQuery(PageQuery):
    """GET /ledger."""

    user: Name | None = None
    customer_id: Id | None = None
    call_id: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{26}$")] | None = None
    kind: Annotated[LedgerKind, WithJsonSchema({"type": "string", "enum": list(LedgerKind)})] | None = None
    since: Moment | None = None
    until: Moment | None = None


# --- how calls are captured ---------------------------------------------------------------------------------------------------


class EffortBody(Body):
    """PUT /calls/{call_id}/effort: from the ring to the save. A chord is one key, typed text is none."""

    keys: int = Field(ge=0, le=MOST_KEYS)
    clicks: int = Field(ge=0, le=MOST_KEYS)


class MyCaptureQuery(Query):
    """GET /me/capture: so many days with today."""

    days: int = Field(7, ge=1, le=92)


class CapturePeriodQuery(Query):
    """GET /capture: calls that began then."""

    since: Moment | None = None
    until: Moment | None = None


# --- agents and oneself ---------------------------------------------------------------------------------------------------


class PauseBody(Body):
    """Why: shown on the board and kept by the PBX."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""


class UnpauseBody(Body):
    """Nothing to say; `{}`."""


class QueueBody(Body):
    """One queue, or all that the agent usually serves."""

    queue: Name | None = None


class MeBody(Body):
    """What one may change about oneself."""

    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
