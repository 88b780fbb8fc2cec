"""Every capture of the real Asterisk gives the records that the phones' own SIP logs prove."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.asterisk.compare import compare
from tests.asterisk.truth import CallTruth, Offer
from tests.pbx.folding import RECORDINGS, TWINS, Folded, fold

CAPTURES = sorted(RECORDINGS.glob("asterisk*/*.ami"))
#: SIP cannot tell what only the dialplan knows.
NOT_TOLD_BY_SIP = {"freepbx_click_on_dnd": "a refused click-to-dial reaches no phone"}


def _story(capture: Path) -> dict[str, Any]:
    story: dict[str, Any] = json.loads(capture.with_suffix(".truth.json").read_text())
    return story


def _name(capture: Path) -> str:
    return f"{capture.parent.name}-{capture.stem}"


EXACT = [capture for capture in CAPTURES if capture.stem not in NOT_TOLD_BY_SIP]


def _folded(capture: Path) -> tuple[Folded, list[CallTruth]]:
    truths = [
        CallTruth(**{**call, "offers": tuple(Offer(**offer) for offer in call["offers"])})
        for call in _story(capture)["calls"]
    ]
    clicked = re.search(rb"Uniqueid: (cti-[a-z0-9-]+)", capture.read_bytes())
    asked = {clicked.group(1).decode(): truths[0].dialled} if clicked and truths else {}
    return fold(capture.read_bytes(), owners=TWINS, asked=asked), truths


@pytest.mark.parametrize("capture", EXACT, ids=_name)
def test_record_equals_what_the_phones_saw(capture: Path) -> None:
    folded, truths = _folded(capture)
    assert compare(folded.records, truths) == []


def test_the_comparison_finds_an_altered_record() -> None:
    folded, truths = _folded(RECORDINGS / "asterisk22" / "queue_answered.ami")
    (record,) = folded.records
    assert compare([{**record, "ended_by": "agent"}], truths) != []
