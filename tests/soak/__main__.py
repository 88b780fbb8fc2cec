"""`python -m tests.soak [--minutes N] [--rate CALLS_PER_SECOND] [--seed N]`: a soak, a line every half minute, and a table."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.soak.figures import write_samples
from tests.soak.plan import usual
from tests.soak.report import rows, table
from tests.soak.run import soak


def main(arguments: list[str]) -> int:
    """0 when everything is as it should be."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long calls come (60)")
    parser.add_argument("--rate", type=float, default=1.0, help="calls a second (1)")
    parser.add_argument("--seed", type=int, default=1, help="another plan of calls and harm (1)")
    parser.add_argument(
        "--keep", type=Path, help="a folder for database, journal and samples.csv; else they are removed"
    )
    options = parser.parse_args(arguments)
    plan = usual(options.minutes, rate=options.rate, seed=options.seed)
    with tempfile.TemporaryDirectory(prefix="soak-") as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        seen = asyncio.run(soak(plan, folder, lambda line: print(line, flush=True)))
        write_samples(seen.samples, folder / "samples.csv")
    found = rows(seen)
    print(f"\n{table(found)}")
    failed = [row.what for row in found if row.wrong]
    print(f"\n{'FAILED: ' + ', '.join(failed) if failed else 'All is well.'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
