"""Starts a demo, signs in as the first agent, and prints the seconds to the first screen-pop with the right card.

`python -m tests.first_pop COMMAND…` runs the command (`make demo DEMO="--json …"`) and ends it afterwards. The product's own
environment is enough: only aiohttp is used.
"""

import asyncio
import json
import os
import re
import signal
import sys
import time
from typing import Any

import aiohttp

READY_TIMEOUT_S = 90.0
POP_TIMEOUT_S = 30.0


async def main(command: list[str]) -> int:
    """Print one JSON line of seconds; 0 when all went well."""
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, start_new_session=True)
    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            demo = await _ready(process)
        listening = time.monotonic()
        async with asyncio.timeout(POP_TIMEOUT_S):
            name = await first_pop(demo["url"], demo["users"][0])
        popped = time.monotonic()
    finally:
        await _end(process)
    print(
        json.dumps(
            {
                "to_listening_s": round(listening - started, 2),
                "to_first_pop_s": round(popped - listening, 2),
                "whole_s": round(popped - started, 2),
                "customer": name,
            },
            ensure_ascii=False,
        )
    )
    return 0


async def _ready(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """The demo's line of JSON; what `make` says before it is passed on."""
    assert process.stdout is not None
    while line := await process.stdout.readline():
        if line.startswith(b"{"):
            found: dict[str, Any] = json.loads(line)
            return found
        sys.stderr.write(line.decode(errors="replace"))
    raise SystemExit("the demo ended before it listened")


async def first_pop(url: str, user: dict[str, str]) -> str:
    """Sign in as a browser does, open the push socket, and wait for a pop whose card has the caller's number."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), headers={"Origin": url}) as browser:
        async with browser.get(f"{url}/login") as page:
            found = re.search(r'name="csrf"[^>]*value="([^"]*)"', await page.text())
        form = {"user": user["name"], "password": user["password"], "csrf": found[1] if found else ""}
        async with browser.post(f"{url}/login", data=form, allow_redirects=False) as answer:
            if answer.status != 303:
                raise SystemExit(f"signing in as {user['name']} was answered with {answer.status}")
        async with browser.ws_connect(f"{url}/ws") as socket:
            while True:
                frame = await socket.receive_json()
                if frame["type"] == "pop.show":
                    return _right_card(frame["data"])


def _right_card(pop: dict[str, Any]) -> str:
    """The customer's name; ends the test when the card is not the caller's."""
    number = pop["call"]["remote"]["number"]
    cards = [card for card in pop["customers"] if any(phone["number"] == number for phone in card["phones"])]
    if pop["match"] != "one" or len(cards) != 1:
        raise SystemExit(f"the pop has the wrong card: match {pop['match']}, {len(pop['customers'])} cards")
    return str(cards[0]["name"] or cards[0]["company"])


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
