"""What a played call leaves in the log: its id and how it ended; no number and no name of anybody outside."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

from crm_store.parties import PartyInput, PhoneInput
from ctiserver.log_setup import set_up_logs
from pbx.simulator import CallerPlan, SimulatorServer
from pbx.simulator.flows import FOREVER_S, Flow
from tests.contracts.examples import NOW
from tests.ctiserver.cli_run import logs_as_before
from tests.ctiserver.small_office import CALLER, browser, office, running, until

NAME = "Ján Kováč"
COMPANY = "Kováčove dvere"
NOTE = "Call back on 0907 000 111"
CALLER_NAME = 'Kovac\r\n{"level": "error", "event": "forged"}'


class Log(io.StringIO):
    """Says when the line of the ended call is there."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = asyncio.Event()

    def write(self, text: str) -> int:
        if '"call ended"' in text:
            self.ended.set()
        return super().write(text)


async def played(folder: Path) -> list[dict[str, Any]]:
    """The lines of one call with a pop, a note, a look-up, a search and a talk."""
    out = Log()
    with logs_as_before():
        set_up_logs(stream=out)
        async with (
            SimulatorServer(office()) as pbx,
            running(pbx, folder) as service,
            browser(service) as eva,
            eva.live() as socket,
        ):
            phones = (PhoneInput(raw=CALLER, label="mobile"),)
            await service.store.create_party(PartyInput(name=NAME, company=COMPANY, phones=phones), user="eva", now=NOW)
            await until(socket, "snapshot")
            caller = CallerPlan(number=CALLER, name=CALLER_NAME)
            pbx.start_flow("queue_answered", Flow(caller=caller, extension="1001", ring_s=FOREVER_S))
            pop = await until(socket, "pop.show")
            assert pop["customers"][0]["name"] == NAME
            call = pop["call"]["id"]
            await eva.ask("PUT", f"/calls/{call}/note", {"text": NOTE})
            await eva.ask("GET", f"/lookup?number=%2B{CALLER[1:]}")
            await eva.ask("GET", f"/customers?q={NAME}")
            await eva.ask("POST", "/calls", {"to": CALLER})
            await eva.ask("GET", "/calls/none-such")
            pbx.hurry("1001")
            await asyncio.wait_for(out.ended.wait(), 15)
    return [json.loads(line) for line in out.getvalue().splitlines()]


async def test_the_log_of_a_call_names_the_call_and_nobody_outside(tmp_path: Path) -> None:
    lines = await played(tmp_path)
    (ended,) = [line for line in lines if line["event"] == "call ended"]
    assert len(ended["call_id"]) == 26
    assert (ended["pbx"], ended["outcome"], ended["agents"]) == ("main", "answered", ["eva"])
    assert ended["number"] == "+42190***3456"
    everything = json.dumps(lines, ensure_ascii=False)
    for private in (CALLER[1:], "905123456", "905 123 456", NAME, "Kovac", COMPANY, "0907", "000111"):
        assert private not in everything, private
    assert all(line["event"] != "forged" for line in lines)
