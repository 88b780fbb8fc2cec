"""The call log: records, the notes and outcomes people add to them, and times without connection."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, insert, select, update

from crm_store.activities import CallFilter, CallNote, CallRecord, DismissedPop, Page
from crm_store.errors import NotFound
from crm_store.sql import callbacks, cursors
from crm_store.sql.call_folding import fold
from crm_store.sql.call_notes import load_note, save_disposition, save_note
from crm_store.sql.call_rows import record_of
from crm_store.sql.call_saving import save_records
from crm_store.sql.columns import time_text
from crm_store.sql.part import StorePart
from crm_store.sql.party_links import present_ids
from crm_store.sql.pop_dismissals import dismiss, dismissed
from crm_store.sql.schema import call_legs, call_notes, call_queue_waits, calls, gaps, parties

#: A call with everything its record shows.
CALLS: Select[Any] = select(
    calls,
    parties.c.display_name.label("customer_name"),
    call_notes.c.text.label("note"),
    call_notes.c.disposition,
).select_from(
    calls.outerjoin(parties, parties.c.id == calls.c.customer_id).outerjoin(
        call_notes, call_notes.c.call_id == calls.c.id
    )
)


#: Among so many of the newest calls is the one that was written last.
_NEWEST = 50


class SqlCalls(StorePart):
    """The CallStore port."""

    async def save_calls(self, records: Iterable[CallRecord], *, now: datetime) -> None:
        """Written in one commit with what others save at the same time; returns when it is durable."""
        await self._database.write_rows(save_records, [(record, now) for record in records])

    async def open_calls(self, pbx: str) -> list[CallRecord]:
        statement = CALLS.where(calls.c.pbx == pbx, calls.c.state != "ended").order_by(calls.c.at, calls.c.seq)
        rows = await self._database.read(lambda connection: connection.execute(statement).all())
        return [record_of(row) for row in rows]

    async def last_written(self, pbx: str) -> datetime | None:
        heard = select(calls.c.updated_at).where(calls.c.pbx == pbx, calls.c.imported_at.is_(None))
        newest = heard.order_by(calls.c.at.desc(), calls.c.seq.desc())
        times = await self._database.read(lambda connection: connection.scalars(newest.limit(_NEWEST)).all())
        return max(times, default=None)

    async def call(self, call_id: str) -> CallRecord:
        return await self._database.read(lambda connection: load_call(connection, call_id))

    async def calls(self, where: CallFilter, *, cursor: str | None, limit: int) -> Page[CallRecord]:
        """Newest first."""
        size = cursors.page_size(limit)
        statement = CALLS.where(*self._conditions(where)).order_by(calls.c.at.desc(), calls.c.seq.desc())
        if cursor:
            at, seq = cursors.decode(cursor, str, int)
            statement = statement.where(cursors.below((calls.c.at, calls.c.seq), (cursors.time(at), seq)))
        rows = await self._database.read(lambda connection: connection.execute(statement.limit(size + 1)).all())
        page = cursors.page(rows, size, lambda row: (time_text(row.at), row.seq))
        return Page(items=tuple(record_of(row) for row in page.items), next=page.next)

    async def call_note(self, call_id: str) -> CallNote:
        return await self._database.read(lambda connection: load_note(connection, call_id))

    async def save_note(
        self, call_id: str, text: str, *, user: str, now: datetime, version: int | None = None
    ) -> CallNote:
        return await self._database.write(
            lambda connection: save_note(connection, call_id, text, user=user, now=now, version=version)
        )

    async def save_disposition(self, call_id: str, code: str | None, *, user: str, now: datetime) -> CallNote:
        return await self._database.write(
            lambda connection: save_disposition(connection, call_id, code, user=user, now=now)
        )

    async def set_call_customer(self, call_id: str, customer_id: int | None, *, user: str, now: datetime) -> CallRecord:
        """What a person says about a call stays, whatever its number would say."""
        return await self._database.write(lambda connection: _set_customer(connection, call_id, customer_id, now))

    async def fold_call(self, call_id: str, into: str | None) -> CallNote | None:
        return await self._database.write(lambda connection: fold(connection, call_id, into))

    async def dismiss_pop(self, pop: DismissedPop) -> None:
        await self._database.write(lambda connection: dismiss(connection, pop))

    async def dismissed_pops(self) -> list[DismissedPop]:
        return await self._database.read(dismissed)

    async def save_gap(self, pbx: str, since: datetime, until: datetime, missed_calls: int | None) -> None:
        statement = insert(gaps).values(pbx=pbx, since=since, until=until, missed_calls=missed_calls)
        await self._database.write(lambda connection: connection.execute(statement).rowcount)

    def _conditions(self, where: CallFilter) -> Iterable[ColumnElement[bool]]:
        if where.since is not None:
            yield calls.c.at >= where.since
        if where.until is not None:
            yield calls.c.at < where.until
        if where.agent is not None:
            yield calls.c.id.in_(select(call_legs.c.call_id).where(call_legs.c.agent == where.agent))
        if where.queue is not None:
            yield calls.c.id.in_(select(call_queue_waits.c.call_id).where(call_queue_waits.c.queue == where.queue))
        if where.number is not None:
            yield calls.c.number == self._number(where.number)
        for column in (calls.c.pbx, calls.c.customer_id, calls.c.direction, calls.c.outcome):
            value = getattr(where, column.name)
            if value is not None:
                yield column == value


def load_call(connection: Connection, call_id: str) -> CallRecord:
    row = connection.execute(CALLS.where(calls.c.id == call_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no call {call_id}.")
    return record_of(row)


def _set_customer(connection: Connection, call_id: str, customer_id: int | None, now: datetime) -> CallRecord:
    present = present_ids(connection, [customer_id]).get(customer_id) if customer_id is not None else None
    if customer_id is not None and present is None:
        raise NotFound(f"There is no customer {customer_id}.")
    connection.execute(
        update(calls).where(calls.c.id == call_id).values(customer_id=present, customer_by_person=True, updated_at=now)
    )
    if present is not None:
        callbacks.adopt_call(connection, present, call_id)
    return load_call(connection, call_id)
