"""A lost call makes one call-back per person; a later talk with that person closes it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, Select, bindparam, insert, or_, select, update

from crm_store.errors import InvalidInput
from crm_store.lost_calls import Talk
from crm_store.phone_numbers import NumberKind
from crm_store.sql.callbacks import OPEN_LOST, close
from crm_store.sql.columns import for_in
from crm_store.sql.database import insert_row
from crm_store.sql.party_links import owners, present_ids
from crm_store.sql.schema import calls, parties, task_calls, tasks
from crm_store.tasks import LostCall

_TITLE = "Call back"
# Made once: an IN that is made for each talk leaves cycles behind, which only the garbage collector takes away.
_PEOPLE: BindParameter[Any] = bindparam("people", expanding=True)
_OWED_CUSTOMERS = select(tasks.c.customer_id).where(OPEN_LOST, tasks.c.customer_id.in_(_PEOPLE))
_OWED_NUMBERS = select(tasks.c.number).where(OPEN_LOST, tasks.c.number.in_(_PEOPLE))
_CUSTOMERS = select(calls.c.id, calls.c.customer_id).where(calls.c.id.in_(_PEOPLE), calls.c.customer_id.is_not(None))
_MERGED = select(parties.c.id).where(parties.c.id.in_(_PEOPLE), parties.c.merged_into.is_not(None))


def note_lost_call(connection: Connection, lost: LostCall, *, now: datetime) -> int:
    """Join the person's open call-back or make one; returns the task's id. The same call counts once."""
    noted = (
        select(tasks.c.id)
        .join(task_calls, task_calls.c.task_id == tasks.c.id)
        .where(task_calls.c.call_id == lost.call_id, tasks.c.last_lost_at.is_not(None))
    )
    known = connection.execute(noted).scalar()
    if known is not None:
        return int(known)
    number = _number(connection, lost)
    customer_id = _customer(connection, lost, number)
    if number is None and customer_id is None:
        raise InvalidInput("number", "Nobody can be called back: the number is withheld and the customer unknown.")
    task_id = _join_open(connection, lost, customer_id, number)
    if task_id is None:
        task_id = _create(connection, lost, customer_id, number, now)
    attempt = {
        "lost_at": lost.at,
        "way": lost.way.value,
        "queue": lost.queue,
        "did": lost.did,
        "after_hours": lost.after_hours,
    }
    connection.execute(insert(task_calls).values(task_id=task_id, call_id=lost.call_id, **attempt))
    return task_id


def with_callbacks(connection: Connection, talks: Sequence[Talk]) -> list[Talk]:
    """The talks that may close something: asked once for many, because hardly any does. Their customers are those that the
    records have by now: a person may have said who it is."""
    ids = {"people": for_in([talk.call_id for talk in talks])}
    said = {row.id: row.customer_id for row in connection.execute(_CUSTOMERS, ids)}
    talks = [replace(talk, customer_id=said.get(talk.call_id, talk.customer_id)) for talk in talks]
    customers = {talk.customer_id for talk in talks if talk.customer_id is not None}
    numbers = {talk.number for talk in talks if talk.number is not None}
    # Two statements: for one with OR the database reads every open task.
    owing = _found(connection, _OWED_CUSTOMERS, customers)
    owed = _found(connection, _OWED_NUMBERS, numbers)
    owing |= _found(connection, _MERGED, customers)  # a merged customer's are found by the write itself
    return [
        talk
        for talk in talks
        if (talk.customer_id is not None and talk.customer_id in owing)
        or (talk.number is not None and talk.number in owed)
    ]


def _found(connection: Connection, statement: Select[Any], people: Collection[Any]) -> set[Any]:
    return set(connection.execute(statement, {"people": for_in(people)}).scalars()) if people else set()


def close_callbacks(connection: Connection, talk: Talk, *, now: datetime) -> list[int]:
    """Close the person's call-backs whose last lost call is older than the talk; returns their ids."""
    person: list[ColumnElement[bool]] = []
    if talk.customer_id is not None:
        present = present_ids(connection, [talk.customer_id]).get(talk.customer_id, talk.customer_id)
        person.append(tasks.c.customer_id == present)
    if talk.number is not None:
        # A talk with a certain other customer is none with whoever else called from this number.
        same = tasks.c.number == talk.number
        person.append(same if talk.customer_id is None else same & tasks.c.customer_id.is_(None))
    if not person:
        return []
    due = select(tasks).where(OPEN_LOST, tasks.c.last_lost_at < talk.since, or_(*person)).order_by(tasks.c.id)
    rows = connection.execute(due).all()
    close(connection, rows, talk, now=now)
    return [int(row.id) for row in rows]


def _number(connection: Connection, lost: LostCall) -> str | None:
    kind = connection.execute(select(calls.c.number_kind).where(calls.c.id == lost.call_id)).scalar()
    return None if kind == NumberKind.WITHHELD else lost.number or None


def _customer(connection: Connection, lost: LostCall, number: str | None) -> int | None:
    """The call's own customer (a person may have set it), else who was given, else the only one with this number."""
    stored = connection.execute(select(calls.c.customer_id).where(calls.c.id == lost.call_id)).scalar()
    given = stored or lost.customer_id
    if given is not None and (present := present_ids(connection, [given]).get(given)) is not None:
        return present
    return owners(connection, [number]).get(number) if number is not None else None


def _join_open(connection: Connection, lost: LostCall, customer_id: int | None, number: str | None) -> int | None:
    by_number = (tasks.c.number == number) & tasks.c.customer_id.is_(None)
    person = by_number if customer_id is None else tasks.c.customer_id == customer_id
    task = connection.execute(select(tasks).where(OPEN_LOST, person).order_by(tasks.c.id).limit(1)).one_or_none()
    if task is None:
        return None
    changes = {
        "version": task.version + 1,
        "first_lost_at": min(task.first_lost_at or task.last_lost_at, lost.at),
        "last_lost_at": max(task.last_lost_at, lost.at),
        # Whoever put it off did not know of this call.
        "due_at": min(task.due_at or _due(lost), _due(lost)),
        "owner": task.owner if task.owner == lost.owner else None,  # missed by two: anybody may call back
        "number": number or task.number,
    }
    connection.execute(update(tasks).where(tasks.c.id == task.id).values(changes))
    return int(task.id)


def _due(lost: LostCall) -> datetime:
    return lost.due_at or lost.at


def _create(connection: Connection, lost: LostCall, customer_id: int | None, number: str | None, now: datetime) -> int:
    row = {
        "version": 1,
        "kind": "callback",
        "title": f"{_TITLE}: {lost.queue}" if lost.queue else _TITLE,
        "state": "open",
        "due_at": _due(lost),
        "owner": lost.owner,
        "customer_id": customer_id,
        "number": number,
        "first_lost_at": lost.at,
        "last_lost_at": lost.at,
        "created_at": now,
    }
    return insert_row(connection, tasks, row)
