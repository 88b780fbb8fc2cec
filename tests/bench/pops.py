"""G8 and G9: from the write of the offer into the AMI socket to the callback of the agent's websocket.

Four processes beside each other: the telephone system, the screens, and the service under test (ours, the floor, the naive stack). All
variants take turns within each round, so that a busy moment of the machine meets all of them.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench import load_sender, naive_stack, null_floor, our_service, screens
from tests.bench.cache import folder
from tests.bench.contacts import AGENTS, copy_database, extension_of
from tests.bench.figures import Figure, percentile
from tests.bench.load_sender import Ring
from tests.bench.processes import Part
from tests.bench.screens import Shown

_EXTENSIONS = [extension_of(agent) for agent in range(AGENTS)]
#: Variant, calls a second, seconds in each round, everything up to the ring in one write.
PointOf = tuple[str, int, float, bool]
G8_POINTS: tuple[PointOf, ...] = (
    *(("ours", 10, 6.0, False), ("null", 10, 6.0, False)),
    *(("ours", 100, 4.0, False), ("null", 100, 4.0, False)),
    *(("ours", 300, 4.0, False), ("null", 300, 4.0, False), ("ours", 300, 4.0, True)),
)
G9_POINTS: tuple[PointOf, ...] = (("ours", 100, 4.0, False), ("naive", 100, 4.0, False))


@dataclass(slots=True)
class Point:
    """What all rounds of one variant at one rate gave, in milliseconds."""

    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    all: list[float] = field(default_factory=list)
    cpu_per_call: list[float] = field(default_factory=list)
    rings: int = 0
    lost: int = 0
    wrong: int = 0


#: The service itself, with its call records and without.
OURS = ("ours", "unwritten")
_UNWRITTEN = {"bench": {"writes": False}}
Points = dict[tuple[str, int, bool], Point]


def run(rounds: int, *, floor: bool, naive: bool) -> Iterator[Figure]:
    """`floor`: the figures of G8; `naive`: those of G9."""
    wanted = (*(G8_POINTS if floor else ()), *((p for p in G9_POINTS if not floor or p[0] == "naive") if naive else ()))
    variants = list(dict.fromkeys(point[0] for point in wanted))
    points: Points = {}
    with ExitStack() as stack:
        stand = Stand(stack, variants)
        stand.warm_up()
        for _ in range(rounds):
            for point in sorted(wanted, key=lambda one: (one[1], one[3])):
                stand.measure(point, points)
    if floor:
        yield from _floor_figures(points)
    if naive:
        yield from _naive_figures(points)


class Stand:
    """The processes, connected to each other."""

    def __init__(self, stack: ExitStack, variants: Sequence[str]) -> None:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder())))
        database = copy_database(scratch / "cti.db")
        self._sender = stack.enter_context(Part(load_sender.run, variants, on_uvloop=False))
        ami = self._sender.answer()
        self._screens = stack.enter_context(Part(screens.run))
        starts = {
            "ours": lambda: Part(our_service.run, ami["ours"], database, {}),
            "unwritten": lambda: Part(our_service.run, ami["unwritten"], _another(database), _UNWRITTEN),
            "null": lambda: Part(null_floor.run, ami["null"]),
            "naive": lambda: Part(naive_stack.run, ami["naive"], database, on_uvloop=False),
        }
        self._services: dict[str, Part] = {}
        for name in variants:
            service = self._services[name] = stack.enter_context(starts[name]())
            self._screens.ask("connect", service.answer(), _EXTENSIONS)

    def warm_up(self) -> None:
        """Every page read once, every path run; the floor sends what ours sent."""
        shown, _ = self._play("ours", 100, 2.0, at_once=False)
        if "null" in self._services:
            middle = sorted(shown, key=lambda pop: len(pop.frame))[len(shown) // 2]
            self._services["null"].ask("frame", middle.frame)
        for name in self._services:
            self._play(name, 100, 2.0, at_once=False)

    def measure(self, point: PointOf, points: Points) -> None:
        """One round of one variant at one rate."""
        name, rate, seconds, at_once = point
        before = self._services[name].ask("cpu")
        shown, rings = self._play(name, rate, seconds, at_once=at_once)
        after = self._services[name].ask("cpu")
        found = points.setdefault((name, rate, at_once), Point())
        times = latencies(found, rings, shown, check_card=name in OURS)
        found.p50.append(percentile(times, 0.50))
        found.p99.append(percentile(times, 0.99))
        found.all += times
        found.cpu_per_call.append((after - before) * 1e6 / len(rings))

    def _play(self, name: str, rate: int, seconds: float, *, at_once: bool) -> tuple[list[Shown], list[Ring]]:
        rings: list[Ring] = self._sender.ask("play", name, rate, seconds, at_once)
        shown: list[Shown] = self._screens.ask("gather", len(rings))
        return shown, rings


def latencies(point: Point, rings: Sequence[Ring], shown: Sequence[Shown], *, check_card: bool) -> list[float]:
    """Milliseconds of each ring that was shown; counts what was lost and what was shown wrongly."""
    arrived = {(pop.number, pop.extension): pop.at for pop in shown}
    found = [
        arrived[ring.number, ring.extension] - ring.at for ring in rings if (ring.number, ring.extension) in arrived
    ]
    offered = {(ring.number, ring.extension) for ring in rings}
    times = Counter((pop.number, pop.extension) for pop in shown)
    point.rings += len(rings)
    point.lost += len(rings) - len(found)
    point.wrong += sum(1 for key, count in times.items() if key not in offered or count > 1)
    if check_card:
        point.wrong += sum(1 for pop in shown if pop.frame and not _right_card(pop))
    return [seconds * 1000 for seconds in found]


def _another(database: Path) -> Path:
    beside = database.parent / "beside"
    beside.mkdir()
    return copy_database(beside / database.name)


def _right_card(pop: Shown) -> bool:
    data: dict[str, Any] = json.loads(pop.frame)["data"]
    numbers = [phone["number"] for card in data["customers"] for phone in card["phones"]]
    return data["match"] == "one" and pop.number in numbers


# --- the table --------------------------------------------------------------------------------------------------------


def _floor_figures(points: Points) -> Iterator[Figure]:
    for rate in (10, 100, 300):
        ours, floor = points["ours", rate, False], points["null", rate, False]
        goal = rate == 300
        yield _ratio("G8", f"pop p50 at {rate} calls/s", ours.p50, floor.p50, "floor", at_most=8.0 if goal else None)
        yield _plain("G8", f"pop p99 at {rate} calls/s", median(ours.p99), at_most=3.0 if goal else None,
                     reference=median(floor.p99), reference_name="floor")  # fmt: skip
        yield _plain("G8", f"pop p99.9 at {rate} calls/s, all rounds", percentile(ours.all, 0.999))
        yield _losses(rate, ours)
        yield Figure(goal="G8", what=f"CPU for a call at {rate} calls/s", measured=median(ours.cpu_per_call),
                     unit="µs", reference=median(floor.cpu_per_call), reference_name="floor")  # fmt: skip
    cold = points["ours", 300, True]
    yield _plain("G8", "pop p50 at 300 calls/s, ring in one write with the call's first event", median(cold.p50))
    yield _plain("G8", "pop p99 of the same", median(cold.p99))
    yield _losses(300, cold)


def _naive_figures(points: Points) -> Iterator[Figure]:
    ours, naive = points["ours", 100, False], points["naive", 100, False]
    yield _ratio("G9", "pop p50 at 100 calls/s", ours.p50, naive.p50, "naive", at_most=1 / 6)
    yield _ratio("G9", "pop p99 at 100 calls/s", ours.p99, naive.p99, "naive", at_most=1 / 6)
    yield Figure(goal="G9", what="pops the naive stack lost at 100 calls/s", measured=naive.lost, unit="pops",
                 reference=naive.rings, reference_name="rings", value=naive.lost, at_most=0)  # fmt: skip
    yield Figure(goal="G9", what="CPU for a call at 100 calls/s", measured=median(ours.cpu_per_call), unit="µs",
                 reference=median(naive.cpu_per_call), reference_name="naive")  # fmt: skip


def _ratio(goal: str, what: str, ours: list[float], theirs: list[float], name: str, *, at_most: float | None) -> Figure:
    measured, reference = median(ours), median(theirs)
    return Figure(goal=goal, what=what, measured=measured, unit="ms", reference=reference, reference_name=name,
                  value=measured / reference, at_most=at_most)  # fmt: skip


def _plain(goal: str, what: str, measured: float, *, at_most: float | None = None, **reference: Any) -> Figure:
    value = measured if at_most is not None else None
    return Figure(goal=goal, what=what, measured=measured, unit="ms", value=value, at_most=at_most, **reference)


def _losses(rate: int, point: Point) -> Figure:
    """Pops that did not come, came twice, at the wrong agent or without the right card."""
    bad = point.lost + point.wrong
    return Figure(goal="G8", what=f"pops lost or wrong at {rate} calls/s", measured=bad, unit="pops",
                  reference=point.rings, reference_name="rings", value=bad, at_most=0)  # fmt: skip
