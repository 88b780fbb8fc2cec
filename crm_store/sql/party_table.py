"""One party and its rows: read whole, written whole, found again by search and by number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, Table, bindparam, delete, insert, select, update

from crm_store.errors import InvalidInput, NotFound
from crm_store.parties import Party, PartyPhone, SavedParty
from crm_store.phone_numbers import NumberKind
from crm_store.search_text import fold
from crm_store.sql import search
from crm_store.sql.columns import for_in
from crm_store.sql.database import insert_row
from crm_store.sql.party_fields import PartyRows, Row
from crm_store.sql.party_links import link_numbers
from crm_store.sql.schema import parties, party_emails, party_phones, party_tags

#: Columns that are fields of Party by the same name.
_PARTY_FIELDS = (
    "version", "name", "company", "kind", "language", "external_id", "note", "active", "updated_at",
)  # fmt: skip
_PHONE_FIELDS = ("number", "display", "label", "kind", "extension")


def _rows_of(table: Table) -> Select[Any]:
    ids: BindParameter[Any] = bindparam("ids", expanding=True)
    return select(table).where(table.c.party_id.in_(ids)).order_by(table.c.party_id, table.c.position)


_PARTIES = select(parties).where(parties.c.id.in_(bindparam("ids", expanding=True)))
_PHONES, _EMAILS, _TAGS = (_rows_of(table) for table in (party_phones, party_emails, party_tags))
_BY_EXTERNAL_ID = select(parties.c.id).where(
    parties.c.external_id == bindparam("external_id"), parties.c.external_id.is_not(None), parties.c.active
)


def load_party(connection: Connection, customer_id: int) -> Party:
    found = load_parties(connection, [customer_id])
    if not found:
        raise NotFound(f"There is no customer {customer_id}.")
    return found[0]


def load_parties(connection: Connection, ids: Collection[int]) -> list[Party]:
    """The parties with these ids, in this order."""
    given = {"ids": for_in(ids)}
    phones = _by_party(connection, _PHONES, given)
    emails = _by_party(connection, _EMAILS, given)
    tags = _by_party(connection, _TAGS, given)
    rows = {row.id: row for row in connection.execute(_PARTIES, given)}
    return [_party(rows[key], phones[key], emails[key], tags[key]) for key in ids if key in rows]


def insert_party(connection: Connection, rows: PartyRows, *, user: str, now: datetime) -> SavedParty:
    """A new party; its numbers link earlier calls."""
    party = _changed(_nobody(now), rows, now=now)
    if not (party.name or party.company or party.phones or party.emails):
        raise InvalidInput("name", "Give at least a name, a company, a number or an e-mail address.")
    _check_external_id(connection, party)
    row = {**_columns(party, user=user), "created_at": now, "created_by": user}
    party = replace(party, id=insert_row(connection, parties, row))
    _insert_parts(connection, party.id, rows)
    search.index_party(connection, party)
    return SavedParty(party=party, linked_calls=link_numbers(connection, party.id, matched_numbers(party)))


def change_party(connection: Connection, before: Party, rows: PartyRows, *, user: str, now: datetime) -> SavedParty:
    """The party with these fields changed; numbers that are new to it link earlier calls."""
    party = _changed(before, rows, now=now)
    _check_external_id(connection, party)
    connection.execute(update(parties).where(parties.c.id == party.id).values(_columns(party, user=user)))
    for table, part in _parts(rows):
        if part is not None:
            connection.execute(delete(table).where(table.c.party_id == party.id))
    _insert_parts(connection, party.id, rows)
    search.forget_party(connection, party.id)
    search.index_party(connection, party)
    fresh = matched_numbers(party) - matched_numbers(before)
    return SavedParty(party=party, linked_calls=link_numbers(connection, party.id, fresh))


def matched_numbers(party: Party) -> set[str]:
    """The numbers that find this party when somebody calls."""
    return {phone.number for phone in party.phones if phone.kind == NumberKind.E164} if party.active else set()


def party_with_external_id(connection: Connection, external_id: str) -> int | None:
    """The active party with this id of another system."""
    return connection.execute(_BY_EXTERNAL_ID, {"external_id": external_id}).scalar()


def _nobody(now: datetime) -> Party:
    return Party(
        id=0,
        version=0,
        name="",
        company=None,
        kind="customer",
        phones=(),
        emails=(),
        language=None,
        external_id=None,
        tags=(),
        note="",
        active=True,
        created_at=now,
        updated_at=now,
    )


def _changed(before: Party, rows: PartyRows, *, now: datetime) -> Party:
    changes: Row = {**rows.columns, "version": before.version + 1, "updated_at": now}
    if rows.phones is not None:
        changes["phones"] = tuple(PartyPhone(**{name: row[name] for name in _PHONE_FIELDS}) for row in rows.phones)
    if rows.emails is not None:
        changes["emails"] = tuple(rows.emails)
    if rows.tags is not None:
        changes["tags"] = tuple(rows.tags)
    return replace(before, **changes)


def _columns(party: Party, *, user: str) -> Row:
    row: Row = {name: getattr(party, name) for name in _PARTY_FIELDS}
    shown = party.display_name
    return {**row, "display_name": shown, "sort_name": fold(shown), "updated_by": user}


def _parts(rows: PartyRows) -> Iterable[tuple[Table, list[Row] | None]]:
    emails, tags = rows.emails, rows.tags
    yield party_phones, rows.phones
    yield party_emails, None if emails is None else [{"email": email} for email in emails]
    yield party_tags, None if tags is None else [{"tag": tag} for tag in tags]


def _insert_parts(connection: Connection, customer_id: int, rows: PartyRows) -> None:
    for table, part in _parts(rows):
        if part:
            numbered = [{"party_id": customer_id, "position": position, **row} for position, row in enumerate(part)]
            connection.execute(insert(table), numbered)


def _by_party(connection: Connection, statement: Select[Any], given: Row) -> dict[int, list[Any]]:
    grouped: dict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(statement, given):
        grouped[row.party_id].append(row)
    return grouped


def _party(row: Any, phones: Iterable[Any], emails: Iterable[Any], tags: Iterable[Any]) -> Party:
    return Party(
        **{name: row._mapping[name] for name in _PARTY_FIELDS},
        id=row.id,
        created_at=row.created_at,
        phones=tuple(PartyPhone(**{name: phone._mapping[name] for name in _PHONE_FIELDS}) for phone in phones),
        emails=tuple(email.email for email in emails),
        tags=tuple(tag.tag for tag in tags),
    )


def _check_external_id(connection: Connection, party: Party) -> None:
    if party.external_id is None or not party.active:
        return
    holder = party_with_external_id(connection, party.external_id)
    if holder is not None and holder != party.id:
        raise InvalidInput("external_id", f"Customer {holder} has this external id already.")
