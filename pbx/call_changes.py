"""Two values of a call, one event apart: what is different, in the words of a telephony person, and by which rule.

A field that has no words of its own is told by its name, so that no change stays unsaid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeAlias

from pbx.call_events import (
    Anomaly,
    CallAnswered,
    CallDropped,
    CallEnded,
    CallEvent,
    CallLegEnded,
    CallOffered,
    CallSpied,
)
from pbx.call_rules import RULES
from pbx.calls import Call, CallLeg, Direction, LegResult, QueueWait, Transfer

#: The rule of a change that is none to a reader: only seconds went on.
COUNTED = "counted"
SECONDS_GO_ON = "seconds go on"


@dataclass(frozen=True, slots=True)
class CallChange:
    """One thing that is different now. `rules` are keys of `RULES`; the first is the kind of the change."""

    words: str
    rules: tuple[str, ...]

    @property
    def why(self) -> tuple[str, ...]:
        """One sentence for each rule."""
        return tuple(str(RULES[rule]) for rule in self.rules)


def call_changes(before: Call | None, after: Call | None, told: Sequence[CallEvent] = ()) -> tuple[CallChange, ...]:
    """What is different, the most telling first. `told`: the call events that came out with `after`."""
    if after is None:
        return tuple(_said(told))
    found = list(_started(after)) if before is None else []
    start = before if before is not None else _nothing_yet(after)
    for names, describe in _DESCRIBED:
        if not names or any(getattr(start, name) != getattr(after, name) for name in names):
            found += describe(start, after, told)
    found += _unnamed(start, after)
    found += _said(told)
    found += _closed(after, told)
    if not found and before != after:
        found.append(_change(_counted(start, after), COUNTED))
    return tuple(found)


def _change(words: str, *rules: str) -> CallChange:
    return CallChange(words, rules)


# --- the call as a whole ------------------------------------------------------------------------------------------------


def _nothing_yet(call: Call) -> Call:
    """The call before its first event: what `_started` tells, and nothing else."""
    return replace(call, legs=(), queues=(), queue=None, transfers=(), answered_at=None, ended_at=None, outcome=None)


def _started(call: Call) -> Iterator[CallChange]:
    inbound = call.direction is Direction.INBOUND
    facts = [f"call starts: {call.direction.value} {'from' if inbound else 'to'} {_remote(call)}"]
    if call.did_raw is not None:
        facts.append(f"dialled {call.did_raw}")
    if call.dialled_raw not in (None, call.remote_raw):
        facts.append(f"the line is sent {call.dialled_raw}")
    facts.append(f"state {call.state.value}")
    rules = ["start.click" if call.click_to_dial else f"start.{call.direction.value}"]
    if call.estimated:
        rules.append("start.late")
    yield _change(", ".join(facts), *rules)


def _remote(call: Call) -> str:
    if call.remote_restricted:
        return "a withheld number"
    return " ".join(part for part in (call.remote_raw, call.remote_name) if part) or "an unknown number"


def _remote_changed(before: Call, after: Call, told: Sequence[CallEvent]) -> Iterator[CallChange]:
    if after.remote_restricted and not before.remote_restricted:
        yield _change("the number is withheld", "withheld")
    else:
        yield _change(f"the remote party is {_remote(after)}", "remote")


def _line(before: Call, after: Call, told: Sequence[CallEvent]) -> Iterator[CallChange]:
    yield _change(f"the line is sent {after.dialled_raw}", "line")


def _direction(before: Call, after: Call, told: Sequence[CallEvent]) -> Iterator[CallChange]:
    yield _change(f"direction {before.direction.value} → {after.direction.value}", "direction")


def _state(before: Call, after: Call, told: Sequence[CallEvent]) -> Iterator[CallChange]:
    yield _change(f"state {before.state.value} → {after.state.value}", f"state.{after.state.value}")


def _estimated(before: Call, after: Call, told: Sequence[CallEvent]) -> Iterator[CallChange]:
    yield _change("estimated from now on" if after.estimated else "not estimated any more", "estimated")


def _ended(before: Call, after: Call, told: Sequence[CallEvent]) -> Iterator[CallChange]:
    parts, rules = [], []
    if after.outcome is not None and after.outcome is not before.outcome:
        parts.append(after.outcome.value)
        rules.append(f"outcome.{after.outcome.value}")
    if after.ended_by is not None and after.ended_by is not before.ended_by:
        parts.append(f"by {after.ended_by.value}")
        rules.append(f"ended_by.{after.ended_by.value}")
    if after.hangup_cause is not None and (rules or after.hangup_cause != before.hangup_cause):
        parts.append(f"cause {after.hangup_cause}")
        rules += [] if rules else ["cause"]
    if parts:
        line = "the line hangs up" if after.outcome is None else "ended"
        yield _change(f"{line if before.outcome is None else 'ended after all'}: {', '.join(parts)}", *rules)
    elif before.ended_at is None and after.ended_at is not None:
        yield _change("ended", "state.ended")


def _summary(call: Call) -> str:
    how = [call.outcome.value if call.outcome else call.state.value]
    if call.ended_by is not None:
        how.append(f"ended by {call.ended_by.value}")
    return ", ".join([*how, *_lengths(call)])


def _lengths(value: Call | CallLeg, *names: str) -> list[str]:
    shown = names or ("wait_s", "ring_s", "talk_s", "hold_s", "parked_s")
    lengths = [(name.removesuffix("_s"), round(getattr(value, name) or 0.0, 1)) for name in shown]
    return [f"{name} {seconds} s" for name, seconds in lengths if seconds]


# --- queues -------------------------------------------------------------------------------------------------------------


def _queues(before: Call, after: Call, told: Sequence[CallEvent]) -> Iterator[CallChange]:
    for index, wait in enumerate(after.queues):
        was = before.queues[index] if index < len(before.queues) else None
        if was != wait:
            yield from _queue(was, wait)


def _queue(was: QueueWait | None, wait: QueueWait) -> Iterator[CallChange]:
    name = f"queue {wait.queue}"
    if was is None:
        yield _change(f"{name}: joined", "queue.joined")
    if wait.result is not (was.result if was else None):
        result = wait.result.value if wait.result else "open"
        waited = f" after {wait.wait_s:.1f} s" if wait.wait_s is not None else ""
        corrected = f" (not {was.result.value} after all)" if was and was.result else ""
        yield _change(f"{name}: {result}{waited}{corrected}", f"queue.{result}")
    elif was is not None and was.left_at is None and wait.left_at is not None:
        yield _change(f"{name}: left after {_waited(wait)}", "queue.left")
    elif was is not None and (shown := _waited(wait)) != _waited(was):
        yield _change(f"{name}: waited {shown}", "queue.detail")


def _waited(wait: QueueWait) -> str:
    return f"{wait.wait_s or 0:.1f} s"


def _queue_named(before: Call, after: Call, told: Sequence[CallEvent]) -> Iterator[CallChange]:
    if len(before.queues) == len(after.queues):
        yield _change(f"the call's queue is {after.queue}", "queue.named")


# --- legs ---------------------------------------------------------------------------------------------------------------


def _talks(before: Call, after: Call, told: Sequence[CallEvent]) -> Iterator[CallChange]:
    for event in told:
        if isinstance(event, CallAnswered):
            yield _change(f"talk starts: remote ↔ {event.leg.endpoint} (leg {event.leg.leg_id})", "leg.talks")


def _legs(before: Call, after: Call, told: Sequence[CallEvent]) -> Iterator[CallChange]:
    known = {leg.leg_id: leg for leg in before.legs}
    for leg in after.legs:
        was = known.pop(leg.leg_id, None)
        changes = [*_leg_begins(was, leg, after, told), *_leg_goes_on(was, leg, told), *_leg_ends(was, leg, told)]
        yield from changes or _leg_details(was, leg, told)
    for leg in known.values():
        yield _change(f"{_name(leg)} is not part of this call any more", "leg.gone")


def _name(leg: CallLeg) -> str:
    return f"leg {leg.leg_id} {leg.endpoint}"


def _leg_begins(was: CallLeg | None, leg: CallLeg, call: Call, told: Sequence[CallEvent]) -> Iterator[CallChange]:
    rings = any(isinstance(event, CallOffered) and event.leg.leg_id == leg.leg_id for event in told)
    if rings or (was is not None and was.rang_at is None and leg.rang_at is not None):
        out_of = f" out of queue {leg.queue}" if leg.queue else ""
        yield _change(f"{_name(leg)} rings{out_of}", "leg.rings")
    elif was is None and leg.leg_id == 0 and call.direction is not Direction.INBOUND:
        yield _change(f"{_name(leg)} calls", "leg.calls")
    elif was is None:
        yield _change(f"{_name(leg)} joins", "leg.joins")
    if was is not None and was.endpoints != leg.endpoints:
        more = ", ".join(endpoint for endpoint in leg.endpoints if endpoint not in was.endpoints)
        yield _change(f"leg {leg.leg_id}: {more} rings, too", "leg.rings_too")
    if was is not None and was.endpoint != leg.endpoint:
        yield _change(f"leg {leg.leg_id} is {leg.endpoint}'s, no longer {was.endpoint}'s", "leg.device")


def _talk_starts(leg: CallLeg, told: Sequence[CallEvent]) -> bool:
    return any(event.leg.leg_id == leg.leg_id for event in told if isinstance(event, CallAnswered))


def _leg_goes_on(was: CallLeg | None, leg: CallLeg, told: Sequence[CallEvent]) -> Iterator[CallChange]:
    if not _talk_starts(leg, told) and leg.answered_at is not None and (was is None or was.answered_at is None):
        after_s = f" after {leg.ring_s:.1f} s" if leg.ring_s is not None else ""
        yield _change(f"{_name(leg)} is picked up{after_s}", "leg.picked_up")
    if leg.on_hold is not (was is not None and was.on_hold):
        held = "holds" if leg.on_hold else "resumes"
        yield _change(f"{_name(leg)} {held}", "leg.hold")
    if leg.via is not None and (was is None or was.via != leg.via):
        yield _change(f"{_name(leg)} goes on to {leg.via}", "leg.forwards")


def _leg_ends(was: CallLeg | None, leg: CallLeg, told: Sequence[CallEvent]) -> Iterator[CallChange]:
    if leg.result is None or (was is not None and was.result is leg.result):
        return
    lengths = _lengths(leg, "ring_s", "talk_s", "hold_s")
    winner = _winner(leg, told) if leg.result is LegResult.ANSWERED_ELSEWHERE else None
    facts = [leg.result.value, *([f"{winner} has the call"] if winner else []), *lengths]
    corrected = f" (not {was.result.value} after all)" if was is not None and was.result is not None else ""
    yield _change(f"{_name(leg)} ends: {', '.join(facts)}{corrected}", f"leg.{leg.result.value}")


def _winner(leg: CallLeg, told: Sequence[CallEvent]) -> str | None:
    for event in told:
        if isinstance(event, CallLegEnded) and event.leg.leg_id == leg.leg_id and event.winner is not None:
            return event.winner.endpoint
    return None


def _leg_details(was: CallLeg | None, leg: CallLeg, told: Sequence[CallEvent]) -> Iterator[CallChange]:
    if was is None or _talk_starts(leg, told):
        return
    for field in fields(CallLeg):
        old, new = getattr(was, field.name), getattr(leg, field.name)
        if old != new and field.name not in _SECONDS:
            yield _change(f"leg {leg.leg_id} {leg.endpoint}: {field.name} {_plain(old)} → {_plain(new)}", "leg.detail")


# --- talk and transfers -------------------------------------------------------------------------------------------------


def _answered(before: Call, after: Call, told: Sequence[CallEvent]) -> Iterator[CallChange]:
    if after.answered_at is not None and before.answered_at is None:
        waited = f", wait {after.wait_s:.1f} s" if after.wait_s is not None else ""
        yield _change(f"answered{waited}", "answered")
    else:
        yield _change("the first talk began at another time than we thought", "answered")


def _transfers(before: Call, after: Call, told: Sequence[CallEvent]) -> Iterator[CallChange]:
    for index, transfer in enumerate(after.transfers):
        was = before.transfers[index] if index < len(before.transfers) else None
        if was != transfer:
            result = transfer.result.value if transfer.result is not None else None
            words = _transfer(transfer) + (f": {result}" if result else "")
            yield _change(words, *(["transfer"] if was is None else []), *([f"transfer.{result}"] if result else []))
    for transfer in before.transfers[len(after.transfers) :]:
        yield _change(f"no {_transfer(transfer)} after all", "transfer.none")


def _transfer(transfer: Transfer) -> str:
    return f"transfer {transfer.kind.value} by {transfer.by} to {transfer.to}"


# --- what is left -------------------------------------------------------------------------------------------------------

_SECONDS = frozenset({"wait_s", "ring_s", "talk_s", "hold_s", "parked_s"})

Describe: TypeAlias = Callable[[Call, Call, Sequence[CallEvent]], Iterator[CallChange]]

#: In the order of the telling: a difference in one of these fields (of none: what was told) is put into words by this function.
_DESCRIBED: tuple[tuple[tuple[str, ...], Describe], ...] = (
    (("direction",), _direction),
    (("remote_raw", "remote_name", "remote_restricted"), _remote_changed),
    (("dialled_raw",), _line),
    (("queues",), _queues),
    (("transfers",), _transfers),
    (("legs",), _legs),
    ((), _talks),
    (("queue",), _queue_named),
    (("answered_at",), _answered),
    (("estimated",), _estimated),
    (("state",), _state),
    (("outcome", "ended_by", "hangup_cause", "ended_at"), _ended),
)
_NAMED = frozenset(name for names, _ in _DESCRIBED for name in names) | _SECONDS


def _unnamed(before: Call, after: Call) -> Iterator[CallChange]:
    for field in fields(Call):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if field.name not in _NAMED and old != new:
            rule = "identity" if field.name in {"id", "pbx", "uniqueid", "linkedid"} else "field"
            yield _change(f"{field.name} {_plain(old)} → {_plain(new)}", rule)


def _plain(value: object) -> str:
    return "unknown" if value is None else str(value)


def _said(told: Sequence[CallEvent]) -> Iterator[CallChange]:
    """What the value of the call does not show."""
    for event in told:
        if isinstance(event, Anomaly):
            yield _change(f"anomaly {event.kind}: {event.detail}", "anomaly")
        elif isinstance(event, CallSpied):
            yield _change(f"{event.by} listens in on {event.on}", "spied")


def _closed(call: Call, told: Sequence[CallEvent]) -> Iterator[CallChange]:
    """The record is final, or goes."""
    for event in told:
        if isinstance(event, CallEnded):
            yield _change(f"final: {_summary(call)}", "final")
        elif isinstance(event, CallDropped) and event.call.id != call.id:
            yield _change(f"call {event.call.id} becomes part of this one", "dropped")
        elif isinstance(event, CallDropped):
            part_of = f", part of call {event.into.id} from now on" if event.into is not None else ""
            yield _change(f"no record of its own{part_of}", "dropped")


def _counted(before: Call, after: Call) -> str:
    facts = [fact for fact in _lengths(after) if fact not in _lengths(before)]
    known = {leg.leg_id: leg for leg in before.legs}
    for leg in after.legs if len(after.legs) > 1 else ():
        earlier = _lengths(known[leg.leg_id], "talk_s", "hold_s") if leg.leg_id in known else []
        new = [fact for fact in _lengths(leg, "talk_s", "hold_s") if fact not in earlier]
        facts += [f"{_name(leg)} {' '.join(new)}"] if new else []
    return f"so far {', '.join(facts)}" if facts else SECONDS_GO_ON
