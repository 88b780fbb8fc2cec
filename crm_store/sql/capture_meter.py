"""Efforts of agents, and each agent's talks with what became of them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, and_, delete, exists, func, insert, or_, select

from crm_store.capture_meter import AgentTalk, Effort
from crm_store.sql.part import StorePart
from crm_store.sql.schema import call_efforts, call_legs, call_notes, calls, task_calls, tasks


class SqlCaptureMeter(StorePart):
    """The CaptureMeterStore port."""

    async def save_effort(self, effort: Effort) -> None:
        def work(connection: Connection) -> None:
            this = (call_efforts.c.call_id == effort.call_id) & (call_efforts.c.user == effort.user)
            connection.execute(delete(call_efforts).where(this))
            connection.execute(insert(call_efforts).values(asdict(effort)))

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
        calls.c.seq,
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
    .distinct()  # several legs of one agent are one talk
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
        for call_id, name, at, _seq, captured, keys, clicks, wrap_up_s in found
    ]
