"""Customers, contacts, suppliers: whoever can call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from crm_store.activities import Page
from crm_store.errors import InvalidInput, VersionConflict
from crm_store.parties import Party, PartyInput, SavedParty
from crm_store.search_text import fold, terms
from crm_store.sql import cursors, search
from crm_store.sql.part import StorePart
from crm_store.sql.party_fields import PartyRows, party_rows
from crm_store.sql.party_merge import merge
from crm_store.sql.party_table import change_party, insert_party, load_parties, load_party, party_with_external_id
from crm_store.sql.schema import parties

_HIDDEN = PartyRows(columns={"active": False}, phones=None, emails=None, tags=None)


class SqlParties(StorePart):
    """The PartyStore port."""

    async def party(self, customer_id: int) -> Party:
        return await self._database.read(lambda connection: load_party(connection, customer_id))

    async def parties(self, search: str, *, kind: str | None, cursor: str | None, limit: int) -> Page[Party]:
        """Active parties by name; every term of the search occurs in the party's text or numbers."""
        after = cursors.decode(cursor, str, int) if cursor else None
        return await self._database.read(
            lambda connection: _page(connection, terms(search), kind, after, cursors.page_size(limit))
        )

    async def create_party(self, fields: PartyInput, *, user: str, now: datetime) -> SavedParty:
        rows = party_rows(fields, self._numbers)
        return await self._database.write(partial(insert_party, rows=rows, user=user, now=now))

    async def update_party(
        self, customer_id: int, fields: PartyInput, *, user: str, now: datetime, version: int | None
    ) -> SavedParty:
        rows = party_rows(fields, self._numbers)

        def work(connection: Connection) -> SavedParty:
            before = load_party(connection, customer_id)
            if version is not None and version != before.version:
                raise VersionConflict("Somebody else changed this customer since you opened it.")
            return change_party(connection, before, rows, user=user, now=now)

        return await self._database.write(work)

    async def delete_party(self, customer_id: int, *, user: str, now: datetime) -> None:
        """Hide the party: it is not found any more, neither by search nor by its numbers."""

        def work(connection: Connection) -> None:
            change_party(connection, load_party(connection, customer_id), _HIDDEN, user=user, now=now)

        await self._database.write(work)

    async def merge_parties(self, keep: int, other: int, *, user: str, now: datetime) -> SavedParty:
        return await self._database.write(partial(merge, keep=keep, other=other, user=user, now=now))

    async def upsert_by_external_id(self, fields: PartyInput, *, user: str, now: datetime) -> tuple[Party, bool]:
        """The party with this external id, updated or created; True when created."""
        rows = party_rows(fields, self._numbers)
        external_id = rows.columns.get("external_id")
        if not external_id:
            raise InvalidInput("external_id", "An external id is needed to find the customer again.")

        def work(connection: Connection) -> tuple[Party, bool]:
            known = party_with_external_id(connection, external_id)
            if known is None:
                return insert_party(connection, rows, user=user, now=now).party, True
            before = load_party(connection, known)
            return change_party(connection, before, rows, user=user, now=now).party, False

        return await self._database.write(work)


def _page(
    connection: Connection, words: tuple[str, ...], kind: str | None, after: Sequence[Any] | None, limit: int
) -> Page[Party]:
    statement = select(parties.c.id).where(parties.c.active, *search.found(words))
    if kind is not None:
        statement = statement.where(parties.c.kind == kind)
    if after is not None:
        statement = statement.where(cursors.above((parties.c.sort_name, parties.c.id), after))
    statement = statement.order_by(parties.c.sort_name, parties.c.id).limit(limit + 1)
    found = load_parties(connection, connection.execute(statement).scalars().all())
    return cursors.page(found, limit, lambda party: (fold(party.display_name), party.id))
