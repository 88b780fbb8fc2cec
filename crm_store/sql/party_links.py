"""Which customer a number belongs to, and what follows when that becomes known: earlier calls get their customer."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, bindparam, func, select, update

from crm_store.phone_numbers import NumberKind
from crm_store.sql import callbacks
from crm_store.sql.columns import for_in
from crm_store.sql.schema import calls, parties, party_phones

# Not a join: SQLite would begin with all the active parties, and with a million of them that takes a second.
_ACTIVE = select(parties.c.active).where(parties.c.id == party_phones.c.party_id).scalar_subquery()
_OWNERS = (
    select(party_phones.c.number, func.min(party_phones.c.party_id).label("party_id"))
    .where(
        party_phones.c.number.in_(bindparam("numbers", expanding=True)),
        party_phones.c.kind == NumberKind.E164.value,
        _ACTIVE,
    )
    .group_by(party_phones.c.number)
    .having(func.count(party_phones.c.party_id.distinct()) == 1)
)
_PRESENT = select(parties.c.id, func.coalesce(parties.c.merged_into, parties.c.id).label("present")).where(
    parties.c.id.in_(bindparam("ids", expanding=True))
)


def owners(connection: Connection, numbers: Collection[str]) -> Mapping[str, int]:
    """For each E.164 number that exactly one active party has: that party."""
    if not numbers:
        return {}
    return {row.number: row.party_id for row in connection.execute(_OWNERS, {"numbers": for_in(numbers)})}


def present_ids(connection: Connection, ids: Collection[int]) -> Mapping[int, int]:
    """For each id that exists: itself, or the party it was merged into."""
    if not ids:
        return {}
    return {row.id: row.present for row in connection.execute(_PRESENT, {"ids": for_in(ids)})}


def link_numbers(connection: Connection, customer_id: int, numbers: Collection[str]) -> int:
    """Give earlier calls and call-backs with these numbers their customer, where nobody else has the number."""
    mine = [number for number, owner in owners(connection, numbers).items() if owner == customer_id]
    if not mine:
        return 0
    linked = connection.execute(
        update(calls)
        .where(
            calls.c.number.in_(mine),
            calls.c.number_kind == NumberKind.E164,
            calls.c.customer_id.is_(None),
            calls.c.customer_by_person.is_(False),
        )
        .values(customer_id=customer_id, match="one")
    )
    callbacks.adopt_numbers(connection, customer_id, mine)
    return linked.rowcount
