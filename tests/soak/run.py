"""One soak from the first sign-in to the last record."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from crm_store.accounts import Account, ApiToken, Role
from crm_store.activities import CallRecord
from crm_store.parties import PartyInput, PhoneInput
from crm_store.passwords import hash_password
from pbx.simulator import SimulatorServer
from tests.asterisk.served import PBX, ServedProcess
from tests.fakes.cut_proxy import CutProxy
from tests.faults.served import process, simulated
from tests.faults.stage import account, gaps, integrity, until
from tests.soak.figures import Sample, empty_at_rest, sample, scraped
from tests.soak.judge import Gap
from tests.soak.office import AGENTS, CALLERS, CLICKED, CLICKERS, Calls, KnownOffice, expect
from tests.soak.plan import Harm, Outage, Plan
from tests.soak.screens import PASSWORD, Browser, Screen, stare
from web.auth import token_hash

BOSS = "boss"
_CLICK_EVERY_S, _OFFICE_WORK_EVERY_S = 12.0, 0.7
_LAST_CALLS_S, _REST_S = 180.0, 340.0
#: The first of the customers are those who call; the others only fill the database.
_CALLING = 200


@dataclass(slots=True)
class Soaked:
    """Everything that was seen, to be judged."""

    plan: Plan
    office: KnownOffice
    base: dict[str, float] = field(default_factory=dict)
    rest: dict[str, float] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    outages: list[Gap] = field(default_factory=list)
    screens: list[Screen] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    #: Of all lives of the process together.
    counted: Counter[str] = field(default_factory=Counter)
    records: list[CallRecord] = field(default_factory=list)
    written_gaps: list[tuple[float, float]] = field(default_factory=list)
    ghosts: list[str] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    integrity: str = ""


class Soak:
    """The parts while they run."""

    def __init__(self, plan: Plan, pbx: SimulatorServer, link: CutProxy, ours: ServedProcess, found: Soaked) -> None:
        self._plan = plan
        self._pbx = pbx
        self._link = link
        self._ours = ours
        self.found = found
        self._calls = Calls(plan.seed, plan.talks_s)
        self._dice = random.Random(plan.seed + 1)
        self._token = ""
        self._life = 1
        self._away = False
        self._http = aiohttp.ClientSession()
        self._background: set[asyncio.Task[None]] = set()
        self._began = time.time()

    def _url(self) -> str:
        return str(self._ours.said("listening")[-1]["url"])

    # --- before -------------------------------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Accounts, customers; and what the service holds when it is awake and nobody is there."""
        store, password = self._ours.store, await asyncio.to_thread(hash_password, PASSWORD)
        for extension in AGENTS:
            await store.save_account(replace(account(extension), name=f"agent-{extension}", password_hash=password))
        await store.save_account(_boss(password))
        self._token = secrets.token_hex(16)
        token = ApiToken(token_hash=token_hash(self._token), user=BOSS, scopes=("admin",), created_at=datetime.now(UTC))
        await store.save_token(token)
        for first in range(0, self._plan.customers, 100):
            await asyncio.gather(*(self._customer(number) for number in range(first, first + 100)))
        headers = {"Authorization": f"Bearer {self._token}"}
        async with aiohttp.ClientSession(headers=headers) as http:
            # Every reader of the database opens its file once, which takes as many requests at the same moment.
            for _ in range(8):
                await asyncio.gather(*(_read(http, f"{self._url()}/api/v1/customers?search=44") for _ in range(24)))
        self.found.base = await self._calm(lambda now: not any(now[name] for name in empty_at_rest(patient=True)), 30.0)

    async def _customer(self, number: int) -> None:
        phone = CALLERS[number] if number < _CALLING else f"+4420790{number:05}"
        note = "Asks for the invoice by post. " * 8
        party = PartyInput(name=f"Customer {phone[-5:]}", phones=(PhoneInput(raw=phone),), note=note)
        await self._ours.store.create_party(party, user=BOSS, now=datetime.now(UTC))

    async def _calm(self, calm: Callable[[dict[str, float]], bool], within_s: float) -> dict[str, float]:
        """The figures once they are calm, or as they are when the time is over."""
        ends_at = time.monotonic() + within_s
        while True:
            figures = await self._figures()
            if calm(figures) or time.monotonic() > ends_at:
                return figures
            await asyncio.sleep(0.5)

    async def _figures(self) -> dict[str, float]:
        figures = await scraped(self._http, self._url())
        looked = sample(self._pid(), self._life, figures, self._ours.private_mb())
        return {**figures, "handles": looked.handles}

    def _pid(self) -> int:
        running, _ = self._ours._running()
        return running.pid

    # --- during -------------------------------------------------------------------------------------------------------

    async def load(self, say: Callable[[str], None]) -> None:
        """Calls, people and harm for as long as the plan says; returns when the last call is over."""
        self.found.screens = [
            Screen(f"agent-{one}", one, self._url, self.found.answers, random.Random(int(one))) for one in AGENTS
        ]
        for screen in self.found.screens:
            self._start(screen.run())
        await asyncio.gather(*(asyncio.wait_for(screen.up.wait(), 60) for screen in self.found.screens))
        self._began = time.time()
        looking = asyncio.create_task(self._look(say))
        busy = [self._office_work(), self._clicks(), self._naps(), self._hands(), self._stares()]
        working = [asyncio.create_task(work) for work in busy]
        await asyncio.gather(self._arrivals(), self._harm())
        for task in working:
            task.cancel()
        await until(lambda: self._pbx.simulator.next_due() is None, within_s=_LAST_CALLS_S, what="the last call's end")
        await self._ours.settled(0)
        looking.cancel()
        await asyncio.gather(looking, *working, return_exceptions=True)
        await self._count()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _until(self, at_s: float) -> None:
        """Sleep until this second of the plan."""
        await asyncio.sleep(max(0.0, self._began + at_s - time.time()))

    async def _arrivals(self) -> None:
        for number in range(int(self._plan.seconds * self._plan.rate)):
            await self._until(number / self._plan.rate)
            call = self._calls.next()
            office = self.found.office
            before = len(office.calls)
            task = self._pbx.start_flow(call.name, call.flow)
            (truth,) = list(office.calls.values())[before:]
            expect(truth, call)
            self._calls.begun(call, task)
            self.found.done["calls"] += 1

    async def _harm(self) -> None:
        for outage in self._plan.outages():
            await self._until(outage.at_s)
            lives = len(self._ours.said("telephone link live"))
            since = time.time()
            if outage.harm in (Harm.KILL, Harm.RESTART):
                since = await self._die(outage)
            elif outage.harm is Harm.CUT:
                self._link.cut()
                await asyncio.sleep(outage.seconds)
                self._link.heal()
            else:
                self._link.freeze()
            await self._ours.until_said("telephone link live", lives + 1, timeout_s=90)
            self.found.outages.append(Gap(since, time.time(), outage.harm))
            self.found.done[outage.harm] += 1

    async def _die(self, outage: Outage) -> float:
        self._away = True
        await self._count()
        since = time.time()
        if outage.harm is Harm.KILL:
            await self._ours.kill()
        else:
            await self._ours.stop()
        await asyncio.sleep(outage.seconds)
        await self._ours.start()
        self._life += 1
        self._away = False
        return since

    async def _count(self) -> None:
        """What dies with the process."""
        figures = await scraped(self._http, self._url())
        for name in ("followers_failed_total", "loop_blocked_total", "loop_starved_total", "ledger_lost_total"):
            self.found.counted[name] += int(figures[name])
        self.found.counted["closed:4408"] += int(figures.get("closed:4408", 0))

    async def _look(self, say: Callable[[str], None]) -> None:
        number = 0
        while True:
            await asyncio.sleep(self._plan.look_every_s)
            for kept in (self._link.sent, *self._link.told):
                kept.clear()  # nobody asks for these bytes here, and they are a gigabyte a day
            if self._away:
                continue
            try:
                life, figures = self._life, await scraped(self._http, self._url())
                looked = sample(self._pid(), life, figures, self._ours.private_mb())
            except (aiohttp.ClientError, OSError, TimeoutError, KeyError):
                continue  # it died while we looked
            self.found.samples.append(looked)
            if number % 6 == 0:
                say(self._line(looked))
            number += 1

    def _line(self, now: Sample) -> str:
        done, past = self.found.done, int(now.at - self._began)
        harm = ", ".join(f"{done[one]} {one}" for one in Harm if done[one])
        return (
            f"{past // 60:3}:{past % 60:02} of {self._plan.seconds / 60:g} min | {done['calls']} calls, "
            f"{now.held['pbx:calls']:.0f} open | life {now.life}: {now.private_mb:.1f} MB, {now.tasks} tasks, "
            f"{now.handles} handles | {harm or 'no harm yet'}"
        )

    # --- people -------------------------------------------------------------------------------------------------------

    async def _naps(self) -> None:
        async for screen in self._someone(self._plan.sleep_every_s):
            self._start(screen.sleep(self._dice.uniform(0.5, 15.0)))
            self.found.done["naps"] += 1

    async def _hands(self) -> None:
        async for screen in self._someone(self._plan.change_hands_every_s):
            if screen.up.is_set():
                await screen.change_hands()
                self.found.done["sign-outs"] += 1

    async def _someone(self, every_s: float) -> Any:
        while True:
            await asyncio.sleep(self._dice.expovariate(1 / every_s))
            yield self._dice.choice(self.found.screens)

    async def _stares(self) -> None:
        while True:
            await asyncio.sleep(self._dice.expovariate(1 / self._plan.stare_every_s))
            self._start(stare(self._url(), self._token, self._dice.uniform(5.0, 60.0)))
            self.found.done["stares"] += 1

    async def _clicks(self) -> None:
        clickers = [screen for screen in self.found.screens if screen.extension in CLICKERS]
        while True:
            await asyncio.sleep(self._dice.uniform(0.5, 1.5) * _CLICK_EVERY_S)
            screen = self._dice.choice(clickers)
            if self._pbx.simulator.switch.device_state(f"PJSIP/{screen.extension}") == "NOT_INUSE":
                await screen.ask("POST", "/api/v1/calls", {"to": CLICKED})
                self.found.done["clicks"] += 1

    async def _office_work(self) -> None:
        """Searches, lists, pages, new customers and tasks of a supervisor."""
        boss = Browser(BOSS, self._url, self.found.answers)
        try:
            await boss.sign_in()
            while True:
                await asyncio.sleep(self._dice.uniform(0.5, 1.5) * _OFFICE_WORK_EVERY_S)
                await self._one_piece(boss)
        finally:
            await boss.close()

    async def _one_piece(self, boss: Browser) -> None:
        dice, someone = self._dice, self._dice.choice(CALLERS)
        match dice.randrange(8):
            case 0:
                await boss.ask("GET", f"/api/v1/customers?search={someone[-4:]}")
            case 1:
                await boss.ask("GET", f"/api/v1/calls?limit=50&queue={dice.choice(('support', 'sales'))}")
            case 2:
                await boss.ask("GET", dice.choice(("/", "/customers", "/calls", "/tasks", "/live", "/ledger")))
            case 3:
                await boss.ask("GET", "/api/v1/queues")
            case 4:
                await boss.ask("POST", "/api/v1/customers", {"name": f"New {secrets.token_hex(3)}"})
            case 5:
                task = await boss.ask("POST", "/api/v1/tasks", {"title": "Call back", "number": someone})
                if task:
                    await boss.ask("PATCH", f"/api/v1/tasks/{task['id']}", {"state": "done"})
            case 6:
                await boss.ask("GET", f"/api/v1/lookup?number={someone.replace('+', '%2B')}")
            case _:
                await boss.ask("GET", "/api/v1/tasks?state=open")

    # --- after --------------------------------------------------------------------------------------------------------

    async def rest(self) -> None:
        """No call goes on: what the screens still show, then everybody goes, then what the service still holds."""
        await asyncio.gather(*(asyncio.wait_for(screen.up.wait(), 30) for screen in self.found.screens))
        self.found.ghosts = [
            f"{screen.user}: {pop['phase']} of {pop['call']['id']}"
            for screen in self.found.screens
            for pop in screen.pops.values()
            if pop["phase"] != "wrap_up"
        ]
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        base, empty = self.found.base, empty_at_rest(patient=self._plan.patient)
        self.found.rest = await self._calm(
            lambda now: not any(now[name] for name in empty) and now["tasks"] <= base["tasks"], _REST_S
        )

    async def close(self) -> None:
        """Whatever still runs."""
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._http.close()


async def soak(plan: Plan, folder: Path, say: Callable[[str], None]) -> Soaked:
    """Do it, and return what was seen."""
    office = KnownOffice(plan.seed)
    found = Soaked(plan, office)
    async with simulated(office) as (pbx, link), process(link, folder, agents=AGENTS) as ours:
        running = Soak(plan, pbx, link, ours, found)
        try:
            await running.prepare()
            await running.load(say)
            await running.rest()
        finally:
            await running.close()
        found.records = await ours.records()
        found.written_gaps = [(gap.since, gap.until) for gap in gaps(folder) if gap.pbx == PBX]
        await ours.stop()
        found.log = ours.log
        found.integrity = integrity(folder)
    return found


def _boss(password: str) -> Account:
    return replace(
        account("0"), name=BOSS, role=Role.ADMIN, endpoints=(), extension=None, language="en", password_hash=password
    )


async def _read(http: aiohttp.ClientSession, url: str) -> None:
    async with http.get(url) as answer:
        await answer.read()
