"""Who is calling? The matching policy: exact, then national, then a labelled guess."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class MatchKind(StrEnum):
    ONE = "one"
    SEVERAL = "several"
    NONE = "none"
    WITHHELD = "withheld"
    INTERNAL = "internal"


class MatchReason(StrEnum):
    EXACT = "exact"
    NATIONAL = "national"
    SUFFIX = "suffix"


#: What a pop shows of one customer, JSON-ready: at least id, name, company, kind, phones, tags, language, note,
#: last_activities (3), open_tasks.
Card = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerMatch:
    """`cards` are ranked best first: open task, then latest contact. A suffix match is never `one`: it is only a guess."""

    kind: MatchKind
    reason: MatchReason | None
    cards: tuple[Card, ...]
