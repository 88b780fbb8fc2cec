"""The channel snapshot that most events carry: fourteen headers in a fixed order, with a prefix that tells whose it is.

The events of one call repeat the same snapshot again and again, so a snapshot is looked up by its text before it is read.
"""

from __future__ import annotations

import re

from pbx.asterisk import quick_values as quick
from pbx.asterisk.ami_headers import NAME_LIMIT, NUMBER_LIMIT, TEXT_LIMIT, BadHeader, as_id, header, key_of, unescaped
from pbx.events import Channel, ChannelState

_KEYS = (
    *("Channel", "ChannelState", "ChannelStateDesc", "CallerIDNum", "CallerIDName", "ConnectedLineNum"),
    *("ConnectedLineName", "Language", "AccountCode", "Context", "Exten", "Priority", "Uniqueid", "Linkedid"),
)
_UNUSED = frozenset({"ChannelStateDesc", "Language", "AccountCode", "Priority"})
_READ = tuple(key for key in _KEYS if key not in _UNUSED)
_STATES = {str(state.value): state for state in ChannelState}
_NO_CHANNEL = frozenset({"", "none", "<none>", "<unknown>"})
_NOT_KNOWN = frozenset({"", "<unknown>"})
_CACHED = 1024  # snapshots; about as many as the newest thousand calls have


class Snapshot:
    """Where one kind of snapshot begins and ends in an event, and its usual shape."""

    __slots__ = ("begins", "ends", "linkedid", "markers", "shape", "uniqueid")

    def __init__(self, prefix: str) -> None:
        self.begins = f"\r\n{prefix}Channel: "
        self.ends = f"\r\n{prefix}Linkedid: "
        self.uniqueid = prefix + "Uniqueid"
        self.linkedid = prefix + "Linkedid"
        self.markers = tuple(f"\r\n{prefix}{key}: " for key in _READ)
        self.shape = re.compile(
            "".join(f"\\r\\n{prefix}{key}: " + ("[^\\r]*" if key in _UNUSED else "([^\\r]*)") for key in _KEYS)
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

_cache: dict[str, Channel] = {}


def channel(block: str, snapshot: Snapshot = PLAIN) -> Channel:
    """The channel. Raises BadHeader when the event has none."""
    found = channel_or_none(block, snapshot)
    if found is None:
        raise BadHeader(f"{key_of(snapshot.begins)} is missing")
    return found


def channel_or_none(block: str, snapshot: Snapshot = PLAIN) -> Channel | None:
    """The channel, or None where the event has none (P6)."""
    start = block.find(snapshot.begins)
    if start < 0:
        return None
    end = block.find(snapshot.ends, start)
    if end < 0:
        if header(block, snapshot.begins) in _NO_CHANNEL:
            return None
        raise BadHeader(f"{snapshot.linkedid} is missing")
    end = block.find("\r\n", end + 2)
    part = block[start:] if end < 0 else block[start:end]
    found = _cache.get(part)
    return _read(part, snapshot) if found is None else found


def _read(part: str, snapshot: Snapshot) -> Channel | None:
    usual = snapshot.shape.fullmatch(part)
    values = usual.groups() if usual else [header(part, marker) or "" for marker in snapshot.markers]
    name, state, number, caller, connected, connected_name, context, exten, uniqueid, linkedid = values
    if name in _NO_CHANNEL:
        return None
    found = quick.Channel(
        name[:TEXT_LIMIT],
        as_id(uniqueid, snapshot.uniqueid),
        as_id(linkedid, snapshot.linkedid),
        _STATES.get(state, ChannelState.UNKNOWN),
        None if number in _NOT_KNOWN else number[:NUMBER_LIMIT],
        None if caller in _NOT_KNOWN else unescaped(caller)[:NAME_LIMIT],
        None if connected in _NOT_KNOWN else connected[:NUMBER_LIMIT],
        None if connected_name in _NOT_KNOWN else unescaped(connected_name)[:NAME_LIMIT],
        context[:TEXT_LIMIT],
        exten[:TEXT_LIMIT],
    )
    if len(_cache) >= _CACHED:
        _cache.clear()
    _cache[part] = found
    return found
