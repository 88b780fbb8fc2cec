"""Who plays: the agents and their habits, the queues, the people who call."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reaction(StrEnum):
    """What a phone does when it is called."""

    ANSWER = "answer"
    IGNORE = "ignore"  # rings out
    DECLINE = "decline"  # 603 after ringing
    BUSY = "busy"  # 486 without ringing


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPlan:
    """One colleague, the phone and the habits. Chances are between 0 and 1, spans are seconds (least, most)."""

    extension: str
    name: str
    answers_after_s: tuple[float, float] = (2.0, 6.0)
    talks_s: tuple[float, float] = (8.0, 22.0)
    misses: float = 0.08
    declines: float = 0.03
    holds: float = 0.1

    @property
    def endpoint(self) -> str:
        """The phone: `PJSIP/1001`."""
        return f"PJSIP/{self.extension}"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePlan:
    """One queue: its members by extension, plain (`PJSIP/1001`) or in FreePBX's shape (`Local/1001@from-queue/n`)."""

    name: str
    did: str
    members: tuple[str, ...]
    strategy: str = "rrmemory"  # or ringall
    freepbx: bool = False
    ring_s: float = 15.0
    retry_s: float = 1.0
    longest_wait_s: float = 120.0

    def interface(self, extension: str) -> str:
        """The member's name in the queue."""
        return f"Local/{extension}@from-queue/n" if self.freepbx else f"PJSIP/{extension}"

    def state_interface(self, extension: str) -> str:
        """Where Asterisk reads the member's state from."""
        return f"hint:{extension}@ext-local" if self.freepbx else f"PJSIP/{extension}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerPlan:
    """Somebody outside. `number` is what the operator sends; None: withheld."""

    number: str | None
    name: str | None = None
    patience_s: tuple[float, float] = (30.0, 120.0)


AGENTS = (
    AgentPlan(extension="1001", name="Eva Malá", misses=0.0, declines=0.0),
    AgentPlan(extension="1002", name="Ján Novák"),
    AgentPlan(extension="1003", name="Noa Levi"),
    AgentPlan(extension="1004", name="Karim Haddad"),
    AgentPlan(extension="1005", name="Zofia Lis"),
)

QUEUES = (
    QueuePlan(name="support", did="+442079460130", members=("1001", "1002", "1003")),
    QueuePlan(name="sales", did="+442079460131", members=("1002", "1004", "1005"), strategy="ringall"),
    QueuePlan(name="600", did="+442079460132", members=("1003", "1005"), strategy="ringall", freepbx=True),
)

CALLERS = (
    CallerPlan(number="+447700900123", name="John Smith"),
    CallerPlan(number="+447700900456", name="Seán O'Neil"),
    CallerPlan(number="+447700900789"),
    CallerPlan(number="+447700900321", name="דנה כהן"),
    CallerPlan(number=None),
)
