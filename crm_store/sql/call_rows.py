"""A call record as rows and back: columns for what is asked for, the whole record as JSON.

The rows hold what the columns do (a time is a text), so that they are written as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import orjson

from crm_store.activities import CallRecord
from crm_store.phone_numbers import NumberKind
from crm_store.sql.columns import stored_time
from crm_store.sql.party_fields import Row

#: Kept in columns and rows of their own, because people and later knowledge change them.
_KEPT_APART = ("customer_id", "match", "note", "disposition", "customer_name")
_DIGITS = ("number", "display", "raw", "dialled")


def storable(record: CallRecord) -> CallRecord:
    """The record as it may be kept: text that is valid, and no digits of a caller who withheld them."""
    try:
        orjson.dumps(record)
    except TypeError:  # half a surrogate pair in a name: replaced, the call is not lost
        record = orjson.loads(json.dumps(record, ensure_ascii=False).encode("utf-8", "replace"))
    return without_digits(record) if number_kind(record) == NumberKind.WITHHELD else record


def without_digits(record: CallRecord) -> CallRecord:
    """The record of a caller whose number must not be kept anywhere."""
    remote = {**(record.get("remote") or {}), **dict.fromkeys(_DIGITS), "kind": NumberKind.WITHHELD.value}
    return {**record, "remote": remote}


def number_kind(record: CallRecord) -> str:
    kind: str = (record.get("remote") or {}).get("kind") or NumberKind.UNKNOWN.value
    return kind


def matched_number(record: CallRecord) -> str | None:
    """The number that customers are found by; None when this call's is not E.164."""
    remote = record.get("remote") or {}
    return remote.get("number") if remote.get("kind") == NumberKind.E164 else None


def call_row(record: CallRecord, *, at: str) -> Row:
    """The columns of `calls`, without those that links decide."""
    started_at = record.get("started_at")
    return {
        "id": record["id"],
        "pbx": record["pbx"],
        "direction": record.get("direction"),
        "state": record["state"],
        "at": stored_time(started_at) if started_at else at,
        "number": (record.get("remote") or {}).get("number"),
        "number_kind": number_kind(record),
        "queue": record.get("queue"),
        "outcome": record.get("outcome"),
        "uniqueid": record.get("uniqueid"),
        "record": orjson.dumps({k: v for k, v in record.items() if k not in _KEPT_APART}).decode(),
    }


def leg_rows(record: CallRecord) -> Iterable[Row]:
    for position, leg in enumerate(record.get("legs") or ()):
        yield {
            "call_id": record["id"],
            "position": position,
            "endpoint": leg.get("endpoint") or "",
            "agent": leg.get("agent"),
            "result": leg.get("result"),
            "rang_at": _time(leg.get("rang_at")),
            "answered_at": _time(leg.get("answered_at")),
            "ended_at": _time(leg.get("ended_at")),
            "ring_s": leg.get("ring_s"),
            "talk_s": leg.get("talk_s"),
            "hold_s": leg.get("hold_s"),
        }


def wait_rows(record: CallRecord) -> Iterable[Row]:
    for position, wait in enumerate(record.get("queues") or ()):
        yield {
            "call_id": record["id"],
            "position": position,
            "queue": wait.get("queue") or "",
            "result": wait.get("result"),
            "joined_at": _time(wait.get("joined_at")),
            "left_at": _time(wait.get("left_at")),
            "wait_s": wait.get("wait_s"),
        }


def record_of(row: Any) -> CallRecord:
    """The record with what is known about it now: its customer, note and outcome for the business."""
    record: CallRecord = orjson.loads(row.record)
    return {
        "after_hours": None,  # records of earlier versions do not say
        **record,
        "customer_id": row.customer_id,
        "match": row.match,
        "note": row.note or None,
        "disposition": row.disposition,
        "customer_name": row.customer_name,
    }


def talked_agent(record: CallRecord) -> str | None:
    """The colleague a timeline names: who answered first, else who was offered the call."""
    legs = record.get("legs") or []
    answered = [leg for leg in legs if leg.get("answered_at")]
    agents = [leg.get("agent") for leg in answered or legs if leg.get("agent")]
    return agents[0] if agents else None


def _time(text: str | None) -> str | None:
    return stored_time(text) if text else None
