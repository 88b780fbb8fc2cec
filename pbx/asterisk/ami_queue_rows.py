"""Queue members, waiting callers, queues and running channels: rows of the answer lists, and members in events.

Answers and events name the same things differently: `QueueMember` (an answer) has Name and Location where
`QueueMemberStatus` (an event) has MemberName and Interface; a missing caller is `unknown` here and `<unknown>` there (P19).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pbx import events as ev
from pbx.asterisk import quick_values as quick
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

_STATUS = {str(status.value): status for status in ev.DeviceStatus}
_TRUE = frozenset({"1", "yes", "Yes"})
_MEMBER_KEYS = (
    *("Queue", "MemberName", "Interface", "StateInterface", "Membership", "Penalty", "CallsTaken", "LastCall"),
    *("LastPause", "LoginTime", "InCall", "Status", "Paused", "PausedReason", "Ringinuse"),
)
_UNUSED = frozenset({"CallsTaken", "LastCall", "LastPause", "LoginTime"})
# The shape of QueueMember… events from Asterisk 18 on: read in one go, for they come in storms (P25).
_SHAPE = re.compile("".join(f"\\r\\n{key}: " + ("[^\\r]*" if key in _UNUSED else "([^\\r]*)") for key in _MEMBER_KEYS))
_MARKERS = tuple(f"\r\n{key}: " for key in _MEMBER_KEYS if key not in _UNUSED)
_ANSWER_KEYS = {"\r\nMemberName: ": "\r\nName: ", "\r\nInterface: ": "\r\nLocation: "}
_ANSWER_MARKERS = tuple(_ANSWER_KEYS.get(marker, marker) for marker in _MARKERS)


def member_of_event(block: str) -> ev.QueueMember:
    """The member of a QueueMember… event. Raises BadHeader."""
    usual = _SHAPE.search(block)
    return _member(usual.groups() if usual else [header(block, marker) for marker in _MARKERS])


def member_of_answer(block: str) -> ev.QueueMember:
    """The member of a row of QueueStatus. Raises BadHeader."""
    return _member([header(block, marker) for marker in _ANSWER_MARKERS])


def _member(values: Sequence[str | None]) -> ev.QueueMember:
    queue, name, seat, state_seat, membership, penalty, in_call, status, paused, reason, ring_in_use = values
    if not queue or not seat:
        raise BadHeader("Queue or the member's interface is missing")
    interface = _text(seat)
    return quick.QueueMember(
        _text(queue),
        interface,
        _text(name) or interface,
        _text(state_seat) or interface,
        _STATUS.get(status or "", ev.DeviceStatus.UNKNOWN),
        paused in _TRUE,
        _text(reason) or None,
        as_integer(penalty) or 0,
        in_call in _TRUE,
        ring_in_use is None or ring_in_use in _TRUE,  # QueueStatus does not tell
        _text(membership),
    )


def _text(value: str | None) -> str:
    return value[:TEXT_LIMIT] if value else ""


def queue_params(block: str) -> ev.QueueParams:
    """One queue of QueueStatus."""
    return ev.QueueParams(
        queue=required(block, "\r\nQueue: "),
        strategy=text(block, "\r\nStrategy: "),
        completed=integer(block, "\r\nCompleted: ") or 0,
        abandoned=integer(block, "\r\nAbandoned: ") or 0,
    )


def waiting_caller(block: str) -> ev.WaitingCaller:
    """One waiting caller of QueueStatus."""
    return ev.WaitingCaller(
        queue=required(block, "\r\nQueue: "),
        uniqueid=identity(block, "\r\nUniqueid: "),
        channel_name=text(block, "\r\nChannel: "),
        position=integer(block, "\r\nPosition: ") or 0,
        wait_s=float(integer(block, "\r\nWait: ") or 0),
    )


def running_channel(block: str) -> ev.RunningChannel:
    """One row of CoreShowChannels."""
    bridge = identity_or_none(block, "\r\nBridgeId: ")
    return ev.RunningChannel(
        channel=channel(block),
        bridge=None if bridge is None else ev.BridgeId(bridge),
        application=text(block, "\r\nApplication: "),
        duration_s=_duration(text(block, "\r\nDuration: ")),
    )


def _duration(clock: str) -> float | None:
    """`26:01:05` → seconds; Asterisk counts hours on beyond a day."""
    parts = clock.split(":")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 8 for part in parts):
        return None
    hours, minutes, seconds = map(int, parts)
    return float(hours * 3600 + minutes * 60 + seconds)
