"""`docs/api.md` names every route and every error code."""

from __future__ import annotations

import re
from pathlib import Path

from crm_store.accounts import SCOPES
from web.app import TABLES
from web.openapi import plain_path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def test_every_route_is_described() -> None:
    routes = {f"`{route.method} {plain_path(route.path)}`" for table in TABLES for route in table.routes}
    assert sorted(route for route in routes if route not in TEXT) == []


def test_every_error_code_is_described() -> None:
    sources = [
        *(ROOT / "web").glob("api_*.py"),
        *(ROOT / "web" / name for name in ("answers.py", "openapi.py", "problems.py")),
    ]
    codes = {
        code
        for source in sources
        for code in re.findall(r'(?:Problem\(\s*\d+,|\d{3},|\d{3}:)\s*"([a-z_]+)"', source.read_text(encoding="utf-8"))
    }
    assert {"controls_off", "version_conflict", "malformed_json"} <= codes
    assert sorted(code for code in codes if f"`{code}`" not in TEXT) == []


def test_every_scope_is_described() -> None:
    assert all(f"`{scope}`" in TEXT for scope in SCOPES)
