"""Numbers without holes, bounded waiting, resuming."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from crm_store.access import Principal
from screenpop.local_broker import LocalBroker
from screenpop.streams import Stream, StreamLimits, Streams
from tests.screenpop.people import person

AT = datetime(2026, 11, 21, tzinfo=UTC)


def see_all(user: Principal, kind: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    return data


class Desk:
    """One agent's stream on a broker."""

    def __init__(self, limits: StreamLimits | None = None, visible: Any = see_all) -> None:
        self.broker = LocalBroker(lambda: AT)
        numbers = itertools.count(1)
        self.streams = Streams(self.broker, visible, lambda: f"s{next(numbers)}", limits)
        self.stream = self.streams.open(person("eva"))
        self.streams.follow(self.stream, frozenset({"pops", "queues"}))

    def pop(self, name: str, **fields: Any) -> None:
        self.broker.publish("pops:eva", "pop.show", {"pop_id": name, **fields})

    def queue(self, name: str, waiting: int) -> None:
        self.broker.publish("queues", "queue.update", {"pbx": "main", "name": name, "waiting": waiting})

    def taken(self) -> list[tuple[int, Any]]:
        found = []
        while (frame := self.stream.take()) is not None:
            found.append(what(frame))
        return found


def what(frame: bytes) -> tuple[int, Any]:
    read = orjson.loads(frame)
    return read["seq"], read["data"].get("pop_id", read["data"].get("waiting", read["type"]))


def test_frames_are_numbered_as_they_are_taken() -> None:
    desk = Desk()
    desk.pop("a")
    desk.pop("b")
    assert desk.taken() == [(1, "a"), (2, "b")]
    assert orjson.loads(desk.stream.since(0)[0]) == {  # type: ignore[index]
        "v": 1,
        "seq": 1,
        "type": "pop.show",
        "at": "2026-11-21T00:00:00.000Z",
        "data": {"pop_id": "a"},
    }


def test_while_nobody_takes_the_board_is_conflated_and_pops_are_kept_without_a_hole_in_the_numbers() -> None:
    desk = Desk()
    for waiting in range(100):
        desk.queue("600", waiting)
    desk.pop("a")
    desk.queue("700", 5)
    desk.queue("600", 7)
    assert desk.taken() == [(1, 7), (2, "a"), (3, 5)]


def test_waking_is_asked_for_once_per_news() -> None:
    desk = Desk()
    woken: list[int] = []
    desk.stream.wake = lambda: woken.append(1)
    desk.pop("a")
    desk.pop("b")
    assert len(woken) == 2


def test_board_news_may_go_out_later_than_pops() -> None:
    desk = Desk()
    woken: list[str] = []
    desk.stream.wake = lambda: woken.append("now")
    desk.stream.wake_soon = lambda: woken.append("soon")
    desk.queue("600", 1)
    desk.pop("a")
    assert woken == ["soon", "now"]
    desk.stream.wake = None
    desk.queue("600", 2)
    assert woken == ["soon", "now"]


@pytest.mark.parametrize(
    "limits", [StreamLimits(waiting_frames=10), StreamLimits(waiting_bytes=1000)], ids=["frames", "bytes"]
)
def test_past_the_bound_the_stream_overflows_and_keeps_no_more(limits: StreamLimits) -> None:
    desk = Desk(limits)
    for number in range(50):
        desk.pop(f"pop-{number}", text="x" * 100)
    assert desk.stream.overflowed
    assert len(desk.taken()) <= 11
    assert desk.stream.since(0) is None


def test_what_a_closed_browser_can_no_longer_resume_is_not_kept() -> None:
    desk = Desk(StreamLimits(waiting_frames=3))
    desk.pop("taken")
    desk.taken()
    for number in range(10):
        desk.pop(str(number))
    assert desk.stream.overflowed
    assert desk.streams.buffered() == {"waiting": 0, "kept": 0}
    assert desk.stream.since(1) is None


def test_a_board_larger_than_the_bound_does_not_overflow_by_itself() -> None:
    desk = Desk(StreamLimits(waiting_bytes=1000))
    desk.stream.start_over("", {"pops": ["x" * 5000]})
    assert not desk.stream.overflowed
    assert len(desk.taken()) == 1


def test_a_snapshot_replaces_what_still_waits() -> None:
    desk = Desk()
    desk.pop("a")
    desk.queue("600", 1)
    desk.stream.start_over("", {})
    desk.pop("b")
    assert desk.taken() == [(1, "snapshot"), (2, "b")]


def test_what_was_taken_can_be_sent_again() -> None:
    desk = Desk()
    for name in "abc":
        desk.pop(name)
    desk.taken()
    missed = desk.stream.since(1)
    assert missed is not None
    assert [what(frame) for frame in missed] == [(2, "b"), (3, "c")]
    assert desk.stream.since(3) == []
    assert desk.stream.since(4) is None  # never sent


@pytest.mark.parametrize("limits", [StreamLimits(kept_frames=2), StreamLimits(kept_bytes=40)], ids=["frames", "bytes"])
def test_only_the_latest_frames_are_kept(limits: StreamLimits) -> None:
    desk = Desk(limits)
    for name in "abcdef":
        desk.pop(name)
    desk.taken()
    assert desk.stream.since(0) is None
    assert desk.stream.since(5) is not None


def test_a_number_that_becomes_withheld_is_not_sent_again() -> None:
    desk = Desk()
    desk.pop("a", number="+421905123456")
    desk.taken()
    desk.broker.publish("pops:eva", "pop.update", {"pop_id": "a", "match": "withheld"})
    assert desk.stream.since(0) is None
    assert desk.taken() == [(2, "a")]
    assert desk.stream.since(1) is not None


def test_news_that_the_user_may_not_see_has_no_number() -> None:
    def only_600(user: Principal, kind: str, data: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return data if data.get("name") == "600" else None

    desk = Desk(visible=only_600)
    desk.queue("700", 1)
    desk.queue("600", 2)
    assert desk.taken() == [(1, 2)]


def test_news_that_is_reduced_for_one_user_stays_whole_for_others() -> None:
    def without_note(user: Principal, kind: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        return {key: value for key, value in data.items() if key != "note"} if user.name == "eva" else data

    desk = Desk(visible=without_note)
    boss = desk.streams.open(person("boss"))
    desk.streams.follow(boss, frozenset({"queues"}))
    desk.broker.publish("queues", "queue.update", {"pbx": "main", "name": "600", "note": "secret"})
    assert b"secret" not in (desk.stream.take() or b"")
    assert b"secret" in (boss.take() or b"")


def test_a_stream_is_found_by_its_own_user_with_the_same_rights_and_topics_only() -> None:
    desk = Desk()
    names = frozenset({"pops", "queues"})
    assert desk.streams.find("s1", person("eva"), names) is desk.stream
    assert desk.streams.find("s1", person("jan"), names) is None
    assert desk.streams.find("s1", person("eva", scopes=frozenset({"admin"})), names) is None
    assert desk.streams.find("s1", person("eva"), frozenset({"pops"})) is None
    assert desk.streams.find("s9", person("eva"), names) is None


def test_a_dropped_stream_hears_nothing_more() -> None:
    desk = Desk()
    desk.stream.wake = lambda: None
    desk.streams.drop_if_unused(desk.stream)
    assert len(desk.streams) == 1
    desk.stream.wake = None
    desk.streams.drop_if_unused(desk.stream)
    desk.pop("a")
    assert (len(desk.streams), desk.taken()) == (0, [])


def test_only_the_newest_of_a_users_streams_wait_to_be_resumed() -> None:
    desk = Desk()
    connected = desk.streams.open(person("eva"))
    connected.wake = lambda: None
    for _ in range(5):
        stream = desk.streams.open(person("eva"))
        desk.streams.leave(stream, keep=2)
    other = desk.streams.open(person("jan"))
    desk.streams.leave(other, keep=2)
    assert sorted(vars(desk.streams)["_streams"]) == ["s2", "s6", "s7", "s8"]


def test_following_other_topics_ends_the_earlier_ones() -> None:
    desk = Desk()
    desk.streams.follow(desk.stream, frozenset({"queues"}))
    desk.pop("a")
    desk.queue("600", 1)
    assert desk.taken() == [(1, 1)]


def test_the_type_of_a_stream_names_its_user() -> None:
    assert isinstance(Desk().stream, Stream)
    assert Desk().stream.user.name == "eva"
