"""Calls that nobody took, and the talks that make up for them: who has to be called back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm_store.activities import CallRecord
from crm_store.opening_hours import OpeningPlan
from crm_store.phone_numbers import NumberKind
from crm_store.tasks import LostCall, LostWay

_DIALLABLE = re.compile(r"\+?[0-9][0-9 ()./-]{6,23}")  # a person may well know how to dial it

_LOST = frozenset({"queue_timeout", "queue_empty", "queue_full", "voicemail"})
_MISSED_DIRECTLY = frozenset({"no_answer", "unavailable", "busy", "rejected"})
_WAYS = {
    "voicemail": LostWay.VOICEMAIL,
    "abandoned": LostWay.ABANDONED,
    "queue_timeout": LostWay.TIMEOUT,
    "queue_empty": LostWay.EMPTY,
    "queue_full": LostWay.FULL,
}
_NO_HOURS = OpeningPlan()


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A conversation with somebody outside: closes that person's open call-back tasks."""

    call_id: str
    customer_id: int | None
    number: str | None
    user: str | None
    since: datetime


def lost_call(record: CallRecord, *, short_abandon_s: float, hours: OpeningPlan = _NO_HOURS) -> LostCall | None:
    """The call-back that an ended record asks for: an inbound call nobody talked to, from somebody who can be called.

    It is due at once while somebody is there, else at the next opening.
    """
    if record["direction"] != "inbound" or not _is_lost(record, short_abandon_s):
        return None
    number = _callable_number(record["remote"])
    at = _read_time(record["ended_at"]) or _read_time(record["started_at"])
    if at is None or (number is None and record["customer_id"] is None):
        return None
    return LostCall(
        call_id=record["id"],
        customer_id=record["customer_id"],
        number=number or "",
        queue=record["queue"],
        at=at,
        owner=_missed_by(record),
        way=lost_way(record),
        did=record.get("did"),
        after_hours=record.get("after_hours"),
        due_at=hours.due(at, queue=record["queue"], did=record.get("did")),
    )


def lost_way(record: CallRecord) -> LostWay:
    """How this call was lost."""
    if record["outcome"] != "voicemail" and record.get("after_hours"):
        return LostWay.AFTER_HOURS
    return _WAYS.get(record["outcome"], LostWay.MISSED)


def is_talk(record: CallRecord) -> bool:
    """True once a colleague has talked with the outside party, whoever called whom."""
    return record["direction"] != "internal" and (record["answered_at"] is not None or record["outcome"] == "answered")


def _is_lost(record: CallRecord, short_abandon_s: float) -> bool:
    outcome = record["outcome"]
    if outcome in _LOST or outcome in _MISSED_DIRECTLY:
        return True
    if outcome == "abandoned":
        return _long_enough(record["wait_s"], short_abandon_s)
    if outcome == "ivr_only":  # after hours the announcement is all there is; by day it may have been enough
        return bool(record.get("after_hours")) and _long_enough(record["wait_s"], short_abandon_s)
    # "cancelled": gave up while a phone rang without a queue. Missed directly, unless at once.
    return outcome == "cancelled" and _long_enough(record["ring_s"], short_abandon_s)


def _long_enough(seconds: float | None, short_abandon_s: float) -> bool:
    return seconds is None or seconds >= short_abandon_s


def _callable_number(remote: Mapping[str, str | None]) -> str | None:
    if remote["number"] is not None:
        return remote["number"]
    raw = remote["raw"] or ""
    return raw if remote["kind"] == NumberKind.RAW and _DIALLABLE.fullmatch(raw) else None


def _missed_by(record: CallRecord) -> str | None:
    """The one agent whom a call without a queue was for."""
    agents = {leg["agent"] for leg in record["legs"]}
    return agents.pop() if len(agents) == 1 and not record["queues"] else None


def _read_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _talks(leg: Mapping[str, Any]) -> bool:
    """This colleague talked, or still does: then the leg has no result yet."""
    return leg["result"] == "answered" or (leg["result"] is None and leg.get("answered_at") is not None)


def talk_of(record: CallRecord) -> Talk | None:
    """The talk that a record tells of, if there was one with somebody who can be called."""
    since = _read_time(record["answered_at"]) or _read_time(record["ended_at"]) or _read_time(record["started_at"])
    if not is_talk(record) or since is None:
        return None
    talkers = [leg["agent"] for leg in record["legs"] if leg["agent"] and _talks(leg)]
    number = _callable_number(record["remote"])
    if number is None and record["customer_id"] is None:
        return None
    return Talk(
        call_id=record["id"],
        customer_id=record["customer_id"],
        number=number,
        user=talkers[-1] if talkers else None,
        since=since,
    )
