"""Cells that a spreadsheet shows and never runs: callers choose their names, and E.164 itself begins with "+"."""

from __future__ import annotations

import re

# Also after a separator or a quote: a spreadsheet that splits at another sign would start a cell there.
_STARTS = r"(?=\s*[=+\-@＝＋－＠]|[\t\r\n\0])"
_FORMULA_START = re.compile(rf"""(^|[;,"]){_STARTS}""")
_GUARDED_START = re.compile(rf"""(^|[;,"])'{_STARTS}""")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


def spreadsheet_text(value: object) -> str:
    """The value as CSV text; an apostrophe goes before what would start a formula (write it with csv.writer's quoting)."""
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, int | float) and _NUMBER.fullmatch(text):
        return text
    return _FORMULA_START.sub(r"\1'", text)


def plain_text(cell: str) -> str:
    """What the cell said before `spreadsheet_text`: an export can be imported again."""
    return _GUARDED_START.sub(r"\1", cell)
