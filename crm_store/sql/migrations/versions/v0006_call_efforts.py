"""How many keys and seconds it took each agent to save a call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_store.sql.columns import UtcTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_efforts",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("keys", sa.Integer(), nullable=False),
        sa.Column("clicks", sa.Integer(), nullable=False),
        sa.Column("wrap_up_s", sa.Float()),
        sa.Column("saved_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "user", name="pk_call_efforts"),
        sqlite_with_rowid=False,
    )
