"""The call log: what the PBX told about a call becomes the record that outside programs read (interfaces.md, section 3)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from crm_store.activities import CallRecord
from crm_store.caller_lookup import MatchKind
from crm_store.lost_calls import Talk, lost_call, talk_of
from crm_store.opening_hours import OpeningPlan
from crm_store.phone_numbers import (
    NumberKind,
    NumberProfile,
    PhoneNumber,
    normalise,
    normalise_dialled,
    normalise_did,
)
from crm_store.tasks import LostCall
from pbx.call_events import (
    AgentStateChanged,
    Anomaly,
    CallAnswered,
    CallDropped,
    CallEnded,
    CallEvent,
    OriginateFinished,
    PbxConnected,
    PbxLost,
    PbxResynced,
    QueueChanged,
)
from pbx.calls import Call, CallLeg, Direction, QueueWait, Transfer

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 253_402_300_799.0  # the last second of the year 9999
_NAMELESS = frozenset({"", "<unknown>", "unknown", "anonymous"})
_NO_HOURS = OpeningPlan()
_INTERNAL_MISREADS = frozenset({NumberKind.RAW, NumberKind.SHORT, NumberKind.UNVERIFIED, NumberKind.E164})


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNumbering:
    """How one PBX writes numbers: `incoming` its trunks, `own` its phones."""

    incoming: NumberProfile
    own: NumberProfile


def call_record(call: Call, numbering: CallNumbering, *, agents: bool, hours: OpeningPlan = _NO_HOURS) -> CallRecord:
    """The record of interfaces.md section 3. Without `agents` (replay) nothing names an account or a customer."""
    did = _did(call, numbering)
    return {
        "id": str(call.id),
        "pbx": str(call.pbx),
        "uniqueid": str(call.uniqueid),
        "linkedid": str(call.linkedid),
        "direction": call.direction.value,
        "state": call.state.value,
        "remote": _remote(call, numbering),
        "did": did,
        "queue": call.queue,
        "queues": [_queue_wait(wait) for wait in call.queues],
        "legs": [_leg(leg, agents=agents) for leg in call.legs],
        "transfers": [_transfer(transfer) for transfer in call.transfers],
        "started_at": wire_time(call.started_at),
        "answered_at": wire_time(call.answered_at),
        "ended_at": wire_time(call.ended_at),
        "wait_s": _seconds(call.wait_s),
        "ring_s": _seconds(call.ring_s),
        "talk_s": _seconds(call.talk_s),
        "hold_s": _seconds(call.hold_s),
        "parked_s": _seconds(call.parked_s),
        "outcome": call.outcome.value if call.outcome else None,
        "ended_by": call.ended_by.value if call.ended_by else None,
        "hangup_cause": call.hangup_cause,
        "click_to_dial": call.click_to_dial if agents else None,
        "estimated": call.estimated,
        "after_hours": _after_hours(call, did, hours),
        "recordings": [],
        "customer_id": None,
        "match": None,
    }


def call_parties(call: Call, numbering: CallNumbering) -> dict[str, Any]:
    """The part of the record that a pop needs: who is at the other end, and which number was called."""
    return {"remote": _remote(call, numbering), "did": _did(call, numbering)}


def remote_number(call: Call, numbering: CallNumbering) -> PhoneNumber:
    """The outside party's number; of an internal call, the colleague's."""
    if call.remote_restricted:
        return normalise(None, numbering.incoming, restricted=True)
    if call.direction is Direction.INBOUND:
        return normalise(call.remote_raw, numbering.incoming)
    dialled = normalise_dialled(call.remote_raw, numbering.own)
    if call.direction is Direction.INTERNAL and dialled.kind in _INTERNAL_MISREADS:
        return _colleague(dialled)
    return dialled


@lru_cache(maxsize=512)  # a call's times are written again with each of its events
def wire_time(at: float | None) -> str | None:
    """Epoch seconds as RFC 3339 UTC with milliseconds: `2026-11-21T22:46:00.125Z`."""
    moment = _moment(at)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


def _moment(at: float | None) -> datetime | None:
    if at is None or not 0 <= at <= _LATEST:  # a PBX's clock may say anything
        return None
    return _EPOCH + timedelta(milliseconds=round(at * 1000))


def _seconds(duration: float | None) -> float | None:
    return None if duration is None else round(duration, 3)


def _remote(call: Call, numbering: CallNumbering) -> dict[str, str | None]:
    number = remote_number(call, numbering)
    return {
        "number": number.number,
        "display": number.display,
        "raw": number.raw,
        "name": _remote_name(call, number),
        "kind": number.kind.value,
        "dialled": call.dialled_raw if call.direction is Direction.OUTBOUND else None,
    }


def _remote_name(call: Call, number: PhoneNumber) -> str | None:
    # A withheld caller's name often repeats the digits, so it goes with them.
    if call.direction is Direction.OUTBOUND or number.kind is NumberKind.WITHHELD or call.remote_name is None:
        return None
    return None if call.remote_name.strip().casefold() in _NAMELESS else call.remote_name


def _colleague(dialled: PhoneNumber) -> PhoneNumber:
    """A number dialled inside the PBX is an extension, however much it looks like a telephone number."""
    digits = dialled.raw or ""
    if not (digits.isascii() and digits.isdecimal()):
        return dialled
    return PhoneNumber(kind=NumberKind.INTERNAL, number=digits, display=digits, raw=digits)


def _did(call: Call, numbering: CallNumbering) -> str | None:
    if call.direction is not Direction.INBOUND or call.did_raw in {None, "", "s"}:
        return None
    did = normalise_did(call.did_raw, numbering.incoming)
    return did.number if did.kind is NumberKind.E164 else call.did_raw


def _after_hours(call: Call, did: str | None, hours: OpeningPlan) -> bool | None:
    """Somebody outside called when nobody was there. Null for our own calls, and where the hours are not known."""
    if call.direction is not Direction.INBOUND:
        return None
    return hours.after_hours(_moment(call.started_at), queue=call.queue, did=did)


def _queue_wait(wait: QueueWait) -> dict[str, Any]:
    return {
        "queue": wait.queue,
        "joined_at": wire_time(wait.joined_at),
        "left_at": wire_time(wait.left_at),
        "wait_s": _seconds(wait.wait_s),
        "result": wait.result.value if wait.result else None,
    }


def _leg(leg: CallLeg, *, agents: bool) -> dict[str, Any]:
    return {
        "endpoint": leg.endpoint,
        "extension": leg.extension,
        "agent": leg.agent if agents else None,
        "rang_at": wire_time(leg.rang_at),
        "answered_at": wire_time(leg.answered_at),
        "ended_at": wire_time(leg.ended_at),
        "ring_s": _seconds(leg.ring_s),
        "talk_s": _seconds(leg.talk_s),
        "hold_s": _seconds(leg.hold_s),
        "via": leg.via,
        "result": leg.result.value if leg.result else None,
    }


def _transfer(transfer: Transfer) -> dict[str, Any]:
    return {
        "kind": transfer.kind.value,
        "by": transfer.by,
        "to": transfer.to,
        "at": wire_time(transfer.at),
        "result": transfer.result.value if transfer.result else None,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time without connection to a PBX."""

    pbx: str
    since: datetime
    until: datetime
    missed_calls: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLogWork:
    """What the store has to do after one event: save, then note lost calls, then close call-backs."""

    records: tuple[CallRecord, ...] = ()
    lost: tuple[LostCall, ...] = ()
    talks: tuple[Talk, ...] = ()
    gaps: tuple[Gap, ...] = ()
    folded: tuple[tuple[str, str | None], ...] = ()  # calls that were none of their own, and what they are part of


@dataclass(slots=True)
class _LoggedCall:
    call: Call
    record: CallRecord
    ended: bool = False


_NOTHING = CallLogWork()
_REMEMBERED_CALLS = 500  # ended ones: a caller lookup may answer after a short call's end


class CallLog:
    """Turns call events into work for the store. Knows no clock and no database."""

    def __init__(
        self,
        numbering: Mapping[str, CallNumbering],
        *,
        short_abandon_s: Callable[[str | None], float],
        hours: OpeningPlan = _NO_HOURS,
    ) -> None:
        """`numbering` by PBX name (read at each event, so it may change); `short_abandon_s` by queue, None for no queue."""
        self._numbering = numbering
        self._short_abandon_s = short_abandon_s
        self._hours = hours
        self._calls: dict[str, _LoggedCall] = {}
        # The ids of those that ended, oldest first.
        self._ended: deque[str] = deque()

    @property
    def remembered(self) -> int:
        """Calls whose newest record is kept: those that live, and the last that ended."""
        return len(self._calls)

    def apply(self, event: CallEvent, *, talked: bool = False) -> CallLogWork:
        """What this event asks of the store. `talked`: so does an earlier event that it stands for, a CallAnswered."""
        match event:
            case PbxResynced():
                return _gap_work(event)
            case QueueChanged() | AgentStateChanged() | OriginateFinished() | PbxConnected() | PbxLost() | Anomaly():
                return _NOTHING
            case CallDropped(call=call, into=into):
                self._calls.pop(call.id, None)
                return CallLogWork(folded=((call.id, into.id if into is not None else None),))
        before = self._calls.get(event.call.id)
        known = before.record if before is not None else None
        ended = isinstance(event, CallEnded)
        record = self._updated(event.call, ended=ended).record
        work = self._work(record, talked=talked or isinstance(event, CallAnswered), ended=ended)
        # The final record nearly always says what was written at the hang-up: it is not written again.
        return work if record != known else replace(work, records=())

    def matched(self, call_id: str, kind: MatchKind, customer_id: int | None) -> CallLogWork:
        """Remember who is calling. Only one certain customer is linked; a guess or a choice is not."""
        logged = self._calls.get(call_id)
        if logged is None or (_is_withheld(logged.record) and kind is not MatchKind.WITHHELD):
            return _NOTHING
        sure = customer_id if kind is MatchKind.ONE else None
        if logged.record["match"] == kind.value and logged.record["customer_id"] == sure:
            return _NOTHING
        logged.record = {**logged.record, "match": kind.value, "customer_id": sure}
        return self._work(logged.record, talked=True, ended=logged.ended)

    def _updated(self, call: Call, *, ended: bool) -> _LoggedCall:
        logged = self._calls.get(call.id)
        if logged is None or logged.call != call:  # the last event mostly tells nothing new
            record = call_record(call, self._numbering[call.pbx], agents=True, hours=self._hours)
            if logged is None:
                logged = self._calls[call.id] = _LoggedCall(call, record)
            record["match"], record["customer_id"] = _still_matched(logged.record, record)
            logged.call, logged.record = call, record
        if ended and not logged.ended:
            logged.ended = True
            self._ended.append(call.id)
            self._forget_oldest()
        return logged

    def _forget_oldest(self) -> None:
        while len(self._ended) > _REMEMBERED_CALLS:
            self._calls.pop(self._ended.popleft(), None)

    def _work(self, record: CallRecord, *, talked: bool, ended: bool) -> CallLogWork:
        lost = self._lost(record) if ended else None
        talk = talk_of(record) if talked or ended else None
        return CallLogWork(records=(record,), lost=(lost,) if lost else (), talks=(talk,) if talk else ())

    def _lost(self, record: CallRecord) -> LostCall | None:
        return lost_call(record, short_abandon_s=self._short_abandon_s(record["queue"]), hours=self._hours)


def _gap_work(event: PbxResynced) -> CallLogWork:
    since, until = _moment(event.gap_from), _moment(event.gap_to)
    if since is None or until is None:
        return _NOTHING
    return CallLogWork(gaps=(Gap(pbx=event.pbx, since=since, until=until, missed_calls=event.missed_calls),))


def _still_matched(before: CallRecord, now: CallRecord) -> tuple[str | None, int | None]:
    """The match so far, unless the number turned out to be withheld after all."""
    return (MatchKind.WITHHELD.value, None) if _is_withheld(now) else (before["match"], before["customer_id"])


def _is_withheld(record: CallRecord) -> bool:
    return bool(record["remote"]["kind"] == NumberKind.WITHHELD)
