"""What a fault came to, said in one line and judged: `R7 | injected | expected | found`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the service's records came to beside the truth. `wrong` names each difference; `gap_s` is what it wrote down itself."""

    lost: int = 0
    doubled: int = 0
    wrong: tuple[str, ...] = ()
    estimated: int = 0
    gap_s: float = 0.0
    more: str = ""  # what else was measured

    def sentence(self) -> str:
        """For the table."""
        counts = f"{self.lost} lost, {self.doubled} doubled, {len(self.wrong)} wrong, {self.estimated} estimated"
        return f"{counts}, gap {self.gap_s:.1f} s{'; ' if self.more else ''}{self.more}"

    @property
    def clean(self) -> bool:
        """Nothing lost, nothing doubled, nothing wrong."""
        return not (self.lost or self.doubled or self.wrong)


@dataclass(slots=True)
class Faults:
    """Takes the findings of one test: prints each as a row and, at the end, fails for those that are not clean."""

    show: Callable[[str], None]
    keep: Callable[[str, object], None]
    failed: list[str] = field(default_factory=list)

    def __call__(self, fault: str, injected: str, expected: str, found: Found) -> None:
        """One row of the table."""
        row = f"{fault} | {injected} | {expected} | {found.sentence()}"
        self.show(row)
        self.keep("fault", row)
        if not found.clean:
            self.failed.append(f"{row}\n  " + "\n  ".join(found.wrong))
