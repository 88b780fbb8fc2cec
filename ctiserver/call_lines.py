"""One line of the log for each finished call, to begin a search with. Its number is masked like every other."""

from __future__ import annotations

import structlog

from pbx.call_events import CallEnded, CallEvent

logger = structlog.get_logger(__name__)


def log_ended(event: CallEvent) -> None:
    """What an operator asks for first; the rest is in the record, and event by event in `replay --explain`."""
    if not isinstance(event, CallEnded):
        return
    call = event.call
    logger.info(
        "call ended",
        call_id=call.id,
        pbx=call.pbx,
        uniqueid=call.uniqueid,
        direction=call.direction.value,
        outcome=str(call.outcome or "unknown"),
        number=call.remote_raw,
        queue=call.queue,
        agents=[leg.agent or leg.endpoint for leg in call.legs],
        wait_s=call.wait_s,
        talk_s=call.talk_s,
        estimated=call.estimated,
    )
