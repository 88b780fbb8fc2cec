"""What is done to the service, and when: the same for the same seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum


class Harm(StrEnum):
    """What takes the telephone system out of the service's sight."""

    CUT = "link cut"
    FREEZE = "link half-open"
    KILL = "kill -9"
    RESTART = "SIGTERM and start"


@dataclass(frozen=True, slots=True)
class Outage:
    """At this second, for so long (a half-open link: until it is found)."""

    at_s: float
    harm: Harm
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One soak. Intervals are means, in seconds; 0: never."""

    seconds: float
    rate: float = 1.0
    seed: int = 1
    cut_every_s: float = 75.0
    freeze_every_s: float = 300.0
    lives: int = 3
    sleep_every_s: float = 6.0
    change_hands_every_s: float = 20.0
    stare_every_s: float = 30.0
    look_every_s: float = 5.0
    talks_s: tuple[float, float] = (2.0, 9.0)
    #: In the database beforehand. With so many SQLite's caches are full early: an empty database would look like a leak.
    customers: int = 5000
    #: At the end wait also for what goes by time alone: channels that hung up are remembered for half a minute, streams of closed
    #: browsers for five.
    patient: bool = True

    def outages(self) -> list[Outage]:
        """One after the other. The process dies or restarts in the first third only, so that its last life is long."""
        dice = random.Random(self.seed)
        found = [Outage(at, Harm.CUT, dice.uniform(0.1, 5.0)) for at in self._moments(dice, self.cut_every_s)]
        found += [Outage(at, Harm.FREEZE, 0.0) for at in self._moments(dice, self.freeze_every_s)]
        for number in range(self.lives - 1):
            at = self.seconds / 3 * (number + dice.uniform(0.5, 1.0)) / max(1, self.lives - 1)
            found.append(Outage(at, Harm.RESTART if number % 2 else Harm.KILL, dice.uniform(0.1, 2.0)))
        return sorted(found, key=lambda one: one.at_s)

    def _moments(self, dice: random.Random, every_s: float) -> list[float]:
        """At random, and at least one. The last moments belong to calls that nothing happens to."""
        if not every_s:
            return []
        last = self.seconds * 0.9
        found, at = [], dice.expovariate(1 / every_s)
        while at < last:
            found.append(at)
            at += dice.expovariate(1 / every_s)
        return found or [dice.uniform(0.3, 0.8) * self.seconds]


def usual(minutes: float, *, rate: float, seed: int) -> Plan:
    """What `make soak` runs. In a day the process lives a dozen times, in an hour three times."""
    return Plan(seconds=minutes * 60, rate=rate, seed=seed, lives=3 + int(minutes // 120))


#: The part of `make test`: each harm once, within half a minute.
SHORT = Plan(
    seconds=20.0,
    rate=3.0,
    seed=1895,  # one death early, then two short cuts apart from each other
    cut_every_s=6.0,
    freeze_every_s=0.0,
    lives=2,
    talks_s=(0.5, 2.5),
    customers=300,
    sleep_every_s=2.0,
    change_hands_every_s=5.0,
    stare_every_s=5.0,
    look_every_s=1.0,
    patient=False,
)
