"""The channel snapshot that most events carry: fourteen headers in a fixed order, with a prefix that tells whose it is.

The events of one call repeat the same snapshot again and again, so a snapshot is looked up by its bytes before it is read.
"""

from __future__ import annotations

import re

from pbx.asterisk.ami_headers import NAME_LIMIT, NUMBER_LIMIT, TEXT_LIMIT, BadHeader, as_id, header, unescaped
from pbx.events import Channel, ChannelState

_KEYS = (
    *(b"Channel", b"ChannelState", b"ChannelStateDesc", b"CallerIDNum", b"CallerIDName", b"ConnectedLineNum"),
    *(b"ConnectedLineName", b"Language", b"AccountCode", b"Context", b"Exten", b"Priority", b"Uniqueid", b"Linkedid"),
)
_UNUSED = frozenset({b"ChannelStateDesc", b"Language", b"AccountCode", b"Priority"})
_READ = tuple(key for key in _KEYS if key not in _UNUSED)
_STATES = {str(state.value).encode(): state for state in ChannelState}
_NO_CHANNEL = frozenset({b"", b"none", b"<none>", b"<unknown>"})
_NOT_KNOWN = frozenset({b"", b"<unknown>"})
_CACHED = 8192  # snapshots; about as many as the newest thousand calls have


class Snapshot:
    """Where one kind of snapshot begins and ends in an event, and its usual shape."""

    __slots__ = ("begins", "ends", "markers", "prefix", "shape")

    def __init__(self, prefix: str) -> None:
        key = prefix.encode()
        self.prefix = prefix
        self.begins = b"\r\n%bChannel: " % key
        self.ends = b"\r\n%bLinkedid: " % key
        self.markers = tuple(b"\r\n%b%b: " % (key, name) for name in _READ)
        self.shape = re.compile(
            b"".join(
                b"\\r\\n%b%b: " % (key, name) + (b"[^\\r]*" if name in _UNUSED else b"([^\\r]*)") for name in _KEYS
            )
        )


PLAIN = Snapshot("")
DEST = Snapshot("Dest")
LOCAL_ONE = Snapshot("LocalOne")
LOCAL_TWO = Snapshot("LocalTwo")
TRANSFERER = Snapshot("Transferer")
TRANSFEREE = Snapshot("Transferee")
ORIG_TRANSFERER = Snapshot("OrigTransferer")
SECOND_TRANSFERER = Snapshot("SecondTransferer")
TRANSFER_TARGET = Snapshot("TransferTarget")
TARGET = Snapshot("Target")
PARKEE = Snapshot("Parkee")
RETRIEVER = Snapshot("Retriever")
SPYER = Snapshot("Spyer")
SPYEE = Snapshot("Spyee")

_cache: dict[bytes, Channel] = {}


def channel(block: bytes, snapshot: Snapshot = PLAIN) -> Channel:
    """The channel. Raises BadHeader when the event has none."""
    found = channel_or_none(block, snapshot)
    if found is None:
        raise BadHeader(f"{snapshot.prefix}Channel is missing")
    return found


def channel_or_none(block: bytes, snapshot: Snapshot = PLAIN) -> Channel | None:
    """The channel, or None where the event has none (P6)."""
    start = block.find(snapshot.begins)
    if start < 0:
        return None
    end = block.find(snapshot.ends, start)
    if end < 0:
        if header(block, snapshot.begins) in _NO_CHANNEL:
            return None
        raise BadHeader(f"{snapshot.prefix}Linkedid is missing")
    end = block.find(b"\r\n", end + 2)
    part = block[start:] if end < 0 else block[start:end]
    found = _cache.get(part)
    if found is None:
        found = _read(part, snapshot)
        if found is not None:
            if len(_cache) >= _CACHED:
                _cache.clear()
            _cache[part] = found
    return found


def _read(part: bytes, snapshot: Snapshot) -> Channel | None:
    usual = snapshot.shape.fullmatch(part)
    values = usual.groups() if usual else [header(part, marker) or b"" for marker in snapshot.markers]
    name, state, number, caller, connected, connected_name, context, exten, uniqueid, linkedid = values
    if name in _NO_CHANNEL:
        return None
    return Channel(
        name.decode("utf-8", "replace")[:TEXT_LIMIT],
        as_id(uniqueid, snapshot.prefix + "Uniqueid"),
        as_id(linkedid, snapshot.prefix + "Linkedid"),
        _STATES.get(state, ChannelState.UNKNOWN),
        None if number in _NOT_KNOWN else number.decode("utf-8", "replace")[:NUMBER_LIMIT],
        _name(caller),
        None if connected in _NOT_KNOWN else connected.decode("utf-8", "replace")[:NUMBER_LIMIT],
        _name(connected_name),
        context.decode("utf-8", "replace")[:TEXT_LIMIT],
        exten.decode("utf-8", "replace")[:TEXT_LIMIT],
    )


def _name(value: bytes) -> str | None:
    if value in _NOT_KNOWN:
        return None
    return unescaped(value.decode("utf-8", "replace"))[:NAME_LIMIT]
