"""The capture meter in the browser: it counts what the keystroke tests count, over page loads, and tells the agent."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.async_api import Page, expect

from tests.browser import main_job_desk
from tests.browser.conftest import live
from tests.browser.main_job_desk import KOVAC, STRANGER, Desk, in_phase, pop

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

desk = main_job_desk.desk
mode = main_job_desk.mode


async def _talks(desk: Desk, page: Page, number: str) -> None:
    desk.ring(number)
    await in_phase(page, "ringing")
    desk.take()
    await in_phase(page, "talking")


async def _meter(page: Page) -> list[str]:
    """Today's row: recorded, keys, wrap-up."""
    await page.goto(page.url)
    await live(page)
    return await page.locator(".meter tbody tr").first.locator("td").all_inner_texts()


async def test_keys_from_ring_to_save_are_counted_and_text_is_not(desk: Desk) -> None:
    page = await desk.sign_in()
    await _talks(desk, page, KOVAC)
    await page.keyboard.press("Alt+KeyN")
    await page.keyboard.type("wants an ofer")
    for _ in range(3):
        await page.keyboard.press("Backspace")  # a correction is text
    await page.keyboard.type("fer")
    await expect(pop(page).locator(".save-state")).to_have_attribute("data-state", "saved")
    await page.goto(desk.url + "/tasks")  # the count goes on after the page is left
    await in_phase(page, "talking")
    await page.keyboard.press("Alt+Digit1")
    desk.caller_hangs_up()
    await in_phase(page, "wrap_up")
    async with page.expect_response(lambda answer: answer.url.endswith("/effort")):
        await page.keyboard.press("Control+Enter")
    await expect(pop(page)).to_have_count(0)
    await desk.newest_call(page, state="ended", disposition="solved")
    mine = await desk.api(page, "/me/capture")
    assert (mine["talks"], mine["captured"], mine["keys"], mine["clicks"]) == (1, 1, 3, 0)
    assert 0 <= mine["wrap_up_s"] < 60
    await page.goto(desk.url)
    assert (await _meter(page))[:2] == ["1/1", "3"]


async def test_a_call_without_a_record_says_so_until_it_has_one(desk: Desk) -> None:
    page = await desk.sign_in()
    await _talks(desk, page, STRANGER)
    desk.caller_hangs_up()
    await in_phase(page, "wrap_up")
    await page.keyboard.press("Control+Enter")
    await expect(pop(page)).to_have_count(0)
    call = await desk.newest_call(page, state="ended")
    await page.goto(desk.url)
    missing = page.locator(".calls-mini li", has_text="No record yet")
    await expect(missing).to_have_count(1)
    assert (await _meter(page))[0] == "0/1"
    await desk.service.store.save_note(call["id"], "asked for the address", user="eva", now=datetime.now(UTC))
    assert (await _meter(page))[0] == "1/1"
    await expect(missing).to_have_count(0)
