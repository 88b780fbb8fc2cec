"""`ctiserver demo`: the real server on a scratch database, against the simulated call centre, ready to sign in."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crm_store.passwords import hash_password
from crm_store.phone_numbers import NumberProfile
from crm_store.sql import open_store
from ctiserver.lifecycle import running_service
from ctiserver.sample_data import AGENTS, DID_LABELS, LABELS, QUEUES, USERS, fill, sample_callers
from ctiserver.settings import Settings
from pbx.simulator import Simulator, SimulatorServer

DEFAULT_CALLS_PER_MINUTE = 12.0
REGION = "GB"
# Without the letters and digits that look alike.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


async def run_demo(
    *,
    listen: str = "127.0.0.1:8080",
    calls_per_minute: float = DEFAULT_CALLS_PER_MINUTE,
    data: Path | None = None,
    json_output: bool = False,
) -> int:
    """Run until Ctrl+C or SIGTERM. `data` keeps the database; without it everything is gone afterwards."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopped.set)
    try:
        async with running_demo(listen=listen, calls_per_minute=calls_per_minute, data=data) as (url, password):
            _say(_as_json(url, password) if json_output else _as_text(url, password))
            await stopped.wait()
    finally:
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(name)
    return 0


@asynccontextmanager
async def running_demo(
    *, listen: str, calls_per_minute: float, data: Path | None = None
) -> AsyncIterator[tuple[str, str]]:
    """The demo's address and the one password of all its logins, while it runs."""
    password = "".join(secrets.choice(_ALPHABET) for _ in range(10))
    with tempfile.TemporaryDirectory(prefix="ctiserver-demo-") as scratch:
        folder = data or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{folder.absolute() / 'demo.db'}"
        await _prepare(url, password)
        simulator = Simulator(
            int(time.time()), calls_per_minute, agents=AGENTS, queues=QUEUES, callers=sample_callers()
        )
        async with SimulatorServer(simulator, secret=secrets.token_hex(16)) as pbx:
            settings = Settings(**_settings(pbx, listen=listen, database=url, journal=folder / "journal"))
            async with running_service(settings) as service:
                yield service.url, password


async def _prepare(url: str, password: str) -> None:
    store = await open_store(url, numbers=NumberProfile(region=REGION), migrate=True)
    try:
        password_hash = await asyncio.to_thread(hash_password, password)
        await fill(store, password_hash=password_hash, now=datetime.now(UTC))
    finally:
        await store.close()


def _settings(pbx: SimulatorServer, *, listen: str, database: str, journal: Path) -> dict[str, Any]:
    return {
        "server": {"listen": listen},
        "database": {"url": database},
        "ui": {"default_language": "en", "territory": REGION, "time_zone": "Europe/London"},
        "numbers": {"default_region": REGION},
        "pbx": {"main": {"host": pbx.host, "port": pbx.port, "username": pbx.username, "secret": pbx.secret}},
        "queues": {name: {"label": label} for name, label in LABELS.items()},
        "dids": {did: {"label": label} for did, label in DID_LABELS.items()},
        "journal": {"directory": str(journal)},
    }


def _as_json(url: str, password: str) -> str:
    users = [
        {"name": user.name, "password": password, "role": user.role.value, "endpoint": user.endpoint} for user in USERS
    ]
    return json.dumps({"url": url, "users": users})


def _as_text(url: str, password: str) -> str:
    logins = [f"  {user.name:<8}{password:<14}{user.role.value:<12}{user.endpoint or ''}".rstrip() for user in USERS]
    return "\n".join(
        (
            "",
            f"  Open {url} and sign in as eva: a customer rings in a moment.",
            "",
            *logins,
            "",
            "  The telephone system behind it is simulated. Ctrl+C ends the demo.",
            "",
        )
    )


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
