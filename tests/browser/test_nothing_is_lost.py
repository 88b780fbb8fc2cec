"""Whatever is killed while an agent types, the text comes back: acceptance "0 characters lost beyond the last 800 ms"."""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Error, Page, expect

from tests.browser.centre import PASSWORD, Centre
from tests.browser.conftest import SignIn, live
from tests.browser.screens import new_call_id

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

#: What may be lost: the pause after which a note is saved.
FORGIVEN_S = 0.8
WORDS = (
    *("faktúra", "zmluva", "reklamácia", "חשבונית", "מחר", "عقد", "المورد", "umowa", "zażalenie"),
    *("invoice", "twice", "blue", "4312", "–", "„tak”", "50", "%"),
)
KINDS = ("tab crashes", "tab is closed", "server is killed", "network is cut")


@dataclass
class MortalServer:
    """The server's process: killed without a warning, started again on the same port and database."""

    file: Path
    call_id: str
    port: int = 0
    _process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        command = (sys.executable, "-m", "tests.browser.mortal_server", str(self.file), str(self.port), self.call_id)
        self._process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert self._process.stdout is not None
        self.port = int(await asyncio.wait_for(self._process.stdout.readline(), 60))

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@dataclass
class Tally:
    """What was done and what it cost."""

    rounds: Counter[str] = field(default_factory=Counter)
    typed: int = 0
    lost: int = 0  # typed longer ago than FORGIVEN_S when it happened
    lost_young: int = 0

    def __str__(self) -> str:
        kinds = ", ".join(f"{number} × {kind}" for kind, number in sorted(self.rounds.items()))
        return (
            f"{self.rounds.total()} rounds ({kinds}): {self.typed} characters typed, "
            f"{self.lost} lost, {self.lost_young} of the last {FORGIVEN_S * 1000:.0f} ms lost"
        )


@pytest_asyncio.fixture(loop_scope="session")
async def server(migrated: Path, tmp_path: Path) -> AsyncIterator[MortalServer]:
    file = tmp_path / "mortal.db"
    shutil.copyfile(migrated, file)
    made = MortalServer(file, new_call_id())
    await made.start()
    yield made
    await made.kill()


@pytest_asyncio.fixture(loop_scope="session")
async def agent(chromium: Browser, server: MortalServer) -> AsyncIterator[BrowserContext]:
    """Eva's browser, signed in."""
    context = await chromium.new_context(viewport={"width": 1320, "height": 860})
    await context.add_cookies([{"name": "cti-language", "value": "en", "url": server.url}])
    page = await context.new_page()
    await page.goto(f"{server.url}/login")
    await page.locator("#user").fill("eva")
    await page.locator("#password").fill(PASSWORD)
    await page.locator("button[type=submit]").click()
    await live(page)
    await page.close()
    yield context
    await context.close()


class Typist:
    """Types into the note as people do, and remembers when each character was typed."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.typed: list[tuple[str, float]] = []

    async def type(self, page: Page) -> None:
        """Until cancelled, or the page is gone."""
        while True:
            for sign in self._chance.choice(WORDS) + " ":
                await page.keyboard.type(sign)
                self.typed.append((sign, time.monotonic()))
                await asyncio.sleep(self._chance.choice((0.0, 0.01, 0.03, 0.08)))
            if self._chance.random() < 0.15:
                await asyncio.sleep(self._chance.uniform(0.2, 1.2))

    def text(self, until: float) -> str:
        return "".join(sign for sign, at in self.typed if at <= until)


async def open_note(context: BrowserContext, server: MortalServer) -> Page:
    page = await context.new_page()
    await page.goto(server.url)
    note = page.locator(".pop .pop-note textarea")
    await note.click()
    await page.keyboard.press("Control+End")
    return page


async def saved_text(page: Page, server: MortalServer) -> str:
    """The server's note, once it is what the field shows."""
    note = page.locator(".pop .pop-note textarea")
    await expect(page.locator("#lamp-saved")).to_have_attribute("data-state", "ok")
    await expect(page.locator(".pop [data-slot=conflict]")).to_be_hidden()  # nobody else wrote
    answer = await page.request.get(f"{server.url}/api/v1/calls/{server.call_id}/note")
    text = str((await answer.json())["text"])
    assert text == await note.input_value()
    return text


async def happen(kind: str, page: Page, context: BrowserContext, server: MortalServer, chance: random.Random) -> float:
    """What goes wrong; returns the moment up to which typing counts: all of it, where the tab lives on."""
    at = time.monotonic()
    if kind == "tab crashes":
        await crash(page)
    elif kind == "tab is closed":
        await page.close()
    elif kind == "server is killed":
        await server.kill()
        await asyncio.sleep(chance.uniform(0.1, 1.0))
        await server.start()
        at = time.monotonic()
    else:
        await context.set_offline(True)
        await asyncio.sleep(chance.uniform(0.2, 1.5))
        await context.set_offline(False)
        at = time.monotonic()
    return at


async def crash(page: Page) -> None:
    """The tab's process dies: no handler of the page runs."""
    session = await page.context.new_cdp_session(page)
    with contextlib.suppress(Error, TimeoutError):
        await asyncio.wait_for(session.send("Page.crash"), 2)


@pytest.mark.parametrize(
    ("rounds", "seed"),
    [
        pytest.param(8, 0, id="short", marks=pytest.mark.timeout(240)),
        *(
            pytest.param(50, seed, id=f"full-{seed}-of-4", marks=[pytest.mark.long, pytest.mark.timeout(1200)])
            for seed in (1, 2, 3, 4)
        ),
    ],
)
async def test_a_kill_at_any_moment_loses_nothing_typed(
    server: MortalServer, agent: BrowserContext, rounds: int, seed: int
) -> None:
    chance = random.Random(seed)
    kinds = [KINDS[number % len(KINDS)] for number in range(rounds)]
    chance.shuffle(kinds)
    tally = Tally()
    before = ""
    page = await open_note(agent, server)
    for kind in kinds:
        typist = Typist(chance)
        typing = asyncio.create_task(typist.type(page))
        await asyncio.sleep(chance.uniform(0.1, 2.5))
        at = await happen(kind, page, agent, server, chance)
        typing.cancel()
        with contextlib.suppress(asyncio.CancelledError, Error):
            await typing
        if kind.startswith("tab"):
            with contextlib.suppress(Error):
                await page.close()
            page = await open_note(agent, server)
        after = await saved_text(page, server)
        tally.rounds[kind] += 1
        count_loss(tally, before, typist, after, at=at, tab_died=kind.startswith("tab"))
        before = after
        if len(before) > 15_000:  # a note has 20,000 at most
            await page.locator(".pop .pop-note textarea").fill("")
            before = await saved_text(page, server)
    print(f"\n{tally}")
    assert tally.lost == 0, str(tally)
    assert tally.typed > rounds * 5


def count_loss(tally: Tally, before: str, typist: Typist, after: str, *, at: float, tab_died: bool) -> None:
    """Compare what was typed in this round with what the server has now."""
    typed = typist.text(float("inf"))
    sure = before + (typist.text(at - FORGIVEN_S) if tab_died else typed)
    tally.typed += len(typed)
    kept = len(sure) if after.startswith(sure) else len(_common(after, sure))
    tally.lost += len(sure) - kept
    tally.lost_young += max(0, len(before) + len(typist.text(at)) - max(len(after), kept))


def _common(one: str, other: str) -> str:
    for number, (first, second) in enumerate(zip(one, other, strict=False)):
        if first != second:
            return one[:number]
    return min(one, other, key=len)


async def in_a_note(centre: Centre, sign_in: SignIn) -> tuple[Page, str, str]:
    """Eva's page with a ringing call and the cursor in its note; the pop's and the call's ids."""
    page = await sign_in()
    pop_id = await centre.ring("eva", "jan")
    await expect(page.locator(".pop")).to_be_visible()
    await page.keyboard.press("Alt+KeyN")
    return page, pop_id, str(centre.screens.pops["eva"][pop_id]["call"]["id"])


async def test_a_note_of_a_call_that_left_the_screen_is_brought_home(
    centre: Centre, sign_in: SignIn, complaints: list[str]
) -> None:
    """The tab crashed in the wrap-up, and when it is back the call is no longer on the screen."""
    page, pop_id, call_id = await in_a_note(centre, sign_in)
    await page.route("**/note", lambda route: route.abort())
    await page.keyboard.type("promised a credit note")
    centre.screens.pops["eva"].pop(pop_id)
    await crash(page)
    page = await sign_in_again(page.context, centre)
    await expect(page.locator("#toasts")).to_contain_text("is saved now")
    assert (await centre.store.call_note(call_id)).text == "promised a credit note"
    forgive_requests(complaints)


async def test_of_a_stranded_note_that_somebody_changed_both_texts_are_shown(
    centre: Centre, sign_in: SignIn, complaints: list[str]
) -> None:
    page, pop_id, call_id = await in_a_note(centre, sign_in)
    await page.route("**/note", lambda route: route.abort())
    await page.keyboard.type("mine")
    centre.screens.pops["eva"].pop(pop_id)
    await crash(page)
    await centre.store.save_note(call_id, "theirs", user="jan", now=centre.deps.clock())
    page = await sign_in_again(page.context, centre)
    await page.locator(f"#draft-{call_id} .button", has_text="Show both").click()
    await expect(page.locator("[data-slot=conflict]")).to_be_visible()
    await expect(page.locator("[data-slot=other-text]")).to_have_text("theirs")
    await page.locator("[data-keep=both]").click()
    await expect(page.locator(".save-state")).to_have_attribute("data-state", "saved")
    assert (await centre.store.call_note(call_id)).text == "theirs\nmine"
    forgive_requests(complaints)


async def test_an_answer_that_was_lost_is_no_change_by_somebody_else(
    centre: Centre, sign_in: SignIn, complaints: list[str]
) -> None:
    """The server had saved, only its answer did not come back: what was typed since then is saved on top, without a question."""
    page, _, call_id = await in_a_note(centre, sign_in)
    lost = asyncio.Event()

    async def lose_the_answer(route: object) -> None:
        await centre.store.save_note(call_id, "first", user="eva", now=centre.deps.clock(), version=0)
        await route.abort()  # type: ignore[attr-defined]
        lost.set()

    await page.route("**/note", lose_the_answer, times=1)
    await page.keyboard.type("first")
    await asyncio.wait_for(lost.wait(), 30)
    await page.keyboard.type(" and second")
    await expect(page.locator(".pop .save-state")).to_have_attribute("data-state", "saved")
    await expect(page.locator(".pop [data-slot=conflict]")).to_be_hidden()
    assert (await centre.store.call_note(call_id)).text == "first and second"
    forgive_requests(complaints)


def forgive_requests(complaints: list[str]) -> None:
    """Requests failed on purpose: the console says so."""
    complaints[:] = [one for one in complaints if "Failed to load resource" not in one]


async def sign_in_again(context: BrowserContext, centre: Centre) -> Page:
    """A new tab of the same browser."""
    page = await context.new_page()
    await page.goto(centre.url)
    await live(page)
    return page
