"""The main job on the whole service: a call rings at the PBX, the customer's card is on the agent's screen, the note on the timeline."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, Request, Response, expect

from pbx.simulator.cast import Reaction
from tests.browser import main_job_desk
from tests.browser.main_job_desk import (
    DANA_MOBILE,
    DANA_WORK,
    EVA,
    JAN,
    KOVAC,
    STRANGER,
    SWITCHBOARD,
    WITHHELD,
    Desk,
    in_phase,
    pop,
    until,
)

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

desk = main_job_desk.desk
mode = main_job_desk.mode

OUR_NUMBER = "+421 2 555 012 34"  # SUPPORT_DID as people read it
WORDS = {
    "en": {"dir": "ltr", "ringing": "Ringing", "wrap_up": "Wrap-up", "solved": "Solved", "note": "Note"},
    "he": {"dir": "rtl", "ringing": "צלצול", "wrap_up": "סיכום שיחה", "solved": "נפתר", "note": "הערה"},
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
    await expect(card.locator("[data-slot=did]")).to_contain_text("Shop line")
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


# --- tabs ---------------------------------------------------------------------------------------------------------------------


async def test_two_tabs_share_one_socket_and_every_call(desk: Desk) -> None:
    first = await desk.sign_in("eva")
    second = await desk.open_tab("eva", "/customers")
    assert desk.service.push.connected("eva") == 1
    desk.ring(KOVAC)
    for page in (first, second):
        await expect(pop(page).locator("h2")).to_have_text("Ján Kováč")
    await second.locator("#pops [data-dismiss]").click()
    for page in (second, first):
        await expect(pop(page)).to_have_count(0)
    assert desk.service.push.connected("eva") == 1


async def test_a_reload_in_mid_call_brings_the_pop_back_with_the_text(desk: Desk) -> None:
    page = await desk.sign_in("eva")
    desk.ring(KOVAC)
    await in_phase(page, "ringing")
    desk.take()
    await in_phase(page, "talking")
    await page.keyboard.press("Alt+KeyN")
    await page.keyboard.type("abc ")
    await page.reload()
    await in_phase(page, "talking")
    await expect(pop(page).locator("textarea")).to_have_value("abc ")
    await expect(page.locator("#lamp-saved")).to_have_attribute("data-state", "ok")
    call = await desk.newest_call(page)
    assert (await desk.api(page, f"/calls/{call['id']}/note"))["text"] == "abc "


# --- colleagues ---------------------------------------------------------------------------------------------------------------


async def test_what_a_colleague_answers_folds_with_the_name(desk: Desk) -> None:
    eva, jan = await desk.sign_in("eva"), await desk.sign_in("jan")
    desk.ring(KOVAC, flow="queue_ringall")
    for page in (eva, jan):
        await in_phase(page, "ringing")
    desk.take(JAN)
    await expect(eva.locator(".fold-line")).to_have_text("Ján Novák answered: Ján Kováč")
    await expect(pop(eva)).to_have_count(0)
    await in_phase(jan, "talking")
    await expect(jan.locator("#my-state")).to_have_attribute("data-state", "talking")
    await expect(eva.locator("#my-state")).to_have_attribute("data-state", "ready")


# --- who is it? ---------------------------------------------------------------------------------------------------------------


async def test_an_unknown_caller_becomes_the_customer_of_the_call(desk: Desk) -> None:
    page = await desk.sign_in("eva")
    desk.ring(STRANGER)
    form = pop(page).locator(".pop-new")
    await expect(form.locator("input[name=number]")).to_have_value("+421 911 222 333")
    desk.take()
    await in_phase(page, "talking")
    await form.locator("input[name=name]").fill("Tomáš Biely")
    await form.locator("button[type=submit]").click()
    await expect(pop(page).locator("h2")).to_have_text("Tomáš Biely")
    await expect(form).to_be_hidden()
    (made,) = (await desk.api(page, "/customers?search=Biely"))["items"]
    assert [phone["number"] for phone in made["phones"]] == [STRANGER]
    call = await desk.newest_call(page)
    assert (call["customer_id"], call["match"]) == (made["id"], "one")
    await page.reload()
    await expect(pop(page).locator("h2")).to_have_text("Tomáš Biely")
    await expect(form).to_be_hidden()


async def test_a_withheld_number_is_matched_with_nobody_and_nowhere_on_the_page(desk: Desk) -> None:
    page = await desk.sign_in("eva")
    desk.ring(WITHHELD)
    await expect(pop(page).locator("h2")).to_have_text("Number withheld")
    desk.take()
    await in_phase(page, "talking")
    await expect(pop(page).locator(".pop-new")).to_be_hidden()
    await expect(pop(page).locator("[data-slot=choose]")).to_be_hidden()
    await expect(pop(page).locator("[data-slot=number]")).to_be_hidden()
    desk.caller_hangs_up()
    await in_phase(page, "wrap_up")
    call = await desk.newest_call(page, state="ended")
    assert (call["match"], call["customer_id"]) == ("withheld", None)
    assert {call["remote"][key] for key in ("number", "display", "raw", "name")} == {None}
    for path in ("/", "/calls", f"/calls/{call['id']}"):
        await page.goto(desk.url + path)
        await in_phase(page, "wrap_up")
        shown = await page.locator("main .tel, #dock .tel").all_text_contents()
        assert set(shown) <= {OUR_NUMBER, "1001"}
        assert await page.locator(".pop-new input[name=number]").first.input_value() == ""
        assert "anonymous" not in (await page.content()).lower()


async def test_one_of_several_customers_is_picked_by_a_digit(desk: Desk) -> None:
    page = await desk.sign_in("eva")
    desk.ring(SWITCHBOARD)
    rows = pop(page).locator("[data-slot=chooser] li")
    await expect(rows).to_have_count(2)
    first = await rows.first.locator(".who bdi").first.text_content()
    await desk.newest_call(page, match="several")
    await page.keyboard.press("Digit1")
    await expect(pop(page).locator("h2")).to_have_text(first or "")
    await expect(pop(page).locator("[data-slot=choose]")).to_be_hidden()
    desk.take()
    await in_phase(page, "talking")
    await expect(pop(page).locator("h2")).to_have_text(first or "")
    call = await desk.newest_call(page)
    names = {desk.ids["anna"]: "Anna Nová", desk.ids["boris"]: "Boris Starý"}
    assert names[call["customer_id"]] == first


# --- click-to-dial ------------------------------------------------------------------------------------------------------------


def said(page: Page) -> Locator:
    """The sentence about the newest click-to-dial."""
    return page.locator("#dial-requests [data-request]").first.locator("[data-sentence]")


async def test_the_chosen_number_is_dialled_and_every_step_is_said(desk: Desk) -> None:
    page = await desk.sign_in("eva", path=f"/customers/{desk.ids['dana']}")
    desk.dialling(DANA_MOBILE)
    await page.locator("[data-main-dial]").click()
    await expect(page.locator("#choose-number li")).to_have_count(2)
    await page.keyboard.press("Digit2")
    await expect(said(page)).to_have_text("Your phone is ringing: pick it up.")
    desk.take()
    await expect(said(page)).to_have_text("Ringing at the other end…")
    await expect(pop(page).locator("h2")).to_have_text("דנה כהן")
    desk.take()
    await expect(said(page)).to_have_text("Connected.")
    await in_phase(page, "talking")
    desk.caller_hangs_up()
    await in_phase(page, "wrap_up")
    (order,) = desk.office.originates
    assert (order.agent.extension, order.number) == (EVA, DANA_MOBILE)
    call = await desk.newest_call(page, state="ended")
    assert (call["direction"], call["outcome"], call["customer_id"]) == ("outbound", "answered", desk.ids["dana"])


async def test_how_a_click_to_dial_failed_is_said_in_a_sentence(desk: Desk) -> None:
    page = await desk.sign_in("eva")
    endings = (
        ("+421905000001", Reaction.ANSWER, Reaction.BUSY, 17, "The line is busy."),
        ("+421905000002", Reaction.ANSWER, Reaction.DECLINE, 19, "Nobody answered."),
        ("+421905000003", Reaction.ANSWER, Reaction.DECLINE, 21, "The call was declined."),
        ("+421905000004", Reaction.IGNORE, Reaction.ANSWER, 0, "Your own phone was not picked up, so nothing was dialled."),
    )  # fmt: skip
    for number, phone, remote, cause, sentence in endings:
        desk.dialling(number, phone=phone, remote=remote, cause=cause)
        await page.locator("#dial-form input").fill(number)
        await page.keyboard.press("Enter")
        await expect(said(page)).to_have_text("Your phone is ringing: pick it up.")
        desk.pbx.hurry(EVA)
        if phone is Reaction.ANSWER:
            await until(lambda dialled=number: desk.office.dials(dialled), "the number is dialled")
            desk.pbx.hurry(EVA)
        await expect(said(page)).to_have_text(sentence)
    assert [order.number for order in desk.office.originates] == [ending[0] for ending in endings]


async def test_a_lost_link_ends_a_click_to_dial_in_a_sentence(desk: Desk) -> None:
    page = await desk.sign_in("eva")
    desk.dialling(STRANGER)
    await page.locator("#dial-form input").fill(STRANGER)
    await page.keyboard.press("Enter")
    await expect(said(page)).to_have_text("Your phone is ringing: pick it up.")
    desk.pbx.pause_reading()
    desk.pbx.cut_links()
    await expect(said(page)).to_have_text(
        "The telephone link was lost. Look at your phone; it will not be dialled again."
    )
    desk.pbx.pause_reading(False)
    await expect(page.locator("#pbx-lost")).to_be_hidden()
    assert len(desk.office.originates) == 1


async def test_a_double_click_dials_once(desk: Desk) -> None:
    page = await desk.sign_in("eva", path=f"/customers/{desk.ids['kovac']}")
    desk.dialling(KOVAC)
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer) if answer.url.endswith("/api/v1/calls") else None)
    await page.locator("[data-main-dial]").dblclick()
    await expect(said(page)).to_have_text("Your phone is ringing: pick it up.")
    await until(lambda: len(answers) == 2, "both clicks are answered")
    assert [answer.status for answer in answers] == [202, 202]
    assert [order.number for order in desk.office.originates] == [KOVAC]
    await expect(page.locator("#dial-requests [data-request]")).to_have_count(1)


# --- the supervisor -----------------------------------------------------------------------------------------------------------


async def test_the_live_board_moves_by_itself_and_says_when_it_is_stale(desk: Desk) -> None:
    page = await desk.sign_in("sofia", path="/live")
    loads: list[Request] = []
    page.on("request", lambda request: loads.append(request) if request.is_navigation_request() else None)
    orders = page.locator("#board-queue-rows tr", has_text="Orders")
    waiting, tile = orders.locator("[data-label=Waiting]"), page.locator("[data-tile=waiting] [data-value]")
    await expect(waiting).to_have_text("0")

    desk.ring(KOVAC, flow="queue_abandoned_unrung")
    await expect(waiting).to_have_text("1")
    await expect(tile).to_have_text("1")
    await expect(page.locator("#board-caller-rows li")).to_contain_text("Orders")
    desk.caller_gives_up(KOVAC)
    await expect(waiting).to_have_text("0")
    await expect(page.locator("#no-callers")).to_be_visible()

    desk.pbx.pause_reading()
    desk.pbx.cut_links()
    await expect(page.locator("#pbx-lost")).to_contain_text("Telephone link lost")
    await expect(page.locator("#lamp-phone")).to_have_attribute("data-state", "bad")
    await expect(orders.locator(".badge")).to_have_text("not up to date")
    desk.ring(STRANGER, flow="queue_abandoned_unrung")  # nobody hears it
    desk.pbx.pause_reading(False)
    await expect(page.locator("#pbx-lost")).to_be_hidden()
    await expect(orders.locator(".badge")).to_have_count(0)
    await expect(waiting).to_have_text("1")
    await expect(page.locator("#lamp-phone")).to_have_attribute("data-state", "ok")
    assert loads == []


async def test_the_board_shows_who_talks_and_whose_screen_is_open(desk: Desk) -> None:
    sofia, eva = await desk.sign_in("sofia", path="/live"), await desk.sign_in("eva")
    row = sofia.locator("#board-agent-rows tr", has_text="Eva Malá")
    await expect(row.locator("[data-label=Screen]")).to_have_text("open")
    await expect(row.locator(".state")).to_have_attribute("data-state", "ready")
    desk.ring(KOVAC)
    await expect(row.locator(".state")).to_have_attribute("data-state", "ringing")
    await in_phase(eva, "ringing")
    desk.take()
    await expect(row.locator(".state")).to_have_attribute("data-state", "talking")
    await expect(
        sofia.locator("#board-queue-rows tr", has_text="Support").locator("[data-label=Talking]")
    ).to_have_text("1")
    desk.caller_hangs_up()
    await expect(row.locator(".state")).to_have_attribute("data-state", "ready")
    await expect(pop(sofia)).to_have_count(0)
