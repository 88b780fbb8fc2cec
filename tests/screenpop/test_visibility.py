"""The access policy of pages and API holds for push too."""

from __future__ import annotations

from typing import Any

import pytest

from crm_store.access import AccessPolicy
from crm_store.accounts import Role
from screenpop.visibility import PushVisibility
from tests.screenpop.people import person

POP = {
    "pop_id": "p",
    "call": {"id": "c", "remote": {"number": "+421905123456", "display": "+421 905 123 456", "name": "Ján"}},
    "customers": [{"id": 5, "name": "Ján", "note": "owes 100 €", "open_tasks": [{"id": 1, "title": "ring"}]}],
}
QUEUES = [{"pbx": "main", "name": "600"}, {"pbx": "main", "name": "700"}, {"pbx": "branch", "name": "600"}]


def visibility(hidden: dict[str, list[str]] | None = None) -> PushVisibility:
    policy = AccessPolicy({Role.AGENT: hidden} if hidden else None)
    return PushVisibility(policy, lambda agent: {("main", "600")} if agent == "eva" else set())


@pytest.mark.parametrize("kind", ["pop.show", "pop.update"])
def test_a_hidden_field_is_absent_from_a_pop(kind: str) -> None:
    seen: Any = visibility({"customer": ["note"], "call": ["remote.number"]})(person("eva"), kind, POP)
    assert "note" not in seen["customers"][0]
    assert seen["call"]["remote"] == {"name": "Ján"}
    assert POP["customers"][0]["note"] == "owes 100 €"  # type: ignore[index]


def test_a_hidden_field_is_absent_from_the_snapshot() -> None:
    snapshot = {"pops": [POP], "queues": [], "agents": [], "pbx": [], "requests": []}
    seen: Any = visibility({"customer": ["note"]})(person("eva"), "snapshot", snapshot)
    assert "note" not in seen["pops"][0]["customers"][0]


def test_a_hidden_field_is_absent_from_a_due_task() -> None:
    seen = visibility({"task": ["number"]})(person("eva"), "task.due", {"id": 1, "number": "+421905123456"})
    assert seen == {"id": 1}


def test_what_a_supervisor_may_see_is_not_hidden() -> None:
    seen = visibility({"customer": ["note"]})(person("boss", Role.SUPERVISOR), "pop.show", POP)
    assert seen == POP


def test_an_agent_sees_the_queues_they_serve_on_their_pbx_and_a_supervisor_all() -> None:
    see = visibility()
    assert [see(person("eva"), "queue.update", queue) for queue in QUEUES] == [QUEUES[0], None, None]
    assert [see(person("boss", Role.SUPERVISOR), "queue.update", queue) for queue in QUEUES] == QUEUES
    snapshot = {"pops": [], "queues": QUEUES, "agents": [], "pbx": [], "requests": []}
    seen: Any = see(person("eva"), "snapshot", snapshot)
    assert seen["queues"] == [QUEUES[0]]


def test_what_nobody_hides_is_the_same_object_so_that_its_json_is_made_once() -> None:
    update = {"name": "main", "state": "connected"}
    assert visibility()(person("eva"), "pbx.update", update) is update
