"""Imported history beside what was heard live: a call is written once, and what was heard stays as it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, select, update

from crm_store.call_history import PastCall, StoredGap
from crm_store.errors import NotFound
from crm_store.sql.call_rows import number_kind
from crm_store.sql.call_saving import save_records
from crm_store.sql.columns import parse_time, time_text
from crm_store.sql.part import StorePart
from crm_store.sql.schema import calls, gaps

#: Two tellings of one call differ by whole seconds.
_SAME_START = timedelta(seconds=2)
_KNOWN_IDS = select(calls.c.uniqueid).where(
    calls.c.pbx == bindparam("pbx"), calls.c.uniqueid.in_(bindparam("ids", expanding=True))
)
_SAME_CALLER = select(func.count()).where(
    calls.c.pbx == bindparam("pbx"),
    calls.c.at.between(bindparam("since"), bindparam("until")),
    calls.c.direction == bindparam("direction"),
    calls.c.number_kind == bindparam("kind"),
    func.coalesce(calls.c.number, "") == bindparam("number"),
)


class SqlCallHistory(StorePart):
    """The CallHistoryStore port."""

    async def add_history(self, pbx: str, past: Sequence[PastCall], *, now: datetime) -> frozenset[str]:
        return await self._database.write(lambda connection: _add(connection, pbx, past, now))

    async def known_history(self, pbx: str, past: Sequence[PastCall]) -> frozenset[str]:
        return await self._database.read(lambda connection: _known(connection, pbx, past))

    async def gaps(self, pbx: str) -> list[StoredGap]:
        statement = select(gaps).where(gaps.c.pbx == pbx).order_by(gaps.c.since, gaps.c.id)
        rows = await self._database.read(lambda connection: connection.execute(statement).all())
        return [StoredGap(**row._mapping) for row in rows]

    async def fill_gap(self, gap_id: int, *, now: datetime) -> StoredGap:
        return await self._database.write(lambda connection: _fill(connection, gap_id, now))


def _add(connection: Connection, pbx: str, past: Sequence[PastCall], now: datetime) -> frozenset[str]:
    known = _known(connection, pbx, past)
    new = [call.record for call in past if call.record["id"] not in known]
    save_records(connection, [(record, now) for record in new])
    imported = update(calls).where(calls.c.id.in_([record["id"] for record in new]))
    connection.execute(imported.values(imported_at=now))
    return known


def _fill(connection: Connection, gap_id: int, now: datetime) -> StoredGap:
    found = select(func.count()).where(
        calls.c.pbx == gaps.c.pbx, calls.c.at.between(gaps.c.since, gaps.c.until), calls.c.imported_at.is_not(None)
    )
    filled = update(gaps).where(gaps.c.id == gap_id)
    connection.execute(
        filled.values(filled_at=func.coalesce(gaps.c.filled_at, time_text(now)), filled_calls=found.scalar_subquery())
    )
    row = connection.execute(select(gaps).where(gaps.c.id == gap_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no gap {gap_id}.")
    return StoredGap(**row._mapping)


def _known(connection: Connection, pbx: str, past: Sequence[PastCall]) -> frozenset[str]:
    ids = [call.record["id"] for call in past]
    found = set(connection.scalars(select(calls.c.id).where(calls.c.id.in_(ids))))
    uniqueids = {key for call in past for key in call.uniqueids}
    told = set(connection.scalars(_KNOWN_IDS, {"pbx": pbx, "ids": sorted(uniqueids)})) if uniqueids else set()
    return frozenset(
        call.record["id"] for call in past if call.record["id"] in found or _is_told(connection, pbx, call, told)
    )


def _is_told(connection: Connection, pbx: str, call: PastCall, told: Collection[str | None]) -> bool:
    """By one of Asterisk's ids; lines that have none are known by caller and second."""
    if call.uniqueids:
        return not call.uniqueids.isdisjoint(told)
    at = parse_time(call.record["started_at"])
    values = {
        "pbx": pbx,
        "since": at - _SAME_START,
        "until": at + _SAME_START,
        "direction": call.record["direction"],
        "kind": number_kind(call.record),
        "number": call.record["remote"]["number"] or "",
    }
    return bool(connection.scalar(_SAME_CALLER, values))
