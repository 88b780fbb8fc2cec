"""The storm: 5,000 events a second for minutes, then 20,000 for ten seconds, while 50 of 500 screens do not read.

What has to hold: whoever reads the AMI is never more than a second behind, the call records are exactly what happened, the pops of the
450 who read come within half a second, and those who do not read cost nobody anything.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import our_service, screens, stream_sender
from tests.bench.cache import folder
from tests.bench.contacts import AGENTS, copy_database, extension_of
from tests.bench.figures import Figure, percentile
from tests.bench.judging import Verdict, judge
from tests.bench.pops import Point, latencies
from tests.bench.processes import Part
from tests.bench.screens import Shown
from tests.bench.service_probe import Watched
from tests.bench.stream_sender import Played, events_per_call

SECONDS = 60.0
DEAF = 50
_LONG, _BURST = 5_000, 20_000
_BURST_S = 10.0
_SETTLE_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """One part of the storm, with everything that was measured in it."""

    events: int
    seconds: float
    watched: Watched
    point: Point
    pops: list[float]
    verdict: Verdict
    settled: bool
    cpu: float
    sender_late: float
    memory: tuple[float, float]  # MB before and after
    sockets: int
    closed: dict[str, int]


def run(seconds: float) -> Iterator[Figure]:
    """Once, however many rounds are asked for: ten minutes of storm are no shorter for being repeated."""
    with ExitStack() as stack:
        stand = _Stand(stack)
        for events, lasting, apart in ((_LONG, seconds, True), (_BURST, _BURST_S, False)):
            weather = stand.play(events, lasting, apart=apart)
            yield from _figures(weather)


class _Stand:
    def __init__(self, stack: ExitStack) -> None:
        self._database = copy_database(Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder()))) / "cti.db")
        self._sender = stack.enter_context(Part(stream_sender.run, ("ours",), on_uvloop=False))
        ami = self._sender.answer()
        self._service = stack.enter_context(Part(our_service.run, ami["ours"], self._database, {}))
        port = self._service.answer()
        self._screens = stack.enter_context(Part(screens.run))
        everybody = [extension_of(agent) for agent in range(AGENTS)]
        # Every tenth agent does not read.
        self._deaf = frozenset(everybody[:: AGENTS // DEAF])
        self._screens.ask("lean")
        self._screens.ask("connect", port, [one for one in everybody if one not in self._deaf])
        self._screens.ask("connect deaf", port, sorted(self._deaf))
        self._stream(200, 2.0, apart=False)
        self._service.ask("settle", _SETTLE_S, timeout_s=_SETTLE_S + 30)

    def play(self, events: int, seconds: float, *, apart: bool) -> Weather:
        """One part, until everything that came of it is written."""
        last = self._last_record()
        memory = self._service.ask("memory") / 1024
        self._service.ask("watch")
        cpu = self._service.ask("cpu")
        played, shown = self._stream(events, seconds, apart=apart)
        cpu = self._service.ask("cpu") - cpu
        watched: Watched = self._service.ask("watched")
        settled = self._service.ask("settle", _SETTLE_S, timeout_s=_SETTLE_S + 30)
        point = Point()
        heard = [ring for ring in played.rings if ring.extension not in self._deaf]
        pops = latencies(point, heard, [pop for pop in shown if pop.extension not in self._deaf], check_card=True)
        sockets, closed = self._service.ask("push")
        return Weather(
            events=events,
            seconds=played.seconds,
            watched=watched,
            point=point,
            pops=pops,
            verdict=judge(self._records(last), played.calls),
            settled=settled,
            cpu=cpu / played.seconds * 100,
            sender_late=percentile(played.late, 0.99),
            memory=(memory, self._service.ask("memory") / 1024),
            sockets=sockets,
            closed=closed,
        )

    def _stream(self, events: int, seconds: float, *, apart: bool) -> tuple[Played, list[Shown]]:
        rate = events / events_per_call()
        played: Played = self._sender.ask("stream", "ours", rate, seconds, apart, timeout_s=seconds * 3 + 120)
        readers = sum(1 for ring in played.rings if ring.extension not in self._deaf)
        shown: list[Shown] = self._screens.ask("gather", readers, timeout_s=300)
        return played, shown

    def _last_record(self) -> int:
        with sqlite3.connect(f"file:{self._database}?mode=ro", uri=True) as database:
            return int(database.execute("SELECT coalesce(max(seq), 0) FROM calls").fetchone()[0])

    def _records(self, after: int) -> list[dict[str, Any]]:
        with sqlite3.connect(f"file:{self._database}?mode=ro", uri=True) as database:
            rows = database.execute(
                "SELECT c.record, c.customer_id, (SELECT json_group_array(agent) FROM (SELECT agent FROM call_legs"
                " WHERE call_id = c.id ORDER BY position)) FROM calls AS c WHERE c.seq > ?",
                (after,),
            )
            return [_record(*row) for row in rows]


def _record(text: str, customer_id: int | None, agents: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(text)
    legs = [
        {**leg, "agent": agent or leg["agent"]} for leg, agent in zip(record["legs"], json.loads(agents), strict=True)
    ]
    return {**record, "customer_id": customer_id, "legs": legs}


# --- the table --------------------------------------------------------------------------------------------------------


def _figures(weather: Weather) -> Iterator[Figure]:
    at = f"{weather.events:,} events/s for {weather.seconds:.0f} s"
    watched, point, verdict = weather.watched, weather.point, weather.verdict
    yield _goal(f"longest lag from an event's Timestamp until it is read, {at}", watched.read_longest, "s", 1.0)
    yield _told("the same, p99", watched.read_p99, "s", reference=watched.reads, name="reads")
    yield _goal("longest lag until it is handled", watched.handled_longest, "s", 1.0)
    yield _told("the same, p99", watched.handled_p99, "s")
    yield _told("the sender's own lateness, p99", weather.sender_late, "s")
    yield _goal("calls without a record, with a wrong one or with two", verdict.faults, "", 0, verdict.calls, "calls")
    yield _goal("times the link was cut", watched.links_lost, "", 0)
    yield _goal("pop p99 of the 450 that read", percentile(weather.pops, 0.99), "ms", 500)
    yield _told("pop p50 of them", percentile(weather.pops, 0.50), "ms")
    yield _goal("pops lost or wrong of them", point.lost + point.wrong, "pops", 0, point.rings, "rings")
    yield _told("CPU", weather.cpu, "% core")
    yield _told("private memory after", weather.memory[1], "MB", reference=weather.memory[0], name="MB before")
    yield _told(f"sockets still open, of {AGENTS} with {DEAF} that do not read", weather.sockets, "sockets")
    print(f"    closed by the service: {weather.closed or 'none'}; records settled: {weather.settled};"
          f" missing {verdict.missing}, extra {verdict.extra}, wrong {verdict.wrong} {verdict.fields or ''}", flush=True)  # fmt: skip
    for place, times in watched.culprits:
        print(f"    busy for more than 20 ms, {times} times: {place}", flush=True)


def _goal(what: str, value: float, unit: str, most: float, reference: float | None = None, name: str = "") -> Figure:
    return Figure(goal="storm", what=what, measured=value, unit=unit, value=value, at_most=most,
                  reference=reference, reference_name=name)  # fmt: skip


def _told(what: str, value: float, unit: str, *, reference: float | None = None, name: str = "") -> Figure:
    return Figure(goal="storm", what=what, measured=value, unit=unit, reference=reference, reference_name=name)
