"""What the API answers: stored values as JSON. (Their shapes for `openapi.json`: `web/view_models.py`.)"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from crm_store.activities import Activity, CallNote
from crm_store.caller_lookup import CallerMatch
from crm_store.capture_line import tags_of
from crm_store.ledger import LedgerEntry
from crm_store.parties import Party
from crm_store.phone_numbers import PhoneNumber
from crm_store.tasks import Task


def rfc3339(at: datetime | None) -> str | None:
    """UTC with `Z`, as the API writes every time."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at is not None else None


def customer_json(party: Party) -> dict[str, Any]:
    """One customer with all fields."""
    return {
        "id": party.id,
        "name": party.name,
        "display_name": party.display_name,
        "company": party.company or None,
        "kind": party.kind,
        "phones": [
            {
                "number": one.number,
                "display": one.display,
                "label": one.label,
                "kind": one.kind,
                "extension": one.extension,
            }
            for one in party.phones
        ],
        "emails": list(party.emails),
        "language": party.language or None,
        "external_id": party.external_id or None,
        "tags": list(party.tags),
        "note": party.note,
        "active": party.active,
        "created_at": rfc3339(party.created_at),
        "updated_at": rfc3339(party.updated_at),
        "version": party.version,
    }


#: Of somebody who tried more often the last ones are listed; `attempt_count` has them all.
MOST_ATTEMPTS = 50


def task_json(task: Task) -> dict[str, Any]:
    """One task."""
    return {
        "id": task.id,
        "kind": task.kind,
        "title": task.title,
        "state": task.state,
        "due_at": rfc3339(task.due_at),
        "owner": task.owner,
        "customer_id": task.customer_id,
        "customer_name": task.customer_name,
        "number": task.number,
        "call_ids": list(task.call_ids),
        "claimed_by": task.claimed_by,
        "claimed_at": rfc3339(task.claimed_at),
        "handed_by": task.handed_by,
        "attempt_count": len(task.attempts),
        "attempts": [
            {
                "call_id": one.call_id,
                "at": rfc3339(one.at),
                "way": one.way,
                "queue": one.queue,
                "did": one.did,
                "after_hours": one.after_hours,
            }
            for one in task.attempts[-MOST_ATTEMPTS:]
        ],
        "lost_since": rfc3339(task.first_lost_at),
        "last_lost_at": rfc3339(task.last_lost_at),
        "recall_s": task.recall_s,
        "created_at": rfc3339(task.created_at),
        "done_at": rfc3339(task.done_at),
        "done_by": task.done_by,
        "version": task.version,
    }


def note_json(note: CallNote) -> dict[str, Any]:
    """The note and outcome of one call."""
    return {
        "call_id": note.call_id,
        "text": note.text,
        "tags": [tag.name for tag in tags_of(note.text)],
        "disposition": note.disposition,
        "version": note.version,
        "updated_at": rfc3339(note.updated_at),
        "updated_by": note.updated_by,
    }


def activity_json(activity: Activity) -> dict[str, Any]:
    """One line of a timeline."""
    return {
        "id": activity.id,
        "kind": activity.kind,
        "at": rfc3339(activity.at),
        "customer_id": activity.customer_id,
        "agent": activity.agent,
        "text": activity.text,
        "disposition": activity.disposition,
        "call": activity.call,
    }


def ledger_json(entry: LedgerEntry) -> dict[str, Any]:
    """One line of the access ledger."""
    return {
        "seq": entry.seq,
        "at": rfc3339(entry.at),
        "kind": entry.kind.value,
        "user": entry.user,
        "customer_id": entry.customer_id,
        "call_id": entry.call_id,
        "detail": dict(entry.detail),
    }


def match_json(number: PhoneNumber, match: CallerMatch) -> dict[str, Any]:
    """Who the number belongs to, and why we think so."""
    return {
        "number": {"number": number.number, "display": number.display, "kind": number.kind.value, "raw": number.raw},
        "match": match.kind.value,
        "reason": match.reason.value if match.reason else None,
        "customers": list(match.cards),
    }
