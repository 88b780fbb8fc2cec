"""Who sits where and what each agent is doing right now."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AgentState(StrEnum):
    OFFLINE = "offline"
    READY = "ready"
    RINGING = "ringing"
    TALKING = "talking"
    HOLD = "hold"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"
    BUSY_ELSEWHERE = "busy_elsewhere"
    DND = "dnd"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStatus:
    """One agent as the board shows it. `name` is the account's, or the endpoint where no account has it."""

    name: str
    endpoint: str
    state: AgentState
    since: float | None
    reason: str | None  # pause reason
    queues: tuple[str, ...]
    call_id: str | None
