"""An Originate reaches the telephone system at most once, whatever breaks and whenever."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from ctiserver.ami_config import ami_config
from ctiserver.wiring import Service
from pbx.errors import PbxNotConnected
from tests.fakes.ami_server import FakeAmiServer, Headers, snapshot
from tests.faults.found import Faults, Found
from tests.faults.stage import all_live, centre, link_to, until

FINAL = {"failed", "unknown", "refused", "agent_no_answer", "answered", "not_connected"}
#: Where the link breaks: before the PBX reads it, before or after its answer, while the phone rings, or it only freezes.
CUTS = ("before", "unanswered", "answered", "ringing", "frozen", "away")
#: In these the PBX has read it.
READ = ("unanswered", "answered", "ringing")


@pytest.mark.parametrize("rounds", [len(CUTS), pytest.param(100, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
async def test_an_originate_is_sent_at_most_once(
    tmp_path: Path, rounds: int, fault: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = {"backoff_first_s": 0.02, "reconnect_max_s": 0.05, "ping_interval_s": 0.1}
    monkeypatch.setattr("ctiserver.pbx_links.ami_config", lambda name, pbx: replace(ami_config(name, pbx), **quick))
    dice = random.Random(rounds)
    told: dict[str, str] = {}
    async with FakeAmiServer() as pbx:
        async with centre(tmp_path, {"main": link_to(pbx)}) as service:
            for number in range(rounds):
                cut = CUTS[number] if number < len(CUTS) else dice.choice(CUTS)
                told[f"{number} {cut}"] = await _round(pbx, service, number, cut)
                await pbx.refuse_connections()
                await until(lambda: not service.pumps["main"].live.is_set())
                await pbx.accept_connections()
                await all_live(service)
            await asyncio.sleep(0.3)  # what would be sent again would be sent after the login
        received = Counter(action["ChannelId"] for action in pbx.of("Originate"))
    wrong = [f"round {name}: the screen says {state}" for name, state in told.items() if state not in FINAL]
    fault(
        "R22",
        f"the link breaks around an Originate, {rounds} rounds: {', '.join(CUTS)}",
        "the PBX receives each at most once; the screen ends in success, failed or unknown",
        Found(
            lost=max(0, sum(name.endswith(READ) for name in told) - len(received)),
            doubled=sum(received.values()) - len(received),
            wrong=tuple(wrong),
            more=f"{len(received)} of {rounds} received; "
            + ", ".join(f"{count} {state}" for state, count in Counter(told.values()).items()),
        ),
    )


async def _round(pbx: FakeAmiServer, service: Service, number: int, cut: str) -> str:
    """What the screen says in the end of one click."""
    _prepare(pbx, cut)
    if cut == "away":
        await pbx.refuse_connections()
        await until(lambda: not service.pumps["main"].live.is_set())
    agent = f"agent-{number}"
    try:
        request = await service.dialler.dial(
            user=agent,
            agent=agent,
            endpoint="PJSIP/1001",
            extension="1001",
            pbx="main",
            typed=f"+4420794609{number:02}",
        )
    except PbxNotConnected:
        return "not_connected"
    finally:
        pbx.answers.pop("Originate", None)
    if cut == "ringing":
        await _phone_rings(pbx, request.id)
        await until(lambda: str(_state(service, request.id)) == "agent_ringing")
    pbx.reset()
    await until(lambda: _state(service, request.id) in FINAL, what=f"{cut}: {_state(service, request.id)}")
    return _state(service, request.id)


def _state(service: Service, request_id: str) -> str:
    request = service.dialler.request(request_id)
    return str(request.state) if request is not None else "forgotten"


def _prepare(pbx: FakeAmiServer, cut: str) -> None:
    def unanswered(_: Headers) -> bytes | None:
        pbx.reset()
        return None

    def answered(action: Headers) -> bytes | None:
        return pbx.response(action, Message="Originate successfully queued")

    pbx.answers["Originate"] = unanswered if cut == "unanswered" else answered
    if cut == "before":
        asyncio.get_running_loop().call_soon(pbx.reset)
    elif cut == "frozen":
        pbx.go_silent()


async def _phone_rings(pbx: FakeAmiServer, channel_id: str) -> None:
    phone = snapshot("PJSIP/1001-0000000a", channel_id, ChannelState=5)
    await pbx.send_event("Newchannel", *phone)
    await pbx.send_event("DialBegin", *snapshot("PJSIP/1001-0000000a", channel_id, prefix="Dest", ChannelState=5))


async def test_a_click_whose_answer_was_lost_is_found_again_by_its_channel(tmp_path: Path, fault: Faults) -> None:
    async with FakeAmiServer() as pbx, centre(tmp_path, {"main": link_to(pbx)}) as service:
        states = {}
        for agent, runs in (("runs", True), ("never", False)):
            _prepare(pbx, "unanswered")
            request = await service.dialler.dial(
                user=agent, agent=agent, endpoint="PJSIP/1001", extension="1001", pbx="main", typed="+442079460900"
            )
            row = snapshot("PJSIP/1001-0000000b", request.id, ChannelState=5)
            pbx.channels = [[*row, ("Duration", "00:00:02"), ("BridgeId", ""), ("Application", "AppDial2")]] * runs
            await all_live(service)
            await asyncio.sleep(0.2)
            states[agent] = _state(service, request.id)
        originates = len(pbx.of("Originate"))
    wrong = [] if states == {"runs": "agent_ringing", "never": "unknown"} else [str(states)]
    fault("R22", "the answer is lost; after the new login the channel of the one click runs, that of the other does not",
          "the one goes on, the other stays unknown; nothing sent again",
          Found(doubled=originates - 2, wrong=tuple(wrong)))  # fmt: skip
