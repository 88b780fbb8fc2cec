"""Every figure is explained, moves with what it counts, and tells nothing about callers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from ctiserver.wiring import Service
from pbx.simulator import SimulatorServer
from tests.ctiserver.small_office import CALLER, browser, office, ring, running, until

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def figures(text: str) -> dict[tuple[str, ...], float]:
    """(name, label values…) → value."""
    families = text_string_to_metric_families(text)
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


async def scraped(service: Service) -> str:
    async with browser(service) as eva, eva.http.get(f"{service.url}/metrics") as answer:
        assert answer.status == 200
        return await answer.text()


async def test_every_metric_has_its_line_in_the_docs_and_every_line_its_metric(tmp_path: Path) -> None:
    async with SimulatorServer(office()) as pbx, running(pbx, tmp_path) as service:
        text = await scraped(service)
    families = {family.name: family for family in text_string_to_metric_families(text)}
    ours = {
        name + ("_total" if family.type == "counter" else "")
        for name, family in families.items()
        if name.startswith("cti_") and not name.endswith("_created")
    }
    page = PAGE.read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `(cti_\w+)` \|", page, re.M))
    assert ours | {"cti_certificate_expires_timestamp_seconds"} == explained
    others = set(re.findall(r"`((?:process|python)_\w+)`", page))
    assert {one.removesuffix("_total") for one in others} - {"python_gc_"} <= families.keys()


async def test_alarms_name_metrics_that_exist() -> None:
    page = PAGE.read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `(cti_\w+)` \|", page, re.M))
    alarmed = {name.removesuffix("_bucket") for name in re.findall(r"cti_\w+", page.partition("## Worth an alarm")[2])}
    assert alarmed <= explained


async def test_a_call_is_counted_and_nothing_tells_whose(tmp_path: Path) -> None:
    async with (
        SimulatorServer(office()) as pbx,
        running(pbx, tmp_path) as service,
        browser(service) as eva,
        eva.live() as socket,
    ):
        await until(socket, "snapshot")
        ring(pbx)
        await until(socket, "pop.show")
        during = figures(await scraped(service))
        assert during["cti_calls_open", "main"] == 1
        assert during["cti_pbx_state", "main", "connected"] == 1
        assert during["cti_push_sockets",] == 1
        assert during["cti_pop_delay_seconds_count",] == 1
        pbx.hurry("1001")
        ended = ("cti_calls_ended_total", "inbound", "answered", "main")  # labels come sorted
        after = await eventually(service, lambda found: found.get(ended) == 1)
    assert after["cti_calls_open", "main"] == 0
    assert after["cti_database_commits_total",] > during["cti_database_commits_total",]
    assert after["cti_disk_free_bytes", "database"] > 0


async def test_a_lost_link_and_the_gap_are_counted(tmp_path: Path) -> None:
    async with SimulatorServer(office()) as pbx, running(pbx, tmp_path) as service:
        pbx.cut_links()
        found = await eventually(service, lambda now: now["cti_pbx_resyncs_total", "main"] == 2)
    assert found["cti_pbx_link_losses_total", "main"] == 1
    assert found["cti_pbx_resync_seconds", "main"] >= 0


async def eventually(
    service: Service, true: Callable[[dict[tuple[str, ...], float]], bool]
) -> dict[tuple[str, ...], float]:
    """The figures once they are as expected; none of them ever names the caller."""
    async with asyncio.timeout(15):
        while True:
            text = await scraped(service)
            assert CALLER[1:] not in text
            if true(found := figures(text)):
                return found
            await asyncio.sleep(0.1)
