"""G10 and G19: how many calls a second one process holds, and how late its event loop is meanwhile.

A ladder of rates: each rung is played to the service, beside a floor that parses nothing; the ladder ends with the first rung that is not
held (a pop lost, wrong or later than a second). The highest rung is played for half a minute.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.bench import naive_stack, null_floor, our_service, screens, stream_sender
from tests.bench.cache import folder
from tests.bench.contacts import AGENTS, copy_database, extension_of
from tests.bench.figures import Figure, percentile, plain
from tests.bench.pops import Point, latencies
from tests.bench.processes import Part
from tests.bench.screens import Shown
from tests.bench.service_probe import Watched
from tests.bench.stream_sender import Played, events_per_call

LADDER = (300, 500, 700, 1000)
_RUNG_S, _LAST_RUNG_S, _IDLE_S, _NAIVE_S = 8.0, 30.0, 5.0, 4.0
#: A pop that comes later than this was not held: by then the agent has picked up.
_HELD_P99_MS = 1000.0
_SETTLE_S = 60.0


@dataclass(slots=True)
class Rung:
    """What the rounds of one rate gave: latencies in milliseconds, CPU in percent of a core, the loop's times in milliseconds."""

    point: Point = field(default_factory=Point)
    cpu: list[float] = field(default_factory=list)
    sender_late: list[float] = field(default_factory=list)
    loop_p99: list[float] = field(default_factory=list)
    loop_longest: list[float] = field(default_factory=list)
    links_lost: int = 0
    culprits: list[tuple[str, int]] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Every pop came, with the right card and in time, and the link was never cut."""
        lost = self.point.lost + self.point.wrong + self.links_lost
        return lost == 0 and median(self.point.p99) <= _HELD_P99_MS


def run(rounds: int) -> Iterator[Figure]:
    """The ladder, for each rung what it cost; the figures of the goals are those of the highest rate held."""
    ours: dict[int, Rung] = {}
    floor: dict[int, Rung] = {}
    with ExitStack() as stack:
        stand = Stand(stack, ("ours", "null", "naive"))
        idle = stand.idle()
        naive = stand.play("naive", 300, _NAIVE_S, Rung())
        for rate in LADDER:
            seconds = _LAST_RUNG_S if rate == LADDER[-1] else _RUNG_S
            for _ in range(rounds):
                ours[rate] = stand.play("ours", rate, seconds, ours.get(rate, Rung()))
                floor[rate] = stand.play("null", rate, min(seconds, _RUNG_S), floor.get(rate, Rung()))
            yield from _rung_figures(rate, ours[rate], floor[rate])
            if not ours[rate].held:
                break
    held = max((rate for rate, rung in ours.items() if rung.held), default=0)
    rate = held or LADDER[0]
    yield from _goal_figures(held, rate, ours[rate], floor[rate], idle)
    yield plain("G10", "pop p99 of the naive stack at 300 calls/s", naive.point.p99, "ms")
    yield Figure(goal="G10", what="pops it lost, or showed later than five seconds after the last ring",
                 measured=naive.point.lost, unit="pops", reference=naive.point.rings, reference_name="rings")  # fmt: skip
    for place, times in ours[max(ours)].culprits:
        print(f"    busy for more than 20 ms at {max(ours)} calls/s, {times} times: {place}", flush=True)


class Stand:
    """Telephone system, screens and services, connected to each other."""

    def __init__(self, stack: ExitStack, variants: Sequence[str]) -> None:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder())))
        database = copy_database(scratch / "cti.db")
        self._sender = stack.enter_context(Part(stream_sender.run, variants, on_uvloop=False))
        ami = self._sender.answer()
        self._screens = stack.enter_context(Part(screens.run))
        starts = {
            "ours": lambda: Part(our_service.run, ami["ours"], database, {}),
            "null": lambda: Part(null_floor.run, ami["null"]),
            "naive": lambda: Part(naive_stack.run, ami["naive"], database, on_uvloop=False),
        }
        self._services: dict[str, Part] = {}
        for name in variants:
            service = self._services[name] = stack.enter_context(starts[name]())
            self._screens.ask("connect", service.answer(), [extension_of(agent) for agent in range(AGENTS)])
        _, shown = self._stream("ours", 100, 2.0)
        if "null" in variants:
            middle = sorted(shown, key=lambda pop: len(pop.frame))[len(shown) // 2]
            self._services["null"].ask("frame", middle.frame)
        self._screens.ask("lean")

    def idle(self) -> Watched:
        """The loop's lag while nothing happens: what the machine and the timer add."""
        self._services["ours"].ask("watch")
        self._screens.ask("gather", 1)  # waits five seconds for what does not come
        watched: Watched = self._services["ours"].ask("watched")
        return watched

    def play(self, name: str, rate: int, seconds: float, rung: Rung) -> Rung:
        """One round of one rate."""
        service, probed = self._services[name], name == "ours"
        if probed:
            service.ask("watch")
        before = service.ask("cpu")
        played, shown = self._stream(name, rate, seconds)
        rung.cpu.append((service.ask("cpu") - before) / played.seconds * 100)
        if probed:
            watched: Watched = service.ask("watched")
            rung.loop_p99.append(watched.loop_p99 * 1000)
            rung.loop_longest.append(watched.loop_longest * 1000)
            rung.links_lost += watched.links_lost
            rung.culprits = watched.culprits
            service.ask("settle", _SETTLE_S, timeout_s=_SETTLE_S + 30)
        found = latencies(rung.point, played.rings, shown, check_card=probed)
        rung.point.p50.append(percentile(found, 0.50))
        rung.point.p99.append(percentile(found, 0.99))
        rung.sender_late.append(percentile(played.late, 0.99) * 1000)
        return rung

    def _stream(self, name: str, rate: int, seconds: float) -> tuple[Played, list[Shown]]:
        played: Played = self._sender.ask("stream", name, rate, seconds, False, timeout_s=seconds * 4 + 120)
        shown: list[Shown] = self._screens.ask("gather", len(played.rings))
        return played, shown


# --- the table --------------------------------------------------------------------------------------------------------


def _rung_figures(rate: int, ours: Rung, floor: Rung) -> Iterator[Figure]:
    events = rate * events_per_call()
    yield plain("G10", f"pop p50 at {rate} calls/s, {events:,} events/s", ours.point.p50, "ms",
                reference=floor.point.p50, against="floor")  # fmt: skip
    yield plain("G10", f"pop p99 at {rate} calls/s", ours.point.p99, "ms", reference=floor.point.p99, against="floor")
    yield Figure(goal="G10", what=f"pops lost, wrong, links cut at {rate} calls/s", unit="",
                 measured=ours.point.lost + ours.point.wrong + ours.links_lost,
                 reference=ours.point.rings, reference_name="rings")  # fmt: skip
    yield plain("G10", f"CPU at {rate} calls/s", ours.cpu, "% core", reference=floor.cpu, against="floor")
    yield plain("G10", f"the sender's own lateness p99 at {rate} calls/s", ours.sender_late, "ms")


def _goal_figures(held: int, rate: int, ours: Rung, floor: Rung, idle: Watched) -> Iterator[Figure]:
    yield Figure(goal="G10", what=f"highest rate held, of {', '.join(map(str, LADDER))}", measured=held,
                 unit="calls/s", value=held, at_least=LADDER[-1])  # fmt: skip
    yield plain("G10", f"pop p99 at {rate} calls/s", ours.point.p99, "ms",
                reference=floor.point.p99, against="floor", at_most=5.0)  # fmt: skip
    yield plain("G10", f"CPU at {rate} calls/s", ours.cpu, "% core", reference=floor.cpu, against="floor", at_most=70.0)
    yield plain("G19", f"loop lag p99 at {rate} calls/s", ours.loop_p99, "ms",
                reference=[idle.loop_p99 * 1000], against="idle", at_most=2.0)  # fmt: skip
    yield plain("G19", f"longest the loop was busy in one go at {rate} calls/s", ours.loop_longest, "ms",
                reference=[idle.loop_longest * 1000], against="idle", at_most=20.0)  # fmt: skip
