"""The chips below a note: what the line will become, taken away by a key, and never at the cost of a word."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Locator, Page, Route, expect

from crm_store.tasks import Task, TaskFilter
from tests.browser.centre import Centre
from tests.browser.conftest import SignIn, live

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LINE = "call back tomorrow 10am invoice 4312 #complaint"


async def typing(centre: Centre, page: Page, line: str = LINE, *, phase: str = "talking") -> tuple[Locator, str]:
    """Eva talks with Ján and has typed this line; the pop and the call's id."""
    pop_id = await centre.ring("eva", "jan")
    call_id = centre.screens.pops["eva"][pop_id]["call"]["id"]
    pop = page.locator(".pop")
    await expect(pop).to_be_visible()
    centre.screens.answer("eva", pop_id)
    if phase == "wrap_up":
        centre.screens.hang_up("eva", pop_id)
    await expect(pop).to_have_attribute("data-phase", phase)
    await page.keyboard.press("Alt+KeyN")
    await page.keyboard.type(line)
    return pop, call_id


async def tasks_of(centre: Centre, call_id: str) -> list[Task]:
    page = await centre.store.tasks(TaskFilter(), cursor=None, limit=200)
    return [task for task in page.items if call_id in task.call_ids]


async def test_the_chips_say_what_the_line_will_become(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    pop, call_id = await typing(centre, page)
    outcome, task, tag = pop.locator(".chip").nth(0), pop.locator(".chip").nth(1), pop.locator(".chip").nth(2)
    await expect(outcome).to_have_text("Complaint")
    await expect(task).to_contain_text("Call back")
    await expect(task.locator("time bdi")).to_contain_text("10:00")
    await expect(tag.locator("bdi")).to_have_text("#complaint")
    await expect(pop.locator("[data-slot=capture-said]")).to_contain_text("Complaint, Call back")
    assert await tasks_of(centre, call_id) == []


@pytest.mark.parametrize("language", ["en", "he"])
async def test_a_chip_is_taken_away_by_delete_and_by_its_digit(centre: Centre, sign_in: SignIn, language: str) -> None:
    page = await sign_in(language=language)
    pop, call_id = await typing(centre, page)
    await expect(pop.locator(".chip")).to_have_count(3)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Delete")
    await expect(pop.locator("[data-part=outcome]")).to_have_attribute("aria-pressed", "false")
    await page.keyboard.press("ArrowLeft" if language == "he" else "ArrowRight")
    await expect(pop.locator("[data-part=task]")).to_be_focused()
    await page.keyboard.press("Backspace")
    await expect(pop.locator("[data-part=task]")).to_have_attribute("aria-pressed", "false")
    await page.keyboard.press("Digit1")  # and back again
    await expect(pop.locator("[data-part=outcome]")).to_have_attribute("aria-pressed", "true")
    await page.keyboard.press("Escape")
    await expect(pop.locator("textarea")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(pop.locator("[data-disposition=complaint]")).to_have_attribute("aria-pressed", "true")
    assert (await centre.store.call_note(call_id)).text == f"{LINE}\n"
    assert await tasks_of(centre, call_id) == []


async def test_a_tag_taken_away_stays_a_word(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    pop, _ = await typing(centre, page, "wants a demo #vip")
    await expect(pop.locator(".chip")).to_have_count(1)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Delete")
    await expect(pop.locator("textarea")).to_have_value("wants a demo vip")
    await expect(pop.locator(".chip")).to_have_count(0)
    await expect(pop.locator("textarea")).to_be_focused()


async def test_escape_leaves_only_the_note(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    pop, call_id = await typing(centre, page)
    await expect(pop.locator(".chip")).to_have_count(3)
    await page.keyboard.press("Escape")
    await expect(pop.locator(".chip")).to_have_count(0)
    await expect(pop.locator("textarea")).to_have_value(LINE)
    await page.keyboard.press("Enter")
    await page.keyboard.type("next line")
    await expect(pop.locator(".save-state")).to_have_attribute("data-state", "saved")
    note = await centre.store.call_note(call_id)
    assert (note.text, note.disposition) == (f"{LINE}\nnext line", None)
    assert await tasks_of(centre, call_id) == []


async def test_each_line_is_made_once_and_shift_enter_makes_nothing(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    pop, call_id = await typing(centre, page)
    await page.keyboard.press("Enter")
    await expect(pop.locator("[data-task-made]")).to_have_count(1)
    await page.keyboard.type("send the price list tomorrow")
    await expect(pop.locator(".chip")).to_have_count(1)
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("he is angry")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("End")
    await page.keyboard.press("Enter")  # behind a line that is made: a new line and nothing else
    await expect(pop.locator("textarea")).to_have_value(f"{LINE}\n\nsend the price list tomorrow\nhe is angry")
    await expect(pop.locator(".save-state")).to_have_attribute("data-state", "saved")
    assert [task.title for task in await tasks_of(centre, call_id)] == ["call back invoice 4312"]


async def test_an_outcome_chosen_by_key_stays(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    pop, call_id = await typing(centre, page, "")
    await page.keyboard.press("Alt+Digit3")
    await expect(pop.locator("[data-disposition=order]")).to_have_attribute("aria-pressed", "true")
    await page.keyboard.type(LINE)
    await expect(pop.locator("[data-part=outcome]")).to_have_attribute("aria-pressed", "false")
    await page.keyboard.press("Enter")
    await expect(pop.locator("[data-task-made]")).to_have_count(1)
    assert (await centre.store.call_note(call_id)).disposition == "order"


async def test_an_outcome_key_in_wrap_up_makes_the_task_too(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    pop, call_id = await typing(centre, page, phase="wrap_up")
    await expect(pop.locator(".chip")).to_have_count(3)
    await page.keyboard.press("Alt+Digit2")
    await expect(page.locator("#toasts")).to_contain_text("Call back")
    note = await centre.store.call_note(call_id)
    assert (note.text, note.disposition) == (LINE, "callback")
    assert len(await tasks_of(centre, call_id)) == 1


# --- a server that is slow or fails ---------------------------------------------------------------------------------------------


async def test_enter_before_the_preview_makes_the_same(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    held = asyncio.Event()

    async def hold(route: Route) -> None:
        await held.wait()
        await route.continue_()

    await page.route("**/capture/preview", hold)
    pop, call_id = await typing(centre, page)
    await page.keyboard.press("Enter")
    await expect(pop.locator("[data-task-made]")).to_have_count(1)
    held.set()
    await page.keyboard.type("more")
    await expect(pop.locator("textarea")).to_have_value(f"{LINE}\nmore")
    assert (await centre.store.call_note(call_id)).disposition == "complaint"
    await expect(pop.locator(".chip")).to_have_count(0)
    await page.unroute_all(behavior="wait")


async def test_without_previews_a_call_is_noted_and_finished(
    centre: Centre, sign_in: SignIn, complaints: list[str]
) -> None:
    page = await sign_in()
    await page.route("**/capture/preview", lambda route: route.abort())
    pop, call_id = await typing(centre, page, phase="wrap_up")
    await page.keyboard.press("Control+Enter")
    await expect(pop).to_have_count(0)
    assert (await centre.store.call_note(call_id)).text == LINE
    complaints.clear()  # the console tells about every refused request


async def test_a_line_that_could_not_be_made_is_kept_and_tried_again(
    centre: Centre, sign_in: SignIn, complaints: list[str]
) -> None:
    page = await sign_in()
    pop, call_id = await typing(centre, page)
    await expect(pop.locator(".chip")).to_have_count(3)
    refuse = "**/calls/*/capture"
    await page.route(refuse, lambda route: route.fulfill(status=422, json={"code": "invalid_input", "detail": "no"}))
    await page.keyboard.press("Enter")
    failed = pop.locator("[data-slot=tasks-made] .failed")
    await expect(failed).to_contain_text("call back tomorrow")
    await expect(pop.locator("textarea")).to_have_value(f"{LINE}\n")
    await page.unroute(refuse)
    await failed.get_by_role("button").press("Enter")
    await expect(pop.locator("[data-task-made]")).to_have_count(1)
    assert (await centre.store.call_note(call_id)).text == f"{LINE}\n"
    complaints.clear()


async def test_a_call_whose_line_could_not_be_made_stays_once_and_can_then_be_finished(
    centre: Centre, sign_in: SignIn, complaints: list[str]
) -> None:
    page = await sign_in()
    pop, call_id = await typing(centre, page, phase="wrap_up")
    await expect(pop.locator(".chip")).to_have_count(3)
    refusal = {"code": "invalid_input", "detail": "no"}
    await page.route("**/calls/*/capture", lambda route: route.fulfill(status=422, json=refusal))
    await page.keyboard.press("Control+Enter")
    await expect(pop.locator("[data-slot=tasks-made] .failed")).to_be_visible()
    await expect(pop).to_have_count(1)
    await page.keyboard.press("Control+Enter")
    await expect(pop).to_have_count(0)
    assert (await centre.store.call_note(call_id)).text == LINE
    complaints.clear()


# --- elsewhere ------------------------------------------------------------------------------------------------------------------


async def test_the_page_of_a_call_has_the_same_chips(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in(path="/calls/01KAAA00000000000000000003")
    await live(page)
    editor = page.locator("[data-call-editor]")
    await editor.locator("textarea").focus()
    await page.keyboard.press("Control+End")
    await page.keyboard.press("Enter")
    await page.keyboard.type("zavolať zajtra o 9 #reklamácia")
    await expect(editor.locator(".chip")).to_have_count(3)
    await page.keyboard.press("Enter")
    await expect(editor.locator("[data-task-made]")).to_have_count(1)
    await expect(editor.locator("[data-disposition=complaint]")).to_have_attribute("aria-pressed", "true")
