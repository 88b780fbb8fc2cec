"""How many keys each job of an agent costs on the whole service; typed text is free, a click is a failure."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from crm_store.tasks import TaskInput
from tests.browser.conftest import live
from tests.browser.main_job_desk import DANA_WORK, KOVAC, STRANGER, SWITCHBOARD, Desk, in_phase, open_desk, pop, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LOST = "+421911222444"
ZONE = ZoneInfo("Europe/Bratislava")
# Counts in the tab's storage, so that it goes on over page loads. A chord is one key; letters in a text field are none.
COUNT = """
addEventListener("keydown", (event) => {
    if (["Alt", "Control", "Shift", "Meta"].includes(event.key) || event.repeat) return;
    const chord = event.altKey || event.ctrlKey || event.key.length > 1;
    const typing = !chord && event.target.matches?.("textarea, input:not([type=checkbox])");
    if (!typing) sessionStorage.setItem("test.keys", Number(sessionStorage.getItem("test.keys")) + 1);
}, true);
addEventListener("pointerdown", () => sessionStorage.setItem("test.clicks", Number(sessionStorage.getItem("test.clicks")) + 1), true);
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["en", "he"])
async def shift(
    request: pytest.FixtureRequest, chromium: Browser, migrated: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Desk, Page]]:
    """Eva's day in one language: one service and one page for all jobs."""
    async with open_desk(chromium, migrated, tmp_path_factory.mktemp("shift")) as desk:
        page = await desk.sign_in("eva", language=request.param)
        await page.add_init_script(COUNT)
        yield desk, page


@pytest_asyncio.fixture(loop_scope="session")
async def desk(shift: tuple[Desk, Page]) -> AsyncIterator[Desk]:
    """Every job leaves no call on the screen and no complaint in the console."""
    desk, page = shift
    yield desk
    await desk.ends_every_call()
    await starts(page, desk)
    if await pop(page).count():
        await page.keyboard.press("Control+Enter")
        await expect(pop(page)).to_have_count(0)
    assert desk.complaints == []


@pytest.fixture
def page(shift: tuple[Desk, Page]) -> Page:
    return shift[1]


async def starts(page: Page, desk: Desk, path: str = "/") -> None:
    """Where the job begins; from here on the keys and the Originates are counted."""
    desk.office.originates.clear()
    await page.goto(desk.url + path)
    await live(page)
    await page.evaluate("sessionStorage.clear()")


async def spent(page: Page) -> int:
    """Keys so far; there must have been no click."""
    clicks, keys = await page.evaluate("['test.clicks', 'test.keys'].map((key) => Number(sessionStorage.getItem(key)))")
    assert clicks == 0
    return int(keys)


async def talking(desk: Desk, page: Page, number: str = KOVAC) -> None:
    desk.ring(number)
    await in_phase(page, "ringing")
    desk.take()
    await in_phase(page, "talking")


async def in_wrap_up(desk: Desk, page: Page) -> None:
    desk.caller_hangs_up()
    await in_phase(page, "wrap_up")


async def test_a_call_pops_without_a_key(desk: Desk, page: Page) -> None:
    await starts(page, desk, "/tasks")
    desk.ring(DANA_WORK)
    await expect(pop(page).locator("h2")).to_have_text("דנה כהן")
    assert await spent(page) == 0


async def test_one_of_several_customers_takes_one_key(desk: Desk, page: Page) -> None:
    await starts(page, desk)
    desk.ring(SWITCHBOARD)
    await expect(pop(page).locator("[data-slot=chooser] li")).to_have_count(2)
    await desk.newest_call(page, match="several")
    await page.keyboard.press("Digit2")
    await expect(pop(page).locator("[data-slot=choose]")).to_be_hidden()
    assert await spent(page) == 1


async def test_note_and_outcome_take_two_keys(desk: Desk, page: Page) -> None:
    await starts(page, desk)
    await talking(desk, page)
    await page.keyboard.press("Alt+KeyN")
    await page.keyboard.type("wants an offer")
    await in_wrap_up(desk, page)
    await page.keyboard.press("Alt+Digit1")
    await expect(pop(page)).to_be_hidden()
    assert await spent(page) == 2
    call = await desk.newest_call(page, state="ended", disposition="solved")
    assert call["note"] == "wants an offer"
    await expect(pop(page)).to_have_count(0)  # when the time for an undo is over
    assert await spent(page) == 2


async def test_a_note_alone_takes_two_keys(desk: Desk, page: Page) -> None:
    await starts(page, desk)
    await talking(desk, page)
    await page.keyboard.press("Alt+KeyN")
    await page.keyboard.type("wants an offer")
    await in_wrap_up(desk, page)
    await page.keyboard.press("Control+Enter")
    await expect(pop(page)).to_have_count(0)
    assert await spent(page) == 2
    await desk.newest_call(page, state="ended", note="wants an offer")


async def test_note_outcome_and_call_back_tomorrow_take_five_keys(desk: Desk, page: Page) -> None:
    await starts(page, desk)
    await talking(desk, page)
    await page.keyboard.press("Alt+KeyN")
    await page.keyboard.type("wants an offer")
    await page.keyboard.press("Alt+KeyT")
    await page.keyboard.press("Digit2")
    await expect(pop(page).locator("[data-slot=tasks-made] li")).to_have_count(1)
    await page.keyboard.press("Alt+Digit2")
    await expect(pop(page).locator("[data-disposition=callback]")).to_have_attribute("aria-pressed", "true")
    await in_wrap_up(desk, page)
    await page.keyboard.press("Control+Enter")
    await expect(pop(page)).to_have_count(0)
    assert await spent(page) == 5
    call = await desk.newest_call(page, state="ended", note="wants an offer", disposition="callback")
    tasks = (await desk.api(page, "/tasks?state=open"))["items"]
    (made,) = [task for task in tasks if call["id"] in task["call_ids"]]
    due = datetime.fromisoformat(made["due_at"]).astimezone(ZONE)
    tomorrow = datetime.now(ZONE).date() + timedelta(days=1)
    assert (due.date(), due.hour, due.minute) == (tomorrow, 10, 0)


ONE_LINE = {
    "en": ("call back tomorrow 10am invoice 4312 #complaint", "call back invoice 4312"),
    "he": ("להתקשר מחר ב-10 חשבונית 4312 #תלונה", "להתקשר חשבונית 4312"),
}


async def test_note_outcome_and_call_back_by_one_line_take_three_keys(desk: Desk, page: Page) -> None:
    await starts(page, desk)
    language = (await page.locator("html").get_attribute("lang") or "")[:2]
    line, title = ONE_LINE[language]
    await talking(desk, page)
    await page.keyboard.press("Alt+KeyN")
    await page.keyboard.type(line)
    await expect(pop(page).locator(".chip")).to_have_count(3)
    await page.keyboard.press("Enter")
    await expect(pop(page).locator("[data-slot=tasks-made] li")).to_have_count(1)
    await expect(pop(page).locator("[data-disposition=complaint]")).to_have_attribute("aria-pressed", "true")
    await in_wrap_up(desk, page)
    await page.keyboard.press("Control+Enter")
    await expect(pop(page)).to_have_count(0)
    assert await spent(page) == 3
    call = await desk.newest_call(page, state="ended", note=f"{line}\n", disposition="complaint")
    tasks = (await desk.api(page, "/tasks?state=open"))["items"]
    (made,) = [task for task in tasks if call["id"] in task["call_ids"]]
    due = datetime.fromisoformat(made["due_at"]).astimezone(ZONE)
    tomorrow = datetime.now(ZONE).date() + timedelta(days=1)
    assert (made["title"], made["kind"], made["owner"]) == (title, "callback", "eva")
    assert (due.date(), due.hour, due.minute) == (tomorrow, 10, 0)


async def test_what_the_chips_show_is_made_when_the_call_is_finished(desk: Desk, page: Page) -> None:
    await starts(page, desk)
    await talking(desk, page)
    await page.keyboard.press("Alt+KeyN")
    await page.keyboard.type("call back in 2 hours")
    await in_wrap_up(desk, page)
    await page.keyboard.press("Control+Enter")
    await expect(pop(page)).to_have_count(0)
    assert await spent(page) == 2
    call = await desk.newest_call(page, state="ended", note="call back in 2 hours", disposition="callback")
    tasks = (await desk.api(page, "/tasks?state=open"))["items"]
    assert len([task for task in tasks if call["id"] in task["call_ids"]]) == 1


async def test_an_unknown_caller_becomes_a_customer_with_a_note_by_three_keys(desk: Desk, page: Page) -> None:
    await starts(page, desk)
    await talking(desk, page, STRANGER)
    await page.keyboard.press("Alt+KeyN")
    await page.keyboard.type("Tomáš Biely")
    await page.keyboard.press("Alt+KeyN")
    await page.keyboard.type("asks for a price list")
    await in_wrap_up(desk, page)
    await page.keyboard.press("Control+Enter")
    await expect(pop(page)).to_have_count(0)
    assert await spent(page) == 3
    (made,) = (await desk.api(page, "/customers?search=Biely"))["items"]
    await desk.newest_call(page, state="ended", note="asks for a price list", customer_id=made["id"])


async def test_dialling_from_the_card_takes_two_keys(desk: Desk, page: Page) -> None:
    await starts(page, desk, f"/customers/{desk.ids['dana']}")
    desk.dialling(DANA_WORK)
    await page.keyboard.press("Alt+KeyD")
    await expect(page.locator("#choose-number")).to_be_visible()
    await page.keyboard.press("Digit1")
    await until(lambda: desk.office.originates, "the phone is called")
    assert await spent(page) == 2
    assert [order.number for order in desk.office.originates] == [DANA_WORK]


async def test_dialling_from_a_row_takes_two_keys(desk: Desk, page: Page) -> None:
    await starts(page, desk, "/customers?q=kovac")
    desk.dialling(KOVAC)
    await page.keyboard.press("KeyJ")
    await page.keyboard.press("KeyD")
    await until(lambda: desk.office.originates, "the phone is called")
    assert await spent(page) == 2
    assert [order.number for order in desk.office.originates] == [KOVAC]


@pytest.mark.parametrize("path", ["/", "/customers", "/tasks"])
async def test_any_customer_is_found_and_opened_by_two_keys(desk: Desk, page: Page, path: str) -> None:
    await starts(page, desk, path)
    await page.keyboard.press("Slash")
    await page.keyboard.type("star")
    await page.keyboard.press("Enter")
    await expect(page.locator("#customer-name")).to_have_text("Boris Starý")
    assert await spent(page) == 2


async def test_my_state_takes_two_keys(desk: Desk, page: Page) -> None:
    await starts(page, desk)
    await expect(page.locator("#my-state")).to_have_attribute("data-state", "ready")
    await page.keyboard.press("Alt+KeyS")
    await page.keyboard.press("Digit2")
    await expect(page.locator("#my-state")).to_have_attribute("data-state", "paused")
    assert await spent(page) == 2
    assert all(seat.paused for seat in desk.office.seats("PJSIP/1001"))
    await page.keyboard.press("Alt+KeyS")
    await page.keyboard.press("Digit1")
    await expect(page.locator("#my-state")).to_have_attribute("data-state", "ready")


async def test_a_task_is_completed_by_two_keys(desk: Desk, page: Page) -> None:
    await starts(page, desk, "/tasks")
    await page.keyboard.press("KeyJ")
    before = await page.locator("#list [data-task]").count()
    await page.keyboard.press("KeyX")
    await expect(page.locator("#list [data-task]")).to_have_count(before - 1)
    assert await spent(page) == 2


async def test_a_lost_caller_is_called_back_and_taken_by_two_keys(desk: Desk, page: Page) -> None:
    desk.ring(LOST, flow="direct_missed", ring_limit_s=0.1)
    await starts(page, desk, "/lost")
    await expect(page.locator("#list [data-task]")).to_have_count(1)
    desk.dialling(LOST)
    await page.keyboard.press("KeyJ")
    await page.keyboard.press("KeyD")
    await until(lambda: desk.office.originates, "the phone is called")
    assert await spent(page) == 2
    assert [order.number for order in desk.office.originates] == [LOST]
    await expect(page.locator("[data-claimed-by=eva]")).to_be_visible()


async def test_a_task_is_put_off_by_three_keys(desk: Desk, page: Page) -> None:
    task = TaskInput(title="Ask again", owner="eva", due_at=datetime.now(UTC) - timedelta(days=1))
    made = await desk.service.store.create_task(task, user="eva", now=datetime.now(UTC))
    await starts(page, desk, "/tasks")
    await page.keyboard.press("KeyJ")
    await page.keyboard.press("KeyS")
    async with page.expect_response(
        lambda answer: answer.request.method == "PATCH" and answer.url.endswith(f"/tasks/{made.id}")
    ):
        await page.keyboard.press("Digit2")
    assert await spent(page) == 3
    due = (await desk.service.store.task(made.id)).due_at
    assert due is not None
    tomorrow = datetime.now(ZONE).date() + timedelta(days=1)
    assert (due.astimezone(ZONE).date(), due.astimezone(ZONE).hour) == (tomorrow, 10)
