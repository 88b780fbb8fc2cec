"""Write many call records in one transaction, and give each the customer that its number or a person says."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, bindparam, select

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
from crm_store.sql.columns import for_in, time_text, upsert
from crm_store.sql.party_fields import Row
from crm_store.sql.party_links import owners, present_ids
from crm_store.sql.schema import call_legs, call_queue_waits, calls

_COLUMNS = [column.name for column in calls.c if column.name not in {"seq", "imported_at"}]
#: Texts that are made once; the rows go to the driver as they are. The way through Core took a third of the time of a save.
_SAVE_CALL = upsert(calls, _COLUMNS, by=["id"], once=["uniqueid"])
_SAVE_PART = {
    table: upsert(table, table.c.keys(), by=["call_id", "position"]) for table in (call_legs, call_queue_waits)
}
_DROP_REST = {
    table: f"DELETE FROM {table.name} WHERE call_id = :call_id AND position >= :count"  # noqa: S608 - our own tables
    for table in (call_legs, call_queue_waits)
}
_KNOWN = select(
    calls.c.id, calls.c.at, calls.c.number, calls.c.number_kind, calls.c.customer_id, calls.c.customer_by_person,
    calls.c.match,
).where(calls.c.id.in_(bindparam("ids", expanding=True))).with_for_update()  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Links:
    """What the database knows that decides whose call it is."""

    owners: Mapping[str, int]  # E.164 → the only customer with it
    present: Mapping[int, int]  # customer → itself, or whom it was merged into


class _Prepared(NamedTuple):
    """One record and its rows, all but the customer."""

    record: CallRecord
    row: Row
    legs: Sequence[Row]
    waits: Sequence[Row]


def save_records(connection: Connection, rows: Sequence[tuple[CallRecord, datetime]]) -> None:
    """Insert or update each call by id; of several versions of one call in a batch the last counts."""
    newest = {_id(record): (record, now) for record, now in rows}
    known = {row.id: row for row in connection.execute(_KNOWN, {"ids": for_in(newest)})}
    calls_of = {call_id: _prepared(record, known.get(call_id), now) for call_id, (record, now) in newest.items()}
    links = _links(connection, [call.record for call in calls_of.values()])
    for call_id, call in calls_of.items():
        call.row["customer_id"], call.row["match"] = _customer(call.record, known.get(call_id), links)
    _execute(connection, _SAVE_CALL, [call.row for call in calls_of.values()])
    _write_parts(connection, call_legs, {call_id: call.legs for call_id, call in calls_of.items()}, known)
    _write_parts(connection, call_queue_waits, {call_id: call.waits for call_id, call in calls_of.items()}, known)
    hidden = [key for key, row in known.items() if not _withheld(row) and _is_withheld(calls_of[key].record)]
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


def _prepared(record: CallRecord, known: Any, now: datetime) -> _Prepared:
    """One bad record is told apart from a database that does not answer: nobody tries it again for ever."""
    updated_at = time_text(now)
    try:
        kept = storable(record)
        if _withheld(known):  # once withheld, always: an older version of the record must not bring the digits back
            kept = without_digits(kept)
        row = call_row(kept, at=time_text(known.at) if known else updated_at)
        prepared = _Prepared(kept, row, list(leg_rows(kept)), list(wait_rows(kept)))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInput("record", f"Call {record['id']} is not a call record: {error!r}") from error
    row["customer_by_person"] = bool(known and known.customer_by_person)
    row["updated_at"] = updated_at
    return prepared


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


def _write_parts(
    connection: Connection, table: Table, rows: Mapping[str, Sequence[Row]], known: Collection[str]
) -> None:
    """A part keeps its position, so most are written over themselves; what a call has no more is taken away."""
    _execute(connection, _DROP_REST[table], [{"call_id": call_id, "count": len(rows[call_id])} for call_id in known])
    _execute(connection, _SAVE_PART[table], [part for of_call in rows.values() for part in of_call])


def _execute(connection: Connection, sql: str, rows: Sequence[Row]) -> None:
    if rows:
        connection.exec_driver_sql(sql, rows)


def _withheld(known: Any) -> bool:
    return known is not None and known.number_kind == NumberKind.WITHHELD


def _is_withheld(record: CallRecord) -> bool:
    return number_kind(record) == NumberKind.WITHHELD
