"""People who sign in."""

from __future__ import annotations

from crm_store.access import Principal
from crm_store.accounts import Role


def person(name: str, role: Role = Role.AGENT, scopes: frozenset[str] | None = None) -> Principal:
    """A signed-in person, or with `scopes` a program with a token."""
    return Principal(
        name=name,
        display_name=name.title(),
        role=role,
        scopes=scopes,
        session_hash=None if scopes is not None else f"hash-of-{name}",
        csrf=None,
        phone=None,
        endpoints=(f"PJSIP/{name}",),
        extension=None,
        language=None,
    )
