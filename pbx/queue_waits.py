"""The caller in queues: joins, leaves, gives up, is connected; and the dialplan's words about it, where the PBX grants them.

AgentComplete is not among the events: it is late, may lack its channels and counts on after a transfer (P6).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pbx import events as ami
from pbx import outcomes
from pbx.call_book import CallBook
from pbx.call_events import CallAbandoned, CallQueued
from pbx.calls import Direction
from pbx.live_leg import LiveWait
from pbx.sightings import Sightings


class QueueWaits:
    """Turns queue events into stays in queues."""

    def __init__(self, book: CallBook, sightings: Sightings) -> None:
        self._book = book
        self._sightings = sightings

    def _queue_join(self, event: ami.QueueCallerJoin, at: float | None, now: float) -> None:
        call = self._book.call_of(self._sightings.see(event.channel, at))
        if call is None or call.ended or (call.open_wait is not None and call.open_wait.queue == event.queue):
            return
        if call.open_wait is not None:
            call.open_wait.leave(at)
        call.waits.append(LiveWait(event.queue, at))
        call.last_at = at
        if call.announced:
            self._book.emit(CallQueued(at=at, call=call.value(), queue=event.queue), call)

    def _queue_leave(self, event: ami.QueueCallerLeave, at: float | None, now: float) -> None:
        call = self._book.call_of(self._sightings.see(event.channel, at))
        if call is None or call.open_wait is None or call.open_wait.queue != event.queue:
            return
        wait = call.open_wait
        wait.leave(at)
        if call.root_hangup_requested and not wait.connected:
            wait.abandoned = wait.abandon_requested = True  # also when the Abandon fell into a gap
        self._book.touch(call, at)

    def _queue_abandon(self, event: ami.QueueCallerAbandon, at: float | None, now: float) -> None:
        channel = self._sightings.see(event.channel, at)
        call = self._book.call_of(channel)
        wait = call.open_wait if call is not None else None
        if channel is None or call is None or wait is None or wait.abandoned or wait.queue != event.queue:
            return
        wait.abandoned = True
        wait.abandon_requested = call.root_hangup_requested
        call.last_at = at
        if wait.abandon_requested:
            self._book.emit(CallAbandoned(at=at, call=call.value(), queue=event.queue), call)
        else:
            self._book.touch(call, at)

    def _agent_connect(self, event: ami.AgentConnect, at: float | None, now: float) -> None:
        caller = self._sightings.see(event.caller, at) if event.caller is not None else None
        call = self._book.call_of(caller)
        if call is None:
            return
        for wait in reversed(call.waits):
            if wait.queue == event.queue:
                wait.connected = True
                break
        dest = self._sightings.see(event.dest, at) if event.dest is not None else None
        leg = call.leg_of_channel(dest.uniqueid) if dest is not None else None
        if leg is not None and dest is not None:
            self._book.picked_up(call, leg, dest, at)
        self._book.touch(call, at)

    def _newexten(self, event: ami.Newexten, at: float | None, now: float) -> None:
        channel = self._sightings.see(event.channel, at)
        call = self._book.call_of(channel)
        if channel is None or call is None or channel.uniqueid != call.key:
            return
        if event.application in outcomes.VOICEMAIL_APPS and call.direction is Direction.INBOUND:
            call.voicemail = True
            self._book.touch(call, at)
        elif event.application == "Queue":
            self._book.last_queue_asked[call.key] = event.app_data.partition(",")[0]

    def _varset(self, event: ami.VarSet, at: float | None, now: float) -> None:
        if event.variable != "QUEUESTATUS" or event.channel is None:
            return
        channel = self._sightings.see(event.channel, at)
        call = self._book.call_of(channel)
        if channel is None or call is None or not event.value:
            return
        # Each Queue() ends with one status: a second one without another Queue() is an echo.
        queue = self._book.last_queue_asked.pop(call.key, None)
        if call.waits and call.waits[-1].status is None and call.waits[-1].left:
            call.waits[-1].status = event.value
        elif call.open_wait is None:
            # FULL and JOINEMPTY come without a QueueCallerJoin (A30); only Newexten names the queue.
            if queue is None:
                return
            wait = LiveWait(queue, at)
            wait.leave(at)
            wait.status = event.value
            call.waits.append(wait)
        self._book.touch(call, at)


HANDLERS: dict[type, Callable[[QueueWaits, Any, float | None, float], None]] = {
    ami.QueueCallerJoin: QueueWaits._queue_join,
    ami.QueueCallerLeave: QueueWaits._queue_leave,
    ami.QueueCallerAbandon: QueueWaits._queue_abandon,
    ami.AgentConnect: QueueWaits._agent_connect,
    ami.Newexten: QueueWaits._newexten,
    ami.VarSet: QueueWaits._varset,
}
