"""`/calls`: records, notes, outcomes, tasks out of a call, hang up, and the export."""

from __future__ import annotations

from typing import Any

import structlog
from aiohttp import web

from crm_store.access import Permission
from crm_store.activities import CallFilter, CallRecord
from crm_store.errors import NotFound
from crm_store.ledger import LedgerKind
from crm_store.tasks import TaskFilter, TaskInput
from web.answers import expected_version, json_answer, page_answer, visible
from web.checked_inputs import checked_customer, checked_owner, typed_number
from web.csv_export import call_row, csv_header, csv_lines
from web.deps import WebDeps, deps_of, principal_of
from web.ledger import record, record_search
from web.openapi import PBX_REFUSES, ApiTable
from web.problems import Problem
from web.schemas import CallCustomerBody, CallFilters, CallQuery, CallTaskBody, DispositionBody, NoteBody
from web.task_news import tell_tasks
from web.view_models import CallListView, CallView, NoteView, TaskView
from web.views import note_json, task_json

audit = structlog.get_logger("audit")
CALLS = ApiTable("calls")
CALL = "/calls/{call_id:[0-9A-Z]{26}}"
_EXPORT_PAGE = 500


@CALLS.add("GET", "/calls", Permission.CALLS_READ, "Calls, newest first", takes=CallQuery, returns=CallListView)
async def list_calls(request: web.Request, query: CallQuery) -> web.StreamResponse:
    """An agent gets their own whatever the filter says."""
    page = await deps_of(request).store.calls(_filter(request, query), cursor=query.cursor, limit=query.limit)
    if query.number:
        record_search(request, "calls", query.number, page)
    return page_answer(request, "call", page, dict)


def _filter(request: web.Request, query: CallFilters) -> CallFilter:
    who = principal_of(request)
    if not who.may(Permission.CALLS_READ_ALL):
        if query.agent not in (None, who.name):
            raise Problem(403, "forbidden", "Only a supervisor may list other people's calls.")
        query = query.model_copy(update={"agent": who.name})
    return CallFilter(
        since=query.since,
        until=query.until,
        agent=query.agent,
        pbx=query.pbx,
        queue=query.queue,
        customer_id=query.customer_id,
        direction=query.direction,
        outcome=query.outcome,
        number=typed_number(request, query.number) if query.number else None,
    )


@CALLS.add(
    "GET",
    "/calls.csv",
    Permission.CALLS_EXPORT,
    "Calls as CSV (UTF-8 with byte order mark; cells that would be formulas start with an apostrophe)",
    takes=CallFilters,
    media_types=("text/csv",),
)
async def export_calls(request: web.Request, query: CallFilters) -> web.StreamResponse:
    """All calls of the filter, streamed page by page."""
    deps, who = deps_of(request), principal_of(request)
    where = _filter(request, query)
    page = await deps.store.calls(where, cursor=None, limit=_EXPORT_PAGE)  # an error here is still a problem+json
    response = web.StreamResponse(headers={"Content-Disposition": 'attachment; filename="calls.csv"'})
    response.content_type, response.charset = "text/csv", "utf-8"
    await response.prepare(request)
    await response.write(csv_header().encode())
    rows = 0
    try:
        while True:
            rows += len(page.items)
            await response.write(csv_lines([call_row(visible(request, "call", one)) for one in page.items]).encode())
            if page.next is None:
                break
            page = await deps.store.calls(where, cursor=page.next, limit=_EXPORT_PAGE)
    finally:  # whoever breaks it off has got what was sent
        audit.info("calls exported", user=who.name, rows=rows)
        record(request, LedgerKind.EXPORTED, customer_id=query.customer_id, what="calls", rows=rows)
    await response.write_eof()
    return response


async def seen_call(request: web.Request) -> CallRecord:
    """The record of the path, if whoever asks may see it; a foreign call does not exist for them."""
    deps, who = deps_of(request), principal_of(request)
    call = await _record(deps, request.match_info["call_id"])
    if not deps.access.may_see_call(who, call) and not await _has_in_hand(request, call["id"]):
        raise NotFound("There is no such call.")
    return call


async def _record(deps: WebDeps, call_id: str) -> CallRecord:
    try:
        return await deps.store.call(call_id)
    except NotFound:
        if not await deps.call_stored(call_id):
            raise
    return await deps.store.call(call_id)


async def seen_call_or_new(request: web.Request) -> CallRecord | None:
    """As `seen_call`; None for a call on this person's screen that the store does not have: their note is kept all the same."""
    try:
        return await seen_call(request)
    except NotFound:
        if deps_of(request).pops.has_pop(principal_of(request).name, request.match_info["call_id"]):
            return None
        raise


async def _has_in_hand(request: web.Request, call_id: str) -> bool:
    """The call is on their screen, or belongs to a call-back they claimed: a lost call has no leg of anybody."""
    deps, who = deps_of(request), principal_of(request)
    if deps.pops.has_pop(who.name, call_id):
        return True
    tasks = await deps.store.tasks(TaskFilter(owner=who.name, kind="callback"), cursor=None, limit=200)
    return any(call_id in task.call_ids for task in tasks.items if who.name in (task.claimed_by, task.owner))


@CALLS.add("GET", CALL, Permission.CALLS_READ, "One call; the ETag is its note's version", returns=CallView)
async def get_call(request: web.Request) -> web.StreamResponse:
    """The record with note and outcome."""
    call = await seen_call(request)
    note = await deps_of(request).store.call_note(call["id"])
    record(request, LedgerKind.CALL_OPENED, customer_id=call["customer_id"], call_id=call["id"])
    return json_answer(visible(request, "call", call), version=note.version)


# --- what people add --------------------------------------------------------------------------------------------------------


@CALLS.add("GET", CALL + "/note", Permission.CALLS_READ, "The call's note and outcome", returns=NoteView)
async def get_note(request: web.Request) -> web.StreamResponse:
    """Version 0 and "" before the first save."""
    await seen_call_or_new(request)
    note = await deps_of(request).store.call_note(request.match_info["call_id"])
    return _note_answer(request, note_json(note), note.version)


@CALLS.add(
    "PUT",
    CALL + "/note",
    Permission.CALLS_WRITE,
    "Save the note; with If-Match only if nobody else wrote",
    takes=NoteBody,
    returns=NoteView,
    headers=("If-Match",),
)
async def put_note(request: web.Request, body: NoteBody) -> web.StreamResponse:
    """Autosave: also while the call still rings, and before its record is stored."""
    may_write(request, "note")
    await seen_call_or_new(request)
    deps, who = deps_of(request), principal_of(request)
    note = await deps.store.save_note(
        request.match_info["call_id"], body.text, user=who.name, now=deps.clock(), version=expected_version(request)
    )
    deps.pops.note_changed(who.name, note)
    record(request, LedgerKind.CHANGED, call_id=note.call_id, what="note")
    return _note_answer(request, note_json(note), note.version)


@CALLS.add(
    "PUT", CALL + "/disposition", Permission.CALLS_WRITE, "How the call ended", takes=DispositionBody, returns=NoteView
)
async def put_disposition(request: web.Request, body: DispositionBody) -> web.StreamResponse:
    """The outcome code; null takes it back."""
    may_write(request, "disposition")
    await seen_call_or_new(request)
    deps, who = deps_of(request), principal_of(request)
    note = await deps.store.save_disposition(request.match_info["call_id"], body.code, user=who.name, now=deps.clock())
    deps.pops.note_changed(who.name, note)
    record(request, LedgerKind.CHANGED, call_id=note.call_id, what="disposition")
    return _note_answer(request, note_json(note), note.version)


@CALLS.add("POST", CALL + "/finish", Permission.CALLS_WRITE, "Finish my wrap-up: the pop goes", status=204)
async def finish_call(request: web.Request) -> web.StreamResponse:
    """Note and outcome are saved already; while the talk goes on, the pop stays until its end."""
    await seen_call_or_new(request)
    deps_of(request).pops.saved(principal_of(request).name, request.match_info["call_id"])
    return web.Response(status=204)


@CALLS.add("PUT", CALL + "/customer", Permission.CALLS_WRITE, "Who it was", takes=CallCustomerBody, returns=CallView)
async def put_customer(request: web.Request, body: CallCustomerBody) -> web.StreamResponse:
    """Link the call to a customer by hand, also a withheld one."""
    call = await seen_call(request)
    deps, who = deps_of(request), principal_of(request)
    customer_id = await checked_customer(request, body.customer_id)
    call = await deps.store.set_call_customer(call["id"], customer_id, user=who.name, now=deps.clock())
    deps.pops.customer_changed(call["id"], customer_id)
    record(request, LedgerKind.CHANGED, customer_id=customer_id, call_id=call["id"], what="call_customer")
    return json_answer(visible(request, "call", call))


@CALLS.add(
    "POST",
    CALL + "/tasks",
    Permission.CALLS_WRITE,
    "A task out of this call",
    takes=CallTaskBody,
    returns=TaskView,
    status=201,
)
async def post_call_task(request: web.Request, body: CallTaskBody) -> web.StreamResponse:
    """Customer and number come from the call; without `owner` it is one's own."""
    call = await seen_call(request)
    deps, who = deps_of(request), principal_of(request)
    task = await deps.store.create_task(
        TaskInput(
            kind=body.kind,
            title=body.title,
            due_at=body.due_at,
            owner=await checked_owner(request, body.owner or who.name),
            customer_id=call["customer_id"],
            number=call["remote"]["number"],
            call_ids=(call["id"],),
        ),
        user=who.name,
        now=deps.clock(),
    )
    tell_tasks(deps.publish, deps.board, [task])
    record(request, LedgerKind.CREATED, customer_id=task.customer_id, call_id=call["id"], what="task", task=task.id)
    headers = {"Location": f"/api/v1/tasks/{task.id}"}
    return json_answer(visible(request, "task", task_json(task)), status=201, version=task.version, headers=headers)


def _note_answer(request: web.Request, note: dict[str, Any], version: int) -> web.Response:
    return json_answer(visible_note(request, note), version=version)


def visible_note(request: web.Request, note: dict[str, Any]) -> dict[str, Any]:
    """The note without what is hidden from whoever asks: its text, with its tags, is the call's `note`."""
    hidden = deps_of(request).access.hidden(principal_of(request).role, "call")
    return {
        name: value for name, value in note.items() if {"text": "note", "tags": "note"}.get(name, name) not in hidden
    }


def may_write(request: web.Request, field: str) -> None:
    """Refuse to write a field of the call that is hidden from whoever asks."""
    if field in deps_of(request).access.hidden(principal_of(request).role, "call"):
        raise Problem(403, "field_hidden", f"{field}: this field is hidden from your role.")


# --- hang up ----------------------------------------------------------------------------------------------------------------


@CALLS.add("POST", CALL + "/hangup", Permission.HANG_UP, "Hang up a running call", status=204, refuses=PBX_REFUSES)
async def hang_up(request: web.Request) -> web.StreamResponse:
    """An agent ends calls they talk in or dialled; a supervisor any."""
    call = await seen_call(request)
    deps, who = deps_of(request), principal_of(request)
    if call["state"] == "ended":
        raise Problem(409, "call_ended", "This call is over already.")
    if not who.may(Permission.CALLS_READ_ALL) and not _takes_part(call, who.name):
        raise Problem(403, "forbidden", "Only who talks in this call may hang it up.")
    commands = deps.commands.get(call["pbx"])
    if commands is None:
        raise Problem(409, "unknown_pbx", "This call's telephone system is not configured any more.")
    await commands.hang_up(call["uniqueid"])
    audit.info("hung up", user=who.name, call=call["id"])
    record(request, LedgerKind.HUNG_UP, customer_id=call["customer_id"], call_id=call["id"])
    return web.Response(status=204)


def _takes_part(call: CallRecord, agent: str) -> bool:
    """A phone that only rings is no part: hanging up there would take the caller from everybody."""
    return any(
        leg["agent"] == agent and leg["ended_at"] is None and (leg["answered_at"] or call["direction"] == "outbound")
        for leg in call["legs"]
    )
