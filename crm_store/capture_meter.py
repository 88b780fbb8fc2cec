"""How calls are captured: which talks have a record that a person made, in how many keys, and how long after the talk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from statistics import median

from crm_store.activities import CallRecord

#: More than this is a stuck key or a forged request.
MOST_KEYS = 10_000
#: A wrap-up that lies open over a break says nothing about how long writing takes.
LONGEST_WRAP_UP_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What it took one agent to save one call. `keys`: from the ring to the save, a chord is one, typed text is none."""

    call_id: str
    user: str
    keys: int
    clicks: int
    wrap_up_s: float | None  # from the end of the talk; 0: saved while it went on; None: not known
    saved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTalk:
    """One agent's part in one finished call. `captured`: it has a note, an outcome, or a task that this agent made of it."""

    call_id: str
    agent: str
    at: datetime
    captured: bool
    keys: int | None
    clicks: int | None
    wrap_up_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureFigures:
    """Sums of some talks. Medians are of the `measured` ones, which were saved in the browser; None without any."""

    talks: int
    captured: int
    measured: int
    keys: float | None
    clicks: float | None
    wrap_up_s: float | None

    @property
    def rate(self) -> float | None:
        """Captured talks as a share of all, 0 to 1; None without talks."""
        return self.captured / self.talks if self.talks else None


def figures(talks: Sequence[AgentTalk]) -> CaptureFigures:
    """Of these talks together."""
    measured = [talk for talk in talks if talk.keys is not None]
    return CaptureFigures(
        talks=len(talks),
        captured=sum(talk.captured for talk in talks),
        measured=len(measured),
        keys=_median(talk.keys for talk in measured),
        clicks=_median(talk.clicks for talk in measured),
        wrap_up_s=_median(talk.wrap_up_s for talk in measured),
    )


def by_day(talks: Iterable[AgentTalk], zone: tzinfo) -> list[tuple[date, CaptureFigures]]:
    """For each day of that zone with talks, the newest first."""
    days: dict[date, list[AgentTalk]] = defaultdict(list)
    for talk in talks:
        days[talk.at.astimezone(zone).date()].append(talk)
    return [(day, figures(days[day])) for day in sorted(days, reverse=True)]


def by_agent(talks: Iterable[AgentTalk]) -> list[tuple[str, CaptureFigures]]:
    """For each agent with talks, by name."""
    agents: dict[str, list[AgentTalk]] = defaultdict(list)
    for talk in talks:
        agents[talk.agent].append(talk)
    return [(agent, figures(agents[agent])) for agent in sorted(agents)]


def without_record(talks: Iterable[AgentTalk], most: int) -> list[AgentTalk]:
    """Those that nobody wrote anything about, the newest first."""
    return sorted((talk for talk in talks if not talk.captured), key=lambda talk: talk.at, reverse=True)[:most]


def wrap_up_of(record: CallRecord, agent: str, now: datetime) -> float | None:
    """Seconds since this agent's part of the call ended; 0 while it goes on. None: no part of theirs is known, or it lay open too
    long to tell anything."""
    legs = [leg for leg in record["legs"] if leg["agent"] == agent]
    if not legs:
        return None
    ended = legs[-1]["ended_at"]
    seconds = max(0.0, (now - datetime.fromisoformat(ended)).total_seconds()) if ended else 0.0
    return seconds if seconds <= LONGEST_WRAP_UP_S else None


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(median(known)) if known else None
