"""A recorded AMI stream → what a live link would have told, by the same decoder and parsers.

A capture is the bytes sent to one AMI client: banner, responses, events. A second banner is a reconnect; half an event before it, or
at the end, is dropped and said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO, TypeAlias

from pbx.asterisk.ami_decoder import AmiDecoder, StreamUnreadable
from pbx.asterisk.ami_events import READABLE, ParseProblem, parse
from pbx.asterisk.ami_snapshot import SnapshotAssembler
from pbx.events import LinkLost, PbxEvent

_CHUNK = 1 << 16
# Only a real greeting is followed by an answer or by another greeting: a caller may have that name, too.
_BANNER = re.compile(rb"Asterisk Call Manager/[0-9.]{1,20}\r\n(?=Response: |Asterisk Call Manager/|\Z)")
_BANNER_AND_NEXT = 128  # more bytes than a greeting and what must follow it

Capture: TypeAlias = bytes | BinaryIO | Iterable[bytes]


@dataclass(frozen=True, slots=True)
class CaptureNote:
    """Something about the capture itself that its reader should know."""

    text: str


CaptureItem: TypeAlias = PbxEvent | ParseProblem | CaptureNote


def read_capture(capture: Capture) -> Iterator[CaptureItem]:
    """Events in order, a ResyncSnapshot where a list of channels or queues ends, LinkLost at each reconnect and at the end."""
    reader = _CaptureReader()
    for part, greets in _connections(_chunks(capture)):
        if greets:
            yield from reader.end()
        yield from reader.feed(part)
    yield from reader.end()


class _CaptureReader:
    """Reads one connection after the other; knows which boot of the PBX the last one saw."""

    def __init__(self) -> None:
        self.begun = False
        self._assembler = SnapshotAssembler()
        self._last_at: float | None = None
        self._start()

    def _start(self) -> None:
        self._decoder = AmiDecoder(READABLE, all_answers=True)
        self._unreadable = False
        self._looked_for_greeting = False

    def feed(self, part: bytes) -> Iterator[CaptureItem]:
        """What the next bytes of this connection tell."""
        self.begun = True
        if self._unreadable:
            return
        try:
            messages = self._decoder.feed(part)
        except StreamUnreadable as problem:
            self._unreadable = True
            yield CaptureNote(f"The rest of this connection is not AMI: {problem}.")
            return
        if self._decoder.begun and not self._looked_for_greeting:
            self._looked_for_greeting = True
            if self._decoder.banner is None:
                yield CaptureNote("The capture does not begin with Asterisk's greeting; what came before is not known.")
        for message in messages:
            if message.answer:
                yield from self._assembler.answer(message)
                continue
            event = parse(message)
            if event is None:
                continue
            if not isinstance(event, ParseProblem):
                yield from self._assembler.before(event)
                self._last_at = event.at or self._last_at
            yield event

    def end(self) -> Iterator[CaptureItem]:
        """The connection is over: what was not complete is dropped and said."""
        if not self.begun:
            return
        yield from self._assembler.end()
        if self._decoder.half_message:
            yield CaptureNote(
                f"Half a message at the end of a connection was dropped ({self._decoder.half_message} bytes)."
            )
        if self._decoder.unreadable:
            yield CaptureNote(f"{self._decoder.unreadable} messages were neither an event nor a response.")
        yield LinkLost(self._last_at)
        self._start()


def _chunks(capture: Capture) -> Iterator[bytes]:
    if isinstance(capture, bytes):
        for start in range(0, len(capture), _CHUNK):
            yield capture[start : start + _CHUNK]
    elif isinstance(capture, Iterable) and not hasattr(capture, "read"):
        yield from capture
    else:
        while chunk := capture.read(_CHUNK):
            yield chunk


def _connections(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The stream in parts; True marks a part that begins with a greeting, which may lie across two chunks."""
    held = b""
    for chunk in chain(chunks, (None,)):
        data = held + (chunk or b"")
        whole = len(data) if chunk is None else max(0, len(data) - _BANNER_AND_NEXT)
        begin, greets = 0, False
        for banner in _BANNER.finditer(data):
            if banner.start() >= whole:
                break
            if banner.start() > begin:
                yield data[begin : banner.start()], greets
            begin, greets = banner.start(), True
        if whole > begin:
            yield data[begin:whole], greets
        held = data[max(begin, whole) :]
