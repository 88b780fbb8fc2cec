"""Lines of Asterisk's queue_log: `time|callid|queue|member|event|data…`."""

from __future__ import annotations

import re

from crm_store.call_history import QueueEvent, checked_key
from crm_store.errors import InvalidInput

#: What happens to one caller. The others are about members and the service: pauses, log-ins, reloads.
CALL_EVENTS = frozenset(
    {"ENTERQUEUE", "CONNECT", "COMPLETEAGENT", "COMPLETECALLER", "ABANDON", "EXITWITHTIMEOUT", "EXITWITHKEY"}
    | {"EXITEMPTY", "JOINEMPTY", "RINGNOANSWER", "RINGCANCELED", "TRANSFER", "BLINDTRANSFER", "ATTENDEDTRANSFER"}
    | {"AGENTDUMP"}
)
_LINE = re.compile(r"\d{9,10}(?:\.\d{1,6})?\|[^|]*\|[^|]*\|[^|]*\|[A-Z]+(?:\||$)")
_EVENT = re.compile(r"[A-Z][A-Z_]{1,39}")
_NOBODY = frozenset({"", "NONE"})


def looks_like_queue_log(line: str) -> bool:
    """Whether a file with this line is a queue_log."""
    return _LINE.match(line) is not None


def queue_event(text: str, line: int, *, latest: float) -> QueueEvent | None:
    """The event of one caller; None for those of members and of the service. Raises InvalidInput."""
    cells = text.split("|")
    if len(cells) < 5:
        raise InvalidInput("line", "is not time|callid|queue|member|event|…")
    time, callid, queue, member, event, *data = cells
    at = _time(time, latest)
    if not _EVENT.fullmatch(event):
        raise InvalidInput("event", f"{event[:40]!r} is not a queue_log event.")
    if event not in CALL_EVENTS:
        return None
    known = checked_key(callid, "callid")
    if known is None or callid == "NONE" or queue in _NOBODY:
        raise InvalidInput("callid", f"{event} without a caller or a queue.")
    return QueueEvent(
        line=line,
        at=at,
        callid=known,
        queue=queue,
        member=None if member in _NOBODY else member,
        event=event,
        data=tuple(data),
    )


def _time(text: str, latest: float) -> float:
    try:
        at = float(text)
    except ValueError:
        raise InvalidInput("time", f"{text[:40]!r} is not a time in seconds since 1970.") from None
    if not 0 < at <= latest:
        raise InvalidInput("time", f"{text[:40]!r} is in the future or before 1970.")
    return at
