"""What was thought about each change that no test noticed (judged.toml); docs/mutation-survey.md shows it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Mark(StrEnum):
    """Whether a test could notice it."""

    EQUIVALENT = "equivalent"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Judged:
    """Survivors in one function that share a reason. `changes` as the survey tells them."""

    module: str
    function: str
    mark: Mark
    why: str
    changes: tuple[str, ...]


def _judged() -> tuple[Judged, ...]:
    rows = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))["judged"]
    return tuple(
        Judged(row["module"], row["function"], Mark(row["mark"]), row["why"], tuple(row["changes"])) for row in rows
    )


JUDGED = _judged()
