"""The main job on a real Asterisk: a phone rings, the right card is on the right screen, the record equals the phones' own logs."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from crm_store.activities import CallRecord
from tests.asterisk.compare import compare
from tests.asterisk.pbx import RealAsterisk
from tests.asterisk.plan import DID
from tests.asterisk.service import NUMBERS, service_beside
from tests.asterisk.sipp import AgentPhone, Caller
from tests.asterisk.sipp_scenarios import Answering, Calling
from tests.asterisk.truth import read_truth

pytestmark = pytest.mark.asterisk


async def test_a_queue_call_pops_at_the_agent_and_is_recorded(tmp_path: Path) -> None:
    async with RealAsterisk() as pbx, service_beside(pbx, tmp_path) as stand:
        dana = await stand.customer("Dana Cohen", NUMBERS[0])
        eva, jan, boss = [await stand.screen(name) for name in ("agent-1001", "agent-1002", "boss")]
        async with AgentPhone(pbx, "1001", Answering(after_ms=1000)):
            await Caller(pbx, DID(30), number=NUMBERS[0], name="Dana", behaviour=Calling(hangup_ms=3000)).call()
        (record,) = await stand.settled(1)
        assert compare([record], read_truth(pbx.log_dir)) == []
        (shown,) = eva.of("pop.show")
        assert shown["offer"] == 1
        assert eva.cards() == {record["id"]: [dana.id]}
        assert [update["phase"] for update in eva.of("pop.update")][-1] == "wrap_up"
        assert (record["customer_id"], record["match"]) == (dana.id, "one")
        assert jan.of("pop.show") == boss.of("pop.show") == []


async def test_fifty_queue_calls_at_ten_a_second(tmp_path: Path) -> None:
    """Ten agents in turn, every phone answers and talks a second or two: 50 pops at the right screens, none elsewhere."""
    agents = [str(1001 + index) for index in range(12)]
    async with RealAsterisk() as pbx, service_beside(pbx, tmp_path, agents=agents) as stand:
        customers = {number: await stand.customer(f"Customer {number}", number) for number in NUMBERS[:50]}
        screens = {extension: await stand.screen(f"agent-{extension}") for extension in agents}
        boss = await stand.screen("boss")
        async with asyncio.TaskGroup() as phones:
            stop = asyncio.Event()
            for index, extension in enumerate(agents[:10]):
                phones.create_task(_phone(pbx, extension, 1000 + 200 * index, stop))
            callers = Caller(pbx, DID(44), number=NUMBERS[:50], name="Load", count=50, rate=10)
            await callers.call(timeout_s=60)
            stop.set()
        records = await stand.settled(50)
        truths = read_truth(pbx.log_dir)
        assert len(truths) == len(records) == 50
        assert compare(records, truths) == []
        altered = [{**record, "wait_s": 99.0} if record is records[7] else record for record in records]
        assert compare(altered, truths) != []
        shown = {
            (extension, call_id, tuple(customers))
            for extension, screen in screens.items()
            for call_id, customers in screen.cards().items()
        }
        expected = {
            (record["legs"][-1]["extension"], record["id"], (customers[record["remote"]["number"]].id,))
            for record in records
        }
        assert shown == expected
        assert sum(len(screen.of("pop.show")) for screen in screens.values()) == 50
        assert boss.of("pop.show", "pop.update", "pop.retract") == []
    assert _comparable(await _replayed(tmp_path)) == _comparable(records)


async def _replayed(folder: Path) -> list[CallRecord]:
    """What `ctiserver replay` prints for the journal of the run."""
    config = folder / "ctiserver.toml"
    config.write_text('[numbers]\ndefault_region = "GB"\n[pbx.main]\n[pbx.main.incoming]\nregion = "GB"\n')
    (capture,) = (folder / "journal").glob("main-*.ami")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ctiserver",
        "replay",
        str(capture),
        "--config",
        str(config),
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return [json.loads(line) for line in printed.splitlines()]


_NOT_IN_A_REPLAY = {"customer_id", "match", "click_to_dial", "note", "disposition", "customer_name"}


def _comparable(records: list[CallRecord]) -> list[CallRecord]:
    """The records without what only accounts and customers tell."""
    return [
        {
            **{key: value for key, value in record.items() if key not in _NOT_IN_A_REPLAY},
            "legs": [{key: value for key, value in leg.items() if key != "agent"} for leg in record["legs"]],
        }
        for record in sorted(records, key=lambda one: one["id"])
    ]


async def _phone(pbx: RealAsterisk, extension: str, talk_ms: int, stop: asyncio.Event) -> None:
    async with AgentPhone(pbx, extension, Answering(after_ms=100, talk_ms=talk_ms)):
        await stop.wait()
