"""Lost callers on the whole service, by keyboard: one row for each person, one agent who calls, and a talk that closes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from crm_store.opening_hours import WEEKDAYS, territory_holidays
from crm_store.tasks import TaskFilter, TaskInput
from pbx.simulator.cast import Reaction
from pbx.simulator.timeline import Script
from tests.browser.lost_calls import announcement, refused_by_the_queue, to_voicemail
from tests.browser.main_job_desk import DANA_MOBILE, DANA_WORK, EVA, JAN, KOVAC, SUPPORT_DID, Desk, open_desk, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NIGHT_DID = "+421255501239"
ZONE = ZoneInfo("Europe/Bratislava")
EXTENSIONS = {"eva": EVA, "jan": JAN}
SHOWN = {"eva": "Eva Malá", "jan": "Ján Novák"}
WORDS = {
    "en": ("Nobody in the queue", "Rang in vain", "Message left", "Gave up waiting", "Outside opening hours"),
    "he": ("אין נציגים בתור", "צלצול ללא מענה", "הושארה הודעה", "ניתוק בזמן ההמתנה", "מחוץ לשעות הפעילות"),
}
IN_HAND = {"en": "In hand already: \u2068{}\u2069 is calling.", "he": "כבר בטיפול: השיחה אצל \u2068{}\u2069."}


def next_day(fits: Callable[[date], bool]) -> date:
    """The first day after today of which this is true."""
    day = datetime.now(ZONE).date() + timedelta(days=1)
    while not fits(day):
        day += timedelta(days=1)
    return day


@pytest_asyncio.fixture(loop_scope="session")
async def desk(chromium: Browser, migrated: Path, tmp_path: Path) -> AsyncIterator[Desk]:
    """Nobody counts as having given up at once, and the night line is open on another day of the week only."""
    closed = next_day(lambda day: day.weekday() < 5)
    other_day = WEEKDAYS[(datetime.now(UTC) + timedelta(days=3)).weekday()]
    at_once = {"short_abandon_s": 0}
    async with open_desk(
        chromium,
        migrated,
        tmp_path,
        queues={
            name: {"label": label, **at_once} for name, label in (("support", "Support"), ("600", "Orders"), ("", ""))
        },
        hours={"closed": [closed.isoformat()]},
        dids={
            SUPPORT_DID: {"label": "Shop line"},
            NIGHT_DID: {"label": "Night line", "hours": {"open": [f"{other_day} 10:00-11:00"]}},
        },
    ) as opened:
        yield opened


async def lost(desk: Desk, attempts: int) -> None:
    """Until the person's row has so many attempts."""

    async def counted() -> int:
        page = await desk.service.store.tasks(TaskFilter(state="open", lost=True), cursor=None, limit=9)
        return sum(len(task.attempts) for task in page.items)

    async with asyncio.timeout(30):
        while await counted() < attempts:  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.02)


async def lose_dana_five_times(desk: Desk) -> None:
    office = desk.office
    five: list[Script | dict[str, object]] = [
        announcement(office, DANA_MOBILE, NIGHT_DID),
        {"flow": "queue_abandoned_unrung", "caller": DANA_WORK, "queue": "600", "wait_s": 0.1},
        to_voicemail(office, DANA_MOBILE, "support"),
        {"flow": "direct_missed", "caller": DANA_WORK, "ring_limit_s": 0.1},
        refused_by_the_queue(office, DANA_MOBILE, "600"),
    ]
    for number, one in enumerate(five, 1):
        if isinstance(one, dict):
            desk.ring(**one)  # type: ignore[arg-type]
        else:
            desk.pbx.start(one)
        await lost(desk, number)


def rows(page: Page) -> Locator:
    return page.locator("#list [data-row]")


async def press_call(page: Page) -> None:
    await page.keyboard.press("KeyJ")
    await expect(rows(page).first).to_be_focused()
    await page.keyboard.press("KeyD")


def forgive(desk: Desk, status: str) -> None:
    """The browser's console names each refusal."""
    desk.complaints[:] = [one for one in desk.complaints if status not in one]


@pytest.mark.parametrize("language", ["en", "he"])
async def test_a_caller_lost_in_five_ways_is_called_back_by_one_of_two(desk: Desk, language: str) -> None:
    await lose_dana_five_times(desk)
    pages = {user: await desk.sign_in(user, language=language, path="/lost") for user in EXTENSIONS}
    for page in pages.values():
        await expect(rows(page)).to_have_count(1)
        await expect(rows(page)).to_contain_text("דנה כהן")
        await expect(rows(page).locator(".badge").first).to_contain_text("5")
        lines = rows(page).locator(".attempts li")
        await expect(lines).to_have_count(5)
        for line, said in zip(await lines.all(), WORDS[language], strict=True):
            await expect(line).to_contain_text(said)
        await expect(rows(page)).to_contain_text("Orders")
        await expect(rows(page)).to_contain_text("Night line")
    for extension in EXTENSIONS.values():
        desk.dialling(DANA_MOBILE, extension=extension)
    await asyncio.gather(*(press_call(page) for page in pages.values()))
    for page in pages.values():
        await expect(page.locator("#dial-requests [data-request]")).to_have_count(1)
        await expect(rows(page).locator("[data-claimed-by]")).to_have_count(1)
    (order,) = desk.office.originates
    assert order.number == DANA_MOBILE
    winner = next(user for user, extension in EXTENSIONS.items() if extension == order.agent.extension)
    loser = next(user for user in EXTENSIONS if user != winner)
    sentence = pages[loser].locator("#dial-requests [data-sentence]")
    await expect(sentence).to_have_text(IN_HAND[language].format(SHOWN[winner]))
    for page in pages.values():
        await expect(rows(page).locator(f"[data-claimed-by={winner}]")).to_have_text(SHOWN[winner])
    forgive(desk, "409")

    desk.take(order.agent.extension)
    await until(lambda: desk.office.dials(DANA_MOBILE), "the number is dialled")
    desk.take(order.agent.extension)
    for page in pages.values():
        await expect(rows(page)).to_have_count(0)
    desk.caller_hangs_up(order.agent.extension)
    await pages[loser].goto(f"{desk.url}/lost?state=done")
    await expect(rows(pages[loser])).to_contain_text(SHOWN[winner])
    (task,) = (await desk.api(pages[loser], "/tasks?state=done&lost=true"))["items"]
    assert len(task["attempts"]) == 5
    assert 0 < task["recall_s"] < 300


async def test_who_is_not_reached_goes_back_to_everybody(desk: Desk) -> None:
    desk.ring(KOVAC, flow="queue_abandoned_unrung", queue="600", wait_s=0.1)
    await lost(desk, 1)
    eva, jan = await desk.sign_in("eva", path="/lost"), await desk.sign_in("jan", path="/lost")
    desk.dialling(KOVAC, remote=Reaction.BUSY)
    await press_call(eva)
    await expect(rows(jan).locator("[data-claimed-by=eva]")).to_be_visible()
    desk.take(EVA)
    await until(lambda: desk.office.dials(KOVAC), "the number is dialled")
    desk.pbx.hurry(EVA)
    await expect(eva.locator("#dial-requests [data-sentence]")).to_have_text("The line is busy.")
    for page in (eva, jan):
        await expect(rows(page).locator("[data-claim]")).to_be_visible()


async def test_a_customer_who_calls_again_and_is_answered_leaves_the_list(desk: Desk) -> None:
    desk.ring(KOVAC, flow="queue_abandoned_unrung", queue="600", wait_s=0.1)
    await lost(desk, 1)
    page = await desk.sign_in("jan", path="/lost")
    await expect(rows(page)).to_have_count(1)
    desk.ring(KOVAC)
    await until(lambda: desk.office.switch.offers.get(EVA), "eva's phone rings")
    desk.take()
    await expect(rows(page)).to_have_count(0)


async def test_a_task_that_falls_due_is_said_once_on_its_owners_screen(desk: Desk) -> None:
    eva, jan = await desk.sign_in("eva"), await desk.sign_in("jan")
    await eva.bring_to_front()
    due = datetime.now(UTC) + timedelta(seconds=1)
    fields = TaskInput(title="Send the offer", owner="eva", due_at=due, customer_id=desk.ids["kovac"])
    await desk.service.store.create_task(fields, user="jan", now=datetime.now(UTC))
    said = eva.locator("#toasts .toast")
    await expect(said).to_contain_text("Due now: \u2068Send the offer\u2069, \u2068Ján Kováč\u2069")
    await expect(eva.locator(".today")).to_contain_text("Send the offer")
    assert await jan.locator("#toasts .toast").count() == 0
    await eva.reload()
    await expect(eva.locator("#lamp-live")).to_have_attribute("data-state", "ok")
    assert await said.count() == 0


async def test_many_tasks_are_selected_put_off_handed_over_and_done_by_keys_and_each_has_its_undo(desk: Desk) -> None:
    store = desk.service.store
    for number in range(3):
        fields = TaskInput(
            title=f"Task {number}", owner="eva", due_at=datetime.now(UTC) + timedelta(days=3, hours=number)
        )
        await store.create_task(fields, user="eva", now=datetime.now(UTC))
    page = await desk.sign_in("eva", path="/tasks")
    before = {task["id"]: task["due_at"] for task in (await desk.api(page, "/tasks?state=open"))["items"]}
    assert len(before) == 4

    async def tasks() -> dict[int, str]:
        return {task["id"]: task["due_at"] for task in (await desk.api(page, "/tasks?state=open"))["items"]}

    await page.keyboard.press("KeyJ")
    await page.keyboard.press("Space")
    await page.keyboard.press("KeyJ")
    await page.keyboard.press("Space")
    await expect(page.locator("#bulk")).to_contain_text("2 selected")
    await page.keyboard.press("KeyS")
    await page.keyboard.press("Digit1")
    toast = page.locator("#toasts .toast").last
    await expect(toast).to_contain_text("2 tasks put off until")
    await expect(page.locator("#bulk")).to_be_hidden()
    assert len([task for task, due in (await tasks()).items() if due != before[task]]) == 2
    await toast.get_by_role("button", name="Undo").press("Enter")
    await expect(page.locator("#toasts")).to_contain_text("Undone.")
    assert await tasks() == before

    await page.locator("#list [data-row]").first.focus()
    await page.keyboard.press("KeyA")
    await expect(page.locator("#bulk")).to_contain_text("4 selected")
    await page.keyboard.press("Escape")
    await expect(page.locator("#bulk")).to_be_hidden()
    await page.keyboard.press("KeyA")
    await page.keyboard.press("KeyX")
    await expect(page.locator("#toasts")).to_contain_text("4 tasks completed.")
    await expect(page.locator("#list [data-task]")).to_have_count(0)
    await page.locator("#toasts").get_by_role("button", name="Undo").press("Enter")
    await expect(page.locator("#list [data-task]")).to_have_count(4)
    assert await tasks() == before

    await page.keyboard.press("KeyJ")
    await page.keyboard.press("KeyH")
    await page.keyboard.press("Digit2")
    await expect(page.locator("#toasts")).to_contain_text("Handed over: \u2068Ján Novák\u2069")
    await expect(page.locator("#list [data-task]")).to_have_count(3)
    await page.locator("#toasts").get_by_role("button", name="Undo").press("Enter")
    await expect(page.locator("#list [data-task]")).to_have_count(4)


async def test_the_next_working_day_is_no_holiday_and_no_day_that_is_closed(desk: Desk) -> None:
    is_holiday = territory_holidays("SK")
    closed = next_day(lambda day: day.weekday() < 5)
    works = next_day(lambda day: day.weekday() < 5 and day != closed and not is_holiday(day))
    fields = TaskInput(title="Ask again", owner="eva", due_at=datetime.now(UTC))
    task = await desk.service.store.create_task(fields, user="eva", now=datetime.now(UTC))
    page = await desk.sign_in("eva", path="/tasks")
    await page.keyboard.press("KeyJ")
    await page.keyboard.press("KeyS")
    await page.keyboard.press("Digit3")
    await expect(page.locator("#toasts")).to_contain_text("1 task put off until")
    due = (await desk.service.store.task(task.id)).due_at
    assert due is not None
    assert (due.astimezone(ZONE).date(), due.astimezone(ZONE).hour) == (works, 9)


async def test_a_day_and_time_of_ones_own_choice(desk: Desk) -> None:
    fields = TaskInput(title="Ask again", owner="eva", due_at=datetime.now(UTC))
    task = await desk.service.store.create_task(fields, user="eva", now=datetime.now(UTC))
    page = await desk.sign_in("eva", path="/tasks")
    await page.keyboard.press("KeyJ")
    await page.keyboard.press("KeyS")
    await page.keyboard.press("Digit5")
    await expect(page.locator("#snooze-due")).to_be_focused()
    await page.locator("#snooze-due").fill("2027-03-01T14:30")
    await page.keyboard.press("Enter")
    await expect(page.locator("#toasts")).to_contain_text("1 task put off until")
    due = (await desk.service.store.task(task.id)).due_at
    assert due == datetime(2027, 3, 1, 14, 30, tzinfo=ZONE)
