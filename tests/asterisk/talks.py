"""Who talked with an outside caller and when, through pickups, transfers and parking."""

from tests.asterisk import outcomes
from tests.asterisk.belonging import SOON_S, Pool
from tests.asterisk.plan import PARK, PARK_SPACES, PICKUP, extension_of
from tests.asterisk.siplog import Referral, SipCall


def retrieves(call: SipCall) -> bool:
    """Whether a colleague's call takes another one out of the park: it is part of that one."""
    return call.dialled in PARK_SPACES


class Talks:
    """The colleagues' part in one outside caller's call."""

    def __init__(self, caller: SipCall, rung: list[SipCall], pool: Pool, dialled: list[SipCall]) -> None:
        self._caller = caller
        self._pool = pool
        self._dialled = dialled
        # Every phone that was rung, picked up, retrieved or was transferred to, in order.
        self.phones = list(rung)
        self.transfers: list[tuple[str, str, str, str]] = []
        self.parked_s = 0.0
        self._intervals: list[tuple[float, float | None, SipCall]] = []
        self._pick_up()
        # The list grows while forwards and transfers are followed.
        for phone in self.phones:
            if phone.status == 302:
                self.phones += pool.phones(caller, since=phone.end)
            if phone.answered_at is not None and caller.answered_at is not None:
                self._talk(phone, phone.answered_at)

    @property
    def first(self) -> SipCall | None:
        """The colleague who talked first."""
        return min(self._intervals, key=lambda talk: talk[0])[2] if self._intervals else None

    @property
    def last(self) -> SipCall | None:
        """The colleague who talked last."""
        return max(self._intervals, key=lambda talk: talk[0])[2] if self._intervals else None

    @property
    def began(self) -> float | None:
        """When the first talk began."""
        return min((begin for begin, _, _ in self._intervals), default=None)

    @property
    def talk_s(self) -> float | None:
        """The seconds of all talks together; None when the PBX was killed and no end is known."""
        total = 0.0
        for begin, end, _ in self._intervals:
            if end is None:
                return None
            total += max(0.0, end - begin)
        return total

    @property
    def hold_s(self) -> float:
        """The seconds on hold."""
        return sum(end - begin for _, _, phone in self._intervals for begin, end in phone.holds)

    def _talk(self, phone: SipCall, begin: float) -> None:
        """Note a talk from then to the end, or to the transfer that ended it."""
        if any(phone is talked for _, _, talked in self._intervals):
            return
        ends = [call.ended_at for call in (self._caller, phone) if call.ended_at is not None]
        referral = phone.referrals[-1] if phone.referrals else None
        if referral is not None:
            ends.append(referral.at)
        self._intervals.append((begin, min(ends, default=None), phone))
        if referral is not None:
            self._transferred(phone, referral)

    def _pick_up(self) -> None:
        """A colleague dialled the pickup code while this caller's phones rang, and they stopped."""
        for call in self._dialled:
            picked = call.dialled.startswith(PICKUP) and call.answered_at is not None
            if picked and any(abs(phone.end - (call.answered_at or 0)) < SOON_S for phone in self.phones):
                self.phones.append(call)

    def _transferred(self, phone: SipCall, referral: Referral) -> None:
        if referral.target == PARK:
            self._parked(referral)
            return
        kind, targets = "blind", self._pool.phones(self._caller, since=referral.at)
        if referral.target.startswith("+"):
            self._sent_out(phone, referral)
            return
        if referral.replaces is not None:
            consultation = next(call for call in self._dialled if call.call_id == referral.replaces)
            targets = self._pool.phones(consultation)
            answered = [target.answered_at for target in targets if target.answered_at is not None]
            kind = "attended" if answered and min(answered) <= referral.at else "blonde"
        self.phones += targets
        taker = next((target for target in targets if target.answered_at is not None), None)
        to = extension_of(taker.party) if taker else referral.target
        result = outcomes.transfer_result(targets, self._caller)
        self.transfers.append((kind, extension_of(phone.party), to, result))
        if taker is not None and taker.answered_at is not None:
            # Before the transfer the target talked with the colleague only.
            self._talk(taker, max(taker.answered_at, referral.at))

    def _sent_out(self, phone: SipCall, referral: Referral) -> None:
        """Transferred to an outside number: the call goes on without a colleague."""
        far = self._pool.far_ends(self._caller, referral.target)
        result = outcomes.transfer_result(far, self._caller)
        self.transfers.append(("blind", extension_of(phone.party), referral.target, result))

    def _parked(self, referral: Referral) -> None:
        """In the park until a colleague dials the space, the parker is rung back, or the caller gives up."""
        retrievals = [call for call in self._dialled if retrieves(call) and call.invited_at > referral.at]
        back = [phone for phone in self.phones if phone.invited_at > referral.at] or retrievals
        taker = next((call for call in back if call.answered_at is not None), None)
        if taker is not None and taker not in self.phones:
            self.phones.append(taker)
        until = taker.answered_at if taker is not None else None
        self.parked_s += (until or self._caller.end) - referral.at
