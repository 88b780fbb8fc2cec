"""The shapes of what the API answers, for `openapi.json` and for the tests that hold the answers to it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from crm_store.ledger import LedgerKind


class View(BaseModel):
    """Part of an answer. Fields that are hidden from a role are absent."""

    model_config = ConfigDict(extra="allow")


class RemoteView(View):
    number: str | None
    display: str | None
    raw: str | None
    name: str | None
    kind: Literal["e164", "unverified", "internal", "short", "feature", "alphanumeric", "raw", "withheld", "unknown"]
    dialled: str | None


class QueueWaitView(View):
    queue: str
    joined_at: str | None
    left_at: str | None
    wait_s: float | None
    result: str | None


class LegView(View):
    endpoint: str
    extension: str | None
    agent: str | None
    rang_at: str | None
    answered_at: str | None
    ended_at: str | None
    ring_s: float | None
    talk_s: float | None
    hold_s: float | None
    via: str | None
    result: str | None


class TransferView(View):
    kind: Literal["blind", "attended", "blonde"]
    by: str
    to: str
    at: str | None
    result: str | None


class CallView(View):
    """One conversation, from first ring to last hang-up."""

    id: str
    pbx: str
    uniqueid: str | None
    linkedid: str | None
    direction: Literal["inbound", "outbound", "internal"]
    state: Literal["ringing", "queued", "talking", "held", "parked", "ended"]
    remote: RemoteView
    did: str | None
    queue: str | None
    queues: list[QueueWaitView]
    legs: list[LegView]
    transfers: list[TransferView]
    started_at: str | None
    answered_at: str | None
    ended_at: str | None
    wait_s: float | None
    ring_s: float | None
    talk_s: float | None
    hold_s: float | None
    parked_s: float | None
    outcome: str | None
    ended_by: str | None
    hangup_cause: int | None
    click_to_dial: str | None
    estimated: bool
    after_hours: bool | None
    recordings: list[Any]
    customer_id: int | None
    match: str | None
    note: str | None = None
    disposition: str | None = None
    customer_name: str | None = None


class CallListView(View):
    items: list[CallView]
    next: str | None


class DialView(View):
    """A click-to-dial request. `detail` is a sentence, `code` its stable name for translations."""

    id: str
    state: Literal[
        "dialing", "agent_ringing", "remote_ringing", "talking", "answered", "busy", "no_answer", "rejected",
        "invalid", "agent_no_answer", "refused", "failed", "unknown",
    ]  # fmt: skip
    code: str
    detail: str
    final: bool
    agent: str
    to: str
    number: str
    customer_id: int | None
    call_id: str | None
    task_id: int | None
    at: str


class NoteView(View):
    """`tags` are the words with a # in the text."""

    call_id: str
    text: str
    tags: list[str]
    disposition: str | None
    version: int
    updated_at: str | None
    updated_by: str | None


class CapturedOutcomeView(View):
    code: str
    spans: list[list[int]]


class CapturedTaskView(View):
    kind: Literal["callback", "todo"]
    title: str
    due_at: str | None
    spans: list[list[int]]


class CapturedTagView(View):
    name: str
    spans: list[list[int]]


class CapturePreviewView(View):
    """What a line would become. Spans are [from, to) in characters of the line."""

    text: str
    at: str
    outcome: CapturedOutcomeView | None
    task: CapturedTaskView | None
    tags: list[CapturedTagView]


class PhoneView(View):
    number: str
    display: str
    label: str
    kind: str
    extension: str | None


class CustomerView(View):
    id: int
    name: str
    display_name: str
    company: str | None
    kind: str
    phones: list[PhoneView]
    emails: list[str]
    language: str | None
    external_id: str | None
    tags: list[str]
    note: str
    active: bool
    created_at: str
    updated_at: str
    version: int


class SavedCustomerView(CustomerView):
    """`linked_calls`: how many earlier calls from these numbers now belong to this customer."""

    linked_calls: int


class CustomerListView(View):
    items: list[CustomerView]
    next: str | None


class CardView(View):
    """What a pop shows of one customer."""

    id: int
    name: str
    company: str | None
    kind: str


class LookupNumberView(View):
    number: str | None
    display: str | None
    kind: str
    raw: str | None


class LookupView(View):
    number: LookupNumberView
    match: Literal["one", "several", "none", "withheld", "internal"]
    reason: Literal["exact", "national", "suffix"] | None
    customers: list[CardView]


class ActivityView(View):
    id: int
    kind: str
    at: str
    customer_id: int | None
    agent: str | None
    text: str
    disposition: str | None
    call: CallView | None


class ActivityListView(View):
    items: list[ActivityView]
    next: str | None


class AttemptView(View):
    """One lost call: when, and how."""

    call_id: str
    at: str
    way: Literal["voicemail", "after_hours", "abandoned", "timeout", "empty", "full", "missed"] | None
    queue: str | None
    did: str | None
    after_hours: bool | None


class TaskView(View):
    """A task. `attempts` and what is about lost calls is empty or null where no lost call made it."""

    id: int
    kind: Literal["todo", "callback"]
    title: str
    state: Literal["open", "done"]
    due_at: str | None
    owner: str | None
    customer_id: int | None
    customer_name: str | None
    number: str | None
    call_ids: list[str]
    claimed_by: str | None
    claimed_at: str | None
    handed_by: str | None
    attempt_count: int
    attempts: list[AttemptView]
    lost_since: str | None
    last_lost_at: str | None
    recall_s: float | None
    created_at: str
    done_at: str | None
    done_by: str | None
    version: int


class CaptureView(View):
    """The note and the task as they are now; `made` is false when the task was there before."""

    note: NoteView
    task: TaskView | None
    made: bool
    tags: list[str]


class TaskListView(View):
    items: list[TaskView]
    next: str | None


class QueueCallerView(View):
    call_id: str
    position: int
    joined_at: str | None


class QueueView(View):
    pbx: str
    name: str
    label: str
    waiting: int
    longest_wait_s: float | None
    callers: list[QueueCallerView]
    agents: dict[str, int]
    talking: int
    stale: bool


class QueueListView(View):
    items: list[QueueView]
    next: str | None


class AgentView(View):
    name: str
    display_name: str
    pbx: str | None
    endpoint: str
    state: Literal[
        "offline", "ready", "ringing", "talking", "hold", "wrap_up", "paused", "busy_elsewhere", "dnd", "unreachable",
    ]  # fmt: skip
    since: str | None
    reason: str | None
    queues: list[str]
    call_id: str | None
    browser: Literal["connected", "asleep", "none"]
    stale: bool


class AgentListView(View):
    items: list[AgentView]
    next: str | None


class CaptureFiguresView(View):
    """`rate` is captured / talks; `keys`, `clicks` and `wrap_up_s` are medians of the `measured` talks. Null: none to tell of."""

    talks: int
    captured: int
    rate: float | None
    measured: int
    keys: float | None
    clicks: float | None
    wrap_up_s: float | None


class CaptureDayView(CaptureFiguresView):
    day: str  # YYYY-MM-DD, in the time zone of `[ui]`


class TalkWithoutRecordView(View):
    call_id: str
    at: str


class MyCaptureView(CaptureFiguresView):
    days: list[CaptureDayView]
    without_record: list[TalkWithoutRecordView]


class AgentCaptureView(CaptureFiguresView):
    agent: str


class CaptureByAgentView(CaptureFiguresView):
    since: str
    until: str
    agents: list[AgentCaptureView]


class MeView(View):
    user: str
    display_name: str
    role: Literal["agent", "supervisor", "admin"]
    endpoints: list[str]
    phone: str | None
    extension: str | None
    language: str | None
    csrf: str | None
    controls: bool
    permissions: list[str]
    hidden: dict[str, list[str]]
    server_time: str
    version: str


class LedgerEntryView(View):
    """One line of the access ledger. `user` null: the service itself, a command on its machine, or nobody known."""

    seq: int
    at: str
    kind: LedgerKind
    user: str | None
    customer_id: int | None
    call_id: str | None
    detail: dict[str, Any]


class LedgerListView(View):
    items: list[LedgerEntryView]
    next: str | None
