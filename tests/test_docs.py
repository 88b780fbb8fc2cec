"""The documentation is true: links lead somewhere, files it names exist, every word of a call record is explained.

Configuration keys, commands, routes, errors and push messages are held to their pages by the tests of their packages.
"""

import re
from enum import StrEnum
from pathlib import Path

import pytest

from pbx.agents import AgentState
from pbx.calls import CallOutcome, CallState, Direction, EndedBy, LegResult, QueueResult

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("tests/recordings/*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
#: A file or folder of this repository in backticks; patterns like `web/api_*.py` are not meant.
FILE = re.compile(r"`((?:pbx|crm_store|screenpop|web|ctiserver|config|docs|tests)/[\w./-]*\w)`")
MAKE = re.compile(r"`make (\w+)|^make (\w+)", re.MULTILINE)
WORDS = (CallOutcome, CallState, Direction, EndedBy, LegResult, QueueResult, AgentState)
#: Promised by the record's form, given by nothing yet.
NOT_GIVEN_YET = {QueueResult.TRANSFERRED}


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def each_page() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())


@each_page()
def test_links_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    local = [link for link in LINK.findall(text) if not re.match(r"[a-z]+:", link)]
    broken = [link for link in local if not _leads_somewhere(path, link)]
    assert broken == []


def _leads_somewhere(path: Path, link: str) -> bool:
    file, _, section = link.partition("#")
    target = (path.parent / file).resolve() if file else path
    return target.exists() and (not section or section in _sections(target))


def _sections(target: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page()
def test_files_it_names_exist(path: Path) -> None:
    named = set(FILE.findall(path.read_text(encoding="utf-8")))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_the_readme_begins_with_the_two_commands() -> None:
    first_screen = page("README.md")[:1500]
    assert re.search(r"^make demo\b", first_screen, re.MULTILINE)
    assert re.search(r"^make test\b", first_screen, re.MULTILINE)


def test_every_make_target_named_anywhere_exists() -> None:
    targets = set(re.findall(r"^(\w+):", page("Makefile"), re.MULTILINE))
    named = {one or two for path in PAGES for one, two in MAKE.findall(path.read_text(encoding="utf-8"))}
    assert {"demo", "test"} <= named <= targets


def test_the_readme_leads_to_every_page() -> None:
    linked = LINK.findall(page("README.md"))
    assert [path.name for path in ROOT.glob("docs/*.md") if f"docs/{path.name}" not in linked] == []


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words.__name__)
def test_every_word_of_a_record_is_explained(words: type[StrEnum]) -> None:
    explained = set(re.findall(r"`(\w+)`|\b(inbound|outbound|internal)\b", page("docs/call-model.md")))
    known = {one or two for one, two in explained}
    assert [word.value for word in words if word not in NOT_GIVEN_YET and word.value not in known] == []
