"""The parts of a living call: one colleague's leg, one stay in a queue."""

from __future__ import annotations

from pbx import outcomes
from pbx.calls import CallLeg, LegResult, QueueResult, QueueWait
from pbx.events import Uniqueid
from pbx.intervals import Stretches, seconds_between, total_s
from pbx.quick_values import quick

_new_leg = quick(CallLeg)
_new_wait = quick(QueueWait)


class LiveLeg:
    """One colleague's part in a living call."""

    __slots__ = (
        "agent",
        "answered_channel",
        "channels",
        "end_unseen",
        "ended_at",
        "endpoint",
        "endpoints",
        "extension",
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
        self.via: str | None = None
        self.result: LegResult | None = None
        # The phone hung up while there was no connection: how, nobody knows.
        self.end_unseen = False

    @property
    def ringing(self) -> bool:
        """Offered and not decided yet."""
        return self.offered and self.result is None and self.answered_channel is None

    def value(self, until: float | None) -> CallLeg:
        """The leg as the record shows it. `until` cuts what still runs."""
        talk = self.talk.spans(until)
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
            talk_s=total_s(talk),
            hold_s=total_s(self.hold.spans(until)),
            on_hold=self.hold.running,
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

    def value(self, talk_started_at: float | None) -> QueueWait:
        """Waiting ends with the talk it led to, else when the queue is left."""
        result = self.result
        until = self.left_at
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
