"""Signing in and out, guessing passwords, and the first admin."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientResponse
from argon2 import PasswordHasher
from yarl import URL

from crm_store.accounts import Account, Role
from crm_store.passwords import hash_password
from crm_store.store import CrmStore
from pbx.agents import AgentState, AgentStatus
from pbx.call_events import AgentStateChanged
from pbx.events import PbxName
from tests.web.conftest import Client
from tests.web.desk import ACCOUNTS, PASSWORD, Desk, make_desk
from tests.web.page_reading import Page
from web.app import create_app
from web.auth import token_hash
from web.sign_in import local_target, set_up_link


@pytest.fixture(scope="session")
def password_hash() -> str:
    return hash_password(PASSWORD)


@pytest.fixture
async def eva(desk: Desk, password_hash: str) -> Account:
    account = replace(ACCOUNTS[0], password_hash=password_hash)
    await desk.store.save_account(account)
    return account


async def form_token(client: Client, path: str = "/login") -> str:
    page = await client.get(path)
    found = re.search(r'name="csrf"[^>]*value="([^"]+)"', await page.text())
    assert found
    return found.group(1)


async def sign_in(client: Client, *, csrf: str | None = None, **fields: str) -> ClientResponse:
    data = {
        "user": "eva",
        "password": PASSWORD,
        "csrf": csrf if csrf is not None else await form_token(client),
        **fields,
    }
    return await client.post("/login", data=data, allow_redirects=False)


async def test_sign_in_opens_a_session(desk: Desk, client: Client, eva: Account) -> None:
    answer = await sign_in(client, phone="PJSIP/991001", next="/customers?search=x")
    assert (answer.status, answer.headers["Location"]) == (303, "/customers?search=x")
    cookie = answer.cookies["cti"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    session = await desk.store.session(token_hash(cookie.value))
    assert session is not None
    assert (session.user, session.phone) == ("eva", "PJSIP/991001")
    assert ("accounts", "changed", {}) in desk.published
    me = await (await client.get("/api/v1/me")).json()
    assert me["user"] == "eva"


async def test_the_store_never_holds_the_cookie_itself(desk: Desk, client: Client, eva: Account) -> None:
    cookie = (await sign_in(client)).cookies["cti"].value
    assert await desk.store.session(cookie) is None


async def test_each_sign_in_has_a_new_cookie(client: Client, eva: Account) -> None:
    first = (await sign_in(client)).cookies["cti"].value
    client.session.cookie_jar.clear(lambda morsel: morsel.key == "cti")
    assert (await sign_in(client)).cookies["cti"].value != first


async def test_signing_in_again_ends_the_earlier_session(desk: Desk, client: Client, eva: Account) -> None:
    headers, earlier = await desk.session("jan")
    csrf = await form_token(client)
    cookies = f"{headers['Cookie']}; cti-form={csrf}"
    data = {"user": "eva", "password": PASSWORD, "csrf": csrf}
    answer = await client.post("/login", data=data, headers={"Cookie": cookies}, allow_redirects=False)
    assert answer.status == 303
    assert await desk.store.session(earlier) is None
    assert desk.ended == [earlier]


@pytest.mark.parametrize(("user", "password"), [("eva", "wrong"), ("nobody", PASSWORD), ("jan", PASSWORD), ("", "")])
async def test_the_same_answer_for_a_wrong_password_and_an_unknown_user(
    client: Client, eva: Account, user: str, password: str
) -> None:
    answer = await sign_in(client, user=user, password=password)
    assert answer.status == 401
    assert "cti" not in answer.cookies


async def test_an_inactive_account_cannot_sign_in(desk: Desk, client: Client, eva: Account) -> None:
    await desk.store.save_account(replace(eva, active=False))
    assert (await sign_in(client)).status == 401


async def test_guessing_slows_down_but_never_locks_out(desk: Desk, client: Client, eva: Account) -> None:
    for _ in range(3):
        assert (await sign_in(client, password="wrong")).status == 401
    answer = await sign_in(client)
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) >= 1
    desk.later(seconds=int(answer.headers["Retry-After"]))
    assert (await sign_in(client)).status == 303


async def test_a_form_without_the_double_submit_is_refused(client: Client, eva: Account) -> None:
    assert (await sign_in(client, csrf="")).status == 403
    assert (await sign_in(client, csrf="x" * 40)).status == 403


async def test_another_site_cannot_sign_somebody_in(client: Client, eva: Account) -> None:
    data = {"user": "eva", "password": PASSWORD, "csrf": await form_token(client)}
    answer = await client.post("/login", data=data, headers={"Origin": "https://evil.example"}, allow_redirects=False)
    assert answer.status == 403


async def test_our_own_origin_may(client: Client, eva: Account) -> None:
    origin = str(client.make_url("/").origin())
    data = {"user": "eva", "password": PASSWORD, "csrf": await form_token(client)}
    answer = await client.post("/login", data=data, headers={"Origin": origin}, allow_redirects=False)
    assert answer.status == 303


@pytest.mark.parametrize(
    ("typed", "phone"),
    [
        ("PJSIP/1042", "PJSIP/1042"),
        ("1042", "PJSIP/1042"),
        ("1001", "PJSIP/1001"),
        (" 1002 ", "PJSIP/1002"),
        ("pjsip/1001", "PJSIP/1001"),
        ("", None),
    ],
)
async def test_the_phone_i_sit_at(desk: Desk, client: Client, eva: Account, typed: str, phone: str | None) -> None:
    answer = await sign_in(client, phone=typed)
    session = await desk.store.session(token_hash(answer.cookies["cti"].value))
    assert session is not None
    assert session.phone == phone


@pytest.mark.parametrize("typed", ["PJSIP/trunk-1", "9", "PJSIP/1" + "0" * 200, "<script>"])
async def test_what_is_no_phone_is_refused_and_the_field_is_named(client: Client, eva: Account, typed: str) -> None:
    answer = await sign_in(client, phone=typed)
    assert answer.status == 422
    page = Page(await answer.text())
    (field,) = (one.attributes for one in page.of("input") if one.attributes.get("name") == "phone")
    assert (field["aria-invalid"], field["value"]) == ("true", typed[:200])
    assert "failure" in (field["aria-describedby"] or "").split()
    assert "from the list" in page.text


async def test_a_wrong_password_does_not_accuse_the_phone(client: Client, eva: Account) -> None:
    page = Page(await (await sign_in(client, password="wrong", phone="1001")).text())
    (field,) = (one.attributes for one in page.of("input") if one.attributes.get("name") == "phone")
    assert "aria-invalid" not in field


def offered(html: str) -> list[str | None]:
    return [option.attributes["value"] for option in Page(html).of("option")]


async def test_the_phones_to_sit_at_are_offered(desk: Desk, client: Client, eva: Account) -> None:
    status = AgentStatus(
        name="PJSIP/1077", endpoint="PJSIP/1077", state=AgentState.READY, since=None, reason=None, queues=("600",),
        call_id=None,
    )  # fmt: skip
    trunk = replace(status, name="PJSIP/trunk-1", endpoint="PJSIP/trunk-1")
    for seen in (status, trunk):
        desk.board.apply(AgentStateChanged(at=None, pbx=PbxName("main"), agent=seen))
    shown = offered(await (await client.get("/login")).text())
    assert shown == ["PJSIP/1001", "PJSIP/1002", "PJSIP/1077"], (
        "accounts' phones, then others seen on the PBX; no trunk"
    )


async def test_after_the_right_password_ones_own_phones_come_first(desk: Desk, client: Client, eva: Account) -> None:
    jan = replace(ACCOUNTS[1], password_hash=eva.password_hash)
    await desk.store.save_account(jan)
    refused = await sign_in(client, user="jan", phone="9")
    assert offered(await refused.text())[:2] == ["PJSIP/1002", "PJSIP/1001"]


async def test_who_guesses_passwords_does_not_learn_whose_phone_is_whose(client: Client, eva: Account) -> None:
    refused = await sign_in(client, user="jan", password="wrong", phone="9")
    assert offered(await refused.text())[:2] == ["PJSIP/1001", "PJSIP/1002"]


async def test_an_old_hash_is_made_new_at_sign_in(desk: Desk, client: Client, eva: Account) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    await desk.store.save_account(replace(eva, password_hash=weak))
    assert (await sign_in(client)).status == 303
    assert (await desk.store.account("eva")).password_hash not in (None, weak)


async def test_signing_out_ends_the_session_and_its_sockets(desk: Desk, client: Client) -> None:
    headers, session_hash = await desk.session("eva")
    answer = await client.post("/logout", headers=headers, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/login")
    assert await desk.store.session(session_hash) is None
    assert desk.ended == [session_hash]
    assert (await client.get("/api/v1/me", headers=headers)).status == 401


async def test_a_form_may_sign_out_with_the_token_as_a_field(desk: Desk, client: Client) -> None:
    headers, _ = await desk.session("eva")
    data = {"csrf": headers["X-CSRF-Token"]}
    answer = await client.post("/logout", data=data, headers={"Cookie": headers["Cookie"]}, allow_redirects=False)
    assert answer.status == 303


async def test_no_sign_in_over_plain_http_from_elsewhere(client: Client, eva: Account) -> None:
    for method, path in (("GET", "/"), ("GET", "/login"), ("POST", "/login")):
        answer = await client.request(method, path, headers={"Host": "cti.example.com"}, allow_redirects=False)
        assert answer.status == 403
        assert "[server]" in await answer.text()  # how to get HTTPS


async def test_unless_the_operator_allows_it(
    store: CrmStore, aiohttp_client: Any, eva: Account, password_hash: str
) -> None:
    desk = await make_desk(store, allow_plain_http=True, public_url="http://cti.example.com")
    await desk.store.save_account(eva)
    client = await aiohttp_client(create_app(desk.deps))
    headers = {"Host": "cti.example.com"}
    page = await client.get("/login", headers=headers)
    csrf = page.cookies["cti-form"].value
    data = {"user": "eva", "password": PASSWORD, "csrf": csrf}
    answer = await client.post(
        "/login", data=data, headers={**headers, "Cookie": f"cti-form={csrf}"}, allow_redirects=False
    )
    assert answer.status == 303
    assert not answer.cookies["cti"]["secure"]


@pytest.mark.parametrize(
    ("target", "goes_to"),
    [
        ("/customers/5?x=1", "/customers/5?x=1"),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
    ],
)
def test_after_sign_in_only_to_our_own_pages(target: str, goes_to: str) -> None:
    assert local_target(target) == goes_to


# --- the first admin ------------------------------------------------------------------------------------------------------


@pytest.fixture
async def fresh(store: CrmStore, aiohttp_client: Any) -> tuple[Client, Desk, str]:
    """A service without any account, and its set-up link."""
    desk = await make_desk(store, accounts=())
    link = await set_up_link(store, "http://127.0.0.1:8080/")
    assert link is not None
    return await aiohttp_client(create_app(desk.deps)), desk, str(URL(link).query["token"])


async def set_up(client: Client, token: str, **fields: str) -> ClientResponse:
    csrf = await form_token(client, f"/setup?token={token}")
    data = {"token": token, "user": "Boss", "display_name": "The Boss", "password": PASSWORD, "csrf": csrf, **fields}
    return await client.post("/setup", data=data, allow_redirects=False)


async def test_the_link_makes_the_first_admin_and_signs_in(fresh: tuple[Client, Desk, str]) -> None:
    client, desk, token = fresh
    answer = await set_up(client, token)
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    boss = await desk.deps.store.account("boss")
    assert (boss.role, boss.display_name) == (Role.ADMIN, "The Boss")
    assert (await (await client.get("/api/v1/me")).json())["role"] == "admin"


async def test_the_link_works_once(fresh: tuple[Client, Desk, str]) -> None:
    client, _, token = fresh
    await set_up(client, token)
    client.session.cookie_jar.clear()
    assert (await set_up(client, token, user="second")).status == 403


async def test_a_newer_link_makes_the_older_useless(fresh: tuple[Client, Desk, str]) -> None:
    client, desk, token = fresh
    await set_up_link(desk.deps.store, "http://127.0.0.1:8080")
    assert (await set_up(client, token)).status == 403


@pytest.mark.parametrize(
    "fields", [{"password": "12345678"}, {"password": "short"}, {"user": "../boss"}, {"user": ""}], ids=str
)
async def test_a_weak_password_or_a_bad_name_can_be_mended(
    fresh: tuple[Client, Desk, str], fields: dict[str, str]
) -> None:
    client, _, token = fresh
    assert (await set_up(client, token, **fields)).status == 422
    assert (await set_up(client, token)).status == 303


async def test_there_is_no_link_once_there_is_an_account(desk: Desk) -> None:
    assert await set_up_link(desk.store, "http://127.0.0.1:8080") is None


async def test_signing_in_and_out_and_failing_to_stand_in_the_ledger(desk: Desk, client: Client, eva: Account) -> None:
    await sign_in(client, password="wrong")
    await sign_in(client, user="nobody", password=PASSWORD)
    await sign_in(client)
    csrf = (await (await client.get("/api/v1/me")).json())["csrf"]
    await client.post("/logout", headers={"X-CSRF-Token": csrf}, allow_redirects=False)
    told = [(entry.kind.value, entry.user, entry.detail.get("address")) for entry in desk.ledger]
    failed = "sign_in_failed"
    # A name that is no account's is not written down: now and then it is a password in the wrong field.
    assert told[:3] == [(failed, "eva", "127.0.0.1"), (failed, None, "127.0.0.1"), ("signed_in", "eva", "127.0.0.1")]
    assert told[3][:2] == ("signed_out", "eva")
    assert PASSWORD not in repr(desk.ledger)
