"""`python -m tests.faults [pytest options]`: every fault in its long form, and one table of what was found."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import pytest

from tests.faults.table import TABLE
from tests.run import PARTS


class Findings:
    """A pytest plugin: which tests ran, how they ended, and what they said they found."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}
        self.rows: list[tuple[str, str]] = []  # row, test

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.outcomes[report.nodeid] = "FAILED"
        elif report.when == "call":
            self.outcomes.setdefault(report.nodeid, "passed")
        if report.when == "teardown":
            self.rows += [(str(row), report.nodeid) for name, row in report.user_properties if name == "fault"]

    def of(self, test: str) -> Iterable[str]:
        """How the runs of this test, or of this file, ended."""
        return {one for name, one in self.outcomes.items() if name.partition("[")[0].startswith(test)}


def main(options: list[str]) -> int:
    """Run our tests with their long forms, and what others show of the same faults in its short form."""
    findings = Findings()
    left_out = [f"not {part.marker}" for part in PARTS if part.missing() is not None]
    codes = [
        _run(["tests/faults"], left_out, findings, options),
        _run(sorted({test for row in TABLE.values() for test in row.also}), [*left_out, "not long"], findings, options),
    ]
    silent = _tell(findings)
    if left_out:
        print(f"LEFT OUT, because the machine lacks it: {', '.join(left_out)}")
    return 1 if any(codes) or silent else 0


def _run(tests: list[str], conditions: list[str], findings: Findings, options: list[str]) -> int:
    expression = ["-m", " and ".join(conditions)] if conditions else []
    return int(pytest.main([*tests, *expression, "--show-capture=no", *options], plugins=[findings]))


def _tell(findings: Findings) -> list[str]:
    """Print the table; returns the faults of which no test said anything."""
    print("\n| fault | injected | expected | found | |\n|---|---|---|---|---|")
    silent = []
    for number, row in TABLE.items():
        own = [(line, test) for line, test in findings.rows if line.split(" | ")[0].split(",")[0] == number]
        for line, test in own:
            print(f"| {line} | {findings.outcomes.get(test, 'FAILED')} |")
        if not own:
            silent.append(number)
            print(f"| {number} | {row.fault} | | no test said anything | |")
        for test in row.also:
            ended = findings.of(test)
            print(f"| {number} | {row.fault} | | {test} | {', '.join(sorted(ended)) or 'left out'} |")
    return silent


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
