"""The click-to-dial service: once, or not at all."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pbx.call_events import CallStarted, OriginateFinished, PbxLost
from pbx.calls import CallOutcome
from pbx.commands import Originate
from pbx.errors import PbxResultUnknown
from pbx.events import PbxName
from tests.web.desk import NOW, PbxStub, dial_plan
from tests.web.test_dial_requests import CALL, MAIN, ended
from web.click_to_dial import ClickToDial
from web.dial_requests import DialRequest, DialState


class Bench:
    """The service with a clock that stands still."""

    def __init__(self) -> None:
        self.now = NOW
        self.pbx = PbxStub()
        self.published: list[tuple[str, str]] = []
        ids = iter(range(1, 1000))
        self.service = ClickToDial(
            commands={"main": self.pbx},
            rules={"main": dial_plan()},
            publish=lambda topic, kind, data: self.published.append((topic, data["state"])),
            clock=lambda: self.now,
            new_id=lambda: f"cti-c2d-{next(ids)}",
        )

    async def dial(self, **changes: Any) -> DialRequest:
        asked: dict[str, Any] = {
            "user": "eva",
            "agent": "eva",
            "endpoint": "PJSIP/1001",
            "extension": "1001",
            "pbx": "main",
            "typed": "+421905123456",
        }
        return await self.service.dial(**{**asked, **changes})


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_two_clicks_at_the_same_moment_dial_once(bench: Bench) -> None:
    first, second = await asyncio.gather(bench.dial(), bench.dial())
    assert first.id == second.id
    assert len(bench.pbx.asked) == 1


async def test_after_three_seconds_it_is_a_new_wish(bench: Bench) -> None:
    first = await bench.dial()
    bench.service.apply(ended(CallOutcome.BUSY))
    bench.now += timedelta(seconds=3)
    assert (await bench.dial()).id != first.id


async def test_each_step_is_told_to_the_screen(bench: Bench) -> None:
    await bench.dial()
    bench.service.apply(OriginateFinished(at=1.0, pbx=MAIN, channel_id="cti-c2d-1", success=True, reason=4))
    bench.service.apply(ended(CallOutcome.BUSY))
    bench.service.apply(ended(CallOutcome.BUSY))
    assert bench.published == [
        ("requests:eva", "dialing"),
        ("requests:eva", "remote_ringing"),
        ("requests:eva", "busy"),
    ]


async def test_a_fresh_screen_shows_what_is_not_over(bench: Bench) -> None:
    await bench.dial()
    assert [one["state"] for one in bench.service.requests_of("eva")] == ["dialing"]
    assert bench.service.requests_of("jan") == []
    bench.service.apply(ended(CallOutcome.BUSY))
    assert bench.service.requests_of("eva") == []


async def test_silence_becomes_unknown(bench: Bench) -> None:
    request = await bench.dial()
    bench.now += timedelta(seconds=90)
    assert bench.service.tick() == []
    bench.now += timedelta(seconds=1)
    assert [one.state for one in bench.service.tick()] == [DialState.UNKNOWN]
    assert bench.service.tick() == []
    assert bench.service.request(request.id) is not None


async def test_a_lost_link_ends_all_that_is_being_set_up_there(bench: Bench) -> None:
    await bench.dial()
    await bench.dial(user="jan", agent="jan", endpoint="PJSIP/1002", typed="+420777123456")
    assert len(bench.service.apply(PbxLost(at=None, pbx=PbxName("branch")))) == 0
    assert len(bench.service.apply(PbxLost(at=None, pbx=MAIN))) == 2


async def test_an_event_that_came_first_is_not_overwritten_by_a_lost_answer(bench: Bench) -> None:
    class Racing(PbxStub):
        async def originate(self, request: Originate) -> None:
            bench.service.apply(ended(CallOutcome.ANSWERED))
            raise PbxResultUnknown("The link broke.")

    bench.service._commands = {"main": Racing()}
    assert (await bench.dial()).state is DialState.ANSWERED


async def test_the_answer_says_what_was_asked_even_when_the_phone_rings_already(bench: Bench) -> None:
    class Quick(PbxStub):
        async def originate(self, request: Originate) -> None:
            bench.service.apply(CallStarted(at=1.0, call=CALL))

    bench.service._commands = {"main": Quick()}
    answer = await bench.dial()
    assert answer.state is DialState.DIALING
    known = bench.service.request(answer.id)
    assert known is not None
    assert known.state is DialState.AGENT_RINGING


async def test_old_requests_are_forgotten(bench: Bench) -> None:
    first = await bench.dial(idempotency_key="k")
    bench.service.apply(ended(CallOutcome.ANSWERED))
    bench.now += timedelta(hours=3)
    await bench.dial(typed="+420777123456")
    assert bench.service.request(first.id) is None
    assert bench.service.customer_of(first.id) is None
    assert (await bench.dial(user="jan", agent="jan", idempotency_key="k")).id != first.id


async def test_events_of_other_calls_change_nothing(bench: Bench) -> None:
    await bench.dial()
    other = replace(ended(CallOutcome.BUSY), call=replace(CALL, click_to_dial=None))
    assert bench.service.apply(other) == []
