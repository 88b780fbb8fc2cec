"""The lines: who waits in each queue and which members serve it."""

from __future__ import annotations

from dataclasses import dataclass

from pbx.calls import CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCaller:
    """One waiting caller."""

    call_id: CallId
    position: int
    joined_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStatus:
    """One queue as the board shows it. `agents` counts members by AgentState."""

    pbx: str
    name: str
    callers: tuple[QueueCaller, ...]
    agents: dict[str, int]
    talking: int
