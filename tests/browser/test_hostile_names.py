"""What a stranger puts into the caller's name stays text: on every page, in the API, in a spreadsheet, in a terminal."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, expect

from pbx.simulator import CallerPlan
from tests.browser import main_job_desk
from tests.browser.main_job_desk import Desk, in_phase, pop

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

desk = main_job_desk.desk
mode = main_job_desk.mode

PLAIN = "Plain Name"
# What the trunk sends, and what is left of it when the bytes are no UTF-8.
NAMES = {
    "markup": '<img src=x onerror="document.title=1"><script>document.title=2</script>',
    "closing": '</textarea></template></title><svg onload="document.title=3">"><b>bold</b>',
    "quotes": 'O\'Neil "Bo\\b" &lt;b&gt; &amp; {{7*7}} ${8*8} %(name)s',
    "long": "x" * 300,
    "broken": "caf\udce9 \udcff\udcfe",
    "turned": "\u202egnp.exe\u202c \u2066isolate \u200f",
    "terminal": "\x1b]0;owned\x07\x1b[31mred\x1b[0m \x9b2J",
    "formula": '=HYPERLINK("http://127.0.0.1/?x","click")',
}
RECEIVED = NAMES | {"broken": "caf\ufffd \ufffd\ufffd"}
CENSUS = "(place) => [...place.querySelectorAll('*')].map((one) => one.localName)"

# The elements of another page's content, as the browser parses it.
PARSED = """async (path) => {
    const page = new DOMParser().parseFromString(await (await fetch(path)).text(), "text/html");
    return [...page.querySelectorAll("main *")].map((one) => one.localName);
}"""


async def census(page: Page, selector: str) -> Counter[str]:
    """How many elements of each kind are inside the first such place."""
    return Counter(await page.locator(selector).first.evaluate(CENSUS))


def caller(number: int, name: str) -> CallerPlan:
    return CallerPlan(number=f"+4219110000{number:02d}", name=name)


async def rings_and_is_taken(desk: Desk, page: Page, plan: CallerPlan) -> Counter[str]:
    """What the pop of this caller is built of while they talk."""
    desk.ring(plan)
    await in_phase(page, "ringing")
    await expect(pop(page).locator("h2 bdi")).to_be_visible()
    desk.take()
    await in_phase(page, "talking")
    return await census(page, "#pops .pop")


async def is_saved(desk: Desk, page: Page) -> None:
    """The talk ends, the call leaves the screen."""
    desk.caller_hangs_up()
    await in_phase(page, "wrap_up")
    await page.keyboard.press("Control+Enter")
    await expect(pop(page)).to_have_count(0)


async def test_no_name_adds_an_element_to_a_page(desk: Desk) -> None:
    page = await desk.sign_in("eva")
    scripts = await page.locator("script, img, iframe, object, embed").count()
    built = await rings_and_is_taken(desk, page, caller(0, PLAIN))
    await is_saved(desk, page)
    for number, (kind, name) in enumerate(NAMES.items(), 1):
        assert await rings_and_is_taken(desk, page, caller(number, name)) == built, kind
        assert await pop(page).locator("h2").text_content() == RECEIVED[kind].strip()
        assert await page.locator("script, img, iframe, object, embed").count() == scripts
        assert await page.title() not in ("1", "2", "3")
        await is_saved(desk, page)
    await the_lists_are_unharmed(desk, page)


async def the_lists_are_unharmed(desk: Desk, page: Page) -> None:
    """Each row of the calls and each call's own page is built alike, whatever the name."""
    calls = (await desk.api(page, "/calls"))["items"]
    assert {call["remote"]["name"] for call in calls} == {PLAIN, *RECEIVED.values()}
    await page.goto(f"{desk.url}/calls")
    rows = await page.locator("#list tr[data-row]").evaluate_all(f"(rows) => rows.map({CENSUS})")
    assert len(rows) == len(calls)
    assert len({json.dumps(sorted(row)) for row in rows}) == 1
    pages = [await page.evaluate(PARSED, f"/calls/{call['id']}") for call in calls]
    assert all(one == pages[0] for one in pages)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_the_export_has_no_formula(desk: Desk) -> None:
    eva, sofia = await desk.sign_in("eva"), await desk.sign_in("sofia", path="/live")
    names = ["=1+1", "+421", "-2+3", "@SUM(A1)", "\t=1", "x\t=cmd|' /C calc'!A0", NAMES["formula"], NAMES["broken"]]
    for number, name in enumerate(names):
        await rings_and_is_taken(desk, eva, caller(number, name))
        await is_saved(desk, eva)
    answer = await sofia.request.get(f"{desk.url}/api/v1/calls.csv")
    text = (await answer.body()).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == len(names)
    for separator in (",", ";", "\t", "|"):
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            assert [
                cell for cell in row if cell.lstrip(" \"'").startswith(("=", "+", "-", "@")) and "'" not in cell
            ] == []
    assert sum("'=1+1" in row["caller_name"] for row in rows) == 1


@asynccontextmanager
async def watching(desk: Desk, *options: str) -> AsyncIterator[asyncio.StreamReader]:
    """`ctiserver watch` in a terminal of eva's."""
    token = await desk.token("eva")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ctiserver", "watch", desk.url, "--token", token, *options, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.terminate()
        await process.wait()


async def heard(output: asyncio.StreamReader, what: str) -> bytes:
    """Everything up to the line in which this text stands."""
    said = b""
    async with asyncio.timeout(20):
        while what.encode() not in said:
            line = await output.readline()
            assert line, said
            said += line
    return said


@pytest.mark.parametrize(("options", "phase"), [([], "pop    {}"), (["--json"], '"phase": "{}"')])
async def test_watch_sends_no_command_to_the_terminal(desk: Desk, options: list[str], phase: str) -> None:
    async with watching(desk, *options) as output:
        said = await heard(output, "connected")
        for number, name in enumerate(NAMES.values()):
            desk.ring(caller(number, name))
            said += await heard(output, phase.format("ringing"))
            desk.take()
            said += await heard(output, phase.format("talking"))
            desk.caller_hangs_up()
            said += await heard(output, phase.format("wrap_up"))
    text = said.decode()  # whole lines are UTF-8
    assert "caf" in text
    unsafe = {char for char in text if ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0} - {"\n"}
    assert unsafe == set()
    if not options:
        assert not set("\u202e\u202c\u2066\u200f") & set(text)


async def test_a_name_that_breaks_the_protocol_is_one_name(desk: Desk) -> None:
    page = await desk.sign_in("eva")
    name = "Bob\r\nEvent: Hangup\r\nUniqueid: 1.1\r\n\r\n"
    desk.ring(caller(1, name))
    await in_phase(page, "ringing")
    await expect(pop(page).locator("h2")).to_contain_text("Bob Event: Hangup Uniqueid: 1.1")
    call = await desk.newest_call(page)
    assert call["remote"]["name"] == name
