"""The queues of a call out of its history: of a queue_log with times and reasons, of CDR lines by name alone."""

from __future__ import annotations

from collections.abc import Sequence

from crm_store.call_history import CdrLine, QueueEvent
from ctiserver.history_legs import Attempt, number_in
from pbx.calls import QueueResult, QueueWait

#: How a stay ends, and where the event says for how long it was (else CONNECT's own hold time).
_ENDS = {
    "CONNECT": (QueueResult.ANSWERED, 0),
    "ABANDON": (QueueResult.ABANDONED, 2),
    "EXITWITHTIMEOUT": (QueueResult.TIMEOUT, 2),
    "EXITEMPTY": (QueueResult.EMPTY, 2),
    "EXITWITHKEY": (QueueResult.EXIT_KEY, 3),
    "JOINEMPTY": (QueueResult.EMPTY, 99),
}


def waits_of(
    own: Sequence[CdrLine], attempts: Sequence[Attempt], events: Sequence[QueueEvent]
) -> tuple[QueueWait, ...]:
    """Every stay in a queue, in order. `own`: the lines of the caller's channel."""
    return _of_events(events) or _of_lines(own, attempts)


def entered_queue(events: Sequence[QueueEvent]) -> str | None:
    """The caller's number as the queue got it; a `|` in it is the caller's own."""
    numbers = ("|".join(event.data[1:-1]) for event in events if event.event == "ENTERQUEUE")
    return next((number for number in numbers if number), None)


def _of_events(events: Sequence[QueueEvent]) -> tuple[QueueWait, ...]:
    waits: list[QueueWait] = []
    for event in events:
        if event.event == "ENTERQUEUE":
            waits.append(QueueWait(queue=event.queue, joined_at=event.at, left_at=None, wait_s=None, result=None))
        elif event.event in _ENDS:
            begun = waits and waits[-1].left_at is None and waits[-1].queue == event.queue
            joined_at = waits.pop().joined_at if begun else None
            waits.append(_ended(event, joined_at))
    return tuple(waits)


def _ended(event: QueueEvent, joined_at: float | None) -> QueueWait:
    """A stay whose beginning is in another file still tells how long it was."""
    result, place = _ENDS[event.event]
    since = event.at - number_in(event, place) if joined_at is None else joined_at
    return QueueWait(
        queue=event.queue, joined_at=since, left_at=event.at, wait_s=max(0.0, event.at - since), result=result
    )


def _of_lines(own: Sequence[CdrLine], attempts: Sequence[Attempt]) -> tuple[QueueWait, ...]:
    waits: list[QueueWait] = []
    for line in own:
        if line.app != "Queue":
            continue
        name = line.app_data.partition(",")[0]
        stay = [one for one in own if one.app == "Queue" and one.app_data.partition(",")[0] == name]
        if name and not any(wait.queue == name for wait in waits):
            result = _result(stay, own, attempts)
            waits.append(QueueWait(queue=name, joined_at=None, left_at=None, wait_s=None, result=result))
    return tuple(waits)


def _result(stay: Sequence[CdrLine], own: Sequence[CdrLine], attempts: Sequence[Attempt]) -> QueueResult | None:
    """Answered, or given up where nothing follows; why else the caller left, a CDR does not say."""
    if any(line.disposition == "ANSWERED" and line.dst_channel for line in stay):
        return QueueResult.ANSWERED
    last = max(own, key=lambda line: (line.ended_at, line.started_at, line.line))
    return QueueResult.ABANDONED if last in stay and not any(one.answered for one in attempts) else None
