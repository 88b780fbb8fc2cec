"""Bytes of an AMI stream → whole messages, without I/O.

Most events of a busy PBX are of no use to us, so a message is cut out, its name looked at, and only then kept. Nothing is
decoded to text here: a message stays bytes until a parser takes its headers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

EOL = b"\r\n"
END = b"\r\n\r\n"
BANNER = b"Asterisk Call Manager/"
MAX_MESSAGE = 1 << 20  # Asterisk's longest are some kilobytes; beyond this it is not AMI (D8)
_MAX_BANNER_LINE = 256

# What `AmiDecoder(wanted=…)` takes: event name → lines of which at least one must be in the message (empty: any).
Wanted = Mapping[bytes, tuple[bytes, ...]]


class StreamUnreadable(Exception):
    """What arrives is not AMI: a message without an end. The connection is of no more use."""


class RawMessage:
    """One whole message. `answer`: a Response, or a list event that belongs to an action of ours."""

    __slots__ = ("answer", "block", "name")

    def __init__(self, name: bytes, block: bytes, answer: bool) -> None:
        self.name = name
        self.block = block
        self.answer = answer

    def headers(self) -> dict[str, str]:
        """All headers as text, the first of each name."""
        found: dict[str, str] = {}
        for line in self.block.decode("utf-8", "replace").split("\r\n"):
            key, colon, value = line.partition(":")
            if colon:
                found.setdefault(key, value.removeprefix(" "))
        return found

    def __repr__(self) -> str:
        return f"<RawMessage {self.name!r} {len(self.block)} bytes>"


class AmiDecoder:
    """Cuts a stream into messages and keeps the wanted ones.

    `pending` holds the ActionIDs whose list answers are wanted; `all_answers` keeps every list event instead (captures).
    """

    def __init__(self, wanted: Wanted, *, pending: Collection[bytes] = (), all_answers: bool = False) -> None:
        self.banner: str | None = None
        self.events = 0  # all that were seen, wanted or not
        self.unreadable = 0  # blocks that are neither an event nor a response
        self._wanted = wanted
        self._pending = pending
        self._all_answers = all_answers
        self.begun = False  # the first line is complete: a banner, or not
        self._rest: list[bytes] = []
        self._rest_size = 0
        self._tail = b""  # the last bytes of the rest: an end may be split over two chunks

    @property
    def half_message(self) -> int:
        """Bytes of a message whose end has not arrived."""
        return self._rest_size

    def feed(self, data: bytes) -> list[RawMessage]:
        """Return the wanted messages that are now whole, in order. Raises StreamUnreadable."""
        if self._rest_size or not self.begun:
            data = self._with_rest(data)
        blocks = data.split(END)
        rest = blocks.pop()
        kept = self._sort(blocks) if blocks else []
        if rest:
            self._keep(rest)
        return kept

    def _with_rest(self, data: bytes) -> bytes:
        """What can be cut now: nothing while the end of the message that has begun is not here."""
        if not self.begun:
            data = self._take_banner(data)
        if not self._rest_size:
            return data
        if END not in self._tail + data:
            self._keep(data)
            return b""
        data = b"".join([*self._rest, data])
        self._forget_rest()
        return data

    def _sort(self, blocks: list[bytes]) -> list[RawMessage]:
        kept: list[RawMessage] = []
        wanted = self._wanted
        for block in blocks:
            if block[:7] == b"Event: ":
                end = block.find(b"\r\n", 7)
                name = block[7:end] if end > 0 else block[7:]
                lines = wanted.get(name)
                if lines is None:
                    if (self._pending or self._all_answers) and self._is_answer(block):
                        kept.append(RawMessage(name, block, True))
                elif not lines:
                    kept.append(RawMessage(name, block, False))
                else:
                    for line in lines:
                        if line in block:
                            kept.append(RawMessage(name, block, False))
                            break
            elif block[:10] == b"Response: ":
                self.events -= 1
                kept.append(RawMessage(b"Response", block, True))
            else:
                self.events -= 1
                kept += self._sort_odd(block)
        self.events += len(blocks)
        return kept

    def _sort_odd(self, block: bytes) -> list[RawMessage]:
        # Some actions end with one line break too many, and then the next message begins with it.
        stripped = block.lstrip(EOL)
        if stripped != block:
            return self._sort([stripped]) if stripped else []
        if block:
            self.unreadable += 1
        return []

    def _is_answer(self, block: bytes) -> bool:
        if self._all_answers:
            return True
        start = block.find(b"\r\nActionID: ")
        if start < 0:
            return False
        end = block.find(EOL, start + 12)
        return (block[start + 12 :] if end < 0 else block[start + 12 : end]) in self._pending

    def _take_banner(self, data: bytes) -> bytes:
        """The first line of a connection is `Asterisk Call Manager/11.0.0` and has no empty line after it."""
        data = b"".join([*self._rest, data])
        self._forget_rest()
        line, eol, after = data.partition(EOL)
        if not eol and len(data) < _MAX_BANNER_LINE:
            self._rest, self._rest_size = [data], len(data)
            return b""
        self.begun = True
        if not line.startswith(BANNER):
            return data
        self.banner = line[len(BANNER) :].decode("utf-8", "replace").strip()[:64]
        return after

    def _keep(self, data: bytes) -> None:
        if not data:
            return
        self._rest.append(data)
        self._rest_size += len(data)
        self._tail = (self._tail + data[-3:])[-3:]
        if self._rest_size > MAX_MESSAGE:
            self._forget_rest()
            raise StreamUnreadable(f"a message of more than {MAX_MESSAGE} bytes without an end")

    def _forget_rest(self) -> None:
        self._rest, self._rest_size, self._tail = [], 0, b""
