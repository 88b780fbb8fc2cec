"""The mutation survey finds what a test overlooks and nothing else, and its page says what it found."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.mutants import survey_page
from tests.mutants.judged import JUDGED, Judged, Mark
from tests.mutants.mutations import Mutant, mutants_of

ROOT = Path(__file__).parents[2]
QUEUE = '''\
from enum import StrEnum

class Ending(StrEnum):
    ANSWERED = "answered"
    TIMEOUT = "timeout"

PLACES = {"support": 2, "sales": 1}

def is_full(queue: str, waiting: int) -> bool:
    """Whether one more would be too many."""
    return waiting >= PLACES[queue]

def ending(talked: bool, waited: float | None = None) -> Ending:
    if talked and waited is not None:
        return Ending.ANSWERED
    return Ending.TIMEOUT
'''
TESTS = """\
from waiting_room import Ending, ending, is_full

def test_a_queue_is_full() -> None:
    assert is_full("support", 9) and not is_full("support", 1)

def test_who_talked_was_answered() -> None:
    assert ending(True, 3.0) is Ending.ANSWERED
"""


def surveyed(place: Path, tests: str) -> dict[str, Any]:
    """What the survey says of the waiting room when these are its tests."""
    (place / "waiting_room.py").write_text(QUEUE)
    (place / "test_waiting_room.py").write_text(tests)
    command = ["waiting_room.py", "--tests", "test_waiting_room.py", "--results", "results.json"]
    told = subprocess.run(
        [sys.executable, "-m", "tests.mutants.survey", *command],
        cwd=place,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{place}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    if told.returncode:
        return {"refused": told.stdout}
    found: dict[str, Any] = json.loads((place / "results.json").read_text())["waiting_room.py"]
    return found


def test_what_the_tests_overlook_survives_and_nothing_else(tmp_path: Path) -> None:
    found = surveyed(tmp_path, TESTS)
    assert {(one["function"], one["change"]) for one in found["survivors"]} == {
        ("PLACES", "PLACES = {'support': 2, 'sales': 1} → PLACES = {'support': 3, 'sales': 1}"),
        ("PLACES", "PLACES = {'support': 2, 'sales': 1} → PLACES = {'support': 2, 'salesXX': 1}"),
        ("PLACES", "PLACES = {'support': 2, 'sales': 1} → PLACES = {'support': 2, 'sales': 2}"),
        ("PLACES", "PLACES = {'support': 2, 'sales': 1} → PLACES = {'support': 2}"),
        ("is_full", "return waiting >= PLACES[queue] → return waiting > PLACES[queue]"),
        ("ending", "if talked and waited is not None: → if True:"),
        ("ending", "if talked and waited is not None: → if talked:"),
        ("ending", "if talked and waited is not None: → if waited is not None:"),
        ("ending", "if talked and waited is not None: → if talked or waited is not None:"),
        ("ending", "return Ending.TIMEOUT → return"),
        ("ending", "return Ending.TIMEOUT → return Ending.ANSWERED"),
    }
    assert (found["tried"], found["killed"]) == (found["mutants"], found["mutants"] - 11)


def test_tests_that_fail_without_a_fault_tell_nothing(tmp_path: Path) -> None:
    assert (
        "fails without any fault" in surveyed(tmp_path, TESTS.replace("Ending.ANSWERED", "Ending.TIMEOUT"))["refused"]
    )


def changes_of(source: str) -> list[Mutant]:
    module = ModuleType("planted")
    exec(source, vars(module))
    return mutants_of(ast.parse(source), vars(module))


def test_a_change_is_told_by_function_and_source_and_taken_back() -> None:
    tree = ast.parse(QUEUE)
    names = ModuleType("planted")
    exec(QUEUE, vars(names))
    for mutant in mutants_of(tree, vars(names)):
        mutant.put()
        assert ast.unparse(tree) != ast.unparse(ast.parse(QUEUE)), mutant.key
        mutant.take()
        assert ast.unparse(tree) == ast.unparse(ast.parse(QUEUE)), mutant.key


def test_every_change_has_a_name_of_its_own() -> None:
    keys = [mutant.key for mutant in changes_of("def twice(a, b):\n    a.go(b)\n    a.go(b)\n")]
    assert keys == [("twice", "a.go(b) → (nothing)"), ("twice", "a.go(b) → (nothing) (2)")]


def test_arguments_of_different_kinds_keep_their_order() -> None:
    source = "def told(name: str, at: float, other: str):\n    told(name, other, at)\n"
    swapped = [
        mutant.change for mutant in changes_of(source) if mutant.change.endswith(")") and "nothing" not in mutant.change
    ]
    assert swapped == ["told(name, other, at) → told(other, name, at)"]


# --- the page ----------------------------------------------------------------------------------------------------------

FOUND = {
    "pbx/x.py": {
        "mutants": 50,
        "tried": 40,
        "killed": 36,
        "survivors": [{"function": "f", "change": f"a → {letter}"} for letter in "bcde"],
    }
}


def test_the_share_leaves_out_what_no_test_could_notice() -> None:
    same = Judged("pbx/x.py", "f", Mark.EQUIVALENT, "a is b", ("a → b", "a → c"))
    told = survey_page.page(FOUND, [same])
    assert "| `pbx/x.py` | 50 | 40 | 36 | 4 | 2 | 2 | 94.7 % |" in told
    assert "- `f`, **equivalent**: a is b\n  - `a` → `b`\n  - `a` → `c`\n- `f`, **not judged**" in told


def test_every_survivor_was_judged_and_nothing_else() -> None:
    results = json.loads(survey_page.RESULTS.read_text(encoding="utf-8"))
    survived = {(path, one["function"], one["change"]) for path, found in results.items() for one in found["survivors"]}
    judged = [(one.module, one.function, change) for one in JUDGED for change in one.changes]
    assert len(judged) == len(set(judged))
    assert set(judged) == survived


def test_the_page_says_what_was_found() -> None:
    assert survey_page.PAGE.read_text(encoding="utf-8") == survey_page.written()
