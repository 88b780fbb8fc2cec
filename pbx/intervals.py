"""Stretches of time: when somebody rang, talked, waited, held; their sums and unions.

A time is None on a PBX without timestamps: then every sum is None, while *that* it happened is still known.
"""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[float | None, float | None]

#: Bridges churn while Local channels optimise themselves away (P13): a talk that goes on within this time never stopped.
CHURN_GRACE_S = 2.0


class Stretches:
    """One thing that starts and stops several times (talk, hold, park)."""

    __slots__ = ("_done", "_since", "is_interrupted", "running")

    def __init__(self) -> None:
        self._done: list[Span] = []
        self._since: float | None = None
        self.running = False
        # What stops now, or has just stopped, really did: the next start is a stretch of its own, however soon it comes.
        self.is_interrupted = False

    @property
    def ever(self) -> bool:
        """It happened at least once, however short."""
        return self.running or bool(self._done)

    @property
    def first_start(self) -> float | None:
        return self._done[0][0] if self._done else self._since

    @property
    def last_end(self) -> float | None:
        return self._done[-1][1] if self._done else None

    def just_ended(self, at: float | None, *, within_s: float) -> bool:
        """It has stopped, and not longer ago than `within_s`."""
        if self.running or not self._done or at is None:
            return False
        end = self._done[-1][1]
        return end is not None and at - end <= within_s

    def start(self, at: float | None, *, grace_s: float = 0.0) -> None:
        """Begin, or go on as if it had never stopped when the stop was less than `grace_s` ago. Idempotent."""
        if self.running:
            return
        self.running = True
        if self._done and not self.is_interrupted and _within(self._done[-1][1], at, grace_s):
            self._since = self._done.pop()[0]
        else:
            self._since = at
        self.is_interrupted = False

    def stop(self, at: float | None) -> None:
        """End the running stretch. Idempotent."""
        if not self.running:
            return
        self.running = False
        self._done.append((self._since, at))
        self._since = None

    def take_back(self) -> None:
        """What runs now was nothing."""
        self.running = False
        self._since = None

    def length_s(self, until: float | None) -> float | None:
        """All stretches together: 0.0 for none, None when a time is unknown."""
        if not self._done:  # nearly always: none yet, or the first still runs
            return seconds_between(self._since, until) if self.running else 0.0
        return total_s(self.spans(until))

    def spans(self, until: float | None) -> list[Span]:
        """All stretches; a running one is cut at `until`."""
        return [*self._done, (self._since, until)] if self.running else list(self._done)


def _within(earlier: float | None, later: float | None, seconds: float) -> bool:
    if earlier is None or later is None:
        return seconds > 0
    return later - earlier <= seconds


def total_s(spans: Iterable[Span]) -> float | None:
    """Length of the union in seconds: 0.0 for no span, None when a time is unknown."""
    known: list[tuple[float, float]] = []
    for start, end in spans:
        if start is None or end is None:
            return None
        known.append((start, max(start, end)))
    if len(known) == 1:  # nearly always
        return known[0][1] - known[0][0]
    known.sort()
    total = 0.0
    reached = float("-inf")
    for start, end in known:
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def overlap(spans: Iterable[Span], within: Iterable[Span]) -> list[Span]:
    """The parts of `spans` that lie in `within`; a span with an unknown time is kept as it is."""
    inside = list(within)
    found: list[Span] = []
    for start, end in spans:
        for left, right in inside:
            if start is None or end is None or left is None or right is None:
                found.append((start, end))
                break
            if max(start, left) < min(end, right):
                found.append((max(start, left), min(end, right)))
    return found


def seconds_between(start: float | None, end: float | None) -> float | None:
    """Never negative; None when either is unknown."""
    if start is None or end is None:
        return None
    return max(0.0, end - start)
