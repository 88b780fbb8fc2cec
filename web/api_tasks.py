"""`/tasks`: things to do and lost calls to call back, claimed by one agent at a time."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from crm_store.access import Permission
from crm_store.errors import AlreadyClaimed, NotFound, VersionConflict
from crm_store.ledger import LedgerKind
from crm_store.tasks import Task, TaskFilter, TaskInput
from web.answers import expected_version, json_answer, page_answer, visible
from web.checked_inputs import checked_customer, checked_owner, typed_number
from web.deps import deps_of, principal_of
from web.ledger import record
from web.openapi import ApiTable
from web.problems import Problem, already_claimed, invalid
from web.schemas import TaskBody, TaskChange, TaskQuery
from web.task_news import tell_tasks
from web.view_models import TaskListView, TaskView
from web.views import task_json

TASKS = ApiTable("tasks")
TASK = "/tasks/{task_id:[0-9]{1,15}}"
_CLEARABLE = frozenset({"due_at", "owner", "customer_id", "number", "claimed_by"})


@TASKS.add("GET", "/tasks", Permission.CRM_READ, "Tasks by due time", takes=TaskQuery, returns=TaskListView)
async def list_tasks(request: web.Request, query: TaskQuery) -> web.StreamResponse:
    """`owner` gives that person's and the team's. An agent gets their own whatever the filter says."""
    who = principal_of(request)
    if not who.may(Permission.TASKS_ALL) and query.owner not in (None, who.name):
        raise Problem(403, "forbidden", "Only a supervisor may list other people's tasks.")
    where = TaskFilter(
        owner=query.owner if who.may(Permission.TASKS_ALL) else who.name,
        state=query.state,
        kind=query.kind,
        customer_id=query.customer_id,
        due_before=query.due_before,
        lost=query.lost,
        queue=query.queue,
        mine=who.name if query.mine else None,
    )
    page = await deps_of(request).store.tasks(where, cursor=query.cursor, limit=query.limit)
    return page_answer(request, "task", page, task_json)


@TASKS.add("POST", "/tasks", Permission.CRM_WRITE, "Create a task", takes=TaskBody, returns=TaskView, status=201)
async def post_task(request: web.Request, body: TaskBody) -> web.StreamResponse:
    """Without `owner` it is one's own; an explicit null makes it the team's."""
    deps, who = deps_of(request), principal_of(request)
    owner = body.owner if "owner" in body.model_fields_set else who.name
    task = await deps.store.create_task(
        TaskInput(
            kind=body.kind,
            title=body.title,
            due_at=body.due_at,
            owner=await checked_owner(request, owner) if owner else None,
            customer_id=await checked_customer(request, body.customer_id),
            number=typed_number(request, body.number) if body.number else None,
        ),
        user=who.name,
        now=deps.clock(),
    )
    tell_tasks(deps.publish, deps.board, [task])
    record(request, LedgerKind.CREATED, customer_id=task.customer_id, what="task", task=task.id)
    return _answer(request, task, status=201)


@TASKS.add("GET", TASK, Permission.CRM_READ, "One task", returns=TaskView)
async def get_task(request: web.Request) -> web.StreamResponse:
    """The ETag is for If-Match."""
    return _answer(request, await seen_task(request, int(request.match_info["task_id"])))


@TASKS.add(
    "PATCH",
    TASK,
    Permission.CRM_WRITE,
    "Change, finish or claim a task: what is left out stays, null empties",
    takes=TaskChange,
    returns=TaskView,
    headers=("If-Match",),
    refuses=(409,),
)
async def patch_task(request: web.Request, body: TaskChange) -> web.StreamResponse:
    """A claim is won by the first: whoever comes second gets 409."""
    deps, who = deps_of(request), principal_of(request)
    before, version = await seen_task(request, int(request.match_info["task_id"])), expected_version(request)
    claiming = "claimed_by" in body.model_fields_set
    if claiming:
        _check_claim(request, before, body.claimed_by)
    fields = await _changes(request, body)
    try:
        task = await deps.store.update_task(
            before.id,
            fields,
            user=who.name,
            now=deps.clock(),
            version=before.version if claiming and version is None else version,
        )
    except AlreadyClaimed as error:
        raise already_claimed(error.by, name_of(request, error.by)) from None
    except VersionConflict:
        if claiming and version is None:
            _check_claim(request, await deps.store.task(before.id), body.claimed_by)
        raise
    tell_tasks(deps.publish, deps.board, [task], also=(before.owner, before.claimed_by))
    changed: dict[str, Any] = {"what": "task", "task": task.id, "fields": sorted(body.model_fields_set)}
    record(request, LedgerKind.CHANGED, customer_id=task.customer_id, **changed)
    return _answer(request, task)


def _check_claim(request: web.Request, task: Task, claimed_by: str | None) -> None:
    who = principal_of(request)
    if who.may(Permission.TASKS_ALL):
        return
    if claimed_by not in (None, who.name):
        raise Problem(403, "forbidden", "Only a supervisor may claim for somebody else.")
    if task.claimed_by is not None and task.claimed_by != who.name:
        raise already_claimed(task.claimed_by, name_of(request, task.claimed_by))


async def _changes(request: web.Request, body: TaskChange) -> TaskInput:
    sent = body.model_fields_set
    for name in ("title", "kind", "state"):
        if name in sent and getattr(body, name) is None:
            raise invalid(name, "cannot be null")
    return TaskInput(
        kind=body.kind,
        title=body.title,
        state=body.state,
        due_at=body.due_at,
        owner=await checked_owner(request, body.owner) if body.owner else None,
        customer_id=await checked_customer(request, body.customer_id),
        number=typed_number(request, body.number) if body.number else None,
        claimed_by=await checked_owner(request, body.claimed_by) if body.claimed_by else None,
        clear=frozenset(name for name in sent & _CLEARABLE if getattr(body, name) is None),
    )


async def seen_task(request: web.Request, task_id: int) -> Task:
    """The task, if whoever asks may see it; somebody else's does not exist for them."""
    deps, who = deps_of(request), principal_of(request)
    task = await deps.store.task(task_id)
    if not deps.access.may_see_task(who, owner=task.owner, claimed_by=task.claimed_by, handed_by=task.handed_by):
        raise NotFound("There is no such task.")
    return task


def name_of(request: web.Request, account: str) -> str:
    """A colleague as the others know them."""
    found = (one["display_name"] for one in deps_of(request).board.agents(only=account))
    return str(next(found, account))


def _answer(request: web.Request, task: Task, *, status: int = 200) -> web.Response:
    headers = {"Location": f"/api/v1/tasks/{task.id}"} if status == 201 else None
    return json_answer(visible(request, "task", task_json(task)), status=status, version=task.version, headers=headers)
