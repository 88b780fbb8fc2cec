"""The runbook knows every message that wants attention, every reason of /readyz, and nothing that does not exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from web.health import Reason

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
LOUD = {"warning", "error", "exception", "critical"}
LOGS = {"logger", "_log", "log", "audit"}
#: Loud or quiet, as the case may be.
ALIASES = {"tell"}


def section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def first_column(text: str) -> set[str]:
    return {word for row in re.findall(r"^\| (`.+?) \|", text, re.M) for word in re.findall(r"`([^`]+)`", row)}


def loud_messages() -> Iterator[str]:
    """The text of each log call at WARNING or above."""
    for package in ("pbx", "crm_store", "screenpop", "web", "ctiserver"):
        for file in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and _is_loud(node.func):
                    yield _text(node, file)


def _is_loud(called: ast.expr) -> bool:
    if isinstance(called, ast.Name):
        return called.id in ALIASES
    return (
        isinstance(called, ast.Attribute)
        and called.attr in LOUD
        and isinstance(called.value, ast.Name)
        and called.value.id in LOGS
    )


def _text(call: ast.Call, file: Path) -> str:
    found = call.args[0] if call.args else None
    assert isinstance(found, ast.Constant), f"{file}:{call.lineno}: a message is one constant text, its values are keys"
    return str(found.value)


def test_every_message_that_wants_attention_is_in_the_runbook() -> None:
    found = set(loud_messages())
    assert len(found) > 30
    assert found == first_column(section("Messages of the log"))


def test_every_reason_of_readyz_is_in_the_runbook() -> None:
    assert {reason.value for reason in Reason} == first_column(section("Reasons of /readyz"))


def test_metrics_it_names_exist() -> None:
    explained = set(re.findall(r"^\| `(cti_\w+)` \|", (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"cti_(?!server)\w+", PAGE)) <= explained
