"""Queue calls at a rate: each has its one right record, the link holds, and the memory does not grow with the calls."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest

from crm_store.activities import CallRecord
from tests.asterisk.compare import compare
from tests.asterisk.pbx import RealAsterisk
from tests.asterisk.plan import BANK_PHONES, DID
from tests.asterisk.served import PBX, ServedProcess
from tests.asterisk.sipp import Caller, PhoneBank
from tests.asterisk.sipp_scenarios import Answering
from tests.asterisk.truth import CallTruth, read_truth

BUSY_LINE = DID(43)
# Of one number the next call comes after a longer time than a call takes.
NUMBERS = [f"+447700900{index:03}" for index in range(1000)]


@dataclass(frozen=True, slots=True)
class Load:
    """So many calls at so many a second; memory is read after the first part and at the end."""

    calls: int
    first_part: int
    rate: float
    # Private memory may grow so much from the first part to the end.
    growth_mb: float


# So few calls do not yet fill what is remembered: eight wrap-ups of each agent, the newest calls, numbers and times.
SHORT = Load(calls=60, first_part=20, rate=20, growth_mb=10)
FULL = Load(calls=4800, first_part=480, rate=80, growth_mb=5)

pytestmark = pytest.mark.asterisk


@pytest.mark.parametrize(
    "load",
    [
        pytest.param(SHORT, id="short"),
        pytest.param(FULL, id="full", marks=(pytest.mark.long, pytest.mark.timeout(900))),
    ],
)
async def test_every_queue_call_under_load_has_its_right_record(
    tmp_path: Path, load: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    async with (
        RealAsterisk() as pbx,
        ServedProcess(pbx, tmp_path, agents=BANK_PHONES) as ours,
        PhoneBank(pbx, Answering(after_ms=0, talk_ms=250)),
    ):
        await _ring(pbx, NUMBERS, load.first_part, load.rate)
        await ours.settled(load.first_part)
        private_first, cpu_first = ours.private_mb(), ours.cpu_s()
        others = NUMBERS[load.first_part :] + NUMBERS[: load.first_part]
        await _ring(pbx, others, load.calls - load.first_part, load.rate)
        await ours.settled(load.calls, timeout_s=120)
        private_end, cpu_end = ours.private_mb(), ours.cpu_s()
        records, still_open = await ours.records(), await ours.store.open_calls(PBX)
        log, gaps, complaints = pbx.messages(), ours.gaps(), ours.complaints()
        links = len(ours.said("telephone link live"))
        truths = read_truth(pbx.log_dir)
    wrong = differences(records, truths)
    cpu_ms = (cpu_end - cpu_first) / (load.calls - load.first_part) * 1000
    row = (
        f"| load | {load.calls} calls | {load.rate:g}/s | {len(records)} records | {len(wrong)} wrong | "
        f"{len(still_open)} open | {links} link | {cpu_ms:.1f} ms CPU a call | "
        f"private after {load.first_part}: {private_first:.1f} MB | after {load.calls}: {private_end:.1f} MB |"
    )
    with capsys.disabled():
        print(f"\n{row}")
    assert len(truths) == load.calls
    assert len(records) == load.calls
    assert wrong == []
    assert len(differences([{**records[7], "wait_s": 99.0}, *records[:7], *records[9:]], truths)) == 2
    assert still_open == []
    # Cut off by Asterisk, or not fast enough for it: a new link, a gap, a word in one of the logs.
    assert (links, gaps, complaints) == (1, [], [])
    assert "manager" not in log.lower()
    assert private_end <= private_first + load.growth_mb


async def _ring(pbx: RealAsterisk, numbers: list[str], calls: int, rate: float) -> None:
    caller = Caller(pbx, BUSY_LINE, number=numbers, name="Load", count=calls, rate=rate)
    await caller.call(timeout_s=60 + calls / rate * 3)


def differences(records: list[CallRecord], truths: list[CallTruth]) -> list[str]:
    """What is wrong, number by number: each with each would be twenty million pairs."""
    said, done = defaultdict(list), defaultdict(list)
    for record in records:
        said[record["remote"]["raw"]].append(record)
    for truth in truths:
        done[truth.number].append(truth)
    return [difference for number in said | done for difference in compare(said[number], done[number])]
