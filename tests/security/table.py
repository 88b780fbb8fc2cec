"""Which tests attack each threat.

python -m tests.security.table     the table as Markdown; exit status 1 when a threat is attacked by nothing

A test of this folder counts for the threats that its docstring, its decorators or its module's docstring name (`T8`).
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.security.threats import ELSEWHERE, THREATS

HERE = Path(__file__).parent
TESTS = HERE.parent
PAGE = TESTS.parent / "docs" / "security.md"
_NUMBER = re.compile(r"\bT\d\d?\b")


def attacks() -> dict[str, list[str]]:
    """Threat → its tests, as `file::test` below `tests/`: those of this folder first."""
    table: dict[str, list[str]] = {number: [] for number in THREATS}
    for path in sorted(HERE.glob("test_*.py")):
        for name, said in tests_of(path).items():
            for number in sorted(set(_NUMBER.findall(said)) & THREATS.keys()):
                table[number].append(f"{path.relative_to(TESTS)}::{name}")
    for number, tests in ELSEWHERE.items():
        table[number] += tests
    return table


@cache
def tests_of(path: Path) -> Mapping[str, str]:
    """Each test function of a file, and what it and its module say about it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            said = [ast.get_docstring(tree), ast.get_docstring(node), *map(ast.unparse, node.decorator_list)]
            found[node.name] = "\n".join(text or "" for text in said)
    return found


def gone() -> list[str]:
    """Tests that the table or the page names and that do not exist any more."""
    named = [test for tests in ELSEWHERE.values() for test in tests]
    named += re.findall(r"`tests/([\w/]+\.py::\w+)`", PAGE.read_text(encoding="utf-8"))
    return [test for test in named if not _exists(test)]


def _exists(test: str) -> bool:
    file, _, name = test.partition("::")
    return (TESTS / file).exists() and name in tests_of(TESTS / file)


def markdown() -> str:
    """The table for people."""
    lines = ["| | threat | attacked by |", "|---|---|---|"]
    for number, tests in attacks().items():
        lines.append(f"| {number} | {THREATS[number]} | {', '.join(tests)} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table; fail when a threat is attacked by nothing, or a test is gone."""
    print(markdown())
    idle = [number for number, tests in attacks().items() if not tests]
    if idle or gone():
        sys.exit(f"Attacked by nothing: {' '.join(idle) or '-'}. Gone: {' '.join(gone()) or '-'}")


if __name__ == "__main__":
    main()
