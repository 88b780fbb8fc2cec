"""Simulated time."""

from pbx.events import ChannelState
from pbx.simulator.channels import SimChannel
from pbx.simulator.timeline import Script, Signal, Sleep, Timeline


def test_scripts_wake_in_the_order_of_their_moments() -> None:
    timeline, seen = Timeline(100.0), []

    def script(name: str, seconds: float) -> Script:
        yield Sleep(seconds)
        seen.append((name, timeline.now))

    timeline.start(script("late", 2.0))
    timeline.start(script("early", 1.0))
    timeline.advance(110.0)
    assert seen == [("early", 101.0), ("late", 102.0)]
    assert timeline.now == 110.0


def test_a_signal_wakes_who_waits_and_only_once() -> None:
    timeline, signal, woken = Timeline(0.0), Signal(), []

    def script() -> Script:
        woken.append((yield Sleep(10.0, signal)))
        woken.append((yield Sleep(10.0)))

    timeline.start(script())
    timeline.advance(1.0)
    timeline.fire(signal)
    timeline.fire(signal)
    timeline.advance(5.0)
    assert woken == [signal]
    timeline.advance(11.0)
    assert woken == [signal, None]
    assert timeline.next_due() is None


def test_nothing_overtakes_a_hang_up() -> None:
    timeline, signal, woken = Timeline(0.0), Signal(), []
    channel = SimChannel("PJSIP/1-1", "1.1", "1.1", "PJSIP/1", "c", "s", ChannelState.UP, 0.0, None, None)

    def script() -> Script:
        woken.append((yield Sleep(10.0, signal)))
        woken.append((yield Sleep(1.0, signal)))

    task = timeline.start(script())
    timeline.advance(1.0)
    timeline.hang_up(task, channel)
    timeline.fire(signal)
    timeline.advance(1.0)
    assert woken == [channel]
    timeline.advance(3.0)
    assert woken == [channel, None]
    timeline.hang_up(task, channel)
    assert timeline.next_due() is None
