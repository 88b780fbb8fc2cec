"""Two entries for one and the same customer become one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from crm_store.errors import InvalidInput
from crm_store.parties import Party, SavedParty
from crm_store.sql import callbacks, search
from crm_store.sql.party_fields import PartyRows, Row
from crm_store.sql.party_links import link_numbers
from crm_store.sql.party_table import change_party, load_party, matched_numbers
from crm_store.sql.schema import activities, calls, parties, party_emails, party_phones, party_tags, tasks

_PHONE_COLUMNS = [column for column in party_phones.c if column.name not in {"party_id", "position"}]


def merge(connection: Connection, keep: int, other: int, *, user: str, now: datetime) -> SavedParty:
    """Everything of `other` moves to `keep`, which wins where both have a value; `other` is hidden."""
    if keep == other:
        raise InvalidInput("other", "A customer cannot be merged with itself.")
    kept, gone = load_party(connection, keep), load_party(connection, other)
    rows = PartyRows(
        columns=_filled(kept, gone),
        phones=_both_phones(connection, keep, other),
        emails=_each_once([*kept.emails, *gone.emails]),
        tags=_each_once([*kept.tags, *gone.tags]),
    )
    _move_history(connection, keep, other)
    _hide(connection, gone, keep, user=user, now=now)
    saved = change_party(connection, kept, rows, user=user, now=now)
    # A number that both had was ambiguous until now: its calls can be linked, too.
    shared = matched_numbers(kept) & matched_numbers(gone)
    linked = link_numbers(connection, keep, shared)
    callbacks.unite(connection, keep)
    callbacks.settle(connection, keep)
    return SavedParty(party=saved.party, linked_calls=saved.linked_calls + linked)


def _filled(kept: Party, gone: Party) -> Row:
    row: Row = {
        field: getattr(gone, field)
        for field in ("name", "company", "language", "external_id")
        if not getattr(kept, field) and getattr(gone, field)
    }
    if gone.note and gone.note != kept.note:
        row["note"] = f"{kept.note}\n\n{gone.note}" if kept.note else gone.note
    return row


def _both_phones(connection: Connection, keep: int, other: int) -> list[Row]:
    numbers: dict[tuple[str, str | None], Row] = {}
    for party_id in (keep, other):
        statement = select(*_PHONE_COLUMNS).where(party_phones.c.party_id == party_id)
        for row in connection.execute(statement.order_by(party_phones.c.position)).mappings():
            numbers.setdefault((row["number"], row["extension"]), dict(row))
    return list(numbers.values())


def _each_once(words: Sequence[str]) -> list[str]:
    seen: dict[str, str] = {}
    for word in words:
        seen.setdefault(word.casefold(), word)
    return list(seen.values())


def _move_history(connection: Connection, keep: int, other: int) -> None:
    for table in (calls, activities, tasks):
        connection.execute(update(table).where(table.c.customer_id == other).values(customer_id=keep))


def _hide(connection: Connection, gone: Party, keep: int, *, user: str, now: datetime) -> None:
    for table in (party_phones, party_emails, party_tags):
        connection.execute(delete(table).where(table.c.party_id == gone.id))
    hidden: dict[str, Any] = {"active": False, "merged_into": keep, "version": gone.version + 1}
    connection.execute(update(parties).where(parties.c.id == gone.id).values(**hidden, updated_at=now, updated_by=user))
    connection.execute(update(parties).where(parties.c.merged_into == gone.id).values(merged_into=keep))
    search.forget_party(connection, gone.id)
