"""Calls as a CSV file that a spreadsheet opens as text, whatever strangers put in their names.

UTF-8 with a byte order mark, because Excel takes it for something else without one. A cell that a spreadsheet would run as a formula
gets a leading apostrophe, and so does each part that would become a cell if the file were split at another separator.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from crm_store.spreadsheet_text import spreadsheet_text

BYTE_ORDER_MARK = "\ufeff"

COLUMNS: tuple[str, ...] = (
    "id", "pbx", "direction", "started_at", "answered_at", "ended_at", "number", "caller_name", "customer_id",
    "customer_name", "did", "queue", "agents", "wait_s", "ring_s", "talk_s", "hold_s", "outcome", "ended_by",
    "disposition", "note", "estimated", "after_hours",
)  # fmt: skip

#: Where a spreadsheet that ignores the quotes, or splits at another sign, would start a new cell.
_OTHER_CELL_STARTS = re.compile(r"([\t\r\n|])")


def safe_cell(value: object) -> str:
    """The text of one cell: numbers as they are, text that cannot become a formula wherever the file is split."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return spreadsheet_text(value)
    parts = _OTHER_CELL_STARTS.split(value.replace("\x00", ""))
    return "".join(part if _OTHER_CELL_STARTS.fullmatch(part) else spreadsheet_text(part) for part in parts)


def csv_lines(rows: Sequence[Mapping[str, Any]]) -> str:
    """The lines of these call rows (RFC 4180)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in rows:
        writer.writerow([safe_cell(row.get(column)) for column in COLUMNS])
    return text.getvalue()


def csv_header() -> str:
    """The byte order mark and the column names."""
    return BYTE_ORDER_MARK + ",".join(COLUMNS) + "\r\n"


def call_row(record: Mapping[str, Any]) -> dict[str, Any]:
    """One call record (hidden fields already gone) flattened to COLUMNS."""
    remote = record.get("remote") or {}
    agents = dict.fromkeys(leg.get("agent") or leg.get("endpoint") or "" for leg in record.get("legs", ()))
    return {
        **{name: record.get(name) for name in COLUMNS},
        "number": remote.get("number"),
        "caller_name": remote.get("name"),
        "agents": " ".join(agents),
    }
