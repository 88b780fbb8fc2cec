"""Reads are spaced out only where there are very many of them, and never stop."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pbx import events as ev
from pbx.asterisk import read_pacer
from pbx.asterisk.read_pacer import BUSY, PAUSE_S, ReadPacer
from tests.fakes.ami_server import FakeAmiServer, event, snapshot
from tests.pbx.asterisk.link import Link


class Clockwork:
    """A loop and a transport in one: remembers what was asked of it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked: list[str] = []
        self.later: list[tuple[float, Callable[..., None], tuple[object, ...]]] = []
        self.closing = False

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[..., None], *arguments: object) -> None:
        self.later.append((delay, callback, arguments))

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        self.asked.append("pause")

    def resume_reading(self) -> None:
        self.asked.append("go on")

    def read(self, pacer: ReadPacer, events_a_second: float, *, seconds: float = 0.3) -> None:
        """So many events, one in each read."""
        reads = int(events_a_second * seconds)
        for number in range(reads):
            self.now += 1 / events_a_second
            pacer.after_read(self, self.now, number + 1)  # type: ignore[arg-type]


def test_a_usual_pbx_is_read_as_it_comes() -> None:
    clockwork = Clockwork()
    clockwork.read(ReadPacer(clockwork), BUSY * 0.9)  # type: ignore[arg-type]
    assert clockwork.asked == []


def test_a_very_busy_one_is_read_with_pauses() -> None:
    clockwork = Clockwork()
    clockwork.read(ReadPacer(clockwork), BUSY * 1.2)  # type: ignore[arg-type]
    assert "pause" in clockwork.asked
    delay, go_on, arguments = clockwork.later[0]
    assert delay == PAUSE_S
    clockwork.asked.clear()
    go_on(*arguments)
    assert clockwork.asked == ["go on"]


def test_a_connection_that_closes_is_left_alone() -> None:
    clockwork = Clockwork()
    clockwork.read(ReadPacer(clockwork), BUSY * 1.2)  # type: ignore[arg-type]
    clockwork.closing = True
    clockwork.asked.clear()
    for _, go_on, arguments in clockwork.later:
        go_on(*arguments)
    clockwork.read(ReadPacer(clockwork), BUSY * 1.2)  # type: ignore[arg-type]
    assert clockwork.asked == []


async def test_nothing_is_lost_over_the_pauses(monkeypatch: pytest.MonkeyPatch, pbx: FakeAmiServer) -> None:
    monkeypatch.setattr(read_pacer, "BUSY", 0)
    monkeypatch.setattr(read_pacer, "_LOOK_EVERY_S", 0.0)
    async with Link(pbx) as link:
        await link.up()
        for number in range(300):
            await pbx.send(event("Newstate", *snapshot("PJSIP/1001-00000001", f"1.{number}")))
        seen = [(await link.next(ev.Newstate)).channel.uniqueid for _ in range(300)]
    assert seen == [f"1.{number}" for number in range(300)]
