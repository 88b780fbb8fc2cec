"""Who may do and see what: roles, permissions, row scope and hidden fields, for pages, API and push alike.

Deny by default: a role has only what its row of the table names. A hidden field is absent, never blanked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from crm_store.accounts import Role


class Permission(StrEnum):
    """What a route (or a push topic) asks for."""

    SELF = "self"  # one's own name, settings and sign-out
    PUSH = "push"  # the live socket
    CALLS_READ = "calls_read"
    CALLS_READ_ALL = "calls_read_all"  # other people's calls too
    CALLS_WRITE = "calls_write"  # note, outcome, customer and tasks of a call
    CALLS_EXPORT = "calls_export"
    DIAL = "dial"
    DIAL_FOR_OTHERS = "dial_for_others"
    HANG_UP = "hang_up"
    CRM_READ = "crm_read"
    CRM_WRITE = "crm_write"
    CRM_DELETE = "crm_delete"  # delete and merge
    TASKS_ALL = "tasks_all"  # other people's tasks too
    QUEUES_READ = "queues_read"
    BOARD = "board"  # all queues and all agents
    AGENT_STATE = "agent_state"  # one's own pause, log in and out
    AGENT_STATE_OTHERS = "agent_state_others"
    METRICS = "metrics"
    LEDGER = "ledger"  # who saw and did what


_AGENT = frozenset(
    {
        Permission.SELF,
        Permission.PUSH,
        Permission.CALLS_READ,
        Permission.CALLS_WRITE,
        Permission.DIAL,
        Permission.HANG_UP,
        Permission.CRM_READ,
        Permission.CRM_WRITE,
        Permission.QUEUES_READ,
        Permission.AGENT_STATE,
    }
)
_SUPERVISOR = _AGENT | {
    Permission.CALLS_READ_ALL,
    Permission.CALLS_EXPORT,
    Permission.DIAL_FOR_OTHERS,
    Permission.CRM_DELETE,
    Permission.TASKS_ALL,
    Permission.BOARD,
    Permission.AGENT_STATE_OTHERS,
}
PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.AGENT: _AGENT,
    Role.SUPERVISOR: _SUPERVISOR,
    Role.ADMIN: _SUPERVISOR | {Permission.METRICS, Permission.LEDGER},
}

#: What an API token's scope opens, within what its user's role allows. `admin` opens everything of the role.
SCOPE_PERMISSIONS: Mapping[str, frozenset[Permission]] = {
    "calls.read": frozenset(
        {Permission.PUSH, Permission.CALLS_READ, Permission.CALLS_READ_ALL, Permission.CALLS_EXPORT}
    ),
    "calls.dial": frozenset(
        {
            Permission.DIAL,
            Permission.DIAL_FOR_OTHERS,
            Permission.HANG_UP,
            Permission.AGENT_STATE,
            Permission.AGENT_STATE_OTHERS,
        }
    ),
    "crm.read": frozenset({Permission.CRM_READ, Permission.TASKS_ALL}),
    "crm.write": frozenset({Permission.CRM_WRITE, Permission.CRM_DELETE, Permission.CALLS_WRITE}),
    "queues.read": frozenset({Permission.PUSH, Permission.QUEUES_READ, Permission.BOARD, Permission.METRICS}),
    "admin": frozenset(Permission),
}
_EVERY_TOKEN = frozenset({Permission.SELF})


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks: a signed-in person, or a program with an API token."""

    name: str
    display_name: str
    role: Role
    scopes: frozenset[str] | None  # None: a signed-in person, with everything of the role
    session_hash: str | None  # SHA-256 of the session cookie; None for a token
    csrf: str | None
    phone: str | None  # the endpoint chosen at sign-in
    endpoints: tuple[str, ...]  # the account's own
    extension: str | None
    language: str | None

    def may(self, permission: Permission) -> bool:
        """The role has it, and the token's scopes (if it is a token) open it."""
        if permission not in PERMISSIONS[self.role]:
            return False
        if self.scopes is None or permission in _EVERY_TOKEN:
            return True
        return any(permission in SCOPE_PERMISSIONS.get(scope, frozenset()) for scope in self.scopes)

    @property
    def sits_at(self) -> str | None:
        """The phone that click-to-dial rings: the one chosen at sign-in, else the account's first."""
        return self.phone or (self.endpoints[0] if self.endpoints else None)


#: Which parts of a resource are resources of their own: hiding a field hides it inside cards and timelines too.
_PARTS: Mapping[str, Mapping[str, str]] = {
    "pop": {"call": "call", "customers": "customer"},
    "customer": {"last_activities": "activity", "open_tasks": "task"},
    "activity": {"call": "call"},
    "match": {"customers": "customer"},
    "task": {"attempts": "attempt"},
}

#: Where one resource repeats another's field, so that hiding it once hides it everywhere.
_COPIES: Mapping[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("customer", "name"): (
        ("customer", "display_name"),
        ("call", "customer_name"),
        ("task", "customer_name"),
    ),
    ("customer", "phones"): (("task", "number"), ("call", "remote.number")),
    ("call", "remote.number"): (("call", "remote.display"), ("call", "remote.raw"), ("call", "remote.dialled")),
    ("call", "remote.name"): (("call", "caller_name"),),
    ("call", "did"): (("call", "did_display"), ("attempt", "did")),
    ("call", "queue"): (("attempt", "queue"),),
    ("call", "outcome"): (("attempt", "way"),),
    ("call", "after_hours"): (("attempt", "after_hours"),),
    ("call", "note"): (("activity", "text"),),
}


class AccessPolicy:
    """The one mechanism that pages, API, exports and push ask. `hidden`: role → resource → field names (`a.b` for nested)."""

    def __init__(self, hidden: Mapping[Role, Mapping[str, Iterable[str]]] | None = None) -> None:
        self._hidden: dict[Role, dict[str, frozenset[str]]] = {
            role: _with_copies(fields) for role, fields in (hidden or {}).items()
        }

    def hidden(self, role: Role, resource: str) -> frozenset[str]:
        """The field names of `resource` that this role never gets."""
        return self._hidden.get(role, {}).get(resource, frozenset())

    def visible(self, role: Role, resource: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """A copy of `data` without what is hidden from `role`, at any depth. Resources: customer, call, task, activity, pop, match."""
        if not self._hidden.get(role):
            return dict(data)
        return _without(data, self.hidden(role, resource), lambda part, item: self.visible(role, part, item), resource)

    def may_see_call(self, who: Principal, record: Mapping[str, Any]) -> bool:
        """An agent sees calls with a leg of their own; supervisors and admins all."""
        if who.may(Permission.CALLS_READ_ALL):
            return True
        return any(leg.get("agent") == who.name for leg in record.get("legs", ()))

    def may_see_task(
        self, who: Principal, *, owner: str | None, claimed_by: str | None, handed_by: str | None = None
    ) -> bool:
        """An agent sees their own tasks, the team's (no owner), what they claimed, and what they gave to its owner."""
        return who.may(Permission.TASKS_ALL) or owner in (None, who.name) or who.name in (claimed_by, handed_by)


def _with_copies(fields: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    waiting = [(resource, name) for resource, names in fields.items() for name in names]
    while waiting:
        resource, name = waiting.pop()
        if name not in found.setdefault(resource, set()):
            found[resource].add(name)
            waiting.extend(_COPIES.get((resource, name), ()))
    return {resource: frozenset(names) for resource, names in found.items()}


def _without(
    data: Mapping[str, Any],
    hidden: frozenset[str],
    part_of: Callable[[str, Mapping[str, Any]], dict[str, Any]],
    resource: str,
) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in data.items():
        if key in hidden:
            continue
        part = _PARTS.get(resource, {}).get(key)
        below = frozenset(name.partition(".")[2] for name in hidden if name.startswith(f"{key}."))
        if part and isinstance(value, Mapping):
            kept[key] = part_of(part, value)
        elif part and isinstance(value, list | tuple):
            kept[key] = [part_of(part, item) for item in value]
        elif below and isinstance(value, Mapping):
            kept[key] = _without(value, below, part_of, "")
        else:
            kept[key] = value
    return kept
