"""Who may listen to what. A topic is what publishers name; a topic *name* is what a client subscribes to.

`pops:eva`, `requests:eva`, `tasks:eva` and `agent:eva` are Eva's own; `queues`, `agents` and `pbx` are shared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crm_store.access import Permission, Principal
from screenpop.errors import NotAllowed

QUEUES = "queues"
AGENTS = "agents"
PBX = "pbx"

_NEEDS: Mapping[str, tuple[Permission, ...]] = {
    # A pop is a call with customer cards in it: a token needs both scopes.
    "pops": (Permission.CALLS_READ, Permission.CRM_READ),
    "requests": (Permission.CALLS_READ,),
    "tasks": (Permission.CRM_READ,),
    "agent": (Permission.SELF,),
    "queues": (Permission.QUEUES_READ,),
    "agents": (Permission.BOARD,),
    "pbx": (Permission.PUSH,),
}
_PERSONAL = frozenset({"pops", "requests", "tasks", "agent"})


def pops(user: str) -> str:
    """This agent's screen-pops."""
    return f"pops:{user}"


def requests(user: str) -> str:
    """This user's click-to-dial requests."""
    return f"requests:{user}"


def tasks(user: str) -> str:
    """Tasks that concern this user: what is due, and what changed."""
    return f"tasks:{user}"


def agent(user: str) -> str:
    """This agent's own state."""
    return f"agent:{user}"


def topic_names(user: Principal, asked: Iterable[str] | None) -> frozenset[str]:
    """The names that are asked for, or all that the user may have. Raises NotAllowed for one that they may not."""
    allowed = frozenset(name for name, needs in _NEEDS.items() if all(user.may(need) for need in needs))
    if asked is None:
        return allowed
    refused = sorted(set(asked) - allowed)
    if refused:
        raise NotAllowed(f"not allowed for this user or token: {', '.join(refused)}")
    return frozenset(asked)


def topics_of(user: Principal, names: Iterable[str]) -> frozenset[str]:
    """The topics behind the names. Who sees all agents gets their own state there, not twice."""
    wanted = set(names)
    if "agents" in wanted:
        wanted.discard("agent")
    return frozenset(f"{name}:{user.name}" if name in _PERSONAL else name for name in wanted)
