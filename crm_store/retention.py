"""How long each kind of data is kept, what is left of a call whose time is over, and the proof that old data went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from crm_store.activities import CallRecord
from crm_store.ledger import LedgerEntry, LedgerKind

#: In place of whoever a call was handed to outside the house.
ANONYMOUS = "anonymous"
_LONGEST_EXTENSION = 6


class KeptData(StrEnum):
    """Kinds of data with a time of their own."""

    CALLS = "calls"  # numbers, names, customers and notes of calls; times and results stay for statistics
    NOTES = "notes"  # notes of calls, entries of timelines, finished tasks
    POPS = "pops"  # who was shown which card
    LEDGER = "ledger"  # the rest of the ledger; proofs stay
    JOURNAL = "journal"  # raw AMI


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepRule:
    """Keep this data so many days; 0 keeps it for ever."""

    data: KeptData
    days: int

    def before(self, now: datetime) -> datetime | None:
        """What is older has to go; None: nothing."""
        return now - timedelta(days=self.days) if self.days else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OldData:
    """What is older than a rule allows: how much, from when to when."""

    data: KeptData
    before: datetime
    count: int
    oldest: datetime | None  # None when there is nothing
    newest: datetime | None

    def proof(self, rule: KeepRule, *, now: datetime) -> LedgerEntry:
        """The entry that stays when the data is gone. `before` is written as the store writes times: the table compares it."""
        detail = {
            "data": self.data.value,
            "keep_days": rule.days,
            "before": _text(self.before),
            "count": self.count,
            "oldest": _text(self.oldest),
            "newest": _text(self.newest),
        }
        return LedgerEntry(kind=LedgerKind.PURGED, at=now, user=None, detail=detail)


def joined(parts: list[OldData]) -> OldData:
    """Several portions of one kind of data as one; there is at least one."""
    times = [time for part in parts for time in (part.oldest, part.newest) if time is not None]
    return OldData(
        data=parts[0].data,
        before=parts[0].before,
        count=sum(part.count for part in parts),
        oldest=min(times, default=None),
        newest=max(times, default=None),
    )


def anonymous_call(record: CallRecord) -> CallRecord:
    """The record without the person: no number, name or outside phone; times, durations, colleagues and results stay."""
    remote = {**dict.fromkeys(("number", "display", "raw", "name", "dialled")), "kind": "unknown"}
    return {
        **record,
        "remote": remote,
        "legs": [{**leg, "via": None} for leg in record.get("legs") or ()],
        "transfers": [{**one, "to": _inside(one["to"])} for one in record.get("transfers") or ()],
        "customer_id": None,
        "match": None,
    }


def _inside(target: Any) -> Any:
    """A colleague's phone or extension as it is; a number outside is somebody's."""
    is_inside = not isinstance(target, str) or "/" in target or len(target) <= _LONGEST_EXTENSION
    return target if is_inside else ANONYMOUS


def _text(at: datetime | None) -> str | None:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z") if at is not None else None
