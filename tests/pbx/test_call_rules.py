"""Every change that can be told has a rule, and every rule names a section of the call model that is there."""

from __future__ import annotations

from pathlib import Path

from pbx.call_rules import RULES
from pbx.calls import CallOutcome, CallState, Direction, EndedBy, LegResult, QueueResult, TransferResult

CALL_MODEL = Path(__file__).parents[2] / "docs" / "call-model.md"


def test_every_way_to_end_has_its_rule() -> None:
    needed = {
        *(f"outcome.{one.value}" for one in CallOutcome),
        *(f"ended_by.{one.value}" for one in EndedBy),
        *(f"leg.{one.value}" for one in LegResult),
        *(f"queue.{one.value}" for one in QueueResult),
        *(f"transfer.{one.value}" for one in TransferResult),
        *(f"state.{one.value}" for one in CallState),
        *(f"start.{one.value}" for one in Direction),
    }
    assert needed <= RULES.keys()


def test_every_rule_is_in_a_section_of_the_call_model() -> None:
    headings = {line.removeprefix("## ") for line in CALL_MODEL.read_text().splitlines() if line.startswith("## ")}
    assert {rule.section for rule in RULES.values()} <= headings


def test_a_rule_is_one_sentence_with_its_section() -> None:
    assert str(RULES["leg.missed"]) == "it rang out: no status, no cause and nobody's wish says more [Legs]"
    assert all(len(str(rule)) <= 130 for rule in RULES.values())
