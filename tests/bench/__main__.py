"""`python -m tests.bench [NAME …] [--rounds N] [--seconds S] [--json FILE]`: the goals of docs/performance.md, each beside its reference.

The names are the keys of BENCHES, docs/performance.md says what each measures. None: all. `--seconds` is for the storm.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench import asterisk_cost, burst, load, lookup, memory, paced, painted, parsing, pops, start, storm, writes
from tests.bench.cache import NotPossibleHere
from tests.bench.figures import Figure, load_average, print_table

ROUNDS = 5

BENCHES: dict[str, Callable[[argparse.Namespace], Iterator[Figure]]] = {
    "parsing": lambda given: parsing.run(given.rounds),
    "paced": lambda given: paced.run(given.rounds),
    "pops": lambda given: pops.run(given.rounds, floor=True, naive=False),
    "naive": lambda given: pops.run(given.rounds, floor=False, naive=True),
    "painted": lambda given: painted.run(given.rounds),
    "lookup": lambda given: lookup.run(given.rounds),
    "load": lambda given: load.run(given.rounds),
    "writes": lambda given: writes.run(given.rounds),
    "memory": lambda given: memory.run(given.rounds),
    "start": lambda given: start.run(given.rounds),
    "burst": lambda given: burst.run(given.rounds),
    "asterisk": lambda given: asterisk_cost.run(given.rounds),
    "storm": lambda given: storm.run(given.seconds),
}


def main() -> int:
    """Print the table; 0 whether or not a goal is met: a bench measures, it does not judge."""
    options = argparse.ArgumentParser(prog="python -m tests.bench")
    options.add_argument("names", nargs="*", choices=[[], *BENCHES], metavar="NAME", help=", ".join(BENCHES))
    options.add_argument("--rounds", type=int, default=ROUNDS)
    options.add_argument("--seconds", type=float, default=storm.SECONDS, help="how long the storm lasts")
    options.add_argument("--json", type=Path)
    given = options.parse_args()
    figures: list[Figure] = []
    print(f"load average before: {load_average()}", flush=True)
    for name in given.names or BENCHES:
        try:
            for figure in BENCHES[name](given):
                figures.append(figure)
                print(
                    f"  {figure.goal} {figure.what}: {figure.value if figure.value is not None else figure.measured:.3g}",
                    flush=True,
                )
        except NotPossibleHere as reason:
            print(f"LEFT OUT: {name}. {reason}", flush=True)
    print_table(figures)
    print(f"load average after: {load_average()}")
    if given.json:
        given.json.write_text(json.dumps([figure.to_json() for figure in figures], indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
