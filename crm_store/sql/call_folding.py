"""A call that turns out to be part of another: a consultation that was joined to the customer's call."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, update

from crm_store.activities import CallNote
from crm_store.sql.call_notes import load_note, put_note
from crm_store.sql.schema import call_efforts, call_notes, calls, pop_dismissals, task_calls


def fold(connection: Connection, call_id: str, into: str | None) -> CallNote | None:
    """The record goes, with legs and waits; what people added to it goes over to `into`."""
    note = None
    if into is not None:
        note = _move_note(connection, load_note(connection, call_id), load_note(connection, into))
        _move_tasks(connection, call_id, into)
    for table in (task_calls, call_notes, call_efforts, pop_dismissals):
        connection.execute(delete(table).where(table.c.call_id == call_id))
    connection.execute(delete(calls).where(calls.c.id == call_id))
    return note


def _move_note(connection: Connection, part: CallNote, whole: CallNote) -> CallNote | None:
    if part.updated_at is None or part.updated_by is None:
        return None
    text = "\n".join(written for written in (whole.text, part.text) if written)
    changes = {
        "text": text,
        "disposition": whole.disposition or part.disposition,
        "version": whole.version + (text != whole.text),
    }
    return put_note(connection, whole, changes, user=part.updated_by, now=part.updated_at)


def _move_tasks(connection: Connection, call_id: str, into: str) -> None:
    has_it = select(task_calls.c.task_id).where(task_calls.c.call_id == into)
    moved = update(task_calls).where(task_calls.c.call_id == call_id, task_calls.c.task_id.not_in(has_it))
    connection.execute(moved.values(call_id=into))
