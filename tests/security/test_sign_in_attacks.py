"""Attacks on signing in: guessing in parallel, under other names, from other addresses; sessions planted or carried in addresses."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientResponse

from crm_store.passwords import hash_password, verify_password
from crm_store.store import CrmStore
from tests.security.office import Office
from tests.web.conftest import Client
from tests.web.desk import ACCOUNTS, PASSWORD, Desk, make_desk
from web import sign_in
from web.app import create_app


@pytest.fixture(scope="module")
def password_hash() -> str:
    return hash_password(PASSWORD)


@pytest.fixture
async def eva(desk: Desk, password_hash: str) -> None:
    """Eva has a password."""
    await desk.store.save_account(replace(ACCOUNTS[0], password_hash=password_hash))


async def attempt(client: Client, user: str, password: str, **headers: str) -> ClientResponse:
    """The form is asked for and sent, as a program that guesses would do it."""
    page = await client.get("/login")
    token = page.cookies["cti-form"].value
    data = {"user": user, "password": password, "csrf": token}
    return await client.post(
        "/login", data=data, headers={"Cookie": f"cti-form={token}", **headers}, allow_redirects=False
    )


async def test_guesses_sent_all_at_once_are_no_faster_than_one_by_one(client: Client, eva: None) -> None:
    """T20: whoever sends fifty guesses at the same moment gets looked at as few of them as who waits for each answer."""
    answers = await asyncio.gather(*(attempt(client, "eva", f"guess {number}") for number in range(50)))
    looked_at = Counter(answer.status for answer in answers)[401]
    assert looked_at <= 3 + sign_in.PASSWORDS_AT_ONCE
    assert (await attempt(client, "eva", PASSWORD)).status == 429


@pytest.mark.parametrize("name", ["EVA", " eva", "eva ", "ｅｖａ", "eva\x00", "e\u0301va", "Eva"])
async def test_another_spelling_of_a_name_is_no_fresh_start(client: Client, eva: None, name: str) -> None:
    """T20: either it is the same account, with the same delay, or no account at all."""
    for _ in range(3):
        assert (await attempt(client, "eva", "wrong")).status == 401
    assert (await attempt(client, name, PASSWORD)).status in (401, 429)


async def test_an_unknown_user_costs_the_same_work_as_a_known_one(
    client: Client, eva: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T20: one Argon2 for each attempt, whoever is named: the time of the answer tells nothing."""
    hashed: list[str | None] = []

    def counting(password: str, stored: str | None) -> bool:
        hashed.append(stored)
        return verify_password(password, stored)

    monkeypatch.setattr(sign_in, "verify_password", counting)
    for user in ("eva", "nobody", "jan"):
        assert (await attempt(client, user, "wrong")).status == 401
    assert len(hashed) == 3


async def test_forged_addresses_do_not_fill_another_bucket(client: Client, eva: None) -> None:
    """T26, T20: without a trusted proxy the header of the client is not its address."""
    statuses = [
        (await attempt(client, f"user{number}", "x", **{"X-Forwarded-For": f"198.51.100.{number}"})).status
        for number in range(22)
    ]
    assert statuses[:20] == [401] * 20
    assert statuses[-1] == 429


async def test_an_address_put_before_the_proxys_own_is_not_believed(
    store: CrmStore, aiohttp_client: Any, password_hash: str
) -> None:
    """T26: a client behind the trusted proxy sends X-Forwarded-For itself; the proxy appends what it saw."""
    desk = await make_desk(store, trusted_proxies=("127.0.0.1",), allow_plain_http=True)
    client = await aiohttp_client(create_app(desk.deps))
    statuses = [
        (await attempt(client, f"u{number}", "x", **{"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.9"})).status
        for number in range(22)
    ]
    assert statuses[-1] == 429, "the forged first address made a new bucket"


async def test_a_cookie_planted_before_the_sign_in_opens_nothing_after_it(client: Client, eva: None) -> None:
    """T9: session fixation."""
    planted = "cti=" + "A" * 43
    page = await client.get("/login")
    token = page.cookies["cti-form"].value
    data = {"user": "eva", "password": PASSWORD, "csrf": token}
    headers = {"Cookie": f"{planted}; cti-form={token}"}
    answer = await client.post("/login", data=data, headers=headers, allow_redirects=False)
    assert answer.status == 303
    assert answer.cookies["cti"].value != "A" * 43
    client.session.cookie_jar.clear()
    assert (await client.get("/api/v1/me", headers={"Cookie": planted})).status == 401


async def test_a_session_or_token_in_the_address_is_nobody(office: Office) -> None:
    """T9, T11: addresses end in histories and logs, so nothing in them signs anybody in."""
    cookie = (await office.session("eva"))["Cookie"].partition("=")[2]
    token = (await office.desk.token("eva"))["Authorization"].partition(" ")[2]
    for secret in (cookie, token):
        for name in ("cti", "token", "access_token", "session", "csrf"):
            answer = await office.http.get("/api/v1/me", params={name: secret})
            assert answer.status == 401
    async with office.http.ws_connect(f"/ws?token={token}", headers={"Origin": office.origin}) as socket:
        await socket.receive()
        assert socket.close_code == 4401


@pytest.mark.parametrize(
    ("user", "password"), [("admin", "admin"), ("root", ""), ("ctiserver", "ctiserver"), ("cti", "changeme")]
)
async def test_nothing_opens_a_fresh_installation_but_its_link(
    store: CrmStore, aiohttp_client: Any, user: str, password: str
) -> None:
    """T21: before the first account there is nobody to sign in as, and the set-up form needs the link's token."""
    client = await aiohttp_client(create_app((await make_desk(store, accounts=())).deps))
    answer = await attempt(client, user, password)
    assert (answer.status, "cti" in answer.cookies) == (401, False)
    page = await client.get("/setup?token=guess")
    csrf = page.cookies["cti-form"].value if "cti-form" in page.cookies else ""
    data = {"token": "guess", "user": user, "password": PASSWORD, "csrf": csrf}
    answer = await client.post("/setup", data=data, headers={"Cookie": f"cti-form={csrf}"}, allow_redirects=False)
    assert (answer.status, await store.accounts()) == (403, [])
