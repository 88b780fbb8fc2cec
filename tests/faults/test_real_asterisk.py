"""Hands off the real Asterisk: our pauses leave nothing behind, and a frozen link is replaced within fifteen seconds."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path

import pytest

from tests.asterisk.pbx import RealAsterisk
from tests.asterisk.plan import BANK_PHONES, DID
from tests.asterisk.served import ServedProcess
from tests.asterisk.service import NUMBERS, service_beside
from tests.asterisk.sipp import Caller, PhoneBank
from tests.asterisk.sipp_scenarios import Answering, Calling
from tests.fakes.cut_proxy import CutProxy
from tests.faults.found import Faults, Found
from tests.faults.stage import until

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(200)]

#: The queue has no members of its own: these log in, as agents do, and AstDB keeps their pauses.
QUEUE, WAITING_ROOM = "nobody", DID(46)
AGENTS = BANK_PHONES[:6]
AT_LUNCH = AGENTS[5]
PAUSING = "[wrap_up]\ndefault_s = 600\npause_members = true\n"
_MEMBER = re.compile(r"PJSIP/(\d+).*?\(paused(?::(\w*))?")
_KEPT = re.compile(r"PJSIP/(\d+);\d+;1;[^|]*")


async def _shown(pbx: RealAsterisk) -> dict[str, str]:
    """Who is paused and why, as `queue show` says."""
    return dict(_MEMBER.findall(await pbx.cli(f"queue show {QUEUE}")))


async def _kept(pbx: RealAsterisk) -> set[str]:
    """Who would be paused after a restart of Asterisk, as AstDB says."""
    return set(_KEPT.findall(await pbx.cli("database show Queue/PersistentMembers")))


async def _ours(pbx: RealAsterisk, count: int) -> None:
    async def so_many() -> bool:
        return list((await _shown(pbx)).values()).count("wrapup") == count

    await until(so_many, what=f"{count} paused by us: {await pbx.cli(f'queue show {QUEUE}')}")


@pytest.mark.parametrize("away_s", [3.0, pytest.param(60.0, marks=pytest.mark.long)])
async def test_nobody_stays_paused_because_of_us(tmp_path: Path, away_s: float, fault: Faults) -> None:
    async with RealAsterisk() as pbx:
        for extension in AGENTS:
            await pbx.cli(f"queue add member PJSIP/{extension} to {QUEUE}")
        await pbx.cli(f"queue pause member PJSIP/{AT_LUNCH} queue {QUEUE} reason lunch")
        ours = ServedProcess(pbx, tmp_path, agents=AGENTS)
        with (tmp_path / "ctiserver.toml").open("a", encoding="utf-8") as configuration:
            configuration.write(PAUSING)
        async with ours, PhoneBank(pbx, Answering(after_ms=100, talk_ms=300)):
            for number in NUMBERS[:5]:
                await Caller(pbx, WAITING_ROOM, number=number).call()
            await _ours(pbx, 5)
            kept_before = await _kept(pbx)
            waiting = Caller(pbx, WAITING_ROOM, number=NUMBERS[5:8], count=3, behaviour=Calling(hangup_ms=90_000))
            await waiting.dial()
            await until(lambda: _waiting(ours, 3))
            before = {one["id"] for one in await ours.store.open_calls("main")}
            await ours.kill()
            await asyncio.sleep(away_s)
            await ours.start()
            live = time.monotonic()
            first = await _first_without(pbx)
            released_s = time.monotonic() - live
            await waiting.finished()
            await _ours(pbx, 3)
            at_the_end = await _shown(pbx)
            took_s = await ours.stop()
            left, kept = await _shown(pbx), await _kept(pbx)
            await ours.start()
            records = await ours.records()
    wrong = [] if kept_before == set(AGENTS) else [f"AstDB kept {kept_before}"]
    if released_s > 2.0 or first.get(AT_LUNCH) != "lunch":
        wrong.append(f"{released_s:.1f} s after the start: {first}")
    if (left, kept) != ({AT_LUNCH: "lunch"}, {AT_LUNCH}):
        wrong.append(f"after SIGTERM queue show has {left}, AstDB {kept}; before it {at_the_end}")
    if not before <= {one["id"] for one in records if one["outcome"] == "answered"}:
        wrong.append("a waiting caller was lost")
    fault(
        "pauses, Asterisk",
        f"five in wrap-up, three callers wait, one at lunch; kill -9, back after {away_s:.0f} s, then SIGTERM",
        "none paused by us, lunch stays, in queue show and in AstDB",
        Found(
            lost=8 - len(records),
            wrong=tuple(wrong),
            estimated=sum(one["estimated"] for one in records),
            gap_s=sum(gap.until - gap.since for gap in ours.gaps()),
            more=f"released {released_s:.2f} s after the start, SIGTERM took {took_s:.1f} s",
        ),
    )


async def _waiting(ours: ServedProcess, count: int) -> bool:
    return len(await ours.store.open_calls("main")) == count


async def _first_without(pbx: RealAsterisk) -> dict[str, str]:
    """Who is paused when none of the five is any more: the callers who wait ring them at once."""
    while True:
        shown = await _shown(pbx)
        if list(shown.values()).count("wrapup") < 5:
            return shown


@pytest.mark.long
async def test_a_frozen_link_is_replaced(tmp_path: Path, fault: Faults) -> None:
    """With the manager user as we print it: allowmultiplelogin stays yes, so the dead session does not keep us out."""
    async with RealAsterisk() as pbx, CutProxy(pbx.ami_host, pbx.ami_port) as link:
        async with service_beside(pbx, tmp_path, port=link.port, main={"username": "cti"}) as stand:
            service = stand.service
            client, pump = service.links["main"].client, service.pumps["main"]
            since = client.status.since
            began = time.monotonic()
            link.freeze()
            await until(lambda: client.status.since != since and pump.live.is_set(), within_s=40)
            back_s = time.monotonic() - began
            sessions = len(re.findall(r"^\s*cti\s", await pbx.cli("manager show connected"), re.MULTILINE))
            await asyncio.sleep(1.0)
        logins = bytes(link.sent).count(b"Action: Login")
    wrong = [f"logged in again after {back_s:.1f} s"] if back_s > 15.0 else []
    if (logins, sessions) != (2, 2):  # Asterisk has not noticed the end of the first
        wrong.append(f"{logins} logins, {sessions} sessions")
    fault("R4", "the link to a real Asterisk freezes, with the printed manager.conf", "new login within 15 s, at once accepted",
          Found(wrong=tuple(wrong), more=f"after {back_s:.1f} s, beside {sessions} sessions"))  # fmt: skip
