"""Who is calling, in one statement and one hop: the pop waits for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any, TypeAlias

import orjson
from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    case,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.sql.selectable import ScalarSelect, Subquery

from crm_store.caller_lookup import (
    MOST_CARDS,
    CallerMatch,
    Candidate,
    Card,
    MatchReason,
    decide,
    match_without_search,
    search_tiers,
)
from crm_store.errors import NotFound
from crm_store.phone_numbers import SUFFIX_DIGITS, PhoneNumber, reversed_digits
from crm_store.sql.cards import card_columns, fit_cards
from crm_store.sql.columns import compiled, key, parse_time, time_text
from crm_store.sql.part import StorePart
from crm_store.sql.party_fields import calling_code
from crm_store.sql.schema import activities, calls, parties, party_phones, tasks

_TIERS = (MatchReason.EXACT, MatchReason.NATIONAL, MatchReason.SUFFIX)
#: A switchboard may be shared by thousands; more than this are not even ranked.
_MOST_CANDIDATES = 100
_LONGEST_COMPARED = 12
_Tiers: TypeAlias = tuple[MatchReason, ...]


class SqlCallerLookup(StorePart):
    """The CallerLookup port."""

    async def find_caller(self, number: PhoneNumber) -> CallerMatch:
        answer = match_without_search(number)
        if answer is not None:
            return answer
        tiers = search_tiers(number)
        rows = await self._database.fetch(find_statement(tiers), {**self._keys(number, tiers), **self._week_ago()})
        match = decide(_candidate(row) for row in rows)
        return replace(match, cards=fit_cards(match.cards))

    async def card(self, customer_id: int) -> Card:
        rows = await self._database.fetch(_card_statement(), {"customer_id": customer_id, **self._week_ago()})
        if not rows:
            raise NotFound(f"There is no customer {customer_id}.")
        card: Card = orjson.loads(rows[0][0])
        return fit_cards([card])[0]

    def _keys(self, number: PhoneNumber, tiers: _Tiers) -> Mapping[str, str | None]:
        """What each tier looks for; None finds nothing."""
        keys: dict[str, str | None] = {}
        if MatchReason.EXACT in tiers:
            keys["exact"] = number.number
        if MatchReason.NATIONAL in tiers:
            keys |= {"national": number.national, "country": calling_code(number, self._numbers)}
        if MatchReason.SUFFIX in tiers:
            digits = reversed_digits(number)
            suffix = digits[:SUFFIX_DIGITS]
            keys |= {"digits": digits, "suffix": suffix, "suffix_end": suffix + ":"}  # ":" comes after "9"
        return keys

    def _week_ago(self) -> Mapping[str, str]:
        return {"week_ago": time_text(self._clock() - timedelta(days=7))}


def _candidate(row: Sequence[Any]) -> Candidate:
    tier, common_digits, open_tasks, last_contact_at, card = row
    return Candidate(
        tier=_TIERS[tier],
        card=orjson.loads(card),
        open_tasks=open_tasks,
        last_contact_at=parse_time(last_contact_at).timestamp() if last_contact_at else None,
        common_digits=common_digits,
    )


def _find(tiers: _Tiers) -> Select[Any]:
    """The best candidates of these tiers with their cards. Which of them are shown is decided by caller_lookup.py."""
    found = _found(tiers)
    open_tasks = _open_tasks(found.c.party_id).label("open_tasks")
    last_contact_at = _last_contact(found.c.party_id).label("last_contact_at")
    best = (
        select(found.c.party_id, found.c.tier, found.c.common_digits, open_tasks, last_contact_at)
        .join(parties, parties.c.id == found.c.party_id)
        .order_by(
            found.c.tier,
            found.c.common_digits.desc(),
            open_tasks == 0,
            last_contact_at.desc().nulls_last(),
            parties.c.sort_name,
            parties.c.id,
        )
        .limit(literal_column(str(MOST_CARDS)))
        .subquery("best")
    )
    return (
        select(best.c.tier, best.c.common_digits, best.c.open_tasks, best.c.last_contact_at, card_columns())
        .join(parties, parties.c.id == best.c.party_id)
        .order_by(
            best.c.tier,
            best.c.common_digits.desc(),
            best.c.open_tasks == 0,
            best.c.last_contact_at.desc().nulls_last(),
            parties.c.sort_name,
            parties.c.id,
        )
    )


def _found(tiers: _Tiers) -> Subquery:
    """Each active party whose number fits, once, in its best way."""
    rev, phone = party_phones.c.rev_digits, party_phones.c
    each = {
        MatchReason.EXACT: _way(0, literal_column("0"), phone.number == key("exact")),
        MatchReason.NATIONAL: _way(
            1, literal_column("0"), phone.nsn == key("national"), phone.country == key("country")
        ),
        MatchReason.SUFFIX: _way(2, _common_digits(rev), rev >= key("suffix"), rev < key("suffix_end")),
    }
    ways = union_all(*(each[tier] for tier in tiers)).subquery("ways")
    return (
        select(
            ways.c.party_id,
            func.min(ways.c.tier).label("tier"),
            func.max(ways.c.common_digits).label("common_digits"),
        )
        .join(parties, parties.c.id == ways.c.party_id)
        .where(parties.c.active)
        .group_by(ways.c.party_id)
        .subquery("found")
    )


def _way(tier: int, common_digits: ColumnElement[Any], *conditions: ColumnElement[bool]) -> Select[Any]:
    candidates = (
        select(
            party_phones.c.party_id,
            literal_column(str(tier), Integer).label("tier"),
            common_digits.label("common_digits"),
        )
        .where(*conditions)
        .limit(literal_column(str(_MOST_CANDIDATES)))
        .subquery()
    )
    return select(candidates)


def _common_digits(rev: ColumnElement[str]) -> ColumnElement[int]:
    """How many digits agree from the end; the range of the index has seen to the first seven."""
    same = [
        (func.substr(rev, 1, literal_column(str(n))) == func.substr(key("digits"), 1, literal_column(str(n))), n)
        for n in range(_LONGEST_COMPARED, SUFFIX_DIGITS, -1)
    ]
    return case(*[(agree, literal_column(str(n))) for agree, n in same], else_=literal_column(str(SUFFIX_DIGITS)))


def _open_tasks(party_id: ColumnElement[int]) -> ScalarSelect[int]:
    mine = select(func.count()).select_from(tasks).where(tasks.c.customer_id == party_id, tasks.c.state == "open")
    return mine.scalar_subquery()


def _last_contact(party_id: ColumnElement[int]) -> ScalarSelect[Any]:
    last = [
        select(func.max(table.c.at).label("at")).where(table.c.customer_id == party_id).correlate(party_id.table)
        for table in (calls, activities)
    ]
    both = union_all(*last).subquery()
    return select(func.max(both.c.at)).scalar_subquery()


@cache
def find_statement(tiers: tuple[MatchReason, ...]) -> str:
    """The SQL that searches these tiers. One for each set of them: SQLite walks even those that can find nothing.

    Made when first used: writing one out takes ten milliseconds of the start.
    """
    return compiled(_find(tiers))


@cache
def _card_statement() -> str:
    return compiled(select(card_columns()).select_from(parties).where(parties.c.id == key("customer_id")))
