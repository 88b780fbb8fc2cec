"""The harness proves itself: what it says about a call is what its phones were told to do."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.asterisk.capture import AmiRecorder
from tests.asterisk.compare import compare
from tests.asterisk.pbx import RealAsterisk
from tests.asterisk.phone_keys import PhoneKeys
from tests.asterisk.plan import DID
from tests.asterisk.sipp import AgentPhone, Caller, TrunkUas, quoted
from tests.asterisk.sipp_scenarios import Answering, Calling
from tests.asterisk.truth import CallTruth, Offer, read_truth

pytestmark = pytest.mark.asterisk

SUPPORT = DID(30)
LINEAR = DID(33)


@pytest.fixture
async def pbx() -> AsyncIterator[RealAsterisk]:
    async with RealAsterisk() as running:
        yield running


async def test_truth_of_a_queue_call_is_what_the_phones_were_told_to_do(pbx: RealAsterisk) -> None:
    async with AgentPhone(pbx, "1001", Answering(after_ms=1000, talk_ms=2000)):
        await Caller(pbx, SUPPORT, number="+447700900123", name="דוד לוי").call()
    [truth] = read_truth(pbx.log_dir)
    assert (truth.direction, truth.number, truth.name) == ("inbound", "+447700900123", "דוד לוי")
    assert (truth.queue, truth.extension, truth.outcome, truth.ended_by) == ("support", "1001", "answered", "agent")
    assert truth.talk_s == pytest.approx(2.0, abs=0.3)
    assert truth.wait_s == pytest.approx(1.0, abs=0.3)


async def test_truth_knows_who_missed_and_who_answered(pbx: RealAsterisk) -> None:
    async with AgentPhone(pbx, "1005", Answering(after_ms=None)), AgentPhone(pbx, "1006"):
        await Caller(pbx, LINEAR, behaviour=Calling(hangup_ms=6000)).call()
    [truth] = read_truth(pbx.log_dir)
    assert [(offer.extension, offer.result) for offer in truth.offers] == [("1005", "missed"), ("1006", "answered")]
    assert truth.ended_by == "remote"


async def test_truth_keeps_callers_apart_who_call_at_once(pbx: RealAsterisk) -> None:
    numbers = [f"+4477009001{index:02}" for index in range(6)]
    async with AgentPhone(pbx, "1001", Answering(after_ms=200, talk_ms=500)), AgentPhone(pbx, "1002"):
        callers = [Caller(pbx, SUPPORT, number=number, behaviour=Calling(hangup_ms=4000)) for number in numbers]
        await asyncio.gather(*(caller.call() for caller in callers))
    truths = read_truth(pbx.log_dir)
    assert sorted(truth.number or "" for truth in truths) == numbers
    assert sum(len(truth.offers) for truth in truths) == sum(truth.outcome == "answered" for truth in truths)


async def test_truth_of_an_outgoing_call(pbx: RealAsterisk) -> None:
    async with TrunkUas(pbx, behaviour=Answering(after_ms=300, status=486, ringing=False)):
        await Caller(pbx, "+447700900155", source="1003").call()
    [truth] = read_truth(pbx.log_dir)
    assert (truth.direction, truth.number, truth.extension) == ("outbound", "+447700900155", "1003")
    assert truth.outcome == "busy"


async def test_truth_follows_a_transfer(pbx: RealAsterisk) -> None:
    anna = AgentPhone(pbx, "1001")
    async with anna, AgentPhone(pbx, "1003", Answering(after_ms=500)):
        caller = Caller(pbx, DID(1), behaviour=Calling(hangup_ms=4000))
        await caller.dial()
        await asyncio.sleep(2)
        await PhoneKeys(anna).transfer("1003")
        await caller.finished()
    [truth] = read_truth(pbx.log_dir)
    assert truth.transfers == (("blind", "1001", "1003", "answered"),)
    assert truth.talk_s == pytest.approx(3.5, abs=0.5)


async def test_restart_and_kill_cut_the_link_and_come_back(pbx: RealAsterisk, tmp_path: Path) -> None:
    capture = tmp_path / "restart.ami"
    async with AmiRecorder(pbx, capture) as ami:
        restarting = asyncio.create_task(pbx.restart())
        await ami.lost()
        await restarting
        await ami.connect()
        await pbx.kill()
        await ami.lost()
        await pbx.start()
        await ami.connect()
    assert capture.read_bytes().count(b"Asterisk Call Manager/") == 3


async def test_two_run_side_by_side_and_leave_nothing_behind() -> None:
    async with RealAsterisk() as one, RealAsterisk(shape="freepbx") as two:
        assert one.ami_host != two.ami_host
        assert "Local/1001@from-queue/n" in await two.cli("queue show 600")
    assert not one.run_dir.exists()
    assert not two.run_dir.exists()


def test_compare_names_every_difference() -> None:
    truth = _truth()
    assert compare([_record()], [truth]) == []
    assert compare([_record(outcome="abandoned", talk_s=9.0)], [truth]) == [
        "inbound +447700900123 to +442079460130: outcome is abandoned, was answered",
        "inbound +447700900123 to +442079460130: talk_s is 9.0, was 2.0",
    ]
    assert compare([], [truth]) == ["inbound +447700900123 to +442079460130: there is no record"]
    assert compare([_record(), _record()], [truth]) == ["record X (inbound) is of no call"]
    unheld = replace(truth, transfers=(("blind", "1001", "1003", "answered"),))
    assert compare([_record()], [unheld]) == [
        "inbound +447700900123 to +442079460130: transfers are [], were [('blind', '1001', '1003', 'answered')]"
    ]


def test_compare_holds_legs_and_queues_against_the_truth() -> None:
    offer = Offer(
        endpoint="1001",
        extension="1001",
        rang_at=1_790_000_000.0,
        answered_at=1_790_000_001.0,
        ended_at=1_790_000_003.0,
        result="answered",
        talk_s=2.0,
        hold_s=0.0,
    )
    truth = replace(_truth(), offers=(offer,), queues=(("support", 1.0, "answered"),))
    leg = {"extension": "1001", "result": "answered", "talk_s": 2.1, "hold_s": 0.0, "via": None}
    wait = {"queue": "support", "wait_s": 1.1, "result": "answered"}
    assert compare([_record(legs=[leg], queues=[wait])], [truth]) == []
    call = "inbound +447700900123 to +442079460130"
    assert compare(
        [_record(legs=[leg | {"talk_s": 7.0, "via": "+44"}], queues=[wait | {"result": "timeout"}])], [truth]
    ) == [
        f"{call}: queues are [('support', 'timeout')], were [('support', 'answered')]",
        f"{call}: leg 1001 goes via +44, went via None",
        f"{call}: talk_s of 1001 is 7.0, was 2.0",
    ]
    assert compare([_record(legs=[leg | {"result": "missed"}], queues=[wait])], [truth]) == [
        f"{call}: legs are [('1001', 'missed')], were [('1001', 'answered')]"
    ]


def test_names_that_sipp_cannot_carry_are_refused() -> None:
    assert quoted('O"Neil') == '"O\\"Neil"'
    with pytest.raises(ValueError, match="cannot carry"):
        quoted("a;b")


def _truth() -> CallTruth:
    return CallTruth(
        call_id="1",
        direction="inbound",
        number="+447700900123",
        name="Ján",
        dialled=SUPPORT,
        queue="support",
        extension="1001",
        offers=(),
        started_at=1_790_000_000.0,
        answered_at=1_790_000_001.0,
        ended_at=1_790_000_003.0,
        wait_s=1.0,
        talk_s=2.0,
        outcome="answered",
        ended_by="agent",
    )


def _record(**changes: Any) -> dict[str, Any]:
    remote = {"number": "+447700900123", "raw": "+447700900123", "dialled": None, "name": "Ján"}
    record: dict[str, Any] = {
        "id": "X",
        "direction": "inbound",
        "remote": remote,
        "did": SUPPORT,
        "queue": "support",
        "legs": [],
    }
    record |= {"started_at": "2026-09-21T14:13:20.500Z", "wait_s": 1.2, "talk_s": 2.0, "hold_s": 0, "parked_s": 0}
    return record | {"outcome": "answered", "ended_by": "agent", "transfers": [], "estimated": False} | changes
