"""Accounts, sessions and API tokens. Secrets are stored as hashes only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


SCOPES = ("calls.read", "calls.dial", "crm.read", "crm.write", "queues.read", "admin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    name: str  # the login and the agent's name in every record
    display_name: str
    role: Role
    endpoints: tuple[str, ...]  # PJSIP/1001 …
    extension: str | None
    language: str | None
    password_hash: str | None
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in browser. `token_hash` is SHA-256 of the opaque cookie; `phone` is the endpoint chosen at sign-in."""

    token_hash: str
    user: str
    phone: str | None
    csrf: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    token_hash: str
    user: str
    scopes: tuple[str, ...]
    created_at: datetime
