"""What one line of a call's note became, written at once: the note, the outcome and the task, or nothing of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from crm_store.activities import CallNote
from crm_store.sql.call_notes import load_note, save_disposition, save_note
from crm_store.sql.part import StorePart
from crm_store.sql.party_fields import Row
from crm_store.sql.schema import task_calls, tasks
from crm_store.sql.tasks import checked_task, insert_task, load_task, move_task
from crm_store.tasks import CaptureInput, SavedCapture, Task


class SqlCaptures(StorePart):
    """The CaptureStore port."""

    async def save_capture(self, call_id: str, capture: CaptureInput, *, user: str, now: datetime) -> SavedCapture:
        row = None if capture.task is None else checked_task(capture.task, self._number)

        def work(connection: Connection) -> SavedCapture:
            note = _save_note(connection, call_id, capture, user=user, now=now)
            if capture.disposition is not None and capture.disposition != note.disposition:
                note = save_disposition(connection, call_id, capture.disposition, user=user, now=now)
            if capture.task is None or row is None:
                return SavedCapture(note=note, task=None, made=False)
            task = _same_task(connection, call_id, row, user=user)
            if task is None:
                made = insert_task(connection, row, (call_id,), user=user, now=now)
                return SavedCapture(note=note, task=made, made=True)
            if task.state == "open" and capture.task.due_at not in (None, task.due_at):
                task = move_task(connection, task, capture.task, user=user, now=now)
            return SavedCapture(note=note, task=task, made=False)

        return await self._database.write(work)


def _save_note(connection: Connection, call_id: str, capture: CaptureInput, *, user: str, now: datetime) -> CallNote:
    before = load_note(connection, call_id)
    text = with_line(before.text, capture.line) if capture.note is None else capture.note
    if text == before.text:
        return before  # a repeat, or the autosave was faster: that is no conflict
    version = None if capture.note is None else capture.version
    return save_note(connection, call_id, text, user=user, now=now, version=version)


def with_line(note: str, line: str) -> str:
    """The note with this line, which it may have already."""
    if line.strip() in (one.strip() for one in note.split("\n")):
        return note
    return f"{note.rstrip()}\n{line}" if note.strip() else line


def _same_task(connection: Connection, call_id: str, wanted: Row, *, user: str) -> Task | None:
    """What this person made of such a line in this call before, done or not."""
    found = (
        select(tasks.c.id)
        .join(task_calls, task_calls.c.task_id == tasks.c.id)
        .where(task_calls.c.call_id == call_id, tasks.c.created_by == user)
        .where(tasks.c.kind == wanted["kind"], tasks.c.title == wanted["title"])
        .order_by(tasks.c.id)
    )
    task_id = connection.execute(found.limit(1)).scalar()
    return None if task_id is None else load_task(connection, task_id)
