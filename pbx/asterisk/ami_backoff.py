"""How long to wait before the next attempt to reach a PBX: longer each time, and never quite the same (D9, D10)."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

_REFUSED_FACTOR = 4  # a wrong secret does not mend itself, and fail2ban counts attempts


@dataclass(slots=True)
class Backoff:
    """Doubles from `first_s`; refused logins grow faster and up to `refused_max_s`."""

    first_s: float
    refused_max_s: float
    away_max_s: float
    rng: random.Random = field(default_factory=random.Random)
    _next_s: float = 0.0

    def away(self) -> float:
        """Seconds to wait when the PBX could not be reached or the link broke."""
        return self._step(2, self.away_max_s)

    def refused(self) -> float:
        """Seconds to wait after a refused login."""
        return self._step(_REFUSED_FACTOR, self.refused_max_s)

    def reset(self) -> None:
        """The link was good: begin again with the shortest wait."""
        self._next_s = 0.0

    def _step(self, factor: int, limit_s: float) -> float:
        wait_s = min(self._next_s or self.first_s, limit_s)
        self._next_s = wait_s * factor
        return wait_s * (0.5 + self.rng.random() / 2)
