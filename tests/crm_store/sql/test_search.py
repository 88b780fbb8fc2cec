"""Search goes through the trigram index, and its words are never read as a query language."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, select, text

from crm_store.parties import PartyInput
from crm_store.sql import SqlStore
from crm_store.sql import search as search_module
from crm_store.sql.schema import parties
from tests.contracts.examples import JAN, NOW, customer


async def plan(store: SqlStore, *terms: str) -> str:
    statement = select(parties.c.id).where(parties.c.active, *search_module.found(terms))
    ordered = statement.order_by(parties.c.sort_name, parties.c.id).limit(10)

    def work(connection: Connection) -> str:
        sql = ordered.compile(connection, compile_kwargs={"literal_binds": True})
        return "\n".join(row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {sql}")))

    return await store._database.read(work)


async def test_three_letters_and_more_use_the_trigrams(store: SqlStore) -> None:
    steps = await plan(store, "kov", "905123")
    assert "party_search VIRTUAL TABLE INDEX" in steps
    assert "SCAN parties" not in steps.replace("SCAN parties USING INDEX", "")


async def test_one_letter_reads_only_the_index_of_names(store: SqlStore) -> None:
    steps = await plan(store, "k")
    assert "ix_parties_by_name" in steps
    assert "party_search" not in steps


async def test_a_short_word_beside_a_long_one_is_looked_for_anywhere(store: SqlStore) -> None:
    await customer(store, "Ján Kováč", company="O2")
    page = await store.parties("kovac o2", kind=None, cursor=None, limit=10)
    assert [party.name for party in page.items] == ["Ján Kováč"]
    assert (await store.parties("o2", kind=None, cursor=None, limit=10)).items == ()


@pytest.mark.parametrize("change", ["delete", "deactivate", "merge"])
async def test_the_index_keeps_nothing_of_who_is_hidden(store: SqlStore, change: str) -> None:
    jan = await customer(store, "Ján Kováč", JAN)
    keep = await customer(store, "Eva")
    if change == "delete":
        await store.delete_party(jan, user="eva", now=NOW)
    elif change == "deactivate":
        await store.update_party(jan, PartyInput(active=False), user="eva", now=NOW, version=None)
    else:
        await store.merge_parties(keep, jan, user="eva", now=NOW)

    def indexed(connection: Connection) -> list[int]:
        return list(connection.execute(text("SELECT rowid FROM party_search")).scalars())

    assert await store._database.read(indexed) == [keep]
