"""Who was rung and who talked, out of the lines of one call's history: what CDR and queue_log say of each attempt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from crm_store.accounts import Account
from crm_store.call_history import CdrLine, Disposition, QueueEvent
from pbx.calls import CallLeg, LegResult
from pbx.devices import DeviceKind, DevicePlan, endpoint_of

#: Whole seconds of two clocks.
NEAR_S = 1.5
_DIALLED = re.compile(r"/([+*#\d]+)@")
_OVER = {Disposition.FAILED: LegResult.FAILED, Disposition.CONGESTION: LegResult.FAILED}
_BEST = (LegResult.ANSWERED, LegResult.CALLER, LegResult.REJECTED, LegResult.ANSWERED_ELSEWHERE, LegResult.CANCELLED)


@dataclass(frozen=True, slots=True)
class People:
    """Whose phone is it, in history: the patterns of the configuration, and the accounts."""

    plan: DevicePlan
    _names: Mapping[str, Account | None] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: DevicePlan, accounts: Iterable[Account]) -> People:
        """Members of queues are known by an account's name, too, when only one has it."""
        names: dict[str, Account | None] = {}
        for account in accounts:
            for name in {account.name.casefold(), account.display_name.casefold()}:
                names[name] = None if name in names else account
        return cls(plan, names)

    def kind(self, channel: str | None) -> DeviceKind:
        return self.plan.kind(channel) if channel else DeviceKind.OTHER

    def seat(self, member: str) -> tuple[str, str | None, str | None]:
        """Endpoint, extension and account of a queue's member, as far as its name tells."""
        account = self._names.get(member.casefold())
        if account is not None:
            endpoint = account.endpoints[0] if account.endpoints else member
            return endpoint, account.extension or self.plan.extension_of(endpoint), account.name
        extension = self.plan.extension_of_seat(member)
        return member, extension, self.plan.owner(member) or self.plan.owner_of_extension(extension)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One line that rang somebody. `talk_from` None: answered, and nobody knows when."""

    line: CdrLine
    endpoint: str
    outside: bool  # a mobile, over a trunk
    dialled: bool  # the dialplan dialled it; else it was joined: picked up, fetched, transferred to
    answered: bool
    rang_at: float | None
    talk_from: float | None


def attempts_of(lines: Sequence[CdrLine], events: Sequence[QueueEvent], people: People) -> list[Attempt]:
    """The lines that lead to a phone or to the outside, in the order in which they began."""
    found: list[Attempt] = []
    before: dict[str, CdrLine] = {}  # channel → its line before this
    for line in lines:
        kind = people.kind(line.dst_channel)
        if line.dst_channel and kind in {DeviceKind.PHONE, DeviceKind.TRUNK}:
            found.append(_attempt(line, before.get(line.channel), events, people))
        before[line.channel] = line
    return [_unless_picked_up(attempt, found) for attempt in _one_per_channel(found)]


def _one_per_channel(attempts: Sequence[Attempt]) -> list[Attempt]:
    """A phone's channel is one offer, over however many lines: a Local channel that went, a room that it went to."""
    found: dict[str | None, Attempt] = {}
    for attempt in attempts:
        first = found.get(attempt.line.dst_channel)
        found[attempt.line.dst_channel] = attempt if first is None else _continued(first, attempt)
    return list(found.values())


def _continued(first: Attempt, later: Attempt) -> Attempt:
    return replace(
        first,
        line=replace(first.line, ended_at=max(first.line.ended_at, later.line.ended_at)),
        answered=first.answered or later.answered,
        talk_from=first.talk_from if first.answered else later.talk_from,
    )


def _attempt(line: CdrLine, before: CdrLine | None, events: Sequence[QueueEvent], people: People) -> Attempt:
    endpoint = endpoint_of(line.dst_channel or "")
    answered = line.disposition is Disposition.ANSWERED
    queued = line.app == "Queue" and not _goes_on(line, before)
    dialled = queued or _is_named(endpoint, line.app_data)
    if queued:
        rang_at, talk_from = _by_queue(line, before, events, answered=answered)
    else:
        rang_at, talk_from = _by_dial(line, before, dialled=dialled, people=people)
    return Attempt(
        line=line,
        endpoint=endpoint,
        outside=people.kind(line.dst_channel) is DeviceKind.TRUNK,
        dialled=dialled,
        answered=answered,
        rang_at=rang_at,
        talk_from=talk_from if answered else None,
    )


def _goes_on(line: CdrLine, before: CdrLine | None) -> bool:
    """Whether somebody else takes over a talk: Asterisk then leaves the application of the talk in the new line."""
    if before is None or before.disposition is not Disposition.ANSWERED or not before.dst_channel:
        return False
    same = (before.app, before.app_data) == (line.app, line.app_data)
    return same and before.ended_at > before.started_at and abs(line.started_at - before.ended_at) <= NEAR_S


def _is_named(endpoint: str, app_data: str) -> bool:
    name = re.escape(endpoint.partition("/")[2] or endpoint)
    return re.search(rf"(?<![\w-]){name}(?![\w-])", app_data) is not None


def _by_dial(
    line: CdrLine, before: CdrLine | None, *, dialled: bool, people: People
) -> tuple[float | None, float | None]:
    """When it rang and when it was picked up. CDR's answer time is the *calling* channel's, which a menu may have answered."""
    if line.answered_at is None or line.answered_at > line.started_at:
        return line.started_at, line.answered_at
    if not dialled:
        return None, line.started_at
    if people.kind(line.channel) is not DeviceKind.TRUNK and before is None:
        return line.started_at, line.started_at
    return (line.started_at, None) if before is not None or line.uniqueid != line.linkedid else (None, None)


def _by_queue(
    line: CdrLine, before: CdrLine | None, events: Sequence[QueueEvent], *, answered: bool
) -> tuple[float | None, float | None]:
    """The queue_log tells to the second; without it a queue's first line begins with the call, its later ones with the ring."""
    connects = [event for event in events if event.event == "CONNECT" and line.started_at <= event.at]
    connect = connects[0] if answered and connects and connects[0].at <= line.ended_at + NEAR_S else None
    if connect is not None:
        return connect.at - number_in(connect, 2), connect.at
    ended = None if answered else _near(events, {"RINGNOANSWER", "RINGCANCELED"}, line.ended_at)
    if ended is not None:
        return ended.at - number_in(ended, 0) / 1000, None
    return line.started_at if before is not None else None, None


def _unless_picked_up(attempt: Attempt, others: Sequence[Attempt]) -> Attempt:
    """A colleague took the call for this phone: Asterisk may end its line as answered, after no time at all."""
    since = attempt.talk_from if attempt.talk_from is not None else attempt.line.answered_at
    if not attempt.answered or since is None or attempt.line.ended_at > since:
        return attempt
    if any(_picked_up(other, attempt.line) for other in others):
        return replace(attempt, answered=False, talk_from=None)
    return attempt


def _picked_up(other: Attempt, line: CdrLine) -> bool:
    """Whether another phone, which nobody rang, has the call from the moment on when this one lost it."""
    same = other.line.channel == line.channel and other.line.dst_channel != line.dst_channel
    return same and not other.dialled and abs(other.line.started_at - line.ended_at) <= NEAR_S


def legs_of(
    attempts: Sequence[Attempt], people: People, *, gave_up_at: float | None, queue: str | None
) -> list[CallLeg]:
    """The legs of the record: two devices of one colleague that ring together are one."""
    legs: list[CallLeg] = []
    for attempt in attempts:
        result = _result(attempt, attempts, gave_up_at)
        leg = _leg(attempt, result, people, queue if attempt.line.app == "Queue" else None)
        twin = next((number for number, other in enumerate(legs) if _rang_together(leg, other)), None)
        if twin is None:
            legs.append(leg)
        else:
            legs[twin] = _one_leg(legs[twin], leg)
    return [replace(leg, leg_id=number) for number, leg in enumerate(legs)]


def _result(attempt: Attempt, attempts: Sequence[Attempt], gave_up_at: float | None) -> LegResult:
    line = attempt.line
    if attempt.answered:
        return LegResult.ANSWERED
    if line.disposition is Disposition.BUSY:
        return LegResult.REJECTED if line.ended_at > line.started_at else LegResult.BUSY
    if line.disposition in _OVER:
        return _OVER[line.disposition]
    won = [other for other in attempts if other.answered and other is not attempt]
    if line.disposition is Disposition.ANSWERED or any(_took(other, line) for other in won):
        return LegResult.ANSWERED_ELSEWHERE
    gave_up = gave_up_at is not None and abs(line.ended_at - gave_up_at) <= NEAR_S
    return LegResult.CANCELLED if gave_up else LegResult.MISSED


def _took(other: Attempt, line: CdrLine) -> bool:
    """Whether this one had the call when the other phone stopped ringing."""
    return other.line.started_at < line.ended_at <= other.line.ended_at or _picked_up(other, line)


def _leg(attempt: Attempt, result: LegResult, people: People, queue: str | None) -> CallLeg:
    line, answered = attempt.line, result is LegResult.ANSWERED
    rang_until = attempt.talk_from if answered else line.ended_at
    known = attempt.rang_at is not None and rang_until is not None
    return CallLeg(
        leg_id=0,
        endpoint=attempt.endpoint,
        extension=None if attempt.outside else people.plan.extension_of(attempt.endpoint),
        agent=None if attempt.outside else people.plan.owner(attempt.endpoint),
        endpoints=(attempt.endpoint,),
        queue=queue,
        rang_at=attempt.rang_at,
        answered_at=attempt.talk_from,
        ended_at=line.ended_at,
        ring_s=max(0.0, (rang_until or 0.0) - (attempt.rang_at or 0.0)) if known else None,
        talk_s=_talk_s(attempt) if answered else 0.0,
        hold_s=None if answered else 0.0,
        on_hold=False,
        via=outside_number(line) if attempt.outside else None,
        result=result,
    )


def leg_of_caller(line: CdrLine, talk_from: float | None, *, answered: bool, people: People) -> CallLeg:
    """The leg of the colleague who calls."""
    endpoint = endpoint_of(line.channel)
    unknown = answered and talk_from is None
    return CallLeg(
        leg_id=0,
        endpoint=endpoint,
        extension=people.plan.extension_of(endpoint),
        agent=people.plan.owner(endpoint),
        endpoints=(endpoint,),
        queue=None,
        rang_at=None,
        answered_at=talk_from if answered else None,
        ended_at=line.ended_at,
        ring_s=None,
        talk_s=None if unknown else max(0.0, line.ended_at - (talk_from or 0.0)) if answered else 0.0,
        hold_s=None if answered else 0.0,
        on_hold=False,
        via=None,
        result=LegResult.ANSWERED if answered else LegResult.CALLER,
    )


def _talk_s(attempt: Attempt) -> float | None:
    return None if attempt.talk_from is None else max(0.0, attempt.line.ended_at - attempt.talk_from)


def outside_number(line: CdrLine) -> str | None:
    """What the trunk was sent: `PJSIP/+447700900155@trunk-a,60`."""
    found = _DIALLED.search(line.app_data)
    return found[1] if found else None


def _rang_together(leg: CallLeg, other: CallLeg) -> bool:
    if leg.endpoint == other.endpoint or leg.rang_at is None or other.rang_at is None:
        return False
    same = leg.agent == other.agent if leg.agent else leg.extension is not None and leg.extension == other.extension
    return same and abs(leg.rang_at - other.rang_at) <= NEAR_S


def _one_leg(first: CallLeg, second: CallLeg) -> CallLeg:
    best = min(first, second, key=lambda leg: _BEST.index(leg.result) if leg.result in _BEST else len(_BEST))
    return replace(best, endpoints=(*first.endpoints, *second.endpoints))


def _near(events: Sequence[QueueEvent], names: set[str], at: float) -> QueueEvent | None:
    return next((event for event in events if event.event in names and abs(event.at - at) <= NEAR_S), None)


def number_in(event: QueueEvent, place: int) -> float:
    """One of the event's numbers; 0 where there is none."""
    text = event.data[place] if place < len(event.data) else ""
    return float(text) if re.fullmatch(r"\d{1,9}", text) else 0.0


# --- out of a queue_log alone -----------------------------------------------------------------------------------------


def legs_of_events(events: Sequence[QueueEvent], people: People, ended_at: float) -> list[CallLeg]:
    """The legs that a queue_log tells of: who was rung in vain, who was connected, and until when."""
    gave_up = any(event.event == "ABANDON" for event in events)
    legs: list[CallLeg] = []
    for place, event in enumerate(events):
        leg = _event_leg(event, events[place + 1 :], people, ended_at, gave_up=gave_up)
        if leg is not None:
            legs.append(replace(leg, leg_id=len(legs)))
    return legs


def _event_leg(
    event: QueueEvent, later: Sequence[QueueEvent], people: People, ended_at: float, *, gave_up: bool
) -> CallLeg | None:
    if event.member is None or event.event not in {"CONNECT", "RINGNOANSWER", "RINGCANCELED"}:
        return None
    answered = event.event == "CONNECT"
    ring_s = number_in(event, 2) if answered else number_in(event, 0) / 1000
    if not answered and ring_s == 0:  # do not disturb, or no phone: nothing rang
        return None
    until = next((one.at for one in later if one.event not in {"RINGNOANSWER", "RINGCANCELED"}), ended_at)
    lost = LegResult.CANCELLED if gave_up else LegResult.ANSWERED_ELSEWHERE
    missed = LegResult.MISSED if event.event == "RINGNOANSWER" else lost
    endpoint, extension, agent = people.seat(event.member)
    return CallLeg(
        leg_id=0,
        endpoint=endpoint,
        extension=extension,
        agent=agent,
        endpoints=(endpoint,),
        queue=event.queue,
        rang_at=event.at - ring_s,
        answered_at=event.at if answered else None,
        ended_at=until if answered else event.at,
        ring_s=ring_s,
        talk_s=max(0.0, until - event.at) if answered else 0.0,
        hold_s=None if answered else 0.0,
        on_hold=False,
        via=None,
        result=LegResult.ANSWERED if answered else missed,
    )
