"""A colleague puts the customer through: blind, attended or blonde, by whatever means. One call, one record.

Blind: the customer is sent into the dialplan, and who is dialled then is the target. Attended and blonde: the colleague has called the
target first; that consultation is a call of its own until the two are joined, then it becomes part of the customer's.
"""

from __future__ import annotations

from pbx import events as ami
from pbx.call_book import CallBook
from pbx.call_events import CallTransferred
from pbx.calls import Direction, TransferKind
from pbx.channels import LiveChannel
from pbx.devices import endpoint_of
from pbx.intervals import Stretches
from pbx.live_call import LiveCall
from pbx.live_leg import LiveLeg, LiveTransfer
from pbx.openings import Openings

#: Only this Result means that something was moved (P26).
_DONE = "Success"
#: AttendedTransfer DestType: who transfers stays in the conversation (A54).
_THREE_WAY = "Threeway"
#: Two tellings of one transfer are not further apart.
_SAME_S = 2.0


class Transfers:
    """What BlindTransfer and AttendedTransfer, and moves without either, do to calls."""

    def __init__(self, book: CallBook, openings: Openings) -> None:
        self._book = book
        self._openings = openings

    # --- blind -------------------------------------------------------------------------------------------------------

    def blind(self, event: ami.BlindTransfer, at: float | None) -> None:
        """BlindTransfer. The transferee may be a Local channel that stands for the customer (FreePBX)."""
        call = self._book.known_call(event.transferer.uniqueid)
        if call is None and event.transferee is not None:
            call = self._book.known_call(event.transferee.uniqueid)
        if event.result != _DONE or call is None or call.parked.running:
            return  # parking by transfer is told by both events, in either order (P2)
        self._transferred(call, TransferKind.BLIND, endpoint_of(event.transferer.name), event.extension, at)

    def moved_on(self, call: LiveCall, dest: LiveChannel, exten: str) -> None:
        """A customer who has talked is sent to `dest`, and nobody asked to hang up: AMI Redirect tells no more than that."""
        if call.direction is Direction.INTERNAL or call.talking or call.talk_ended_by is not None or call.parked.ever:
            return
        last = max(
            (leg for leg in reversed(call.legs) if leg.talk.ever),
            key=lambda leg: leg.talk.last_end or 0.0,
            default=None,
        )
        leg = call.leg_of_channel(dest.uniqueid)
        if last is None or last.handed_over or last is leg or (leg is not None and leg.asked_by is not None):
            return
        self._transferred(call, TransferKind.BLIND, last.endpoint, exten, last.talk.last_end).is_guess = True

    def not_moved(self, call: LiveCall, leg: LiveLeg) -> None:
        """The colleague had hung up: the dialplan goes on with the customer, nobody transferred."""
        if call.transfers and call.transfers[-1].is_guess and call.transfers[-1].by in leg.endpoints:
            call.transfers.pop()
            leg.handed_over = False
            self._book.touch(call, None)

    def parked(self, call: LiveCall) -> None:
        """A transfer to the parking lot is no transfer; who parked has left the call."""
        if call.transfers and call.transfers[-1].first_leg == len(call.legs) and not call.parked.running:
            call.transfers.pop()
        self._hand_over(call, None)

    # --- attended ----------------------------------------------------------------------------------------------------

    def attended(self, event: ami.AttendedTransfer, at: float | None) -> None:
        """AttendedTransfer: Orig and Second are the transferer's two channels in order of time, not of role."""
        first = self._book.known_call(event.orig_transferer.uniqueid)
        second = self._book.known_call(event.second_transferer.uniqueid)
        if event.result != _DONE or first is None or second is None:
            return
        if first is second:  # one phone for both: *2, AMI Atxfer
            second = self._book.consultation_from(event.orig_transferer.uniqueid) or first
        call, asked = (second, first) if _was_asked_first(first, second) else (first, second)
        outside = asked.remote_channels[-1] if asked.direction is Direction.OUTBOUND and asked is not call else None
        was_answered, number = asked.talked, asked.remote_raw
        if asked is not call:
            self.join(asked, call, at)
        target = self._joined_leg(call)
        if target is None and asked is call:
            return  # told twice
        if target is not None:
            was_answered, number = target.answered_channel is not None, target.extension
        kind = TransferKind.ATTENDED if was_answered else TransferKind.BLONDE
        transfer = self._transferred(
            call,
            kind,
            endpoint_of(event.orig_transferer.name),
            number or "",
            at,
            first_leg=target.leg_id if target is not None else len(call.legs),
            stays=event.dest_type == _THREE_WAY,
        )
        transfer.outside = transfer.outside or outside
        transfer.outside_answered |= outside is not None and was_answered

    def asks_by_feature(self, call: LiveCall, dialler: LiveChannel, exten: str, at: float | None) -> LiveCall | None:
        """The consultation that DTMF *2 or AMI Atxfer begins: a Local channel that nobody dialled, while the customer waits."""
        line = self._book.graph.outermost_local(dialler)
        present = [leg for leg in call.legs if leg.talk.running or leg.hold.running]
        asker = max(present, key=lambda leg: leg.hold.running, default=None)
        is_target_of_transfer = bool(call.transfers) and call.transfers[-1].first_leg == len(call.legs)
        if line is None or line.dialled_by is not None or line.uniqueid == call.key:
            return None
        if asker is None or is_target_of_transfer:
            return None
        return self._openings.open_consultation(call, line, asker, exten, at)

    def rings_on(self, dest: LiveChannel, call: LiveCall, at: float | None) -> None:
        """A blonde transfer: the phone that rang for the consultation rings for the customer now, on the same channel (P15)."""
        asked = self._book.call_of(dest)
        if asked is not None and asked is not call and asked.announced and asked.direction is Direction.INTERNAL:
            self.join(asked, call, at)

    def join(self, asked: LiveCall, call: LiveCall, at: float | None) -> None:
        """The consultation `asked` becomes part of the customer's call: its target is a leg of that, its record goes."""
        in_both = _who_is_in_both(asked, call)
        for leg in [leg for leg in asked.legs if leg is not in_both]:
            leg.leg_id = len(call.legs)
            leg.is_caller, leg.talk_told = False, False
            leg.talk, leg.hold = Stretches(), Stretches()  # with the colleague, not with the customer
            leg.asked_by = in_both.endpoint if in_both is not None else None
            call.legs.append(leg)
        call.waits += asked.waits
        own = _leg_still_there(call, in_both)
        if own is not None and in_both is not None:
            own.channels |= in_both.channels
        self._book.fold(asked, call, at)

    def comes_back_to(self, endpoint: str) -> LiveCall | None:
        """The call that this phone transferred and that nobody has taken: Asterisk calls back on a channel of its own (A53)."""
        for call in self._book:
            last = call.transfers[-1] if call.transfers and not (call.ended or call.talking) else None
            if last is not None and last.by == endpoint and last.kind is not TransferKind.BLIND:
                return call
        return None

    def joined_unseen(self, call: LiveCall, at: float | None) -> None:
        """After a gap: the customer talks with whom a colleague had asked, and that colleague is gone."""
        target = self._joined_leg(call)
        if target is None or target.asked_by is None:
            return
        if all(leg.result is not None for leg in call.legs if target.asked_by in leg.endpoints):
            kind = TransferKind.ATTENDED if target.answered_channel is not None else TransferKind.BLONDE
            extension = target.extension or target.endpoint
            self._transferred(call, kind, target.asked_by, extension, at, first_leg=target.leg_id)

    def _joined_leg(self, call: LiveCall) -> LiveLeg | None:
        """The target that no transfer names yet."""
        named = {transfer.first_leg for transfer in call.transfers if transfer.kind is not TransferKind.BLIND}
        return next((leg for leg in call.legs if leg.asked_by is not None and leg.leg_id not in named), None)

    # --- both --------------------------------------------------------------------------------------------------------

    def _transferred(
        self,
        call: LiveCall,
        kind: TransferKind,
        by: str,
        extension: str,
        at: float | None,
        *,
        first_leg: int | None = None,
        stays: bool = False,
    ) -> LiveTransfer:
        known = next((transfer for transfer in call.transfers if _is_same(transfer, kind, by, at)), None)
        if known is not None:
            # Told twice, or after we had seen it happen.
            known.extension, known.at, known.is_guess = extension, at, False
            return known
        first_leg = first_leg if first_leg is not None else _first_rung_after(call, at)
        transfer = LiveTransfer(kind, by, extension, at, first_leg)
        call.transfers.append(transfer)
        if not stays:
            self._hand_over(call, by)
        value = call.value()
        self._book.emit(CallTransferred(at=at, call=value, transfer=value.transfers[-1]), call)
        return transfer

    def _hand_over(self, call: LiveCall, by: str | None) -> None:
        """Who transferred or parked (None: whoever talked last) does not end the call by hanging up."""
        call.talk_ended_by = None
        for leg in call.legs:
            if leg.talk.ever and (by in leg.endpoints if by is not None else not leg.talk.running):
                leg.handed_over = True


def _was_asked_first(first: LiveCall, second: LiveCall) -> bool:
    """Whether the earlier of two calls is the consultation: a colleague was asked before the customer was called."""
    return first.direction is Direction.INTERNAL and second.direction is not Direction.INTERNAL


def _who_is_in_both(asked: LiveCall, call: LiveCall) -> LiveLeg | None:
    """The colleague who asks another about the customer; mostly the one who called."""
    there = {endpoint for leg in call.legs for endpoint in leg.endpoints}
    shared = [leg for leg in asked.legs if not there.isdisjoint(leg.endpoints)]
    return next(iter(shared or asked.legs), None)


def _leg_still_there(call: LiveCall, colleague: LiveLeg | None) -> LiveLeg | None:
    if colleague is None:
        return None
    return next((leg for leg in call.legs if colleague.endpoint in leg.endpoints and leg.result is None), None)


def _is_same(transfer: LiveTransfer, kind: TransferKind, by: str, at: float | None) -> bool:
    if (transfer.kind, transfer.by) != (kind, by):
        return False
    return at is None or transfer.at is None or abs(at - transfer.at) <= _SAME_S


def _first_rung_after(call: LiveCall, at: float | None) -> int:
    """The target's phone may be told before the transfer is (P1)."""
    if at is not None:
        for leg in call.legs:
            if leg.rang_at is not None and leg.rang_at >= at:
                return leg.leg_id
    return len(call.legs)
