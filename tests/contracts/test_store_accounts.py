"""What a store promises about accounts, sessions and tokens."""

from __future__ import annotations

import pytest

from crm_store.accounts import ApiToken, Role
from crm_store.errors import NotFound, StoreUnavailable
from crm_store.store import CrmStore
from tests.contracts.examples import NOW, account, at, session


async def test_an_account_comes_back_as_it_was_and_is_replaced_by_name(store: CrmStore) -> None:
    await store.save_account(account("eva"))
    await store.save_account(account("adam", role=Role.ADMIN, endpoints=(), extension=None, password_hash=None))
    assert await store.account("eva") == account("eva")
    assert [found.name for found in await store.accounts()] == ["adam", "eva"]
    changed = account("eva", role=Role.SUPERVISOR, endpoints=("PJSIP/1002",))
    await store.save_account(changed)
    assert await store.account("eva") == changed


async def test_an_unknown_account_is_not_found(store: CrmStore) -> None:
    for attempt in (store.account("eve"), store.create_session(session("t", "eve"))):
        with pytest.raises(NotFound):
            await attempt
    with pytest.raises(NotFound):
        await store.save_token(ApiToken(token_hash="t", user="eve", scopes=(), created_at=NOW))


async def test_a_session_is_found_by_its_hash_until_it_ends(store: CrmStore) -> None:
    await store.save_account(account("eva"))
    await store.create_session(session("t1"))
    assert await store.session("t1") == session("t1")
    assert await store.session("t2") is None
    await store.touch_session("t1", now=at(5))
    await store.touch_session("gone", now=at(5))
    assert await store.session("t1") == session("t1", last_seen_at=at(5))
    await store.end_session("t1")
    assert await store.session("t1") is None


async def test_all_sessions_of_a_user_end_together(store: CrmStore) -> None:
    for name in ("eva", "jan"):
        await store.save_account(account(name))
    for token, user in (("t1", "eva"), ("t2", "eva"), ("t3", "jan")):
        await store.create_session(session(token, user))
    assert await store.end_sessions_of("eva") == 2
    assert [found.token_hash for found in await store.live_sessions(now=NOW)] == ["t3"]


async def test_live_sessions_have_not_run_out_and_come_in_order_of_sign_in(store: CrmStore) -> None:
    await store.save_account(account("eva"))
    await store.create_session(session("late", created_at=at(2)))
    await store.create_session(session("early", created_at=at(1)))
    await store.create_session(session("over", expires_at=at(3)))
    assert [found.token_hash for found in await store.live_sessions(now=at(3))] == ["early", "late"]


async def test_who_may_not_sign_in_any_more_is_signed_out(store: CrmStore) -> None:
    await store.save_account(account("eva"))
    await store.create_session(session("t1"))
    await store.save_account(account("eva", active=False))
    assert await store.session("t1") is None
    assert (await store.account("eva")).active is False


async def test_a_token_comes_back_with_its_scopes(store: CrmStore) -> None:
    await store.save_account(account("eva"))
    token = ApiToken(token_hash="t", user="eva", scopes=("calls.read", "crm.read"), created_at=NOW)
    await store.save_token(token)
    await store.save_token(token)
    assert await store.token("t") == token
    assert await store.token("other") is None


async def test_the_set_up_link_works_only_while_there_is_no_account(store: CrmStore) -> None:
    assert await store.setup_token() is None
    await store.set_setup_token("first")
    await store.set_setup_token("second")
    assert await store.setup_token() == "second"
    await store.save_account(account("eva"))
    assert await store.setup_token() is None
    await store.set_setup_token(None)
    assert await store.setup_token() is None


async def test_a_closed_store_says_so(store: CrmStore) -> None:
    await store.ready()
    await store.close()
    await store.close()
    for attempt in (store.ready(), store.account("eva"), store.save_account(account("eva")), store.card(1)):
        with pytest.raises(StoreUnavailable):
            await attempt
