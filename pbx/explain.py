"""What each AMI event did to one call, and why: the events are folded once more, and the call is compared before and after each.

steps = explain(events, PbxState(...), call)

Which events belong to the call is found out here, by its channels, Local halves and bridges; a channel that joins late (a transfer's
consultation, a pickup) brings its earlier events along.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pbx import events as ami
from pbx.call_changes import COUNTED, CallChange, call_changes
from pbx.call_events import Anomaly, CallDropped, CallEnded, CallEvent
from pbx.calls import Call, CallId, CallState
from pbx.event_words import bridges_of, channels_of, detail_of, subject_of, unchanged_reason
from pbx.events import BridgeId, PbxEvent, Uniqueid
from pbx.pbx_state import PbxState

#: What ends a record without an event of its own.
TIME_PASSES = "(time passes)"
END_OF_CAPTURE = "(end of capture)"

_EVERY_CALLS = (ami.LinkLost, ami.ResyncSnapshot, ami.Shutdown)
_HELD_APART = "holding"  # a park or a music room: who is in it together does not talk together


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One event of a call. Where nothing but seconds changed, `reason` says why."""

    at: float | None
    event: str
    channel: str | None
    detail: str
    changes: tuple[CallChange, ...]
    reason: str

    @property
    def told(self) -> bool:
        """The record says something else now, not only more seconds."""
        return any(COUNTED not in change.rules for change in self.changes)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One event and what it did to the call."""

    event: PbxEvent | None  # None: time passed, or the capture ended
    name: str
    changes: tuple[CallChange, ...]
    begun: bool  # the call was a call by then
    elsewhere: tuple[CallId, ...]  # other calls that it changed


def explain(events: Iterable[PbxEvent], state: PbxState, call: Call) -> list[Step]:
    """The steps of `call` in the order of its events. `state` is a fresh one."""
    watch = _Watch(call)
    now = 0.0
    for event in events:
        now = max(now, event.at or 0.0)
        watch.take(event, state.apply(event, now))
    watch.over(state.finish())
    return list(_steps(watch))


class _Watch:
    """Follows one call through a stream: its value, its channels and bridges, and every event that may turn out to be its own."""

    def __init__(self, call: Call) -> None:
        self.id = call.id
        self.seen: list[_Seen] = []
        # In the end it was withheld: then its digits are not told for the time before, either.
        self._withheld = call.remote_restricted
        self._value: Call | None = None
        self._over = False
        self._channels: set[Uniqueid] = {call.uniqueid}
        self._bridges: set[BridgeId] = set()
        self.taken: set[CallId] = set()  # calls that became part of this one

    def take(self, event: PbxEvent, told: Sequence[CallEvent]) -> None:
        """One event, and what it gave."""
        self._note(None, TIME_PASSES, [one for one in told if isinstance(one, CallEnded)])
        rest = [one for one in told if not isinstance(one, CallEnded)]
        own = [one for one in rest if self._is_own(one)]
        self._learn(event, changed=bool(own))
        own += [one for one in rest if isinstance(one, Anomaly) and one.call_id is None and self.concerns(event)]
        self._take_over(own)
        elsewhere = {call.id: None for one in rest if (call := _call(one)) is not None and call.id != self.id}
        if own or self._may_concern(event):
            self._note(event, type(event).__name__, own, tuple(elsewhere))

    def over(self, told: Sequence[CallEvent]) -> None:
        """The capture ended: now it is known which channels the call had."""
        self._note(None, TIME_PASSES, [one for one in told if isinstance(one, CallEnded)])
        self._note(None, END_OF_CAPTURE, [one for one in told if not isinstance(one, CallEnded)])
        for seen in self.seen:
            if seen.event is not None:
                self._learn(seen.event, changed=False)

    def concerns(self, event: PbxEvent) -> bool:
        """One of the call's channels or bridges is in it, or it concerns every call that lives."""
        if isinstance(event, _EVERY_CALLS):
            return True
        named = {channel.uniqueid for channel in channels_of(event)}
        return not named.isdisjoint(self._channels) or not self._bridges.isdisjoint(bridges_of(event))

    def _note(
        self, event: PbxEvent | None, name: str, told: Sequence[CallEvent], elsewhere: tuple[CallId, ...] = ()
    ) -> None:
        own = [one for one in told if self._is_own(one) or isinstance(one, Anomaly)]
        if event is None and not own:
            return
        values = [value for one in own if (value := self._value_in(one)) is not None]
        before, self._value = self._value, values[-1] if values else self._value
        changes = call_changes(before, self._value, own) if own else ()
        self.seen.append(_Seen(event, name, changes, before is not None, elsewhere))
        self._over |= any(isinstance(one, CallEnded) or self._is_dropped(one) for one in own)

    def _is_own(self, told: CallEvent) -> bool:
        return self._value_in(told) is not None or getattr(told, "call_id", None) == self.id

    def _is_dropped(self, told: CallEvent) -> bool:
        return isinstance(told, CallDropped) and told.call.id == self.id

    def _value_in(self, told: CallEvent) -> Call | None:
        """The call as this event tells it, if it is about this call."""
        call = _call(told)
        if isinstance(told, CallDropped) and told.into is not None and told.into.id == self.id:
            call = told.into
        if call is None or call.id != self.id:
            return None
        return replace(call, remote_raw=None, remote_name=None) if self._withheld else call

    def _take_over(self, told: Sequence[CallEvent]) -> None:
        """A consultation becomes part of this call: its channels were ours all the time."""
        for one in told:
            if isinstance(one, CallDropped) and one.call.id != self.id:
                self._channels.add(one.call.uniqueid)
                self.taken.add(one.call.id)

    def _may_concern(self, event: PbxEvent) -> bool:
        """Worth keeping until we know which channels the call had: from the root's first event to the final record."""
        if isinstance(event, _EVERY_CALLS):
            return self._value is not None and self._value.state is not CallState.ENDED and not self._over
        if self._over or not self.seen:
            return self.concerns(event)
        return bool(channels_of(event) or bridges_of(event))

    def _learn(self, event: PbxEvent, *, changed: bool) -> None:
        """Channels and bridges that are the call's from here on."""
        match event:
            case ami.Newchannel(channel=channel) if channel.linkedid in self._channels:
                self._channels.add(channel.uniqueid)
            case ami.DialBegin(caller=caller, dest=dest) if caller is not None and caller.uniqueid in self._channels:
                self._channels.add(dest.uniqueid)
            case ami.LocalBridge(one=one, two=two) if not self._channels.isdisjoint({one.uniqueid, two.uniqueid}):
                self._channels |= {one.uniqueid, two.uniqueid}
            case ami.ResyncSnapshot(channels=rows):
                linked = [row.channel for row in rows or () if row.channel.linkedid in self._channels]
                self._channels |= {channel.uniqueid for channel in linked}
        if changed:
            self._channels |= {channel.uniqueid for channel in channels_of(event)}
        if isinstance(event, ami.BridgeEnter) and event.bridge_type != _HELD_APART and self.concerns(event):
            self._bridges.add(event.bridge)


def _call(told: CallEvent) -> Call | None:
    call: Call | None = getattr(told, "call", None)
    return call


def _steps(watch: _Watch) -> Iterator[Step]:
    gone: set[Uniqueid] = set()
    for seen in watch.seen:
        event = seen.event
        if event is None:
            yield Step(at=None, event=seen.name, channel=None, detail="", changes=seen.changes, reason="")
            continue
        if not seen.changes and not watch.concerns(event):
            continue
        subject = subject_of(event)
        yield Step(
            at=event.at,
            event=seen.name,
            channel=subject.name if subject is not None else None,
            detail=detail_of(event),
            changes=seen.changes,
            reason=_reason(seen, event, gone, watch.taken),
        )
        if isinstance(event, ami.Hangup):
            gone.add(event.channel.uniqueid)


def _reason(seen: _Seen, event: PbxEvent, gone: set[Uniqueid], taken: set[CallId]) -> str:
    """Why the event changed nothing in this call; a change gives its own reasons."""
    subject = subject_of(event)
    if any(COUNTED not in change.rules for change in seen.changes):
        return ""
    if subject is not None and subject.uniqueid in gone:
        return "the channel has hung up, what comes late counts nothing (P3)"
    if seen.elsewhere:
        later = (
            "noted: it concerns call {}, part of this one later" if taken & {*seen.elsewhere} else "it concerns call {}"
        )
        return later.format(", ".join(seen.elsewhere))
    if not seen.begun:
        return "noted: not a call yet, a phone is silent until it dials somebody"
    return unchanged_reason(event)
