"""Who is calling? The matching policy: exact, then national, then a labelled guess."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from crm_store.phone_numbers import SUFFIX_DIGITS, NumberKind, PhoneNumber, digits_of


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One party whose number fits in some way, with what ranks it. `card["id"]` tells parties apart."""

    tier: MatchReason
    card: Card
    active: bool = True
    open_tasks: int = 0
    last_contact_at: float | None = None  # epoch seconds
    common_digits: int = 0  # suffix tier: how many digits agree, from the end


MOST_CARDS = 9  # each has a key, 1 to 9
_TIERS = (MatchReason.EXACT, MatchReason.NATIONAL, MatchReason.SUFFIX)
_NOBODY = CallerMatch(kind=MatchKind.NONE, reason=None, cards=())


def search_tiers(number: PhoneNumber) -> tuple[MatchReason, ...]:
    """Which ways of matching are worth a query, best first; none for a withheld, internal or nameless number."""
    if number.kind is NumberKind.E164:
        return (MatchReason.EXACT,) if number.region_given else (MatchReason.EXACT, MatchReason.NATIONAL)
    if number.kind in {NumberKind.UNVERIFIED, NumberKind.RAW} and len(digits_of(number)) >= SUFFIX_DIGITS:
        return (MatchReason.SUFFIX,)
    return ()


def match_without_search(number: PhoneNumber) -> CallerMatch | None:
    """The answer for numbers that never touch the database; None for those worth a search."""
    if number.kind is NumberKind.WITHHELD:
        return CallerMatch(kind=MatchKind.WITHHELD, reason=None, cards=())
    if number.kind is NumberKind.INTERNAL:
        return CallerMatch(kind=MatchKind.INTERNAL, reason=None, cards=())
    return None if search_tiers(number) else _NOBODY


def decide(candidates: Iterable[Candidate]) -> CallerMatch:
    """The best tier that has anybody wins: one active party is opened, several are a list, a suffix is always a list."""
    active = [candidate for candidate in candidates if candidate.active]
    for tier in _TIERS:
        ranked = _parties(candidate for candidate in active if candidate.tier is tier)
        if ranked:
            alone = len(ranked) == 1 and tier is not MatchReason.SUFFIX
            kind = MatchKind.ONE if alone else MatchKind.SEVERAL
            return CallerMatch(kind=kind, reason=tier, cards=tuple(ranked[:MOST_CARDS]))
    return _NOBODY


def _parties(candidates: Iterable[Candidate]) -> list[Card]:
    """Each party once, best first; a company and its contact may both have the number, one party may have it twice."""
    cards: dict[Any, Card] = {}
    for candidate in sorted(candidates, key=_rank):
        cards.setdefault(candidate.card["id"], candidate.card)
    return list(cards.values())


def _rank(candidate: Candidate) -> tuple[int, bool, float]:
    return (-candidate.common_digits, candidate.open_tasks == 0, -(candidate.last_contact_at or 0.0))
