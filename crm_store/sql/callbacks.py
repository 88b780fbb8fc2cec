"""Open call-backs of lost calls, as customers, numbers and talks come together and apart. One per person."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, delete, exists, func, insert, select, update

from crm_store.lost_calls import Talk, talk_of
from crm_store.phone_numbers import NumberKind
from crm_store.sql.schema import calls, task_calls, tasks

#: Made by lost calls. A call-back that somebody promised is not: it has its own day, and no later talk keeps the promise.
OPEN_LOST: ColumnElement[bool] = (tasks.c.state == "open") & tasks.c.last_lost_at.is_not(None)


#: A talk may begin so long after its call.
_LONGEST_WAIT = timedelta(hours=2)
#: Among so many calls after the lost one is the talk that makes up for it.
_CALLS_LOOKED_AT = 50


def close(connection: Connection, rows: Collection[Any], talk: Talk, *, now: datetime) -> None:
    """These rows of `tasks` are done by this talk: the recall time is from the first lost call to its beginning."""
    for row in rows:
        done = {
            "state": "done",
            "done_at": now,
            "done_by": talk.user,
            "recall_s": (talk.since - (row.first_lost_at or row.last_lost_at)).total_seconds(),
            "version": row.version + 1,
        }
        connection.execute(update(tasks).where(tasks.c.id == row.id).values(done))


def settle(connection: Connection, customer_id: int) -> None:
    """Close the customer's call-backs that a known talk makes up for: that both are theirs may turn out later."""
    theirs = select(tasks).where(OPEN_LOST, tasks.c.customer_id == customer_id)
    for row in connection.execute(theirs).all():
        later = select(calls.c.record).where(
            calls.c.customer_id == customer_id, calls.c.at > row.last_lost_at - _LONGEST_WAIT
        )
        for record in connection.scalars(later.order_by(calls.c.at, calls.c.seq).limit(_CALLS_LOOKED_AT)).all():
            talk = talk_of({**orjson.loads(record), "customer_id": customer_id})
            if talk is not None and talk.since > row.last_lost_at:
                close(connection, [row], talk, now=talk.since)
                break


def adopt_numbers(connection: Connection, customer_id: int, numbers: Collection[str]) -> None:
    """Open tasks about a number become tasks about the customer who has it."""
    _adopt(connection, customer_id, tasks.c.number.in_(numbers))
    settle(connection, customer_id)


def adopt_call(connection: Connection, customer_id: int, call_id: str) -> None:
    """Open tasks about a call become tasks about the customer who called."""
    _adopt(connection, customer_id, tasks.c.id.in_(select(task_calls.c.task_id).where(task_calls.c.call_id == call_id)))
    settle(connection, customer_id)


def unite(connection: Connection, customer_id: int) -> None:
    """Several open call-backs of one customer become the oldest of them."""
    mine = select(tasks).where(OPEN_LOST, tasks.c.customer_id == customer_id).order_by(tasks.c.id)
    rows = connection.execute(mine).all()
    if len(rows) < 2:
        return
    for other in rows[1:]:
        _join(connection, rows[0].id, other.id)
    connection.execute(update(tasks).where(tasks.c.id == rows[0].id).values(_united(rows)))


def forget_numbers(connection: Connection, call_ids: Collection[str]) -> None:
    """These callers turned out to withhold their numbers: no task keeps the digits, none is left without anybody to call."""
    if not call_ids:
        return
    known = (
        select(task_calls.c.call_id)
        .join(calls, calls.c.id == task_calls.c.call_id, isouter=True)
        .where(
            task_calls.c.task_id == tasks.c.id,
            func.coalesce(calls.c.number_kind, "") != NumberKind.WITHHELD.value,
        )
    )
    about_them = tasks.c.id.in_(select(task_calls.c.task_id).where(task_calls.c.call_id.in_(call_ids)))
    only_withheld = about_them & ~exists(known)
    customer_said = exists().where(
        task_calls.c.task_id == tasks.c.id, calls.c.id == task_calls.c.call_id, calls.c.customer_id.is_not(None)
    )
    connection.execute(delete(tasks).where(OPEN_LOST, only_withheld, ~customer_said))
    connection.execute(update(tasks).where(only_withheld).values(number=None, version=tasks.c.version + 1))


def _adopt(connection: Connection, customer_id: int, which: ColumnElement[bool]) -> None:
    adopted = connection.execute(
        update(tasks)
        .where(tasks.c.state == "open", tasks.c.customer_id.is_(None), which)
        .values(customer_id=customer_id, version=tasks.c.version + 1)
    )
    if adopted.rowcount:
        unite(connection, customer_id)


def _join(connection: Connection, keep: int, other: int) -> None:
    kept = select(task_calls.c.call_id).where(task_calls.c.task_id == keep)
    moved = select(task_calls).where(task_calls.c.task_id == other, task_calls.c.call_id.not_in(kept))
    for attempt in connection.execute(moved).mappings().all():
        connection.execute(insert(task_calls).values({**attempt, "task_id": keep}))
    connection.execute(delete(tasks).where(tasks.c.id == other))


def _united(rows: Collection[Any]) -> dict[str, Any]:
    owners = {row.owner for row in rows}
    first = next(iter(rows))
    return {
        "version": first.version + 1,
        "due_at": min((row.due_at for row in rows if row.due_at is not None), default=None),
        "first_lost_at": min(row.first_lost_at or row.last_lost_at for row in rows),
        "last_lost_at": max(row.last_lost_at for row in rows),
        "claimed_by": next((row.claimed_by for row in rows if row.claimed_by), None),
        "claimed_at": next((row.claimed_at for row in rows if row.claimed_by), None),
        "owner": owners.pop() if len(owners) == 1 else None,  # two people missed them: anybody may call back
    }
