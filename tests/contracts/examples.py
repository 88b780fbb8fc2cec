"""Calls, customers and accounts as the contract tests write them down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from crm_store.accounts import Account, Role, Session
from crm_store.activities import CallRecord
from crm_store.parties import PartyInput, PhoneInput
from crm_store.phone_numbers import NumberProfile, PhoneNumber, normalise
from crm_store.store import CrmStore

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PROFILE = NumberProfile(region="SK", extensions=frozenset({"1001", "1002"}))
JAN = "+421905123456"
EVA = "+421905999888"


def at(minute: int) -> datetime:
    """NOW plus so many minutes."""
    return NOW + timedelta(minutes=minute)


def text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def number(raw: str | None) -> PhoneNumber:
    return normalise(raw, PROFILE)


def remote(raw: str | None = JAN, **changed: Any) -> dict[str, Any]:
    """The outside party of a call, as the call log writes it."""
    found = number(raw)
    return {
        "number": found.number,
        "display": found.display,
        "raw": found.raw,
        "name": None,
        "kind": found.kind.value,
        "dialled": None,
        **changed,
    }


WITHHELD = remote(None, kind="withheld")


def leg(agent: str, *, endpoint: str = "PJSIP/1001", result: str = "answered", minute: int = 0) -> dict[str, Any]:
    answered = text(at(minute)) if result == "answered" else None
    return {
        "endpoint": endpoint,
        "extension": endpoint.partition("/")[2],
        "agent": agent,
        "rang_at": text(at(minute)),
        "answered_at": answered,
        "ended_at": text(at(minute)),
        "ring_s": 1.5,
        "talk_s": 8.5 if answered else 0,
        "hold_s": 0,
        "via": None,
        "result": result,
    }


def call(call_id: str, *, minute: int = 0, **changed: Any) -> CallRecord:
    """An ended inbound call of JAN's number, `minute` after NOW."""
    return {
        "id": call_id,
        "pbx": "main",
        "uniqueid": f"{call_id}.1",
        "linkedid": f"{call_id}.1",
        "direction": "inbound",
        "state": "ended",
        "remote": remote(),
        "did": "+421255501234",
        "queue": None,
        "queues": [],
        "legs": [],
        "transfers": [],
        "started_at": text(at(minute)),
        "answered_at": None,
        "ended_at": text(at(minute)),
        "wait_s": 6.5,
        "ring_s": 5.5,
        "talk_s": 8.5,
        "hold_s": 0,
        "parked_s": 0,
        "outcome": "answered",
        "ended_by": "remote",
        "hangup_cause": 16,
        "click_to_dial": None,
        "estimated": False,
        "after_hours": None,
        "recordings": [],
        "customer_id": None,
        "match": "none",
        **changed,
    }


async def customer(store: CrmStore, name: str = "", *numbers: str, **fields: Any) -> int:
    """Create a customer with these numbers and return its id."""
    phones = tuple(PhoneInput(raw=raw) for raw in numbers)
    saved = await store.create_party(PartyInput(name=name, phones=phones, **fields), user="eva", now=NOW)
    return saved.party.id


def account(name: str = "eva", **changed: Any) -> Account:
    fields: dict[str, Any] = {
        "name": name,
        "display_name": name.title(),
        "role": Role.AGENT,
        "endpoints": ("PJSIP/1001", "PJSIP/991001"),
        "extension": "1001",
        "language": "sk",
        "password_hash": "argon2:…",
        "active": True,
    }
    return Account(**{**fields, **changed})


def session(token_hash: str, user: str = "eva", **changed: Any) -> Session:
    fields: dict[str, Any] = {
        "token_hash": token_hash,
        "user": user,
        "phone": "PJSIP/1001",
        "csrf": "c",
        "created_at": NOW,
        "last_seen_at": NOW,
        "expires_at": at(600),
    }
    return Session(**{**fields, **changed})
