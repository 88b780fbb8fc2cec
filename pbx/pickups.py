"""A colleague takes a call that rings at somebody else's phone, or listens in on one."""

from __future__ import annotations

from pbx import events as ami
from pbx.call_book import CallBook
from pbx.call_events import CallSpied
from pbx.calls import LegResult
from pbx.channels import LiveChannel
from pbx.devices import DeviceKind, endpoint_of
from pbx.live_call import AT_ONCE_S, LiveCall
from pbx.live_leg import LiveLeg


class Pickups:
    """Pickup and ChanSpy: phones that dialled a feature code and found a call."""

    def __init__(self, book: CallBook) -> None:
        self._book = book

    def picked_up(self, event: ami.Pickup, picker: LiveChannel, at: float | None) -> None:
        """Pickup, sent after the move: the call is the picker's now, the phone that rang has lost it."""
        call = self._book.known_call(event.target.uniqueid)
        if call is None or call.ended or picker.kind is not DeviceKind.PHONE:
            return
        leg = self.take_over(call, picker)
        rang = next((other for other in call.legs if endpoint_of(event.target.name) in other.endpoints), None)
        if rang is not None and rang is not leg:
            leg.queue = rang.queue
        self._has_it_now(call, leg, picker, at)

    def answered_instead(self, call: LiveCall, phone: LiveChannel, at: float | None) -> None:
        """DialEnd ANSWER of a phone that was not dialled: it took the ringing call over (SIP Replaces), with or without a Pickup event."""
        if not call.ended and phone.kind is DeviceKind.PHONE:
            self._has_it_now(call, self.take_over(call, phone), phone, at)

    def _has_it_now(self, call: LiveCall, leg: LiveLeg, phone: LiveChannel, at: float | None) -> None:
        self._book.picked_up(call, leg, phone, at)
        for other in call.legs:
            told_first = other.ended_at is not None and at is not None and other.ended_at >= at - AT_ONCE_S
            if told_first and other.result in (LegResult.MISSED, LegResult.CANCELLED):
                other.result = LegResult.ANSWERED_ELSEWHERE  # its Hangup was told before (P1)
        self._book.touch(call, at)

    def take_over(self, call: LiveCall, phone: LiveChannel) -> LiveLeg:
        """The leg of a phone that nobody dialled for this call and that has it now."""
        leg = call.leg_of_channel(phone.uniqueid)
        if leg is None:
            self._book.attach(phone, call)
            leg = call.new_leg(phone.endpoint, self._book.devices)
            leg.channels.add(phone.uniqueid)
        return leg

    def spied(self, event: ami.ChanSpyStart, spy: LiveChannel, at: float | None) -> None:
        """ChanSpyStart: the supervisor's own line is no call; who listens to whom is told."""
        own = self._book.call_of(spy)
        if own is not None and own.announced and not own.talked:
            self._book.drop(own, at)
        call = self._book.known_call(event.spyee.uniqueid) if event.spyee is not None else None
        if call is not None and event.spyee is not None:
            told = CallSpied(at=at, call=call.value(), by=spy.endpoint, on=endpoint_of(event.spyee.name))
            self._book.emit(told, call)
