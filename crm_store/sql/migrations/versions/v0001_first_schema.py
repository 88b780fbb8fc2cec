"""The first schema: customers, calls, tasks, accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_store.sql.columns import UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("extension", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_accounts"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "call_notes",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name="pk_call_notes"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "gaps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pbx", sa.Text(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.Column("missed_calls", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_gaps"),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "parties",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("company", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("merged_into", sa.Integer(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("sort_name", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["merged_into"], ["parties.id"], name="fk_parties_merged_into"),
        sa.PrimaryKeyConstraint("id", name="pk_parties"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_parties_by_name", "parties", ["active", "sort_name", "id"], unique=False)
    op.create_index(
        "ix_parties_merged_into",
        "parties",
        ["merged_into"],
        unique=False,
        sqlite_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_index(
        "uq_parties_external_id",
        "parties",
        ["external_id"],
        unique=True,
        sqlite_where=sa.text("external_id IS NOT NULL AND active"),
        postgresql_where=sa.text("external_id IS NOT NULL AND active"),
    )
    op.create_table(
        "account_endpoints",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.name"], name="fk_account_endpoints_account", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account", "position", name="pk_account_endpoints"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "activities",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["parties.id"], name="fk_activities_customer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_activities"),
    )
    op.create_index("ix_activities_customer_id", "activities", ["customer_id", "at", "id"], unique=False)
    op.create_table(
        "api_tokens",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["accounts.name"], name="fk_api_tokens_user", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_api_tokens"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "calls",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("pbx", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("number_kind", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("customer_by_person", sa.Boolean(), nullable=False),
        sa.Column("match", sa.Text(), nullable=True),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["parties.id"], name="fk_calls_customer_id"),
        sa.PrimaryKeyConstraint("seq", name="pk_calls"),
        sa.UniqueConstraint("id", name="uq_calls_id"),
    )
    op.create_index("ix_calls_at", "calls", ["at", "seq"], unique=False)
    op.create_index("ix_calls_customer_id", "calls", ["customer_id", "at", "seq"], unique=False)
    op.create_index("ix_calls_number", "calls", ["number", "at"], unique=False)
    op.create_index(
        "ix_calls_open",
        "calls",
        ["pbx"],
        unique=False,
        sqlite_where=sa.text("state <> 'ended'"),
        postgresql_where=sa.text("state <> 'ended'"),
    )
    op.create_table(
        "party_emails",
        sa.Column("party_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name="fk_party_emails_party_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("party_id", "position", name="pk_party_emails"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "party_phones",
        sa.Column("party_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("display", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("extension", sa.Text(), nullable=True),
        sa.Column("nsn", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("rev_digits", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name="fk_party_phones_party_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("party_id", "position", name="pk_party_phones"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_party_phones_nsn", "party_phones", ["nsn", "country", "party_id"], unique=False)
    op.create_index("ix_party_phones_number", "party_phones", ["number", "party_id"], unique=False)
    op.create_index("ix_party_phones_rev_digits", "party_phones", ["rev_digits", "party_id"], unique=False)
    op.create_table(
        "party_tags",
        sa.Column("party_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name="fk_party_tags_party_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("party_id", "position", name="pk_party_tags"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("csrf", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("last_seen_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["accounts.name"], name="fk_sessions_user", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sessions"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sessions_user", "sessions", ["user"], unique=False)
    op.create_table(
        "tasks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("last_lost_at", UtcTime(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("done_at", UtcTime(), nullable=True),
        sa.Column("done_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["parties.id"], name="fk_tasks_customer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tasks"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tasks_customer_id", "tasks", ["customer_id", "state"], unique=False)
    op.create_index("ix_tasks_number", "tasks", ["number", "state"], unique=False)
    op.create_index("ix_tasks_state", "tasks", ["state", "due_at"], unique=False)
    op.create_table(
        "call_legs",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("rang_at", UtcTime(), nullable=True),
        sa.Column("answered_at", UtcTime(), nullable=True),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("ring_s", sa.Float(), nullable=True),
        sa.Column("talk_s", sa.Float(), nullable=True),
        sa.Column("hold_s", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_call_legs_call_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "position", name="pk_call_legs"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_call_legs_agent", "call_legs", ["agent", "call_id"], unique=False)
    op.create_table(
        "call_queue_waits",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("joined_at", UtcTime(), nullable=True),
        sa.Column("left_at", UtcTime(), nullable=True),
        sa.Column("wait_s", sa.Float(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_call_queue_waits_call_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "position", name="pk_call_queue_waits"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_call_queue_waits_queue", "call_queue_waits", ["queue", "call_id"], unique=False)
    op.create_table(
        "task_calls",
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name="fk_task_calls_task_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("task_id", "call_id", name="pk_task_calls"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_task_calls_call_id", "task_calls", ["call_id"], unique=False)

    # Fragments of any text, found by trigrams; PostgreSQL will have a table with pg_trgm instead.
    op.execute("CREATE VIRTUAL TABLE party_search USING fts5(text, tokenize='trigram case_sensitive 1')")
