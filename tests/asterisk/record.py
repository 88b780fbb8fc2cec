"""Plays scenarios against a real Asterisk and writes what AMI and SIP said.

python -m tests.asterisk.record [NAME ...]     all, or the named ones, into tests/recordings/asterisk22/
python -m tests.asterisk.record --list
python -m tests.asterisk.record --bulk CALLS   one long capture of queue calls, into the cache folder
"""

import argparse
import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path

from tests.asterisk.bulk import bulk_capture
from tests.asterisk.capture import AmiRecorder
from tests.asterisk.install import folder
from tests.asterisk.pbx import RealAsterisk
from tests.asterisk.scenarios import SCENARIOS, Lab, Scenario
from tests.asterisk.truth import CallTruth, read_truth

RECORDINGS = Path(__file__).parents[1] / "recordings"


async def play(scenario: Scenario, capture: Path, *, version: int = 22) -> list[CallTruth]:
    """Play one scenario on an Asterisk of its own; the capture goes to a file, the truth is returned."""
    async with RealAsterisk(shape=scenario.shape, version=version) as pbx, AsyncExitStack() as stage:
        ami = await stage.enter_async_context(AmiRecorder(pbx, capture, user=scenario.user))
        lab = Lab(pbx, ami, stage)
        await scenario.play(lab)
        await ami.settle()
        await stage.aclose()
        return read_truth(pbx.log_dir) + lab.unseen


async def record(scenario: Scenario, *, version: int = 22) -> list[CallTruth]:
    """Write NAME.ami and, beside it, NAME.truth.json into the folder of this Asterisk version."""
    capture = RECORDINGS / f"asterisk{version}" / f"{scenario.name}.ami"
    unfinished = capture.with_suffix(".part")
    try:
        truths = await play(scenario, unfinished, version=version)
        unfinished.replace(capture)
    finally:
        unfinished.unlink(missing_ok=True)
    about = {"scenario": scenario.name, "covers": scenario.covers, "flow": scenario.flow, "user": scenario.user}
    text = json.dumps(about | {"calls": [asdict(truth) for truth in truths]}, ensure_ascii=False, indent=2)
    capture.with_suffix(".truth.json").write_text(text + "\n", encoding="utf-8")
    return truths


async def _record_all(names: list[str], version: int) -> None:
    for name in names or sorted(SCENARIOS):
        truths = await record(SCENARIOS[name], version=version)
        calls = "; ".join(
            f"{t.direction} {t.outcome} {t.extension or '-'} talk {t.talk_s} by {t.ended_by}" for t in truths
        )
        print(f"{name}: {calls or 'no call'}", flush=True)


def main() -> None:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--bulk", type=int, metavar="CALLS")
    parser.add_argument("--asterisk", type=int, default=22, choices=(16, 22))
    asked = parser.parse_args()
    if asked.list:
        for name, scenario in sorted(SCENARIOS.items()):
            print(f"{name:32} {' '.join(scenario.covers):8} {scenario.flow}")
    elif asked.bulk:
        print(asyncio.run(bulk_capture(folder().parent / f"bulk-{asked.bulk}.ami", asked.bulk)))
    else:
        asyncio.run(_record_all(asked.names, asked.asterisk))


if __name__ == "__main__":
    main()
