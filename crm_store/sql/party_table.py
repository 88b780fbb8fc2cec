"""One party and its rows: read whole, written whole, found again by search and by number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Table, delete, insert, select, update

from crm_store.errors import InvalidInput, NotFound
from crm_store.parties import Party, PartyPhone, SavedParty
from crm_store.phone_numbers import NumberKind
from crm_store.search_text import fold
from crm_store.sql import search
from crm_store.sql.database import insert_row
from crm_store.sql.party_fields import PartyRows, Row
from crm_store.sql.party_links import link_numbers
from crm_store.sql.schema import parties, party_emails, party_phones, party_tags


def load_party(connection: Connection, customer_id: int) -> Party:
    found = load_parties(connection, [customer_id])
    if not found:
        raise NotFound(f"There is no customer {customer_id}.")
    return found[0]


def load_parties(connection: Connection, ids: Collection[int]) -> list[Party]:
    """The parties with these ids, in this order."""
    rows = {row.id: row for row in connection.execute(select(parties).where(parties.c.id.in_(ids)))}
    phones = _by_party(connection, party_phones, rows)
    emails = _by_party(connection, party_emails, rows)
    tags = _by_party(connection, party_tags, rows)
    return [_party(rows[key], phones[key], emails[key], tags[key]) for key in ids if key in rows]


def insert_party(connection: Connection, rows: PartyRows, *, user: str, now: datetime) -> SavedParty:
    """A new party; its numbers link earlier calls."""
    columns: Row = {"name": "", "kind": "customer", "note": "", "active": True, **rows.columns}
    _check_known_by_something(columns, rows)
    _check_external_id(connection, columns.get("external_id"), None)
    unnamed = {"version": 0, "display_name": "", "sort_name": ""}
    who_when = {"created_at": now, "created_by": user, "updated_at": now, "updated_by": user}
    customer_id = insert_row(connection, parties, {**columns, **unnamed, **who_when})
    return _write_parts(connection, customer_id, rows, set(), user=user, now=now)


def change_party(connection: Connection, before: Party, rows: PartyRows, *, user: str, now: datetime) -> SavedParty:
    """The party with these fields changed; numbers that are new to it link earlier calls."""
    if rows.columns.get("active", before.active):
        external_id = rows.columns.get("external_id", before.external_id)
        _check_external_id(connection, external_id, before.id)
    if rows.columns:
        connection.execute(update(parties).where(parties.c.id == before.id).values(rows.columns))
    return _write_parts(connection, before.id, rows, matched_numbers(before), user=user, now=now)


def matched_numbers(party: Party) -> set[str]:
    """The numbers that find this party when somebody calls."""
    return {phone.number for phone in party.phones if phone.kind == NumberKind.E164} if party.active else set()


def _write_parts(
    connection: Connection, customer_id: int, rows: PartyRows, known: set[str], *, user: str, now: datetime
) -> SavedParty:
    if rows.phones is not None:
        _replace(connection, party_phones, customer_id, rows.phones)
    if rows.emails is not None:
        _replace(connection, party_emails, customer_id, [{"email": email} for email in rows.emails])
    if rows.tags is not None:
        _replace(connection, party_tags, customer_id, [{"tag": tag} for tag in rows.tags])
    party = load_party(connection, customer_id)
    shown = party.display_name
    connection.execute(
        update(parties)
        .where(parties.c.id == customer_id)
        .values(version=party.version + 1, display_name=shown, sort_name=fold(shown), updated_at=now, updated_by=user)
    )
    search.index_party(connection, party)
    linked = link_numbers(connection, customer_id, matched_numbers(party) - known)
    return SavedParty(party=load_party(connection, customer_id), linked_calls=linked)


def _replace(connection: Connection, table: Table, customer_id: int, rows: Iterable[Row]) -> None:
    connection.execute(delete(table).where(table.c.party_id == customer_id))
    numbered = [{"party_id": customer_id, "position": position, **row} for position, row in enumerate(rows)]
    if numbered:
        connection.execute(insert(table), numbered)


def _by_party(connection: Connection, table: Table, ids: Collection[int]) -> dict[int, list[Any]]:
    grouped: dict[int, list[Any]] = defaultdict(list)
    order: tuple[Column[Any], ...] = (table.c.party_id, table.c.position)
    for row in connection.execute(select(table).where(table.c.party_id.in_(ids)).order_by(*order)):
        grouped[row.party_id].append(row)
    return grouped


def _party(row: Any, phones: Iterable[Any], emails: Iterable[Any], tags: Iterable[Any]) -> Party:
    return Party(
        id=row.id,
        version=row.version,
        name=row.name,
        company=row.company,
        kind=row.kind,
        phones=tuple(
            PartyPhone(
                number=phone.number,
                display=phone.display,
                label=phone.label,
                kind=phone.kind,
                extension=phone.extension,
            )
            for phone in phones
        ),
        emails=tuple(email.email for email in emails),
        language=row.language,
        external_id=row.external_id,
        tags=tuple(tag.tag for tag in tags),
        note=row.note,
        active=row.active,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _check_known_by_something(columns: Row, rows: PartyRows) -> None:
    if not (columns["name"] or columns.get("company") or rows.phones or rows.emails):
        raise InvalidInput("name", "Give at least a name, a company, a number or an e-mail address.")


def _check_external_id(connection: Connection, external_id: str | None, own: int | None) -> None:
    if external_id is None:
        return
    holder = party_with_external_id(connection, external_id)
    if holder is not None and holder != own:
        raise InvalidInput("external_id", f"Customer {holder} has this external id already.")


def party_with_external_id(connection: Connection, external_id: str) -> int | None:
    """The active party with this id of another system."""
    return connection.execute(
        select(parties.c.id).where(parties.c.external_id == external_id, parties.c.active)
    ).scalar()
