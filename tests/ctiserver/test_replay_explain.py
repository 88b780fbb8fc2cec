"""Which call is meant by what was typed, and how its steps are printed."""

from __future__ import annotations

import pytest

from crm_store.activities import CallRecord
from crm_store.call_log import call_record
from ctiserver.cli_output import CommandFailed
from ctiserver.replay_explain import chosen_call, step_data, step_lines
from pbx.call_changes import COUNTED, SECONDS_GO_ON, CallChange
from pbx.explain import TIME_PASSES, Step
from tests.ctiserver.test_replay_table import CALL, NUMBERING


def record(call_id: str, uniqueid: str) -> CallRecord:
    return {**call_record(CALL, NUMBERING, agents=False), "id": call_id, "uniqueid": uniqueid}


KNOWN = [record("01KAAA", "1.1"), record("01KAAB", "1.2"), record("01KBBB", "1.2")]


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [("01KAAA", "01KAAA"), (" 01kb ", "01KBBB"), ("1.1", "01KAAA"), ("01KAAB", "01KAAB")],
)
def test_an_id_its_beginning_or_a_uniqueid(asked: str, chosen: str) -> None:
    assert chosen_call(asked, KNOWN) == chosen


@pytest.mark.parametrize(
    ("asked", "words"), [("01KA", "2 calls"), ("1.2", "2 calls"), ("1", "No call"), ("", "No call")]
)
def test_what_is_not_one_call_is_a_usage_error_with_the_list(asked: str, words: str) -> None:
    with pytest.raises(CommandFailed, match=words) as failed:
        chosen_call(asked, KNOWN)
    assert failed.value.code == 2
    assert "01KAAB" in str(failed.value)


def test_a_list_that_is_too_long_says_how_many_more() -> None:
    with pytest.raises(CommandFailed) as failed:
        chosen_call("9.9", [record(f"01K{number:04}", f"1.{number}") for number in range(250)])
    assert str(failed.value).count("\n") == 101
    assert "and 150 more" in str(failed.value)


def step(*changes: CallChange, reason: str = "", at: float | None = 1003.204, event: str = "DialEnd") -> Step:
    channel = None if event == TIME_PASSES else "PJSIP/1001-00000001"
    return Step(at=at, event=event, channel=channel, detail="NOANSWER", changes=changes, reason=reason)


def shown(*steps: Step) -> list[str]:
    return [line.plain for line in step_lines(call_record(CALL, NUMBERING, agents=False), CALL, steps)]


def test_a_change_with_its_reason() -> None:
    assert shown(step(CallChange("leg 0 PJSIP/1001 ends: missed", ("leg.missed",))))[3:] == [
        "  +3.204 s  DialEnd          PJSIP/1001-00000001   NOANSWER",
        "            ▸ leg 0 PJSIP/1001 ends: missed",
        "              why: it rang out: no status, no cause and nobody's wish says more [Legs]",
    ]


@pytest.mark.parametrize(
    ("changes", "reason", "end"),
    [
        ((), "told before", "· nothing new: told before"),
        ((), "", "· nothing new"),
        ((), "noted: a wish to hang up", "· noted: a wish to hang up"),
        ((CallChange("so far talk 2.0 s", (COUNTED,)),), "told before", "· so far talk 2.0 s · told before"),
        ((CallChange("so far talk 2.0 s", (COUNTED,)),), "", "· so far talk 2.0 s"),
        ((CallChange(SECONDS_GO_ON, (COUNTED,)),), "told before", "NOANSWER · told before"),
        ((CallChange(SECONDS_GO_ON, (COUNTED,)),), "", "· seconds go on"),
    ],
)
def test_one_line_for_an_event_that_changed_nothing(changes: tuple[CallChange, ...], reason: str, end: str) -> None:
    (line,) = shown(step(*changes, reason=reason))[3:]
    assert line.endswith(end)


def test_a_step_without_a_time() -> None:
    line = shown(step(CallChange("final: answered", ("final",)), at=None, event=TIME_PASSES))[3]
    assert line.startswith("            (time passes)")


def test_the_heading_says_which_call_and_when_it_began() -> None:
    assert shown()[2] == (
        "  Uniqueid 1.1, PBX main, +0.000 s is 1970-01-01T00:16:40.000Z; [section of docs/call-model.md]"
    )


def test_a_step_for_programs() -> None:
    assert step_data(step(CallChange("ended", ("state.ended",)), reason=""), 1000.0) == {
        "at": "1970-01-01T00:16:43.204Z",
        "offset_s": 3.204,
        "event": "DialEnd",
        "channel": "PJSIP/1001-00000001",
        "detail": "NOANSWER",
        "changes": [{"words": "ended", "why": ["its last channel hung up [A call and its root]"]}],
        "reason": None,
    }
    assert step_data(step(at=None, reason="told before"), None)["offset_s"] is None
