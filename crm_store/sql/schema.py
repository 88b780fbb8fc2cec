"""The tables. Each change here is also a new numbered file in `migrations/versions/`."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    column,
    table,
    text,
)

from crm_store.sql.columns import UtcTime

#: The newest migration. A database at any other revision is not opened.
HEAD = "0006"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

parties = Table(
    "parties",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("company", Text),
    Column("kind", Text, nullable=False),
    Column("language", Text),
    Column("external_id", Text),
    Column("note", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("merged_into", Integer, ForeignKey("parties.id")),
    Column("display_name", Text, nullable=False),
    Column("sort_name", Text, nullable=False),  # display_name, folded
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("updated_by", Text, nullable=False),
    Index("ix_parties_by_name", "active", "sort_name", "id"),
    Index(
        "uq_parties_external_id",
        "external_id",
        unique=True,
        sqlite_where=text("external_id IS NOT NULL AND active"),
        postgresql_where=text("external_id IS NOT NULL AND active"),
    ),
    Index("ix_parties_merged_into", "merged_into", sqlite_where=text("merged_into IS NOT NULL")),
    sqlite_autoincrement=True,
)

party_phones = Table(
    "party_phones",
    metadata,
    Column("party_id", Integer, ForeignKey("parties.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("number", Text, nullable=False),  # E.164, else digits or the text as typed
    Column("display", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("extension", Text),
    Column("nsn", Text),  # national significant number, where it parses
    Column("country", Text),  # calling code of nsn
    Column("rev_digits", Text, nullable=False),  # digits last first: a suffix is a range of this index
    Index("ix_party_phones_number", "number", "party_id"),
    Index("ix_party_phones_nsn", "nsn", "country", "party_id"),
    Index("ix_party_phones_rev_digits", "rev_digits", "party_id"),
    sqlite_with_rowid=False,
)

party_emails = Table(
    "party_emails",
    metadata,
    Column("party_id", Integer, ForeignKey("parties.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("email", Text, nullable=False),
    sqlite_with_rowid=False,
)

party_tags = Table(
    "party_tags",
    metadata,
    Column("party_id", Integer, ForeignKey("parties.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("tag", Text, nullable=False),
    sqlite_with_rowid=False,
)

#: Folded text of each party, made by `search.py`. Not in the metadata: on SQLite it is an FTS5 table of trigrams.
party_search = table("party_search", column("rowid", Integer), column("text", Text))

calls = Table(
    "calls",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False),
    Column("pbx", Text, nullable=False),
    Column("direction", Text),
    Column("state", Text, nullable=False),
    Column("at", UtcTime, nullable=False),  # started_at, else when it was first saved
    Column("number", Text),  # of the remote party; null when withheld
    Column("number_kind", Text, nullable=False),
    Column("queue", Text),
    Column("outcome", Text),
    Column("customer_id", Integer, ForeignKey("parties.id")),
    Column("customer_by_person", Boolean, nullable=False),  # then no later save changes it
    Column("match", Text),
    Column("record", Text, nullable=False),  # the whole record as JSON, without customer_id and match
    Column("updated_at", UtcTime, nullable=False),
    Column("uniqueid", Text),  # Asterisk's id of the first channel: imported history makes no doubles
    Column("imported_at", UtcTime),  # out of a history; null: heard live
    UniqueConstraint("id"),
    Index("ix_calls_at", "at", "seq"),
    Index("ix_calls_customer_id", "customer_id", "at", "seq"),
    Index("ix_calls_number", "number", "at"),
    Index("ix_calls_uniqueid", "uniqueid"),
    Index("ix_calls_open", "pbx", sqlite_where=text("state <> 'ended'"), postgresql_where=text("state <> 'ended'")),
)

call_legs = Table(
    "call_legs",
    metadata,
    Column("call_id", Text, ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("endpoint", Text, nullable=False),
    Column("agent", Text),
    Column("result", Text),
    Column("rang_at", UtcTime),
    Column("answered_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("ring_s", Float),
    Column("talk_s", Float),
    Column("hold_s", Float),
    Index("ix_call_legs_agent", "agent", "call_id"),
    sqlite_with_rowid=False,
)

call_queue_waits = Table(
    "call_queue_waits",
    metadata,
    Column("call_id", Text, ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("queue", Text, nullable=False),
    Column("joined_at", UtcTime),
    Column("left_at", UtcTime),
    Column("wait_s", Float),
    Column("result", Text),
    Index("ix_call_queue_waits_queue", "queue", "call_id"),
    sqlite_with_rowid=False,
)

call_notes = Table(
    "call_notes",
    metadata,
    Column("call_id", Text, primary_key=True),  # the call may not be stored yet
    Column("text", Text, nullable=False),
    Column("disposition", Text),
    Column("version", Integer, nullable=False),  # counts changes of the text
    Column("updated_at", UtcTime, nullable=False),
    Column("updated_by", Text, nullable=False),
    sqlite_with_rowid=False,
)

call_efforts = Table(
    "call_efforts",
    metadata,
    Column("call_id", Text, primary_key=True),  # the call may be stored later
    Column("user", Text, primary_key=True),
    Column("keys", Integer, nullable=False),
    Column("clicks", Integer, nullable=False),
    Column("wrap_up_s", Float),
    Column("saved_at", UtcTime, nullable=False),
    sqlite_with_rowid=False,
)

activities = Table(
    "activities",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("customer_id", Integer, ForeignKey("parties.id")),
    Column("agent", Text),
    Column("text", Text, nullable=False),
    Index("ix_activities_customer_id", "customer_id", "at", "id"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("due_at", UtcTime),
    Column("owner", Text),
    Column("customer_id", Integer, ForeignKey("parties.id")),
    Column("number", Text),
    Column("claimed_by", Text),
    Column("claimed_at", UtcTime),
    Column("handed_by", Text),  # who gave it to its owner
    Column("reminded_due", UtcTime),  # the due time that the owner was reminded of
    Column("first_lost_at", UtcTime),  # set only on tasks that lost calls made
    Column("last_lost_at", UtcTime),  # likewise
    Column("recall_s", Float),  # from the first lost call to the talk that closed it
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", Text),
    Column("done_at", UtcTime),
    Column("done_by", Text),
    Index("ix_tasks_customer_id", "customer_id", "state"),
    Index("ix_tasks_number", "number", "state"),
    Index("ix_tasks_state", "state", "due_at"),
    sqlite_autoincrement=True,
)

task_calls = Table(
    "task_calls",
    metadata,
    Column("task_id", Integer, ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True),
    Column("call_id", Text, primary_key=True),
    Column("lost_at", UtcTime),  # set only where this call was lost; the rest says how
    Column("way", Text),
    Column("queue", Text),
    Column("did", Text),
    Column("after_hours", Boolean),
    Index("ix_task_calls_call_id", "call_id"),
    sqlite_with_rowid=False,
)

accounts = Table(
    "accounts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("extension", Text),
    Column("language", Text),
    Column("password_hash", Text),
    Column("active", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

account_endpoints = Table(
    "account_endpoints",
    metadata,
    Column("account", Text, ForeignKey("accounts.name", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("endpoint", Text, nullable=False),
    sqlite_with_rowid=False,
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("user", Text, ForeignKey("accounts.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("phone", Text),
    Column("csrf", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("last_seen_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    sqlite_with_rowid=False,
)

pop_dismissals = Table(
    "pop_dismissals",
    metadata,
    Column("call_id", Text, primary_key=True),  # the call may be stored later
    Column("user", Text, primary_key=True),
    Column("leg", Integer, nullable=False),
    sqlite_with_rowid=False,
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("user", Text, ForeignKey("accounts.name", ondelete="CASCADE"), nullable=False),
    Column("scopes", Text, nullable=False),  # separated by spaces
    Column("created_at", UtcTime, nullable=False),
    sqlite_with_rowid=False,
)

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

gaps = Table(
    "gaps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pbx", Text, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("missed_calls", Integer),
    Column("filled_at", UtcTime),  # by an import of history
    Column("filled_calls", Integer),
)

#: Append-only: triggers of its migration refuse changes, and deletions that no entry of kind `purged` proves.
ledger = Table(
    "ledger",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("kind", Text, nullable=False),
    Column("user", Text),
    Column("customer_id", Integer),  # stays when the customer is erased: a number without a name
    Column("call_id", Text),
    Column("detail", Text, nullable=False),  # JSON
    Index("ix_ledger_at", "at"),
    Index("ix_ledger_kind", "kind", "at"),
    Index("ix_ledger_user", "user", "at"),
    *(
        Index(
            f"ix_ledger_{name}",
            name,
            "at",
            sqlite_where=text(f"{name} IS NOT NULL"),
            postgresql_where=text(f"{name} IS NOT NULL"),
        )
        for name in ("customer_id", "call_id")
    ),
    sqlite_autoincrement=True,
)
