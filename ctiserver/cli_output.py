"""How commands speak: results on stdout (as text or JSON), everything else on stderr, failures with an exit code."""

from __future__ import annotations

import sys
from typing import Any

from ctiserver.terminal_text import json_line, one_line

FAILURE = 1
USAGE = 2
NOT_REACHABLE = 3


class CommandFailed(Exception):
    """The command could not do its work; `str()` says why, one sentence a line."""

    def __init__(self, message: str, *, code: int = FAILURE) -> None:
        super().__init__(message)
        self.code = code


def say(data: Any, text: str, *, as_json: bool) -> None:
    """The result: `data` as one line of JSON, else `text`."""
    sys.stdout.write((json_line(data) if as_json else "\n".join(map(one_line, text.split("\n")))) + "\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """A diagnostic on stderr."""
    for line in text.split("\n"):
        sys.stderr.write(one_line(line) + "\n")
    sys.stderr.flush()


def complain(text: str) -> None:
    """What went wrong, on stderr."""
    note("\n".join(f"ctiserver: {line}" for line in text.split("\n")))
