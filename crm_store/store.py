"""The store's ports: what the product needs kept, in plain words. Adapters live in `crm_store/sql/`.

Every method may raise StoreUnavailable; methods that take an id raise NotFound. Writes with `version` raise VersionConflict.
Cursors are opaque. All datetimes are aware UTC. `now` is always an argument: the store has no clock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

from crm_store.accounts import Account, ApiToken, Session
from crm_store.activities import Activity, CallFilter, CallNote, CallRecord, DismissedPop, Page
from crm_store.call_history import PastCall, StoredGap
from crm_store.caller_lookup import CallerMatch, Card
from crm_store.capture_meter import AgentTalk, Effort
from crm_store.ledger import LedgerEntry, LedgerFilter
from crm_store.lost_calls import Talk
from crm_store.parties import Party, PartyInput, SavedParty
from crm_store.person import Person, PersonData
from crm_store.phone_numbers import PhoneNumber
from crm_store.retention import KeepRule, KeptData, OldData
from crm_store.tasks import CaptureInput, DayCounts, LostCall, SavedCapture, Task, TaskFilter, TaskInput


class CallerLookup(Protocol):
    """The hot path: one statement, one await, no SQLAlchemy in between."""

    async def find_caller(self, number: PhoneNumber) -> CallerMatch:
        """Match by the policy of caller_lookup.py, with complete cards. Withheld and internal never touch the database."""
        ...

    async def card(self, customer_id: int) -> Card:
        """The same card for one known customer."""
        ...


class CallStore(Protocol):
    async def save_calls(self, records: Iterable[CallRecord], *, now: datetime) -> None:
        """Insert or update by id, idempotently, in one transaction. Never overwrites customer_id, note or disposition
        that a person set. A record without customer whose number matches exactly one customer is linked."""
        ...

    async def open_calls(self, pbx: str) -> list[CallRecord]:
        """Calls that had not ended when we stopped: resync finishes them."""
        ...

    async def last_written(self, pbx: str) -> datetime | None:
        """When a call of this PBX was last written; None when there is none. Until then somebody listened to it."""
        ...

    async def call(self, call_id: str) -> CallRecord: ...

    async def calls(self, where: CallFilter, *, cursor: str | None, limit: int) -> Page[CallRecord]:
        """Newest first. Records have `note`, `disposition` and `customer_name` beside the interface's fields."""
        ...

    async def call_note(self, call_id: str) -> CallNote: ...

    async def save_note(
        self, call_id: str, text: str, *, user: str, now: datetime, version: int | None = None
    ) -> CallNote:
        """`version` None: last writer wins. A note for a call that is not stored yet is kept and joined when it comes."""
        ...

    async def save_disposition(self, call_id: str, code: str | None, *, user: str, now: datetime) -> CallNote: ...

    async def set_call_customer(
        self, call_id: str, customer_id: int | None, *, user: str, now: datetime
    ) -> CallRecord: ...

    async def fold_call(self, call_id: str, into: str | None) -> CallNote | None:
        """A call that was no conversation of its own: its record goes; note, outcome and tasks belong to the call `into`.
        Returns the note of that call when it changed."""
        ...

    async def dismiss_pop(self, pop: DismissedPop) -> None:
        """Kept while the call is open; it need not be stored yet. A later leg of the same agent and call replaces an earlier."""
        ...

    async def dismissed_pops(self) -> list[DismissedPop]:
        """Of calls that are open."""
        ...

    async def save_gap(self, pbx: str, since: datetime, until: datetime, missed_calls: int | None) -> None:
        """A time without connection: never silent."""
        ...


class CallHistoryStore(Protocol):
    async def add_history(self, pbx: str, past: Sequence[PastCall], *, now: datetime) -> frozenset[str]:
        """Write those calls of the past that are not there yet, in one transaction; returns the ids of those that are (by one
        of their uniqueids at this PBX; without any, by caller and second). Makes no call-back tasks."""
        ...

    async def known_history(self, pbx: str, past: Sequence[PastCall]) -> frozenset[str]:
        """What `add_history` would return; writes nothing."""
        ...

    async def gaps(self, pbx: str) -> list[StoredGap]:
        """Times without connection, oldest first."""
        ...

    async def fill_gap(self, gap_id: int, *, now: datetime) -> StoredGap:
        """An imported history covers all of this gap: it says so, and how many imported calls began in it."""
        ...


class PartyStore(Protocol):
    async def party(self, customer_id: int) -> Party: ...

    async def parties(self, search: str, *, kind: str | None, cursor: str | None, limit: int) -> Page[Party]:
        """Search by name, company, e-mail, tag, external id or any part of a number; case and diacritics folded."""
        ...

    async def create_party(self, fields: PartyInput, *, user: str, now: datetime) -> SavedParty: ...

    async def update_party(
        self, customer_id: int, fields: PartyInput, *, user: str, now: datetime, version: int | None
    ) -> SavedParty: ...

    async def delete_party(self, customer_id: int, *, user: str, now: datetime) -> None:
        """Hide it (active = false, numbers no longer match); its calls keep their link."""
        ...

    async def merge_parties(self, keep: int, other: int, *, user: str, now: datetime) -> SavedParty:
        """Move numbers, e-mails, calls, tasks and activities of `other` to `keep`; `other` is deleted."""
        ...

    async def upsert_by_external_id(self, fields: PartyInput, *, user: str, now: datetime) -> tuple[Party, bool]:
        """For imports: update the party with this external_id or create it; True when created."""
        ...


class ActivityStore(Protocol):
    async def timeline(self, customer_id: int, *, cursor: str | None, limit: int) -> Page[Activity]:
        """Everything that happened with this customer, newest first; calls come with their record, note and disposition."""
        ...

    async def add_activity(
        self, *, kind: str, text: str, customer_id: int | None, user: str, at: datetime
    ) -> Activity: ...


class TaskStore(Protocol):
    async def task(self, task_id: int) -> Task: ...

    async def tasks(self, where: TaskFilter, *, cursor: str | None, limit: int) -> Page[Task]:
        """By due time, undated last."""
        ...

    async def create_task(self, fields: TaskInput, *, user: str, now: datetime) -> Task: ...

    async def update_task(
        self, task_id: int, fields: TaskInput, *, user: str, now: datetime, version: int | None
    ) -> Task: ...

    async def claim_task(self, task_id: int, *, user: str, now: datetime) -> Task:
        """Take it in hand: of two at once the first gets it, the second AlreadyClaimed (`by`). AlreadyDone when it is over."""
        ...

    async def release_task(self, task_id: int, *, user: str) -> Task | None:
        """Give back what `user` has in hand; None when it is not theirs any more, or done."""
        ...

    async def release_claims(self, before: datetime, *, busy: Collection[int]) -> list[Task]:
        """Give back the call-backs of lost calls that were claimed before that time, but those in `busy`; returns them."""
        ...

    async def due_reminders(self, users: Collection[str], *, now: datetime, limit: int) -> list[Task]:
        """Open tasks of these accounts, and the team's, whose time has come and of which nobody was reminded; oldest first."""
        ...

    async def reminded(self, told: Sequence[Task]) -> None:
        """Each task's owner was reminded of its present due time. A new due time will be told again."""
        ...

    async def next_due(self, after: datetime) -> datetime | None:
        """When the next open task is due."""
        ...

    async def day_counts(self, user: str, *, since: datetime) -> DayCounts:
        """What this agent did since then."""
        ...

    async def note_lost_call(self, lost: LostCall, *, now: datetime) -> Task:
        """One open call-back task per person: joins an open one (call_ids grow), else creates it. Idempotent per call_id."""
        ...

    async def close_callbacks(self, talks: Sequence[Talk], *, now: datetime) -> list[Task]:
        """Each talk closes the open call-back tasks of its person whose last lost call is older than its beginning."""
        ...


class CaptureStore(Protocol):
    async def save_capture(self, call_id: str, capture: CaptureInput, *, user: str, now: datetime) -> SavedCapture:
        """Note, outcome and task in one transaction. A task of the same kind and title that this user has from this call already
        is the same one: a repeat makes no second, another time moves it while it is open."""
        ...


class CaptureMeterStore(Protocol):
    async def save_effort(self, effort: Effort) -> None:
        """The last one of a user and call counts. The call need not be stored yet."""
        ...

    async def agent_talks(self, *, since: datetime, until: datetime, agent: str | None = None) -> list[AgentTalk]:
        """Talks with the outside in calls that began then and are over, the newest first; None: of all agents."""
        ...


class AccountStore(Protocol):
    async def account(self, name: str) -> Account: ...

    async def accounts(self) -> list[Account]: ...

    async def save_account(self, account: Account) -> None:
        """Create or replace by name."""
        ...

    async def create_session(self, session: Session) -> None: ...

    async def session(self, token_hash: str) -> Session | None: ...

    async def touch_session(self, token_hash: str, *, now: datetime) -> None: ...

    async def end_session(self, token_hash: str) -> None: ...

    async def end_sessions_of(self, user: str) -> int: ...

    async def live_sessions(self, *, now: datetime) -> list[Session]:
        """For "phone I sit at": the latest sign-in with a phone wins."""
        ...

    async def save_token(self, token: ApiToken) -> None: ...

    async def token(self, token_hash: str) -> ApiToken | None: ...

    async def setup_token(self) -> str | None:
        """Hash of the one-time set-up link, while no account exists."""
        ...

    async def set_setup_token(self, token_hash: str | None) -> None: ...


class LedgerStore(Protocol):
    async def add_to_ledger(self, entries: Sequence[LedgerEntry]) -> None:
        """Append; returns when they are durable. No method changes or removes an entry."""
        ...

    async def ledger(self, where: LedgerFilter, *, cursor: str | None, limit: int) -> Page[LedgerEntry]:
        """Newest first."""
        ...


class RetentionStore(Protocol):
    async def old_data(self, data: KeptData, before: datetime) -> OldData:
        """How much there is from before that time; removes nothing."""
        ...

    async def remove_old(self, rule: KeepRule, *, now: datetime) -> OldData:
        """Remove what is older than the rule allows; the ledger gets the proof in the same transaction. Calls lose the person."""
        ...


class PersonStore(Protocol):
    async def person(self, *, customer_id: int | None = None, number: str | None = None) -> Person:
        """Whose data it is, by record or by number (then also of a caller without record). InvalidInput: several have it."""
        ...

    async def person_file(self, person: Person) -> dict[str, Any]:
        """Every row of theirs, as it is stored."""
        ...

    async def person_data(self, person: Person) -> PersonData:
        """How much `erase_person` would take out."""
        ...

    async def erase_person(self, person: Person, *, now: datetime, places_in_journal: int) -> PersonData:
        """Take the person out of every table, in one transaction with its entry in the ledger. Calls stay without the person."""
        ...


class CrmStore(
    CallerLookup,
    CallStore,
    CallHistoryStore,
    PartyStore,
    ActivityStore,
    TaskStore,
    CaptureStore,
    CaptureMeterStore,
    AccountStore,
    LedgerStore,
    RetentionStore,
    PersonStore,
    Protocol,
):
    """Everything the product keeps."""

    async def ready(self) -> None:
        """Raise StoreUnavailable unless the database answers and its schema is current."""
        ...

    async def close(self) -> None: ...
