"""The AMI link is cut while one call talks and one waits: one record each, the right agent, `estimated` where it must be."""

import asyncio
from pathlib import Path

import pytest

from crm_store.activities import CallRecord
from tests.asterisk.pbx import RealAsterisk
from tests.asterisk.plan import DID
from tests.asterisk.service import NUMBERS, service_beside
from tests.asterisk.sipp import AgentPhone, Caller
from tests.asterisk.sipp_scenarios import Answering, Calling
from tests.fakes.cut_proxy import CutProxy

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(200)]

TALKER, WAITER = NUMBERS[0], NUMBERS[1]


def _by_number(records: list[CallRecord]) -> dict[str, CallRecord]:
    assert len(records) == 2, [record["remote"]["number"] for record in records]
    return {record["remote"]["number"]: record for record in records}


async def _cut_in_talk(folder: Path, *, gap_s: float, talker_ms: int, waiter_ms: int) -> dict[str, CallRecord]:
    """Cut the link 3 s after the talk began; callers hang up that long after the queue took them."""
    async with RealAsterisk() as pbx, CutProxy(pbx.ami_host, pbx.ami_port) as link:
        async with service_beside(pbx, folder, port=link.port) as stand:
            eva = await stand.screen("agent-1001")
            async with AgentPhone(pbx, "1001", Answering(after_ms=500)):
                talker = Caller(pbx, DID(45), number=TALKER, behaviour=Calling(hangup_ms=talker_ms))
                await talker.dial()
                await eva.until(lambda frame: frame["type"] == "pop.update" and frame["data"]["phase"] == "talking")
                waiter = Caller(pbx, DID(45), number=WAITER, behaviour=Calling(hangup_ms=waiter_ms))
                await waiter.dial()
                await asyncio.sleep(2)
                before = {call.remote_raw: call.id for call in stand.service.pumps["main"].state.open_calls()}
                link.cut()
                await asyncio.sleep(gap_s)
                link.heal()
                async with asyncio.timeout(60):
                    await stand.service.pumps["main"].live.wait()
                await asyncio.gather(talker.finished(timeout_s=90), waiter.finished(timeout_s=90))
            records = _by_number(await stand.settled(2))
        assert {number: record["id"] for number, record in records.items()} == before
        assert link.originates() == 0
    for record in records.values():
        assert (record["outcome"], record["queue"]) == ("answered", "one")
        assert [(leg["extension"], leg["agent"]) for leg in record["legs"] if leg["result"] == "answered"] == [
            ("1001", "agent-1001")
        ]
    return records


async def test_a_short_cut_changes_nothing(tmp_path: Path) -> None:
    records = await _cut_in_talk(tmp_path, gap_s=0.2, talker_ms=7000, waiter_ms=10000)
    assert not records[TALKER]["estimated"]
    assert not records[WAITER]["estimated"]
    assert records[TALKER]["wait_s"] + records[TALKER]["talk_s"] == pytest.approx(6.5, abs=1)
    assert records[TALKER]["ended_by"] == records[WAITER]["ended_by"] == "remote"


async def test_calls_that_go_on_over_five_seconds_keep_their_records(tmp_path: Path) -> None:
    # The attempt that finds the link healed may come 13 s after the cut.
    records = await _cut_in_talk(tmp_path, gap_s=5, talker_ms=19000, waiter_ms=21000)
    talker, waiter = records[TALKER], records[WAITER]
    assert not talker["estimated"]
    # Waiting and talk together last as long as the caller stays; how soon the phone is picked up is the phone's affair.
    assert talker["wait_s"] + talker["talk_s"] == pytest.approx(18.5, abs=1)
    assert waiter["wait_s"] + waiter["talk_s"] == pytest.approx(20.5, abs=1)
    assert talker["wait_s"] < 4
    assert waiter["talk_s"] < 6


@pytest.mark.parametrize("gap_s", [5.0, pytest.param(40.0, marks=pytest.mark.long)])
async def test_the_talk_ends_and_the_waiting_caller_is_answered_inside_the_gap(tmp_path: Path, gap_s: float) -> None:
    records = await _cut_in_talk(tmp_path, gap_s=gap_s, talker_ms=5000, waiter_ms=int((gap_s + 18) * 1000))
    talker, waiter = records[TALKER], records[WAITER]
    assert talker["estimated"]
    assert talker["ended_by"] == "unknown"
    assert waiter["estimated"]
    assert waiter["ended_by"] == "remote"
