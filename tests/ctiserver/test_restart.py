"""Our own process stops and comes back in the middle of a call."""

from __future__ import annotations

from pathlib import Path

import aiohttp

from pbx.simulator import SimulatorServer
from tests.ctiserver.small_office import Program, browser, office, ring, running, until


async def first_pops(eva: Program) -> list[str]:
    """Phases of what is on Eva's screen when she connects."""
    async with eva.live() as socket:
        return [pop["phase"] for pop in (await until(socket, "snapshot"))["pops"]]


async def dismissed(socket: aiohttp.ClientWebSocketResponse, pop_id: str) -> None:
    await socket.send_json({"type": "dismiss", "pop_id": pop_id})
    assert (await until(socket, "pop.retract"))["reason"] == "dismissed"


async def test_a_ringing_call_is_on_the_screen_again(tmp_path: Path) -> None:
    async with SimulatorServer(office()) as pbx:
        async with running(pbx, tmp_path) as service, browser(service) as eva, eva.live() as socket:
            await until(socket, "snapshot")
            ring(pbx)
            await until(socket, "pop.show")
            await service.call_log.flush()
        async with running(pbx, tmp_path) as service, browser(service) as eva:
            assert await first_pops(eva) == ["ringing"]


async def test_what_the_agent_closed_stays_closed(tmp_path: Path) -> None:
    async with SimulatorServer(office()) as pbx:
        async with running(pbx, tmp_path) as service, browser(service) as eva, eva.live() as socket:
            await until(socket, "snapshot")
            ring(pbx)
            await dismissed(socket, (await until(socket, "pop.show"))["pop_id"])
        async with running(pbx, tmp_path) as service, browser(service) as eva:
            assert await first_pops(eva) == []
