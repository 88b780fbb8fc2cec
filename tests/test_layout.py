"""The shape of the source: every module has its test, none is too long, and what is to be pure imports nothing of the world."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("pbx", "crm_store", "screenpop", "web", "ctiserver")
PURE = ("pbx", "crm_store", "screenpop")

LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
#: A list of everything of one kind is as long as there are things of that kind.
LONG = {
    "ctiserver/wiring.py:build_service": 132,  # everything is built here, once, in order
}

#: A module whose rules are tested under another name, and where.
ELSEWHERE = {
    "crm_store/capture_clocks.py": "tests/crm_store/test_capture_times.py",
    "crm_store/capture_dates.py": "tests/crm_store/test_capture_times.py",
    "crm_store/capture_places.py": "tests/crm_store/test_capture_times.py",
    "ctiserver/ami_config.py": "tests/ctiserver/test_settings.py",
    "ctiserver/board_service.py": "tests/ctiserver/test_demo.py",
    "ctiserver/cli_accounts.py": "tests/ctiserver/test_cli_store.py",
    "ctiserver/cli_check.py": "tests/ctiserver/test_cli_pbx.py",
    "ctiserver/cli_import.py": "tests/ctiserver/test_cli_store.py",
    "ctiserver/cli_import_calls.py": "tests/ctiserver/test_import_calls.py",
    "ctiserver/cli_init.py": "tests/ctiserver/test_cli.py",
    "ctiserver/cli_options.py": "tests/ctiserver/test_cli.py",
    "ctiserver/cli_output.py": "tests/ctiserver/test_cli.py",
    "ctiserver/cli_privacy.py": "tests/ctiserver/test_cli_person.py",
    "ctiserver/cli_purge.py": "tests/ctiserver/test_retention.py",
    "ctiserver/cli_replay.py": "tests/ctiserver/test_replay.py",
    "ctiserver/event_pump.py": "tests/ctiserver/test_demo.py",
    "ctiserver/history_files.py": "tests/ctiserver/test_import_calls.py",
    "ctiserver/history_legs.py": "tests/ctiserver/test_history_calls.py",
    "ctiserver/history_outcomes.py": "tests/ctiserver/test_history_calls.py",
    "ctiserver/history_queues.py": "tests/ctiserver/test_history_calls.py",
    "ctiserver/lifecycle.py": "tests/ctiserver/test_demo.py",
    "ctiserver/pbx_links.py": "tests/ctiserver/test_demo.py",
    "ctiserver/pbx_rights.py": "tests/faults/test_link.py",
    "ctiserver/sample_data.py": "tests/ctiserver/test_demo.py",
    "ctiserver/settings_hours.py": "tests/ctiserver/test_settings.py",
    "ctiserver/settings_sections.py": "tests/ctiserver/test_settings.py",
    "ctiserver/settings_types.py": "tests/ctiserver/test_settings.py",
    "ctiserver/snapshots.py": "tests/ctiserver/test_demo.py",
    "ctiserver/wiring.py": "tests/ctiserver/test_demo.py",
    "screenpop/broker.py": "tests/screenpop/test_local_broker.py",
    "web/checked_inputs.py": "tests/web/test_api_tasks.py",
    "web/pages.py": "tests/web/test_pages_render.py",
    "web/pages_customers.py": "tests/web/test_pages_render.py",
    "web/pages_filters.py": "tests/web/test_pages_words.py",
    "web/pages_live.py": "tests/web/test_pages_render.py",
    "web/pages_shell.py": "tests/web/test_pages_render.py",
    "web/pages_sign_in.py": "tests/web/test_sign_in.py",
    "web/pages_tasks.py": "tests/web/test_pages_render.py",
    "web/view_models.py": "tests/web/test_schemas.py",
}

#: Clocks, dice, files, sockets, threads: a rule about calls that imports one cannot be run with literal times.
WORLD = frozenset(
    {"aiohttp", "aiosqlite", "alembic", "asyncio", "http", "multiprocessing", "os", "pathlib", "random", "secrets"}
    | {"select", "selectors", "signal", "socket", "sqlalchemy", "sqlite3", "ssl", "subprocess", "tempfile", "threading"}
    | {"time", "urllib", "websockets"}
)
#: The client for other people's programs, the one exception of the architecture.
WORLDLY = {"screenpop/client.py": WORLD}


def sources(*packages: str, flat: bool = False) -> list[Path]:
    """Modules of these packages, without the files that only make a folder a package and without migrations."""
    found = [path for package in packages for path in (ROOT / package).glob("*.py" if flat else "**/*.py")]
    return sorted(path for path in found if not path.name.startswith("__") and "versions" not in path.parts)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def each(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=name_of)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def only_declares(path: Path) -> bool:
    """Values, ports and errors: classes whose methods are empty or one-line, and nothing that decides."""
    deciding = (ast.If, ast.For, ast.While, ast.Match, ast.Try, ast.IfExp, ast.comprehension, ast.BoolOp)
    return not any(isinstance(node, deciding) for node in ast.walk(parsed(path)))


# --- tests mirror the source ------------------------------------------------------------------------------------------


@each(sources(*PACKAGES, flat=True))
def test_every_module_has_its_test(path: Path) -> None:
    mirrored = ROOT / "tests" / path.parent.relative_to(ROOT) / f"test_{path.name}"
    elsewhere = ELSEWHERE.get(name_of(path))
    if mirrored.exists():
        assert elsewhere is None, f"{name_of(mirrored)} exists: take {name_of(path)} out of ELSEWHERE"
    elif elsewhere is not None:
        assert (ROOT / elsewhere).exists()
    else:
        assert only_declares(path), f"{name_of(mirrored)} is missing"


def test_no_exception_outlives_its_module() -> None:
    named = {*ELSEWHERE, *WORLDLY, *(key.partition(":")[0] for key in LONG)}
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


# --- length -----------------------------------------------------------------------------------------------------------


@each(sources(*PACKAGES))
def test_no_module_is_too_long(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONG.get(name_of(path), LONGEST_MODULE)


@each(sources(*PACKAGES))
def test_no_function_is_too_long(path: Path) -> None:
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions(parsed(path))}
    long = [name for name, lines in lengths.items() if lines > LONG.get(f"{name_of(path)}:{name}", LONGEST_FUNCTION)]
    assert long == []


# --- purity -----------------------------------------------------------------------------------------------------------


@each(sources(*PURE, flat=True))
def test_a_flat_module_imports_nothing_of_the_world(path: Path) -> None:
    imported = {name.partition(".")[0] for name in imports(parsed(path))}
    assert imported & WORLD <= WORLDLY.get(name_of(path), frozenset())


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@each([path for path in sources(*PURE, flat=True) if name_of(path) not in WORLDLY])
def test_a_flat_module_reads_no_clock_and_waits_for_nothing(path: Path) -> None:
    tree = parsed(path)
    clocks = {"now", "utcnow", "today"}
    read = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in clocks]
    waits = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Await)]
    assert (read, waits) == ([], [])
