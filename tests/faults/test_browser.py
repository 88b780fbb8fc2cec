"""A browser sleeps or changes its network while phones ring: it misses nothing and shows nothing that is over."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from pbx.simulator import SimulatorServer
from tests.ctiserver.small_office import CALLER, Program, browser, office, ring, running
from tests.faults.found import Faults, Found
from tests.faults.stage import until as true


@dataclass(slots=True)
class Screen:
    """What Eva's browser has, by the frames alone; `shown` is how often each pop came up."""

    stream: str = ""
    seq: int = 0
    offered: tuple[str, int] = ("", 0)
    pops: dict[str, Any] = field(default_factory=dict)
    shown: int = 0
    snapshots: int = 0
    holes: int = 0

    async def live(self, eva: Program, *, resume: bool, until: str) -> None:
        """Connect, follow until a frame of this type, and lose the connection without a word."""
        async with eva.live() as socket:
            asked: dict[str, Any] = {"type": "subscribe", "topics": ["pops"]}
            await socket.send_json({**asked, "stream": self.stream, "since": self.seq} if resume else asked)
            while await self._take(socket) != until:
                pass
            socket._response.connection.transport.abort()  # type: ignore[union-attr]

    async def _take(self, socket: aiohttp.ClientWebSocketResponse) -> str:
        frame = await socket.receive_json(timeout=10)
        kind, data = str(frame["type"]), frame["data"]
        if kind == "hello":
            self.offered = (data["stream"], frame["seq"])
            return kind
        if kind == "snapshot":
            self.stream, self.seq = self.offered  # else the old one goes on
            self.snapshots += 1
            self.pops = {pop["pop_id"]: pop for pop in data["pops"]}
        elif kind == "pop.retract":
            self.pops.pop(data["pop_id"], None)
        elif kind in ("pop.show", "pop.update"):
            self.shown += kind == "pop.show"
            self.pops[data["pop_id"]] = data
        self.holes += frame["seq"] != self.seq + 1
        self.seq = frame["seq"]
        return kind


@pytest.mark.parametrize("resume", [True, False], ids=["resumes", "begins anew"])
async def test_a_browser_that_sleeps(tmp_path: Path, resume: bool, fault: Faults) -> None:
    wrong = []
    async with SimulatorServer(office()) as pbx, running(pbx, tmp_path) as service, browser(service) as eva:
        screen, state = Screen(), service.pumps["main"].state
        await screen.live(eva, resume=False, until="snapshot")
        ring(pbx)
        await true(lambda: any(leg.rang_at for call in state.open_calls() for leg in call.legs))
        await service.call_log.flush()
        await screen.live(eva, resume=resume, until="pop.show" if resume else "snapshot")
        if [pop["phase"] for pop in screen.pops.values()] != ["ringing"]:
            wrong.append(f"the ringing call was missed: {list(screen.pops)}")
        pbx.hang_up(CALLER)
        await true(lambda: not state.open_calls())
        await screen.live(eva, resume=resume, until="pop.retract" if resume else "snapshot")
        if screen.pops:
            wrong.append(f"ghosts: {list(screen.pops)}")
    if screen.holes or screen.shown != int(resume) or screen.snapshots != (1 if resume else 3):
        wrong.append(f"{screen.shown} shows, {screen.snapshots} snapshots, {screen.holes} holes")
    fault(
        "R10",
        f"the browser sleeps while a phone rings and while the caller gives up; it {'resumes' if resume else 'begins anew'}",
        "no missed ringing call, no ghost pop, no hole",
        Found(wrong=tuple(wrong), more=f"{screen.snapshots} snapshots, {screen.shown} shows"),
    )
