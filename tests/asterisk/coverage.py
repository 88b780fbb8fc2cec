"""Which captures and which tests show each flow of the acceptance list.

python -m tests.asterisk.coverage     the table as Markdown; exit status 1 when a flow has neither

A capture counts for the flows that its NAME.truth.json `covers`; a test for those that its docstring, its decorators
or the docstring of its module name (`A47`, `A01–A07`).
"""

import ast
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.asterisk.flows import FLOWS

TESTS = Path(__file__).parents[1]
RECORDINGS = TESTS / "recordings"
_NUMBER = re.compile(r"\bA\d\d\b")
_RANGE = re.compile(r"\bA(\d\d)[–-]A(\d\d)\b")


@dataclass(slots=True)
class Shown:
    """Where one flow is shown."""

    # Captures by Asterisk version.
    captures: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    tests: list[str] = field(default_factory=list)


def coverage() -> dict[str, Shown]:
    """Flow number → its captures and tests, for every flow of the list."""
    table = {number: Shown() for number in FLOWS}
    for path in sorted(RECORDINGS.glob("asterisk*/*.truth.json")):
        story = json.loads(path.read_text(encoding="utf-8"))
        for number in story["covers"]:
            table[number].captures[path.parent.name.removeprefix("asterisk")].append(story["scenario"])
    for path in sorted(TESTS.rglob("test_*.py")):
        for name, numbers in _tests_of(path):
            for number in sorted(numbers & FLOWS.keys()):
                table[number].tests.append(f"{path.relative_to(TESTS)}::{name}")
    return table


def _tests_of(path: Path) -> Iterator[tuple[str, set[str]]]:
    """Each test function of a file and the flows that it names."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    of_module = numbers_in(ast.get_docstring(tree) or "")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            said = [ast.get_docstring(node) or "", *map(ast.unparse, node.decorator_list)]
            yield node.name, of_module | numbers_in("\n".join(said))


def numbers_in(text: str) -> set[str]:
    """The flow numbers in a text; `A01–A07` names all between."""
    found = set(_NUMBER.findall(text))
    for first, last in _RANGE.findall(text):
        found |= {f"A{number:02}" for number in range(int(first), int(last) + 1)}
    return found


def markdown(table: dict[str, Shown]) -> str:
    """The table for people."""
    lines = ["| Flow | | Captures (Asterisk 22) | (16) | Tests |", "|---|---|---|---|---|"]
    for number, shown in table.items():
        captures = [", ".join(shown.captures.get(version, ())) for version in ("22", "16")]
        lines.append(f"| {number} | {FLOWS[number]} | {' | '.join(captures)} | {', '.join(shown.tests)} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table; fail when a flow is shown nowhere."""
    table = coverage()
    print(markdown(table))
    missing = [number for number, shown in table.items() if not shown.captures and not shown.tests]
    if missing:
        sys.exit(f"Shown nowhere: {' '.join(missing)}")


if __name__ == "__main__":
    main()
