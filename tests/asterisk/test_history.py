"""What a real Asterisk writes today of a few flows: imported, and held against the phones' own SIP logs."""

import asyncio
from pathlib import Path

import pytest

from tests.asterisk.history import play
from tests.ctiserver.past import records
from tests.ctiserver.past_truth import differences

pytestmark = pytest.mark.asterisk

GROUPS = (
    ("direct_caller_gives_up", "queue_ringall", "queue_second_member", "outbound_no_answer"),
    ("queue_timeout_second_queue", "freepbx_queue_twin_answers", "transfer_attended", "queue_abandoned_ringing"),
)


async def found(name: str, folder: Path, version: int) -> list[str]:
    truths = await play(name, folder / name, version=version)
    files = [file for file in (folder / name / "Master.csv", folder / name / "queue_log") if file.stat().st_size]
    return [f"{name}: {line}" for line in differences(await asyncio.to_thread(records, files), truths)]


async def all_found(names: tuple[str, ...], folder: Path, version: int) -> list[str]:
    lines = await asyncio.gather(*(found(name, folder, version) for name in names))
    return [line for of_one in lines for line in of_one]


@pytest.mark.parametrize("names", GROUPS, ids="+".join)
async def test_the_history_that_asterisk_writes_tells_the_truth(names: tuple[str, ...], tmp_path: Path) -> None:
    assert await all_found(names, tmp_path, 22) == []


@pytest.mark.long
@pytest.mark.parametrize("names", GROUPS, ids="+".join)
async def test_an_older_asterisk_writes_the_same(names: tuple[str, ...], tmp_path: Path) -> None:
    assert await all_found(names, tmp_path, 16) == []
