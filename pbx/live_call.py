"""One call while it lives: what the tracker remembers, and the `Call` value it amounts to at any moment."""

from __future__ import annotations

from collections.abc import Iterable

from pbx import outcomes
from pbx.calls import (
    Call,
    CallId,
    CallOutcome,
    CallState,
    Direction,
    EndedBy,
    LegResult,
    QueueResult,
    Transfer,
    TransferKind,
)
from pbx.devices import DevicePlan
from pbx.events import PbxName, Uniqueid
from pbx.intervals import Span, Stretches, seconds_between, total_s
from pbx.live_leg import LiveLeg, LiveTransfer, LiveWait
from pbx.quick_values import quick

#: A party asks to hang up less than this before the last channel is gone.
_ENDING_S = 0.5
#: The phone that loses the call falls silent at most this long before another one has it (P1).
AT_ONCE_S = 0.5
_NOT_A_NUMBER = frozenset({"", "s", "i", "t", "h"})

_new_call = quick(Call)


class LiveCall:
    """One conversation that is not finalised yet."""

    __slots__ = (
        "also_known_as",
        "announced",
        "channels",
        "dialled_raw",
        "did_raw",
        "direction",
        "end_unseen",
        "ended_at",
        "ended_by",
        "estimated",
        "final_at",
        "hangup_cause",
        "id",
        "key",
        "last_at",
        "legs",
        "linkedid",
        "looked_at",
        "originated",
        "parked",
        "pbx",
        "remote_channels",
        "remote_gone_at",
        "remote_name",
        "remote_raw",
        "remote_ring",
        "remote_status",
        "restored",
        "restricted",
        "resumed_at",
        "root_hangup_requested",
        "root_was_up",
        "started_at",
        "system_ended",
        "talk_ended_at",
        "talk_ended_by",
        "transfers",
        "voicemail",
        "waits",
    )

    def __init__(
        self, call_id: CallId, pbx: PbxName, root: Uniqueid, linkedid: Uniqueid, started_at: float | None
    ) -> None:
        self.id = call_id
        self.pbx = pbx
        self.key = root
        self.linkedid = linkedid
        # CallStarted was emitted; before that it may be a feature code and never become a record.
        self.announced = False
        self.direction: Direction | None = None
        self.originated = False
        self.channels: set[Uniqueid] = set()
        # The outside party: inbound the root, outbound every trunk leg dialled, internal the caller's own phone
        # (two colleagues talk when it is connected to another phone).
        self.remote_channels: list[Uniqueid] = []
        # When the remote party's channel hung up; stragglers may live a little longer.
        self.remote_gone_at: float | None = None
        self.remote_raw: str | None = None
        self.remote_name: str | None = None
        self.restricted = False
        self.remote_ring = Stretches()
        self.remote_status: str | None = None
        self.dialled_raw: str | None = None
        self.did_raw: str | None = None
        self.legs: list[LiveLeg] = []
        self.waits: list[LiveWait] = []
        self.transfers: list[LiveTransfer] = []
        # Roots of consultations that became part of this call: their Linkedids mean this call now.
        self.also_known_as: list[Uniqueid] = []
        self.parked = Stretches()
        self.started_at = started_at
        self.last_at = started_at
        self.ended_at: float | None = None
        # Set at the last hang-up: when the record becomes final. None while the call lives.
        self.final_at: float | None = None
        self.ended_by: EndedBy | None = None
        # The first HangupRequest inside the running talk; a new talk clears it.
        self.talk_ended_by: EndedBy | None = None
        self.talk_ended_at: float | None = None
        # When we last looked who hears whom.
        self.looked_at: float | None = None
        self.root_hangup_requested = False
        self.root_was_up = False
        self.system_ended = False
        self.hangup_cause: int | None = None
        self.voicemail = False
        self.estimated = False
        # The end fell into a time without connection: only a talk is certain.
        self.end_unseen = False
        # Out of the store after our own restart; what it did meanwhile, nobody compared yet.
        self.restored = False
        # When the connection was back again, for a call that ran on meanwhile.
        self.resumed_at: float | None = None

    # --- facts -------------------------------------------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        return self.final_at is not None

    @property
    def talked(self) -> bool:
        return any(leg.talk.ever for leg in self.legs)

    @property
    def talking(self) -> bool:
        return any(leg.talk.running for leg in self.legs)

    def just_resumed(self, at: float | None) -> bool:
        """What ends now may have been asked for while there was no connection."""
        return self.resumed_at is not None and at is not None and at - self.resumed_at <= _ENDING_S

    @property
    def is_deserted(self) -> bool:
        """The customer is gone, and who is left came by themselves: their line may stay open for other calls (A42)."""
        if self.remote_gone_at is None or not self.channels.isdisjoint(self.remote_channels):
            return False
        legs = [leg for leg in self.legs if not leg.channels.isdisjoint(self.channels)]
        guests = {uniqueid for leg in legs if leg.rang_at is None and not leg.is_caller for uniqueid in leg.channels}
        return guests >= self.channels and not self.talking

    def learn_number_asked(self, exten: str) -> None:
        """Outbound and internal: the digits of the root's Exten (of an Originate once it runs the dialplan)."""
        if self.remote_raw is None and self.direction is not Direction.INBOUND and exten not in _NOT_A_NUMBER:
            self.remote_raw = exten

    def ended_before(self, at: float | None) -> bool:
        """Somebody asked to end the running talk, and not later than this (requests may overtake each other, P1)."""
        if self.talk_ended_by is None:
            return False
        return at is None or self.talk_ended_at is None or self.talk_ended_at <= at

    @property
    def end_asked(self) -> bool:
        """A party's own wish ended it, as far as we saw."""
        return self.talk_ended_by is not None if self.talked else self.root_hangup_requested

    @property
    def open_wait(self) -> LiveWait | None:
        """The queue the caller stands in now."""
        return self.waits[-1] if self.waits and not self.waits[-1].left else None

    @property
    def first_talk_at(self) -> float | None:
        starts = [leg.talk.first_start for leg in self.legs]
        return min([start for start in starts if start is not None], default=None)

    def is_remote(self, uniqueid: Uniqueid) -> bool:
        return uniqueid in self.remote_channels

    def went_outside_on(self, uniqueid: Uniqueid) -> bool:
        """The outside line of a third party that the call was transferred to."""
        return any(transfer.outside == uniqueid for transfer in self.transfers)

    def leg_of_channel(self, uniqueid: Uniqueid) -> LiveLeg | None:
        for leg in self.legs:  # a plain loop: asked with nearly every event, a generator takes three times as long
            if uniqueid in leg.channels:
                return leg
        return None

    def new_leg(self, endpoint: str, devices: DevicePlan) -> LiveLeg:
        leg = LiveLeg(len(self.legs), endpoint, devices.extension_of(endpoint), devices.owner(endpoint))
        self.legs.append(leg)
        return leg

    def winner_over(self, leg: LiveLeg, at: float | None) -> LiveLeg | None:
        """The colleague who has the call instead of this leg, which fell silent at `at`."""
        return next(
            (
                other
                for other in reversed(self.legs)
                if other is not leg
                and not other.is_caller
                and other.answered_channel
                and not other.handed_over
                and not _is_after(other.picked_up_at, at)
            ),
            None,
        )

    # --- the value ---------------------------------------------------------------------------------------------------

    @property
    def state(self) -> CallState:
        if self.ended:
            return CallState.ENDED
        talking = [leg for leg in self.legs if leg.talk.running]
        if talking:
            return CallState.HELD if all(leg.on_hold for leg in talking) else CallState.TALKING
        if self.parked.running:
            return CallState.PARKED
        if self.open_wait is not None:
            return CallState.QUEUED
        # Between a talk and its hang-up, or in a survey after it: nothing rings.
        over = self.talked and not any(leg.ringing for leg in self.legs)
        return CallState.TALKING if over else CallState.RINGING

    def value(self) -> Call:
        """The call as it is now."""
        ended = self.ended
        until = self.ended_at if ended else self.last_at
        talk_at = self.first_talk_at
        outcome = self._outcome() if ended else None
        legs = tuple([leg.value(until) for leg in self.legs])
        return _new_call(
            id=self.id,
            pbx=self.pbx,
            uniqueid=self.key,
            linkedid=self.linkedid,
            direction=self.direction or Direction.INBOUND,
            state=self.state,
            remote_raw=self.remote_raw,
            remote_name=self.remote_name,
            remote_restricted=self.restricted,
            dialled_raw=self.dialled_raw,
            did_raw=self.did_raw,
            queue=self._queue(),
            queues=tuple([wait.value(self._talk_out_of(wait) if talk_at is not None else None) for wait in self.waits]),
            legs=legs,
            transfers=self._transfer_values() if self.transfers else (),
            started_at=self.started_at,
            answered_at=talk_at,
            ended_at=self.ended_at,
            wait_s=self._wait_s(until, talk_at),
            ring_s=total_s(self._ring_spans(until, talk_at)),
            talk_s=legs[0].talk_s if len(legs) == 1 else _in_any(leg.talk.spans(until) for leg in self.legs),
            hold_s=legs[0].hold_s if len(legs) == 1 else _in_any(leg.hold_spans(until) for leg in self.legs),
            parked_s=self.parked.length_s(until),
            outcome=outcome,
            ended_by=self._ended_by(outcome) if ended else None,
            hangup_cause=self.hangup_cause,
            click_to_dial=self.key if self.originated else None,
            estimated=self.estimated,
        )

    def _talk_out_of(self, wait: LiveWait) -> float | None:
        """When the talk began that this stay in the queue led to; of a consultation the customer's comes later."""
        starts = [
            leg.talk.first_start
            for leg in self.legs
            if leg.queue == wait.queue and leg.talk.ever and leg.asked_by is None
        ]
        after = [start for start in starts if start is not None and start >= (wait.joined_at or start)]
        return min(after, default=None)

    def _transfer_values(self) -> tuple[Transfer, ...]:
        ends = [*(later.first_leg for later in self.transfers[1:]), len(self.legs)]
        last = self.transfers[-1]
        return tuple(
            transfer.value(self._targets(transfer, end), over=self.ended or transfer is not last)
            for transfer, end in zip(self.transfers, ends, strict=True)
        )

    def _targets(self, transfer: LiveTransfer, end: int) -> list[LiveLeg]:
        """Whose phones it rang. One that nobody takes may come back to who transferred, which is no success (A53)."""
        legs = self.legs[transfer.first_leg : end]
        if transfer.kind is TransferKind.BLIND:  # through a queue it may be theirs again
            return legs
        return [leg for leg in legs if transfer.by not in leg.endpoints]

    def _queue(self) -> str | None:
        for wait in self.waits:
            if wait.result is QueueResult.ANSWERED:
                return wait.queue
        return self.waits[-1].queue if self.waits else None

    def _wait_s(self, until: float | None, talk_at: float | None) -> float | None:
        if self.direction is not Direction.INBOUND:
            return None
        if not self.waits:
            return seconds_between(self.started_at, talk_at if talk_at is not None else until)
        end = talk_at
        if end is None:
            end = self.waits[-1].over_at if self.waits[-1].left else until
        return seconds_between(self.waits[0].joined_at, end)

    def _ring_spans(self, until: float | None, talk_at: float | None) -> list[Span]:
        """Colleagues' phones (inbound, internal) or the outside party's, until the first talk."""
        if self.direction is Direction.OUTBOUND:
            spans = self.remote_ring.spans(until)
        else:
            spans = [
                (leg.rang_at, leg.ring_ended_at or leg.ended_at or until)
                for leg in self.legs
                if leg.offered and not leg.is_caller
            ]
        if talk_at is None:
            return spans
        return [
            (start, end if end is None else min(end, talk_at))
            for start, end in spans
            if start is None or start < talk_at
        ]

    def _outcome(self) -> CallOutcome:
        """First rule that holds (docs/interfaces.md, `outcome`)."""
        if self.talked:
            return CallOutcome.ANSWERED
        if self.voicemail:
            return CallOutcome.VOICEMAIL
        called = [leg for leg in self.legs if not leg.is_caller]
        if any(leg.end_unseen and (leg.answered_channel or leg.picked_up_at is not None) for leg in called):
            return CallOutcome.UNKNOWN
        if self.waits:
            result = self.waits[-1].result
            if result in outcomes.QUEUE_OUTCOME:
                return outcomes.QUEUE_OUTCOME[result]
        if self.end_unseen or self.system_ended or (self.waits and self.waits[-1].result is None):
            return CallOutcome.UNKNOWN
        if self.direction is Direction.OUTBOUND:
            unseen = self.estimated and not self.remote_channels
            return CallOutcome.UNKNOWN if unseen else self._outbound_outcome()
        forwarded = all(leg.result is LegResult.FORWARDED for leg in called)
        unseen = any(leg.end_unseen for leg in called) or (self.estimated and (self.root_was_up or forwarded))
        if unseen and (self.root_was_up or not self.root_hangup_requested):
            return CallOutcome.UNKNOWN
        by_legs = outcomes.outcome_of_legs([leg.result for leg in called if leg.result])
        if by_legs is not None:
            return by_legs
        if called:
            return CallOutcome.CANCELLED if self.root_hangup_requested else CallOutcome.UNKNOWN
        return outcomes.outcome_without_phone(
            cause=self.hangup_cause, was_up=self.root_was_up, remote_hung_up=self.root_hangup_requested
        )

    def _outbound_outcome(self) -> CallOutcome:
        if self.originated and not self.root_was_up:
            return CallOutcome.AGENT_NO_ANSWER
        return outcomes.outbound_outcome(
            dial_status=self.remote_status, cause=self.hangup_cause, agent_gave_up=self.root_hangup_requested
        )

    def _ended_by(self, outcome: CallOutcome | None) -> EndedBy:
        if self.ended_by is not None:
            return self.ended_by
        if self.system_ended:
            return EndedBy.SYSTEM
        if self.talked and self.talk_ended_by is not None:
            return self.talk_ended_by
        if outcome is CallOutcome.ABANDONED:
            return EndedBy.REMOTE
        if not self.talked and self.root_hangup_requested and outcome not in outcomes.QUEUE_OUTCOME.values():
            return EndedBy.REMOTE if self.direction is Direction.INBOUND else EndedBy.AGENT
        return EndedBy.SYSTEM


def _in_any(spans: Iterable[list[Span]]) -> float | None:
    return total_s(span for of_leg in spans for span in of_leg)


def _is_after(later: float | None, earlier: float | None) -> bool:
    return later is not None and earlier is not None and later > earlier + AT_ONCE_S
