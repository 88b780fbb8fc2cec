"""The ledger's table lets nobody change or remove what is written, whatever SQL they use."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from crm_store.ledger import LedgerEntry, LedgerFilter, LedgerKind
from crm_store.sql import SqlStore
from tests.contracts.examples import at


async def fill(store: SqlStore) -> None:
    purge = {"data": "ledger", "before": "2026-03-02T09:30:00.000000Z"}
    await store.add_to_ledger(
        [
            LedgerEntry(kind=LedgerKind.SEARCHED, at=at(60), user="eva"),
            LedgerEntry(kind=LedgerKind.SEARCHED, at=at(10), user="eva"),
            LedgerEntry(kind=LedgerKind.CARD_SHOWN, at=at(10), user="eva", customer_id=5),
            LedgerEntry(kind=LedgerKind.PURGED, at=at(11), user=None, detail=purge),
            LedgerEntry(kind=LedgerKind.PERSON_ERASED, at=at(12), user=None, customer_id=5),
        ]
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET user = 'jan'",
        "UPDATE ledger SET detail = '{}' WHERE kind = 'purged'",
        "INSERT OR REPLACE INTO ledger (seq, at, kind, detail) VALUES (1, '2026', 'searched', '{}')",
        "DELETE FROM ledger",
        "DELETE FROM ledger WHERE kind = 'searched' AND seq = 1",  # younger than the purge that is written
        "DELETE FROM ledger WHERE kind = 'card_shown'",  # the purge that is written was one of other data
        "DELETE FROM ledger WHERE kind = 'purged'",
        "DELETE FROM ledger WHERE kind = 'person_erased'",
    ],
)
async def test_entries_stay_as_they_were_written(store: SqlStore, file: Path, statement: str) -> None:
    await fill(store)
    before = await store.ledger(LedgerFilter(), cursor=None, limit=10)
    connection = sqlite3.connect(file, isolation_level=None)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    connection.close()
    assert await store.ledger(LedgerFilter(), cursor=None, limit=10) == before


async def test_what_a_written_purge_covers_may_go(store: SqlStore, file: Path) -> None:
    await fill(store)
    connection = sqlite3.connect(file, isolation_level=None)
    gone = connection.execute("DELETE FROM ledger WHERE kind = 'searched' AND seq = 2")
    connection.close()
    assert gone.rowcount == 1
