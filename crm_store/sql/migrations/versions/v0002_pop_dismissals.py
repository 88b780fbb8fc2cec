"""Screen-pops that agents closed stay closed over a restart of the service."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pop_dismissals",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("leg", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "user", name="pk_pop_dismissals"),
        sqlite_with_rowid=False,
    )
