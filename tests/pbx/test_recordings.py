"""Every capture of the real Asterisk gives the records that the phones' own SIP logs prove."""

from pathlib import Path

import pytest

from tests.asterisk.compare import compare
from tests.asterisk.truth import CallTruth, stored_truth
from tests.pbx.folding import RECORDINGS, Folded, fold_as_told

CAPTURES = sorted(RECORDINGS.glob("asterisk*/*.ami"))
#: SIP cannot tell what only the dialplan knows.
NOT_TOLD_BY_SIP = {"freepbx_click_on_dnd": "a refused click-to-dial reaches no phone"}


def _name(capture: Path) -> str:
    return f"{capture.parent.name}-{capture.stem}"


EXACT = [capture for capture in CAPTURES if capture.stem not in NOT_TOLD_BY_SIP]


def _folded(capture: Path) -> tuple[Folded, list[CallTruth]]:
    truths = stored_truth(capture.with_suffix(".truth.json"))
    return fold_as_told(capture.read_bytes(), truths), truths


@pytest.mark.parametrize("capture", EXACT, ids=_name)
def test_record_equals_what_the_phones_saw(capture: Path) -> None:
    folded, truths = _folded(capture)
    assert compare(folded.records, truths) == []


def test_the_comparison_finds_an_altered_record() -> None:
    folded, truths = _folded(RECORDINGS / "asterisk22" / "queue_answered.ami")
    (record,) = folded.records
    assert compare([{**record, "ended_by": "agent"}], truths) != []
