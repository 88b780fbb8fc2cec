"""Text of strangers on a terminal or in a log: visible, on one line, and never a command to the terminal."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

# C0 and C1 controls, DEL, and the marks that turn the direction of what follows.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_NOT_ESCAPED_BY_JSON = re.compile("[\x7f-\x9f\u2028\u2029]")


def one_line(text: str) -> str:
    """The text without escape sequences, line breaks and direction marks."""
    if text.isascii() and text.isprintable():
        return text  # nearly always: nothing of what is looked for is in there
    plain = _UNSAFE.sub(" ", _ANSI.sub("", text))
    return "".join(ch for ch in plain if unicodedata.category(ch) != "Cs")


def json_line(value: Any) -> str:
    """JSON on one line that a terminal shows as it is: what JSON leaves raw is escaped, too."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return _NOT_ESCAPED_BY_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
