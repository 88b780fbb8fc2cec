"""Roles, permissions, row scope and hidden fields."""

from __future__ import annotations

from typing import Any

import pytest

from crm_store.access import PERMISSIONS, SCOPE_PERMISSIONS, AccessPolicy, Permission, Principal
from crm_store.accounts import SCOPES, Role


def who(role: Role = Role.AGENT, *, name: str = "eva", scopes: frozenset[str] | None = None) -> Principal:
    return Principal(
        name=name,
        display_name=name,
        role=role,
        scopes=scopes,
        session_hash=None,
        csrf=None,
        phone=None,
        endpoints=("PJSIP/1001",),
        extension="1001",
        language=None,
    )


CARD: dict[str, Any] = {
    "id": 5,
    "name": "Ján",
    "company": None,
    "note": "pays late",
    "phones": [{"number": "+421905123456"}],
    "open_tasks": [{"id": 1, "title": "call back", "number": "+421905123456", "customer_name": "Ján"}],
    "last_activities": [
        {"id": 2, "text": "angry", "call": {"id": "c", "note": "angry", "remote": {"number": "+1", "name": "J"}}}
    ],
}


def test_every_role_has_its_row() -> None:
    assert set(PERMISSIONS) == set(Role)


def test_every_scope_of_the_interface_opens_something() -> None:
    assert set(SCOPE_PERMISSIONS) == set(SCOPES)


def test_a_higher_role_has_all_of_the_lower() -> None:
    assert PERMISSIONS[Role.AGENT] < PERMISSIONS[Role.SUPERVISOR] <= PERMISSIONS[Role.ADMIN]


def test_an_agent_may_dial_from_their_own_phone_only() -> None:
    assert who().may(Permission.DIAL)
    assert not who().may(Permission.DIAL_FOR_OTHERS)


def test_a_scope_never_gives_more_than_the_role() -> None:
    assert not who(scopes=frozenset({"admin"})).may(Permission.CALLS_EXPORT)


def test_a_token_may_only_what_its_scopes_open() -> None:
    token = who(Role.ADMIN, scopes=frozenset({"crm.read"}))
    assert token.may(Permission.CRM_READ)
    assert token.may(Permission.SELF)
    assert not token.may(Permission.CRM_WRITE)
    assert not token.may(Permission.DIAL)


def test_a_scope_that_nobody_knows_opens_nothing() -> None:
    assert not who(Role.ADMIN, scopes=frozenset({"everything"})).may(Permission.CRM_READ)


def test_nothing_is_hidden_by_default() -> None:
    assert AccessPolicy().visible(Role.AGENT, "customer", CARD) == CARD


def test_a_hidden_field_is_absent_not_blank() -> None:
    policy = AccessPolicy({Role.AGENT: {"customer": ["note"]}})
    assert "note" not in policy.visible(Role.AGENT, "customer", CARD)
    assert policy.visible(Role.SUPERVISOR, "customer", CARD)["note"] == "pays late"


def test_hidden_in_cards_of_pops_too() -> None:
    policy = AccessPolicy({Role.AGENT: {"customer": ["note"]}})
    pop = {"pop_id": "p", "call": {"id": "c"}, "customers": [CARD, CARD]}
    assert all("note" not in card for card in policy.visible(Role.AGENT, "pop", pop)["customers"])


def test_hidden_numbers_are_nowhere() -> None:
    policy = AccessPolicy({Role.AGENT: {"customer": ["phones"]}})
    assert "+421905123456" not in str(policy.visible(Role.AGENT, "customer", CARD))
    call = {"id": "c", "remote": {"number": "+1", "display": "+1", "raw": "1", "dialled": "1", "name": "J"}}
    assert policy.visible(Role.AGENT, "call", call)["remote"] == {"name": "J"}


def test_a_hidden_line_is_hidden_in_every_way_of_writing_it() -> None:
    policy = AccessPolicy({Role.AGENT: {"call": ["did"]}})
    pop = {"call": {"id": "01", "did": "+421255501234", "did_display": "+421 2 555 012 34"}}
    assert policy.visible(Role.AGENT, "pop", pop) == {"call": {"id": "01"}}


def test_a_hidden_name_is_not_repeated_by_calls_and_tasks() -> None:
    policy = AccessPolicy({Role.AGENT: {"customer": ["name"]}})
    shown = policy.visible(Role.AGENT, "customer", {**CARD, "display_name": "Ján"})
    assert "name" not in shown
    assert "display_name" not in shown
    assert "customer_name" not in shown["open_tasks"][0]


def test_a_hidden_note_of_calls_is_hidden_on_the_timeline() -> None:
    policy = AccessPolicy({Role.AGENT: {"call": ["note"]}})
    assert "angry" not in str(policy.visible(Role.AGENT, "customer", CARD))


def test_visible_leaves_the_given_data_alone() -> None:
    policy = AccessPolicy({Role.AGENT: {"call": ["remote.number"]}})
    call = {"remote": {"number": "+1"}, "legs": []}
    policy.visible(Role.AGENT, "call", call)
    assert call == {"remote": {"number": "+1"}, "legs": []}


@pytest.mark.parametrize(
    ("role", "sees"), [(Role.AGENT, False), (Role.SUPERVISOR, True), (Role.ADMIN, True)], ids=lambda value: str(value)
)
def test_whose_calls(role: Role, sees: bool) -> None:
    foreign = {"legs": [{"agent": "jan"}, {"agent": None}]}
    assert AccessPolicy().may_see_call(who(role), foreign) is sees
    assert AccessPolicy().may_see_call(who(role), {"legs": [{"agent": "jan"}, {"agent": "eva"}]})


def test_whose_tasks() -> None:
    policy = AccessPolicy()
    assert policy.may_see_task(who(), owner=None, claimed_by=None)
    assert policy.may_see_task(who(), owner="eva", claimed_by=None)
    assert policy.may_see_task(who(), owner="jan", claimed_by="eva")
    assert not policy.may_see_task(who(), owner="jan", claimed_by=None)
    assert policy.may_see_task(who(Role.SUPERVISOR), owner="jan", claimed_by=None)


def test_the_phone_of_the_sign_in_comes_first() -> None:
    assert who().sits_at == "PJSIP/1001"
