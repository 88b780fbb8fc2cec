"""Parties: anyone who can call. `customer` in the API means any party."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

PARTY_KINDS = ("customer", "contact", "employee", "supplier", "company")
PHONE_LABELS = ("mobile", "work", "home", "main", "fax", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyPhone:
    """One number of a party. `number` is E.164 where it normalises, else digits or text as typed."""

    number: str
    display: str
    label: str = "other"
    kind: str = "e164"  # NumberKind value
    extension: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    id: int
    version: int  # for ETag / If-Match
    name: str  # "" for a party that only has a number
    company: str | None
    kind: str
    phones: tuple[PartyPhone, ...]
    emails: tuple[str, ...]
    language: str | None  # en he ar pl sk …
    external_id: str | None
    tags: tuple[str, ...]
    note: str
    active: bool
    created_at: datetime
    updated_at: datetime

    @property
    def display_name(self) -> str:
        """Never empty while anything is known: name, else company, else first number."""
        return self.name or self.company or (self.phones[0].display if self.phones else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneInput:
    """A number as somebody typed it."""

    raw: str
    label: str = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyInput:
    """Fields for create or edit. In an edit None means "leave as it is"."""

    name: str | None = None
    company: str | None = None
    kind: str | None = None
    phones: tuple[PhoneInput, ...] | None = None
    emails: tuple[str, ...] | None = None
    language: str | None = None
    external_id: str | None = None
    tags: tuple[str, ...] | None = None
    note: str | None = None
    active: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedParty:
    """The party after a write, and how many earlier unmatched calls its numbers linked in the same transaction."""

    party: Party
    linked_calls: int
