"""The whole service for the browser tests, against the simulated PBX over TCP: calls ring, are taken and end when the test says so."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from crm_store.accounts import Account, ApiToken, Role
from crm_store.parties import PartyInput, PhoneInput
from crm_store.passwords import hash_password
from crm_store.phone_numbers import NumberProfile
from crm_store.sql import open_store
from crm_store.tasks import TaskInput
from ctiserver.lifecycle import running_service
from ctiserver.settings import Settings
from ctiserver.wiring import Service
from pbx.simulator import AgentPlan, CallerPlan, QueuePlan, Simulator, SimulatorServer
from pbx.simulator.cast import Reaction
from pbx.simulator.flows import FOREVER_S, Flow
from pbx.simulator.outgoing_calls import OriginateOrder, Remote
from pbx.simulator.switch import TRUNK
from pbx.simulator.timeline import Task
from tests.browser.conftest import listen, live
from web.auth import token_hash

PASSWORD = "a long walk by the river"
EVA, JAN = "1001", "1002"
DANA_MOBILE, DANA_WORK = "+972527123456", "+97231234567"
KOVAC = "+421905123456"
SWITCHBOARD = "+421255500700"
STRANGER = "+421911222333"
SUPPORT_DID = "+421255501234"
WITHHELD = CallerPlan(number=None)

CUSTOMERS = {
    "dana": PartyInput(
        name="דנה כהן", company="כהן בע״מ", language="he", tags=("VIP",), note="מבקשת חשבונית בדוא״ל.",
        phones=(PhoneInput(raw=DANA_WORK, label="work"), PhoneInput(raw=DANA_MOBILE, label="mobile")),
    ),
    "kovac": PartyInput(name="Ján Kováč", company="Kováč s. r. o.", phones=(PhoneInput(raw=KOVAC, label="mobile"),)),
    "anna": PartyInput(name="Anna Nová", company="Stavby a. s.", phones=(PhoneInput(raw=SWITCHBOARD, label="work"),)),
    "boris": PartyInput(name="Boris Starý", company="Stavby a. s.", phones=(PhoneInput(raw=SWITCHBOARD, label="work"),)),
}  # fmt: skip
# The agent's phone and the far end wait until the test hurries them; both are shorter than their own patience.
_STEP_S = 25.0
_PATIENCE_S = 30.0


class Office(Simulator):
    """Two agents and three queues; `originates` are the accepted Originates, `dialling` is what became of them."""

    def __init__(self) -> None:
        super().__init__(
            agents=(
                AgentPlan(extension=EVA, name="Eva", talks_s=(FOREVER_S, FOREVER_S), holds=0.0),
                AgentPlan(extension=JAN, name="Jan", talks_s=(FOREVER_S, FOREVER_S), holds=0.0),
            ),
            queues=(
                QueuePlan(name="support", did=SUPPORT_DID, members=(EVA,), ring_s=FOREVER_S),
                QueuePlan(name="sales", did="+421255501235", members=(EVA, JAN), strategy="ringall", ring_s=FOREVER_S),
                QueuePlan(name="600", did="+421255501236", members=()),
            ),
        )
        self.originates: list[OriginateOrder] = []
        self.dialling: list[Task] = []

    def dials(self, number: str) -> bool:
        """The trunk is dialled with this number now."""
        return any(one.number == number and one.endpoint == TRUNK for one in self.switch.channels.values())

    def order(self, order: OriginateOrder) -> Task:
        self.originates.append(order)
        self.dialling.append(super().order(order))
        return self.dialling[-1]


@dataclass
class Desk:
    """The service, the PBX and everybody's browsers."""

    service: Service
    pbx: SimulatorServer
    office: Office
    chromium: Browser
    complaints: list[str]
    ids: dict[str, int] = field(default_factory=dict)  # of CUSTOMERS
    profiles: dict[str, BrowserContext] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.service.url

    # --- browsers -----------------------------------------------------------------------------------------------------

    async def profile(self, user: str) -> BrowserContext:
        """The user's own browser: cookies, storage, shared worker."""
        if user not in self.profiles:
            viewport = {"width": 1320, "height": 860}
            self.profiles[user] = await self.chromium.new_context(viewport=viewport)  # type: ignore[arg-type]
        return self.profiles[user]

    async def sign_in(self, user: str = "eva", *, language: str = "en", path: str = "/", phone: str = "") -> Page:
        """Through the form, until the page is live."""
        profile = await self.profile(user)
        await profile.add_cookies([{"name": "cti-language", "value": language, "url": self.url}])
        page = await self.open_tab(user, f"/login?next={path}", wait=False)
        await page.locator("#user").fill(user)
        await page.locator("#password").fill(PASSWORD)
        await page.locator("#phone").fill(phone)
        await page.locator("button[type=submit]").click()
        await live(page)
        return page

    async def open_tab(self, user: str, path: str, *, wait: bool = True) -> Page:
        """One more tab of this user's browser."""
        page = await (await self.profile(user)).new_page()
        listen(page, self.complaints)
        await page.goto(self.url + path)
        if wait:
            await live(page)
        return page

    async def token(self, user: str) -> str:
        """A fresh API token of this user."""
        secret = secrets.token_hex(16)
        token = ApiToken(token_hash=token_hash(secret), user=user, scopes=("admin",), created_at=datetime.now(UTC))
        await self.service.store.save_token(token)
        return secret

    async def api(self, page: Page, path: str) -> Any:
        """What the JSON API says to the page's user."""
        answer = await page.request.get(f"{self.url}/api/v1{path}")
        assert answer.ok, (answer.status, await answer.text())
        return await answer.json()

    async def newest_call(self, page: Page, **fields: Any) -> Any:
        """The record of the last call, once it is written with these fields."""
        calls: list[Any] = []
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while not calls or not fields.items() <= calls[0].items():
                    calls = (await self.api(page, "/calls?limit=1"))["items"]
        except TimeoutError:
            raise AssertionError(f"not written with {fields}: {calls}") from None
        return calls[0]

    # --- calls --------------------------------------------------------------------------------------------------------

    def ring(
        self, caller: str | CallerPlan = KOVAC, *, flow: str = "queue_answered", extension: str = EVA, **more: Any
    ) -> Task:
        """A call begins. Its phone rings, and then the talk lasts, until `hurry`."""
        plan = caller if isinstance(caller, CallerPlan) else CallerPlan(number=caller)
        times = {"ring_s": FOREVER_S, "talk_s": FOREVER_S, "wait_s": FOREVER_S, **more}
        return self.pbx.start_flow(flow, Flow(caller=plan, extension=extension, others=(JAN,), **times))

    def take(self, extension: str = EVA) -> None:
        """The ringing phone is picked up."""
        self.pbx.hurry(extension)

    def caller_hangs_up(self, extension: str = EVA) -> None:
        """The talk ends."""
        self.pbx.hurry(extension)

    async def ends_every_call(self) -> None:
        """Whatever eva's phone does is taken and ended, and the service knows it."""

        def nobody_talks() -> bool:
            if self.office.switch.channels:
                self.pbx.hurry(EVA)
            return not self.office.switch.channels and all(order.done for order in self.office.dialling)

        await until(nobody_talks, "every phone is down")
        pumps = self.service.pumps.values()
        await until(lambda: not any(pump.state.open_calls() for pump in pumps), "the service knows it")

    def caller_gives_up(self, number: str) -> None:
        """Whoever waits or rings with this number goes away."""
        self.pbx.hang_up(number)

    def dialling(
        self,
        number: str,
        *,
        phone: Reaction = Reaction.ANSWER,
        remote: Reaction = Reaction.ANSWER,
        cause: int = 17,
        extension: str = EVA,
    ) -> None:
        """What eva's (or this) phone and this number will do with a click-to-dial, each when the test hurries it."""
        self.office.phones[extension] = (phone, _STEP_S)
        self.office.remotes[number] = Remote(reaction=remote, after_s=_STEP_S, cause=cause)


async def until(holds: Callable[[], object], what: str) -> None:
    """Wait for something in the service or at the PBX that no page shows."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while not holds():  # noqa: ASYNC110 - nobody tells: it is looked at between two turns of the loop
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"not within {_PATIENCE_S:g} s: {what}") from None


def pop(page: Page) -> Locator:
    """The one call on the screen."""
    return page.locator("#pops .pop")


async def in_phase(page: Page, phase: str) -> None:
    """Until the call on the screen rings, is talked on, or waits to be saved."""
    await expect(pop(page)).to_have_attribute("data-phase", phase)


@cache
def _password_hash() -> str:
    return hash_password(PASSWORD)


def _account(name: str, display_name: str, role: Role, extension: str | None) -> Account:
    return Account(
        name=name,
        display_name=display_name,
        role=role,
        endpoints=(f"PJSIP/{extension}",) if extension else (),
        extension=extension,
        language=None,
        password_hash=_password_hash(),
        active=True,
    )


async def _fill(url: str) -> dict[str, int]:
    """Accounts, customers and a task; the customers' ids by their keys."""
    store = await open_store(url, numbers=NumberProfile(region="SK"))
    now = datetime.now(UTC)
    try:
        await store.save_account(_account("eva", "Eva Malá", Role.AGENT, EVA))
        await store.save_account(_account("jan", "Ján Novák", Role.AGENT, JAN))
        await store.save_account(_account("sofia", "Sofia Veľká", Role.SUPERVISOR, None))
        ids = {}
        for key, fields in CUSTOMERS.items():
            ids[key] = (await store.create_party(fields, user="eva", now=now)).party.id
        task = TaskInput(kind="todo", title="Send the contract", owner="eva", customer_id=ids["dana"])
        await store.create_task(task, user="eva", now=now)
        return ids
    finally:
        await store.close()


def _settings(pbx: SimulatorServer, folder: Path, mode: str, changes: Mapping[str, Any]) -> Settings:
    link = {"host": pbx.host, "port": pbx.port, "username": pbx.username, "secret": pbx.secret, "mode": mode}
    sections: dict[str, Any] = {
        "server": {"listen": "127.0.0.1:0"},
        "database": {"url": f"sqlite:///{folder / 'cti.db'}"},
        "ui": {"languages": ["en", "he"], "default_language": "en", "territory": "SK"},
        "pbx": {"main": link},
        "queues": {"support": {"label": "Support"}, "sales": {"label": "Sales"}, "600": {"label": "Orders"}},
        "dids": {SUPPORT_DID: {"label": "Shop line"}},
        "journal": {"directory": str(folder / "journal")},
    }
    return Settings(**{**sections, **changes})


@asynccontextmanager
async def open_desk(
    chromium: Browser, migrated: Path, folder: Path, *, mode: str = "control", **changes: Any
) -> AsyncIterator[Desk]:
    """Everything runs and the PBX is connected; at the end no page may have complained. `changes`: sections of the settings."""
    shutil.copyfile(migrated, folder / "cti.db")
    ids = await _fill(f"sqlite:///{folder / 'cti.db'}")
    office = Office()
    async with SimulatorServer(office) as pbx, running_service(_settings(pbx, folder, mode, changes)) as service:
        desk = Desk(service, pbx, office, chromium, [], ids)
        await until(lambda: service.links["main"].status()["state"] == "connected", "the PBX is connected")
        try:
            yield desk
        finally:
            for profile in desk.profiles.values():
                await profile.close()
    if desk.complaints:
        pytest.fail(f"The browser complained: {desk.complaints}")


@pytest.fixture
def mode() -> str:
    """Overridden by tests of observer mode."""
    return "control"


@pytest_asyncio.fixture(loop_scope="session")
async def desk(chromium: Browser, migrated: Path, tmp_path: Path, mode: str) -> AsyncIterator[Desk]:
    async with open_desk(chromium, migrated, tmp_path, mode=mode) as opened:
        yield opened
