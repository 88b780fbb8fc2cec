"""Fixtures of the browser tests: one Chromium for all, a fresh contact centre and browser profile for each."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from crm_store.phone_numbers import NumberProfile
from crm_store.sql.store import open_store
from tests.browser.centre import PASSWORD, Centre, make_centre

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
SignIn = Callable[..., Awaitable[Page]]

# A busy machine is no fault; what never comes still fails.
expect.set_options(timeout=30_000)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    if shutil.which(CHROMIUM) is None:
        pytest.fail(f"The browser tests need Chromium at {CHROMIUM}.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated file, copied for each test."""
    file = tmp_path_factory.mktemp("browser") / "empty.db"
    await (await open_store(f"sqlite:///{file}", numbers=NumberProfile(region="SK"), migrate=True)).close()
    return file


@pytest.fixture
def controls() -> bool:
    """Overridden by tests of observer mode."""
    return True


@pytest_asyncio.fixture(loop_scope="session")
async def centre(migrated: Path, tmp_path: Path, controls: bool) -> AsyncIterator[Centre]:
    file = tmp_path / "cti.db"
    shutil.copyfile(migrated, file)
    store = await open_store(f"sqlite:///{file}", numbers=NumberProfile(region="SK"))
    made = await make_centre(store, controls=controls)
    await made.start()
    yield made
    await made.stop()
    await store.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console and pages complained about; every test ends with none."""
    return []


@pytest_asyncio.fixture(loop_scope="session")
async def profile(chromium: Browser, centre: Centre) -> AsyncIterator[BrowserContext]:
    """A fresh browser profile: its own cookies, storage and shared worker."""
    context = await chromium.new_context(viewport={"width": 1320, "height": 860})
    yield context
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def sign_in(profile: BrowserContext, centre: Centre, complaints: list[str]) -> AsyncIterator[SignIn]:
    """Sign in by the form and wait until the page is live."""

    async def do(user: str = "eva", *, language: str = "en", path: str = "/", theme: str = "light") -> Page:
        await profile.add_cookies(
            [
                {"name": "cti-language", "value": language, "url": centre.url},
                {"name": "cti-theme", "value": theme, "url": centre.url},
            ]
        )
        page = await profile.new_page()
        listen(page, complaints)
        await page.goto(f"{centre.url}/login?next={path}")
        await page.locator("#user").fill(user)
        await page.locator("#password").fill(PASSWORD)
        await page.locator("button[type=submit]").click()
        await live(page)
        return page

    yield do
    assert complaints == []


def listen(page: Page, complaints: list[str]) -> None:
    """Collect console errors and uncaught exceptions."""
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)


async def live(page: Page) -> None:
    """Until the page has its first snapshot."""
    await expect(page.locator("#lamp-live")).to_have_attribute("data-state", "ok")
