"""Folds AMI captures through the code of the live service, as `ctiserver replay` does."""

import re
from collections.abc import Sequence
from pathlib import Path

from crm_store.activities import CallRecord
from crm_store.call_log import CallNumbering, call_record
from crm_store.phone_numbers import NumberProfile
from pbx.asterisk.ami_capture import read_capture
from pbx.asterisk.ami_events import ParseProblem
from pbx.call_events import CallDropped, CallEvent
from pbx.calls import Call
from pbx.devices import DevicePlan
from pbx.events import PbxEvent, PbxName
from pbx.pbx_state import PbxState
from tests.asterisk.truth import CallTruth

RECORDINGS = Path(__file__).parent.parent / "recordings"
NUMBERING = CallNumbering(incoming=NumberProfile(region="GB"), own=NumberProfile(region="GB"))


#: Each colleague's desk phone and twin, as accounts would have them.
TWINS = {f"PJSIP/{twin}{number}": f"agent-{number}" for number in range(1001, 1013) for twin in ("", "99")}
TWIN_EXTENSIONS = {f"PJSIP/99{number}": str(number) for number in range(1001, 1013)}


def device_plan(owners: dict[str, str] | None = None) -> DevicePlan:
    """The patterns that the recordings were made with."""
    plan = DevicePlan(
        trunks=("PJSIP/trunk*",),
        phones=("PJSIP/[0-9]*",),
        members=(re.compile(r"^Local/(?P<extension>\d+)@from-queue/n$"), re.compile(r"^PJSIP/(?P<extension>\d+)$")),
    )
    plan.set_owners(owners or {}, TWIN_EXTENSIONS)
    return plan


def events_of(capture: bytes) -> list[PbxEvent]:
    """The typed events of a capture, without what is no event."""
    return [item for item in read_capture(capture) if hasattr(item, "at") and not isinstance(item, ParseProblem)]


class Folded:
    """What a stream of events amounts to."""

    def __init__(
        self, events: list[PbxEvent], *, owners: dict[str, str] | None = None, asked: dict[str, str] | None = None
    ) -> None:
        self.state = PbxState(PbxName("main"), device_plan(owners), clock_from_arrival=False)
        for channel_id, number in (asked or {}).items():
            self.state.expect_originate(channel_id, number)
        self.told: list[CallEvent] = []
        self.calls: dict[str, Call] = {}
        now = 0.0
        for event in events:
            now = event.at if event.at is not None else now
            self._take(self.state.apply(event, now))
        self._take(self.state.finish())

    def _take(self, happened: list[CallEvent]) -> None:
        self.told += happened
        for event in happened:
            call = getattr(event, "call", None)
            if isinstance(event, CallDropped):
                self.calls.pop(event.call.id, None)
            elif call is not None:
                self.calls[call.id] = call

    @property
    def records(self) -> list[CallRecord]:
        """One record for each call, in the order of their first event."""
        return [call_record(call, NUMBERING, agents=False) for call in self.calls.values()]


def fold(capture: bytes, *, owners: dict[str, str] | None = None, asked: dict[str, str] | None = None) -> Folded:
    """Fold one capture. `asked`: the numbers of our own click-to-dials by ChannelId, which the live service knows."""
    return Folded(events_of(capture), owners=owners, asked=asked)


def fold_as_told(capture: bytes, truths: Sequence[CallTruth]) -> Folded:
    """Fold a capture of the harness: with everybody's devices as accounts, and with the number that our click asked for."""
    clicked = re.search(rb"Uniqueid: (cti-[a-z0-9-]+)", capture)
    asked = {clicked.group(1).decode(): truths[0].dialled} if clicked and truths else {}
    return fold(capture, owners=TWINS, asked=asked)
