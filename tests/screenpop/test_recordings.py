"""On every capture of the real Asterisk: the pops that the phones' own SIP logs ask for, and no others."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from crm_store.call_log import call_record
from pbx.calls import Call
from screenpop.popper import PopMessage, Popper
from tests.pbx.folding import NUMBERING, RECORDINGS, TWINS, fold

CAPTURES = sorted((RECORDINGS / "asterisk22").glob("*.ami"))


def describe(call: Call) -> dict[str, Any]:
    return call_record(call, NUMBERING, agents=True)


def truth_of(capture: Path) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = json.loads(capture.with_suffix(".truth.json").read_text())["calls"]
    return calls


def told(capture: Path) -> list[PopMessage]:
    popper = Popper(describe)
    truth = truth_of(capture)
    asked = {"cti-c2d-0001": truth[0]["dialled"]} if truth and truth[0]["direction"] == "outbound" else {}
    events = fold(capture.read_bytes(), owners=TWINS, asked=asked).told
    return [message for event in events for message in popper.apply(event, event.at or 0.0)]


def rings(offers: list[dict[str, Any]]) -> int:
    """How often a person's phones rang, desk phone and twin together counting once; picking up counts too."""
    count, until = 0, float("-inf")
    for offer in sorted(offers, key=lambda one: one["rang_at"] or one["answered_at"]):
        begins = offer["rang_at"] or offer["answered_at"]
        count += begins >= until
        until = max(until, offer["ended_at"] or float("inf"))
    return count


#: The agent of this click-to-dial had do-not-disturb on: her phone never rang, and its log cannot say so.
NEVER_RANG = {"freepbx_click_on_dnd"}


def shows_expected(calls: list[dict[str, Any]]) -> Counter[str]:
    expected: Counter[str] = Counter()
    for call in calls:
        for kind, _by, to, _result in call["transfers"]:
            expected[f"agent-{to}"] += kind in ("attended", "blonde")  # first the colleague who asks, then the customer
        for extension in {offer["extension"] for offer in call["offers"]}:
            expected[f"agent-{extension}"] += rings([o for o in call["offers"] if o["extension"] == extension])
        if call["direction"] == "outbound":
            expected[f"agent-{call['extension']}"] += 1
    return +expected


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_one_pop_for_each_ringing_at_the_agent_who_rang(capture: Path) -> None:
    truth = truth_of(capture)
    shows = Counter(message.user for message in told(capture) if message.kind == "pop.show")
    assert shows == (Counter() if capture.stem in NEVER_RANG else shows_expected(truth))


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_every_pop_begins_once_and_ends_once(capture: Path) -> None:
    life: dict[tuple[str, int], list[str]] = {}
    for message in told(capture):
        stage = message.data.get("phase", message.kind)
        life.setdefault((message.data["pop_id"], message.data["offer"]), []).append(
            "show" if message.kind == "pop.show" else stage
        )
    for stages in life.values():
        assert stages.count("show") == 1
        assert stages[0] == "show"
        assert stages[-1] in ("wrap_up", "pop.retract")
        assert not ("wrap_up" in stages and "pop.retract" in stages)
