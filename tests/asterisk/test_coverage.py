"""The captures show the flows that they say, and every flow that phones can play has one."""

import json

import pytest

from tests.asterisk.coverage import RECORDINGS, coverage, markdown, numbers_in
from tests.asterisk.flows import FLOWS
from tests.asterisk.scenarios import SCENARIOS

#: What no phone can play: the clock, a channel that never ends, two PBXs.
NOT_PLAYED = {"A79", "A80", "A81"}


def test_every_flow_that_phones_can_play_has_a_capture_of_asterisk_22() -> None:
    without = {number for number, shown in coverage().items() if not shown.captures["22"]}
    assert without == NOT_PLAYED


@pytest.mark.parametrize("version", ["asterisk16", "asterisk22"])
def test_every_capture_is_of_a_scenario_and_says_so(version: str) -> None:
    for truth in sorted((RECORDINGS / version).glob("*.truth.json")):
        story = json.loads(truth.read_text(encoding="utf-8"))
        scenario = SCENARIOS[truth.name.removesuffix(".truth.json")]
        assert (story["scenario"], story["covers"], story["flow"], story["user"]) == (
            scenario.name,
            list(scenario.covers),
            scenario.flow,
            scenario.user,
        )
        assert truth.with_name(f"{scenario.name}.ami").exists()
        assert set(scenario.covers) <= FLOWS.keys()


def test_every_scenario_has_been_recorded_on_22() -> None:
    recorded = {path.stem for path in (RECORDINGS / "asterisk22").glob("*.ami")}
    assert recorded == set(SCENARIOS)


def test_flow_numbers_are_read_from_text() -> None:
    assert numbers_in("Transfers: A47, A50–A52. AMI, A1") == {"A47", "A50", "A51", "A52"}


def test_the_table_names_captures_and_tests() -> None:
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in markdown(coverage()).splitlines()}
    assert "transfer_blind" in rows["A47"]
    assert len(rows) == len(FLOWS) + 2
