"""When each phone of a call rang, talked and held, and when the call was parked: what a record sums up, as stretches of time.

A call's values tell seconds up to a moment; two values that follow each other tell what happened between their moments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pbx.calls import Call, CallLeg


class Doing(StrEnum):
    """What goes on in a stretch of time."""

    WAITING = "waiting"
    RINGING = "ringing"
    TALKING = "talking"
    HOLDING = "holding"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `since` to `until`, in epoch seconds."""

    doing: Doing
    since: float
    until: float


_OF_A_LEG = (("ring_s", Doing.RINGING), ("talk_s", Doing.TALKING), ("hold_s", Doing.HOLDING))
_OF_THE_CALL = (("parked_s", Doing.PARKED),)
#: Two values of one moment may differ by the rounding of their times.
_SAME_S = 0.001


class Timeline:
    """One call over time. Give it every value of the call, in order."""

    def __init__(self) -> None:
        self._legs: dict[int, list[Stretch]] = {}
        self._parked: list[Stretch] = []
        self._last: Call | None = None
        self._moment: float | None = None

    def take(self, call: Call, at: float | None) -> None:
        """The call as it was at this moment. Of a call without times nothing can be drawn."""
        known = {leg.leg_id: leg for leg in self._last.legs} if self._last is not None else {}
        if at is not None:
            for leg in call.legs:
                stretches = self._legs.setdefault(leg.leg_id, [])
                self._grow(stretches, leg, known.get(leg.leg_id), _OF_A_LEG, at)
            self._grow(self._parked, call, self._last, _OF_THE_CALL, at)
        self._last, self._moment = call, at

    def of_leg(self, leg_id: int) -> Sequence[Stretch]:
        """When this leg's phone rang, talked and held."""
        return self._legs.get(leg_id, ())

    @property
    def parked(self) -> Sequence[Stretch]:
        """When the call was in the park."""
        return self._parked

    def _grow(
        self,
        stretches: list[Stretch],
        value: Call | CallLeg,
        was: Call | CallLeg | None,
        counted: tuple[tuple[str, Doing], ...],
        at: float,
    ) -> None:
        for name, doing in counted:
            before = getattr(was, name, None) or 0.0
            more = (getattr(value, name) or 0.0) - before
            if more <= 0:
                continue
            # What ran when we last looked went on from there; else it ran up to now.
            went_on = any(one.doing is doing and self._moment == one.until for one in stretches)
            since = self._moment if went_on and self._moment is not None else at - more
            _add(stretches, Stretch(doing, since, since + more))


def _add(stretches: list[Stretch], stretch: Stretch) -> None:
    """The stretch, or the earlier one grown by it."""
    for index, earlier in enumerate(stretches):
        if earlier.doing is stretch.doing and abs(stretch.since - earlier.until) < _SAME_S:
            stretches[index] = Stretch(stretch.doing, earlier.since, stretch.until)
            return
    stretches.append(stretch)


def cells(stretches: Sequence[Stretch], since: float, until: float, width: int) -> list[Doing | None]:
    """The time from `since` to `until` in `width` equal parts: what fills most of each. However short, it is seen."""
    part_s = max(until - since, _SAME_S) / width
    return [_most(stretches, since + index * part_s, part_s) for index in range(width)]


def _most(stretches: Sequence[Stretch], begin: float, length: float) -> Doing | None:
    filled: dict[Doing, float] = {}
    for one in stretches:
        seconds = min(one.until, begin + length) - max(one.since, begin)
        if seconds > 0:
            filled[one.doing] = filled.get(one.doing, 0.0) + seconds
    if Doing.HOLDING in filled:  # hold is inside talk
        filled[Doing.TALKING] = filled.get(Doing.TALKING, 0.0) - filled[Doing.HOLDING]
    return max(filled, key=lambda doing: filled[doing], default=None)
