"""Things to do: with owner, due time and the calls they come from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, update
from sqlalchemy.sql.expression import literal

from crm_store.activities import Page
from crm_store.errors import AlreadyClaimed, AlreadyDone, InvalidInput, NotFound, VersionConflict
from crm_store.lost_calls import Talk
from crm_store.sql import cursors, lost_calls
from crm_store.sql.callbacks import OPEN_LOST
from crm_store.sql.columns import UtcTime, time_text
from crm_store.sql.database import insert_row
from crm_store.sql.part import StorePart
from crm_store.sql.party_fields import Row, one_line
from crm_store.sql.party_links import present_ids
from crm_store.sql.schema import activities, call_legs, calls, parties, task_calls, tasks
from crm_store.tasks import DayCounts, LostAttempt, LostCall, Task, TaskFilter, TaskInput

_KINDS = ("todo", "callback")
_STATES = ("open", "done")
_CLEARED = frozenset({"due_at", "owner", "customer_id", "number", "claimed_by"})
_LONGEST_TITLE = 200
_MOST_CALLS = 100
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)

_TASKS = select(tasks, parties.c.display_name.label("customer_name")).select_from(
    tasks.outerjoin(parties, parties.c.id == tasks.c.customer_id)
)
_DUE = func.coalesce(tasks.c.due_at, literal(_NEVER, UtcTime), type_=UtcTime)


class SqlTasks(StorePart):
    """The TaskStore port."""

    async def task(self, task_id: int) -> Task:
        return await self._database.read(lambda connection: load_task(connection, task_id))

    async def tasks(self, where: TaskFilter, *, cursor: str | None, limit: int) -> Page[Task]:
        """By due time, undated last."""
        size = cursors.page_size(limit)
        statement = _TASKS.where(*_conditions(where)).order_by(_DUE, tasks.c.id)
        if cursor:
            due, task_id = cursors.decode(cursor, str, int)
            statement = statement.where(cursors.above((_DUE, tasks.c.id), (cursors.time(due), task_id)))
        found = await self._database.read(lambda connection: _load(connection, statement.limit(size + 1)))
        return cursors.page(found, size, lambda task: (time_text(task.due_at or _NEVER), task.id))

    async def create_task(self, fields: TaskInput, *, user: str, now: datetime) -> Task:
        row, call_ids = checked_task(fields, self._number), checked_calls(fields)
        return await self._database.write(lambda connection: insert_task(connection, row, call_ids, user=user, now=now))

    async def update_task(
        self, task_id: int, fields: TaskInput, *, user: str, now: datetime, version: int | None
    ) -> Task:
        row, call_ids = checked_task(fields, self._number), checked_calls(fields)

        def work(connection: Connection) -> Task:
            before = load_task(connection, task_id)
            if version is not None and version != before.version:
                raise VersionConflict("Somebody else changed this task since you opened it.")
            return _change(connection, before, row, call_ids, user=user, now=now)

        return await self._database.write(work)

    async def claim_task(self, task_id: int, *, user: str, now: datetime) -> Task:
        return await self._database.write(lambda connection: _claim(connection, task_id, user, now))

    async def release_task(self, task_id: int, *, user: str) -> Task | None:
        mine = (tasks.c.id == task_id) & (tasks.c.claimed_by == user) & (tasks.c.state == "open")
        return next(iter(await self._database.write(lambda connection: _release(connection, mine))), None)

    async def release_claims(self, before: datetime, *, busy: Collection[int]) -> list[Task]:
        stale = OPEN_LOST & (tasks.c.claimed_at < before) & tasks.c.id.not_in(busy)
        found = select(tasks.c.id).where(stale).limit(1)
        if await self._database.read(lambda connection: connection.execute(found).first()) is None:
            return []  # nearly always: no write
        return await self._database.write(lambda connection: _release(connection, stale))

    async def due_reminders(self, users: Collection[str], *, now: datetime, limit: int) -> list[Task]:
        told = tasks.c.reminded_due.is_not_distinct_from(tasks.c.due_at)
        whose = or_(tasks.c.owner.in_(users), tasks.c.owner.is_(None))
        due = _TASKS.where(tasks.c.state == "open", tasks.c.due_at <= now, ~told, whose).order_by(_DUE, tasks.c.id)
        return await self._database.read(lambda connection: _load(connection, due.limit(limit)))

    async def reminded(self, told: Sequence[Task]) -> None:
        def work(connection: Connection) -> None:
            for task in told:
                same = (tasks.c.id == task.id) & (tasks.c.due_at == task.due_at)
                connection.execute(update(tasks).where(same).values(reminded_due=task.due_at))

        await self._database.write(work)

    async def next_due(self, after: datetime) -> datetime | None:
        first = select(func.min(tasks.c.due_at, type_=UtcTime)).where(tasks.c.state == "open", tasks.c.due_at > after)
        return await self._database.read(lambda connection: connection.execute(first).scalar())

    async def day_counts(self, user: str, *, since: datetime) -> DayCounts:
        return await self._database.read(lambda connection: _day_counts(connection, user, since))

    async def note_lost_call(self, lost: LostCall, *, now: datetime) -> Task:
        def work(connection: Connection) -> Task:
            return load_task(connection, lost_calls.note_lost_call(connection, lost, now=now))

        return await self._database.write(work)

    async def close_callbacks(self, talks: Sequence[Talk], *, now: datetime) -> list[Task]:
        """Only call-backs that lost calls made: one that somebody promised for Friday stays."""
        concerned = await self._database.read(lambda connection: lost_calls.with_callbacks(connection, talks))
        if not concerned:
            return []  # the usual talks: no write

        def work(connection: Connection) -> list[Task]:
            closed = [task for talk in concerned for task in lost_calls.close_callbacks(connection, talk, now=now)]
            return _load(connection, _TASKS.where(tasks.c.id.in_(closed)).order_by(tasks.c.id))

        return await self._database.write(work)


def checked_task(fields: TaskInput, number: Callable[[str], str]) -> Row:
    """The columns that were given; `number` brings what people type into the form that is stored."""
    row: Row = dict.fromkeys(fields.clear)
    if not fields.clear <= _CLEARED:
        raise InvalidInput("clear", f"Only {', '.join(sorted(_CLEARED))} can be cleared.")
    for name in ("due_at", "owner", "customer_id", "claimed_by"):
        if (value := getattr(fields, name)) is not None:
            row[name] = value
    if fields.title is not None:
        row["title"] = one_line("title", fields.title, _LONGEST_TITLE)
    if fields.number is not None:
        row["number"] = number(one_line("number", fields.number, 64)) or None
    for name, known in (("kind", _KINDS), ("state", _STATES)):
        if (value := getattr(fields, name)) is not None:
            if value not in known:
                raise InvalidInput(name, f"A task's {name} is one of {', '.join(known)}.")
            row[name] = value
    return row


def checked_calls(fields: TaskInput) -> tuple[str, ...] | None:
    """The calls that were given."""
    if fields.call_ids is not None and len(fields.call_ids) > _MOST_CALLS:
        raise InvalidInput("call_ids", f"At most {_MOST_CALLS} calls.")
    return fields.call_ids


def load_task(connection: Connection, task_id: int) -> Task:
    found = _load(connection, _TASKS.where(tasks.c.id == task_id))
    if not found:
        raise NotFound(f"There is no task {task_id}.")
    return found[0]


def _load(connection: Connection, statement: Any) -> list[Task]:
    rows = connection.execute(statement).all()
    calls_of: dict[int, list[Any]] = defaultdict(list)
    of_these = select(task_calls).where(task_calls.c.task_id.in_([row.id for row in rows]))
    for row in connection.execute(of_these.order_by(task_calls.c.call_id)):  # ULIDs: in order of time
        calls_of[row.task_id].append(row)
    return [_task(row, calls_of[row.id]) for row in rows]


def _task(row: Any, its_calls: Sequence[Any]) -> Task:
    lost = sorted((call for call in its_calls if call.lost_at is not None), key=lambda call: call.lost_at)
    attempts = tuple(
        LostAttempt(
            call_id=call.call_id,
            at=call.lost_at,
            way=call.way,
            queue=call.queue,
            did=call.did,
            after_hours=call.after_hours,
        )
        for call in lost
    )
    names = [name for name in Task.__slots__ if name not in ("call_ids", "attempts")]
    call_ids = tuple(call.call_id for call in its_calls)
    return Task(**{name: row._mapping[name] for name in names}, call_ids=call_ids, attempts=attempts)


def _conditions(where: TaskFilter) -> Iterable[ColumnElement[bool]]:
    if where.owner is not None:
        yield or_(tasks.c.owner == where.owner, tasks.c.owner.is_(None))
    if where.due_before is not None:
        yield tasks.c.due_at < where.due_before
    if where.mine is not None:
        yield or_(tasks.c.owner == where.mine, tasks.c.claimed_by == where.mine)
    if where.lost is not None:
        yield tasks.c.last_lost_at.is_not(None) if where.lost else tasks.c.last_lost_at.is_(None)
    if where.queue is not None:
        yield tasks.c.id.in_(select(task_calls.c.task_id).where(task_calls.c.queue == where.queue))
    for column in (tasks.c.state, tasks.c.kind, tasks.c.customer_id):
        value = getattr(where, column.name)
        if value is not None:
            yield column == value


def insert_task(
    connection: Connection, row: Row, call_ids: Collection[str] | None, *, user: str, now: datetime
) -> Task:
    """A new task out of checked columns."""
    values: Row = {"kind": "todo", "state": "open", "title": "", "version": 1, **row}
    if not values["title"] and values["kind"] == "todo":
        raise InvalidInput("title", "Say what is to be done.")
    if values["state"] == "done":
        values |= {"done_at": now, "done_by": user}
    _check_customer(connection, values)
    if values.get("customer_id") is None and call_ids:
        values["customer_id"] = _customer_of_calls(connection, call_ids)
    task_id = insert_row(connection, tasks, {**values, "created_at": now, "created_by": user})
    _set_calls(connection, task_id, call_ids)
    return load_task(connection, task_id)


def move_task(connection: Connection, before: Task, fields: TaskInput, *, user: str, now: datetime) -> Task:
    """The task with the due time of `fields`."""
    return _change(connection, before, {"due_at": fields.due_at}, None, user=user, now=now)


def _change(
    connection: Connection, before: Task, row: Row, call_ids: Collection[str] | None, *, user: str, now: datetime
) -> Task:
    values: Row = {**row, "version": before.version + 1}
    if values.get("title") == "" and values.get("kind", before.kind) == "todo":
        raise InvalidInput("title", "Say what is to be done.")
    if row.get("claimed_by") and before.claimed_by not in (None, row["claimed_by"]):
        raise AlreadyClaimed(before.claimed_by)
    if "claimed_by" in row:
        values["claimed_at"] = now if row["claimed_by"] else None
    if "owner" in row and row["owner"] != before.owner:
        values["handed_by"] = user if row["owner"] not in (None, user) else None
    _check_customer(connection, values)
    finished = row.get("state") == "done" and before.state == "open"
    if finished:
        values |= {"done_at": now, "done_by": user}
    elif row.get("state") == "open":
        values |= {"done_at": None, "done_by": None, "recall_s": None}
    connection.execute(update(tasks).where(tasks.c.id == before.id).values(values))
    _set_calls(connection, before.id, call_ids)
    after = load_task(connection, before.id)
    if finished and after.customer_id is not None:
        done = {"kind": "task_done", "at": now, "customer_id": after.customer_id, "agent": user, "text": after.title}
        connection.execute(insert(activities).values(done))
    return after


def _claim(connection: Connection, task_id: int, user: str, now: datetime) -> Task:
    """Writers come one after the other, so of two who press at once the second finds the first."""
    before = load_task(connection, task_id)
    if before.state != "open":
        raise AlreadyDone("This is done already.")
    if before.claimed_by not in (None, user):
        raise AlreadyClaimed(before.claimed_by)
    values = {"claimed_by": user, "claimed_at": now, "version": before.version + 1}
    connection.execute(update(tasks).where(tasks.c.id == task_id).values(values))
    return load_task(connection, task_id)


def _release(connection: Connection, which: ColumnElement[bool]) -> list[Task]:
    ids = list(connection.scalars(select(tasks.c.id).where(which).order_by(tasks.c.id)))
    values = {"claimed_by": None, "claimed_at": None, "version": tasks.c.version + 1}
    connection.execute(update(tasks).where(tasks.c.id.in_(ids)).values(values))
    return _load(connection, _TASKS.where(tasks.c.id.in_(ids)).order_by(tasks.c.id))


def _day_counts(connection: Connection, user: str, since: datetime) -> DayCounts:
    results: dict[str, set[str]] = defaultdict(set)
    legs = select(call_legs.c.call_id, call_legs.c.result).join(calls, calls.c.id == call_legs.c.call_id)
    for row in connection.execute(legs.where(calls.c.at >= since, call_legs.c.agent == user)):
        results[row.result].add(row.call_id)
    mine = (tasks.c.state == "done") & (tasks.c.done_by == user) & (tasks.c.done_at >= since)
    done = connection.execute(select(func.count(), func.count(tasks.c.recall_s)).where(mine)).one()
    answered = results["answered"]
    return DayCounts(
        answered=len(answered), missed=len(results["missed"] - answered), reached=done[1], done=done[0] - done[1]
    )


def _check_customer(connection: Connection, values: Row) -> None:
    customer_id = values.get("customer_id")
    if customer_id is None:
        return
    present = present_ids(connection, [customer_id])
    if customer_id not in present:
        raise InvalidInput("customer_id", f"There is no customer {customer_id}.")
    values["customer_id"] = present[customer_id]


def _customer_of_calls(connection: Connection, call_ids: Collection[str]) -> int | None:
    known = select(calls.c.customer_id).where(calls.c.id.in_(call_ids), calls.c.customer_id.is_not(None))
    return connection.execute(known.limit(1)).scalar()


def _set_calls(connection: Connection, task_id: int, call_ids: Collection[str] | None) -> None:
    if call_ids is None:
        return
    connection.execute(delete(task_calls).where(task_calls.c.task_id == task_id))
    rows = [{"task_id": task_id, "call_id": call_id} for call_id in dict.fromkeys(call_ids)]
    if rows:
        connection.execute(insert(task_calls), rows)
