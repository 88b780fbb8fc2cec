"""The fold that every screen does."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from screenpop.live_view import LiveView
from screenpop.messages import LinkLost, Message, parse_message


def message(kind: str, **data: Any) -> Message:
    return parse_message(orjson.dumps({"v": 1, "seq": 1, "type": kind, "at": "2026-11-21T22:46:00Z", "data": data}))


@pytest.fixture
def view() -> LiveView:
    return LiveView()


def test_pops_come_change_and_go(view: LiveView) -> None:
    view.apply(message("pop.show", pop_id="a", offer=1, phase="ringing"))
    view.apply(message("pop.show", pop_id="b", offer=1, phase="ringing"))
    view.apply(message("pop.update", pop_id="a", offer=1, phase="talking"))
    assert [(pop, data["phase"]) for pop, data in view.pops.items()] == [("a", "talking"), ("b", "ringing")]
    view.apply(message("pop.retract", pop_id="a", offer=1, reason="saved", by=None))
    view.apply(message("pop.retract", pop_id="never seen", offer=1, reason="saved", by=None))
    assert list(view.pops) == ["b"]


def test_a_call_that_is_offered_again_comes_last(view: LiveView) -> None:
    for pop in ("a", "b", "a"):
        view.apply(message("pop.show", pop_id=pop, offer=1))
    assert list(view.pops) == ["b", "a"]


def test_the_newest_state_of_each_thing_is_kept(view: LiveView) -> None:
    view.apply(message("queue.update", pbx="main", name="600", waiting=1))
    view.apply(message("queue.update", pbx="main", name="600", waiting=2))
    view.apply(message("queue.update", pbx="branch", name="600", waiting=7))
    view.apply(message("pbx.update", name="main", state="connected"))
    view.apply(message("request.update", id="r1", state="dialing"))
    assert {key: queue["waiting"] for key, queue in view.queues.items()} == {("main", "600"): 2, ("branch", "600"): 7}
    assert (view.pbx["main"]["state"], view.requests["r1"]["state"]) == ("connected", "dialing")


def test_an_agent_whom_no_pbx_knew_is_replaced_when_one_does(view: LiveView) -> None:
    view.apply(message("agent.update", pbx=None, name="eva", state="offline"))
    view.apply(message("agent.update", pbx="main", name="eva", state="ready"))
    assert [agent["state"] for agent in view.agents.values()] == ["ready"]


def test_a_snapshot_replaces_everything(view: LiveView) -> None:
    view.apply(message("pop.show", pop_id="old", offer=1))
    view.apply(message("queue.update", pbx="main", name="700", waiting=1))
    view.apply(
        message(
            "snapshot",
            pops=[{"pop_id": "new"}],
            queues=[{"pbx": "main", "name": "600"}],
            agents=[{"pbx": "main", "name": "eva"}],
            pbx=[{"name": "main"}],
            requests=[{"id": "r1"}],
        )
    )
    assert (list(view.pops), list(view.queues), list(view.agents)) == (["new"], [("main", "600")], [("main", "eva")])
    assert (list(view.pbx), list(view.requests)) == (["main"], ["r1"])


def test_what_says_nothing_about_the_state_changes_nothing(view: LiveView) -> None:
    view.apply(message("pop.show", pop_id="a", offer=1))
    for other in (message("pong"), message("task.due", id=1), message("from.the.future"), LinkLost("cut", 0.5)):
        view.apply(other)
    assert list(view.pops) == ["a"]
