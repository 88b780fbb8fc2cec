"""T16: generated requests against the running demo, signed in, held to the OpenAPI document by schemathesis.

No server error, no answer that the document does not know (status, media type, body, headers), no way around the sign-in.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crm_store.accounts import ApiToken
from crm_store.phone_numbers import NumberProfile
from crm_store.sql import open_store
from ctiserver.demo import running_demo
from web.auth import token_hash

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
SEED = "20261122"
#: A form may allow what the facts forbid (an owner who does not exist, a number that is none): refusing that is right.
NOT_CHECKED = "positive_data_acceptance"


async def token_of_an_admin(data: Path) -> str:
    """As `ctiserver token add --user ada --scope admin` makes it, beside the running service."""
    token = secrets.token_urlsafe(32)
    store = await open_store(f"sqlite:///{data / 'demo.db'}", numbers=NumberProfile(region="GB"))
    try:
        made = ApiToken(token_hash=token_hash(token), user="ada", scopes=("admin",), created_at=datetime.now(UTC))
        await store.save_token(made)
    finally:
        await store.close()
    return token


async def fuzzed(data: Path, *options: str) -> tuple[int, str]:
    """Exit status and report of schemathesis against a demo with calls going on."""
    async with running_demo(listen="127.0.0.1:0", calls_per_minute=30, data=data) as (url, _):
        token = await token_of_an_admin(data)
        process = await asyncio.create_subprocess_exec(
            SCHEMATHESIS, "--no-color", "run", f"{url}/api/openapi.json", "--url", url, "--seed", SEED,
            "-H", f"Authorization: Bearer {token}", "--checks", "all", "--exclude-checks", NOT_CHECKED,
            "--generation-database", "none", "--suppress-health-check", "all", "--warnings", "off", *options,
            cwd=data, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            said, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    return process.returncode or 0, said.decode()


def defects(log: list[Any]) -> list[Any]:
    """What the service says of exceptions that nobody expected."""
    return [entry for entry in log if entry["log_level"] in ("error", "critical")]


@pytest.mark.timeout(300)
async def test_every_answer_to_generated_requests_is_documented(tmp_path: Path, log: list[Any]) -> None:
    status, report = await fuzzed(tmp_path, "--phases", "coverage,fuzzing", "--max-examples", "3")
    assert status == 0, report
    assert defects(log) == []


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_every_answer_in_generated_chains_of_requests_is_documented(tmp_path: Path, log: list[Any]) -> None:
    phases = ("--phases", "coverage,fuzzing,stateful", "--max-examples", "100", "--max-time", "600")
    status, report = await fuzzed(tmp_path, *phases)
    assert status == 0, report
    assert defects(log) == []
