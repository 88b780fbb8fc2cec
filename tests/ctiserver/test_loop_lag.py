"""Who holds the event loop is named, who starves it is not blamed for it, and the figures tell both."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from ctiserver.loop_lag import BLOCKED_S, LagFigures, LoopLag, Silence, Verdict, judged
from ctiserver.systemd import ServiceManager
from tests.ctiserver.test_systemd import Notices


def silence(late_s: float, *, looked_late_s: float = 0.0, cpu_s: float = 0.0, queued_s: float = 0.0) -> Silence:
    return Silence(late_s=late_s, looked_late_s=looked_late_s, cpu_s=cpu_s, queued_s=queued_s)


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        pytest.param(silence(0.2), None, id="not late enough"),
        pytest.param(silence(0.4, cpu_s=0.4), Verdict.BLOCKED, id="it computes"),
        pytest.param(silence(0.4), Verdict.BLOCKED, id="it waits for a disk or a lock"),
        pytest.param(silence(0.4, queued_s=0.3), Verdict.STARVED, id="others have the processors"),
        pytest.param(
            silence(0.9, queued_s=0.3, cpu_s=0.6), Verdict.BLOCKED, id="a busy machine, and still it computes"
        ),
        pytest.param(silence(0.9, looked_late_s=0.8), Verdict.STARVED, id="the whole process was stopped"),
        pytest.param(silence(0.9, looked_late_s=0.8, cpu_s=0.9), Verdict.BLOCKED, id="C that keeps the interpreter"),
    ],
)
def test_the_verdict(seen: Silence, verdict: Verdict | None) -> None:
    assert judged(seen) is verdict


def test_the_figures() -> None:
    figures = LagFigures()
    for late_s in (0.001, 0.005, 0.3, 7.0):
        figures.add(late_s, now=100.0)
    assert dict(figures.buckets()) == {
        **dict.fromkeys(("0.005", "0.01", "0.025", "0.05", "0.1", "0.25"), 2),
        **dict.fromkeys(("0.5", "1.0", "2.5", "5.0"), 3),
        "+Inf": 4,
    }
    assert figures.sum_s == pytest.approx(7.306)


def test_the_longest_lag_is_seen_by_whoever_looks_once_a_minute() -> None:
    figures = LagFigures()
    figures.add(3.0, now=119.0)
    figures.add(1.0, now=121.0)
    assert (figures.longest_s(179.0), figures.longest_s(181.0), figures.longest_s(241.0)) == (3.0, 1.0, 0.0)
    figures.add(2.0, now=1000.0)
    assert (figures.longest_s(1000.0), figures.longest_s(5000.0)) == (2.0, 0.0)


# --- on a real loop ---------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def measured(**values: float) -> AsyncIterator[LoopLag]:
    lag = LoopLag(**values)
    running = asyncio.create_task(lag.run())
    try:
        await beats(lag)
        yield lag
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def beats(lag: LoopLag, more: int = 1) -> None:
    """The loop gave so many signs of life more."""
    wanted = lag.figures.buckets()[-1][1] + more
    async with asyncio.timeout(20):
        while lag.figures.buckets()[-1][1] < wanted:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


def blocking_call(seconds: float) -> None:
    time.sleep(seconds)  # the fault: a driver that waits for a disk


def about(lines: list[Any], event: str) -> list[Any]:
    return [line for line in lines if line["event"] == event]


async def test_what_holds_the_loop_is_named_while_it_does(logged: list[Any]) -> None:
    async with measured() as lag:
        blocking_call(1.5)
        told = about(logged, "event loop blocked")  # it was told before anything else ran on the loop
        await beats(lag)
    (line,) = told
    assert "test_loop_lag.py" in line["where"]
    assert "blocking_call" in line["where"]
    assert any("test_what_holds_the_loop" in frame for frame in line["frames"])
    assert line["log_level"] == "warning"
    assert line["so_far_s"] >= BLOCKED_S
    (over,) = about(logged, "event loop free again")
    assert over["seconds"] > 1.0
    assert lag.figures.blocked == 1
    assert lag.longest_s > 1.0


async def test_it_complains_seldom_and_counts_all(logged: list[Any]) -> None:
    async with measured(loud_every_s=3600.0) as lag:
        for _ in range(3):
            blocking_call(1.2)
            await beats(lag)
    assert len(about(logged, "event loop blocked")) == 1
    assert lag.figures.blocked == 3


async def test_how_many_were_not_told_is_told_with_the_next(logged: list[Any]) -> None:
    now = [0.0]
    async with measured(loud_every_s=10.0) as lag:
        said: list[int] = []
        for moment in (0.0, 1.0, 2.0, 20.0):
            now[0] = moment
            lag._clock = lambda: now[0]
            lag._say(silence(1.0), "somewhere", [])
        lag._clock = time.monotonic
        said += [line["unsaid"] for line in about(logged, "event loop blocked")]
    assert said == [0, 2]


async def test_a_loop_that_works_is_not_complained_about(logged: list[Any]) -> None:
    async with measured() as lag:
        await beats(lag, 3)
    assert about(logged, "event loop blocked") == []
    assert lag.figures.buckets()[-1][1] >= 4


async def test_a_loop_that_hangs_does_not_beat_for_systemd(tmp_path: Path) -> None:
    """The thread that watches says what hangs; it never speaks for the loop."""
    notices = Notices(tmp_path / "notify")
    manager = ServiceManager({"NOTIFY_SOCKET": notices.address, "WATCHDOG_USEC": "60000"})
    async with measured():
        beating = asyncio.create_task(manager.beat())
        await notices.until("WATCHDOG=1")
        with contextlib.suppress(BlockingIOError):
            while True:
                notices.socket.recv(4096)
        blocking_call(0.6)
        with pytest.raises(BlockingIOError):
            notices.socket.recv(4096)
        await notices.until("WATCHDOG=1")
        beating.cancel()
    notices.socket.close()
