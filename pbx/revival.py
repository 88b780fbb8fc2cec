"""Stored records of open calls become living calls again after our process restarted."""

from __future__ import annotations

from pbx.calls import Call, CallLeg, Direction, QueueResult, QueueWait
from pbx.live_call import LiveCall
from pbx.live_leg import LiveLeg, LiveWait

#: What only VarSet QUEUESTATUS can have told.
_TOLD = {QueueResult.EMPTY: "LEAVEEMPTY", QueueResult.FULL: "FULL", QueueResult.WITHDRAWN: "WITHDRAW"}


def revive(value: Call) -> LiveCall:
    """The living call that a stored record was before our process stopped. Its channels come back with the first snapshot."""
    call = LiveCall(value.id, value.pbx, value.uniqueid, value.linkedid, value.started_at)
    call.direction = value.direction
    call.originated = value.click_to_dial is not None
    if value.direction is not Direction.OUTBOUND:
        call.remote_channels.append(value.uniqueid)
    call.remote_raw, call.remote_name = value.remote_raw, value.remote_name
    call.restricted = value.remote_restricted
    call.dialled_raw, call.did_raw = value.dialled_raw, value.did_raw
    call.transfers = list(value.transfers)
    call.estimated = value.estimated
    call.legs = [_revive_leg(leg, value) for leg in value.legs]
    call.waits = [_revive_wait(wait) for wait in value.queues]
    for wait in call.waits:
        wait.picked_up = any(leg.queue == wait.queue and leg.picked_up_at is not None for leg in call.legs)
    call.last_at = max((at for at in _times(value) if at is not None), default=None)
    return call


def _revive_leg(value: CallLeg, call: Call) -> LiveLeg:
    leg = LiveLeg(value.leg_id, value.endpoint, value.extension, value.agent)
    leg.endpoints = list(value.endpoints) or [value.endpoint]
    leg.queue, leg.via, leg.result = value.queue, value.via, value.result
    leg.is_caller = value.leg_id == 0 and call.direction is not Direction.INBOUND
    leg.offered = value.rang_at is not None
    leg.rang_at, leg.ended_at = value.rang_at, value.ended_at
    leg.picked_up_at = leg.ring_ended_at = value.answered_at
    talked = value.talk_s or value.result is None
    if talked and value.answered_at is not None and call.answered_at is not None:
        began = max(value.answered_at, call.answered_at)
        leg.talk.start(began)
        leg.talk_told = True
        if value.result is not None:
            leg.talk.stop(began + (value.talk_s or 0.0))
        if value.hold_s:
            leg.hold.start(began)
            leg.hold.stop(began + value.hold_s)
    return leg


def _revive_wait(value: QueueWait) -> LiveWait:
    wait = LiveWait(value.queue, value.joined_at)
    wait.left_at = value.left_at
    wait.left = value.left_at is not None
    wait.connected = value.result is QueueResult.ANSWERED
    wait.abandoned = value.result in (QueueResult.ABANDONED, QueueResult.TIMEOUT)
    wait.abandon_requested = value.result is QueueResult.ABANDONED
    wait.status = _TOLD.get(value.result) if value.result is not None else None
    return wait


def _times(value: Call) -> list[float | None]:
    legs = [at for leg in value.legs for at in (leg.rang_at, leg.answered_at, leg.ended_at)]
    waits = [at for wait in value.queues for at in (wait.joined_at, wait.left_at)]
    return [value.started_at, value.answered_at, *legs, *waits]
