"""The call on the agent's screen, from the first ring to the saved note."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.centre import HOSTILE_NAME, Centre, pop_data, utc_now
from tests.browser.conftest import SignIn, listen, live

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def until_painted(page: Page, centre: Centre, pop_id: str) -> None:
    await expect(page.locator(f"[id='pop-{pop_id}']")).to_be_visible()
    for _ in range(200):
        if pop_id in centre.screens.painted_ids:
            return
        await page.wait_for_timeout(20)
    raise AssertionError("no receipt came")


@pytest.mark.parametrize("language", ["en", "he"])
async def test_a_call_rings_is_noted_and_is_on_the_timeline(centre: Centre, sign_in: SignIn, language: str) -> None:
    page = await sign_in(language=language)
    pop_id = await centre.ring("eva", "dana")
    pop = page.locator(".pop")
    await expect(pop).to_have_attribute("data-phase", "ringing")
    await expect(pop.locator("h2")).to_have_text("דנה כהן")
    await expect(pop.locator("[data-slot=number] bdi[dir=ltr]")).to_have_text("+972 3-123-4567")
    await expect(pop.locator("[data-slot=facts]")).to_contain_text("Prepare the contract")
    await until_painted(page, centre, pop_id)

    centre.screens.answer("eva", pop_id)
    await expect(pop).to_have_attribute("data-phase", "talking")
    await expect(page.locator("#card-place article")).to_be_visible()
    await page.keyboard.press("Alt+KeyN")
    await page.keyboard.type("Wants the credit note / זיכוי")
    await expect(pop.locator(".save-state")).to_have_attribute("data-state", "saved")
    centre.screens.hang_up("eva", pop_id)
    await expect(pop).to_have_attribute("data-phase", "wrap_up")
    await page.keyboard.press("Alt+Digit1")
    await expect(page.locator("#toasts")).to_contain_text({"en": "Solved", "he": "נפתר"}[language])
    await page.keyboard.press("Control+Enter")
    await page.goto(f"{centre.url}/customers/{centre.customers['dana'].id}")
    await expect(page.locator(".timeline li").first).to_contain_text("Wants the credit note / זיכוי")


async def test_the_pop_needs_no_request(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    pop_id = await centre.ring("eva", "jan")
    await until_painted(page, centre, pop_id)
    assert asked == []


async def test_the_receipt_comes_once_for_each_offer(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    pop_id = await centre.ring("eva", "jan")
    await until_painted(page, centre, pop_id)
    centre.screens.answer("eva", pop_id)
    await expect(page.locator(".pop[data-phase=talking]")).to_be_visible()
    await page.wait_for_timeout(100)
    assert centre.screens.painted_ids == [pop_id]


async def test_a_ring_takes_no_focus_from_who_types(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in(path="/customers/new")
    await page.locator("#f-name").fill("")
    await page.locator("#f-name").press_sequentially("Anna")
    await centre.ring("eva", "jan")
    await expect(page.locator(".pop")).to_be_visible()
    await page.keyboard.type(" Nová")
    await expect(page.locator("#f-name")).to_have_value("Anna Nová")


async def test_an_unknown_caller_becomes_a_customer_with_a_note(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    pop_id = await centre.ring("eva")
    centre.screens.answer("eva", pop_id)
    await expect(page.locator(".pop-new input[name=number]")).to_have_value("+421 911 222 333")
    await page.keyboard.press("Alt+KeyN")
    await page.keyboard.type("Tomáš Biely")
    await page.keyboard.press("Alt+KeyN")
    await page.keyboard.type("asks for a price list")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".pop h2")).to_have_text("Tomáš Biely")
    found = await centre.store.parties("Biely", kind=None, cursor=None, limit=5)
    assert [party.phones[0].number for party in found.items] == ["+421911222333"]
    await expect(page.locator(".pop .save-state")).to_have_attribute("data-state", "saved")
    note = await centre.store.call_note(centre.screens.pops["eva"][pop_id]["call"]["id"])
    assert note.text == "asks for a price list"


async def test_several_customers_are_chosen_by_a_digit(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    pop_id = await centre.ring("eva")
    await expect(page.locator(".pop")).to_be_visible()
    cards = [await centre.store.card(centre.customers[key].id) for key in ("jan", "pawel")]
    pop = centre.screens.pops["eva"][pop_id]
    pop.update(match="several", reason="suffix", customers=cards)
    centre.screens.update("eva", pop_id)
    await expect(page.locator("[data-slot=choose-title]")).to_have_text("Maybe one of these:")
    await page.keyboard.press("Digit2")
    await expect(page.locator(".pop h2")).to_have_text("Paweł Nowak")
    await expect(page.locator("[data-slot=choose]")).to_be_hidden()


@pytest.mark.parametrize("language", ["en", "he"])
async def test_a_line_without_a_name_is_a_readable_number(centre: Centre, sign_in: SignIn, language: str) -> None:
    page = await sign_in(language=language)
    await centre.ring("eva", "jan", did_label=None)
    await expect(page.locator("[data-slot=did] bdi[dir=ltr]")).to_have_text("+421 2 555 012 34")


async def test_a_withheld_number_offers_no_form(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    remote = {"number": None, "display": None, "name": None, "kind": "withheld"}
    await centre.ring("eva", remote=remote, match="withheld")
    await expect(page.locator(".pop h2")).to_have_text("Number withheld")
    await expect(page.locator(".pop-new")).to_be_hidden()
    await expect(page.locator(".pop textarea")).to_be_visible()


async def test_a_call_from_a_colleague_is_a_strip(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    remote = {"number": "1002", "display": "1002", "name": "Jan", "kind": "internal"}
    centre.screens.show("eva", pop_data("eva", remote=remote, match="internal", direction="internal"))
    await expect(page.locator(".pop h2")).to_have_text("Jan")
    await expect(page.locator(".pop textarea")).to_be_hidden()
    await expect(page.locator(".pop .outcomes")).to_be_hidden()


async def test_a_number_that_turns_out_to_be_withheld_leaves_the_screen(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    pop_id = await centre.ring("eva", "jan")
    await expect(page.locator(".pop h2")).to_have_text("Ján Kováč")
    pop = centre.screens.pops["eva"][pop_id]
    pop.update(match="withheld", reason=None, customers=[])
    centre.screens.update("eva", pop_id, remote={"number": None, "display": None, "name": None, "kind": "withheld"})
    await expect(page.locator(".pop h2")).to_have_text("Number withheld")
    await expect(page.locator(".pop")).not_to_contain_text("905")


async def test_a_hostile_name_is_text(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    await centre.ring("eva", "hostile")
    shown = await page.locator(".pop h2").text_content()
    assert shown == HOSTILE_NAME.strip()
    assert await page.locator("img, .pop b, .pop i").count() == 0
    await expect(page).to_have_title(re.compile("☎"))


async def test_a_name_of_300_characters_keeps_the_card_in_its_column(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    remote = {"number": "+421905", "display": "+421905", "name": "x" * 300, "kind": "e164"}
    await centre.ring("eva", remote=remote)
    box = await page.locator(".pop").bounding_box()
    assert box is not None
    assert box["width"] < 440
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_reload_in_mid_call_shows_the_same_call_and_text(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    pop_id = await centre.ring("eva", "jan")
    centre.screens.answer("eva", pop_id)
    await expect(page.locator(".pop[data-phase=talking]")).to_be_visible()
    await page.locator(".pop textarea").fill("typed just before the reload")
    await page.reload()
    await live(page)
    await expect(page.locator(".pop textarea")).to_have_value("typed just before the reload")
    await expect(page.locator(".pop .save-state")).not_to_have_attribute("data-state", "failed")
    call_id = centre.screens.pops["eva"][pop_id]["call"]["id"]
    for _ in range(100):
        if (await centre.store.call_note(call_id)).text:
            break
        await page.wait_for_timeout(50)
    assert (await centre.store.call_note(call_id)).text == "typed just before the reload"


async def test_a_second_tab_shows_and_shares_the_call(
    centre: Centre, sign_in: SignIn, profile: BrowserContext, complaints: list[str]
) -> None:
    first = await sign_in()
    second = await profile.new_page()
    listen(second, complaints)
    await second.goto(f"{centre.url}/customers")
    await live(second)
    assert centre.push.connected("eva") == 1
    pop_id = await centre.ring("eva", "jan")
    for page in (first, second):
        await expect(page.locator(".pop h2")).to_have_text("Ján Kováč")
    centre.screens.answer("eva", pop_id)
    await first.bring_to_front()
    await first.locator(".pop textarea").fill("from the first tab")
    await expect(first.locator(".pop .save-state")).to_have_attribute("data-state", "saved")
    await expect(second.locator(".pop textarea")).to_have_value("from the first tab")
    await first.close()
    centre.screens.hang_up("eva", pop_id)
    await expect(second.locator(".pop")).to_have_attribute("data-phase", "wrap_up")


async def test_what_became_of_a_call_stays_as_one_line(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    answered = await centre.ring("eva", "jan")
    await expect(page.locator(".pop")).to_be_visible()
    centre.screens.retract("eva", answered, "answered_elsewhere", "jan")
    await expect(page.locator(".fold-line")).to_have_text("Jan answered: Ján Kováč")
    missed = await centre.ring("eva", "dana")
    await expect(page.locator(".pop")).to_be_visible()
    centre.screens.retract("eva", missed, "caller_gave_up")
    await expect(page.locator(".fold-line.missed")).to_contain_text("Caller gave up: דנה כהן")
    await expect(page.locator(".pop")).to_have_count(0)
    await page.locator(".fold-line.missed button", has_text="Call back").click()
    await page.locator("#choose-number [data-digit='1'], [data-request]").first.wait_for()


async def test_a_closed_pop_stays_closed(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    pop_id = await centre.ring("eva", "jan")
    await page.locator(".pop [data-dismiss]").click()
    await expect(page.locator(".pop")).to_have_count(0)
    assert centre.screens.dismissed_ids == [pop_id]
    await page.reload()
    await live(page)
    await expect(page.locator(".pop")).to_have_count(0)


async def test_two_calls_keep_two_notes(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    first = await centre.ring("eva", "jan")
    centre.screens.answer("eva", first)
    await expect(page.locator(".pop[data-phase=talking]")).to_be_visible()
    await page.keyboard.press("Alt+KeyN")
    await page.keyboard.type("about Jan")
    second = await centre.ring("eva", "dana")
    await expect(page.locator(".pop.folded")).to_contain_text("דנה כהן")
    await page.keyboard.type(", still about Jan")
    await page.keyboard.press("Alt+ArrowDown")
    await page.keyboard.press("Alt+KeyN")
    await page.keyboard.type("about Dana")
    await expect(page.locator(f"[id='note-{first}']")).to_have_value("about Jan, still about Jan")
    await expect(page.locator(f"[id='note-{second}']")).to_have_value("about Dana")


async def test_a_new_call_opens_over_an_unfinished_wrap_up(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    first = await centre.ring("eva", "jan")
    centre.screens.answer("eva", first)
    centre.screens.hang_up("eva", first)
    await expect(page.locator(".pop[data-phase=wrap_up]")).to_be_visible()
    await centre.ring("eva", "dana")
    await expect(page.locator(".pop.current h2")).to_have_text("דנה כהן")
    await expect(page.locator(".pop.folded")).to_contain_text("Ján Kováč")


async def test_a_new_call_does_not_fold_the_note_that_is_being_typed(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    first = await centre.ring("eva", "jan")
    centre.screens.answer("eva", first)
    centre.screens.hang_up("eva", first)
    await expect(page.locator(".pop[data-phase=wrap_up]")).to_be_visible()
    await page.keyboard.press("Alt+KeyN")
    await page.keyboard.type("still ")
    await centre.ring("eva", "dana")
    await expect(page.locator(".pop.current h2")).to_have_text("דנה כהן")
    await page.keyboard.type("writing")
    await expect(page.locator(f"[id='note-{first}']")).to_have_value("still writing")
    await page.keyboard.press("Alt+Digit1")
    await expect(page.locator("#toasts")).to_contain_text("Solved")
    await expect(page.locator(".pop.current [data-disposition=solved]")).to_have_attribute("aria-pressed", "false")


async def test_signing_in_again_in_one_tab_is_enough_for_all(
    centre: Centre, sign_in: SignIn, profile: BrowserContext, complaints: list[str]
) -> None:
    first = await sign_in()
    second = await profile.new_page()
    await second.goto(f"{centre.url}/tasks")
    await live(second)
    for session in await centre.store.live_sessions(now=utc_now()):
        await centre.store.end_session(session.token_hash)
        centre.push.close_sessions_of(session.token_hash)
    for page in (first, second):
        await expect(page.locator("#sign-in-dialog")).to_be_visible()
    await first.locator("#again-password").fill("a long walk by the river")
    await first.locator("#again-form button[type=submit]").click()
    for page in (first, second):
        await expect(page.locator("#sign-in-dialog")).to_be_hidden()
        await live(page)
    await second.locator("[data-complete]").first.click()
    await expect(second.locator("#toasts")).to_contain_text("Task completed.")
    complaints[:] = [one for one in complaints if "401" not in one and "403" not in one]


# --- saving ------------------------------------------------------------------------------------------------------------------


async def test_an_outcome_in_wrap_up_can_be_taken_back(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    pop_id = await centre.ring("eva", "jan")
    centre.screens.answer("eva", pop_id)
    centre.screens.hang_up("eva", pop_id)
    await expect(page.locator(".pop[data-phase=wrap_up]")).to_be_visible()
    await page.keyboard.press("Alt+Digit4")
    await expect(page.locator(".pop")).to_be_hidden()
    await page.locator("#toasts button", has_text="Undo").click()
    await expect(page.locator(".pop")).to_be_visible()
    await expect(page.locator(".pop [data-disposition=complaint]")).to_have_attribute("aria-pressed", "false")
    await expect(page.locator("#lamp-saved")).to_have_attribute("data-state", "ok")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".pop")).to_have_count(0)
    call_id = (pop_id).split("-")[0]
    assert (await centre.store.call_note(call_id)).disposition is None


async def test_leaving_the_page_while_the_outcome_can_be_taken_back_finishes_the_call(
    centre: Centre, sign_in: SignIn, profile: BrowserContext, complaints: list[str]
) -> None:
    page = await sign_in()
    stays = await profile.new_page()
    listen(stays, complaints)
    await stays.goto(f"{centre.url}/tasks")
    await live(stays)
    pop_id = await centre.ring("eva", "jan")
    centre.screens.answer("eva", pop_id)
    centre.screens.hang_up("eva", pop_id)
    await page.bring_to_front()
    await expect(page.locator(".pop[data-phase=wrap_up]")).to_be_visible()
    await page.keyboard.press("Alt+Digit1")
    await expect(page.locator("#toasts button", has_text="Undo")).to_be_visible()
    await page.goto("about:blank")
    await expect(stays.locator(".pop")).to_have_count(0)
    assert centre.screens.pops["eva"] == {}


async def test_a_note_that_cannot_be_saved_is_kept_and_tried_again(
    centre: Centre, sign_in: SignIn, complaints: list[str]
) -> None:
    page = await sign_in()
    pop_id = await centre.ring("eva", "jan")
    await expect(page.locator(".pop")).to_be_visible()
    await page.route("**/note", lambda route: route.abort())
    await page.locator(".pop textarea").fill("do not lose me")
    await expect(page.locator(".pop .save-state")).to_have_text("not saved, retrying")
    await expect(page.locator("#lamp-saved")).to_have_attribute("data-state", "bad")
    await page.unroute("**/note")
    await expect(page.locator(".pop .save-state")).to_have_attribute("data-state", "saved")
    await expect(page.locator("#lamp-saved")).to_have_attribute("data-state", "ok")
    assert (await centre.store.call_note(pop_id.split("-")[0])).text == "do not lose me"
    complaints[:] = [one for one in complaints if "Failed to load resource" not in one]


async def test_a_note_that_was_changed_elsewhere_shows_both(
    centre: Centre, sign_in: SignIn, complaints: list[str]
) -> None:
    page = await sign_in()
    pop_id = await centre.ring("eva", "jan")
    await expect(page.locator(".pop")).to_be_visible()
    call_id = pop_id.split("-")[0]
    await centre.store.save_note(call_id, "what the supervisor wrote", user="sofia", now=utc_now())
    await page.locator(".pop textarea").fill("what I wrote")
    await expect(page.locator(".pop .save-state")).to_have_text("changed elsewhere")
    await expect(page.locator("[data-slot=other-text]")).to_have_text("what the supervisor wrote")
    await page.locator(".pop [data-keep=both]").click()
    await expect(page.locator(".pop .save-state")).to_have_attribute("data-state", "saved")
    assert (await centre.store.call_note(call_id)).text == "what the supervisor wrote\nwhat I wrote"
    complaints[:] = [one for one in complaints if "412" not in one]


async def test_signed_out_in_mid_call_asks_over_the_page_and_keeps_the_text(
    centre: Centre, sign_in: SignIn, complaints: list[str]
) -> None:
    page = await sign_in()
    pop_id = await centre.ring("eva", "jan")
    await expect(page.locator(".pop")).to_be_visible()
    for session in await centre.store.live_sessions(now=utc_now()):
        await centre.store.end_session(session.token_hash)
        centre.push.close_sessions_of(session.token_hash)
    dialog = page.locator("#sign-in-dialog")
    await expect(dialog).to_be_visible()
    await page.evaluate("document.querySelector('.pop textarea').value = 'written while signed out'")
    await page.evaluate("document.querySelector('.pop textarea').dispatchEvent(new Event('input'))")
    await dialog.locator("#again-password").fill("wrong")
    await dialog.locator("button[type=submit]").click()
    await expect(dialog.locator("[data-error]")).to_have_text("User or password is wrong.")
    await dialog.locator("#again-password").fill("a long walk by the river")
    await dialog.locator("button[type=submit]").click()
    await expect(dialog).to_be_hidden()
    await live(page)
    await expect(page.locator(".pop .save-state")).to_have_attribute("data-state", "saved")
    assert (await centre.store.call_note(pop_id.split("-")[0])).text == "written while signed out"
    complaints[:] = [one for one in complaints if "401" not in one and "403" not in one]


async def test_a_lost_connection_says_how_old_the_data_is(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    await expect(page.locator("#my-queues")).to_contain_text("2 waiting")
    await centre.push.close_all()
    await expect(page.locator("#stale")).to_contain_text("Reconnecting… data as of")
    centre.push._stopping = False
    await live(page)
    await expect(page.locator("#stale")).to_be_hidden()
    await centre.ring("eva", "jan")
    await expect(page.locator(".pop h2")).to_have_text("Ján Kováč")


async def test_a_lost_telephone_link_is_said(centre: Centre, sign_in: SignIn) -> None:
    page = await sign_in()
    centre.pbx_state.update(state="lost", since="2026-03-02T09:31:00Z")
    centre.broker.publish("pbx", "pbx.update", dict(centre.pbx_state))
    await expect(page.locator("#pbx-lost")).to_contain_text("Telephone link lost 10:31")
    await expect(page.locator("#lamp-phone")).to_have_attribute("data-state", "bad")
