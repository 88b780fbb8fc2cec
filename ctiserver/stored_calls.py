"""A stored record of an open call back into the value the tracker works with: what our process knew before it restarted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crm_store.activities import CallRecord
from pbx.calls import (
    Call,
    CallId,
    CallLeg,
    CallOutcome,
    CallState,
    Direction,
    EndedBy,
    LegResult,
    QueueResult,
    QueueWait,
    Transfer,
    TransferKind,
    TransferResult,
)
from pbx.events import PbxName, Uniqueid


def call_of_record(record: CallRecord) -> Call:
    """The inverse of `crm_store.call_log.call_record`, as far as a record tells."""
    remote = record["remote"]
    return Call(
        id=CallId(record["id"]),
        pbx=PbxName(record["pbx"]),
        uniqueid=Uniqueid(record["uniqueid"]),
        linkedid=Uniqueid(record["linkedid"]),
        direction=Direction(record["direction"]),
        state=CallState(record["state"]),
        remote_raw=remote["raw"],
        remote_name=remote["name"],
        remote_restricted=remote["kind"] == "withheld",
        dialled_raw=remote["dialled"],
        did_raw=record["did"],
        queue=record["queue"],
        queues=tuple(_wait(wait) for wait in record["queues"]),
        legs=tuple(_leg(number, leg) for number, leg in enumerate(record["legs"])),
        transfers=tuple(_transfer(transfer) for transfer in record["transfers"]),
        started_at=_epoch(record["started_at"]),
        answered_at=_epoch(record["answered_at"]),
        ended_at=_epoch(record["ended_at"]),
        wait_s=record["wait_s"],
        ring_s=record["ring_s"],
        talk_s=record["talk_s"],
        hold_s=record["hold_s"],
        parked_s=record["parked_s"],
        outcome=CallOutcome(record["outcome"]) if record["outcome"] else None,
        ended_by=EndedBy(record["ended_by"]) if record["ended_by"] else None,
        hangup_cause=record["hangup_cause"],
        click_to_dial=record["click_to_dial"],
        estimated=record["estimated"],
    )


def _epoch(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None


def _wait(wait: Mapping[str, Any]) -> QueueWait:
    return QueueWait(
        queue=wait["queue"],
        joined_at=_epoch(wait["joined_at"]),
        left_at=_epoch(wait["left_at"]),
        wait_s=wait["wait_s"],
        result=QueueResult(wait["result"]) if wait["result"] else None,
    )


def _leg(number: int, leg: Mapping[str, Any]) -> CallLeg:
    return CallLeg(
        leg_id=number,
        endpoint=leg["endpoint"],
        extension=leg["extension"],
        agent=leg["agent"],
        endpoints=(leg["endpoint"],),
        queue=None,
        rang_at=_epoch(leg["rang_at"]),
        answered_at=_epoch(leg["answered_at"]),
        ended_at=_epoch(leg["ended_at"]),
        ring_s=leg["ring_s"],
        talk_s=leg["talk_s"],
        hold_s=leg["hold_s"],
        on_hold=False,
        via=leg["via"],
        result=LegResult(leg["result"]) if leg["result"] else None,
    )


def _transfer(transfer: Mapping[str, Any]) -> Transfer:
    return Transfer(
        kind=TransferKind(transfer["kind"]),
        by=transfer["by"],
        to=transfer["to"],
        at=_epoch(transfer["at"]),
        result=TransferResult(transfer["result"]) if transfer["result"] else None,
    )
