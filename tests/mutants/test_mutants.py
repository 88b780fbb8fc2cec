"""Each hand-made fault turns a test red: what guards the rules about calls is itself guarded.

The packages are copied once; one fault at a time is put into the copy, and the tests that must notice run against it in a
process of their own.
"""

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.mutants.faults import FAULTS, Fault

ROOT = Path(__file__).parents[2]
PACKAGES = ("pbx", "crm_store", "screenpop")
#: Only what these tests need: starting pytest with every plugin would take longer than the tests.
PLUGINS = ("-p", "pytest_asyncio.plugin", "-p", "pytest_timeout", "-p", "no:cacheprovider")
FAILED, PASSED = 1, 0

# A copy of a module must never be mistaken for the compiled one of the fault before it.
_moments = itertools.count(1_000_000_000, 10)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout once more: its packages as copies, its tests as they are."""
    place = tmp_path_factory.mktemp("mutants")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, place / package, ignore=shutil.ignore_patterns("__pycache__"))
    for shared in ("tests", "ctiserver", "web"):
        (place / shared).symlink_to(ROOT / shared)
    shutil.copy(ROOT / "pyproject.toml", place)
    return place


@contextmanager
def faulty(copy: Path, fault: Fault) -> Iterator[None]:
    """The copy with this fault in it."""
    module = copy / fault.file
    sound = module.read_text()
    assert sound.count(fault.old) == 1, f"{fault.file} has changed: write the fault {fault.name!r} anew"
    try:
        _write(module, sound.replace(fault.old, fault.new))
        yield
    finally:
        _write(module, sound)


def _write(module: Path, text: str) -> None:
    module.write_text(text)
    moment = next(_moments)
    os.utime(module, (moment, moment))


def run(copy: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    """These tests against the copy."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(copy),
        "PYTHONPYCACHEPREFIX": str(copy / ".compiled"),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=line", *PLUGINS, *tests],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


def test_the_tests_of_all_faults_pass_without_one(copy: Path) -> None:
    tests = sorted({test for fault in FAULTS for test in fault.tests})
    told = run(copy, *tests)
    assert told.returncode == PASSED, told.stdout


def test_the_copy_is_what_is_tested(copy: Path) -> None:
    probe = [sys.executable, "-c", "import pbx, crm_store, screenpop; print(pbx.__file__, screenpop.__file__)"]
    told = subprocess.run(
        probe, cwd=copy, env={"PYTHONPATH": str(copy)}, capture_output=True, text=True, check=True, timeout=30
    )
    assert all(Path(file).is_relative_to(copy) for file in told.stdout.split())


def test_every_fault_has_a_name_of_its_own() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 20


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "-"))
def test_a_test_turns_red(copy: Path, fault: Fault) -> None:
    with faulty(copy, fault):
        told = run(copy, *fault.tests)
    assert told.returncode == FAILED, f"nobody noticed that {fault.name}: {told.stdout}{told.stderr}"
