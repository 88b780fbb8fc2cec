"""What really happened, told by the phones' and callers' own SIP logs and never by AMI.

`read_truth(pbx.log_dir)` gives one `CallTruth` for each call; compare.py holds call records against them.
`stored_truth(path)` reads the one that lies beside a recording.
"""

import json
import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.asterisk import outcomes
from tests.asterisk.belonging import SOON_S, Pool, during, rang_along
from tests.asterisk.plan import AGENTS, DESTINATIONS, SHIFT, Destination, extension_of
from tests.asterisk.siplog import Referral, SipCall, facts_of, read_calls
from tests.asterisk.talks import ANSWER_S, Part, Talks, joins, length, picks_up, retrieves

# `outcome` of a call that ended in a queue -> `result` of its stay there.
STAYS = {
    "abandoned": "abandoned",
    "queue_empty": "empty",
    "queue_full": "full",
    "exit_key": "exit_key",
    "withdrawn": "withdrawn",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One ringing of one phone."""

    endpoint: str
    # None: an outside phone of nobody knows whom.
    extension: str | None
    # When the phone got the INVITE; None for who picked up or retrieved the call.
    rang_at: float | None
    answered_at: float | None
    ended_at: float
    # The words of the call record's legs.
    result: str
    # Seconds with the outside party, and on hold; None: not told.
    talk_s: float | None = None
    hold_s: float | None = None
    # The outside number that the phone forwards to.
    via: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTruth:
    """One call between the outside and colleagues, or among colleagues; times are seconds since 1970."""

    call_id: str
    # inbound, outbound, internal
    direction: str
    # The outside party's number (internal: the colleague called); None when it was withheld.
    number: str | None
    name: str | None
    # The number that was dialled: the DID, or what the colleague asked for.
    dialled: str
    queue: str | None
    # The colleague who talked first (None: on an outside phone); outbound: who called.
    extension: str | None
    offers: tuple[Offer, ...]
    started_at: float
    answered_at: float | None
    # None, as is talk_s then: nobody was told the end, the PBX was killed.
    ended_at: float | None
    wait_s: float | None
    talk_s: float | None
    # As `outcome` and `ended_by` of the call record; "unknown" where SIP cannot tell (the PBX was stopped or killed).
    outcome: str
    ended_by: str
    # kind, by whom, to whom (extensions), result.
    transfers: tuple[tuple[str, str, str, str], ...] = ()
    hold_s: float = 0.0
    parked_s: float = 0.0
    # Seconds in which phones rang (of a call of ours: the far end's) until the first talk; None: not told.
    ring_s: float | None = None
    # Every queue waited in: name, seconds, result; None: not told.
    queues: tuple[tuple[str, float, str], ...] | None = None


def read_truth(log_dir: Path) -> list[CallTruth]:
    """Every call that the SIP logs of a folder tell of, in the order in which they began."""
    calls = read_calls(log_dir)
    pool = Pool(calls)
    withdrawn = any(fact["how"] == "withdrawn" for fact in facts_of(log_dir))
    dialled = [call for call in calls if call.kind == "calling"]
    consultations = {referral.replaces for call in calls for referral in call.referrals}
    truths = []
    for call in dialled:
        if call.party.startswith("trunk"):
            truths.append(_inbound(call, pool, dialled, withdrawn=withdrawn))
        elif call.call_id not in consultations and not _is_part(call):
            truths.append(_from_phone(call, pool, dialled))
    for call in calls:
        truths += _consultations_in_vain(call, pool)
    truths += _clicked(pool, dialled)
    return sorted(truths, key=lambda truth: truth.started_at)


def stored_truth(path: Path) -> list[CallTruth]:
    """The calls of a recording's NAME.truth.json."""
    calls = json.loads(path.read_text(encoding="utf-8"))["calls"]
    return [CallTruth(**{**call, "offers": tuple(Offer(**offer) for offer in call["offers"])}) for call in calls]


def _is_part(call: SipCall) -> bool:
    """Whether what a colleague dialled is a feature, or belongs to the call of somebody else."""
    return call.dialled.startswith("*") or call.replaces is not None or retrieves(call) or joins(call)


def _inbound(caller: SipCall, pool: Pool, dialled: list[SipCall], *, withdrawn: bool) -> CallTruth:
    destination = DESTINATIONS.get(caller.dialled, Destination(phones={}))
    endpoints = [name for group in destination.phones.values() for name in group]
    rung = pool.phones(caller, endpoints)
    if destination.mobile:
        rung += pool.far_ends(caller, destination.mobile)
    if destination.pooled:
        rung += [call for call in dialled if call.dialled == SHIFT + destination.pooled and during(caller, call)]
    talks = Talks(caller, rung, pool, dialled, announcement_s=destination.announcement_s)
    first, last = talks.first, talks.last
    began = talks.began
    outcome = (
        "withdrawn" if withdrawn else outcomes.unanswered(caller, [part.talker for part in talks.parts], destination)
    )
    outcome = "answered" if first else outcome
    wait_s = _wait_s(caller, destination, outcome, began)
    return CallTruth(
        call_id=caller.call_id,
        direction="inbound",
        number=caller.asserted if caller.number == "anonymous" else caller.number,
        name=(caller.name or None) if caller.number != "anonymous" else None,
        dialled=caller.dialled,
        queue=_queue(destination, first.phone if first else None) or _led_to_talk(talks),
        extension=_colleague(first.phone, destination) if first else None,
        offers=tuple(_offer(part, caller, talks, _colleague(part.phone, destination)) for part in talks.parts),
        started_at=caller.invited_at,
        answered_at=began,
        ended_at=caller.ended_at,
        wait_s=wait_s,
        talk_s=talks.talk_s,
        outcome=outcome,
        ended_by=outcomes.ended_by(caller, last.talker if last else None, sides=("remote", "agent")),
        transfers=tuple(talks.transfers),
        hold_s=talks.hold_s,
        parked_s=talks.parked_s,
        ring_s=_ring_s([part.talker for part in talks.parts], began),
        queues=None if outcome == "unknown" else (*_queues(destination, outcome, talks, wait_s), *talks.queues),
    )


def _wait_s(caller: SipCall, destination: Destination, outcome: str, began: float | None) -> float:
    """From the entry into the first queue (without one: from the start) to the talk, or to leaving without one."""
    queued = destination.queues and caller.answered_at is not None and caller.answered_at != began
    since = (caller.answered_at or 0) + ANSWER_S if queued else caller.invited_at
    until = caller.end if began is None else began
    if outcome == "voicemail" and queued:
        until = min(until, since + (destination.wait_s or 0))
    elif outcome == "exit_key":
        until = caller.pressed_at or until
    return max(0.0, until - since)


def _queues(destination: Destination, outcome: str, talks: Talks, wait_s: float) -> tuple[tuple[str, float, str], ...]:
    """The queues of a number, one after the other until the call was answered or over."""
    first = talks.first
    # Whose phone was answered, or rang until a colleague picked the call up.
    reached = {first.phone.party} if first is not None else set()
    if first is not None and picks_up(first.phone):
        reached = {phone.party for phone in talks.phones if abs(phone.end - (talks.began or 0)) < SOON_S}
    waits: list[tuple[str, float, str]] = []
    for name in destination.queues:
        if reached & {*destination.phones[name], destination.pooled}:
            return (*waits, (name, wait_s, "answered"))
        later = name != destination.queues[-1] or first is not None
        kept = min(wait_s, destination.first_wait_s or wait_s)
        waits.append((name, kept, "timeout" if later else STAYS.get(outcome, "timeout")))
        wait_s -= kept
    return tuple(waits)


def _from_phone(caller: SipCall, pool: Pool, dialled: list[SipCall]) -> CallTruth:
    """A call that a colleague dialled: to a colleague or to the outside."""
    if caller.dialled not in AGENTS:
        far = next(iter(pool.far_ends(caller, caller.dialled)), None)
        return _outward(caller, far, pool, dialled)
    rung = pool.phones(caller, [caller.dialled])
    talks = Talks(caller, rung, pool, dialled)
    own = Part(caller, spans=sorted(span for part in talks.parts for span in part.spans))
    last = talks.last
    return CallTruth(
        call_id=caller.call_id,
        direction="internal",
        number=caller.dialled,
        name=None,
        dialled=caller.dialled,
        queue=None,
        extension=extension_of(caller.party),
        offers=tuple(_offer(part, caller, talks) for part in (own, *talks.parts)),
        started_at=caller.invited_at,
        answered_at=talks.began,
        ended_at=caller.ended_at,
        wait_s=None,
        talk_s=talks.talk_s,
        outcome="answered" if last else outcomes.refused(caller, next(iter(rung), None)),
        ended_by=outcomes.ended_by(caller, last.phone if last else next(iter(rung), None), sides=("agent", "agent")),
        transfers=tuple(talks.transfers),
        hold_s=talks.hold_s + own.hold_s,
        parked_s=talks.parked_s,
        ring_s=_ring_s(rung, talks.began),
        queues=tuple(talks.queues),
    )


def _consultations_in_vain(phone: SipCall, pool: Pool) -> list[CallTruth]:
    """The consultations by feature code from which a colleague came back to the caller."""
    found = []
    for asked, back in pairwise(phone.referrals):
        if asked.how == "inside" and back.how == "resume":
            target = next(iter(pool.phones(phone, [asked.target], since=asked.at, until=back.at)), None)
            found.append(_asked_in_vain(phone, asked, back, target))
    return found


def _asked_in_vain(phone: SipCall, asked: Referral, back: Referral, target: SipCall | None) -> CallTruth:
    """A consultation by feature code from which the colleague came back to the caller: a call of its own."""
    began = target.answered_at if target is not None else None
    spans = [(began, back.at)] if began is not None else []
    extension = extension_of(phone.party)
    own = Offer(
        endpoint=phone.party,
        extension=extension,
        rang_at=None,
        answered_at=asked.at,
        ended_at=back.at,
        result="answered" if spans else "caller",
        talk_s=length(spans),
        hold_s=0.0,
    )
    others = () if target is None else (_offer(Part(target, spans=spans), phone),)
    return CallTruth(
        call_id=f"{phone.call_id} consulting",
        direction="internal",
        number=asked.target,
        name=None,
        dialled=asked.target,
        queue=None,
        extension=extension,
        offers=(own, *others),
        started_at=asked.at,
        answered_at=began,
        ended_at=back.at,
        wait_s=None,
        talk_s=length(spans),
        outcome="answered" if spans else "cancelled",
        ended_by="unknown",
    )


def _clicked(pool: Pool, dialled: list[SipCall]) -> list[CallTruth]:
    """What nobody dialled: the PBX called a colleague first, then (when it was picked up) the far end."""
    rest = pool.rest()
    far_ends = [call for call in rest if call.party.startswith("trunk")]
    # A feature code as caller: a supervisor listens in (scenarios/service.py), which is no call.
    phones = [call for call in rest if not call.party.startswith("trunk") and not call.number.startswith("*")]
    # The device that was picked up first: the others of the same colleague rang along with it.
    phones.sort(key=lambda call: (call.answered_at is None, call.invited_at))
    truths = []
    while phones:
        phone = phones.pop(0)
        phones = [call for call in phones if not rang_along(call, phone)]
        far = next((call for call in far_ends if during(call, phone)), None)
        if far is not None:
            far_ends.remove(far)
        truths.append(_outward(phone, far, pool, dialled))
        phones = [call for call in phones if call in pool.rest()]
    return truths


def _outward(near: SipCall, far: SipCall | None, pool: Pool, dialled: list[SipCall]) -> CallTruth:
    """A colleague's call to the outside: dialled on the phone, or by click (then the phone was rung first)."""
    clicked = near.kind == "answering"
    talks = Talks(far, [near], pool, dialled) if far is not None else None
    parts = talks.parts if talks else [Part(near)]
    last = talks.last if talks else None
    number = far.dialled if far else near.number if clicked else near.dialled
    outcome = "answered" if last else "agent_no_answer" if near.answered_at is None else outcomes.refused(near, far)
    by = outcomes.ended_by(last.phone if last else near, far, sides=("agent", "remote"))
    return CallTruth(
        call_id=near.call_id,
        direction="outbound",
        number=number,
        name=None,
        dialled=number,
        queue=None,
        extension=extension_of(near.party),
        offers=tuple(_offer(part, near, talks) for part in parts),
        started_at=near.invited_at,
        answered_at=talks.began if talks else None,
        ended_at=far.ended_at if far is not None and last else near.ended_at,
        wait_s=None,
        talk_s=talks.talk_s if talks else 0.0,
        outcome=outcome if clicked or last else outcomes.refused(near, far),
        ended_by="system" if clicked and near.answered_at is None else by,
        transfers=tuple(talks.transfers) if talks else (),
        hold_s=talks.hold_s if talks else 0.0,
        parked_s=talks.parked_s if talks else 0.0,
        ring_s=_ring_s([far] if far is not None else [], talks.began if talks else None),
        queues=tuple(talks.queues) if talks else (),
    )


def _ring_s(phones: list[SipCall], began: float | None) -> float | None:
    """The seconds in which at least one of them rang before the first talk."""
    until = math.inf if began is None else began
    rang = [phone for phone in phones if phone.kind == "answering" and phone.invited_at < until]
    return length((phone.invited_at, min(phone.answered_at or phone.end, until)) for phone in rang)


def _queue(destination: Destination, talk: SipCall | None) -> str | None:
    """The queue that led to the talk, else the last one waited in."""
    for name, phones in destination.phones.items():
        if name and talk is not None and talk.party in phones:
            return name
    return destination.queues[-1] if destination.queues else None


def _led_to_talk(talks: Talks) -> str | None:
    """The queue into which a call was transferred that had met none before."""
    return next((name for name, _, result in talks.queues if result == "answered"), None)


def _colleague(phone: SipCall, destination: Destination) -> str | None:
    """The extension that a phone belongs to; of an outside phone whose forwarding led there."""
    return destination.mobile_of if phone.party.startswith("trunk") else extension_of(phone.party)


def _offer(part: Part, caller: SipCall, talks: Talks | None = None, extension: str | None = None) -> Offer:
    """The leg of a phone; `caller` is who rang it, or this phone itself when it called."""
    phone, answers = part.phone, talks.answers if talks else ()
    calling = phone is caller
    result = outcomes.leg_result(part.talker, caller, answers)
    if not part.spans and part.talker.answered_at is not None:
        result = "caller" if calling else outcomes.unconnected(phone, caller)
    elif calling and phone.kind == "calling":
        result = "answered" if part.spans else "caller"
    return Offer(
        endpoint=phone.party,
        extension=extension if talks and phone.party.startswith("trunk") else extension_of(phone.party),
        rang_at=phone.invited_at if phone.kind == "answering" else None,
        answered_at=part.talker.answered_at,
        ended_at=part.talker.end,
        result=result,
        talk_s=length(part.spans),
        hold_s=part.hold_s,
        via=part.talker.dialled if part.talker.party.startswith("trunk") else None,
    )
