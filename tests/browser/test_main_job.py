"""The main job on the whole service: a call rings at the PBX, the customer's card is on the agent's screen, the note on the timeline."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser import main_job_desk
from tests.browser.main_job_desk import DANA_WORK, Desk, in_phase, pop

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(60)]

desk = main_job_desk.desk
mode = main_job_desk.mode

WORDS = {
    "en": {"dir": "ltr", "ringing": "Ringing", "wrap_up": "Wrap-up", "solved": "Solved", "note": "Note"},
    "he": {"dir": "rtl", "ringing": "מצלצל", "wrap_up": "סיכום שיחה", "solved": "נפתר", "note": "הערה"},
}


@pytest.mark.parametrize("language", ["en", "he"])
async def test_a_call_is_popped_noted_and_on_the_timeline(desk: Desk, language: str) -> None:
    words = WORDS[language]
    page = await desk.sign_in("eva", language=language, phone="1001")
    loads = []
    page.on("request", lambda request: loads.append(request) if request.is_navigation_request() else None)
    await expect(page.locator("html")).to_have_attribute("dir", words["dir"])
    await expect(page.locator("#my-state")).to_have_attribute("data-state", "ready")

    desk.ring(DANA_WORK)
    await in_phase(page, "ringing")
    card = pop(page)
    await expect(card.locator("h2 bdi")).to_have_text("דנה כהן")
    await expect(card.locator("[data-slot=phase]")).to_have_text(words["ringing"])
    await expect(card.locator("[data-slot=number] bdi[dir=ltr]")).to_have_text("+972 3-123-4567")
    await expect(card.locator("[data-slot=queue]")).to_have_text("Support")
    await expect(card.locator("[data-slot=facts]")).to_contain_text("Send the contract")
    await expect(card.locator("[data-slot=note-label]")).to_contain_text(words["note"])

    desk.take()
    await in_phase(page, "talking")
    await expect(page.locator("#my-state")).to_have_attribute("data-state", "talking")
    await page.keyboard.press("Alt+KeyN")
    await page.keyboard.type("Wants the credit note / זיכוי")
    await expect(card.locator(".save-state")).to_have_attribute("data-state", "saved")
    await page.keyboard.press("Alt+Digit1")
    await expect(card.locator("[data-disposition=solved]")).to_have_attribute("aria-pressed", "true")

    desk.caller_hangs_up()
    await in_phase(page, "wrap_up")
    await expect(card.locator("[data-slot=phase]")).to_have_text(words["wrap_up"])
    await page.keyboard.press("Control+Enter")
    await expect(card).to_have_count(0)
    assert loads == []

    await page.goto(f"{desk.url}/customers/{desk.ids['dana']}")
    newest = page.locator(".timeline li").first
    await expect(newest).to_contain_text("Wants the credit note / זיכוי")
    await expect(newest.locator(".badge")).to_have_text(words["solved"])
    await expect(newest).to_contain_text("Eva Malá")
