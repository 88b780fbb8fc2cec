"""`/capture`: what a line of a call's note becomes, shown before it is made, and made by one call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from crm_store.access import Permission
from crm_store.activities import CallRecord
from crm_store.capture_line import Captured, CapturedTask, Span
from crm_store.errors import NotFound
from crm_store.ledger import LedgerKind
from crm_store.tasks import CaptureInput, TaskInput
from web.answers import expected_version, json_answer, visible
from web.api_calls import CALL, may_write, seen_call_or_new, visible_note
from web.capture_reader import READER
from web.deps import deps_of, principal_of
from web.ledger import record
from web.openapi import ApiTable
from web.problems import invalid
from web.schemas import CaptureBody, CapturePreviewBody
from web.view_models import CapturePreviewView, CaptureView
from web.views import note_json, rfc3339, task_json

CAPTURE = ApiTable("calls")
#: What was shown so long ago is not what is meant now.
_OLDEST_PREVIEW = timedelta(days=1)
_CLOCK_SKEW = timedelta(minutes=1)


@CAPTURE.add(
    "POST",
    "/capture/preview",
    Permission.CALLS_WRITE,
    "What a line of a note would become; nothing is written",
    takes=CapturePreviewBody,
    returns=CapturePreviewView,
)
async def preview(request: web.Request, body: CapturePreviewBody) -> web.StreamResponse:
    """Asked while somebody types."""
    now = deps_of(request).clock()
    captured = await _read(request, body, now)
    return json_answer({"text": body.text, "at": rfc3339(now), **_captured_json(captured)})


@CAPTURE.add(
    "POST",
    CALL + "/capture",
    Permission.CALLS_WRITE,
    "Save the note with this line, and the outcome and the task that the line says, in one transaction",
    takes=CaptureBody,
    returns=CaptureView,
    headers=("If-Match",),
)
async def capture(request: web.Request, body: CaptureBody) -> web.StreamResponse:
    """A repeat of the same line makes no second task."""
    deps, who = deps_of(request), principal_of(request)
    may_write(request, "note")
    call = await seen_call_or_new(request)
    call_id = request.match_info["call_id"]
    captured = (await _read(request, body, _read_at(request, body))).without(body.removed)
    if captured.outcome is not None:
        may_write(request, "disposition")
    if captured.task is not None and call is None:
        raise NotFound("There is no such call.")
    saved = await deps.store.save_capture(
        call_id,
        CaptureInput(
            line=body.text,
            note=body.note,
            version=expected_version(request),
            disposition=captured.outcome.code if captured.outcome else None,
            task=_task_input(captured.task, call, who.name) if captured.task and call else None,
        ),
        user=who.name,
        now=deps.clock(),
    )
    deps.pops.note_changed(who.name, saved.note)
    record(request, LedgerKind.CHANGED, call_id=call_id, what="note")
    task = saved.task
    if task is not None and saved.made:
        record(request, LedgerKind.CREATED, customer_id=task.customer_id, call_id=call_id, what="task", task=task.id)
    answer = {
        "note": visible_note(request, note_json(saved.note)),
        "task": visible(request, "task", task_json(task)) if task is not None else None,
        "made": saved.made,
        "tags": [tag.name for tag in captured.tags],
    }
    return json_answer(answer, version=saved.note.version)


async def _read(request: web.Request, body: CapturePreviewBody, now: datetime) -> Captured:
    language = body.language or deps_of(request).ui.default_language
    return await request.config_dict[READER].read(body.text, language=language, now=now)


def _read_at(request: web.Request, body: CaptureBody) -> datetime:
    """As of the preview that was shown: "in two hours" does not move while somebody reads it."""
    now = deps_of(request).clock()
    if body.at is None:
        return now
    if not now - _OLDEST_PREVIEW <= body.at <= now + _CLOCK_SKEW:
        raise invalid("at", "must be the `at` of a preview of the last 24 hours")
    return body.at


def _task_input(task: CapturedTask, call: CallRecord, owner: str) -> TaskInput:
    return TaskInput(
        kind=task.kind,
        title=task.title,
        due_at=task.due_at,
        owner=owner,
        customer_id=call["customer_id"],
        number=call["remote"]["number"],
        call_ids=(call["id"],),
    )


def _captured_json(captured: Captured) -> dict[str, Any]:
    outcome, task = captured.outcome, captured.task
    return {
        "outcome": {"code": outcome.code, "spans": _spans([outcome.span])} if outcome else None,
        "task": {
            "kind": task.kind,
            "title": task.title,
            "due_at": rfc3339(task.due_at),
            "spans": _spans(task.spans),
        }
        if task
        else None,
        "tags": [{"name": tag.name, "spans": _spans([tag.span])} for tag in captured.tags],
    }


def _spans(spans: Sequence[Span]) -> list[list[int]]:
    return [[span.start, span.end] for span in spans]
