"""The access ledger's table. Triggers of the migration refuse every change of an entry, and every deletion without proof."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, insert, select

from crm_store.activities import Page
from crm_store.ledger import LedgerEntry, LedgerFilter, LedgerKind
from crm_store.sql import cursors
from crm_store.sql.columns import time_text
from crm_store.sql.part import StorePart
from crm_store.sql.party_fields import Row
from crm_store.sql.schema import ledger

_ADD = insert(ledger)


class SqlLedger(StorePart):
    """The LedgerStore port."""

    async def add_to_ledger(self, entries: Sequence[LedgerEntry]) -> None:
        """Written in one commit with what others save at the same time; returns when it is durable."""
        await self._database.write_rows(add_entries, entries)

    async def ledger(self, where: LedgerFilter, *, cursor: str | None, limit: int) -> Page[LedgerEntry]:
        """Newest first."""
        size = cursors.page_size(limit)
        statement = select(ledger).where(*_conditions(where)).order_by(ledger.c.at.desc(), ledger.c.seq.desc())
        if cursor:
            at, seq = cursors.decode(cursor, str, int)
            statement = statement.where(cursors.below((ledger.c.at, ledger.c.seq), (cursors.time(at), seq)))
        rows = await self._database.read(lambda connection: connection.execute(statement.limit(size + 1)).all())
        page = cursors.page(rows, size, lambda row: (time_text(row.at), row.seq))
        return Page(items=tuple(entry_of(row) for row in page.items), next=page.next)


def add_entries(connection: Connection, entries: Sequence[LedgerEntry]) -> None:
    """One row for each."""
    if entries:
        connection.execute(_ADD, [_row(entry) for entry in entries])


def entry_of(row: Any) -> LedgerEntry:
    return LedgerEntry(
        seq=row.seq,
        kind=LedgerKind(row.kind),
        at=row.at,
        user=row.user,
        customer_id=row.customer_id,
        call_id=row.call_id,
        detail=orjson.loads(row.detail),
    )


def _row(entry: LedgerEntry) -> Row:
    return {
        "at": entry.at,
        "kind": entry.kind.value,
        "user": entry.user,
        "customer_id": entry.customer_id,
        "call_id": entry.call_id,
        "detail": orjson.dumps(entry.detail).decode(),
    }


def _conditions(where: LedgerFilter) -> Iterable[ColumnElement[bool]]:
    if where.since is not None:
        yield ledger.c.at >= where.since
    if where.until is not None:
        yield ledger.c.at < where.until
    for column in (ledger.c.user, ledger.c.customer_id, ledger.c.call_id, ledger.c.kind):
        value = getattr(where, column.name)
        if value is not None:
            yield column == value
