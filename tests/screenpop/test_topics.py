"""Who may listen to what."""

from __future__ import annotations

import pytest

from crm_store.accounts import Role
from screenpop.errors import NotAllowed
from screenpop.topics import topic_names, topics_of
from tests.screenpop.people import person


@pytest.mark.parametrize(
    ("role", "names"),
    [
        (Role.AGENT, {"pops", "requests", "tasks", "agent", "queues", "pbx"}),
        (Role.SUPERVISOR, {"pops", "requests", "tasks", "agent", "queues", "agents", "pbx"}),
        (Role.ADMIN, {"pops", "requests", "tasks", "agent", "queues", "agents", "pbx"}),
    ],
)
def test_by_default_everybody_gets_what_the_role_sees(role: Role, names: set[str]) -> None:
    assert topic_names(person("eva", role), None) == names


def test_an_agent_cannot_ask_for_the_board() -> None:
    with pytest.raises(NotAllowed, match="agents"):
        topic_names(person("eva"), ["pops", "agents"])


def test_a_client_may_ask_for_less() -> None:
    assert topic_names(person("eva"), ["pops"]) == {"pops"}
    assert topic_names(person("eva"), []) == frozenset()


@pytest.mark.parametrize(
    ("scopes", "names"),
    [
        ({"queues.read"}, {"queues", "agents", "agent", "pbx"}),
        ({"calls.read"}, {"requests", "agent", "pbx"}),
        ({"calls.read", "crm.read"}, {"pops", "requests", "tasks", "agent", "pbx"}),
        ({"crm.read"}, {"tasks", "agent"}),
    ],
)
def test_a_token_gets_what_its_scopes_open(scopes: set[str], names: set[str]) -> None:
    """A pop is a call with customer cards in it: it needs both scopes."""
    assert topic_names(person("wallboard", Role.SUPERVISOR, frozenset(scopes)), None) == names


def test_personal_topics_are_always_the_users_own() -> None:
    assert topics_of(person("eva"), ["pops", "queues"]) == {"pops:eva", "queues"}


def test_who_sees_all_agents_does_not_get_their_own_state_twice() -> None:
    assert topics_of(person("boss"), ["agent", "agents"]) == {"agents"}
    assert topics_of(person("eva"), ["agent"]) == {"agent:eva"}
