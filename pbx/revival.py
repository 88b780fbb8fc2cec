"""Stored records of open calls become living calls again after our process restarted."""

from __future__ import annotations

from pbx.calls import Call, CallLeg, CallState, Direction, EndedBy, QueueResult, QueueWait, Transfer, TransferResult
from pbx.live_call import LiveCall
from pbx.live_leg import LiveLeg, LiveTransfer, LiveWait

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
    call.transfers = [_revive_transfer(transfer, value) for transfer in value.transfers]
    call.estimated = value.estimated
    call.legs = [_revive_leg(leg, value) for leg in value.legs]
    call.waits = [_revive_wait(wait) for wait in value.queues]
    for wait in call.waits:
        wait.picked_up = any(leg.queue == wait.queue and leg.picked_up_at is not None for leg in call.legs)
    moving = any(transfer.result is None for transfer in value.transfers) and not any(
        _after(leg.answered_at, value.transfers[-1].at) for leg in value.legs
    )
    if value.state is CallState.TALKING and not moving and all(leg.result for leg in call.legs):
        call.talk_ended_by = EndedBy.UNKNOWN  # it was over; who had asked, nobody remembers
    _revive_park(call, value)
    call.last_at = max((at for at in _times(value) if at is not None), default=None)
    return call


def _revive_park(call: LiveCall, value: Call) -> None:
    """Only how long is stored: it ends where the record was last written, and goes on from there if it still runs."""
    written = max((at for at in _times(value) if at is not None), default=None)
    if written is not None and (value.parked_s or value.state is CallState.PARKED):
        call.parked.start(written)
        if value.state is not CallState.PARKED:
            call.parked.stop(written + (value.parked_s or 0.0))


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
        joined = [
            transfer.at for transfer in call.transfers if transfer.to == value.endpoint and transfer.at is not None
        ]
        began = max(value.answered_at, call.answered_at, *joined)
        leg.talk.start(began)
        leg.talk_told = True
        if value.result is not None:
            leg.talk.stop(began + (value.talk_s or 0.0))
        if value.hold_s:
            leg.hold.start(began)
            leg.hold.stop(began + value.hold_s)
    return leg


def _revive_transfer(value: Transfer, call: Call) -> LiveTransfer:
    taken = next((leg.leg_id for leg in call.legs if leg.endpoint == value.to), None)
    rung = next((leg.leg_id for leg in call.legs if _after(leg.rang_at, value.at)), len(call.legs))
    transfer = LiveTransfer(value.kind, value.by, value.to, value.at, taken if taken is not None else rung)
    transfer.outside_answered = taken is None and value.result is TransferResult.ANSWERED
    return transfer


def _after(later: float | None, earlier: float | None) -> bool:
    return later is not None and earlier is not None and later >= earlier


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
