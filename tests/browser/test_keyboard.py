"""Shortcuts: by physical key, never by AltGr, few keys for each job, in both directions of writing."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import BrowserContext, Page, expect

from crm_store.tasks import TaskFilter
from pbx.agents import AgentState
from tests.browser.centre import Centre, utc_now
from tests.browser.conftest import SignIn, live

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ZONE = ZoneInfo("Europe/Bratislava")
COUNT_KEYS = """
() => {
    window.keys = 0;
    addEventListener("keydown", (event) => {
        const typing = event.target.matches("input, textarea") && !event.altKey && !event.ctrlKey && event.key.length === 1;
        if (!typing && !["Alt", "Control", "Shift", "Meta"].includes(event.key)) window.keys += 1;
    }, true);
}
"""


async def talking(centre: Centre, page: Page, customer: str | None = "jan") -> str:
    pop_id = await centre.ring("eva", customer)
    centre.screens.answer("eva", pop_id)
    await expect(page.locator(".pop[data-phase=talking]")).to_be_visible()
    return pop_id


@pytest.mark.parametrize("language", ["en", "he"])
async def test_note_outcome_and_call_back_take_five_keys(centre: Centre, sign_in: SignIn, language: str) -> None:
    page = await sign_in(language=language)
    pop_id = await talking(centre, page)
    await page.evaluate(COUNT_KEYS)
    await page.keyboard.press("Alt+KeyN")
    await page.keyboard.type("call back about the offer")
    await page.keyboard.press("Alt+KeyT")
    await page.keyboard.press("Digit2")
    await expect(page.locator("[data-slot=tasks-made] li")).to_have_count(1)
    centre.screens.hang_up("eva", pop_id)
    await expect(page.locator(".pop[data-phase=wrap_up]")).to_be_visible()
    await page.keyboard.press("Alt+Digit2")
    await expect(page.locator("#toasts .toast")).to_be_visible()
    await page.keyboard.press("Control+Enter")
    assert await page.evaluate("window.keys") <= 5
    call_id = pop_id.split("-")[0]
    note = await centre.store.call_note(call_id)
    assert (note.text, note.disposition) == ("call back about the offer", "callback")
    tasks = await centre.store.tasks(TaskFilter(customer_id=centre.customers["jan"].id), cursor=None, limit=20)
    (made,) = [task for task in tasks.items if call_id in task.call_ids]
    local = made.due_at.astimezone(ZONE) if made.due_at else None
    assert local is not None
    assert (local.hour, local.minute, (local.date() - utc_now().astimezone(ZONE).date()).days) == (10, 0, 1)


async def test_altgr_is_a_letter_and_no_shortcut(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    await talking(centre, page)
    await page.locator(".pop textarea").focus()
    for modifiers in ({"ctrlKey": True, "altKey": True}, {"altKey": True, "modifierAltGraph": True}):
        await page.evaluate(
            """(modifiers) => document.activeElement.dispatchEvent(
                new KeyboardEvent("keydown", {code: "KeyT", key: "ť", bubbles: true, ...modifiers}))""",
            modifiers,
        )
    await expect(page.locator(".pop-task")).to_be_hidden()
    await page.keyboard.press("Alt+KeyT")
    await expect(page.locator(".pop-task")).to_be_visible()


async def test_another_layout_has_the_same_keys(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in(language="he")
    await talking(centre, page)
    await page.evaluate(
        """() => document.body.dispatchEvent(
            new KeyboardEvent("keydown", {code: "KeyN", key: "מ", altKey: true, bubbles: true}))"""
    )
    await expect(page.locator(".pop textarea")).to_be_focused()


async def test_shortcuts_can_be_switched_off(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    await page.locator("#user-menu summary").click()
    await page.locator("#keys-on").uncheck()
    await page.keyboard.press("Escape")
    await page.locator("body").press("Shift+Slash")
    await expect(page.locator("#keys-dialog")).to_be_hidden()
    await page.reload()
    await live(page)
    await page.locator("body").press("Slash")
    await expect(page.locator("#search")).not_to_be_focused()


async def test_the_list_of_shortcuts_opens_and_closes(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    await page.locator("body").press("Shift+Slash")
    await expect(page.locator("#keys-dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#keys-dialog")).to_be_hidden()


async def test_find_and_open_a_customer_by_keys(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in(path="/customers")
    await page.keyboard.press("Slash")
    await page.keyboard.type("nowak")
    await expect(page.locator("#list [data-row]")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(page.locator("#customer-name")).to_have_text("Paweł Nowak")


async def test_rows_by_j_and_k(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in(path="/tasks")
    await page.keyboard.press("KeyJ")
    await page.keyboard.press("KeyX")
    await expect(page.locator("#toasts")).to_contain_text("Task completed.")
    await expect(page.locator("#list")).not_to_contain_text("Send the credit note")
    await page.keyboard.press("KeyN")
    await expect(page.locator("#task-dialog")).to_be_visible()


async def test_my_state_takes_two_keys(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    await page.keyboard.press("Alt+KeyS")
    await page.keyboard.press("Digit2")
    await expect(page.locator("#state-menu .menu-body")).to_be_hidden()
    for _ in range(100):
        if centre.pbx.asked:
            break
        await page.wait_for_timeout(20)
    assert centre.pbx.asked == [("pause", "Local/eva@from-queue/n", "break", None)]


async def test_escape_keeps_the_note(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    await talking(centre, page)
    await page.keyboard.press("Alt+KeyN")
    await page.keyboard.type("keep me")
    await page.keyboard.press("Escape")
    await expect(page.locator(".pop textarea")).to_have_value("keep me")


@pytest.mark.parametrize("key", ["Slash", "Control+KeyK"])
async def test_the_search_is_one_key_away(centre: Centre, sign_in: SignIn, key: str) -> None:
    page = await sign_in()
    await page.locator("body").press(key)
    await expect(page.locator("#search")).to_be_focused()


@pytest.mark.parametrize("language", ["en", "he"])
@pytest.mark.parametrize(
    ("letter", "path"),
    [("H", "/"), ("U", "/customers"), ("L", "/calls"), ("T", "/tasks"), ("B", "/lost"), ("Q", "/live")],
)
async def test_every_page_is_two_keys_away(
    centre: Centre, sign_in: SignIn, letter: str, path: str, language: str
) -> None:
    page = await sign_in("sofia", path="/tasks?state=done", language=language)
    await page.keyboard.press("KeyG")
    await page.keyboard.press(f"Key{letter}")
    await page.wait_for_url(f"{centre.url}{path}")
    await expect(page.locator("nav [aria-current=page]")).to_have_attribute("data-go", letter)


async def test_a_page_that_is_not_ours_to_see_has_no_key(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    await page.keyboard.press("KeyG")
    await page.keyboard.press("KeyQ")
    await page.keyboard.press("Shift+Slash")
    await expect(page.locator("#keys-dialog")).to_contain_text("Go to a page")
    await expect(page.locator("#keys-dialog")).not_to_contain_text("Live queues")
    assert page.url == f"{centre.url}/"


async def test_the_letter_after_g_counts_only_at_once(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in(path="/tasks")
    await page.keyboard.press("KeyG")
    await page.evaluate("performance.now = ((now) => () => now() + 2000)(performance.now.bind(performance))")
    await page.keyboard.press("KeyN")
    await expect(page.locator("#task-dialog")).to_be_visible()


async def test_the_link_of_a_row_is_copied(centre: Centre, sign_in: SignIn, profile: BrowserContext) -> None:
    await profile.grant_permissions(["clipboard-read", "clipboard-write"])
    page = await sign_in(path="/customers")
    await page.keyboard.press("KeyJ")
    target = await page.evaluate("document.activeElement.dataset.href")
    await page.keyboard.press("Period")
    await expect(page.locator("#toasts")).to_contain_text("Link copied.")
    assert await page.evaluate("navigator.clipboard.readText()") == f"{centre.url}{target}"


async def test_a_supervisor_pauses_and_unpauses_by_key(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in("sofia", path="/live")
    row = page.locator("#board-agent-rows tr", has_text="Eva")
    await row.focus()
    await page.keyboard.press("KeyR")
    await page.keyboard.press("KeyP")
    await asked(page, centre, ("pause", "Local/eva@from-queue/n", "supervisor", None))
    centre.agent("eva", AgentState.PAUSED, "600", reason="supervisor")
    await expect(row).to_contain_text("Paused")
    await expect(row).to_be_focused()
    await page.keyboard.press("KeyR")
    await asked(page, centre, ("unpause", "Local/eva@from-queue/n", None))
    assert len(centre.pbx.asked) == 2


async def asked(page: Page, centre: Centre, what: tuple[object, ...]) -> None:
    """Until the telephone system was asked for this."""
    for _ in range(200):
        if what in centre.pbx.asked:
            return
        await page.wait_for_timeout(20)
    raise AssertionError(f"asked was {centre.pbx.asked}")
