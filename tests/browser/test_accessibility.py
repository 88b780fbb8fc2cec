"""Every page in every language: no accessibility violation, nothing to scroll sideways on a narrow phone, nothing left in English.

English, Hebrew, Arabic and Polish are looked at by axe (two directions, two scripts, the longest words); Slovak, close to Polish,
only for its width and words. What the server alone writes is read by tests/web/test_languages.py.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from crm_store.ledger import LedgerEntry, LedgerKind
from tests.browser.centre import Centre
from tests.browser.conftest import SignIn, live
from web.i18n import read_catalog

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

Visit = Callable[[Page, str], Awaitable[None]]
NARROW = {"width": 320, "height": 720}
WIDE = {"width": 1320, "height": 860}
LOOKS = [("en", "light"), ("he", "dark"), ("ar", "light"), ("pl", "dark")]


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
            await page.keyboard.press("Alt+KeyN")
            await page.keyboard.type("call back tomorrow 10am invoice 4312 #complaint")
            await expect(page.locator(".pop .chip")).to_have_count(3)
            await page.keyboard.press("Tab")
            await page.keyboard.press("Delete")
            await visit(page, "pop with chips")
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
    for dialog in ("sign-in-dialog", "choose-number", "pick-customer"):
        await page.evaluate("id => document.getElementById(id).showModal()", dialog)
        await visit(page, dialog)
        await page.evaluate("id => document.getElementById(id).close()", dialog)


async def faults(page: Page, language: str) -> list[str]:
    """What is wrong with the page as it stands, wide and narrow."""
    found = await violations(page) if language != "sk" else []
    found += await left_in_english(page, language)
    found += re.findall("[\u0660-\u0669\u06f0-\u06f9]+", await page.locator("body").inner_text())  # other digits
    await page.set_viewport_size(NARROW)
    wide = await too_wide(page)
    await page.set_viewport_size(WIDE)
    return found + ([wide] if wide else [])


@pytest.mark.parametrize(("language", "theme"), [*LOOKS, ("sk", "light")])
async def test_no_page_has_a_violation(
    centre: Centre, sign_in: SignIn, complaints: list[str], language: str, theme: str
) -> None:
    page = await sign_in(language=language, theme=theme)
    found: dict[str, list[str]] = {}

    async def check(page: Page, name: str) -> None:
        wrong = await faults(page, language)
        if wrong:
            found[name] = wrong

    for path in paths(centre):
        await page.goto(centre.url + path)
        await check(page, path)
    await all_states(page, centre, check)
    assert not found, "\n".join(f"{name}: {wrong}" for name, wrong in found.items())
    complaints[:] = [one for one in complaints if "404" not in one]


@pytest.mark.parametrize(("language", "theme"), [("en", "dark"), ("he", "light"), ("ar", "dark"), ("pl", "light")])
async def test_the_supervisors_and_the_open_pages_have_none_either(
    centre: Centre, sign_in: SignIn, complaints: list[str], language: str, theme: str
) -> None:
    page = await sign_in("sofia", language=language, theme=theme, path="/live")
    await expect(page.locator("#board-agent-rows tr")).to_have_count(2)
    assert await faults(page, language) == []
    await page.context.clear_cookies(name="cti")
    for path in ("/login", "/setup?token=x"):
        await page.goto(centre.url + path)
        assert await faults(page, language) == [], path


@pytest.mark.parametrize(("language", "theme"), [("en", "dark"), ("he", "light"), ("ar", "dark"), ("pl", "light")])
async def test_the_access_log_has_none_either(
    centre: Centre, sign_in: SignIn, complaints: list[str], language: str, theme: str
) -> None:
    now = centre.deps.clock()
    entries = [LedgerEntry(kind=kind, at=now, user="eva", customer_id=1, detail={"hits": 3}) for kind in LedgerKind]
    await centre.store.add_to_ledger(entries)
    page = await sign_in("root", language=language, theme=theme, path="/ledger")
    await expect(page.locator("#list tbody tr")).to_have_count(len(entries))
    assert await faults(page, language) == []


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


async def left_in_english(page: Page, language: str) -> list[str]:
    """Texts and names of controls that are a text of the catalogues, but not in the page's language."""
    english = [
        message.id
        for message in read_catalog(language) or ()
        if message.id and isinstance(message.id, str) and message.string != message.id
    ]
    found: list[str] = await page.evaluate(
        """known => {
            const english = new Set(known);
            const said = [];
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (walker.nextNode())
                if (!walker.currentNode.parentElement.closest("bdi, [dir=auto]")) said.push(walker.currentNode.data);
            for (const element of document.querySelectorAll("[aria-label], [title], [placeholder]"))
                for (const name of ["aria-label", "title", "placeholder"]) said.push(element.getAttribute(name) ?? "");
            return said.map((text) => text.trim().replace(/ \\(.*\\)$/, "")).filter((text) => english.has(text));
        }""",
        english,
    )
    return found


@pytest.mark.parametrize("language", ["he", "ar"])
async def test_numbers_that_the_browser_writes_are_isolated(centre: Centre, sign_in: SignIn, language: str) -> None:
    page = await sign_in(language=language)
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
