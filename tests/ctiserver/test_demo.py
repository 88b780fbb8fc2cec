"""The demo: ready logins, invented customers, and a call with its card within seconds."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import pytest

from crm_store.phone_numbers import NumberProfile
from crm_store.sql import open_store
from ctiserver.demo import running_demo
from ctiserver.sample_data import AGENTS, QUEUES, USERS, fill, sample_callers, sample_customers
from tests.first_pop import first_pop

COMMAND = Path(sys.executable).with_name("ctiserver")
NUMBERS = NumberProfile(region="GB")


def test_customers_speak_five_languages_and_have_valid_numbers() -> None:
    customers = sample_customers()
    assert {party.language for party in customers} == {"en", "he", "ar", "pl", "sk"}
    raw = [phone.raw for party in customers for phone in party.phones or ()]
    assert all(number.startswith("+") and len(number) >= 11 for number in raw)
    assert len(customers) >= 55
    assert sum(1 for party in customers if len(party.phones or ()) > 1) >= 20


def test_exactly_one_number_is_a_switchboard_of_two_people() -> None:
    raw = [phone.raw for party in sample_customers() for phone in party.phones or ()]
    assert {number for number in raw if raw.count(number) > 1} == {"+442079460700"}


def test_some_callers_withhold_their_number_and_some_are_strangers() -> None:
    known = {phone.raw for party in sample_customers() for phone in party.phones or ()}
    numbers = [caller.number for caller in sample_callers()]
    assert None in numbers
    assert set(numbers) - known - {None}


def test_every_agent_login_has_a_phone_that_the_simulator_knows() -> None:
    phones = {agent.endpoint for agent in AGENTS}
    assert {user.endpoint for user in USERS if user.role == "agent"} == phones
    assert AGENTS[0].endpoint == USERS[0].endpoint
    assert AGENTS[0].extension in QUEUES[0].members


async def test_filling_twice_changes_passwords_only(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    store = await open_store(f"sqlite:///{tmp_path / 'demo.db'}", numbers=NUMBERS, migrate=True)
    try:
        await fill(store, password_hash="first", now=now)
        await fill(store, password_hash="second", now=now)
        parties = await store.parties("", kind=None, cursor=None, limit=200)
        assert len(parties.items) == len(sample_customers())
        assert {account.password_hash for account in await store.accounts()} == {"second"}
    finally:
        await store.close()


async def test_the_first_agent_gets_a_customers_card_within_five_seconds() -> None:
    started = asyncio.get_running_loop().time()
    async with running_demo(listen="127.0.0.1:0", calls_per_minute=6) as (url, password):
        listening = asyncio.get_running_loop().time()
        name = await first_pop(url, {"name": USERS[0].name, "password": password})
        popped = asyncio.get_running_loop().time()
    assert name == sample_customers()[0].name
    assert popped - listening < 5.0
    assert listening - started < 10.0


async def test_data_is_kept_where_it_is_asked_for(tmp_path: Path) -> None:
    async with running_demo(listen="127.0.0.1:0", calls_per_minute=0.1, data=tmp_path / "kept"):
        pass
    assert (tmp_path / "kept" / "demo.db").stat().st_size > 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_command_prints_one_line_of_json_and_ends_on_a_signal(number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        COMMAND, "demo", "--listen", "127.0.0.1:0", "--json", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            said = json.loads(await process.stdout.readline())
            process.send_signal(number)
            rest = await process.stdout.read()
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert rest == b""
    assert said["url"].startswith("http://127.0.0.1:")
    assert said["users"][0]["endpoint"] == "PJSIP/1001"
    assert {user["role"] for user in said["users"]} == {"agent", "supervisor", "admin"}
    assert all(set(user) == {"name", "password", "role", "endpoint"} for user in said["users"])
