"""Write many call records in one transaction, and give each the customer that its number or a person says."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from crm_store.activities import CallRecord
from crm_store.errors import InvalidInput
from crm_store.phone_numbers import NumberKind
from crm_store.sql import callbacks
from crm_store.sql.call_rows import (
    call_row,
    leg_rows,
    matched_number,
    number_kind,
    storable,
    wait_rows,
    without_digits,
)
from crm_store.sql.columns import for_in
from crm_store.sql.party_fields import Row
from crm_store.sql.party_links import owners, present_ids
from crm_store.sql.schema import call_legs, call_queue_waits, calls

_WRITTEN = [column.name for column in calls.c if column.name not in {"seq", "id", "uniqueid", "imported_at"}]
_UPDATE = (
    update(calls)
    .where(calls.c.id == bindparam("call_id"))
    .values({name: bindparam(f"new_{name}") for name in _WRITTEN})
)
_KNOWN = select(
    calls.c.id, calls.c.at, calls.c.number, calls.c.number_kind, calls.c.customer_id, calls.c.customer_by_person,
    calls.c.match,
).where(calls.c.id.in_(bindparam("ids", expanding=True))).with_for_update()  # fmt: skip
#: Made once: an IN that is made for each call leaves cycles behind, which only the garbage collector takes away.
_DELETE_PARTS = {
    table: delete(table).where(table.c.call_id.in_(bindparam("ids", expanding=True)))
    for table in (call_legs, call_queue_waits)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Links:
    """What the database knows that decides whose call it is."""

    owners: Mapping[str, int]  # E.164 → the only customer with it
    present: Mapping[int, int]  # customer → itself, or whom it was merged into


def save_records(connection: Connection, rows: Sequence[tuple[CallRecord, datetime]]) -> None:
    """Insert or update each call by id; of several versions of one call in a batch the last counts."""
    newest = {_id(record): (_storable(record), now) for record, now in rows}
    known = {row.id: row for row in connection.execute(_KNOWN, {"ids": for_in(newest)})}
    # Once withheld, always withheld: an older version of the record must not bring the digits back.
    records = {
        call_id: without_digits(record) if _withheld(known.get(call_id)) else record
        for call_id, (record, _) in newest.items()
    }
    links = _links(connection, records.values())
    written = [_row(records[call_id], known.get(call_id), links, now) for call_id, (_, now) in newest.items()]
    parts = [_parts(record) for record in records.values()]
    _write(connection, [row for row in written if row["id"] not in known], [r for r in written if r["id"] in known])
    _write_parts(connection, call_legs, [row for legs, _ in parts for row in legs], known)
    _write_parts(connection, call_queue_waits, [row for _, waits in parts for row in waits], known)
    hidden = [key for key, row in known.items() if not _withheld(row) and _is_withheld(records[key])]
    callbacks.forget_numbers(connection, hidden)


def _links(connection: Connection, records: Collection[CallRecord]) -> _Links:
    customers = {record["customer_id"] for record in records if record.get("customer_id") is not None}
    present = present_ids(connection, customers)
    unclear = (record for record in records if record.get("customer_id") not in present)
    numbers = {number for record in unclear if (number := matched_number(record)) is not None}
    return _Links(owners=owners(connection, numbers), present=present)


def _id(record: CallRecord) -> str:
    call_id = record.get("id")
    if not isinstance(call_id, str):
        raise InvalidInput("id", "A call record needs an id.")
    return call_id


@contextmanager
def _no_record(record: CallRecord) -> Iterator[None]:
    """One bad record is told apart from a database that does not answer: nobody tries it again for ever."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInput("record", f"Call {record['id']} is not a call record: {error!r}") from error


def _storable(record: CallRecord) -> CallRecord:
    with _no_record(record):
        return storable(record)


def _parts(record: CallRecord) -> tuple[Sequence[Row], Sequence[Row]]:
    with _no_record(record):
        return list(leg_rows(record)), list(wait_rows(record))


def _row(record: CallRecord, known: Any, links: _Links, now: datetime) -> Row:
    with _no_record(record):
        row = call_row(record, at=known.at if known else now)
    customer_id, match = _customer(record, known, links)
    by_person = bool(known and known.customer_by_person)
    return {**row, "customer_id": customer_id, "customer_by_person": by_person, "match": match, "updated_at": now}


def _customer(record: CallRecord, known: Any, links: _Links) -> tuple[int | None, str | None]:
    match: str | None = record.get("match")
    if known and known.customer_by_person:
        return known.customer_id, match or known.match
    if _is_withheld(record):
        return None, match
    given = links.present.get(record.get("customer_id") or 0)
    if given is not None:
        return given, match
    number = matched_number(record)
    if known and known.customer_id is not None and known.number == number:
        return known.customer_id, known.match  # linked since, by a number that somebody added
    owner = links.owners.get(number) if number is not None else None
    return (owner, "one") if owner is not None else (None, match)


def _write(connection: Connection, new: Sequence[Row], changed: Sequence[Row]) -> None:
    if new:
        connection.execute(insert(calls), new)
    if changed:
        connection.execute(
            _UPDATE, [{"call_id": row["id"], **{f"new_{name}": row[name] for name in _WRITTEN}} for row in changed]
        )


def _write_parts(connection: Connection, table: Table, rows: Sequence[Row], known: Collection[str]) -> None:
    if known:
        connection.execute(_DELETE_PARTS[table], {"ids": for_in(known)})
    if rows:
        connection.execute(insert(table), rows)


def _withheld(known: Any) -> bool:
    return known is not None and known.number_kind == NumberKind.WITHHELD


def _is_withheld(record: CallRecord) -> bool:
    return number_kind(record) == NumberKind.WITHHELD
