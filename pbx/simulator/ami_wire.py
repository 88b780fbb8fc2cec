"""Bytes on the AMI socket, as Asterisk 22 writes and reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
EOL = "\r\n"

# Asterisk's ast_escape_c, applied to names and ChanVariables, not to numbers (telephony.md P18).
_ESCAPES = str.maketrans(
    {
        "\a": "\\a",
        "\b": "\\b",
        "\f": "\\f",
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        "\v": "\\v",
        "\\": "\\\\",
        "'": "\\'",
        '"': '\\"',
        "?": "\\?",
    }
)


@dataclass(frozen=True, slots=True)
class AmiEvent:
    """One event before it has bytes. `body` is its own header lines, each ended by CR LF."""

    name: str
    category: str  # the class of its Privilege: call, agent, system
    body: str
    at: float


def escape(text: str) -> str:
    """A caller's name as it stands in a header: quotes, question marks and control characters as C escapes."""
    return text.translate(_ESCAPES)


def lines(headers: Iterable[tuple[str, str | int]]) -> str:
    """Header lines."""
    return "".join(f"{name}: {value}{EOL}" for name, value in headers)


def event_bytes(event: AmiEvent, *, timestamp: bool = True) -> bytes:
    """The event as it goes over the wire; `timestamp` is manager.conf's timestampevents."""
    stamp = f"Timestamp: {event.at:.6f}{EOL}" if timestamp and event.name != "FullyBooted" else ""
    text = f"Event: {event.name}{EOL}Privilege: {event.category},all{EOL}{stamp}{event.body}{EOL}"
    return text.encode("utf-8", "surrogateescape")


def response(success: bool, action_id: str | None, headers: Iterable[tuple[str, str | int]]) -> bytes:
    """`Response: Success` or `Response: Error` with the ActionID echoed."""
    return _block((("Response", "Success" if success else "Error"), *headers), action_id)


def goodbye(action_id: str | None) -> bytes:
    """The answer to Logoff."""
    return _block((("Response", "Goodbye"), ("Message", "Thanks for all the fish.")), action_id)


def list_item(name: str, action_id: str | None, body: str, *, id_first: bool) -> bytes:
    """One row of a list answer: CoreShowChannel has its ActionID first, the queue lists have it last."""
    own = f"ActionID: {action_id}{EOL}" if action_id else ""
    text = f"Event: {name}{EOL}{own}{body}{EOL}" if id_first else f"Event: {name}{EOL}{body}{own}{EOL}"
    return text.encode("utf-8", "surrogateescape")


def list_end(name: str, action_id: str | None, items: int) -> bytes:
    """The last row of a list answer."""
    return list_item(name, action_id, lines((("EventList", "Complete"), ("ListItems", items))), id_first=True)


def parse_action(block: bytes) -> Mapping[str, str]:
    """An action's headers by lower-case name; the last one of a repeated header counts, as in astman_get_header."""
    headers: dict[str, str] = {}
    for line in block.decode("utf-8", "surrogateescape").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return headers


def _block(headers: Iterable[tuple[str, str | int]], action_id: str | None) -> bytes:
    first, *rest = headers
    own = (("ActionID", action_id),) if action_id else ()
    return (lines((first, *own, *rest)) + EOL).encode("utf-8", "surrogateescape")
