"""Calls are found by Asterisk's id of them, so that imported history makes no doubles; a gap says when it was filled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_store.sql.columns import UtcTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calls", sa.Column("uniqueid", sa.Text()))
    op.add_column("calls", sa.Column("imported_at", UtcTime()))
    op.execute("UPDATE calls SET uniqueid = json_extract(record, '$.uniqueid')")
    op.create_index("ix_calls_uniqueid", "calls", ["uniqueid"])
    op.add_column("gaps", sa.Column("filled_at", UtcTime()))
    op.add_column("gaps", sa.Column("filled_calls", sa.Integer()))
