"""The statement that a pop waits for: one hop, only index look-ups, and the rarer ways of matching."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, update

from crm_store.caller_lookup import MatchKind, MatchReason
from crm_store.phone_numbers import NumberKind
from crm_store.sql import SqlStore
from crm_store.sql import lookup as lookup_module
from crm_store.sql.schema import party_phones
from tests.contracts.examples import JAN, NOW, call, customer, number


async def forget_country(store: SqlStore, party_id: int) -> None:
    """As if the number had been unknown to the number plan when it was typed: only its digits were kept."""

    def work(connection: Connection) -> None:
        connection.execute(
            update(party_phones)
            .where(party_phones.c.party_id == party_id)
            .values(number="905123456", kind=NumberKind.UNVERIFIED.value, rev_digits="654321509")
        )

    await store._database.write(work)


async def test_an_unverified_number_of_the_same_country_matches_nationally(store: SqlStore) -> None:
    jan = await customer(store, "Ján", "0905123456")
    await forget_country(store, jan)
    without_country = await store.find_caller(number("0905123456"))
    assert (without_country.kind, without_country.reason) == (MatchKind.ONE, MatchReason.NATIONAL)
    with_country = await store.find_caller(number(JAN))
    assert with_country.kind is MatchKind.NONE


async def test_the_same_national_number_of_another_country_does_not_match(store: SqlStore) -> None:
    await customer(store, "Jan", "+420905123456")
    assert (await store.find_caller(number("0905123456"))).kind is MatchKind.NONE


async def test_an_exact_match_beats_a_national_one(store: SqlStore) -> None:
    old = await customer(store, "Old", "0905123456")
    await forget_country(store, old)
    exact = await customer(store, "Exact", JAN)
    match = await store.find_caller(number("0905123456"))
    assert (match.reason, [card["id"] for card in match.cards]) == (MatchReason.EXACT, [exact])


async def test_who_has_no_number_never_touches_the_database(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(sql: str, parameters: object) -> Sequence[Sequence[Any]]:
        raise AssertionError("asked the database")

    monkeypatch.setattr(store._database, "fetch", refuse)
    for raw in ("anonymous", "1001", "*21", None):
        await store.find_caller(number(raw))
    with pytest.raises(AssertionError):
        await store.find_caller(number(JAN))


async def test_a_caller_is_found_in_one_hop(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    jan = await customer(store, "Ján", JAN)
    fetch, hops = store._database.fetch, []

    async def counted(sql: str, parameters: Any) -> Sequence[Sequence[Any]]:
        hops.append(sql)
        return await fetch(sql, parameters)

    monkeypatch.setattr(store._database, "fetch", counted)
    match = await store.find_caller(number(JAN))
    assert [card["id"] for card in match.cards] == [jan]
    assert len(hops) == 1


@pytest.mark.parametrize(
    ("tiers", "indexes"),
    [
        ((MatchReason.EXACT,), {"number"}),
        ((MatchReason.EXACT, MatchReason.NATIONAL), {"number", "nsn"}),
        ((MatchReason.SUFFIX,), {"rev_digits"}),
    ],
)
async def test_the_lookup_reads_no_table_from_end_to_end_and_only_the_indexes_of_its_tiers(
    store: SqlStore, tiers: tuple[MatchReason, ...], indexes: set[str]
) -> None:
    await store.save_calls([call("A")], now=NOW)
    statement = lookup_module.find_statement(tiers)
    keys = dict.fromkeys(re.findall(r":([a-z_]+)", statement))
    plan = await store._database.fetch(f"EXPLAIN QUERY PLAN {statement}", keys)
    tables = ("parties", "party_", "calls", "call_", "tasks", "activities")
    scans = [step[3] for step in plan if step[3].startswith("SCAN ") and step[3].split()[1].startswith(tables)]
    assert scans == []
    used = {
        index for index in ("number", "nsn", "rev_digits") for step in plan if f"ix_party_phones_{index} " in step[3]
    }
    assert used == indexes
