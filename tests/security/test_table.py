"""The table of threats is true: every threat is attacked, and every test that it names is there."""

from __future__ import annotations

from tests.security.table import attacks, gone, markdown
from tests.security.threats import THREATS


def test_every_threat_is_attacked() -> None:
    assert [number for number, tests in attacks().items() if not tests] == []
    assert all(f"| {number} |" in markdown() for number in THREATS)


def test_every_test_that_is_named_exists() -> None:
    assert gone() == []
