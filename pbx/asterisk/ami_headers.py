"""How Asterisk writes things in AMI headers: escapes, sentinels, numbers, times.

Values are taken from the message by name, not from a dict of all headers: of some twenty headers an event needs three.
"""

from __future__ import annotations

import re

from pbx.events import Uniqueid

NUMBER_LIMIT = 250
NAME_LIMIT = 512
TEXT_LIMIT = 1024
_ID_LIMIT = 250  # Asterisk's own is 149 (AST_MAX_UNIQUEID); cutting an id would mix two calls up

_SENTINELS = frozenset({"", "<unknown>"})
_NO_ID = frozenset({"", "<unknown>", "none"})
_YES = frozenset({"1", "Yes", "yes", "True", "true"})
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class BadHeader(Exception):
    """A header that an event must have is missing or makes no sense."""


def header(block: str, marker: str) -> str | None:
    """The value after the first `\\r\\nKey: `; a second one is ignored, it may be a forgery (P20)."""
    start = block.find(marker)
    if start < 0:
        return None
    start += len(marker)
    end = block.find("\r\n", start)
    return block[start:] if end < 0 else block[start:end]


def text(block: str, marker: str) -> str:
    """The header, empty when missing, cut when too long to be true."""
    start = block.find(marker)  # written out again: this is the hottest line of the service
    if start < 0:
        return ""
    start += len(marker)
    end = block.find("\r\n", start)
    value = block[start:] if end < 0 else block[start:end]
    return value if len(value) <= TEXT_LIMIT else value[:TEXT_LIMIT]


def known(block: str, marker: str) -> str | None:
    """The header; None for missing, empty and `<unknown>`."""
    value = text(block, marker)
    return None if value in _SENTINELS else value


def required(block: str, marker: str) -> str:
    """The header. Raises BadHeader when it is missing or empty."""
    value = text(block, marker)
    if not value:
        raise BadHeader(f"{key_of(marker)} is missing")
    return value


def as_id(value: str | None, key: str) -> Uniqueid:
    """An id, whole. Raises BadHeader when it is missing, too long or a sentinel."""
    if value is None or value in _NO_ID:
        raise BadHeader(f"{key} is missing")
    if len(value) > _ID_LIMIT:
        raise BadHeader(f"{key} is longer than {_ID_LIMIT} characters")
    return Uniqueid(value)


def identity(block: str, marker: str) -> Uniqueid:
    """The id in that header. Raises BadHeader."""
    return as_id(header(block, marker), key_of(marker))


def identity_or_none(block: str, marker: str) -> Uniqueid | None:
    """An id where Asterisk may leave it out."""
    value = header(block, marker)
    return None if value is None or value in _NO_ID else as_id(value, key_of(marker))


def integer(block: str, marker: str) -> int | None:
    """A whole number, None when missing or not one."""
    return as_integer(header(block, marker))


def as_integer(value: str | None) -> int | None:
    """A whole number, None when missing or not one."""
    if not value or len(value) > 18:
        return None
    try:
        return int(value)
    except ValueError:
        return None


def moment(block: str) -> float | None:
    """The `Timestamp` header (timestampevents=yes) as epoch seconds."""
    start = block.find("\r\nTimestamp: ")
    if start < 0:
        return None
    end = block.find("\r\n", start + 13)
    return seconds(block[start + 13 :] if end < 0 else block[start + 13 : end])


def seconds(value: str) -> float | None:
    """Epoch seconds, None when it is no time of this age."""
    try:
        at = float(value)
    except ValueError:
        return None
    return at if 0.0 < at < 1e11 else None  # NaN is neither


def yes(block: str, marker: str) -> bool:
    """`1`, `Yes`, `True`."""
    return header(block, marker) in _YES


def unescaped(value: str) -> str:
    """Undo Asterisk's `ast_escape_c`, once: `O\\'Brien` is O'Brien (P18)."""
    if "\\" not in value:
        return value
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), value)


def key_of(marker: str) -> str:
    """`Uniqueid` of `\\r\\nUniqueid: `."""
    return marker.strip("\r\n: ")
