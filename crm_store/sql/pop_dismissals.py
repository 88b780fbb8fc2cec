"""Screen-pops that agents closed, as long as their calls are open."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, delete, exists, insert, select

from crm_store.activities import DismissedPop
from crm_store.sql.schema import calls, pop_dismissals

_IS_OVER = exists().where(calls.c.id == pop_dismissals.c.call_id, calls.c.state == "ended")


def dismiss(connection: Connection, pop: DismissedPop) -> None:
    """Those of calls that are over go at the same time: the table stays as small as what is going on."""
    this = (pop_dismissals.c.call_id == pop.call_id) & (pop_dismissals.c.user == pop.user)
    connection.execute(delete(pop_dismissals).where(this | _IS_OVER))
    connection.execute(insert(pop_dismissals).values(asdict(pop)))


def dismissed(connection: Connection) -> list[DismissedPop]:
    return [DismissedPop(**row._mapping) for row in connection.execute(select(pop_dismissals).where(~_IS_OVER))]
