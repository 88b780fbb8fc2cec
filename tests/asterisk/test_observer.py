"""Observer mode beside a running PBX: fifty calls later nothing of it is different because of us, and nothing could be."""

import re
from pathlib import Path

import pytest

from tests.asterisk.pbx import RealAsterisk
from tests.asterisk.plan import BANK_PHONES, DID
from tests.asterisk.service import NUMBERS, service_beside
from tests.asterisk.sipp import Caller, PhoneBank
from tests.asterisk.sipp_scenarios import Answering
from tests.fakes.cut_proxy import CutProxy

pytestmark = pytest.mark.asterisk

# What calls themselves change: how many each member took and when, and the queue's sums.
_COUNTED = re.compile(r"has taken .*|\bC:\d+.*|\(\d+s holdtime.*|\((?:Not in use|In use|in call)\)")
_CHANGING = (b"Originate", b"QueuePause", b"QueueAdd", b"QueueRemove", b"Hangup", b"Command", b"Redirect", b"Setvar")


async def _state(pbx: RealAsterisk) -> list[str]:
    shown = await pbx.cli("queue show") + await pbx.cli("database show")
    # A fresh Asterisk writes its own id some time after the start.
    lines = [line for line in shown.splitlines() if not re.search(r"/pbx/UUID|results found", line)]
    return [_COUNTED.sub("", line).strip() for line in lines]


async def test_nothing_of_the_pbx_changes(tmp_path: Path) -> None:
    main = {"mode": "observe", "username": "observer"}
    async with RealAsterisk() as pbx, CutProxy(pbx.ami_host, pbx.ami_port) as link:
        before = await _state(pbx)
        agents = ("1001", *BANK_PHONES)
        async with service_beside(pbx, tmp_path, agents=agents, port=link.port, main=main) as stand:
            async with PhoneBank(pbx, Answering(after_ms=100, talk_ms=300)):
                await Caller(pbx, DID(43), number=NUMBERS[:50], count=50, rate=10).call()
            records = await stand.settled(50)
            _, me = await stand.api("agent-1001", "GET", "/me")
            refused = [
                await stand.api("boss", "POST", path, json=body)
                for path, body in (
                    ("/calls", {"to": NUMBERS[0], "agent": "agent-1001"}),
                    ("/agents/agent-1001/pause", {"reason": "coffee"}),
                )
            ]
        assert await _state(pbx) == before
    assert len(records) == 50
    assert all(record["outcome"] == "answered" for record in records)
    assert me["controls"] is False
    assert [(status, answer["code"]) for status, answer in refused] == [(403, "controls_off")] * 2
    assert [name for name in _CHANGING if b"Action: " + name in bytes(link.sent)] == []
