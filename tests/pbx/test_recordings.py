"""Every capture of the real Asterisk gives the records that the phones' own SIP logs prove."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pbx.call_events import Anomaly
from tests.asterisk.compare import compare
from tests.asterisk.truth import CallTruth, Offer
from tests.pbx.folding import RECORDINGS, TWINS, Folded, fold

#: The flows of telephony.md 1.5 that are followed to the letter; the others keep what is certain and say so.
COVERED = {f"A{number:02}" for number in (*range(1, 8), 9, 10, 11, 18, 19, *range(21, 35), 37)} | {
    f"A{number}" for number in (65, 66, *range(68, 74), 75, 76, 78, 80, 82)
}
CAPTURES = sorted((RECORDINGS / "asterisk22").glob("*.ami"))
#: SIP cannot tell what only the dialplan knows.
NOT_TOLD_BY_SIP = {"freepbx_click_on_dnd": "a refused click-to-dial reaches no phone"}


def _story(capture: Path) -> dict[str, Any]:
    story: dict[str, Any] = json.loads(capture.with_suffix(".truth.json").read_text())
    return story


def _is_covered(capture: Path) -> bool:
    return set(_story(capture)["covers"]) <= COVERED and capture.stem not in NOT_TOLD_BY_SIP


EXACT = [capture for capture in CAPTURES if _is_covered(capture)]
OTHERS = [capture for capture in CAPTURES if not _is_covered(capture)]


def _folded(capture: Path) -> tuple[Folded, list[CallTruth]]:
    truths = [
        CallTruth(**{**call, "offers": tuple(Offer(**offer) for offer in call["offers"])})
        for call in _story(capture)["calls"]
    ]
    clicked = re.search(rb"Uniqueid: (cti-[a-z0-9-]+)", capture.read_bytes())
    asked = {clicked.group(1).decode(): truths[0].dialled} if clicked and truths else {}
    return fold(capture.read_bytes(), owners=TWINS, asked=asked), truths


@pytest.mark.parametrize("capture", EXACT, ids=lambda path: path.stem)
def test_record_equals_what_the_phones_saw(capture: Path) -> None:
    folded, truths = _folded(capture)
    assert compare(folded.records, truths) == []


@pytest.mark.parametrize("capture", OTHERS, ids=lambda path: path.stem)
def test_a_flow_of_a_later_issue_is_one_closed_inbound_record(capture: Path) -> None:
    folded, truths = _folded(capture)
    inbound = [record for record in folded.records if record["direction"] == "inbound"]
    assert len(inbound) == sum(truth.direction == "inbound" for truth in truths)
    assert folded.state.open_calls() == [] or any(call.estimated for call in folded.state.open_calls())


def test_flows_that_are_not_followed_yet_are_said_aloud() -> None:
    transfers = [capture for capture in OTHERS if re.search(r"transfer|park|pickup|pick", capture.stem)]
    for capture in transfers:
        folded, _ = _folded(capture)
        assert any(isinstance(event, Anomaly) for event in folded.told), capture.stem


def test_the_comparison_finds_an_altered_record() -> None:
    folded, truths = _folded(RECORDINGS / "asterisk22" / "queue_answered.ami")
    (record,) = folded.records
    assert compare([{**record, "ended_by": "agent"}], truths) != []
