"""What really happened, told by the phones' and callers' own SIP logs and never by AMI.

`read_truth(pbx.log_dir)` gives one `CallTruth` for each call; compare.py holds call records against them.
"""

from dataclasses import dataclass
from pathlib import Path

from tests.asterisk.plan import AGENTS, DESTINATIONS, Destination, extension_of
from tests.asterisk.siplog import SipCall, read_calls

# How long after its reason a phone is told to stop ringing.
SOON_S = 0.6
# Answer() waits so long for the caller's sound before the dialplan goes on to the queue.
ANSWER_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One ringing of one phone."""

    endpoint: str
    extension: str
    rang_at: float
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
    # The colleague who talked; outbound: who called.
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


def read_truth(log_dir: Path) -> list[CallTruth]:
    """Every call that the SIP logs of a folder tell of, in the order in which they began."""
    calls = read_calls(log_dir)
    answering = [call for call in calls if call.kind == "answering"]
    truths = []
    for call in (call for call in calls if call.kind == "calling"):
        truth = _inbound(call, answering) if call.party.startswith("trunk") else _from_phone(call, answering)
        truths += [truth] if truth else []
    truths += _clicked(answering)
    return sorted(truths, key=lambda truth: truth.started_at)


def _inbound(caller: SipCall, free: list[SipCall]) -> CallTruth:
    destination = DESTINATIONS.get(caller.dialled, Destination(phones={}))
    phones = _take(caller, free, [name for group in destination.phones.values() for name in group])
    talk = next((phone for phone in phones if _talked(phone, caller)), None)
    outcome = "answered" if talk else _unanswered(caller, phones, destination)
    queue = _queue(destination, talk)
    waited_from = caller.answered_at + ANSWER_S if queue and caller.answered_at else caller.invited_at
    waited_to = talk.answered_at if talk and talk.answered_at else caller.end
    if outcome == "voicemail":
        waited_to = min(waited_to, waited_from + (destination.wait_s or 0))
    elif outcome == "exit_key":
        waited_to = caller.pressed_at or waited_to
    return CallTruth(
        call_id=caller.call_id,
        direction="inbound",
        number=_shown(caller),
        name=(caller.name or None) if caller.number != "anonymous" else None,
        dialled=caller.dialled,
        queue=queue,
        extension=extension_of(talk.party) if talk else None,
        offers=tuple(_offer(phone, caller, talk) for phone in phones),
        started_at=caller.invited_at,
        answered_at=talk.status_at if talk else None,
        ended_at=caller.ended_at,
        wait_s=max(0.0, waited_to - waited_from),
        talk_s=_talk_s(caller, talk),
        outcome=outcome,
        ended_by=_ended_by(caller, talk),
    )


def _from_phone(caller: SipCall, free: list[SipCall]) -> CallTruth | None:
    """A call that a colleague dialled; None for a feature code, which is no call."""
    internal = caller.dialled in AGENTS
    if caller.dialled.startswith("*"):
        return None
    parties = [caller.dialled] if internal else ["trunk-a", "trunk-b"]
    far = next(iter(_take(caller, free, parties, dialled=not internal)), None)
    talk = far if far is not None and far.answered_at else None
    return CallTruth(
        call_id=caller.call_id,
        direction="internal" if internal else "outbound",
        number=caller.dialled,
        name=None,
        dialled=caller.dialled,
        queue=None,
        extension=extension_of(caller.party),
        offers=(_offer(far, caller, talk),) if far and internal else (),
        started_at=caller.invited_at,
        answered_at=talk.status_at if talk else None,
        ended_at=caller.ended_at,
        wait_s=None,
        talk_s=_talk_s(caller, talk),
        outcome="answered" if talk else _refused(caller, far),
        ended_by=_sides(caller, far, near="agent", far_side="agent" if internal else "remote"),
    )


def _clicked(free: list[SipCall]) -> list[CallTruth]:
    """What nobody dialled: the PBX called a colleague first, then (when it was picked up) the far end."""
    truths = []
    phones = [call for call in free if not call.party.startswith("trunk")]
    # The device that was picked up first: the others of the same colleague rang along with it.
    phones.sort(key=lambda call: (call.answered_at is None, call.invited_at))
    while phones:
        phone = phones.pop(0)
        phones = [call for call in phones if not _rang_along(call, phone)]
        far = next((call for call in free if call.party.startswith("trunk") and _during(call, phone)), None)
        if far is not None:
            free.remove(far)
        talk = far if far is not None and far.answered_at else None
        outcome = "answered" if talk else _refused(phone, far) if phone.answered_at else "agent_no_answer"
        number = far.dialled if far else phone.number
        truths.append(
            CallTruth(
                call_id=phone.call_id,
                direction="outbound",
                number=number,
                name=None,
                dialled=number,
                queue=None,
                extension=extension_of(phone.party),
                offers=(),
                started_at=phone.invited_at,
                answered_at=talk.status_at if talk else None,
                ended_at=phone.ended_at,
                wait_s=None,
                talk_s=_talk_s(phone, talk),
                outcome=outcome,
                ended_by=_sides(phone, far, near="agent", far_side="remote") if phone.answered_at else "system",
            )
        )
    return truths


def _take(caller: SipCall, free: list[SipCall], parties: list[str], *, dialled: bool = False) -> list[SipCall]:
    """Take out of `free` what belongs to this caller: the right phones, in its time, showing its number."""
    found = []
    for call in free:
        same = call.dialled == caller.dialled if dialled else _same_caller(call, caller)
        if extension_of(call.party) in map(extension_of, parties) and same and _during(call, caller):
            found.append(call)
    for call in found:
        free.remove(call)
    return found


def _same_caller(phone: SipCall, caller: SipCall) -> bool:
    """Asterisk shows the caller's number in From, or a colleague's extension in place of the phone's name."""
    shown = {caller.number, caller.asserted or caller.number, extension_of(caller.party)}
    return phone.number in shown


def _during(inner: SipCall, outer: SipCall) -> bool:
    return outer.invited_at - 0.05 <= inner.invited_at <= outer.end + 0.2


def _rang_along(other: SipCall, phone: SipCall) -> bool:
    return extension_of(other.party) == extension_of(phone.party) and abs(other.invited_at - phone.invited_at) < SOON_S


def _talked(phone: SipCall, caller: SipCall) -> bool:
    return phone.answered_at is not None and caller.answered_at is not None


def _shown(caller: SipCall) -> str | None:
    if caller.number == "anonymous":
        return caller.asserted
    return caller.number


def _queue(destination: Destination, talk: SipCall | None) -> str | None:
    """The queue that led to the talk, else the last one waited in."""
    for name, phones in destination.phones.items():
        if name and talk is not None and talk.party in phones:
            return name
    return destination.queues[-1] if destination.queues else None


def _talk_s(near: SipCall, far: SipCall | None) -> float | None:
    if far is None or far.answered_at is None:
        return 0.0
    if near.ended_at is None and far.ended_at is None:
        return None
    return max(0.0, min(end for end in (near.ended_at, far.ended_at) if end is not None) - far.answered_at)


def _offer(phone: SipCall, caller: SipCall, talk: SipCall | None) -> Offer:
    return Offer(
        endpoint=phone.party,
        extension=extension_of(phone.party),
        rang_at=phone.invited_at,
        answered_at=phone.answered_at,
        ended_at=phone.end,
        result=_result(phone, caller, talk),
    )


def _result(phone: SipCall, caller: SipCall, talk: SipCall | None) -> str:
    if phone.answered_at is not None:
        return "answered"
    if phone.cancel_by == "pbx":
        if talk is not None and abs(phone.end - (talk.answered_at or 0)) < SOON_S:
            return "answered_elsewhere"
        return "cancelled" if _gave_up(caller) and abs(phone.end - caller.end) < SOON_S else "missed"
    # A phone that never rang and says busy is engaged; one that rang was declined by its owner.
    return "busy" if phone.status == 486 and phone.rang_at is None else "rejected"


def _gave_up(caller: SipCall) -> bool:
    return "self" in (caller.bye_by, caller.cancel_by)


def _unanswered(caller: SipCall, phones: list[SipCall], destination: Destination) -> str:
    if caller.digits and destination.given_up == "exit_key":
        return "exit_key"
    if destination.given_up in ("ivr_only", "voicemail") and caller.end - caller.invited_at > (destination.wait_s or 0):
        return destination.given_up
    if _gave_up(caller):
        return "abandoned" if destination.queues else "cancelled"
    if destination.given_up in ("queue_timeout", "exit_key"):
        # Sent away before its time: the PBX was stopped.
        kept = caller.end - (caller.answered_at or caller.end)
        return "queue_timeout" if kept >= (destination.wait_s or 0) - SOON_S else "unknown"
    if destination.given_up is not None:
        return destination.given_up
    results = {_result(phone, caller, None) for phone in phones}
    for result, outcome in (("rejected", "rejected"), ("missed", "no_answer"), ("busy", "busy")):
        if result in results:
            return outcome
    return "unavailable"


def _refused(near: SipCall, far: SipCall | None) -> str:
    """Why a call to the far end was not answered."""
    if far is None:
        return "unavailable"
    if far.cancel_by == "pbx" or far.status is None:
        return "cancelled" if _gave_up(near) and abs(far.end - near.end) < SOON_S else "no_answer"
    return {486: "busy", 603: "rejected", 404: "invalid", 480: "no_answer"}.get(far.status, "failed")


def _ended_by(caller: SipCall, talk: SipCall | None) -> str:
    return _sides(caller, talk, near="remote", far_side="agent")


def _sides(near_call: SipCall, far: SipCall | None, *, near: str, far_side: str) -> str:
    """Who sent the first BYE or CANCEL; the PBX when neither did."""
    if _gave_up(near_call):
        return near
    if near_call.ended_at is None:
        return "unknown"
    return far_side if far is not None and far.bye_by == "self" else "system"
