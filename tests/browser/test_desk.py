"""Dialling, customers, tasks, the supervisor's board, observer mode."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from crm_store.parties import PartyInput
from pbx.agents import AgentState
from pbx.errors import PbxResultUnknown
from tests.browser.centre import Centre
from tests.browser.conftest import SignIn

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


# --- click-to-dial -------------------------------------------------------------------------------------------------------------


async def test_a_double_click_dials_once(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    await page.locator("#dial-form input").fill("+421 905 123 456")
    await page.locator("#dial-form button").dblclick()
    await expect(page.locator("[data-request]")).to_contain_text("+421 905 123 456")
    await expect(page.locator("[data-request]")).to_have_count(1)
    await page.wait_for_timeout(300)
    assert centre.pbx.asked == [("originate", "PJSIP/1001", "1001", "+421905123456")]


@pytest.mark.parametrize(
    ("state", "code", "sentence"),
    [
        ("busy", "busy", "The line is busy."),
        ("no_answer", "no_answer", "Nobody answered."),
        ("rejected", "rejected", "The call was declined."),
        ("agent_no_answer", "agent_no_answer", "Your own phone was not picked up, so nothing was dialled."),
        ("unknown", "link_lost", "The telephone link was lost. Look at your phone; it will not be dialled again."),
    ],
)
async def test_the_end_of_a_dial_is_a_plain_sentence(
    centre: Centre, sign_in: SignIn, state: str, code: str, sentence: str
) -> None:
    page = await sign_in()
    await page.locator("#dial-form input").fill("+421905123456")
    await page.locator("#dial-form button").click()
    box = page.locator("[data-request]")
    await expect(box).to_be_visible()
    request_id = await box.get_attribute("data-request")
    data = {"id": request_id, "state": state, "code": code, "detail": "…", "final": True, "number": "+421905123456"}
    centre.broker.publish("requests:eva", "request.update", data)
    await expect(box).to_contain_text(sentence)
    await expect(box).to_have_attribute("data-tone", "bad")


async def test_a_link_that_breaks_while_dialling_is_said(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in(language="sk")
    centre.pbx.answer = PbxResultUnknown("The link broke.")
    await page.locator("#dial-form input").fill("+421905123456")
    await page.locator("#dial-form button").click()
    await expect(page.locator("[data-request]")).to_contain_text("Pozrite sa na telefón; znova sa vytáčať nebude.")


async def test_a_refused_number_is_said(centre: Centre, sign_in: SignIn, complaints: list[str]) -> None:
    page = await sign_in()
    await page.locator("#dial-form input").fill("*72")
    await page.locator("#dial-form button").click()
    await expect(page.locator("[data-request]")).to_contain_text("Feature codes cannot be dialled from here.")
    complaints[:] = [one for one in complaints if "422" not in one]


async def test_several_numbers_are_chosen_by_a_digit(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in(path=f"/customers/{centre.customers['jan'].id}")
    await page.keyboard.press("Alt+KeyD")
    await expect(page.locator("#choose-number")).to_be_visible()
    await page.keyboard.press("Digit2")
    await expect(page.locator("[data-request]")).to_be_visible()
    assert [asked[3] for asked in centre.pbx.asked] == ["+421255501111"]


# --- customers and tasks --------------------------------------------------------------------------------------------------------


async def test_a_new_customer_with_two_numbers(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in(path="/customers/new?number=0911222333")
    await page.locator("#f-name").fill("Zuzana Malá")
    await page.locator("[data-add-phone]").click()
    await page.locator("[name=phone]").nth(1).fill("02/5550 2222")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#customer-name")).to_have_text("Zuzana Malá")
    await expect(page.locator("#toasts")).to_contain_text("1 earlier call now belongs to this customer.")
    await expect(page.locator(".facts")).to_contain_text("+421 911 222 333")


async def test_a_customer_that_somebody_else_changed(centre: Centre, sign_in: SignIn, complaints: list[str]) -> None:
    jan = centre.customers["jan"].id
    page = await sign_in(path=f"/customers/{jan}/edit")
    await centre.store.update_party(
        jan, PartyInput(note="changed meanwhile"), user="sofia", now=centre.deps.clock(), version=None
    )
    await page.locator("#f-company").fill("Another company")
    await page.locator("#customer-form [type=submit]").click()
    await expect(page.locator("[data-error]").first).to_contain_text("Somebody else changed this customer")
    await expect(page.locator("#f-company")).to_have_value("Another company")
    complaints[:] = [one for one in complaints if "412" not in one]


async def test_a_wrong_field_is_marked(centre: Centre, sign_in: SignIn, complaints: list[str]) -> None:
    page = await sign_in(path="/customers/new")
    await page.locator("#f-emails").fill("x")
    await page.locator("#f-name").fill("A")
    await page.locator("#customer-form [type=submit]").click()
    await expect(page.locator("#f-emails")).to_have_attribute("aria-invalid", "true")
    complaints[:] = [one for one in complaints if "422" not in one]


async def test_the_list_filters_while_one_types(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in(path="/customers")
    await page.locator("#q").press_sequentially("7123456")
    await expect(page.locator("#list [data-row]")).to_have_count(1)
    await expect(page.locator("#list")).to_contain_text("דנה כהן")
    assert page.url.endswith("?q=7123456")


async def test_a_call_back_is_taken_by_one(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    await page.locator(".today [data-claim]").click()
    await expect(page.locator("#toasts")).to_contain_text("The call-back is yours.")
    await expect(page.locator(".today [data-claim]")).to_have_count(0)
    await expect(page.locator(".today")).to_contain_text("Eva Nováková")


async def test_a_task_with_a_preset(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    await page.locator(".today [data-new-task]").click()
    await page.locator("#task-form-title").fill("Order paper")
    await page.locator("#task-form [data-due='2h']").click()
    await page.locator("#task-form [type=submit]").click()
    await expect(page.locator("#task-dialog")).to_be_hidden()
    await page.goto(f"{centre.url}/tasks")
    await expect(page.locator("#list")).to_contain_text("Order paper")


async def test_a_note_on_a_customer(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in(path=f"/customers/{centre.customers['pawel'].id}")
    await page.locator("#new-note").fill("Prefers e-mail")
    await page.locator("[data-add-note] button").click()
    await expect(page.locator(".timeline li").first).to_contain_text("Prefers e-mail")


async def test_a_call_is_linked_to_a_known_customer(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in(path="/calls/01KAAA00000000000000000003")
    await page.locator("[data-pick-customer]").click()
    await page.locator("#pick-search").press_sequentially("nowak")
    await page.locator("#pick-customer [data-digit='1']").click()
    await expect(page.locator("h1")).to_contain_text("Paweł Nowak")


async def test_the_theme_is_chosen_and_kept(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    light = await background(page)
    await page.locator("#user-menu summary").click()
    await page.locator("[data-theme-choice=dark]").click()
    dark = await background(page)
    assert light != dark
    await page.reload()
    assert await background(page) == dark


async def test_the_language_follows_the_person(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    await page.locator("#user-menu summary").click()
    await page.locator("#user-menu a[hreflang=he]").click()
    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    assert (await centre.store.account("eva")).language == "he"


async def background(page: Page) -> str:
    return str(await page.evaluate("getComputedStyle(document.body).backgroundColor"))


# --- the board --------------------------------------------------------------------------------------------------------------------


async def test_the_board_moves_without_reload(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in("sofia", path="/live")
    support = page.locator("#board-queue-rows tr", has_text="Support")
    await expect(support.locator("td").nth(1)).to_have_text("2")
    await page.evaluate("window.sameDocument = true")
    await page.wait_for_timeout(1100)  # the board sends each queue at most once a second
    centre.queue("600", 100.0, 30.0, 5.0, agents={"ready": 0, "talking": 2}, talking=2)
    await expect(support.locator("td").nth(1)).to_have_text("3")
    await expect(page.locator("[data-tile=waiting]")).to_have_attribute("data-level", "bad")
    before = await page.locator("[data-tile=longest] [data-value]").text_content()
    await expect(page.locator("[data-tile=longest] [data-value]")).not_to_have_text(before or "")
    centre.agent("eva", AgentState.PAUSED, "600", reason="lunch")
    await expect(page.locator("#board-agent-rows tr", has_text="Eva")).to_contain_text("Paused: Lunch")
    assert await page.evaluate("window.sameDocument")


async def test_old_data_on_the_board_says_so(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in("sofia", path="/live")
    await expect(page.locator("#live-as-of")).to_have_text("live")
    centre.push._stopping = True
    await centre.push.close_all()
    await expect(page.locator("#live-as-of")).to_contain_text("No live data since")
    await expect(page.locator("body")).to_have_class("stale")


async def test_an_agent_sees_their_own_queues_only(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    await expect(page.locator("#my-queues")).to_contain_text("Support")
    await expect(page.locator("#my-queues")).not_to_contain_text("Sales")


@pytest.mark.parametrize("controls", [False])
async def test_observer_mode_has_no_control_on_any_screen(centre: Centre, sign_in: SignIn, controls: bool) -> None:
    page = await sign_in()
    pop_id = await centre.ring("eva", "jan")
    centre.screens.answer("eva", pop_id)
    await expect(page.locator(".pop[data-phase=talking]")).to_be_visible()
    centre.screens.hang_up("eva", pop_id)
    await expect(page.locator(".pop[data-phase=wrap_up]")).to_be_visible()
    missed = await centre.ring("eva")
    await expect(page.locator(".pop")).to_have_count(2)
    centre.screens.retract("eva", missed, "no_answer")
    await expect(page.locator(".fold-line.missed")).to_be_visible()
    assert (
        await page.locator(
            "[data-dial], button[data-call], [data-hang-up], [data-my-state], #dial-form, .fold-line .button.small:not(.icon-only)"
        ).count()
        == 0
    )
    await page.keyboard.press("Alt+KeyD")
    await page.keyboard.press("Alt+KeyQ")
    assert centre.pbx.asked == []
