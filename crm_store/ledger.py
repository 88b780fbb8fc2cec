"""The access ledger: who saw, searched, exported, dialled, changed or deleted what. Ids only, never names, numbers or texts.

It is append-only: the one thing that removes entries is the retention purge, and each purge leaves an entry as its proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class LedgerKind(StrEnum):
    """What was done."""

    CARD_SHOWN = "card_shown"  # by a screen-pop: `call_id` says by which call
    CARD_OPENED = "card_opened"
    CALL_OPENED = "call_opened"
    SEARCHED = "searched"
    EXPORTED = "exported"
    DIALLED = "dialled"
    HUNG_UP = "hung_up"
    LISTENED = "listened"  # spied on a running call
    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"
    MERGED = "merged"
    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_OUT = "signed_out"
    REFUSED = "refused"  # asked for what the role, or the token, does not open
    ACCOUNT_CHANGED = "account_changed"
    PERSON_EXPORTED = "person_exported"
    PERSON_ERASED = "person_erased"
    PURGED = "purged"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One line of the ledger."""

    kind: LedgerKind
    at: datetime
    user: str | None  # account name; None: the service itself, a command on its machine, or nobody known
    customer_id: int | None = None
    call_id: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)  # counts, codes and ids
    seq: int = 0  # given by the store


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFilter:
    """Which entries; what is None does not matter."""

    user: str | None = None
    customer_id: int | None = None
    call_id: str | None = None
    kind: LedgerKind | None = None
    since: datetime | None = None
    until: datetime | None = None


_NOBODY: frozenset[int] = frozenset()


class ShownCards:
    """Which cards a screen-pop has put before whom: each counts once for a call, however often the pop changes."""

    def __init__(self) -> None:
        self._seen: dict[str, frozenset[int]] = {}  # pop → customers

    @property
    def remembered(self) -> int:
        """Pops that are on a screen with a card."""
        return len(self._seen)

    def shown(
        self, user: str, pop_id: str, call_id: str, customers: Iterable[Mapping[str, Any]], *, at: datetime
    ) -> list[LedgerEntry]:
        """The entries for the cards that this pop had not shown yet."""
        before = self._seen.get(pop_id, _NOBODY)
        new = [card["id"] for card in customers if card["id"] not in before]
        if not new:
            return []
        self._seen[pop_id] = before.union(new)
        return [
            LedgerEntry(kind=LedgerKind.CARD_SHOWN, at=at, user=user, customer_id=customer_id, call_id=call_id)
            for customer_id in sorted(new)
        ]

    def gone(self, pop_id: str) -> None:
        """The pop left the screen: shown again, it counts again."""
        self._seen.pop(pop_id, None)
