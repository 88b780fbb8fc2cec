"""What an agent feels: from the PBX's ring event to the receipt that the pop is painted in Chromium, over TLS.

The start is the ring's own AMI Timestamp, the end the arrival of the page's `painted` receipt at the server: the way back is counted, too.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright, expect

from crm_store.access import Principal
from crm_store.accounts import Account, Role
from crm_store.parties import PartyInput, PhoneInput
from crm_store.passwords import hash_password
from ctiserver.lifecycle import running_service
from ctiserver.log_setup import set_up_logs
from ctiserver.settings import Settings
from ctiserver.wiring import Service
from pbx.call_events import CallEvent, CallOffered
from pbx.simulator import AgentPlan, CallerPlan, QueuePlan, Simulator, SimulatorServer
from tests.bench.cache import NotPossibleHere
from tests.bench.figures import Figure, percentile
from tests.browser.conftest import ARGUMENTS, CHROMIUM

_TLS = Path(__file__).parent.parent / "fakes" / "tls"
_PASSWORD = "a long walk by the river"
_NUMBERS = [f"+42190512{index:04}" for index in range(60)]
_POPS_A_ROUND = 12
_ROUND_TIMEOUT_S = 120
# A worker of the page does not heed the context's `ignore_https_errors`.
_OWN_CERTIFICATE = "--ignore-certificate-errors"


def run(rounds: int) -> Iterator[Figure]:
    """At least `rounds` x 12 pops, one browser, one agent."""
    if shutil.which(CHROMIUM) is None:
        raise NotPossibleHere(f"There is no Chromium at {CHROMIUM}.")
    set_up_logs(level="ERROR")
    seconds = asyncio.run(_measure(rounds * _POPS_A_ROUND))
    milliseconds = [one * 1000 for one in seconds]
    yield Figure(
        goal="painted", what=f"ring → painted, Chromium over TLS, {len(seconds)} pops, p50",
        measured=percentile(milliseconds, 0.5), unit="ms", value=percentile(milliseconds, 0.5),
    )  # fmt: skip
    yield Figure(
        goal="painted", what="ring → painted, Chromium over TLS, p95",
        measured=percentile(milliseconds, 0.95), unit="ms", value=percentile(milliseconds, 0.95), at_most=200,
    )  # fmt: skip


class _Stopwatch:
    """Seconds from the ring to the receipt of each pop."""

    def __init__(self, service: Service, wanted: int) -> None:
        self.seconds: list[float] = []
        self.enough = asyncio.Event()
        self._rang: dict[str, float] = {}
        self.wanted = wanted
        self._painted = service.pops.painted
        service.dispatcher.follow("bench", self._offered)
        service.pops.painted = self._receipt  # type: ignore[method-assign]

    def _offered(self, event: CallEvent) -> None:
        if isinstance(event, CallOffered) and event.leg.rang_at is not None:
            self._rang[event.call.id] = event.leg.rang_at

    def _receipt(self, user: Principal, pop_id: str) -> None:
        rang = self._rang.pop(pop_id.partition("-")[0], None)
        if rang is not None:
            self.seconds.append(time.time() - rang)
        if len(self.seconds) >= self.wanted:
            self.enough.set()
        self._painted(user, pop_id)


async def _measure(wanted: int) -> list[float]:
    agent = AgentPlan(
        extension="1001",
        name="Eva",
        answers_after_s=(0.3, 0.5),
        talks_s=(0.2, 0.4),
        misses=0.0,
        declines=0.0,
        holds=0.0,
    )
    queue = QueuePlan(name="support", did="+421255501234", members=("1001",))
    callers = tuple(CallerPlan(number=number, name="Caller") for number in _NUMBERS)
    simulator = Simulator(7, 120, agents=(agent,), queues=(queue,), callers=callers)
    with tempfile.TemporaryDirectory() as scratch:
        async with (
            SimulatorServer(simulator, secret="bench") as pbx,
            running_service(_settings(pbx, Path(scratch)), migrate=True) as service,
        ):
            await _fill(service)
            watch = _Stopwatch(service, wanted)
            await _show(service, watch)
            return watch.seconds


async def _show(service: Service, watch: _Stopwatch) -> None:
    """Sign in by the form and let the pops come."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, _OWN_CERTIFICATE])
        page = await browser.new_page()
        await page.goto(f"{service.url}/login")
        await page.locator("#user").fill("eva")
        await page.locator("#password").fill(_PASSWORD)
        await page.locator("button[type=submit]").click()
        await expect(page.locator("#lamp-live")).to_have_attribute("data-state", "ok")
        async with asyncio.timeout(_ROUND_TIMEOUT_S + watch.wanted * 3):
            await watch.enough.wait()
        await browser.close()


async def _fill(service: Service) -> None:
    now = datetime.now(UTC)
    await service.store.save_account(
        Account(
            name="eva",
            display_name="Eva",
            role=Role.AGENT,
            endpoints=("PJSIP/1001",),
            extension="1001",
            language="en",
            password_hash=await asyncio.to_thread(hash_password, _PASSWORD),
            active=True,
        )
    )
    for number in _NUMBERS:
        party = PartyInput(name=f"Customer {number[-4:]}", kind="customer", phones=(PhoneInput(raw=number),))
        await service.store.create_party(party, user="bench", now=now)
    await service.seats.reload()


def _settings(pbx: SimulatorServer, folder: Path) -> Settings:
    sections: dict[str, Any] = {
        "server": {
            "listen": "127.0.0.1:0",
            "tls_certificate": str(_TLS / "certificate.pem"),
            "tls_key": str(_TLS / "key.pem"),
        },
        "database": {"url": f"sqlite:///{folder / 'cti.db'}"},
        "numbers": {"default_region": "SK"},
        "pbx": {"main": {"host": pbx.host, "port": pbx.port, "username": pbx.username, "secret": pbx.secret}},
        "journal": {"directory": str(folder / "journal")},
    }
    return Settings(**sections)
