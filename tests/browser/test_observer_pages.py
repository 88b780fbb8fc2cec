"""An observed PBX: no page has anything that dials, hangs up or pauses, and a controlled one has it."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser import main_job_desk
from tests.browser.main_job_desk import KOVAC, STRANGER, Desk, in_phase, pop

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

desk = main_job_desk.desk

# Attributes and ids of controls, also inside templates that a script may clone.
CONTROLS = re.compile(
    r'data-(?:main-)?dial\b(?!-)|data-call(?=[ >])|data-hang-up|data-my-state|id="dial-form"|>\s*(?:Unp|P)ause<'
)
AGENT_PAGES = ("/", "/customers", "/customers/{customer}", "/customers/new", "/calls", "/calls/{call}", "/tasks")


@pytest.fixture(params=["observe", "control"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def controls_on(page: Page) -> set[str]:
    """What of the page's HTML, as it is now, would change the PBX."""
    return set(CONTROLS.findall(await page.content()))


async def test_an_observed_pbx_has_no_control_on_any_page(desk: Desk, mode: str) -> None:
    page, board = await desk.sign_in("eva"), await desk.sign_in("sofia", path="/live")
    ringing = desk.ring(STRANGER, flow="direct_missed", ring_limit_s=0.5)  # leaves a missed line and a call-back task
    await expect(page.locator(".fold-line.missed")).to_be_visible()
    await desk.pbx.finished(ringing)
    call = await desk.newest_call(page, state="ended")
    desk.ring(KOVAC)
    await in_phase(page, "ringing")
    found = {"rings": await controls_on(page)}
    desk.take()
    await in_phase(page, "talking")
    found["talks"] = await controls_on(page)
    await expect(board.locator("#board-agent-rows .state[data-state=talking]")).to_have_count(1)
    found["/live"] = await controls_on(board)
    desk.caller_hangs_up()
    await in_phase(page, "wrap_up")
    found["wrap-up"] = await controls_on(page)
    for pattern in AGENT_PAGES:
        answer = await page.request.get(desk.url + pattern.format(customer=desk.ids["kovac"], call=call["id"]))
        found[pattern] = set(CONTROLS.findall(await answer.text()))
    with_controls = {where for where, controls in found.items() if controls}
    assert with_controls == (set() if mode == "observe" else set(found)), found


async def test_the_keys_of_controls_do_nothing_on_an_observed_pbx(desk: Desk, mode: str) -> None:
    page = await desk.sign_in("eva", path=f"/customers/{desk.ids['kovac']}")
    await expect(page.locator("#my-state")).to_have_attribute("data-state", "ready")
    desk.dialling(KOVAC)
    await page.keyboard.press("Alt+KeyD")
    desk.ring(STRANGER)
    if mode == "control":
        await expect(page.locator("#dial-requests [data-request]")).to_have_attribute("data-state", "agent_ringing")
    else:
        await expect(pop(page).locator("h2")).to_have_text("+421 911 222 333")
    me = await desk.api(page, "/me")
    answer = await page.request.post(
        f"{desk.url}/api/v1/calls",
        data={"to": "+421905000001"},
        headers={"X-CSRF-Token": me["csrf"], "Origin": desk.url},
    )
    told = (await answer.json())["code"]
    assert (answer.status, told) == ((403, "controls_off") if mode == "observe" else (409, "already_dialling"))
    assert len(desk.office.originates) == (1 if mode == "control" else 0)
