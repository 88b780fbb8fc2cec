"""Flows of the main job on a real Asterisk: record, pops and call-back task of each, held against the phones' own SIP logs."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from crm_store.tasks import TaskFilter
from tests.asterisk.capture import AmiRecorder
from tests.asterisk.compare import compare
from tests.asterisk.pbx import RealAsterisk
from tests.asterisk.scenarios import SCENARIOS
from tests.asterisk.scenarios.lab import Lab
from tests.asterisk.service import Screen, Stand, service_beside
from tests.asterisk.truth import CallTruth, read_truth

pytestmark = pytest.mark.asterisk

AGENTS = ("1001", "1002", "1003", "1004", "1005", "1006", "1007")
#: Scenario → whether nobody talked and somebody has to call back.
FLOWS = {
    "direct_caller_hangs_up": False,
    "direct_missed": True,
    "queue_ringall": False,
    "queue_second_member": False,
    "queue_abandoned_ringing": False,  # gives up within the five seconds that do not count
    "queue_timeout": True,
    "queue_local_kept": False,
    "outbound_answered": False,
    "name_in_hebrew": False,
    "name_with_markup": False,
}
_RETRACTED = {
    "missed": "no_answer",
    "answered_elsewhere": "answered_elsewhere",
    "cancelled": "caller_gave_up",
    "rejected": "rejected",
}


@pytest.mark.parametrize("name", FLOWS)
async def test_flow(tmp_path: Path, name: str) -> None:
    scenario = SCENARIOS[name]
    async with (
        RealAsterisk(shape=scenario.shape) as pbx,
        service_beside(pbx, tmp_path, agents=AGENTS) as stand,
        AmiRecorder(pbx, tmp_path / "side.ami") as ami,
        AsyncExitStack() as stage,
    ):
        screens = {extension: await stand.screen(f"agent-{extension}") for extension in AGENTS}
        await scenario.play(Lab(pbx, ami, stage))
        records = await stand.settled(1)
        (truth,) = read_truth(pbx.log_dir)
        assert compare(records, [truth]) == []
        altered = {**records[0], "outcome": "voicemail"}
        assert compare([altered], [truth]) != []
        _pops_are_right(screens, truth)
        await _call_back_is_right(stand, truth, needed=FLOWS[name])


def _pops_are_right(screens: dict[str, Screen], truth: CallTruth) -> None:
    """One pop for each offer, at that colleague and nobody else; who did not get the call is told why."""
    offers = [(offer.extension, offer.result) for offer in truth.offers]
    if truth.direction == "outbound" and truth.extension is not None:
        offers = [(truth.extension, "answered")]
    for extension, screen in screens.items():
        results = [result for offered, result in offers if offered == extension]
        assert len(screen.of("pop.show")) == len(results), (extension, results)
        expected = [_RETRACTED[result] for result in results if result in _RETRACTED]
        assert [pop["reason"] for pop in screen.of("pop.retract")] == expected
        winners = {pop["by"] for pop in screen.of("pop.retract") if pop["reason"] == "answered_elsewhere"}
        assert winners <= {f"agent-{truth.extension}"}
        for pop in screen.of("pop.show"):
            # PJSIP keeps the backslashes of a SIP quoted string.
            shown = (pop["call"]["remote"]["name"] or "").replace("\\", "")
            assert shown == (truth.name if truth.direction == "inbound" else "")


async def _call_back_is_right(stand: Stand, truth: CallTruth, *, needed: bool) -> None:
    page = await stand.service.store.tasks(TaskFilter(kind="callback", state="open"), cursor=None, limit=10)
    assert [len(task.call_ids) for task in page.items] == ([1] if needed else [])
    for task in page.items:
        assert task.number is not None
        assert task.number.lstrip("+") == (truth.number or "").lstrip("+")
