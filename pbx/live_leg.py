"""The parts of a living call: one colleague's leg, one stay in a queue, one transfer."""

from __future__ import annotations

from pbx import outcomes
from pbx.calls import CallLeg, LegResult, QueueResult, QueueWait, Transfer, TransferKind, TransferResult
from pbx.events import Uniqueid
from pbx.intervals import Span, Stretches, overlap, seconds_between, total_s
from pbx.quick_values import quick

_new_leg = quick(CallLeg)
_new_wait = quick(QueueWait)


class LiveLeg:
    """One colleague's part in a living call."""

    __slots__ = (
        "agent",
        "answered_channel",
        "asked_by",
        "channels",
        "end_unseen",
        "ended_at",
        "endpoint",
        "endpoints",
        "extension",
        "forward",
        "handed_over",
        "hold",
        "is_caller",
        "leg_id",
        "offered",
        "picked_up_at",
        "queue",
        "rang_at",
        "result",
        "ring_ended_at",
        "talk",
        "talk_told",
        "via",
    )

    def __init__(self, leg_id: int, endpoint: str, extension: str | None, agent: str | None) -> None:
        self.leg_id = leg_id
        self.endpoint = endpoint
        self.extension = extension
        self.endpoints = [endpoint]
        self.agent = agent
        # Living channels of this leg; a leg without any has ended.
        self.channels: set[Uniqueid] = set()
        self.answered_channel: Uniqueid | None = None
        self.queue: str | None = None
        # The colleague who calls (outbound, internal, click-to-dial), not one who is called.
        self.is_caller = False
        # A device of this leg was dialled: it is an offer, and somebody's screen should show it.
        self.offered = False
        self.rang_at: float | None = None
        self.ring_ended_at: float | None = None
        self.picked_up_at: float | None = None
        self.ended_at: float | None = None
        self.talk = Stretches()
        self.hold = Stretches()
        # CallAnswered was emitted for this leg.
        self.talk_told = False
        # The outside number this colleague is reached at, when not at a phone of ours.
        self.via: str | None = None
        # Where the phone sends the call itself (302).
        self.forward: str | None = None
        # This colleague transferred or parked the call: what their phone does from now on does not concern it.
        self.handed_over = False
        # Rung for a consultation that was joined to this call: the device of the colleague who asked.
        self.asked_by: str | None = None
        self.result: LegResult | None = None
        # The phone hung up while there was no connection: how, nobody knows.
        self.end_unseen = False

    @property
    def ringing(self) -> bool:
        """Offered and not decided yet."""
        return self.offered and self.result is None and self.answered_channel is None

    @property
    def on_hold(self) -> bool:
        """The customer waits for this colleague to come back. Asking another by *2 leaves the customer's bridge: no hold."""
        return self.hold.running and self.talk.running

    def hold_spans(self, until: float | None) -> list[Span]:
        """Hold is a part of the talk."""
        return overlap(self.hold.spans(until), self.talk.spans(until))

    def value(self, until: float | None) -> CallLeg:
        """The leg as the record shows it. `until` cuts what still runs."""
        answered_at = self.talk.first_start if self.is_caller else self.picked_up_at
        return _new_leg(
            leg_id=self.leg_id,
            endpoint=self.endpoint,
            extension=self.extension,
            agent=self.agent,
            endpoints=tuple(self.endpoints),
            queue=self.queue,
            rang_at=self.rang_at,
            answered_at=answered_at,
            ended_at=self.ended_at,
            ring_s=seconds_between(self.rang_at, self.ring_ended_at or self.ended_at or until),
            talk_s=self.talk.length_s(until),
            hold_s=total_s(self.hold_spans(until)) if self.hold.ever else 0.0,
            on_hold=self.on_hold,
            via=self.via,
            result=self.result,
        )


class LiveWait:
    """One stay in a queue."""

    __slots__ = (
        "abandon_requested",
        "abandoned",
        "connected",
        "cut_off",
        "given_up_at",
        "joined_at",
        "left",
        "left_at",
        "picked_up",
        "queue",
        "status",
    )

    def __init__(self, queue: str, joined_at: float | None) -> None:
        self.queue = queue
        self.joined_at = joined_at
        self.left = False
        self.left_at: float | None = None
        # QueueCallerAbandon came; it is also sent for timeout and empty (P5).
        self.abandoned = False
        # … and the caller had asked to hang up before it: only then it is a true abandon.
        self.abandon_requested = False
        # When: Asterisk may notice seconds later, while a colleague hears an announcement (A36).
        self.given_up_at: float | None = None
        # A phone offered out of this queue was picked up: Leave comes now, and AgentConnect only after the announcement (P7).
        self.picked_up = False
        # AgentConnect, or a talk with a phone offered out of this queue.
        self.connected = False
        # The PBX stopped while the caller waited: nobody gave up.
        self.cut_off = False
        # VarSet QUEUESTATUS settles it where the PBX grants us the dialplan class.
        self.status: str | None = None

    def leave(self, at: float | None) -> None:
        """The caller does not stand in this queue any more."""
        self.left = True
        self.left_at = at

    @property
    def result(self) -> QueueResult | None:
        if self.connected:
            return QueueResult.ANSWERED
        if self.status in outcomes.QUEUE_STATUS:
            return outcomes.QUEUE_STATUS[self.status]
        if self.cut_off:
            return None
        if self.abandoned:
            return QueueResult.ABANDONED if self.abandon_requested else QueueResult.TIMEOUT
        return QueueResult.EXIT_KEY if self.left and not self.picked_up else None

    @property
    def over_at(self) -> float | None:
        """When the caller stopped waiting."""
        return self.given_up_at if self.abandoned and self.given_up_at is not None else self.left_at

    def value(self, talk_started_at: float | None) -> QueueWait:
        """Waiting ends with the talk it led to, else when the queue is left."""
        result = self.result
        until = self.over_at
        if result is QueueResult.ANSWERED and talk_started_at is not None:
            until = talk_started_at
        # Leave is sent at every answer too: until the talk begins nothing is decided.
        decided = result if self.left or result is not QueueResult.ANSWERED else None
        return _new_wait(
            queue=self.queue,
            joined_at=self.joined_at,
            left_at=self.left_at,
            wait_s=seconds_between(self.joined_at, until),
            result=decided,
        )


class LiveTransfer:
    """One transfer of a living call. Who took it shows later, in the legs that follow."""

    __slots__ = ("at", "by", "extension", "first_leg", "is_guess", "kind", "outside", "outside_answered")

    def __init__(self, kind: TransferKind, by: str, extension: str, at: float | None, first_leg: int) -> None:
        self.kind = kind
        self.by = by
        # What was dialled; the record names the endpoint once somebody took it.
        self.extension = extension
        self.at = at
        # Legs from this one on, up to the next transfer's, are those of whom it went to.
        self.first_leg = first_leg
        # No event said so: the customer was seen to move on.
        self.is_guess = False
        # It went to an outside line: its channel, and whether the remote party heard it.
        self.outside: Uniqueid | None = None
        self.outside_answered = False

    def value(self, targets: list[LiveLeg], *, over: bool) -> Transfer:
        """`targets`: the legs it led to; `over`: nobody else will be rung for it."""
        taken = next((leg for leg in targets if leg.talk.ever), None)
        return Transfer(
            kind=self.kind,
            by=self.by,
            to=taken.endpoint if taken is not None else self.extension,
            at=self.at,
            result=self._result(targets, taken, over=over),
        )

    def _result(self, targets: list[LiveLeg], taken: LiveLeg | None, *, over: bool) -> TransferResult | None:
        if taken is not None or self.outside_answered:
            return TransferResult.ANSWERED
        results = [leg.result for leg in targets if leg.result is not None]
        return outcomes.transfer_result(results) if over else None
