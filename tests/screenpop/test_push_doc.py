"""docs/push.md is complete: integrators have nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_store.caller_lookup import MatchKind, MatchReason
from screenpop import messages
from screenpop.messages import SNAPSHOT_PARTS, TOPIC_NAMES, CloseCode, Message
from screenpop.screen_pop import PopLabels, PopPhase, RetractReason, pop_call
from tests.screenpop.phone_calls import PhoneCall, describe

DOC = (Path(__file__).parents[2] / "docs" / "push.md").read_text(encoding="utf-8")


def _kinds(cls: type[Message]) -> set[str]:
    return {cls.TYPE} - {""} | {kind for below in cls.__subclasses__() for kind in _kinds(below)}


def _call_fields() -> list[str]:
    call = PhoneCall(queue="600")
    call.rings("eva")
    return list(
        pop_call(call.call, call.call.legs[0], describe(call.call), PopLabels(), phase=PopPhase.RINGING, note=None)
    )


@pytest.mark.parametrize(
    "name",
    [
        *sorted(_kinds(Message)),
        *TOPIC_NAMES,
        *SNAPSHOT_PARTS,
        *PopPhase,
        *RetractReason,
        *MatchKind,
        *MatchReason,
        *_call_fields(),
        "subscribe",
        "painted",
        "dismiss",
        "ping",
        "note_truncated",
        "more_customers",
        "not_json",
        "not_an_object",
        "unknown_type",
        "bad_field",
    ],
)
def test_the_page_names_it(name: str) -> None:
    assert f"`{name}`" in DOC or f'"{name}"' in DOC


@pytest.mark.parametrize("code", CloseCode)
def test_the_page_explains_each_close_code(code: CloseCode) -> None:
    assert f"| {code.value} |" in DOC


def test_the_example_is_python_that_uses_what_there_is() -> None:
    example = DOC.partition("```python\n")[2].partition("```")[0]
    compile(example, "docs/push.md", "exec")
    for name in ("PopShow", "PopUpdate", "PopRetract", "Snapshot"):
        assert name in example
        assert hasattr(messages, name)
