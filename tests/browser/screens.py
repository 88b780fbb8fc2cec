"""The pops on everybody's screens, moved by the tests: what the popper would send, without a telephone system."""

from __future__ import annotations

import copy
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from crm_store.access import Principal
from crm_store.activities import CallNote
from screenpop import topics
from screenpop.local_broker import LocalBroker


def utc_now() -> datetime:
    return datetime.now(UTC)


def text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Screens:
    """The pops on everybody's screens, moved by the tests; stands in for the popper."""

    broker: LocalBroker
    pops: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    painted_ids: list[str] = field(default_factory=list)
    dismissed_ids: list[str] = field(default_factory=list)
    save_asked: set[str] = field(default_factory=set)

    # --- the port of the API ---

    def has_pop(self, user: str, call_id: str) -> bool:
        return any(pop["call"]["id"] == call_id for pop in self.pops.get(user, {}).values())

    def saved(self, user: str, call_id: str) -> None:
        for pop in list(self.pops.get(user, {}).values()):
            if pop["call"]["id"] != call_id:
                continue
            if pop["phase"] == "wrap_up":
                self.retract(user, pop["pop_id"], "saved")
            else:
                self.save_asked.add(pop["pop_id"])

    def note_changed(self, user: str, note: CallNote) -> None:
        for owner, pops in self.pops.items():
            for pop in list(pops.values()):
                if pop["call"]["id"] == note.call_id:
                    self.update(
                        owner, pop["pop_id"], note=note.text, note_version=note.version, disposition=note.disposition
                    )

    def customer_changed(self, call_id: str, customer_id: int | None) -> None:
        return None

    # --- the port of the push socket ---

    def painted(self, user: Principal, pop_id: str) -> None:
        self.painted_ids.append(pop_id)

    def dismiss(self, user: Principal, pop_id: str) -> None:
        self.dismissed_ids.append(pop_id)
        self.retract(user.name, pop_id, "dismissed")

    # --- what happens to calls ---

    def show(self, user: str, pop: dict[str, Any]) -> str:
        self.pops.setdefault(user, {})[pop["pop_id"]] = pop
        self.broker.publish(topics.pops(user), "pop.show", copy.deepcopy(pop))
        return str(pop["pop_id"])

    def update(self, user: str, pop_id: str, *, phase: str | None = None, **call: Any) -> None:
        pop = self.pops[user][pop_id]
        pop["call"] = {**pop["call"], **call}
        pop["phase"] = phase or pop["phase"]
        self.broker.publish(topics.pops(user), "pop.update", copy.deepcopy(pop))
        if phase == "wrap_up" and pop_id in self.save_asked:
            self.retract(user, pop_id, "saved")

    def answer(self, user: str, pop_id: str) -> None:
        self.update(user, pop_id, phase="talking", state="talking", answered_at=text(utc_now()))

    def hang_up(self, user: str, pop_id: str) -> None:
        self.update(user, pop_id, phase="wrap_up", state="ended", ended_at=text(utc_now()), talk_s=12.0)

    def retract(self, user: str, pop_id: str, reason: str, by: str | None = None) -> None:
        pop = self.pops[user].pop(pop_id)
        data = {"pop_id": pop_id, "offer": pop["offer"], "call_id": pop["call"]["id"], "reason": reason, "by": by}
        self.broker.publish(topics.pops(user), "pop.retract", data)


def new_call_id() -> str:
    return "01K" + "".join(secrets.choice("0123456789ABCDEFGHJKMNPQRSTVWXYZ") for _ in range(23))


def pop_data(
    user: str,
    *,
    cards: list[dict[str, Any]] | None = None,
    remote: Mapping[str, Any] | None = None,
    match: str | None = None,
    reason: str | None = None,
    direction: str = "inbound",
    phase: str = "ringing",
    offer: int = 1,
    **call: Any,
) -> dict[str, Any]:
    """The data of a `pop.show`, as the popper sends it."""
    call_id = call.pop("id", None) or new_call_id()
    now = utc_now()
    cards = cards or []
    default = {"number": "+421911222333", "display": "+421 911 222 333", "name": None, "kind": "e164"}
    return {
        "pop_id": f"{call_id}-{hashlib.sha256(user.encode()).hexdigest()[:8]}",
        "offer": offer,
        "phase": phase,
        "call": {
            "id": call_id,
            "pbx": "main",
            "direction": direction,
            "state": "ringing",
            "remote": dict(remote or default),
            "did": "+421255501234",
            "did_display": "+421 2 555 012 34",
            "did_label": "Shop line",
            "queue": "600",
            "queue_label": "Support",
            "wait_s": 23.0,
            "queued_at": text(now - timedelta(seconds=27)),
            "started_at": text(now - timedelta(seconds=29)),
            "rang_at": text(now - timedelta(seconds=4)),
            "answered_at": None,
            "ended_at": None,
            "talk_s": None,
            "endpoint": "PJSIP/1001",
            "extension": "1001",
            "transferred_by": None,
            "click_to_dial": None,
            "note": None,
            "note_version": 0,
            "disposition": None,
            **call,
        },
        "match": match or ("one" if len(cards) == 1 else "several" if cards else "none"),
        "reason": reason or ("exact" if cards else None),
        "customers": cards,
    }
