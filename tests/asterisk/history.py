"""Plays flows against a real Asterisk that writes its own history, and keeps what it wrote: Master.csv and queue_log.

python -m tests.asterisk.history [NAME ...]     all of FLOWS, or the named ones, into tests/recordings/history/
"""

# ruff: noqa: ASYNC240 - files are written while nothing else runs

import argparse
import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path

from tests.asterisk.capture import AmiRecorder
from tests.asterisk.pbx import RealAsterisk
from tests.asterisk.scenarios import SCENARIOS, Lab
from tests.asterisk.truth import CallTruth, read_truth

HISTORY = Path(__file__).parents[1] / "recordings" / "history"
#: Played side by side.
AT_ONCE = 4
FLOWS = (
    *("direct_caller_hangs_up", "direct_agent_hangs_up", "direct_caller_gives_up", "direct_missed", "direct_declined"),
    *(
        "direct_busy",
        "direct_withheld",
        "direct_voicemail",
        "find_me",
        "ivr_only",
        "name_with_markup",
        "name_in_hebrew",
    ),
    *("ring_group_answered", "ring_group_nobody", "same_caller_twice", "two_devices"),
    *("queue_answered", "queue_answered_agent_hangs_up", "queue_second_member", "queue_ringall", "queue_three_calls"),
    *("queue_abandoned_ringing", "queue_abandoned_unrung", "queue_timeout", "queue_timeout_second_queue"),
    *("queue_timeout_voicemail", "queue_left_empty", "queue_exit_key", "queue_agent_pool", "queue_transfer_blind"),
    *("transfer_blind", "transfer_attended", "parked_retrieved", "pickup_directed"),
    *("outbound_answered", "outbound_busy", "outbound_no_answer", "outbound_cancelled", "outbound_transfer_blind"),
    *("click_answered", "internal_answered", "feature_code"),
    *("freepbx_direct", "freepbx_outbound", "freepbx_queue_twin_answers", "freepbx_queue_abandoned"),
    *("freepbx_queue_timeout_group", "freepbx_transfer_blind"),
)
CDR = "[general]\nenable = yes\nunanswered = yes\n[csv]\nloguniqueid = yes\nloguserfield = yes\nnewcdrcolumns = yes\n"


class HistoryWriter(RealAsterisk):
    """An Asterisk that writes call records as CSV beside the queue_log; its clock is UTC."""

    @property
    def master_csv(self) -> Path:
        return self.run_dir / "log" / "cdr-csv" / "Master.csv"

    @property
    def queue_log(self) -> Path:
        return self.run_dir / "log" / "queue_log"

    def _prepare(self) -> None:
        super()._prepare()
        self.master_csv.parent.mkdir()
        (self.run_dir / "etc" / "cdr.conf").write_text(CDR, encoding="utf-8")
        with (self.run_dir / "etc" / "modules.conf").open("a", encoding="utf-8") as modules:
            modules.write("load = cdr_csv.so\n")


async def play(name: str, folder: Path, *, version: int = 22) -> list[CallTruth]:
    """Play one flow; Master.csv and queue_log go into `folder`, the truth is returned."""
    scenario = SCENARIOS[name]
    folder.mkdir(parents=True, exist_ok=True)
    async with HistoryWriter(shape=scenario.shape, version=version) as pbx, AsyncExitStack() as stage:
        ami = await stage.enter_async_context(AmiRecorder(pbx, pbx.run_dir / "side.ami", user=scenario.user))
        lab = Lab(pbx, ami, stage)
        await scenario.play(lab)
        await ami.settle()
        await stage.aclose()
        for written in (pbx.master_csv, pbx.queue_log):
            (folder / written.name).write_bytes(written.read_bytes() if written.exists() else b"")
        return read_truth(pbx.log_dir) + lab.unseen


async def record(name: str) -> None:
    """Play one flow and keep it with its truth."""
    truths = await play(name, HISTORY / name)
    about = {"scenario": name, "flow": SCENARIOS[name].flow, "calls": [asdict(truth) for truth in truths]}
    text = json.dumps(about, ensure_ascii=False, indent=2)
    (HISTORY / name / "truth.json").write_text(text + "\n", encoding="utf-8")
    print(name, flush=True)


async def _record_all(names: list[str]) -> None:
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> None:
        async with slots:
            await record(name)

    await asyncio.gather(*(one(name) for name in names))


def main() -> None:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    asyncio.run(_record_all(parser.parse_args().names or list(FLOWS)))


if __name__ == "__main__":
    main()
