"""A small call centre for the tests: calls that change step by step, as the tracker would tell them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from crm_store.call_log import wire_time
from pbx.call_events import (
    CallAnswered,
    CallChanged,
    CallEnded,
    CallEvent,
    CallHeld,
    CallLegEnded,
    CallOffered,
    CallResumed,
    CallStarted,
    CallTransferred,
)
from pbx.calls import (
    Call,
    CallId,
    CallLeg,
    CallOutcome,
    CallState,
    Direction,
    LegResult,
    QueueWait,
    Transfer,
    TransferKind,
)
from pbx.events import PbxName, Uniqueid

START = 1_795_300_000.0


class PhoneCall:
    """One call; each method is one thing that happens and returns the event that tells it."""

    def __init__(
        self,
        call_id: str = "01CALL",
        *,
        caller: str | None = "+421905123456",
        name: str | None = "Ján Kováč",
        direction: Direction = Direction.INBOUND,
        queue: str | None = None,
        did: str | None = "+421255501234",
        click_to_dial: str | None = None,
    ) -> None:
        self.at = START
        waits = () if queue is None else (_wait(queue),)
        self.call = Call(
            id=CallId(call_id),
            pbx=PbxName("main"),
            uniqueid=Uniqueid("1.1"),
            linkedid=Uniqueid("1.1"),
            direction=direction,
            state=CallState.QUEUED if queue else CallState.RINGING,
            remote_raw=caller,
            remote_name=name,
            remote_restricted=False,
            dialled_raw=None,
            did_raw=did,
            queue=queue,
            queues=waits,
            legs=(),
            transfers=(),
            started_at=START,
            answered_at=None,
            ended_at=None,
            wait_s=None,
            ring_s=None,
            talk_s=None,
            hold_s=None,
            parked_s=None,
            outcome=None,
            ended_by=None,
            hangup_cause=None,
            click_to_dial=click_to_dial,
            estimated=False,
        )

    def later(self, seconds: float) -> PhoneCall:
        self.at += seconds
        return self

    def starts(self) -> CallEvent:
        return CallStarted(at=self.at, call=self.call)

    def rings(self, agent: str | None, *endpoints: str) -> CallEvent:
        """The queue or dialplan dials this agent's devices."""
        leg = self._new_leg(agent, endpoints or (f"PJSIP/{agent}",), rang_at=self.at)
        return CallOffered(at=self.at, call=self.call, leg=leg)

    def dials(self, agent: str) -> CallEvent:
        """This agent's phone is the one that calls."""
        self._new_leg(agent, (f"PJSIP/{agent}",), rang_at=None)
        return CallStarted(at=self.at, call=self.call)

    def picks_up_elsewhere(self, agent: str) -> CallEvent:
        """Call pickup: a phone that was not dialled takes the ringing call."""
        leg = self._new_leg(agent, (f"PJSIP/{agent}-other",), rang_at=None)
        return self._answer(leg)

    def answers(self, agent: str) -> CallEvent:
        return self._answer(self._open_leg(agent))

    def _answer(self, leg: CallLeg) -> CallEvent:
        leg = self._put(replace(leg, answered_at=self.at))
        waited = self.at - START
        first = self.call.answered_at if self.call.answered_at is not None else self.at
        self.call = replace(self.call, state=CallState.TALKING, answered_at=first, wait_s=self.call.wait_s or waited)
        return CallAnswered(at=self.at, call=self.call, leg=leg)

    def holds(self, agent: str) -> CallEvent:
        leg = self._put(replace(self._open_leg(agent), on_hold=True))
        self.call = replace(self.call, state=CallState.HELD)
        return CallHeld(at=self.at, call=self.call, leg=leg)

    def resumes(self, agent: str) -> CallEvent:
        leg = self._put(replace(self._open_leg(agent), on_hold=False))
        self.call = replace(self.call, state=CallState.TALKING)
        return CallResumed(at=self.at, call=self.call, leg=leg)

    def leg_ends(self, agent: str, result: LegResult, *, winner: str | None = None) -> CallEvent:
        """The offer is withdrawn, or the talk is over (result answered)."""
        leg = self._open_leg(agent)
        talked = self.at - leg.answered_at if leg.answered_at is not None else 0.0
        leg = self._put(replace(leg, ended_at=self.at, result=result, on_hold=False, talk_s=talked))
        won = self._open_leg(winner) if winner else None
        return CallLegEnded(at=self.at, call=self.call, leg=leg, winner=won)

    def transferred(self, by: str, to: str, kind: TransferKind = TransferKind.BLIND) -> CallEvent:
        transfer = Transfer(kind=kind, by=by, to=to, at=self.at, result=None)
        self.call = replace(self.call, transfers=(*self.call.transfers, transfer))
        return CallTransferred(at=self.at, call=self.call, transfer=transfer)

    def changes(self, **fields: Any) -> CallEvent:
        self.call = replace(self.call, **fields)
        return CallChanged(at=self.at, call=self.call)

    def ends(self, outcome: CallOutcome = CallOutcome.ANSWERED) -> CallEvent:
        self.call = replace(self.call, state=CallState.ENDED, ended_at=self.at, outcome=outcome)
        return CallEnded(at=self.at, call=self.call)

    def _new_leg(self, agent: str | None, endpoints: tuple[str, ...], *, rang_at: float | None) -> CallLeg:
        leg = CallLeg(
            leg_id=len(self.call.legs),
            endpoint=endpoints[0],
            extension=endpoints[0].partition("/")[2],
            agent=agent,
            endpoints=endpoints,
            queue=self.call.queue,
            rang_at=rang_at,
            answered_at=None,
            ended_at=None,
            ring_s=None,
            talk_s=None,
            hold_s=None,
            on_hold=False,
            via=None,
            result=None,
        )
        self.call = replace(self.call, legs=(*self.call.legs, leg))
        return leg

    def _open_leg(self, agent: str) -> CallLeg:
        return next(leg for leg in reversed(self.call.legs) if leg.agent == agent and leg.result is None)

    def _put(self, leg: CallLeg) -> CallLeg:
        legs = list(self.call.legs)
        legs[leg.leg_id] = leg
        self.call = replace(self.call, legs=tuple(legs))
        return leg


def _wait(queue: str) -> QueueWait:
    return QueueWait(queue=queue, joined_at=START, left_at=None, wait_s=None, result=None)


def describe(call: Call) -> dict[str, Any]:
    """The parts of a call record that a pop needs, without number rules: what is dialled is E.164 already."""
    withheld = call.remote_restricted or call.remote_raw is None
    number = None if withheld else call.remote_raw
    remote = {
        "number": number,
        "display": number,
        "raw": number,
        "name": None if withheld else call.remote_name,
        "kind": "withheld" if withheld else "e164",
        "dialled": None,
    }
    return {
        "id": str(call.id),
        "direction": call.direction.value,
        "state": call.state.value,
        "remote": remote,
        "did": call.did_raw,
        "queue": call.queue,
        "wait_s": call.wait_s,
        "started_at": wire_time(call.started_at),
    }
