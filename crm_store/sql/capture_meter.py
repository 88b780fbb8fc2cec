"""Efforts of agents, and each agent's talks with what became of them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, and_, exists, func, or_, select
from sqlalchemy.dialects.sqlite import insert

from crm_store.capture_meter import AgentTalk, Effort
from crm_store.sql.part import StorePart
from crm_store.sql.schema import call_efforts, call_legs, call_notes, calls, task_calls, tasks


class SqlCaptureMeter(StorePart):
    """The CaptureMeterStore port."""

    async def save_effort(self, effort: Effort) -> None:
        def work(connection: Connection) -> None:
            statement = insert(call_efforts).values(asdict(effort))
            changed = {name: statement.excluded[name] for name in ("keys", "clicks", "wrap_up_s", "saved_at")}
            connection.execute(statement.on_conflict_do_update(index_elements=["call_id", "user"], set_=changed))

        await self._database.write(work)

    async def agent_talks(self, *, since: datetime, until: datetime, agent: str | None = None) -> list[AgentTalk]:
        return await self._database.read(lambda connection: _talks(connection, since, until, agent))


_TASK_OF_AGENT = exists().where(
    task_calls.c.call_id == calls.c.id, tasks.c.id == task_calls.c.task_id, tasks.c.created_by == call_legs.c.agent
)
_CAPTURED = or_(func.coalesce(call_notes.c.text, "") != "", call_notes.c.disposition.is_not(None), _TASK_OF_AGENT)
_TALKS = (
    select(
        calls.c.id.label("call_id"),
        call_legs.c.agent,
        calls.c.at,
        _CAPTURED.label("captured"),
        call_efforts.c["keys"],
        call_efforts.c.clicks,
        call_efforts.c.wrap_up_s,
    )
    .select_from(
        calls.join(call_legs, call_legs.c.call_id == calls.c.id)
        .outerjoin(call_notes, call_notes.c.call_id == calls.c.id)
        .outerjoin(call_efforts, and_(call_efforts.c.call_id == calls.c.id, call_efforts.c.user == call_legs.c.agent))
    )
    .where(calls.c.state == "ended", calls.c.direction.in_(("inbound", "outbound")), call_legs.c.talk_s > 0)
    .group_by(calls.c.seq, call_legs.c.agent)
    .order_by(calls.c.at.desc(), calls.c.seq.desc())
)


def _talks(connection: Connection, since: datetime, until: datetime, agent: str | None) -> list[AgentTalk]:
    whose = call_legs.c.agent.is_not(None) if agent is None else call_legs.c.agent == agent
    found = connection.execute(_TALKS.where(calls.c.at >= since, calls.c.at < until, whose))
    return [
        AgentTalk(
            call_id=call_id,
            agent=name,
            at=at,
            captured=bool(captured),
            keys=keys,
            clicks=clicks,
            wrap_up_s=wrap_up_s,
        )
        for call_id, name, at, captured, keys, clicks, wrap_up_s in found
    ]
