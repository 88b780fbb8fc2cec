"""One person's data in every table: found, given out, and taken out for good."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Table, delete, or_, select, update

from crm_store.errors import InvalidInput, NotFound
from crm_store.ledger import LedgerEntry, LedgerKind
from crm_store.person import Person, PersonData, PersonNumber
from crm_store.phone_numbers import PhoneNumber, normalise
from crm_store.sql import search
from crm_store.sql.call_rows import record_of
from crm_store.sql.calls import CALLS
from crm_store.sql.ledger import add_entries
from crm_store.sql.part import StorePart
from crm_store.sql.retention import anonymise_calls
from crm_store.sql.schema import (
    activities,
    call_notes,
    calls,
    ledger,
    parties,
    party_emails,
    party_phones,
    party_tags,
    pop_dismissals,
    task_calls,
    tasks,
)

#: So many values go into one IN.
_AT_ONCE = 500
#: What people write freely: table, its key, the text.
_TEXTS: tuple[tuple[Table, str, str], ...] = (
    (call_notes, "call_id", "text"),
    (activities, "id", "text"),
    (tasks, "id", "title"),
    (parties, "id", "note"),
)


class SqlPerson(StorePart):
    """The PersonStore port."""

    async def person(self, *, customer_id: int | None = None, number: str | None = None) -> Person:
        given = normalise(number, self._numbers) if number is not None else None
        return await self._database.read(
            lambda connection: _Finder(connection, self._national).find(customer_id, given)
        )

    async def person_file(self, person: Person) -> dict[str, Any]:
        return await self._database.read(lambda connection: _file(connection, person))

    async def person_data(self, person: Person) -> PersonData:
        return await self._database.read(lambda connection: _Eraser(connection, person).count())

    async def erase_person(self, person: Person, *, now: datetime, places_in_journal: int) -> PersonData:
        def work(connection: Connection) -> PersonData:
            eraser = _Eraser(connection, person)
            data = eraser.count()
            eraser.erase()
            detail = {**data.counts(), "journal": places_in_journal}
            ids: Iterable[int | None] = person.customer_ids or (None,)
            kind = LedgerKind.PERSON_ERASED
            add_entries(
                connection, [LedgerEntry(kind=kind, at=now, user=None, customer_id=i, detail=detail) for i in ids]
            )
            return data

        return await self._database.write(work)

    def _national(self, number: str) -> str | None:
        return normalise(number, self._numbers).national


# --- who is meant -----------------------------------------------------------------------------------------------------


class _Finder:
    def __init__(self, connection: Connection, national: Any) -> None:
        self._connection = connection
        self._national = national

    def find(self, customer_id: int | None, number: PhoneNumber | None) -> Person:
        """By record, or by number: of the one customer who has it, else of whoever called from it."""
        ids = self._records(customer_id) if customer_id is not None else self._holders(number)
        numbers = self._numbers_of(ids) | ({number.number} if number is not None and number.number else set())
        shared = self._shared(numbers, ids)
        mine = numbers - shared
        found = self._calls(ids, mine)
        if not ids and not found:
            raise NotFound("Nothing is stored of this number.")
        return Person(
            customer_ids=tuple(ids),
            numbers=tuple(PersonNumber(number=one, national=self._national(one)) for one in sorted(mine)),
            names=tuple(dict.fromkeys(self._names_of(ids))),
            called=tuple(dict.fromkeys(_names_in(found))),
            shared_numbers=tuple(sorted(shared)),
            call_ids=tuple(row.id for row in found),
            in_call=any(row.state != "ended" for row in found),
        )

    def _records(self, customer_id: int) -> list[int]:
        """The record and those that were merged into it."""
        row = self._connection.execute(select(parties).where(parties.c.id == customer_id)).one_or_none()
        if row is None:
            raise NotFound(f"There is no customer {customer_id}.")
        if row.merged_into is not None:
            raise InvalidInput("ID", f"Customer {customer_id} was merged into {row.merged_into}: name that one.")
        merged = select(parties.c.id).where(parties.c.merged_into == customer_id)
        return [customer_id, *self._connection.scalars(merged)]

    def _holders(self, number: PhoneNumber | None) -> list[int]:
        if number is None or number.number is None:
            raise InvalidInput("NUMBER", "This is not a number that anything is stored under.")
        statement = select(party_phones.c.party_id).where(party_phones.c.number == number.number).distinct()
        holders = list(self._connection.scalars(statement.order_by(party_phones.c.party_id)))
        if len(holders) > 1:
            raise InvalidInput(
                "NUMBER", f"Customers {', '.join(map(str, holders))} have this number: name one by its id."
            )
        return self._records(holders[0]) if holders else []

    def _numbers_of(self, ids: Collection[int]) -> set[str]:
        own = select(party_phones.c.number).where(party_phones.c.party_id.in_(ids))
        called = select(calls.c.number).where(calls.c.customer_id.in_(ids), calls.c.number.is_not(None)).distinct()
        return {str(one) for statement in (own, called) for one in self._connection.scalars(statement)}

    def _shared(self, numbers: Collection[str], ids: Collection[int]) -> set[str]:
        others = party_phones.c.party_id.not_in(ids)
        return set(
            self._connection.scalars(select(party_phones.c.number).where(party_phones.c.number.in_(numbers), others))
        )

    def _names_of(self, ids: Collection[int]) -> Iterator[str]:
        for row in self._connection.execute(select(parties).where(parties.c.id.in_(ids)).order_by(parties.c.id)):
            yield row.name or row.company or ""
        yield from self._connection.scalars(select(party_emails.c.email).where(party_emails.c.party_id.in_(ids)))

    def _calls(self, ids: Collection[int], numbers: Collection[str]) -> Sequence[Any]:
        theirs = or_(calls.c.customer_id.in_(ids), calls.c.number.in_(numbers))
        wanted = select(calls.c.id, calls.c.state, calls.c.record).where(theirs).order_by(calls.c.at, calls.c.seq)
        return self._connection.execute(wanted).all()


def _names_in(rows: Iterable[Any]) -> Iterator[str]:
    """What the telephones called them."""
    for row in rows:
        name = (orjson.loads(row.record).get("remote") or {}).get("name")
        if name:
            yield name


# --- what is given out ------------------------------------------------------------------------------------------------


def _file(connection: Connection, person: Person) -> dict[str, Any]:
    """Every row of theirs, as it is stored."""
    ids = person.customer_ids
    return {
        "customers": _rows(connection, parties, parties.c.id.in_(ids)),
        "phones": _rows(connection, party_phones, party_phones.c.party_id.in_(ids)),
        "emails": _rows(connection, party_emails, party_emails.c.party_id.in_(ids)),
        "tags": _rows(connection, party_tags, party_tags.c.party_id.in_(ids)),
        "calls": [
            record_of(row)
            for portion in _portions(person.call_ids)
            for row in connection.execute(CALLS.where(calls.c.id.in_(portion)).order_by(calls.c.at))
        ],
        "activities": _rows(connection, activities, activities.c.customer_id.in_(ids)),
        "tasks": _rows(connection, tasks, _their_tasks(person)),
        "ledger": _entries(connection, person),
    }


def _entries(connection: Connection, person: Person) -> list[dict[str, Any]]:
    """Who dealt with their records and calls."""
    conditions = [ledger.c.customer_id.in_(person.customer_ids)]
    conditions += [ledger.c.call_id.in_(portion) for portion in _portions(person.call_ids)]
    rows = {row["seq"]: row for where in conditions for row in _rows(connection, ledger, where)}
    return [{**rows[seq], "detail": orjson.loads(rows[seq]["detail"])} for seq in sorted(rows)]


def _rows(connection: Connection, table: Table, where: ColumnElement[bool]) -> list[dict[str, Any]]:
    names = [str(column.name) for column in table.c]
    return [dict(zip(names, row, strict=True)) for row in connection.execute(select(table).where(where))]


def _their_tasks(person: Person) -> ColumnElement[bool]:
    return or_(tasks.c.customer_id.in_(person.customer_ids), tasks.c.number.in_([one.number for one in person.numbers]))


def _portions(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]


# --- what is taken out ------------------------------------------------------------------------------------------------


class _Eraser:
    """Counts and erases by the same conditions."""

    def __init__(self, connection: Connection, person: Person) -> None:
        self._connection = connection
        self._person = person
        self._in_texts, self._in_records = person.in_texts(), person.in_records()
        self._own_tasks = list(connection.scalars(select(tasks.c.id).where(_their_tasks(person))))
        own = select(activities.c.id).where(activities.c.customer_id.in_(person.customer_ids))
        self._own_activities = list(connection.scalars(own))

    def count(self) -> PersonData:
        notes = (
            select(call_notes.c.call_id).where(call_notes.c.call_id.in_(portion), call_notes.c.text != "")
            for portion in _portions(self._person.call_ids)
        )
        mentions = sum(1 for _ in self._other_records()) + sum(1 for _ in self._other_texts())
        return PersonData(
            customers=len(self._person.customer_ids),
            calls=len(self._person.call_ids),
            notes=sum(len(self._connection.scalars(statement).all()) for statement in notes),
            tasks=len(self._own_tasks),
            activities=len(self._own_activities),
            mentions=mentions,
        )

    def erase(self) -> None:
        """Calls keep their times and results; everything else of the person goes, also where others mention them."""
        execute = self._connection.execute
        for portion in _portions(self._person.call_ids):
            anonymise_calls(self._connection, portion)
            execute(delete(pop_dismissals).where(pop_dismissals.c.call_id.in_(portion)))
        for table, key, keys in ((task_calls, "task_id", self._own_tasks), (tasks, "id", self._own_tasks)):
            execute(delete(table).where(table.c[key].in_(keys)))
        execute(delete(activities).where(activities.c.id.in_(self._own_activities)))
        for seq, record in list(self._other_records()):
            execute(update(calls).where(calls.c.seq == seq).values(record=record))
        for table, key, value, column, text in list(self._other_texts()):
            execute(update(table).where(table.c[key] == value).values({column: text}))
        self._delete_customers()

    def _delete_customers(self) -> None:
        ids = self._person.customer_ids
        self._connection.execute(update(parties).where(parties.c.merged_into.in_(ids)).values(merged_into=None))
        for customer_id in ids:
            search.forget_party(self._connection, customer_id)
            self._connection.execute(delete(parties).where(parties.c.id == customer_id))

    def _other_records(self) -> Iterator[tuple[int, str]]:
        """Other people's calls that mention the person: handed over to their phone, for example."""
        own = frozenset(self._person.call_ids)
        for row in self._connection.execute(select(calls.c.seq, calls.c.id, calls.c.record)):
            if row.id not in own and self._in_records.found_in(row.record):
                record = orjson.dumps(self._in_records.masked_record(orjson.loads(row.record))).decode()
                if record != row.record:
                    yield row.seq, record

    def _other_texts(self) -> Iterator[tuple[Table, str, Any, str, str]]:
        skipped = {
            call_notes.name: frozenset(self._person.call_ids),
            activities.name: frozenset(self._own_activities),
            tasks.name: frozenset(self._own_tasks),
            parties.name: frozenset(self._person.customer_ids),
        }
        for table, key, column in _TEXTS:
            for value, text in self._connection.execute(select(table.c[key], table.c[column])):
                if value not in skipped[table.name] and self._in_texts.found_in(text):
                    yield table, key, value, column, self._in_texts.masked(text)
