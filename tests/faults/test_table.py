"""Every fault of the paper has a row, and every row a test."""

import ast
from pathlib import Path

import pytest

from tests.faults.table import TABLE

ROOT = Path(__file__).parents[2]
#: R9 is measured (make bench); R24, R25, R27 and R28 are of other kinds: upgrades, soaking, imports, webhooks.
PAPER = {f"R{number}" for number in (*range(1, 9), *range(10, 24), 26, 29, 30)}


def test_every_fault_of_the_paper_has_a_row() -> None:
    assert TABLE.keys() == PAPER | {"pauses"}


@pytest.mark.parametrize("number", TABLE)
def test_every_row_names_tests_that_are_there(number: str) -> None:
    row = TABLE[number]
    assert row.tests
    for name in (*row.tests, *row.also):
        file, _, function = name.partition("::")
        source = (ROOT / file).read_text(encoding="utf-8")
        there = {
            node.name
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert not function or function in there, name
    shown = "".join((ROOT / test.partition("::")[0]).read_text(encoding="utf-8") for test in row.tests)
    assert f'"{number}"' in shown or f'"{number}, ' in shown
