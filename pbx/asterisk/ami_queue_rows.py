"""Queue members, waiting callers, queues and running channels: rows of the answer lists, and members in events.

Answers and events name the same things differently: `QueueMember` (an answer) has Name and Location where
`QueueMemberStatus` (an event) has MemberName and Interface; a missing caller is `unknown` here and `<unknown>` there (P19).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pbx import events as ev
from pbx.asterisk.ami_channels import channel
from pbx.asterisk.ami_headers import (
    TEXT_LIMIT,
    BadHeader,
    as_integer,
    header,
    identity,
    identity_or_none,
    integer,
    required,
    text,
)

_STATUS = {str(status.value).encode(): status for status in ev.DeviceStatus}
_TRUE = frozenset({b"1", b"yes", b"Yes"})
_MEMBER_KEYS = (
    *(b"Queue", b"MemberName", b"Interface", b"StateInterface", b"Membership", b"Penalty", b"CallsTaken", b"LastCall"),
    *(b"LastPause", b"LoginTime", b"InCall", b"Status", b"Paused", b"PausedReason", b"Ringinuse"),
)
_UNUSED = frozenset({b"CallsTaken", b"LastCall", b"LastPause", b"LoginTime"})
# The shape of QueueMember… events from Asterisk 18 on: read in one go, for they come in storms (P25).
_SHAPE = re.compile(
    b"".join(b"\\r\\n%b: " % key + (b"[^\\r]*" if key in _UNUSED else b"([^\\r]*)") for key in _MEMBER_KEYS)
)
_MARKERS = tuple(b"\r\n%b: " % key for key in _MEMBER_KEYS if key not in _UNUSED)
_ANSWER_KEYS = {b"\r\nMemberName: ": b"\r\nName: ", b"\r\nInterface: ": b"\r\nLocation: "}
_ANSWER_MARKERS = tuple(_ANSWER_KEYS.get(marker, marker) for marker in _MARKERS)


def member_of_event(block: bytes) -> ev.QueueMember:
    """The member of a QueueMember… event. Raises BadHeader."""
    usual = _SHAPE.search(block)
    return _member(usual.groups() if usual else [header(block, marker) for marker in _MARKERS])


def member_of_answer(block: bytes) -> ev.QueueMember:
    """The member of a row of QueueStatus. Raises BadHeader."""
    return _member([header(block, marker) for marker in _ANSWER_MARKERS])


def _member(values: Sequence[bytes | None]) -> ev.QueueMember:
    queue, name, seat, state_seat, membership, penalty, in_call, status, paused, reason, ring_in_use = values
    if not queue or not seat:
        raise BadHeader("Queue or the member's interface is missing")
    interface = _text(seat)
    return ev.QueueMember(
        _text(queue),
        interface,
        _text(name) or interface,
        _text(state_seat) or interface,
        _STATUS.get(status or b"", ev.DeviceStatus.UNKNOWN),
        paused in _TRUE,
        _text(reason) or None,
        as_integer(penalty) or 0,
        in_call in _TRUE,
        ring_in_use is None or ring_in_use in _TRUE,  # QueueStatus does not tell
        _text(membership),
    )


def _text(value: bytes | None) -> str:
    return value.decode("utf-8", "replace")[:TEXT_LIMIT] if value else ""


def queue_params(block: bytes) -> ev.QueueParams:
    """One queue of QueueStatus."""
    return ev.QueueParams(
        queue=required(block, b"\r\nQueue: "),
        strategy=text(block, b"\r\nStrategy: "),
        completed=integer(block, b"\r\nCompleted: ") or 0,
        abandoned=integer(block, b"\r\nAbandoned: ") or 0,
    )


def waiting_caller(block: bytes) -> ev.WaitingCaller:
    """One waiting caller of QueueStatus."""
    return ev.WaitingCaller(
        queue=required(block, b"\r\nQueue: "),
        uniqueid=identity(block, b"\r\nUniqueid: "),
        channel_name=text(block, b"\r\nChannel: "),
        position=integer(block, b"\r\nPosition: ") or 0,
        wait_s=float(integer(block, b"\r\nWait: ") or 0),
    )


def running_channel(block: bytes) -> ev.RunningChannel:
    """One row of CoreShowChannels."""
    bridge = identity_or_none(block, b"\r\nBridgeId: ")
    return ev.RunningChannel(
        channel=channel(block),
        bridge=None if bridge is None else ev.BridgeId(bridge),
        application=text(block, b"\r\nApplication: "),
        duration_s=_duration(text(block, b"\r\nDuration: ")),
    )


def _duration(clock: str) -> float | None:
    """`26:01:05` → seconds; Asterisk counts hours on beyond a day."""
    parts = clock.split(":")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 8 for part in parts):
        return None
    hours, minutes, seconds = map(int, parts)
    return float(hours * 3600 + minutes * 60 + seconds)
