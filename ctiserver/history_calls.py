"""The lines of one call's history as the value that the call log writes down. What the lines do not tell stays unknown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from crm_store.call_history import CdrLine, QueueEvent
from crm_store.call_log import CallNumbering
from crm_store.phone_numbers import NumberKind, normalise, normalise_did
from ctiserver.history_legs import (
    Attempt,
    People,
    attempts_of,
    leg_of_caller,
    legs_of,
    legs_of_events,
    outside_number,
)
from ctiserver.history_outcomes import ended_by_of, outbound_outcome, outcome_of, transfers_of
from ctiserver.history_queues import entered_queue, waits_of
from pbx.calls import Call, CallLeg, CallOutcome, CallState, Direction, LegResult, QueueResult, QueueWait, new_call_id
from pbx.devices import DeviceKind, endpoint_of
from pbx.events import PbxName, Uniqueid

_PARKING = frozenset({"Park", "ParkedCall"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHistory:
    """Everything that the files say of one call, in the order of time."""

    lines: tuple[CdrLine, ...]
    events: tuple[QueueEvent, ...] = ()

    @property
    def uniqueids(self) -> frozenset[str]:
        """By which of Asterisk's ids the call log may know this call."""
        ids = {key for line in self.lines for key in (line.uniqueid, line.linkedid) if key}
        return frozenset(ids | {event.callid for event in self.events})

    @property
    def root(self) -> CdrLine:
        """A line of the channel that began the call."""
        return next((line for line in self.lines if line.uniqueid == line.linkedid), self.lines[0])

    @property
    def started_at(self) -> float:
        return min([line.started_at for line in self.lines] + [event.at for event in self.events])


@dataclass(frozen=True, slots=True)
class NoCall:
    """Lines that are no conversation. `device`: neither a trunk nor a phone by the configuration."""

    device: str | None = None


def call_of(history: CallHistory, pbx: str, people: People, numbering: CallNumbering) -> Call | NoCall:
    """The call, or why it is none."""
    if not history.lines:
        return _queue_call(history, pbx, people, numbering)
    kind = people.kind(history.root.channel)
    if kind is DeviceKind.OTHER:
        return NoCall(device=endpoint_of(history.root.channel))
    attempts = attempts_of(history.lines, history.events, people)
    if kind is DeviceKind.TRUNK:
        return _inbound(history, attempts, pbx, people, numbering)
    outside = [attempt for attempt in attempts if attempt.outside]
    if outside and (kind is DeviceKind.LOCAL or attempts[0].outside):
        return _outbound(history, attempts, outside, pbx, people)
    if kind is DeviceKind.PHONE and (attempts or history.events):
        return _internal(history, attempts, pbx, people)
    return NoCall()  # a phone alone: a feature code, an open line, a number that leads nowhere


def _inbound(
    history: CallHistory, attempts: Sequence[Attempt], pbx: str, people: People, numbering: CallNumbering
) -> Call:
    root, call = history.root, _answering(history, attempts, pbx, people)
    withheld = root.name is not None and normalise(root.name, numbering.incoming).kind is NumberKind.WITHHELD
    return replace(
        call,
        direction=Direction.INBOUND,
        remote_raw=None if withheld else root.number,
        remote_name=root.name,
        remote_restricted=withheld,
        did_raw=root.did or (None if call.transfers else _did(_own(history, root), numbering)),
        wait_s=_wait_s(call),
        parked_s=sum(line.ended_at - line.started_at for line in _own(history, root) if line.app in _PARKING),
        ended_by=ended_by_of(call.outcome, Direction.INBOUND, history.events, call.ended_at),
    )


def _internal(history: CallHistory, attempts: Sequence[Attempt], pbx: str, people: People) -> Call:
    """The colleague who calls has a leg, too."""
    call = _answering(history, attempts, pbx, people)
    answered = any(leg.result is LegResult.ANSWERED for leg in call.legs)
    caller = leg_of_caller(history.root, call.answered_at, answered=answered, people=people)
    return replace(
        call,
        legs=_numbered((caller, *call.legs)),
        # A transfer writes over what was dialled.
        remote_raw=call.legs[0].extension if call.transfers and call.legs else history.root.dialled,
        ended_by=ended_by_of(call.outcome, Direction.INTERNAL, history.events, call.ended_at),
    )


def _answering(history: CallHistory, attempts: Sequence[Attempt], pbx: str, people: People) -> Call:
    """What calls to us and among colleagues have in common: somebody is rung, perhaps out of a queue."""
    call = _begun(history, pbx)
    own = _own(history, history.root)
    waits = waits_of(own, attempts, history.events)
    queue = waits[-1].queue if waits else None
    legs = legs_of(attempts, people, gave_up_at=_gave_up_at(own, waits), queue=queue)
    if not any(leg.result is LegResult.ANSWERED for leg in legs):
        # An agent with an open line, a member behind a Local channel: no line is theirs.
        told = legs_of_events(history.events, people, call.ended_at or 0.0)
        legs += [leg for leg in told if leg.result is LegResult.ANSWERED]
    return _with_talk(
        replace(
            call,
            queue=_queue_of(waits),
            queues=waits,
            legs=_numbered(legs),
            transfers=transfers_of(attempts, legs, history.events),
            outcome=outcome_of(own, legs, waits),
        )
    )


def _outbound(
    history: CallHistory, attempts: Sequence[Attempt], outside: Sequence[Attempt], pbx: str, people: People
) -> Call:
    taken = next((attempt for attempt in outside if attempt.answered), outside[-1])
    line = taken.line
    talk_from = line.answered_at if taken.answered else None
    rung = [attempt for attempt in attempts if not attempt.outside]
    legs = legs_of(rung, people, gave_up_at=None, queue=None)
    if people.kind(line.channel) is DeviceKind.PHONE:
        legs.insert(0, leg_of_caller(line, talk_from, answered=taken.answered, people=people))
    else:
        legs = [_clicked(leg, talk_from) for leg in legs]
    call = _begun(history, pbx)
    outcome = outbound_outcome(_own(history, line), answered=taken.answered)
    return _with_talk(
        replace(
            call,
            direction=Direction.OUTBOUND,
            remote_raw=line.dialled,
            dialled_raw=outside_number(line),
            legs=_numbered(legs),
            transfers=transfers_of([taken, *rung], legs, ()),
            ring_s=(line.answered_at or line.ended_at) - line.started_at,
            outcome=outcome,
            ended_by=ended_by_of(outcome, Direction.OUTBOUND, (), call.ended_at),
        )
    )


def _clicked(leg: CallLeg, talk_from: float | None) -> CallLeg:
    """Click-to-dial rings the colleague first: the talk begins when the outside answers."""
    if leg.result is not LegResult.ANSWERED:
        return leg
    if talk_from is None:
        return replace(leg, result=LegResult.CALLER, talk_s=0.0)
    return replace(leg, answered_at=talk_from, talk_s=max(0.0, (leg.ended_at or 0.0) - talk_from))


def _queue_call(history: CallHistory, pbx: str, people: People, numbering: CallNumbering) -> Call:
    """What a queue_log alone knows: the call began before the queue, and may have gone on after it."""
    call, raw = _begun(history, pbx), entered_queue(history.events)
    waits = waits_of((), (), history.events)
    legs = legs_of_events(history.events, people, call.ended_at or 0.0)
    colleague = people.plan.owner_of_extension(raw) if raw else None
    inside = colleague is not None or normalise(raw, numbering.incoming).kind is NumberKind.INTERNAL
    direction = Direction.INTERNAL if inside else Direction.INBOUND
    outcome = outcome_of((), legs, waits)
    found = _with_talk(
        replace(
            call,
            direction=direction,
            remote_raw=raw,
            queue=_queue_of(waits),
            queues=waits,
            legs=_numbered(legs),
            transfers=transfers_of((), legs, history.events),
            parked_s=None,
            outcome=outcome,
            ended_by=ended_by_of(outcome, direction, history.events, call.ended_at),
        )
    )
    return found if inside else replace(found, wait_s=_wait_s(found))


# --- the value ---------------------------------------------------------------------------------------------------------


def _begun(history: CallHistory, pbx: str) -> Call:
    """A call of which only the frame is known. Without Uniqueids its first channel and second stand for it."""
    started_at = history.started_at
    ended_at = max([line.ended_at for line in history.lines] + [event.at for event in history.events])
    root = history.root if history.lines else None
    first = root.uniqueid if root is not None else history.events[0].callid
    key = first or f"{history.lines[0].channel}@{started_at:.0f}"
    return Call(
        id=new_call_id(PbxName(pbx), Uniqueid(key), started_at, 0),
        pbx=PbxName(pbx),
        uniqueid=Uniqueid(first or ""),
        linkedid=Uniqueid((root.linkedid if root is not None else first) or first or ""),
        direction=Direction.INTERNAL,
        state=CallState.ENDED,
        remote_raw=None,
        remote_name=None,
        remote_restricted=False,
        dialled_raw=None,
        did_raw=None,
        queue=None,
        queues=(),
        legs=(),
        transfers=(),
        started_at=started_at,
        answered_at=None,
        ended_at=ended_at,
        wait_s=None,
        ring_s=None,
        talk_s=0.0,
        hold_s=None,
        parked_s=0.0,
        outcome=None,
        ended_by=None,
        hangup_cause=None,
        click_to_dial=None,
        estimated=True,
    )


def _own(history: CallHistory, line: CdrLine) -> list[CdrLine]:
    """The lines of one channel."""
    return [one for one in history.lines if one.channel == line.channel]


def _gave_up_at(own: Sequence[CdrLine], waits: Sequence[QueueWait]) -> float | None:
    """When the caller's line went dead while it rang: nothing follows, and no queue says that it sent the caller away."""
    if waits and waits[-1].result is not QueueResult.ABANDONED:
        return None
    last = max(own, key=lambda line: (line.ended_at, line.started_at, line.line))
    return last.ended_at if waits or last.dst_channel else None


def _queue_of(waits: Sequence[QueueWait]) -> str | None:
    """The first queue that led to a talk, else the last one waited in."""
    answered = (wait.queue for wait in waits if wait.result is QueueResult.ANSWERED)
    return next(answered, waits[-1].queue if waits else None)


def _wait_s(call: Call) -> float | None:
    """From the first queue, else from the start, to the talk; without one, to leaving the queue, else to the end."""
    if call.outcome is CallOutcome.UNKNOWN and not call.legs:
        return None
    talked = call.outcome is CallOutcome.ANSWERED
    left_at = call.queues[-1].left_at if call.queues else call.ended_at
    since = call.queues[0].joined_at if call.queues else call.started_at
    until = call.answered_at if talked else left_at
    return None if since is None or until is None else max(0.0, until - since)


def _did(own: Iterable[CdrLine], numbering: CallNumbering) -> str | None:
    """The dialplan writes over the number that the caller dialled; what is left of it looks like a telephone number."""
    kinds = ((line.dialled, normalise_did(line.dialled, numbering.incoming).kind) for line in own)
    return next((dialled for dialled, kind in kinds if kind is NumberKind.E164), None)


def _with_talk(call: Call) -> Call:
    """When the talk began and how long it was, unless it is unknown of one who talked; rings count until then."""
    talks = [leg for leg in call.legs if leg.result is LegResult.ANSWERED]
    if not talks:
        talked = call.outcome is CallOutcome.ANSWERED
        return replace(call, ring_s=_union(call.legs, call.ring_s), talk_s=None if talked else 0.0)
    starts = [leg.answered_at for leg in talks]
    if None in starts:
        return replace(call, answered_at=starts[0], talk_s=None)
    begun = min(start for start in starts if start is not None)
    spans = [(leg.answered_at or 0.0, leg.ended_at or 0.0) for leg in talks]
    return replace(call, answered_at=begun, talk_s=_length(spans), ring_s=_union(call.legs, call.ring_s, until=begun))


def _union(legs: Sequence[CallLeg], known: float | None, *, until: float | None = None) -> float | None:
    """Seconds in which phones rang; None when one of them rang nobody knows when."""
    rung = [leg for leg in legs if leg.result is not LegResult.CALLER and leg.ring_s is not None]
    if known is not None or not rung:
        return known
    spans = [(leg.rang_at or 0.0, (leg.rang_at or 0.0) + (leg.ring_s or 0.0)) for leg in rung]
    return _length([(since, end if until is None else min(end, until)) for since, end in spans])


def _length(spans: Sequence[tuple[float, float]]) -> float:
    total, covered = 0.0, float("-inf")
    for since, until in sorted(spans):
        total += max(0.0, until - max(since, covered))
        covered = max(covered, until)
    return total


def _numbered(legs: Iterable[CallLeg]) -> tuple[CallLeg, ...]:
    return tuple(replace(leg, leg_id=number) for number, leg in enumerate(legs))
