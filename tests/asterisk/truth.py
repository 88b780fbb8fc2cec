"""What really happened, told by the phones' and callers' own SIP logs and never by AMI.

`read_truth(pbx.log_dir)` gives one `CallTruth` for each call; compare.py holds call records against them.
`stored_truth(path)` reads the one that lies beside a recording.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from tests.asterisk import outcomes
from tests.asterisk.belonging import Pool, during, rang_along
from tests.asterisk.plan import AGENTS, DESTINATIONS, Destination, extension_of
from tests.asterisk.siplog import SipCall, read_calls
from tests.asterisk.talks import Talks, retrieves

# Answer() waits so long for the caller's sound before the dialplan goes on to the queue.
ANSWER_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One ringing of one phone."""

    endpoint: str
    extension: str
    # When the phone got the INVITE; None for who picked up or retrieved the call.
    rang_at: float | None
    answered_at: float | None
    ended_at: float
    # answered, missed, rejected, busy, answered_elsewhere, cancelled: the words of the call record's legs.
    result: str


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
    # The colleague who talked first; outbound: who called.
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


def read_truth(log_dir: Path) -> list[CallTruth]:
    """Every call that the SIP logs of a folder tell of, in the order in which they began."""
    calls = read_calls(log_dir)
    pool = Pool(calls)
    dialled = [call for call in calls if call.kind == "calling"]
    consultations = {referral.replaces for call in calls for referral in call.referrals}
    truths = []
    for call in dialled:
        if call.party.startswith("trunk"):
            truths.append(_inbound(call, pool, dialled))
        elif call.call_id not in consultations and not call.dialled.startswith("*") and not retrieves(call):
            truths.append(_from_phone(call, pool))
    truths += _clicked(pool)
    return sorted(truths, key=lambda truth: truth.started_at)


def stored_truth(path: Path) -> list[CallTruth]:
    """The calls of a recording's NAME.truth.json."""
    calls = json.loads(path.read_text(encoding="utf-8"))["calls"]
    return [CallTruth(**{**call, "offers": tuple(Offer(**offer) for offer in call["offers"])}) for call in calls]


def _inbound(caller: SipCall, pool: Pool, dialled: list[SipCall]) -> CallTruth:
    destination = DESTINATIONS.get(caller.dialled, Destination(phones={}))
    endpoints = [name for group in destination.phones.values() for name in group]
    talks = Talks(caller, pool.phones(caller, endpoints), pool, dialled)
    first = talks.first
    began = talks.began
    outcome = "answered" if first else outcomes.unanswered(caller, talks.phones, destination)
    queue = _queue(destination, first)
    return CallTruth(
        call_id=caller.call_id,
        direction="inbound",
        number=caller.asserted if caller.number == "anonymous" else caller.number,
        name=(caller.name or None) if caller.number != "anonymous" else None,
        dialled=caller.dialled,
        queue=queue,
        extension=extension_of(first.party) if first else None,
        offers=tuple(_offer(phone, caller, began) for phone in talks.phones),
        started_at=caller.invited_at,
        answered_at=began,
        ended_at=caller.ended_at,
        wait_s=_wait_s(caller, destination, outcome, began),
        talk_s=talks.talk_s,
        outcome=outcome,
        ended_by=outcomes.ended_by(caller, talks.last, sides=("remote", "agent")),
        transfers=tuple(talks.transfers),
        hold_s=talks.hold_s,
        parked_s=talks.parked_s,
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


def _from_phone(caller: SipCall, pool: Pool) -> CallTruth:
    """A call that a colleague dialled: to a colleague or to the outside."""
    internal = caller.dialled in AGENTS
    rung = pool.phones(caller, [caller.dialled]) if internal else pool.far_ends(caller, caller.dialled)
    far = next(iter(rung), None)
    began = far.answered_at if far is not None else None
    return CallTruth(
        call_id=caller.call_id,
        direction="internal" if internal else "outbound",
        number=caller.dialled,
        name=None,
        dialled=caller.dialled,
        queue=None,
        extension=extension_of(caller.party),
        offers=tuple(_offer(phone, caller, began) for phone in rung) if internal else (),
        started_at=caller.invited_at,
        answered_at=began,
        ended_at=caller.ended_at,
        wait_s=None,
        talk_s=_talk_s(caller, far),
        outcome="answered" if began is not None else outcomes.refused(caller, far),
        ended_by=outcomes.ended_by(caller, far, sides=("agent", "agent" if internal else "remote")),
        hold_s=_hold_s([caller, *rung]),
    )


def _clicked(pool: Pool) -> list[CallTruth]:
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
        truths.append(_click(phone, far))
    return truths


def _click(phone: SipCall, far: SipCall | None) -> CallTruth:
    number = far.dialled if far else phone.number
    began = far.answered_at if far is not None else None
    outcome = "answered" if began else outcomes.refused(phone, far) if phone.answered_at else "agent_no_answer"
    by = outcomes.ended_by(phone, far, sides=("agent", "remote"))
    return CallTruth(
        call_id=phone.call_id,
        direction="outbound",
        number=number,
        name=None,
        dialled=number,
        queue=None,
        extension=extension_of(phone.party),
        offers=(),
        started_at=phone.invited_at,
        answered_at=began,
        ended_at=phone.ended_at,
        wait_s=None,
        talk_s=_talk_s(phone, far),
        outcome=outcome,
        ended_by=by if phone.answered_at else "system",
        hold_s=_hold_s([phone]),
    )


def _queue(destination: Destination, talk: SipCall | None) -> str | None:
    """The queue that led to the talk, else the last one waited in."""
    for name, phones in destination.phones.items():
        if name and talk is not None and talk.party in phones:
            return name
    return destination.queues[-1] if destination.queues else None


def _talk_s(near: SipCall, far: SipCall | None) -> float | None:
    if far is None or far.answered_at is None:
        return 0.0
    ends = [call.ended_at for call in (near, far) if call.ended_at is not None]
    return max(0.0, min(ends) - far.answered_at) if ends else None


def _hold_s(calls: list[SipCall]) -> float:
    return sum(end - begin for call in calls for begin, end in call.holds)


def _offer(phone: SipCall, caller: SipCall, began: float | None) -> Offer:
    return Offer(
        endpoint=phone.party,
        extension=extension_of(phone.party),
        rang_at=phone.invited_at if phone.kind == "answering" else None,
        answered_at=phone.answered_at,
        ended_at=phone.end,
        result=outcomes.leg_result(phone, caller, began),
    )
