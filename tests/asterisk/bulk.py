"""One long capture of many queue calls, for benchmarks; too big for the repository, so it goes to the cache folder."""

from pathlib import Path

from tests.asterisk.capture import AmiRecorder
from tests.asterisk.pbx import RealAsterisk
from tests.asterisk.plan import DID
from tests.asterisk.sipp import Caller, PhoneBank
from tests.asterisk.sipp_scenarios import Answering

BUSY_LINE = DID(43)


async def bulk_capture(path: Path, calls: int = 1000, *, rate: float = 20, user: str = "recorder") -> Path:
    """Let `calls` callers go through a queue of forty quick agents, and write every event (read = all) to `path`."""
    numbers = [f"+447700900{index:03}" for index in range(1000)]
    async with (
        RealAsterisk() as pbx,
        PhoneBank(pbx, Answering(after_ms=100, talk_ms=300)),
        AmiRecorder(pbx, path, user=user) as ami,
    ):
        caller = Caller(pbx, BUSY_LINE, number=numbers, name="Bulk Caller", count=calls, rate=rate)
        await caller.call(timeout_s=60 + calls / rate * 3)
        await ami.settle(timeout_s=60)
    return path
