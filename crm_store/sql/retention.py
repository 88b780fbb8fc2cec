"""Old data found and removed, kind by kind. Whatever removes data writes the proof of it in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from sqlalchemy import Connection, Select, bindparam, delete, func, select, update

from crm_store.ledger import LedgerEntry, LedgerKind
from crm_store.retention import KeepRule, KeptData, OldData, anonymous_call, joined
from crm_store.sql.ledger import add_entries
from crm_store.sql.part import StorePart
from crm_store.sql.schema import activities, call_notes, calls, ledger, tasks

#: In `calls.number_kind`: the person was taken out of this call.
ERASED = "erased"
#: So many rows at once: other writers wait for a moment only.
BATCH = 2000
_PROOFS = (LedgerKind.PURGED.value, LedgerKind.PERSON_ERASED.value)

Remove = Callable[[Connection, Sequence[Any]], None]

_ANONYMISE = (
    update(calls)
    .where(calls.c.id == bindparam("call_id"))
    .values(number=None, number_kind=ERASED, customer_id=None, match=None, record=bindparam("anonymous"))
)
_EMPTY_NOTES = (
    update(call_notes)
    .where(call_notes.c.call_id.in_(bindparam("keys", expanding=True)))
    .values(text="", version=call_notes.c.version + 1)
)


class SqlRetention(StorePart):
    """The RetentionStore port."""

    async def old_data(self, data: KeptData, before: datetime) -> OldData:
        return await self._database.read(lambda connection: _count(connection, data, before))

    async def remove_old(self, rule: KeepRule, *, now: datetime) -> OldData:
        """A portion at a time, so that nobody waits long for their own write."""
        before = rule.before(now)
        if before is None:
            raise ValueError(f"{rule.data} is kept for ever")
        removed = [OldData(data=rule.data, before=before, count=0, oldest=None, newest=None)]
        for find, remove in _FINDERS[rule.data]:
            while rows := await self._rows(find(before).limit(BATCH)):
                portion = _portion(rule.data, before, rows)
                work = partial(_remove, proof=portion.proof(rule, now=now), remove=remove, keys=[r.key for r in rows])
                await self._database.write(work)
                removed.append(portion)
        return joined(removed)

    async def _rows(self, statement: Select[Any]) -> Sequence[Any]:
        return await self._database.read(lambda connection: connection.execute(statement).all())


def _remove(connection: Connection, *, proof: LedgerEntry, remove: Remove, keys: Sequence[Any]) -> None:
    add_entries(connection, [proof])  # first: only a proof lets entries of the ledger go
    remove(connection, keys)


def _portion(data: KeptData, before: datetime, rows: Sequence[Any]) -> OldData:
    times = [row.at for row in rows]
    return OldData(data=data, before=before, count=len(rows), oldest=min(times), newest=max(times))


def _count(connection: Connection, data: KeptData, before: datetime) -> OldData:
    parts = [OldData(data=data, before=before, count=0, oldest=None, newest=None)]
    for find, _ in _FINDERS[data]:
        found = find(before).subquery()
        summed = select(func.count(), func.min(found.c.at), func.max(found.c.at))
        count, oldest, newest = connection.execute(summed).one()
        parts.append(OldData(data=data, before=before, count=count, oldest=oldest, newest=newest))
    return joined(parts)


def anonymise_calls(connection: Connection, call_ids: Sequence[str]) -> None:
    """Number, name, customer and note go; times, colleagues, results and outcomes stay."""
    records = select(calls.c.id, calls.c.record).where(calls.c.id.in_(call_ids))
    rows = [
        {"call_id": row.id, "anonymous": orjson.dumps(anonymous_call(orjson.loads(row.record))).decode()}
        for row in connection.execute(records)
    ]
    if rows:
        connection.execute(_ANONYMISE, rows)
        empty_notes(connection, [row["call_id"] for row in rows])


def empty_notes(connection: Connection, call_ids: Sequence[str]) -> None:
    """The text goes, the outcome stays."""
    connection.execute(_EMPTY_NOTES, {"keys": list(call_ids)})


def _delete_activities(connection: Connection, keys: Sequence[int]) -> None:
    connection.execute(delete(activities).where(activities.c.id.in_(keys)))


def _delete_tasks(connection: Connection, keys: Sequence[int]) -> None:
    connection.execute(delete(tasks).where(tasks.c.id.in_(keys)))


def _delete_entries(connection: Connection, keys: Sequence[int]) -> None:
    connection.execute(delete(ledger).where(ledger.c.seq.in_(keys)))


def _old_calls(before: datetime) -> Select[Any]:
    over = calls.c.state == "ended"
    old = select(calls.c.id.label("key"), calls.c.at).where(calls.c.at < before, over, calls.c.number_kind != ERASED)
    return old.order_by(calls.c.at)


def _old_notes(before: datetime) -> Select[Any]:
    at = call_notes.c.updated_at
    return select(call_notes.c.call_id.label("key"), at.label("at")).where(at < before, call_notes.c.text != "")


def _old_activities(before: datetime) -> Select[Any]:
    return select(activities.c.id.label("key"), activities.c.at).where(activities.c.at < before)


def _old_tasks(before: datetime) -> Select[Any]:
    done = tasks.c.done_at
    return select(tasks.c.id.label("key"), done.label("at")).where(tasks.c.state == "done", done < before)


def _old_pops(before: datetime) -> Select[Any]:
    kind = ledger.c.kind == LedgerKind.CARD_SHOWN.value
    return select(ledger.c.seq.label("key"), ledger.c.at).where(kind, ledger.c.at < before).order_by(ledger.c.at)


def _old_entries(before: datetime) -> Select[Any]:
    kind = ledger.c.kind.not_in((LedgerKind.CARD_SHOWN.value, *_PROOFS))
    return select(ledger.c.seq.label("key"), ledger.c.at).where(kind, ledger.c.at < before).order_by(ledger.c.at)


_FINDERS: Mapping[KeptData, Sequence[tuple[Callable[[datetime], Select[Any]], Remove]]] = {
    KeptData.CALLS: [(_old_calls, anonymise_calls)],
    KeptData.NOTES: [
        (_old_notes, empty_notes),
        (_old_activities, _delete_activities),
        (_old_tasks, _delete_tasks),
    ],
    KeptData.POPS: [(_old_pops, _delete_entries)],
    KeptData.LEDGER: [(_old_entries, _delete_entries)],
}
