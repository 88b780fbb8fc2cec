"""A customer's timeline: calls, notes, finished tasks, in one order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from crm_store.activities import Activity, Page
from crm_store.errors import InvalidInput, NotFound
from crm_store.sql import cursors
from crm_store.sql.call_rows import record_of, talked_agent
from crm_store.sql.calls import CALLS
from crm_store.sql.columns import time_text
from crm_store.sql.database import insert_row
from crm_store.sql.part import StorePart
from crm_store.sql.party_fields import many_lines
from crm_store.sql.party_links import present_ids
from crm_store.sql.schema import activities, calls

_KIND = re.compile(r"[a-z][a-z_]{0,29}")
_LONGEST = 20_000


class SqlActivities(StorePart):
    """The ActivityStore port. An id tells activities of one kind apart; calls are counted by themselves."""

    async def timeline(self, customer_id: int, *, cursor: str | None, limit: int) -> Page[Activity]:
        size = cursors.page_size(limit)
        after = _position(cursor) if cursor else None

        def work(connection: Connection) -> list[Activity]:
            if customer_id not in present_ids(connection, [customer_id]):
                raise NotFound(f"There is no customer {customer_id}.")
            both = [*_calls(connection, customer_id, after, size), *_others(connection, customer_id, after, size)]
            return sorted(both, key=_key, reverse=True)[: size + 1]

        found = await self._database.read(work)
        return cursors.page(found, size, lambda activity: (time_text(activity.at), *_key(activity)[1:]))

    async def add_activity(self, *, kind: str, text: str, customer_id: int | None, user: str, at: datetime) -> Activity:
        if not _KIND.fullmatch(kind) or kind == "call":
            raise InvalidInput("kind", "An activity's kind is a word such as note or visit; calls come by themselves.")
        row = {"kind": kind, "at": at, "agent": user, "text": many_lines("text", text, _LONGEST)}

        def work(connection: Connection) -> Activity:
            present = present_ids(connection, [customer_id]).get(customer_id) if customer_id is not None else None
            if customer_id is not None and present is None:
                raise NotFound(f"There is no customer {customer_id}.")
            activity_id = insert_row(connection, activities, {**row, "customer_id": present})
            return _activity(connection.execute(select(activities).where(activities.c.id == activity_id)).one())

        return await self._database.write(work)


def _key(activity: Activity) -> tuple[datetime, int, int]:
    return activity.at, int(activity.kind == "call"), activity.id


def _position(cursor: str) -> tuple[datetime, int, int]:
    at, is_call, activity_id = cursors.decode(cursor, str, int, int)
    return cursors.time(at), is_call, activity_id


def _calls(connection: Connection, customer_id: int, after: Any, size: int) -> Sequence[Activity]:
    statement = CALLS.where(calls.c.customer_id == customer_id).order_by(calls.c.at.desc(), calls.c.seq.desc())
    if after is not None:
        at, is_call, seq = after
        # At the same moment calls come before the other activities.
        older = cursors.below((calls.c.at, calls.c.seq), (at, seq)) if is_call else calls.c.at < at
        statement = statement.where(older)
    return [_call_activity(row) for row in connection.execute(statement.limit(size + 1))]


def _others(connection: Connection, customer_id: int, after: Any, size: int) -> Sequence[Activity]:
    statement = (
        select(activities)
        .where(activities.c.customer_id == customer_id)
        .order_by(activities.c.at.desc(), activities.c.id.desc())
    )
    if after is not None:
        at, is_call, activity_id = after
        older = (
            activities.c.at <= at if is_call else cursors.below((activities.c.at, activities.c.id), (at, activity_id))
        )
        statement = statement.where(older)
    return [_activity(row) for row in connection.execute(statement.limit(size + 1))]


def _call_activity(row: Any) -> Activity:
    record = record_of(row)
    return Activity(
        id=row.seq,
        kind="call",
        at=row.at,
        customer_id=row.customer_id,
        agent=talked_agent(record),
        text=row.note or "",
        disposition=row.disposition,
        call=record,
    )


def _activity(row: Any) -> Activity:
    return Activity(
        id=row.id,
        kind=row.kind,
        at=row.at,
        customer_id=row.customer_id,
        agent=row.agent,
        text=row.text,
        disposition=None,
        call=None,
    )
