"""Every page in English and Hebrew: no accessibility violation, nothing to scroll sideways on a narrow phone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from crm_store.ledger import LedgerEntry, LedgerKind
from tests.browser.centre import Centre
from tests.browser.conftest import SignIn, live

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

Visit = Callable[[Page, str], Awaitable[None]]
NARROW = {"width": 320, "height": 720}


def paths(centre: Centre) -> list[str]:
    hostile, long_name, jan = (centre.customers[key].id for key in ("hostile", "long", "jan"))
    return [
        "/",
        f"/?customer={jan}",
        "/customers",
        "/customers?q=nobody-here",
        f"/customers/{hostile}",
        f"/customers/{long_name}",
        "/customers/new?number=%2B421911222333",
        f"/customers/{jan}/edit",
        "/calls",
        "/calls/01KAAA00000000000000000000",
        "/tasks",
        "/lost",
        "/lost?state=done",
        "/nothing-here",
    ]


async def violations(page: Page) -> list[str]:
    found: Any = await Axe().run(page)
    return [f"{one['id']}: {node['html'][:160]}" for one in found.response["violations"] for node in one["nodes"][:3]]


async def all_states(page: Page, centre: Centre, visit: Visit) -> None:
    """The pop in its phases, the menus and dialogs."""
    await page.goto(centre.url)
    await live(page)
    for customer in ("jan", None, "hostile"):
        pop_id = await centre.ring("eva", customer)
        await expect(page.locator(".pop")).to_be_visible()
        await visit(page, f"pop {customer}")
        if customer == "jan":
            centre.screens.answer("eva", pop_id)
            await expect(page.locator(".pop[data-phase=talking]")).to_be_visible()
            await page.keyboard.press("Alt+KeyT")
            await visit(page, "pop with task")
            centre.screens.hang_up("eva", pop_id)
            await expect(page.locator(".pop[data-phase=wrap_up]")).to_be_visible()
            await visit(page, "pop in wrap-up")
        centre.screens.retract("eva", pop_id, "caller_gave_up")
        await expect(page.locator(".pop")).to_have_count(0)
    cards = [await centre.store.card(centre.customers[key].id) for key in ("jan", "long", "dana")]
    pop_id = await centre.ring("eva", "dana")
    await centre.ring("eva", "jan")
    centre.screens.pops["eva"][pop_id].update(match="several", customers=cards)
    centre.screens.update("eva", pop_id)
    await expect(page.locator(".pop.folded")).to_have_count(1)
    await visit(page, "two calls, several customers")
    await page.locator("#user-menu summary").click()
    await visit(page, "user menu")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Alt+KeyS")
    await visit(page, "state menu")
    await page.keyboard.press("Escape")
    await page.locator("body").press("Shift+Slash")
    await visit(page, "keys")
    await page.keyboard.press("Escape")
    await page.locator("[data-new-task]").first.click()
    await visit(page, "new task")
    await page.keyboard.press("Escape")


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("he", "dark")])
async def test_no_page_has_a_violation(
    centre: Centre, sign_in: SignIn, complaints: list[str], language: str, theme: str
) -> None:
    page = await sign_in(language=language, theme=theme)
    found: dict[str, list[str]] = {}

    async def check(page: Page, name: str) -> None:
        wrong = await violations(page)
        if wrong:
            found[name] = wrong

    for path in paths(centre):
        await page.goto(centre.url + path)
        await check(page, path)
    await all_states(page, centre, check)
    assert not found, "\n".join(f"{name}: {wrong}" for name, wrong in found.items())
    complaints[:] = [one for one in complaints if "404" not in one]


@pytest.mark.parametrize(("language", "theme"), [("en", "dark"), ("he", "light")])
async def test_the_supervisors_and_the_open_pages_have_none_either(
    centre: Centre, sign_in: SignIn, complaints: list[str], language: str, theme: str
) -> None:
    page = await sign_in("sofia", language=language, theme=theme, path="/live")
    await expect(page.locator("#board-agent-rows tr")).to_have_count(2)
    assert await violations(page) == []
    await page.set_viewport_size(NARROW)
    assert await too_wide(page) is None
    await page.context.clear_cookies(name="cti")
    for path in ("/login", "/setup?token=x"):
        await page.goto(centre.url + path)
        assert await violations(page) == [], path
        assert await too_wide(page) is None, path


@pytest.mark.parametrize(("language", "theme"), [("en", "dark"), ("he", "light")])
async def test_the_access_log_has_none_either(
    centre: Centre, sign_in: SignIn, complaints: list[str], language: str, theme: str
) -> None:
    now = centre.deps.clock()
    entries = [LedgerEntry(kind=kind, at=now, user="eva", customer_id=1, detail={"hits": 3}) for kind in LedgerKind]
    await centre.store.add_to_ledger(entries)
    page = await sign_in("root", language=language, theme=theme, path="/ledger")
    await expect(page.locator("#list tbody tr")).to_have_count(len(entries))
    assert await violations(page) == []
    await page.set_viewport_size(NARROW)
    assert await too_wide(page) is None


async def too_wide(page: Page) -> str | None:
    """The first element that reaches over the edge, when the page can be scrolled sideways."""
    widest: str | None = await page.evaluate(
        """() => {
            const root = document.documentElement;
            if (root.scrollWidth <= root.clientWidth) return null;
            const out = [...document.querySelectorAll("body *")].find((element) => {
                const box = element.getBoundingClientRect();
                return box.width && (box.right > root.clientWidth + 1 || box.left < -1);
            });
            return `${root.scrollWidth}: ${out ? out.outerHTML.slice(0, 200) : "?"}`;
        }"""
    )
    return widest


@pytest.mark.parametrize("language", ["en", "he", "sk"])
async def test_no_page_scrolls_sideways_at_320_pixels(
    centre: Centre, sign_in: SignIn, complaints: list[str], language: str
) -> None:
    page = await sign_in(language=language)
    await page.set_viewport_size(NARROW)
    found: dict[str, str] = {}

    async def check(page: Page, name: str) -> None:
        wide = await too_wide(page)
        if wide:
            found[name] = wide

    for path in paths(centre):
        await page.goto(centre.url + path)
        await check(page, path)
    await all_states(page, centre, check)
    assert not found, "\n".join(f"{name}: {wrong}" for name, wrong in found.items())
    complaints[:] = [one for one in complaints if "404" not in one]


async def test_numbers_that_the_browser_writes_are_isolated(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in(language="he")
    await centre.ring("eva", "jan")
    missed = await centre.ring("eva")
    await expect(page.locator(".pop")).to_have_count(2)
    centre.screens.retract("eva", missed, "no_answer")
    await page.locator("#dial-form input").fill("+421 905 123 456")
    await page.locator("#dial-form button").click()
    await expect(page.locator("[data-request]")).to_be_visible()
    stray = await page.evaluate(
        """() => {
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            const found = [];
            while (walker.nextNode()) {
                const node = walker.currentNode;
                const told = "bdi[dir=ltr], textarea, [role=alert], [role=status].visually-hidden";
                if (/\\+\\d[\\d ().-]{5,}\\d/.test(node.data) && !node.parentElement.closest(told))
                    found.push(node.data);
            }
            return found;
        }"""
    )
    assert stray == []


async def test_only_one_alert_speaks_for_a_call(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    await centre.ring("eva", "jan")
    await expect(page.locator("#announce-now")).to_have_text("Incoming call: Ján Kováč, VIP, loyal, Support")
    assert await page.locator(".pop [role=alert]").count() == 0
