"""The random office: busy for an hour of simulated time, and never impossible."""

from collections import Counter
from collections.abc import Sequence
from functools import cache

import pytest

from pbx.simulator import Simulator
from pbx.simulator.ami_wire import event_bytes
from tests.pbx.simulator.streams import Event, events_of, office

HOUR_S = 3600.0


@cache
def an_hour(seed: int, calls_per_minute: float = 10.0, seconds: float = HOUR_S) -> tuple[Simulator, list[Event], bytes]:
    simulator = office(seed, calls_per_minute)
    start = simulator.timeline.now
    simulator.open(start)
    simulator.advance(start + seconds)
    raw = b"".join(event_bytes(event) for event in simulator.take_events())
    return simulator, events_of(raw), raw


def test_the_same_seed_gives_the_same_bytes() -> None:
    once, again, other = (an_hour.__wrapped__(seed, seconds=300.0)[2] for seed in (3, 3, 4))
    assert once == again
    assert once != other


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_channel_is_born_once_and_ends_once(seed: int) -> None:
    simulator, events, _ = an_hour(seed)
    born = Counter(event["Uniqueid"] for event in events if event.name == "Newchannel")
    ended = Counter(event["Uniqueid"] for event in events if event.name == "Hangup")
    assert set(born.values()) == {1}
    assert set(ended.values()) == {1}
    assert born.keys() - ended.keys() == simulator.switch.channels.keys()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_people_do_everything_that_people_do(seed: int) -> None:
    names = Counter(event.name for event in an_hour(seed)[1])
    for happened in (
        "AgentConnect",
        "QueueCallerAbandon",
        "AgentRingNoAnswer",
        "QueueMemberPause",
        "LocalBridge",
        "Hold",
    ):
        assert names[happened], happened


def test_no_phone_of_a_queue_rings_while_it_talks() -> None:
    events = an_hour(5, calls_per_minute=30)[1]
    busy: dict[str, str] = {}
    for event in events:
        if event.name == "AgentCalled" and event["Interface"].startswith("PJSIP/"):
            assert event["Interface"] not in busy.values(), event
        elif event.name == "Newstate" and event["ChannelStateDesc"] in {"Ringing", "Up"}:
            busy[event["Channel"]] = event.device
        elif event.name == "Hangup":
            busy.pop(event["Channel"], None)


def test_queues_are_left_by_everybody_who_joined() -> None:
    simulator, events, _ = an_hour(2)
    waiting = {entry.channel.uniqueid for line in simulator.queues.values() for entry in line.entries}
    assert _callers(events, "QueueCallerJoin") - _callers(events, "QueueCallerLeave") == waiting


def test_counts_in_queue_events_fit_who_waits() -> None:
    waiting: Counter[str] = Counter()
    for event in an_hour(5, calls_per_minute=30)[1]:
        if event.name in {"QueueCallerJoin", "QueueCallerLeave"}:
            waiting[event["Queue"]] += 1 if event.name == "QueueCallerJoin" else -1
            assert int(event["Count"]) == waiting[event["Queue"]]


def test_nobody_calls_without_a_rate() -> None:
    simulator = office()
    simulator.open(simulator.timeline.now)
    assert simulator.next_due() is None


def _callers(events: Sequence[Event], name: str) -> set[str]:
    return {event["Uniqueid"] for event in events if event.name == name}
