"""Vendored files are what their README says, and our own browser code stays within the rules."""

from __future__ import annotations

import hashlib
import re

from web.pages_shell import STATIC_FOLDER, StaticFiles


def test_vendored_files_have_the_hashes_of_the_readme() -> None:
    vendor = STATIC_FOLDER / "vendor"
    rows = re.findall(r"^\| `([^`]+)` \|.*`([0-9a-f]{64})` \|$", (vendor / "README.md").read_text(), re.MULTILINE)
    listed: dict[str, str] = dict(rows)
    files = {path.relative_to(vendor).as_posix(): path for path in vendor.rglob("*") if path.is_file()}
    assert set(files) == {*listed, "README.md"}
    for name, digest in listed.items():
        assert hashlib.sha256(files[name].read_bytes()).hexdigest() == digest


def test_another_file_makes_another_version() -> None:
    static = StaticFiles.of()
    assert re.fullmatch(r"[0-9a-f]{12}", static.version)
    assert static.url("js/app.js") == f"/static/{static.version}/js/app.js"


def test_browser_code_builds_elements_from_text_only() -> None:
    for path in (STATIC_FOLDER / "js").glob("*.js"):
        code = path.read_text(encoding="utf-8")
        assert not re.search(r"\beval\(|new Function|outerHTML|insertAdjacentHTML|document\.write", code), path.name
        # One place takes HTML: parts that our own server has rendered and escaped.
        assert code.count("innerHTML") == (1 if path.name == "api.js" else 0), path.name


def test_styles_know_no_left_and_right() -> None:
    physical = re.compile(
        r"(?<![-\w])(?:margin|padding|border)-(?:left|right)|(?<![-\w])(?:left|right)\s*:|float:|text-align:\s*left"
    )
    for path in (STATIC_FOLDER / "css").glob("*.css"):
        found = [
            line for line in path.read_text().splitlines() if physical.search(line) and "direction: ltr" not in line
        ]
        assert found == [], path.name
