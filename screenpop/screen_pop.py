"""What one agent's screen shows for one call, and its JSON (docs/push.md), at most 8 KB whatever the caller's name is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeAlias

import orjson

from crm_store.caller_lookup import CallerMatch, Card
from crm_store.phone_numbers import grouped
from pbx.calls import Call, CallLeg, Direction

#: `remote` and `did` of the call's record: who is at the other end, and which number was called.
Parties: TypeAlias = Mapping[str, Any]

MAX_POP_BYTES = 8 * 1024
MAX_CARDS = 9  # one digit chooses


class PopPhase(StrEnum):
    RINGING = "ringing"
    TALKING = "talking"
    HOLD = "hold"
    WRAP_UP = "wrap_up"
    SAVED = "saved"


class RetractReason(StrEnum):
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    CALLER_GAVE_UP = "caller_gave_up"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    UNAVAILABLE = "unavailable"
    TRANSFERRED = "transferred"
    DISMISSED = "dismissed"
    SAVED = "saved"


@dataclass(frozen=True, slots=True)
class PopNote:
    """What has been written about the call so far; `version` is for If-Match."""

    text: str
    disposition: str | None
    version: int


@dataclass(frozen=True, slots=True)
class PopLabels:
    """Readable names from the configuration and the accounts: queue → label, DID → label, account → display name."""

    queues: Mapping[str, str] = field(default_factory=dict)
    dids: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenPop:
    """One agent's view of one call. `match` is None while the look-up still runs."""

    pop_id: str
    user: str
    offer: int
    phase: PopPhase
    call: Mapping[str, Any]
    match: CallerMatch | None

    def to_json(self) -> dict[str, Any]:
        """The data of `pop.show` and `pop.update`, trimmed to MAX_POP_BYTES."""
        match = self.match
        return _fit(
            {
                "pop_id": self.pop_id,
                "offer": self.offer,
                "phase": self.phase.value,
                "call": dict(self.call),
                "match": match.kind.value if match else None,
                "reason": match.reason.value if match and match.reason else None,
                "customers": list(match.cards) if match else [],
            }
        )


@lru_cache(maxsize=512)  # asked at each event of a call
def pop_id_of(call_id: str, user: str) -> str:
    """One id per agent and call; the same after a restart, and the agent's name cannot be read from it."""
    return f"{call_id}-{hashlib.sha256(user.encode()).hexdigest()[:8]}"


def pop_call(
    call: Call, leg: CallLeg, parties: Parties, labels: PopLabels, *, phase: PopPhase, note: PopNote | None
) -> dict[str, Any]:
    """The call as the agent of `leg` sees it."""
    # Between picking up and the talk the PBX tells several things within milliseconds: none of them is news to the agent.
    ringing, ended = phase is PopPhase.RINGING, phase is PopPhase.WRAP_UP
    queue, did = leg.queue or call.queue, parties["did"]
    return {
        "id": call.id,
        "pbx": call.pbx,
        "direction": call.direction.value,
        "state": "queued" if ringing and leg.queue else call.state.value,
        "remote": remote_of(call, parties, labels),
        "did": did,
        "did_display": did and grouped(did),
        "did_label": labels.dids.get(did or ""),
        "queue": queue,
        "queue_label": labels.queues.get(queue or ""),
        "wait_s": _wait_so_far(call, leg),
        "queued_at": _utc(call.queues[0].joined_at) if call.queues else None,
        "started_at": _utc(call.started_at),
        "rang_at": _utc(leg.rang_at),
        "answered_at": None if ringing else _utc(leg.answered_at),
        "ended_at": _utc(leg.ended_at) if ended else None,
        "talk_s": leg.talk_s if ended else None,
        "endpoint": leg.endpoint,
        "extension": leg.extension,
        "transferred_by": _transferred_by(call, leg, labels),
        "click_to_dial": call.click_to_dial,
        "note": note.text if note else None,
        "note_version": note.version if note else 0,
        "disposition": note.disposition if note else None,
    }


def remote_of(call: Call, parties: Parties, labels: PopLabels) -> dict[str, Any]:
    """The other party as the called agent meets it: on an internal call the colleague who rings, not the one who was dialled."""
    if call.direction is Direction.INTERNAL:
        caller = internal_caller(call)
        number = caller.extension if caller else None
        name = _colleague(caller, labels) if caller and caller.agent else None
        return {"number": number, "display": number, "name": name, "kind": "internal"}
    remote = parties["remote"]
    return {key: remote.get(key) for key in ("number", "display", "name", "kind")}


def internal_caller(call: Call) -> CallLeg | None:
    """The colleague who dialled: the first leg, whose phone did not ring (of a click-to-dial it did)."""
    first = call.legs[0] if call.direction is Direction.INTERNAL and call.legs else None
    return first if first is not None and (first.rang_at is None or call.click_to_dial) else None


def is_withheld(parties: Parties) -> bool:
    """The caller's number may not be used to find anybody."""
    return bool(parties["remote"].get("kind") == "withheld")


def _wait_so_far(call: Call, leg: CallLeg) -> float | None:
    """Seconds waited until somebody talked; before that, until this phone rang (the call's own figure still grows)."""
    if call.direction is not Direction.INBOUND:
        return None
    if call.answered_at is not None:
        return None if call.wait_s is None else round(call.wait_s, 3)
    since = call.queues[0].joined_at if call.queues else call.started_at
    if since is None or leg.rang_at is None:
        return None
    return max(0.0, round(leg.rang_at - since, 3))


def _transferred_by(call: Call, leg: CallLeg, labels: PopLabels) -> str | None:
    """The colleague who passed this call on to the agent of `leg`."""
    for transfer in reversed(call.transfers):
        if transfer.by in leg.endpoints:
            continue
        # The target's leg of an attended transfer began with the consultation, before the transfer.
        to_this_leg = transfer.to in (*leg.endpoints, leg.extension)
        after = leg.rang_at is not None and transfer.at is not None and leg.rang_at >= transfer.at
        if to_this_leg or after:
            by = next((other for other in call.legs if transfer.by in other.endpoints), None)
            return _colleague(by, labels) if by else transfer.by
    return None


def _colleague(leg: CallLeg, labels: PopLabels) -> str:
    return labels.people.get(leg.agent or "") or leg.agent or leg.extension or leg.endpoint


@lru_cache(maxsize=512)  # a call's times are shown again with each of its events
def _utc(at: float | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- at most 8 KB -----------------------------------------------------------------------------------------------------

#: Most characters of a string, most items of a list, most cards: the first row that fits is used.
_LADDER = ((500, 20, MAX_CARDS), (240, 8, MAX_CARDS), (120, 5, MAX_CARDS), (80, 3, 6), (80, 3, 3), (40, 2, 1))
_SHORT_NOTE_BYTES = 1000
_LEAST_OF_A_CARD = ("id", "name", "company", "kind", "phones", "tags", "last_activities", "open_tasks")


def _fit(pop: dict[str, Any]) -> dict[str, Any]:
    if _size(pop) <= MAX_POP_BYTES and len(pop["customers"]) <= MAX_CARDS:
        return pop
    call = pop["call"]
    cards: list[Card] = pop["customers"]
    if call["note"] and len(orjson.dumps(call["note"])) > _SHORT_NOTE_BYTES:
        # Never cut: half a note that a page saves again would destroy the other half. It is one request away.
        call = {**call, "note": None, "note_truncated": True}
    for characters, items, most in _LADDER:
        trimmed = {
            **pop,
            "call": _trim_call(call, characters, items),
            "customers": _trim(cards[:most], characters, items),
        }
        if len(cards) > most:
            trimmed["more_customers"] = len(cards) - most
        if _size(trimmed) <= MAX_POP_BYTES:
            return trimmed
    least = [{key: _scalar(card.get(key)) for key in _LEAST_OF_A_CARD} for card in _trim(cards[:1], 40, 0)]
    return {**trimmed, "customers": least}


def _trim_call(call: dict[str, Any], characters: int, items: int) -> dict[str, Any]:
    note = call["note"]
    return {**_trim(call, characters, items), "note": note}


def _trim(value: Any, characters: int, items: int) -> Any:
    """The same shape with shorter strings and lists. The list of cards itself is cut by the caller."""
    if isinstance(value, str):
        return value if len(value) <= characters else value[: characters - 1] + "…"
    if isinstance(value, Mapping):
        return {key: _cut(item, characters, items) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_trim(item, characters, items) for item in value]
    return value


def _cut(value: Any, characters: int, items: int) -> Any:
    return _trim(value[:items] if isinstance(value, list | tuple) else value, characters, items)


def _scalar(value: Any) -> Any:
    return value if not isinstance(value, Mapping) else None


def _size(pop: Mapping[str, Any]) -> int:
    return len(orjson.dumps(pop))
