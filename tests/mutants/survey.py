"""How many small changes to the tracker go unnoticed: `python -m tests.mutants.survey [MODULE ...]`.

An own tool, because mutmut leaves statements, conditions, states and tables alone and cosmic-ray writes into the checkout: here
nothing is written, and a mutant is one forked process in which everything is imported and collected already.

The tests run once to see which lines each of them reaches. Then each mutant is put into a fork, which runs the tests that
reach its lines until one fails: those of the module's own file first, fast ones first.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import gc
import importlib
import inspect
import json
import os
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import coverage
import pytest

from tests.mutants.mutations import Mutant, mutants_of

#: The tracker and the transfers first; the others are what these two are made of.
MODULES = tuple(
    f"pbx/{name}.py"
    for name in (
        "call_tracker",
        "transfers",
        "pickups",
        "parking",
        "openings",
        "queue_waits",
        "live_leg",
        "call_parties",
        "call_book",
        "live_call",
        "resync",
    )
)
#: Without those that hold a recording's records against themselves told otherwise, or look at words only: they are nearly all the time.
LEFT_OUT = ("simulator", "asterisk", "test_variations.py", "test_explain.py")
TESTS = ("tests/pbx", *(f"--ignore=tests/pbx/{name}" for name in LEFT_OUT), "-m", "not long")
RESULTS = Path(__file__).parent / "survey.json"

_KILLED, _SURVIVED, _CANNOT_BE = 10, 11, 12
_MEMORY_B = 2 * 1024**3
_OPTIONS = ("-q", "-s", "--no-header", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "timeout=0")


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for on the command line."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    sample: int | None
    seed: int
    budget_s: float
    timeout_s: int
    only: frozenset[tuple[str, str, str]] | None


@dataclass(slots=True)
class Findings:
    """What the survey of one module gave."""

    mutants: int = 0
    tried: int = 0
    killed: int = 0
    survivors: list[tuple[str, str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        survivors = [{"function": function, "change": change} for function, change in self.survivors]
        return {"mutants": self.mutants, "tried": self.tried, "killed": self.killed, "survivors": survivors}


class Survey:
    """A pytest plugin that runs the collected tests once for itself and then once for each mutant."""

    def __init__(self, wish: Wish, keep: Callable[[str, Findings], None]) -> None:
        self._wish = wish
        self._keep = keep
        self._failed = ""
        self._took: dict[str, float] = {}
        self._kills: Counter[str] = Counter()
        self._coverage = coverage.Coverage(data_file=None, include=list(wish.modules), config_file=False)

    def pytest_configure(self) -> None:
        from hypothesis import settings  # only now: pytest wants to import it first

        settings.register_profile("survey", database=None, derandomize=True)
        settings.load_profile("survey")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed = report.nodeid

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        reached = self._run_without_a_fault(session)
        gc.collect()
        gc.freeze()
        for path in self._wish.modules:
            self._keep(path, self._survey(session, path, reached[path]))
        return True

    def _run_without_a_fault(self, session: pytest.Session) -> dict[str, dict[int, list[pytest.Item]]]:
        """Which tests reach which line of which module."""
        items = {item.nodeid: item for item in session.items}
        self._coverage.start()
        for item in session.items:
            self._coverage.switch_context(item.nodeid)
            began = time.process_time()
            _run(item)
            self._took[item.nodeid] = time.process_time() - began
        self._coverage.stop()
        if self._failed:
            pytest.exit(f"{self._failed} fails without any fault", returncode=2)
        found = {}
        for path in self._wish.modules:
            lines = self._coverage.get_data().contexts_by_lineno(str(Path(path).resolve()))
            found[path] = {line: [items[name] for name in names if name in items] for line, names in lines.items()}
        return found

    # --- one module --------------------------------------------------------------------------------------------------

    def _survey(self, session: pytest.Session, path: str, reached: dict[int, list[pytest.Item]]) -> Findings:
        module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
        tree = ast.parse(Path(path).read_text(encoding="utf-8"))
        mutants = mutants_of(tree, vars(module))
        findings = Findings(mutants=len(mutants))
        for mutant in self._chosen(path, mutants):
            items = {item.nodeid: item for line in mutant.lines for item in reached.get(line, ())}
            every = session.items if mutant.is_table else list(items.values())
            ended = self._try(mutant, tree, module, self._in_order(path, every))
            if ended == _CANNOT_BE:
                findings.mutants -= 1
                continue
            findings.tried += 1
            findings.killed += ended != _SURVIVED
            if ended == _SURVIVED:
                findings.survivors.append(mutant.key)
                print(f"  {path} {mutant.function}: {mutant.change}", flush=True)
        print(f"{path}: {findings.killed} of {findings.tried} killed, {findings.mutants} in all", flush=True)
        return findings

    def _chosen(self, path: str, mutants: list[Mutant]) -> list[Mutant]:
        wish = self._wish
        if wish.only is not None:
            return [mutant for mutant in mutants if (path, *mutant.key) in wish.only]
        if wish.sample is None or wish.sample >= len(mutants):
            return mutants
        return random.Random(wish.seed).sample(mutants, wish.sample)

    def _in_order(self, path: str, items: Sequence[pytest.Item]) -> list[pytest.Item]:
        """The module's own file first, then what found most so far, then the fastest, within the budget."""
        own = f"test_{Path(path).stem}"
        ordered = sorted(
            items,
            key=lambda item: (not item.path.name.startswith(own), -self._kills[item.nodeid], self._took[item.nodeid]),
        )
        chosen, seconds = [], 0.0
        for item in ordered:
            seconds += self._took[item.nodeid]
            if seconds <= self._wish.budget_s:
                chosen.append(item)
        return chosen

    def _try(self, mutant: Mutant, tree: ast.Module, module: ModuleType, items: list[pytest.Item]) -> int:
        """How the fork ended; negative when it had to be stopped."""
        told, tells = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(told)
            self._be(mutant, tree, module, items, tells)
        os.close(tells)
        with os.fdopen(told) as killer:
            self._kills.update(killer.read().splitlines())
        _, status = os.waitpid(child, 0)
        ended = os.waitstatus_to_exitcode(status)
        if ended >= 0 and ended not in (_KILLED, _SURVIVED, _CANNOT_BE):
            raise RuntimeError(f"the survey itself failed at {mutant.key}: {ended}")
        return ended

    def _be(self, mutant: Mutant, tree: ast.Module, module: ModuleType, items: list[pytest.Item], tells: int) -> None:
        """In the fork: become the mutant, and end by how the tests take it."""
        ended = 1
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (self._wish.timeout_s, self._wish.timeout_s))
            resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_B, _MEMORY_B))
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            if not put_in(mutant, tree, module):
                os._exit(_CANNOT_BE)
            ended = _SURVIVED
            for item in items:
                _run(item)
                if self._failed:
                    os.write(tells, f"{self._failed}\n".encode())
                    ended = _KILLED
                    break
        finally:
            os._exit(ended)


def _run(item: pytest.Item) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)


# --- a module with a fault ---------------------------------------------------------------------------------------------


def put_in(mutant: Mutant, tree: ast.Module, module: ModuleType) -> bool:
    """Change the living module, wherever it was imported to. False: there is no such Python."""
    mutant.put()
    changed = ModuleType(module.__name__)
    try:
        exec(compile(tree, str(module.__file__), "exec"), vars(changed))
    except Exception:
        return mutant.is_table  # a table that cannot be made breaks the import: every test would fail
    if mutant.is_table:
        _replace(mutant.function, getattr(module, mutant.function), getattr(changed, mutant.function))
    else:
        living, new = _function(module, mutant.function), _function(changed, mutant.function)
        living.__code__, living.__defaults__, living.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__
    return True


def _function(module: ModuleType, name: str) -> FunctionType:
    found: Any = module
    for part in name.split("."):
        found = inspect.getattr_static(found, part)
    found = found.fget if isinstance(found, property) else getattr(found, "__func__", found)
    unwrapped = inspect.unwrap(found)
    assert isinstance(unwrapped, FunctionType), name
    return unwrapped


def _replace(name: str, old: object, new: object) -> None:
    for module in list(sys.modules.values()):
        for known, value in list(vars(module).items()) if isinstance(module, ModuleType) else ():
            if value is old and (known == name or isinstance(old, dict)):
                setattr(module, known, new)


# --- the command -------------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Survey the modules and write what was found into the results."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.survey", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="as pbx/transfers.py; all if none is named")
    parser.add_argument("--tests", nargs="+", default=list(TESTS), help="what pytest is to collect")
    parser.add_argument("--sample", type=int, help="so many mutants of each module, chosen by --seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--budget", type=float, default=20.0, help="seconds of tests against one mutant")
    parser.add_argument("--timeout", type=int, default=40, help="seconds of work after which a mutant is taken to hang")
    parser.add_argument("--survivors", action="store_true", help="only those that survived the last time")
    parser.add_argument("--results", type=Path, default=RESULTS)
    asked = parser.parse_args(arguments)
    before = json.loads(asked.results.read_text(encoding="utf-8")) if asked.results.exists() else {}
    modules = tuple(asked.modules or (before if asked.survivors else MODULES))
    only = frozenset(_survivors(before, modules)) if asked.survivors else None
    wish = Wish(modules, tuple(asked.tests), asked.sample, asked.seed, asked.budget, asked.timeout, only)

    def keep(path: str, findings: Findings) -> None:
        before[path] = _again(before[path], findings) if asked.survivors else findings.to_json()
        asked.results.write_text(json.dumps(before, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    return int(pytest.main([*_OPTIONS, *wish.tests], plugins=[Survey(wish, keep)]))


def _survivors(results: dict[str, Any], modules: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    for path in modules:
        for one in results[path]["survivors"]:
            yield path, one["function"], one["change"]


def _again(before: dict[str, Any], findings: Findings) -> dict[str, Any]:
    """The last results, with those survivors killed that did not survive this time."""
    survivors = findings.to_json()["survivors"]
    return {**before, "killed": before["tried"] - len(survivors), "survivors": survivors}


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
