"""A call-back knows each attempt of its caller and how it was lost, who took it when, and how long until the recall; reminders are
told once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_store.sql.columns import UtcTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_OF_LOST_CALLS = "task_id IN (SELECT id FROM tasks WHERE last_lost_at IS NOT NULL)"
# The outcome says how; a record that is gone leaves the time only.
_ATTEMPTS = f"""UPDATE task_calls SET
    lost_at = coalesce((SELECT at FROM calls WHERE calls.id = task_calls.call_id),
                       (SELECT last_lost_at FROM tasks WHERE tasks.id = task_calls.task_id)),
    queue = (SELECT queue FROM calls WHERE calls.id = task_calls.call_id),
    did = (SELECT json_extract(record, '$.did') FROM calls WHERE calls.id = task_calls.call_id),
    way = (SELECT CASE outcome WHEN 'queue_timeout' THEN 'timeout' WHEN 'queue_empty' THEN 'empty'
                               WHEN 'queue_full' THEN 'full' WHEN 'abandoned' THEN 'abandoned'
                               WHEN 'voicemail' THEN 'voicemail' ELSE 'missed' END
           FROM calls WHERE calls.id = task_calls.call_id)
    WHERE {_OF_LOST_CALLS}"""  # noqa: S608 - no value in it
_FIRST = """UPDATE tasks SET first_lost_at =
    coalesce((SELECT min(lost_at) FROM task_calls WHERE task_calls.task_id = tasks.id), last_lost_at)
    WHERE last_lost_at IS NOT NULL"""
# What is due already was told by the version before.
_REMINDED = "UPDATE tasks SET reminded_due = due_at WHERE due_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"


def upgrade() -> None:
    for column in (
        sa.Column("claimed_at", UtcTime()),
        sa.Column("handed_by", sa.Text()),
        sa.Column("reminded_due", UtcTime()),
        sa.Column("first_lost_at", UtcTime()),
        sa.Column("recall_s", sa.Float()),
    ):
        op.add_column("tasks", column)
    for column in (
        sa.Column("lost_at", UtcTime()),
        sa.Column("way", sa.Text()),
        sa.Column("queue", sa.Text()),
        sa.Column("did", sa.Text()),
        sa.Column("after_hours", sa.Boolean()),
    ):
        op.add_column("task_calls", column)
    op.execute(_ATTEMPTS)
    op.execute(_FIRST)
    op.execute(_REMINDED)
    # Who has one in hand at the upgrade keeps it for a while.
    op.execute("UPDATE tasks SET claimed_at = strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') WHERE claimed_by IS NOT NULL")
