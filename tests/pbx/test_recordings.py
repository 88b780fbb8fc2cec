"""Every capture of the real Asterisk gives the records that the phones' own SIP logs prove."""

import json
from pathlib import Path

import pytest

from tests.asterisk.compare import compare
from tests.asterisk.truth import CallTruth, Offer
from tests.pbx.folding import RECORDINGS, TWINS, fold

CAPTURES = sorted((RECORDINGS / "asterisk22").glob("*.ami"))


def _truths(capture: Path) -> list[CallTruth]:
    calls = json.loads(capture.with_suffix(".truth.json").read_text())["calls"]
    return [CallTruth(**{**call, "offers": tuple(Offer(**offer) for offer in call["offers"])}) for call in calls]


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_record_equals_what_the_phones_saw(capture: Path) -> None:
    truths = _truths(capture)
    asked = {"cti-c2d-0001": truths[0].dialled} if truths and truths[0].direction == "outbound" else {}
    folded = fold(capture.read_bytes(), owners=TWINS, asked=asked)
    assert compare(folded.records, truths) == []
