"""What the service is made of from time to time: its memory and handles by /proc, everything else by its own /metrics."""

from __future__ import annotations

import csv
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

#: The end may differ from the beginning by so much.
FLAT = 0.05
#: Of a life: what fills once (caches, wrap-ups that nobody saves, SQLite's pages) is full after this share of it, or these seconds.
WARM_UP_SHARE, WARM_UP_S = 0.4, 900.0
#: Windows of which the medians are compared, as a share of what is left, and the fewest samples that make one.
_WINDOW_SHARE, _FEWEST = 0.25, 8

#: Nothing of these is left when no call goes on and no browser is open; and nothing of the others a few minutes later.
_EMPTY_AT_ONCE = (
    *("pbx:calls", "pbx:channels", "pbx:bridges", "pbx:events_held_back"),
    *("pbx:answers_awaited", "lookups", "pop_events", "pop_tasks", "records_awaited", "callbacks_waiting"),
    *("dial_requests_open", "writes", "records_waiting", "ledger_waiting", "push_sockets", "buffer:unsent"),
)
_EMPTY_LATER = ("pbx:tombstones", "pbx:originates", "push_streams", "subscriptions", "buffer:waiting", "buffer:kept")


def empty_at_rest(*, patient: bool) -> tuple[str, ...]:
    """Figures that are 0 when nothing goes on; `patient`: after what goes by time alone has gone, too."""
    return (*_EMPTY_AT_ONCE, *_EMPTY_LATER) if patient else _EMPTY_AT_ONCE


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the process."""

    at: float
    life: int  # the first process is 1
    private_mb: float
    handles: int
    tasks: int
    held: Mapping[str, float]


def read_figures(text: str) -> dict[str, float]:
    """What /metrics says, by short names: `pbx:channels`, `pops`, `buffer:kept`, `records_waiting`, …"""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            match one.name, one.labels:
                case "cti_held", {"kind": kind}:
                    found[kind] = one.value
                case "cti_pbx_held", {"kind": kind}:
                    found[f"pbx:{kind}"] = one.value
                case "cti_push_buffer_bytes", {"kind": kind}:
                    found[f"buffer:{kind}"] = one.value
                case "cti_push_closed_total", {"code": code}:
                    found[f"closed:{code}"] = one.value
                case name, labels if name.startswith("cti_") and not labels:
                    found[name.removeprefix("cti_")] = one.value
                case _:
                    pass
    return found


async def scraped(http: aiohttp.ClientSession, url: str) -> dict[str, float]:
    """The figures now."""
    async with http.get(f"{url}/metrics", timeout=aiohttp.ClientTimeout(total=20)) as answer:
        return read_figures(await answer.text())


def sample(process: int, life: int, figures: Mapping[str, float], private_mb: float) -> Sample:
    """One look, put together."""
    handles = len(list(Path("/proc", str(process), "fd").iterdir()))
    return Sample(time.time(), life, private_mb, handles, int(figures["tasks"]), figures)


def write_samples(samples: Sequence[Sample], file: Path) -> None:
    """All of them, for whoever looks for what grows together."""
    names = sorted({name for one in samples for name in one.held})
    with file.open("w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(("at", "life", "private_mb", "handles", *names))
        for one in samples:
            writer.writerow((one.at, one.life, one.private_mb, one.handles, *(one.held.get(name) for name in names)))


@dataclass(frozen=True, slots=True)
class Growth:
    """The memory of one life of the process: the median after the warm-up beside that of the end."""

    life: int
    minutes: float
    first_mb: float
    last_mb: float

    @property
    def share(self) -> float:
        return self.last_mb / self.first_mb - 1.0

    @property
    def flat(self) -> bool:
        return abs(self.share) <= FLAT


def growths(samples: Sequence[Sample]) -> list[Growth]:
    """One for each life that was long enough to have two windows after its warm-up; the others say nothing about leaks."""
    found = []
    for life in sorted({one.life for one in samples}):
        lived = [one for one in samples if one.life == life]
        began, ended = lived[0].at, lived[-1].at
        warm_at = began + min(WARM_UP_S, (ended - began) * WARM_UP_SHARE)
        warm = [one for one in lived if one.at >= warm_at]
        window = int(len(warm) * _WINDOW_SHARE)
        if window < _FEWEST:
            continue
        first, last = (median(one.private_mb for one in part) for part in (warm[:window], warm[-window:]))
        found.append(Growth(life, (ended - began) / 60, first, last))
    return found
