"""Call history as Asterisk wrote it down: what a line of a CDR file or of a queue_log says, and the lines of such files."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO

from crm_store.activities import CallRecord
from crm_store.customer_import import Reject
from crm_store.errors import InvalidInput

#: A line of Asterisk's has some hundred bytes; what is longer is no line of a call.
LONGEST_LINE = 65_536
LONGEST_KEY = 150  # of a Uniqueid, as Asterisk's own


class Disposition(StrEnum):
    """How Asterisk says that one attempt to connect ended."""

    ANSWERED = "ANSWERED"
    NO_ANSWER = "NO ANSWER"
    BUSY = "BUSY"
    FAILED = "FAILED"
    CONGESTION = "CONGESTION"


@dataclass(frozen=True, slots=True, kw_only=True)
class CdrLine:
    """One attempt to connect two channels. Times are epoch seconds, whole ones as a rule."""

    line: int
    started_at: float
    answered_at: float | None  # when the *calling* channel was answered, be it by a menu
    ended_at: float
    number: str | None  # of the caller
    name: str | None
    dialled: str
    did: str | None  # FreePBX tells the number that the caller dialled
    channel: str
    dst_channel: str | None
    app: str
    app_data: str
    disposition: Disposition
    uniqueid: str | None
    linkedid: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEvent:
    """Something that happened to a caller in a queue. `at` is epoch seconds: a queue_log knows no time zone."""

    line: int
    at: float
    callid: str  # the Uniqueid of the caller's channel
    queue: str
    member: str | None
    event: str
    data: tuple[str, ...]


def numbered_lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | Reject]]:
    """Each line with its number, without its end; one that is too long or has a NUL is a reject, and the next goes on."""
    number = 0
    while chunk := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(chunk) > LONGEST_LINE and not chunk.endswith(b"\n"):
            _skip_line(stream)
            yield number, Reject(line=number, reason=f"longer than {LONGEST_LINE} bytes.")
        elif b"\0" in chunk:
            yield number, Reject(line=number, reason="has a NUL byte.")
        else:
            text = chunk.removeprefix(codecs.BOM_UTF8) if number == 1 else chunk
            yield number, text.rstrip(b"\r\n")


def _skip_line(stream: BinaryIO) -> None:
    while chunk := stream.readline(LONGEST_LINE):
        if chunk.endswith(b"\n"):
            return


def decoded(line: bytes, encoding: str) -> str:
    """The text of a line. Raises InvalidInput."""
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        raise InvalidInput("encoding", f"is not {encoding}.") from None


def checked_key(text: str, field: str) -> str | None:
    """A Uniqueid or Linkedid; None where the line has none. Raises InvalidInput."""
    if not text:
        return None
    if len(text) > LONGEST_KEY or not text.isprintable():
        raise InvalidInput(field, f"{text[:40]!r} is not a {field}.")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCall:
    """One call of the history, ready for the store. `uniqueids`: by which of Asterisk's ids it may be there already."""

    record: CallRecord
    uniqueids: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredGap:
    """A time without connection, and what an import of history put into it."""

    id: int
    pbx: str
    since: datetime
    until: datetime
    missed_calls: int | None
    filled_at: datetime | None
    filled_calls: int | None
