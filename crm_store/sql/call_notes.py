"""The note and the outcome of one call. They may come before the call itself is stored."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from crm_store.activities import DISPOSITIONS, CallNote
from crm_store.errors import InvalidInput, VersionConflict
from crm_store.sql.party_fields import many_lines
from crm_store.sql.schema import call_notes

_LONGEST = 20_000


def load_note(connection: Connection, call_id: str) -> CallNote:
    """The note, or an empty one of version 0."""
    row = connection.execute(select(call_notes).where(call_notes.c.call_id == call_id)).one_or_none()
    if row is None:
        return CallNote(call_id=call_id, text="", disposition=None, version=0, updated_at=None, updated_by=None)
    return CallNote(**row._mapping)


def save_note(
    connection: Connection, call_id: str, text: str, *, user: str, now: datetime, version: int | None
) -> CallNote:
    """The version counts changes of the text only: an outcome chosen meanwhile is no conflict for who is typing."""
    before = load_note(connection, call_id)
    if version is not None and version != before.version:
        raise VersionConflict("Somebody else changed this note since you opened it.")
    clean = many_lines("text", text, _LONGEST)
    return put_note(connection, before, {"text": clean, "version": before.version + 1}, user=user, now=now)


def save_disposition(connection: Connection, call_id: str, code: str | None, *, user: str, now: datetime) -> CallNote:
    if code is not None and code not in DISPOSITIONS:
        raise InvalidInput("code", f"An outcome is one of {', '.join(DISPOSITIONS)}.")
    return put_note(connection, load_note(connection, call_id), {"disposition": code}, user=user, now=now)


def put_note(
    connection: Connection, before: CallNote, changes: dict[str, Any], *, user: str, now: datetime
) -> CallNote:
    """The note with these columns changed."""
    row = {**changes, "updated_at": now, "updated_by": user}
    if before.updated_at is None:
        empty = {"call_id": before.call_id, "text": "", "disposition": None, "version": 0}
        connection.execute(insert(call_notes).values({**empty, **row}))
    else:
        connection.execute(update(call_notes).where(call_notes.c.call_id == before.call_id).values(row))
    return load_note(connection, before.call_id)
