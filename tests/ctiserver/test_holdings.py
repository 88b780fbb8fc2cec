"""Each kind of thing that is held in memory is told, explained in the docs, and gone when the work is done."""

from __future__ import annotations

import re
from pathlib import Path

from ctiserver.wiring import Service
from pbx.simulator import SimulatorServer
from tests.ctiserver.small_office import browser, office, ring, running, until
from tests.ctiserver.test_metrics import eventually, figures, scraped

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
METRICS = {"cti_held", "cti_pbx_held", "cti_push_buffer_bytes"}


async def held(service: Service) -> dict[tuple[str, str], float]:
    """(metric, kind) → how many; labels come sorted by their names."""
    found = figures(await scraped(service))
    return {(key[0], key[1]): value for key, value in found.items() if key[0] in METRICS}


async def test_each_kind_is_explained_and_each_explained_kind_exists(tmp_path: Path) -> None:
    async with SimulatorServer(office()) as pbx, running(pbx, tmp_path) as service:
        told = await held(service)
    page = PAGE.read_text(encoding="utf-8").partition("## What is held")[2].partition("\n## ")[0]
    explained = {
        (metric, kind)
        for metric, kinds in re.findall(r"^\| `(cti_\w+)` \| (`.+?`) \|", page, re.M)
        for kind in re.findall(r"`(\w+)`", kinds)
    }
    assert told.keys() == explained


async def test_a_call_is_held_while_it_lives(tmp_path: Path) -> None:
    async with SimulatorServer(office()) as pbx, running(pbx, tmp_path) as service, browser(service) as eva:
        before = await held(service)
        async with eva.live() as socket:
            await until(socket, "snapshot")
            ring(pbx)
            pop = await until(socket, "pop.show")
            during = await held(service)
            pbx.hurry("1001")
            while (await until(socket, "pop.update"))["phase"] != "talking":
                pass
            pbx.hurry("1001")
            while (await until(socket, "pop.update"))["phase"] != "wrap_up":
                pass
            status, _ = await eva.ask("POST", f"/calls/{pop['call']['id']}/finish", {})
            assert status < 300
        await eventually(service, lambda now: now["cti_pbx_held", "calls", "main"] == now["cti_held", "pops"] == 0)
        after = await held(service)
    assert during["cti_pbx_held", "calls"] == 1
    assert during["cti_pbx_held", "channels"] == 2
    assert during["cti_held", "pops"] == during["cti_held", "pop_calls"] == during["cti_held", "lookups"] == 1
    assert during["cti_held", "subscriptions"] > before["cti_held", "subscriptions"]
    assert during["cti_push_buffer_bytes", "kept"] > 0
    assert after["cti_pbx_held", "channels"] == after["cti_held", "lookups"] == after["cti_held", "pop_calls"] == 0
    assert after["cti_pbx_held", "tombstones"] == 2
    assert after["cti_held", "records"] == 1


async def test_a_click_that_the_pbx_refuses_is_not_awaited(tmp_path: Path) -> None:
    async with (
        SimulatorServer(office(), write=frozenset()) as pbx,
        running(pbx, tmp_path) as service,
        browser(service) as eva,
    ):
        status, problem = await eva.ask("POST", "/calls", {"to": "+421905123456"})
        told = await held(service)
    assert (status, problem["state"]) == (202, "refused")
    assert told["cti_pbx_held", "originates"] == told["cti_held", "dial_requests_open"] == 0
    assert told["cti_held", "dial_requests"] == 1
