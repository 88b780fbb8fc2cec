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
    """How often a person's phones rang, desk phone and twin together counting once; dialling counts too.

    Picking up or fetching the call counts when they do not talk in it just then at another phone.
    """
    count, ringing_until, talking_until = 0, float("-inf"), float("-inf")
    for offer in sorted(offers, key=_begins):
        count += _begins(offer) >= (ringing_until if offer["rang_at"] else talking_until)
        talking_until = max(talking_until, offer["ended_at"] or float("inf"))
        ringing_until = max(ringing_until, offer["answered_at"] or talking_until)
    return count


def _begins(offer: dict[str, Any]) -> float:
    """Who dialled a number that nobody took was neither rung nor answered."""
    began: float = offer["rang_at"] or offer["answered_at"] or offer["ended_at"]
    return began


#: The agent of this click-to-dial had do-not-disturb on: her phone never rang, and its log cannot say so.
NEVER_RANG = {"freepbx_click_on_dnd"}


def shows_expected(calls: list[dict[str, Any]]) -> Counter[str]:
    expected: Counter[str] = Counter()
    for call in calls:
        offers = [o for o in call["offers"] if not (_dials_a_colleague(call, o) or _rings_a_mobile(o))]
        colleagues = {offer["extension"] for offer in offers if (offer["extension"] or "").isdigit()}
        if call["direction"] == "outbound":
            colleagues.add(call["extension"])
        for extension in colleagues:
            expected[f"agent-{extension}"] += max(1, rings([o for o in offers if o["extension"] == extension]))
        for kind, by, to, _result in call["transfers"]:
            # First a colleague who asks, or for who asked outside the other party; then the customer.
            expected[f"agent-{to if to in colleagues else by}"] += kind in ("attended", "blonde")
    return +expected


def _rings_a_mobile(offer: dict[str, Any]) -> bool:
    """A colleague who forwards to a mobile does not sit at the screen."""
    return offer["via"] is not None and offer["endpoint"].startswith("trunk")


def _dials_a_colleague(call: dict[str, Any], offer: dict[str, Any]) -> bool:
    """The one who calls a colleague knows whom: no pop."""
    return bool(
        call["direction"] == "internal" and offer["extension"] == call["extension"] and offer["rang_at"] is None
    )


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
    for (pop_id, offer), stages in life.items():
        assert stages.count("show") == 1
        assert stages[0] == "show"
        came_back_into_the_talk = (pop_id, offer + 1) in life and stages[-1] == "talking"
        assert stages[-1] in ("wrap_up", "pop.retract") or came_back_into_the_talk
        assert not ("wrap_up" in stages and "pop.retract" in stages)
