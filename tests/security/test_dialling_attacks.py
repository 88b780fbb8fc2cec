"""Attacks through what people type and click: from the HTTP request to the bytes that the PBX gets."""

from __future__ import annotations

import asyncio
import itertools
import random
import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from aiohttp import ClientResponse

from crm_store.store import CrmStore
from ctiserver.pbx_links import build_dial_plan
from ctiserver.settings import Settings
from pbx.asterisk.ami_commands import AmiCommands, DialPlan
from pbx.call_events import OriginateFinished
from pbx.dial_rules import DialRules, dial_string
from pbx.errors import DialRefused
from pbx.events import PbxName
from pbx.pbx_state import PbxState
from tests.fakes.ami_server import FakeAmiServer
from tests.pbx.asterisk.link import Link
from tests.security.asking import who_asks
from tests.security.office import Office, open_office
from tests.web.desk import Desk
from web.click_to_dial import ClickToDial

#: All that an Originate of ours may consist of.
ORIGINATE = {
    "Action", "ActionID", "ChannelId", "Channel", "Context", "Exten", "Priority", "CallerID", "Timeout", "Async",
}  # fmt: skip
DIALLED = re.compile(r"\+?[0-9]{2,15}")
PIECES = (
    "&", ",", "@", "/", "^", "|", ";", ":", "$", "{", "}", "(", ")", "\\", "'", '"', "\r\n", "\n", "\r", "\x00", "\u2028", "\x85",
    "${FILE(/etc/passwd)}", "${SHELL(id)}", "&PJSIP/1002", "@from-internal", "/n", "Action: Command", "\r\n\r\nAction: Command",
    "w", "p", "#", "*", "tel:", ";ext=", "+", "00", "0905123456", "+421905123456", "112", "1002", " ", "\u202e", "\uff0b", "9" * 70,
)  # fmt: skip


@dataclass
class Line:
    """The office with a telephone system on the other end of real AMI."""

    office: Office
    pbx: FakeAmiServer

    async def dial(self, to: str, who: str = "eva", **more: Any) -> ClientResponse:
        headers = await who_asks(self.office, who)
        return await self.office.http.post("/api/v1/calls", json={"to": to, **more}, headers=headers)

    async def phone_answered(self) -> None:
        """The agent's phone is free for the next click; hardly a second went by."""
        dialler = self.office.desk.deps.dialler
        for request in dialler.requests_of("eva"):
            result = OriginateFinished(at=None, pbx=PbxName("main"), channel_id=request["id"], success=False, reason=0)
            dialler.apply(result)
        self.office.desk.later(seconds=4)

    def sent(self) -> list[dict[str, str]]:
        return [action for action in self.pbx.actions if action["Action"] not in ("Login", "Ping", "Logoff")]


@pytest.fixture
async def line(store: CrmStore, aiohttp_server: Any) -> AsyncIterator[Line]:
    """One PBX by the usual configuration of a Slovak centre."""
    settings = Settings.model_validate({"pbx": {"main": {"secret": "x"}}, "numbers": {"default_region": "SK"}})
    rules = build_dial_plan(
        settings.pbx["main"], settings, PbxState(PbxName("main"), settings.pbx["main"].device_plan())
    )
    async with FakeAmiServer() as pbx, Link(pbx) as link:
        await link.up()
        numbers, moments = itertools.count(1), itertools.count(step=100)

        def with_ami(desk: Desk) -> None:
            commands = {"main": AmiCommands(link.client, DialPlan(), clock=lambda: float(next(moments)))}
            dialler = ClickToDial(
                commands=commands,
                rules={"main": rules},
                publish=lambda topic, kind, data: None,
                clock=lambda: desk.now,
                new_id=lambda: f"cti-{next(numbers):024x}",
            )
            desk.deps = replace(desk.deps, commands=commands, dialler=dialler)

        async with open_office(store, aiohttp_server, with_ami) as office:
            yield Line(office, pbx)


def disguises(number: str) -> list[str]:
    """The same number as somebody would write it who wants it past a rule."""
    bare = number.removeprefix("+")
    return [
        number, f"00{bare}", f"tel:{number}", f"#31#{number}", f" {number} ", "/".join((number[:5], number[5:])),
        f"+{bare[:3]} ({bare[3:6]}) {bare[6:]}", "\u200f".join(number), f"\u202e{number}",
        number.translate({ord(str(digit)): chr(0x0660 + digit) for digit in range(10)}),
        number.translate({ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)}).replace("+", "\uff0b"),
    ]  # fmt: skip


async def test_whatever_is_typed_one_plain_originate_reaches_the_pbx_or_nothing(line: Line) -> None:
    """T1, T2, T3: 200 seeded requests of digits, dialplan signs, functions and line breaks."""
    chance = random.Random(20261122)
    answers: Counter[int] = Counter()
    for _ in range(200):
        to = "".join(chance.choice(PIECES) for _ in range(chance.randint(1, 4)))
        answers[(await line.dial(to)).status] += 1
        await line.office.dialled_long_ago()
    sent = line.sent()
    assert len(sent) == answers[202] > 0
    assert set(answers) <= {202, 422}
    for action in sent:
        assert action.keys() == ORIGINATE
        assert action["Action"] == "Originate"
        assert (action["Channel"], action["Context"], action["CallerID"]) == (
            "PJSIP/1001",
            "from-internal",
            "CTI <1001>",
        )
        assert DIALLED.fullmatch(action["Exten"])
    assert b"Command" not in line.pbx.raw.replace(b"commands", b"")


@pytest.mark.parametrize(
    "field", ["channel", "endpoint", "phone", "context", "application", "data", "variable", "variables", "caller_id", "CallerID",
              "callerid", "exten", "timeout", "pbx", "extension", "async"],
)  # fmt: skip
async def test_no_field_of_a_request_names_a_phone_a_caller_or_a_variable(line: Line, field: str) -> None:
    """T3, T7: phone, context and caller are the server's own; a client cannot even ask."""
    answer = await line.dial("+421905123456", **{field: "PJSIP/1002"})
    assert (answer.status, (await answer.json())["errors"][0]["field"]) == (422, field)
    assert line.sent() == []


@pytest.mark.parametrize(
    "text", ["x\r\n\r\nAction: Command\r\nCommand: core stop now", "x\nVariable: a=b", "\x00", "\x1b[2J"]
)
async def test_a_pause_reason_or_queue_or_name_ends_no_line(line: Line, text: str) -> None:
    """T1: every other text that reaches the PBX."""
    office = line.office
    await office.store.save_account(replace(await office.store.account("eva"), display_name=text))
    headers = await who_asks(office, "eva")
    for path, body in (
        ("pause", {"reason": text}),
        ("login", {"queue": text}),
        ("logout", {"queue": text}),
        ("login", {"queue": "600"}),
    ):
        answer = await office.http.post(f"/api/v1/agents/eva/{path}", json=body, headers=headers)
        assert answer.status in (204, 409, 422)
    assert not any("Command" in action.values() or "Variable" in action for action in line.sent())
    assert {action["Action"] for action in line.sent()} <= {"QueueAdd"}


EXPENSIVE = (
    "+421900123456", "+19005551234", "+449098790000", "+43900123456", "+979123456789", "+870773111632", "+881612345678",
    "+8821612345678", "+883510012345678", "+808012345678",
)  # fmt: skip


@pytest.mark.parametrize("number", EXPENSIVE)
def test_an_expensive_number_is_refused_in_every_disguise(number: str) -> None:
    """T4: premium rate, satellite, shared cost, and what is of no known kind."""
    rules = DialRules(region="SK", block_types=frozenset({"premium_rate", "satellite", "shared_cost", "unknown"}))
    passed = []
    for typed in disguises(number):
        try:
            passed.append(dial_string(typed, rules).number_to_pbx)
        except DialRefused:
            continue
    assert passed == []


@pytest.mark.parametrize("number", ["+18095551234", "+18765551234", "+12425551234", "+17215551234", "+77011234567"])
def test_a_country_that_shares_a_code_with_an_allowed_one_is_not_allowed_with_it(number: str) -> None:
    """T4: the islands behind +1 are the classic of toll fraud."""
    rules = DialRules(region="US", allow_countries=frozenset({"US", "CA", "RU"}))
    for typed in disguises(number):
        with pytest.raises(DialRefused):
            dial_string(typed, rules)


async def test_the_limit_holds_whoever_clicks_and_however_it_is_written_and_never_stops_an_emergency_call(
    line: Line,
) -> None:
    """T4, T5: ten calls a minute from one phone; 112 passes, and counts nothing."""
    statuses: list[int] = []
    for number in range(14):
        headers = {"Idempotency-Key": f"k{number}"} | await who_asks(line.office, ("eva", "sofia")[number % 2])
        body = {"to": disguises(f"+42190512345{number % 10}")[number % 3], "agent": "eva"}
        answer = await line.office.http.post("/api/v1/calls", json=body, headers=headers)
        statuses.append(answer.status)
        await line.phone_answered()
    assert statuses == [202] * 10 + [429] * 4
    assert (await line.dial("112")).status == 202
    assert [action["Exten"] for action in line.sent()][-1] == "112"


async def test_hundred_clicks_at_once_ring_once(line: Line) -> None:
    """T6: a held-down key, a program in a loop, a proxy that repeats."""
    answers = await asyncio.gather(*(line.dial("+421905123456") for _ in range(100)))
    assert {answer.status for answer in answers} == {202}
    assert len(line.sent()) == 1


async def test_a_channel_name_from_the_pbx_is_no_pattern(line: Line) -> None:
    """T29, T1: Asterisk takes a name between slashes as a pattern and hangs up all that match."""
    call_id = await line.office.call_of("eva", uniqueid="/.*/")
    headers = await who_asks(line.office, "eva")
    answer = await line.office.http.post(f"/api/v1/calls/{call_id}/hangup", headers=headers)
    assert (answer.status, line.sent()) == (409, [])
