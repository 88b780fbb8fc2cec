"""What the browser code writes in the pop, the lists, the lines and the dialogs: every word of it comes from the catalogues.

The pages speak a made-up language here, whose texts stand between brackets; words outside brackets were forgotten.
"""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

import web.pages
from pbx.agents import AgentState
from tests.browser.centre import Centre
from tests.browser.conftest import SignIn, live
from tests.browser.screens import text, utc_now
from tests.browser.test_accessibility import all_states
from tests.web.made_up_language import bracketed, outside_brackets
from web.i18n import load_languages

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]


@pytest.fixture
def controls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Before the centre starts, Polish becomes the made-up language."""
    bracketed(tmp_path / "locale")
    monkeypatch.setattr(web.pages, "load_languages", functools.partial(load_languages, folder=tmp_path / "locale"))
    return True


async def forgotten(page: Page) -> list[str]:
    """Words that are neither between brackets nor data: names, free text, numbers, times, keys, languages' own names."""
    texts, names = await page.evaluate(
        """() => {
            const data = "bdi, kbd, time, textarea, blockquote, pre, script, noscript, [dir=auto], [hreflang], .tel";
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            const texts = [];
            while (walker.nextNode())
                if (!walker.currentNode.parentElement.closest(data)) texts.push(walker.currentNode.data);
            const names = [];
            for (const element of document.querySelectorAll(":is([aria-label], [title], [placeholder]):not(time)"))
                for (const name of ["aria-label", "title", "placeholder"])
                    if (element.getAttribute(name)) names.push(element.getAttribute(name));
            return [texts.join(" "), names.join(" ")];
        }"""
    )
    spoken = "słowacki"  # a customer's language, which the browser itself names
    return outside_brackets(f"{texts} {names}".replace(spoken, ""))


async def test_the_pop_and_everything_that_opens_speaks_the_catalogue(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in(language="pl")
    found: dict[str, list[str]] = {}

    async def check(page: Page, name: str) -> None:
        words = await forgotten(page)
        if words:
            found[name] = words

    await all_states(page, centre, check)
    for reason, by in (
        ("answered_elsewhere", "jan"),
        ("answered_elsewhere", None),
        ("caller_gave_up", None),
        ("no_answer", None),
        ("rejected", None),
        ("unavailable", None),
    ):
        pop_id = await centre.ring("eva", "pawel")
        await expect(page.locator(f"#pop-{pop_id}")).to_be_visible()
        centre.screens.retract("eva", pop_id, reason, by)
        await expect(page.locator(f"#folds [data-reason={reason}]").first).to_be_visible()
        await check(page, reason)
    await page.locator("#dial-form input").fill("+421 905 123 456")
    await page.locator("#dial-form button").click()
    await expect(page.locator("[data-request]")).to_be_visible()
    await check(page, "dialling")
    centre.agent("eva", AgentState.PAUSED, "600", reason="lunch")
    await expect(page.locator("#my-state")).to_have_attribute("data-state", "paused")
    await check(page, "paused")
    centre.pbx_state.update(state="lost", since=text(utc_now()))
    centre.broker.publish("pbx", "pbx.update", dict(centre.pbx_state))
    await expect(page.locator("#pbx-lost")).to_be_visible()
    await check(page, "telephone link lost")
    assert found == {}


async def test_the_board_speaks_the_catalogue(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in("sofia", language="pl", path="/live")
    await live(page)
    rows = page.locator("#board-agent-rows tr")
    await expect(rows).to_have_count(2)
    assert await forgotten(page) == []
    for state in AgentState:
        centre.agent("eva", state, "600", reason="office" if state is AgentState.PAUSED else None)
        await page.reload()  # changes within a second are sent as one
        await expect(rows.locator(f"[data-state={state.value}]").first).to_be_visible()
        assert await forgotten(page) == [], state
