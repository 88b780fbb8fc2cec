"""Every flow of the acceptance list, played anew: what the tracker makes of the stream equals what the phones saw.

The recordings hold the tracker against what Asterisk said once; this holds it against what Asterisk says today.
"""

import asyncio
from pathlib import Path

import pytest

from tests.asterisk.compare import compare
from tests.asterisk.flows import FLOWS
from tests.asterisk.record import play
from tests.asterisk.scenarios import SCENARIOS, Scenario
from tests.pbx.folding import fold_as_told
from tests.pbx.test_recordings import NOT_TOLD_BY_SIP

pytestmark = pytest.mark.asterisk

#: Played side by side: most of the time phones ring and people talk.
AT_ONCE = 8
PLAYED = [scenario for scenario in SCENARIOS.values() if scenario.name not in NOT_TOLD_BY_SIP]


def first_of_each() -> list[Scenario]:
    """The shortest list that has every flow once: a scenario is chosen for the first flow that none before it has."""
    chosen: list[Scenario] = []
    for number in FLOWS:
        if not any(number in scenario.covers for scenario in chosen):
            chosen += [scenario for scenario in PLAYED if number in scenario.covers][:1]
    return chosen


def in_groups(scenarios: list[Scenario]) -> list[list[Scenario]]:
    return [scenarios[start : start + AT_ONCE] for start in range(0, len(scenarios), AT_ONCE)]


def names(group: list[Scenario]) -> str:
    return "+".join(scenario.name for scenario in group)


async def differences(scenario: Scenario, folder: Path, version: int) -> list[str]:
    """Play it on an Asterisk of its own and hold the records against the phones' logs."""
    capture = folder / f"{scenario.name}.ami"
    truths = await play(scenario, capture, version=version)
    records = fold_as_told(capture.read_bytes(), truths).records
    return [f"{scenario.name}: {line}" for line in compare(records, truths)]


async def all_differences(group: list[Scenario], folder: Path, version: int) -> list[str]:
    found = await asyncio.gather(*(differences(scenario, folder, version) for scenario in group))
    return [line for lines in found for line in lines]


@pytest.mark.parametrize("group", in_groups(first_of_each()), ids=names)
async def test_each_flow_once(tmp_path: Path, group: list[Scenario]) -> None:
    assert await all_differences(group, tmp_path, 22) == []


@pytest.mark.long
@pytest.mark.parametrize("version", [22, 16])
@pytest.mark.parametrize("group", in_groups(PLAYED), ids=names)
async def test_every_scenario_on_both_versions(tmp_path: Path, group: list[Scenario], version: int) -> None:
    assert await all_differences(group, tmp_path, version) == []
