"""The access ledger: entries are only ever added, and removed only by a purge that has left its proof among them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_store.sql.columns import UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# PostgreSQL will have rules of the same names. INSERT OR REPLACE deletes without firing a delete trigger.
_TRIGGERS = (
    """CREATE TRIGGER ledger_refuses_changes BEFORE UPDATE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_refuses_replacement BEFORE INSERT ON ledger
    WHEN EXISTS (SELECT 1 FROM ledger WHERE seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_refuses_deletion BEFORE DELETE ON ledger
    WHEN OLD.kind IN ('purged', 'person_erased') OR NOT EXISTS (
        SELECT 1 FROM ledger AS proof
        WHERE proof.kind = 'purged'
        AND json_extract(proof.detail, '$.data') = CASE OLD.kind WHEN 'card_shown' THEN 'pops' ELSE 'ledger' END
        AND json_extract(proof.detail, '$.before') > OLD.at
    )
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: only a purge that is written in it removes entries'); END""",
)


def upgrade() -> None:
    op.create_table(
        "ledger",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_ledger"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ledger_at", "ledger", ["at"], unique=False)
    op.create_index("ix_ledger_kind", "ledger", ["kind", "at"], unique=False)
    op.create_index("ix_ledger_user", "ledger", ["user", "at"], unique=False)
    for column in ("customer_id", "call_id"):
        op.create_index(
            f"ix_ledger_{column}",
            "ledger",
            [column, "at"],
            unique=False,
            sqlite_where=sa.text(f"{column} IS NOT NULL"),
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    for trigger in _TRIGGERS:
        op.execute(trigger)
