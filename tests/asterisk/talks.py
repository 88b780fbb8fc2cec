"""Who talked with the outside party and when, through pickups, transfers, parking and conferences."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.asterisk import outcomes
from tests.asterisk.belonging import SOON_S, Pool
from tests.asterisk.plan import CONFERENCES, MOBILE, PARK, PARK_SPACES, PICKUP, QUEUE_EXTENSIONS, SHIFT, extension_of
from tests.asterisk.siplog import Referral, SipCall

# Answer() waits so long for the caller's sound before the dialplan goes on to the queue.
ANSWER_S = 0.5
# Begin and end of a talk; an end that nobody was told (the PBX was killed) is infinite.
Span = tuple[float, float]


def retrieves(call: SipCall) -> bool:
    """Whether a colleague's call takes another one out of the park: it is part of that one."""
    return call.dialled in PARK_SPACES


def joins(call: SipCall) -> bool:
    """Whether a colleague's call goes into a conference: it is part of the customer's call that is there."""
    return call.dialled in CONFERENCES


def picks_up(call: SipCall) -> bool:
    """Whether a colleague's call takes over what rings at another phone."""
    return call.dialled.startswith(PICKUP) or call.replaces is not None


@dataclass(slots=True, eq=False)
class Part:
    """A colleague's part in a call: a phone, and when it talked with the outside party."""

    phone: SipCall
    # The outside phone that it forwards to.
    mobile: SipCall | None = None
    spans: list[Span] = field(default_factory=list)

    @property
    def talker(self) -> SipCall:
        """The phone that was spoken into."""
        return self.mobile or self.phone

    @property
    def hold_s(self) -> float:
        """The seconds of its talks on hold."""
        return sum(
            max(0.0, min(end, until) - max(begin, since))
            for begin, end in self.phone.holds
            for since, until in self.spans
        )


class Talks:
    """The colleagues' part in one outside party's call."""

    def __init__(
        self,
        remote: SipCall,
        rung: Iterable[SipCall],
        pool: Pool,
        dialled: list[SipCall],
        *,
        announcement_s: float = 0,
    ) -> None:
        self._remote = remote
        self._pool = pool
        self._dialled = dialled
        # Every phone that was rung, picked up, retrieved or was transferred to, in order.
        self.parts = [Part(phone) for phone in rung]
        self.transfers: list[tuple[str, str, str, str]] = []
        # Queues that it was transferred into: name, seconds, result.
        self.queues: list[tuple[str, float, str]] = []
        self.parked_s = 0.0
        self._pick_up()
        # The list grows while forwards and transfers are followed.
        for part in self.parts:
            self._forward(part)
            begin = _connected_at(part.talker, remote, announcement_s)
            if begin is not None and not part.spans:
                self._talk(part, begin)

    @property
    def phones(self) -> list[SipCall]:
        """The phones of all parts."""
        return [part.phone for part in self.parts]

    @property
    def first(self) -> Part | None:
        """The colleague who talked first."""
        return min((part for part in self.parts if part.spans), key=lambda part: part.spans[0], default=None)

    @property
    def last(self) -> Part | None:
        """The colleague who talked last."""
        talked = (part for part in self.parts if part.spans)
        return max(talked, key=lambda part: part.spans[-1][::-1], default=None)

    @property
    def answers(self) -> list[float]:
        """When phones were picked up, or connected: the others stop to ring then."""
        picked_up = [part.talker.answered_at for part in self.parts if part.talker.answered_at is not None]
        return picked_up + [begin for part in self.parts for begin, _ in part.spans]

    @property
    def began(self) -> float | None:
        """When the first talk began."""
        return self.first.spans[0][0] if self.first else None

    @property
    def talk_s(self) -> float | None:
        """The seconds in which it talked with anybody; None when the PBX was killed and no end is known."""
        return length(span for part in self.parts for span in part.spans)

    @property
    def hold_s(self) -> float:
        """The seconds on hold."""
        return sum(part.hold_s for part in self.parts)

    def _forward(self, part: Part) -> None:
        number = part.phone.forward_to
        if number is None:
            return
        if number.startswith("+"):
            part.mobile = next(iter(self._pool.far_ends(self._remote, number)), None)
        else:
            # The forwarding phone may write its 302 into its log after the next one has written its INVITE.
            self._add(self._pool.phones(self._remote, since=part.phone.end - SOON_S))

    def _add(self, phones: Iterable[SipCall]) -> list[Part]:
        """The parts of phones, new ones where they have none yet."""
        known = {id(part.phone): part for part in self.parts}
        added = []
        for phone in phones:
            if id(phone) not in known:
                self.parts.append(Part(phone))
                known[id(phone)] = self.parts[-1]
            added.append(known[id(phone)])
        return added

    def _rung_since(self, at: float, until: float = math.inf) -> list[SipCall]:
        """Whose phones the outside party's call has rung since then."""
        before = [phone for phone in self.phones if phone.kind == "answering" and at <= phone.invited_at <= until]
        return before + self._pool.phones(self._remote, since=at, until=until)

    def _pick_up(self) -> None:
        """A colleague dialled the pickup code while these phones rang, and they stopped."""
        for call in self._dialled:
            at = call.answered_at
            if picks_up(call) and at is not None and any(abs(phone.end - at) < SOON_S for phone in self.phones):
                self._add([call])

    def _talk(self, part: Part, begin: float) -> None:
        """Note the talks of a part from then on, and what its phone did with the call."""
        since: float | None = begin
        end = min(call.ended_at or math.inf for call in (self._remote, part.talker))
        asked: Referral | None = None
        if begin >= end:
            return
        for referral in part.talker.referrals:
            if referral.how == "joined":
                self._join(referral)
            elif referral.how in ("threeway", "resume"):
                since = referral.at
                if referral.how == "threeway" and asked is not None:
                    self._consulted(part, asked, done=referral.at)
                asked = None
            elif since is not None:
                part.spans.append((since, min(end, referral.at)))
                since, asked = None, referral if referral.how != "ended" else None
        if since is not None:
            part.spans.append((since, end))
        if asked is not None:
            self._transferred(part, asked)

    def _transferred(self, part: Part, referral: Referral) -> None:
        if referral.target == PARK:
            self._parked(referral)
        elif referral.target in CONFERENCES:
            first = self._join(referral)
            to = extension_of(first.phone.party) if first else referral.target
            self._note("blind", part, to, "answered" if first else "no_answer")
        elif referral.how == "inside":
            self._consulted(part, referral, done=part.talker.end)
        elif referral.replaces is not None:
            self._joined_to_consultation(part, referral)
        elif referral.target.startswith("+"):
            far = self._pool.far_ends(self._remote, referral.target)
            self._note("blind", part, referral.target, outcomes.transfer_result(far, self._remote))
        else:
            targets = self._rung_since(referral.at) or self._pool.at_once(referral.target, referral.at)
            self._handed_over("blind", part, referral, targets, since=referral.at)

    def _consulted(self, part: Part, referral: Referral, *, done: float) -> None:
        """The PBX itself called the target, and at `done` the two (or all three) were joined."""
        targets = self._pool.phones(part.talker, since=referral.at, until=done)
        self._handed_over(self._kind(targets, done), part, referral, targets, since=done)
        # The call that comes back when nobody takes it.
        self._add(self._pool.phones(self._remote, [part.phone.party], since=done))

    def _joined_to_consultation(self, part: Part, referral: Referral) -> None:
        consultation = next(call for call in self._dialled if call.call_id == referral.replaces)
        if consultation.dialled.startswith("+"):
            far = self._pool.far_ends(consultation, consultation.dialled)
            result = outcomes.transfer_result(far, self._remote)
            self._note(self._kind(far, referral.at), part, consultation.dialled, result)
            return
        targets = self._pool.phones(consultation) + self._rung_since(referral.at)
        self._handed_over(self._kind(targets, referral.at), part, referral, targets, since=referral.at)
        if consultation.dialled in QUEUE_EXTENSIONS:
            queued = max(consultation.answered_at or 0, 0)
            self._queued(QUEUE_EXTENSIONS[consultation.dialled], queued, targets)

    def _handed_over(self, kind: str, part: Part, referral: Referral, targets: list[SipCall], *, since: float) -> None:
        """The outside party goes on with whoever of these answers."""
        parts = self._add(targets)
        taker = next((target for target in parts if target.phone.answered_at is not None), None)
        to = extension_of(taker.phone.party) if taker else referral.target
        self._note(kind, part, to, outcomes.transfer_result(targets, self._remote))
        if referral.target in QUEUE_EXTENSIONS and kind == "blind":
            self._queued(QUEUE_EXTENSIONS[referral.target], referral.at, targets)
        if taker is not None and taker.phone.answered_at is not None:
            # Before the transfer the target talked with the colleague only.
            self._talk(taker, max(taker.phone.answered_at, since))

    def _note(self, kind: str, part: Part, to: str, result: str) -> None:
        self.transfers.append((kind, extension_of(part.phone.party), to, result))

    def _queued(self, queue: str, since: float, targets: list[SipCall]) -> None:
        answered = [phone.answered_at for phone in targets if phone.answered_at is not None]
        until = min(answered, default=self._remote.end)
        gave_up = outcomes.gave_up(self._remote)
        result = "answered" if answered else "abandoned" if gave_up else "timeout"
        self.queues.append((queue, until - since, result))

    def _kind(self, targets: list[SipCall], done: float) -> str:
        answered = [target.answered_at for target in targets if target.answered_at is not None]
        return "attended" if answered and min(answered) <= done else "blonde"

    def _join(self, referral: Referral) -> Part | None:
        """The outside party is in a conference from then on, with every colleague who dials it; the first of them."""
        members = [call for call in self._dialled if call.dialled == referral.target and call.answered_at is not None]
        parts = self._add(sorted(members, key=lambda call: call.answered_at or 0))
        for part in parts:
            begin = max(part.phone.answered_at or 0, referral.at)
            part.spans.append((begin, min(call.ended_at or math.inf for call in (self._remote, part.phone))))
        return parts[0] if parts else None

    def _parked(self, referral: Referral) -> None:
        """In the park until a colleague dials the space, the parker is rung back, or the caller gives up."""
        retrievals = [call for call in self._dialled if retrieves(call) and call.invited_at > referral.at]
        retrieved_at = min((call.invited_at for call in retrievals), default=math.inf)
        rung = self._rung_since(referral.at, until=retrieved_at)
        back = min(rung + retrievals, key=lambda call: call.invited_at, default=None)
        if back is None:
            self.parked_s += self._remote.end - referral.at
            return
        self._add([back])
        # Who is rung back has the call out of the park already.
        until = back.invited_at if back.kind == "answering" else back.answered_at
        self.parked_s += (until or self._remote.end) - referral.at


def _connected_at(phone: SipCall, remote: SipCall, announcement_s: float) -> float | None:
    """When a phone that was picked up was connected: a mobile by its key, a phone after what it hears first."""
    if phone.answered_at is None or remote.answered_at is None:
        return None
    if phone.dialled == MOBILE and phone.kind == "answering" and phone.digits:
        return phone.pressed_at if phone.digits == ["1"] else None
    if phone.dialled.startswith(SHIFT):
        # A beep, and the line that was open all the time is connected.
        return remote.answered_at + ANSWER_S
    return max(phone.answered_at + announcement_s, remote.answered_at - SOON_S)


def length(spans: Iterable[Span]) -> float | None:
    """The seconds that at least one of the spans covers; None when one has no end."""
    total, reached = 0.0, -math.inf
    for begin, end in sorted(spans):
        if end == math.inf:
            return None
        total += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return total
