"""One line of the table: a figure, what it is compared with in the same run, and whether the goal is met."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`value` is what the goal speaks of: the ratio to `reference`, or the measured figure itself. No goal: for information."""

    goal: str
    what: str
    measured: float
    unit: str
    reference: float | None = None
    reference_name: str = ""
    value: float | None = None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def verdict(self) -> str:
        """`ok`, `short`, or nothing where there is no goal."""
        if self.value is None or (self.at_least is None and self.at_most is None):
            return ""
        enough = self.at_least is None or self.value >= self.at_least
        return "ok" if enough and (self.at_most is None or self.value <= self.at_most) else "short"

    @property
    def wanted(self) -> str:
        """The goal in words."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return f"≤ {self.at_most:g}" if self.at_most is not None else ""

    def to_json(self) -> dict[str, Any]:
        """All of it, for `--json`."""
        return {**asdict(self), "verdict": self.verdict}


def compared(
    goal: str, what: str, ours: Sequence[float], theirs: Sequence[float], *, unit: str, against: str, **limit: float
) -> Figure:
    """Medians of the rounds, and their ratio as the value of the goal."""
    measured, reference = median(ours), median(theirs)
    return Figure(
        goal=goal, what=what, measured=measured, unit=unit, reference=reference, reference_name=against,
        value=measured / reference, **limit,
    )  # fmt: skip


def plain(
    goal: str,
    what: str,
    values: Sequence[float],
    unit: str,
    *,
    reference: Sequence[float] = (),
    against: str = "",
    **limit: float,
) -> Figure:
    """The median of the rounds; where there is a goal it is of that figure itself. The reference is only shown beside it."""
    measured = median(values)
    return Figure(
        goal=goal, what=what, measured=measured, unit=unit, reference=median(reference) if reference else None,
        reference_name=against, value=measured if limit else None, **limit,
    )  # fmt: skip


def percentile(values: Iterable[float], share: float) -> float:
    """The value that `share` of all are at or below (nearest rank)."""
    ordered = sorted(values)
    if not ordered:
        return float("nan")
    # A hair less: 0.07 * 100 is a little more than 7.
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-9) - 1)]


def load_average() -> str:
    """How busy the machine is, over one, five and fifteen minutes."""
    return " ".join(f"{value:.2f}" for value in os.getloadavg())


def print_table(figures: Sequence[Figure]) -> None:
    """The table that docs/performance.md quotes."""
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("goal", "figure"):
        table.add_column(name)
    for name in ("measured", "reference", "ratio or value", "wanted", ""):
        table.add_column(name, justify="right")
    for figure in figures:
        reference = "" if figure.reference is None else f"{_short(figure.reference)} {figure.reference_name}"
        table.add_row(
            figure.goal, figure.what, f"{_short(figure.measured)} {figure.unit}", reference,
            "" if figure.value is None else _short(figure.value), figure.wanted, figure.verdict,
        )  # fmt: skip
    Console(width=150, highlight=False).print(table)


def _short(value: float) -> str:
    if value >= 10_000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 20 else f"{value:.2f}"
