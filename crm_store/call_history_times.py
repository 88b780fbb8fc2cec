"""The PBX's local times in UTC: also those of the hour that the clocks repeat, and of the hour that they leave out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo

from crm_store.errors import InvalidInput

_EPOCH_SECONDS = re.compile(r"\d{9,10}(?:\.\d{1,6})?")
_UNIQUEID_TIME = re.compile(r"(?:^|-)(\d{9,10})\.\d+$")
_EARLIEST = 631_152_000.0  # 1990: before Asterisk
_SLACK_S = 2.0  # Asterisk's whole seconds
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTime:
    """`doubt`: the clock of this zone showed the time twice, or never, and nothing in the line tells which is meant."""

    at: float
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class LocalClock:
    """How one file writes times. `latest`: whoever calls later than that has not called yet."""

    zone: tzinfo
    latest: float

    def started(self, text: str, uniqueid: str | None) -> ReadTime:
        """When a line began. Asterisk's Uniqueids begin with the second in which the channel was made."""
        first, second = self._readings("start", text)
        if first == second:
            return ReadTime(at=self._possible(first))
        made_at = time_of_uniqueid(uniqueid)
        told = made_at is not None and min(abs(first - made_at), abs(second - made_at)) < _DAY_S
        if made_at is not None and told:
            after = [reading for reading in sorted((first, second)) if reading >= made_at - _SLACK_S]
            return ReadTime(at=self._possible(after[0] if after else max(first, second)))
        doubt = "comes twice that night: taken as the first" if first < second else "was left out that night"
        return ReadTime(at=self._possible(first), doubt=f"{text} {doubt}.")

    def near(self, field: str, text: str, expected: float) -> float:
        """A time of which is known about when it must have been."""
        return self._possible(min(self._readings(field, text), key=lambda reading: abs(reading - expected)))

    def _readings(self, field: str, text: str) -> tuple[float, float]:
        """What the text may mean: the same twice, unless the clocks changed."""
        if _EPOCH_SECONDS.fullmatch(text):
            return float(text), float(text)
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                both = (moment.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
                first, second = (reading.timestamp() for reading in both)
                return first, second
            return moment.timestamp(), moment.timestamp()
        except (ValueError, OverflowError):
            raise InvalidInput(field, f"{text[:40]!r} is not a time like 2026-03-02 09:15:00.") from None

    def _possible(self, at: float) -> float:
        if not _EARLIEST <= at <= self.latest:
            raise InvalidInput("start", "The call is in the future or before 1990: is it the right column?")
        return at


def time_of_uniqueid(uniqueid: str | None) -> float | None:
    """`main-1795295646.12` → 1795295646. None for an id that somebody chose."""
    found = _UNIQUEID_TIME.search(uniqueid or "")
    return float(found[1]) if found else None


def hours(seconds: float) -> str:
    """`+2:00`, for a sentence about clocks that differ."""
    minutes = round(abs(seconds) / 60)
    return f"{'-' if seconds < 0 else '+'}{minutes // 60}:{minutes % 60:02}"
