"""One person in the journals: the messages that mention them, and the bytes of their numbers and names overwritten in place.

In place and with the same length: the service may be appending to the file, and a recording without the person still replays.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crm_store.person import Traces
from pbx.asterisk.ami_journal import journal_files

_LONGEST_LINE = 4096
_LONGEST_MESSAGE = 65_536
_DIGITS = frozenset(b"0123456789+")
#: Headers whose values are what somebody is called, or carry it.
_NAME_HEADER = re.compile(rb"[A-Za-z0-9_-]*(?:Name|CallerID|ConnectedLine)|AppData|Data|Value")


@dataclass(frozen=True, slots=True)
class Place:
    """Bytes `start` to `end` are the person's; `is_number` tells how they are masked."""

    start: int
    end: int
    is_number: bool


def messages(folder: Path | None, pbxs: Iterable[str], traces: Traces) -> Iterator[tuple[str, str]]:
    """(file, message) of everything recorded that mentions the person, each message once."""
    for file in _files(folder, pbxs):
        with _mapped(file, writable=False) as recorded:
            seen = -1
            for place in sorted(_places(recorded, traces), key=lambda one: one.start):
                start, end = _message(recorded, place.start)
                if start > seen:
                    seen = start
                    yield file.name, recorded[start:end].decode("utf-8", "replace")


def count(folder: Path | None, pbxs: Iterable[str], traces: Traces) -> int:
    """How many places there are to mask."""
    total = 0
    for file in _files(folder, pbxs):
        with _mapped(file, writable=False) as recorded:
            total += sum(1 for _ in _places(recorded, traces))
    return total


def mask(folder: Path | None, pbxs: Iterable[str], traces: Traces) -> int:
    """Overwrite the person: digits with 0, names with x. Returns the number of places; durable when it returns."""
    total = 0
    for file in _files(folder, pbxs):
        with _mapped(file, writable=True) as recorded:
            places = list(_places(recorded, traces))
            for place in places:
                found = recorded[place.start : place.end]
                masked = re.sub(rb"[0-9]", b"0", found) if place.is_number else b"x" * len(found)
                recorded[place.start : place.end] = masked
            if places:
                recorded.flush()
            total += len(places)
    return total


def _files(folder: Path | None, pbxs: Iterable[str]) -> Iterator[Path]:
    if folder is not None and folder.is_dir():
        for pbx in pbxs:
            yield from (file for file in journal_files(folder, pbx) if file.stat().st_size)


@contextmanager
def _mapped(file: Path, *, writable: bool) -> Iterator[mmap.mmap]:
    with file.open("r+b" if writable else "rb") as opened:
        access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
        with mmap.mmap(opened.fileno(), 0, access=access) as mapped:
            yield mapped


def _places(recorded: mmap.mmap, traces: Traces) -> Iterator[Place]:
    number = re.compile(traces.number_pattern.encode())
    for digits in traces.byte_numbers():
        for at in _all(recorded, digits):
            start, end = _run(recorded, at, at + len(digits))
            # With a neighbour on each side: what stands beside the digits says whether they are a number.
            left = max(0, start - 1)
            found = number.search(recorded[left : end + 2])
            if found and (left + found.start(), left + found.end()) == (start, end):
                yield Place(start, end, is_number=True)
    telling = {name.casefold() for name in traces.telling_names}
    for name in traces.byte_names():
        for at in _all(recorded, name):
            if _is_name(recorded, at, len(name), alone=name.decode().casefold() not in telling):
                yield Place(at, at + len(name), is_number=False)


def _all(recorded: mmap.mmap, wanted: bytes) -> Iterator[int]:
    at = recorded.find(wanted)
    while at >= 0:
        yield at
        at = recorded.find(wanted, at + len(wanted))


def _run(recorded: mmap.mmap, start: int, end: int) -> tuple[int, int]:
    """The digits around, with a plus: a number is one run of them."""
    while start > 0 and recorded[start - 1] in _DIGITS:
        start -= 1
    while end < len(recorded) and recorded[end] in _DIGITS:
        end += 1
    return start, end


def _is_name(recorded: mmap.mmap, at: int, length: int, *, alone: bool) -> bool:
    """It stands in a header that holds names; a short name of many people must be all of its value."""
    line = recorded.rfind(b"\n", max(0, at - _LONGEST_LINE), at) + 1 or max(0, at - _LONGEST_LINE)
    header, colon, before = recorded[line:at].partition(b": ")
    if not colon or not _NAME_HEADER.fullmatch(header):
        return False
    after = recorded[at + length : at + length + 2]
    return not alone or (not before.strip(b' "') and (not after or after.startswith((b"\r", b"\n", b'"', b" <"))))


def _message(recorded: mmap.mmap, at: int) -> tuple[int, int]:
    """From one empty line to the next."""
    before = recorded.rfind(b"\r\n\r\n", max(0, at - _LONGEST_MESSAGE), at)
    start = before + 4 if before >= 0 else max(0, at - _LONGEST_MESSAGE)
    after = recorded.find(b"\r\n\r\n", at, at + _LONGEST_MESSAGE)
    return start, after if after >= 0 else min(len(recorded), at + _LONGEST_MESSAGE)
